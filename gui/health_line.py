"""What the curves say, in a sentence, with what helps one key away."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from PySide6.QtCore import QEvent, QPoint, Qt, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from gui import theme
from gui.icon import icon
from gui.mark import Mark
from gui.notices import STATES, announce
from services.training.advice import Remedy, advice, say_change
from services.training.health import Finding
from services.translation import _

LETTERS = 48  # width of the advice


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
        self.button = QPushButton(_("What helps…"))
        theme.set_role(self.button, "link")
        self.button.clicked.connect(self.show_advice)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        row.addWidget(self.mark, alignment=Qt.AlignmentFlag.AlignTop)
        row.addWidget(self.sentence, 1)
        row.addWidget(self.button, alignment=Qt.AlignmentFlag.AlignTop)
        self._fit()
        self.show_findings([])

    def show_findings(self, findings: list[Finding]) -> None:
        """The most serious one first, and one more; the first that can be helped has the button."""
        if findings == self._findings and self.sentence.text():
            return
        is_worse = bool(findings) and findings[0].state in ("warning", "error") and (
            not self._findings or findings[0].situation != self._findings[0].situation
        )
        self._findings = findings
        self.sentence.setText(" ".join(finding.text for finding in findings[:2]))
        self.mark.setVisible(bool(findings))
        if findings:
            state = findings[0].state
            self.mark.show_icon(state, STATES[state])
        self.button.setVisible(bool(self._situation()))
        if is_worse:
            announce(self, findings[0].text)

    def _situation(self) -> str:
        return next((each.situation for each in self._findings if advice(each.situation, self._phase)), "")

    def show_advice(self) -> None:
        situation = self._situation()
        popup = AdvicePopup(self._phase, advice(situation, self._phase), self.settings(), self)
        popup.settings_suggested.connect(self.settings_suggested)
        popup.open_at(self.button)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange and hasattr(self, "sentence"):
            self._fit()

    def _fit(self) -> None:
        self.sentence.setMinimumHeight(self._lines * self.sentence.fontMetrics().lineSpacing())


class AdvicePopup(QFrame):
    """What helps, with a button for each setting that can be changed. Esc closes it."""

    settings_suggested = Signal(object)

    def __init__(self, phase: str, remedies: tuple[Remedy, ...], settings: Mapping[str, Any], parent: QWidget) -> None:
        super().__init__(parent, Qt.WindowType.Popup)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        theme.set_role(self, "card")
        self.setAccessibleName(_("What helps"))
        title = QLabel(_("What helps next time"))
        theme.set_role(title, "strong")
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.PAD, 12, theme.PAD, 12)
        column.setSpacing(theme.GAP)
        column.addWidget(title)
        self.buttons: list[QPushButton] = []
        self._changes: list[dict[str, Any]] = []
        for remedy in remedies:
            text = QLabel(remedy.text, wordWrap=True, textFormat=Qt.TextFormat.PlainText)
            text.setFixedWidth(self.fontMetrics().averageCharWidth() * LETTERS)
            column.addWidget(text)
            if change := remedy.change(settings):
                button = QPushButton(icon("check", "accent"), say_change(phase, change))
                theme.set_role(button, "link")
                button.clicked.connect(self._take)
                column.addWidget(button, alignment=Qt.AlignmentFlag.AlignLeft)
                self.buttons.append(button)
                self._changes.append(change)

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
