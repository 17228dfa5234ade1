"""HTML: what the page says, without navigation, scripts, forms and cookie banners."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from services.documents import markdown
from services.documents.furniture import SILENT, furniture, texts
from services.documents.page import ReadDocument, Report, ignore, refuse_empty
from services.documents.removal import Removals
from services.documents.text import decode, whole_document

_BLOCK = (
    "h1", "h2", "h3", "h4", "h5", "h6", "address", "article", "blockquote", "body", "center", "dd", "dl", "dt", "details",
    "div", "fieldset", "figcaption", "figure", "form", "header", "hr", "html", "legend", "li", "main", "ol", "p", "pre",
    "section", "summary", "table", "tbody", "td", "tfoot", "th", "thead", "tr", "ul",
)  # fmt: skip
_BLOCKS = frozenset(_BLOCK)
_HEADING_TAGS = {f"h{level}": level for level in range(1, 7)}
_LISTS = ("ul", "ol")
_CODE = frozenset(("code", "kbd", "samp", "tt"))
_LANGUAGE = re.compile(r"\blang(?:uage)?-([\w+#-]+)")
_CHARSET = re.compile(
    rb"""<(?:meta|\?xml)[^>]{0,200}?(?:charset|encoding)\s*=\s*["']?\s*([A-Za-z0-9_.:-]+)""", re.IGNORECASE
)
_TEX_STYLE = re.compile(r"\{\\(?:display|text)style (.*)\}", re.DOTALL)
_SCRIPT = re.compile(r"<(?:script|style)\b[^>]*>[^<]*", re.IGNORECASE)
_TAG = re.compile(r"<[^<>]*>")
_BLANKS = re.compile(r"[ \t\n\f\r]+")
_FENCE_LINE = re.compile(r"^`{3,}.*$", re.MULTILINE)
_WIDEST_SPAN = 100
_WHOLE = ("```", "|")  # code and tables, which keep their lines in a list too


def read_html(path: Path, report: Report = ignore) -> ReadDocument:
    """Read a page's own text with headings, lists, tables and code blocks as Markdown.

    Raises:
        UserError: the file is empty or has no text.
    """
    data = path.read_bytes()
    if not data:
        raise refuse_empty(path)
    removals = Removals()
    text = html_to_text(decode_html(data, path), removals)
    report(1.0)
    return whole_document(path, text, "html", removed=removals.found())


def decode_html(data: bytes, path: Path) -> str:
    """The page's source in the encoding that it declares.

    Raises:
        UserError: it is not text.
    """
    declared = _CHARSET.search(data[:4096])
    return decode(data, path, declared[1].decode("ascii") if declared else None)


def html_to_text(
    source: str, removals: Removals | None = None, *, has_title: bool = True, is_book: bool = False
) -> str:
    """The Markdown text of an HTML document or fragment; empty if nothing but navigation is in it.

    Args:
        removals: told what is left out.
        has_title: the page's title stands for a heading where there is none.
        is_book: asides are part of the text.
    """
    removals = Removals() if removals is None else removals
    try:
        root = _parsed(source)
        return _text(root, removals, has_title, is_book) if root is not None else ""
    except RecursionError:
        return _words(source)


def _text(root: Any, removals: Removals, has_title: bool, is_book: bool) -> str:
    body = root.find("body") if root.find("body") is not None else root
    text = _Page(removals, is_book).text(body)
    main = next((element for element in body.iter() if element.tag == "main" or element.get("role") == "main"), None)
    if main is not None:  # unless it is a stub
        inner = _Page(Removals(), is_book).text(main)
        text = inner if 2 * len(inner) >= len(text) else text
    title = root.find(".//title") if has_title else None
    if title is not None and text and not any(level == 1 for _start, level, _title in markdown.headings(text)):
        name = " ".join("".join(title.itertext()).split())
        text = f"{markdown.heading(1, name)}\n\n{text}" if name else text
    return text


