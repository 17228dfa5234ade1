"""Source code: kept as it is written, in a code block under the file's name."""

from __future__ import annotations

import re
from pathlib import Path

from services.documents import markdown
from services.documents.page import ReadDocument, Report, has_words, ignore, refuse_empty, refuse_without_text
from services.documents.text import decode, whole_document

_DECLARED = re.compile(rb"^[^\n]*\n?[^\n]*?coding[:=][ \t]*([-\w.]+)")  # PEP 263: in the first or the second line


def read_source_code(path: Path, report: Report = ignore) -> ReadDocument:
    """Read a program or a settings file; nothing of its layout is changed but line ends.

    Raises:
        UserError: the file is empty or is no text.
    """
    data = path.read_bytes()
    if not data:
        raise refuse_empty(path)
    declared = _DECLARED.match(data[:500])
    text = decode(data, path, declared[1].decode("ascii", "replace") if declared else None)
    if not has_words(text):
        raise refuse_without_text(path)
    report(1.0)
    return whole_document(path, markdown.fence(text.strip("\n"), path.suffix[1:].lower()), "code", title=path.name)
