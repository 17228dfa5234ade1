"""DOCX: the body in its order, with headings, lists, tables and notes; headers, footers and deleted text stay out."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from services.documents import markdown
from services.documents.archive import BROKEN, open_package, parse_markup, refuse_package
from services.documents.page import ReadDocument, Report, ignore
from services.documents.removal import Removals
from services.documents.text import whole_document
from services.translation import _

if TYPE_CHECKING:
    from docx.document import Document

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_M = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_WITH_MACROS = (
    "application/vnd.ms-word.document.macroEnabled.main+xml",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.template.main+xml",
    "application/vnd.ms-word.template.macroEnabledTemplate.main+xml",
)
_NOT_SAID = {f"{_W}moveFrom", f"{_W}pPr", f"{_W}rPr", f"{_W}sdtPr", f"{_W}rt", f"{_W}txbxContent", _FALLBACK}
_INLINE = {f"{_W}tab": "\t", f"{_W}br": "\n", f"{_W}cr": "\n", f"{_W}noBreakHyphen": "-"}
_AROUND_BLOCKS = {f"{_W}{name}" for name in ("sdtContent", "ins", "moveTo", "customXml", "smartTag")}
_HEADING_STYLE = re.compile(r"heading ([1-9])$", re.IGNORECASE)
_WIDEST_SPAN = 100
_OFF = ("0", "false", "off")


def read_docx(path: Path, report: Report = ignore) -> ReadDocument:
    """Read the body of a Word document as Markdown, each note after the paragraph that refers to it.

    Raises:
        UserError: the file is empty, is no DOCX, is damaged, needs a password, or has no text.
    """
    from docx.opc.exceptions import OpcError
    from lxml.etree import XMLSyntaxError

    label = _("a Word document (DOCX)")
    removals = Removals()
    with open_package(path, label):
        try:
            document = _open(path)
            report(0.3)
            text = _Body(document, removals).text()
            _count_heads(document, removals)
        except (*BROKEN, OpcError, XMLSyntaxError, AttributeError) as error:
            raise refuse_package(path, label) from error
    report(1.0)
    return whole_document(path, text, "docx", removed=removals.found())


def _open(path: Path) -> Document:
    from docx.opc.constants import CONTENT_TYPE
    from docx.opc.part import PartFactory
    from docx.package import Package
    from docx.parts.document import DocumentPart

    # WORKAROUND: python-docx opens neither documents with macros nor templates, https://github.com/python-openxml/python-docx/issues/716
    for content_type in _WITH_MACROS:
        PartFactory.part_type_for.setdefault(content_type, DocumentPart)
    part = Package.open(str(path)).main_document_part
    if part.content_type not in (CONTENT_TYPE.WML_DOCUMENT_MAIN, *_WITH_MACROS):
        raise ValueError(part.content_type)
    return part.document


def _count_heads(document: Document, removals: Removals) -> None:
    for relation in document.part.rels.values():
        if relation.reltype.endswith(("/header", "/footer")) and not relation.is_external:
            for paragraph in parse_markup(relation.target_part.blob, "").iter(f"{_W}p"):
                removals.add("head", "".join(text.text or "" for text in paragraph.iter(f"{_W}t")))


class _Body:
    """Walks the body once; counts the items of numbered lists and the notes as it goes."""

    def __init__(self, document: Document, removals: Removals) -> None:
        self._body = document.element.body
        self._removals = removals
        self._note_texts = _notes(document)
        self._note_count = 0
        self._notes: list[str] = []  # referred to since the last paragraph that can be followed by them
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
        notes: list[str] = []
        was_item = False
        for block, is_item in self._blocks(self._body):
            if not (was_item and is_item):  # a list is not parted by its notes
                parts += [f"\n\n{note}" for note in notes]
                notes = []
            if parts:
                parts.append("\n" if was_item and is_item else "\n\n")
            parts.append(block)
            notes += self._notes
            self._notes = []
            was_item = is_item
        return "".join([*parts, *(f"\n\n{note}" for note in notes)])

    def _blocks(self, parent: Any) -> Iterator[tuple[str, bool]]:
        """``(text, is a list item)`` of every paragraph and table, inside content controls and insertions too."""
        for element in parent:
            if element.tag == f"{_W}p":
                yield from self._paragraph(element)
            elif element.tag == f"{_W}tbl":
                yield from self._table(element)
            elif element.tag == f"{_W}sdt":
                if not self._is_placeholder(element):
                    yield from self._blocks(element)
            elif element.tag in _AROUND_BLOCKS:
                yield from self._blocks(element)

    def _paragraph(self, paragraph: Any) -> Iterator[tuple[str, bool]]:
        if text := "".join(self._said(paragraph)).strip():
            if level := self._level(paragraph):
                yield markdown.heading(level, text), False
            elif mark := self._list_mark(paragraph):
                yield f"{mark} {text}", True
            else:
                yield text, False
        for box in paragraph.iter(f"{_W}txbxContent"):
            if _is_own_box(box, paragraph):
                yield from self._blocks(box)

    def _said(self, element: Any) -> Iterator[str]:
        """The text of a paragraph's runs; text boxes are blocks of their own, deleted text is not said."""
        for child in element:
            tag = child.tag
            if tag == f"{_W}t":
                yield child.text or ""
            elif tag in _INLINE:
                yield "" if child.get(f"{_W}type") in ("page", "column") else _INLINE[tag]
            elif tag == f"{_W}del":
                self._removals.add("deleted", "".join(said.text or "" for said in child.iter(f"{_W}delText", f"{_W}t")))
            elif tag in (f"{_W}footnoteReference", f"{_W}endnoteReference"):
                yield self._note(tag[len(_W) : -len("Reference")], child.get(f"{_W}id", ""))
            elif tag == f"{_M}oMath":
                yield _formula(child)
            elif tag == f"{_W}sdt" and self._is_placeholder(child):
                continue
            elif tag == f"{_W}r" and _is_hidden(child):
                self._removals.add("hidden", "".join(said.text or "" for said in child.iter(f"{_W}t")))
            elif tag == f"{_W}r" and (script := _script(child)):
                said = "".join(self._said(child))
                yield markdown.raised(said) if script == "superscript" else markdown.lowered(said)
            elif tag not in _NOT_SAID:
                yield from self._said(child)

    def _note(self, kind: str, note_id: str) -> str:
        """The mark of a note, ``[3]``; its text is kept until the paragraph ends."""
        element = self._note_texts.get((kind, note_id))
        if element is None:
            return ""
        self._note_count += 1
        mark = f"[{self._note_count}]"
        outer, self._notes = self._notes, []
        paragraphs = ("".join(self._said(paragraph)).strip() for paragraph in element.iter(f"{_W}p"))
        self._notes = [*outer, f"{mark} {' '.join(' '.join(paragraphs).split())}", *self._notes]
        return mark

    def _is_placeholder(self, control: Any) -> bool:
        """Whether a content control shows what to fill in, not what was filled in."""
        if control.find(f"{_W}sdtPr/{_W}showingPlcHdr") is None:
            return False
        self._removals.add("hidden", "".join(text.text or "" for text in control.iter(f"{_W}t")))
        return True

    def _level(self, paragraph: Any) -> int:
        outline = paragraph.find(f"{_W}pPr/{_W}outlineLvl")
        if outline is not None and outline.get(f"{_W}val", "9") < "9":
            return int(outline.get(f"{_W}val")) + 1
        return self._levels.get(_style_id(paragraph), 0)

    def _list_mark(self, paragraph: Any) -> str:
        """``-`` or ``3.``, indented by the item's depth; empty for a paragraph outside of lists."""
        list_id, depth = _list_place(paragraph)
        style = self._list_styles.get(_style_id(paragraph), "")
        is_numbered = self._formats.get((list_id, depth), "bullet") not in ("bullet", "none")
        if list_id in ("", "0"):
            if "Number" not in style and "Bullet" not in style:
                return ""
            list_id, is_numbered = style.rstrip("0123456789 "), "Number" in style
        if style[-1:].isdigit():  # "List Bullet 2" stands within "List Bullet"
            depth = max(depth, int(style[-1]) - 1)
        for inner in [key for key in self._counts if key[0] == list_id and key[1] > depth]:
            del self._counts[inner]
        self._counts[list_id, depth] += 1
        return "  " * depth + (f"{self._counts[list_id, depth]}." if is_numbered else "-")

    def _table(self, table: Any) -> Iterator[tuple[str, bool]]:
        rows = [_cells(row) for row in _inner(table, f"{_W}tr") if not self._is_deleted(row)]
        if _is_layout(table, rows):
            for row in rows:
                for cell in row:
                    yield from self._blocks(cell)
            return
        texts: list[list[str]] = []
        for row in rows:
            texts.append([])
            for cell in row:
                texts[-1] += [self._cell(cell), *[""] * (_span(cell) - 1)]
        if text := markdown.table(texts):
            yield text, False

    def _is_deleted(self, row: Any) -> bool:
        if row.find(f"{_W}trPr/{_W}del") is None:
            return False
        self._removals.add("deleted", " ".join(said.text or "" for said in row.iter(f"{_W}t", f"{_W}delText")))
        return True

    def _cell(self, cell: Any) -> str:
        """In one line; the rows of a table inside are parted by semicolons."""
        parts: list[str] = []
        for element in cell:
            if element.tag == f"{_W}tbl":
                kept = (row for row in _inner(element, f"{_W}tr") if not self._is_deleted(row))
                rows = ([self._cell(inner) for inner in _cells(row)] for row in kept)
                parts.append("; ".join(", ".join(filter(None, row)) for row in rows))
            else:
                parts += (text.lstrip("# ") for text, _is_item in self._blocks([element]))
        return " ".join(part for part in parts if part)


