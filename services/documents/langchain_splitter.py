"""langchain's RecursiveCharacterTextSplitter, held to the same promise as our own splitter.

It may cut a token or two above the limit, because it adds up the tokens of fragments; and it drops offsets. So its
chunks are found again in the text, and those above the limit are cut once more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from services.documents.tokenizer import Tokenizer
from services.records import DocumentText

Spans = Callable[[DocumentText, Tokenizer, int, int], Iterator[tuple[int, int]]]


def langchain_spans(
    document: DocumentText, tokenizer: Tokenizer, chunk_size: int, chunk_overlap: int, recut: Spans
) -> Iterator[tuple[int, int]]:
    """The spans of the chunks, in order; together they cover the text.

    Args:
        recut: cuts what langchain leaves too long, or leaves out.
    """
    from langchain_text_splitters import RecursiveCharacterTextSplitter

    text = document.content
    splitter = RecursiveCharacterTextSplitter(
        chunk_size=chunk_size, chunk_overlap=chunk_overlap, length_function=tokenizer.count
    )

    def held(start: int, end: int) -> Iterator[tuple[int, int]]:
        if tokenizer.count(text[start:end]) <= chunk_size:
            yield start, end
            return
        for inner_start, inner_end in recut(DocumentText(text[start:end]), tokenizer, chunk_size, 0):
            yield start + inner_start, start + inner_end

    start, done = -1, 0
    for content in splitter.split_text(text):
        fresh = done + len(text[done:]) - len(text[done:].lstrip())
        # It starts after the chunk before it and not after the first text that this one left. Where
        # the text repeats itself, the last such place keeps the whole covered.
        found = text.rfind(content, max(start + 1, 0), fresh + len(content))
        if found < 0:
            break
        if found + len(content) <= done:
            continue
        yield from held(found, found + len(content))
        start, done = found, found + len(content)
    if rest := text[done:].strip():
        at = text.index(rest, done)
        for inner_start, inner_end in recut(DocumentText(rest), tokenizer, chunk_size, chunk_overlap):
            yield at + inner_start, at + inner_end
