"""Lines that a program broke to fit a page or a screen become paragraphs again."""

from __future__ import annotations

import re

from services.documents import markdown

_SHORTEST_LINE, _LONGEST_LINE = 50, 100
"""Characters of a line that a program broke; shorter ones are verse or a list, longer ones nobody broke."""
_FEWEST_RUNNING_ON = 1 / 3  # of the line ends in all such paragraphs, with a small letter after them
_LONGEST_CAPITAL_RUN = 2  # lines one after the other in prose that begin with capitals; verse does it in every line
_NOT_PROSE = re.compile(r"[ \t]{4}|\t|[ \t]*(?:[-*+•>|#=~_]|\d+[.):]|\[|```|~~~)|.*\S {3,}\S")
_BREAK = re.compile(r"(\n[ \t]*\n\s*)")
_BLANKS = re.compile(r" {2,}")


def unwrap(text: str) -> str:
    """Join the lines of each paragraph of prose. Verse, lists, tables, code and logs stay as they are.

    A word with a hyphen at the line's end stays there; cleaning mends it by the document's own words.
    """
    blocks = list(markdown.fences(text))
    parts = _BREAK.split(text)
    found: dict[int, list[str]] = {}
    position = 0
    for index, part in enumerate(parts):
        if "\n" in part.strip() and not index % 2 and not markdown.is_inside(position, blocks):
            lines = part.rstrip().split("\n")
            if _is_wrapped(lines):
                found[index] = lines
        position += len(part)
    starts = [line.lstrip()[:1] for lines in found.values() for line in lines[1:]]
    if sum(start.islower() for start in starts) < _FEWEST_RUNNING_ON * len(starts):
        return text
    for index, lines in found.items():
        parts[index] = _joined(lines)
    return "".join(parts)


def _is_wrapped(lines: list[str]) -> bool:
    inner, after = lines[:-1], lines[1:]
    if not after or not all(_SHORTEST_LINE <= len(line.rstrip()) <= _LONGEST_LINE for line in inner):
        return False
    if len(after[-1]) > _LONGEST_LINE or any(_NOT_PROSE.match(line) for line in lines):
        return False
    starts = [line.lstrip()[:1] for line in lines]
    is_log = all(start.isdigit() for start in starts)
    is_verse = len(after) > _LONGEST_CAPITAL_RUN and not any(start.islower() for start in starts[1:])
    return not (is_log or is_verse)


def _joined(lines: list[str]) -> str:
    joined = lines[0].strip()
    for line in lines[1:]:
        joined += ("\n" if joined.endswith(("-", "\u2010", "\u00ad")) else " ") + line.strip()
    return _BLANKS.sub(" ", joined)
