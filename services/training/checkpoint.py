"""What a training run needs to go on after a stop, a crash or a power cut.

``models/checkpoints/cpt-0007/`` belongs to run 7: ``run.json`` says what was trained on what. A checkpoint is written to
the side, gets a last file, the seal with the sizes of all the others, and is renamed to ``checkpoint-120/`` in one step.
The seal also tells one from which something was removed later.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from services.errors import UserError
from services.settings import declared
from services.training.at_once import AtOnce
from services.translation import _

_RECORD, _SEAL, _SIDE = "run.json", "complete.json", "unfinished"
_FREE_TO_CHANGE = {"save_every_minutes", "device", "learning_rate", "processes", "spread_base", "memory_limit_gb"}
_KEPT = 2  # the newest ones
_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_SPARE_BYTES = 32 * 2**20  # tokenizer, states and file system overhead of one checkpoint


@dataclass(frozen=True, slots=True)
class TrainingRecord:
    """What decides the course of a run; a run goes on only while all of it is unchanged.

    data, base: fingerprints of what is trained on and what is trained; details: whatever else the phase needs again.
    """

    phase: str
    run: int
    settings: dict[str, Any]
    base_model: str
    base: str
    data: str
    details: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Interrupted:
    """A run that can go on: its folder, what it was, and its latest complete checkpoint."""

    folder: Path
    record: TrainingRecord
    checkpoint: Path

    @property
    def step(self) -> int:
        return step_of(self.checkpoint)


def start_record(folder: Path, record: TrainingRecord) -> None:
    """Make the folder of a new run and write what it is; what an earlier try left there is removed."""
    lowered = AtOnce.read(folder)  # the same run again, after the system ended it before its first checkpoint
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    if lowered:
        lowered.write(folder)
    write_json(folder / _RECORD, asdict(record))


def find_interrupted(checkpoints_folder: Path, prefix: str) -> Interrupted | None:
    """The latest run of a phase that can go on; half-written checkpoints are passed over.

    Args:
        prefix: of the folder's name: "cpt", "sft-final".
    """
    pattern = re.compile(rf"{re.escape(prefix)}-(\d+)")
    folders = [folder for folder in checkpoints_folder.glob(f"{prefix}-*") if pattern.fullmatch(folder.name)]
    for folder in sorted(folders, key=lambda folder: int(folder.name.rpartition("-")[2]), reverse=True):
        with contextlib.suppress(OSError, ValueError, TypeError):
            record = TrainingRecord(**json.loads((folder / _RECORD).read_text("utf-8")))
            if checkpoint := latest_checkpoint(folder):
                return Interrupted(folder, record, checkpoint)
    return None


def interrupted_on(checkpoints_folder: Path, dataset: str) -> list[str]:
    """The names of the final models whose stopped training learns from a dataset and can go on."""
    matches = (re.fullmatch(r"sft-(.+)-\d+", folder.name) for folder in checkpoints_folder.glob("sft-*"))
    names = sorted({match[1] for match in matches if match})
    found = ((name, find_interrupted(checkpoints_folder, f"sft-{name}")) for name in names)
    return [name for name, interrupted in found if interrupted and interrupted.record.details.get("dataset") == dataset]


def rename_in_records(checkpoints_folder: Path, dataset: str, new: str) -> None:
    """Let the stopped trainings that learn from a dataset find it by its new name.

    Raises:
        OSError: it cannot be written.
    """
    for path in checkpoints_folder.glob(f"sft-*/{_RECORD}"):
        try:
            record = json.loads(path.read_text("utf-8"))
            details = record["details"]
            is_meant = details["dataset"] == dataset
        except (OSError, ValueError, LookupError, TypeError):
            continue  # no run can go on from there
        if is_meant:
            write_json(path, {**record, "details": {**details, "dataset": new}})


def latest_checkpoint(folder: Path) -> Path | None:
    """The newest complete checkpoint of a run."""
    checkpoints = sorted((path for path in folder.glob("checkpoint-*") if step_of(path)), key=step_of, reverse=True)
    return next(filter(is_complete, checkpoints), None)


def is_complete(checkpoint: Path) -> bool:
    """Whether every file is there in its full size, as the seal says."""
    try:
        sizes = json.loads((checkpoint / _SEAL).read_text("utf-8"))
        return all((checkpoint / name).stat().st_size == size for name, size in sizes.items())
    except (OSError, ValueError, AttributeError):
        return False


def seal(checkpoint: Path) -> None:
    """Mark a checkpoint as complete, once all of it is on the disk."""
    files = [path for path in checkpoint.rglob("*") if path.is_file() and path.name != _SEAL]
    for path in files:
        with open(path, "rb+") as file:
            os.fsync(file.fileno())
    write_json(checkpoint / _SEAL, {path.relative_to(checkpoint).as_posix(): path.stat().st_size for path in files})


def put_in_place(side: Path, folder: Path, step: int) -> Path:
    """Seal what was written to the side and make it a checkpoint of the run, in one step."""
    written, final = side / f"checkpoint-{step}", folder / f"checkpoint-{step}"
    seal(written)
    _sync_folder(written)
    shutil.rmtree(final, ignore_errors=True)  # half-removed, or the same of an earlier try
    written.rename(final)
    _sync_folder(folder)
    shutil.rmtree(side, ignore_errors=True)
    return final


def prune(folder: Path, kept: int | None = None) -> None:
    """Remove old checkpoints: the newest complete ones stay, and that of the step ``kept``."""
    complete = sorted(filter(is_complete, folder.glob("checkpoint-*")), key=step_of)
    for old in complete[:-_KEPT]:
        if step_of(old) != kept:
            shutil.rmtree(old, ignore_errors=True)


def remove_incomplete(folder: Path) -> None:
    """Remove what a kill left half-written or half-removed."""
    shutil.rmtree(folder / _SIDE, ignore_errors=True)
    for checkpoint in folder.glob("checkpoint-*"):
        if not is_complete(checkpoint):
            shutil.rmtree(checkpoint, ignore_errors=True)


def remove_after(folder: Path, step: int) -> None:
    """Remove the checkpoints that were saved after a step."""
    for checkpoint in folder.glob("checkpoint-*"):
        if step_of(checkpoint) > step:
            shutil.rmtree(checkpoint, ignore_errors=True)


def total_bytes(folder: Path, parameter_count: int, is_best_kept: bool) -> int:
    """What the checkpoints of a run still take: those that are kept, and the one that is being written.

    Args:
        parameter_count: of the adapter.
        is_best_kept: one more may be kept, that of the best step.
    """
    there = sum(map(is_complete, folder.glob("checkpoint-*")))
    return max(1, _KEPT + 1 + is_best_kept - there) * _bytes_of_one(parameter_count)


def change_setting(folder: Path, key: str, value: Any) -> None:
    """Let a run go on with another value than it began with."""
    path = folder / _RECORD
    if path.is_file():
        record = json.loads(path.read_text("utf-8"))
        write_json(path, {**record, "settings": {**record["settings"], key: value}})


def remove_runs(checkpoints_folder: Path, prefix: str, but: Path | None = None) -> None:
    """Remove the checkpoints of a phase, except one run's."""
    for folder in checkpoints_folder.glob(f"{prefix}-*"):
        if re.fullmatch(rf"{re.escape(prefix)}-\d+", folder.name) and folder != but:
            shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def saving(folder: Path, parameter_count: int) -> Iterator[Path]:
    """Around the writing of a checkpoint, in the yielded folder to the side; nothing half-written stays.

    Args:
        folder: of the run.
        parameter_count: of the adapter.

    Raises:
        UserError: no room; the checkpoint before this one is still there.
    """
    side, needed = folder / _SIDE, _bytes_of_one(parameter_count)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if shutil.disk_usage(folder).free < needed:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        yield side
    except Exception as error:
        # safetensors reports a full disk with the system's words, torch with the place in its zip writer.
        number = error.errno if isinstance(error, OSError) else None
        words = [os.strerror(each) for each in _NO_ROOM] + ["inline_container.cc", "file write failed"]
        shutil.rmtree(side, ignore_errors=True)
        if number not in _NO_ROOM and not any(word in str(error) for word in words):
            raise
        former = latest_checkpoint(folder)
        kept = (
            _("The checkpoint of step {step} is kept: free some space and choose “resume”.").format(step=step_of(former))
            if former else _("Free some space and start again.")
        )  # fmt: skip
        raise UserError(
            _("There is no room for a checkpoint of {size} MB in {folder}.").format(
                size=needed // 10**6, folder=folder
            ) + " " + kept
        ) from error  # fmt: skip


