"""DOCX: the body in its order, with headings, lists and tables; headers, footers and deleted text stay out."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from services.documents import markdown
from services.documents.page import Page, ReadDocument, Report, has_words, ignore, refuse_empty, refuse_without_text
from services.errors import UserError
from services.translation import _

if TYPE_CHECKING:
    from docx.document import Document

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_COMPOUND_FILE = bytes.fromhex("D0CF11E0A1B11AE1")  # old Word files, and protected new ones
_NOT_SAID = {f"{_W}del", f"{_W}moveFrom", f"{_W}pPr", f"{_W}rPr", _FALLBACK}
_INLINE = {f"{_W}tab": "\t", f"{_W}br": "\n", f"{_W}cr": "\n", f"{_W}noBreakHyphen": "-"}
_HEADING_STYLE = re.compile(r"heading ([1-9])$", re.IGNORECASE)


def read_docx(path: Path, report: Report = ignore) -> ReadDocument:
    """Read the body of a Word document as Markdown.

    Raises:
        UserError: the file is empty, is no DOCX, is damaged, needs a password, or has no text.
    """
    with path.open("rb") as file:
        start = file.read(8)
    if not start:
        raise refuse_empty(path)
    if start == _COMPOUND_FILE:
        raise UserError(
            _("{name} is protected by a password or is an old Word file (.doc). Open it in a word processor, save it "
              "as DOCX without a password, and add that.").format(name=path.name)
        )  # fmt: skip
    document = _open(path)
    report(0.3)
    text = _Body(document).text()
    if not has_words(text):
        raise refuse_without_text(path)
    report(1.0)
    return ReadDocument((Page(None, text),), "docx")


def _open(path: Path) -> Document:
    import zipfile

    import docx
    from docx.opc.exceptions import OpcError
    from lxml.etree import XMLSyntaxError

    try:
        return docx.Document(str(path))
    except (OpcError, zipfile.BadZipFile, XMLSyntaxError, KeyError, ValueError, EOFError, NotImplementedError) as error:
        raise UserError(
            _("{name} is not a Word document (DOCX), or it is damaged. Open it in a word processor and save it as DOCX, "
              "or add it under its right name.").format(name=path.name)
        ) from error  # fmt: skip


class _Body:
    """Walks the body once; counts the items of numbered lists as it goes."""

    def __init__(self, document: Document) -> None:
        self._body = document.element.body
        self._levels = {style.style_id: level for style in document.styles if (level := _style_level(style))}
        # Under a title, chapters are sections of it: Title, Heading 1, Heading 2 become #, ##, ###.
        titles = {style.style_id for style in document.styles if style.name == "Title"}
        if any(_style_id(paragraph) in titles for paragraph in self._body.iterchildren(f"{_W}p")):
            self._levels = {style: level + (style not in titles) for style, level in self._levels.items()}
        self._list_styles = {
            style.style_id: style.name or "" for style in document.styles if "List" in (style.name or "")
        }
        self._formats = _number_formats(document)
        self._counts: Counter[tuple[str, int]] = Counter()

    def text(self) -> str:
        parts: list[str] = []
        was_item = False
        for block, is_item in self._blocks(self._body):
            if parts:
                parts.append("\n" if was_item and is_item else "\n\n")
            parts.append(block)
            was_item = is_item
        return "".join(parts)

    def _blocks(self, parent: Any) -> Iterator[tuple[str, bool]]:
        """``(text, is a list item)`` of every paragraph and table, inside content controls and insertions too."""
        for element in parent:
            if element.tag == f"{_W}p":
                yield from self._paragraph(element)
            elif element.tag == f"{_W}tbl":
                if rows := self._table(element):
                    yield rows, False
            elif element.tag in (f"{_W}sdt", f"{_W}sdtContent", f"{_W}ins", f"{_W}moveTo", f"{_W}customXml"):
                yield from self._blocks(element)

    def _paragraph(self, paragraph: Any) -> Iterator[tuple[str, bool]]:
        if text := "".join(_said(paragraph)).strip():
            if level := self._level(paragraph):
                yield markdown.heading(level, text), False
            elif mark := self._list_mark(paragraph):
                yield f"{mark} {text}", True
            else:
                yield text, False
        for box in paragraph.iter(f"{_W}txbxContent"):
            if not any(ancestor.tag == _FALLBACK for ancestor in box.iterancestors()):
                yield from self._blocks(box)

    def _level(self, paragraph: Any) -> int:
        outline = paragraph.find(f"{_W}pPr/{_W}outlineLvl")
        if outline is not None and outline.get(f"{_W}val", "9") < "9":
            return int(outline.get(f"{_W}val")) + 1
        return self._levels.get(_style_id(paragraph), 0)

    def _list_mark(self, paragraph: Any) -> str:
        """``-`` or ``3.``, indented by the item's depth; empty for a paragraph outside of lists."""
        number_id = paragraph.find(f"{_W}pPr/{_W}numPr/{_W}numId")
        if number_id is None or number_id.get(f"{_W}val") == "0":
            style = self._list_styles.get(_style_id(paragraph), "")
            if "Number" not in style:
                return "-" if "Bullet" in style else ""
            list_id, depth, is_numbered = style, 0, True
        else:
            list_id = number_id.get(f"{_W}val", "")
            place = paragraph.find(f"{_W}pPr/{_W}numPr/{_W}ilvl")
            depth = int(place.get(f"{_W}val", "0")) if place is not None else 0
            is_numbered = self._formats.get((list_id, depth), "bullet") not in ("bullet", "none")
        for inner in [key for key in self._counts if key[0] == list_id and key[1] > depth]:
            del self._counts[inner]
        self._counts[list_id, depth] += 1
        return "  " * depth + (f"{self._counts[list_id, depth]}." if is_numbered else "-")

    def _table(self, table: Any) -> str:
        rows = [
            [" ".join(text for text, _item in self._blocks(cell)) for cell in row.iterchildren(f"{_W}tc")]
            for row in table.iterchildren(f"{_W}tr")
        ]
        if all(len(row) < 2 for row in rows):  # a frame around text
            return "\n\n".join(cell for row in rows for cell in row if cell)
        return markdown.table(rows)


