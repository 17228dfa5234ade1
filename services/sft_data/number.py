"""Numbers in text: what they can mean, and whether one text has those of another."""

from __future__ import annotations

import re
from collections.abc import Set
from decimal import Decimal
from functools import lru_cache

from services.documents.language import language_of
from services.sft_data.fraction import keeps_fractions
from services.sft_data.number_word import SCALES, spelled_numbers, supported_by_words
from services.sft_data.word import fold_words

_NUMBER = re.compile(r"(?<![\w.,])\d+(?:[.,'’\u00a0\u202f]\d+)*|(?<=[^\W\d_])\d+")
_GROUPED = re.compile(r"[1-9]\d{0,2}(?:\D\d{3})+")
_GROUP_MARK = {"de": ".", "en": ","}  # what a text in this language writes between thousands
_LIST_MARK = re.compile(r"^\s*\(?\d{1,2}[.)]\s|\b(?:step|schritt)\s+\d+\b", re.MULTILINE | re.IGNORECASE)
_SCALED = re.compile(rf"(\d[\d.,'’\u00a0\u202f]*)[ \u00a0\u202f-]?({'|'.join(sorted(SCALES, key=len, reverse=True))})\b\.?", re.IGNORECASE)
# Of a date only the year is looked at here: day and month may stand in words (see unit.keeps_dates).
_DATE = re.compile(r"\b(\d{4})-\d{2}-\d{2}\b|\b\d{1,2}[./]\d{1,2}[./](\d{4}|\d{2})\b")
_CLOCK = re.compile(r"\b(\d{1,2})\.(\d{2})(?=\s*Uhr\b)")
_MARK = re.compile(r"[,;\n]|\b(?:and|or|und|oder|sowie)\b")
_COUNTED = 12  # up to so many things, an answer that lists them may say how many they are


def has_numbers_of(support: str, answer: str, *, is_computing: bool = False) -> bool:
    """Whether every number of an answer stands in the text that supports it, in digits or in words.

    "3.5 million" is 3,500,000, and not 3.5 billion. A number of things that the answer lists itself needs no support.

    is_computing: the answer may also have what follows from two known numbers by one operation, step by step.
    """
    support, answer = _CLOCK.sub(r"\1:\2", support), _CLOCK.sub(r"\1:\2", _LIST_MARK.sub(" ", answer))
    answer = _DATE.sub(lambda date: date[1] or date[2], answer)
    known = _known(support)
    rest = answer if is_computing else _SCALED.sub(" ", answer)
    if not any(_hold(wanted, set(known), is_computing) for wanted in (numbers(rest), numbers(_joined(rest)))):
        return False
    if is_computing:
        return True
    if not all(_is_scale_kept(match, support, known) for match in _SCALED.finditer(answer)):
        return False
    if not keeps_fractions(support, answer, known):
        return False
    listed = 1 + len(_MARK.findall(answer))
    return all(value in known or value <= min(listed, _COUNTED) for value, _words in spelled_numbers(answer))


@lru_cache(maxsize=32)
def _known(text: str) -> frozenset[Decimal]:
    """Everything that a number of the text can mean."""
    mark = _GROUP_MARK.get(language_of(text), "")
    in_digits = set().union(*numbers(text, mark), *numbers(_joined(text), mark))
    return frozenset(in_digits | supported_by_words(text) | _scaled(text))


def _scaled(text: str) -> set[Decimal]:
    """3,500,000 for "3.5 million"."""
    return {
        (value * SCALES[match[2].lower()]).normalize()
        for match in _SCALED.finditer(text)
        for values in numbers(match[1].rstrip(".,"))
        for value in values
    }


def _is_scale_kept(match: re.Match[str], support: str, known: Set[Decimal]) -> bool:
    """Whether "3.5 million" is what the text says, or the text has 3.5 here and "in millions" there (as in a table)."""
    if _scaled(match[0]) & known:
        return True
    scale = SCALES[match[2].lower()]
    if not any(SCALES.get(word) == scale for word in fold_words(support)):
        return False
    plain = set().union(*numbers(_SCALED.sub(" ", support)))
    return any(values & plain for values in numbers(match[1].rstrip(".,")))


def numbers(text: str, group_mark: str = "") -> list[set[Decimal]]:
    """Every number written in digits, each with all it can mean: 1.930 is 1.93 or 1930.

    group_mark: what stands between thousands, where that is known; with "." 1.930 is 1930 only.
    """
    return [
        {Decimal(one).normalize() for one in meanings}
        for match in _NUMBER.finditer(text)
        for meanings in _meanings(match[0], group_mark)
    ]


def _meanings(written: str, group_mark: str) -> list[set[str]]:
    """The numbers in a run of digits and separators: mostly one, of a date or a version its parts."""
    marks = re.findall(r"\D", written)
    digits = re.sub(r"\D", "", written)
    if not marks:
        return [{written}]
    if marks[-1] in ".," and marks[-1] not in marks[:-1]:
        after = len(written) - written.rindex(marks[-1]) - 1
        decimal = f"{digits[:-after]}.{digits[-after:]}"
        if len(marks) > 1 or not _GROUPED.fullmatch(written):
            return [{decimal}]
        return [{digits} if marks[0] == group_mark else {decimal, digits}]
    if _GROUPED.fullmatch(written):
        return [{digits}]
    return [{part} for part in re.split(r"\D", written)]


def _hold(wanted: list[set[Decimal]], known: set[Decimal], is_computing: bool) -> bool:
    for values in wanted:
        if not values & known and not (is_computing and any(_follows(value, known) for value in values)):
            return False
        known |= values if is_computing else set()  # a later step may use the result of an earlier one
    return True


def _joined(text: str) -> str:
    """12 300 as 12300, which is what it can mean."""
    return re.sub(r"(?<=\d) (?=\d{3}\b)", "", text)


def _follows(value: Decimal, known: set[Decimal]) -> bool:
    """Whether one operation on two known numbers gives this one, to the places that it is written with."""
    slack = Decimal(1).scaleb(min(int(value.as_tuple().exponent), 0)) / 2
    return any(
        abs(result - value) <= slack
        for one in known
        for other in known
        for result in (one + other, one - other, one * other, one / other if other else one)
    )
