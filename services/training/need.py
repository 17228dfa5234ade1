"""What a training takes of this machine before it starts: memory by part, time and disk; and what to change if it is too much.

Nothing is loaded: a model's files say how large it is, and the system what is free.
"""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from services.errors import UserError
from services.models.base import find_base_model
from services.models.merge import base_of
from services.models.recommended import RECOMMENDED
from services.project import Project
from services.training import checkpoint, fit
from services.training.fit import Load, ModelShape
from services.training.speed import known_speed, training_seconds
from services.translation import _

_SHORTEST = 128  # tokens that “Longest text” is lowered to, at least
_TEXT_BYTES = 12  # of a token, as text and as two numbers
_LEARNT = {"cpt": 1.0, "sft": 0.5}  # share of the tokens; questions are only read
_BASE_ON_CARD, _BASE_IN_MEMORY = 0.8, 0.7  # see four_bit.py and models/merge.py


@dataclass(frozen=True, slots=True)
class Machine:
    """device: "cuda", "mps" or "cpu"; free_bytes: of its memory; flops: 0 where it was not measured."""

    device: str
    dtype: str
    free_bytes: int
    flops: float = 0.0
    has_four_bits: bool = False


def need(
    project: Project, phase: str, settings: dict[str, Any], values: dict[str, Any], row_lengths: Sequence[int],
    machine: Machine | None = None,
) -> dict[str, Any]:  # fmt: skip
    """
    Args:
        settings: of the job, with "base_model" in phase 2; values: those of the phase, complete.
        row_lengths: tokens of every row of one epoch.
        machine: instead of this one.

    Returns:
        fits: whether it does; None where that is not known, then ``unknown`` says why. memory: bytes by part, ``needed``,
        ``free`` (what a training may take), ``tokens`` at once, ``recomputed`` of ``layers``, ``four_bits``. changes: the
        settings that make it fit, two at most. disk: ``needed`` and ``free``. seconds: of the training, or None.
    """
    if not row_lengths:
        return {}
    try:
        shape = _shape(project, phase, str(settings.get("base_model") or ""))
    except UserError as error:
        return {"fits": None, "unknown": str(error)}
    machine = machine or look(values["device"])
    if machine is None:
        return {"fits": None, "unknown": _("What the graphics card has free is not known yet.")}
    room = fit.usable(machine.device, machine.free_bytes)
    if values["memory_limit_gb"]:
        room = min(room, int(values["memory_limit_gb"] * 2**30))
    load = _load(shape, values, row_lengths, machine)
    choice = fit.choose(shape, load, room, may_recompute=values["gradient_checkpointing"])
    disk, free_disk = _disk_bytes(shape, phase, values, row_lengths), shutil.disk_usage(project.folder).free
    chosen = replace(load, tokens=choice.tokens, recomputed=choice.recomputed)
    tokens = sum(row_lengths) * values["epochs"]
    return {
        "fits": choice.fits and disk <= free_disk,
        "memory": {
            **asdict(choice.parts), "needed": choice.parts.total, "free": room, "tokens": choice.tokens,
            "recomputed": choice.recomputed, "layers": shape.layers, "four_bits": load.is_quantized,
        },  # fmt: skip
        "changes": {} if choice.fits else changes_that_fit(shape, values, row_lengths, machine, room),
        "disk": {"needed": disk, "free": free_disk},
        "seconds": training_seconds(
            shape, chosen, tokens, sum(row_lengths) / len(row_lengths), _LEARNT[phase], machine.flops
        ) if machine.flops else None,
    }  # fmt: skip


