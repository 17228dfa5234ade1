"""What two texts do not share, word by word, and how such words look."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

from PySide6.QtGui import QColor, QTextCharFormat, QTextCursor
from PySide6.QtWidgets import QPlainTextEdit, QTextEdit

from gui import theme

Spans = list[tuple[int, int]]
_MOST_WORDS = 4000  # on either side: comparing takes the product of both


def differences(before: str, after: str) -> tuple[Spans, Spans]:
    """``(start, end)`` of the words that are only in the first text, and of those that are only in the second."""
    words, others = _words(before), _words(after)
    first = 0
    while first < min(len(words), len(others)) and words[first][0] == others[first][0]:
        first += 1
    last = 0
    while last < min(len(words), len(others)) - first and words[-1 - last][0] == others[-1 - last][0]:
        last += 1
    words, others = words[first : len(words) - last], others[first : len(others) - last]
    if max(len(words), len(others)) > _MOST_WORDS:
        return _span(words), _span(others)
    matcher = difflib.SequenceMatcher(None, [word for word, _at in words], [word for word, _at in others], autojunk=False)
    removed: Spans = []
    added: Spans = []
    for kind, start, end, other_start, other_end in matcher.get_opcodes():
        if kind != "equal":
            removed += _span(words[start:end])
            added += _span(others[other_start:other_end])
    return removed, added


def marks(text: QPlainTextEdit | QTextEdit, spans: Iterable[tuple[int, int]], look: QTextCharFormat) -> list[QTextEdit.ExtraSelection]:
    """Spans of a text field's text as the marks it paints; apply them with ``setExtraSelections``."""
    content = text.toPlainText()
    made = []
    for start, end in spans:
        mark = QTextEdit.ExtraSelection()
        mark.format = look
        mark.cursor = QTextCursor(text.document())
        # Qt counts in UTF-16, where letters beyond the first plane take two places.
        begin = start if content.isascii() else utf16_length(content[:start])
        length = end - start if content.isascii() else utf16_length(content[start:end])
        mark.cursor.setPosition(begin)
        mark.cursor.setPosition(begin + length, QTextCursor.MoveMode.KeepAnchor)
        made.append(mark)
    return made


def removed_format() -> QTextCharFormat:
    """Words that are gone: struck through."""
    look = QTextCharFormat()
    look.setBackground(QColor(theme.mix(theme.colors().danger, theme.colors().base, 0.18)))
    look.setFontStrikeOut(True)
    return look


def added_format() -> QTextCharFormat:
    """Words that are new: underlined."""
    look = QTextCharFormat()
    look.setBackground(QColor(theme.mix(theme.colors().success, theme.colors().base, 0.2)))
    look.setFontUnderline(True)
    return look


def utf16_length(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _words(text: str) -> list[tuple[str, int]]:
    return [(word.group(), word.start()) for word in re.finditer(r"\w+|\s+|[^\w\s]", text)]


def _span(words: list[tuple[str, int]]) -> Spans:
    return [(words[0][1], words[-1][1] + len(words[-1][0]))] if words else []