def check_unchanged(record: TrainingRecord, now: TrainingRecord) -> None:
    """
    Raises:
        UserError: the settings, the base model or the data differ from those of the run that is to go on.
    """
    for key, value in record.settings.items():
        if key not in _FREE_TO_CHANGE and now.settings.get(key) != value:
            raise UserError(
                _("This training cannot go on: “{label}” was {before} and is now {after}. Set it back, or start anew.")
                .format(label=declared(record.phase, key).label, before=value, after=now.settings.get(key))
            )
    if now.base != record.base:
        raise UserError(
            _("This training cannot go on: its base model {name} has changed. Start it anew.").format(
                name=record.base_model
            )
        )
    if now.data != record.data:
        raise UserError(_("This training cannot go on: the text it learns from has changed. Start it anew."))


def fingerprint_model(folder: Path) -> str:
    """Tells two model folders apart without reading gigabytes: configuration, tokenizer, ends of the weights."""
    digest = hashlib.sha256()
    for path in sorted(folder.iterdir()):
        if path.suffix not in (".json", ".jinja", ".safetensors", ".model") or path.name == "wissenswerk.json":
            continue
        size = path.stat().st_size
        digest.update(f"{path.name} {size}\n".encode())
        with open(path, "rb") as file:
            digest.update(file.read(2**16))
            file.seek(max(0, size - 2**16))
            digest.update(file.read())
    return digest.hexdigest()


def step_of(checkpoint: Path) -> int:
    """The optimizer step after which a checkpoint was saved; 0 for another folder."""
    number = checkpoint.name.removeprefix("checkpoint-")
    return int(number) if number.isdigit() else 0


def _bytes_of_one(parameter_count: int) -> int:
    """The adapter with both moments of Adam, four bytes each, and what lies beside them."""
    return 12 * parameter_count + _SPARE_BYTES


def _sync_folder(folder: Path) -> None:
    """Bring names to the disk too, so that a rename lasts through a power cut; systems that cannot are passed over."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def read_json(path: Path) -> dict[str, Any]:
    """The object in a file; an empty one where there is none that can be read."""
    try:
        values = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return values if isinstance(values, dict) else {}


def write_json(path: Path, value: Any) -> None:
    """Write or replace a file in one step, and onto the disk."""
    unfinished = path.with_name(path.name + ".part")
    with open(unfinished, "w", encoding="utf-8") as file:
        json.dump(value, file, ensure_ascii=False, indent=2)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)
