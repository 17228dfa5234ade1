"""One chunk: where it comes from, why it is left out, its text to be corrected, what it said at first."""

from __future__ import annotations

from itertools import pairwise

from PySide6.QtCore import QSignalBlocker, Qt, QTimer, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QHBoxLayout,
    QLabel,
    QMenu,
    QPushButton,
    QSplitter,
    QTextEdit,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from gui import theme
from gui.action_button import ActionButton
from gui.chunk_action import IN_TABLE_ONLY, ChunkActions
from gui.chunk_note import ChunkNote
from gui.chunk_text import ChunkText
from gui.difference import differences, marks, removed_format
from gui.edits import EditChunk, FlagChunks
from gui.elided_label import ElidedLabel
from gui.flow_layout import FlowBox
from gui.shell import Shell
from gui.source_view import SourceView
from services.records import Chunk
from services.translation import _


class ChunkEditor(QWidget):
    """Saves by itself after a pause. Signals: ``commanded(QUndoCommand)``, ``shown(Chunk | None)`` is on the screen."""

    commanded = Signal(object)
    shown = Signal(object)

    SAVE_DELAY_MS = 500

    def __init__(self, shell: Shell, actions: ChunkActions, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shell, self._actions = shell, actions
        self._chunk: Chunk | None = None
        self._timer = QTimer(self, singleShot=True, interval=self.SAVE_DELAY_MS)
        self._timer.timeout.connect(self.save)

        self.source = ElidedLabel()
        theme.set_role(self.source, "strong")
        self.headings = ElidedLabel()
        theme.set_role(self.headings, "caption")
        self.note = ChunkNote()
        self.text = ChunkText()
        self.text.setAccessibleName(_("Text of the chunk"))
        self.text.setPlaceholderText(_("This chunk is empty."))
        self.text.textChanged.connect(self._text_changed)
        self.text.left.connect(self.save)
        self.text.more_actions = actions.listed(without=IN_TABLE_ONLY)
        self.original = QTextEdit(readOnly=True, tabChangesFocus=True, acceptRichText=False)
        self.original.setAccessibleName(_("What the chunk said at first"))
        theme.set_role(self.original, "aside")
        self.facts = QLabel()
        theme.set_role(self.facts, "muted")
        self.excluded = QCheckBox(_("Exclude from training"))
        self.excluded.setToolTip(actions["exclude"].toolTip())
        self.excluded.clicked.connect(self._exclude)
        self.original_button = ActionButton(actions["difference"], has_icon=False, text=_("Original"))
        self.restore_button = QPushButton(actions["restore"].icon(), _("Restore"))
        self.restore_button.setToolTip(actions["restore"].toolTip())
        self.restore_button.clicked.connect(self._restore)
        self.split_button = ActionButton(actions["split"], has_icon=False, text=_("Split"))
        self.merge_button = QPushButton(_("Merge"))
        self.merge_button.setToolTip(_("Makes one chunk of this one and a neighbour."))
        menu = QMenu(self.merge_button)
        menu.addActions([actions["merge_previous"], actions["merge_next"]])
        self.merge_button.setMenu(menu)
        self.source_button = ActionButton(actions["source"], has_icon=False, text=_("Source"))
        self.delete_button = QPushButton(actions["delete"].icon(), _("Delete"))
        self.delete_button.setToolTip(actions["delete"].toolTip())
        self.delete_button.clicked.connect(self._delete)
        self.view = SourceView(shell)
        self.view.hide()
        self.view.closed.connect(actions["source"].toggle)
        self.nothing = QLabel(_("Choose a chunk to read it."), alignment=Qt.AlignmentFlag.AlignCenter)
        theme.set_role(self.nothing, "muted")
        self._content, self._first = QWidget(), QWidget()
        self.panes = QSplitter(Qt.Orientation.Vertical, childrenCollapsible=False, handleWidth=theme.GAP)
        self._lay_out()
        actions["difference"].toggled.connect(self._show_original)
        self.show_chunk(None)

    @property
    def chunk(self) -> Chunk | None:
        return self._chunk

    @property
    def chunk_id(self) -> int | None:
        return self._chunk.id if self._chunk else None

    def show_chunk(self, chunk_id: int | None) -> None:
        """Save the one shown and show another."""
        self.save()
        self._put(self._read(chunk_id) if chunk_id is not None else None)

    def refresh(self) -> None:
        """Somebody changed chunks: show what is in the knowledge base, unless the person is typing."""
        if self._chunk is not None and not self._timer.isActive():
            self._put(self._read(self._chunk.id))

    def show_source(self, is_shown: bool) -> None:
        """Open or close the page beside the chunk, beneath it where the pane is narrow."""
        self.view.setVisible(is_shown)
        self._turn()
        self._share()

    def save(self) -> None:
        """Write what was typed, if anything was."""
        self._timer.stop()
        if self._chunk is not None and (text := self.text.toPlainText()) != self._chunk.content:
            self.commanded.emit(EditChunk(self._shell, self._chunk.id, self._chunk.content, text))

    def _read(self, chunk_id: int) -> Chunk | None:
        """The chunk, with the changes that are on their way."""
        chunk = self._shell.knowledge_base.chunk(chunk_id)
        return self._shell.writes.expected("chunk", [chunk])[0] if chunk is not None else None

    def _put(self, chunk: Chunk | None) -> None:
        is_other = (chunk and chunk.id) != self.chunk_id
        self._chunk = chunk
        self._content.setVisible(chunk is not None)
        self.nothing.setVisible(chunk is None)
        self.view.show_chunk(chunk)
        if chunk is not None:
            self._put_text(chunk, is_other)
            page = chunk.metadata.get("page")
            name = _("{source} · page {page}").format(source=chunk.source, page=page) if page else chunk.source
            self.source.setText(name)
            self.headings.setText(" › ".join(map(str, chunk.metadata.get("headings") or [])))
            self._put_note(chunk)
            self.excluded.setChecked(chunk.is_excluded)
            self.excluded.setEnabled(not chunk.is_deleted)
            self.delete_button.setText(_("Put back") if chunk.is_deleted else _("Delete"))
            self.text.setReadOnly(chunk.is_deleted)
            self.restore_button.setEnabled(chunk.is_edited and not chunk.is_deleted)
            if not chunk.is_edited or is_other:
                self._actions["difference"].setChecked(False)
            elif self._actions["difference"].isChecked():
                self._show_original(True)
            self._say_facts()
        self.shown.emit(chunk)

    def _put_text(self, chunk: Chunk, is_other: bool) -> None:
        if not is_other and self.text.toPlainText() == chunk.content:
            return
        place, bar = self.text.textCursor().position(), self.text.verticalScrollBar().value()
        with QSignalBlocker(self.text):
            self.text.setPlainText(chunk.content)
        if not is_other:
            cursor = self.text.textCursor()
            cursor.setPosition(min(place, self.text.document().characterCount() - 1))
            self.text.setTextCursor(cursor)
            self.text.verticalScrollBar().setValue(bar)
        self.text.mark()

    def _put_note(self, chunk: Chunk) -> None:
        store = self._shell.knowledge_base
        original = store.chunk(chunk.duplicate_of) if chunk.duplicate_of is not None else None
        repeats = 0 if original is not None else max(0, len(store.repeats_of(chunk.id)) - 1)
        self.note.show_chunk(chunk, original, repeats)

    def _say_facts(self) -> None:
        chunk = self._chunk
        facts = [_("chunk {n:,}").format(n=chunk.chunk_index + 1), _("{n:,} tokens").format(n=chunk.token_count)]
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
            self.text.mark()

    def _exclude(self, is_excluded: bool) -> None:
        if self._chunk is not None:
            self.save()
            self.commanded.emit(FlagChunks(self._shell, "excluded", [self._chunk.id], is_excluded))

    def _delete(self) -> None:
        if self._chunk is not None:
            self.save()
            self.commanded.emit(FlagChunks(self._shell, "deleted", [self._chunk.id], not self._chunk.is_deleted))

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

    def _show_original(self, is_shown: bool) -> None:
        """What it said at first beneath, the words that are gone struck through, the new ones underlined."""
        self._first.setVisible(is_shown)
        if not is_shown or self._chunk is None:
            self.text.mark_difference(None)
            return
        original = self._shell.knowledge_base.original(self._chunk.id)
        original = self._chunk.content if original is None else original
        if self.original.toPlainText() != original:
            self.original.setPlainText(original)
        removed, _added = differences(original, self.text.toPlainText())
        self.original.setExtraSelections(marks(self.original, removed, removed_format()))
        self.text.mark_difference(original)

    def _turn(self) -> None:
        """Beside where both have room, beneath where not."""
        is_wide = self.width() > self.fontMetrics().averageCharWidth() * 110
        orientation = Qt.Orientation.Horizontal if is_wide else Qt.Orientation.Vertical
        if self.panes.orientation() != orientation:
            self.panes.setOrientation(orientation)
            self._share()

    def _share(self) -> None:
        """The page needs more room than the text."""
        whole = self.panes.width() if self.panes.orientation() == Qt.Orientation.Horizontal else self.panes.height()
        self.panes.setSizes([round(0.42 * whole), round(0.58 * whole)])

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._turn()

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(2)
        head.addWidget(self.source, 1)
        steps = [QToolButton(), QToolButton()]
        for name, button in zip(("previous", "next"), steps, strict=True):
            button.setDefaultAction(self._actions[name])
            button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonIconOnly)
            button.setAccessibleName(self._actions[name].text())
            head.addWidget(button)
        told = QHBoxLayout()
        caption = QLabel(_("At first it said"))
        theme.set_role(caption, "caption")
        told.addWidget(caption, 1)
        told.addWidget(self.restore_button)
        first = QVBoxLayout(self._first)
        first.setContentsMargins(0, 0, 0, 0)
        first.setSpacing(4)
        first.addLayout(told)
        first.addWidget(self.original, 1)
        self._first.hide()
        facts = QHBoxLayout()
        facts.addWidget(self.facts, 1)
        flags = FlowBox(self.excluded, self.delete_button)
        acts = FlowBox(self.split_button, self.merge_button, self.original_button, self.source_button, spacing=4)
        inner = QVBoxLayout(self._content)
        inner.setContentsMargins(0, 0, 0, 0)
        inner.setSpacing(theme.GAP)
        inner.addLayout(head)
        inner.addWidget(self.headings)
        inner.addWidget(self.note)
        inner.addWidget(self.text, 3)
        inner.addWidget(self._first, 2)
        inner.addLayout(facts)
        inner.addWidget(acts)
        inner.addWidget(flags)
        left = QWidget()
        stack = QVBoxLayout(left)
        stack.setContentsMargins(0, 0, 0, 0)
        stack.addWidget(self._content)
        stack.addWidget(self.nothing)
        self.panes.addWidget(left)
        self.panes.addWidget(self.view)
        for place in (0, 1):
            self.panes.setStretchFactor(place, 1)
        self.panes.setCollapsible(0, True)  # a page in a low window may have all the room
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.GAP, 0, theme.PAD, 0)
        column.addWidget(self.panes)
        order = (
            *steps, self.note.compare_button, self.note.include_button, self.note.replace_button, self.text,
            self.restore_button, self.original, self.split_button, self.merge_button, self.original_button,
            self.source_button, self.excluded, self.delete_button, self.view,
        )  # fmt: skip
        for one, other in pairwise(order):
            QWidget.setTabOrder(one, other)
        self._actions.add_to(self, without=IN_TABLE_ONLY)
