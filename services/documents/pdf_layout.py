"""From the placed lines of a PDF to text: edges removed, headings marked, lines joined into paragraphs.

A line end within a paragraph is where the next word did not fit. So two lines belong together when the
first word of the second would not have fitted at the end of the first; rows of a table, verses and addresses
have room to spare and stay apart.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from statistics import median

from services.documents import markdown
from services.documents.page import has_words
from services.documents.pdf_heading import Headings
from services.documents.pdf_line import Line
from services.documents.running_head import EDGE_LINES, RunningHeads
from services.records import Removal

_BULLET = re.compile(r"[•‣▪●◦∙·–\uf0b7\uf0a7*-]\s+(?=\S)")
_LIST_ITEM = re.compile(r"(?:- |\(?(?:\d{1,3}|[a-zA-Z])[.)]\s)")
_NUMBER_OF = re.compile(r"[(\[]?\d+(?:\.\d+)*[a-z]?[)\]]?")  # an equation, or a page
_ENTRY = re.compile(r"[^\W\d_]\W{0,2}, ?\d{1,4}(?:[,–-] ?\d{1,4})*$")  # of an index
_MARKER = re.compile(r"\(?(?:\d{1,3}|[a-zA-Z]|[ivx]{1,5})[.)]|\d{1,2}")
_SENTENCE_END = re.compile(r"[.!?:…。！？][\"'”’»)\]]*$")
_MARK = re.compile(r"#{1,6}\s")
_NOTE = re.compile(r"(?:\[?\d{1,3}\]?|[*†‡§¶]{1,3}|[a-z](?=[.) ]))[.)]?\s*(?=[^\W\d_]|[\"'“‘«(])")
_LISTED = re.compile(r"(?:[.…_] ?){3,}\s*[\divxlc]{1,6}$")  # a line of a table of contents, or of an index
_WIDER_STEP = 1.35  # than the usual distance of two lines: a new paragraph
_LEAST_COLUMN = 5  # lines of a block that has an edge of its own
_COLUMN_FULL = 0.6  # share of them that must come near it
_COLUMN_SMALL = 0.35  # share of them that must start with a small letter
_MOST_NOTES = 0.6  # share of a page's lines
_SMALLER = 0.92  # than the body's letters: may be a footnote


@dataclass(slots=True)
class Habits:
    """What is known of a document from the parts that are laid out already."""

    characters: Counter[float] = field(default_factory=Counter)  # set in each size, to half a point
    headings: Headings = field(default_factory=Headings)
    heads: RunningHeads = field(default_factory=RunningHeads)
    page_count: int = 0


def lay_out(pages: Sequence[Sequence[Line]], habits: Habits | None = None) -> tuple[list[str], list[Removal]]:
    """The text of each page, and the running heads and feet that are left out of it.

    Lines of a paragraph are joined, ``-\\n`` marks where a word may be broken.
    Paragraphs are parted by a blank line; rows and list items by a line end. Footnotes stand after the paragraph
    that runs over the foot of their page.

    Args:
        pages: their lines in reading order.
        habits: of the parts of the document before this one; brought up to date.
    """
    habits = habits or Habits()
    body_size = _body_size((line for page in pages for line in page), habits.characters)
    ordered = [_in_order(page) for page in pages]
    steps = _usual_step(ordered, body_size)
    habits.headings.mark(ordered, body_size, steps)
    marked = [[_heading_text(line) if line.level else line.text for line in page] for page in ordered]
    baselines = [[line.baseline for line in page] for page in ordered]
    running = habits.heads.find(marked, baselines)
    kept = [
        [line for index, line in enumerate(page) if (number, index) not in running]
        for number, page in enumerate(ordered)
    ] if running else ordered  # fmt: skip
    if running and not any(has_words(line.text) for page in kept for line in page):
        kept, running = ordered, set()  # pages that are all alike are the text
    removals = habits.heads.removals(marked, running, habits.page_count + 1)
    habits.page_count += len(pages)
    measure = _Measure([line for page in kept for line in page], steps)
    return _with_notes([_part_notes(page, body_size) for page in kept], measure), removals


def _body_size(lines: Iterable[Line], characters: Counter[float]) -> float:
    """The size in which most characters are set, to half a point; 0 when no size is known."""
    for line in lines:
        if line.size:
            characters[round(line.size * 2) / 2] += len(line.text)
    return characters.most_common(1)[0][0] if characters else 0.0


def _in_order(lines: Sequence[Line]) -> list[Line]:
    """Heads and feet are often drawn first or last, whatever their place: put them where they stand."""
    page = list(lines)
    if len(page) < 2 or not all(line.size for line in page):
        return page
    lowest, highest = min(line.baseline for line in page), max(line.baseline for line in page)
    for line in page[:EDGE_LINES]:
        if line.baseline == lowest and all(
            line.baseline < other.baseline - other.size / 2 for other in page if other is not line
        ):
            page.remove(line)
            page.append(line)
            break
    for line in page[-EDGE_LINES:]:
        if line.baseline == highest and all(
            line.baseline > other.baseline + other.size / 2 for other in page if other is not line
        ):
            page.remove(line)
            page.insert(0, line)
            break
    return page


def _usual_step(pages: Sequence[Sequence[Line]], body_size: float) -> float:
    """The usual distance of two lines of the body."""
    steps: Counter[float] = Counter()
    for page in pages:
        for before, line in zip(page, page[1:]):  # noqa: B905
            step = before.baseline - line.baseline
            if 0 < step < 3 * line.size and not line.is_table and not before.is_table:
                steps[round(step, 1)] += 1
    return median(steps.elements()) if steps else 1.2 * body_size


def _heading_text(line: Line) -> str:
    return markdown.heading(line.level, line.text.replace("\n", " "))


class _Measure:
    """What is usual in this document: the width of a full line, and the step from one line to the next."""

    def __init__(self, lines: Sequence[Line], step: float) -> None:
        self.step = step
        prose = [line for line in lines if _is_prose(line)]
        widths = sorted([line.right - line.left for line in prose])
        # The width that nine of ten lines stay below is that of a full line, even where every tenth spans two columns.
        self.full_width = widths[len(widths) * 9 // 10] if widths else 0.0
        self._scale = 10 / self.full_width if self.full_width else 0.0
        long = [line for line in prose if line.right - line.left >= 0.6 * self.full_width]
        self._rights = _right_edges(long, self._scale)
        self._block_rights: dict[int, float] = {}

    def look_at(self, page: Sequence[Line]) -> None:
        """Measure a page's blocks, of which some may be narrower than the document's lines: its columns."""
        self._block_rights = {}
        block: list[Line] = []
        for line in [*page, None]:
            if line and block and _is_prose(line) and self._is_below(block[-1], line):
                block.append(line)
                continue
            if len(block) >= _LEAST_COLUMN:
                self._measure_block(block)
            block = [line] if line and _is_prose(line) else []

    def _is_below(self, before: Line, line: Line) -> bool:
        step = before.baseline - line.baseline
        return 0 < step <= _WIDER_STEP * self.step and abs(line.left - before.left) * self._scale < 2

    def _measure_block(self, block: Sequence[Line]) -> None:
        left = min([line.left for line in block])
        rights = sorted([line.right for line in block])
        edge = rights[len(rights) * 9 // 10]
        if edge - left > 0.95 * (self._rights.get(round(left * self._scale), left + self.full_width) - left):
            return
        reach = edge - 0.15 * (edge - left)
        # Lines of verse are of like length too, but few of them go on with a small letter.
        small = sum([line.text[0].islower() for line in block])
        if sum([right > reach for right in rights]) >= _COLUMN_FULL * len(block) and small >= _COLUMN_SMALL * len(
            block
        ):
            for line in block:
                self._block_rights[id(line)] = edge

    def right_edge(self, line: Line) -> float:
        """How far to the right a line that starts there may go."""
        right = self._block_rights.get(id(line))
        if right is None:
            right = self._rights.get(round(line.left * self._scale))
        return line.left + self.full_width if right is None else right

    def is_full(self, line: Line, following: Line) -> bool:
        """Whether the first word of the following line would not have fitted at the end of this one."""
        text = following.text
        word = text.find(" ")
        width = line.right - line.left
        needed = ((word if word >= 0 else len(text)) + 1) * width / (len(line.text) or 1)
        return line.right + needed > self.right_edge(line)


def _is_prose(line: Line) -> bool:
    return not line.level and not line.is_table and len(line.text) > 1


def _right_edges(lines: Sequence[Line], scale: float) -> dict[int, float]:
    """By the place where lines start: where nine of ten end."""
    rights: dict[int, list[float]] = {}
    for line in lines:
        rights.setdefault(round(line.left * scale), []).append(line.right)
    # Lines that start within a tenth of the width of each other; an indented line looks two tenths around.
    edges: dict[int, float] = {}
    for column in rights:
        near = sorted(right for place in range(column - 2, column + 3) for right in rights.get(place, ()))
        edges[column] = near[len(near) * 9 // 10]
    return edges


def _join(lines: Sequence[Line], measure: _Measure) -> str:
    measure.look_at(lines)
    parts: list[str] = []
    before: Line | None = None
    last = len(lines) - 1
    for index, line in enumerate(lines):
        text = _heading_text(line) if line.level else line.text if line.is_table else _plain_text(line.text)
        if before is not None:
            parts.append(_separator(before, line, lines[index + 1] if index < last else None, text, measure))
        parts.append(text)
        before = line
    return "".join(parts)


def _plain_text(text: str) -> str:
    """A line of the body: bullets as ``-``; a ``#`` that is no heading is escaped, as Markdown does."""
    if text[0].isalnum():
        return text
    if _MARK.match(text):
        return "\\" + text
    return "- " + text[bullet.end() :] if (bullet := _BULLET.match(text)) else text


