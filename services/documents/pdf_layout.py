"""From the placed lines of a PDF to text: edges removed, headings marked, lines joined into paragraphs.

A line end within a paragraph is where the next word did not fit. So two lines belong together when the
first word of the second would not have fitted at the end of the first; rows of a table, verses and addresses
have room to spare and stay apart.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from statistics import median

from services.documents import markdown
from services.documents.page import has_words
from services.documents.running_head import EDGE_LINES, find_running_lines

_BULLET = re.compile(r"[•‣▪●◦∙·–\uf0b7\uf0a7*-]\s+(?=\S)")
_LIST_ITEM = re.compile(r"(?:- |\(?(?:\d{1,3}|[a-zA-Z])[.)]\s)")
_SENTENCE_END = re.compile(r"[.!?:…。！？][\"'”’»)\]]*$")
_LEADER = re.compile(r"(?:\. ?){4,}")  # the dots of a table of contents
_MARK = re.compile(r"#{1,6}\s")
_LARGER = 1.15  # than the body's letters: a heading
_LONGEST_HEADING = 150  # characters
_WIDER_STEP = 1.35  # than the usual distance of two lines: a new paragraph


@dataclass(frozen=True, slots=True)
class Line:
    """left, right, baseline and size (of the font) in points from the page's lower left corner.

    A line of which only the text is known has size 0 and counts characters from left to right.
    """

    text: str
    left: float
    right: float
    baseline: float = 0.0
    size: float = 0.0
    level: int = 0  # 1 to 6 for a heading

    @property
    def width(self) -> float:
        return self.right - self.left


def plain_lines(text: str) -> list[Line]:
    return [Line(row, 0, len(row)) for row in map(str.strip, text.splitlines()) if row]


def lay_out(pages: Sequence[Sequence[Line]]) -> list[str]:
    """The text of each page. Lines of a paragraph are joined, ``-\\n`` marks where a word may be broken.

    Paragraphs are parted by a blank line; rows and list items by a line end.
    """
    body_size = _body_size(line for page in pages for line in page)
    ordered = [_mark_headings(_in_order(page), body_size) for page in pages]
    _number_levels(ordered)
    marked = [[_heading_text(line) if line.level else line.text for line in page] for page in ordered]
    running = find_running_lines(marked)
    kept = [
        [line for index, line in enumerate(page) if (number, index) not in running]
        for number, page in enumerate(ordered)
    ]
    if not any(has_words(line.text) for page in kept for line in page):
        kept = ordered  # pages that are all alike are the text
    measure = _Measure([line for page in kept for line in page], body_size)
    return [_join(page, measure) for page in kept]


def _body_size(lines: Iterable[Line]) -> float:
    """The size in which most characters are set, to half a point; 0 when no size is known."""
    characters: Counter[float] = Counter()
    for line in lines:
        if line.size:
            characters[_half_points(line.size)] += len(line.text)
    return characters.most_common(1)[0][0] if characters else 0.0


def _half_points(size: float) -> float:
    return round(size * 2) / 2


def _in_order(lines: Sequence[Line]) -> list[Line]:
    """Heads and feet are often drawn first or last, whatever their place: put them where they stand."""
    page = list(lines)
    if len(page) < 2 or not all(line.size for line in page):
        return page
    for line in page[:EDGE_LINES]:
        if all(line.baseline < other.baseline - other.size / 2 for other in page if other is not line):
            page.remove(line)
            page.append(line)
            break
    for line in page[-EDGE_LINES:]:
        if all(line.baseline > other.baseline + other.size / 2 for other in page if other is not line):
            page.remove(line)
            page.insert(0, line)
            break
    return page


def _mark_headings(lines: list[Line], body_size: float) -> list[Line]:
    """Mark lines in larger letters (level 1 for now) and put the parts of a wrapped heading together."""
    if not body_size:
        return lines
    marked: list[Line] = []
    for line in lines:
        before = marked[-1] if marked else None
        if line.size < _LARGER * body_size or not any(character.isalpha() for character in line.text):
            marked.append(line)
            continue
        if (
            before is not None
            and before.level
            and _half_points(before.size) == _half_points(line.size)
            and 0 < before.baseline - line.baseline < 1.4 * line.size
        ):
            marked[-1] = replace(before, text=f"{before.text} {line.text}")
        else:
            marked.append(replace(line, level=1))
    return [line if _is_heading(line) else replace(line, level=0) for line in marked]


def _is_heading(line: Line) -> bool:
    if not line.level or len(line.text) > _LONGEST_HEADING or _LEADER.search(line.text):
        return False
    is_sentence = line.text.endswith((".", ",", ";")) and len(line.text) > 60
    return not is_sentence and sum(character.isalpha() for character in line.text) > 1


def _number_levels(pages: list[list[Line]]) -> None:
    """The largest letters are level 1, the next level 2, and so on."""
    sizes = sorted({_half_points(line.size) for page in pages for line in page if line.level}, reverse=True)
    levels = {size: min(level, 6) for level, size in enumerate(sizes, 1)}
    for page in pages:
        page[:] = [replace(line, level=levels[_half_points(line.size)]) if line.level else line for line in page]


def _heading_text(line: Line) -> str:
    return markdown.heading(line.level, line.text.replace("\n", " "))


class _Measure:
    """What is usual in this document: the width of a full line, and the step from one line to the next."""

    def __init__(self, lines: Sequence[Line], body_size: float) -> None:
        prose = [line for line in lines if not line.level and len(line.text) > 1]
        widths = sorted(line.width for line in prose)
        # The width that nine of ten lines stay below is that of a full line, even where every tenth spans two columns.
        self.full_width = widths[len(widths) * 9 // 10] if widths else 0.0
        full = [line for line in prose if line.width >= 0.6 * self.full_width]
        self._rights: dict[int, float] = {}
        for column in {self._column(line) for line in full}:
            rights = sorted(line.right for line in full if abs(self._column(line) - column) <= 2)
            self._rights[column] = rights[len(rights) * 9 // 10]
        steps = [
            before.baseline - line.baseline
            for before, line in zip(lines, lines[1:], strict=False)
            if line.size and 0 < before.baseline - line.baseline < 3 * line.size and not line.level and not before.level
        ]
        self.step = median(steps) if steps else 1.2 * body_size

    def is_full(self, line: Line, following: Line) -> bool:
        """Whether the first word of the following line would not have fitted at the end of this one."""
        letter = line.width / max(len(line.text), 1)
        word = len(following.text.split(maxsplit=1)[0]) + 1  # with the space before it
        right = self._rights.get(self._column(line), line.left + self.full_width)
        return line.right + word * letter > right

    def _column(self, line: Line) -> int:
        """Lines that start within a tenth of the width of each other; an indented line looks two tenths around."""
        return round(line.left / (0.1 * self.full_width)) if self.full_width else 0


def _join(lines: list[Line], measure: _Measure) -> str:
    parts: list[str] = []
    for index, line in enumerate(lines):
        text = _heading_text(line) if line.level else _plain_text(line)
        if index:
            after = lines[index + 1] if index + 1 < len(lines) else None
            parts.append(_separator(lines[index - 1], line, after, text, measure))
        parts.append(text)
    return "".join(parts)


def _plain_text(line: Line) -> str:
    """A line of the body: bullets as ``-``; a ``#`` that is no heading is escaped, as Markdown does."""
    if _MARK.match(line.text):
        return "\\" + line.text
    return "- " + line.text[bullet.end() :] if (bullet := _BULLET.match(line.text)) else line.text


