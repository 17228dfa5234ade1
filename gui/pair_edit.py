"""What a person does to pairs, each as one step that can be undone; the dataset's file follows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import QObject
from PySide6.QtGui import QUndoCommand

from gui.job_thread import JobThread
from gui.shell import Shell
from gui.thread_end import connect_end
from services.knowledge_base.store import KnowledgeBase
from services.sft_data.jsonl import write_dataset
from services.translation import _, ngettext


class SetPairState(QUndoCommand):
    """Accept, reject or rescue pairs."""

    def __init__(self, store: KnowledgeBase, ids: Sequence[int], state: str, changed: Callable[[], None]) -> None:
        titles = {
            "accepted": ngettext("accept {count} pair", "accept {count} pairs", len(ids)),
            "rejected": ngettext("reject {count} pair", "reject {count} pairs", len(ids)),
        }
        super().__init__(titles.get(state, ngettext("change {count} pair", "change {count} pairs", len(ids))).format(count=len(ids)))
        self._store, self._ids, self._state, self._changed = store, list(ids), state, changed
        self._before: defaultdict[str, list[int]] = defaultdict(list)
        for pair in store.pairs(self._ids):
            self._before[pair.state].append(pair.id)

    def redo(self) -> None:
        self._store.set_pair_state(self._ids, self._state)
        self._changed()

    def undo(self) -> None:
        for state, ids in self._before.items():
            self._store.set_pair_state(ids, state)
        self._changed()


class EditPair(QUndoCommand):
    """Another question or answer."""

    def __init__(self, store: KnowledgeBase, pair_id: int, instruction: str, output: str, changed: Callable[[], None]) -> None:
        """
        Raises:
            LookupError: the pair is gone.
        """
        super().__init__(_("edit a pair"))
        self._store, self._id, self._changed = store, pair_id, changed
        self._after = instruction, output
        pair = next(iter(store.pairs([pair_id])), None)
        if pair is None:
            raise LookupError(pair_id)
        self._before, self._state = (pair.instruction, pair.output), pair.state

    def redo(self) -> None:
        self._store.edit_pair(self._id, *self._after)
        self._changed()

    def undo(self) -> None:
        if self._store.original_pair(self._id) == self._before:
            self._store.restore_pair(self._id)
        else:
            self._store.edit_pair(self._id, *self._before)
        self._store.set_pair_state([self._id], self._state)
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
