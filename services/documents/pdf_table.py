"""Tables of a PDF page, found by what stands under what: a false table is worse than one that is missed.

Lines with gaps are a table when the gaps of three rows and more lie over each other, the cells of each column
share an edge, and their text is that of a table: short cells, or numbers. Prose in columns, lists, and tables of
contents have gaps as well, and are left as they are.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from statistics import median

from services.documents import markdown
from services.documents.pdf_line import Cell, Line

_Column = tuple[float, float]
"""Its left and right edge. Columns stand in order, and apart from each other."""

_LEAST_ROWS = 3
_ALIGNED = 0.75  # share of a column's cells that must share an edge
_LONG_CELL = 40  # characters
_NUMERIC = 0.6  # share of a column's cells
_STEP = 3.2  # times the letters' size: rows further apart are not of one table
_NUMBER = re.compile(
    r"[-+–−±<>~≈(]?[$€£¥]?\s?\d[\d.,:/ ]*\s?(?:[%‰°)*†]|[A-Za-zµ°/%$€£]{1,5})?\*{0,3}|[-–—.]|n/?a", re.IGNORECASE
)
_WHOLE_NUMBER = re.compile(r"\d{1,4}|[ivxlc]{1,7}")
_ENUMERATOR = re.compile(
    r"[•‣▪●◦∙·–—*\uf0b7\uf0a7-]|\(?(?:\d{1,3}|[A-Za-z]|[ivx]{1,5})[.)]|\d+(?:\.\d+)+\.?|\[\d{1,3}\]|[A-Z]:"
)
_EQUATION_NUMBER = re.compile(r"\(\d+(?:\.\d+)*[a-z]?\)")
_INDEX_ENTRY = re.compile(r".*\D,? \d+(?:[,–-] ?\d+)*")
_BROKEN_WORD = re.compile(r"(?<=\w)-\n(?=[a-zß-ÿ])")
_LEADERS = re.compile(r"(?:\. ?){4,}|…{2,}|_{4,}")


def is_number(text: str) -> bool:
    return _NUMBER.fullmatch(text) is not None


def with_tables(lines: list[Line], has_columns: bool = False, is_searched: bool = False) -> list[Line]:
    """The page's lines with each table as one line of Markdown rows.

    Args:
        has_columns: the text stands in columns, so that lines of one height are not of one row.
        is_searched: there is no table that is drawn row by row.
    """
    rows = None if has_columns else _seen_rows(lines)
    if rows is not None:
        found = with_drawn_tables(rows)
        ids = set(map(id, lines))
        # The rows are taken only where all that was put together is in a table.
        if any(line.is_table and id(line) not in ids for line in found) and not any(
            line.cells and id(line) not in ids for line in found
        ):
            return found
    return lines if is_searched else with_drawn_tables(lines)


def _seen_rows(lines: Sequence[Line]) -> list[Line] | None:
    """The lines as they are seen, from top to bottom, and those of one height as one; None if they are so already.

    Programs draw a table cell by cell, and a cell of two lines before the first line of the next one.
    """
    if not any(
        below.baseline - above.baseline > 0.5 * below.size > 0 and not below.is_table and not above.is_table
        for above, below in zip(lines, lines[1:])
    ) or any(line.turn != lines[0].turn or line.size <= 0 for line in lines):
        return None
    rows: list[list[Line]] = []
    for line in sorted(lines, key=lambda line: -line.baseline):
        last = rows[-1][0] if rows else None
        if (
            last
            and last.baseline - line.baseline < 0.3 * line.size
            and not (last.is_table or line.is_table)
            and all(line.left > other.right or line.right < other.left for other in rows[-1])
        ):
            rows[-1].append(line)
        else:
            rows.append([line])
    return [_one_row(sorted(row, key=lambda line: line.left)) if len(row) > 1 else row[0] for row in rows]


def _one_row(row: Sequence[Line]) -> Line:
    cells = tuple(cell for line in row for cell in line.cells or (Cell(line.text, line.left, line.right),))
    return replace(
        row[0], text=" ".join(cell.text for cell in cells), right=row[-1].right, cells=cells,
        is_bold=all(line.is_bold for line in row),
    )  # fmt: skip


def with_drawn_tables(lines: list[Line]) -> list[Line]:
    """As ``with_tables``, for tables that are drawn row by row; where there is none, ``lines`` itself."""
    if sum(bool(line.cells) for line in lines) < _LEAST_ROWS:
        return lines
    search = _Search(lines)
    out: list[Line] = []
    index = 0
    while index < len(lines):
        table, end = search.table_at(index) if lines[index].cells else (None, index + 1)
        out += lines[index:end] if table is None else [table]
        index = end
    return out if len(out) < len(lines) else lines


class _Search:
    """The search for tables among some lines. What was tried is kept: a line is tried for each of the two before it."""

    def __init__(self, lines: Sequence[Line]) -> None:
        self._lines = lines
        self._is_near = [*map(_is_near, lines, lines[1:]), False]  # each line and the next one
        self._tried: dict[int, tuple[list[_Column], list[list[str]], int]] = {}

    def table_at(self, start: int) -> tuple[Line | None, int]:
        """The table whose first row is the line at ``start``, if there is one, and where to go on."""
        lines = self._lines
        go_on = start + 1
        for first in range(start, min(start + 3, len(lines) - 1)):  # spanning cells of a head may not fit the columns
            if not lines[first].cells or (first > start and not self._is_near[first - 1]):
                break
            if first not in self._tried:
                self._tried[first] = self._rows_from(first)
            columns, rows, end = self._tried[first]
            if rows:
                head = [_merge([_place(line, columns)], len(columns)) for line in lines[start:first]]
                return _as_line(lines[start:end], head + rows), end
            go_on = max(go_on, end)
        return None, go_on

    def _rows_from(self, first: int) -> tuple[list[_Column], list[list[str]], int]:
        """The columns, rows and end of a table that starts at ``first``; without rows, a line to look on from, or 0."""
        lines = self._lines
        columns, end = self._grow(first)
        body = lines[first:end]
        if not columns or (end < len(lines) and _goes_back(body, lines[end])):
            return [], [], 0  # too few rows, or cells of several lines, drawn one after the other
        # Rows that are no table together may hold one; looking from each of them would take too long.
        none: tuple[list[_Column], list[list[str]], int] = [], [], (first + end) // 2
        if len(columns) < 2:
            return none
        cells = _by_column(body, columns)
        if len(columns) == 2 and not _is_headed(body) and not any(is_number(cell.text) for cell in cells[1]):
            return none  # most that is no table is found out here, before its rows are put together
        if not all(_is_aligned(column, 0.4 * body[0].size) for column in cells):
            return none
        rows = [_merge([_place(line, columns) for line in group], len(columns)) for group in _logical_rows(body)]
        rows = _with_run_on_rows(rows)
        is_table = _is_table(rows, columns, cells, body) and not _is_in_text(lines, first, end)
        return (columns, rows, end) if is_table else none

    def _grow(self, start: int) -> tuple[list[_Column], int]:
        """The columns of the rows from ``start`` on, and where they end; no columns for too few rows."""
        lines, is_near = self._lines, self._is_near
        gap = 0.5 * lines[start].size
        columns = [(cell.left, cell.right) for cell in lines[start].cells]
        end = last_row = start + 1
        rows = found = 1
        if any(after[0] - before[1] < gap for before, after in zip(columns, columns[1:])):
            return [], end
        while is_near[end - 1] and _fit(columns, lines[end], gap):
            line = lines[end]
            end += 1
            rows += bool(line.cells)
            if line.cells or _is_under_a_column(columns, line, lines[end - 2]):
                last_row, found = end, rows
        return columns if found >= _LEAST_ROWS and found >= 0.5 * (last_row - start) else [], last_row


def _as_line(lines: Sequence[Line], rows: Sequence[Sequence[str]]) -> Line:
    return replace(
        lines[0],
        text=markdown.table(rows),
        left=min(line.left for line in lines),
        right=max(line.right for line in lines),
        cells=(),
        is_table=True,
        is_bold=False,
    )


def _is_near(above: Line, below: Line) -> bool:
    size, other = below.size, above.size
    return (
        0.3 * size < above.baseline - below.baseline < _STEP * (size if size > other else other)
        and 0.7 < (other / size if size else 1) < 1.43
    )


def _fit(columns: list[_Column], line: Line, gap: float) -> bool:
    """Widen the columns by a row's cells; False, and nothing is changed, if one would run over two columns."""
    widened = columns
    at = 0  # of the first column that is not left of the cell
    for cell in line.cells or (line,):
        left, right = cell.left, cell.right
        while at < len(widened) and widened[at][1] + gap <= left:
            at += 1
        if at == len(widened) or widened[at][0] - gap >= right:
            if not line.cells:
                return False
            widened = [*widened[:at], (left, right), *widened[at:]]
            continue
        if at + 1 < len(widened) and widened[at + 1][0] - gap < right:
            return False
        column_left, column_right = widened[at]
        if left < column_left or right > column_right:
            widened = widened.copy()
            widened[at] = (min(left, column_left), max(right, column_right))
    columns[:] = widened
    return True


