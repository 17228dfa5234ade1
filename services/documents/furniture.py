"""Which elements of a web page are the site's and not the text's: navigation, banners, what is hidden."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

SILENT = frozenset(
    ("script", "style", "template", "map", "svg", "canvas", "iframe", "object", "embed", "audio", "video", "head")
)
"""Elements that say nothing that could be left out."""

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
_ASKING = ("button", "form", "input")
_NAVIGATION = re.compile(
    r"\b(?:breadcrumbs?|navbar|sidebar|site-?(?:header|footer|nav)|skip-?link|share-?buttons?|navbox|mw-editsection"
    r"|mw-jump-link|headerlink|sphinxsidebar)\b"
)
_NOTE = re.compile(r"\b(?:doc-)?(?:foot|end|rear)notes?\b")
_INVISIBLE = re.compile(r"(?:display:none|visibility:hidden|mso-hide:all)(?![\w-])")
_FEWEST_PARAGRAPHS = 3  # of a form that is a page's frame


def furniture(element: Any, is_book: bool) -> str:
    """The kind of removal for a part of the site; empty for the text.

    What holds the main text is never furniture, whatever it is called.

    Args:
        is_book: asides and headers are part of the text.
    """
    tag = element.tag
    if not element.attrib and tag not in _LEFT_OUT and tag not in ("form", "header"):
        return ""
    if tag in ("html", "body", "main", "article"):
        return ""
    get = element.get
    if get("hidden") is not None or _INVISIBLE.search(get("style", "").replace(" ", "").lower()):
        return "hidden"
    role = get("role", "").lower()
    if _NOTE.search(f"{role} {get('epub:type', '')}") or (is_book and tag == "aside"):
        return ""
    if tag in _LEFT_OUT:
        return _LEFT_OUT[tag]
    if tag == "form":  # around the whole page on some sites
        paragraphs = sum(1 for _paragraph in element.iterdescendants("p"))
        return "" if paragraphs >= _FEWEST_PARAGRAPHS or _has(element, "main", "article", "h1", "h2") else "navigation"
    if tag == "header":
        is_text = is_book or next(element.iterancestors("main", "article"), None) is not None or _has(element, "h1")
        return "" if is_text else "navigation"
    if role in _LEFT_OUT_ROLES:
        return _LEFT_OUT_ROLES[role]
    # Programs that make manuals name sections by their headings, which may be "Cookies".
    name = f"{get('class', '')} {'' if tag == 'section' else get('id', '')}".lower().replace("_", "-")
    is_banner = _BANNER.search(name) or (_BANNER_IF_IT_ASKS.search(name) and _has(element, *_ASKING))
    kind = "banner" if is_banner else "navigation" if _NAVIGATION.search(name) else ""
    return kind if kind and not _has(element, "main", "article", "h1") else ""


def texts(element: Any, line_break: str = " ") -> Iterator[str]:
    """Every text in an element, in order, without scripts."""
    from lxml import etree

    walk = etree.iterwalk(element, events=("start", "end"))
    for event, part in walk:
        if event == "end":
            yield (part.tail or "") if part is not element else ""
        elif part.tag in SILENT:
            walk.skip_subtree()
        else:
            yield line_break if part.tag == "br" else part.text or ""


def _has(element: Any, *tags: str) -> bool:
    return next(element.iterdescendants(*tags), None) is not None
