"""One pair beside the passage it was made from: read, accept, edit, reject; or one chunk to ask about."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QResizeEvent, QTextCharFormat, QTextCursor
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QSizePolicy,
    QSplitter,
    QStackedWidget,
    QTextEdit,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from gui import theme
from gui.coverage_facts import FactList
from gui.elided_label import ElidedLabel
from gui.flow_layout import FlowBox
from gui.icon import icon
from gui.line_height import keep_lines
from gui.mark import Mark
from gui.page_stack import PageStack
from gui.pair_advice import PairAdvice
from gui.pair_words import PAIR_STATES, say_judge, say_state
from gui.turn_text import TURNS_LABEL, joined, parted
from services.knowledge_base.coverage_row import CoveredFact
from services.records import Chunk, Pair
from services.translation import _, ngettext

NOTHING, CHUNK, PAIR = range(3)  # what stands beside the passage


class Passage(QPlainTextEdit):
    """A chunk's text to read, with the evidence of an answer marked."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent, readOnly=True)
        self.setAccessibleName(_("Passage"))
        self.setPlaceholderText(_("Choose a chunk or a pair to read it here."))
        self.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard
        )
        self._text = ""
        self._marks: list[tuple[int, int, bool]] = []

    def show_text(self, text: str, evidence: tuple[int, int] | None) -> None:
        """evidence: start and end in ``text``, in characters."""
        self.show_marks(text, [(*evidence, True)] if evidence else [])

    def show_marks(self, text: str, marks: Sequence[tuple[int, int, bool]], *, can_scroll: bool = True) -> None:
        """Light places of the text: start and end in characters, and whether a question asks for what stands there.

        can_scroll: to the first of them, where it is not in sight.
        """
        if is_other := text != self._text:
            self._text = text
            self.setPlainText(text)
        # Qt counts UTF-16 units, Python characters.
        self._marks = [(*(len(text[:place].encode("utf-16-le")) // 2 for place in mark[:2]), mark[2]) for mark in marks]
        self._can_scroll = can_scroll
        self._mark()
        if not self._marks or not can_scroll:
            self.moveCursor(QTextCursor.MoveOperation.Start)
        else:
            self._bring_in_sight(is_other)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self._marks and self._can_scroll:
            self._bring_in_sight()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_marks"):
            self._mark()

    def _mark(self) -> None:
        self.setExtraSelections([self._selection(*mark) for mark in self._marks])

    def _bring_in_sight(self, is_other: bool = False) -> None:
        """Scroll to the first place; a passage that stays, and shows it already, stays where it is."""
        start, end = (QTextCursor(self.document()) for _edge in range(2))
        start.setPosition(self._marks[0][0])
        end.setPosition(self._marks[0][1])
        is_in_sight = self.cursorRect(start).top() >= 0 and self.cursorRect(end).bottom() <= self.viewport().height()
        bar = self.verticalScrollBar().value()
        self.setTextCursor(start)
        if is_other or not is_in_sight:
            self.centerCursor()
        else:
            self.verticalScrollBar().setValue(bar)

    def _selection(self, start: int, end: int, is_asked: bool) -> QTextEdit.ExtraSelection:
        mark = QTextEdit.ExtraSelection()
        mark.cursor = QTextCursor(self.document())
        mark.cursor.setPosition(start)
        mark.cursor.setPosition(end, QTextCursor.MoveMode.KeepAnchor)
        colors = theme.colors()
        mark.format.setBackground(QColor(colors.selection if is_asked else colors.soft("warning")))
        # Never by colour alone.
        mark.format.setUnderlineStyle(
            QTextCharFormat.UnderlineStyle.SingleUnderline if is_asked else QTextCharFormat.UnderlineStyle.DashUnderline
        )
        return mark


class PairReview(QWidget):
    """The passage and, beside or below it, what is said of it: ``source`` and ``beside`` in ``panes``.

    Signals:
        judged(state): "accepted" or "rejected".
        edited(tuple): what is said by turns now, question first and answer last.
        restore_wanted: the pair is to say again what it said when it was made.
        pairs_wanted: make pairs from the chunk that is shown.
        pairs_asked_for: show the pairs that the chunk has.
    """

    judged = Signal(str)
    edited = Signal(object)
    restore_wanted = Signal()
    pairs_wanted = Signal()
    pairs_asked_for = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.pair: Pair | None = None
        self.place, self.section = ElidedLabel(), ElidedLabel()
        theme.set_role(self.place, "strong")
        theme.set_role(self.section, "caption")
        self.passage = Passage()
        _share_height(self.passage, 3)
        self.facts, self.advice = FactList(self.passage), PairAdvice()
        self.source = QWidget()
        column = QVBoxLayout(self.source)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self.place)
        column.addWidget(self.section)
        column.addWidget(self.passage, 1)
        self.beside = PageStack(QWidget(), self._make_chunk_page(), self._make_pair_page())
        self.panes = QSplitter()
        self.panes.addWidget(self.source)
        self.panes.addWidget(self.beside)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(self.panes)
        self.show_nothing()

    @property
    def is_editing(self) -> bool:
        return not self.question.isReadOnly()

    def show_nothing(self) -> None:
        self.pair = None
        self.place.setText(_("Passage"))
        self.section.clear()
        self.passage.show_text("", None)
        self._turn_to(NOTHING)

    def show_chunk(self, chunk: Chunk, pair_count: int, facts: Sequence[CoveredFact] = ()) -> None:
        """A chunk to read, how many pairs there are about it, and what it states."""
        self.pair = None
        self._show_passage(chunk, None)
        self.facts.show_facts(chunk.content, facts)
        self.chunk_pairs.setText(
            ngettext("{count} pair is about this chunk", "{count} pairs are about this chunk", pair_count).format(count=pair_count)
            if pair_count
            else _("No pair is about this chunk yet")
        )
        self.show_pairs_button.setVisible(bool(pair_count))
        self._turn_to(CHUNK)

    def show_pair(self, pair: Pair, chunk: Chunk | None, partner: Chunk | None = None) -> None:
        """A pair; ``chunk`` is None where it was imported or its chunk is gone. What is being edited stays, or is kept.

        partner: the second chunk that it rests on.
        """
        if self.is_editing:
            if self.pair is not None and self.pair.id == pair.id:
                return
            self.save()
        self.pair = pair
        if chunk is None:
            self.place.setText(_("No passage"))
            self.section.setText(_("This pair was imported, or its chunk is gone."))
            self.passage.show_text("", None)
        else:
            # A changed chunk no longer says what was marked in it.
            self._show_passage(chunk, None if pair.is_stale else pair.evidence, partner)
        self._put(pair)
        _word, name, color = PAIR_STATES[pair.state]
        self.state_mark.show_icon(name, color)
        self.state_text.setText("\n".join(filter(None, [say_state(pair), say_judge(pair)])))
        self._turn_to(PAIR)

    def show_original(self, said: Sequence[str] | None) -> None:
        """What the pair said when it was made, by turns; None where it still says so."""
        self.restore_button.setVisible(said is not None)
        tip = _("Lets the pair say again what it said when it was made (O). This can be undone.")
        self.restore_button.setToolTip("\n\n".join([tip, *(said or ())]))

    def set_count(self, reviewed: int, total: int) -> None:
        self.count.setText(_("{reviewed:,} of {total:,} reviewed").format(reviewed=reviewed, total=total))

    def edit(self) -> None:
        """Let the pair be changed; Ctrl+Enter saves, Escape leaves it as it was."""
        if self.pair is None:
            return
        for text in (self.question, self.turns, self.answer):
            text.setReadOnly(False)
        self.buttons.setCurrentIndex(1)
        self.answer.setFocus()
        self.answer.moveCursor(QTextCursor.MoveOperation.End)

    def save(self) -> None:
        said = (self.question.toPlainText(), *parted(self.turns.toPlainText()), self.answer.toPlainText())
        before = (self.pair.instruction, *parted(joined(self.pair.turns)), self.pair.output) if self.pair is not None else said
        self._stop_editing()
        if said != before:
            self.edited.emit(said)

    def cancel(self) -> None:
        """Leave the pair as it was."""
        self._stop_editing()
        if self.pair is not None:
            self._put(self.pair)

    def _turn_to(self, page: int) -> None:
        """The passage has the room of what is not there."""
        self.beside.setCurrentIndex(page)
        self.beside.setVisible(page != NOTHING)

    def _put(self, pair: Pair) -> None:
        self.question.setPlainText(pair.instruction)
        self.answer.setPlainText(pair.output)
        self.turns.setPlainText(joined(pair.turns))
        for widget in (self.turns_label, self.turns):
            widget.setVisible(bool(pair.turns))

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if self.is_editing and isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            if event.key() == Qt.Key.Key_Escape:
                self.cancel()
                return True
            if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and event.modifiers() & Qt.KeyboardModifier.ControlModifier:
                self.save()
                return True
        return super().eventFilter(watched, event)

    def _show_passage(self, chunk: Chunk, evidence: tuple[int, int] | None, partner: Chunk | None = None) -> None:
        self.place.setText(_place_of(chunk))
        self.section.setText(" › ".join(chunk.metadata.get("headings") or ()))
        beside = f"\n\n— {_place_of(partner)} —\n\n{partner.content}" if partner else ""
        self.passage.show_text(chunk.content + beside, evidence)

    def _stop_editing(self) -> None:
        for text in (self.question, self.turns, self.answer):
            text.setReadOnly(True)
        self.buttons.setCurrentIndex(0)

    def _make_chunk_page(self) -> QWidget:
        page = QWidget()
        self.chunk_pairs = QLabel()
        theme.set_role(self.chunk_pairs, "muted")
        self.show_pairs_button = QPushButton(_("Show them"))
        theme.set_role(self.show_pairs_button, "link")
        self.show_pairs_button.clicked.connect(self.pairs_asked_for)
        self.make_button = QPushButton(icon("pairs"), _("Make pairs from this chunk"))
        self.make_button.clicked.connect(self.pairs_wanted)
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(FlowBox(self.chunk_pairs, self.show_pairs_button))
        column.addWidget(self.make_button, alignment=Qt.AlignmentFlag.AlignLeft)
        column.addWidget(self.facts, 1)
        return page

    def _make_pair_page(self) -> QWidget:
        page = QWidget()
        self.state_mark = Mark()
        self.state_text = QLabel(textFormat=Qt.TextFormat.PlainText, alignment=Qt.AlignmentFlag.AlignTop)
        theme.set_role(self.state_text, "caption")
        # Two lines are reserved, so that a reason does not push what is below.
        self.state_text.setWordWrap(True)
        keep_lines(self.state_text, 2)
        state = QHBoxLayout()
        state.setSpacing(6)
        state.addWidget(self.state_mark, alignment=Qt.AlignmentFlag.AlignTop)
        state.addWidget(self.state_text, 1)
        self.restore_button = QToolButton(icon=icon("reset"), text=_("As it was made"))
        self.restore_button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        theme.set_role(self.restore_button, "link")
        self.restore_button.clicked.connect(self.restore_wanted)
        self.show_original(None)
        state.addWidget(self.restore_button, alignment=Qt.AlignmentFlag.AlignTop)
        self.question, self.turns, self.answer = (QPlainTextEdit(tabChangesFocus=True) for _field in range(3))
        question_label, answer_label = QLabel(_("Question")), QLabel(_("Answer"))
        self.turns_label = QLabel(TURNS_LABEL, wordWrap=True)
        for label, text in ((question_label, self.question), (self.turns_label, self.turns), (answer_label, self.answer)):
            theme.set_role(label, "caption")
            label.setBuddy(text)
            text.setAccessibleName(label.text())
            text.setReadOnly(True)
            text.installEventFilter(self)
            _share_height(text, 2)
        column = QVBoxLayout(page)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(state)
        column.addWidget(self.advice)
        column.addWidget(question_label)
        column.addWidget(self.question, 1)
        column.addWidget(self.turns_label)
        column.addWidget(self.turns, 2)
        column.addWidget(answer_label)
        column.addWidget(self.answer, 2)
        column.addSpacing(4)
        column.addWidget(self._make_buttons())
        self.count = QLabel()
        theme.set_role(self.count, "caption")
        column.addWidget(self.count)
        return page

    def _make_buttons(self) -> QStackedWidget:
        self.accept_button = QPushButton(icon("check", "success"), _("Accept"))
        self.accept_button.setToolTip(_("Keep this pair and go to the next one (A)"))
        self.edit_button = QPushButton(icon("edit"), _("Edit"))
        self.edit_button.setToolTip(_("Change question or answer (E)"))
        self.reject_button = QPushButton(icon("close", "danger"), _("Reject"))
        self.reject_button.setToolTip(_("Leave this pair out and go to the next one (R)"))
        self.save_button = QPushButton(icon("check"), _("Save"))
        self.save_button.setToolTip(_("Ctrl+Enter"))
        self.cancel_button = QPushButton(_("Leave as it was"))
        self.cancel_button.setToolTip(_("Escape"))
        self.accept_button.clicked.connect(self._accept)
        self.reject_button.clicked.connect(self._reject)
        self.edit_button.clicked.connect(self.edit)
        self.save_button.clicked.connect(self.save)
        self.cancel_button.clicked.connect(self.cancel)
        self.buttons = QStackedWidget()
        self.buttons.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        for group in ((self.accept_button, self.edit_button, self.reject_button), (self.save_button, self.cancel_button)):
            holder = QWidget()
            row = QHBoxLayout(holder)
            row.setContentsMargins(0, 0, 0, 0)
            row.setSpacing(theme.GAP)
            for button in group:
                row.addWidget(button, 1)
            self.buttons.addWidget(holder)
        return self.buttons

    def _accept(self) -> None:
        self.judged.emit("accepted")

    def _reject(self) -> None:
        self.judged.emit("rejected")


def _place_of(chunk: Chunk) -> str:
    page = chunk.metadata.get("page")
    part = _("page {page}").format(page=page) if page else _("chunk {number}").format(number=chunk.chunk_index + 1)
    return f"{chunk.source} · {part}"


def _share_height(text: QPlainTextEdit, fewest_lines: int) -> None:
    """The stretch factors decide, not the size that an empty text field would like."""
    text.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Ignored)
    keep_lines(text, fewest_lines, theme.PAD)
