"""Datasets as JSONL files: the one in the project's folder, and those that people bring and take away."""

from __future__ import annotations

import hashlib
import threading
from pathlib import Path
from typing import NamedTuple

from services.errors import Cancelled, UserError
from services.file_name import check_name
from services.knowledge_base.pairs import USABLE_STATES, NewPair
from services.knowledge_base.store import KnowledgeBase
from services.project import Project
from services.sft_data.import_file import read_pairs
from services.translation import _, ngettext

_REASONS_KEPT = 50
_BATCH = 500  # rows per transaction


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
        more = self.unread - len(self.reasons)
        rest = [_("{count:,} more could not be used.").format(count=more)] if more else []
        return [*self.reasons, *rest, *self.remarks]


def write_dataset(project: Project, knowledge_base: KnowledgeBase, dataset: str) -> Path | None:
    """Write ``data/NAME.jsonl`` anew from the table of pairs; nothing where there is no such dataset.

    Returns:
        Where a file that was changed by hand has been put aside, or None.

    Raises:
        UserError: it cannot be written.
    """
    path = project.dataset_path(dataset)
    aside = None
    if knowledge_base.has_dataset(dataset) and path.exists() and not knowledge_base.is_as_written(dataset, path):
        aside = put_aside(path)
    knowledge_base.write_jsonl(dataset, path)
    return aside


def put_aside(path: Path) -> Path:
    """Give a dataset's file that a person changed another name beside it, and return that.

    Raises:
        UserError: another program holds it.
    """
    aside = _free_name(path)
    try:
        path.replace(aside)
    except OSError as error:
        raise UserError(
            _("{path} was changed by hand and cannot be put aside ({reason}). Close it in other programs.").format(
                path=path, reason=error.strerror
            )
        ) from error
    return aside


def edited_by_hand(project: Project, dataset: str) -> bool:
    """Whether ``data/NAME.jsonl`` is not as the program left it, so that an import is to be offered."""
    path = project.dataset_path(dataset)
    if not path.exists():
        return False
    with project.connect(is_read_only=True) as knowledge_base:
        return not knowledge_base.is_as_written(dataset, path)


def export_pairs(project: Project, dataset: str, path: Path, *, is_chat: bool = False) -> int:
    """Write the pairs to train on to a file of the person's choice; returns their number.

    Args:
        path: a file, or a folder in which ``NAME.jsonl`` is made.
        is_chat: ``{"messages": [...]}`` lines instead of ``{"instruction", "output"}``.

    Raises:
        UserError: the dataset has no pairs, the file cannot be written, or it is the dataset's own and is_chat.
    """
    if path.is_dir():
        path = path / project.dataset_path(dataset).name
    if is_chat and path.resolve() == project.dataset_path(dataset).resolve():
        raise UserError(
            _("{file} is the dataset's own file, with instruction and output. Choose another name for the chat format.").format(
                file=path.name
            )
        )
    with project.connect() as knowledge_base:
        if next(knowledge_base.usable_rows(dataset), None) is None:
            raise UserError(_("“{dataset}” has no pairs to export.").format(dataset=dataset))
        return knowledge_base.write_jsonl(dataset, path, is_chat=is_chat)


def import_pairs(project: Project, dataset: str, path: Path, cancelled: threading.Event | None = None) -> Imported:
    """Take over pairs from a file: Alpaca, ShareGPT or chat messages as JSON or JSON lines, CSV, TSV, or our own.

    A pair that the dataset has already, or that a person rejected or edited there, is left out. From the dataset's own
    file, or a version of it that was put aside, the dataset becomes what the file says: pairs that are no longer in it
    count as rejected. An import that was interrupted can be begun again.

    Raises:
        UserError: there is no such file, nothing in it could be used, or the dataset got another name meanwhile.
        Cancelled: what was read until then is in.
    """
    check_name(dataset, _("dataset"))
    with project.connect() as knowledge_base:
        dataset = knowledge_base.spelling_of(dataset)
    own = project.dataset_path(dataset)
    is_own = path.resolve().parent == own.resolve().parent and path.name.startswith(own.name)
    state = "edited" if is_own else "accepted"
    reasons: list[str] = []
    remarks: list[str] = []
    repeated = unread = prompts = added = 0
    with project.connect() as knowledge_base:
        known: dict[bytes, int] = {}
        for pair_id, its_state, said, original in knowledge_base.said_pairs(dataset):
            if its_state in USABLE_STATES or (its_state == "rejected" and not is_own):
                known[_key(said)] = pair_id
                if original and not is_own:
                    known[_key(original)] = pair_id
        seen: set[bytes] = set()
        new: list[NewPair] = []

        is_begun = False

        def add() -> int:
            nonlocal is_begun
            with knowledge_base.transaction():
                if is_begun and not knowledge_base.has_dataset(dataset):
                    raise UserError(
                        _("“{dataset}” was renamed or deleted while {file} was read. Import the rest into it again.").format(
                            dataset=dataset, file=path.name
                        )
                    )
                is_begun = True
                return len(knowledge_base.add_pairs(dataset, new))

        for found in read_pairs(path):
            if cancelled is not None and cancelled.is_set():
                raise Cancelled
            if found.entry is None:
                unread += 1
                if unread <= _REASONS_KEPT:
                    reasons.append(_("{place}: {reason}").format(place=found.place, reason=found.reason))
                continue
            said = found.entry.said
            prompts += bool(found.entry.system)
            key = _key(said)
            repeated += key in seen or (not is_own and key in known)
            if key not in seen and key not in known:
                new.append(NewPair(said[0], said[-1], state=state, provider="import", turns=said[1:-1]))
                if len(new) == _BATCH:
                    added += add()
                    new.clear()
            seen.add(key)
        if not seen:
            raise UserError(
                _(
                    "{path} holds no pairs. It has to be JSON or JSON lines with “instruction” and “output”, “messages” or "
                    "“conversations”, or a table whose first line names a column of questions and one of answers. {first}"
                ).format(path=path, first=reasons[0] if reasons else "").strip()
            )  # fmt: skip
        added += add()
        if is_own:
            knowledge_base.set_pair_state([pair_id for row, pair_id in known.items() if row not in seen], "rejected")
            knowledge_base.write_jsonl(dataset, own)
        else:
            write_dataset(project, knowledge_base, dataset)
    if prompts:
        remarks.append(
            ngettext(
                "{count:,} pair had a system prompt, which was left out.", "{count:,} pairs had a system prompt, which was left out.",
                prompts,
            ).format(count=prompts)
        )  # fmt: skip
    if repeated:
        remarks.append(
            ngettext(
                "{count:,} pair was there already and was left out.", "{count:,} pairs were there already and were left out.",
                repeated,
            ).format(count=repeated)
        )  # fmt: skip
    return Imported(added, repeated, unread, reasons, remarks)


def _key(said: tuple[str, ...]) -> bytes:
    """Sixteen bytes that stand for what is said: a hundred thousand of them are no burden."""
    return hashlib.blake2b("\0".join(said).encode("utf-8", "surrogatepass"), digest_size=16).digest()


def _free_name(path: Path) -> Path:
    names = (path.with_name(f"{path.name}.edited{suffix}") for suffix in ("", *(f"-{n}" for n in range(2, 10_000))))
    return next(name for name in names if not name.exists())
