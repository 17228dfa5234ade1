"""How good a chunk is as text to learn from, cheaply enough to be asked of every chunk.

Each check gives a penalty that grows with how much of the chunk is affected. What is normal somewhere is not held
against a chunk: code in a fence, tables with words in their cells, formulas, refrains, scripts without spaces. In 4,545
passages of six textbooks and texts in 60 languages it named nothing but rests of a line, as short; 2,000 characters
take 0.1 to 0.15 ms, with their language.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from functools import lru_cache

from services.documents.language import language_of
from services.translation import _

PROBLEMS: dict[str, str] = {
    "short": _("too short to say much"),
    "numbers": _("mostly numbers"),
    "symbols": _("mostly signs, hardly a word"),
    "broken": _("broken characters or words"),
    "repeated": _("the same lines again and again"),
    "language": _("another language than the rest of its document"),
}

_LETTER, _DENSE, _DIGIT, _SYMBOL, _SPACE, _BROKEN, _SUSPECT = range(7)
_ENOUGH = 40  # letters; a character of a dense script (Chinese, Japanese, Korean) says as much as three
_NAMED_PENALTY = 40  # from which on a penalty is a problem with a name
_LONGEST_WORD = 25  # in prose; longer ones are compounds in some languages, and glued words when there are many
_NO_WORD = 80  # letters: more than any word has
_FEW_WORDS = 20  # too few for shares of words to mean something

_CODE = re.compile(r"^[ \t]*(```|~~~).*?(?:^[ \t]*\1|\Z)", re.DOTALL | re.MULTILINE)
_CONTINUATION = "\x80-\xbf€‚ƒ„…†‡ˆ‰Š‹ŒŽ‘’“”•–—˜™š›œžŸ"
# UTF-8 that was read as Latin-1 or Windows-1252: "Ã¤" for "ä", "â€™" for "’", "Ð°" for "а", "æ—¥" for "日".
_LEADS = "ÂÃÄÅÐÑØÙÎÏâãäåæçè"
_MOJIBAKE = re.compile(
    f"[{_LEADS}](?:(?<=[ÂÃ])[\x80-\xbf]|(?<=[ÄÅÐÑØÙÎÏ])[{_CONTINUATION}](?=[\\wÂ-ô])"
    f"|(?<=â)€[{_CONTINUATION}¦]|(?<=[ãäåæçè])[{_CONTINUATION}]{{2}})"
)
_UNMAPPED = re.compile(r"\(cid:\d+\)")  # what some readers of PDF write for a glyph without a character
_SPACED_OUT = re.compile(r"(?:(?<!\S)[^\W\d_] +){5,}")
_NO_PROSE = re.compile(r"[/@_=\\<>{}()\[\]#|]")
_WORD = re.compile(r"[^\W\d_]{3,}")
_WHITE = "\t\n\f\r\x85\u2028\u2029"
_DENSE_CODES = ((0x3040, 0x30FF), (0x3400, 0x9FFF), (0xAC00, 0xD7A3), (0xF900, 0xFAFF), (0x20000, 0x3FFFF))


def assess(text: str, document_language: str = "") -> tuple[int, str]:
    """How useful a chunk is, and what is wrong with it.

    Args:
        document_language: as ``language_of`` gives it for the whole document; "" leaves the language unjudged.

    Returns:
        A score from 0 (useless) to 100, and a key of PROBLEMS or "".
    """
    prose = _CODE.sub(" ", text) if "```" in text or "~~~" in text else text
    is_code = len(prose) < 0.5 * len(text)
    counts = _count_kinds(text)
    words = prose.split()
    penalties = {
        "short": _short(counts),
        "broken": _broken(text, words, counts),
        "repeated": _repeated(text, words),
    }
    if not is_code:
        kinds = counts if prose is text else _count_kinds(prose)
        penalties["numbers"] = _numbers(prose, kinds)
        penalties["symbols"] = _symbols(prose, kinds)
        penalties["language"] = 70 if document_language and _is_foreign(prose, document_language) else 0
    score = max(0, round(100 - sum(penalties.values())))
    worst = max(penalties, key=penalties.__getitem__)
    return score, worst if penalties[worst] >= _NAMED_PENALTY else ""


def _ramp(value: float, start: float, full: float, least: int = 0) -> float:
    """A penalty: 0 up to ``start``, then from ``least`` to 100 at ``full``."""
    if value <= start:
        return 0
    return least + (100 - least) * min(1.0, (value - start) / (full - start))


def _count_kinds(text: str) -> list[int]:
    """How many characters there are of each kind, in the order of the kinds above; suspects are letters too."""
    encoded = text.encode("utf-8", "surrogatepass")
    kinds = encoded.translate(_KINDS_OF_ASCII, _NO_ASCII)
    counts = list(map(kinds.count, range(7)))
    if len(kinds) < len(encoded):
        others = encoded.translate(None, _ASCII).decode("utf-8", "surrogatepass")
        for character, count in Counter(others).items():
            counts[_kind(character)] += count
    counts[_LETTER] += counts[_SUSPECT]
    return counts


def _visible(counts: list[int]) -> int:
    return sum(counts) - counts[_SPACE] - counts[_SUSPECT]


@lru_cache(maxsize=20_000)
def _kind(character: str) -> int:
    code = ord(character)
    if character in _LEADS:
        return _SUSPECT
    if character in _WHITE:
        return _SPACE
    if 0x1F000 <= code < 0x1FB00:  # emoji
        return _SYMBOL
    if any(first <= code <= last for first, last in _DENSE_CODES):
        return _DENSE
    if code > 0xFFFF:
        return _BROKEN if code >= 0xF0000 else _LETTER  # private use
    category = unicodedata.category(character)
    if category in ("Cc", "Cs", "Co") or code >= 0xFFFD:
        return _BROKEN
    if category == "Cf":  # joiners and marks of direction, which are part of the writing
        return _SPACE
    return {"N": _DIGIT, "P": _SYMBOL, "S": _SYMBOL, "Z": _SPACE, "C": _SYMBOL}.get(category[0], _LETTER)


_ASCII, _NO_ASCII = bytes(range(128)), bytes(range(128, 256))
_KINDS_OF_ASCII = bytes([*map(_kind, map(chr, range(128))), *_NO_ASCII])


def _short(counts: list[int]) -> float:
    units = counts[_LETTER] + 3 * counts[_DENSE] + (counts[_DIGIT] + counts[_SYMBOL]) / 4
    return _ramp(_ENOUGH - units, 0, _ENOUGH, least=45)


def _broken(text: str, words: list[str], counts: list[int]) -> float:
    visible = max(1, _visible(counts))
    wrong = counts[_BROKEN]
    if counts[_SUSPECT] > 1:
        wrong += sum(map(len, _MOJIBAKE.findall(text)))
    if "(cid:" in text:
        wrong += sum(map(len, _UNMAPPED.findall(text)))
    penalty = _ramp(wrong / visible, 0.001, 0.1, least=15) + (30 if wrong >= 3 and wrong / visible > 0.002 else 0)
    if not words or not counts[_LETTER]:
        return penalty
    lengths = list(map(len, words))
    if max(lengths) > _LONGEST_WORD and counts[_DENSE] < 0.1 * visible:
        glued = [len(word) for word in words if len(word) > _LONGEST_WORD and _is_glued(word)]
        if len(glued) > 2 or max(glued, default=0) > _NO_WORD:
            penalty += _ramp(sum(glued) / visible, 0.12, 0.5, least=45)
    if lengths.count(1) > max(_FEW_WORDS / 2, 0.25 * len(words)):
        letters = sum(len(run) / 2 for run in _SPACED_OUT.findall(text))
        penalty += _ramp(letters / visible, 0.1, 0.5, least=45)
    return penalty


def _is_glued(word: str) -> bool:
    """A long word that is no address, number or name in code, and of a script that parts its words."""
    if not "A" <= word[len(word) // 2] < "\u0e00" or _NO_PROSE.search(word):
        return False
    capitals = sum(map(str.isupper, word))
    is_name = len(word) / 8 < capitals < len(word) / 2  # NamesInCodeLikeThis
    return not is_name and sum(map(str.isalpha, word)) > 0.85 * len(word)


def _repeated(text: str, words: list[str]) -> float:
    lines = text.split("\n")
    penalty = 0.0
    if len(lines) > 5 and len(set(lines)) < len(lines):
        again = sum(len(line) * (count - 1) for line, count in Counter(lines).items() if _WORD.search(line))
        penalty = _ramp(again / len(text), 0.4, 0.9, least=40)
    if len(words) < _FEW_WORDS or len(text) > 14 * len(words):  # no spaces between words: look at the characters
        return max(penalty, _ramp(1 - _distinct_share(text), 0.6, 0.95, least=40)) if len(text) >= 200 else penalty
    if len(set(words)) < 0.3 * len(words):
        spoken = [word for word in words if word[0].isalnum()]
        if len(spoken) >= 2 * _FEW_WORDS:
            runs = len(set(zip(spoken, spoken[1:], spoken[2:])))
            penalty = max(penalty, _ramp(1 - runs / len(spoken), 0.6, 0.95, least=40))
    return penalty


def _distinct_share(text: str) -> float:
    """Of the runs of six characters, how many are different."""
    count = len(text) - 5
    return len({text[at : at + 6] for at in range(count)}) / count


def _numbers(text: str, counts: list[int]) -> float:
    digits, letters = counts[_DIGIT], counts[_LETTER] + 3 * counts[_DENSE]
    if digits < _FEW_WORDS:
        return 0
    penalty = _ramp(digits / (digits + letters), 0.5, 1.0, least=20)
    if penalty and "|" in text:
        rows = [line for line in text.split("\n") if "|" in line]
        if sum(bool(_WORD.search(row)) for row in rows) >= 0.5 * len(rows):  # each row says what its numbers are
            return min(penalty, _NAMED_PENALTY / 2)
    return penalty


def _symbols(text: str, counts: list[int]) -> float:
    visible = _visible(counts)
    if not visible:
        return 100
    symbols = counts[_SYMBOL] - (text.count("|") + text.count("-") if "|" in text else 0)
    return _ramp(symbols / visible, 0.35, 0.8, least=10)


def _is_foreign(text: str, document_language: str) -> bool:
    if language_of(text) in ("", document_language):
        return False
    return language_of(text[len(text) // 2 :]) != document_language  # more than a quotation at the start
