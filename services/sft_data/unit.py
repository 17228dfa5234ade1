"""Units and dates in text: whether an answer keeps the ones that go with its numbers."""

from __future__ import annotations

import re
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

from services.sft_data.number import numbers
from services.sft_data.number_word import spelled_numbers

_UNITS = {
    "nm": "nm nanometre nanometres nanometer nanometers nanometern", "um": "µm μm micrometre micrometres micrometer micrometers mikrometer",
    "mm": "mm millimetre millimetres millimeter millimeters millimetern",
    "cm": "cm centimetre centimetres centimeter centimeters zentimeter zentimetern", "m": "m metre metres meter meters metern",
    "km": "km kilometre kilometres kilometer kilometers kilometern", "inch": "inch inches zoll", "foot": "ft foot feet fuß",
    "yard": "yd yard yards", "mile": "mi mile miles meile meilen", "ha": "ha hectare hectares hektar", "acre": "acre acres",
    "ug": "µg μg microgram micrograms mikrogramm", "mg": "mg milligram milligrams milligramm", "g": "g gram grams gramm",
    "kg": "kg kilogram kilograms kilogramm kilo kilos", "t": "t ton tons tonne tonnes tonnen", "pound": "lb lbs",
    "ounce": "oz ounce ounces", "ml": "ml millilitre millilitres milliliter milliliters millilitern",
    "l": "l litre litres liter liters litern", "gallon": "gallon gallons", "ms": "ms millisecond milliseconds millisekunden",
    "s": "s sec second seconds sekunde sekunden", "min": "min minute minutes minuten", "h": "h hr hour hours stunde stunden",
    "day": "day days tag tage tagen", "week": "week weeks woche wochen", "month": "month months monat monate monaten",
    "year": "year years jahr jahre jahren", "century": "century centuries jahrhundert jahrhunderte jahrhunderten",
    "c": "°c celsius", "f": "°f fahrenheit", "k": "k kelvin", "pct": "% percent per-cent prozent", "w": "w watt watts",
    "kw": "kw kilowatt kilowatts", "mw": "mw megawatt megawatts", "kwh": "kwh kilowattstunden", "v": "v volt volts",
    "a": "ampere amperes amp amps", "hz": "hz hertz", "khz": "khz kilohertz", "mhz": "mhz megahertz", "ghz": "ghz gigahertz",
    "n": "n newton newtons", "j": "j joule joules", "kj": "kj kilojoule kilojoules", "cal": "cal calorie calories kalorien",
    "kcal": "kcal kilocalorie kilocalories kilokalorien", "bar": "bar", "pa": "pa pascal", "kpa": "kpa", "hpa": "hpa",
    "mol": "mol mole moles", "mph": "mph", "eur": "€ euro euros eur", "usd": "$ dollar dollars usd",
    "byte": "byte bytes", "kb": "kb", "mb": "mb", "gb": "gb", "tb": "tb",
}  # fmt: skip
_UNIT_OF = {word: unit for unit, words in _UNITS.items() for word in words.split()}
# A letter alone is a unit in one case only: "5 K" is no "5 k".
_LETTERS = frozenset("mgtlLshKWVNJ")
_MONTHS = (
    "january januar jänner jan", "february februar feb", "march märz mar mär", "april apr", "may mai", "june juni jun",
    "july juli jul", "august aug", "september sept sep", "october oktober oct okt", "november nov", "december dezember dec dez",
)  # fmt: skip
_MONTH_OF = {word: number for number, words in enumerate(_MONTHS, 1) for word in words.split()}
_DAYS = (
    "monday montag", "tuesday dienstag", "wednesday mittwoch", "thursday donnerstag", "friday freitag",
    "saturday samstag sonnabend", "sunday sonntag",
)  # fmt: skip
_DAY_OF = {word: number for number, words in enumerate(_DAYS, 1) for word in words.split()}
_ALL = "|".join(sorted(map(re.escape, _UNIT_OF), key=len, reverse=True))
_SPACE = r"[ \u00a0\u202f-]"
_SPELLED = r"[a-zäöüß]{3,}(?:[- ](?:and |und )?[a-zäöüß]{3,}){0,2}"
_MEASURE = re.compile(
    rf"(?<![\w.,])(?:(?P<digits>\d[\d.,'’]*)(?P<gap>{_SPACE}?)|(?P<words>{_SPELLED}){_SPACE})(?P<unit>{_ALL})(?!\w)"
    rf"(?:\s?(?:/|per\s|pro\s|an?\s)\s?(?P<per>{_ALL})(?!\w))?",
    re.IGNORECASE,
)
_BEFORE = re.compile(r"([€$])\s?(\d[\d.,]*\d|\d)")
_MONTH = "|".join(sorted(_MONTH_OF, key=len, reverse=True))
_NAMED_MONTH = re.compile(
    rf"\b(?:(\d{{1,2}})(?:st|nd|rd|th|\.)?\s+(?:of\s+)?({_MONTH})\b|({_MONTH})\b\.?\s+(\d{{1,2}})\b(?!\d)|({_MONTH})\b\.?,?\s+(?:of\s+)?\d{{4}}\b)",
    re.IGNORECASE,
)
_DATE = re.compile(r"\b(\d{4})-(\d{2})-(\d{2})\b|\b(\d{1,2})[./](\d{1,2})[./](?:\d{4}|\d{2})\b")
_WEEKDAY = re.compile(rf"\b({'|'.join(_DAY_OF)})(?:s|en|e|abend|morgen)?\b", re.IGNORECASE)
_MONTH_NAME = re.compile(rf"\b({_MONTH})\b", re.IGNORECASE)


