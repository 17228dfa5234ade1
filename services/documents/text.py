"""Plain text in any encoding, and Markdown."""

from __future__ import annotations

import codecs
import re
from pathlib import Path

from services.documents import markdown
from services.documents.page import Page, ReadDocument, Report, has_words, ignore, refuse_empty, refuse_without_text
from services.documents.paragraph import unwrap
from services.documents.removal import Removals
from services.errors import UserError
from services.records import Removal
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
_WESTERN = ("cp1252", "mac_roman", "cp850")  # Windows and Unix, old Macs, DOS
_ALIEN = {"š", "ž"}  # in a western text only beside other letters
_NOT_IN_WORD = re.compile(
    r"[^\W\d_][^\x00-\x7f\w’·\xad–—][^\W\d_]|[^\W\d_][³¹²¼½¾][^\W\d_]|[^\W\d_][‚„ˆ]|[a-zß-öø-ÿ][À-ÖØ-ÞŒŸŠŽ]"
)
_STATEFUL = re.compile("iso-?2022|utf-?7|hz", re.IGNORECASE)  # written in ASCII bytes that stand for other letters
_LATIN1 = re.compile("(?:iso-?8859-?1|latin-?1|us-ascii|ascii)$", re.IGNORECASE)  # what is so called is Windows-1252
_CONTROL = bytes([*range(9), *range(14, 27), *range(28, 32), 127])
_LARGEST_CONTROL_SHARE = 0.01  # a log may hold a stray one; a picture is full of them
_UNDERLINED = re.compile(r"^(?![ \t]*(?:[-#>|+*]|\d+[.)]))[ ]{0,3}(\S.*)\n[ ]{0,3}(=+|-{2,})[ \t]*$", re.MULTILINE)
_TITLE = re.compile(r"(?:\A|(?<=\n\n))([^\s\-*+|#>].{0,118}\S|\S)[ \t]*\n(={3,}|-{3,}|~{3,})[ \t]*(?=\n|\Z)")
_FRONT_MATTER = re.compile(r"\A---[ \t]*\n(.*?)^(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL | re.MULTILINE)
_FRONT_TITLE = re.compile(r"""^title:[ \t]*(["']?)(\S.*?)\1[ \t]*$""", re.MULTILINE)
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_PICTURE_DATA = re.compile(r"(!\[[^\]\n]*\])\(\s*<?data:[^)\s]*[^)]*\)")


def read_text(path: Path, report: Report = ignore) -> ReadDocument:
    """Read a plain text file, whatever its encoding. Paragraphs whose lines a program broke are joined.

    Raises:
        UserError: the file is empty or holds no text.
    """
    text = _TITLE.sub(_heading, unwrap(_decoded(path)))
    report(1.0)
    return whole_document(path, text, "text")


def read_markdown(path: Path, report: Report = ignore) -> ReadDocument:
    """Read Markdown as it is, without its comments; underlined headings become ``#`` headings.

    Of the front matter only the title is kept, as a heading where the text has none of its own.

    Raises:
        UserError: the file is empty or holds no text.
    """
    text = _decoded(path)
    report(0.5)
    removals = Removals()
    title = ""
    if (front := _FRONT_MATTER.match(text)) and ":" in front[1]:
        text = text[front.end() :]
        named = _FRONT_TITLE.search(front[1])
        title = named[2] if named else ""
        removals.add("hidden", front[1])
    text = _without_comments(_PICTURE_DATA.sub(r"\1", text), removals)
    text = _UNDERLINED.sub(lambda match: f"{'#' if match[2][0] == '=' else '##'} {match[1]}", text)
    text = unwrap(text)
    if any(level == 1 for _start, level, _title in markdown.headings(text)):
        title = ""
    report(1.0)
    return whole_document(path, text, "markdown", title=title, removed=removals.found())


def title_of(path: Path) -> str:
    """A heading for a file that has none: its name in words."""
    return " ".join(path.stem.replace("_", " ").split())


def whole_document(
    path: Path,
    text: str,
    format_name: str,
    *,
    title: str = "",
    warnings: tuple[str, ...] = (),
    removed: tuple[Removal, ...] = (),
) -> ReadDocument:
    """The text of a format without pages.

    Args:
        title: put before the text as its heading, if it is not empty.

    Raises:
        UserError: the text has no words.
    """
    if not has_words(text):
        raise refuse_without_text(path)
    if title:
        text = f"{markdown.heading(1, title)}\n\n{text}"
    return ReadDocument((Page(None, text),), format_name, warnings, removed)


def _heading(match: re.Match[str]) -> str:
    """A line of text that is underlined over its whole length is a heading; else it heads a table."""
    title, line = match[1], match[2]
    if abs(len(title) - len(line)) > 2 or "  " in title or "\t" in title:
        return match[0]
    return markdown.heading({"=": 1, "-": 2, "~": 3}[line[0]], title)


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
    if declared and _LATIN1.match(declared):
        declared = "cp1252"
    order = (declared, "utf-8") if declared and _STATEFUL.match(declared) else ("utf-8", declared)
    if not _is_binary(data):
        for encoding in order:
            try:
                if encoding:
                    return _with_line_ends(data.decode(encoding))
            except (UnicodeError, LookupError):
                continue
        if (text := _mixed_utf8(data)) is not None:
            return _with_line_ends(text)
        if encoding := _guess(data):
            return _with_line_ends(data.decode(encoding, errors="replace"))
    raise UserError(
        _("{name} is not a text file, whatever its name says. Save it as text (UTF-8), and add that.").format(
            name=path.name
        )
    )


def _decoded(path: Path) -> str:
    data = path.read_bytes()
    if not data:
        raise refuse_empty(path)
    return decode(data, path)


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


def _is_binary(data: bytes) -> bool:
    sample = data[:_SAMPLE_BYTES]
    return len(sample) - len(sample.translate(None, _CONTROL)) > _LARGEST_CONTROL_SHARE * len(sample)


def _mixed_utf8(data: bytes) -> str | None:
    """UTF-8 into which text of another encoding was pasted: the odd bytes are read as Windows-1252."""
    sample = data[:_SAMPLE_BYTES].decode("utf-8", "surrogateescape")
    odd = sum("\udc80" <= character <= "\udcff" for character in sample)
    if 2 * odd > sum(character > "\x7f" for character in sample):
        return None
    return data.decode("utf-8", _ODD_BYTES)


def _read_odd_bytes(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeDecodeError)
    return error.object[error.start : error.end].decode("cp1252", "replace"), error.end


_ODD_BYTES = "wissenswerk.windows-1252"
codecs.register_error(_ODD_BYTES, _read_odd_bytes)


def _guess(data: bytes) -> str | None:
    from charset_normalizer import from_bytes

    sample = data[:_SAMPLE_BYTES]
    for encoding in _WESTERN:
        if _is_western(sample, encoding):
            return encoding
    best = from_bytes(sample).best()
    return best.encoding if best else None


def _is_western(sample: bytes, encoding: str) -> bool:
    """Whether the bytes read in this encoding are written in one western language's letters.

    Windows-1252 is the commonest encoding after UTF-8, and a statistical guess often takes a few accents for another
    one's.
    """
    try:
        text = sample.decode(encoding)
    except UnicodeDecodeError:
        return False
    foreign = {letter.lower() for letter in text if letter > "\x7f" and letter.isalpha()}
    share = sum(letter > "\x7f" and letter.isalpha() for letter in text) / max(
        sum(letter.isalpha() for letter in text), 1
    )
    is_one_language = any(foreign <= set(letters) for letters in _WESTERN_LETTERS) and not (
        foreign and foreign <= _ALIEN
    )
    return is_one_language and share < 0.4 and not _NOT_IN_WORD.search(text)


def _without_comments(text: str, removals: Removals) -> str:
    """Comments of HTML, which nobody sees, are left out; in code blocks they are what is shown."""
    blocks = list(markdown.fences(text))

    def leave_out(match: re.Match[str]) -> str:
        if markdown.is_inside(match.start(), blocks):
            return match[0]
        removals.add("hidden", match[0][4:-3])
        return ""

    return _COMMENT.sub(leave_out, text)
