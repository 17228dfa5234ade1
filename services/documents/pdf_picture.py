"""The picture of a PDF page, with the place of a passage on it."""

from __future__ import annotations

import ctypes
import re
import struct
import unicodedata
import zlib
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from services.documents.page import printable
from services.errors import UserError
from services.translation import _

if TYPE_CHECKING:
    import pypdfium2

_MOST_PIXELS = 40_000_000
_LEAST_RUN = 12  # letters in a row that must agree; fewer are chance
_SEED = 6  # letters by which a place to begin at is found
_MOST_PLACES = 40  # of one seed that are looked at
_LEAST_SHARE = 0.5  # of a short passage's letters


@dataclass(frozen=True, slots=True)
class PagePicture:
    """png: the page as a PNG file, ``width`` by ``height`` pixels.

    marks: ``(left, top, right, bottom)`` of each line of the passage, from 0 to 1 of the page's width and height.
    """

    png: bytes
    width: int
    height: int
    page_count: int
    marks: tuple[tuple[float, float, float, float], ...] = ()


def render_page(path: Path, page: int, width: int, passage: str = "") -> PagePicture:
    """Draw a page of a PDF, and find a passage on it.

    White space, hyphens at line ends, ligatures and marks of Markdown may differ; of a passage that goes on over
    the page's end, what stands on this page is found.

    Args:
        page: counted from 1. width: of the picture, in pixels.

    Raises:
        UserError: the file is not there any more, cannot be opened, or has no such page.
    """
    import pypdfium2

    try:
        document = pypdfium2.PdfDocument(path if printable(path) == str(path) else path.read_bytes())
    except (OSError, pypdfium2.PdfiumError) as error:
        raise UserError(
            _("{name} cannot be opened any more. Check that it is still there.").format(name=path.name)
        ) from error
    with closing(document):
        count = len(document)
        if not 1 <= page <= count:
            raise UserError(
                _("{name} has no page {page}: it has {count}.").format(name=path.name, page=page, count=count)
            )
        try:
            with closing(document[page - 1]) as drawn:
                png, size = _drawn(drawn, width)
                marks = _marks(drawn, passage) if passage.strip() else ()
        except pypdfium2.PdfiumError as error:
            raise UserError(
                _("Page {page} of {name} is damaged and cannot be shown.").format(page=page, name=path.name)
            ) from error
    return PagePicture(png, *size, count, marks)


def _drawn(page: pypdfium2.PdfPage, width: int) -> tuple[bytes, tuple[int, int]]:
    import pypdfium2.raw as pdfium

    page_width, page_height = page.get_size()
    scale = max(width, 1) / max(page_width, 1.0)
    scale = min(scale, (_MOST_PIXELS / max(page_width * page_height, 1.0)) ** 0.5)
    plain = pdfium.FPDFBitmap_BGR
    with closing(page.render(scale=scale, rev_byteorder=True, force_bitmap_format=plain)) as bitmap:
        return _png(bytes(bitmap.buffer), bitmap.width, bitmap.height, bitmap.stride), (bitmap.width, bitmap.height)


def _png(pixels: bytes, width: int, height: int, stride: int) -> bytes:
    """A PNG file of rows of red, green and blue bytes."""
    rows = b"".join(b"\0" + pixels[at : at + 3 * width] for at in range(0, stride * height, stride))
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", head), (b"IDAT", zlib.compress(rows, 1)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )


def _marks(page: pypdfium2.PdfPage, passage: str) -> tuple[tuple[float, float, float, float], ...]:
    import pypdfium2.raw as pdfium

    with closing(page.get_textpage()) as text_page:
        count = pdfium.FPDFText_CountChars(text_page)
        letters: list[str] = []
        places: list[int] = []  # of each letter: its index on the page
        for index in range(count):
            for letter in _letters(chr(pdfium.FPDFText_GetUnicode(text_page, index))):
                letters.append(letter)
                places.append(index)
        wanted = "".join(_letters(_plain(passage)))
        spans = _matches("".join(letters), wanted)
        if not spans:
            return ()
        found = sorted({places[at] for start, end in spans for at in range(start, end)})
        return _rectangles(page, text_page, found)


def _plain(passage: str) -> str:
    """The passage without what readers add to it."""
    passage = re.sub(r"^\|(?:\s*-+\s*\|)+\s*$", "", passage, flags=re.MULTILINE)
    return re.sub(r"^(?:#{1,6} |\\(?=#))", "", passage, flags=re.MULTILINE)


