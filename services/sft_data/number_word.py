"""Numbers in words, English and German: "twenty-one", "three hundred and five", "einundzwanzig", "zweitausend"."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal

from services.sft_data.word import fold, fold_words

_CARDINALS = {
    2: "two zwei", 3: "three drei", 4: "four vier", 5: "five fünf", 6: "six sechs", 7: "seven sieben", 8: "eight acht",
    9: "nine neun", 10: "ten zehn", 11: "eleven elf", 12: "twelve zwölf", 13: "thirteen dreizehn",
    14: "fourteen vierzehn", 15: "fifteen fünfzehn", 16: "sixteen sechzehn", 17: "seventeen siebzehn",
    18: "eighteen achtzehn", 19: "nineteen neunzehn", 20: "twenty zwanzig", 30: "thirty dreißig", 40: "forty vierzig",
    50: "fifty fünfzig", 60: "sixty sechzig", 70: "seventy siebzig", 80: "eighty achtzig", 90: "ninety neunzig",
}  # fmt: skip
# What only ever supports a number: "half" may stand for 2, for 0.5 and for 50 %.
_HINTS = {
    "0": "zero null none no kein keine",
    "1": "one a an first once eins ein eine einen einem einer erste ersten single sole only einzig einzige",
    "2": "second twice both half pair double couple zweite zweiten beide beiden halb hälfte doppelt zweimal",
    "3": "third thrice triple dritte dritten dreimal", "4": "fourth quarter vierte vierten viertel viermal",
    "5": "fifth fünfte fünften fünfmal", "6": "sixth sechste sechsten", "7": "seventh siebte siebten",
    "8": "eighth achte achten", "9": "ninth neunte neunten", "10": "tenth decade zehnte zehnten jahrzehnt zehnmal",
    "12": "dozen dutzend", "50": "half hälfte halb", "0.5": "half hälfte halb", "25": "quarter viertel",
    "0.25": "quarter viertel", "100": "hundred century hundert jahrhundert", "1000": "thousand millennium tausend",
    "1000000": "million millionen", "1000000000": "billion milliarde milliarden",
}  # fmt: skip
_VALUE = {fold(word): value for value, words in _CARDINALS.items() for word in words.split()}
_HINT: dict[str, set[Decimal]] = {}
for _value, _words in _HINTS.items():
    for _word in _words.split():
        _HINT.setdefault(fold(_word), set()).add(Decimal(_value).normalize())
_ONE = frozenset({"one", "a", "an", "ein", "eine", "einer"})
SCALES = {
    "hundred": 100, "hundert": 100, "thousand": 1_000, "tausend": 1_000, "million": 10**6, "millions": 10**6,
    "millionen": 10**6, "mio": 10**6, "billion": 10**9, "billions": 10**9, "milliarde": 10**9, "milliarden": 10**9,
    "mrd": 10**9, "trillion": 10**12, "billionen": 10**12,
}  # fmt: skip
_UNITS_DE = {"ein": 1, **{word: value for word, value in _VALUE.items() if value < 100}}
_DIGIT_DE = r"ein|zwei|drei|vier|funf|sechs|sieben|acht|neun"
_TEN_DE = r"zwanzig|dreissig|vierzig|funfzig|sechzig|siebzig|achtzig|neunzig"
_SMALL_DE = rf"(?:(?P<unit>{_DIGIT_DE})und(?P<ten>{_TEN_DE})|(?P<plain>{'|'.join(sorted(_UNITS_DE, key=len, reverse=True))}))"
_BELOW_THOUSAND_DE = re.compile(rf"(?:(?P<hundreds>{_DIGIT_DE})?(?P<hundred>hundert)(?:und)?)?{_SMALL_DE}?")


def supported_by_words(text: str) -> set[Decimal]:
    """Every number that some word or words of the text can mean."""
    found: set[Decimal] = set()
    for word in fold_words(text):
        found |= _HINT.get(word, set())
        if word in _VALUE:
            found.add(Decimal(_VALUE[word]).normalize())
    return found | {value for value, _words in spelled_numbers(text)}


def spelled_numbers(text: str) -> Iterator[tuple[Decimal, str]]:
    """Numbers from two up that are written out in full, each with its words, folded."""
    words = fold_words(text)
    at = 0
    while at < len(words):
        value, length = _english(words, at)
        if not length and (german := _german(words[at])) is not None:
            value, length = german, 1
            if at + 1 < len(words) and SCALES.get(words[at + 1], 0) >= 10**6:
                value, length = value * SCALES[words[at + 1]], 2
        if length:
            yield Decimal(value).normalize(), " ".join(words[at : at + length])
        at += length or 1


def _english(words: list[str], at: int) -> tuple[int, int]:
    """Value and number of words of a number that begins here; of no number 0 and 0."""
    total, part, first, end = 0, 0, at, at
    for place, word in enumerate(words[at:], at):
        value = 1 if word == "one" and part % 10 == 0 < part else _VALUE.get(word)
        scale = SCALES.get(word)
        if value is not None and _fits(value, part):
            part += value
        elif scale is not None and (part or (place > first and words[place - 1] in _ONE)):
            part = (part or 1) * scale
            if scale > 100:
                total, part = total + part, 0
        elif word in _ONE and place == first:
            continue  # "a hundred"
        elif word == "and" and place > first and words[place - 1] == "hundred":
            continue
        else:
            break
        end = place + 1
    return total + part, end - first


def _fits(value: int, part: int) -> bool:
    """Whether a number can follow what was said of one: "hundred" by "five", "twenty" by "five"."""
    return part == 0 or (part % 100 == 0 and value < 100) or (part % 10 == 0 and part % 100 > 10 and value < 10)


def _german(word: str) -> int | None:
    """The value of a German number in one word, from 13 up; smaller ones stand in the table."""
    if len(word) < 6 or not re.search(r"hundert|tausend|und(?:" + _TEN_DE + ")", word):
        return None
    head, thousand, tail = word.partition("tausend")
    if not thousand:
        head, tail = "", word
    many = _below_thousand(head) if head else 1
    few = _below_thousand(tail.removeprefix("und")) if tail else 0
    if many is None or few is None:
        return None
    return (many * 1000 if thousand else 0) + few


def _below_thousand(word: str) -> int | None:
    found = _BELOW_THOUSAND_DE.fullmatch(word)
    if not found or not word:
        return None
    value = 100 * (_UNITS_DE[found["hundreds"]] if found["hundreds"] else 1) if found["hundred"] else 0
    if found["ten"]:
        return value + _UNITS_DE[found["unit"]] + _UNITS_DE[found["ten"]]
    return value + (_UNITS_DE[found["plain"]] if found["plain"] else 0)
