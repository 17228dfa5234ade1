"""Units and months in text: whether an answer keeps the ones that go with its numbers."""

from __future__ import annotations

import re

_UNITS = {
    "mm": "mm millimetre millimetres millimeter millimeters", "cm": "cm centimetre centimetres centimeter centimeters zentimeter",
    "m": "m metre metres meter meters metern", "km": "km kilometre kilometres kilometer kilometers kilometern",
    "inch": "inch inches zoll", "foot": "ft foot feet fuß", "mile": "mi mile miles meile meilen",
    "mg": "mg milligram milligrams milligramm", "g": "g gram grams gramm", "kg": "kg kilogram kilograms kilogramm kilo kilos",
    "t": "ton tons tonne tonnes tonnen", "pound": "lb lbs", "ml": "ml millilitre millilitres milliliter milliliters",
    "l": "l litre litres liter liters litern", "s": "s sec second seconds sekunde sekunden", "min": "min minute minutes minuten",
    "h": "h hour hours stunde stunden", "day": "day days tag tage tagen", "week": "week weeks woche wochen",
    "month": "month months monat monate monaten", "year": "year years jahr jahre jahren",
    "c": "°c celsius", "f": "°f fahrenheit", "k": "kelvin", "pct": "% percent per-cent prozent", "w": "w watt watts",
    "kw": "kw kilowatt kilowatts", "mw": "mw megawatt megawatts", "v": "v volt volts", "a": "ampere amperes amp amps",
    "hz": "hz hertz", "bar": "bar", "pa": "pa pascal", "kpa": "kpa", "eur": "€ euro euros eur", "usd": "$ dollar dollars usd",
    "byte": "byte bytes", "kb": "kb", "mb": "mb", "gb": "gb", "tb": "tb",
}  # fmt: skip
_UNIT_OF = {word: unit for unit, words in _UNITS.items() for word in words.split()}
_MONTHS = (
    "january januar", "february februar", "march märz", "april", "may mai", "june juni", "july juli", "august", "september",
    "october oktober", "november", "december dezember",
)  # fmt: skip
_MONTH_OF = {word: number for number, words in enumerate(_MONTHS, 1) for word in words.split()}
_WORDS = "|".join(sorted(map(re.escape, _UNIT_OF), key=len, reverse=True))
_MEASURE = re.compile(rf"(?<![\w.,])(\d[\d.,]*?)[ \u00a0\u202f-]?({_WORDS})(?![\w])", re.IGNORECASE)
_BEFORE = re.compile(r"([€$])\s?(\d[\d.,]*\d|\d)")
_NAMED_MONTH = re.compile(
    rf"\b(?:(\d{{1,2}})(?:st|nd|rd|th|\.)?\s+(?:of\s+)?({'|'.join(_MONTH_OF)})|({'|'.join(_MONTH_OF)})\s+(\d{{1,2}})\b(?!\d))",
    re.IGNORECASE,
)
_DATE = re.compile(r"\b(\d{4})-(\d{2})-(\d{2})\b|\b(\d{1,2})[./](\d{1,2})[./](?:\d{4}|\d{2})\b")


def keeps_units(support: str, answer: str) -> bool:
    """Whether no number of the answer has another unit than in the text, where the text gives that number one."""
    known: dict[str, set[str]] = {}
    for number, unit in _measures(support):
        known.setdefault(number, set()).add(unit)
    return all(unit in known.get(number, {unit}) for number, unit in _measures(answer))


def keeps_dates(support: str, answer: str) -> bool:
    """Whether every day and month of the answer stands in the text, in whatever form."""
    known = set().union(*_dates(support))
    return all(readings & known for readings in _dates(answer))


def _measures(text: str) -> set[tuple[str, str]]:
    """(number, unit); numbers are compared as they are written, without marks at the end."""
    found = {(match[1].rstrip(".,"), _UNIT_OF[match[2].lower()]) for match in _MEASURE.finditer(text)}
    return found | {(match[2], _UNIT_OF[match[1]]) for match in _BEFORE.finditer(text)}


def _dates(text: str) -> list[set[tuple[int, int]]]:
    """Every date as (month, day); one in digits that can be read both ways has both."""
    found: list[set[tuple[int, int]]] = []
    for match in _NAMED_MONTH.finditer(text):
        day, month = (match[1], match[2]) if match[1] else (match[4], match[3])
        found.append({(_MONTH_OF[month.lower()], int(day))})
    for match in _DATE.finditer(text):
        if match[1]:
            found.append({(int(match[2]), int(match[3]))})
        else:
            one, other = int(match[4]), int(match[5])
            found.append({(one, other), (other, one)})
    return found