def _letters(text: str) -> list[str]:
    """Letters and digits alone, ligatures in their parts, small and without accents."""
    if text.isascii():
        return [letter for letter in text.lower() if letter.isalnum()]
    return [letter for letter in unicodedata.normalize("NFKD", text).casefold() if letter.isalnum()]


def _matches(text: str, wanted: str) -> list[tuple[int, int]]:
    """Where in the page's letters the passage's letters stand: the longest run, and what of the rest is beside it.

    Both may have letters that the other has not (a footnote, a running head), so several runs make up a passage;
    they are taken in order.
    """
    least = min(_LEAST_RUN, max(3, int(_LEAST_SHARE * len(wanted))))
    if len(wanted) < 2 or not text:
        return []
    where: dict[str, list[int]] = {}
    for at in range(len(text) - _SEED + 1):
        where.setdefault(text[at : at + _SEED], []).append(at)
    if len(wanted) < _SEED:
        at = text.find(wanted)
        return [(at, at + len(wanted))] if at >= 0 and text.count(wanted) == 1 else []
    runs: list[tuple[int, int, int]] = []  # length, start in the passage, start on the page
    at = 0
    while at <= len(wanted) - _SEED:
        best, best_place = 0, 0
        for place in where.get(wanted[at : at + _SEED], ())[:_MOST_PLACES]:
            length = _common(wanted, at, text, place)
            if length > best:
                best, best_place = length, place
        if best >= least:
            runs.append((best, at, best_place))
            at += best
        else:
            at += 1
    return _in_line(runs)


def _common(one: str, at: int, other: str, place: int) -> int:
    """How many letters from the two places on are the same; compared in steps that double."""
    most = min(len(one) - at, len(other) - place)
    low, step = 0, 16
    while (
        low < most and one[at + low : at + min(low + step, most)] == other[place + low : place + min(low + step, most)]
    ):
        low = min(low + step, most)
        step *= 2
    while low < most and one[at + low] == other[place + low]:
        low += 1
    return low


def _in_line(runs: list[tuple[int, int, int]]) -> list[tuple[int, int]]:
    """The runs that go with the longest one: those before it in the passage lie before it on the page."""
    if not runs:
        return []
    longest = max(runs)
    kept = [longest]
    place = longest[2]
    for run in reversed([run for run in runs if run[1] < longest[1]]):
        if run[2] + run[0] <= place:
            kept.append(run)
            place = run[2]
    place = longest[2] + longest[0]
    for run in (run for run in runs if run[1] > longest[1]):
        if run[2] >= place:
            kept.append(run)
            place = run[2] + run[0]
    return sorted((place, place + length) for length, _start, place in kept)


def _rectangles(
    page: pypdfium2.PdfPage, text_page: Any, characters: list[int]
) -> tuple[tuple[float, float, float, float], ...]:
    """One rectangle for each line in which the characters stand."""
    import pypdfium2.raw as pdfium

    box = pdfium.FS_RECTF()
    width, height = 10_000, 10_000  # of a device whose pixels are fine enough to be taken for shares
    x, y = ctypes.c_int(), ctypes.c_int()
    rows: list[list[float]] = []

    def seen(left: float, top: float) -> tuple[float, float]:
        pdfium.FPDF_PageToDevice(page.raw, 0, 0, width, height, 0, left, top, x, y)
        return x.value / width, y.value / height

    for index in characters:
        if not pdfium.FPDFText_GetLooseCharBox(text_page, index, box):
            continue
        one, other = seen(box.left, box.top), seen(box.right, box.bottom)
        left, right = sorted((one[0], other[0]))
        top, bottom = sorted((one[1], other[1]))
        if right <= left or bottom <= top:
            continue
        row = rows[-1] if rows else None
        middle = (top + bottom) / 2
        if row and row[1] < middle < row[3] and left > row[0] - 0.001 and left - row[2] < 0.1:
            row[1], row[2], row[3] = min(row[1], top), max(row[2], right), max(row[3], bottom)
        else:
            rows.append([left, top, right, bottom])
    return tuple((max(0.0, a), max(0.0, b), min(1.0, c), min(1.0, d)) for a, b, c, d in rows)
