"""The sample that comes with the program: documents about an invented island, and questions about them."""

from __future__ import annotations

from pathlib import Path

SAMPLE = Path(__file__).resolve().parent.parent / "resources" / "sample"
QUESTIONS = SAMPLE / "questions.jsonl"


def sample_documents() -> list[Path]:
    """Every file of the sample but the questions: a model that has read those is not asked anything."""
    return sorted(path for path in SAMPLE.iterdir() if path.is_file() and path != QUESTIONS)
