"""What a person does to pairs, each as one step that can be undone; the dataset's file follows."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QObject

from gui.job_thread import JobThread
from gui.shell import Shell
from gui.store_command import StoreCommand
from gui.thread_end import connect_end
from services.errors import UserError
from services.knowledge_base.id_range import IdRanges
from services.knowledge_base.pair_change import PairStates, PairVersion, Said
from services.knowledge_base.store import KnowledgeBase
from services.records import Pair
from services.sft_data.jsonl import write_dataset
from services.translation import _, ngettext


class PairCommand(StoreCommand):
    """A change of pairs."""

    table = "pair"

    def __init__(self, shell: Shell, title: str, ids: Iterable[int]) -> None:
        super().__init__(shell, title, IdRanges(ids))

    def find_part(self, store: KnowledgeBase) -> str:
        """Their dataset, which may have another name by now."""
        first = next(iter(self._ids), 0)
        return next((pair.dataset for pair in store.pairs([first])), "")


class SetPairState(PairCommand):
    """Accept, reject or rescue pairs."""

    def __init__(self, shell: Shell, ids: Sequence[int], state: str) -> None:
        titles = {
            "accepted": ngettext("accept {count:,} pair", "accept {count:,} pairs", len(ids)),
            "rejected": ngettext("reject {count:,} pair", "reject {count:,} pairs", len(ids)),
        }
        title = titles.get(state, ngettext("change {count:,} pair", "change {count:,} pairs", len(ids)))
        super().__init__(shell, title.format(count=len(ids)), ids)
        self._state = state
        self._before: list[PairStates] = []

    def apply(self, store: KnowledgeBase) -> None:
        self._before = store.set_pair_state(self._ids, self._state)

    def take_back(self, store: KnowledgeBase) -> None:
        store.put_back_states(self._before)

    def preview(self, row: Pair) -> Pair:
        return replace(row, state=self._state, **({"reason": "", "is_stale": False} if self._state == "accepted" else {}))

    def preview_back(self, row: Pair) -> Pair:
        before = next((part for part in self._before if row.id in part.ids), None)
        return replace(row, state=before.state, reason=before.reason, is_stale=before.is_stale) if before else row


class _ChangePairs(PairCommand):
    """What a person makes of the texts of pairs; all of it comes back when it is undone."""

    _before: Sequence[PairVersion] = ()

    def apply(self, store: KnowledgeBase) -> None:
        with store.transaction():
            before = store.pair_versions(list(self._ids))
            if len(before) < len(self._ids):
                raise UserError(_("This pair no longer exists."))
            self.change(store)
        self._before = before

    def change(self, store: KnowledgeBase) -> None:
        """Make of them what the person wants."""
        raise NotImplementedError

    def take_back(self, store: KnowledgeBase) -> None:
        store.put_versions(self._before)


class EditPair(_ChangePairs):
    """Another question or answer."""

    def __init__(self, shell: Shell, pair_id: int, said: Said) -> None:
        super().__init__(shell, _("edit a pair"), [pair_id])
        self._pair_id, self._said = pair_id, said

    def change(self, store: KnowledgeBase) -> None:
        store.edit_pair(self._pair_id, self._said[0], self._said[-1], self._said[1:-1])

    def preview(self, row: Pair) -> Pair:
        return _saying(row, self._said)


class RestorePair(_ChangePairs):
    """What it said when it was made."""

    def __init__(self, shell: Shell, pair_id: int) -> None:
        super().__init__(shell, _("return to the original"), [pair_id])
        self._pair_id = pair_id

    def change(self, store: KnowledgeBase) -> None:
        store.restore_pair(self._pair_id)


class SplitPair(_ChangePairs):
    """Two pairs of one."""

    def __init__(self, shell: Shell, pair_id: int, first: Said, second: Said) -> None:
        super().__init__(shell, _("split a pair"), [pair_id])
        self._pair_id, self._first, self._second = pair_id, first, second
        self._new_id: int | None = None

    def change(self, store: KnowledgeBase) -> None:
        new_id = self._new_id if self._new_id is not None and not store.pairs([self._new_id]) else None
        self._new_id = store.split_pair(self._pair_id, self._first, self._second, new_id)

    def take_back(self, store: KnowledgeBase) -> None:
        with store.transaction():
            store.delete_pairs([self._new_id])
            super().take_back(store)

    def preview(self, row: Pair) -> Pair:
        return _saying(row, self._first)


class MergePairs(_ChangePairs):
    """One pair of several: the first one says it all, the others are left out."""

    def __init__(self, shell: Shell, ids: Sequence[int], said: Said) -> None:
        super().__init__(shell, _("merge {count} pairs").format(count=len(ids)), ids)
        self._in_order, self._said = list(ids), said

    def change(self, store: KnowledgeBase) -> None:
        store.merge_pairs(self._in_order, self._said)

    def preview(self, row: Pair) -> Pair:
        if row.id == self._in_order[0]:
            return _saying(row, self._said)
        return replace(row, state="rejected", reason="merged")


def _saying(pair: Pair, said: Said) -> Pair:
    return replace(pair, instruction=said[0], output=said[-1], turns=said[1:-1], state="edited", reason="", is_stale=False)


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
        """Save what is on its way and write what is waiting, here and now: the project is about to be closed."""
        self._shell.writes.finish()
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
