"""What a person does to a dataset as a whole: begin, copy, rename, delete and bring back, with all that knows its name.

Each is one transaction in the database, which notes what is to follow: the dataset's file, the settings of the runs that
made pairs for it, a stopped training that learns from it. A program that is ended in between does that when the project
is opened the next time.

``saved`` is called in between, with what is returned in the end: files of many pairs take seconds to be written. ``aside``
is called with every file that was in the way, or had been changed by hand, and has been put aside.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from services.errors import UserError
from services.file_name import check_name
from services.knowledge_base.dataset import PUT_AWAY, Move
from services.knowledge_base.store import KnowledgeBase
from services.project import Project
from services.sft_data.jsonl import put_aside, write_dataset
from services.training.checkpoint import interrupted_on, rename_in_records, write_json
from services.translation import _, ngettext

DAYS_KEPT = 30  # that a deleted one can be brought back

Tell = Callable[[Any], object]


def _nobody(_outcome: object) -> None:
    """Who is not interested."""


def make_dataset(project: Project, name: str, saved: Tell = _nobody) -> str:
    """Begin an empty dataset; returns its name.

    Raises:
        UserError: it cannot be called that, or there is one.
    """
    with project.connect() as knowledge_base:
        knowledge_base.make_dataset(_checked(name))
    saved(name)
    return name


def copy_dataset(project: Project, name: str, copy: str, saved: Tell = _nobody, aside: Tell = _nobody) -> int:
    """Begin a dataset with the pairs of another; returns their number.

    Raises:
        UserError: there is no such dataset, the copy cannot be called that, or the disk is full.
    """
    follow(project, aside)
    with project.connect() as knowledge_base:
        count = knowledge_base.copy_dataset(name, _checked(copy))
    saved(count)
    follow(project, aside)
    return count


def rename_dataset(project: Project, name: str, new: str, saved: Tell = _nobody, aside: Tell = _nobody) -> str:
    """Give a dataset another name; a stopped training that learns from it goes on with that. Returns the new name.

    Raises:
        UserError: there is no such dataset, it cannot be called that, or something is at work in the project.
    """
    follow(project, aside)
    with project.lock(_("the renaming")), project.lock_dataset(name):
        with project.connect() as knowledge_base:
            knowledge_base.rename_dataset(name, _checked(new))
        saved(new)
        follow(project, aside)
    return new


def delete_dataset(project: Project, name: str, saved: Tell = _nobody, aside: Tell = _nobody) -> str:
    """Delete a dataset and its file; for thirty days ``restore_dataset`` brings it back. A file that was changed by
    hand is put aside.

    Returns:
        The key for ``restore_dataset``.

    Raises:
        UserError: there is no such dataset, a stopped training learns from it, or something is at work in the project.
    """
    follow(project, aside)
    with project.lock(_("the deletion")), project.lock_dataset(name):
        if models := interrupted_on(project.checkpoints_folder, name):
            raise UserError(
                ngettext(
                    "The stopped training of {models} learns from “{dataset}” and could not go on without it. Let it go on "
                    "to its end, or start it anew with another dataset, then delete this one.",
                    "The stopped trainings of {models} learn from “{dataset}” and could not go on without it. Let them go "
                    "on to their end, or start them anew with another dataset, then delete this one.", len(models),
                ).format(models=", ".join(f"“{model}”" for model in models), dataset=name)
            )  # fmt: skip
        with project.connect() as knowledge_base:
            key = knowledge_base.put_away(name)
        saved(key)
        follow(project, aside)
    return key


def restore_dataset(project: Project, key: str, saved: Tell = _nobody, aside: Tell = _nobody) -> str:
    """Bring a deleted dataset back as it was; returns its name, with a number where that name is taken by now.

    Raises:
        UserError: it is gone for good, or the disk is full.
    """
    follow(project, aside)
    with project.connect() as knowledge_base:
        name = knowledge_base.restore_dataset(key)
    saved(name)
    follow(project, aside)
    return name


def purge_datasets(project: Project) -> int:
    """Remove for good what was deleted more than thirty days ago; returns how many datasets."""
    before = datetime.now(UTC) - timedelta(days=DAYS_KEPT)
    with project.connect() as knowledge_base:
        return knowledge_base.purge_datasets(before.strftime("%Y-%m-%dT%H:%M:%SZ"))


def follow(project: Project, aside: Tell = _nobody) -> None:
    """Let files, runs and stopped trainings follow the names in the database, where they have not; done twice, it is as
    done once.

    Raises:
        UserError: a file cannot be moved or written; what is left is done the next time.
    """
    with project.connect() as knowledge_base:
        for move in knowledge_base.open_moves():
            _move_file(project, knowledge_base, move, aside)
            try:
                _move_in_runs(project, move)
                if _is_name(move.before) and _is_name(move.after):
                    rename_in_records(project.checkpoints_folder, move.before, move.after)
            except OSError as error:
                raise UserError(
                    _("What was made with “{dataset}” cannot be noted under its new name ({reason}). Make room; it is done "
                      "when the project is opened the next time.").format(dataset=move.before, reason=error.strerror or error)
                ) from error  # fmt: skip
            knowledge_base.end_move(move)


def _move_file(project: Project, knowledge_base: KnowledgeBase, move: Move, aside: Tell) -> None:
    new = project.dataset_path(move.after) if _is_name(move.after) else None
    if _is_name(move.before) and not knowledge_base.has_dataset(move.before):
        old = project.dataset_path(move.before)
        try:
            if old.exists() and new is not None:
                # In other capitals it is the same file on most systems.
                if new.exists() and not new.samefile(old) and not knowledge_base.is_as_written(move.after, new):
                    aside(put_aside(new))
                old.replace(new)
            elif old.exists() and not knowledge_base.is_as_written(move.after, old):
                aside(put_aside(old))
            else:
                old.unlink(missing_ok=True)
        except FileNotFoundError:
            pass  # another process did it at the same moment
        except OSError as error:
            raise UserError(
                _("{path} cannot follow the new name ({reason}). Close it in other programs; it follows when the project is "
                  "opened the next time.").format(path=old, reason=error.strerror or error)
            ) from error  # fmt: skip
    if new is not None and (not _is_name(move.before) or not new.exists()):
        if changed := write_dataset(project, knowledge_base, move.after):
            aside(changed)


def _move_in_runs(project: Project, move: Move) -> None:
    """The report of a dataset, and what its last run was asked, are found by its name."""
    if not move.before or not project.runs_folder.is_dir():
        return
    kinds = ("generate", "sft") if _is_name(move.before) and _is_name(move.after) else ("generate",)
    for path in project.runs_folder.glob("*/settings.json"):
        if not path.parent.name.endswith(tuple(f"-{kind}" for kind in kinds)):
            continue
        try:
            values = json.loads(path.read_text("utf-8"))
        except (OSError, ValueError):
            continue
        if isinstance(values, dict) and values.get("dataset") == move.before:
            write_json(path, {**values, "dataset": move.after})


def _checked(name: str) -> str:
    return check_name(name, _("dataset"))


def _is_name(name: str) -> bool:
    """Whether it is one that a person gave: not that of a deleted one, nor none."""
    return bool(name) and not name.startswith(PUT_AWAY)
