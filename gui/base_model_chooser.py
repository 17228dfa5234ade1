"""Which model to start from: the starter, one from this computer, a folder, or a name at Hugging Face."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import (
    QComboBox,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from gui import theme
from gui.icon import icon
from gui.quantity import say_count, say_size
from gui.shell import Shell
from services.errors import UserError
from services.machine import is_offline
from services.models.base import STARTER_NAME, BaseModelInfo, describe, find_base_model, local_models
from services.translation import _


class BaseModelChooser(QWidget):
    """A list that can also be typed into, with what is known of the choice below it.

    Signals:
        changed: another model is chosen, or more became known of it.
    """

    changed = Signal()

    def __init__(self, shell: Shell, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shell = shell
        self._known: dict[str, BaseModelInfo] = {}
        self._is_listed = False
        self.combo = QComboBox(editable=True, insertPolicy=QComboBox.InsertPolicy.NoInsert)
        self.combo.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.combo.setMinimumContentsLength(16)
        self.combo.setAccessibleName(_("Base model"))
        self.combo.lineEdit().setPlaceholderText(_("Hugging Face name, such as Qwen/Qwen3-1.7B"))
        self.combo.setToolTip(
            _("Choose a model of this computer, or type its name at Hugging Face. Models of 1.5 to 3 billion "
              "parameters are quick to work with.")
        )
        self.folder_button = QPushButton(icon("folder"), _("Folder…"))
        self.folder_button.setToolTip(_("Take a model from a folder of this computer"))
        self.label = QLabel(_("Base model"))
        self.label.setBuddy(self.combo)
        self.info = QLabel(wordWrap=True, textFormat=Qt.TextFormat.PlainText)
        self.info.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        # Two lines are reserved, so that another model does not move the form.
        self.info.setMinimumHeight(2 * self.info.fontMetrics().lineSpacing())
        self.info.setAlignment(Qt.AlignmentFlag.AlignTop)
        theme.set_role(self.info, "caption")

        row = QHBoxLayout()
        row.setSpacing(theme.GAP)
        row.addWidget(self.combo, 1)
        row.addWidget(self.folder_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self.label)
        column.addLayout(row)
        column.addWidget(self.info)

        self.folder_button.clicked.connect(self._choose_folder)
        self.combo.currentTextChanged.connect(self._describe)
        self._add(STARTER_NAME)

    def value(self) -> str:
        """A folder, a name at Hugging Face, or "starter"; empty where nothing is chosen."""
        place = self.combo.findText(self.combo.currentText())
        return self.combo.itemData(place) if place >= 0 else self.combo.currentText().strip()

    def set_value(self, name_or_folder: str) -> None:
        self._add(name_or_folder)
        self.combo.setCurrentIndex(self.combo.findData(name_or_folder))
        self.combo.lineEdit().setCursorPosition(0)

    def chosen(self) -> BaseModelInfo | None:
        """What is known of the choice; None for a model that is not on this computer."""
        value = self.value()
        if value not in self._known:
            try:
                self._known[value] = describe(find_base_model(value), value)
            except UserError:
                return None
        return self._known[value]

    def problem(self) -> str:
        """Why nothing can be trained on this choice, in one sentence; empty if it can be, or can be fetched."""
        value = self.value()
        if (info := self.chosen()) is not None:
            return info.why_not
        try:
            find_base_model(value)
        except UserError as error:
            can_be_fetched = value and not Path(value).expanduser().exists() and value.count("/") == 1
            return "" if can_be_fetched and not is_offline() else str(error)
        return ""

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if not self._is_listed:
            self._is_listed = True
            thread = self._shell.run_beside(lambda emit, cancelled: local_models())
            thread.succeeded.connect(self._list)

    def _list(self, models: list[BaseModelInfo]) -> None:
        for model in models:
            self._known[model.name] = model
            self._add(model.name)
        self._describe()
        self.combo.lineEdit().setCursorPosition(0)

    def _add(self, value: str) -> None:
        if value and self.combo.findData(value) < 0:
            self.combo.addItem(_("Starter model (comes along)") if value == STARTER_NAME else value, value)

    def _choose_folder(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, _("Folder of the base model"))
        if folder:
            self.set_value(folder)

    def _describe(self, _text: Any = None) -> None:
        problem, info = self.problem(), self.chosen()
        if problem:
            self.info.setText("")  # the form says it beside the button that it disables
        elif info is None:
            self.info.setText(_("Not on this computer: it is fetched from Hugging Face when training starts."))
        else:
            kind = _("instruct") if info.has_chat_template else _("base")
            parameters = _("{count} parameters").format(count=say_count(info.parameters))
            self.info.setText(" · ".join(filter(None, [say_size(info.size_bytes), parameters, kind, info.licence])))
        self.info.setToolTip(self.info.text())
        self.changed.emit()
