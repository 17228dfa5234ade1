"""How much memory the training of a model takes, roughly, and whether this computer has it; nothing is loaded.

The formula is that of ``services.training.fit``, for a training that computes every layer twice.
"""

from __future__ import annotations

import importlib.util
import platform
import re
import shutil
import subprocess
import sys
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from services.models.card import ModelCard, Shape
from services.training.fit import Load, parts_of, shape_of
from services.translation import _

FITS, TIGHT, TOO_LARGE, UNKNOWN = "fits", "tight", "too large", "unknown"

_SHARE = {"cuda": 0.9, "mps": 0.65, "cpu": 0.7}  # of all memory; the rest is the system's
_TOKENS, _FEWEST_TOKENS = 8192, 1024  # of a batch: as usual, and of short texts one at a time
_LONGEST = 2048  # tokens of a row, as usual
_SLOW_ON_A_PROCESSOR = 1e9


@dataclass(frozen=True, slots=True)
class Room:
    """device: "cuda", "mps" or "cpu"; size_bytes: what a training may take of its memory."""

    device: str
    size_bytes: int
    has_four_bits: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """grade: FITS, TIGHT, TOO_LARGE or UNKNOWN; needed_bytes: of the way of training that it speaks of."""

    grade: str
    needed_bytes: int = 0
    is_slow: bool = False

    @property
    def rank(self) -> int:
        """0 is best."""
        return (FITS, TIGHT, UNKNOWN, TOO_LARGE).index(self.grade)

    @property
    def word(self) -> str:
        """For a table."""
        if self.grade == FITS:
            return _("fits, but slow") if self.is_slow else _("fits")
        return {TIGHT: _("only just"), TOO_LARGE: _("too large"), UNKNOWN: _("not known")}[self.grade]

    def sentence(self, room: Room) -> str:
        """With the figures, and what to do about it."""
        needed, there = f"{self.needed_bytes / 2**30:.1f}", f"{room.size_bytes / 2**30:.1f}"
        figures = _("training needs about {needed} of the {there} GB that this computer can give").format(
            needed=needed, there=there
        )
        if self.grade == UNKNOWN:
            return _("Whether it fits is not known: the hub does not say how large it is.")
        if self.grade == TOO_LARGE:
            return _("Too large: {figures}, even with short texts. Choose a smaller one.").format(figures=figures)
        if self.grade == TIGHT:
            return _("Only just: {figures}, with short texts and small batches.").format(figures=figures)
        if self.is_slow:
            return _("Fits, but slow: {figures}. Without a graphics card expect days.").format(figures=figures)
        return _("Fits: {figures}.").format(figures=figures)


def judge(card: ModelCard, room: Room) -> Verdict:
    """Whether a training of this model fits."""
    shape = card.shape or _shape_like(card.parameters)
    if shape is None:
        return Verdict(UNKNOWN)
    value_bytes = 4 if room.device == "cpu" else 2
    needed = training_bytes(shape, value_bytes, _TOKENS, room.device)
    if needed <= room.size_bytes:
        is_slow = room.device == "cpu" and shape.parameters > _SLOW_ON_A_PROCESSOR
        return Verdict(FITS, needed, is_slow)
    least = training_bytes(shape, 2, _FEWEST_TOKENS, room.device, has_four_bits=room.has_four_bits)
    return Verdict(TIGHT if least <= room.size_bytes else TOO_LARGE, least)


def training_bytes(
    shape: Shape, value_bytes: int, tokens: int, device: str, *, rank: int = 32, has_four_bits: bool = False
) -> int:
    """The least that a LoRA training of a model takes, every layer computed twice.

    Args:
        value_bytes: of a weight and of an activation.
        tokens: of a batch.
        rank: of the adapters.
    """
    made = replace(shape_of(asdict(shape)), parameters=shape.parameters)
    load = Load(
        tokens, min(tokens, _LONGEST), rank, value_bytes, device, recomputed=made.layers, is_quantized=has_four_bits,
        is_cast=has_four_bits,
    )  # fmt: skip
    return parts_of(made, load).total


def look_at_room() -> Room:
    """What this computer can train with, without loading torch; asks the driver of a graphics card, so not in a hurry."""
    import psutil

    memory = psutil.virtual_memory().total
    if (card := _cuda_bytes()) is not None:
        return Room("cuda", int(_SHARE["cuda"] * card), importlib.util.find_spec("bitsandbytes") is not None)
    is_mac = sys.platform == "darwin" and platform.machine() == "arm64"
    device = "mps" if is_mac else "cpu"
    return Room(device, int(_SHARE[device] * memory))


def _cuda_bytes() -> int | None:
    """The memory of the first NVIDIA card, where there is one that this torch can use."""
    if not shutil.which("nvidia-smi") or not _torch_has_cuda():
        return None
    command = ["nvidia-smi", "--query-gpu=memory.total", "--format=csv,noheader,nounits"]
    try:
        said = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True).stdout
        return int(said.split()[0]) * 2**20
    except (OSError, subprocess.SubprocessError, ValueError, IndexError):
        return None


def _torch_has_cuda() -> bool:
    spec = importlib.util.find_spec("torch")
    try:
        text = (Path(spec.origin).parent / "version.py").read_text("utf-8") if spec and spec.origin else ""
    except OSError:
        return False
    return re.search(r"^cuda\b[^=]*= *['\"]", text, re.MULTILINE) is not None


def _shape_like(parameters: int) -> Shape | None:
    """The shape of the recommended model that is nearest in size, for one of which only the size is known."""
    from services.models.recommended import RECOMMENDED

    if not parameters:
        return None
    shapes: list[Any] = [card.shape for card in RECOMMENDED.values()]
    nearest = min(shapes, key=lambda shape: abs(shape.parameters - parameters))
    return Shape(parameters, *(getattr(nearest, name) for name in Shape.__slots__[1:]))
