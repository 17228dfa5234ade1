"""PDF: pypdfium2 first, and pypdf as a second opinion on pages where it finds nothing or broken characters."""

from __future__ import annotations

import logging
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

from services.documents.page import (
    Page,
    ReadDocument,
    Report,
    has_words,
    ignore,
    printable,
    refuse_empty,
    refuse_without_text,
)
from services.documents.pdf_layout import Line, lay_out, plain_lines
from services.errors import UserError
from services.translation import _, ngettext

if TYPE_CHECKING:
    import pypdf
    import pypdfium2

FEW_CHARACTERS = 25  # below this a page with a large picture counts as scanned
BROKEN_SHARE = 0.05  # above this a second opinion is asked for
UNREADABLE_SHARE = 0.5  # above this the text is no text
_PICTURE_SHARE = 0.5  # of the page's area


def read_pdf(path: Path, report: Report = ignore) -> ReadDocument:
    """Read the text layer of a PDF in reading order, with headings by size and paragraphs made whole.

    Raises:
        UserError: the file is empty, no PDF, damaged or cut off, needs a password, or has no text layer.
    """
    import pypdfium2

    if path.stat().st_size == 0:
        raise refuse_empty(path)
    _refuse_unfinished(path)
    try:
        # A name whose bytes are no text cannot be handed to pdfium.
        document = pypdfium2.PdfDocument(path if printable(path) == str(path) else path.read_bytes())
    except pypdfium2.PdfiumError as error:
        raise _refusal(path, error) from error
    pages: list[list[Line]] = []
    scanned: list[int] = []
    unreadable: list[int] = []
    with closing(document), closing(_SecondOpinion(path)) as second_opinion:
        for number in range(1, len(document) + 1):
            try:
                lines, is_scan = _read_page(document, number - 1, second_opinion)
            except pypdfium2.PdfiumError as error:
                raise _damaged(path, _("page {number} cannot be read").format(number=number)) from error
            if broken_share(_joined(lines)) > UNREADABLE_SHARE:
                unreadable.append(number)
                lines = []
            elif is_scan:
                scanned.append(number)
            pages.append(lines)
            report(number / len(document))
    _refuse_textless(path, pages, scanned, unreadable)
    texts = lay_out(pages)
    return ReadDocument(
        tuple(Page(number, text) for number, text in enumerate(texts, 1)), "pdf", _warnings(scanned, unreadable)
    )


def broken_share(text: str) -> float:
    """The share of visible characters that stand for no letter: replaced, private, or control characters."""
    visible = broken = 0
    for character in text:
        if character.isspace() or character == "\ufffe":
            continue
        visible += 1
        broken += character == "\ufffd" or "\ue000" <= character <= "\uf8ff" or character < " "
    broken += 6 * text.count("(cid:")
    return min(broken / visible, 1.0) if visible else 0.0


class _SecondOpinion:
    """pypdf, opened at the first page that needs it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._reader: pypdf.PdfReader | None = None
        self._is_willing = True

    def page_lines(self, index: int) -> list[Line]:
        if not self._is_willing:
            return []
        import pypdf

        logging.getLogger("pypdf").setLevel(logging.ERROR)
        try:
            if self._reader is None:
                self._reader = pypdf.PdfReader(self._path)
            return plain_lines(self._reader.pages[index].extract_text())
        except Exception:  # it meets only pages that are odd already, and may fail on them in any way
            self._is_willing = self._reader is not None
            return []

    def close(self) -> None:
        if self._reader is not None:
            self._reader.close()


def _read_page(document: pypdfium2.PdfDocument, index: int, second: _SecondOpinion) -> tuple[list[Line], bool]:
    """The lines of a page, and whether it is a picture of text rather than text."""
    with closing(document[index]) as page:
        with closing(page.get_textpage()) as text_page:
            lines = _page_lines(text_page, has_geometry=page.get_rotation() == 0)
        found = _joined(lines)
        if not has_words(found) or broken_share(found) > BROKEN_SHARE:
            other = second.page_lines(index)
            other_text = _joined(other)
            is_longer = len(other_text) >= len(found) // 2
            if has_words(other_text) and is_longer and broken_share(other_text) <= broken_share(found):
                lines, found = other, other_text
        return lines, len(found.strip()) < FEW_CHARACTERS and _has_large_picture(page)


def _page_lines(text_page: pypdfium2.PdfTextPage, has_geometry: bool) -> list[Line]:
    """Cut a page's text into lines with their place on the page.

    pdfium ends lines with CRLF and writes U+FFFE for a hyphen at which a word is broken, leaving the line end out;
    a U+FFFE within a line is a plain hyphen.
    """
    text = text_page.get_text_range()
    pieces: list[tuple[int, str]] = []
    at = 0
    for row in text.split("\r\n"):
        for piece in row.split("\ufffe"):
            pieces.append((at, piece))
            at += len(piece) + 1
        at += 1
    joints = {start for (start, _) in pieces if start and text[start - 1] == "\ufffe"}
    if not has_geometry:
        return plain_lines(text.replace("\ufffe", "-\n"))
    lines: list[Line] = []
    utf16 = _Utf16(text)
    for start, piece in pieces:
        line = _placed(text_page, utf16, start, piece)
        if start in joints and lines:
            before = lines.pop()
            if line is None or abs(line.baseline - before.baseline) < 0.3 * line.size:
                piece = before.text + "-" + piece
                lines.append(
                    Line(piece, before.left, line.right if line else before.right, before.baseline, before.size)
                )
                continue
            lines.append(Line(before.text + "-", before.left, before.right, before.baseline, before.size))
        if line is not None:
            lines.append(line)
    return lines


class _Utf16:
    """Offsets in UTF-16 units, which pdfium counts in, for offsets in characters."""

    def __init__(self, text: str) -> None:
        self._wide = [index for index, character in enumerate(text) if character > "\uffff"]

    def offset(self, index: int) -> int:
        return index + sum(wide < index for wide in self._wide)


def _placed(text_page: pypdfium2.PdfTextPage, utf16: _Utf16, start: int, piece: str) -> Line | None:
    """The piece with its edges and baseline; its size is the smaller of two letters', against drop capitals."""
    import pypdfium2.raw as pdfium

    stripped = piece.strip()
    if not stripped:
        return None
    first = start + len(piece) - len(piece.lstrip())
    middle = len(stripped) // 2
    middle += stripped[middle].isspace()  # blanks may be pdfium's own, without a size

    def character(index: int) -> int:
        return max(pdfium.FPDFText_GetCharIndexFromTextIndex(text_page, utf16.offset(index)), 0)

    ends = [text_page.get_charbox(character(index), loose=True) for index in (first, first + len(stripped) - 1)]
    size = min(_size(text_page, character(first)), _size(text_page, character(first + middle)))
    return Line(stripped, ends[0][0], ends[1][2], _baseline(text_page, character(first)), size)


