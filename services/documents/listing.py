"""Tables of contents and indexes: text that lists where things stand and says nothing of them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_LONGEST_LINE = 200  # characters, with its leaders
_LONGEST_GAP = 200  # characters between two entries: a wrapped title, the name of a part
_ABOVE = 600  # characters over an entry where its title may stand, with all that may be between
_LAST_CHARACTERS = frozenset("0123456789ivxlcfn|")  # of an entry
_PAGE = r"[0-9]{1,4}(?:[-–][0-9]{1,4})?"
# An entry read from its end, where it can be told at once: page numbers, leaders, blanks or a comma, then the title.
_ENTRY = re.compile(
    rf"[ \t|]*(?P<pages>[fn]{{0,2}}{_PAGE}(?: ?[,;][fn]{{0,2}}{_PAGE}|[ \t]+[,;][fn]{{0,2}}{_PAGE})*|[ivxlc]{{1,6}})"
    r"(?P<gap>(?:[ \t]*[.…_·]){3,}[ \t]*|[ \t]*…[ \t]*|[ \t]+[|,:;]?[ \t]*)(?=[^\s.,;:|])"
)
_LINK = re.compile(r"^[ \t]*(?:[-*+]|[0-9]+[.)])[ \t]+\[[^\]\n]+\]\(#[^)\n]*\)[ \t]*$", re.MULTILINE)
_CONTENTS = (
    "table of contents|contents|brief contents|list of (?:figures|tables|illustrations|abbreviations|listings|plates)|"
    "inhalt|inhaltsverzeichnis|inhaltsübersicht|abbildungsverzeichnis|tabellenverzeichnis|verzeichnis der abbildungen|"
    "table des matières|sommaire|table des (?:figures|illustrations)|liste des (?:figures|tableaux)|"
    "índice|índice general|contenido|contenidos|tabla de contenidos?|lista de figuras|lista de tablas|sumário|conteúdo|"
    "indice|indice generale|sommario|inhoud|inhoudsopgave|spis treści|innehåll|indhold|sisällys|obsah|tartalom"
)
_INDEX = (
    "(?:general |subject |author |name |concept |alphabetical )?index(?: of [a-z ]{3,30})?|"
    "(?:[a-z]+ and )?[a-z]+ index|"
    "register|sachregister|namensregister|stichwortverzeichnis|sachverzeichnis|personenregister|"
    "index (?:général|alphabétique|des [a-zà-ÿ ]{3,30})|índice (?:alfabético|analítico|temático|de [a-zà-ÿ ]{3,30})|"
    "indice (?:analitico|dei nomi)|skorowidz|rejstřík|trefwoordenregister"
)
_TITLE = re.compile(
    rf"^(?:#{{1,6}} +)?\**(?:(?P<contents>{_CONTENTS})|(?P<index>{_INDEX}))\**[ \t]*:?$", re.IGNORECASE | re.MULTILINE
)
_SECTION = re.compile(
    r"(?:#{1,6} |[-*] )?(?:(?:chapter|part|kapitel|teil|chapitre|capítulo|capitolo) )?"
    r"[0-9A-Z]{1,3}(?:\.[0-9]{1,3})*\.?\)? +\S",
    re.IGNORECASE,
)
_SUBSECTION = re.compile(r"(?:#{1,6} |[-*] )?[0-9A-Z]{1,3}\.[0-9]")
_SENTENCE = re.compile(r"\w[.!?][\"”»)]*$", re.MULTILINE)
_FIRST_YEAR = 1500  # a number like this at a line's end is a year, where no leaders go before it
_MARKS = re.compile(r"^[#\s>*|\-–—•“\"'(\[]*")


@dataclass(frozen=True, slots=True)
class _Entry:
    start: int
    end: int
    title: str
    pages: tuple[int, ...]
    has_leaders: bool
    has_comma: bool


def find_listings(content: str) -> tuple[tuple[int, int, str], ...]:
    """Find the tables of contents (lists of figures too) and the indexes in a cleaned text of any format.

    A run of lines that end in page numbers is one when the numbers rise, or its titles stand in the order of the
    alphabet, and a title above it, leaders, or numbered sections confirm it. Prose, numbered lists, price lists and
    timetables are left alone: what is not sure is text.

    Returns:
        ``(start, end, "contents" or "index")`` in order and apart; each starts and ends at a line's start.
    """
    spans = [(start, end, "contents") for start, end in _links(content)]
    entries = list(_entries(content))
    if len(entries) >= 3:
        titles = list(_titles(content, entries))
        for run in _runs(content, entries, titles):
            above = _title_above(content, run[0].start, titles)
            kind = _kind(run, above[2] if above else "", len(content))
            if kind:
                spans.append((above[0] if above else run[0].start, run[-1].end, kind))
    return _apart(sorted(spans))


def _links(content: str) -> Iterator[tuple[int, int]]:
    """Lists of links into the text itself, as Markdown has them for its contents."""
    if "](#" not in content:
        return
    run: list[tuple[int, int]] = []
    for match in [*_LINK.finditer(content), None]:
        if match and run and content[run[-1][1] : match.start()].strip() == "":
            run.append(match.span())
            continue
        if len(run) >= 3:
            yield run[0][0], _line_end(content, run[-1][1])
        run = [match.span()] if match else []


def _entries(content: str) -> Iterator[_Entry]:
    end = -1
    for line in content.split("\n"):
        start, end = end + 1, end + 1 + len(line)
        if not line or line[-1] not in _LAST_CHARACTERS or len(line) > _LONGEST_LINE:
            continue
        found = _ENTRY.match(line[::-1])
        if not found:
            continue
        title = _MARKS.sub("", line[: len(line) - found.end()])
        if not any(map(str.isalpha, title)):
            continue
        pages, gap = found["pages"][::-1], found["gap"]
        numbers = tuple(map(int, re.findall(r"(?<![-–0-9])[0-9]+", pages))) or (_roman(pages),)
        is_led = sum(map(gap.count, ".…_·")) >= 3 or "…" in gap
        if numbers[-1] >= _FIRST_YEAR and not is_led:
            continue
        yield _Entry(start, min(end + 1, len(content)), title, numbers, is_led, "," in gap)


def _titles(content: str, entries: Sequence[_Entry]) -> Iterator[tuple[int, int, str]]:
    """``(start, end, kind)`` of the lines "Contents" or the like that stand not far above an entry."""
    done = 0
    for entry in entries:
        start = max(done, content.rfind("\n", 0, max(entry.start - _ABOVE, 0)) + 1)
        for match in _TITLE.finditer(content, start, entry.start):
            yield match.start(), match.end(), "index" if match["index"] else "contents"
        done = entry.start


def _roman(text: str) -> int:
    """Front matter comes before page 1: i is -100."""
    values = {"i": 1, "v": 5, "x": 10, "l": 50, "c": 100}
    total = 0
    for here, following in zip(text, [*text[1:], ""]):
        total += -values[here] if values.get(following, 0) > values[here] else values[here]
    return total - 101


def _line_end(content: str, position: int) -> int:
    end = content.find("\n", position)
    return len(content) if end < 0 else end + 1


def _runs(content: str, entries: Sequence[_Entry], titles: Sequence[tuple[int, int, str]]) -> Iterator[list[_Entry]]:
    """Entries that follow each other, with little between them."""
    run: list[_Entry] = []
    title_starts = {start for start, _end, _kind in titles}
    for entry in entries:
        if run:
            between = content[run[-1].end : entry.start]
            is_near = len(between) <= _LONGEST_GAP and between.count("\n") <= 6 and "```" not in between
            if is_near and between.strip():
                is_near = not any(run[-1].end <= start < entry.start for start in title_starts)
                is_near = is_near and not _SENTENCE.search(between)
                is_near = is_near and entry.has_leaders == run[-1].has_leaders
            if not is_near:
                yield run
                run = []
        run.append(entry)
    if run:
        yield run


def _title_above(content: str, start: int, titles: Sequence[tuple[int, int, str]]) -> tuple[int, int, str] | None:
    """The title "Contents" or the like over a run, with no more than a short line between."""
    for title in reversed(titles):
        if title[1] <= start:
            between = content[title[1] : start].strip()
            return title if len(between) <= 80 and between.count("\n") <= 3 else None
    return None


def _kind(run: Sequence[_Entry], title: str, length: int) -> str:
    if len(run) < 3:
        return ""
    first = [entry.pages[0] for entry in run]
    steps = list(zip(first, first[1:]))
    rising = sum(one <= other for one, other in steps) / len(steps)
    led = sum(entry.has_leaders for entry in run) / len(run)
    keys = [_sort_key(entry.title) for entry in run]
    alphabetical = sum(one[:1] <= other[:1] for one, other in zip(keys, keys[1:])) / len(steps)
    is_spread = first[-1] > first[0] and len(set(first)) >= min(3, len(run))
    commas = sum(entry.has_comma or len(entry.pages) > 1 for entry in run) / len(run)
    if title != "index" and rising >= 0.85 and is_spread and commas <= 0.5:
        if title == "contents" or led >= 0.6:
            return "contents"
        if len(run) >= 6 and sum(_SECTION.match(entry.title) is not None for entry in run) >= 0.7 * len(run):
            has_parts = sum(_SUBSECTION.match(entry.title) is not None for entry in run) >= 2
            return "contents" if rising == 1.0 and has_parts and _numbers_rise(run) else ""
    if title == "index" and len(run) >= 4 and (alphabetical >= 0.7 or led >= 0.6):
        return "index"
    if title and alphabetical >= 0.75 and (commas >= 0.5 or led >= 0.6) and len(run) >= 6:
        return "index"
    is_at_end = run[0].start > 0.6 * length
    is_alphabet = alphabetical >= 0.85 and len({key[:1] for key in keys}) >= 3
    return "index" if is_at_end and len(run) >= 10 and commas >= 0.6 and is_alphabet else ""


def _numbers_rise(run: Sequence[_Entry]) -> bool:
    """Whether the sections are numbered in order, as a list of anything else seldom is."""
    numbers = [re.findall(r"[0-9]+", entry.title[:12]) for entry in run]
    keys = [tuple(map(int, found)) for found in numbers if found]
    return len(keys) >= 3 and all(one[0] <= other[0] for one, other in zip(keys, keys[1:]))


def _sort_key(title: str) -> str:
    plain = unicodedata.normalize("NFKD", title).casefold()
    return "".join(filter(str.isalnum, plain))


def _apart(spans: Sequence[tuple[int, int, str]]) -> tuple[tuple[int, int, str], ...]:
    """Spans that touch or overlap and are of one kind become one."""
    out: list[tuple[int, int, str]] = []
    for start, end, kind in spans:
        if out and start < out[-1][1]:
            out[-1] = (out[-1][0], max(end, out[-1][1]), out[-1][2])
        else:
            out.append((start, end, kind))
    return tuple(out)
