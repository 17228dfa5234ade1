"""Training with more than one card, and on another machine: the choice above the start button and the menu beside it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import (
    QCheckBox,
    QDialog,
    QDialogButtonBox,
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QMenu,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from gui import theme
from gui.icon import icon
from gui.job_thread import JobThread
from gui.quantity import say_size
from gui.setting_fields import SettingForm
from gui.shell import Shell
from services.errors import UserError
from services.models.base import STARTER_NAME
from services.training.departure import folder_at_hand, leaves_in_words
from services.training.launch import graphics_card_count
from services.translation import _


class AllCards(QCheckBox):
    """“Use all 4 graphics cards”: one process for each. Only where there are several is any of that shown."""

    def __init__(self, form: SettingForm, parent: QWidget | None = None) -> None:
        self._count = graphics_card_count()
        super().__init__(_("Use all {count} graphics cards").format(count=self._count), parent)
        self._field, self._spread = form.fields["processes"], form.fields["spread_base"]
        self.setToolTip(self._field.setting.help)
        self._field.changed.connect(self._show_value)
        self.toggled.connect(self._choose)
        self._show_value()

    def _choose(self, is_all: bool) -> None:
        if is_all != (self._field.value() == self._count):
            self._field.set_value(self._count if is_all else 1)

    def _show_value(self) -> None:
        # What an old run was started with stays visible, also where it cannot be had.
        has_several = self._count > 1 or self._field.value() > 1
        self.setVisible(self._count > 1)
        self.setChecked(self._count > 1 and self._field.value() == self._count)
        self._field.set_visible(has_several)
        self._spread.set_visible(has_several)


class Elsewhere(QPushButton):
    """Takes a training to another machine, and its result home.

    Args:
        settings: those of the training in the form; raises a UserError.
        tell: is given the result that has come home.
    """

    def __init__(
        self, phase: str, shell: Shell, settings: Callable[[], dict[str, Any]], base_model: Callable[[], str],
        tell: Callable[[dict[str, Any]], None], parent: QWidget | None = None,
    ) -> None:  # fmt: skip
        super().__init__(_("Elsewhere"), parent)
        self._phase, self._shell, self._settings, self._base_model, self._tell = phase, shell, settings, base_model, tell
        self.setToolTip(_("Train on a machine with better cards, and bring the result back"))
        menu = QMenu(self)
        self.pack_action = menu.addAction(_("Train elsewhere…"), self.ask)
        self.bring_action = menu.addAction(_("Bring back a result…"), self._ask_for_result)
        self.setMenu(menu)

    def ask(self) -> None:
        """Ask where to and what to take along, then pack."""
        try:
            settings = self._settings()
        except UserError as error:
            self._shell.notify("error", str(error))
            return
        dialog = PackDialog(self._phase, self._base_model(), settings.get("dataset", ""), self._shell.project.exports_folder, self)
        dialog.accepted.connect(lambda: self.pack({**settings, **dialog.values()}))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def pack(self, settings: dict[str, Any]) -> JobThread | None:
        """Write the folder that trains elsewhere."""
        job = self._shell.start("pack", {**settings, "phase": self._phase}, _("Packing a training"))
        if job is not None:
            job.succeeded.connect(self._packed)
        return job

    def bring_back(self, source: Path) -> JobThread | None:
        """Take in what a packed training has come to."""
        job = self._shell.start("bring-back", {"from": str(source)}, _("Bringing back a result"))
        if job is not None:
            job.succeeded.connect(self._tell)
        return job

    def _ask_for_result(self) -> None:
        path, _filter = QFileDialog.getOpenFileName(
            self, _("The result of a training elsewhere"), "", _("Results (*.zip);;All files (*)")
        )
        if path:
            self.bring_back(Path(path))

    def _packed(self, result: dict[str, Any]) -> None:
        folder = result["path"]
        text = _("The training is in {path}; what to do with it stands in its README.md. {leaves}").format(
            path=folder, leaves=result["leaves"]
        )
        self._shell.notify(
            "success", text, _("Open folder"), lambda: QDesktopServices.openUrl(QUrl.fromLocalFile(folder)),
            tab=self._phase,
        )  # fmt: skip


class PackDialog(QDialog):
    """Where the folder goes, for which machines, and whether the base model goes along; and what leaves the house."""

    def __init__(self, phase: str, base_model: str, dataset: str, exports: Path, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(_("Train elsewhere"))
        self._phase, self._dataset = phase, dataset
        about = QLabel(
            _("This writes a folder with all that the training needs, for a machine of yours with better cards or a rented "
              "one. What to type there stands in it."), wordWrap=True,
        )  # fmt: skip
        self.folder = QLineEdit(placeholderText=str(exports))
        self.folder.setToolTip(_("A new folder. Empty: one with today's date in the project's exports"))
        choose = QPushButton(icon("folder"), _("Choose…"))
        choose.clicked.connect(self._choose_folder)
        self.cards, self.machines = QSpinBox(minimum=1, maximum=16), QSpinBox(minimum=1, maximum=64)
        self.with_base = QCheckBox(_("Take the base model along"))
        self._size = self._size_of(base_model)
        if self._size:
            self.with_base.setText(_("Take the base model along ({size})").format(size=say_size(self._size)))
        is_starter = base_model == STARTER_NAME  # which no other machine could fetch
        self.with_base.setChecked(is_starter)
        self.with_base.setEnabled(bool(self._size))
        self.with_base.setVisible(not is_starter)
        self.with_base.setToolTip(
            _("Without it, a model from Hugging Face is downloaded there, and one from a folder has to be copied by hand.")
        )
        self.leaves = QLabel(wordWrap=True)
        theme.set_role(self.leaves, "caption")
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Cancel)
        self.pack_button = buttons.addButton(_("Write the folder"), QDialogButtonBox.ButtonRole.AcceptRole)
        theme.set_role(self.pack_button, "primary")
        buttons.accepted.connect(self.accept)
        buttons.rejected.connect(self.reject)
        self.with_base.toggled.connect(self._say_what_leaves)

        place = QHBoxLayout()
        place.setSpacing(theme.GAP)
        place.addWidget(self.folder, 1)
        place.addWidget(choose)
        grid = QGridLayout()
        grid.setHorizontalSpacing(theme.PAD)
        grid.setVerticalSpacing(theme.GAP)
        grid.setColumnStretch(1, 1)
        rows = ((_("&Folder"), self.folder, place), (_("&Cards per machine"), self.cards, None), (_("&Machines"), self.machines, None))
        for row, (text, field, layout) in enumerate(rows):
            label = QLabel(text)
            label.setBuddy(field)
            field.setAccessibleName(text.replace("&", ""))
            grid.addWidget(label, row, 0)
            if layout is not None:
                grid.addLayout(layout, row, 1)
            else:
                field.setFixedWidth(field.fontMetrics().averageCharWidth() * 12)
                field.setAlignment(Qt.AlignmentFlag.AlignRight)
                grid.addWidget(field, row, 1)
        grid.addWidget(self.with_base, len(rows), 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.PAD, theme.PAD, theme.PAD, theme.PAD)
        column.setSpacing(theme.PAD)
        column.addWidget(about)
        column.addLayout(grid)
        column.addWidget(self.leaves)
        column.addStretch()
        column.addWidget(buttons)
        self.setMinimumWidth(self.fontMetrics().averageCharWidth() * 78)
        self._say_what_leaves()

    def values(self) -> dict[str, Any]:
        """What the job is to know beside the training's settings."""
        return {
            "to": self.folder.text().strip(), "with_base": self.with_base.isChecked(), "cards": self.cards.value(),
            "machines": self.machines.value(),
        }  # fmt: skip

    def _say_what_leaves(self) -> None:
        self.leaves.setText(leaves_in_words(self._phase, self._dataset, self.with_base.isChecked()))

    def _choose_folder(self) -> None:
        if folder := QFileDialog.getExistingDirectory(self, _("A new folder for the training"), self.folder.text()):
            self.folder.setText(folder)

    @staticmethod
    def _size_of(base_model: str) -> int:
        """Bytes of the base model's files; 0 where they are not on this computer."""
        try:
            folder = folder_at_hand(base_model) if base_model else None
        except UserError:
            return 0
        return sum(path.stat().st_size for path in folder.iterdir() if path.is_file()) if folder else 0