def _parsed(source: str) -> Any:
    """The root element; None if there is none. Nothing is fetched, and entities of the page's own are not expanded.

    Raises:
        RecursionError: elements are nested beyond all measure, and the parser gave up.
    """
    from lxml import etree

    if not source.strip():
        return None
    parser = etree.HTMLParser(
        encoding="utf-8", remove_comments=True, remove_pis=True, no_network=True, huge_tree=True
    )  # huge_tree: else text of more than 10 MB is cut off
    root = etree.fromstring(source.replace("\0", "").encode("utf-8", "replace"), parser)
    if any(error.type == etree.ErrorTypes.ERR_RESOURCE_LIMIT for error in parser.error_log):
        raise RecursionError
    return root


def _words(source: str) -> str:
    """What stands between the tags, for a page that cannot be parsed."""
    texts = _TAG.split(_SCRIPT.sub(" ", source))
    return "\n\n".join(filter(None, (_line(html.unescape(text)) for text in texts)))


class _Page:
    """Walks the elements once, without changing them."""

    def __init__(self, removals: Removals, is_book: bool) -> None:
        self._removals = removals
        self._is_book = is_book

    def text(self, root: Any) -> str:
        return "\n\n".join(self._blocks(root))

    def _is_left_out(self, element: Any) -> bool:
        if element.tag in SILENT:
            return True
        if kind := furniture(element, self._is_book):
            self._removals.add(kind, " ".join(texts(element)))
        return bool(kind)

    def _blocks(self, element: Any, lists: list[Any] | None = None) -> Iterator[str]:
        """The blocks of an element in their order, text between them included. A list is one block.

        Args:
            lists: where the lists in a list item are put aside; None if they are blocks like others.
        """
        inline: list[str] = []
        yield from self._walk(element, inline, lists)
        yield from _flush(inline)

    def _walk(self, element: Any, inline: list[str], lists: list[Any] | None) -> Iterator[str]:
        """``inline`` is what has been said since the last block; it goes on after an inline element."""
        inline.append(element.text or "")
        for child in element:
            if not self._is_left_out(child):
                if child.tag in _BLOCKS:
                    yield from _flush(inline)
                    if lists is not None and child.tag in _LISTS:
                        lists.append(child)
                    else:
                        yield from self._block(child, lists)
                elif next(child.iterdescendants(*_BLOCK), None) is not None:
                    yield from self._walk(child, inline, lists)
                else:
                    inline.append(self._said(child))
            inline.append(child.tail or "")

    def _said(self, element: Any) -> str:
        """The words of an inline element. ``\\v`` stands for a line break that was asked for."""
        tag = element.tag
        if tag == "br":
            return "\v"
        if tag == "math":
            return _formula(element)
        parts = [element.text or ""]
        for child in element:
            if not self._is_left_out(child):
                parts.append(self._said(child))
            parts.append(child.tail or "")
        text = "".join(parts)
        if tag == "sub":
            return markdown.lowered(text.strip())
        if tag == "sup" or "noteref" in f"{element.get('epub:type', '')} {element.get('role', '')}":
            return _raised(element, text.strip())
        if tag in _CODE and text.strip() and "`" not in text:
            return f"`{_BLANKS.sub(' ', text).strip()}`"
        return text

    def _block(self, element: Any, lists: list[Any] | None) -> Iterator[str]:
        tag = element.tag
        if level := _HEADING_TAGS.get(tag):
            if title := " ".join(" ".join(self._blocks(element)).split()):
                yield markdown.heading(level, title)
        elif tag == "pre":
            yield from _code(element)
        elif tag in _LISTS:
            if items := "\n".join(self._items(element)):
                yield items
        elif tag == "table" and not _is_layout(element):
            if rows := markdown.table(self._cells(element)):
                caption = element.find("caption")
                yield f"{' '.join(self._blocks(caption))}\n\n{rows}" if caption is not None else rows
        elif tag == "blockquote":
            yield from (re.sub("^", "> ", block, flags=re.MULTILINE) for block in self._blocks(element, lists))
        elif tag == "dl":
            yield from self._definitions(element)
        else:
            yield from self._blocks(element, lists)

    def _items(self, element: Any, depth: int = 0) -> Iterator[str]:
        number = 0
        for child in element:
            if child.tag in _LISTS:
                yield from self._items(child, depth + 1)
            elif child.tag == "li" and not self._is_left_out(child):
                number += 1
                nested: list[Any] = []
                blocks = list(self._blocks(child, nested))
                if text := " ".join(block for block in blocks if not block.startswith(_WHOLE)):
                    mark = f"{number}." if element.tag == "ol" else "-"
                    yield f"{'  ' * depth}{mark} {' '.join(text.split())}"
                yield from (block for block in blocks if block.startswith(_WHOLE))
                for inner in nested:
                    yield from self._items(inner, depth + 1)

    def _definitions(self, element: Any) -> Iterator[str]:
        """``term: definition``, the definition's other paragraphs after it."""
        terms: list[str] = []
        for part in element.iter("dt", "dd"):
            if next(part.iterancestors("dl")) is not element or self._is_left_out(part):
                continue
            blocks = list(self._blocks(part))
            if part.tag == "dt":
                terms.append(" ".join(" ".join(blocks).split()))
            elif blocks:
                yield f"{', '.join(terms)}: {blocks[0]}" if terms and not blocks[0].startswith(_WHOLE) else blocks[0]
                yield from blocks[1:]
                terms = []
        yield from terms

    def _cells(self, table: Any) -> list[list[str]]:
        """Each in its column: a cell over several columns or rows leaves the others empty."""
        rows: list[list[str]] = []
        covered: dict[int, int] = {}  # column -> rows below that a cell above still covers
        for row in _rows(table):
            if self._is_left_out(row):
                continue
            texts: list[str] = []
            for cell in row.iterchildren("td", "th"):
                while covered.get(len(texts), 0):
                    covered[len(texts)] -= 1
                    texts.append("")
                width, height = _span(cell, "colspan"), _span(cell, "rowspan")
                for column in range(len(texts), len(texts) + width):
                    covered[column] = height - 1
                texts += [self._cell(cell), *[""] * (width - 1)]
            for column in covered:
                if column >= len(texts) and covered[column]:
                    covered[column] -= 1
            rows.append(texts)
        return rows

    def _cell(self, cell: Any) -> str:
        if self._is_left_out(cell):
            return ""
        return _FENCE_LINE.sub("", " ".join(block.lstrip("# ") for block in self._blocks(cell)))


