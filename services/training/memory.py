"""The memory of this process and its device: what is free, what is taken, and how layers give theirs back.

What a training will take is worked out in ``fit.py``.
"""

from __future__ import annotations

import gc
from typing import Any

from services.training import fit
from services.training.fit import Choice, Load

_FULL = (
    "out of memory", "can't allocate memory", "cannot allocate memory", "not enough memory", "bad_alloc",
    "CUBLAS_STATUS_ALLOC_FAILED", "could not create a memory",
)  # fmt: skip


def is_full(error: BaseException) -> bool:
    """Whether an exception says that the memory is full: there are many that do."""
    return isinstance(error, MemoryError) or (
        isinstance(error, RuntimeError) and any(word in str(error) for word in _FULL)
    )


def release(device: Any) -> None:
    """Give back what a computation that failed has left behind."""
    import torch

    gc.collect()
    if device.type == "cuda":
        torch.cuda.empty_cache()
    elif device.type == "mps":
        torch.mps.empty_cache()


def choose(network: Any, tokens: int, longest: int, settings: dict[str, Any], device: Any, limit_bytes: int) -> Choice:
    """How a training that is about to begin is best computed in the memory that is there now.

    Args:
        network: a causal language model of transformers with its adapter, on the device.
        tokens: of a batch that would be best; longest: of the longest row.
        settings: of the phase.
        limit_bytes: what this process may take at most; 0: what is free.
    """
    config = network.config.get_text_config()
    sizes = [parameter.element_size() for parameter in network.parameters() if parameter.is_floating_point()]
    is_quantized = bool(getattr(network, "is_loaded_in_4bit", False))
    value_bytes = 2 if is_quantized else max(set(sizes), key=sizes.count)
    load = Load(
        tokens, longest, settings["lora_rank"], value_bytes, device.type, has_dropout=settings["lora_dropout"] > 0,
        is_cast=is_quantized or network.dtype.itemsize == 2 and device.type == "cuda" and str(network.dtype) == "torch.float16",
        is_quantized=is_quantized, target=settings["target_layers"],
    )  # fmt: skip
    shape = fit.shape_of({**config.to_dict(), "has_head_norms": any(".q_norm" in name for name, _each in network.named_parameters())})
    # The weights are there already; whatever they came to, what is free does not have them.
    parts = fit.parts_of(shape, load)
    before = parts.weights + parts.program
    free = fit.usable(device.type, free_bytes(device))
    room = min(free, limit_bytes - taken_bytes(device)) if limit_bytes else free
    return fit.choose(shape, load, before + room - fit.LATER_BYTES[device.type], may_recompute=settings["gradient_checkpointing"])


def free_bytes(device: Any) -> int:
    """How much of a device's memory nobody has now."""
    import psutil
    import torch

    if device.type == "cuda":
        return torch.cuda.mem_get_info(device)[0]
    if device.type == "mps":
        return torch.mps.recommended_max_memory() - torch.mps.driver_allocated_memory()
    return psutil.virtual_memory().available


def taken_bytes(device: Any) -> int:
    """How much of a device's memory this process has now."""
    import psutil
    import torch

    if device.type == "cuda":
        return torch.cuda.memory_reserved(device)
    if device.type == "mps":
        return torch.mps.driver_allocated_memory()
    return psutil.Process().memory_info().rss


def checkpointable_layers(network: Any) -> list[Any]:
    """The layers of a model whose activations can be computed twice, the first one first."""
    from transformers.modeling_layers import GradientCheckpointingLayer

    return [module for module in network.modules() if isinstance(module, GradientCheckpointingLayer)]


def recompute(network: Any, count: int) -> None:
    """Compute the activations of the first ``count`` layers twice, so that only their inputs are kept.

    The first ones: by the time they are computed again, what the others kept is no longer needed.
    """
    if count:
        network.activation_checkpointing_enable(activation_checkpointing_kwargs={"use_reentrant": False})
    for number, layer in enumerate(checkpointable_layers(network)):
        layer.gradient_checkpointing = number < count


def memory_use(device: Any) -> dict[str, float]:
    """What the training takes now and what there is, in bytes."""
    import torch

    if device.type == "cuda":
        total = torch.cuda.get_device_properties(device).total_memory
        return {"memory_bytes": torch.cuda.max_memory_reserved(device), "memory_total_bytes": total}
    if device.type == "mps":
        return {
            "memory_bytes": torch.mps.driver_allocated_memory(),
            "memory_total_bytes": torch.mps.recommended_max_memory(),
        }
    import psutil

    return {"memory_bytes": psutil.Process().memory_info().rss, "memory_total_bytes": psutil.virtual_memory().total}
