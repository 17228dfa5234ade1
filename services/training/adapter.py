"""The LoRA adapter of a training: which layers it changes, and how it is written."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

_ATTENTION = re.compile("attn|attention")
_LAYER = re.compile(r"\.(\d+)\.")  # the first number in a module's name, as PEFT reads it


def adapter_config(model: Any, settings: dict[str, Any]) -> Any:
    """PEFT's LoraConfig for a causal language model of transformers; its output layer is never among the targets.

    Args:
        settings: "lora_rank", "lora_alpha", "lora_dropout" and "target_layers".
    """
    from peft import LoraConfig

    wanted = settings["target_layers"]
    more: dict[str, Any] = {}
    names: Any = "all-linear"
    if wanted != "all":
        linear = _linear_names(model)
        if wanted == "attention":
            # With the part's name before it: in some families a layer outside has the same last name.
            names = sorted({".".join(name.split(".")[-2:]) for name in linear if _ATTENTION.search(name)}) or names
        else:
            numbers = sorted({int(match[1]) for name in linear if (match := _LAYER.search(name))})
            names = sorted({name.rpartition(".")[2] for name in linear})
            more["layers_to_transform"] = numbers[len(numbers) // 2 :]
    return LoraConfig(
        r=settings["lora_rank"], lora_alpha=settings["lora_alpha"], lora_dropout=settings["lora_dropout"],
        target_modules=names, task_type="CAUSAL_LM", **more,
    )  # fmt: skip


def save_adapter(model: Any, tokenizer: Any, folder: Path, base_model: str) -> None:
    """Write a trained adapter and its tokenizer.

    Args:
        base_model: the name or folder by which others find the model that the adapter belongs to.
    """
    for adapter in model.peft_config.values():
        adapter.base_model_name_or_path = base_model
    # Asked to find out by itself, PEFT looks the base model up on the network.
    model.save_pretrained(str(folder), save_embedding_layers=False)
    tokenizer.save_pretrained(str(folder))


def _linear_names(model: Any) -> list[str]:
    """The names of the linear layers inside the numbered layers of a model."""
    import torch
    from transformers.pytorch_utils import Conv1D  # GPT-2's

    return [
        name for name, module in model.named_modules()
        if isinstance(module, (torch.nn.Linear, Conv1D)) and _LAYER.search(name)
    ]  # fmt: skip
