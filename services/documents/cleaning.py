"""From what a reader gives to the text that is kept: characters, words broken at line ends, white space, pages."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence

from services.documents import markdown
from services.documents.listing import find_listings
from services.documents.page import Page, ReadDocument
from services.records import DocumentText

# NFKC would do ligatures too, but it turns superscripts into digits and breaks units.
_LIGATURES = {0xFB00: "ff", 0xFB01: "fi", 0xFB02: "fl", 0xFB03: "ffi", 0xFB04: "ffl", 0xFB05: "st", 0xFB06: "st"}
_REMOVED = [*range(0x00, 0x09), *range(0x0E, 0x20), *range(0x7F, 0xA0), 0xAD, 0x200B, 0x2060, 0xFEFF, 0xFFFE, 0xFFFF]
_SPACES = [0xA0, *range(0x2000, 0x200B), 0x202F, 0x205F]
_LINE_ENDS = {0x0B: "\n", 0x0C: "\n\n", 0x85: "\n", 0x2028: "\n", 0x2029: "\n\n"}
_CHARACTERS = (
    dict.fromkeys(_REMOVED) | dict.fromkeys(_SPACES, " ") | _LINE_ENDS | _LIGATURES | {0xF0B7: "•", 0xF0A7: "•"}
)
_SPECIAL = re.compile("[" + "".join(map(re.escape, map(chr, _CHARACTERS))) + "]")
_LIGATURE_LETTERS = tuple(map(chr, _LIGATURES))  # the only special ones that are printable
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_SOFT_HYPHEN_AT_LINE_END = re.compile(r"\u00ad[ \t]*\n[ \t]*(?=\w)")
_TRAILING = re.compile(r"[ \t]+$", re.MULTILINE)
_BLANK_LINES = re.compile(r"\n{3,}")
_BLANKS = re.compile(r"(?<=\S)[ \t]{2,}(?!\n)")
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_BREAK = re.compile(r"[-‐]\n[ \t]*")
_LETTERS = re.compile(r"[^\W\d_]+")
_LETTERS_AT_END = re.compile(r"[^\W\d_]+$")
_HYPHENS = ("-", "‐")
_ENDS = frozenset(".!?:…。！？|")  # after which nothing goes on
_FIXED_SPACES = ("text", "markdown")  # formats in which several blanks in a row may mean something


def clean(document: ReadDocument) -> DocumentText:
    """Clean a document's text and join its pages.

    A paragraph that runs over the foot of a page stays one paragraph. The result is in NFC, has no white space at
    its ends or at a line's end, and never more than one blank line in a row.
    """
    return _clean(document.pages, document.format, Counter())


def clean_parts(parts: Iterable[ReadDocument]) -> Iterator[DocumentText]:
    """Clean a document that is read in parts; joined by blank lines, they are its text.

    A part that is followed by another one gives up its last paragraph to it, so that no sentence is parted.
    Words broken at line ends are mended by the vocabulary of all that was read so far.
    """
    vocabulary: Counter[str] = Counter()
    held: tuple[Page, ...] = ()
    waiting: ReadDocument | None = None
    for part in parts:
        if waiting is not None:
            text, held = _hold_back(_clean((*held, *waiting.pages), waiting.format, vocabulary))
            if text.content:
                yield text
        waiting = part
    if waiting is not None:
        yield _clean((*held, *waiting.pages), waiting.format, vocabulary)


def _clean(pages: Sequence[Page], format_: str, vocabulary: Counter[str]) -> DocumentText:
    """vocabulary: of the parts before; this one's words are added."""
    texts = [_clean_characters(page.text) for page in pages]
    if format_ not in _FIXED_SPACES:
        texts = [
            _BLANKS.sub(" ", text) if ("  " in text or "\t" in text) and "```" not in text else text for text in texts
        ]
    _learn_words(texts, vocabulary)
    texts = [_mend_broken_words(text, vocabulary) for text in texts]
    content, starts = _join_pages(texts, vocabulary)
    return DocumentText(
        content,
        tuple((page.number, start) for page, start in zip(pages, starts, strict=True) if page.number is not None),
        tuple(markdown.headings(content)),
        find_listings(content),
    )


def _hold_back(text: DocumentText) -> tuple[DocumentText, tuple[Page, ...]]:
    """The text without its last paragraph, and that paragraph as pages."""
    end = text.content.rfind("\n\n") + 2
    if end < 2:
        end = 0
    held: list[Page] = []
    for (page, start), (_next, stop) in zip(text.pages, [*text.pages[1:], (None, len(text.content))], strict=True):
        if stop > end:
            held.append(Page(page, text.content[max(start, end) : stop].strip()))
    if not text.pages:
        held.append(Page(None, text.content[end:]))
    content = text.content[:end].rstrip()
    return DocumentText(
        content,
        tuple((page, start) for page, start in text.pages if start < len(content)),
        tuple(heading for heading in text.headings if heading[0] < len(content)),
        tuple((start, min(stop, len(content)), kind) for start, stop, kind in text.listings if start < len(content)),
    ), tuple(held)


