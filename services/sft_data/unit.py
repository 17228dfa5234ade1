"""Units and dates in text: whether an answer keeps the ones that go with its numbers."""

from __future__ import annotations

import re
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

from services.sft_data.number import numbers
from services.sft_data.number_word import spelled_numbers
from services.sft_data.word import fold

_UNITS = {
    "nm": "nm nanometre nanometres nanometer nanometers nanometern", "um": "µm μm micrometre micrometres micrometer micrometers mikrometer",
    "mm": "mm millimetre millimetres millimeter millimeters millimetern",
    "cm": "cm centimetre centimetres centimeter centimeters zentimeter zentimetern", "m": "m metre metres meter meters metern",
    "km": "km kilometre kilometres kilometer kilometers kilometern", "inch": "inch inches zoll", "foot": "ft foot feet fuß",
    "yard": "yd yard yards", "mile": "mi mile miles meile meilen", "mm2": "mm² mm2 square-millimetres square-millimeters quadratmillimeter", "cm2": "cm² cm2 square-centimetres square-centimeters quadratzentimeter",
    "m2": "m² m2 qm square-metre square-metres square-meter square-meters quadratmeter quadratmetern",
    "km2": "km² km2 square-kilometre square-kilometres square-kilometer square-kilometers quadratkilometer quadratkilometern",
    "mile2": "square-mile square-miles quadratmeile quadratmeilen", "foot2": "square-foot square-feet",
    "cm3": "cm³ cm3 ccm cubic-centimetres cubic-centimeters kubikzentimeter kubikzentimetern",
    "m3": "m³ m3 cbm cubic-metre cubic-metres cubic-meter cubic-meters kubikmeter kubikmetern",
    "km3": "km³ km3 cubic-kilometres cubic-kilometers kubikkilometer kubikkilometern",
    "ha": "ha hectare hectares hektar", "acre": "acre acres",
    "ug": "µg μg microgram micrograms mikrogramm", "mg": "mg milligram milligrams milligramm", "g": "g gram grams gramm",
    "kg": "kg kilogram kilograms kilogramm kilo kilos", "t": "t ton tons tonne tonnes tonnen", "pound": "lb lbs pound pounds £ gbp pfund",
    "ounce": "oz ounce ounces", "ml": "ml millilitre millilitres milliliter milliliters millilitern",
    "l": "l litre litres liter liters litern", "gallon": "gallon gallons", "ms": "ms millisecond milliseconds millisekunden",
    "s": "s sec second seconds sekunde sekunden", "min": "min minute minutes minuten", "h": "h hr hour hours stunde stunden",
    "day": "day days tag tage tagen", "week": "week weeks woche wochen", "month": "month months monat monate monaten",
    "year": "year years jahr jahre jahren", "century": "century centuries jahrhundert jahrhunderte jahrhunderten",
    "c": "°c celsius degree-celsius degrees-celsius grad-celsius",
    "f": "°f fahrenheit degree-fahrenheit degrees-fahrenheit grad-fahrenheit", "k": "k kelvin", "pct": "% percent per-cent prozent", "w": "w watt watts",
    "kw": "kw kilowatt kilowatts", "mw": "mw megawatt megawatts", "gw": "gw gigawatt gigawatts", "ps": "ps hp horsepower",
    "wh": "wh wattstunden", "kwh": "kwh kilowattstunden kilowatt-hours", "mwh": "mwh megawattstunden megawatt-hours", "gwh": "gwh gigawattstunden", "v": "v volt volts",
    "a": "ampere amperes amp amps", "hz": "hz hertz", "khz": "khz kilohertz", "mhz": "mhz megahertz", "ghz": "ghz gigahertz",
    "n": "n newton newtons", "j": "j joule joules", "kj": "kj kilojoule kilojoules", "cal": "cal calorie calories kalorien",
    "kcal": "kcal kilocalorie kilocalories kilokalorien", "bar": "bar", "pa": "pa pascal", "kpa": "kpa", "hpa": "hpa",
    "mol": "mol mole moles", "mph": "mph", "eur": "€ euro euros eur", "usd": "$ dollar dollars usd",
    "chf": "chf franken", "yen": "¥ yen jpy", "a.m.": "a.m. am", "p.m.": "p.m. pm",
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
_ALL = "|".join(re.escape(word).replace(r"\-", "[ -]") for word in sorted(_UNIT_OF, key=len, reverse=True))
_SPACE = r"[ \u00a0\u202f-]"
_SPELLED = r"[a-zäöüß]{3,}(?:[- ](?:and |und )?[a-zäöüß]{3,}){0,2}"
_PER = rf"(?:\s?(?:/|per\s|pro\s|je\s|an?\s|im\s)\s?(?P<per>{_ALL})(?!\w| \d))?"
_MEASURE = re.compile(
    rf"(?<![\w.,])(?P<minus>(?<!\d )[-−–]|minus )?(?:(?P<digits>\d[\d.,'’]*)(?P<gap>{_SPACE}?)|(?P<words>{_SPELLED}){_SPACE})(?P<unit>{_ALL})(?!\w)"
    rf"{_PER}(?P<below> below| unter)?",
    re.IGNORECASE,
)
_BEFORE = re.compile(rf"([€$£¥]|\b(?:eur|usd|gbp|chf|jpy)\b)\s?(\d[\d.,]*\d|\d)(?![ -]?(?:m|b|tr)illion){_PER}", re.IGNORECASE)
_HEADED = re.compile(rf"[(\[] ?(?:in )?({_ALL}) ?[)\]]|\bin ({_ALL})$", re.IGNORECASE)
_MONTH = "|".join(sorted(_MONTH_OF, key=len, reverse=True))
_NTH = r"(?:st|nd|rd|th|\.)?"
_TO = r"\s*(?:[-–]|\b(?:to|and|until|bis(?: zum)?|und)\b)\s*"
_YEAR = r"(?:,?\s+(?:of\s+)?(?P<year{}>\d{{4}})\b)?"
_NAMED_MONTH = re.compile(
    rf"\b(?:(?:(?P<first>\d{{1,2}}){_NTH}{_TO})?(?P<last>\d{{1,2}}){_NTH}\s+(?:of\s+)?(?P<month>{_MONTH})\b\.?{_YEAR.format('')}"
    rf"|(?P<month_2>{_MONTH})\b\.?\s+(?P<first_2>\d{{1,2}}){_NTH}\b(?:{_TO}(?P<last_2>\d{{1,2}}){_NTH}\b)?{_YEAR.format('_2')}"
    rf"|(?P<month_3>{_MONTH})\b\.?,?\s+(?:of\s+)?(?P<year_3>\d{{4}})\b)",
    re.IGNORECASE,
)
_DATE = re.compile(r"\b(\d{4})-(\d{2})-(\d{2})\b|\b(\d{1,2})([./]) ?(\d{1,2})\5 ?(\d{4}|\d{2})\b")
_WEEKDAY = re.compile(rf"\b({'|'.join(_DAY_OF)})(?:s|en|e|abend|morgen)?\b", re.IGNORECASE)
_MONTH_NAME = re.compile(rf"\b({_MONTH})\b", re.IGNORECASE)


_Day = tuple[int, int, int]  # year, month, day; 0 where it is not said


class _Measure(NamedTuple):
    values: frozenset[Decimal]
    unit: str
    per: str = ""
    is_below_zero: bool = False


def is_unit(word: str) -> bool:
    """Whether a word names a unit, whatever its case: Celsius, EUR."""
    return len(word) > 1 and word.casefold() in _UNIT_OF


def keeps_units(support: str, answer: str) -> bool:
    """Whether no number of the answer has another unit than in the text, where the text gives that number one.

    Numbers are compared by value, in digits or in words; "5 mg" keeps "5 mg per day", "5 mg per hour" does not.
    A unit in the head of a table goes with the numbers below it.
    """
    known = _measures_by_value(support)
    for measure in _measures(answer):
        there = [one for value in measure.values for one in known.get(value, ())]
        if there and not any(_is_same(one, measure) for one in there):
            return False
    return True


def as_measured(text: str) -> tuple[str, str, str]:
    """The text without its dates and numbers with units, and these in one form: "5 June 1991" is "June 5, 1991"."""
    dates = [sorted(readings) for readings in _dates(text)]
    measures = [(max(one.values), *one[1:]) for one in _measures(text)]
    # A word for a unit alone is no number with one: "Kite Week".
    for pattern in (*((_NAMED_MONTH, _DATE) if dates else ()), *((_BEFORE, _MEASURE) if measures else ())):
        text = pattern.sub(" ", text)
    return fold(text), str(dates), str(measures)


def _is_same(one: _Measure, other: _Measure) -> bool:
    is_per_known = bool(one.per and other.per)
    return one.unit == other.unit and one.is_below_zero == other.is_below_zero and (one.per == other.per or not is_per_known)


@lru_cache(maxsize=32)
def _measures_by_value(text: str) -> dict[Decimal, list[_Measure]]:
    known: dict[Decimal, list[_Measure]] = {}
    for measure in [*_measures(text), *_measures_of_tables(text)]:
        for value in measure.values:
            known.setdefault(value, []).append(measure)
    return known


def _measures_of_tables(text: str) -> list[_Measure]:
    """The numbers of a table whose column says its unit: "Weight (kg)"."""
    found, units = [], []
    lines = text.splitlines()
    for line, below in zip(lines, [*lines[1:], ""], strict=True):
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")] if line.lstrip().startswith("|") else []
        if re.match(r"\s*\|[\s:|-]*-[\s:|-]*$", below):
            heads = [_HEADED.search(cell) for cell in cells]
            units = [_unit_of(head[1] or head[2]) if head else "" for head in heads]
            continue
        if not cells:
            units = []
        for unit, cell in zip(units, cells, strict=False):
            if unit and len(values := numbers(cell)) == 1:
                found.append(_Measure(frozenset(values[0]), unit, is_below_zero=cell[0] in "-−–" and unit in "cf"))
    return found


def keeps_dates(support: str, answer: str) -> bool:
    """Whether every day, month of a year and weekday of the answer stands in the text, in whatever form."""
    known, weekdays = _calendar(support)
    return _weekdays(answer) <= weekdays and all(
        any(_is_in(one, other) for one in readings for other in known) for readings in _dates(answer)
    )


def _is_in(said: _Day, known: _Day) -> bool:
    """Whether a date is this one or a coarser form of it; a year that only one of them says does not matter."""
    year, other = said[0], known[0]
    is_year_kept = not year or not other or year == other or (min(year, other) < 100 and year % 100 == other % 100)
    return said[1] == known[1] and said[2] in (0, known[2]) and is_year_kept


@lru_cache(maxsize=32)
def _calendar(text: str) -> tuple[set[_Day], set[int]]:
    """Days, months and weekdays of a text."""
    rest = _NAMED_MONTH.sub(" ", text)
    months = {(0, _MONTH_OF[name.lower()], 0) for name in _MONTH_NAME.findall(rest)}
    return months.union(*_dates(text)), _weekdays(text)


def _weekdays(text: str) -> set[int]:
    return {_DAY_OF[day.lower()] for day in _WEEKDAY.findall(text)}


def _unit_of(written: str) -> str:
    return _UNIT_OF[written.lower().replace(" ", "-")]


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
            unit = _unit_of(written)
            is_below_zero = unit in ("c", "f") and bool(match["minus"] or match["below"])
            found.append(_Measure(values, unit, _unit_of(match["per"]) if match["per"] else "", is_below_zero))
    for match in _BEFORE.finditer(text):
        values = frozenset().union(*numbers(match[2])[:1])
        found.append(_Measure(values, _unit_of(match[1]), _unit_of(match["per"]) if match["per"] else ""))
    return found


def _dates(text: str) -> list[set[_Day]]:
    """Every date as (year, month, day), of a span both ends; one in digits that can be read both ways has both."""
    found: list[set[_Day]] = []
    for match in _NAMED_MONTH.finditer(text):
        month = _MONTH_OF[(match["month"] or match["month_2"] or match["month_3"]).lower()]
        year = int(match["year"] or match["year_2"] or match["year_3"] or 0)
        days = [int(match[name]) for name in ("first", "last", "first_2", "last_2") if match[name]]
        found += [{(year, month, day)} for day in days or [0]]
    for match in _DATE.finditer(text):
        if match[1]:
            found.append({(int(match[1]), int(match[2]), int(match[3]))})
            continue
        one, other, year = int(match[4]), int(match[6]), int(match[7])
        is_day_first = match[5] == "." and other <= 12
        found.append({(year, other, one)} if is_day_first else {(year, other, one), (year, one, other)})
    return found
