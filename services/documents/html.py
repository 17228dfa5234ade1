"""HTML: what the page says, without navigation, scripts, forms and cookie banners."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from services.documents import markdown
from services.documents.page import ReadDocument, Report, ignore, refuse_empty
from services.documents.removal import Removals
from services.documents.text import decode, whole_document

if TYPE_CHECKING:
    from bs4 import BeautifulSoup, Tag

_SILENT = re.compile("script|style|template|map|svg|canvas|iframe|object|embed|audio|video|head")
_LEFT_OUT = {
    "nav": "navigation", "footer": "navigation", "aside": "navigation", "button": "navigation", "select": "navigation",
    "textarea": "navigation", "input": "navigation", "menu": "navigation", "dialog": "banner", "noscript": "hidden",
}  # fmt: skip
_LEFT_OUT_ROLES = {
    "navigation": "navigation", "banner": "navigation", "contentinfo": "navigation", "search": "navigation",
    "complementary": "navigation", "menu": "navigation", "dialog": "banner", "alertdialog": "banner",
}  # fmt: skip
_BANNER = re.compile(
    r"\b(?:cookies?|consent|gdpr|privacy)-?(?:banner|bar|box|consent|dialog|disclaimer|hint|law|layer|manager|message|modal"
    r"|notice|overlay|policy|popup|preferences|settings|wall)\b|\b(?:onetrust|cookiebot|cybotcookiebot\w*|usercentrics"
    r"|didomi|qc-cmp\w*|borlabs|cmplz|cc-window|truste|klaro|paywall)\b"
)
_BANNER_IF_IT_ASKS = re.compile(r"\b(?:cookies?|consent|gdpr|newsletter|modal|popup)\b")  # with a button, for example
_NAVIGATION = re.compile(
    r"\b(?:breadcrumbs?|navbar|sidebar|site-?(?:header|footer|nav)|skip-?link|share-?buttons?|navbox|mw-editsection"
    r"|mw-jump-link|headerlink|sphinxsidebar)\b"
)
_ASKING = ["button", "form", "input"]
_NOTE = re.compile(r"\b(?:doc-)?(?:foot|end|rear)notes?\b")
_INVISIBLE = re.compile(r"(?:display:none|visibility:hidden|mso-hide:all)(?![\w-])")
_BLOCK = re.compile(
    "h[1-6]|address|article|blockquote|body|center|d[dlt]|details|div|fieldset|figcaption|figure|header|hr|html"
    "|legend|li|main|ol|p|pre|section|summary|table|ul"
)
_HEADING_TAGS = {f"h{level}": level for level in range(1, 7)}
_CHARSET = re.compile(
    rb"""<(?:meta|\?xml)[^>]{0,200}?(?:charset|encoding)\s*=\s*["']?\s*([A-Za-z0-9_.:-]+)""", re.IGNORECASE
)
_BLANKS = re.compile(r"[ \t\n\f\r]+")
_CODE = ("code", "kbd", "samp", "tt")
_LANGUAGE = re.compile(r"lang(?:uage)?-([\w+#-]+)")
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
    from bs4 import BeautifulSoup, XMLParsedAsHTMLWarning

    warnings.filterwarnings("ignore", category=XMLParsedAsHTMLWarning)  # XHTML is read as HTML, as browsers do
    soup = BeautifulSoup(source, "lxml")
    title = soup.title.get_text(" ", strip=True) if soup.title and has_title else ""
    _leave_out(soup, Removals() if removals is None else removals, is_book)
    root = _content(soup)
    try:
        text = "\n\n".join(_blocks(root))
    except RecursionError:  # elements within elements beyond all measure: the words without their order
        text = "\n\n".join(_line(string) for string in root.stripped_strings)
    if title and not root.find("h1"):
        text = f"{markdown.heading(1, title)}\n\n{text}" if text else ""
    return text