def _is_under_a_column(columns: Sequence[_Column], line: Line, above: Line) -> bool:
    """Whether a line of one cell goes on with a cell of the row above it."""
    if line.left >= columns[0][1]:
        return True
    return line.text[0].islower() and above.baseline - line.baseline < 1.5 * line.size


def _logical_rows(lines: Sequence[Line]) -> list[list[Line]]:
    """Lines of one row, where the steps between lines are of two kinds: small within a row, larger between rows."""
    steps = [above.baseline - below.baseline for above, below in zip(lines, lines[1:])]
    small = min(steps)
    is_large = [step > 1.3 * small for step in steps]
    if not 0.2 * len(steps) <= sum(is_large) < len(steps) or sum(is_large) < 2:
        return [[line] for line in lines]
    groups = [[lines[0]]]
    for line, starts_row in zip(lines[1:], is_large, strict=True):
        if starts_row:
            groups.append([line])
        else:
            groups[-1].append(line)
    # A row of which no line has all its cells beside each other is no row.
    return groups if all(any(line.cells for line in group) for group in groups) else [[line] for line in lines]


def _place(line: Line, columns: Sequence[_Column]) -> list[str]:
    """The texts of a row by column; a cell over several columns stands in the first of them."""
    texts = [""] * len(columns)
    for cell in line.cells or (line,):
        index = _column_of(cell, columns)
        if index is not None:
            texts[index] = f"{texts[index]} {cell.text}".strip()
    return texts


