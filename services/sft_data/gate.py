"""What a pair must pass before it may teach a model: cheap tests, cheapest first, without a second model.

A pair that fails keeps its place in the table with the reason, so that a person can look at it and rescue it.
"""

from __future__ import annotations

import re
from collections.abc import Set
from dataclasses import dataclass

from services.documents.language import has_words_of, language_of
from services.records import Chunk
from services.sft_data.alone import stands_alone
from services.sft_data.denial import contradicts, has_no_answer, is_refusal
from services.sft_data.number import has_numbers_of
from services.sft_data.option import are_options_fair, has_right_option, has_second_right_option, right_option
from services.sft_data.parse import Candidate
from services.sft_data.style import Style
from services.sft_data.unit import is_unit, keeps_dates, keeps_units
from services.sft_data.word import (
    COMMON,
    fold,
    fold_words,
    has_initials,
    is_among,
    name_runs,
    names,
    plain_umlauts,
    stem,
    stems_of,
    words_of,
    writes_nouns_large,
)
from services.translation import _

REASONS: dict[str, str] = {
    "empty": _("Question or answer is empty or only a word without sense."),
    "too-long": _("The question or the answer is far too long."),
    "language": _("It is in another language than it should be."),
    "not-alone": _("It speaks of “the text” or points at something that the reader cannot see."),
    "no-answer": _("The answer says that there is no answer."),
    "answer": _("The answer does not say that the documents do not say it."),
    "answered": _("A chunk may well answer it."),
    "evidence": _("It rests on none of the facts that were found in the chunk."),
    "premise": _("The answer does not put right what the question takes for granted."),
    "turns": _("It is not a conversation of several turns."),
    "options": _("It is not a question with options of one kind of which one is right."),
    "number": _("The answer has a number that is not in the chunk."),
    "unit": _("A number of the answer has another unit in the chunk."),
    "date": _("The answer has a date that is not in the chunk."),
    "name": _("The answer has a name that is not in the chunk."),
    "off-topic": _("It has next to nothing to do with the chunk."),
    "duplicate": _("The same question exists already."),
    "judge": _("The judge found that the chunk does not say so."),
    "replaced": _("Its chunk was changed, and a new pair has taken its place."),
    "gone": _("Its chunk was left out or deleted, and is no longer there."),
    "unjudged": _("The judge has not said anything of it yet."),
}

