"""Where a chunk says what somebody quotes from it: word for word, or nearly so."""

from __future__ import annotations

import re
from difflib import SequenceMatcher

from services.sft_data.word import fold_words, stem

LIKENESS = 0.90  # of the characters of a quotation, that must be those of the place
_WORD = re.compile(r"\w+", re.UNICODE)
_LONGEST = 2_000  # characters of a quotation


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
    there = [(match[0].casefold(), match.start(), match.end()) for match in _WORD.finditer(content)]
    wanted = [word.casefold() for word in _WORD.findall(quotation[:_LONGEST])]
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
                if matcher.real_quick_ratio() >= best and (likeness := matcher.ratio()) > best:
                    best, place = likeness, (run[0][1], run[-1][2])
                    if not _has_same_numbers(said, text):
                        best, place = LIKENESS, None
    return place


def _has_same_numbers(one: str, other: str) -> bool:
    """A quotation with another number is no quotation."""
    return re.findall(r"\d+", one) == re.findall(r"\d+", other)


def most_like(text: str, statements: list[str]) -> int | None:
    """Which of these statements a text speaks of: the one with most of its words; None where none shares two."""
    said = {stem(word) for word in fold_words(text)}
    shares = [len(said & {stem(word) for word in fold_words(statement) if len(word) > 2}) for statement in statements]
    best = max(shares, default=0)
    return shares.index(best) if best >= 2 else None
