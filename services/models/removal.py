"""Deleting what trainings left, and having it back for some days.

``models/.deleted/KEY`` is the folder that was deleted and ``KEY.json`` says what it was. The note is written first, then the
folder is moved there in one step: after a kill it is either in its place, whole, or deleted. A folder without a note is
being removed for good; who is ended there leaves it to the next opening of the project.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from services.errors import UserError
from services.models.stored import Stored, folder_bytes, label, stored
from services.project import Project
from services.training.checkpoint import read_json, write_json
from services.translation import _

DAYS_KEPT = 7  # that it can be brought back: it is large, and is deleted for its room
_PATIENCE_S = 3.0  # on Windows, for a chat that is just letting go of the model


@dataclass(frozen=True, slots=True)
class Deleted:
    """key: for ``restore``; label: what a person calls it; deleted_at: an ISO moment."""

    key: str
    label: str
    phase: str
    deleted_at: str
    size_bytes: int


def delete(project: Project, parts: Sequence[Stored]) -> list[str]:
    """Delete what ``stored`` has found; for seven days ``restore`` brings it back, and until then it takes its room.

    Returns:
        The keys for ``restore``, one for each.

    Raises:
        UserError: a training is at work, something else stands there by now, or another program holds it.
    """
    keys: list[str] = []
    with project.lock(_("the deletion")):
        now = {(each.path, each.run) for each in stored(project)}
        for each in parts:
            if (each.path, each.run) not in now:
                raise UserError(
                    _("{path} has changed since you looked, and was left alone. Look again.").format(path=each.path)
                )
        with project.lock_deleted():
            for each in parts:
                keys.append(_put_away(project, each))
    return keys


def deleted(project: Project) -> list[Deleted]:
    """What can be brought back, the latest first."""
    found = []
    for path in sorted(_trash(project).glob("*.json"), reverse=True):
        note = _read(path)
        if note and path.with_suffix("").exists():
            found.append(
                Deleted(
                    path.stem, str(note.get("label", path.stem)), str(note.get("phase", "")), str(note.get("deleted_at", "")),
                    folder_bytes(path.with_suffix("")),
                )
            )  # fmt: skip
    return found


def restore(project: Project, key: str) -> Path:
    """Bring back what was deleted; a model whose name is taken by now gets another one. Returns its folder.

    Raises:
        UserError: it is gone for good, a training is at work, or it cannot be moved.
    """
    with project.lock(_("the return")), project.lock_deleted():
        path = _trash(project) / f"{key}.json"
        note, folder = _read(path), path.with_suffix("")
        if not note or not folder.exists():
            raise UserError(_("It has been removed for good and cannot be brought back."))
        target = _free_place(project, project.folder / note["place"], note.get("run") or 0)
        if target.parent == project.checkpoints_folder and target.name != Path(note["place"]).name:
            raise UserError(_("{path} is there again: it cannot be brought back.").format(path=project.folder / note["place"]))
        target.parent.mkdir(parents=True, exist_ok=True)
        move(folder, target)
        path.unlink()
    return target


def empty(project: Project, keys: Sequence[str]) -> int:
    """Remove for good what was deleted; returns how many bytes were freed. A training may be at work meanwhile."""
    with project.lock_deleted():
        for key in keys:
            (_trash(project) / f"{key}.json").unlink(missing_ok=True)
        for note in _trash(project).glob("*.json*"):  # of a deletion that was ended before it moved anything
            if note.suffix == ".part" or not note.with_suffix("").exists():
                note.unlink(missing_ok=True)
    return _remove_gone(project)


def sweep(project: Project) -> int:
    """Remove for good what was deleted more than seven days ago, and what a kill left; returns the bytes freed."""
    if not _trash(project).is_dir():
        return 0
    before = (datetime.now(UTC) - timedelta(days=DAYS_KEPT)).isoformat(timespec="seconds")
    return empty(project, [each.key for each in deleted(project) if each.deleted_at < before])


def _trash(project: Project) -> Path:
    return project.models_folder / ".deleted"


def _put_away(project: Project, each: Stored) -> str:
    trash, now = _trash(project), datetime.now(UTC)
    stems = (f"{now:%Y%m%dT%H%M%S}-{number}" for number in range(1, 10_000))
    key = next(stem for stem in stems if not (trash / stem).exists() and not (trash / f"{stem}.json").exists())
    note = trash / f"{key}.json"
    try:
        trash.mkdir(parents=True, exist_ok=True)
        write_json(
            note,
            {
                "place": each.path.relative_to(project.folder).as_posix(), "label": label(each), "phase": each.phase,
                "run": each.run, "deleted_at": now.isoformat(timespec="seconds"),
            },
        )  # fmt: skip
        move(each.path, trash / key)
    except OSError as error:
        note.unlink(missing_ok=True)
        raise UserError(
            _("{path} cannot be deleted ({reason}). Close what uses it and try again.").format(
                path=each.path, reason=error.strerror or error
            )
        ) from error
    except UserError:
        note.unlink(missing_ok=True)
        raise
    return key


def move(folder: Path, target: Path) -> None:
    """Give a folder another name, in one step. Raises: UserError: another program holds it, or it cannot be written."""
    until = time.monotonic() + _PATIENCE_S
    while True:
        try:
            folder.rename(target)
            return
        except PermissionError as error:
            if os.name == "nt" and time.monotonic() < until:
                time.sleep(0.1)
                continue
            reason: OSError = error
        except OSError as error:
            reason = error
        raise UserError(
            _("{path} cannot be moved ({reason}). Close what uses it, perhaps a chat, and try again.").format(
                path=folder, reason=reason.strerror or reason
            )
        ) from reason


def _free_place(project: Project, place: Path, run: int) -> Path:
    """Where it was, or beside what stands there now: an earlier CPT model under its run, another model with a number."""
    if not place.exists():
        return place
    stem = f"{place.name}-{run:04d}" if place == project.cpt_model_folder else place.name
    names = [stem] if stem != place.name else []
    names += [f"{stem}-{number}" for number in range(2, 1000)]
    return next(path for name in names if not (path := place.with_name(name)).exists())


def _remove_gone(project: Project) -> int:
    trash, freed = _trash(project), 0
    for path in trash.glob("*"):
        if not path.suffix and not path.with_name(f"{path.name}.json").exists():  # no key has a dot
            size_bytes = folder_bytes(path)
            if path.is_symlink():
                path.unlink()
            else:
                shutil.rmtree(path, ignore_errors=True)
            freed += size_bytes - folder_bytes(path)
    return freed


def _read(path: Path) -> dict[str, Any]:
    note = read_json(path)
    return note if note.get("place") else {}
