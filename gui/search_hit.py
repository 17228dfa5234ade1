"""Where the words of a search stand in a text, as the search index of the knowledge base finds them."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_LIMIT = 300  # marks in one text
_START, _END = r"(?<![^\W_])", r"(?![^\W_])"  # of a word


def find_hits(search: str, text: str) -> list[tuple[int, int]]:
    """``(start, end)`` of the words and phrases of a search, in order; case and accents do not count.

    The last word is the beginning of a word, as in the store's query.
    """
    pattern = _pattern(search)
    if pattern is None:
        return []
    hits = pattern.finditer(_fold(text))
    return [hit.span() for hit, _number in zip(hits, range(_LIMIT), strict=False)]


@lru_cache(maxsize=8)
def _pattern(search: str) -> re.Pattern[str] | None:
    parts = search.replace("'", " ").split('"')
    phrases = [_word_pattern(part) + _END for part in parts[1::2] if _has_word(part)]
    words = [_word_pattern(word) + _END for part in parts[::2] for word in part.split() if _has_word(word)]
    if words and not search.rstrip().endswith('"'):
        words[-1] = words[-1].removesuffix(_END)
    return re.compile("|".join(phrases + words)) if phrases or words else None


def _has_word(part: str) -> bool:
    return any(map(str.isalnum, part))


def _word_pattern(whole: str) -> str:
    """A phrase as its words with anything that is no word between them."""
    return _START + r"[\W_]+".join(map(re.escape, re.findall(r"[^\W_]+", _fold(whole))))


def _fold(text: str) -> str:
    """Lower case without accents, letter for letter, so that places stay what they are."""
    if text.isascii():
        return text.lower()
    return "".join(map(_fold_letter, text))


@lru_cache(maxsize=4096)
def _fold_letter(letter: str) -> str:
    bare = unicodedata.normalize("NFD", letter)[0].lower()
    return bare if len(bare) == 1 else letter
