"""News without a modal box: bars at the top of a tab, each with the action that helps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from gui import theme
from gui.icon import icon
from services.translation import _

STATES = {"info": "accent", "success": "success", "warning": "warning", "error": "danger"}


@dataclass(frozen=True)
class Notice:
    """One piece of news. ``kind`` is info, success, warning or error; the action is a button in the bar."""

    kind: str
    text: str
    action_text: str = ""
    action: Callable[[], object] | None = None
    tab: str = ""  # the tab it belongs to; empty: the one in front
    at: datetime = field(default_factory=datetime.now)


class NoticeBar(QFrame):
    """One notice, until it is closed or its action is taken."""

    def __init__(self, notice: Notice, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.notice, self.is_closed = notice, False
        self.setAccessibleName(notice.text)
        self._text = QLabel(notice.text, wordWrap=True)
        self._text.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByMouse | Qt.TextInteractionFlag.LinksAccessibleByMouse
        )
        self._text.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        side = self.fontMetrics().height()
        self._mark = QLabel()
        self._mark.setPixmap(icon(notice.kind, STATES[notice.kind]).pixmap(QSize(side, side), self.devicePixelRatioF()))
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 6, 6, 6)
        row.setSpacing(theme.GAP)
        row.addWidget(self._mark)
        row.addWidget(self._text, 1)
        if notice.action_text:
            self.action_button = QPushButton(notice.action_text)
            self.action_button.clicked.connect(self._act)
            row.addWidget(self.action_button)
        self.close_button = QToolButton(icon=icon("close", "muted"), toolTip=_("Close"))
        self.close_button.setAccessibleName(_("Close this message"))
        self.close_button.clicked.connect(self.close_notice)
        row.addWidget(self.close_button)
        self._paint_state()

    def close_notice(self) -> None:
        self.is_closed = True
        self.hide()
        self.deleteLater()

    def _act(self) -> None:
        self.close_notice()
        if self.notice.action is not None:
            self.notice.action()

    def _paint_state(self) -> None:
        scheme, state = theme.colors(), STATES[self.notice.kind]
        wanted = (
            f"NoticeBar {{ background: {scheme.soft(state)}; border: 1px solid "
            f"{theme.mix(getattr(scheme, state), scheme.base, 0.35)}; border-radius: 6px; }}"
        )
        if self.styleSheet() != wanted:
            self.setStyleSheet(wanted)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "close_button"):
            self._paint_state()


class NoticeArea(QWidget):
    """The notices at the top of one tab, newest first, at most three; takes no room while there is none."""

    LIMIT = 3

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(theme.PAD, 0, theme.PAD, 0)
        self._column.setSpacing(4)

    def bars(self) -> list[NoticeBar]:
        """The notices that are shown, newest first."""
        bars = (self._column.itemAt(place).widget() for place in range(self._column.count()))
        return [bar for bar in bars if isinstance(bar, NoticeBar) and not bar.is_closed]

    def show_notice(self, notice: Notice) -> NoticeBar:
        """Show it and say it to a screen reader; the same text twice is one bar."""
        for bar in self.bars():
            if bar.notice.text == notice.text:
                bar.close_notice()
        bar = NoticeBar(notice, self)
        self._column.insertWidget(0, bar)
        for old in self.bars()[self.LIMIT :]:
            old.close_notice()
        announce(self, notice.text)
        return bar

    def clear(self, *kinds: str) -> None:
        """Close the notices of these kinds, or all of them."""
        for bar in self.bars():
            if not kinds or bar.notice.kind in kinds:
                bar.close_notice()


def announce(widget: QWidget, text: str) -> None:
    """Say it to a screen reader, where one listens."""
    if QAccessible.isActive():
        QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(widget, text))
