"""Layouts by chance: prose in any columns is read in order and is never a table; tables come out cell by cell."""

import random
from pathlib import Path

import pytest

from services.documents import markdown
from services.documents.cleaning import clean
from services.documents.page import ReadDocument
from services.documents.pdf import read_pdf
from tests.documents.awkward_pdf_part import ABSTRACT, LAST, LEFT, RIGHT, columns, grid
from tests.documents.pdf_file import Raw, Text, rule, wrapped, write_pdf

WORDS = sorted({word.strip(".,").lower() for text in (LEFT, RIGHT, ABSTRACT, LAST) for word in text.split()})


def content_of(path: Path) -> str:
    document = read_pdf(path)
    assert isinstance(document, ReadDocument)
    return clean(document).content


def paragraph_of(chance: random.Random) -> str:
    return f"{' '.join(chance.choices(WORDS, k=chance.randint(25, 60)))}.".capitalize()


@pytest.mark.parametrize("seed", range(24))
def test_prose_in_columns_is_read_in_order_and_is_no_table(seed: int, tmp_path: Path) -> None:
    chance = random.Random(seed)
    count = chance.choice((1, 2, 2, 2, 3))
    width, step = {1: (75, 0), 2: (36, 240), 3: (24, 160)}[count]
    drawn = chance.choice(("by row", "by column"))
    pages, expected = [], []
    for _page in range(3):
        lines: list[Text] = []
        top = 740.0
        for _block in range(2):  # one over the other, the second below the longest column of the first
            texts = [" ".join(paragraph_of(chance) for _ in range(3 if count == 1 else 2)) for _ in range(count)]
            lines += columns(texts, top, width=width, step=step, drawn=drawn, size=9)
            top = min(line.y for line in lines) - 30
            if count > 1:
                across = paragraph_of(chance)
                lines += wrapped(across, 80, top, x=60, size=9)
                texts.append(across)
                top = min(line.y for line in lines) - 30
            expected += texts
        pages.append(lines)
    content = content_of(write_pdf(tmp_path / "a.pdf", pages))
    assert "|" not in content
    assert content.split() == " ".join(expected).split()


@pytest.mark.parametrize("seed", range(24))
def test_tables_come_out_cell_by_cell(seed: int, tmp_path: Path) -> None:
    chance = random.Random(seed)
    count, rules = chance.randint(3, 4), chance.choice(("none", "rows", "head"))
    rows = [[chance.choice(WORDS).title() for _ in range(count)]]
    for _row in range(chance.randint(4, 12)):
        numbers = [
            chance.choice((str(chance.randint(1, 9999)), f"{chance.random() * 100:.2f}", f"{chance.randint(1, 99)} %"))
            for _ in range(count - 1)
        ]
        rows.append([" ".join(chance.choices(WORDS, k=chance.randint(1, 2)))[:18].title(), *numbers])
    page: list[Text | Raw] = [*wrapped(LEFT, 70, 740), *grid(rows, 600, right=chance.random() < 0.5)]
    heights = {"none": [], "head": [614, 595, 600 - 16 * len(rows) + 11], "rows": range(595, 595 - 16 * len(rows), -16)}
    page += [rule(70, height, 420) for height in heights[rules]]
    page += wrapped(RIGHT, 70, 560 - 16 * len(rows))
    content = content_of(write_pdf(tmp_path / "a.pdf", [page]))
    assert markdown.table(rows) in content
    assert content.startswith("The keeper") and content.endswith("in thirty years.")
