"""The headings of a PDF: lines in larger letters, and bold or numbered lines that stand alone."""

from __future__ import annotations

import re

from services.documents.pdf_line import Line

_LARGER = 1.15  # than the body's letters
_LONGEST = 150  # characters
_LONGEST_BOLD = 110
_MOST_BOLD_LINES = 3  # of one heading; more are a bold paragraph
_MOST_BOLD = 0.2  # share of all lines; where more are bold, bold says nothing
_APART = 1.25  # times the usual step: a line that stands apart
_LEADER = re.compile(r"(?:\. ?){4,}")  # the dots of a table of contents
_NUMBERED = re.compile(r"(?:(?:chapter|part|section|appendix|kapitel|teil|abschnitt|anhang|chapitre|partie|capítulo) )?"
                       r"(\d{1,2}(?:\.\d{1,2})*|[A-Z](?:\.\d{1,2})+)\.?:?\s+(?=\w)", re.IGNORECASE)  # fmt: skip
_DECIMAL = re.compile(r"(\d{1,2}(?:\.\d{1,2})*)")
_LIST_MARK = re.compile(r"[•‣▪●◦∙·–*\uf0b7\uf0a7-]\s")
_TABLE_TITLE = re.compile(r"(?:table|figure|fig\.|tabelle|abbildung|abb\.|tableau|tabla|figura) ?\d", re.IGNORECASE)


class Headings:
    """Finds headings, and remembers the sizes they are set in, of which the largest is level 1."""

    def __init__(self) -> None:
        self._sizes: set[float] = set()

    def mark(self, pages: list[list[Line]], body_size: float, step: float) -> None:
        """Give headings their level, in place, and put the lines of a wrapped heading together.

        Args:
            body_size: of the usual letters, 0 where it is not known: then there are no headings.
            step: the usual distance of two lines, in points.
        """
        if not body_size:
            return
        line_count = sum(map(len, pages))
        bold_count = sum(line.is_bold for page in pages for line in page)
        is_bold_rare = bold_count <= max(3, _MOST_BOLD * line_count)
        for page in pages:
            if any(line.size >= _LARGER * body_size for line in page):
                page[:] = _mark_larger(page, body_size)
            if is_bold_rare and any(line.is_bold for line in page):
                page[:] = _mark_bold(page, body_size, step)
        _mark_numbered(pages, body_size, step)
        self._number(pages, body_size)

    def _number(self, pages: list[list[Line]], body_size: float) -> None:
        """The largest letters are level 1, the next level 2; those in the body's size come after, by their numbers."""
        marked = [line for page in pages for line in page if line.level]
        self._sizes |= {_half_points(line.size) for line in marked if line.size >= _LARGER * body_size}
        levels = {size: min(level, 6) for level, size in enumerate(sorted(self._sizes, reverse=True), 1)}
        for line in marked:
            if line.size >= _LARGER * body_size:
                line.level = levels[_half_points(line.size)]
            else:
                number = _NUMBERED.match(line.text)
                depth = number[1].count(".") if number else 0
                line.level = min(len(levels) + 1 + depth, 6)


def _half_points(size: float) -> float:
    return round(size * 2) / 2


def _mark_larger(lines: list[Line], body_size: float) -> list[Line]:
    marked: list[Line] = []
    for line in lines:
        before = marked[-1] if marked else None
        if line.is_table or line.size < _LARGER * body_size or not any(map(str.isalpha, line.text)):
            marked.append(line)
        elif (
            before is not None
            and before.level
            and _half_points(before.size) == _half_points(line.size)
            and 0 < before.baseline - line.baseline < 1.4 * line.size * (1 + before.text.count("\n"))
        ):
            before.text = f"{before.text}\n{line.text}"
        else:
            line.level = 1
            marked.append(line)
    for line in marked:
        if line.level:
            line.text = line.text.replace("\n", " ")
            line.level = int(_is_heading(line))
    return marked


