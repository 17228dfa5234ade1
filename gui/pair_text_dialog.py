"""The questions and answers that a pair is split into, or that several become: put right before it is done."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from PySide6.QtCore import QSize
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QLabel,
    QPlainTextEdit,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from gui import theme
from gui.pair_words import one_line
from gui.requirement import Requirement
from gui.turn_text import TURNS_LABEL, TURNS_UNEVEN, joined, parted
from services.knowledge_base.pair_change import Said
from services.records import Pair
from services.translation import _

_SENTENCE_END = re.compile(r"(?<=[.!?…])\s+")
_MOST_LETTERS = 70  # of what a proposal says of itself


class Proposal(NamedTuple):
    """One way to do it, and what each pair would say, by turns."""

    name: str
    said: Sequence[Said]


class _Fields(NamedTuple):
    question: QPlainTextEdit
    turns: QPlainTextEdit
    answer: QPlainTextEdit


class PairTextDialog(QDialog):
    """Accepted when nothing is empty; ``texts`` is what stands there then."""

    def __init__(
        self, title: str, proposals: Sequence[Proposal], ok_text: str, choice: str = "", parent: QWidget | None = None
    ) -> None:
        """proposals: of equally many pairs each; of several the person chooses, and begins with the middle one.

        choice: what that decides.
        """
        super().__init__(parent)
        self.setWindowTitle(title)
        self._proposals, self._shown = [list(proposal.said) for proposal in proposals], (len(proposals) - 1) // 2
        self.fields: list[_Fields] = []
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.PAD, theme.PAD, theme.PAD, theme.PAD)
        column.setSpacing(4)
        self.ways = QComboBox(sizeAdjustPolicy=QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.ways.setAccessibleName(choice)
        self.ways.addItems([proposal.name for proposal in proposals])
        self.ways.setCurrentIndex(self._shown)
        self.ways.currentIndexChanged.connect(self._turn_to)
        if len(proposals) > 1:
            label = QLabel(choice)
            theme.set_role(label, "caption")
            label.setBuddy(self.ways)
            for widget in (label, self.ways):
                column.addWidget(widget)
            column.addSpacing(theme.GAP)
        self._labels: list[QLabel] = []
        count = len(self._proposals[0])
        for number in range(1, count + 1):
            fields = _Fields(*(QPlainTextEdit(tabChangesFocus=True) for _field in _Fields._fields))
            for name, field, stretch in zip((_("Question"), TURNS_LABEL, _("Answer")), fields, (2, 3, 4), strict=True):
                label = QLabel(f"{name} {number}" if count > 1 and field is not fields.turns else name, wordWrap=True)
                theme.set_role(label, "caption")
                label.setBuddy(field)
                field.setAccessibleName(label.text())
                field.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Ignored)
                field.setMinimumHeight(field.fontMetrics().lineSpacing() * 2 + theme.PAD)
                field.textChanged.connect(self._look)
                column.addWidget(label)
                column.addWidget(field, stretch)
                if field is fields.turns:
                    self._labels.append(label)
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
        self._put(self._proposals[self._shown])
        metrics, turns = self.fontMetrics(), any(len(said) > 2 for way in self._proposals for said in way)
        wanted = QSize(metrics.averageCharWidth() * 90, metrics.lineSpacing() * ((20 if turns else 14) * count + 4))
        self.resize(wanted.boundedTo(self.screen().availableSize() * 0.9))

    @property
    def texts(self) -> list[Said]:
        """What each pair says, by turns: question first and answer last."""
        return [
            (fields.question.toPlainText().strip(), *parted(fields.turns.toPlainText()), fields.answer.toPlainText().strip())
            for fields in self.fields
        ]

    def _turn_to(self, way: int) -> None:
        """Another proposal; what was typed into this one is kept for when it comes back."""
        self._proposals[self._shown], self._shown = self.texts, way
        self._put(self._proposals[way])

    def _put(self, texts: Sequence[Said]) -> None:
        for fields, label, said in zip(self.fields, self._labels, texts, strict=True):
            fields.question.setPlainText(said[0])
            fields.turns.setPlainText(joined(said[1:-1]))
            fields.answer.setPlainText(said[-1])
            for widget in (label, fields.turns):
                widget.setVisible(len(said) > 2)
        self._look()

    def _look(self) -> None:
        texts = self.texts
        is_whole = all(text for said in texts for text in said)
        is_even = all(len(said) % 2 == 0 for said in texts)
        self.need.show_need(_("Every pair needs a question and an answer.") if not is_whole else "" if is_even else TURNS_UNEVEN)
        self.ok_button.setEnabled(is_whole and is_even)


def halves(pair: Pair) -> list[Proposal]:
    """Ways to make two pairs of one.

    A conversation is cut where the learner speaks again. Of a single pair two questions, or two sentences, are shared
    out; what is one stands in both.
    """
    said = (pair.instruction, *pair.turns, pair.output)
    if pair.turns:
        return [Proposal(_shortened(said[cut]), [said[:cut], said[cut:]]) for cut in range(2, len(said), 2)]
    questions, answers = _divided(pair.instruction), _divided(pair.output)
    return [Proposal("", [(questions[0], answers[0]), (questions[1] or pair.instruction, answers[1] or pair.output)])]


def whole(pairs: Sequence[Pair]) -> list[Proposal]:
    """Ways to make one pair of several: what they ask and what they answer, one behind the other, each once; or a
    conversation in which the learner asks what they ask, in their order."""
    talk = tuple(text for pair in pairs for text in (pair.instruction, *pair.turns, pair.output))
    conversation = Proposal(_("One conversation"), [talk])
    if any(pair.turns for pair in pairs):
        return [conversation]
    questions = dict.fromkeys(pair.instruction.strip() for pair in pairs)
    answers = dict.fromkeys(pair.output.strip() for pair in pairs)
    return [Proposal(_("One question and one answer"), [(" ".join(questions), " ".join(answers))]), conversation]


def _shortened(text: str) -> str:
    line = one_line(text)
    return line if len(line) <= _MOST_LETTERS else f"{line[:_MOST_LETTERS].rstrip()}…"


def _divided(text: str) -> tuple[str, str]:
    sentences = _SENTENCE_END.split(text.strip())
    half = -(-len(sentences) // 2)
    return " ".join(sentences[:half]), " ".join(sentences[half:])
