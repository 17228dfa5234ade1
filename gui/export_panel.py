"""Take a model along: as Safetensors or GGUF, into a folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import (
    QButtonGroup,
    QComboBox,
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QRadioButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from gui import theme
from gui.icon import icon
from gui.job_thread import JobThread
from gui.mark import Mark
from gui.project_model import project_models
from gui.requirement import Requirement
from gui.shell import Outcome, Shell
from services.settings import declared
from services.translation import _

FORMATS = (
    ("safetensors", _("Safetensors"), _("for Hugging Face tools")),
    ("gguf", _("GGUF"), _("for Ollama, LM Studio")),
)
QUANTIZATIONS = {
    "Q4_K_M": _("Q4_K_M: small, good for most"),
    "Q5_K_M": _("Q5_K_M: a little larger and better"),
    "Q6_K": _("Q6_K: nearly exact"),
    "Q8_0": _("Q8_0: exact for practical purposes"),
    "Q4_0": _("Q4_0: small, for old programs"),
    "F16": _("F16: exact, large"),
    "BF16": _("BF16: exact, large"),
    "F32": _("F32: exact, twice as large again"),
}


class ExportPanel(QWidget):
    """Which model, which format, where to; and where the last one lies."""

    def __init__(self, shell: Shell, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shell = shell
        self._last: Path | None = None
        self.model = QComboBox()
        self.formats = QButtonGroup(self)
        self.quantization = QComboBox()
        for box in (self.model, self.quantization):
            box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
            box.setMinimumContentsLength(24)
        self.quantization.setToolTip(declared("export", "quantization").help)
        for name in declared("export", "quantization").choices:
            self.quantization.addItem(QUANTIZATIONS.get(name, name), name)
        self.folder = QLineEdit(placeholderText=str(shell.project.exports_folder))
        self.folder.setToolTip(_("Empty: a new folder with today's date in the project's exports"))
        self.choose_button = QPushButton(icon("folder"), _("Choose…"))
        self.export_button = QPushButton(icon("export", "accent"), _("Export"))
        self.need = Requirement()
        self.done_mark, self.done_text = Mark("success", "success"), QLabel(wordWrap=True, textFormat=Qt.TextFormat.PlainText)
        self.done_text.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.open_button = QPushButton(icon("folder"), _("Open folder"))
        self._lay_out()
        self.formats.idToggled.connect(self._show_format)
        self.choose_button.clicked.connect(self._choose_folder)
        self.export_button.clicked.connect(self.export)
        self.open_button.clicked.connect(self._open_folder)
        shell.project_changed.connect(self._project_changed)
        shell.model_renamed.connect(self._model_renamed)
        shell.job_started.connect(self._job_changed)
        shell.job_ended.connect(self._job_changed)
        self._show_format()
        self._show_done()
        self.refresh()

    def export(self) -> JobThread | None:
        """Start the export of the chosen model."""
        format_ = FORMATS[self.formats.checkedId()][0]
        settings: dict[str, Any] = {"model": self.model.currentData(), "format": format_}
        if format_ == "gguf":
            settings["quantization"] = self.quantization.currentData()
        if target := self.folder.text().strip():
            settings["to"] = target
        job = self._shell.start("export", settings, _("Exporting “{model}”").format(model=self.model.currentText()))
        if job is not None:
            job.succeeded.connect(self._finish)
        return job

    def refresh(self) -> None:
        """Look which final models there are."""
        chosen = self.model.currentData() or "final"
        self.model.clear()
        for model in project_models(self._shell.project, self._shell.knowledge_base.revision()):
            if model.is_final:
                self.model.addItem(model.label, model.name)
        self.model.setCurrentIndex(max(0, self.model.findData(chosen)))
        has_models = self.model.count() > 0
        self.need.show_need("" if has_models else _("No final model yet: it is made by the training at the left."))
        self.model.setEnabled(has_models)
        self.export_button.setEnabled(has_models and not self._shell.is_busy)

    def _finish(self, result: dict[str, Any]) -> None:
        path = Path(result["path"])
        self._last = path
        self._show_done()
        folder = path if path.is_dir() else path.parent
        self._shell.notify(
            "success", " ".join([_("The model is in {path}.").format(path=path), result.get("verified", "")]), _("Open folder"),
            lambda: QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder))), tab="sft",
        )  # fmt: skip

    def _show_done(self) -> None:
        exports = self._shell.project.exports_folder
        if self._last is None and exports.is_dir():
            self._last = max(exports.iterdir(), key=lambda path: path.stat().st_mtime, default=None)
        has_one = self._last is not None
        if has_one:
            self.done_text.setText(_("Last export: {path}").format(path=self._last))
        for widget in (self.done_mark, self.done_text, self.open_button):
            widget.setVisible(has_one)

    def _show_format(self, *_toggled: object) -> None:
        is_gguf = self.formats.checkedId() == 1
        self.quantization.setEnabled(is_gguf)
        self.quantization_label.setEnabled(is_gguf)

    def _choose_folder(self) -> None:
        if folder := QFileDialog.getExistingDirectory(self, _("Where to export"), str(self._shell.project.exports_folder)):
            self.folder.setText(folder)

    def _open_folder(self) -> None:
        if self._last is not None:
            folder = self._last if self._last.is_dir() else self._last.parent
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder)))

    def _model_renamed(self, name: str, new: str) -> None:
        """What is chosen stays chosen."""
        if (place := self.model.findData(name)) >= 0:
            self.model.setItemData(place, new)

    def _project_changed(self, tables: frozenset[str]) -> None:
        if "model" in tables:
            self.refresh()

    def _job_changed(self, _outcome: Outcome | JobThread) -> None:
        self.export_button.setEnabled(self.model.count() > 0 and not self._shell.is_busy)

    def _lay_out(self) -> None:
        grid = QGridLayout()
        grid.setHorizontalSpacing(theme.PAD)
        grid.setVerticalSpacing(theme.GAP)
        grid.setColumnStretch(2, 1)
        model_label, format_label, folder_label = QLabel(_("Model")), QLabel(_("Format")), QLabel(_("Where to"))
        self.quantization_label = QLabel(_("Size"))
        model_label.setBuddy(self.model)
        self.quantization_label.setBuddy(self.quantization)
        folder_label.setBuddy(self.folder)
        grid.addWidget(model_label, 0, 0)
        grid.addWidget(self.model, 0, 1, Qt.AlignmentFlag.AlignLeft)
        grid.addWidget(format_label, 1, 0, Qt.AlignmentFlag.AlignTop)
        choices = QVBoxLayout()
        choices.setSpacing(2)
        for number, (_key, name, use) in enumerate(FORMATS):
            button = QRadioButton(f"{name} ({use})")
            self.formats.addButton(button, number)
            choices.addWidget(button)
        self.formats.button(0).setChecked(True)
        grid.addLayout(choices, 1, 1, 1, 2)
        grid.addWidget(self.quantization_label, 2, 0)
        grid.addWidget(self.quantization, 2, 1, Qt.AlignmentFlag.AlignLeft)
        grid.addWidget(folder_label, 3, 0)
        place = QHBoxLayout()
        place.setSpacing(theme.GAP)
        place.addWidget(self.folder, 1)
        place.addWidget(self.choose_button)
        grid.addLayout(place, 3, 1, 1, 2)
        grid.addWidget(self.export_button, 4, 1, Qt.AlignmentFlag.AlignLeft)
        done = QHBoxLayout()
        done.setSpacing(theme.GAP)
        done.addWidget(self.done_mark)
        done.addWidget(self.done_text, 1)
        done.addWidget(self.open_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, theme.PAD, 0, 0)
        column.setSpacing(theme.PAD)
        column.addLayout(grid)
        column.addWidget(self.need)
        column.addStretch()
        column.addLayout(done)
