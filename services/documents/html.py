"""HTML: what the page says, without navigation, scripts, forms and cookie banners."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from services.documents import markdown
from services.documents.page import Page, ReadDocument, Report, has_words, ignore, refuse_empty, refuse_without_text
from services.documents.text import decode

if TYPE_CHECKING:
    from bs4 import BeautifulSoup, Tag

_LEFT_OUT = re.compile(
    "script|style|noscript|template|nav|footer|aside|form|button|select|textarea|input|dialog|menu"
    "|svg|math|canvas|iframe|object|embed|audio|video|map"
)
_LEFT_OUT_ROLES = {"navigation", "banner", "contentinfo", "search", "complementary", "dialog", "alertdialog", "menu"}
_BANNER = re.compile(
    r"\b(?:cookies?|consent|gdpr|breadcrumbs?|newsletter|navbar|sidebar|site-?(?:header|footer|nav)|skip-?link|share-?buttons?)\b"
)
_BLOCK = re.compile(
    "h[1-6]|address|article|blockquote|body|center|d[dlt]|details|div|fieldset|figcaption|figure|header|hr|html"
    "|legend|li|main|ol|p|pre|section|summary|table|ul"
)
_HEADING_TAGS = {f"h{level}": level for level in range(1, 7)}
_CHARSET = re.compile(
    rb"""<(?:meta|\?xml)[^>]{0,200}?(?:charset|encoding)\s*=\s*["']?\s*([A-Za-z0-9_.:-]+)""", re.IGNORECASE
)
_BLANKS = re.compile(r"[ \t\n\f\r]+")


def read_html(path: Path, report: Report = ignore) -> ReadDocument:
    """Read a page's own text with headings, lists, tables and code blocks as Markdown.

    Raises:
        UserError: the file is empty or has no text.
    """
    data = path.read_bytes()
    if not data:
        raise refuse_empty(path)
    declared = _CHARSET.search(data[:4096])
    text = html_to_text(decode(data, path, declared[1].decode("ascii") if declared else None))
    if not has_words(text):
        raise refuse_without_text(path)
    report(1.0)
    return ReadDocument((Page(None, text),), "html")


def html_to_text(source: str) -> str:
    """The Markdown text of an HTML document or fragment; empty if nothing but navigation is in it."""
    from bs4 import BeautifulSoup

    soup = BeautifulSoup(source, "lxml")
    title = soup.title.get_text(" ", strip=True) if soup.title else ""
    _leave_out(soup)
    root = _content(soup)
    text = "\n\n".join(_blocks(root))
    if title and not root.find("h1"):
        text = f"{markdown.heading(1, title)}\n\n{text}"
    return text


def _leave_out(soup: BeautifulSoup) -> None:
    """Take out comments and furniture, from the outside in, so that no element is looked at twice."""
    from bs4 import Tag
    from bs4.element import PreformattedString

    waiting: list[Tag] = [soup]
    while waiting:
        for child in list(waiting.pop().children):
            if isinstance(child, Tag):
                if _LEFT_OUT.fullmatch(child.name) or _is_furniture(child):
                    child.extract()
                else:
                    waiting.append(child)
            elif isinstance(child, PreformattedString):  # comments, declarations, processing instructions
                child.extract()


def _is_furniture(tag: Tag) -> bool:
    """Part of the site rather than of the text. What holds the main text is not, whatever it is called."""
    if tag.name in ("html", "body", "main", "article"):
        return False
    if tag.name == "head" or tag.has_attr("hidden") or "display:none" in str(tag.get("style", "")).replace(" ", ""):
        return True
    if tag.name == "header":
        return tag.find_parent(["main", "article"]) is None and tag.find("h1") is None
    if str(tag.get("role", "")).lower() in _LEFT_OUT_ROLES:
        return True
    names = " ".join([*tag.get_attribute_list("class", []), str(tag.get("id", ""))]).lower().replace("_", "-")
    return bool(names.strip() and _BANNER.search(names)) and tag.find(["main", "article", "h1"]) is None


def _content(soup: BeautifulSoup) -> Tag:
    """The element that holds the text: main where it is marked and not a stub, else the body."""
    body = soup.body or soup
    marked = soup.find("main") or soup.find(attrs={"role": "main"})
    if marked is not None and 2 * len(marked.get_text(strip=True)) >= len(body.get_text(strip=True)):
        return marked
    return body


def _blocks(tag: Tag) -> Iterator[str]:
    """The blocks of an element in their order, text between them included. A list is one block."""
    from bs4 import NavigableString

    inline: list[str] = []
    for child in tag.children:
        if isinstance(child, NavigableString):
            inline.append(str(child))
        elif child.name == "br":
            inline.append("\v")
        elif _is_block(child) or child.find(_is_block):
            yield from _flush(inline)
            yield from _block(child)
        else:
            inline.append(_inline(child))
    yield from _flush(inline)


def _is_block(tag: Tag) -> bool:
    return _BLOCK.fullmatch(tag.name) is not None


def _block(tag: Tag) -> Iterator[str]:
    if level := _HEADING_TAGS.get(tag.name):
        if title := _line(_inline(tag)).replace("\n", " "):
            yield markdown.heading(level, title)
    elif tag.name == "pre":
        if code := tag.get_text().strip("\n"):
            yield f"```\n{code}\n```"
    elif tag.name in ("ul", "ol"):
        if items := "\n".join(_items(tag)):
            yield items
    elif tag.name == "table" and not _is_layout(tag):
        if rows := markdown.table(
            [[_line(_inline(cell)) for cell in row.find_all(["td", "th"])] for row in _rows(tag)]
        ):
            caption = tag.find("caption")
            yield f"{_line(_inline(caption))}\n\n{rows}" if caption else rows
    else:
        yield from _blocks(tag)


def _items(tag: Tag, depth: int = 0) -> Iterator[str]:
    number = 0
    for child in tag.find_all(["li", "ul", "ol"], recursive=False):
        if child.name != "li":
            yield from _items(child, depth + 1)
            continue
        number += 1
        nested = [inner.extract() for inner in child.find_all(["ul", "ol"]) if inner.find_parent("li") is child]
        if text := "\n".join(_blocks(child)):
            mark = f"{number}." if tag.name == "ol" else "-"
            yield f"{'  ' * depth}{mark} {' '.join(text.split())}"
        for inner in nested:
            yield from _items(inner, depth + 1)


def _rows(table: Tag) -> list[Tag]:
    return [row for row in table.find_all("tr") if row.find_parent("table") is table]


def _is_layout(table: Tag) -> bool:
    """Tables that only place things: with tables in them, or of a single column."""
    return table.find("table") is not None or all(len(row.find_all(["td", "th"])) < 2 for row in _rows(table))


def _inline(tag: Tag) -> str:
    for line_break in tag.find_all("br"):
        line_break.replace_with("\v")
    return tag.get_text(" " if tag.name in ("td", "th", "tr") else "")


def _flush(inline: list[str]) -> Iterator[str]:
    if text := _line("".join(inline)):
        yield text
    inline.clear()


def _line(text: str) -> str:
    """White space as a browser shows it; ``\\v`` stands for a line break that was asked for."""
    return "\n".join(part for part in (_BLANKS.sub(" ", part).strip() for part in text.split("\v")) if part)
