"""Texts, and arrangements of them, of which test PDFs are put together."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

from tests.documents.pdf_file import Text, wrapped

LEFT = (
    "The keeper of the northern light counted every ship that passed the skerries, and wrote the number into a book "
    "with a green cover. In the winter of the great storm she counted none for nineteen days, and the book says so on "
    "nineteen lines, each in the same careful hand. On the twentieth day a schooner came in under a torn sail."
)
RIGHT = (
    "Her brother kept the southern light, eleven miles away across the sound. He counted nothing, but he knew the "
    "masters of the herring boats by the way they trimmed their lamps, and when one of them did not come home he put "
    "out his own boat and rowed along the reef until the morning. He found four of them in thirty years."
)
ABSTRACT = (
    "This paper gives the counts of both lights for the years from 1881 to 1911, compares them with the books of the "
    "harbour office, and shows that one ship in nine was never written down by anybody else."
)
LAST = (
    "Neither of the two lights is lit today. The books are kept in the museum, where the pages of that winter can be "
    "seen behind glass, with nothing on them but the dates."
)


def columns(
    texts: Sequence[str], y: float, *, width: int = 30, step: float = 230, drawn: str = "by column", size: float = 10
) -> list[Text]:
    """Texts side by side. drawn: "by column", or "by row" as programs that go down the page line by line do."""
    blocks = [wrapped(text, width, y, x=60 + step * index, size=size) for index, text in enumerate(texts)]
    if drawn == "by column":
        return [line for block in blocks for line in block]
    lines = []
    for index in range(max(map(len, blocks))):
        lines += [block[index] for block in blocks if index < len(block)]
    return lines


def grid(
    rows: Sequence[Sequence[str]], y: float, *, xs: Sequence[float] = (72, 200, 300, 400), step: float = 16,
    size: float = 10, bold_head: bool = False, right: bool = False,
) -> list[Text]:  # fmt: skip
    """Cells row by row. right: all but the first column end at their place."""
    cells = []
    for index, row in enumerate(rows):
        font = "Courier-Bold" if bold_head and index == 0 else "Courier"
        for column, (x, text) in enumerate(zip(xs, row)):  # noqa: B905
            if text:
                place = x + 60 - 0.6 * size * len(text) if right and column else x
                cells.append(Text(text, place, y - step * index, size, font=font))
    return cells


def pages_with_heads(count: int, head: Callable[[int], Sequence[Text]]) -> list[list[Text]]:
    """Pages of words that are in another order on each, below the lines that ``head`` gives for a page's index."""
    words = sorted({word.strip(".,") for text in (LEFT, RIGHT, ABSTRACT, LAST) for word in text.split()})
    pages = []
    for number in range(count):
        mixed = random.Random(number).sample(words, 60)
        text = f"{mixed[0].title()} {' '.join(mixed[1:])}."
        pages.append([*head(number), *wrapped(text, 60, 650 - 7 * (number % 5))])
    return pages