_LONGEST_QUESTION, _LONGEST_ANSWER = 2_000, 6_000  # characters
_FEW_WORDS = 6  # with fewer nothing can be said of a language
_SMALLEST_SHARE = 0.15  # of a pair's words that must occur in its chunk
# "Who built it?" is answered with a name before the same verb: "Olsen built it."
_WHO = re.compile(r"Who (\w+)")
_FIRST_TWO = re.compile(r"([A-Z][\w'’-]+) ([a-z]+)\b")
_NOBODY = re.compile(
    r"(?:he|she|it|they|we|you|i|this|that|these|those|there|nobody|somebody|someone|everybody|everyone|people|several|many"
    r"|both|all|some|most|each|others|one|another)",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Gate:
    """The tests for one style.

    is_translated: the pairs may be in another language than the chunk, so words and names cannot be compared.
    language: the one they are to be in then, as an ISO 639-1 code; "" where it is not known.
    """

    style: Style
    is_translated: bool = False
    language: str = ""

    def reason(self, candidate: Candidate, chunk: Chunk, partner: Chunk | None = None) -> str:
        """The key in ``REASONS`` of the first test that the pair fails, or "" when it passes.

        partner: the second chunk that the answer may rest on.
        """
        question, answer = candidate.instruction.strip(), candidate.output.strip()
        if len(question) < 5 or not answer or fold(question) == fold(answer):
            return "empty"
        if len(question) > _LONGEST_QUESTION or len(answer) > _LONGEST_ANSWER:
            return "too-long"
        said = "\n".join([question, *candidate.turns, answer])
        if self._is_in_another_language(said, answer, chunk.content):
            return "language"
        # A refusal speaks of the documents, which is its sense.
        if not stands_alone(question, question if self.style.is_refusal else said, chunk.content):
            return "not-alone"
        if self.style.is_refusal:
            if not self.is_translated and not is_refusal(answer):
                return "answer"
        elif has_no_answer(answer):
            return "no-answer"
        if self.style.has_premise and not self.style.is_refusal and not self.is_translated and not contradicts(answer):
            return "premise"
        if self.style.has_turns and not candidate.turns:
            return "turns"
        if self.style.has_options and not (
            has_right_option(question, answer)
            and are_options_fair(question)
            and not has_second_right_option(question, answer, chunk.content)
        ):
            return "options"
        support = " \n".join([chunk.content, *(chunk.metadata.get("headings") or ())])
        if partner:
            support = " \n".join([support, partner.content, *(partner.metadata.get("headings") or ())])
        if self.style.has_own_numbers or self.style.has_premise:
            support = f"{support}\n{question}"
        # The tutor's words, from the first to the last; of a letter, what it stands for.
        answer = "\n".join([*candidate.turns[::2], right_option(question, answer) if self.style.has_options else answer])
        if not has_numbers_of(support, answer, is_computing=self.style.has_own_numbers):
            return "number"
        if not self.style.has_own_numbers and not keeps_units(support, answer):
            return "unit"
        if not keeps_dates(support, answer):
            return "date"
        if self.is_translated:
            return ""
        if not _are_names_in(answer, support, question):
            return "name"
        return "" if _share_of_words(f"{question} {answer}", support) >= _SMALLEST_SHARE else "off-topic"

    def _is_in_another_language(self, said: str, answer: str, content: str) -> bool:
        """Whether both languages are known and differ; a few words are too little to tell.

        A short answer may be in another language than its long question: its words count three times over then, unless
        one of them is of the language wanted ("Immer" is a lake, and a German word).
        """
        wanted = self.language if self.is_translated else language_of(content)
        if not wanted:
            return False
        if language_of(said) not in ("", wanted):
            return True
        words = [word for word in words_of(answer) if len(word) > 1 and word.isalpha()]
        other = language_of(" ".join(3 * words)) if len(words) >= _FEW_WORDS else ""
        return other not in ("", wanted) and not has_words_of(answer, wanted, other)


def _are_names_in(answer: str, support: str, question: str) -> bool:
    """Whether the names of an answer are in the text. Of two nouns side by side in German one is enough, but for what
    the question asks for: of that the last one, the family name.

    An abbreviation of what question or text spell out ("AIM" for American Indian Movement) is in it, and Müller where
    the text has Mueller.
    """
    known = stems_of(support)

    def has(name: str, stems: Set[str]) -> bool:
        return all(is_among(stem(part), stems) for part in fold_words(name))

    def is_known(name: str) -> bool:
        if has(name, known) or is_unit(name) or has(plain_umlauts(name), stems_of(plain_umlauts(support))):
            return True
        code = name.removesuffix("s")
        return code.isupper() and (code.casefold() in known or has_initials(f"{question}\n{support}", code))

    is_german = writes_nouns_large(support)
    if not all(map(is_known, names(answer, only_codes=is_german))):
        return False
    if is_german:
        runs = name_runs(answer, question)
        return all(is_known(run.words[-1]) if run.is_told else any(map(is_known, run.words)) for run in runs)
    asked, told = _WHO.match(question), _FIRST_TWO.match(answer)
    is_subject = asked and told and asked[1] == told[2] and not _NOBODY.fullmatch(told[1])
    return not is_subject or is_known(told[1])


def _share_of_words(text: str, support: str) -> float:
    words = {stem(word) for word in fold_words(text) if len(word) > 3 and word not in COMMON}
    return len(words & stems_of(support)) / len(words) if words else 1.0