def _is_heading(line: Line) -> bool:
    if len(line.text) > _LONGEST or _LEADER.search(line.text) or _LIST_MARK.match(line.text):
        return False
    is_sentence = line.text.endswith((".", ",", ";")) and len(line.text) > 60
    return not is_sentence and sum(map(str.isalpha, line.text)) > 1


def _mark_bold(lines: list[Line], body_size: float, step: float) -> list[Line]:
    marked: list[Line] = []
    index = 0
    while index < len(lines):
        line = lines[index]
        end = index + 1
        if line.is_bold and not line.level and not line.is_table:
            while end < len(lines) and _goes_on(lines[end - 1], lines[end], step):
                end += 1
            before = lines[index - 1] if index else None
            after = lines[end] if end < len(lines) else None
            text = " ".join(part.text for part in lines[index:end])
            is_larger_than_most = line.size >= 0.95 * body_size
            if (
                end - index <= _MOST_BOLD_LINES
                and is_larger_than_most
                and _reads_as_heading(line, text)
                and _stands_alone(before, lines[index], lines[end - 1], after, step)
            ):
                line.text, line.level = text, 1
                marked.append(line)
                index = end
                continue
        marked += lines[index:end]
        index = end
    return marked


def _goes_on(before: Line, line: Line, step: float) -> bool:
    """Whether a bold line is the next line of the bold line before it."""
    return (
        line.is_bold
        and not line.is_table
        and not line.level
        and abs(line.size - before.size) < 0.5
        and 0 < before.baseline - line.baseline < _APART * max(step, 1.2 * line.size)
        and not _NUMBERED.match(line.text)
    )


def _reads_as_heading(line: Line, text: str) -> bool:
    if len(text) > _LONGEST_BOLD or sum(map(str.isalpha, text)) < 3 or _LEADER.search(text) or _LIST_MARK.match(text):
        return False
    if line.cells and not (len(line.cells) == 2 and _NUMBERED.match(line.text)):
        return False  # the head of a table, or a form
    if _TABLE_TITLE.match(text):
        return False
    return not text.endswith((".", ",", ";", ":")) or (text.endswith((".", ":")) and len(text) < 40)


def _stands_alone(before: Line | None, first: Line, last: Line, after: Line | None, step: float) -> bool:
    """Whether no line above runs on into it, and text follows below."""
    if after is None or after.baseline >= last.baseline:
        return False  # at the foot of a column: a total, a signature
    if before is None or before.level or before.is_table or before.baseline <= first.baseline:
        return True
    is_apart = before.baseline - first.baseline > _APART * step
    return is_apart or before.text.endswith((".", "!", "?", ":", "”", '"', ")"))


def _mark_numbered(pages: list[list[Line]], body_size: float, step: float) -> None:
    """Lines "3.2 Title" in the body's letters, where at least two of them stand apart from the text around."""
    found = []
    for page in pages:
        for index in range(1, len(page) - 1):
            line = page[index]
            first = line.text[0]
            if not (first.isdigit() or first.isupper()) or line.level or line.is_table or len(line.text) > 80:
                continue
            match = _NUMBERED.match(line.text)
            if not match or "." not in match[1] or line.text[-1] in ".,;:" or _LEADER.search(line.text):
                continue
            rest = line.text[match.end() :]
            above, below = page[index - 1].baseline - line.baseline, line.baseline - page[index + 1].baseline
            if (
                rest[0].isupper()
                and not rest[-1].isdigit()
                and sum(map(str.isalpha, rest)) > 0.7 * len(rest.replace(" ", ""))
                and above > _APART * step
                and below > 1.1 * step
                and line.size >= 0.95 * body_size
            ):
                found.append(line)
    numbers = [tuple(map(int, match[1].split("."))) for line in found if (match := _DECIMAL.match(line.text))]
    if len(found) >= 2 and numbers == sorted(numbers):
        for line in found:
            line.level = 1
