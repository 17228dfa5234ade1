"""Removing a base model from this computer: asked first, with the projects that need it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QMessageBox, QWidget

from gui.base_model_row import ModelRow
from gui.quantity import say_size
from gui.recent_projects import RecentProjects
from gui.shell import Shell
from services.errors import UserError
from services.models.cache import delete_model, projects_using
from services.project import Project
from services.translation import _, ngettext


@dataclass(frozen=True, slots=True)
class _Use:
    """using, at_work: names of projects that need the model, and of those in which a job runs now."""

    row: ModelRow
    using: list[str]
    at_work: list[str]


class ModelDeletion(QObject):
    """
    Signals:
        deleted: a model is gone.
        refused(str): it is not, for the reason that the sentence gives.
    """

    deleted = Signal()
    refused = Signal(str)

    def __init__(self, shell: Shell, window: QWidget) -> None:
        super().__init__(window)
        self._shell, self._window = shell, window

    def ask(self, row: ModelRow) -> None:
        """Look who needs it, ask, and remove it."""
        folders = [*RecentProjects(self._shell.preferences).folders(), self._shell.project.folder]

        def look(_emit: object, _cancelled: object) -> _Use:
            using = projects_using(row.card.name, dict.fromkeys(folder.resolve() for folder in folders))
            at_work = [folder.name for folder in using if Project(folder).is_locked()]
            return _Use(row, [folder.name for folder in using], at_work)

        thread = self._shell.run_beside(look)
        thread.succeeded.connect(self._ask)

    def _ask(self, use: _Use) -> None:
        if use.at_work:
            self.refused.emit(_("“{project}” is at work with it. Delete it when that is done.").format(project=use.at_work[0]))
            return
        question = _("Delete {name} from this computer?").format(name=use.row.card.name)
        loss = _("{size} are free then. It can be downloaded again.").format(size=say_size(use.row.cached.size_bytes))
        if use.using:
            needed = ngettext(
                "The project {names} was trained on it: until it is downloaded again, its models cannot be trained "
                "further, merged or compared.",
                "The projects {names} were trained on it: until it is downloaded again, their models cannot be trained "
                "further, merged or compared.", len(use.using),
            )  # fmt: skip
            loss = needed.format(names=", ".join(f"“{project}”" for project in use.using)) + " " + loss
        box = QMessageBox(QMessageBox.Icon.Question, question, question, QMessageBox.StandardButton.Cancel, self._window)
        box.setInformativeText(loss)
        yes = box.addButton(_("Delete"), QMessageBox.ButtonRole.DestructiveRole)
        box.setDefaultButton(QMessageBox.StandardButton.Cancel)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        yes.clicked.connect(self._deleter(use.row.card.name))
        box.open()

    def _deleter(self, name: str) -> Callable[[], None]:
        def delete() -> None:
            thread = self._shell.run_beside(lambda _emit, _cancelled: delete_model(name))
            thread.succeeded.connect(self._tell_end)
            thread.failed.connect(self._tell_failure)

        return delete

    def _tell_end(self, _size_bytes: int) -> None:
        self.deleted.emit()

    def _tell_failure(self, error: UserError) -> None:
        self.refused.emit(str(error))
        self.deleted.emit()  # perhaps a part of it is gone