def _inner(parent: Any, tag: str) -> Iterator[Any]:
    """Rows of a table or cells of a row, inside content controls and insertions too."""
    for element in parent:
        if element.tag == tag:
            yield element
        elif element.tag == f"{_W}sdt" or element.tag in _AROUND_BLOCKS:
            yield from _inner(element, tag)


def _cells(row: Any) -> list[Any]:
    return list(_inner(row, f"{_W}tc"))


def _span(cell: Any) -> int:
    """The columns that a cell is wide."""
    span = cell.find(f"{_W}tcPr/{_W}gridSpan")
    value = span.get(f"{_W}val", "1") if span is not None else "1"
    return min(max(int(value), 1), _WIDEST_SPAN) if value.isdecimal() else 1


def _is_layout(table: Any, rows: list[list[Any]]) -> bool:
    """A frame around text: of a single column, or with other tables as most of what is in it."""
    if all(len(row) < 2 for row in rows):
        return True
    inner = sum(len(text.text or "") for part in table.iterfind(f".//{_W}tbl") for text in part.iter(f"{_W}t"))
    return inner > 0 and 2 * inner > sum(len(text.text or "") for text in table.iter(f"{_W}t"))


def _is_own_box(box: Any, paragraph: Any) -> bool:
    """Whether a text box is this paragraph's, not one in a box of its, and not the second version for old programs."""
    for ancestor in box.iterancestors():
        if ancestor is paragraph:
            return True
        if ancestor.tag in (_FALLBACK, f"{_W}txbxContent"):
            return False
    return False


