"""PDF: pypdfium2 first, and pypdf as a second opinion on pages where it finds nothing or broken characters.

A long file is read in parts, so that memory does not grow with its pages: what was learned from the parts before (sizes
of letters, running heads) goes along, and the file is opened anew for each, because pdfium keeps what it has seen.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from services.documents import ocr
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
from services.documents.pdf_layout import Habits, lay_out
from services.documents.pdf_line import Line, joined, plain_lines
from services.documents.pdf_order import in_reading_order, is_plain
from services.documents.pdf_page import PageText
from services.documents.pdf_ruling import with_ruled_tables
from services.documents.pdf_table import with_drawn_tables, with_tables
from services.errors import UserError
from services.translation import _, ngettext

if TYPE_CHECKING:
    import pypdf
    import pypdfium2

FEW_CHARACTERS = 25  # below this a page with a large picture counts as scanned
BROKEN_SHARE = 0.05  # above this a second opinion is asked for
UNREADABLE_SHARE = 0.5  # above this the text is no text
PART_PAGES = 400
_PICTURE_SHARE = 0.5  # of the page's area
_MOST_OBJECTS = 2000  # of a page, among which a large picture is looked for
_MOST_LOST_PAGES = 50  # that cannot be loaded; with more of them the file is damaged, and none of it is taken
_BROKEN = re.compile(r"[\ufffd\ue000-\uf8ff\x00-\x08\x0e-\x1b]")


def read_pdf(path: Path, report: Report = ignore) -> ReadDocument | Iterator[ReadDocument]:
    """Read the text layer of a PDF in reading order, with headings, tables, and paragraphs made whole.

    Returns:
        one document; of a file of more than 400 pages an iterator over its parts, in order.

    Raises:
        UserError: the file is empty, no PDF, damaged or cut off, needs a password, or has no text; of a long
            file also while its parts are read.
    """
    if path.stat().st_size == 0:
        raise refuse_empty(path)
    _refuse_unfinished(path)
    with closing(_open(path)) as document:
        reading = _Reading(path, report, len(document))
        if len(document) <= PART_PAGES:
            return reading.part(document, 0, len(document))
    return reading.parts()


def broken_share(text: str) -> float:
    """The share of visible characters that stand for no letter: replaced, private, or control characters."""
    broken = len(_BROKEN.findall(text)) + 6 * text.count("(cid:")
    visible = sum(map(len, text.split())) if broken else 0
    return min(broken / visible, 1.0) if visible else 0.0


class _Reading:
    """One pass over the pages of a file."""

    def __init__(self, path: Path, report: Report, page_count: int) -> None:
        self._path, self._report, self._page_count = path, report, page_count
        self._habits = Habits()
        self._has_text = False
        self._scanned: list[int] = []
        self._unreadable: list[int] = []
        self._lost: list[int] = []
        self._recognized: list[int] = []

    def parts(self) -> Iterator[ReadDocument]:
        # All parts are of one length: the statistics of a short last one would be poor.
        count = -(-self._page_count // PART_PAGES)
        for part in range(count):
            first, end = part * self._page_count // count, (part + 1) * self._page_count // count
            with closing(_open(self._path)) as document:
                yield self.part(document, first, end)

    def part(self, document: pypdfium2.PdfDocument, first: int, end: int) -> ReadDocument:
        """The pages from index ``first`` to before ``end``; the warnings come with the last ones."""
        is_last = end == self._page_count
        pages: list[list[Line]] = []
        with closing(PageText(document)) as text, closing(_SecondOpinion(self._path)) as second_opinion:
            for index in range(first, end):
                lines = self._page(document, text, index, second_opinion)
                is_scan = bool(self._scanned) and self._scanned[-1] == index + 1
                self._has_text = self._has_text or (not is_scan and any(has_words(line.text) for line in lines))
                pages.append(lines)
                self._report((index + 1) / self._page_count)
        if is_last and not self._has_text:
            raise self._textless()
        texts, removed = lay_out(pages, self._habits)
        return ReadDocument(
            tuple(Page(number, text) for number, text in enumerate(texts, first + 1)),
            "pdf",
            self._warnings() if is_last else (),
            tuple(removed),
        )

    def _page(self, document: pypdfium2.PdfDocument, text: PageText, index: int, second: _SecondOpinion) -> list[Line]:
        """The lines of a page; none where it cannot be read, which is noted."""
        import pypdfium2

        try:
            lines = text.lines(index)
        except pypdfium2.PdfiumError as error:
            self._lost.append(index + 1)
            if len(self._lost) > _MOST_LOST_PAGES or self._page_count == 1:
                raise _damaged(self._path, _("page {number} cannot be read").format(number=self._lost[0])) from error
            return []
        if not lines and text.is_blank():
            return []
        found = joined(lines)
        broken = broken_share(found)
        if not has_words(found) or broken > BROKEN_SHARE:
            other = second.page_lines(index)
            other_text = joined(other)
            is_longer = len(other_text) >= len(found) // 2
            if has_words(other_text) and is_longer and broken_share(other_text) <= broken:
                lines, found, broken = other, other_text, broken_share(other_text)
        is_unreadable = broken > UNREADABLE_SHARE
        if is_unreadable or (len(found.strip()) < FEW_CHARACTERS and _has_large_picture(document, index)):
            recognized: list[Line] = []
            if ocr.is_installed():
                with suppress(pypdfium2.PdfiumError):
                    recognized = ocr.page_lines(document, index)
            if recognized:
                self._recognized.append(index + 1)
                return with_tables(*in_reading_order(recognized))
            if not (is_unreadable or ocr.is_installed()):
                self._scanned.append(index + 1)
                return lines  # a page number, perhaps
            if is_unreadable:
                self._unreadable.append(index + 1)
                return []
        return _arranged(lines, text)

    def _textless(self) -> UserError:
        name = self._path.name
        if self._lost:
            return _damaged(self._path, _("page {number} cannot be read").format(number=self._lost[0]))
        if self._scanned:
            return UserError(
                ngettext(
                    "{name} is a scan: a picture of {count} page without text. {how}",
                    "{name} is a scan: pictures of {count} pages without text. {how}",
                    self._page_count,
                ).format(name=name, count=self._page_count, how=ocr.how_to_install())
            )
        if self._unreadable:
            return UserError(
                _("{name} does not say which letters its characters stand for. {how}").format(
                    name=name, how=ocr.how_to_install()
                )
            )
        return refuse_without_text(self._path)

    def _warnings(self) -> tuple[str, ...]:
        warnings = []
        if self._scanned:
            warnings.append(
                ngettext(
                    "Page {pages} is a scan without text and was left out.",
                    "Pages {pages} are scans without text and were left out.",
                    len(self._scanned),
                ).format(pages=_page_list(self._scanned))
                + " "
                + ocr.how_to_install()
            )
        if self._recognized:
            warnings.append(
                ngettext(
                    "Page {pages} is a scan and was read by text recognition (OCR): look it over.",
                    "Pages {pages} are scans and were read by text recognition (OCR): look them over.",
                    len(self._recognized),
                ).format(pages=_page_list(self._recognized))
            )
        if self._unreadable:
            warnings.append(
                ngettext(
                    "Page {pages} has characters that stand for no letters and was left out.",
                    "Pages {pages} have characters that stand for no letters and were left out.",
                    len(self._unreadable),
                ).format(pages=_page_list(self._unreadable))
            )
        if self._lost:
            warnings.append(
                ngettext(
                    "Page {pages} is damaged and was left out.",
                    "Pages {pages} are damaged and were left out.",
                    len(self._lost),
                ).format(pages=_page_list(self._lost))
            )
        return tuple(warnings)


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

        logging.getLogger("pypdf").setLevel(logging.CRITICAL)
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


def _arranged(lines: list[Line], text: PageText) -> list[Line]:
    """The lines in reading order, and tables as rows. The page's rules are looked for only where they may say more."""
    if is_plain(lines):
        return lines
    if rules := text.rules():
        lines = with_ruled_tables(lines, rules)
    found = with_drawn_tables(lines)
    ordered, has_columns = in_reading_order(found)
    return with_tables(ordered, has_columns, is_searched=found is lines and ordered == lines)


def _has_large_picture(document: pypdfium2.PdfDocument, index: int) -> bool:
    from itertools import islice

    import pypdfium2
    import pypdfium2.raw as pdfium

    with suppress(pypdfium2.PdfiumError), closing(document[index]) as page:
        width, height = page.get_size()
        if page.get_rotation() in (90, 270):
            width, height = height, width
        for picture in islice(page.get_objects(filter=(pdfium.FPDF_PAGEOBJ_IMAGE,)), _MOST_OBJECTS):
            left, bottom, right, top = picture.get_bounds()
            if (right - left) * (top - bottom) >= _PICTURE_SHARE * width * height:
                return True
    return False


def _open(path: Path) -> pypdfium2.PdfDocument:
    import pypdfium2

    try:
        # A name whose bytes are no text cannot be handed to pdfium.
        return pypdfium2.PdfDocument(path if printable(path) == str(path) else path.read_bytes())
    except pypdfium2.PdfiumError as error:
        raise _refusal(path, error) from error


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


def _page_list(numbers: list[int], most: int = 12) -> str:
    shown = ", ".join(map(str, numbers[:most]))
    return shown if len(numbers) <= most else f"{shown}, …"
