"""What a chunk contributes to the contiguous text of its document.

A chunk as it was cut owns its document's text from its start to where the next one starts; what follows is overlap. One
that was edited contributes its own words instead, without the overlap where that still stands at its end. Where white
space stood at its end and does not any more, a line break keeps it apart from the next chunk.

``tail`` is for the chunks that a split or a merge made: while one ends like this the next one follows at once, and a
line break comes after it otherwise. So neither changes the corpus.
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
    return content + "\n" if needs_break(text, chunk) and content.strip() and not content[-1].isspace() else content


def is_verbatim(text: str, chunk: Placed) -> bool:
    """Whether the chunk says what its document says there."""
    return bool(chunk.content) and chunk.content == text[chunk.start : chunk.end]


def has_overlap(text: str, chunk: Placed) -> bool:
    """Whether the chunk still ends with text that the next one owns."""
    overlap = text[chunk.owned_end : chunk.end]
    return bool(overlap) and chunk.content.endswith(overlap)


def needs_break(text: str, chunk: Placed) -> bool:
    """Whether a line break must follow the words of this chunk, if they do not end in white space."""
    if is_verbatim(text, chunk) or has_overlap(text, chunk):
        return False
    if chunk.tail:
        return not chunk.content.endswith(chunk.tail)
    return chunk.start == chunk.owned_end or text[chunk.owned_end - 1 : chunk.owned_end].isspace()


def tail_for(text: str, chunk: Placed, is_break_needed: bool) -> str:
    """The tail with which this chunk is, or is not, followed by a line break."""
    if needs_break(text, chunk) == is_break_needed:
        return chunk.tail
    return "\n" if is_break_needed else chunk.content[-TAIL:]
