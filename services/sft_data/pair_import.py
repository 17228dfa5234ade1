"""Pairs of other programs come into a dataset: first what would become of a file, then the pairs themselves."""

from __future__ import annotations

import hashlib
import itertools
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from services.errors import Cancelled, UserError
from services.file_name import check_name
from services.knowledge_base.pairs import USABLE_STATES, NewPair
from services.knowledge_base.store import KnowledgeBase
from services.project import Project
from services.sft_data.import_entry import Entry
from services.sft_data.import_file import read_pairs
from services.sft_data.jsonl import write_dataset
from services.translation import _, ngettext

_REASONS_KEPT = 50
_BATCH = 500  # rows per transaction
_FIRST = 20  # entries that a preview shows
_OFTEN = 2000  # entries between two words on how far it is

Tell = Callable[[float], None]  # the share of the file that is read, 0 to 1


class Imported(NamedTuple):
    """What came of an import.

    added: pairs that are new. repeated: those that were there already. unread: entries that could not be used.
    reasons: a sentence for each of the first of these. remarks: what else is to be known.
    """

    added: int
    repeated: int
    unread: int
    reasons: list[str]
    remarks: list[str]

    @property
    def warnings(self) -> list[str]:
        """All of it, for a list."""
        return [*_with_rest(self.reasons, self.unread), *self.remarks]


class Preview(NamedTuple):
    """What an import would do, as far as the file is read.

    share: of the file, 1 at the end. first: the first entries that would come in. added, repeated, unread, reasons: as
    in ``Imported``. left_out: pairs of the dataset that its own file has no more, which would count as rejected.
    """

    share: float
    first: tuple[Entry, ...]
    added: int
    repeated: int
    unread: int
    reasons: list[str]
    left_out: int = 0

    @property
    def warnings(self) -> list[str]:
        """Why entries cannot be used, for a list."""
        return _with_rest(self.reasons, self.unread)


def preview_import(
    project: Project, dataset: str, path: Path, cancelled: threading.Event | None = None
) -> Iterator[Preview]:
    """What ``import_pairs`` would do, said as soon as there is something to show, now and then, and at the end.

    Raises:
        UserError: as ``import_pairs``.
        Cancelled: nobody wants to know any more.
    """
    with project.connect(is_read_only=True) as knowledge_base:
        sorting = _Sorting(project, knowledge_base, dataset, path, cancelled)
        first: list[Entry] = []
        entries = sorting.new_entries()
        for number, entry in enumerate(entries, 1):
            if number <= _FIRST:
                first.append(entry)
            if number == _FIRST or number % _OFTEN == 0:
                yield sorting.preview(first)
        sorting.share = 1.0
        yield sorting.preview(first, len(sorting.left_out()))


def import_pairs(
    project: Project, dataset: str, path: Path, cancelled: threading.Event | None = None, tell: Tell | None = None
) -> Imported:
    """Take over pairs from a file: Alpaca, ShareGPT or chat messages as JSON or JSON lines, CSV, TSV, or our own.

    A pair that the dataset has already, or that a person rejected or edited there, is left out. From the dataset's own
    file, or a version of it that was put aside, the dataset becomes what the file says: pairs that are no longer in it
    count as rejected. An import that was killed can be begun again.

    Raises:
        UserError: there is no such file, nothing in it could be used, or the dataset got another name meanwhile.
        Cancelled: what was read until then is taken out again, but for pairs that a person has changed since.
    """
    with project.connect() as knowledge_base:
        sorting = _Sorting(project, knowledge_base, dataset, path, cancelled)
        dataset, had_it = sorting.dataset, knowledge_base.has_dataset(sorting.dataset)
        state = "edited" if sorting.is_own else "accepted"
        ids: list[int] = []
        is_begun = False
        entries = sorting.new_entries()
        try:
            while True:
                batch = list(itertools.islice(entries, _BATCH))
                with knowledge_base.transaction():
                    if is_begun and not knowledge_base.has_dataset(dataset):
                        raise UserError(
                            _("“{dataset}” was renamed or deleted while {file} was read. Import the rest into it again.").format(
                                dataset=dataset, file=path.name
                            )
                        )
                    ids += knowledge_base.add_pairs(dataset, [_pair(entry, state) for entry in batch])
                is_begun = True
                if tell is not None:
                    tell(sorting.share)
                if cancelled is not None and cancelled.is_set():
                    raise Cancelled
                if len(batch) < _BATCH:
                    break
        except Cancelled:
            knowledge_base.take_out_pairs(ids, state)
            if not had_it:
                knowledge_base.forget_empty(dataset)
            raise
        if sorting.is_own:
            knowledge_base.set_pair_state(sorting.left_out(), "rejected")
            knowledge_base.write_jsonl(dataset, sorting.own)
        else:
            write_dataset(project, knowledge_base, dataset)
    return Imported(len(ids), sorting.repeated, sorting.unread, sorting.reasons, sorting.remarks())


