"""The reading order of a page in columns.

The order in which a file draws its lines is kept where it can be right; most programs draw as one reads.
Lines are put in another order only where columns stand side by side and the file goes to and fro between them.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Sequence
from statistics import median

from services.documents.pdf_line import Cell, Line

_LEAST_LINES = 5  # of a column
_LEAST_ROWS = 3  # with gaps: a table, or columns drawn row by row
_INDEX_ENTRY = re.compile(r".*[^\W\d_].*,? \d{1,4}(?:(?:, |[–-])\d{1,4})*")
_EDGE_LINES = 2
_MOST_JUMPS = 3  # back to the top of a column, on a page that is drawn as one reads
_LEAST_LETTERS = 12  # of a column's usual line; the columns of a table have fewer
_LEAST_PIECES = 5  # that start at one place, for a gutter to be looked for before it
_MOST_CANDIDATES = 4  # for a gutter
_MOST_CROSSING = 0.5  # lines over the gutter, in relation to the lines beside it
_FULL = 0.35  # share of a column's lines that reach its right edge


def is_plain(lines: Sequence[Line]) -> bool:
    """Whether the page is one column of text, or of a few columns drawn one after the other, and without tables."""
    parted = [index for index, line in enumerate(lines) if line.cells]
    if any(parted[at] - parted[at - _LEAST_ROWS + 1] < 4 * _LEAST_ROWS for at in range(_LEAST_ROWS - 1, len(parted))):
        return False
    if any(line.turn != lines[0].turn for line in lines):
        return False
    # Heads and feet that are drawn first or last are put in their place later.
    jumps = [index for index in _jumps(lines) if _EDGE_LINES < index < len(lines) - _EDGE_LINES]
    return not jumps or (
        len(jumps) <= _MOST_JUMPS
        and median(map(_letter_count, lines)) >= _LEAST_LETTERS
        and all(_is_next_column(lines, index) for index in jumps)
    )


def in_reading_order(lines: list[Line]) -> tuple[list[Line], bool]:
    """The page's lines in the order in which a person reads them, and whether they stand in columns.

    Lines that run over a gutter are cut there.
    """
    main, others = _main_turn(lines)
    if is_plain(main):
        return main + others, len(_jumps(main)) > 1
    if not all(line.size > 0 for line in main):
        return lines, False
    head, main, foot = _without_edges(main)
    gutter = _find_gutter(main)
    if gutter is None:
        return head + (main if _is_side_by_side(main) else _from_top(main)) + foot + others, False
    return head + _by_columns(main, gutter) + foot + others, True


def _without_edges(lines: list[Line]) -> tuple[list[Line], list[Line], list[Line]]:
    """Lines that stand alone over or under all others, the others, in order: heads and feet belong to no column."""
    ordered = _from_top(lines)
    depth = 0
    while depth < min(_EDGE_LINES, len(ordered) - 2) and _is_apart(ordered[depth], ordered[depth + 1]):
        depth += 1
    height = 0
    while height < min(_EDGE_LINES, len(ordered) - depth - 2) and _is_apart(ordered[-2 - height], ordered[-1 - height]):
        height += 1
    ids = set(map(id, [*ordered[:depth], *ordered[len(ordered) - height :]]))
    return ordered[:depth], [line for line in lines if id(line) not in ids], ordered[len(ordered) - height :]


def _is_apart(above: Line, below: Line) -> bool:
    return above.baseline - below.baseline > 1.6 * max(above.size, below.size)


def _main_turn(lines: list[Line]) -> tuple[list[Line], list[Line]]:
    """The lines written in the direction of most letters, and those written across (stamps along the margin)."""
    if not any(line.turn != lines[0].turn for line in lines):
        return lines, []
    letters: Counter[int] = Counter()
    for line in lines:
        letters[line.turn] += len(line.text)
    turn = letters.most_common(1)[0][0]
    return [line for line in lines if line.turn == turn], [line for line in lines if line.turn != turn]


def _jumps(lines: Sequence[Line]) -> list[int]:
    """Indices of lines that stand higher than the line drawn before them."""
    return [
        index
        for index in range(1, len(lines))
        if lines[index].baseline - lines[index - 1].baseline > 0.5 * lines[index].size
    ]


def _is_next_column(lines: Sequence[Line], index: int) -> bool:
    """Whether the line starts a column, of more than a few lines, to the right of the line before it."""
    if lines[index].baseline - lines[index - 1].baseline < _LEAST_LINES * lines[index].size:
        return False
    return lines[index].left >= lines[index - 1].right - lines[index].size or (
        lines[index].left > lines[index - 1].left + 8 * lines[index].size
    )


def _by_columns(lines: list[Line], gutter: float) -> list[Line]:
    sides: list[list[Line]] = []  # the pieces of each line: left, right, across
    stream: list[int] = []  # 0 for a line on the left, 1 on the right
    is_parted = False
    for line in lines:
        pieces = _cut_at(line, gutter)
        is_parted = is_parted or len(pieces) > 1
        sides.append(pieces)
        stream += [side for piece in pieces if (side := _side(piece, gutter)) < 2]
    changes = sum(one != other for one, other in zip(stream, stream[1:]))
    pieces = [piece for found in sides for piece in found]
    crossing = sorted((piece for piece in pieces if _side(piece, gutter) == 2), key=_height)
    if not is_parted and changes <= 2 * len(crossing) + 1 and changes < len(stream) / 6:
        return lines
    left = [piece for piece in pieces if _side(piece, gutter) == 0]
    right = [piece for piece in pieces if _side(piece, gutter) == 1]
    ordered: list[Line] = []
    for across in [*crossing, None]:
        floor = across.baseline if across else float("-inf")
        for column in (left, right):
            here = [line for line in column if line.baseline > floor]
            column[:] = [line for line in column if line.baseline <= floor]
            here = _from_top(here)
            inner = _find_gutter(here) if len(here) >= 2 * _LEAST_LINES else None
            ordered += here if inner is None else _by_columns(here, inner)
        if across:
            ordered.append(across)
    return ordered


def _height(line: Line) -> float:
    return -line.baseline


def _from_top(lines: Iterable[Line]) -> list[Line]:
    return sorted(lines, key=_height)


def _is_side_by_side(lines: Sequence[Line]) -> bool:
    ordered = _from_top(lines)
    return any(
        before.baseline - line.baseline < 0.7 * min(line.size, before.size)
        for before, line in zip(ordered, ordered[1:], strict=False)
    )


def _side(line: Line, gutter: float) -> int:
    """0 left of the gutter, 1 right of it, 2 across it."""
    if line.right <= gutter:
        return 0
    return 1 if line.left >= gutter - 0.5 * line.size else 2


def _cut_at(line: Line, gutter: float) -> list[Line]:
    """The line in two where a gap of it lies over the gutter."""
    for index in range(1, len(line.cells)):
        before, after = line.cells[index - 1], line.cells[index]
        if before.right <= gutter and after.left >= gutter - 0.5 * line.size:
            return [_part(line, line.cells[:index]), _part(line, line.cells[index:])]
    return [line]


def _part(line: Line, cells: tuple[Cell, ...]) -> Line:
    return Line(
        " ".join([cell.text for cell in cells]),
        cells[0].left,
        cells[-1].right,
        line.baseline,
        line.size,
        line.level,
        line.is_bold,
        line.turn,
        cells if len(cells) > 1 else (),
    )


def _find_gutter(lines: Sequence[Line]) -> float | None:
    """The left edge of a column that stands beside another one, if there is one."""
    if len(lines) < _LEAST_LINES:
        return None
    size = median(line.size for line in lines)
    margin = min(line.left for line in lines)
    starts: Counter[int] = Counter()
    for line in lines:
        starts[round(line.left / 3)] += 1
        for cell in line.cells[1:]:
            starts[round(cell.left / 3)] += 1
    candidates = sorted(
        (
            (starts[place] + starts[place + 1] + starts[place - 1], place)
            for place in list(starts)
            if 3 * place > margin + 6 * size
        ),
        reverse=True,
    )
    best, best_score = None, 0
    tried: list[int] = []
    for count, place in candidates:
        if count < _LEAST_PIECES or len(tried) == _MOST_CANDIDATES:
            break
        if any(abs(place - other) <= 2 for other in tried):
            continue
        tried.append(place)
        gutter = 3.0 * place - 2
        score = _columns_at(lines, gutter, size)
        if score > best_score:
            best, best_score = gutter, score
    return best


def _columns_at(lines: Sequence[Line], gutter: float, size: float) -> int:
    """How many lines stand beside the gutter, less those over it; 0 if the two sides are no columns of text."""
    left: list[Line] = []
    right: list[Line] = []
    crossing = 0
    for line in lines:
        for piece in _cut_at(line, gutter) if line.cells else (line,):
            if piece.right <= gutter:
                if piece.right <= gutter - 0.4 * size:
                    left.append(piece)
                else:
                    crossing += 1
            elif piece.left >= gutter - 0.5 * piece.size:
                right.append(piece)
            else:
                crossing += 1
    fewer = min(len(left), len(right))
    if fewer < _LEAST_LINES or crossing > _MOST_CROSSING * (len(left) + len(right)):
        return 0
    heights = sorted(line.baseline for line in right)
    beside = sum(
        bisect_right(heights, line.baseline + 0.75 * size) > bisect_left(heights, line.baseline - 0.75 * size)
        for line in left
    )
    if beside < max(_LEAST_LINES - 1, 0.4 * fewer):
        return 0
    is_short = any(median(map(_letter_count, column)) < _LEAST_LETTERS for column in (left, right))
    if is_short and not all(_is_index(column) for column in (left, right)):
        return 0
    if is_short:
        return len(left) + len(right) - crossing
    rights = sorted(line.right for line in left)
    edge = rights[len(rights) * 9 // 10]
    width = edge - min(line.left for line in left)
    if sum(line.right > edge - 0.12 * width for line in left) < _FULL * len(left) and _is_to_and_fro(lines, gutter):
        return 0
    return len(left) + len(right) - crossing


def _is_to_and_fro(lines: Sequence[Line], gutter: float) -> bool:
    """Whether the file draws row by row, as it does a table."""
    if sum(len(_cut_at(line, gutter)) > 1 for line in lines) >= 3:
        return True
    stream = [side for line in lines if (side := _side(line, gutter)) < 2]
    return sum(one != other for one, other in zip(stream, stream[1:])) > max(3, len(stream) / 6)


def _is_index(lines: Sequence[Line]) -> bool:
    return sum(_INDEX_ENTRY.fullmatch(line.text) is not None for line in lines) > 0.6 * len(lines)


def _letter_count(line: Line) -> int:
    return sum(map(str.isalpha, line.text))
