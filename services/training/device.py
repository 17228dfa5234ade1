"""What to compute on, and in which number format."""

from __future__ import annotations

import functools
import os
import time
from collections.abc import Callable
from typing import Any, NamedTuple

from services.errors import UserError
from services.translation import _

_WORTHWHILE = 1.3  # how much faster BF16 must be on a processor: its rounding is paid for with more than even speed
_PROBE_SHAPE = (256, 1024, 2048)  # of the product that is timed: a billion operations
_PROBE_TRIES = 5


class Device(NamedTuple):
    """name: "cuda", "mps" or "cpu"; dtype: name of the torch dtype of the base weights and the arithmetic."""

    name: str
    dtype: str


def choose_device(wanted: str) -> Device:
    """The device that a setting means: a graphics card where there is one, F32 on a processor, BF16 where it is right.

    Raises:
        UserError: the wanted device is not there.
    """
    if "WORLD_SIZE" not in os.environ:
        # One process uses one card; several are used through “accelerate launch”.
        os.environ.setdefault("CUDA_VISIBLE_DEVICES", "0")
    import torch

    if torch.cuda.is_available() and (local := os.environ.get("LOCAL_RANK")):
        torch.cuda.set_device(int(local) % torch.cuda.device_count())  # a launcher started one process for each card
    has = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    name = next(name for name in has if has[name]) if wanted == "auto" else wanted
    if not has[name]:
        raise UserError(
            _("This computer has no {device} that PyTorch can use. Set “Compute on” to auto or cpu.").format(
                device={"cuda": "CUDA", "mps": "Metal (MPS)"}[name]
            )
        )
    if name == "cuda":
        return Device(name, "bfloat16" if torch.cuda.is_bf16_supported(including_emulation=False) else "float16")
    if name == "mps":
        dtypes = ["bfloat16"] * _multiplies_bf16(name) + ["float32"]
        for dtype in dtypes:
            if not sees_the_future(name, dtype):
                return Device(name, dtype)
        raise UserError(
            _("Attention on this computer's graphics chip reads words that are still to come, so a model trained on it "
              "would learn nothing: a fault of PyTorch before 2.13. Update PyTorch, or set “Compute on” to cpu.")
        )
    return Device(name, "float32")


def training_device(wanted: str) -> Device:
    """The device to train on; on a processor in BF16 where a product in it is clearly faster than in F32.

    Processors with matrix units for BF16 (AMX, newer ARM) are; others, which have it only in name, are slower in it.

    Raises:
        UserError: the wanted device is not there.
    """
    device = choose_device(wanted)
    return Device("cpu", "bfloat16") if device.name == "cpu" and bf16_gain() >= _WORTHWHILE else device


@functools.cache
def bf16_gain() -> float:
    """How many times faster than in F32 this processor multiplies matrices in BF16; measured, in a tenth of a second."""
    import torch

    rows, width, columns = _PROBE_SHAPE
    pairs = [
        (torch.ones(rows, width, dtype=dtype), torch.ones(columns, width, dtype=dtype))
        for dtype in (torch.float32, torch.bfloat16)
    ]
    best = [float("inf")] * 2
    for _try in range(_PROBE_TRIES):
        for at, (left, right) in enumerate(pairs):
            clock = time.process_time()  # of this process: others that are busy do not count
            left @ right.T
            best[at] = min(best[at], time.process_time() - clock)
    return best[0] / best[1]


def sees_the_future(device: str, dtype: str, attend: Callable[..., Any] | None = None) -> bool:
    """Whether causal attention on a device lets a token see those after it, as on MPS in PyTorch before 2.13.

    Args:
        attend: instead of torch's ``scaled_dot_product_attention``.
    """
    import torch

    attend = attend or torch.nn.functional.scaled_dot_product_attention
    length = 11  # not a multiple of the four queries that were masked together
    generator = torch.Generator().manual_seed(0)
    states = torch.randn(3, 1, 2, length, 32, generator=generator).to(device, getattr(torch, dtype))
    query, key, value = states
    before = attend(query, key, value, is_causal=True)
    for seen in range(1, length):
        later_key, later_value = key.clone(), value.clone()
        later_key[:, :, seen:] += 3
        later_value[:, :, seen:] += 3
        after = attend(query, later_key, later_value, is_causal=True)
        if not torch.allclose(before[:, :, :seen].float(), after[:, :, :seen].float(), atol=1e-2):
            return True
    return False


def _multiplies_bf16(device: str) -> bool:
    """Whether a product of small whole numbers comes out right in BF16."""
    import torch

    try:
        left = torch.arange(64, device=device, dtype=torch.bfloat16).reshape(8, 8)
        return bool((left @ torch.eye(8, device=device, dtype=torch.bfloat16) == left).all())
    except (RuntimeError, TypeError):
        return False
