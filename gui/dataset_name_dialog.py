"""Asks what a dataset is to be called, and says at once why it cannot be called that."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QDialog, QDialogButtonBox, QLabel, QLineEdit, QVBoxLayout, QWidget

from gui import theme
from gui.requirement import Requirement
from services.errors import UserError
from services.translation import _


class DatasetNameDialog(QDialog):
    """Accepted with a name that is free; ``name`` is it then."""

    def __init__(
        self, title: str, explanation: str, name: str, ok_text: str, check: Callable[[str], object],
        parent: QWidget | None = None,
    ) -> None:  # fmt: skip
        """check: raises a UserError where the name cannot be taken."""
        super().__init__(parent)
        self._check = check
        self.setWindowTitle(title)
        text = QLabel(explanation, wordWrap=True)
        theme.set_role(text, "caption")
        self.field = QLineEdit(name)
        self.field.selectAll()
        label = QLabel(_("&Name"))
        label.setBuddy(self.field)
        self.field.setAccessibleName(_("Name"))
        self.field.setAccessibleDescription(explanation)
        self.need = Requirement()
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        self.ok_button = self.buttons.button(QDialogButtonBox.StandardButton.Ok)
        self.ok_button.setText(ok_text)
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        self.field.textChanged.connect(self._look)
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.PAD, theme.PAD, theme.PAD, theme.PAD)
        column.setSpacing(theme.GAP)
        for widget in (text, label, self.field, self.need):
            column.addWidget(widget)
        column.addStretch()
        column.addWidget(self.buttons)
        metrics = self.fontMetrics()
        self.resize(metrics.averageCharWidth() * 56, metrics.lineSpacing() * 12)
        self._look()

    @property
    def name(self) -> str:
        return self.field.text().strip()

    def _look(self, _text: str = "") -> None:
        problem = ""
        if self.name:
            try:
                self._check(self.name)
            except UserError as error:
                problem = str(error)
        self.need.show_need(problem)
        self.ok_button.setEnabled(bool(self.name) and not problem)