def _leave_out(soup: BeautifulSoup, removals: Removals, is_book: bool) -> None:
    """Take out comments and furniture, from the outside in, so that no element is looked at twice."""
    from bs4 import Tag
    from bs4.element import PreformattedString

    waiting: list[Tag] = [soup]
    while waiting:
        for child in list(waiting.pop().children):
            if isinstance(child, Tag):
                if child.name == "math":
                    child.replace_with(_formula(child))
                elif child.name in ("sup", "sub"):
                    child.replace_with(_script(child))
                elif child.name in _CODE and (code := _inline_code(child)):
                    child.replace_with(code)
                elif "noteref" in str(child.get("epub:type", child.get("role", ""))) and not child.find("sup"):
                    child.string = f"[{child.get_text().strip(' []')}]"
                elif _SILENT.fullmatch(child.name):
                    child.extract()
                elif kind := _furniture(child, is_book):
                    removals.add(kind, child.get_text(" "))
                    child.extract()
                else:
                    waiting.append(child)
            elif isinstance(child, PreformattedString):  # comments, declarations, processing instructions
                child.extract()


def _furniture(tag: Tag, is_book: bool) -> str:
    """The kind of removal for a part of the site rather than of the text; empty for the text.

    What holds the main text is never furniture, whatever it is called.
    """
    if tag.name in ("html", "body", "main", "article"):
        return ""
    if tag.has_attr("hidden") or _INVISIBLE.search(str(tag.get("style", "")).replace(" ", "").lower()):
        return "hidden"
    role = str(tag.get("role", "")).lower()
    if _NOTE.search(f"{role} {tag.get('epub:type', '')}") or (is_book and tag.name == "aside"):
        return ""
    if tag.name in _LEFT_OUT:
        return _LEFT_OUT[tag.name]
    if tag.name == "form":  # around the whole page on some sites
        return "" if tag.find(["main", "article", "h1", "h2"]) or len(tag.find_all("p", limit=3)) > 2 else "navigation"
    if tag.name == "header":
        is_text = is_book or tag.find_parent(["main", "article"]) is not None or tag.find("h1") is not None
        return "" if is_text else "navigation"
    if role in _LEFT_OUT_ROLES:
        return _LEFT_OUT_ROLES[role]
    # Programs that make manuals name sections by their headings, which may be "Cookies".
    names = [*tag.get_attribute_list("class", []), "" if tag.name == "section" else tag.get("id", "")]
    name = " ".join(map(str, filter(None, names))).lower().replace("_", "-")
    if not name.strip():
        return ""
    is_banner = _BANNER.search(name) or (_BANNER_IF_IT_ASKS.search(name) and tag.find(_ASKING))
    kind = "banner" if is_banner else "navigation" if _NAVIGATION.search(name) else ""
    return kind if kind and tag.find(["main", "article", "h1"]) is None else ""


def _inline_code(tag: Tag) -> str:
    """In backticks, unless it is a block of code, or has one in it."""
    text = " ".join(tag.get_text().split())
    is_block = tag.find_parent("pre") is not None or tag.find(_is_block) is not None or "`" in text
    return f"`{text}`" if text and not is_block else ""


def _script(tag: Tag) -> str:
    """``m²``, ``H₂O``; a number that leads to a note in brackets."""
    text = tag.get_text().strip()
    if tag.name == "sub":
        return markdown.lowered(text)
    link = tag.find("a") or tag.find_parent("a")
    is_mark = text.isdecimal() and link is not None and "#" in str(link.get("href", ""))
    return f"[{text}]" if is_mark else markdown.raised(text)


def _formula(math: Tag) -> str:
    """As it is written in TeX where the page says so, else its letters."""
    written = str(math.get("alttext", "")).strip()
    if not written and (note := math.find("annotation", encoding="application/x-tex")):
        written = note.get_text(strip=True)
    if not written:
        return math.get_text("")
    if match := re.fullmatch(r"\{\\(?:display|text)style (.*)\}", written, re.DOTALL):
        written = match[1]
    return f"${written.strip()}$"


def _content(soup: BeautifulSoup) -> Tag:
    """The element that holds the text: main where it is marked and not a stub, else the body."""
    body = soup.body or soup
    marked = soup.find("main") or soup.find(attrs={"role": "main"})
    if marked is not None and 2 * len(marked.get_text(strip=True)) >= len(body.get_text(strip=True)):
        return marked
    return body


def _blocks(tag: Tag) -> Iterator[str]:
    """The blocks of an element in their order, text between them included. A list is one block."""
    inline: list[str] = []
    yield from _walk(tag, inline)
    yield from _flush(inline)


def _walk(tag: Tag, inline: list[str]) -> Iterator[str]:
    """As ``_blocks``; what has been said since the last block is in ``inline``, and goes on after an inline element."""
    from bs4 import NavigableString

    for child in tag.children:
        if isinstance(child, NavigableString):
            inline.append(str(child))
        elif child.name == "br":
            inline.append("\v")
        elif _is_block(child):
            yield from _flush(inline)
            yield from _block(child)
        elif child.find(_is_block):
            yield from _walk(child, inline)
        else:
            inline.append(_inline(child))