class _Measure(NamedTuple):
    values: frozenset[Decimal]
    unit: str
    per: str


def keeps_units(support: str, answer: str) -> bool:
    """Whether no number of the answer has another unit than in the text, where the text gives that number one.

    Numbers are compared by value, in digits or in words; "5 mg" keeps "5 mg per day", "5 mg per hour" does not.
    """
    known = _measures_by_value(support)
    for measure in _measures(answer):
        there = [one for value in measure.values for one in known.get(value, ())]
        if there and not any(
            one.unit == measure.unit and (not one.per or not measure.per or one.per == measure.per) for one in there
        ):
            return False
    return True


@lru_cache(maxsize=32)
def _measures_by_value(text: str) -> dict[Decimal, list[_Measure]]:
    known: dict[Decimal, list[_Measure]] = {}
    for measure in _measures(text):
        for value in measure.values:
            known.setdefault(value, []).append(measure)
    return known


def keeps_dates(support: str, answer: str) -> bool:
    """Whether every day, month of a year and weekday of the answer stands in the text, in whatever form."""
    known, months, weekdays = _calendar(support)
    if not all(
        readings & known or any(day == 0 and month in months for month, day in readings) for readings in _dates(answer)
    ):
        return False
    return _weekdays(answer) <= weekdays


@lru_cache(maxsize=32)
def _calendar(text: str) -> tuple[set[tuple[int, int]], set[int], set[int]]:
    """Days as (month, day), months and weekdays of a text."""
    known = set().union(*_dates(text))
    months = {month for month, _day in known} | {_MONTH_OF[name.lower()] for name in _MONTH_NAME.findall(text)}
    return known, months, _weekdays(text)


def _weekdays(text: str) -> set[int]:
    return {_DAY_OF[day.lower()] for day in _WEEKDAY.findall(text)}


def _measures(text: str) -> list[_Measure]:
    found = []
    for match in _MEASURE.finditer(text):
        written = match["unit"]
        if len(written) == 1 and written.isalpha() and (written not in _LETTERS or (written == "s" and not match["gap"])):
            continue
        if match["digits"]:
            values = frozenset().union(*numbers(match["digits"].rstrip(".,'’"))[:1])
        else:
            spelled = [value for value, _words in spelled_numbers(match["words"])]
            values = frozenset(spelled[-1:])
        if values:
            per = match["per"] or ""
            found.append(_Measure(values, _UNIT_OF[written.lower()], _UNIT_OF.get(per.lower(), "")))
    for match in _BEFORE.finditer(text):
        found.append(_Measure(frozenset().union(*numbers(match[2])[:1]), _UNIT_OF[match[1]], ""))
    return found


def _dates(text: str) -> list[set[tuple[int, int]]]:
    """Every date as (month, day), of a month with a year (month, 0); one in digits that can be read both ways has both."""
    found: list[set[tuple[int, int]]] = []
    for match in _NAMED_MONTH.finditer(text):
        if match[5]:
            found.append({(_MONTH_OF[match[5].lower()], 0)})
            continue
        day, month = (match[1], match[2]) if match[1] else (match[4], match[3])
        found.append({(_MONTH_OF[month.lower()], int(day))})
    for match in _DATE.finditer(text):
        if match[1]:
            found.append({(int(match[2]), int(match[3]))})
        else:
            one, other = int(match[4]), int(match[5])
            found.append({(one, other), (other, one)})
    return found
