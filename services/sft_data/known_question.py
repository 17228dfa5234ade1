"""Which questions a dataset has already, in these or nearly these words."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from services.sft_data.word import OPTION, fold, names, words_of

_NEAR = 0.85  # Jaccard similarity of the words of two questions that count as the same


class _Words(NamedTuple):
    """What is compared of a question. marked: its names and numbers; stem: its other words; all: those of the options too."""

    marked: frozenset[str]
    stem: frozenset[str]
    all: frozenset[str]


class KnownQuestions:
    """The questions of a dataset, for finding near-duplicates fast.

    Questions that differ in a name or a number are different, so only those with the same ones are compared; and two
    questions that share 85 % of their words share one of their rarest, so only those are looked up (prefix filtering:
    Chaudhuri, Ganti and Kaushik 2006, https://doi.org/10.1109/ICDE.2006.9).
    """

    def __init__(self, questions: Iterable[str] = ()) -> None:
        self._where: dict[tuple[frozenset[str], str], list[_Words]] = {}
        for question in questions:
            self.add(question)

    def add(self, question: str) -> None:
        words = _read(question)
        for word in words.stem:
            self._where.setdefault((words.marked, word), []).append(words)

    def has_near(self, question: str) -> bool:
        """Whether the same question is known in the same or nearly the same words, and with the same options."""
        words = _read(question)
        lists = sorted((self._where.get((words.marked, word), []) for word in words.stem), key=len)
        needed = len(lists) - int(_NEAR * len(lists)) + 1
        return any(
            _is_near(words.stem, known.stem) and _is_near(words.all, known.all)
            for found in lists[:needed]
            for known in found
        )


def _is_near(words: frozenset[str], known: frozenset[str]) -> bool:
    return len(words & known) >= _NEAR * len(words | known)


def _read(question: str) -> _Words:
    stem = OPTION.split(question, maxsplit=1)[0].strip() or question
    marked = frozenset(fold(name) for name in names(stem))
    words = _folded(stem)
    numbers = frozenset(word for word in words if word[0].isdigit())
    return _Words(marked | numbers, words - marked - numbers or words, words if stem == question else _folded(question))


def _folded(text: str) -> frozenset[str]:
    return frozenset(word.casefold() if word.isascii() else fold(word) for word in words_of(text))
