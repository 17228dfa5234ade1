"""The text of a chunk as a field: hits and differences marked, undone with the window's own undo."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QMimeData, Qt, Signal
from PySide6.QtGui import QAction, QContextMenuEvent, QFocusEvent, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QPlainTextEdit, QWidget

from gui.difference import added_format, differences, marks
from gui.hit_delegate import hit_format
from gui.search_hit import find_hits


class ChunkText(QPlainTextEdit):
    """A text field whose undo is the window's, so that one Ctrl+Z undoes typing and deletions alike.

    Signals:
        left: the person goes elsewhere, or is about to undo; what was typed is to be saved.
        escaped: Escape; the table is wanted.
    """

    left = Signal()
    escaped = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent, tabChangesFocus=True)
        self._search = ""
        self._original: str | None = None
        self.more_actions: Sequence[QAction] = ()  # at the end of the context menu
        self.setUndoRedoEnabled(False)

    def mark_search(self, search: str) -> None:
        """Mark the words that are looked for."""
        self._search = search
        self.mark()

    def mark_difference(self, original: str | None) -> None:
        """Mark what is not in the original; None marks nothing."""
        self._original = original
        self.mark()

    def mark(self) -> None:
        """Mark anew: the text has changed."""
        content = self.toPlainText()
        found = marks(self, find_hits(self._search, content), hit_format())
        if self._original is not None:
            found += marks(self, differences(self._original, content)[1], added_format())
        self.setExtraSelections(found)

    def place(self) -> int:
        """Where the cursor stands, in letters of the text."""
        # Qt counts in UTF-16, where letters beyond the first plane take two places.
        before = self.toPlainText().encode("utf-16-le", "surrogatepass")[: 2 * self.textCursor().position()]
        return len(before.decode("utf-16-le", "surrogatepass"))

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.ShortcutOverride and _is_undo(event):
            self.left.emit()  # save first: what is undone is the last thing typed
            event.ignore()
            return False
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.escaped.emit()
            return
        super().keyPressEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.left.emit()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        menu = self.createStandardContextMenu(event.pos())
        menu.addSeparator()
        menu.addActions(self.more_actions)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(event.globalPos())

    def canInsertFromMimeData(self, source: QMimeData) -> bool:
        return not source.hasUrls() and super().canInsertFromMimeData(source)  # files belong to the tab


def _is_undo(event: QKeyEvent) -> bool:
    return event.matches(QKeySequence.StandardKey.Undo) or event.matches(QKeySequence.StandardKey.Redo)