def _is_block(tag: Tag) -> bool:
    return _BLOCK.fullmatch(tag.name) is not None


def _block(tag: Tag) -> Iterator[str]:
    if level := _HEADING_TAGS.get(tag.name):
        if title := _line(_inline(tag)).replace("\n", " "):
            yield markdown.heading(level, title)
    elif tag.name == "pre":
        for line_break in tag.find_all("br"):
            line_break.replace_with("\n")
        if (code := tag.get_text().strip("\n")).strip():
            named = _LANGUAGE.search(
                " ".join(map(str, [tag.get("class", ""), (tag.find("code") or tag).get("class", "")]))
            )
            yield markdown.fence(code, named[1] if named else "")
    elif tag.name in ("ul", "ol"):
        if items := "\n".join(_items(tag)):
            yield items
    elif tag.name == "table" and not _is_layout(tag):
        if rows := markdown.table(_cells(tag)):
            caption = tag.find("caption")
            yield f"{_line(_inline(caption))}\n\n{rows}" if caption else rows
    elif tag.name == "blockquote":
        yield from (re.sub("^", "> ", block, flags=re.MULTILINE) for block in _blocks(tag))
    elif tag.name == "dl":
        yield from _definitions(tag)
    else:
        yield from _blocks(tag)


def _definitions(tag: Tag) -> Iterator[str]:
    """``term: definition`` in one line where the definition is one paragraph."""
    terms: list[str] = []
    for part in tag.find_all(["dt", "dd"]):
        if part.find_parent("dl") is not tag:
            continue
        if part.name == "dt":
            terms.append(" ".join(_line(_inline(part)).split()))
            continue
        first, *others = [*_blocks(part), ""][:-1] or [""]
        yield f"{', '.join(terms)}: {first}" if terms else first
        yield from others
        terms = []
    yield from terms


def _items(tag: Tag, depth: int = 0) -> Iterator[str]:
    number = 0
    for child in tag.find_all(["li", "ul", "ol"], recursive=False):
        if child.name != "li":
            yield from _items(child, depth + 1)
            continue
        number += 1
        nested = [inner.extract() for inner in child.find_all(["ul", "ol"]) if inner.find_parent("li") is child]
        blocks = list(_blocks(child))
        if text := "\n".join(block for block in blocks if not block.startswith(_WHOLE)):
            mark = f"{number}." if tag.name == "ol" else "-"
            yield f"{'  ' * depth}{mark} {' '.join(text.split())}"
        yield from (block for block in blocks if block.startswith(_WHOLE))
        for inner in nested:
            yield from _items(inner, depth + 1)


def _rows(table: Tag) -> list[Tag]:
    return [row for row in table.find_all("tr") if row.find_parent("table") is table]


def _cells(table: Tag) -> list[list[str]]:
    """Each in its column: a cell over several columns or rows leaves the others empty."""
    rows: list[list[str]] = []
    open_rows: dict[int, int] = {}  # column -> rows below that a cell above still covers
    for row in _rows(table):
        texts: list[str] = []
        for cell in row.find_all(["td", "th"], recursive=False):
            while open_rows.get(len(texts), 0):
                open_rows[len(texts)] -= 1
                texts.append("")
            width, height = _span(cell, "colspan"), _span(cell, "rowspan")
            for column in range(len(texts), len(texts) + width):
                open_rows[column] = height - 1
            texts += [_line(_inline(cell)), *[""] * (width - 1)]
        for column in open_rows:
            if column >= len(texts) and open_rows[column]:
                open_rows[column] -= 1
        rows.append(texts)
    return rows


def _span(cell: Tag, name: str) -> int:
    value = str(cell.get(name, "1")).strip()
    return min(max(int(value), 1), _WIDEST_SPAN) if value.isdecimal() else 1


def _is_layout(table: Tag) -> bool:
    """Tables that only place things: so marked, with tables or headings in them, or of a single column."""
    if str(table.get("role", "")).lower() in ("presentation", "none"):
        return True
    if table.find(["table", "h1", "h2", "h3"]) is not None:
        return True
    return all(len(row.find_all(["td", "th"])) < 2 for row in _rows(table))


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
