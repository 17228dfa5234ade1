"""The sample documents that come with the program."""

from __future__ import annotations

from pathlib import Path

_FOLDER = Path(__file__).resolve().parent.parent / "resources" / "sample"


def sample_documents() -> list[Path]:
    """The documents among the sample files; the questions about them are no document."""
    return sorted(path for path in _FOLDER.iterdir() if path.suffix.lower() in (".pdf", ".docx", ".md", ".txt"))
