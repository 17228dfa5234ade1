"""The lines of a PDF page with their places, read with as few calls into pdfium as will do.

A call costs about a microsecond whatever it does, and a page has thousands of characters: so a line is placed by its
first character and the rectangles of its text objects, and single characters are asked for only where a line
is wider than its letters explain.
"""

from __future__ import annotations

import ctypes
import re
from collections.abc import Iterator
from itertools import accumulate, repeat
from statistics import median
from typing import TYPE_CHECKING, Any

from services.documents.pdf_call import Handle, handle, quick
from services.documents.pdf_line import Cell, Line
from services.documents.pdf_ruling import Rule, find_rules

if TYPE_CHECKING:
    import pypdfium2

_GAP = 0.9  # of the letters' size: more than this between two words may part columns
_WORD_GAP = 0.25  # more than this parts words, where letters are placed one by one
_FEWEST_LETTERS = 20  # lines of one letter; a page with fewer is a table or a formula
_WIDE = 1.15  # times the usual width of a page's letters: there may be a gap in the line
_MOST_RECTANGLES = 24  # of a line; more are not looked at one by one
_LONGEST_BOLD = 110  # characters; longer lines are no headings
_LARGE = 14.0  # points: above this the first letter may be a drop capital
_MOST_CHARACTERS = 400_000  # of a page; what comes after them is left out
_FORCE_BOLD = 1 << 18
_BOLD_NAME = re.compile(rb"bold|black|heavy|demi|[-,]medi\b|^(?:[A-Z]{6}\+)?(?:CM|SF|LM|EC)[A-Z]*BX", re.IGNORECASE)