def changes_that_fit(
    shape: ModelShape, values: dict[str, Any], row_lengths: Sequence[int], machine: Machine, room: int
) -> dict[str, Any]:
    """The settings to change so that a training fits, those that cost least: at most two; none where nothing helps."""
    length = values["max_seq_length"]
    while True:
        changed = {**values, "gradient_checkpointing": True, "max_seq_length": length}
        load = _load(shape, changed, [min(each, length) for each in row_lengths], machine)
        if fit.choose(shape, load, room, may_recompute=True).fits:
            return {key: value for key, value in changed.items() if value != values[key]}
        if length <= _SHORTEST:
            return {}
        # The next power of two below, so that people recognise the number.
        length = max(_SHORTEST, 2 ** ((length - 1).bit_length() - 1))


def look(wanted: str = "auto") -> Machine | None:
    """This machine, without loading PyTorch; None where there is a card and nobody says what it has free."""
    import psutil

    known = known_speed() or {}
    from services.models.demand import look_at_room

    device = known.get("device") or look_at_room().device
    is_same = wanted in ("auto", device)
    device = device if is_same else wanted
    dtype = known.get("dtype", "") if is_same else ""
    flops = known.get("flops", 0.0) if is_same else 0.0
    if device != "cuda":
        return Machine(device, dtype or ("float32" if device == "cpu" else "bfloat16"), psutil.virtual_memory().available, flops)
    free = _card_bytes()
    if free is None:
        return None
    return Machine(device, dtype or "bfloat16", free, flops, importlib.util.find_spec("bitsandbytes") is not None)


def _card_bytes() -> int | None:
    command = ["nvidia-smi", "--query-gpu=memory.free", "--format=csv,noheader,nounits"]
    try:
        said = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True).stdout
        return int(said.split()[0]) * 2**20
    except (OSError, subprocess.SubprocessError, ValueError, IndexError):
        return None


def _shape(project: Project, phase: str, name: str) -> ModelShape:
    """
    Raises:
        UserError: the model is not here, and not one of those whose size is known.
    """
    if phase == "sft":
        return fit.read_shape(base_of(project))
    try:
        return fit.read_shape(find_base_model(name))
    except UserError:
        card = RECOMMENDED.get(name)
        if card is None or card.shape is None:
            if "/" in name and not Path(name).expanduser().exists():
                raise UserError(_("The model is not here yet: what it needs is known once it is fetched.")) from None
            raise
        return replace(fit.shape_of(asdict(card.shape)), parameters=card.shape.parameters)


def _load(shape: ModelShape, values: dict[str, Any], row_lengths: Sequence[int], machine: Machine) -> Load:
    step_rows = values["batch_size"] * values["gradient_accumulation"]
    longest = max(row_lengths)
    step_tokens = sum(sorted(row_lengths)[-step_rows:])
    is_quantized = False
    value_bytes = 4 if machine.dtype == "float32" else 2
    if machine.device == "cuda":
        is_quantized = machine.has_four_bits and 2 * shape.parameters > _BASE_ON_CARD * machine.free_bytes
    elif machine.device == "cpu" and 4 * shape.parameters >= _BASE_IN_MEMORY * machine.free_bytes:
        value_bytes = shape.stored_bytes
    tokens = max(longest, min(fit.BUSY_TOKENS[machine.device], step_tokens))
    return Load(
        tokens, longest, values["lora_rank"], value_bytes, machine.device, has_dropout=values["lora_dropout"] > 0,
        is_cast=is_quantized or machine.dtype == "float16", is_quantized=is_quantized, is_split=step_tokens > tokens,
        target=values["target_layers"],
    )  # fmt: skip


def _disk_bytes(shape: ModelShape, phase: str, values: dict[str, Any], row_lengths: Sequence[int]) -> int:
    """Checkpoints, the adapter, the text as tokens, and after phase 4 the merged model."""
    values_trained = shape.adapter_parameters(values["lora_rank"], values["target_layers"])
    needed = checkpoint.total_bytes(Path("nowhere-yet"), values_trained, bool(values["keep_best"]))
    needed += 4 * values_trained + _TEXT_BYTES * sum(row_lengths)
    return needed + (round(1.1 * shape.stored_bytes * shape.parameters) if phase == "sft" else 0)
