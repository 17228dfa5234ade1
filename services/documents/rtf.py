"""RTF: paragraphs, headings, lists, tables and notes, in every code page and in Unicode."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass, field, replace
from pathlib import Path

from services.documents import markdown
from services.documents.page import ReadDocument, Report, ignore, refuse_empty
from services.documents.removal import Removals
from services.documents.text import whole_document
from services.errors import UserError
from services.translation import _

_TOKEN = re.compile(
    r"\\(?P<word>[A-Za-z]{1,32})(?P<number>-?\d{1,9})? ?|\\'(?P<hex>[0-9A-Fa-f]{2})|\\(?P<sign>[^A-Za-z'])"
    r"|(?P<brace>[{}])|(?P<text>[^\\{}\r\n]+)|[\r\n]+|\\"
)
# What stands in these groups is not said in the text.
_SILENT = re.compile(
    "colortbl|info|pict|objdata|themedata|colorschememapping|latentstyles|datastore|generator|xmlnstbl|"
    "listtable|listoverridetable|rsidtbl|revtbl|filetbl|fldinst|bkmkstart|bkmkend|xe|tc|txe|rxe|sp|sn|sv|"
    "shprslt|nonshppict|annotation|atnid|atnauthor|atndate|atntime|atnparent|atnref|atrfstart|atrfend|falt|"
    "panose|fname|pnseclvl|template|wgrffmtfilter|private|nonesttables|ftnsep|ftnsepc|ftncn|aftnsep|aftnsepc|"
    "aftncn|mmathPr|userprops|docvar|blipuid|pgptbl"
)
_HEADS = re.compile("(?:header|footer)[lrf]?")
# Known although they are marked as ones that a reader may pass over.
_KNOWN = re.compile("shpinst|shptxt|listtext|pntext|ud|nesttableprops|footnote|moMath|mr|mt")
_SIGNS = {
    "tab": "\t", "line": "\n", "lquote": "‘", "rquote": "’", "ldblquote": "“", "rdblquote": "”", "bullet": "•",
    "endash": "–", "emdash": "—", "emspace": " ", "enspace": " ", "qmspace": " ", "nestcell": ", ", "nestrow": "; ",
}  # fmt: skip
_CODE_PAGES = {"mac": "mac_roman", "pc": "cp437", "pca": "cp850"}
_CHARSETS = {
    77: "mac_roman", 78: "shift_jis", 79: "euc_kr", 80: "gb2312", 81: "big5", 83: "mac_greek", 85: "mac_turkish",
    88: "mac_latin2", 89: "mac_cyrillic", 128: "cp932", 129: "cp949", 130: "johab", 134: "gbk", 136: "big5",
    161: "cp1253", 162: "cp1254", 163: "cp1258", 177: "cp1255", 178: "cp1256", 186: "cp1257", 204: "cp1251",
    222: "cp874", 238: "cp1250", 255: "cp850",
}  # fmt: skip
_HEADING_STYLE = re.compile(r"(?:heading|überschrift|titre|título|titolo) ?([1-9])", re.IGNORECASE)
_NUMBER = re.compile(r"\(?[\dA-Za-z]{1,5}[.)]")


@dataclass(slots=True)
class _State:
    """What holds in a group until it ends."""

    place: str = "text"  # or "silent", "fonts", "styles", "mark", "head", "note"
    skip: int = 1  # characters that stand in for a Unicode one, for old programs
    font: int = -1
    is_hidden: bool = False
    is_deleted: bool = False
    text: list[str] = field(default_factory=list)  # shared by the groups that write to the same place


@dataclass(slots=True)
class _Paragraph:
    style: int = -1
    outline: int = -1
    depth: int = 0
    is_in_table: bool = False
    mark: str = ""


def read_rtf(path: Path, report: Report = ignore) -> ReadDocument:
    """
    Raises:
        UserError: the file is empty, is no RTF, or has no text.
    """
    data = path.read_bytes()
    if not data:
        raise refuse_empty(path)
    if not data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{\\rtf"):
        raise UserError(
            _("{name} is not a rich text file (RTF). Add it under its right name, or save it again as RTF.").format(
                name=path.name
            )
        )
    removals = Removals()
    text = _Reader(removals).read(data.decode("latin-1"), report)
    return whole_document(path, text, "rtf", removed=removals.found())


class _Reader:
    """Goes through the file once."""

    def __init__(self, removals: Removals) -> None:
        self._removals = removals
        self._code_page = "cp1252"
        self._fonts: dict[int, str] = {}
        self._levels: dict[int, int] = {}  # style -> heading level
        self._default_font = -1
        self._state = _State()
        self._stack: list[_State] = []
        self._paragraph = _Paragraph()
        self._blocks: list[tuple[str, bool]] = []  # with whether it is a list item
        self._cells: list[str] = []
        self._rows: list[list[str]] = []
        self._notes: list[str] = []
        self._note_count = 0
        self._numbers: dict[int, int] = {}
        self._bytes = b""  # not yet decoded: a letter may take two
        self._to_skip = 0
        self._is_group_start = self._is_optional = False

    def read(self, source: str, report: Report) -> str:
        position = 0
        steps = 0
        while match := _TOKEN.match(source, position):
            position = match.end()
            if match["text"] is not None:
                self._plain(match["text"])
            elif match["hex"] is not None:
                self._byte(int(match["hex"], 16))
            elif match["brace"] == "{":
                self._open()
            elif match["brace"] == "}":
                if not self._stack:
                    break
                self._close()
                if not self._stack:  # what follows the document's group is debris
                    break
            elif match["word"] is not None:
                number = int(match["number"]) if match["number"] else None
                if match["word"] == "bin":
                    position += max(number or 0, 0)
                else:
                    self._word(match["word"], number)
            elif match["sign"] is not None:
                self._sign(match["sign"])
            steps += 1
            if steps % 100_000 == 0:
                report(position / len(source))
        self._end_paragraph()
        self._end_table()
        return self._joined()

    # --- tokens

    def _open(self) -> None:
        self._decode()
        self._to_skip = 0
        self._stack.append(self._state)
        self._state = replace(self._state)
        self._is_group_start, self._is_optional = True, False

    def _close(self) -> None:
        self._decode()
        self._to_skip = 0
        inner, outer = self._state, self._stack.pop()
        self._state = outer
        if inner.text is outer.text:
            return
        text = "".join(inner.text)
        if inner.place == "mark":
            self._paragraph.mark = text.strip() or "•"
        elif inner.place == "head":
            self._removals.add("head", text)
        elif inner.place == "note":
            self._notes.append(f"[{self._note_count}] {' '.join(text.split())}")

    def _sign(self, sign: str) -> None:
        if sign == "*":
            self._is_optional = True
        elif sign in "\n\r":
            self._word("par", None)
        elif sign in "{}\\":
            self._plain(sign)
        elif sign in "~_-":
            self._say({"~": " ", "_": "-", "-": ""}[sign])

    def _plain(self, text: str) -> None:
        self._is_group_start = False
        if self._to_skip:
            skipped = min(self._to_skip, len(text))
            self._to_skip -= skipped
            text = text[skipped:]
        if self._bytes and text:  # the second half of a letter may be plain
            self._bytes += text[0].encode("latin-1")
            text = text[1:]
            self._decode()
        if text.isascii():
            self._say(text)
        elif text:
            self._bytes += text.encode("latin-1")
            self._decode()

    def _byte(self, value: int) -> None:
        self._is_group_start = False
        if self._to_skip:
            self._to_skip -= 1
            return
        self._bytes += bytes([value])
        decoder = codecs.getincrementaldecoder(self._encoding())("replace")
        text = decoder.decode(self._bytes)
        if not decoder.getstate()[0]:
            self._bytes = b""
            self._say(text)

    def _decode(self) -> None:
        if self._bytes:
            data, self._bytes = self._bytes, b""
            self._say(data.decode(self._encoding(), "replace"))

    def _encoding(self) -> str:
        return self._fonts.get(self._state.font, self._code_page)

    def _word(self, word: str, number: int | None) -> None:
        if word == "u":
            self._decode()
            self._is_group_start = False
            self._say(chr((number or 0) % 0x10000))
            self._to_skip = self._state.skip
            return
        self._decode()
        if self._is_group_start:
            self._is_group_start = False
            if self._enters(word):
                return
        if self._state.place == "silent":
            return
        if self._state.place in ("fonts", "styles"):
            self._declare(word, number)
        elif word in _SIGNS:
            self._say(_SIGNS[word])
        elif word in ("par", "sect", "page", "cell", "row"):
            self._break(word)
        else:
            self._format(word, number)

    def _enters(self, word: str) -> bool:
        """Whether a group's first word says where its text belongs."""
        is_optional, self._is_optional = self._is_optional, False
        state = self._state
        if _SILENT.fullmatch(word) or state.place == "silent":
            state.place = "silent"
        elif word in ("fonttbl", "stylesheet"):
            state.place = "fonts" if word == "fonttbl" else "styles"
        elif word in ("listtext", "pntext"):
            state.place, state.text = "mark", []
        elif _HEADS.fullmatch(word):
            state.place, state.text = "head", []
        elif word == "footnote":
            self._note_count += 1
            self._stack[-1].text.append(f"[{self._note_count}]")
            state.place, state.text = "note", []
        elif word == "upr":  # for old programs first; the Unicode version in it follows in a group
            state.place = "silent"
        elif word == "ud":
            state.place = "text"
        elif is_optional and not _KNOWN.fullmatch(word) and state.place not in ("fonts", "styles"):
            state.place = "silent"
        else:
            return False
        return True

    def _declare(self, word: str, number: int | None) -> None:
        """A font's character set; a style's heading level."""
        state = self._state
        if state.place == "fonts":
            if word == "f":
                state.font = number or 0
            elif word == "fcharset" and number in _CHARSETS:
                self._fonts[state.font] = _CHARSETS[number]
            elif word == "cpg" and _is_code_page(number):
                self._fonts[state.font] = f"cp{number}"
        elif word == "s":
            self._paragraph.style = number or 0
        elif word == "outlinelevel" and number is not None and number < 9:
            self._levels[self._paragraph.style] = number + 1

    def _format(self, word: str, number: int | None) -> None:
        state, paragraph = self._state, self._paragraph
        if word == "ansicpg" and _is_code_page(number):
            self._code_page = f"cp{number}"
        elif word in _CODE_PAGES:
            self._code_page = _CODE_PAGES[word]
        elif word == "deff":
            self._default_font = state.font = number or 0
        elif word == "uc":
            state.skip = max(number or 0, 0)
        elif word == "f":
            state.font = number or 0
        elif word == "plain":
            state.font, state.is_hidden, state.is_deleted = self._default_font, False, False
        elif word == "v":
            state.is_hidden = number != 0
        elif word == "deleted":
            state.is_deleted = number != 0
        elif word == "pard":
            self._paragraph = _Paragraph(mark=paragraph.mark)
        elif word == "s":
            paragraph.style = number or 0
        elif word == "outlinelevel":
            paragraph.outline = number if number is not None else -1
        elif word == "ilvl":
            paragraph.depth = min(max(number or 0, 0), 9)
        elif word == "intbl":
            paragraph.is_in_table = True

    # --- text

    def _say(self, text: str) -> None:
        state = self._state
        if state.place == "silent" or state.place == "fonts" or not text:
            return
        if state.place == "styles":
            if match := _HEADING_STYLE.match(text.strip()):
                self._levels.setdefault(self._paragraph.style, int(match[1]))
        elif state.is_deleted or state.is_hidden:
            self._removals.add("deleted" if state.is_deleted else "hidden", text)
        else:
            state.text.append(text)

    def _break(self, word: str) -> None:
        if self._state.place != "text":
            self._state.text.append(" ")
        elif word == "cell":
            self._cells.append(self._taken())
        elif word == "row":
            self._rows.append(self._cells)
            self._cells = []
        elif self._paragraph.is_in_table:
            self._state.text.append("\n")
        else:
            self._end_paragraph()

    def _taken(self) -> str:
        root = self._stack[1].text if len(self._stack) > 1 else self._state.text
        text = "".join(root)
        root.clear()
        self._paragraph.mark = ""
        return _letters(text).strip()

    def _end_paragraph(self) -> None:
        mark = self._paragraph.mark
        if not (text := self._taken()):
            return
        self._end_table()
        level = self._paragraph.outline + 1 if 0 <= self._paragraph.outline < 9 else self._levels.get(
            self._paragraph.style, 0
        )  # fmt: skip
        if level:
            self._blocks.append((markdown.heading(level, text), False))
        elif mark:
            depth = self._paragraph.depth
            sign = mark if _NUMBER.fullmatch(mark) else "-"
            self._blocks.append((f"{'  ' * depth}{sign} {' '.join(text.split())}", True))
        else:
            self._blocks.append((text, False))
        self._end_notes()

    def _end_table(self) -> None:
        if self._cells:
            self._rows.append(self._cells)
            self._cells = []
        if self._rows:
            if all(len(row) < 2 for row in self._rows):  # a frame around text
                self._blocks += ((cell, False) for row in self._rows for cell in row if cell)
            elif table := markdown.table(self._rows):
                self._blocks.append((table, False))
            self._rows = []
            self._end_notes()

    def _end_notes(self) -> None:
        self._blocks += ((_letters(note), False) for note in self._notes)
        self._notes = []

    def _joined(self) -> str:
        parts: list[str] = []
        was_item = False
        for block, is_item in self._blocks:
            if parts:
                parts.append("\n" if was_item and is_item else "\n\n")
            parts.append(block)
            was_item = is_item
        return "".join(parts)


def _is_code_page(number: int | None) -> bool:
    try:
        return number is not None and bool(codecs.lookup(f"cp{number}"))
    except LookupError:
        return False


def _letters(text: str) -> str:
    """Pairs of surrogates, as RTF writes what lies beyond 16 bits, as the letters that they are."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
