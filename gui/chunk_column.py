"""What the table of the chunks shows of each: its columns, and its state and quality in words."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtGui import QIcon

from gui.icon import icon
from gui.search_hit import find_hits
from gui.table_model import Column
from services.documents.quality import PROBLEMS
from services.records import Chunk
from services.translation import _

SOURCE, QUALITY = 2, 4  # places of columns that give way
SHOWN_CHARACTERS = 200
# Problems as a cell has room for them; the sentences are in services.documents.quality.
SHORT_PROBLEMS = {
    "short": _("too short"), "numbers": _("mostly numbers"), "symbols": _("mostly signs"), "broken": _("broken text"),
    "repeated": _("repeated lines"), "language": _("other language"),
}  # fmt: skip
_WIDEST_PROBLEM = max(SHORT_PROBLEMS.values(), key=len) + "nn"
_LOOKED_AT = 4000  # characters of a chunk that are searched for the first hit


def chunk_columns(search: Callable[[], str]) -> tuple[Column, ...]:
    """The columns, in their order; ``search()`` is what is looked for now."""
    return (
        # The number in the document; by it, and by the document, the chunks stand as they are read.
        Column("#", lambda chunk: f"{chunk.chunk_index + 1:,}", "source", "0,000", is_number=True, icon=_state_icon,
               tooltip=say_number),
        Column(_("Text"), lambda chunk: snippet(chunk.content, search()), "content"),
        Column(_("Source"), lambda chunk: chunk.source, "source", "a_document_of.pdf", tooltip=lambda chunk: chunk.source),
        Column(_("Tokens"), lambda chunk: f"{chunk.token_count:,}", "token_count", "0,000", is_number=True),
        Column(_("Quality"), name_problem, "quality", _WIDEST_PROBLEM, tooltip=say_quality,
               icon=_quality_icon),
    )  # fmt: skip


def snippet(text: str, search: str) -> str:
    """The start of a chunk in one line; while searching, the text around the first hit."""
    hits = find_hits(search, text[:_LOOKED_AT]) if search else []
    if hits and hits[0][0] > 16:
        text = "…" + text[text.rfind(" ", 0, hits[0][0] - 8) + 1 :]
    return " ".join(text[:SHOWN_CHARACTERS].split())


def name_problem(chunk: Chunk) -> str:
    """What is wrong with it, in a word or two; nothing where nothing is."""
    return SHORT_PROBLEMS.get(chunk.problem) or say_problem(chunk)


def say_problem(chunk: Chunk) -> str:
    """What is wrong with it, as the end of a sentence."""
    return PROBLEMS.get(chunk.problem, chunk.problem)


def say_quality(chunk: Chunk) -> str:
    """Quality in a sentence, for tool tips and screen readers."""
    score = _("Quality {n} of 100").format(n=chunk.quality)
    return f"{score}: {say_problem(chunk)}" if chunk.problem else score


def say_number(chunk: Chunk) -> str:
    """“Chunk 12 of cells.pdf: excluded”, for tool tips and screen readers."""
    number = _("Chunk {n:,} of {source}").format(n=chunk.chunk_index + 1, source=chunk.source)
    state = say_state(chunk)
    return f"{number}: {state}" if state else number


def say_state(chunk: Chunk) -> str:
    """Its flags in words."""
    words = {"deleted": chunk.is_deleted, "excluded": chunk.is_excluded, "edited": chunk.is_edited}
    texts = {"deleted": _("deleted"), "excluded": _("excluded"), "edited": _("edited")}
    said = [texts[name] for name, is_so in words.items() if is_so]
    if chunk.is_excluded and chunk.duplicate_of is not None:
        said.append(_("repeats another chunk"))
    elif chunk.is_excluded and chunk.kind:
        said.append({"contents": _("table of contents"), "index": _("index")}.get(chunk.kind, chunk.kind))
    return ", ".join(said)


def is_dim(chunk: Chunk) -> bool:
    """Whether it stands back: no model reads it."""
    return chunk.is_excluded or chunk.is_deleted


def _quality_icon(chunk: Chunk) -> QIcon | None:
    return icon("warning", "muted" if is_dim(chunk) else "warning") if chunk.problem else None


def _state_icon(chunk: Chunk) -> QIcon | None:
    if chunk.is_deleted:
        return icon("delete", "muted")
    if chunk.is_excluded:
        return icon("copy" if chunk.duplicate_of is not None else "exclude", "muted")
    return icon("edit", "accent") if chunk.is_edited else None