def _size(text_page: pypdfium2.PdfTextPage, character: int) -> float:
    """The size of a letter on the page, in points: that of its font times the scale it is drawn in."""
    import pypdfium2.raw as pdfium

    matrix = pdfium.FS_MATRIX()
    scale = abs(matrix.d) if pdfium.FPDFText_GetMatrix(text_page, character, matrix) and matrix.d else 1.0
    return pdfium.FPDFText_GetFontSize(text_page, character) * scale


def _baseline(text_page: pypdfium2.PdfTextPage, character: int) -> float:
    import ctypes

    import pypdfium2.raw as pdfium

    x, y = ctypes.c_double(), ctypes.c_double()
    pdfium.FPDFText_GetCharOrigin(text_page, character, x, y)
    return y.value


def _has_large_picture(page: pypdfium2.PdfPage) -> bool:
    import pypdfium2.raw as pdfium

    width, height = page.get_size()
    for picture in page.get_objects(filter=(pdfium.FPDF_PAGEOBJ_IMAGE,)):
        left, bottom, right, top = picture.get_bounds()
        if (right - left) * (top - bottom) >= _PICTURE_SHARE * width * height:
            return True
    return False


def _joined(lines: list[Line]) -> str:
    return "\n".join(line.text for line in lines)


def _refuse_unfinished(path: Path) -> None:
    """A PDF starts with %PDF and ends with %%EOF; pdfium repairs some that do not, with pages missing."""
    with path.open("rb") as file:
        if b"%PDF-" not in file.read(1024):
            raise UserError(
                _("{name} is not a PDF, whatever its name says. Check where it comes from.").format(name=path.name)
            )
        size = path.stat().st_size
        file.seek(max(0, size - 65536))
        if b"%%EOF" not in file.read():
            raise _damaged(path, _("its end is missing"))


def _refusal(path: Path, error: Any) -> UserError:
    import pypdfium2.raw as pdfium

    if error.err_code in (pdfium.FPDF_ERR_PASSWORD, pdfium.FPDF_ERR_SECURITY):
        return UserError(
            _("{name} is protected by a password. Open it in a PDF viewer, save a copy without the password, "
              "and add that.").format(name=path.name)
        )  # fmt: skip
    return _damaged(path, _("its contents cannot be found"))


def _damaged(path: Path, what: str) -> UserError:
    return UserError(
        _("{name} is damaged or was cut off: {what}. Copy or download it again.").format(name=path.name, what=what)
    )


def _refuse_textless(path: Path, pages: list[list[Line]], scanned: list[int], unreadable: list[int]) -> None:
    lost = {*scanned, *unreadable}
    if any(has_words(_joined(lines)) for number, lines in enumerate(pages, 1) if number not in lost):
        return
    if scanned:
        raise UserError(
            ngettext(
                "{name} is a scan: a picture of {count} page without text. Run it through text recognition (OCR), "
                "and add the result.",
                "{name} is a scan: pictures of {count} pages without text. Run it through text recognition (OCR), "
                "and add the result.",
                len(pages),
            ).format(name=path.name, count=len(pages))
        )
    if unreadable:
        raise UserError(
            _("{name} does not say which letters its characters stand for. Run it through text recognition (OCR), "
              "or export it again from the program that made it.").format(name=path.name)
        )  # fmt: skip
    raise refuse_without_text(path)


def _warnings(scanned: list[int], unreadable: list[int]) -> tuple[str, ...]:
    warnings = []
    if scanned:
        warnings.append(
            ngettext(
                "Page {pages} is a scan without text and was left out. Text recognition (OCR) makes it readable.",
                "Pages {pages} are scans without text and were left out. Text recognition (OCR) makes them readable.",
                len(scanned),
            ).format(pages=_page_list(scanned))
        )
    if unreadable:
        warnings.append(
            ngettext(
                "Page {pages} has characters that stand for no letters and was left out.",
                "Pages {pages} have characters that stand for no letters and were left out.",
                len(unreadable),
            ).format(pages=_page_list(unreadable))
        )
    return tuple(warnings)


def _page_list(numbers: list[int], most: int = 12) -> str:
    shown = ", ".join(map(str, numbers[:most]))
    return shown if len(numbers) <= most else f"{shown}, …"