def _said(element: Any) -> Iterator[str]:
    """The text of a paragraph's runs; text boxes are blocks of their own, deleted text is not said."""
    for child in element:
        if child.tag == f"{_W}t":
            yield child.text or ""
        elif child.tag in _INLINE:
            is_page_break = child.get(f"{_W}type") in ("page", "column")
            yield "" if is_page_break else _INLINE[child.tag]
        elif child.tag not in _NOT_SAID and child.tag != f"{_W}txbxContent":
            yield from _said(child)


def _style_id(paragraph: Any) -> str:
    style = paragraph.find(f"{_W}pPr/{_W}pStyle")
    return style.get(f"{_W}val", "") if style is not None else ""


def _style_level(style: Any) -> int:
    """The heading level that a style or one of those it is based on gives; 0 for body text."""
    while style is not None:
        if (style.name or "") == "Title":
            return 1
        if match := _HEADING_STYLE.match(style.name or ""):
            return int(match[1])
        outline = style.element.find(f"{_W}pPr/{_W}outlineLvl")
        if outline is not None and outline.get(f"{_W}val", "9") < "9":
            return int(outline.get(f"{_W}val")) + 1
        style = getattr(style, "base_style", None)
    return 0


def _number_formats(document: Document) -> dict[tuple[str, int], str]:
    """``(list id, depth) -> number format``, "bullet" or "decimal" for example."""
    try:
        numbering = document.part.numbering_part.element
    except (KeyError, NotImplementedError):  # a document without lists has no such part
        return {}
    formats: dict[str, dict[int, str]] = {}
    for abstract in numbering.iterchildren(f"{_W}abstractNum"):
        levels = formats.setdefault(abstract.get(f"{_W}abstractNumId", ""), {})
        for level in abstract.iterchildren(f"{_W}lvl"):
            number_format = level.find(f"{_W}numFmt")
            if number_format is not None:
                levels[int(level.get(f"{_W}ilvl", "0"))] = number_format.get(f"{_W}val", "")
    return {
        (number.get(f"{_W}numId", ""), depth): number_format
        for number in numbering.iterchildren(f"{_W}num")
        if (abstract_id := number.find(f"{_W}abstractNumId")) is not None
        for depth, number_format in formats.get(abstract_id.get(f"{_W}val", ""), {}).items()
    }
