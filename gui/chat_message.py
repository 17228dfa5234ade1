"""What was asked and what was answered, as they stand in the chat."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from gui import theme
from gui.icon import icon
from services.translation import _

SELECTABLE = Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.TextSelectableByKeyboard


class Question(QWidget):
    """At the right, in a card."""

    def __init__(self, text: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.label = _text(text)
        card = QFrame()
        theme.set_role(card, "card")
        inside = QVBoxLayout(card)
        inside.setContentsMargins(12, theme.GAP, 12, theme.GAP)
        inside.addWidget(self.label)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.addStretch(1)
        row.addWidget(card, 3, Qt.AlignmentFlag.AlignRight)


class Answer(QWidget):
    """One model's answer, growing while it is written.

    Signals:
        again_wanted(question, model): ask the same once more.
    """

    again_wanted = Signal(str, str)

    def __init__(self, question: str, model: str, model_label: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.question, self.model = question, model
        self.text = ""
        self.is_done = False
        name = QLabel(model_label)
        theme.set_role(name, "caption")
        self.label = _text("")
        self.label.setAccessibleName(_("Answer of {model}").format(model=model_label))
        self.state = QLabel(_("Waiting…"))
        theme.set_role(self.state, "caption")
        self.copy_button = QPushButton(icon("copy", "accent"), _("Copy"))
        self.again_button = QPushButton(icon("reset", "accent"), _("Again"))
        row = QHBoxLayout()
        row.setSpacing(theme.GAP)
        row.addWidget(self.state)
        for button in (self.copy_button, self.again_button):
            theme.set_role(button, "link")
            button.hide()
            policy = button.sizePolicy()
            policy.setRetainSizeWhenHidden(True)  # the line has its height from the start
            button.setSizePolicy(policy)
            row.addWidget(button)
        row.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(2)
        column.addWidget(name)
        column.addWidget(self.label)
        column.addLayout(row)
        column.addStretch()
        self.copy_button.clicked.connect(self._copy)
        self.again_button.clicked.connect(self._ask_again)

    def wait_for(self, text: str) -> None:
        """Say what is going on before the first word."""
        self.state.setText(text)

    def add(self, token: str) -> None:
        if not self.text:
            token = token.lstrip()
        self.text += token
        self.label.setText(self.text)
        self.state.setText(_("Writing…"))

    def finish(self, text: str, note: str) -> None:
        """The whole answer, and how it went: “42 tokens/s”, “stopped”."""
        self.text = text.strip() or self.text
        self.label.setText(self.text or _("(no answer)"))
        self._end(note)

    def fail(self, reason: str) -> None:
        """It could not be answered, and why."""
        self.label.setText(f"{self.text}\n{reason}".strip())
        self._end(_("failed"))

    def _end(self, note: str) -> None:
        self.is_done = True
        self.state.setText(note)
        self.copy_button.setVisible(bool(self.text))
        self.again_button.show()

    def _ask_again(self) -> None:
        self.again_wanted.emit(self.question, self.model)

    def _copy(self) -> None:
        QGuiApplication.clipboard().setText(self.text)
        self.state.setText(_("Copied"))


def _text(text: str) -> QLabel:
    label = QLabel(text, wordWrap=True, textFormat=Qt.TextFormat.PlainText)
    label.setTextInteractionFlags(SELECTABLE)
    label.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.MinimumExpanding)
    return label
