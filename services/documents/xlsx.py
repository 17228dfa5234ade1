"""XLSX: each sheet under its name, small tables as Markdown and long ones as records; hidden sheets are left out."""

from __future__ import annotations

import datetime
import re
import zipfile
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from services.documents import markdown
from services.documents.archive import BROKEN, open_package, refuse_package
from services.documents.page import ReadDocument, Report, ignore
from services.documents.removal import Removals
from services.documents.sheet import rows_to_text
from services.documents.text import title_of, whole_document
from services.translation import _, ngettext

if TYPE_CHECKING:
    from openpyxl.worksheet._read_only import ReadOnlyWorksheet

_MERGED = re.compile(rb'<(?:\w+:)?mergeCell ref="\$?([A-Z]+)\$?(\d+):\$?([A-Z]+)\$?(\d+)"')
_FORMULA_WITHOUT_VALUE = re.compile(rb"(?:</f>|<f [^<>]*/>)\s*(?:<v\s*/>|<v></v>)?\s*</c>")
_MOST_ROWS = 1 << 20  # of a sheet in Excel; a file may say that its next cell is a million million rows below
_LARGEST_SCAN_BYTES = 50 << 20  # of a sheet's XML: longer ones are not looked through for merged cells


def read_xlsx(path: Path, report: Report = ignore) -> ReadDocument:
    """Read the values that a workbook shows. Formulas are read as the results that were last saved.

    Raises:
        UserError: the file is empty, is no XLSX, is damaged, needs a password, or has no text.
    """
    label = _("an Excel workbook (XLSX)")
    removals = Removals()
    with open_package(path, label) as archive:
        try:
            parts, missing = _sheets(path, archive, removals, report)
        # openpyxl has no error of its own for a damaged part; ParseError is a SyntaxError.
        except (*BROKEN, TypeError, AttributeError, IndexError, SyntaxError, OSError) as error:
            if isinstance(error, OSError) and error.errno is not None:  # of the system; openpyxl's own have none
                raise
            raise refuse_package(path, label) from error
    if len(parts) == 2 and _is_default_name(parts[0]):
        del parts[0]
    warnings = ()
    if missing:
        warnings = (
            ngettext(
                "{count} formula has no saved result. Open the workbook in a spreadsheet program and save it again.",
                "{count} formulas have no saved result. Open the workbook in a spreadsheet program and save it again.",
                missing,
            ).format(count=missing),
        )
    text = "\n\n".join(parts)
    return whole_document(path, text, "xlsx", title=title_of(path), warnings=warnings, removed=removals.found())


def _sheets(path: Path, archive: zipfile.ZipFile, removals: Removals, report: Report) -> tuple[list[str], int]:
    """The headings and texts of the sheets, and how many formulas have no result."""
    import openpyxl

    parts: list[str] = []
    missing = 0
    workbook = openpyxl.load_workbook(path, read_only=True, data_only=True, keep_links=False)
    try:
        for number, sheet in enumerate(workbook.worksheets, 1):
            source = _source(archive, sheet)
            missing += len(_FORMULA_WITHOUT_VALUE.findall(source))
            text = rows_to_text(_rows(sheet, _merged(source)))
            if sheet.sheet_state != "visible":
                removals.add("hidden", f"{sheet.title}: {text}")
            elif text:
                parts += [markdown.heading(2, sheet.title), text]
            report(number / len(workbook.worksheets))
    finally:
        workbook.close()
    return parts, missing


def _is_default_name(heading: str) -> bool:
    """A single sheet that nobody gave a name: ``Sheet1``, ``Tabelle1``."""
    return re.fullmatch(r"## [^\W\d_]+ ?1", heading) is not None


def _source(archive: zipfile.ZipFile, sheet: ReadOnlyWorksheet) -> bytes:
    """A sheet's XML, which holds what openpyxl does not tell in this mode; empty for very large ones."""
    member = archive.getinfo(sheet._worksheet_path.lstrip("/"))
    return archive.read(member) if member.file_size <= _LARGEST_SCAN_BYTES else b""


def _merged(source: bytes) -> dict[int, list[tuple[int, int, int]]]:
    """``{first row: [(column, last row, last column)]}`` of cells that span several rows, counted from 1."""
    from openpyxl.utils import column_index_from_string

    spans: dict[int, list[tuple[int, int, int]]] = {}
    for left, top, right, bottom in _MERGED.findall(source):
        if int(bottom) > int(top):
            columns = column_index_from_string(left.decode()), column_index_from_string(right.decode())
            spans.setdefault(int(top), []).append((columns[0], int(bottom), columns[1]))
    return spans


def _rows(sheet: ReadOnlyWorksheet, merged: dict[int, list[tuple[int, int, int]]]) -> Iterator[list[str]]:
    """A cell that spans several rows is said in each of them, so that every row can be understood by itself."""
    sheet.reset_dimensions()  # which other programs write wrongly
    spanning: dict[int, tuple[int, str]] = {}  # column -> (last row, text)
    for number, row in enumerate(islice(sheet.iter_rows(), _MOST_ROWS), 1):
        texts = [_said(cell) for cell in row]
        spanning = {column: span for column, span in spanning.items() if span[0] >= number}
        if any(texts):
            for column, (_last, text) in spanning.items():
                texts += [""] * (column - len(texts))
                texts[column - 1] = texts[column - 1] or text
        for column, last, _right in merged.get(number, ()):
            if column <= len(texts) and texts[column - 1]:
                spanning[column] = (last, texts[column - 1])
        yield texts


def _said(cell: Any) -> str:
    value = cell.value
    if value is None or cell.data_type == "e":  # "#N/A" says nothing
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime.datetime) and not (value.hour or value.minute or value.second):
        return value.date().isoformat()
    if isinstance(value, datetime.datetime):
        return value.isoformat(" ", "minutes" if not value.second else "seconds")
    if isinstance(value, float):
        if "%" in str(cell.number_format):
            return f"{100 * value:.6g} %"
        return f"{value:.15g}"
    return str(value)
