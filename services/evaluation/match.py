"""Whether an answer says what was expected."""

from __future__ import annotations

import re
import unicodedata

_ARTICLES = {"a", "an", "the"}


def normalise(text: str) -> list[str]:
    """The words of a text without case, accents, punctuation and articles; numbers keep their decimal point."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", text.lower()) if not unicodedata.combining(c))
    plain = re.sub(r"(?<=\d),(?=\d{3}\b)", "", plain)  # 1,200 is 1200
    return [word for word in re.findall(r"\d+(?:\.\d+)?|[^\W\d_]+", plain) if word not in _ARTICLES]


def is_right(answer: str, expected: str) -> bool:
    """Whether the expected words occur in the answer, one after the other."""
    words, wanted = normalise(answer), normalise(expected)
    return bool(wanted) and any(
        words[at : at + len(wanted)] == wanted for at in range(len(words) - len(wanted) + 1)
    )
