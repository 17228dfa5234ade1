"""Bases in four bits (NF4, as in QLoRA), where bitsandbytes is installed and a card cannot hold the weights otherwise.

Only the frozen matrices of the layers are quantized; the adapter, the embedding and the output matrix are not, and the
adapter is merged into the unquantized base later.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any

from services.models.weights import read_headers
from services.training.device import Device

_SHARE = 0.8  # of the free memory for weights; the rest is for activations


def load_to_fit(load: Callable[[str], tuple[Any, Any]], folder: Path, device: Device) -> tuple[Any, Any]:
    """A model and its tokenizer on a device, in four bits only where that is the way to have it there.

    Args:
        load: loads them to the device of a name.
        folder: of the base model, for its size.
    """
    if not must_quantize(folder, device):
        return load(device.name)
    model, tokenizer = load("cpu")
    return quantize(model, device.name), tokenizer


def must_quantize(folder: Path, device: Device) -> bool:
    """Whether a card has too little free memory for the weights in two bytes, and bitsandbytes is there to help."""
    if device.name != "cuda" or importlib.util.find_spec("bitsandbytes") is None:
        return False
    import torch

    free, _total = torch.cuda.mem_get_info()
    return 2 * sum(header.size for header in read_headers(folder).values()) > _SHARE * free


def quantize(model: Any, device: str) -> Any:
    """Put a model on a device with the matrices of its layers in four bits; one at a time, so that it never needs more."""
    import bitsandbytes
    import torch

    model.requires_grad_(False)
    output = model.get_output_embeddings()
    matrices = [
        (name, module) for name, module in model.named_modules()
        if type(module) is torch.nn.Linear and module is not output
    ]  # fmt: skip
    for name, module in matrices:
        small = bitsandbytes.nn.Linear4bit(
            module.in_features, module.out_features, bias=module.bias is not None, compute_dtype=module.weight.dtype,
            compress_statistics=True, quant_type="nf4", device="meta",
        )  # fmt: skip
        small.weight = bitsandbytes.nn.Params4bit(
            module.weight.data, requires_grad=False, compress_statistics=True, quant_type="nf4"
        )
        small.bias = module.bias
        model.set_submodule(name, small.to(device))
    model.is_loaded_in_4bit = True  # by which PEFT knows
    return model.to(device)
