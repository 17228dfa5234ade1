"""Which model to start from: the last one, one that is typed, or one from the picker."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from gui import theme
from gui.base_model_picker import BaseModelPicker
from gui.base_model_row import Shelf
from gui.line_height import keep_lines
from gui.quantity import say_count, say_size
from gui.shell import Shell
from services.errors import UserError
from services.machine import is_offline
from services.models.base import STARTER_NAME, BaseModelInfo, describe, find_base_model
from services.models.card import INSTRUCT, kind_of
from services.models.recommended import RECOMMENDED
from services.translation import _

_LAST = "base_model/last"


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
        self.choose_button = QPushButton(_("Choose…"))
        self.choose_button.setAccessibleName(_("Choose a base model"))
        self.choose_button.setToolTip(_("Recommended models, those on this computer, a search, a folder; with what fits this computer"))
        self.picker: BaseModelPicker | None = None
        self.label = QLabel(_("Base model"))
        self.label.setBuddy(self.combo)
        self.info = QLabel(wordWrap=True, textFormat=Qt.TextFormat.PlainText)
        self.info.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        # Two lines are reserved, so that another model does not move the form.
        keep_lines(self.info, 2)
        self.info.setAlignment(Qt.AlignmentFlag.AlignTop)
        theme.set_role(self.info, "caption")

        row = QHBoxLayout()
        row.setSpacing(theme.GAP)
        row.addWidget(self.combo, 1)
        row.addWidget(self.choose_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addWidget(self.label)
        column.addLayout(row)
        column.addWidget(self.info)

        self.choose_button.clicked.connect(self.open_picker)
        self.combo.currentTextChanged.connect(self._describe)
        self.combo.activated.connect(self._remember)
        self.combo.lineEdit().editingFinished.connect(self._remember)
        self._add(STARTER_NAME)
        self._take_last()

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

    def open_picker(self) -> None:
        """Open the list of models, made when it is first wanted."""
        if self.picker is None:
            self.picker = BaseModelPicker(self._shell, self)
            self.picker.picked.connect(self._take_picked)
            self.picker.listed.connect(self._list)
        self.picker.show_for(self.value())

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if not self._is_listed:
            self._is_listed = True
            thread = self._shell.run_beside(lambda emit, cancelled: Shelf.look())
            thread.succeeded.connect(self._list)

    def _list(self, shelf: Shelf) -> None:
        chosen = self.value()
        self._known.clear()
        for place in reversed(range(self.combo.count())):
            # What was deleted is no longer offered.
            if (name := self.combo.itemData(place)) not in shelf.here and name != chosen and self._is_of_hub(name):
                self.combo.removeItem(place)
        for name in shelf.here:
            self._add(name)
        self._describe()
        self.combo.lineEdit().setCursorPosition(0)

    @staticmethod
    def _is_of_hub(name: str) -> bool:
        return name != STARTER_NAME and not Path(name).expanduser().is_dir()

    def _take_picked(self, name: str) -> None:
        self._known.pop(name, None)
        self.set_value(name)
        self._describe()
        self._remember()

    def _take_last(self) -> None:
        """What was chosen the last time, in whatever project, where it is still here."""
        last = str(self._shell.preferences.value(_LAST, ""))
        if last:
            try:
                find_base_model(last)
            except UserError:
                return
            self.set_value(last)

    def _remember(self, *_event: object) -> None:
        if self.value() and not self.problem():
            self._shell.preferences.setValue(_LAST, self.value())

    def _add(self, value: str) -> None:
        if value and self.combo.findData(value) < 0:
            self.combo.addItem(_("Starter model (comes along)") if value == STARTER_NAME else value, value)

    def _describe(self, _text: Any = None) -> None:
        problem, info = self.problem(), self.chosen()
        if problem:
            self.info.setText("")  # the form says it beside the button that it disables
        elif info is None:
            self.info.setText(_("Not on this computer: it is fetched from Hugging Face when training starts."))
        else:
            known = RECOMMENDED.get(self.value())
            kind = known.kind if known else kind_of(self.value(), info.has_chat_template)
            kind = _("instruct") if kind == INSTRUCT else _("base")
            parameters = _("{count} parameters").format(count=say_count(info.parameters))
            self.info.setText(" · ".join(filter(None, [say_size(info.size_bytes), parameters, kind, info.licence])))
        self.info.setToolTip(self.info.text())
        self.changed.emit()
