"""langchain's RecursiveCharacterTextSplitter, held to the same promise as our own splitter.

It may cut a token or two above the limit, because it adds up the tokens of fragments; and it drops offsets. So its
chunks are found again in the text, and those above the limit are cut once more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from services.documents.tokenizer import Tokenizer
from services.records import DocumentText

Span = tuple[int, int, int]
Spans = Callable[[DocumentText, Tokenizer, int, int], Iterator[Span]]


def langchain_spans(
    document: DocumentText, tokenizer: Tokenizer, chunk_size: int, chunk_overlap: int, recut: Spans
) -> Iterator[Span]:
    """The spans of the chunks, in order; together they cover the text.

    Args:
        recut: cuts what langchain leaves too long, or leaves out.
    """
    from langchain_text_splitters import RecursiveCharacterTextSplitter

    text = document.content
    splitter = RecursiveCharacterTextSplitter(
        chunk_size=chunk_size, chunk_overlap=chunk_overlap, length_function=tokenizer.count
    )

    start, done = -1, 0  # of langchain's last chunk
    last_start = -1  # of our last one
    for content in splitter.split_text(text):
        fresh = _next_text(text, done)
        # It starts after the chunk before it, and not after the first text that this one left. Where
        # the text repeats itself, the last such place keeps the whole covered.
        found = text.rfind(content, start + 1, fresh + len(content))
        end = found + len(content)
        if found < 0:
            break
        if end <= done:
            continue
        token_count = tokenizer.count(content)
        spans: Iterator[Span] = iter([(found, end, token_count)])
        if found <= last_start or token_count > chunk_size:
            spans = _shifted(recut(DocumentText(text[fresh:end]), tokenizer, chunk_size, 0), fresh)
        for span in spans:
            yield span
            last_start = span[0]
        start, done = found, end
    if rest := text[done:].strip():
        yield from _shifted(recut(DocumentText(rest), tokenizer, chunk_size, chunk_overlap), _next_text(text, done))


def _shifted(spans: Iterator[Span], by: int) -> Iterator[Span]:
    return ((start + by, end + by, token_count) for start, end, token_count in spans)


def _next_text(text: str, position: int) -> int:
    while position < len(text) and text[position].isspace():
        position += 1
    return position
