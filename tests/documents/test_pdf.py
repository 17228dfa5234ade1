"""Long PDFs in parts, what is left out of a PDF, damaged and hostile ones."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.documents import ocr
from services.documents.page import ReadDocument
from services.documents.pdf import PART_PAGES, broken_share, read_pdf
from services.errors import Cancelled, UserError
from services.records import Removal
from tests.documents.awkward_pdf_part import ABSTRACT, LEFT, RIGHT, pages_with_heads
from tests.documents.pdf_file import Raw, Text, wrapped, write_pdf

WORDS = ("hares", "lynxes", "herons", "otters", "stoats", "ravens", "seals", "cranes", "adders", "finches")


@pytest.fixture(autouse=True)
def _without_recognition(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ocr, "is_installed", lambda: False)


def whole(path: Path) -> ReadDocument:
    document = read_pdf(path)
    assert isinstance(document, ReadDocument)
    return document


def long_pdf(path: Path, count: int) -> Path:
    def head(number: int) -> list[Text]:
        title = [Text(f"Chapter of the {WORDS[number // 100]}", 72, 730, 18)] if number % 50 == 0 else []
        return [Text("A Field Guide to the Ridge", 72, 760, 9), Text(str(number + 1), 300, 30, 9), *title]

    return write_pdf(path, pages_with_heads(count, head))


def test_a_long_pdf_is_read_in_parts_that_know_of_each_other(tmp_path: Path) -> None:
    count = 2 * PART_PAGES + 50
    shares: list[float] = []
    parts = read_pdf(long_pdf(tmp_path / "a.pdf", count), shares.append)
    assert isinstance(parts, Iterator)
    documents = list(parts)
    assert [len(part.pages) for part in documents] == [283, 283, 284]
    assert [page.number for part in documents for page in part.pages] == list(range(1, count + 1))
    text = "\n".join(page.text for part in documents for page in part.pages)
    assert "Field Guide" not in text
    assert not re.search(r"^\d+$", text, re.MULTILINE)
    assert len(re.findall(r"^# Chapter of the \w+$", text, re.MULTILINE)) == 17
    assert shares == sorted(shares) and shares[-1] == 1.0 and len(shares) == count


def test_a_head_is_known_in_a_part_in_which_it_is_rare(tmp_path: Path) -> None:
    pages = pages_with_heads(2 * PART_PAGES, lambda number: [Text("A Field Guide", 72, 760, 9)] if number < 430 else [])
    documents = list(read_pdf(write_pdf(tmp_path / "a.pdf", pages)))
    assert "Field Guide" not in "".join(page.text for part in documents for page in part.pages)
    assert documents[1].removed == (Removal("head", "A Field Guide", 401, 30),)


def test_a_long_pdf_without_text_is_refused_at_its_end(tmp_path: Path) -> None:
    parts = read_pdf(write_pdf(tmp_path / "a.pdf", [[]] * (PART_PAGES + 1)))
    with pytest.raises(UserError, match="no text"):
        list(parts)


def test_reading_ends_between_two_pages_when_it_is_cancelled(tmp_path: Path) -> None:
    seen = []

    def report(share: float) -> None:
        seen.append(share)
        if len(seen) == 3:
            raise Cancelled

    with pytest.raises(Cancelled):
        read_pdf(write_pdf(tmp_path / "a.pdf", [wrapped(LEFT, 60, 700)] * 9), report)
    assert len(seen) == 3


def test_heads_and_feet_are_counted_by_their_words(tmp_path: Path) -> None:
    pages = pages_with_heads(
        6, lambda number: [Text("A Field Guide", 72, 760, 9), Text(f"Page {number + 11}", 300, 30, 9)]
    )
    document = whole(write_pdf(tmp_path / "a.pdf", pages))
    assert document.removed == (Removal("head", "A Field Guide", 1, 6), Removal("head", "Page 11", 1, 6))


def test_no_head_no_removal(tmp_path: Path) -> None:
    assert whole(write_pdf(tmp_path / "a.pdf", [wrapped(LEFT, 60, 700), wrapped(RIGHT, 60, 650)])).removed == ()


def test_broken_share_counts_what_stands_for_no_letter() -> None:
    assert broken_share("plain text\n- with a list\t1") == 0
    assert broken_share("\ufffd\ufffd ab") == 0.5
    assert broken_share("(cid:12)") > 0.5
    assert broken_share("") == 0


def test_the_sentence_about_a_scan_says_how_to_install_recognition(tmp_path: Path) -> None:
    path = write_pdf(tmp_path / "scan.pdf", [[]], picture_pages=[0])
    with pytest.raises(UserError, match=re.escape(ocr.how_to_install())):
        read_pdf(path)
    assert "pip install rapidocr onnxruntime" in ocr.how_to_install()
    with pytest.raises(UserError, match="is a picture"):
        ocr.read_picture(path)


def test_hostile_pages_cost_no_more_than_their_text(tmp_path: Path) -> None:
    everywhere = [Text("x", 50 + index * 7919 % 500, 50 + index * 104729 % 700, 6) for index in range(3000)]
    far = [Text(ABSTRACT[:60], x, y) for x, y in ((1e30, 1e30), (-1e30, 5), (1e9, 1e9))]
    sizes = [Text(ABSTRACT[:60], 72, 700, size=size) for size in (0, -12, 1e9, 1e-9)]
    one_object = [
        Raw(b"BT /F1 1 Tf " + b"".join(b"1 0 0 1 %d 9 Tm (a) Tj " % (at % 600) for at in range(9000)) + b"ET")
    ]
    for items in (everywhere, far, sizes, one_object):
        document = whole(write_pdf(tmp_path / "a.pdf", [items, wrapped(LEFT, 60, 700)]))
        assert "The keeper of the northern light" in document.pages[1].text


@pytest.mark.parametrize(
    ("found", "replaced"),
    [
        (rb"/Kids \[[^\]]*\]", b"/Kids [2 0 R]"),
        (rb"/Count 1\b", b"/Count 900000"),
        (rb"/Count 1\b", b"/Count 99999999999"),
        (rb"/Count 1\b", b"/Count -5"),
        (rb"\[0 0 612 792\]", b"[0 0 0 0]"),
        (rb"\[0 0 612 792\]", b"[0 0 1e9 1e9]"),
    ],
)
def test_page_trees_that_lie_end(found: bytes, replaced: bytes, tmp_path: Path) -> None:
    path = write_pdf(tmp_path / "a.pdf", [wrapped(LEFT, 60, 700)])
    path.write_bytes(re.sub(found, replaced, path.read_bytes()))
    try:
        document = read_pdf(path)
        parts = [document] if isinstance(document, ReadDocument) else list(document)
        assert "The keeper" in parts[0].pages[0].text
    except UserError as error:
        assert "a.pdf" in str(error)


def test_characters_without_a_sign_in_a_formula_cost_no_document(tmp_path: Path) -> None:
    # An arrow of a mathematical font, between two letters on lines of their own, that a file calls a line end.
    formula = Raw(b"BT /F3 10 Tf 72 700 Td (cd ) Tj 46 6 Td (\\015\\014) Tj 42 -6 Td ( ef) Tj ET\n")
    prose = wrapped("The keeper feeds the grey geese at noon and counts the ships. " * 6, 70, 600, font="Helvetica")
    text = whole(write_pdf(tmp_path / "formula.pdf", [[formula, *prose]])).pages[0].text
    assert text.split()[:4] == ["cd", "ef", "The", "keeper"]