def _by_column(lines: Sequence[Line], columns: Sequence[_Column]) -> list[list[Cell]]:
    cells: list[list[Cell]] = [[] for _ in columns]
    for line in lines:
        for cell in line.cells:
            index = _column_of(cell, columns)
            if index is not None:
                cells[index].append(cell)
    return cells


def _column_of(cell: Cell | Line, columns: Sequence[_Column]) -> int | None:
    """The index of the first column that the cell stands in or over."""
    cell_left = cell.left
    for index, (left, right) in enumerate(columns):
        if cell_left < right:
            return index if cell.right > left else None
    return None


def _merge(rows: Sequence[Sequence[str]], width: int) -> list[str]:
    merged = []
    for index in range(width):
        text = ""
        for row in rows:
            if row[index]:
                text = f"{text}\n{row[index]}" if text.endswith("-") else f"{text} {row[index]}"
        if "\n" in text:
            text = _BROKEN_WORD.sub("", text).replace("\n", " ")
        merged.append(text.strip())
    return merged


def _with_run_on_rows(rows: list[list[str]]) -> list[list[str]]:
    """Rows without a first cell that only go on with cells of the row above become part of it."""
    out: list[list[str]] = []
    for row in rows:
        filled = [index for index, text in enumerate(row) if text]
        is_run_on = (
            out
            and len(filled) < len(row)
            and (not row[0] or len(filled) == 1)
            and all(out[-1][index] and row[index][0].islower() for index in filled)
        )
        if is_run_on:
            out[-1] = _merge([out[-1], row], len(row))
        else:
            out.append(row)
    return out


