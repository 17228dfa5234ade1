"""Text recognition (OCR) for scanned pages and pictures, by RapidOCR, which brings its models along.

It is an optional part: without it scans are named, and the sentence says how to install it.
"""

from __future__ import annotations

import sys
from contextlib import closing
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

from services.documents.page import (
    Page,
    ReadDocument,
    Report,
    has_words,
    ignore,
    refuse_empty,
    refuse_without_text,
)
from services.documents.pdf_line import Cell, Line
from services.errors import UserError
from services.translation import _

if TYPE_CHECKING:
    import pypdfium2

_DPI = 170
_POINTS = 72
_MOST_PIXELS = 12_000_000  # of a picture of a page
_GAP = 0.5  # of the letters' size between two pieces of a row: they may be cells
_SURE = 0.5  # of 1: what is recognized with less is left out


@lru_cache(maxsize=1)
def is_installed() -> bool:
    return all(find_spec(name) is not None for name in ("rapidocr", "onnxruntime", "cv2"))


def how_to_install() -> str:
    if getattr(sys, "frozen", False):
        return _("Run it through text recognition (OCR) in another program, and add the result.")
    return _(
        "With the text recognition (OCR) part it can be read. "
        "To install it: {python} -m pip install rapidocr onnxruntime. "
        "Or run it through another program's text recognition, and add the result."
    ).format(python=sys.executable)


def page_lines(document: pypdfium2.PdfDocument, index: int) -> list[Line]:
    """The lines that are recognized on the picture of a page, placed in points as the page is seen."""
    with closing(document[index]) as page:
        width, height = page.get_size()
        scale = min(_DPI / _POINTS, (_MOST_PIXELS / max(width * height, 1.0)) ** 0.5)
        with closing(page.render(scale=scale, grayscale=True)) as bitmap:
            picture = bitmap.to_numpy().copy()
    if picture.ndim == 3:
        picture = picture[:, :, 0]
    return recognize(picture, scale)


def recognize(picture: Any, scale: float = 1.0) -> list[Line]:
    """Read a picture.

    Args:
        picture: uint8 array of shape (height, width), grey, in pixels.
        scale: pixels per point.

    Returns:
        lines from top to bottom, with places in points from the lower left corner.
    """
    import numpy

    found = _engine()(numpy.repeat(picture[:, :, None], 3, axis=2))
    if found is None or found.txts is None or found.boxes is None:
        return []
    height = picture.shape[0]
    pieces: list[Line] = []
    for text, box, score in zip(found.txts, found.boxes, found.scores, strict=True):
        if score < _SURE or not text.strip():
            continue
        left, right = float(box[:, 0].min()), float(box[:, 0].max())
        top, bottom = float(box[:, 1].min()), float(box[:, 1].max())
        # The box of a line is some 1.25 times as high as its letters' size, and a fifth of it is below the baseline.
        size = (bottom - top) / 1.25 / scale
        pieces.append(Line(text.strip(), left / scale, right / scale, (height - bottom) / scale + 0.2 * size, size))
    return in_rows(pieces)


def in_rows(pieces: list[Line]) -> list[Line]:
    """Pieces of one height are one line; the sizes, which differ by the letters that a line has, are evened out."""
    if not pieces:
        return []
    usual = median(piece.size for piece in pieces)
    for piece in pieces:
        if 0.75 * usual < piece.size < 1.35 * usual:
            piece.size = usual
    rows: list[list[Line]] = []
    for piece in sorted(pieces, key=lambda piece: -piece.baseline):
        row = rows[-1] if rows else []
        if row and abs(row[0].baseline - piece.baseline) < 0.5 * min(row[0].size, piece.size):
            row.append(piece)
        else:
            rows.append([piece])
    lines = []
    for row in rows:
        row.sort(key=lambda piece: piece.left)
        cells: list[Cell] = []
        for piece in row:
            if cells and piece.left - cells[-1].right < _GAP * usual:
                cells[-1].text, cells[-1].right = f"{cells[-1].text} {piece.text}", piece.right
            else:
                cells.append(Cell(piece.text, piece.left, piece.right))
        lines.append(
            Line(
                " ".join(cell.text for cell in cells), row[0].left, cells[-1].right, row[0].baseline, row[0].size,
                cells=tuple(cells) if len(cells) > 1 else (),
            )
        )  # fmt: skip
    return lines


@lru_cache(maxsize=1)
def _engine() -> Any:
    import logging

    from rapidocr import RapidOCR

    logging.getLogger("RapidOCR").setLevel(logging.ERROR)
    threads = {"EngineConfig.onnxruntime.intra_op_num_threads": 1, "Global.log_level": "error"}
    return RapidOCR(params=threads)


def read_picture(path: Path, report: Report = ignore) -> ReadDocument:
    """Read the text on a picture (PNG, JPEG, TIFF with any number of pages).

    Raises:
        UserError: text recognition is not installed, or the file is empty, damaged, or has no text.
    """
    from services.documents.pdf_layout import lay_out
    from services.documents.pdf_order import in_reading_order
    from services.documents.pdf_table import with_tables

    data = path.read_bytes()
    if not data:
        raise refuse_empty(path)
    if not is_installed():
        raise UserError(_("{name} is a picture. {how}").format(name=path.name, how=how_to_install()))
    import cv2
    import numpy

    is_read, pictures = cv2.imdecodemulti(numpy.frombuffer(data, numpy.uint8), cv2.IMREAD_GRAYSCALE)
    if not is_read or not pictures:
        raise UserError(
            _("{name} is damaged, or a kind of picture that cannot be read. Save it as PNG, and add that.").format(
                name=path.name
            )
        )
    pages = []
    for number, picture in enumerate(pictures, 1):
        shrink = min(1.0, (_MOST_PIXELS / picture.size) ** 0.5)
        if shrink < 1:
            picture = cv2.resize(picture, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
        pages.append(with_tables(*in_reading_order(recognize(picture, _DPI / _POINTS))))
        report(number / len(pictures))
    texts, removed = lay_out(pages)
    if not any(map(has_words, texts)):
        raise refuse_without_text(path)
    numbered = tuple(Page(number, text) for number, text in enumerate(texts, 1))
    return ReadDocument(
        numbered, "picture", (_("It was read by text recognition (OCR): look it over."),), tuple(removed)
    )
