"""What surrounds a training in both phases: who writes, which run it is, and whether it goes on with an earlier one."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from services import settings as declarations
from services.errors import UserError
from services.models.base import STARTER_MODEL, STARTER_NAME
from services.project import Project, run_number
from services.rank import ProcessLost, is_first_process, process_count
from services.training.checkpoint import Interrupted, TrainingRecord, find_interrupted, remove_incomplete, start_record
from services.training.device import Device
from services.translation import _

if TYPE_CHECKING:
    from services.jobs import Context

_T = TypeVar("_T")

# What gloo, NCCL and the store of the launcher say when somebody does not answer any more.
_LOST = ("gloo", "nccl", "connection", "broken pipe", "timed out", "timeout", "socket", "peer")
_PATIENCE = timedelta(hours=12)  # the others wait while the first one writes the text or loads the model


@contextlib.contextmanager
def hold(project: Project, work: str) -> Iterator[None]:
    """The project's lock, held by the first process for all of them.

    Raises:
        UserError: another job holds it.
        ProcessLost: one of the others has ended.
    """
    with project.lock(work) if is_first_process() else contextlib.nullcontext():
        try:
            yield
        except RuntimeError as error:  # of which those of torch.distributed are
            if process_count() > 1 and any(word in str(error).lower() for word in _LOST):
                raise ProcessLost(
                    _("Another process of this training has ended, and the rest cannot go on without it. Start it again "
                      "with “resume”: it goes on from the last checkpoint.")
                ) from error
            raise


def audible(context: Context) -> Context:
    """The context, for the first process; the others say nothing."""
    from services.jobs import Context

    return context if is_first_process() else Context(cancelled=context.cancelled)


def connect(device: str) -> None:
    """Join the other processes of a training, where there are some; before anything that they must agree on.

    Args:
        device: "cuda" lets each of them have the card of its number; on anything else they talk through gloo.
    """
    if process_count() == 1:
        return
    from accelerate import PartialState

    is_cpu = device != "cuda"
    if is_cpu:
        os.environ["ACCELERATE_USE_CPU"] = "true"  # what accelerate asks for later, in the trainer
    PartialState(cpu=is_cpu, timeout=_PATIENCE)


def spare_processes(settings: dict[str, Any]) -> list[str]:
    """A sentence where there are more processes than texts in a step, so that some of them have nothing to do."""
    texts, processes = settings["batch_size"] * settings["gradient_accumulation"], process_count()
    if texts >= processes:
        return []
    return [
        _("A step has {texts} texts for {processes} processes, so some of them have nothing to do. A batch of {processes} "
          "or more gives each its share; with a larger batch, there are fewer steps.").format(
            texts=texts, processes=processes
        )
    ]  # fmt: skip


def join(wanted_device: str) -> Device:
    """The device to train on, of one kind in all processes, which are connected from now on.

    Raises:
        UserError: the wanted device is not there.
    """
    from services.training.device import training_device

    device = training_device(wanted_device)
    connect(device.name)
    return Device(*from_first(tuple(device))) if process_count() > 1 else device


def one_first(make: Callable[[], _T], wanted_device: str) -> _T:
    """Let one process of each computer make something, a download for instance, and the others find it made."""
    if process_count() == 1:
        return make()
    import torch

    join(wanted_device)
    is_first_here = os.environ.get("LOCAL_RANK", "0") == "0"
    if not is_first_here:
        torch.distributed.barrier()
    made = make()
    if is_first_here:
        torch.distributed.barrier()
    return made


def run_of(context: Context) -> int:
    """The number of the run whose folder the context has; 0 in a bare call."""
    return run_number(context.folder) if context.folder else 0


def token_folder(project: Project) -> Path:
    """Where the tokens of the last trainings are kept, so that the next start need not make them again."""
    return project.checkpoints_folder / "tokens"


def prefix_of(phase: str, name: str = "final") -> str:
    """How the checkpoint folders of a phase begin: "cpt", or "sft-final" for one final model."""
    return "cpt" if phase == "cpt" else f"sft-{name}"


def resumable_step(project: Project, phase: str, name: str = "final") -> int | None:
    """The step that a stopped training would go on from; None where there is none."""
    interrupted = find_interrupted(project.checkpoints_folder, prefix_of(phase, name))
    return interrupted.step if interrupted else None


def pick_up(project: Project, phase: str, name: str, settings: dict[str, Any], context: Context) -> Interrupted | None:
    """The training to go on with, where that was asked for and there is one; without one it starts anew."""
    if not settings.get("resume"):
        return None
    interrupted = find_interrupted(project.checkpoints_folder, prefix_of(phase, name))
    if interrupted is None:
        context.warning(_("Training"), _("There is no checkpoint to go on from: it starts anew."))
    elif is_first_process():
        remove_incomplete(interrupted.folder)
    return interrupted


def complete(phase: str, settings: dict[str, Any], interrupted: Interrupted | None) -> dict[str, Any]:
    """The settings of a phase; what was not given is as in the run that goes on, or the default."""
    before = interrupted.record.settings if interrupted else {}
    given = {key: value for key, value in settings.items() if value is not None}
    return declarations.check(phase, {**before, **given})


def as_before(device: Device, interrupted: Interrupted | None) -> Device:
    """The device, with the number format that the run began in: a measurement made again might choose another."""
    begun = interrupted.record.details.get("computed_on") if interrupted else None
    return Device(*begun) if begun and begun[0] == device.name else device


def agree(record: TrainingRecord | None) -> TrainingRecord:
    """The first process's record, in every process; the others give None and wait here."""
    if process_count() > 1:
        return TrainingRecord(**from_first(asdict(record) if record else {}))
    assert record is not None
    return record


def from_first(value: _T) -> _T:
    """The first process's value, in every process."""
    import torch

    # accelerate's own broadcast does nothing for processes on a CPU.
    shared = [value]
    torch.distributed.broadcast_object_list(shared, src=0)
    return shared[0]


def begin(project: Project, record: TrainingRecord, name: str = "final") -> Path:
    """The folder for the checkpoints of a new run."""
    folder = project.checkpoints_folder / f"{prefix_of(record.phase, name)}-{record.run:04d}"
    if is_first_process():
        try:
            start_record(folder, record)
        except OSError as error:
            raise UserError(
                _("No checkpoint can be written to {folder}: {reason}. Free some space and start again.").format(
                    folder=folder, reason=error.strerror
                )
            ) from error
    return folder


def lasting_name(name: str) -> str:
    """How a base model is remembered: the starter by that name, a folder by its full path, a hub model by its id."""
    folder = Path(name).expanduser()
    if name == STARTER_NAME or (folder.is_dir() and folder.resolve() == STARTER_MODEL):
        return STARTER_NAME
    return str(folder.resolve()) if folder.is_dir() else name


def note_origin(
    record: TrainingRecord, base_folder: Path, data: Path, device: Device, interrupted: Interrupted | None,
    context: Context,
) -> None:  # fmt: skip
    """Write into the run's folder what it runs on, where it has one."""
    from services.training.origin import write_origin

    if context.folder and is_first_process():
        step = interrupted.step if interrupted else 0
        write_origin(context.folder, record, base_folder, data, device, step, process_count())
