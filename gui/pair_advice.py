"""What to do about a pair that was left out, beside it, with the button that does it where a setting would."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from gui import theme
from gui.mark import Mark
from services.records import Pair
from services.sft_data.advice import Advice, advise
from services.translation import _


class _Lines(QLabel):
    """The text fields around give way, not the lines of the advice."""

    def minimumSizeHint(self) -> QSize:
        return QSize(super().minimumSizeHint().width(), self.heightForWidth(self.width()))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.updateGeometry()


class PairAdvice(QWidget):
    """Takes no room beside a pair that is in use.

    Signals:
        settings_suggested(dict): take these settings of "generate".
        setting_wanted(str): the person is to write this one.
    """

    settings_suggested = Signal(object)
    setting_wanted = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._advice = Advice("")
        self._pair_id = 0
        self.text = _Lines(wordWrap=True, textFormat=Qt.TextFormat.PlainText)
        self.text.setAccessibleName(_("What to do about it"))
        theme.set_role(self.text, "caption")
        self.button = QPushButton()
        theme.set_role(self.button, "link")
        self.button.setToolTip(_("Changes the setting at the left; the next run uses it"))
        self.button.clicked.connect(self._act)
        inside = QVBoxLayout()
        inside.setSpacing(0)
        inside.addWidget(self.text)
        inside.addWidget(self.button, alignment=Qt.AlignmentFlag.AlignLeft)
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        row.addWidget(Mark("info", "accent"), alignment=Qt.AlignmentFlag.AlignTop)
        row.addLayout(inside, 1)
        self.hide()

    def show_pair(self, pair: Pair, settings: Mapping[str, Any], chunk_tokens: int | None = None) -> None:
        """Say what to do about this pair, with the settings as they are; nothing where it is in use.

        chunk_tokens: of its chunk, where that is known.
        """
        is_left_out = pair.state in ("rejected", "failed")
        self.setVisible(is_left_out)
        if not is_left_out or (pair.id == self._pair_id and not self.button.isVisibleTo(self)):
            return  # what was just done stays said
        self._pair_id = pair.id
        self._advice = advise(pair.reason or "person", settings, chunk_tokens)
        self.text.setText(self._advice.text)
        self.button.setText(self._advice.label)
        self.button.setVisible(bool(self._advice.label))

    def _act(self) -> None:
        if self._advice.key:
            self.setting_wanted.emit(self._advice.key)
            return
        self.settings_suggested.emit(dict(self._advice.changes))
        self.text.setText(_("Done: the next run uses it. What failed can be asked again in the report."))
        self.button.hide()
