"""What a person decided about the chunks of a document, carried over to the chunks that come in their place."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import islice, takewhile

from services.knowledge_base.chunk_row import PERSON, ChunkRow


@dataclass(frozen=True, slots=True)
class Decided:
    """A span of the old text. is_excluded: None where no person has said anything about it."""

    start: int
    end: int
    content: str
    is_excluded: bool | None
    is_deleted: bool


def find_again(decided: Iterable[Decided], old_text: str, new_text: str) -> list[Decided]:
    """The spans in the new text; what does not stand there any more is left out.

    A text that stands in several places is looked for in the order of the old document first.
    """
    decided = sorted(decided, key=lambda span: span.start)
    if old_text == new_text:
        return list(decided)
    found, taken = [], 0
    for span in decided:
        said = old_text[span.start : span.end] or span.content
        at = new_text.find(said, taken)
        if at < 0:
            at = new_text.find(said)
        if at < 0 and said != span.content:
            said = span.content
            at = new_text.find(said)
        if at < 0 or not said.strip():
            continue
        found.append(replace(span, start=at, end=at + len(said)))
        taken = at + len(said)
    return found


def decide(rows: Sequence[ChunkRow], decided: Sequence[Decided]) -> list[ChunkRow]:
    """The rows, in the order of their starts, each with what was decided about most of the text that it owns."""
    spans = sorted(decided, key=lambda span: span.start)
    first, done = 0, []
    for row in rows:
        while first < len(spans) and spans[first].end <= row.start:
            first += 1
        done.append(_decide(row, takewhile(lambda span, end=row.owned_end: span.start < end, islice(spans, first, None))))
    return done


def _decide(row: ChunkRow, decided: Iterable[Decided]) -> ChunkRow:
    half = max(row.owned_end - row.start, 1) / 2
    excluded = included = deleted = 0
    for span in decided:
        common = max(min(row.owned_end, span.end) - max(row.start, span.start), 0)
        excluded += common * (span.is_excluded is True)
        included += common * (span.is_excluded is False)
        deleted += common * span.is_deleted
    if max(excluded, included) > half:
        row = replace(row, is_excluded=int(excluded > half), cause=PERSON)
    return replace(row, is_deleted=1) if deleted > half else row
