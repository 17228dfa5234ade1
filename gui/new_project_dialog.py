"""Name and place of a new project."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from gui import theme
from services.errors import UserError
from services.project import check_name, projects_folder
from services.translation import _


class NewProjectDialog(QDialog):
    """Asks for a name; says at once where the project will lie, or why it cannot."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(_("New project"))
        self._place = projects_folder()
        self.name = QLineEdit(placeholderText=_("for instance: my-bio-assistant"))
        self.name.textChanged.connect(self._judge)
        name_label = QLabel(_("&Name"))
        name_label.setBuddy(self.name)
        self._place_text = QLabel(wordWrap=True)
        self._place_text.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        change = QPushButton(_("Change…"))
        change.setAccessibleName(_("Change the folder that the project is kept in"))
        change.clicked.connect(self._choose_place)
        self._verdict = QLabel(wordWrap=True)
        theme.set_role(self._verdict, "caption")
        self._verdict.setMinimumHeight(self.fontMetrics().lineSpacing() * 2)
        self._verdict.setAlignment(Qt.AlignmentFlag.AlignTop)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.create_button = buttons.addButton(_("Create project"), QDialogButtonBox.ButtonRole.AcceptRole)
        theme.set_role(self.create_button, "primary")
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)

        place_row = QHBoxLayout()
        place_row.addWidget(self._place_text, 1)
        place_row.addWidget(change)
        grid = QGridLayout()
        grid.setHorizontalSpacing(theme.PAD)
        grid.setVerticalSpacing(theme.GAP)
        grid.setColumnStretch(1, 1)
        grid.addWidget(name_label, 0, 0)
        grid.addWidget(self.name, 0, 1)
        grid.addWidget(QLabel(_("Kept in")), 1, 0)
        grid.addLayout(place_row, 1, 1)
        grid.addWidget(self._verdict, 2, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.PAD, theme.PAD, theme.PAD, theme.PAD)
        column.setSpacing(theme.PAD)
        column.addLayout(grid)
        column.addWidget(buttons)
        self.setMinimumWidth(self.fontMetrics().averageCharWidth() * 70)
        self._judge()

    def folder(self) -> Path:
        """Where the project is to be made."""
        return self._place / self.name.text().strip()

    def _choose_place(self) -> None:
        if folder := QFileDialog.getExistingDirectory(self, _("Keep the project in"), str(self._place)):
            self._place = Path(folder)
            self._judge()

    def _judge(self) -> None:
        self._place_text.setText(str(self._place))
        name, verdict = self.name.text().strip(), ""
        if name:
            try:
                check_name(name, _("project"))
            except UserError as error:
                verdict = str(error)
            else:
                if self.folder().exists():
                    verdict = _("There is already something of that name in this folder.")
        self._verdict.setText(verdict)
        self.create_button.setEnabled(bool(name) and not verdict)
