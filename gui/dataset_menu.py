"""What a person does to a whole dataset: the menu beside the list of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMenu, QMessageBox, QToolButton

from gui.dataset_name_dialog import DatasetNameDialog
from gui.dataset_picker import DatasetPicker
from gui.icon import icon
from gui.job_thread import Event
from gui.quantity import say_when
from gui.shell import Shell
from gui.thread_end import connect_end
from services.errors import UserError
from services.file_name import check_name
from services.sft_data.dataset import (
    DAYS_KEPT,
    Tell,
    copy_dataset,
    delete_dataset,
    make_dataset,
    purge_datasets,
    rename_dataset,
    restore_dataset,
)
from services.translation import _, ngettext


class DatasetMenu(QToolButton):
    """New, duplicate, rename, delete, and what was deleted; works in threads and tells how it went in notices.

    Signals:
        began, ended: in between, a dataset changes as a whole, and its pairs must stay as they are.
        followed(str): the file of a renamed dataset has its new name, too.
    """

    began = Signal()
    ended = Signal()
    followed = Signal(str)

    def __init__(self, shell: Shell, picker: DatasetPicker) -> None:
        super().__init__(icon=icon("more"), popupMode=QToolButton.ToolButtonPopupMode.InstantPopup)
        self._shell, self._picker, self._store = shell, picker, shell.knowledge_base
        self.is_at_work = False
        self.setToolTip(_("Begin, duplicate, rename or delete a dataset"))
        self.setAccessibleName(_("Change the datasets"))
        self.setStyleSheet("QToolButton::menu-indicator { image: none; }")
        self._menu = menu = QMenu(self)
        menu.setToolTipsVisible(True)
        self.new_action = self._add("plus", _("New dataset…"), "Ctrl+Shift+N", self.ask_new)
        self.copy_action = self._add("copy", _("Duplicate…"), "Ctrl+Shift+D", self.ask_copy)
        self.rename_action = self._add("edit", _("Rename…"), "F2", self.ask_rename)
        menu.addSeparator()
        self.delete_action = self._add("delete", _("Delete…"), "Ctrl+Shift+Del", self.ask_delete)
        self.deleted_menu = menu.addMenu(icon("undo"), _("Bring back"))
        self.deleted_menu.triggered.connect(self._restore_chosen)
        menu.aboutToShow.connect(self._prepare)
        menu.aboutToHide.connect(self._enable)  # their keys ask for themselves
        self.setMenu(menu)
        project = shell.project
        shell.run_beside(lambda _emit, _cancelled: purge_datasets(project))

    def ask_new(self) -> None:
        self._ask(
            _("New dataset"), _("Pairs in another tone, or for another purpose, are kept apart. A model can be trained with each."),
            "", _("Begin"), self.make,
        )  # fmt: skip

    def ask_copy(self) -> None:
        if (name := self._current()) is not None:
            free = (f"{name}-{number}" for number in range(2, 10_000))
            proposal = next(other for other in free if self._store.spelling_of(other) == other and not self._store.has_dataset(other))
            self._ask(
                _("Duplicate “{dataset}”").format(dataset=name),
                _("The new dataset has the same pairs, with what you said of them. What becomes of one does not touch the other."),
                proposal, _("Duplicate"), lambda copy: self.copy(name, copy),
            )  # fmt: skip

    def ask_rename(self) -> None:
        if (name := self._current()) is not None:
            self._ask(
                _("Rename “{dataset}”").format(dataset=name),
                _("Its file in the folder “data” gets the new name, too. A model that has learnt from it keeps its own name."),
                name, _("Rename"), lambda new: self.rename(name, new), but=name,
            )  # fmt: skip

    def ask_delete(self) -> None:
        """Say what goes, and how long it can be had back."""
        if (name := self._current()) is None:
            return
        pairs, accepted = self._store.count_dataset(name)
        question = _("Delete the dataset “{dataset}”?").format(dataset=name)
        loss = [ngettext("{count:,} pair goes with it", "{count:,} pairs go with it", pairs).format(count=pairs)]
        if accepted:
            loss[0] += ", " + ngettext(
                "{count:,} of them accepted or edited by you", "{count:,} of them accepted or edited by you", accepted
            ).format(count=accepted)
        loss[0] += "."
        loss.append(_("The file data/{file} goes, too.").format(file=self._shell.project.dataset_path(name).name))
        loss.append(_("Models that have learnt from it stay. For {days} days it can be brought back, in this menu.").format(days=DAYS_KEPT))
        box = QMessageBox(QMessageBox.Icon.Question, question, question, QMessageBox.StandardButton.Cancel, self)
        box.setInformativeText(" ".join(loss))
        yes = box.addButton(_("Delete"), QMessageBox.ButtonRole.DestructiveRole)
        box.setDefaultButton(QMessageBox.StandardButton.Cancel)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        yes.clicked.connect(lambda: self.delete(name))
        box.open()

    def make(self, name: str) -> None:
        """Begin an empty dataset."""
        self._work(lambda saved, _aside: make_dataset(self._shell.project, name, saved), self._picker.setCurrentText)

    def copy(self, name: str, copy: str) -> None:
        """Begin one with the same pairs."""

        def tell(count: int) -> None:
            self._picker.setCurrentText(copy)
            text = ngettext(
                "“{copy}” has the {count:,} pair of “{dataset}”.", "“{copy}” has the {count:,} pairs of “{dataset}”.", count
            )
            self._say("success", text.format(copy=copy, count=count, dataset=name))

        self._work(lambda saved, aside: copy_dataset(self._shell.project, name, copy, saved, aside), tell)

    def rename(self, name: str, new: str) -> None:
        """Give a dataset another name."""

        self._work(
            lambda saved, aside: rename_dataset(self._shell.project, name, new, saved, aside),
            lambda _new: self._shell.dataset_renamed.emit(name, new), self.followed.emit,
        )  # fmt: skip

    def delete(self, name: str) -> None:
        """Delete a dataset; the news has the way back."""

        def tell(key: str) -> None:
            self._picker.setCurrentText(self._picker.first())
            text = _("The dataset “{dataset}” is deleted.").format(dataset=name)
            self._shell.notify("info", text, _("Bring it back"), lambda: self.restore(key), tab="generate")

        self._work(lambda saved, aside: delete_dataset(self._shell.project, name, saved, aside), tell)

    def restore(self, key: str) -> None:
        """Bring a deleted dataset back."""

        def tell(name: str) -> None:
            self._picker.setCurrentText(name)
            self._say("success", _("“{dataset}” is back, as it was.").format(dataset=name))

        self._work(lambda saved, aside: restore_dataset(self._shell.project, key, saved, aside), tell)

    def _work(
        self, change: Callable[[Tell, Tell], object], tell: Callable[[Any], object], tell_end: Callable[[Any], object] | None = None
    ) -> None:
        """One change at a time, in a thread. Its files may take seconds: it is told before they have followed."""
        if self.is_at_work:
            return
        self.is_at_work = True
        self.began.emit()
        self._shell.writes.finish()
        project = self._shell.project

        def work(emit: Callable[[Event], None], _cancelled: object) -> object:
            def saved(outcome: object) -> None:
                with project.connect(is_read_only=True) as store:
                    emit({"type": "saved", "outcome": outcome, "datasets": store.datasets()})

            return change(saved, lambda path: emit({"type": "aside", "path": path}))

        def take(events: list[Event]) -> None:
            for event in events:
                if event["type"] == "aside":
                    self._tell_aside(event["path"])
                    continue
                tell(event["outcome"])
                self._picker.show_datasets(event["datasets"])
                self.ended.emit()
                self._shell.changed("pair")

        thread = self._shell.run_beside(work)
        thread.events.connect(take)
        if tell_end is not None:
            thread.succeeded.connect(tell_end)
        thread.failed.connect(self._complain)
        connect_end(thread, self._finish)

    def _finish(self, _outcome: object = None) -> None:
        self.is_at_work = False
        self.ended.emit()
        self._shell.changed("pair", "run")

    def _tell_aside(self, path: Path) -> None:
        text = _("A file in the way, or changed by hand, was put aside: it is now {path}. Import it to use what is in it.")
        self._say("warning", text.format(path=path))

    def _complain(self, error: UserError) -> None:
        self._say("error", str(error))

    def _say(self, kind: str, text: str) -> None:
        self._shell.notify(kind, text, tab="generate")

    def _ask(
        self, title: str, explanation: str, name: str, ok_text: str, then: Callable[[str], None], but: str = ""
    ) -> None:
        def check(chosen: str) -> None:
            self._store.check_free(check_name(chosen, _("dataset")), but)

        dialog = DatasetNameDialog(title, explanation, name, ok_text, check, self)
        dialog.accepted.connect(lambda: None if dialog.name == but else then(dialog.name))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _current(self) -> str | None:
        """The chosen dataset, where it is one already."""
        try:
            name = self._picker.name()
        except UserError:
            return None
        return name if self._store.has_dataset(name) and not self.is_at_work else None

    def _enable(self, is_there: bool = True) -> None:
        for action in (self.copy_action, self.rename_action, self.delete_action):
            action.setEnabled(is_there)

    def _prepare(self) -> None:
        self._enable(self._current() is not None)
        self.deleted_menu.clear()
        for row in self._store.deleted_datasets():
            count = ngettext("{count:,} pair", "{count:,} pairs", row.pairs).format(count=row.pairs)
            when = _("deleted {when}").format(when=say_when(row.deleted_at))
            self.deleted_menu.addAction(" · ".join((row.name.replace("&", "&&"), count, when))).setData(row.key)
        self.deleted_menu.setEnabled(not self.deleted_menu.isEmpty() and not self.is_at_work)

    def _restore_chosen(self, action: QAction) -> None:
        self.restore(action.data())

    def _add(self, name: str, text: str, keys: str, slot: Callable[[], None]) -> QAction:
        action = self._menu.addAction(icon(name), text)
        action.setShortcut(QKeySequence(keys))
        action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        action.triggered.connect(slot)
        for widget in (self._picker, self):  # for its key
            widget.addAction(action)
        return action