class PageText:
    """The text of the pages of one open document. Buffers are kept from page to page."""

    def __init__(self, document: pypdfium2.PdfDocument) -> None:
        import pypdfium2.raw as pdfium

        self._document, self._pdfium = document, pdfium
        self._page: Any = None
        self._buffer: Any = (ctypes.c_ushort * 8192)()
        self._edges = (ctypes.c_double * 4)()  # left, right, bottom, top
        self._edges_at = [ctypes.byref(self._edges, index * ctypes.sizeof(ctypes.c_double)) for index in range(4)]
        self._matrix, self._loose = pdfium.FS_MATRIX(), pdfium.FS_RECTF()
        self._matrix_at, self._loose_at = ctypes.byref(self._matrix), ctypes.byref(self._loose)
        self._name, self._name_length = ctypes.create_string_buffer(128), ctypes.c_ulong(128)
        self._flags = ctypes.c_int()
        self._name_at, self._flags_at = ctypes.byref(self._name), ctypes.byref(self._flags)
        self._count_rectangles = quick("FPDFText_CountRects")
        self._get_rectangle = quick("FPDFText_GetRect")
        self._get_box = quick("FPDFText_GetCharBox")
        self._get_loose_box = quick("FPDFText_GetLooseCharBox")
        self._get_origin = quick("FPDFText_GetCharOrigin")
        self._get_matrix = quick("FPDFText_GetMatrix")
        self._get_font = quick("FPDFText_GetFontInfo")
        self._get_size = quick("FPDFText_GetFontSize")
        self._is_bold: dict[tuple[bytes, int], bool] = {}

    def lines(self, index: int) -> list[Line]:
        """The page's lines in the order in which the file draws them. The page stays loaded until the next one.

        Raises:
            PdfiumError: the page cannot be loaded.
        """
        import pypdfium2

        pdfium = self._pdfium
        self.close()
        self._page = pdfium.FPDF_LoadPage(self._document.raw, index)
        if not self._page:
            raise pypdfium2.PdfiumError("Failed to load page.")
        text_page = pdfium.FPDFText_LoadPage(self._page)
        if not text_page:
            raise pypdfium2.PdfiumError("Failed to load the page's text.")
        try:
            return self._lines(text_page, handle(text_page))
        finally:
            pdfium.FPDFText_ClosePage(text_page)

    def is_blank(self) -> bool:
        """Whether the page has nothing on it at all."""
        return self._pdfium.FPDFPage_CountObjects(self._page) == 0

    def rules(self) -> list[Rule]:
        """The page's horizontal rules, from top to bottom."""
        return find_rules(self._page)

    def close(self) -> None:
        if self._page:
            self._pdfium.FPDF_ClosePage(self._page)
        self._page = None

    def _lines(self, pointer: Any, text_page: Handle) -> list[Line]:
        """pointer: the same, for the functions of pypdfium2."""
        text, starts = self._text(pointer, text_page)
        if not text:
            return []
        lines: list[Line] = []
        spans: list[tuple[int, int, bool]] = []  # of each line: first character, end, whether its gaps are known
        at = 0
        for row in text.split("\r\n"):
            is_joint = False
            for piece in row.split("\ufffe"):
                found = self._placed(text_page, starts, at, piece)
                at += len(piece) + 1
                if is_joint and lines and (found is None or _is_beside(lines[-1], found[0])):
                    # A hyphen within a line: pdfium writes U+FFFE for it too.
                    before, (first, _end, is_known) = lines[-1], spans[-1]
                    before.text += "-" + piece.rstrip()
                    if found:
                        before.right = found[0].right
                        spans[-1] = (first, found[1][1], is_known and found[1][2])
                else:
                    if is_joint and lines:
                        lines[-1].text += "-"
                    if found:
                        lines.append(found[0])
                        spans.append(found[1])
                is_joint = True
            at += 1
        lines, spans = self._with_cells(text_page, text, starts, lines, spans)
        self._find_bold(text_page, starts, lines, spans)
        return _with_whole_rows(_with_whole_words(lines))

    def _text(self, pointer: Any, text_page: Handle) -> tuple[str, list[int] | None]:
        """The page's text, and the index pdfium has for each of its characters, or None where it is the same."""
        count = min(self._pdfium.FPDFText_CountChars(pointer), _MOST_CHARACTERS)
        if count <= 0:
            return "", None
        if 2 * count + 2 > len(self._buffer):  # a character may take two units
            self._buffer = (ctypes.c_ushort * (2 * count + 2))()
        written = self._pdfium.FPDFText_GetText(pointer, 0, count, self._buffer) - 1
        if written <= 0:
            return "", None
        text = ctypes.string_at(self._buffer, 2 * written).decode("utf-16-le", "surrogatepass")
        if len(text) == written == count:
            return text, None
        index_of = quick("FPDFText_GetCharIndexFromTextIndex")
        if len(text) == written:
            indices = map(index_of, repeat(text_page), range(written))
        else:
            units = accumulate((1 + (character > "\uffff") for character in text[:-1]), initial=0)
            indices = map(index_of, repeat(text_page), units)
        return text, [max(index, 0) for index in indices]

    def _placed(
        self, text_page: Handle, starts: list[int] | None, at: int, piece: str
    ) -> tuple[Line, tuple[int, int, bool]] | None:
        """The piece of text from ``at`` on as a line, with its span and whether all its gaps are known to be small."""
        stripped = piece.strip()
        if not stripped:
            return None
        first = at if piece[0] == stripped[0] else at + len(piece) - len(piece.lstrip())
        end = first + len(stripped)
        character, length = first, end - first
        if starts is not None:
            character, length = starts[first], starts[end - 1] + 1 - starts[first]
        count = self._count_rectangles(text_page, character, length)
        size, turn, baseline = self._size(text_page, character)
        if not stripped[0].isalpha() or size > _LARGE:
            size = self._usual_size(text_page, starts, first, stripped, size)
        is_known = False
        if 1 <= count <= _MOST_RECTANGLES:
            get_rectangle, edges = self._get_rectangle, self._edges
            left_at, right_at, bottom_at, top_at = self._edges_at
            get_rectangle(text_page, 0, left_at, top_at, right_at, bottom_at)
            left, right = self._extent(turn) if turn else (edges[0], edges[1])
            is_known = True
            for index in range(1, count):
                get_rectangle(text_page, index, left_at, top_at, right_at, bottom_at)
                next_left, next_right = self._extent(turn) if turn else (edges[0], edges[1])
                if next_left - right >= _GAP * size or next_left < right - 2 * size:
                    is_known = False  # there is a gap: where, the words will say
                    break
                if next_left < left:
                    left = next_left
                if next_right > right:
                    right = next_right
        if not is_known:
            left = self._box(text_page, character, turn)[0]
            right = self._box(text_page, self._at(starts, end - 1), turn)[1]
        return Line(stripped, left, right, baseline, size, 0, False, turn), (first, end, is_known)

    def _with_cells(
        self,
        text_page: Handle,
        text: str,
        starts: list[int] | None,
        lines: list[Line],
        spans: list[tuple[int, int, bool]],
    ) -> tuple[list[Line], list[tuple[int, int, bool]]]:
        """The lines, with cells where they have wide gaps; and with them their spans.

        pdfium takes lines of two columns for one where they are drawn in turn: these are cut.
        """
        widths = [
            (line.right - line.left) / (line.size * len(line.text))
            for line in lines
            if line.size > 0 and len(line.text) > 2
        ]
        if not widths:
            return lines, spans
        usual = min(median(widths), 0.62)  # that of a typewriter's letters
        whole: list[Line] = []
        whole_spans: list[tuple[int, int, bool]] = []
        for line, span in zip(lines, spans, strict=True):
            first, end, is_known = span
            is_narrow = line.right - line.left < _WIDE * usual * line.size * (end - first)
            if " " not in line.text or line.size <= 0 or (is_known and is_narrow):
                whole.append(line)
                whole_spans.append(span)
                continue
            for part, start, stop in self._walk(text_page, text, starts, line, first, end):
                if part.text:  # not of control characters alone
                    whole.append(part)
                    whole_spans.append((start, stop, True))
        return whole, whole_spans

    def _walk(
        self, text_page: Handle, text: str, starts: list[int] | None, line: Line, first: int, end: int
    ) -> Iterator[tuple[Line, int, int]]:
        """Go from word to word: a wide gap ends a cell; a step back, or up or down, ends a line."""
        cells: list[Cell] = []
        is_broken = line.text.endswith("-")  # the hyphen at its end, which pdfium takes for none, is not in the text
        line_start = start = first
        turn, line_size = line.turn, line.size
        left, bottom = line.left, self._loose_box(text_page, self._at(starts, first), turn)[2]
        get_box, box, box_at = self._get_loose_box, self._loose, self._loose_at
        at = text.find(" ", first, end)
        while at >= 0:
            before, after = (at - 1, at + 1) if starts is None else (starts[at - 1], starts[at + 1])
            if turn:
                right = self._loose_box(text_page, before, turn)[1]
                next_left, _right, next_bottom = self._loose_box(text_page, after, turn)
            else:
                get_box(text_page, before, box_at)
                right = box.right
                get_box(text_page, after, box_at)
                next_left, next_bottom = box.left, box.bottom
            if next_left < right - line_size or abs(next_bottom - bottom) > 0.5 * line_size:
                yield self._piece(line, text[line_start:at], cells, text[start:at], left, right), line_start, at
                size, turn, baseline = self._size(text_page, after)
                line_size = size or line_size
                line = Line("", next_left, line.right, baseline, line_size, 0, False, turn)
                cells, line_start, start, left, bottom = [], at + 1, at + 1, next_left, next_bottom
            elif next_left - right >= _GAP * line_size:
                cells.append(Cell(_readable(text[start:at]), left, right))
                start, left = at + 1, next_left
            at = text.find(" ", at + 1, end)
        last = self._piece(line, text[line_start:end], cells, text[start:end], left, line.right)
        if is_broken and not last.text.endswith("-"):
            last.text += "-"
            if last.cells:
                last.cells[-1].text += "-"
        yield last, line_start, end

    @staticmethod
    def _piece(line: Line, text: str, cells: list[Cell], last: str, left: float, right: float) -> Line:
        """The line as far as it goes; its last cell is ``last``, from ``left`` to ``right``."""
        parts = (*cells, Cell(_readable(last), left, right)) if cells else ()
        return Line(
            _readable(text) or line.text, line.left, right, line.baseline, line.size, turn=line.turn, cells=parts
        )

    def _find_bold(
        self, text_page: Handle, starts: list[int] | None, lines: list[Line], spans: list[tuple[int, int, bool]]
    ) -> None:
        """Find the short lines that are bold from the first letter to the last."""
        widest = max([line.right - line.left for line in lines], default=0.0)
        for line, (first, end, _is_known) in zip(lines, spans, strict=True):
            if len(line.text) > _LONGEST_BOLD or line.right - line.left > 0.9 * widest or line.text[-1] in ",;-":
                if not (len(lines) < 4 or line.cells):
                    continue
            line.is_bold = self._letter_is_bold(text_page, self._at(starts, first)) and self._letter_is_bold(
                text_page, self._at(starts, end - 1)
            )

    def _letter_is_bold(self, text_page: Handle, character: int) -> bool:
        self._get_font(text_page, character, self._name_at, self._name_length, self._flags_at)
        key = (self._name.value, self._flags.value)
        is_bold = self._is_bold.get(key)
        if is_bold is None:
            is_bold = self._is_bold[key] = bool(key[1] & _FORCE_BOLD or _BOLD_NAME.search(key[0]))
        return is_bold

    def _size(self, text_page: Handle, character: int) -> tuple[float, int, float]:
        """Of a letter: its size on the page in points, that of its font times its scale; its turns; its baseline."""
        size = self._get_size(text_page, character)
        matrix = self._matrix
        if not self._get_matrix(text_page, character, self._matrix_at):
            self._get_origin(text_page, character, *self._edges_at[:2])
            return size, 0, self._edges[1]
        # The matrix is that of a string, which has one baseline.
        a, b, d = matrix.a, matrix.b, matrix.d
        if not b and d > 0:
            return size * d, 0, matrix.f
        if abs(b) > abs(a):
            return size * abs(matrix.c or b), 1 if b > 0 else 3, -matrix.e if b > 0 else matrix.e
        if a < 0 and d < 0:
            return size * -d, 2, -matrix.f
        return size * (abs(d) or 1.0), 0, matrix.f

    def _usual_size(self, text_page: Handle, starts: list[int] | None, first: int, text: str, size: float) -> float:
        """The size of a line whose first character may be of another: a bullet, a note's mark, or a drop capital."""
        middle = len(text) // 2
        middle += text[middle].isspace() and middle + 1 < len(text)  # blanks may be pdfium's own, without a size
        other = self._size(text_page, self._at(starts, first + middle))[0] or size
        return min(size, other) if text[0].isalpha() else other

    def _box(self, text_page: Handle, character: int, turn: int) -> tuple[float, float]:
        self._get_box(text_page, character, *self._edges_at)
        return self._extent(turn)

    def _extent(self, turn: int) -> tuple[float, float]:
        """Left and right as one reads."""
        left, right, bottom, top = self._edges
        return ((left, right), (bottom, top), (-right, -left), (-top, -bottom))[turn]

    def _loose_box(self, text_page: Handle, character: int, turn: int) -> tuple[float, float, float]:
        """Left, right and bottom as one reads, of a character as wide as it is set.

        That of its ink would not do: a comma after which a gap may seem to be has little.
        """
        box = self._loose
        self._get_loose_box(text_page, character, self._loose_at)
        if turn == 0:
            return box.left, box.right, box.bottom
        return (
            (box.bottom, box.top, -box.right),
            (-box.right, -box.left, -box.top),
            (-box.top, -box.bottom, box.left),
        )[turn - 1]

    @staticmethod
    def _at(starts: list[int] | None, index: int) -> int:
        return index if starts is None else starts[index]


