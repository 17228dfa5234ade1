"""Ask the project's models, one or two at a time: base, CPT, final and the variants."""

from __future__ import annotations

from collections import deque
from typing import Any

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from gui import theme
from gui.chat_message import Answer, Question
from gui.flow_layout import FlowBox
from gui.icon import icon
from gui.job_thread import Event, JobThread
from gui.latest_answer import LatestAnswer
from gui.project_model import project_models
from gui.requirement import Requirement
from gui.setting_fields import SettingForm
from gui.shell import Shell
from services.errors import UserError
from services.knowledge_base.pair_query import USABLE_STATES
from services.knowledge_base.store import KnowledgeBase
from services.translation import _

EXAMPLES = 3
LOOKED_AT = 50  # pairs, for examples
SHORTEST_EXAMPLE, LONGEST_EXAMPLE = 12, 60  # characters


class ChatPanel(QWidget):
    """The child that holds the model lives on between questions; it is started by the first one."""

    answered = Signal(object)  # Answer

    def __init__(self, shell: Shell, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shell = shell
        self._examples = LatestAnswer(shell, self)
        self._examples.answered.connect(self._show_examples)
        self._thread: JobThread | None = None
        self._waiting: deque[Answer] = deque()
        self._current: Answer | None = None
        self._is_ready = False
        self._is_at_end = True
        self._make_parts()
        self._lay_out()
        self.send_button.clicked.connect(self._send_or_stop)
        self.clear_button.clicked.connect(self.clear)
        self.side_by_side.toggled.connect(self._show_second)
        self.settings_button.toggled.connect(self._show_settings)
        self.input.installEventFilter(self)
        bar = self.scroll.verticalScrollBar()
        bar.rangeChanged.connect(self._follow)
        bar.valueChanged.connect(self._note_place)
        shell.project_changed.connect(self._project_changed)
        shell.job_started.connect(self._make_room)
        shell.models_wanted.connect(self.close_model)
        shell.model_renamed.connect(self._model_renamed)
        self.refresh()

    def ask(self, text: str) -> None:
        """Put a question to the chosen model, or to both."""
        if not (text := text.strip()) or self.model.count() == 0:
            return
        self.stack.setCurrentIndex(1)
        self._is_at_end = True
        self.transcript.insertWidget(self.transcript.count() - 1, Question(text))
        boxes = [self.model, self.second] if self.side_by_side.isChecked() else [self.model]
        row = QHBoxLayout()
        row.setSpacing(theme.GROUP)
        for box in boxes:
            answer = Answer(text, box.currentData(), box.currentText())
            answer.again_wanted.connect(self._ask_again)
            row.addWidget(answer, 1)
            self._waiting.append(answer)
        self.transcript.insertLayout(self.transcript.count() - 1, row)
        self._next()

    def stop(self) -> None:
        """Stop the answer that is being written, and what waits behind it."""
        for answer in self._waiting:
            answer.finish("", _("stopped"))
        self._waiting.clear()
        if self._thread is not None and self._is_ready:
            self._thread.send({"type": "interrupt"})
        elif self._thread is not None:
            self._thread.kill()  # it is still loading, and hears nothing

    def clear(self) -> None:
        """Begin anew with an empty page."""
        self.stop()
        if self._thread is not None:
            self._thread.send({"type": "reset"})
        while self.transcript.count() > 1:
            _delete(self.transcript.takeAt(0))
        self.stack.setCurrentIndex(0)
        self.refresh()

    def close_model(self) -> None:
        """Let go of the model and its memory; the next question loads it again."""
        if self._thread is not None:
            self._thread.stop()
            self._thread.kill()

    def refresh(self) -> None:
        """Look which models there are."""
        models = project_models(self._shell.project, self._shell.knowledge_base.revision())
        # The most finished one is what a person wants to talk to.
        for box, wanted in ((self.model, "final"), (self.second, "base")):
            chosen = box.currentData() or wanted
            box.blockSignals(True)
            box.clear()
            for model in models:
                box.addItem(model.label, model.name)
            place = box.findData(chosen)
            box.setCurrentIndex(place if place >= 0 else box.count() - 1)
            box.blockSignals(False)
        has_models = bool(models)
        self.need.show_need(
            "" if has_models else _("No model to talk to yet."), _("Train one in tab 2"), self._go_to_training
        )
        for widget in (self.input, self.send_button, self.model, self.side_by_side):
            widget.setEnabled(has_models)
        self.clear_button.setEnabled(self.transcript.count() > 1)
        self._examples.ask(_examples if has_models else lambda _store: [])

    # The child

    def _next(self) -> None:
        if self._current is not None or not self._waiting:
            self._show_button()
            return
        answer = self._current = self._waiting.popleft()
        if self._thread is None:
            self._is_ready = False
            answer.wait_for(_("Loading the model…"))
            thread = self._thread = self._shell.start_beside("chat", {"model": answer.model})
            thread.events.connect(self._hear)
            thread.failed.connect(self._fail)
            thread.crashed.connect(self._crash)
            thread.cancelled.connect(self._end)
            thread.succeeded.connect(self._end)
        self._thread.send({"type": "prompt", "text": answer.question, "model": answer.model, **self.settings.values()})
        self._show_button()

    def _hear(self, events: list[Event]) -> None:
        if self.sender() is not self._thread:
            return
        for event in events:
            kind = event["type"]
            if kind == "ready":
                self._is_ready = True
                if self._current is not None:
                    self._current.wait_for(_("Thinking…"))
            elif kind == "token" and self._current is not None:
                self._current.add(event["text"])
            elif kind == "answered":
                self._finish(event)
            elif kind == "refused":
                self._refuse(event["text"])

    def _finish(self, event: Event) -> None:
        if (answer := self._current) is None:
            return
        self._current = None
        speed = event.get("tokens", 0) / event["seconds"] if event.get("seconds") else 0
        note = _("{speed:.0f} tokens/s").format(speed=speed) if speed else ""
        if event.get("is_interrupted"):
            note = _("stopped")
        answer.finish(event.get("text", ""), note)
        self.answered.emit(answer)
        self._next()

    def _refuse(self, reason: str) -> None:
        """This model cannot answer, and the child listens on."""
        if (answer := self._current) is not None:
            self._current = None
            answer.fail(reason)
            self.answered.emit(answer)
            self._next()

    def _fail(self, error: UserError) -> None:
        self._end_with(str(error))

    def _crash(self, _error: Exception) -> None:
        self._end_with(_("The model's process ended. Ask again to start it anew."))

    def _end(self, _result: Any = None) -> None:
        self._end_with("")

    def _end_with(self, reason: str) -> None:
        """The child is gone; what it was asked is failed or stopped."""
        if self.sender() is not self._thread:
            return
        self._thread = None
        answers = [answer for answer in (self._current, *self._waiting) if answer is not None]
        self._current = None
        self._waiting.clear()
        for answer in answers:
            if reason:
                answer.fail(reason)
            else:
                answer.finish("", _("stopped"))
            self.answered.emit(answer)
        self._show_button()

    def _drop_thread(self) -> None:
        thread, self._thread = self._thread, None
        thread.stop()

    def _make_room(self, job: JobThread) -> None:
        """A training needs the memory that the chat's model holds."""
        if job.name in ("cpt", "sft", "export"):
            self.close_model()

    def _model_renamed(self, name: str, new: str) -> None:
        """What is chosen stays chosen."""
        for box in (self.model, self.second):
            if (place := box.findData(name)) >= 0:
                box.setItemData(place, new)

    def _project_changed(self, tables: frozenset[str]) -> None:
        if "model" in tables:
            if self._current is None and self._thread is not None:
                self._drop_thread()  # it holds weights that may be out of date
            self.refresh()
        elif "pair" in tables:
            self.refresh()

    # What is shown

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            is_enter = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
            if is_enter and not event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
                self._send_or_stop()
                return True
            if event.key() == Qt.Key.Key_Escape and self._current is not None:
                self.stop()
                return True
        return super().eventFilter(watched, event)

    def _send_or_stop(self) -> None:
        if self._current is not None:
            self.stop()
            return
        text = self.input.toPlainText()
        self.input.clear()
        self.ask(text)

    def _ask_again(self, text: str, model: str) -> None:
        if self._current is None:
            self.model.setCurrentIndex(max(0, self.model.findData(model)))
            self.ask(text)

    def _ask_example(self) -> None:
        self.ask(self.sender().text())

    def _show_button(self) -> None:
        is_writing = self._current is not None
        self.send_button.setText(_("Stop") if is_writing else _("Send"))
        self.send_button.setIcon(icon("stop", "accent") if is_writing else icon("send", "accent"))
        self.clear_button.setEnabled(self.transcript.count() > 1)

    def _show_second(self, is_on: bool) -> None:
        self.second.setVisible(is_on)
        self._models.fit()

    def _show_settings(self, is_open: bool) -> None:
        self.settings_button.setIcon(icon("chevron-down" if is_open else "chevron-right"))
        self.settings_area.setVisible(is_open)

    def _show_examples(self, chosen: list[str]) -> None:
        for place, button in enumerate(self.examples):
            button.setText(chosen[place] if place < len(chosen) else "")
            button.setVisible(place < len(chosen))

    def _note_place(self, value: int) -> None:
        self._is_at_end = value >= self.scroll.verticalScrollBar().maximum() - self.fontMetrics().height()

    def _follow(self, _minimum: int, maximum: int) -> None:
        if self._is_at_end:
            self.scroll.verticalScrollBar().setValue(maximum)

    def _go_to_training(self) -> None:
        self._shell.show_tab("cpt")

    def _make_parts(self) -> None:
        self.model, self.second = QComboBox(), QComboBox()
        self.model.setAccessibleName(_("Model"))
        self.second.setAccessibleName(_("Second model"))
        self.second.hide()
        for box in (self.model, self.second):
            box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
            box.setMinimumContentsLength(14)
        self.side_by_side = QCheckBox(_("Side by side"))
        self.side_by_side.setToolTip(_("Ask two models the same, one after the other"))
        self.settings_button = QToolButton(icon=icon("chevron-right"), text=_("Settings"), checkable=True)
        self.settings_button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        theme.set_role(self.settings_button, "disclosure")
        self.clear_button = QToolButton(icon=icon("plus"), toolTip=_("New chat: forget what was said and begin again"))
        self.clear_button.setAccessibleName(_("New chat"))
        self.settings = SettingForm("chat")
        self.settings.setMaximumWidth(self.fontMetrics().averageCharWidth() * 64)
        self.settings_area = QScrollArea(widgetResizable=True)
        self.settings_area.setFrameShape(QFrame.Shape.NoFrame)
        self.settings_area.setWidget(self.settings)
        self.settings_area.setMaximumHeight(self.fontMetrics().height() * 9)
        self.settings_area.hide()
        self.need = Requirement()
        self.examples = [QPushButton() for _number in range(EXAMPLES)]
        inside = QWidget()
        self.transcript = QVBoxLayout(inside)
        self.transcript.setContentsMargins(0, 0, theme.GAP, 0)
        self.transcript.setSpacing(theme.PAD)
        self.transcript.addStretch(1)
        self.scroll = QScrollArea(widgetResizable=True, horizontalScrollBarPolicy=Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.scroll.setFrameShape(QFrame.Shape.NoFrame)
        self.scroll.setAccessibleName(_("Conversation"))
        self.scroll.setWidget(inside)
        self.input = QPlainTextEdit(tabChangesFocus=True)
        self.input.setPlaceholderText(_("Ask it something that only your documents say"))
        self.input.setAccessibleName(_("Question"))
        self.send_button = QPushButton()
        self._show_button()
        self._fit()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange and hasattr(self, "send_button"):
            self._fit()

    def _fit(self) -> None:
        """Two lines to write in; the button keeps its width when its word changes."""
        self.input.setFixedHeight(2 * self.input.fontMetrics().lineSpacing() + theme.PAD + 4)
        self.send_button.setMinimumWidth(self.fontMetrics().horizontalAdvance(_("Send") + _("Stop")) + 2 * theme.PAD)

    def _lay_out(self) -> None:
        empty = QWidget()
        hint = QLabel(_("Ask it something that only your documents say."), alignment=Qt.AlignmentFlag.AlignCenter, wordWrap=True)
        theme.set_role(hint, "muted")
        page = QVBoxLayout(empty)
        page.addStretch(1)
        page.addWidget(hint)
        for button in self.examples:
            theme.set_role(button, "link")
            button.clicked.connect(self._ask_example)
            row = QHBoxLayout()
            row.addStretch(1)
            row.addWidget(button)
            row.addStretch(1)
            page.addLayout(row)
        page.addStretch(1)
        self.stack = QStackedWidget()
        self.stack.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Ignored)
        self.stack.setMinimumHeight(self.fontMetrics().lineSpacing() * 4)
        self.stack.addWidget(empty)
        self.stack.addWidget(self.scroll)
        label = QLabel(_("Model"))
        label.setBuddy(self.model)
        self._models = FlowBox(label, self.model, self.side_by_side, self.second)
        head = QHBoxLayout()
        head.setSpacing(theme.GAP)
        head.addWidget(self._models, 1)
        for button in (self.settings_button, self.clear_button):
            head.addWidget(button, alignment=Qt.AlignmentFlag.AlignTop)
        foot = QHBoxLayout()
        foot.setSpacing(theme.GAP)
        foot.addWidget(self.input, 1)
        foot.addWidget(self.send_button, alignment=Qt.AlignmentFlag.AlignBottom)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, theme.GAP, 0, 0)
        column.setSpacing(theme.GAP)
        column.addLayout(head)
        column.addWidget(self.settings_area)
        column.addWidget(self.stack, 1)
        column.addWidget(self.need)
        column.addLayout(foot)


def _delete(item: Any) -> None:
    """Remove what a layout held, rows within rows too."""
    if (widget := item.widget()) is not None:
        widget.deleteLater()
    elif (layout := item.layout()) is not None:
        while layout.count():
            _delete(layout.takeAt(0))
        layout.deleteLater()


def _examples(store: KnowledgeBase) -> list[str]:
    """Questions of the first dataset that has any, for a start."""
    name = next((row.name for row in store.datasets() if row.pairs), "")
    pairs = store.pairs(store.pair_ids(name, USABLE_STATES, limit=LOOKED_AT)) if name else []
    questions = [pair.instruction for pair in pairs if SHORTEST_EXAMPLE < len(pair.instruction) < LONGEST_EXAMPLE]
    return questions[:: max(1, len(questions) // EXAMPLES)][:EXAMPLES]