def _separator(before: Line, line: Line, after: Line | None, text: str, measure: _Measure) -> str:
    """What stands between two lines of a page: nothing to see, a line end, or a blank line."""
    if before.level or line.level or before.is_table or line.is_table or before.turn != line.turn:
        return "\n\n"
    is_placed = bool(before.size and line.size)
    step = before.baseline - line.baseline if is_placed else 0.0
    last = before.text[-1]
    has_ended = not last.isalnum() and _SENTENCE_END.search(before.text[-6:]) is not None
    is_full = measure.is_full(before, line)
    runs_on = not has_ended and text[0].islower()
    limit = 2 * measure.step if runs_on and is_full else _WIDER_STEP * measure.step
    is_other_size = abs(before.size - line.size) > 0.1 * line.size and (has_ended or not is_full)
    if is_placed and (step > limit or is_other_size):
        return "\n\n"
    if _LIST_ITEM.match(text) or (line.cells and _MARKER.fullmatch(line.cells[0].text)):
        return "\n"
    if is_placed and step > 0 and has_ended and _is_indented(before, line, after):
        return "\n\n"
    if last in "0123456789ivxlc" and (
        _LISTED.search(before.text) or (before.cells and before.cells[-1].text.isdigit())
    ):
        return "\n"
    if (before.cells and line.cells and _are_rows(before, line, measure)) or (
        last.isdigit() and _ENTRY.search(before.text) and _ENTRY.search(line.text)
    ):
        return "\n"
    if is_full or (runs_on and before.right - before.left > 0.5 * (measure.right_edge(before) - before.left)):
        is_hyphen = before.text.endswith("-") and len(before.text) > 1 and before.text[-2].isalpha()
        return "\n" if is_hyphen else " "
    return "\n\n" if has_ended else "\n"