def _with_whole_words(lines: list[Line]) -> list[Line]:
    """Lines put together of a page that pdfium takes for written from top to bottom: it gives each letter a line.

    Pages of contents and forms, whose lines stand far apart and end alike, look so to it.
    """
    if 2 * sum(len(line.text) == 1 for line in lines) <= len(lines) or len(lines) < _FEWEST_LETTERS:
        return lines
    whole = lines[:1]
    for line in lines[1:]:
        before, gap = whole[-1], line.left - whole[-1].right
        if not (_is_beside(before, line) and -0.5 * line.size < gap < _GAP * line.size):
            whole.append(line)
            continue
        is_number = before.text[-1].isdigit() and line.text[0].isdigit()  # a 1 has much room around it
        before.text += (" " if gap > (2 if is_number else 1) * _WORD_GAP * line.size else "") + line.text
        before.right, before.is_bold = line.right, before.is_bold and line.is_bold
    return whole


def _with_whole_rows(lines: list[Line]) -> list[Line]:
    """Lines put together that pdfium has cut at a wide gap."""
    whole = lines[:1]
    for line in lines[1:]:
        before = whole[-1]
        if not (_is_beside(before, line) and line.left - before.right >= _GAP * line.size):
            whole.append(line)
            continue
        before.cells = (
            *(before.cells or (Cell(before.text, before.left, before.right),)),
            *(line.cells or (Cell(line.text, line.left, line.right),)),
        )
        before.text, before.right = f"{before.text} {line.text}", line.right
        before.is_bold = before.is_bold and line.is_bold
    return whole


def _readable(text: str) -> str:
    return text.replace("\ufffe", "-").strip()


def _is_beside(before: Line, line: Line) -> bool:
    return before.turn == line.turn and abs(line.baseline - before.baseline) < 0.3 * line.size
