"""What to compute on, and in which number format."""

from __future__ import annotations

import os
from typing import NamedTuple

from services.errors import UserError
from services.translation import _


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
        return Device(name, "bfloat16" if _multiplies_bf16(name) else "float32")
    # On a processor without its own BF16 units F32 is the faster one.
    return Device(name, "float32")


def _multiplies_bf16(device: str) -> bool:
    """Whether a product of small whole numbers comes out right in BF16."""
    import torch

    try:
        left = torch.arange(64, device=device, dtype=torch.bfloat16).reshape(8, 8)
        return bool((left @ torch.eye(8, device=device, dtype=torch.bfloat16) == left).all())
    except (RuntimeError, TypeError):
        return False