def _are_rows(before: Line, line: Line, measure: _Measure) -> bool:
    """Whether two lines with gaps have cells under each other, as forms and numbered equations do."""
    one, other = before.cells[-1], line.cells[-1]
    if _NUMBER_OF.fullmatch(one.text) and _NUMBER_OF.fullmatch(other.text):
        return abs(one.right - other.right) < 0.4 * line.size
    gap = min(part.cells[1].left - part.cells[0].right for part in (before, line))
    edge = min(part.right - measure.right_edge(part) for part in (before, line))
    if gap < 3 * line.size and edge > -0.5 * line.size:
        return False  # words that are spread to fill the lines
    return abs(before.cells[1].left - line.cells[1].left) < 0.4 * line.size


def _is_indented(before: Line, line: Line, after: Line | None) -> bool:
    """The first line of a paragraph that stands in from the lines before and after it."""
    margin = before.left if after is None or after.baseline >= line.baseline else min(before.left, after.left)
    return 0.7 * line.size < line.left - margin < 6 * line.size


def _part_notes(page: list[Line], body_size: float) -> tuple[list[Line], list[Line]]:
    """The page's lines, and its footnotes: smaller letters with a mark before them, at the foot of a column."""
    limit = _SMALLER * body_size
    small = sum(0 < line.size <= limit for line in page)
    if not small or small > _MOST_NOTES * len(page):
        return page, []
    body: list[Line] = []
    notes: list[Line] = []
    index = 0
    while index < len(page):
        end = index
        while end < len(page) and 0 < page[end].size <= limit and not page[end].is_table and not page[end].level:
            if end > index and page[end].baseline > page[end - 1].baseline:
                break
            end += 1
        is_at_foot = end == len(page) or page[end].baseline > page[index].baseline or page[end].turn != page[index].turn
        is_under_text = index > 0 and page[index - 1].size > limit and page[index - 1].baseline > page[index].baseline
        if end > index and is_at_foot and is_under_text and _NOTE.match(page[index].text):
            notes += page[index:end]
        else:
            end = max(end, index + 1)
            body += page[index:end]
        index = end
    return body, notes


def _with_notes(pages: Sequence[tuple[list[Line], list[Line]]], measure: _Measure) -> list[str]:
    """The pages' text; footnotes follow the paragraph that they would stand in the middle of."""
    texts = [_join(body, measure) for body, _notes in pages]
    for number, (_body, notes) in enumerate(pages):
        if not notes:
            continue
        following = texts[number + 1] if number + 1 < len(texts) else ""
        foot = _join(notes, measure)
        if following[:1].islower() and not _SENTENCE_END.search(texts[number][-6:]):
            end = following.find("\n\n")
            end = len(following) if end < 0 else end
            texts[number + 1] = f"{following[:end]}\n\n{foot}{following[end:]}"
        else:
            texts[number] = f"{texts[number]}\n\n{foot}" if texts[number] else foot
    return texts
