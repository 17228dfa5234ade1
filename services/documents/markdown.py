"""The few marks of Markdown that every reader writes and the splitter looks for: headings, rows, fences."""

from __future__ import annotations

import re
import sys
from bisect import bisect_right
from collections.abc import Iterator, Sequence

from services.translation import _

_HEADING = re.compile(r"^ {0,3}(#{1,6})[ \t]+(\S.*?)[ \t]*#*[ \t]*$", re.MULTILINE)
_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})", re.MULTILINE)
_RAISED = str.maketrans("0123456789+-−–n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻⁻⁻ⁿ")
_LOWERED = str.maketrans("0123456789+-−–", "₀₁₂₃₄₅₆₇₈₉₊₋₋₋")
_RAISED_SIGNS, _LOWERED_SIGNS = set(map(chr, _RAISED)), set(map(chr, _LOWERED))
_TICKS = re.compile(r"`{3,}")
_ROW_BREAKS = re.compile(r"\s*\n\s*")


def heading(level: int, title: str) -> str:
    """``## Title``; levels outside 1 to 6 are brought inside."""
    return f"{'#' * min(max(level, 1), 6)} {' '.join(title.split())}"


def raised(text: str) -> str:
    """Superscript in Unicode where it has the signs, ``10³``; else as it is, ``19th``."""
    return text.translate(_RAISED) if text and set(text) <= _RAISED_SIGNS else text


def lowered(text: str) -> str:
    """Subscript in Unicode where it has the signs, ``H₂O``; else as it is."""
    return text.translate(_LOWERED) if text and set(text) <= _LOWERED_SIGNS else text


def slide(number: int, title: str, blocks: Sequence[str], notes: str) -> str:
    """A slide of a presentation, under a heading; the first one's is the presentation's. Empty if nothing is on it."""
    blocks = [*blocks, _("Notes: {notes}").format(notes=notes)] if any(map(str.isalnum, notes)) else list(blocks)
    if not title and not blocks:
        return ""
    return "\n\n".join([heading(1 if number == 1 else 2, title or _("Slide {number}").format(number=number)), *blocks])


def table(rows: Sequence[Sequence[str]]) -> str:
    """Markdown rows, the first as the header. Empty rows are left out; no rows give an empty string."""
    cells = [[_ROW_BREAKS.sub(" ", cell.strip()).replace("|", "\\|") for cell in row] for row in rows]
    cells = [row for row in cells if any(row)]
    if not cells:
        return ""
    width = max(len(row) for row in cells)
    lines = [f"| {' | '.join(row + [''] * (width - len(row)))} |" for row in cells]
    lines.insert(1, f"|{' --- |' * width}")
    return "\n".join(lines)


def fence(code: str, language: str = "") -> str:
    """A code block that no fence in the code itself closes."""
    ticks = "`" * max([3, *(len(run) + 1 for run in _TICKS.findall(code))])
    return f"{ticks}{language}\n{code}\n{ticks}"


def fences(text: str) -> Iterator[tuple[int, int]]:
    """``(start, end)`` of every code block, its fence lines included. A fence that is never closed is no fence."""
    if "```" not in text and "~~~" not in text:
        return
    opened: re.Match[str] | None = None
    for match in _FENCE.finditer(text):
        if opened is None:
            opened = match
        elif match[1].startswith(opened[1]):
            line_end = text.find("\n", match.end())
            yield opened.start(), len(text) if line_end < 0 else line_end + 1
            opened = None


def headings(text: str) -> Iterator[tuple[int, int, str]]:
    """``(start, level, title)`` of every heading line that does not stand in a code block."""
    if "#" not in text:
        return
    blocks = list(fences(text))
    for match in _HEADING.finditer(text):
        if not is_inside(match.start(), blocks):
            yield match.start(), len(match[1]), match[2]


def shift_headings(text: str, by: int) -> str:
    """The same text with every heading so many levels lower, the sixth at the most."""
    parts: list[str] = []
    done = 0
    for start, level, _title in headings(text):
        parts += [text[done:start], "#" * min(level + by, 6)]
        done = text.index("#", start) + level
    return "".join([*parts, text[done:]])


def is_inside(position: int, spans: Sequence[tuple[int, int]]) -> bool:
    """Whether a place lies in one of the spans, which are in order and do not overlap."""
    index = bisect_right(spans, (position, sys.maxsize)) - 1
    return index >= 0 and position < spans[index][1]
