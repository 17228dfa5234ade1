"""OpenDocument: texts (ODT) with lists, tables and notes, sheets (ODS), and slides (ODP)."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from services.documents import markdown
from services.documents.archive import BROKEN, open_package, parse_markup, refuse_package
from services.documents.page import Page, ReadDocument, Report, has_words, ignore, refuse_without_text
from services.documents.removal import Removals
from services.documents.sheet import rows_to_text
from services.documents.text import title_of, whole_document
from services.errors import UserError
from services.translation import _

_SPACE = "{urn:oasis:names:tc:opendocument:xmlns:%s:1.0}"
_OFFICE, _TEXT, _TABLE, _DRAW, _STYLE, _PRESENTATION = (
    _SPACE % name for name in ("office", "text", "table", "drawing", "style", "presentation")
)
_MANIFEST, _CONTENT, _STYLES = "META-INF/manifest.xml", "content.xml", "styles.xml"
_NOT_SAID = {f"{_OFFICE}annotation", f"{_TEXT}ruby-text", f"{_TEXT}note-citation", f"{_TEXT}tracked-changes"}
_FURNITURE = ("footer", "header", "date-time", "page-number")
_MOST_COLUMNS, _MOST_EQUAL_ROWS = 1024, 1000  # files say "and a million empty ones" of cells and rows
_MOST_SPACES = 100


def read_open_document(path: Path, report: Report = ignore) -> ReadDocument:
    """
    Raises:
        UserError: the file is empty, is no OpenDocument file, is damaged, needs a password, or has no text.
    """
    from lxml.etree import XMLSyntaxError

    label = _("an OpenDocument file")
    removals = Removals()
    with open_package(path, label) as archive:
        try:
            _refuse_password(archive, path)
            content = parse_markup(archive.read(_CONTENT), path.name)
            styles = parse_markup(archive.read(_STYLES), path.name) if _STYLES in archive.namelist() else None
            body = content.find(f"{_OFFICE}body")[0]
        except (*BROKEN, XMLSyntaxError, TypeError, IndexError) as error:
            raise refuse_package(path, label) from error
    report(0.3)
    _count_heads(styles, removals)
    reader = _Body([content] if styles is None else [styles, content], removals)
    kind = body.tag.removeprefix(_OFFICE)
    if kind == "spreadsheet":
        text = "\n\n".join(_sheets(body, reader, removals))
        return whole_document(path, text, "odf", title=title_of(path), removed=removals.found())
    if kind == "presentation":
        pages = tuple(
            Page(number, _slide(page, number, reader, removals))
            for number, page in enumerate(body.iterchildren(f"{_DRAW}page"), 1)
        )
        if not any(has_words(page.text) for page in pages):
            raise refuse_without_text(path)
        return ReadDocument(pages, "odf", removed=removals.found())
    text = reader.text(body)
    report(1.0)
    return whole_document(path, text, "odf", removed=removals.found())


def _refuse_password(archive: zipfile.ZipFile, path: Path) -> None:
    if _MANIFEST in archive.namelist() and b"encryption-data" in archive.read(_MANIFEST):
        raise UserError(
            _("{name} is protected by a password. Save it without one, and add that.").format(name=path.name)
        )


def _count_heads(styles: Any, removals: Removals) -> None:
    if styles is not None:
        for head in styles.iter(f"{_STYLE}header", f"{_STYLE}footer"):
            removals.add("head", " ".join("".join(paragraph.itertext()) for paragraph in head.iter(f"{_TEXT}p")))


class _Body:
    """Walks a text once; counts notes as it goes."""

    def __init__(self, roots: list[Any], removals: Removals) -> None:
        self._removals = removals
        styles = [style for root in roots for style in root.iter(f"{_STYLE}style")]
        self._parents = {style.get(f"{_STYLE}name"): style.get(f"{_STYLE}parent-style-name") for style in styles}
        self.hidden = {
            style.get(f"{_STYLE}name")
            for style in styles
            for properties in style
            if properties.get(f"{_TABLE}display") == "false" or properties.get(f"{_TEXT}display") == "none"
        }
        self._numbered = {
            (style.get(f"{_STYLE}name"), level.get(f"{_TEXT}level", "1"))
            for root in roots
            for style in root.iter(f"{_TEXT}list-style")
            for level in style.iterchildren(f"{_TEXT}list-level-style-number")
            if level.get(f"{_STYLE}num-format")
        }
        self._has_title = False
        self._note_count = 0
        self._notes: list[str] = []

    def text(self, body: Any) -> str:
        # Under a title, chapters are sections of it.
        self._has_title = any(self._is_title(paragraph) for paragraph in body.iterchildren(f"{_TEXT}p"))
        return "\n\n".join(self.blocks(body))

    def blocks(self, parent: Any) -> Iterator[str]:
        """Paragraphs, lists and tables, each followed by its notes."""
        for element in parent:
            for block in self._block(element):
                yield block
                notes, self._notes = self._notes, []
                yield from notes

    def _block(self, element: Any) -> Iterator[str]:
        tag = element.tag
        if tag in (f"{_TEXT}p", f"{_TEXT}h"):
            boxes: list[Any] = []
            if text := "".join(self._said(element, boxes)).strip():
                level = self._level(element)
                yield markdown.heading(level, text) if level else text
            for box in boxes:
                yield from self.blocks(box)
        elif tag == f"{_TEXT}list":
            if items := list(self._items(element, 1, element.get(f"{_TEXT}style-name"))):
                yield "\n".join(items)
        elif tag == f"{_TABLE}table":
            yield from self._table(element)
        elif tag == f"{_TEXT}tracked-changes":
            for deletion in element.iter(f"{_TEXT}deletion"):
                paragraphs = [*deletion.iter(f"{_TEXT}p", f"{_TEXT}h")]
                self._removals.add("deleted", " ".join("".join(paragraph.itertext()) for paragraph in paragraphs))
        elif isinstance(tag, str) and tag not in _NOT_SAID:  # sections, indexes, frames, groups of shapes
            yield from self.blocks(element)

    def _level(self, element: Any) -> int:
        if element.tag == f"{_TEXT}h":
            level = element.get(f"{_TEXT}outline-level", "1")
            return (int(level) if level.isdecimal() else 1) + self._has_title
        return int(self._is_title(element))

    def _is_title(self, paragraph: Any) -> bool:
        style = paragraph.get(f"{_TEXT}style-name")
        for _step in range(10):  # styles may be based on each other in a circle
            if style == "Title":
                return True
            style = self._parents.get(style)
        return False

    def _said(self, element: Any, boxes: list[Any]) -> Iterator[str]:
        """The letters of a paragraph; text boxes in it are put aside."""
        yield _folded(element.text)
        for child in element:
            tag = child.tag
            if tag == f"{_TEXT}s":
                count = child.get(f"{_TEXT}c", "1")
                yield " " * min(int(count) if count.isdecimal() else 1, _MOST_SPACES)
            elif tag == f"{_TEXT}tab":
                yield "\t"
            elif tag == f"{_TEXT}line-break":
                yield "\n"
            elif tag == f"{_TEXT}note":
                yield self._note(child)
            elif tag == f"{_DRAW}frame" or tag == f"{_DRAW}custom-shape":
                boxes.append(child)
            elif child.get(f"{_TEXT}style-name") in self.hidden and tag == f"{_TEXT}span":
                self._removals.add("hidden", "".join(child.itertext()))
            elif isinstance(tag, str) and tag not in _NOT_SAID:
                yield from self._said(child, boxes)
            yield _folded(child.tail)

    def _note(self, note: Any) -> str:
        self._note_count += 1
        mark = f"[{self._note_count}]"
        body = note.find(f"{_TEXT}note-body")
        outer, self._notes = self._notes, []
        text = " ".join(" ".join(self.blocks(body)).split()) if body is not None else ""
        self._notes = [*outer, f"{mark} {text}", *self._notes]
        return mark

    def _items(self, element: Any, depth: int, style: str | None) -> Iterator[str]:
        number = 0
        for item in element.iterchildren(f"{_TEXT}list-item", f"{_TEXT}list-header"):
            start = item.get(f"{_TEXT}start-value", "")
            number = int(start) if start.isdecimal() else number + 1
            mark = f"{number}." if (style, str(depth)) in self._numbered else "-"
            words: list[str] = []
            inner: list[str] = []
            for child in item:
                if child.tag == f"{_TEXT}list":
                    inner += self._items(child, depth + 1, child.get(f"{_TEXT}style-name") or style)
                else:
                    words += (block.lstrip("# ") for block in self._block(child))
            if words:
                yield f"{'  ' * (depth - 1)}{mark} {' '.join(' '.join(words).split())}"
            yield from inner

    def _table(self, table: Any) -> Iterator[str]:
        rows = [[" ".join(self._block_texts(cell)) for cell in row] for row in cells(table)]
        if all(len(row) < 2 for row in rows):  # a frame around text
            for row in rows:
                yield from filter(None, row)
        elif text := markdown.table(rows):
            yield text

    def _block_texts(self, cell: Any) -> Iterator[str]:
        for element in cell if cell is not None else ():
            yield from (block.lstrip("# ") for block in self._block(element))


def cells(table: Any) -> Iterator[list[Any]]:
    """The cells of each row, None for those that are empty or covered by another. Empty rows give an empty list."""
    for row in _rows(table):
        found: list[Any] = []
        for cell in row.iterchildren(f"{_TABLE}table-cell", f"{_TABLE}covered-table-cell"):
            is_empty = not len(cell) or cell.tag == f"{_TABLE}covered-table-cell"
            repeat = _count(cell, "number-columns-repeated", _MOST_COLUMNS - len(found))
            found += [None if is_empty else cell] * repeat
        while found and found[-1] is None and len(found) > 1:
            found.pop()
        is_used = any(cell is not None for cell in found)
        for _time in range(_count(row, "number-rows-repeated", _MOST_EQUAL_ROWS) if is_used else 1):
            yield found if is_used else []


def _rows(parent: Any) -> Iterator[Any]:
    for element in parent:
        if element.tag == f"{_TABLE}table-row":
            yield element
        elif element.tag in (f"{_TABLE}table-header-rows", f"{_TABLE}table-rows", f"{_TABLE}table-row-group"):
            yield from _rows(element)


def _count(element: Any, name: str, most: int) -> int:
    value = element.get(f"{_TABLE}{name}", "1")
    return max(0, min(int(value), most)) if value.isdecimal() else 1


def _folded(text: str | None) -> str:
    """White space in the XML is one space; real ones have elements of their own."""
    if not text:
        return ""
    words = " ".join(text.split())
    if not words:
        return " "
    return f"{' ' * text[0].isspace()}{words}{' ' * text[-1].isspace()}"


def _sheets(body: Any, reader: _Body, removals: Removals) -> Iterator[str]:
    for sheet in body.iterchildren(f"{_TABLE}table"):
        rows = ([" ".join(reader._block_texts(cell)) for cell in row] for row in cells(sheet))
        text = rows_to_text(rows)
        name = sheet.get(f"{_TABLE}name", "")
        if sheet.get(f"{_TABLE}style-name") in reader.hidden:
            removals.add("hidden", f"{name}: {text}")
        elif text:
            yield markdown.heading(2, name)
            yield text


def _slide(page: Any, number: int, reader: _Body, removals: Removals) -> str:
    title, blocks, notes = "", [], ""
    for shape in page:
        kind = shape.get(f"{_PRESENTATION}class", "")
        if shape.tag == f"{_PRESENTATION}notes":
            notes = "\n".join(
                block
                for frame in shape
                if frame.get(f"{_PRESENTATION}class") == "notes"
                for block in reader.blocks(frame)
            )
        elif kind in _FURNITURE:
            removals.add("head", "".join(shape.itertext()))
        elif kind == "title" and not title:
            title = " ".join(" ".join(reader.blocks(shape)).split())
        else:
            blocks += reader.blocks(shape)
    return markdown.slide(number, title, blocks, notes)
