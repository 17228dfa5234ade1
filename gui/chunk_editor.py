"""One chunk: where it comes from, its text to be corrected, what it said at first."""

from __future__ import annotations

import re

from PySide6.QtCore import QEvent, QSignalBlocker, Qt, QTimer, Signal
from PySide6.QtGui import QColor, QFocusEvent, QKeyEvent, QKeySequence, QTextCharFormat, QTextCursor
from PySide6.QtWidgets import (
    QCheckBox,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QSizePolicy,
    QTextEdit,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from gui import theme
from gui.chunk_table import search_words
from gui.edits import EditChunk, FlagChunks
from gui.icon import icon
from gui.shell import Shell
from services.records import Chunk
from services.translation import _


class ChunkText(QPlainTextEdit):
    """A text field whose undo is the window's, so that one Ctrl+Z undoes typing and deletions alike."""

    left = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent, tabChangesFocus=True)
        self.setUndoRedoEnabled(False)
        self.setAcceptDrops(False)  # a dropped file belongs to the tab
        self.viewport().setAcceptDrops(False)

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.ShortcutOverride and _is_undo(event):
            self.left.emit()  # save first: what is undone is the last thing typed
            event.ignore()
            return False
        return super().event(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.left.emit()


def _is_undo(event: QKeyEvent) -> bool:
    return event.matches(QKeySequence.StandardKey.Undo) or event.matches(QKeySequence.StandardKey.Redo)


class ChunkEditor(QWidget):
    """Saves by itself after a pause. Signals: ``commanded(QUndoCommand)``, ``stepped(int)`` to the next row (1, -1)."""

    commanded = Signal(object)
    stepped = Signal(int)

    SAVE_DELAY_MS = 500

    def __init__(self, shell: Shell, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shell = shell
        self._chunk: Chunk | None = None
        self._search = ""
        self._timer = QTimer(self, singleShot=True, interval=self.SAVE_DELAY_MS)
        self._timer.timeout.connect(self.save)

        self.source = QLabel()
        theme.set_role(self.source, "strong")
        self.source.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.headings = QLabel(wordWrap=True)
        theme.set_role(self.headings, "caption")
        self.headings.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.text = ChunkText()
        self.text.setAccessibleName(_("Text of the chunk"))
        self.text.setPlaceholderText(_("This chunk is empty."))
        self.text.textChanged.connect(self._text_changed)
        self.text.left.connect(self.save)
        self.original = QTextEdit(readOnly=True)
        self.original.setAccessibleName(_("What the chunk said at first"))
        theme.set_role(self.original, "aside")
        self.original.hide()
        self.facts = QLabel()
        theme.set_role(self.facts, "muted")
        self.excluded = QCheckBox(_("Exclude from training"))
        self.excluded.setToolTip(_("The chunk stays here and can be found, but no model is trained on it."))
        self.excluded.clicked.connect(self._exclude)
        self.original_button = QPushButton(_("Original"), checkable=True)
        self.original_button.setToolTip(_("Shows what the chunk said at first, beneath its text."))
        self.original_button.toggled.connect(self._show_original)
        self.restore_button = QPushButton(icon("reset"), _("Restore"))
        self.restore_button.setToolTip(_("Gives the chunk its first text back. This can be undone."))
        self.restore_button.clicked.connect(self._restore)
        self.nothing = QLabel(_("Choose a chunk to read it."), alignment=Qt.AlignmentFlag.AlignCenter)
        theme.set_role(self.nothing, "muted")
        self._content = QWidget()
        self._lay_out()
        self.show_chunk(None)

    @property
    def chunk_id(self) -> int | None:
        return self._chunk.id if self._chunk else None

    def show_chunk(self, chunk_id: int | None) -> None:
        """Save the one shown and show another."""
        self.save()
        self._put(self._shell.knowledge_base.chunk(chunk_id) if chunk_id is not None else None)

    def refresh(self) -> None:
        """Somebody changed chunks: show what is in the knowledge base, unless the person is typing."""
        if self._chunk is not None and not self._timer.isActive():
            self._put(self._shell.knowledge_base.chunk(self._chunk.id))

    def mark_search(self, search: str) -> None:
        """Mark the words that are looked for."""
        self._search = search
        self._mark()

    def save(self) -> None:
        """Write what was typed, if anything was."""
        self._timer.stop()
        if self._chunk is not None and (text := self.text.toPlainText()) != self._chunk.content:
            self.commanded.emit(EditChunk(self._shell, self._chunk.id, self._chunk.content, text))

    def _put(self, chunk: Chunk | None) -> None:
        is_other = (chunk and chunk.id) != self.chunk_id
        self._chunk = chunk
        self._content.setVisible(chunk is not None)
        self.nothing.setVisible(chunk is None)
        if chunk is None:
            return
        if is_other or self.text.toPlainText() != chunk.content:
            place = self.text.textCursor().position()
            with QSignalBlocker(self.text):
                self.text.setPlainText(chunk.content)
            if not is_other:
                cursor = self.text.textCursor()
                cursor.setPosition(min(place, len(chunk.content)))
                self.text.setTextCursor(cursor)
            self._mark()
        page = chunk.metadata.get("page")
        self.source.setText(_("{source} · page {page}").format(source=chunk.source, page=page) if page else chunk.source)
        self.source.setToolTip(chunk.source)
        headings = chunk.metadata.get("headings") or []
        self.headings.setText(" › ".join(map(str, headings)))
        self.excluded.setChecked(chunk.is_excluded)
        self.excluded.setEnabled(not chunk.is_deleted)
        self.text.setReadOnly(chunk.is_deleted)
        self.original_button.setEnabled(chunk.is_edited)
        self.restore_button.setEnabled(chunk.is_edited and not chunk.is_deleted)
        if not chunk.is_edited or is_other:
            self.original_button.setChecked(False)
        self._say_facts()

    def _say_facts(self) -> None:
        chunk = self._chunk
        facts = [_("{n:,} tokens").format(n=chunk.token_count)]
        if chunk.is_deleted:
            facts.append(_("deleted"))
        if self.text.toPlainText() != chunk.content:
            facts.append(_("not saved yet"))
        elif chunk.is_edited:
            facts.append(_("edited, saved"))
        self.facts.setText(" · ".join(facts))

    def _text_changed(self) -> None:
        if self._chunk is not None:
            self._timer.start()
            self._say_facts()

    def _exclude(self, is_excluded: bool) -> None:
        if self._chunk is not None:
            self.save()
            self.commanded.emit(FlagChunks(self._shell, "excluded", [self._chunk.id], is_excluded))

    def _show_original(self, is_shown: bool) -> None:
        self.original.setVisible(is_shown)
        if is_shown and self._chunk is not None:
            self.original.setPlainText(self._shell.knowledge_base.original(self._chunk.id) or self._chunk.content)

    def _restore(self) -> None:
        if self._chunk is None:
            return
        self.save()
        original = self._shell.knowledge_base.original(self._chunk.id)
        if original is not None and original != self._chunk.content:
            self.commanded.emit(
                EditChunk(self._shell, self._chunk.id, self._chunk.content, original,
                          text=_("return to the original"), can_merge=False)
            )  # fmt: skip

    def _mark(self) -> None:
        words = search_words(self._search)
        marks: list[QTextEdit.ExtraSelection] = []
        if words:
            look = QTextCharFormat()
            look.setBackground(QColor(theme.colors().soft("warning")))
            look.setFontUnderline(True)
            for hit in list(re.finditer("|".join(map(re.escape, words)), self.text.toPlainText(), re.IGNORECASE))[:200]:
                mark = QTextEdit.ExtraSelection()
                mark.format = look
                mark.cursor = QTextCursor(self.text.document())
                mark.cursor.setPosition(hit.start())
                mark.cursor.setPosition(hit.end(), QTextCursor.MoveMode.KeepAnchor)
                marks.append(mark)
        self.text.setExtraSelections(marks)

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(2)
        head.addWidget(self.source, 1)
        for direction, name, text, keys in (
            (-1, "chevron-up", _("Previous chunk"), "Alt+Up"), (1, "chevron-down", _("Next chunk"), "Alt+Down"),
        ):  # fmt: skip
            button = QToolButton(icon=icon(name), shortcut=QKeySequence(keys))
            button.setToolTip(f"{text} ({QKeySequence(keys).toString(QKeySequence.SequenceFormat.NativeText)})")
            button.setAccessibleName(text)
            button.setProperty("direction", direction)
            button.clicked.connect(self._step)
            head.addWidget(button)
        foot = QHBoxLayout()
        foot.setSpacing(theme.GAP)
        foot.addWidget(self.original_button)
        foot.addWidget(self.restore_button)
        foot.addStretch(1)
        inner = QVBoxLayout(self._content)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.setSpacing(theme.GAP)
        inner.addLayout(head)
        inner.addWidget(self.headings)
        inner.addWidget(self.text, 3)
        inner.addWidget(self.original, 2)
        inner.addWidget(self.facts)
        inner.addWidget(self.excluded)
        inner.addLayout(foot)
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.GAP, 0, theme.PAD, 0)
        column.addWidget(self._content)
        column.addWidget(self.nothing)

    def _step(self) -> None:
        self.stepped.emit(self.sender().property("direction"))
