"""A line of a PDF page with its place, as the reader finds it and the layout goes on with it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(slots=True)
class Cell:
    """A stretch of a line between wide gaps; left and right in points."""

    text: str
    left: float
    right: float


@dataclass(slots=True)
class Line:
    """left, right, baseline and size (of the font) in points from the page's lower left corner, as one reads.

    A line of which only the text is known has size 0 and counts characters from left to right.
    turn: quarter turns against the clock by which the letters are turned on the page.
    cells: two or more where wide gaps part the line, else none.
    is_table: the text is a whole table in Markdown rows.
    """

    text: str
    left: float
    right: float
    baseline: float = 0.0
    size: float = 0.0
    level: int = 0  # 1 to 6 for a heading
    is_bold: bool = False
    turn: int = 0
    cells: tuple[Cell, ...] = ()
    is_table: bool = False

    @property
    def width(self) -> float:
        return self.right - self.left


def plain_lines(text: str) -> list[Line]:
    return [Line(row, 0, len(row)) for row in map(str.strip, text.splitlines()) if row]


def joined(lines: Iterable[Line]) -> str:
    return "\n".join(line.text for line in lines)