class _Sorting:
    """The entries of a file, beside the pairs that the dataset has.

    share: how much of the file is read.
    """

    def __init__(
        self, project: Project, knowledge_base: KnowledgeBase, dataset: str, path: Path, cancelled: threading.Event | None
    ) -> None:
        self.dataset = knowledge_base.spelling_of(check_name(dataset, _("dataset")))
        self.own = project.dataset_path(self.dataset)
        self.is_own = path.resolve().parent == self.own.resolve().parent and path.name.startswith(self.own.name)
        self.reasons: list[str] = []
        self.added = self.repeated = self.unread = self.prompts = 0
        self.share = 0.0
        self._path, self._cancelled = path, cancelled
        self._known: dict[bytes, int] = {}
        self._seen: set[bytes] = set()
        for pair_id, its_state, said, original in knowledge_base.said_pairs(self.dataset):
            if its_state in USABLE_STATES or (its_state == "rejected" and not self.is_own):
                self._known[_key(said)] = pair_id
                if original and not self.is_own:
                    self._known[_key(original)] = pair_id

    def new_entries(self) -> Iterator[Entry]:
        """Those that the dataset does not have, each once; the others are counted. Raises: UserError, Cancelled."""
        for found in read_pairs(self._path, self._tell):
            if self._cancelled is not None and self._cancelled.is_set():
                raise Cancelled
            if found.entry is None:
                self.unread += 1
                if self.unread <= _REASONS_KEPT:
                    self.reasons.append(_("{place}: {reason}").format(place=found.place, reason=found.reason))
                continue
            key = _key(found.entry.said)
            self.repeated += key in self._seen or (not self.is_own and key in self._known)
            if key not in self._seen and key not in self._known:
                self.added += 1
                self.prompts += bool(found.entry.system)
                self._seen.add(key)
                yield found.entry
            self._seen.add(key)
        if not self._seen:
            raise UserError(
                _(
                    "{path} holds no pairs. It has to be JSON or JSON lines with “instruction” and “output”, “messages” or "
                    "“conversations”, or a table whose first line names a column of questions and one of answers. {first}"
                ).format(path=self._path, first=self.reasons[0] if self.reasons else "").strip()
            )  # fmt: skip

    def left_out(self) -> list[int]:
        """Once all is read: the pairs that the dataset's own file has no more."""
        return [pair_id for key, pair_id in self._known.items() if key not in self._seen] if self.is_own else []

    def preview(self, first: list[Entry], left_out: int = 0) -> Preview:
        return Preview(self.share, tuple(first), self.added, self.repeated, self.unread, list(self.reasons), left_out)

    def remarks(self) -> list[str]:
        made = []
        if self.prompts:
            made.append(
                ngettext(
                    "{count:,} pair has a system prompt, which goes along when pairs are exported as chat messages; it is "
                    "not trained on.",
                    "{count:,} pairs have a system prompt, which goes along when pairs are exported as chat messages; it is "
                    "not trained on.",
                    self.prompts,
                ).format(count=self.prompts)
            )  # fmt: skip
        if self.repeated:
            made.append(
                ngettext(
                    "{count:,} pair was there already and was left out.", "{count:,} pairs were there already and were left out.",
                    self.repeated,
                ).format(count=self.repeated)
            )  # fmt: skip
        return made

    def _tell(self, share: float) -> None:
        self.share = share


def _pair(entry: Entry, state: str) -> NewPair:
    said = entry.said
    return NewPair(said[0], said[-1], state=state, provider="import", turns=said[1:-1], system=entry.system)


def _with_rest(reasons: list[str], unread: int) -> list[str]:
    more = unread - len(reasons)
    return [*reasons, *([_("{count:,} more could not be used.").format(count=more)] if more else [])]


def _key(said: tuple[str, ...]) -> bytes:
    """Sixteen bytes that stand for what is said: a hundred thousand of them are no burden."""
    return hashlib.blake2b("\0".join(said).encode("utf-8", "surrogatepass"), digest_size=16).digest()