def _clean_characters(text: str) -> str:
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    # Most pages need nothing of this: a look is faster than a substitution that finds nothing.
    if not text.isascii():
        text = _SOFT_HYPHEN_AT_LINE_END.sub("", _SURROGATE.sub("\ufffd", text))
    if not text.replace("\n", "").isprintable() or any(ligature in text for ligature in _LIGATURE_LETTERS):
        text = _SPECIAL.sub(_replacement, text)
    text = unicodedata.normalize("NFC", text)
    if " \n" in text or "\t\n" in text:
        text = _TRAILING.sub("", text)
    if "\n\n\n" in text:
        text = _BLANK_LINES.sub("\n\n", text)
    return text.strip("\n").rstrip()


def _replacement(match: re.Match[str]) -> str:
    return _CHARACTERS[ord(match[0])] or ""


def _learn_words(texts: Sequence[str], vocabulary: Counter[str]) -> None:
    """Count how often each word stands in the document unbroken, hyphenated words as one. Needs a broken word."""
    if not any(map(_may_be_broken, texts)):
        return
    for text in texts:
        if _has_broken_words(text):
            text = _with_broken_words(text, lambda _at, _first, _second: " ")
        vocabulary.update(_WORD.findall(text.lower()))


def _has_broken_words(text: str) -> bool:
    return "-\n" in text or "‐\n" in text


def _may_be_broken(text: str) -> bool:
    """Whether a word is broken at the end of a line or of the page."""
    return _has_broken_words(text) or text.endswith(_HYPHENS)


def _with_broken_words(text: str, mend: Callable[[int, str, str], str | None]) -> str:
    """The text with what ``mend`` gives for each word broken at a line end: of its place and parts; None to keep it."""
    out: list[str] = []
    done = 0
    for line_break in _BREAK.finditer(text):
        at = line_break.start()
        first = _LETTERS_AT_END.search(text, max(done, text.rfind("\n", 0, at) + 1), at)
        second = _LETTERS.match(text, line_break.end())
        if first and second and (mended := mend(first.start(), first[0], second[0])) is not None:
            out += text[done : first.start()], mended
            done = second.end()
    return "".join([*out, text[done:]])


def _mend_broken_words(text: str, vocabulary: Counter[str]) -> str:
    """Join words broken at a line end, outside of code blocks."""
    if not _has_broken_words(text):
        return text
    blocks = list(markdown.fences(text))

    def mend(at: int, first: str, second: str) -> str | None:
        return None if markdown.is_inside(at, blocks) else _mended(first, second, vocabulary)

    return _with_broken_words(text, mend)


def _mended(first: str, second: str, vocabulary: Counter[str]) -> str:
    """``proces-`` + ``sing``: one word, unless the document itself writes it with a hyphen more often."""
    joined, hyphenated = vocabulary[(first + second).lower()], vocabulary[f"{first}-{second}".lower()]
    is_plain = second[0].islower() or (first.isupper() and second.isupper() and joined)
    return f"{first}{second}" if is_plain and joined >= hyphenated else f"{first}-{second}"


def _join_pages(texts: list[str], vocabulary: Counter[str]) -> tuple[str, list[int]]:
    """The whole text, and where in it each page starts."""
    content = ""
    parts: list[str] = []
    starts: list[int] = []
    length = 0
    tail = ""  # the last page with text, as it stands at the end of parts
    for text in texts:
        if not text.strip():
            starts.append(length)
            continue
        if tail:
            first = _LETTERS.match(text)
            broken = _LETTERS_AT_END.search(tail, tail.rfind("\n") + 1, len(tail) - 1) if tail[-1] in _HYPHENS else None
            if broken and first and text[0].islower():
                mended = _mended(broken[0], first[0], vocabulary)
                parts[-1] = tail[: broken.start()] + mended[: len(mended) - len(first[0])]
                length += len(parts[-1]) - len(tail)
            else:
                separator = " " if _runs_on(tail, text) else "\n\n"
                parts.append(separator)
                length += len(separator)
        starts.append(length)
        parts.append(text)
        length += len(text)
        tail = text
    content = "".join(parts)
    shift = len(content) - len(content.lstrip())
    return content[shift:], [max(0, start - shift) for start in starts]


def _runs_on(tail: str, text: str) -> bool:
    """Whether a paragraph goes on over the page's end: no full stop before, a small letter after."""
    last_line = tail[tail.rfind("\n") + 1 :]
    return tail[-1] not in _ENDS and not last_line.startswith(("#", "|")) and text[0].islower()
