"""Deleting what runs left in the project: asked first, had back for some days, removed for good."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QMessageBox, QWidget

from gui.job_thread import JobThread, Work
from gui.quantity import say_size
from gui.shell import Shell
from services.errors import UserError
from services.models.removal import DAYS_KEPT, Deleted, delete, empty, restore, sweep
from services.models.stored import Stored, consequences, label
from services.translation import _, ngettext


class RunDeletion(QObject):
    """Works in threads and tells how it went in notices.

    Signals:
        changed: what the project holds is to be looked at anew.
    """

    changed = Signal()

    def __init__(self, phase: str, shell: Shell, window: QWidget) -> None:
        """phase: whose tab shows the notices; window: over which it asks."""
        super().__init__(window)
        self._phase, self._shell, self._window = phase, shell, window
        project = shell.project
        shell.run_beside(lambda _emit, _cancelled: sweep(project))

    def ask(self, parts: Sequence[Stored]) -> None:
        """Say what goes, what rests on it and how much room that is, and ask."""
        project, parts = self._shell.project, list(parts)
        thread = self._shell.run_beside(lambda _emit, _cancelled: (parts, consequences(project, parts)))
        thread.succeeded.connect(self._ask)

    def delete(self, parts: Sequence[Stored]) -> None:
        """Delete these; the news has the way back."""
        project, parts = self._shell.project, list(parts)
        size = say_size(sum(part.size_bytes for part in parts))

        def tell(keys: list[str]) -> None:
            text = ngettext(
                "Deleted: {names}. {size} are free when you remove it for good under “Deleted”, or in {days} days.",
                "Deleted: {names}. {size} are free when you remove them for good under “Deleted”, or in {days} days.",
                len(parts),
            ).format(names=_names(parts), size=size, days=DAYS_KEPT)  # fmt: skip
            back = _("Bring it back") if len(parts) == 1 else _("Bring them back")
            self._shell.notify("info", text, back, lambda: self.restore(keys), tab=self._phase)

        self._shell.models_wanted.emit()
        self._work(lambda _emit, _cancelled: delete(project, parts)).succeeded.connect(tell)

    def restore(self, keys: Sequence[str]) -> None:
        """Bring back what was deleted."""
        project, keys = self._shell.project, list(keys)

        def tell(names: list[str]) -> None:
            text = ngettext("Back again: models/{names}.", "Back again: models/{names}.", len(names))
            self._shell.notify("success", text.format(names=", models/".join(names)), tab=self._phase)

        def work(_emit: object, _cancelled: object) -> list[str]:
            return [restore(project, key).relative_to(project.models_folder).as_posix() for key in keys]

        self._work(work).succeeded.connect(tell)

    def ask_empty(self, gone: Sequence[Deleted]) -> None:
        """Ask once more before what was deleted is removed for good."""
        keys, size = [each.key for each in gone], say_size(sum(each.size_bytes for each in gone))
        text = ngettext(
            "{count} deleted model or checkpoint cannot be brought back then.",
            "{count} deleted models and checkpoints cannot be brought back then.", len(gone),
        )  # fmt: skip
        box = self._box(_("Free {size} now?").format(size=size), text.format(count=len(gone)))
        box.addButton(_("Remove for good"), QMessageBox.ButtonRole.DestructiveRole).clicked.connect(lambda: self.empty(keys))
        box.open()

    def empty(self, keys: Sequence[str]) -> None:
        """Remove for good what was deleted."""
        project = self._shell.project

        def tell(freed: int) -> None:
            self._shell.notify("success", _("{size} are free again.").format(size=say_size(freed)), tab=self._phase)

        self._work(lambda _emit, _cancelled: empty(project, keys)).succeeded.connect(tell)

    def _ask(self, answer: tuple[list[Stored], list[str]]) -> None:
        parts, texts = answer
        size = say_size(sum(part.size_bytes for part in parts))
        kept = _("For {days} days it can be brought back, under “Deleted”, where the room can also be freed at once. The run stays in this "
                 "list, with its settings and curves.")  # fmt: skip
        box = self._box(
            _("Delete {names} ({size})?").format(names=_names(parts), size=size), "\n\n".join([*texts, kept.format(days=DAYS_KEPT)])
        )
        box.addButton(_("Delete"), QMessageBox.ButtonRole.DestructiveRole).clicked.connect(lambda: self.delete(parts))
        box.open()

    def _box(self, question: str, text: str) -> QMessageBox:
        box = QMessageBox(QMessageBox.Icon.Question, question, question, QMessageBox.StandardButton.Cancel, self._window)
        box.setInformativeText(text)
        box.setDefaultButton(QMessageBox.StandardButton.Cancel)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        return box

    def _work(self, work: Work) -> JobThread:
        thread = self._shell.run_beside(work)
        thread.succeeded.connect(self._end)
        thread.failed.connect(self._complain)
        return thread

    def _end(self, _outcome: object) -> None:
        self._shell.changed("model", "run")
        self.changed.emit()

    def _complain(self, error: UserError) -> None:
        self._shell.notify("error", str(error), tab=self._phase)
        self._end(None)  # perhaps a part of it is gone


def _names(parts: Sequence[Stored]) -> str:
    return ", ".join(label(part) for part in parts)