def _is_table(
    rows: Sequence[Sequence[str]], columns: Sequence[_Column], cells: Sequence[Sequence[Cell]], lines: Sequence[Line]
) -> bool:
    if len(rows) < _LEAST_ROWS:
        return False
    body = rows[1:]
    by_column = [[row[index] for row in body if row[index]] for index in range(len(columns))]
    if any(len(texts) < 2 for texts in by_column) or sum(map(len, by_column)) < 0.6 * len(columns) * len(body):
        return False
    lengths = [median(map(len, texts)) for texts in by_column]
    numeric = [_share(texts, _NUMBER) >= _NUMERIC for texts in by_column]
    if sum(_LEADERS.search(line.text) is not None for line in lines) > 0.2 * len(lines):
        return False
    if _share(by_column[-1], _WHOLE_NUMBER) > 0.8 and len(columns) <= 3 and _counts_up(by_column[-1]):
        if len(columns) == 2 or _share(by_column[0], _ENUMERATOR) > 0.5:
            return False  # a table of contents
    if all(_share(texts, _INDEX_ENTRY) > 0.5 for texts in by_column):
        return False
    if len(columns) == 2:
        if _share(by_column[0], _ENUMERATOR) > 0.5 or _share(by_column[1], _EQUATION_NUMBER) > 0.5:
            return False
        if not (numeric[1] or (_is_headed(lines) and max(lengths) < _LONG_CELL and not numeric[0])):
            return False
    if any(length > _LONG_CELL for length in lengths) and not any(numeric[1:]):
        return False
    if not any(numeric) and _reads_on([text for texts in by_column for text in texts]):
        return False
    return not _is_prose(columns, cells, lengths, numeric)


def _is_headed(lines: Sequence[Line]) -> bool:
    return lines[0].is_bold and not any(line.is_bold for line in lines[1:])


def _goes_back(rows: Sequence[Line], line: Line) -> bool:
    """Whether the line after the rows stands beside them, within their width."""
    return line.baseline > rows[-1].baseline - 0.3 * line.size and line.left < max(row.right for row in rows)


def _is_in_text(lines: Sequence[Line], first: int, end: int) -> bool:
    """Whether the rows are some lines of a justified text, with wide gaps that lie over each other by chance."""
    rows = lines[first:end]
    if sum(is_number(cell.text) for line in rows for cell in line.cells) > len(rows) / 2:
        return False
    step = rows[0].baseline - rows[1].baseline
    left, right = min(line.left for line in rows), max(line.right for line in rows)
    size = rows[0].size
    beside = [(lines[first - 1], rows[0])] if first else []
    if end < len(lines):
        beside.append((rows[-1], lines[end]))
    return any(
        abs(above.baseline - below.baseline - step) < 0.1 * size
        and abs(other.left - left) < 0.5 * size
        and abs(other.right - right) < 0.5 * size
        for above, below in beside
        for other in [below if above is rows[-1] else above]
    )


def _reads_on(texts: Sequence[str]) -> bool:
    """Whether cells are parts of sentences: of several words, and most begin with a small letter."""
    small = sum(text[0].islower() for text in texts)
    return small >= 0.5 * len(texts) and sum(len(text.split()) for text in texts) >= 1.5 * len(texts)


def _is_prose(
    columns: Sequence[_Column], cells: Sequence[Sequence[Cell]], lengths: Sequence[float], numeric: Sequence[bool]
) -> bool:
    """Columns of running text: their lines are long, and most reach the right edge."""
    if any(numeric) or min(lengths) < 15:
        return False
    full = total = 0
    for (left, right), column in zip(columns[:-1], cells):
        total += len(column)
        full += sum(cell.right > right - 0.15 * (right - left) for cell in column)
    return full > 0.4 * total


def _is_aligned(cells: Sequence[Cell], tolerance: float) -> bool:
    """Whether most cells of a column share their left edge, their right edge, or their middle."""
    if len(cells) < 2:
        return False
    least = _ALIGNED * len(cells) - 1
    for edges in (
        [cell.left for cell in cells],
        [cell.right for cell in cells],
        [(cell.left + cell.right) / 2 for cell in cells],
    ):
        middle = median(edges)
        if sum([abs(edge - middle) <= tolerance for edge in edges]) >= least:
            return True
    return False


def _share(texts: Sequence[str], pattern: re.Pattern[str]) -> float:
    return sum(pattern.fullmatch(text) is not None for text in texts) / len(texts) if texts else 0.0


def _counts_up(texts: Sequence[str]) -> bool:
    numbers = [int(text) for text in texts if text.isdigit()]
    return len(numbers) >= 2 and all(one <= other for one, other in zip(numbers, numbers[1:]))
