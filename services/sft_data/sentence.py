"""Sentences of a piece of text with their places in it, and the heading that each stands under."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from services.sft_data.vocabulary import word_set

_ABBREVIATIONS = word_set(
    "mr mrs ms dr prof st no vol fig figs e.g i.e etc vs cf ca approx jr sr co inc ltd gen capt rev"
)
_HEADING = re.compile(r"#{1,6}\s+(.*?)\s*#*$")
_ITEM = re.compile(r"\s*(?:[-*•–‣]|\d{1,3}[.)])\s+")
_TABLE = re.compile(r"\s*\||.*\s\|\s|.*\t.*\t")
_BOUNDARY = re.compile(r"[.!?][\"'”’)\]]*(?=\s+[\"'“‘(\[]*[A-Z0-9])")


@dataclass(frozen=True)
class Sentence:
    """One complete sentence: its text on one line, its character offsets in the source, its heading and block."""

    text: str
    start: int
    end: int
    heading: str
    block: int


def split_sentences(text: str) -> Iterator[Sentence]:
    """Yield the complete sentences of `text` in order; headings, tables and fragments are left out."""
    for number, (start, end, heading) in enumerate(_blocks(text)):
        position = start
        for stop in [*_sentence_ends(text[start:end]), end - start]:
            raw = text[position : start + stop]
            begin = position + len(raw) - len(raw.lstrip())
            position = start + stop
            plain = " ".join(_without_emphasis(raw).split())
            if plain and plain[-1] in '.!?”"' and (plain[0].isupper() or plain[0].isdigit()):
                yield Sentence(plain, begin, begin + len(raw.strip()), heading, number)


def _without_emphasis(text: str) -> str:
    return re.sub(r"(\*\*|__|(?<!\w)[*_]|[*_](?!\w))", "", text)


def _sentence_ends(block: str) -> Iterator[int]:
    for match in _BOUNDARY.finditer(block):
        last_word = block[: match.start()].split()[-1:] or [""]
        word = last_word[0].lstrip("(\"'“‘").lower()
        is_initial = match[0][0] == "." and bool(re.fullmatch(r"[a-z](?:\.[a-z])*", word))
        if not is_initial and word not in _ABBREVIATIONS:
            yield match.end()


def _blocks(text: str) -> Iterator[tuple[int, int, str]]:
    """Yield (start, end, heading) of every run of lines that is one paragraph or one list item."""
    lines = []
    position = 0
    for line in text.splitlines(keepends=True):
        lines.append((position, line))
        position += len(line)
    heading = ""
    start: int | None = None
    for index, (offset, line) in enumerate(lines):
        stripped = line.strip()
        marked = _HEADING.match(stripped)
        following = lines[index + 1][1].strip() if index + 1 < len(lines) else ""
        is_open = start is not None and not text[start:offset].rstrip().endswith((".", "!", "?", ":", "”", '"'))
        is_heading = bool(marked) or (not is_open and _looks_like_heading(stripped, following))
        item = _ITEM.match(line)
        if start is not None and (not stripped or is_heading or item or _TABLE.match(line)):
            yield start, offset, heading
            start = None
        if is_heading:
            heading = marked[1] if marked else stripped
        elif stripped and start is None and not _TABLE.match(line):
            start = offset + (item.end() if item else 0)
    if start is not None:
        yield start, len(text), heading


def _looks_like_heading(line: str, following: str) -> bool:
    """Return whether a line of a PDF, where nothing marks a heading, stands above a paragraph like one."""
    words = line.split()
    if (
        not 0 < len(words) <= 9
        or not line[0].isupper()
        or line[-1] in '.!?:;,”"'
        or (following and following[0].islower())
    ):
        return False
    long_words = [word for word in words if len(word) > 3]
    return not following or all(word[0].isupper() or not word[0].isalpha() for word in long_words)
