"""How fast this machine multiplies matrices, measured once, and how long a training takes by that.

For a token in a model whose layers have B weights and whose output matrix has h·V: 4·(B + p·h·V) operations where the base
is frozen, with p the share of tokens that are learnt; 6 for each value of the adapter; attention 7·(heads · width) for each
token before it, in every layer; and, for layers that are computed twice, their forward pass once more.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import json
import os
import platform
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from services.errors import UserError
from services.training.fit import Load, ModelShape
from services.translation import _

if TYPE_CHECKING:
    from services.jobs import Context

# What a training reaches of the rate of a plain product: the rest are norms, attention's softmax, and the optimizer.
_REACHED = {"cpu": 0.6, "mps": 0.5, "cuda": 0.4}
_CALL_S = {"cpu": 2.5e-3, "mps": 4e-3, "cuda": 2.5e-3}  # to start the operators of one layer, there and back
_PROBE_S = 0.6
_PROBE_SIZES = {"cpu": (1024, 1024, 2048), "mps": (2048, 2048, 2048), "cuda": (8192, 8192, 8192)}


def known_speed() -> dict[str, Any] | None:
    """What was measured of this machine with this PyTorch: "device", "dtype" and "flops"; None: nothing yet."""
    with contextlib.suppress(OSError, ValueError):
        known = json.loads(_place().read_text("utf-8"))
        if isinstance(known, dict) and known.get("machine") == _machine():
            return known
    return None


def run(settings: dict[str, Any], context: Context) -> dict[str, Any]:
    """The job: measure, a second after PyTorch is loaded, and keep it for this machine.

    Raises:
        UserError: PyTorch cannot be loaded.
    """
    try:
        import torch
    except (ImportError, OSError) as error:
        raise UserError(_("torch cannot be loaded: {error}").format(error=error)) from error

    from services.training.device import training_device

    device = training_device("auto")
    rows, inner, columns = _PROBE_SIZES[device.name]
    dtype = getattr(torch, device.dtype)
    left, right = (torch.randn(*shape, device=device.name).to(dtype) for shape in ((rows, inner), (inner, columns)))
    best, began = float("inf"), time.perf_counter()
    while time.perf_counter() - began < _PROBE_S or best == float("inf"):
        start = time.perf_counter()
        float((left @ right)[0, 0])  # waits until it is computed
        best = min(best, time.perf_counter() - start)
    return keep_speed(device.name, device.dtype, 2 * rows * inner * columns / best)


def training_seconds(shape: ModelShape, load: Load, tokens: float, mean_row: float, learnt: float, flops: float) -> float:
    """How long a training takes.

    Args:
        tokens: that go through the model in all; mean_row: of a row; learnt: the share of tokens that are learnt.
        flops: operations a second of a plain product.
    """
    blocks, output = shape.matrix_parameters, learnt * shape.output_parameters
    backward = blocks // 2 if load.target == "upper-half" else blocks
    each = 2 * (blocks + output) + 2 * (backward + output) + 6 * shape.adapter_parameters(load.rank, load.target)
    each += 7 * shape.queries * mean_row * shape.layers
    each += load.recomputed / shape.layers * (2 * blocks + 2 * shape.queries * mean_row * shape.layers)
    batches = tokens / max(1.0, load.tokens)
    return tokens * each / (_REACHED[load.device] * flops) + batches * shape.layers * _CALL_S[load.device]


def keep_speed(device: str, dtype: str, flops: float) -> dict[str, Any]:
    """Remember what was measured of this machine; without room on the disk it is measured again another time."""
    known = {"machine": _machine(), "device": device, "dtype": dtype, "flops": flops}
    with contextlib.suppress(OSError):
        _place().parent.mkdir(parents=True, exist_ok=True)
        _place().write_text(json.dumps(known), "utf-8")
    return known


def _place() -> Path:
    import platformdirs

    folder = os.environ.get("WISSENSWERK_CACHE") or platformdirs.user_cache_dir("wissenswerk", appauthor=False)
    return Path(folder) / "speed.json"


def _machine() -> str:
    with contextlib.suppress(importlib.metadata.PackageNotFoundError):
        return f"{platform.node()} {platform.machine()} {os.cpu_count()} torch {importlib.metadata.version('torch')}"
    return ""
