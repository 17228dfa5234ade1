"""How the pairs of one run are divided among the styles."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QGridLayout, QLabel, QSpinBox, QVBoxLayout, QWidget

from gui import theme
from gui.requirement import Requirement
from services.sft_data.mix import share_out, write_mix
from services.sft_data.style import STYLES
from services.translation import _, ngettext

MOST = 100


class MixDialog(QDialog):
    """Accepted with at least two styles; ``mix`` is the setting then."""

    def __init__(self, mix: Mapping[str, int], pairs: int, parent: QWidget | None = None) -> None:
        """mix: the share of each style to begin with. pairs: how many there will be in all."""
        super().__init__(parent)
        self.setWindowTitle(_("Mix of styles"))
        self._pairs = pairs
        text = QLabel(_("Each style gets its share: with 3 and 1, three pairs of four are of the first. 0 leaves a style out."), wordWrap=True)
        theme.set_role(text, "caption")
        self.shares: dict[str, QSpinBox] = {}
        self.counts: dict[str, QLabel] = {}
        grid = QGridLayout()
        grid.setHorizontalSpacing(theme.PAD)
        grid.setVerticalSpacing(theme.GAP // 2)
        grid.setColumnStretch(2, 1)
        for row, style in enumerate(STYLES.values()):
            share, label, count = QSpinBox(maximum=MOST, value=mix.get(style.key, 0)), QLabel(style.label), QLabel()
            share.setAccessibleName(_("Share of {style}").format(style=style.label))
            share.setAccessibleDescription(style.help)
            for widget in (share, label):
                widget.setToolTip(style.help)
            share.setAlignment(Qt.AlignmentFlag.AlignRight)
            share.valueChanged.connect(self._look)
            label.setBuddy(share)
            theme.set_role(count, "caption")
            for column, widget in enumerate((label, share, count)):
                grid.addWidget(widget, row, column)
            self.shares[style.key], self.counts[style.key] = share, count
        self.need = Requirement()
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        self.take_button = self.buttons.button(QDialogButtonBox.StandardButton.Ok)
        self.take_button.setText(_("Take this mix"))
        theme.set_role(self.take_button, "primary")
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.PAD, theme.PAD, theme.PAD, theme.PAD)
        column.setSpacing(theme.GAP)
        column.addWidget(text)
        column.addLayout(grid)
        column.addStretch()
        column.addWidget(self.need)
        column.addWidget(self.buttons)
        metrics = self.fontMetrics()
        self.resize(metrics.averageCharWidth() * 60, self.sizeHint().height() + metrics.lineSpacing() * 2)
        self._look()

    @property
    def mix(self) -> str:
        return write_mix(self._mix())

    def _mix(self) -> dict[str, int]:
        return {key: share.value() for key, share in self.shares.items() if share.value()}

    def _look(self, _value: int = 0) -> None:
        mix = self._mix()
        counts = share_out(mix, self._pairs) if mix else {}
        for key, label in self.counts.items():
            count = counts.get(key, 0)
            label.setText(ngettext("{count:,} pair", "{count:,} pairs", count).format(count=count) if key in mix else "")
        self.need.show_need("" if len(mix) > 1 else _("A mix has at least two styles."))
        self.take_button.setEnabled(len(mix) > 1)
