"""CSV and TSV with any delimiter and in any encoding."""

from __future__ import annotations

import csv
import io
from collections import Counter
from pathlib import Path

from services.documents.page import ReadDocument, Report, ignore, refuse_empty
from services.documents.sheet import rows_to_text
from services.documents.text import decode, title_of, whole_document

_DELIMITERS = (",", ";", "\t", "|")
_SAMPLE_CHARACTERS, _SAMPLE_ROWS = 100_000, 200
_LONGEST_FIELD = 2**31 - 1  # what fits on every system


def read_csv(path: Path, report: Report = ignore) -> ReadDocument:
    """Read a table: its name as the heading, small ones as Markdown rows, others as records.

    Raises:
        UserError: the file is empty, is no text, or holds no words.
    """
    data = path.read_bytes()
    if not data:
        raise refuse_empty(path)
    text = decode(data, path)
    report(0.3)
    delimiter = ""
    if text[:4].lower() == "sep=" and text[5:6] == "\n":  # what Excel writes and reads
        delimiter, text = text[4], text[6:]
    csv.field_size_limit(_LONGEST_FIELD)
    body = rows_to_text(_rows(text, delimiter or _delimiter(text)))
    report(1.0)
    return whole_document(path, body, "csv", title=title_of(path))


def _rows(text: str, delimiter: str) -> list[list[str]]:
    try:
        return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True))
    except csv.Error:  # a quote that is never closed, for example
        return [line.split(delimiter) for line in text.splitlines()]


def _delimiter(text: str) -> str:
    """The one that parts most rows into the same number of fields, and into more than one."""
    sample = text[:_SAMPLE_CHARACTERS]
    if len(text) > len(sample):
        sample = sample[: sample.rfind("\n") + 1] or sample

    def agreement(delimiter: str) -> tuple[float, int]:
        widths = Counter(len(row) for row in _rows(sample, delimiter)[:_SAMPLE_ROWS] if any(row))
        width, count = max(widths.items(), key=lambda item: (item[0] > 1, item[1]), default=(1, 0))
        return (count / widths.total(), width) if width > 1 else (0.0, 1)

    return max(_DELIMITERS, key=agreement)
