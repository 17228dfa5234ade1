"""Tables whose rows are parted by rules: each band between two rules is a row, however many lines its cells have."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import Any

from services.documents import markdown
from services.documents.pdf_call import Handle, handle, quick
from services.documents.pdf_line import Cell, Line
from services.documents.pdf_table import is_number

_THIN = 3.0  # points: a path that is no higher is a rule
_SAME = 3.0  # points: edges that are closer are one
_LEAST_BANDS = 3  # with text, two of them with cells side by side
_MOST_PATHS = 4000  # of a page; the rules of a drawing with more are no table's
_MOST_OBJECTS = 16_000  # of a page: each letter may be one
_MOST_SEGMENTS = 1500
_LONGEST_CELL = 900  # characters
_LONG_CELL = 160  # the usual cell of what is no table
_LEAST_LENGTH = 60.0  # points


@dataclass(frozen=True, slots=True)
class Rule:
    """A horizontal rule, in points."""

    left: float
    right: float
    height: float


def find_rules(page: Any) -> list[Rule]:
    """The horizontal rules of a page (a pdfium handle), from top to bottom; the edges of boxes are rules too."""
    import ctypes

    import pypdfium2.raw as pdfium

    count = pdfium.FPDFPage_CountObjects(page)
    if count > _MOST_OBJECTS:
        return []
    page = handle(page)
    object_at, type_of = quick("FPDFPage_GetObject"), quick("FPDFPageObj_GetType")
    get_bounds = quick("FPDFPageObj_GetBounds")
    left, bottom, right, top = edges = [ctypes.c_float() for _ in range(4)]
    edges_at = list(map(ctypes.byref, edges))
    rules: set[tuple[int, int, int]] = set()

    def add(one: float, other: float, height: float) -> None:
        if abs(other - one) > 6:
            rules.add((round(min(one, other)), round(max(one, other)), round(height)))

    path = pdfium.FPDF_PAGEOBJ_PATH
    path_count = 0
    for index in range(count):
        item = object_at(page, index)
        if type_of(item) != path or not get_bounds(item, *edges_at):
            continue
        path_count += 1
        if path_count > _MOST_PATHS:
            return []
        if top.value - bottom.value <= _THIN:
            add(left.value, right.value, (top.value + bottom.value) / 2)
        elif right.value - left.value > _THIN:
            for one, other, height in _segments(item, top.value):
                add(one, other, height)
    return _joined_rules(rules)


def _segments(item: Handle, top: float) -> list[tuple[float, float, float]]:
    """The horizontal strokes of a path that is no mere rule, such as a box or a whole grid."""
    import ctypes

    import pypdfium2.raw as pdfium

    count = quick("FPDFPath_CountSegments")(item)
    if not 2 <= count <= _MOST_SEGMENTS:
        return []
    matrix = pdfium.FS_MATRIX()
    quick("FPDFPageObj_GetMatrix")(item, ctypes.byref(matrix))
    if matrix.b or matrix.c:
        return []
    segment_at, type_of = quick("FPDFPath_GetPathSegment"), quick("FPDFPathSegment_GetType")
    get_point = quick("FPDFPathSegment_GetPoint")
    x, y = ctypes.c_float(), ctypes.c_float()
    x_at, y_at = ctypes.byref(x), ctypes.byref(y)
    found = []
    before: tuple[float, float] | None = None
    for index in range(count):
        segment = segment_at(item, index)
        if not get_point(segment, x_at, y_at):
            return []
        here = (matrix.a * x.value + matrix.e, matrix.d * y.value + matrix.f)
        kind = type_of(segment)
        if kind == pdfium.FPDF_SEGMENT_BEZIERTO:
            return []  # a drawing, not a box
        if kind == pdfium.FPDF_SEGMENT_LINETO and before and abs(before[1] - here[1]) < 0.5:
            found.append((before[0], here[0], here[1]))
        before = here
    return found


def _joined_rules(rules: set[tuple[int, int, int]]) -> list[Rule]:
    """Rules in one line that touch become one; of two at one height, a point apart, the first stays."""
    joined: list[Rule] = []
    for left, right, height in sorted(rules, key=lambda rule: (-rule[2], rule[0])):
        last = joined[-1] if joined else None
        if last and last.height - height <= 1.5 and left <= last.right + _SAME and right >= last.left - _SAME:
            joined[-1] = Rule(min(last.left, left), max(last.right, right), last.height)
        else:
            joined.append(Rule(left, right, height))
    return [rule for rule in joined if rule.right - rule.left >= _LEAST_LENGTH]


def with_ruled_tables(lines: list[Line], rules: Sequence[Rule]) -> list[Line]:
    """The lines with each ruled table as one line of Markdown rows, where its first line stood."""
    for group in _groups(rules):
        group = _with_open_rows(lines, group)
        inside = [line for line in lines if not line.is_table and _is_inside(line, group)]
        table = _table(inside, group)
        if table is None:
            continue
        ids = set(map(id, inside))
        first = next(index for index, line in enumerate(lines) if id(line) in ids)
        lines = [*lines[:first], table, *(line for line in lines[first:] if id(line) not in ids)]
    return lines


def _groups(rules: Sequence[Rule]) -> list[list[Rule]]:
    """Rules of one length over each other, from top to bottom."""
    groups: list[list[Rule]] = []
    for rule in rules:
        for group in groups:
            if abs(group[0].left - rule.left) <= _SAME and abs(group[0].right - rule.right) <= _SAME:
                group.append(rule)
                break
        else:
            groups.append([rule])
    return [group for group in groups if len(group) > _LEAST_BANDS]


def _with_open_rows(lines: Sequence[Line], group: list[Rule]) -> list[Rule]:
    """The rules, and one more above or below where a row with several cells stands there: a head, or the last row."""
    top, bottom = group[0], group[-1]
    usual = median(one.height - other.height for one, other in zip(group, group[1:]))
    above = replace(top, height=top.height + 1.3 * usual)
    below = replace(bottom, height=bottom.height - 1.3 * usual)
    if any(line.cells and _is_inside(line, (above, top)) for line in lines):
        group = [above, *group]
    if any(line.cells and _is_inside(line, (bottom, below)) for line in lines):
        group = [*group, below]
    return group


def _is_inside(line: Line, group: Sequence[Rule]) -> bool:
    middle = line.baseline + 0.3 * line.size
    return (
        line.turn == 0
        and group[-1].height < middle < group[0].height
        and group[0].left - _SAME < line.left < group[0].right
        and line.right < group[0].right + 0.3 * (group[0].right - group[0].left)  # a long cell may run out of its box
    )


def _table(lines: Sequence[Line], group: Sequence[Rule]) -> Line | None:
    pieces = [
        Line(cell.text, cell.left, cell.right, line.baseline, line.size, line.level, line.is_bold, line.turn)
        for line in lines
        for cell in line.cells or (Cell(line.text, line.left, line.right),)
    ]
    if len(pieces) < 2 * _LEAST_BANDS:
        return None
    spanning = _spanning(pieces)
    columns = _columns([piece for piece in pieces if id(piece) not in spanning])
    if len(columns) < 2:
        return None
    rows: list[list[str]] = []
    bands = beside = 0
    for upper, lower in zip(group, group[1:]):
        band = [piece for piece in pieces if lower.height < piece.baseline + 0.3 * piece.size < upper.height]
        if not band:
            continue
        cells = [
            [piece for piece in band if left - 1 < (piece.left + piece.right) / 2 < right + 1]
            for left, right in columns
        ]
        if sum(map(len, cells)) != len(band) or any(id(piece) in spanning for piece in band):
            cells = _spread(band, columns)
        bands += 1
        beside += sum(map(bool, cells)) > 1
        if any(_is_high(cell) and all(is_number(piece.text) for piece in cell) for cell in cells):
            return None  # several rows between two rules: what stands under what will say
        rows.append([_text(cell) for cell in cells])
    if bands < _LEAST_BANDS or beside < 0.6 * bands:
        return None
    lengths = [len(text) for row in rows for text in row if text]
    if max(lengths) > _LONGEST_CELL or median(lengths) > _LONG_CELL:
        return None  # columns of prose between the rules of a page
    return replace(
        lines[0],
        text=markdown.table(rows),
        left=min(line.left for line in lines),
        right=max(line.right for line in lines),
        baseline=max(line.baseline for line in lines),
        cells=(),
        is_table=True,
        is_bold=False,
    )


def _is_high(cell: Sequence[Line]) -> bool:
    """Whether a cell has several lines."""
    return any(piece.baseline < cell[0].baseline - 0.3 * piece.size for piece in cell)


def _spanning(pieces: Sequence[Line]) -> set[int]:
    """Pieces, by their ids, that stand over or under two of another line, side by side; none where they say the most."""
    spanning: dict[int, int] = {}
    for piece in pieces:
        lines = Counter(
            round(other.baseline)
            for other in pieces
            if other.left >= piece.left - _SAME and other.right <= piece.right + _SAME and other is not piece
        )
        lines.pop(round(piece.baseline), None)
        if any(count > 1 for count in lines.values()):
            spanning[id(piece)] = len(piece.text)
    return set(spanning) if 4 * sum(spanning.values()) < sum(len(piece.text) for piece in pieces) else set()


def _columns(pieces: Sequence[Line]) -> list[tuple[float, float]]:
    """Stretches of the width that are covered by text; what spans several columns is left out of the count."""
    best: list[tuple[float, float]] = []
    widths = sorted(piece.right - piece.left for piece in pieces)
    # The widest pieces may span columns: try without them.
    for share in (1.0, 0.95, 0.85):
        limit = widths[min(len(widths) - 1, int(share * len(widths)) - (share < 1))]
        spans: list[list[float]] = []
        for piece in sorted(pieces, key=lambda piece: piece.left):
            if piece.right - piece.left > limit:
                continue
            if spans and piece.left < spans[-1][1] + 0.25 * piece.size:
                spans[-1][1] = max(spans[-1][1], piece.right)
            else:
                spans.append([piece.left, piece.right])
        found = [(left, right) for left, right in spans]
        if len(found) > max(len(best), 1):
            return found
        best = found
    return best


def _spread(band: Sequence[Line], columns: Sequence[tuple[float, float]]) -> list[list[Line]]:
    """A band with a cell over several columns: it stands in the first of them."""
    cells: list[list[Line]] = [[] for _ in columns]
    for piece in band:
        over = [index for index, (left, right) in enumerate(columns) if piece.left < right and piece.right > left]
        cells[over[0] if over else 0].append(piece)
    return cells


def _text(cell: Sequence[Line]) -> str:
    text = ""
    for piece in sorted(cell, key=lambda piece: (-round(piece.baseline), piece.left)):
        if text.endswith("-") and len(text) > 1 and text[-2].isalpha() and piece.text[:1].islower():
            text = text[:-1] + piece.text
        else:
            text = f"{text} {piece.text}"
    return text.strip()
