"""The questions and answers that a pair is split into, or that several become: put right before it is done."""

from __future__ import annotations

import re
from collections.abc import Sequence

from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QLabel, QPlainTextEdit, QSizePolicy, QVBoxLayout, QWidget

from gui import theme
from gui.requirement import Requirement
from services.records import Pair
from services.translation import _

_SENTENCE_END = re.compile(r"(?<=[.!?…])\s+")


class PairTextDialog(QDialog):
    """Accepted when nothing is empty; ``texts`` is what stands there then."""

    def __init__(
        self, title: str, texts: Sequence[tuple[str, str]], ok_text: str, parent: QWidget | None = None
    ) -> None:
        """texts: question and answer of each pair."""
        super().__init__(parent)
        self.setWindowTitle(title)
        self.fields: list[tuple[QPlainTextEdit, QPlainTextEdit]] = []
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.PAD, theme.PAD, theme.PAD, theme.PAD)
        column.setSpacing(4)
        for number, said in enumerate(texts, 1):
            fields = (QPlainTextEdit(said[0], tabChangesFocus=True), QPlainTextEdit(said[1], tabChangesFocus=True))
            for name, field, height in zip((_("Question"), _("Answer")), fields, (2, 4), strict=True):
                label = QLabel(f"{name} {number}" if len(texts) > 1 else name)
                theme.set_role(label, "caption")
                label.setBuddy(field)
                field.setAccessibleName(label.text())
                field.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Ignored)
                field.setMinimumHeight(field.fontMetrics().lineSpacing() * height + theme.PAD)
                field.textChanged.connect(self._look)
                column.addWidget(label)
                column.addWidget(field, height)
            column.addSpacing(theme.GAP)
            self.fields.append(fields)
        self.need = Requirement()
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        self.ok_button = self.buttons.button(QDialogButtonBox.StandardButton.Ok)
        self.ok_button.setText(ok_text)
        self.ok_button.setToolTip(_("Ctrl+Enter"))
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        QShortcut(QKeySequence("Ctrl+Return"), self, self.ok_button.click)
        column.addWidget(self.need)
        column.addWidget(self.buttons)
        metrics = self.fontMetrics()
        self.resize(metrics.averageCharWidth() * 90, metrics.lineSpacing() * (14 * len(texts) + 4))
        self._look()

    @property
    def texts(self) -> list[tuple[str, str]]:
        return [(question.toPlainText().strip(), answer.toPlainText().strip()) for question, answer in self.fields]

    def _look(self) -> None:
        if not hasattr(self, "need"):  # the fields are still being filled
            return
        is_whole = all(text for said in self.texts for text in said)
        self.need.show_need("" if is_whole else _("Every pair needs a question and an answer."))
        self.ok_button.setEnabled(is_whole)


def halves(pair: Pair) -> list[tuple[str, str]]:
    """A proposal for two pairs: two questions, or two sentences, are shared out; what is one stands in both."""
    questions, answers = _divided(pair.instruction), _divided(pair.output)
    return [(questions[0], answers[0]), (questions[1] or pair.instruction, answers[1] or pair.output)]


def whole(pairs: Sequence[Pair]) -> tuple[str, str]:
    """A proposal for one pair of several: what they ask and what they answer, one behind the other, each once."""
    questions = dict.fromkeys(pair.instruction.strip() for pair in pairs)
    answers = dict.fromkeys(pair.output.strip() for pair in pairs)
    return " ".join(questions), " ".join(answers)


def _divided(text: str) -> tuple[str, str]:
    sentences = _SENTENCE_END.split(text.strip())
    half = -(-len(sentences) // 2)
    return " ".join(sentences[:half]), " ".join(sentences[half:])
