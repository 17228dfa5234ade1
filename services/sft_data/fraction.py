"""Fractions in words: "two thirds", "die Hälfte", "drei Viertel"."""

from __future__ import annotations

import re
from collections.abc import Iterator, Set
from decimal import Decimal
from fractions import Fraction

_COUNT = {word: count for count, words in enumerate(
    ("a one ein einem eines", "two zwei", "three drei", "four vier"), 1) for word in words.split()}  # fmt: skip
_PART = {"third": 3, "drittel": 3, "quarter": 4, "viertel": 4, "fifth": 5, "fünftel": 5}
# "a third of" and not "a third camera", "half of" and not "half past".
_SAID = re.compile(
    rf"\b(?P<count>{'|'.join(_COUNT)}|[1-4])[ -](?:(?P<part>third|quarter|fifth)(?:s\b|\s+of\b)|(?P<teil>drittel|viertel|fünftel)n?\b)"
    r"|\b(?:half\s+(?:of|the)|hälfte)\b",
    re.IGNORECASE,
)
_HINT = re.compile(r"\b(?:hal(?:f|ves|b\w*)|hälften?|½)|\b(?P<part>third|quarter)\s+of\b|\b(?P<teil>drittel|viertel)", re.IGNORECASE)
_WRITTEN = re.compile(r"(?<![\d/])(\d)/(\d)(?![\d/])")
_SIGNS = {"½": Fraction(1, 2), "⅓": Fraction(1, 3), "⅔": Fraction(2, 3), "¼": Fraction(1, 4), "¾": Fraction(3, 4)}


def keeps_fractions(support: str, answer: str, known: Set[Decimal]) -> bool:
    """Whether every fraction of an answer is one of the text, in words, digits ("1/3"), as a decimal or in percent.

    known: the numbers of the text.
    """
    wanted = set(_fractions(answer))
    if not wanted:
        return True
    there = {*_fractions(support), *(_fraction(match) for match in _HINT.finditer(support))}
    there |= {Fraction(int(above), int(below)) for above, below in _WRITTEN.findall(support) if below != "0"}
    there |= {value for sign, value in _SIGNS.items() if sign in support}
    return all(
        one in there or any(abs(Fraction(value) - whole * one) * 100 < whole for value in known for whole in (1, 100))
        for one in wanted
    )


def _fractions(text: str) -> Iterator[Fraction]:
    return map(_fraction, _SAID.finditer(text))


def _fraction(match: re.Match[str]) -> Fraction:
    named = match.groupdict()
    part = named["part"] or named["teil"]
    if not part:
        return Fraction(1, 2)
    count = (named.get("count") or "a").lower()
    return Fraction(int(count) if count.isdigit() else _COUNT[count], _PART[part.lower()])
