"""Plain text in any encoding, and Markdown."""

from __future__ import annotations

import codecs
import re
from pathlib import Path

from services.documents.page import (
    Page,
    ReadDocument,
    Report,
    has_words,
    ignore,
    refuse_empty,
    refuse_without_text,
)
from services.errors import UserError
from services.translation import _

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SAMPLE_BYTES = 200_000  # enough to tell an encoding by
# Of German, French, Spanish, Portuguese, Italian, Swedish and Finnish, Danish and Norwegian, Dutch, Catalan, Icelandic.
_WESTERN_LETTERS = (
    "äöüßéàè", "àâæçéèêëîïôœùûüÿ", "áéíñóúüªº", "áâãàçéêíóôõúüªº", "àèéìíîòóù", "åäöéšž", "æøåéô", "éëïóöüèêáíú",
    "àçéèíïóòúü", "áðéíóúýþæö",
)  # fmt: skip
_SIGN_IN_WORD = re.compile(r"[^\W\d_][^\x00-\x7f\w’·\xad–—][^\W\d_]|[^\W\d_][³¹²¼½¾][^\W\d_]")
_UNDERLINED = re.compile(r"^(?![ \t]*(?:[-#>|+*]|\d+[.)]))[ ]{0,3}(\S.*)\n[ ]{0,3}(=+|-{2,})[ \t]*$", re.MULTILINE)


def read_text(path: Path, report: Report = ignore) -> ReadDocument:
    """Read a plain text file, whatever its encoding.

    Raises:
        UserError: the file is empty or holds no text.
    """
    return _read(path, "text", report)


def read_markdown(path: Path, report: Report = ignore) -> ReadDocument:
    """Read Markdown as it is; underlined headings become ``#`` headings.

    Raises:
        UserError: the file is empty or holds no text.
    """
    document = _read(path, "markdown", report)
    text = _UNDERLINED.sub(lambda match: f"{'#' if match[2][0] == '=' else '##'} {match[1]}", document.pages[0].text)
    return ReadDocument((Page(None, text),), "markdown")


def decode(data: bytes, path: Path, declared: str | None = None) -> str:
    """Bytes to text: by their mark, as UTF-8, as declared, and else by their looks.

    Args:
        path: for the error's text.
        declared: the encoding that the file itself names, if it does.

    Raises:
        UserError: the bytes are not text in any encoding.
    """
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return _with_line_ends(data.decode(encoding, errors="replace"))
    if encoding := _unmarked_utf16(data):
        return _with_line_ends(data.decode(encoding, errors="replace"))
    if b"\0" not in data[:_SAMPLE_BYTES]:
        for encoding in ("utf-8", declared):
            try:
                if encoding:
                    return _with_line_ends(data.decode(encoding))
            except (UnicodeDecodeError, LookupError):
                continue
        if encoding := _guess(data):
            return _with_line_ends(data.decode(encoding, errors="replace"))
    raise UserError(
        _("{name} is not a text file, whatever its name says. Save it as text (UTF-8), and add that.").format(
            name=path.name
        )
    )


def _read(path: Path, format_name: str, report: Report) -> ReadDocument:
    data = path.read_bytes()
    if not data:
        raise refuse_empty(path)
    report(0.5)
    text = decode(data, path)
    if not has_words(text):
        raise refuse_without_text(path)
    report(1.0)
    return ReadDocument((Page(None, text),), format_name)


def _with_line_ends(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _unmarked_utf16(data: bytes) -> str | None:
    """UTF-16 without its mark: in most scripts' text every second byte of spaces and line ends is 0."""
    sample = data[: _SAMPLE_BYTES // 2 * 2]
    if len(sample) < 4 or b"\0" not in sample:
        return None
    for encoding, space in (("utf-16-le", b" \0"), ("utf-16-be", b"\0 ")):
        if sample.count(b"\0") < len(sample) // 3 and sample.count(space) < len(sample) // 40:
            continue
        try:
            text = sample.decode(encoding)
        except UnicodeDecodeError:
            continue
        if sum(character.isprintable() or character.isspace() for character in text) > 0.97 * len(text):
            return encoding
    return None


def _guess(data: bytes) -> str | None:
    from charset_normalizer import from_bytes

    sample = data[:_SAMPLE_BYTES]
    if _is_western(sample):
        return "cp1252"
    best = from_bytes(sample).best()
    return best.encoding if best else None


def _is_western(sample: bytes) -> bool:
    """Whether the bytes read as Windows-1252 are written in one language's letters.

    It is the commonest encoding after UTF-8, and a statistical guess often takes a few accents for another one's.
    """
    try:
        text = sample.decode("cp1252")
    except UnicodeDecodeError:
        return False
    foreign = {letter.lower() for letter in text if letter > "\x7f" and letter.isalpha()}
    share = sum(letter > "\x7f" and letter.isalpha() for letter in text) / max(
        sum(letter.isalpha() for letter in text), 1
    )
    is_one_language = any(foreign <= set(letters) for letters in _WESTERN_LETTERS)
    return is_one_language and share < 0.4 and not _SIGN_IN_WORD.search(text)
