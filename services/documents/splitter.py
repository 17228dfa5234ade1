"""From text to chunks: as long as the limit allows, cut where the text itself pauses.

Each chunk takes about as many characters as fit and ends at the best place in the last 40 % of that window: before a
heading, else at a blank line, a line, a sentence, a word. It is then counted with the tokenizer, by itself, because a cut
can change the tokens next to it, and shortened until it holds the limit.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence

from services.documents import markdown
from services.documents.langchain_splitter import langchain_spans
from services.documents.page import Report, ignore
from services.documents.tokenizer import Tokenizer
from services.errors import UserError
from services.records import CutChunk, DocumentText
from services.translation import _

Span = tuple[int, int, int]
"""``(start, end, tokens)`` of a chunk, in characters; white space after it belongs to it without being part of it."""

_EARLIEST_END = 0.6  # of what would fit: a chunk does not end before, if there is a place to end after
_WORTH_A_TRY = 1.15  # times the characters fit in: the chunk is made longer
_SAMPLE_CHARACTERS = 2000  # to estimate the first chunk by
_LEAST_SHARE = 0.1  # of what would fit: worth a chunk of its own, before a code block that would not fit with it
_BLANK_LINE = re.compile(r"\n[ \t]*\n\s*")
_LINE = re.compile(r"\n\s*")
_SENTENCE = re.compile(
    r"(?<!\b\w)(?<!\b(?:Dr|Mr|Ms|St|vs|No|cf))(?<!\b(?:Mrs|Fig|etc))[.!?…][\"'”’»)\]]*\s+|[。！？；][”’」』）]*"
)
_WORD = re.compile(r"\s+|[、，：]")
_ROW = re.compile(r"^[ \t]*\|.*$", re.MULTILINE)
_JOINERS = "\u200c\u200d\ufe0e\ufe0f"


def cut(
    document: DocumentText,
    tokenizer: Tokenizer,
    chunk_size: int,
    chunk_overlap: int,
    splitter: str = "own",
    report: Report = ignore,
    above: Sequence[tuple[int, str]] = (),
) -> list[CutChunk]:
    """Cut a text into chunks of at most ``chunk_size`` tokens each.

    Every character is owned by exactly one chunk. A chunk that does not begin with a heading repeats up to
    ``chunk_overlap`` tokens of the one before it. Its page and its heading path are those of the first text
    in it that is not repeated. A table of contents or an index never shares a chunk with other text.

    Args:
        splitter: a key of SPLITTERS.
        report: told the share of the text that is cut.
        above: ``(level, title)`` of the headings that the text stands under, where it is a part of a longer one.

    Raises:
        UserError: the sizes make no sense.
    """
    check_sizes(chunk_size, chunk_overlap)
    text = document.content
    spans: list[Span] = []
    kinds: list[str] = []
    for at, section, kind in _sections(document):
        for start, end, token_count in SPLITTERS[splitter](section, tokenizer, chunk_size, chunk_overlap):
            spans.append((at + start, at + end, token_count))
            kinds.append(kind)
            report((at + end) / len(text))
    paths = _HeadingPath(document, above)
    page_starts = [start for _number, start in document.pages]
    chunks = []
    for index, (start, end, token_count) in enumerate(spans):
        fresh = _next_text(text, max(start, spans[index - 1][1]) if index else start)
        page = bisect_right(page_starts, fresh) - 1
        chunks.append(
            CutChunk(
                start=start,
                owned_end=spans[index + 1][0] if index + 1 < len(spans) else len(text),
                end=end,
                content=text[start:end],
                token_count=token_count,
                page=document.pages[page][0] if page >= 0 else None,
                headings=paths.at(fresh),
                kind=kinds[index],
            )
        )
    return chunks


def headings_at_end(document: DocumentText, above: Sequence[tuple[int, str]] = ()) -> list[tuple[int, str]]:
    """``(level, title)`` of the headings under which a text that follows this one stands."""
    path = _HeadingPath(document, above)
    path.at(len(document.content))
    return path.path


def check_sizes(chunk_size: int, chunk_overlap: int) -> None:
    """
    Raises:
        UserError: the sizes leave no room for new text.
    """
    if chunk_size < 1 or chunk_overlap < 0 or chunk_overlap >= chunk_size:
        raise UserError(
            _("The overlap ({overlap} tokens) must be smaller than the chunk size ({size} tokens): choose a smaller "
              "overlap or larger chunks.").format(overlap=chunk_overlap, size=chunk_size)
        )  # fmt: skip


def _sections(document: DocumentText) -> Iterator[tuple[int, DocumentText, str]]:
    """``(offset, text, kind)``: the listings and what stands between them, each to be cut by itself."""
    text = document.content
    borders = [(0, 0, ""), *document.listings, (len(text), len(text), "")]
    pieces: list[tuple[int, int, str]] = []
    for (_start, done, _kind), (start, end, kind) in zip(borders, borders[1:], strict=False):
        pieces += [(done, start, ""), (start, end, kind)]
    for start, end, kind in pieces:
        start = _next_text(text, start)
        if start >= end:
            continue
        headings = tuple((at - start, level, title) for at, level, title in document.headings if start <= at < end)
        yield start, DocumentText(text[start:end], headings=headings) if end - start < len(text) else document, kind


def own_spans(document: DocumentText, tokenizer: Tokenizer, chunk_size: int, chunk_overlap: int) -> Iterator[Span]:
    """The spans of the chunks, in order, from 0 to the last character that is not white space."""
    text = document.content
    last = len(text.rstrip())
    cutter = _Cutter(document, tokenizer)
    start, done = 0, 0
    while done < last:
        end, token_count = cutter.end(start, done, chunk_size)
        if end <= done:  # the overlap leaves no room for new text
            start = _next_text(text, done)
            end, token_count = cutter.end(start, done, chunk_size)
        yield start, end, token_count
        start, done = cutter.next_start(start, end, chunk_overlap), end


SPLITTERS: dict[str, Callable[[DocumentText, Tokenizer, int, int], Iterator[Span]]] = {
    "own": own_spans,
    "langchain": lambda *arguments: langchain_spans(*arguments, recut=own_spans),
}


class _Cutter:
    """Finds ends and starts of chunks in one text.

    How many characters make so many tokens is estimated from what was counted last, and the chunk is then counted.
    """

    def __init__(self, document: DocumentText, tokenizer: Tokenizer) -> None:
        self._text, self._count = document.content, tokenizer.counter(document.content)
        self._last = len(self._text.rstrip())
        self._headings = [start for start, _level, _title in document.headings]
        spans = [(start, self._after_heading(start)) for start in self._headings]
        spans += [match.span() for match in _ROW.finditer(self._text)] if "|" in self._text else []
        spans += [(start, end - 1) for start, end in markdown.fences(self._text)]
        self._whole_starts: list[int] = []
        self._whole_ends: list[int] = []
        for start, end in sorted(spans):  # a row or "heading" inside a code block is part of it
            if not self._whole_ends or start >= self._whole_ends[-1]:
                self._whole_starts.append(start)
                self._whole_ends.append(end)
        sample = min(len(self._text), _SAMPLE_CHARACTERS)
        self._characters_per_token = max(sample, 1) / max(self._count(0, sample), 1)

    def end(self, start: int, done: int, limit: int) -> tuple[int, int]:
        """Where the chunk that starts at ``start`` ends, and its tokens; not after ``done`` if no new text fits in."""
        fresh = _next_text(self._text, done)
        latest = start + max(int(limit * self._characters_per_token), 1)
        best: tuple[int, int] | None = None
        while latest > fresh:
            end = len(self._text[start : self._best_end(start, fresh, latest, limit)].rstrip()) + start
            if end <= fresh or (best and end <= best[0]):
                break
            count = self._count(start, end)
            self._characters_per_token = (end - start) / max(count, 1)
            fitting = start + int(limit * self._characters_per_token)
            if count > limit:
                if best:  # it was worth a try
                    break
                latest = min(fitting, end - 1)
                continue
            if best or end == self._last or fitting - start < _WORTH_A_TRY * (latest - start):
                return end, count
            best, latest = (end, count), fitting  # the text takes fewer tokens here: there is more room
        if best:
            return best
        # One character may be more tokens than the limit; a chunk is never less than that.
        end = fresh + 1 if start >= fresh else done
        return end, self._count(start, end)

    def next_start(self, start: int, done: int, overlap: int) -> int:
        """Where the next chunk starts: with the heading that follows, or up to ``overlap`` tokens before the end."""
        fresh = _next_text(self._text, done)
        if not overlap or fresh >= self._last or self._is_heading(fresh):
            return fresh
        earliest = max(done - int(overlap * self._characters_per_token), start + 1)
        for candidate in self._overlap_starts(earliest, fresh):
            if candidate < fresh and self._count(candidate, done) <= overlap:
                return candidate
        return fresh

    def _overlap_starts(self, earliest: int, fresh: int) -> Iterator[int]:
        """Good places for an overlap to start, the best first: a heading, an early line or sentence, a word."""
        heading = bisect_left(self._headings, fresh) - 1
        if heading >= 0 and self._headings[heading] >= earliest:
            yield self._headings[heading]
        middle = (earliest + fresh) // 2
        for pattern, latest in ((_LINE, middle), (_SENTENCE, middle), (_WORD, fresh)):
            for match in pattern.finditer(self._text, earliest - 1, fresh):
                if earliest <= match.end() <= latest and self._whole_at(match.end()) is None:
                    yield match.end()
        if _WORD.search(self._text, earliest, fresh) is None:  # a script, or a code, without pauses
            step = max(int(self._characters_per_token), 1)
            for position in range(earliest, fresh, step):
                position = self._between_letters(position, earliest)
                if self._whole_at(position) is None:
                    yield position

    def _best_end(self, start: int, fresh: int, latest: int, limit: int) -> int:
        """The best place to end in the last 40 % of the characters up to ``latest``; the text's end if that is before."""
        if latest >= self._last:
            return self._last
        earliest = max(start + int(_EARLIEST_END * (latest - start)), fresh)
        if latest <= earliest:
            return latest
        headings = range(bisect_right(self._headings, earliest), bisect_right(self._headings, latest))
        for heading in reversed(headings):
            if self._whole_at(self._headings[heading]) is None:
                return self._headings[heading]
        parting = 0  # the best place that would part a row or a code block
        for pattern in (_BLANK_LINE, _LINE, _SENTENCE, _WORD):
            for end in self._ends(pattern, earliest, latest):
                if self._whole_at(end) is None:
                    return end
                parting = parting or end
        if (whole := self._whole_at(latest)) is not None:
            before = self._whole_starts[whole]
            is_worth_it = before > max(fresh, start + int(_LEAST_SHARE * (latest - start)))
            if is_worth_it and self._whole_ends[whole] - before <= limit * self._characters_per_token:
                return before
        return parting or self._between_letters(latest, earliest)

    def _ends(self, pattern: re.Pattern[str], earliest: int, latest: int) -> list[int]:
        """The places where a pause of this kind ends and text begins, the last one first."""
        found = (match.end() for match in pattern.finditer(self._text, earliest, latest))
        return [end for end in found if end > earliest][::-1]

    def _between_letters(self, position: int, lowest: int) -> int:
        """A place not after ``position`` that parts no letter from its accents."""
        at = position
        while at > lowest and (
            unicodedata.combining(self._text[at]) or self._text[at] in _JOINERS or self._text[at - 1] == "\u200d"
        ):
            at -= 1
        return at if at > lowest else position

    def _whole_at(self, position: int) -> int | None:
        """The index of the heading, row or code block that a cut here would part; None if there is none."""
        index = bisect_left(self._whole_starts, position) - 1
        return index if index >= 0 and position <= self._whole_ends[index] else None

    def _is_heading(self, position: int) -> bool:
        index = bisect_left(self._headings, position)
        return index < len(self._headings) and self._headings[index] == position

    def _after_heading(self, start: int) -> int:
        """The start of the text under a heading: a heading does not end a chunk."""
        line_end = self._text.find("\n", start)
        return _next_text(self._text, line_end) if line_end >= 0 else len(self._text)


class _HeadingPath:
    """The titles above a place; asked for in ascending order."""

    def __init__(self, document: DocumentText, above: Sequence[tuple[int, str]]) -> None:
        self._coming = list(reversed(document.headings))
        self.path = list(above)

    def at(self, position: int) -> tuple[str, ...]:
        while self._coming and self._coming[-1][0] <= position:
            _start, level, title = self._coming.pop()
            while self.path and self.path[-1][0] >= level:
                self.path.pop()
            self.path.append((level, title))
        return tuple(title for _level, title in self.path)


def _next_text(text: str, position: int) -> int:
    """The first character from here on that is not white space, or the text's end."""
    while position < len(text) and text[position].isspace():
        position += 1
    return position
