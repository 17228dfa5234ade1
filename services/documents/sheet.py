"""Rows of cells as text: small tables as Markdown, long or wide ones as records that name their columns.

A chunk from the middle of a long table does not have its first row. In a record every value stands beside the name of
its column, so that each chunk can be understood by itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from services.documents import markdown

Row = list[str]

_MOST_TABLE_ROWS, _MOST_TABLE_COLUMNS, _LONGEST_TABLE_ROW = 30, 12, 300
_LONGEST_RECORD_LINE = 240
"""Characters; records that are longer on average get a line for each value."""
_LONGEST_PART = 1000
_LONGEST_ENTRY = 120
_FIGURE = re.compile(r"[-+−(]?\s*[€$£¥]?\s*\d[\d\s.,:/%€$£¥)TZ+−-]*|true|false|yes|no|-|n/?a", re.IGNORECASE)


def rows_to_text(rows: Iterable[Sequence[str]]) -> str:
    """The text of one sheet. Empty rows part its tables; empty columns are left out."""
    parts: list[str] = []
    header: Row = []
    for block in _blocks(rows):
        titles, table = _part_titles(block)
        parts += titles
        if not table:
            continue
        if len(table[0]) == 1:
            parts.append(_column([row[0] for row in table]))
            continue
        if len(table) > 1 and _is_header(table):
            header, table = table[0], table[1:]
        elif len(header) != len(table[0]):
            header = []
        parts.append(_table(header, table))
    return "\n\n".join(part for part in parts if part)


def _blocks(rows: Iterable[Sequence[str]]) -> Iterator[list[Row]]:
    """Runs of rows that are not empty, each without its empty columns."""
    block: list[Row] = []
    for row in rows:
        cells = [" ".join(cell.split()) for cell in row]
        if any(cells):
            block.append(cells)
        elif block:
            yield _without_empty_columns(block)
            block = []
    if block:
        yield _without_empty_columns(block)


def _without_empty_columns(block: list[Row]) -> list[Row]:
    used = sorted({index for row in block for index, cell in enumerate(row) if cell})
    return [[row[index] if index < len(row) else "" for index in used] for row in block]


def _part_titles(block: list[Row]) -> tuple[list[str], list[Row]]:
    """Rows above the table with one cell in use are lines of their own."""
    count = 0
    if len(block[0]) > 1:
        while count < len(block) and sum(map(bool, block[count])) == 1:
            count += 1
    return ["".join(row) for row in block[:count]], _without_empty_columns(block[count:]) if block[count:] else []


def _is_header(table: list[Row]) -> bool:
    """Whether the first row names the columns: words only, all different, over most of the columns."""
    named = [cell for cell in table[0] if cell]
    return (
        2 * len(named) > len(table[0])
        and len(set(named)) == len(named)
        and not any(_FIGURE.fullmatch(cell) and not _is_year(cell) for cell in named)
        and not all(_FIGURE.fullmatch(cell) for cell in named)
    )


def _is_year(cell: str) -> bool:
    return len(cell) == 4 and cell.isdigit()


def _column(cells: list[str]) -> str:
    is_prose = max(map(len, cells)) > _LONGEST_ENTRY
    return ("\n\n" if is_prose else "\n").join(cells)


def _table(header: Row, rows: list[Row]) -> str:
    every = [header, *rows] if header else rows
    longest = max(sum(map(len, row)) for row in every)
    if len(rows) <= _MOST_TABLE_ROWS and len(every[0]) <= _MOST_TABLE_COLUMNS and longest <= _LONGEST_TABLE_ROW:
        return markdown.table(every)
    records = [_record(header, row) for row in rows]
    length = sum(len(value) + 2 for record in records for value in record)
    if length <= _LONGEST_RECORD_LINE * len(records):
        return "\n".join("; ".join(record) for record in records)
    return "\n\n".join(part for record in records for part in _parts(record))


def _parts(record: list[str]) -> Iterator[str]:
    """A record in parts that fit into a chunk, each under the record's first value, which mostly names it."""
    part: list[str] = []
    length = 0
    for entry in record:
        if part and length + len(entry) > _LONGEST_PART:
            yield "\n".join(part)
            part = [record[0]] if len(record[0]) <= _LONGEST_ENTRY else []
            length = sum(map(len, part))
        part.append(entry)
        length += len(entry)
    yield "\n".join(part)


def _record(header: Row, row: Row) -> list[str]:
    names = header or [""] * len(row)
    return [f"{name}: {cell}" if name else cell for name, cell in zip(names, row, strict=True) if cell]
