"""Another name for a final model: asked for, given in a thread."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QWidget

from gui.dataset_name_dialog import DatasetNameDialog
from gui.shell import Shell
from services.errors import UserError
from services.models.renaming import check_new_name, rename
from services.translation import _


class ModelRenaming(QObject):
    """
    Signals:
        changed: the runs are to be read anew.
    """

    changed = Signal()

    def __init__(self, shell: Shell, window: QWidget) -> None:
        """window: over which it asks."""
        super().__init__(window)
        self._shell, self._window = shell, window

    def ask(self, name: str) -> None:
        """Ask what the model is to be called."""
        project = self._shell.project
        dialog = DatasetNameDialog(
            _("Rename “{name}”").format(name=name),
            _("Chat and export show the new name, and a stopped training of it goes on under that. What was exported keeps its own."),
            name, _("Rename"), lambda new: check_new_name(project, name, new), self._window,
        )  # fmt: skip
        dialog.accepted.connect(lambda: self.rename(name, dialog.name))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def rename(self, name: str, new: str) -> None:
        """Give it the new name."""
        project = self._shell.project
        if name == new:
            return

        def tell(new: str) -> None:
            self._shell.model_renamed.emit(name, new)
            self._end()

        self._shell.models_wanted.emit()
        thread = self._shell.run_beside(lambda _emit, _cancelled: rename(project, name, new))
        thread.succeeded.connect(tell)
        thread.failed.connect(self._complain)

    def _end(self) -> None:
        self._shell.changed("model", "run")
        self.changed.emit()

    def _complain(self, error: UserError) -> None:
        self._shell.notify("error", str(error), tab="sft")
        self._end()
