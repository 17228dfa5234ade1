"""Text recognition: its results put in order; and, where the part is installed, scans and pictures read."""

from pathlib import Path

import pytest

from services.documents import ocr
from services.documents.page import ReadDocument
from services.documents.pdf import read_pdf
from services.documents.pdf_line import Line
from services.errors import UserError
from tests.documents.pdf_file import Raw, Text, paragraph, write_pdf

needs_recognition = pytest.mark.skipif(not ocr.is_installed(), reason="the optional part ocr is not installed")
LINES = [
    "The keeper counted every ship that passed",
    "and wrote it into a book with a green cover.",
    "It is still there.",
]


def test_pieces_of_one_height_become_rows_with_cells() -> None:
    pieces = [
        Line("South", 50, 90, 600.5, 10), Line("North", 50, 92, 620, 11), Line("1874", 200, 230, 619, 9.5),
        Line("The keeper", 50, 110, 700, 10), Line("counted", 113, 150, 701, 10), Line("1881", 200, 231, 600, 10),
    ]  # fmt: skip
    rows = ocr.in_rows(pieces)
    assert [row.text for row in rows] == ["The keeper counted", "North 1874", "South 1881"]
    assert [len(row.cells) for row in rows] == [0, 2, 2]
    assert len({row.size for row in rows}) == 1


def test_an_empty_picture_is_named_before_anything_else(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(b"")
    with pytest.raises(UserError, match="empty"):
        ocr.read_picture(path)


@needs_recognition
def test_scanned_pages_are_read(tmp_path: Path) -> None:
    path = scan(tmp_path)
    document = read_pdf(path)
    assert isinstance(document, ReadDocument)
    assert document.pages[0].text == " ".join(LINES)
    assert "OCR" in document.warnings[0]


@needs_recognition
def test_a_picture_is_read_and_a_broken_one_named(tmp_path: Path) -> None:
    import pypdfium2

    from services.documents.pdf_picture import render_page

    path = tmp_path / "a.png"
    path.write_bytes(render_page(write_pdf(tmp_path / "a.pdf", [paragraph(LINES, 700)]), 1, 1400, "").png)
    assert ocr.read_picture(path).pages[0].text == " ".join(LINES)
    path.write_bytes(b"\x89PNG nothing")
    with pytest.raises(UserError, match=r"a\.png"):
        ocr.read_picture(path)
    assert pypdfium2


def scan(folder: Path) -> Path:
    """A page that is a picture of a page of text."""
    import pypdfium2

    document = pypdfium2.PdfDocument(write_pdf(folder / "text.pdf", [paragraph(LINES, 700)]))
    bitmap = document[0].render(scale=2, grayscale=True)
    size = b"/Width %d /Height %d" % (bitmap.width, bitmap.height)
    pixels = b"".join(
        bytes(bitmap.buffer)[at : at + bitmap.width] for at in range(0, bitmap.stride * bitmap.height, bitmap.stride)
    )
    inline = b"q 612 0 0 792 0 0 cm BI %s /ColorSpace /DeviceGray /BitsPerComponent 8 ID %s EI Q\n" % (size, pixels)
    path = write_pdf(folder / "scan.pdf", [[Raw(inline)]])
    document.close()
    return path


def test_a_page_with_a_number_over_its_picture_is_a_scan_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ocr, "is_installed", lambda: False)
    path = write_pdf(tmp_path / "a.pdf", [[Text("17", 300, 30)]], picture_pages=[0])
    with pytest.raises(UserError, match="scan"):
        read_pdf(path)
