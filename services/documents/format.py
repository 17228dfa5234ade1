"""The formats that can be read: one row here and one function in a module of its own add the next."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from services.documents.docx import read_docx
from services.documents.html import read_html
from services.documents.page import ReadDocument, Report
from services.documents.pdf import read_pdf
from services.documents.text import read_markdown, read_text
from services.translation import _


@dataclass(frozen=True, slots=True)
class Format:
    """suffixes: in lower case, with the dot."""

    name: str
    label: str
    suffixes: tuple[str, ...]
    read: Callable[[Path, Report], ReadDocument]

    @property
    def file_filter(self) -> str:
        """As file dialogs take it: ``Word document (*.docx)``."""
        return f"{self.label} ({' '.join('*' + suffix for suffix in self.suffixes)})"


FORMATS: tuple[Format, ...] = (
    Format("pdf", _("PDF document"), (".pdf",), read_pdf),
    Format("docx", _("Word document"), (".docx",), read_docx),
    Format("text", _("Plain text"), (".txt", ".text"), read_text),
    Format("markdown", _("Markdown"), (".md", ".markdown"), read_markdown),
    Format("html", _("Web page"), (".html", ".htm", ".xhtml"), read_html),
)
_BY_SUFFIX = {suffix: format_ for format_ in FORMATS for suffix in format_.suffixes}


def format_of(path: Path) -> Format | None:
    """The format that the file's suffix names; None if it cannot be read."""
    return _BY_SUFFIX.get(path.suffix.lower())


def suffixes() -> tuple[str, ...]:
    """Every suffix that can be read, in the order of the table."""
    return tuple(_BY_SUFFIX)


def file_filters() -> list[str]:
    """The filters of a file dialog: all documents first, then one per format."""
    every = " ".join("*" + suffix for suffix in suffixes())
    return [f"{_('All documents')} ({every})", *(format_.file_filter for format_ in FORMATS)]
