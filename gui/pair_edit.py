"""What a person does to pairs, each as one step that can be undone; the dataset's file follows."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QObject
from PySide6.QtGui import QUndoCommand

from gui.job_thread import JobThread
from gui.shell import Shell
from gui.thread_end import connect_end
from services.errors import UserError
from services.knowledge_base.pair_change import PairStates, Said
from services.knowledge_base.store import KnowledgeBase
from services.sft_data.jsonl import write_dataset
from services.translation import _, ngettext


class SetPairState(QUndoCommand):
    """Accept, reject or rescue pairs."""

    def __init__(self, store: KnowledgeBase, ids: Sequence[int], state: str, changed: Callable[[], None]) -> None:
        titles = {
            "accepted": ngettext("accept {count:,} pair", "accept {count:,} pairs", len(ids)),
            "rejected": ngettext("reject {count:,} pair", "reject {count:,} pairs", len(ids)),
        }
        title = titles.get(state, ngettext("change {count:,} pair", "change {count:,} pairs", len(ids)))
        super().__init__(title.format(count=len(ids)))
        self._store, self._ids, self._state, self._changed = store, ids, state, changed
        self._before: list[PairStates] = []

    def redo(self) -> None:
        self._before = self._store.set_pair_state(self._ids, self._state)
        self._changed()

    def undo(self) -> None:
        self._store.put_back_states(self._before)
        self._changed()


class _ChangePairs(QUndoCommand):
    """What a person makes of the texts of pairs; all of it comes back when it is undone.

    Raises:
        UserError: a pair is gone.
    """

    def __init__(self, title: str, store: KnowledgeBase, ids: Sequence[int], changed: Callable[[], None]) -> None:
        super().__init__(title)
        self._store, self._ids, self._changed = store, list(ids), changed
        self._before = store.pair_versions(self._ids)
        if len(self._before) < len(self._ids):
            raise UserError(_("This pair no longer exists."))

    def undo(self) -> None:
        self._store.put_versions(self._before)
        self._changed()


class EditPair(_ChangePairs):
    """Another question or answer."""

    def __init__(self, store: KnowledgeBase, pair_id: int, said: Said, changed: Callable[[], None]) -> None:
        super().__init__(_("edit a pair"), store, [pair_id], changed)
        self._said = said

    def redo(self) -> None:
        self._store.edit_pair(self._ids[0], self._said[0], self._said[-1], self._said[1:-1])
        self._changed()


class SplitPair(_ChangePairs):
    """Two pairs of one."""

    def __init__(self, store: KnowledgeBase, pair_id: int, first: Said, second: Said, changed: Callable[[], None]) -> None:
        super().__init__(_("split a pair"), store, [pair_id], changed)
        self._first, self._second = first, second
        self._new_id: int | None = None

    def redo(self) -> None:
        try:
            self._new_id = self._store.split_pair(self._ids[0], self._first, self._second, self._new_id)
        except UserError:  # its number has been given to another pair since it was undone
            self._new_id = self._store.split_pair(self._ids[0], self._first, self._second)
        self._changed()

    def undo(self) -> None:
        if self._new_id is not None:
            self._store.delete_pairs([self._new_id])
        super().undo()


class MergePairs(_ChangePairs):
    """One pair of several: the first one says it all, the others are left out."""

    def __init__(self, store: KnowledgeBase, ids: Sequence[int], said: Said, changed: Callable[[], None]) -> None:
        super().__init__(_("merge {count} pairs").format(count=len(ids)), store, ids, changed)
        self._said = said

    def redo(self) -> None:
        self._store.merge_pairs(self._ids, self._said)
        self._changed()


class DatasetFile(QObject):
    """Keeps ``data/NAME.jsonl`` in step with the table of pairs, in a thread; many changes make one writing."""

    def __init__(self, shell: Shell, parent: QObject) -> None:
        super().__init__(parent)
        self._shell = shell
        self._waiting: set[str] = set()
        self._writer: JobThread | None = None

    def write(self, dataset: str) -> None:
        """Write the file of this dataset anew, soon."""
        self._waiting.add(dataset)
        if self._writer is None:
            self._write_next()

    def write_now(self) -> None:
        """Write what is waiting, here and now: the project is about to be closed."""
        if self._writer is not None:
            self._writer.wait()
        for dataset in self._waiting:
            write_dataset(self._shell.project, self._shell.knowledge_base, dataset)
        self._waiting.clear()

    def _write_next(self, _outcome: object = None) -> None:
        self._writer = None
        if not self._waiting:
            return
        dataset, project = self._waiting.pop(), self._shell.project

        def write(_emit: object, _cancelled: object) -> Path | None:
            with project.connect() as store:
                return write_dataset(project, store, dataset)

        self._writer = self._shell.run_beside(write)
        self._writer.succeeded.connect(self._tell_aside)
        self._writer.failed.connect(self._complain)
        connect_end(self._writer, self._write_next)

    def _tell_aside(self, aside: Path | None) -> None:
        if aside is not None:
            text = _("The dataset's file had been changed by hand. That version is now {path}; import it to use it.")
            self._shell.notify("warning", text.format(path=aside), tab="generate")

    def _complain(self, error: Exception) -> None:
        self._shell.notify("error", str(error), tab="generate")
