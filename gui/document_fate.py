"""What became of a document, in words and columns; and what has become of its file since."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtGui import QIcon

from gui.icon import icon
from gui.table_model import Column
from services.records import Document
from services.translation import _, ngettext

# Icon, its colour, and the word in place of the number of chunks.
STATES = {
    "ready": ("success", "success", ""),
    "failed": ("error", "danger", _("Why?")),
    "duplicate": ("copy", "muted", _("twice")),
    "reading": ("running", "accent", _("reading")),
    "partial": ("warning", "warning", ""),  # read, but not the whole of it
    "changed": ("stale", "warning", _("changed")),
    "gone": ("warning", "warning", _("file gone")),
}
_RANKS = {"failed": 0, "gone": 1, "changed": 2, "reading": 3, "partial": 4, "duplicate": 5, "ready": 6}


def document_columns(state_of: Callable[[Document], str]) -> tuple[Column, ...]:
    """Name and fate; ``state_of`` gives a key of STATES."""

    def mark(document: Document) -> QIcon:
        return icon(*STATES[state_of(document)][:2])

    def say(document: Document) -> str:
        return STATES[state_of(document)][2] or f"{document.chunk_count:,}"

    return (
        Column(_("Document"), lambda document: document.source, "name", icon=mark,
               tooltip=lambda document: document.path or document.source),
        Column(_("Chunks"), say, "fate", "00,000", is_number=True,
               tooltip=lambda document: describe(document, state_of(document))),
    )  # fmt: skip


def sort_key(order: str, state_of: Callable[[Document], str]) -> Callable[[Document], object]:
    """By name; or by fate: first what went wrong, then by the number of chunks."""
    if order == "name":
        return lambda document: (document.source.casefold(), document.id)
    return lambda document: (_RANKS[state_of(document)], document.chunk_count, document.source.casefold())


def describe(document: Document, state: str) -> str:
    """A document's fate in a sentence or two."""
    if document.state in ("failed", "duplicate"):
        said = document.reason or _("{source} could not be read.").format(source=document.source)
    elif document.state == "reading":
        said = _("{source} is being read.").format(source=document.source)
    else:
        parts = [ngettext("{n:,} chunk", "{n:,} chunks", document.chunk_count).format(n=document.chunk_count)]
        if document.page_count:
            parts.insert(0, ngettext("{n:,} page", "{n:,} pages", document.page_count).format(n=document.page_count))
        parts.append(_("{n:,} tokens").format(n=document.token_count))
        said = "\n".join([document.source, ", ".join(parts), *([document.reason] if document.reason else [])])
    if state == "changed":
        said += "\n" + _("The file has changed since it was read. “Read again” takes in what is new.")
    elif state == "gone":
        said += "\n" + _("The file is no longer at {path}. What was read from it stays.").format(path=document.path)
    return said


def say_cut(documents: list[Document]) -> str:
    """How documents were cut: “500 and 50”, or that they differ."""
    cuts = {(document.chunk_size, document.chunk_overlap) for document in documents}
    if len(cuts) == 1:
        size, overlap = cuts.pop()
        return _("{size} and {overlap}").format(size=size, overlap=overlap)
    return _("different sizes")
