"""Options of multiple-choice questions: one of them right, all of one kind."""

from __future__ import annotations

import re

from services.sft_data.number_word import spelled_numbers
from services.sft_data.unit import as_measured
from services.sft_data.word import COMMON, OPTION, fold, fold_words, stem

_ALL_OR_NONE = re.compile(
    r"^(?:all|none|both|neither|alle|keine?|beide)\b.*\b(?:above|these|options|answers|genannten|antworten)\b|^(?:all|none|both|neither)$"
)
_LETTERS = re.compile(r"^(?:both |options? )?\(?[a-h]\)? (?:and|und|or|oder) \(?[a-h]\)?$")
_NUMBER = re.compile(r"(?<![^\W\d_])\d|^(?:one|eine?|eins)\b")
_SENTENCE_END = re.compile(r"(?<=[.!?])\s+|\n{2,}")
_ASKING = frozenset(map(stem, COMMON))
_JOINT = r",? (?:and|or|as well as|und|oder|sowie|&) (?:the |a |an |die |der |das )?"


def has_right_option(question: str, answer: str) -> bool:
    """Whether the question lists different options and the answer is one of them, by its letter or its text."""
    options = _options(question)
    if len(options) < 2 or len(set(map(as_measured, options.values()))) < len(options):
        return False
    if said := OPTION.match(answer):
        text = fold(said[2])
        return options.get(said[1], "").startswith(text) or text.startswith(options.get(said[1], "\0"))
    return answer.strip(" ().") in options or fold(answer) in options.values()


def are_options_fair(question: str) -> bool:
    """Whether the options are of one kind: all with a number or none, about as long, none that holds another."""
    options = list(_options(question).values())
    if any(_ALL_OR_NONE.search(option) or _LETTERS.match(option) for option in options):
        return False
    if len({_has_number(option) for option in options}) > 1:
        return False
    lengths = sorted(len(option.split()) for option in options)
    if lengths[-1] > 3 * lengths[0] + 4:
        return False
    return not any(f" {one} " in f" {other} " for one in options for other in options if one != other)


def has_second_right_option(question: str, answer: str, content: str) -> bool:
    """Whether the sentence that answers names a wrong option in one breath with the right one: "Anna and Boris"."""
    right = fold(right_option(question, answer))
    asked = {stem(word) for word in fold_words(OPTION.split(question, maxsplit=1)[0]) if len(word) > 3} - _ASKING
    for sentence in _SENTENCE_END.split(content):
        text = " ".join(fold(sentence).split())
        if right not in text or 2 * len(asked & {stem(word) for word in fold_words(text)}) < len(asked) or not asked:
            continue
        for wrong in _options(question).values():
            if wrong != right and any(
                re.search(rf"\b{re.escape(one)}{_JOINT}{re.escape(other)}\b", text)
                for one, other in ((right, wrong), (wrong, right))
            ):
                return True
    return False


def right_option(question: str, answer: str) -> str:
    """The words of the option that an answer means, also where it gives the letter only."""
    said = OPTION.match(answer)
    letter = said[1] if said else answer.strip(" ().")
    return next((text for mark, text in OPTION.findall(question) if mark == letter), answer)


def _options(question: str) -> dict[str, str]:
    return {letter: fold(text) for letter, text in OPTION.findall(question)}


def _has_number(option: str) -> bool:
    return bool(_NUMBER.search(option)) or any(True for _number in spelled_numbers(option))
