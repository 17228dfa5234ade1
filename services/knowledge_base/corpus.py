"""What a chunk contributes to the contiguous text of its document.

A chunk as it was cut owns its document's text from its start to where the next one starts; what follows is overlap. One
that was edited contributes its own words instead, without the overlap where that still stands at its end. Where its end
was edited, a line break keeps it apart from the next chunk. ``tail`` says how the content of a chunk ended when a split
or a merge made it: while it does, the next chunk follows without a line break, so that neither changes the corpus.
"""

from __future__ import annotations

from typing import Protocol

TAIL = 16
"""Characters by which the end of a chunk is known again."""


class Placed(Protocol):
    """content, and its place in the document's text; a row of the database is one by its columns."""

    content: str
    start: int
    owned_end: int
    end: int
    tail: str


def contribution(text: str, chunk: Placed) -> str:
    """What the chunk contributes to the corpus of its document, whose text this is."""
    content = chunk.content
    if content == text[chunk.start : chunk.end]:
        return text[chunk.start : chunk.owned_end]
    if has_overlap(text, chunk):
        return content[: chunk.owned_end - chunk.end]
    if is_end_kept(text, chunk) or not content.strip() or content[-1].isspace():
        return content
    return content + "\n"


def is_verbatim(text: str, chunk: Placed) -> bool:
    """Whether the chunk says what its document says there."""
    return bool(chunk.content) and chunk.content == text[chunk.start : chunk.end]


def has_overlap(text: str, chunk: Placed) -> bool:
    """Whether the chunk still ends with text that the next one owns."""
    overlap = text[chunk.owned_end : chunk.end]
    return bool(overlap) and chunk.content.endswith(overlap)


def is_end_kept(text: str, chunk: Placed) -> bool:
    """Whether the chunk ends as it did before anybody edited it."""
    tail = known_tail(text, chunk)
    return bool(tail) and chunk.content.endswith(tail)


def known_tail(text: str, chunk: Placed) -> str:
    """How the chunk ended before anybody edited it."""
    return chunk.tail or text[max(chunk.start, chunk.owned_end - TAIL) : chunk.owned_end]
