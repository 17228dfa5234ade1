"""Datasets as JSONL files: the one in the project's folder, and those that people bring and take away."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from services.errors import UserError
from services.knowledge_base.pairs import USABLE_STATES, NewPair
from services.knowledge_base.store import KnowledgeBase
from services.project import Project
from services.translation import _

_COLUMNS = (
    ("instruction", "output"),
    ("instruction", "response"),
    ("question", "answer"),
    ("prompt", "completion"),
    ("prompt", "response"),
    ("input", "output"),
)
_ROLES = {"user": "user", "human": "user", "assistant": "assistant", "gpt": "assistant", "model": "assistant"}
_WARNINGS_SHOWN = 50
_BATCH = 500  # rows per transaction


def write_dataset(project: Project, knowledge_base: KnowledgeBase, dataset: str) -> Path | None:
    """Write ``data/NAME.jsonl`` anew from the table of pairs.

    Returns:
        Where a file that was changed by hand has been put aside, or None.

    Raises:
        UserError: it cannot be written.
    """
    path = project.dataset_path(dataset)
    aside = None
    if path.exists() and not knowledge_base.is_as_written(dataset, path):
        aside = _free_name(path)
        try:
            path.replace(aside)
        except OSError as error:
            raise UserError(
                _("{path} was changed by hand and cannot be put aside ({reason}). Close it in other programs.").format(
                    path=path, reason=error.strerror
                )
            ) from error
    knowledge_base.write_jsonl(dataset, path)
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
        UserError: the dataset has no pairs, or the file cannot be written.
    """
    if path.is_dir():
        path = path / project.dataset_path(dataset).name
    with project.connect() as knowledge_base:
        if next(knowledge_base.usable_rows(dataset), None) is None:
            raise UserError(_("“{dataset}” has no pairs to export.").format(dataset=dataset))
        return knowledge_base.write_jsonl(dataset, path, is_chat=is_chat)


def import_pairs(project: Project, dataset: str, path: Path) -> list[str]:
    """Take over pairs from a JSONL file: instruction/output, question/answer, prompt/completion or chat messages.

    A pair that the dataset has already is left out. From the dataset's own file, or a version of it that was put aside,
    the dataset becomes what the file says: pairs that are no longer in it count as rejected.

    Returns:
        A sentence for every line that could not be used, and for what was left out.

    Raises:
        UserError: there is no such file, or no line of it could be used.
    """
    own = project.dataset_path(dataset)
    is_own = path.resolve().parent == own.resolve().parent and path.name.startswith(own.name)
    warnings: list[str] = []
    with project.connect() as knowledge_base:
        known = {
            (pair.instruction, pair.output): pair.id
            for pair in knowledge_base.pairs(knowledge_base.pair_ids(dataset, USABLE_STATES))
        }
        seen: set[tuple[str, str]] = set()
        new: list[NewPair] = []
        repeated = 0
        for number, line in _lines(path):
            try:
                instruction, output, left_out, turns = _read(line, is_own)
            except ValueError as error:
                warnings.append(_("Line {number}: {reason}").format(number=number, reason=error))
                continue
            if left_out:
                warnings.append(
                    _(
                        "Line {number}: only the first of its {count} exchanges was taken; the others lean on it."
                    ).format(number=number, count=left_out + 1)
                )
            repeated += (instruction, output) in seen or (not is_own and (instruction, output) in known)
            if (instruction, output) not in seen and (instruction, output) not in known:
                new.append(
                    NewPair(
                        instruction, output, state="edited" if is_own else "accepted", provider="import", turns=turns
                    )
                )  # fmt: skip
            seen.add((instruction, output))
        if not seen:
            raise UserError(
                _("{path} holds no pairs. Every line has to be a JSON object with “instruction” and “output”. {first}")
                .format(path=path, first=warnings[0] if warnings else "")
                .strip()
            )
        for start in range(0, len(new), _BATCH):
            knowledge_base.add_pairs(dataset, new[start : start + _BATCH])
        if is_own:
            knowledge_base.set_pair_state([pair_id for row, pair_id in known.items() if row not in seen], "rejected")
            knowledge_base.write_jsonl(dataset, own)
        else:
            write_dataset(project, knowledge_base, dataset)
    if repeated:
        warnings.append(_("{count} pairs were there already and were left out.").format(count=repeated))
    return warnings


def _free_name(path: Path) -> Path:
    names = (path.with_name(f"{path.name}.edited{suffix}") for suffix in ("", *(f"-{n}" for n in range(2, 10_000))))
    return next(name for name in names if not name.exists())


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """The lines with something on them, counted from 1."""
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                if number == 1:
                    line = line.removeprefix(b"\xef\xbb\xbf")
                if line.strip():
                    yield number, line
    except OSError as error:
        raise UserError(_("{path} cannot be read: {reason}.").format(path=path, reason=error.strerror)) from error


def _read(line: bytes, is_whole: bool) -> tuple[str, str, int, tuple[str, ...]]:
    """Question, answer, how many further exchanges the line has, and what is said in between.

    is_whole: a conversation is taken with all its turns.

    Raises: ValueError: it has no question with an answer.
    """
    try:
        row = json.loads(line.decode())
    except (UnicodeDecodeError, RecursionError):
        raise ValueError(_("it is not text in UTF-8.")) from None
    except ValueError:
        raise ValueError(_("it is not JSON.")) from None
    if not isinstance(row, dict):
        raise ValueError(_("it is not a JSON object."))
    turns = row.get("messages") or row.get("conversations")
    if isinstance(turns, list):
        return _exchange(turns, is_whole)
    for question, answer in _COLUMNS:
        if isinstance(row.get(question), str) and isinstance(row.get(answer), str):
            extra = row.get("input") if question == "instruction" else None
            asked = f"{row[question]}\n\n{extra}" if isinstance(extra, str) and extra.strip() else row[question]
            return *_whole(asked, row[answer]), 0, ()
    raise ValueError(_("it has no “instruction” and “output”."))


def _exchange(turns: list[Any], is_whole: bool) -> tuple[str, str, int, tuple[str, ...]]:
    """The first question with its answer of a conversation, and the number of exchanges after it."""
    said = [
        (_ROLES.get(str(turn.get("role") or turn.get("from"))), turn.get("content") or turn.get("value"))
        for turn in turns
        if isinstance(turn, dict)
    ]
    exchanges = [
        (question, answer)
        for (asker, question), (answerer, answer) in zip(said, said[1:])
        if asker == "user" and answerer == "assistant" and isinstance(question, str) and isinstance(answer, str)
    ]
    if not exchanges:
        raise ValueError(_("its messages hold no question that is followed by an answer."))
    spoken = [text for role, text in said if role]
    if is_whole and len(exchanges) > 1 and len(spoken) == 2 * len(exchanges):
        return *_whole(spoken[0], spoken[-1]), 0, tuple(spoken[1:-1])
    return *_whole(*exchanges[0]), len(exchanges) - 1, ()


def _whole(question: str, answer: str) -> tuple[str, str]:
    if not question.strip() or not answer.strip():
        raise ValueError(_("its question or its answer is empty."))
    return question.strip(), answer.strip()
