"""The picture of a page, and the passage marked where it stands."""

import struct
import zlib
from pathlib import Path

import pytest

from services.documents.pdf_picture import PagePicture, render_page
from services.errors import UserError
from tests.documents.awkward_pdf_part import LEFT, RIGHT
from tests.documents.pdf_file import Text, paragraph, wrapped, write_pdf


def pixels(picture: PagePicture) -> list[bytes]:
    """The rows of a PNG file as render_page writes them."""
    assert picture.png.startswith(b"\x89PNG\r\n\x1a\n")
    assert struct.unpack(">II", picture.png[16:24]) == (picture.width, picture.height)
    size = struct.unpack(">I", picture.png[33:37])[0]
    data = zlib.decompress(picture.png[41 : 41 + size])
    length = 3 * picture.width + 1
    return [data[at + 1 : at + length] for at in range(0, len(data), length)]


def mark_holds_ink(picture: PagePicture, mark: tuple[float, float, float, float]) -> bool:
    left, top, right, bottom = mark
    rows = pixels(picture)[int(top * picture.height) : int(bottom * picture.height) + 1]
    return any(min(row[3 * int(left * picture.width) : 3 * int(right * picture.width) + 3]) < 128 for row in rows)


def test_a_page_is_drawn_and_its_passage_marked_line_by_line(tmp_path: Path) -> None:
    lines = wrapped(LEFT, 60, 700)
    path = write_pdf(tmp_path / "a.pdf", [[], [Text("Title", 72, 740, 20), *lines, *wrapped(RIGHT, 60, 500)]])
    picture = render_page(path, 2, 600, LEFT)
    assert (picture.width, picture.page_count) == (600, 2)
    assert abs(picture.height - 600 * 792 / 612) < 2
    assert len(picture.marks) == len(lines)
    for line, (left, top, right, bottom) in zip(lines, picture.marks, strict=True):
        assert 0 <= left < right <= 1 and 0 <= top < bottom <= 1
        assert abs(left - line.x / 612) < 0.01
        assert top < 1 - line.y / 792 < bottom
        assert mark_holds_ink(picture, picture.marks[0])


def test_white_space_hyphens_ligatures_and_marks_of_markdown_do_not_matter(tmp_path: Path) -> None:
    page = [
        Text("The First Light", 72, 740, 20),
        *paragraph(["The of\ufb01ce was in a light-".replace("\ufb01", "fi"), "house of the  first order."], 700),
        Text("North", 72, 600), Text("1874", 200, 600), Text("South", 72, 580), Text("1881", 200, 580),
    ]  # fmt: skip
    path = write_pdf(tmp_path / "a.pdf", [page])
    passage = (
        "# The First Light\n\nThe o\ufb03ce was in a lighthouse of the first order.\n\n"
        "| North | 1874 |\n| --- | --- |\n| South | 1881 |"
    ).replace("\ufb03", "f\ufb01")
    marks = render_page(path, 1, 400, passage).marks
    assert len({round(top, 3) for _left, top, _right, _bottom in marks}) == 5


def test_a_passage_over_two_pages_is_marked_on_each(tmp_path: Path) -> None:
    path = write_pdf(tmp_path / "a.pdf", [wrapped(LEFT, 60, 200), wrapped(RIGHT, 60, 700)])
    passage = LEFT[60:] + " " + RIGHT[:200]
    first, second = render_page(path, 1, 300, passage).marks, render_page(path, 2, 300, passage).marks
    assert len(first) >= 3 and 3 <= len(second) <= 4
    assert render_page(path, 2, 300, LEFT[:100]).marks == ()


def test_a_page_that_is_shown_turned_is_marked_as_it_is_seen(tmp_path: Path) -> None:
    lines = wrapped(LEFT, 70, 0)
    path = write_pdf(
        tmp_path / "a.pdf", [[Text(line.text, 100 - line.y, 60, 11, turn=90) for line in lines]], rotation=90
    )
    picture = render_page(path, 1, 600, LEFT)
    assert picture.width > picture.height
    assert len(picture.marks) == len(lines)
    tops = [top for _left, top, _right, _bottom in picture.marks]
    assert tops == sorted(tops)
    assert all(right - left > bottom - top for left, top, right, bottom in picture.marks)


def test_what_is_not_there_is_not_marked(tmp_path: Path) -> None:
    path = write_pdf(tmp_path / "a.pdf", [wrapped(LEFT, 60, 700)])
    for passage in ("", "   ", "Nothing of the kind stands here.", "|---|", "x"):
        assert render_page(path, 1, 200, passage).marks == ()


def test_a_page_or_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    path = write_pdf(tmp_path / "a.pdf", [wrapped(LEFT, 60, 700)])
    with pytest.raises(UserError, match="no page 2"):
        render_page(path, 2, 200, "")
    with pytest.raises(UserError, match="gone.pdf"):
        render_page(tmp_path / "gone.pdf", 1, 200, "")
    path.write_bytes(b"no PDF")
    with pytest.raises(UserError, match="a.pdf"):
        render_page(path, 1, 200, "")
