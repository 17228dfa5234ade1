"""What the curves say, in a sentence, with what helps one key away."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from PySide6.QtCore import QEvent, QPoint, Qt, Signal
from PySide6.QtGui import QResizeEvent, QShowEvent
from PySide6.QtWidgets import QFrame, QGridLayout, QLabel, QPushButton, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from gui import theme
from gui.icon import icon
from gui.mark import Mark
from gui.notices import STATES, announce
from services.training.advice import Remedy, advice, say_change
from services.training.health import Finding
from services.translation import _

LETTERS = 52  # width of the advice
NARROW_LETTERS = 60
MOST_LETTERS = 190  # of two findings that are said together


class HealthLine(QWidget):
    """Signals: ``settings_suggested(dict)``: the person wants these settings for the next training."""

    settings_suggested = Signal(object)

    def __init__(self, phase: str, lines: int = 2, parent: QWidget | None = None) -> None:
        """lines: of text for which room is kept, so that a longer sentence does not push the plots."""
        super().__init__(parent)
        self._phase, self._lines = phase, lines
        self._findings: list[Finding] = []
        self.settings: Callable[[], Mapping[str, Any]] = dict  # what the changes start from
        self.mark = Mark()
        self.sentence = QLabel(wordWrap=True, textFormat=Qt.TextFormat.PlainText)
        self.sentence.setAccessibleName(_("What the curves say"))
        self.sentence.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.sentence.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.button = QToolButton(text=_("What helps…"))
        theme.set_role(self.button, "link")
        self.button.clicked.connect(self.show_advice)
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(6)
        self._grid.setVerticalSpacing(2)
        self._grid.setColumnStretch(1, 1)
        self._grid.addWidget(self.mark, 0, 0, alignment=Qt.AlignmentFlag.AlignTop)
        self._grid.addWidget(self.sentence, 0, 1)
        self._fit()
        self.show_findings([])

    def show_findings(self, findings: list[Finding]) -> None:
        """Say the most serious one, and a second one where both are short; the button has what helps with each."""
        if findings == self._findings and self.sentence.text():
            return
        is_worse = bool(findings) and findings[0].state in ("warning", "error") and (
            not self._findings or findings[0].situation != self._findings[0].situation
        )
        self._findings = findings
        both = " ".join(finding.text for finding in findings[:2])
        has_room = self._lines > 1 and len(both) < MOST_LETTERS
        self.sentence.setText(both if has_room or not findings else findings[0].text)
        self.mark.setVisible(bool(findings))
        if findings:
            state = findings[0].state
            self.mark.show_icon(state, STATES[state])
        self.button.setVisible(any(advice(finding.situation, self._phase) for finding in findings))
        self._fit()
        if is_worse:
            announce(self, findings[0].text)

    def show_advice(self) -> None:
        helped = [(each, advice(each.situation, self._phase)) for each in self._findings]
        helped = [each for each in helped if each[1]]
        # What helps to learn more would be no help where it is too much already.
        bad = [each for each in helped if each[0].state in ("warning", "error")] or helped[:1]
        popup = AdvicePopup(self._phase, [(found.text, remedies) for found, remedies in bad], self.settings(), self)
        popup.settings_suggested.connect(self.settings_suggested)
        popup.open_at(self.button)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange and hasattr(self, "sentence"):
            self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """The button beside the sentence, or below it where that would leave a column; the sentence as high as it is."""
        is_narrow = self.width() < NARROW_LETTERS * self.fontMetrics().averageCharWidth()
        side = Qt.AlignmentFlag.AlignLeft if is_narrow else Qt.AlignmentFlag.AlignTop
        self._grid.addWidget(self.button, *((1, 1) if is_narrow else (0, 2)), alignment=side)
        beside = 0 if is_narrow or self.button.isHidden() else self.button.sizeHint().width() + 6
        width = max(1, self.width() - self.mark.sizeHint().width() - 6 - beside)
        least = self._lines * self.sentence.fontMetrics().lineSpacing()
        self.sentence.setMinimumHeight(max(least, self.sentence.heightForWidth(width)))


class AdvicePopup(QFrame):
    """What helps, with a button for each setting that can be changed. Esc closes it."""

    settings_suggested = Signal(object)

    def __init__(
        self, phase: str, helped: list[tuple[str, tuple[Remedy, ...]]], settings: Mapping[str, Any], parent: QWidget
    ) -> None:
        """helped: what is wrong, and what helps, each time."""
        super().__init__(parent, Qt.WindowType.Popup)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        theme.set_role(self, "card")
        self.setAccessibleName(_("What helps"))
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.PAD, 12, theme.PAD, 12)
        column.setSpacing(theme.GAP)
        self.buttons: list[QPushButton] = []
        self._changes: list[dict[str, Any]] = []
        for wrong, remedies in helped:
            column.addWidget(self._label(wrong, "strong"))
            for remedy in remedies:
                change = remedy.change(settings)
                if remedy.key and (not change or change in self._changes):
                    continue  # it is so already, or stands above
                column.addWidget(self._label(remedy.text))
                if not change:
                    continue
                button = QPushButton(icon("check", "accent"), say_change(phase, change))
                theme.set_role(button, "link")
                button.clicked.connect(self._take)
                column.addWidget(button, alignment=Qt.AlignmentFlag.AlignLeft)
                self.buttons.append(button)
                self._changes.append(change)
        column.addWidget(self._label(_("The settings are those of the next training."), "caption"))

    def _label(self, text: str, role: str = "") -> QLabel:
        label = QLabel(text, wordWrap=True, textFormat=Qt.TextFormat.PlainText)
        label.setFixedWidth(self.fontMetrics().averageCharWidth() * LETTERS)
        if role:
            theme.set_role(label, role)
        label.ensurePolished()  # the style decides how wide its letters are
        label.setMinimumHeight(label.heightForWidth(label.width()))
        return label

    def open_at(self, widget: QWidget) -> None:
        """Above or below a button, inside of the screen."""
        self.adjustSize()
        room = widget.screen().availableGeometry()
        corner = widget.mapToGlobal(QPoint(widget.width() - self.width(), widget.height() + 2))
        if corner.y() + self.height() > room.bottom():
            corner.setY(widget.mapToGlobal(QPoint(0, -self.height() - 2)).y())
        self.move(max(room.left(), min(corner.x(), room.right() - self.width())), max(room.top(), corner.y()))
        self.show()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self.buttons:
            self.buttons[0].setFocus(Qt.FocusReason.PopupFocusReason)

    def _take(self) -> None:
        self.settings_suggested.emit(self._changes[self.buttons.index(self.sender())])
        self.close()
