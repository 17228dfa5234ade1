"""Tables as text: CSV, TSV and their like, one pair a row, with the names of the columns in the first one."""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from services.sft_data.import_entry import ANSWERS, QUESTIONS, find_column, plain_names
from services.translation import _

_DELIMITERS = ",;\t|"
_LONGEST_ROW = 500  # lines in which a quotation mark has to be closed again


class Header(NamedTuple):
    """The columns of a table, by their plain names, and what stands between them."""

    names: list[str]
    delimiter: str


def find_header(line: str) -> Header | None:
    """How a table's first line names its columns; None where there is no column of questions and one of answers."""
    for delimiter in _DELIMITERS:
        try:
            names = plain_names(next(csv.reader([line], delimiter=delimiter, skipinitialspace=True), []))
        except csv.Error:
            continue
        question = find_column(names, QUESTIONS)
        if question and find_column(names, ANSWERS):
            return Header(names, delimiter)
    return None


def read_rows(lines: Iterable[tuple[int, str]], header: Header) -> Iterator[tuple[int, dict[str, str] | None, str]]:
    """The rows below the header: the number of the line where each begins, its columns or None, and what is wrong then.

    A row may have several lines within quotation marks. One that is never closed spoils its own line only.
    """
    source, waiting = iter(lines), deque[tuple[int, str]]()
    while True:
        block: list[tuple[int, str]] = []
        is_open, is_whole = False, False
        for place in range(_LONGEST_ROW):
            if place == len(waiting):
                if (line := next(source, None)) is None:
                    break
                waiting.append(line)
            block.append(waiting[place])
            is_open ^= waiting[place][1].count('"') % 2 == 1
            if not is_open:
                is_whole = True
                break
        if not block:
            return
        rows = _parse([line for _number, line in block], header) if is_whole else None
        if rows is None:  # a mark in the middle of a word, or one that is never closed: this line alone, then the next
            block = block[:1]
            rows = _parse_alone(block[0][1], header)
        for _line in block:
            waiting.popleft()
        if rows is None:
            yield block[0][0], None, _("a quotation mark in it is not closed, or stands where none may stand.")
            continue
        for offset, row in rows:
            if any(cell.strip() for cell in row):
                yield block[offset][0], *_named(row, header)


def _parse(lines: list[str], header: Header) -> list[tuple[int, list[str]]] | None:
    """The rows with the place of the line where each begins; None where the quotation marks make no sense."""
    reader = csv.reader(lines, delimiter=header.delimiter, strict=True)
    rows, begin = [], 0
    try:
        for row in reader:
            rows.append((begin, row))
            begin = reader.line_num
    except csv.Error:
        return None
    return rows


def _parse_alone(line: str, header: Header) -> list[tuple[int, list[str]]] | None:
    """A line whose quotation marks are just signs, which is so if it has as many columns as the header then."""
    row = line.rstrip("\n").split(header.delimiter)
    return [(0, row)] if len(row) == len(header.names) and not any(cell.startswith('"') for cell in row) else None


def _named(row: list[str], header: Header) -> tuple[dict[str, str] | None, str]:
    if len(row) < len(header.names) and not _has_both(row, header):
        return None, _("it has too few columns.")
    if any(cell.strip() for cell in row[len(header.names) :]):
        return None, _("it has more columns than the first line: a text with “{delimiter}” in it has to stand in quotation marks.").format(
            delimiter={"\t": "Tab"}.get(header.delimiter, header.delimiter)
        )  # fmt: skip
    return dict(zip(header.names, row)), ""


def _has_both(row: list[str], header: Header) -> bool:
    wanted = (find_column(header.names, QUESTIONS), find_column(header.names, ANSWERS))
    return all(header.names.index(name) < len(row) for name in wanted if name)