def _is_hidden(run: Any) -> bool:
    vanish = run.find(f"{_W}rPr/{_W}vanish")
    return vanish is not None and vanish.get(f"{_W}val", "true") not in _OFF


def _script(run: Any) -> str:
    """ "superscript", "subscript", or nothing."""
    place = run.find(f"{_W}rPr/{_W}vertAlign")
    return "" if place is None else str(place.get(f"{_W}val", "")).replace("baseline", "")


def _formula(element: Any) -> str:
    """A formula in one line: ``(a)/(b)``, ``x^2``, ``x_i``."""

    def part(parent: Any, name: str) -> str:
        found = parent.find(f"{_M}{name}")
        return _formula(found) if found is not None else ""

    said: list[str] = []
    for child in element:
        name = child.tag.removeprefix(_M)
        if name == "t":
            said.append(child.text or "")
        elif name == "f":
            said.append(f"({part(child, 'num')})/({part(child, 'den')})")
        elif name in ("sSup", "sSub", "sSubSup"):
            below, above = part(child, "sub"), part(child, "sup")
            said += [part(child, "e"), f"_{below}" if below else "", f"^{above}" if above else ""]
        elif name in ("rad", "d"):
            said.append(f"{'√' if name == 'rad' else ''}({part(child, 'e')})")
        else:
            said.append(_formula(child))
    return "".join(said)


def _notes(document: Document) -> dict[tuple[str, str], Any]:
    """``(footnote or endnote, id) -> element``, without the lines that part notes from the text."""
    notes: dict[tuple[str, str], Any] = {}
    for relation in document.part.rels.values():
        if relation.is_external or not relation.reltype.endswith(("/footnotes", "/endnotes")):
            continue
        kind = relation.reltype.rpartition("/")[2][:-1]
        for note in parse_markup(relation.target_part.blob, "").iter(f"{_W}{kind}"):
            if note.get(f"{_W}type", "normal") == "normal":
                notes[kind, note.get(f"{_W}id", "")] = note
    return notes


def _style_id(paragraph: Any) -> str:
    style = paragraph.find(f"{_W}pPr/{_W}pStyle")
    return style.get(f"{_W}val", "") if style is not None else ""


def _list_place(paragraph: Any) -> tuple[str, int]:
    """The id of the list that a paragraph itself says it belongs to, and its depth in it; empty for none."""
    number_id = paragraph.find(f"{_W}pPr/{_W}numPr/{_W}numId")
    if number_id is None:
        return "", 0
    place = paragraph.find(f"{_W}pPr/{_W}numPr/{_W}ilvl")
    return number_id.get(f"{_W}val", ""), int(place.get(f"{_W}val", "0")) if place is not None else 0


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
