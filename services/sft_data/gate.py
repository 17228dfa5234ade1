"""What a pair must pass before it may teach a model: cheap tests, cheapest first, without a second model.

A pair that fails keeps its place in the table with the reason, so that a person can look at it and rescue it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from services.documents.language import language_of
from services.records import Chunk
from services.sft_data.number import has_numbers_of
from services.sft_data.parse import Candidate
from services.sft_data.style import Style
from services.sft_data.unit import keeps_dates, keeps_units
from services.sft_data.word import COMMON, OPTION, fold, fold_words, is_among, names, stem, writes_nouns_large
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
    "options": _("It is not a question with options of which one is right."),
    "number": _("The answer has a number that is not in the chunk."),
    "unit": _("A number of the answer has another unit in the chunk."),
    "date": _("The answer has a date that is not in the chunk."),
    "name": _("The answer has a name that is not in the chunk."),
    "off-topic": _("It has next to nothing to do with the chunk."),
    "duplicate": _("The same question exists already."),
    "judge": _("The judge found that the chunk does not say so."),
    "unjudged": _("The judge has not said anything of it yet."),
}

_LONGEST_QUESTION, _LONGEST_ANSWER = 2_000, 6_000  # characters
_SMALLEST_SHARE = 0.15  # of a pair's words that must occur in its chunk

_WORK = r"(?:text|passage|excerpt|paragraph|snippet|section|chapter|document|article|author|chunk)(?!\ of\b|\s*\d)"
_WERK = r"(?:text|textes|abschnitt|abschnitts|absatz|auszug|dokument|artikel|autor|kapitel|textstelle)(?!\s*\d)"
_NOT_ALONE = re.compile(
    rf"""
    \b(?:according\ to|in|from|by|based\ on|does)\s+(?:the|this|that)\s+(?:above\ |following\ |given\ )?{_WORK}\b
  | \b(?:the|this)\s+(?:above\ |following\ |given\ )?(?:text|passage|excerpt|snippet|author)\b(?!\ of\b)
  | \b(?:mentioned|described|stated|listed|shown|given|discussed)\s+(?:above|below|earlier|here)\b
  | \bas\s+(?:mentioned|described|stated|shown|noted)\b(?!\s+(?:by|in)\s)
  | \b(?:see|in|from)\s+(?:the\s+)?(?:figure|fig\.|table)\s*\d
  | \b(?:laut|gemäß|nach|in|aus|im)\s+(?:dem\ |diesem\ |obigen\ |vorliegenden\ )?{_WERK}\b
  | \b(?:der|dieser|diesem|des)\s+(?:text|textes|textabschnitt|auszug|autor)\b
  | \b(?:oben|unten|hier)\s+(?:genannt|beschrieben|erwähnt|aufgeführt)
  | \b(?:abbildung|tabelle)\s*\d
    """,
    re.IGNORECASE | re.VERBOSE,
)
_LEANS_ON_BEFORE = re.compile(
    r"^(?:and|but|what about|und|aber)\b|^(?:\w+\s+){0,3}(?:he|she|it|they|this|these|those|er|dies(?:er|e|es))\?*$",
    re.IGNORECASE,
)
_NO_ANSWER = re.compile(
    r"""
    \b(?:not|never|n['’]t)\s+(?:explicitly\s+|directly\s+)?(?:mentioned|specified|stated)\b
  | \b(?:cannot|can['’]t|can\ not)\s+be\s+(?:answered|determined\s+from)
  | \bi\s+(?:do\s+not|don['’]t|cannot|can['’]t)\s+(?:know|answer|help)
  | \b(?:no|insufficient)\s+information\b
  | \bas\s+an?\s+(?:ai|language\s+model)\b
  | \b(?:nicht\s+(?:erwähnt|angegeben)|keine\s+(?:information|angabe)en)\b
    """,
    re.IGNORECASE | re.VERBOSE,
)

_REFUSAL = re.compile(
    r"""
    \b(?:do|does|did)\s*(?:not|n['’]t)\s+(?:say|state|mention|tell|specify|give|explain|describe|contain|include|reveal)
  | \b(?:is|are|was|were)\s*(?:not|n['’]t)\s+(?:mentioned|stated|specified|given|said|described|documented|recorded)
  | \b(?:no|without)\s+(?:information|mention|details?|statement)\b
  | \b(?:sagen|nennen|erwähnen|enthalten|verraten|beschreiben|geben)\b.*?\b(?:nicht|nichts|keine?n?)\b
  | \b(?:nicht\s+(?:erwähnt|angegeben|genannt|gesagt)|keine\s+(?:information|angabe)(?:en)?)\b
  | \bne\s+(?:disent|mentionnent|précisent|contiennent)\s+(?:pas|rien)
  | \bno\s+(?:dicen|mencionan|indican|especifican)
  | \bnon\s+(?:dicono|menzionano|indicano|specificano)
    """,
    re.IGNORECASE | re.VERBOSE | re.DOTALL,
)
_ALL_OR_NONE = re.compile(r"^(?:all|none|both|neither|alle|keine|beide)\b.*\b(?:above|these|options|genannten|antworten)\b")


@dataclass(frozen=True, slots=True)
class Gate:
    """The tests for one style.

    is_translated: the pairs may be in another language than the chunk, so words and names cannot be compared.
    """

    style: Style
    is_translated: bool = False

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
        if not self.is_translated and _is_in_another_language(said, chunk.content):
            return "language"
        # A refusal speaks of the documents, which is its sense.
        shown = question if self.style.is_refusal else said
        if _NOT_ALONE.search(shown) or _LEANS_ON_BEFORE.search(question):
            return "not-alone"
        if self.style.is_refusal:
            if not self.is_translated and not _REFUSAL.search(answer):
                return "answer"
        elif _NO_ANSWER.search(answer):
            return "no-answer"
        if self.style.has_options and not (has_right_option(question, answer) and are_options_fair(question)):
            return "options"
        support = " \n".join([chunk.content, *(chunk.metadata.get("headings") or ())])
        if partner:
            support = " \n".join([support, partner.content, *(partner.metadata.get("headings") or ())])
        if self.style.has_own_numbers or self.style.has_premise:
            support = f"{support}\n{question}"
        # The tutor's words, from the first to the last.
        answer = "\n".join([*candidate.turns[::2], answer])
        if not has_numbers_of(support, answer, is_computing=self.style.has_own_numbers):
            return "number"
        if not self.style.has_own_numbers and not keeps_units(support, answer):
            return "unit"
        if not keeps_dates(support, answer):
            return "date"
        if self.is_translated:
            return ""
        if not _are_names_in(answer, support):
            return "name"
        return "" if _share_of_words(f"{question} {answer}", support) >= _SMALLEST_SHARE else "off-topic"


def _is_in_another_language(text: str, content: str) -> bool:
    """Whether both languages are known and differ; a few words are too little to tell."""
    spoken = language_of(text)
    return bool(spoken) and language_of(content) not in ("", spoken)


def are_options_fair(question: str) -> bool:
    """Whether the options are of one kind: all with a number or none, about as long, none that holds another."""
    options = [fold(text) for _letter, text in OPTION.findall(question)]
    if any(_ALL_OR_NONE.search(option) for option in options):
        return False
    if len({bool(re.match(r"\W*\d", option)) for option in options}) > 1:
        return False
    lengths = sorted(len(option.split()) for option in options)
    if lengths[-1] > 3 * lengths[0] + 4:
        return False
    return not any(
        f" {one} " in f" {other} " for one in options for other in options if one != other and len(other.split()) < 4
    )


def has_right_option(question: str, answer: str) -> bool:
    """Whether the question lists different options and the answer is one of them, by its letter or its text."""
    options = {letter: fold(text) for letter, text in OPTION.findall(question)}
    if len(options) < 2 or len(set(options.values())) < len(options):
        return False
    if said := OPTION.match(answer):
        return options.get(said[1], "").startswith(fold(said[2])) or fold(said[2]).startswith(
            options.get(said[1], "\0")
        )
    return answer.strip(" ().") in options or fold(answer) in options.values()


def _are_names_in(answer: str, support: str) -> bool:
    known = {stem(word) for word in fold_words(support)}
    return all(
        is_among(stem(part), known)
        for name in names(answer, only_codes=writes_nouns_large(support))
        for part in fold_words(name)
    )


def _share_of_words(text: str, support: str) -> float:
    words = {stem(word) for word in fold_words(text) if len(word) > 3 and word not in COMMON}
    stems = {stem(word) for word in fold_words(support)}
    return len(words & stems) / len(words) if words else 1.0
