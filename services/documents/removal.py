"""What a reader leaves out, gathered while it reads, so that a person can see it."""

from __future__ import annotations

from services.records import Removal

_LONGEST = 300
"""Characters of a removed text that are kept: enough to see what it was."""
_MOST = 2000
"""Different texts of one file; what goes beyond is neither kept nor counted."""


class Removals:
    """Equal texts of one kind are one removal with a count."""

    def __init__(self) -> None:
        self._counts: dict[tuple[str, str], int] = {}

    def add(self, kind: str, text: str) -> None:
        """kind: a key of ``services.documents.page.REMOVALS``. White space alone is nothing that was left out."""
        text = " ".join(text[: 4 * _LONGEST].split())
        if len(text) > _LONGEST:
            text = text[: _LONGEST - 1].rstrip() + "…"
        key = (kind, text)
        if text and (key in self._counts or len(self._counts) < _MOST):
            self._counts[key] = self._counts.get(key, 0) + 1

    def found(self) -> tuple[Removal, ...]:
        """In the order in which each stood in the file first."""
        return tuple(Removal(kind, text, count=count) for (kind, text), count in self._counts.items())