def _separator(before: Line, line: Line, after: Line | None, text: str, measure: _Measure) -> str:
    """What stands between two lines of a page: nothing to see, a line end, or a blank line."""
    if before.level or line.level:
        return "\n\n"
    is_placed = bool(before.size and line.size)
    step = before.baseline - line.baseline if is_placed else 0.0
    has_ended = bool(_SENTENCE_END.search(before.text))
    is_full = measure.is_full(before, line)
    runs_on = text[0].islower() and not has_ended
    limit = 2 * measure.step if runs_on and is_full else _WIDER_STEP * measure.step
    is_other_size = abs(before.size - line.size) > 0.1 * line.size and (has_ended or not is_full)
    if is_placed and (step > limit or is_other_size):
        return "\n\n"
    if _LIST_ITEM.match(text):
        return "\n"
    if is_placed and step > 0 and has_ended and _is_indented(before, line, after):
        return "\n\n"
    if is_full or (runs_on and before.width > 0.5 * measure.full_width):
        is_hyphen = before.text.endswith("-") and len(before.text) > 1 and before.text[-2].isalpha()
        return "\n" if is_hyphen else " "
    return "\n\n" if has_ended else "\n"


def _is_indented(before: Line, line: Line, after: Line | None) -> bool:
    """The first line of a paragraph that stands in from the lines before and after it."""
    margin = before.left if after is None or after.baseline >= line.baseline else min(before.left, after.left)
    return 0.7 * line.size < line.left - margin < 6 * line.size
