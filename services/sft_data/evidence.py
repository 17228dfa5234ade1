"""Where a chunk says what somebody quotes from it: word for word, or nearly so."""

from __future__ import annotations

import re
import unicodedata
from difflib import SequenceMatcher

from services.sft_data.number_word import spelled_numbers
from services.sft_data.word import fold_words, stem

LIKENESS = 0.90  # of the characters of a quotation, that must be those of the place
# A word that the end of a line divides is one word, whoever quotes it.
_WORD = re.compile(r"\w+(?:(?:\u00ad\s*|[-‐\ufffe][ \t]*\r?\n\s*)\w+)*", re.UNICODE)
_DIVISION = re.compile(r"\u00ad\s*|[-‐\ufffe]\s+")
_LONGEST = 2_000  # characters of a quotation
_DENIALS = re.compile(
    r"\b(?:no|not|never|none|nor|neither|cannot|without|t|nicht|nie|niemals|nichts|ohne|weder|kein(?:e[nmrs]?)?|pas|jamais|sans"
    r"|sin|nunca|non|senza)\b"
)


def find_evidence(content: str, quotation: str) -> tuple[int, int] | None:
    """Start and end of the place in ``content`` that a quotation means, or None where there is none.

    First word for word, then without regard to white space, case and marks, then with up to a tenth of it different:
    models mend spelling and hyphens while they quote. What is given back is always the chunk's own text.
    """
    quotation = quotation.strip().strip("\"'“”„«»‘’…").strip()
    if len(quotation) < 3:
        return None
    at = content.find(quotation)
    if at >= 0:
        return at, at + len(quotation)
    there = [(_folded(match[0]), match.start(), match.end()) for match in _WORD.finditer(content)]
    wanted = [_folded(word) for word in _WORD.findall(quotation[:_LONGEST])]
    if not wanted or not there:
        return None
    words = [word for word, _start, _end in there]
    for first in (index for index, word in enumerate(words) if word == wanted[0]):
        if words[first : first + len(wanted)] == wanted:
            return there[first][1], there[first + len(wanted) - 1][2]
    return _nearly(words, wanted, there)


def _nearly(words: list[str], wanted: list[str], there: list[tuple[str, int, int]]) -> tuple[int, int] | None:
    """The run of words that is most like the wanted ones, if it is like enough."""
    blocks = [block for block in SequenceMatcher(None, words, wanted, autojunk=False).get_matching_blocks() if block.size]
    text = " ".join(wanted)
    best, place = LIKENESS, None
    for block in blocks:
        begin = max(0, block.a - block.b)
        for first in range(max(0, begin - 2), min(begin + 3, len(words))):
            for count in range(max(1, len(wanted) - 2), len(wanted) + 3):
                run = there[first : first + count]
                said = " ".join(word for word, _start, _end in run)
                matcher = SequenceMatcher(None, said, text, autojunk=False)
                if matcher.real_quick_ratio() < best or not _says_the_same(said, text):
                    continue
                if (likeness := matcher.ratio()) > best or (place is None and likeness == best):
                    best, place = likeness, (run[0][1], run[-1][2])
    return place


def _folded(word: str) -> str:
    return unicodedata.normalize("NFKC", _DIVISION.sub("", word)).casefold()


def _says_the_same(one: str, other: str) -> bool:
    """A quotation with another number, or one that denies what the text does not, is no quotation."""
    return all(found(one) == found(other) for found in (_numbers, _denials))


def _numbers(text: str) -> list[str]:
    return re.findall(r"\d+", text) + [words for _value, words in spelled_numbers(text)]


def _denials(text: str) -> int:
    return len(_DENIALS.findall(text))


def most_like(text: str, statements: list[str]) -> int | None:
    """Which of these statements a text speaks of: the one with most of its words; None where none shares two."""
    said = {stem(word) for word in fold_words(text)}
    shares = [len(said & {stem(word) for word in fold_words(statement) if len(word) > 2}) for statement in statements]
    best = max(shares, default=0)
    return shares.index(best) if best >= 2 else None
