"""Running heads and feet: lines that stand at the edge of page after page and say nothing about the subject."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from statistics import median

from services.records import Removal

EDGE_LINES = 3
_ROMAN = re.compile(r"\b(?:[ivx]+|[lcx][ivxlc]+)\b")
_DIGITS = re.compile(r"\d+")
_NUMBER_AT_END = re.compile(r"(?:^|\s)(\d{1,5})$")
_NUMBER_AT_START = re.compile(r"(\d{1,5})\s")
_ONLY_NUMBERS = re.compile(r"[\W#_]*")
_NEAR_PAGES = 12  # among which a head of one chapter must stand
_NEAR_COUNT = 4  # times, at one height


class RunningHeads:
    """Finds the running heads of a document part by part, and remembers those of the parts before."""

    def __init__(self) -> None:
        self._known: set[str] = set()

    def find(self, pages: Sequence[Sequence[str]], baselines: Sequence[Sequence[float]] = ()) -> set[tuple[int, int]]:
        """As ``find_running_lines``; a line that ran in a part before is one wherever it stands at an edge."""
        running = find_running_lines(pages, baselines, self._known)
        self._known |= {key for number, index in running if has_letters(key := _key(pages[number][index]))}
        return running

    @staticmethod
    def removals(pages: Sequence[Sequence[str]], running: set[tuple[int, int]], first_page: int) -> list[Removal]:
        """What is left out, each wording once: its first text, the page of that, and how often it was met."""
        found: dict[str, Removal] = {}
        for number, index in sorted(running):
            text = pages[number][index]
            key = _key(text)
            before = found.get(key)
            found[key] = (
                Removal("head", before.text, before.page, before.count + 1)
                if before
                else Removal("head", text, first_page + number)
            )
        return list(found.values())


def has_letters(text: str) -> bool:
    return any(map(str.isalpha, text))


def find_running_lines(
    pages: Sequence[Sequence[str]],
    baselines: Sequence[Sequence[float]] = (),
    known: frozenset[str] | set[str] = frozenset(),
) -> set[tuple[int, int]]:
    """Find the lines that run along the top or foot of the pages.

    A line is one when, with its numbers masked, it stands among the first or last three lines of at least
    8 % of the pages and of at least three (both, in a document of two pages). A bare page number counts only as the
    outermost line, so that a column of figures keeps its first row. A heading (``# ...``) is compared
    unmasked: "Chapter 1" and "Chapter 2" at the top of their pages are text. An outermost line that ends
    (or then begins) with the number of its page, counted from anywhere, is one too, whatever else it says, when at
    least three pages and a sixth of them agree. The head of a short chapter is found by its height: it stands at the
    same one on four of twelve pages. So are the heads of left and right pages in a document of four to six.

    Lines that differ in their numbers, each page having its own that do not count the pages, are what the pages say:
    "Station 12, 31.5 °C" is no head.

    Args:
        pages: for each page its lines from top to bottom, none of them empty.
        baselines: the lines' heights on the page in points, where they are known.
        known: masked text of running lines that are known already.

    Returns:
        ``(page index, line index)`` of every such line.
    """
    if len(pages) < 2:
        return set()
    needed = max(min(3, len(pages)), -(-len(pages) * 8 // 100))
    running: set[tuple[int, int]] = set()
    for is_top in (True, False):
        running |= _numbered_lines(pages, is_top)
        edges = [[(index, _key(lines[index])) for index in _edge(len(lines), is_top)] for lines in pages]
        counts = Counter(key for edge in edges for key in {key for _, key in edge})
        near = _near_keys(edges, baselines, is_top) | _turn_keys(edges, baselines, is_top) if baselines else set()
        spoken = _spoken_keys(pages, edges)
        for number, edge in enumerate(edges):
            is_outermost = True
            for index, key in edge:
                is_running = (counts[key] >= needed or key in near or key in known) and (
                    key not in spoken and (is_outermost or not _ONLY_NUMBERS.fullmatch(key))
                )
                if is_running:
                    running.add((number, index))
                is_outermost = is_outermost and is_running
    return running


def _near_keys(
    edges: Sequence[Sequence[tuple[int, str]]], baselines: Sequence[Sequence[float]], is_top: bool
) -> set[str]:
    """Lines with letters that stand at one height on four of twelve pages in a row, apart from the text."""
    places: dict[tuple[str, int], list[tuple[int, int]]] = {}
    for number, edge in enumerate(edges):
        for index, key in edge:
            height = baselines[number][index]
            if height and has_letters(key):
                places.setdefault((key, round(height / 2)), []).append((number, index))
    near = set()
    for (key, _height), found in places.items():
        if any(
            found[at][0] - found[at - _NEAR_COUNT + 1][0] < _NEAR_PAGES for at in range(_NEAR_COUNT - 1, len(found))
        ) and all(_stands_apart(baselines[number], index, is_top) for number, index in found[:_NEAR_COUNT]):
            near.add(key)
    return near


def _turn_keys(
    edges: Sequence[Sequence[tuple[int, str]]], baselines: Sequence[Sequence[float]], is_top: bool
) -> set[str]:
    """The heads of left and right pages of a short document, whose first page may be without: two, turn by turn."""
    if not 4 <= len(edges) <= 6:
        return set()
    outermost = [edge[0] if edge else (0, "") for edge in edges]
    if len(edges) > 4 and outermost[0][1] != outermost[2][1]:
        outermost = [(0, ""), *outermost[1:]]
    found = [(number, index, key) for number, (index, key) in enumerate(outermost) if has_letters(key)]
    keys = {key for _number, _index, key in found}
    is_by_turns = all(key == outermost[number % 2 + 2][1] for number, _index, key in found)
    heights = [baselines[number][index] for number, index, _key in found]
    if len(found) < 4 or len(keys) != 2 or not is_by_turns or max(heights) - min(heights) > 2:
        return set()
    return keys if all(_stands_apart(baselines[number], index, is_top) for number, index, _key in found) else set()


def _spoken_keys(pages: Sequence[Sequence[str]], edges: Sequence[Sequence[tuple[int, str]]]) -> set[str]:
    """Lines of letters and numbers that have other numbers on most pages, of which none counts the pages."""
    texts: dict[str, list[tuple[int, str]]] = {}
    for number, edge in enumerate(edges):
        for index, key in edge:
            text = pages[number][index]
            if has_letters(key) and _DIGITS.search(text) and not text.startswith("#"):
                texts.setdefault(key, []).append((number, text))
    spoken = set()
    for key, found in texts.items():
        often = Counter(text for _number, text in found)
        alone = sum(often[text] == 1 for _number, text in found)
        shifts = [{int(digits[:9]) - number for digits in _DIGITS.findall(text)} for number, text in found]
        counting = sum(not one.isdisjoint(other) for one, other in pairwise(shifts))
        if 2 * alone > len(found) and 2 * counting < len(found) - 1:
            spoken.add(key)
    return spoken


def _stands_apart(baselines: Sequence[float], index: int, is_top: bool) -> bool:
    """Whether there is more room between an edge's lines and the text than there is between two lines of the text."""
    steps = [abs(one - other) for one, other in zip(baselines, baselines[1:], strict=False)]
    inwards = steps[index : index + EDGE_LINES] if is_top else steps[max(0, index - EDGE_LINES) : index]
    return not inwards or max(inwards) > 1.3 * median(steps)


def _numbered_lines(pages: Sequence[Sequence[str]], is_top: bool) -> set[tuple[int, int]]:
    """Outermost lines that count the pages, "Chapter 3: Tides 17" and "18 The Moon and the Sea" for example."""
    lines = [(number, 0 if is_top else len(page) - 1) for number, page in enumerate(pages) if page]
    shifts = Counter(
        int(match[1]) - number for number, index in lines if (match := _NUMBER_AT_END.search(pages[number][index]))
    )
    if not shifts:
        return set()
    shift, count = shifts.most_common(1)[0]
    if count < max(3, len(pages) / 6):
        return set()
    found = set()
    for number, index in lines:
        line = pages[number][index]
        matches = (_NUMBER_AT_END.search(line), _NUMBER_AT_START.match(line))
        if not line.startswith("#") and any(match and int(match[1]) - number == shift for match in matches):
            found.add((number, index))
    return found


def _edge(line_count: int, is_top: bool) -> range:
    """Line indices from the edge inwards; a short page keeps its middle out of both edges."""
    depth = min(EDGE_LINES, (line_count + 1) // 2)
    return range(depth) if is_top else range(line_count - 1, line_count - 1 - depth, -1)


def _key(line: str) -> str:
    if line.startswith("#"):
        return line
    return " ".join(_ROMAN.sub("#", _DIGITS.sub("#", line.lower())).split())
