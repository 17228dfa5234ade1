"""Which questions a dataset has already, in these or nearly these words."""

from __future__ import annotations

from collections.abc import Iterable

from services.sft_data.word import OPTION, fold, names, words_of

_NEAR = 0.85  # Jaccard similarity of the words of two questions that count as the same


class KnownQuestions:
    """The questions of a dataset, for finding near-duplicates fast.

    Two questions of which each shares 85 % of the words can only be found through one of their rarest words, so only
    those are looked up (prefix filtering: Chaudhuri, Ganti and Kaushik 2006, https://doi.org/10.1109/ICDE.2006.9).
    """

    def __init__(self, questions: Iterable[str] = ()) -> None:
        self._questions: list[tuple[frozenset[str], frozenset[str]]] = []  # words without and with the options
        self._where: dict[str, list[int]] = {}
        for question in questions:
            self.add(question)

    def add(self, question: str) -> None:
        words = _content(_stem_of(question))
        for word in words:
            self._where.setdefault(word, []).append(len(self._questions))
        self._questions.append((words, _content(question)))

    def has_near(self, question: str) -> bool:
        """Whether the same question is known in the same or nearly the same words.

        Questions that differ in a number or a name are different, however long they are; so are those with other
        options.
        """
        words, all_words = _content(_stem_of(question)), _content(question)
        rarest = sorted(words, key=lambda word: len(self._where.get(word, ())))
        needed = len(words) - int(_NEAR * len(words)) + 1
        candidates = {index for word in rarest[:needed] for index in self._where.get(word, ())}
        return any(
            _is_near(words, known) and _is_near(all_words, all_known)
            for known, all_known in (self._questions[index] for index in candidates)
        )


def _is_near(words: frozenset[str], known: frozenset[str]) -> bool:
    if any(word[0].isupper() or word[0].isdigit() for word in words ^ known):
        return False
    return len(words & known) >= _NEAR * len(words | known)


def _stem_of(question: str) -> str:
    """The question without its options."""
    return OPTION.split(question, maxsplit=1)[0].strip() or question


def _content(question: str) -> frozenset[str]:
    """The words of a question, folded; names and numbers keep a mark that they are such."""
    marked = {fold(name) for name in names(question)}
    words = (fold(word) for word in words_of(question))
    return frozenset(word.upper() if word in marked else word for word in words if word)
