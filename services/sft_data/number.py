"""Numbers in text: what they can mean, and whether one text has those of another."""

from __future__ import annotations

import re
from decimal import Decimal

from services.sft_data.word import fold, fold_words

_NUMBER = re.compile(r"(?<![\w.,])\d+(?:[.,'’\u00a0\u202f]\d+)*|(?<=[^\W\d_])\d+")
_GROUPED = re.compile(r"\d{1,3}(?:\D\d{3})+")
_LIST_MARK = re.compile(r"^\s*\(?\d{1,2}[.)]\s|\b(?:step|schritt)\s+\d+\b", re.MULTILINE | re.IGNORECASE)
_WORDS = {
    0: "zero null",
    1: "one a an first once eins ein eine einen erste",
    2: "two second twice both half pair double zwei zweite beide halb doppelt",
    3: "three third thrice drei dritte",
    4: "four fourth quarter vier vierte viertel",
    5: "five fifth fünf fünfte",
    6: "six sixth sechs sechste",
    7: "seven seventh sieben siebte",
    8: "eight eighth acht achte",
    9: "nine ninth neun neunte",
    10: "ten tenth decade zehn zehnte",
    11: "eleven elf",
    12: "twelve dozen zwölf dutzend",
    13: "thirteen dreizehn",
    14: "fourteen vierzehn",
    15: "fifteen fünfzehn",
    16: "sixteen sechzehn",
    17: "seventeen siebzehn",
    18: "eighteen achtzehn",
    19: "nineteen neunzehn",
    20: "twenty zwanzig",
    30: "thirty dreißig",
    40: "forty vierzig",
    50: "fifty fünfzig",
    60: "sixty sechzig",
    70: "seventy siebzig",
    80: "eighty achtzig",
    90: "ninety neunzig",
    100: "hundred century hundert jahrhundert",
    1000: "thousand millennium tausend",
    1_000_000: "million millionen",
}
_VALUES = {fold(word): Decimal(value).normalize() for value, words in _WORDS.items() for word in words.split()}


def has_numbers_of(support: str, answer: str, *, is_computing: bool = False) -> bool:
    """Whether every number of an answer stands in the text that supports it, in digits or in words.

    is_computing: the answer may also have what follows from two known numbers by one operation, step by step.
    """
    answer = _LIST_MARK.sub(" ", answer)
    known = set().union(*numbers(support), *numbers(_joined(support))) | {
        _VALUES[word] for word in fold_words(support) if word in _VALUES
    }
    return any(_hold(wanted, set(known), is_computing) for wanted in (numbers(answer), numbers(_joined(answer))))


def numbers(text: str) -> list[set[Decimal]]:
    """Every number written in digits, each with all it can mean: 1.930 is 1.93 or 1930."""
    return [
        {Decimal(one).normalize() for one in meanings}
        for match in _NUMBER.finditer(text)
        for meanings in _meanings(match[0])
    ]


def _meanings(written: str) -> list[set[str]]:
    """The numbers in a run of digits and separators: mostly one, of a date or a version its parts."""
    marks = re.findall(r"\D", written)
    digits = re.sub(r"\D", "", written)
    if not marks:
        return [{written}]
    if marks[-1] in ".," and marks[-1] not in marks[:-1]:
        after = len(written) - written.rindex(marks[-1]) - 1
        decimal = f"{digits[:-after]}.{digits[-after:]}"
        return [{decimal, digits} if len(marks) == 1 and _GROUPED.fullmatch(written) else {decimal}]
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
