"""A quiet bar: pairs no longer match their chunks, and can be made anew with one click."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QSizePolicy, QWidget

from gui import theme
from gui.mark import Mark
from gui.notices import announce
from services.knowledge_base.stale import StaleCount
from services.translation import _, ngettext

NONE = StaleCount(0, 0, 0)


class StaleBar(QFrame):
    """
    Signals:
        renewal_wanted: the pairs that nobody has judged are to be made anew.
        list_wanted: all of them are to be shown.
    """

    renewal_wanted = Signal()
    list_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        theme.set_role(self, "card")
        self._count = self._put_off = NONE
        self.text = QLabel(wordWrap=True)
        self.text.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.MinimumExpanding)
        self.renew_button = QPushButton()
        self.renew_button.setToolTip(
            _("Asks these chunks again, with the settings at the left. An old pair is left out once a new one is there.")
        )
        self.renew_button.clicked.connect(self.renewal_wanted)
        self.show_button = QPushButton(_("Show them"))
        self.show_button.setToolTip(_("Lists these pairs. One that you accept or edit counts as right for its chunk as it is now."))
        self.show_button.clicked.connect(self.list_wanted)
        self.later_button = QPushButton(_("Not now"))
        self.later_button.setToolTip(_("Says nothing more of these pairs until their number changes."))
        self.later_button.clicked.connect(self._wait)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 4, 6, 4)
        row.setSpacing(theme.GAP)
        row.addWidget(Mark("stale", "warning"))
        # At the left, where they are in reach although large text may end right of the window.
        for button in (self.renew_button, self.show_button, self.later_button):
            row.addWidget(button)
        row.addWidget(self.text, 1)
        self.hide()

    def show_count(self, count: StaleCount) -> None:
        """Say how many pairs are stale; none hides the bar."""
        is_news = count not in (NONE, self._count)
        self._count = count
        if count != self._put_off:
            self._put_off = NONE
        self.setVisible(count not in (NONE, self._put_off))
        if count == NONE:
            return
        self.text.setText(" ".join(_sentences(count)))
        self.renew_button.setText(_("Make {count:,} anew").format(count=count.renewable))
        self.renew_button.setVisible(bool(count.renewable))
        if is_news:
            announce(self, self.text.text())

    def set_ready(self, is_ready: bool) -> None:
        """Whether pairs can be made now."""
        self.renew_button.setEnabled(is_ready)

    def _wait(self) -> None:
        self._put_off = self._count
        self.hide()


def _sentences(count: StaleCount) -> list[str]:
    total, gone = count.judged + count.unjudged, count.unjudged - count.renewable
    text = [
        ngettext(
            "{count:,} pair no longer matches its chunk, which was changed.",
            "{count:,} pairs no longer match their chunks, which were changed.", total,
        ).format(count=total)
    ]  # fmt: skip
    if count.judged:
        text.append(
            ngettext(
                "{count:,} of them you accepted or edited: it stays until you decide.",
                "{count:,} of them you accepted or edited: they stay until you decide.", count.judged,
            ).format(count=count.judged)
        )  # fmt: skip
    if gone:
        text.append(
            ngettext(
                "{count:,} cannot be made anew, because its chunk is gone or left out.",
                "{count:,} cannot be made anew, because their chunks are gone or left out.", gone,
            ).format(count=gone)
        )  # fmt: skip
    return text
