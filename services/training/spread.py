"""A base model that does not fit into one card, spread over all of them: FSDP2 for the frozen weights, DDP for the adapter.

Every layer's weights are cut up among the processes and gathered for the moment in which the layer computes. The adapter
is small and whole in every process, as without this, so checkpoints and results are the same files.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from services.training.device import Device


def wanted(settings: dict[str, Any]) -> bool:
    """Whether the base is to be spread: by the setting, or because accelerate was told to use FSDP.

    accelerate's own FSDP, which would cut up the adapter too, is switched off.
    """
    is_fsdp = os.environ.get("ACCELERATE_USE_FSDP", "").lower() in ("1", "true")
    os.environ["ACCELERATE_USE_FSDP"] = "false"
    is_wanted = bool(settings.get("spread_base")) or is_fsdp
    return is_wanted and int(os.environ.get("WORLD_SIZE", "1")) > 1


def starts_on(device: Device, settings: dict[str, Any]) -> Device:
    """Where the base is loaded to: the processor's memory where it is to be spread from there."""
    return device._replace(name="cpu") if settings["spread_base"] else device


def spread(model: Any, layers: Sequence[Any], device: Any) -> None:
    """Cut up the frozen weights of a PeftModel and put its adapter on the device, before DDP has it.

    Args:
        model: with all of its weights in the processor's memory, the same in every process.
        layers: of the decoder; each is gathered by itself.
        device: of this process.
    """
    import torch
    from torch.distributed.device_mesh import init_device_mesh
    from torch.distributed.fsdp import fully_shard

    mesh = init_device_mesh(device.type, (torch.distributed.get_world_size(),))
    adapter = {parameter for parameter in model.parameters() if parameter.requires_grad}
    for parameter in adapter:
        parameter.data = parameter.data.to(device)
    for layer in layers:
        fully_shard(layer, mesh=mesh, ignored_params=adapter)
    # Also what is in no layer is let go after each use: a save lets go of it in the first process alone, and those that
    # have it and those that do not would wait for different things.
    fully_shard(model, mesh=mesh, ignored_params=adapter, reshard_after_forward=True)
    frozen = [name for name, parameter in model.named_parameters() if not parameter.requires_grad]
    buffers = [name for name, _buffer in model.named_buffers()]
    torch.nn.parallel.DistributedDataParallel._set_params_and_buffers_to_ignore_for_model(model, [*frozen, *buffers])