def _raised(element: Any, text: str) -> str:
    """``m²``; a number that leads to a note in brackets."""
    if element.tag == "sup" and next(element.iterdescendants("a"), None) is None:
        return text if text.startswith("[") else markdown.raised(text)
    return f"[{text}]" if text.isdecimal() else text


def _formula(math: Any) -> str:
    """As it is written in TeX where the page says so, else its letters."""
    written = math.get("alttext", "").strip()
    note = math.find(".//annotation[@encoding='application/x-tex']")
    if not written and note is not None:
        written = "".join(note.itertext()).strip()
    if not written:
        return "".join(math.itertext())
    match = _TEX_STYLE.fullmatch(written)
    return f"${(match[1] if match else written).strip()}$"


def _code(element: Any) -> Iterator[str]:
    code = "".join(texts(element, line_break="\n")).strip("\n")
    names = " ".join(part.get("class", "") for part in (element, *element.iterchildren("code")))
    if code.strip():
        language = _LANGUAGE.search(names)
        yield markdown.fence(code, language[1] if language else "")


def _rows(table: Any) -> list[Any]:
    return [row for row in table.iter("tr") if next(row.iterancestors("table")) is table]


def _span(cell: Any, name: str) -> int:
    value = cell.get(name, "1").strip()
    return min(max(int(value), 1), _WIDEST_SPAN) if value.isdecimal() else 1


def _is_layout(table: Any) -> bool:
    """Tables that only place things: so marked, with tables or headings in them, or of a single column."""
    if table.get("role", "").lower() in ("presentation", "none"):
        return True
    if next(table.iterdescendants("table", "h1", "h2", "h3"), None) is not None:
        return True
    return all(sum(1 for _cell in row.iterchildren("td", "th")) < 2 for row in _rows(table))


def _flush(inline: list[str]) -> Iterator[str]:
    if text := _line("".join(inline)):
        yield text
    inline.clear()


def _line(text: str) -> str:
    """White space as a browser shows it; ``\\v`` stands for a line break that was asked for."""
    return "\n".join(part for part in (_BLANKS.sub(" ", part).strip() for part in text.split("\v")) if part)
