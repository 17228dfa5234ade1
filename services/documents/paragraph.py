"""Lines that a program broke to fit a page or a screen become paragraphs again."""

from __future__ import annotations

import re

from services.documents import markdown

_SHORTEST_LINE, _LONGEST_LINE = 50, 100
"""Characters of a line that a program broke; shorter ones are verse or a list, longer ones nobody broke."""
_FEWEST_RUNNING_ON = 1 / 3  # of the line ends, with a small letter after them
_NOT_PROSE = re.compile(r"[ \t]{4}|\t|[ \t]*(?:[-*+•>|#=~_]|\d+[.):]|\[|```|~~~)|.*\S {3,}\S")
_BREAK = re.compile(r"(\n[ \t]*\n\s*)")


def unwrap(text: str) -> str:
    """Join the lines of each paragraph of prose. Verse, lists, tables, code and logs stay as they are.

    A word with a hyphen at the line's end stays there; cleaning mends it by the document's own words.
    """
    blocks = list(markdown.fences(text))
    parts: list[str] = []
    position = 0
    for part in _BREAK.split(text):
        is_code = markdown.is_inside(position, blocks)
        parts.append(part if is_code or "\n" not in part.strip("\n") else _unwrapped(part))
        position += len(part)
    return "".join(parts)


def _unwrapped(paragraph: str) -> str:
    lines = paragraph.split("\n")
    inner, after = lines[:-1], lines[1:]
    if not all(_SHORTEST_LINE <= len(line.rstrip()) <= _LONGEST_LINE for line in inner):
        return paragraph
    if len(after[-1]) > _LONGEST_LINE or any(_NOT_PROSE.match(line) for line in lines):
        return paragraph
    if sum(line.lstrip()[:1].islower() for line in after) < _FEWEST_RUNNING_ON * len(after):
        return paragraph
    joined = lines[0].rstrip()
    for line in after:
        joined += ("\n" if joined.endswith(("-", "\u2010", "\u00ad")) else " ") + line.strip()
    return joined
