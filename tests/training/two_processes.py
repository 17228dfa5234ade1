"""Trains in F64 and keeps the gradients of every step: a program for test_processes.py, alone or under ``torchrun``.

    python two_processes.py '[["a.pt", {"batch_size": 8}], ["b.pt", {"batch_size": 4, "gradient_accumulation": 2}]]'
"""

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch

from services import settings
from services.jobs import Context
from services.training import attention, trainer
from services.training.device import Device
from services.training.fit import BUSY_TOKENS
from services.training.row import IGNORED, Row
from services.training.session import connect, is_first_process
from tests.tiny_models import make_tiny_tokenizer

_CLIP = torch.nn.utils.clip_grad_norm_


def make_rows() -> list[Row]:
    """Twenty-two rows of 3 to 60 tokens, of which a different part of each is learnt."""
    rng = np.random.default_rng(11)
    rows = []
    for length in rng.integers(3, 60, 22):
        ids = rng.integers(3, 300, length).astype(np.int32)
        labels = ids.copy()
        labels[: rng.integers(0, length - 1)] = IGNORED
        rows.append(Row(ids, labels))
    return rows


def train(out: Path, change: dict[str, Any]) -> None:
    """Write the gradients of every step as DDP left them, before they are clipped, and the losses.

    Args:
        change: "batch_size" and "gradient_accumulation"; "budget", tokens of a batch; "layout", flat or padded.
    """
    from transformers import LlamaConfig, LlamaForCausalLM
    from transformers.models.llama.modeling_llama import LlamaRMSNorm

    torch.manual_seed(0)
    model = LlamaForCausalLM(
        LlamaConfig(vocab_size=300, hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4,
                    num_key_value_heads=2)
    ).double()  # fmt: skip
    for weight in model.parameters():
        torch.nn.init.normal_(weight, 0.0, 0.3)
    # transformers has its norms in F32.
    LlamaRMSNorm.forward = lambda self, x: torch.nn.functional.rms_norm(
        x, (x.shape[-1],), self.weight, self.variance_epsilon
    )
    BUSY_TOKENS["cpu"] = change.pop("budget", 1024)
    attention._KNOWN_LAYERS = set() if change.pop("layout", "flat") == "padded" else {"full_attention"}
    recomputed_layers = change.pop("recomputed_layers", None)
    spread_base = change.pop("spread_base", False)
    values = settings.check(
        "sft",
        {"epochs": 2, "max_seq_length": 64, "lora_rank": 4, "learning_rate": 1e-2, "gradient_checkpointing": False,
         "watch_forgetting": False, "device": "cpu", "spread_base": spread_base, **change},
    )  # fmt: skip
    steps: list[Any] = []

    def record(parameters: Any, *arguments: Any, **more: Any) -> Any:
        parameters = list(parameters)
        steps.append(torch.cat([weight.grad.flatten() for weight in parameters if weight.grad is not None]))
        return _CLIP(parameters, *arguments, **more)

    torch.nn.utils.clip_grad_norm_ = record
    losses: list[float] = []
    context = Context(lambda event: losses.append(event["loss"]) if "loss" in event else None)
    trained, _outcome = trainer.train(
        model.eval(), make_tiny_tokenizer("llama3"), make_rows(), make_rows()[:5], values, Device("cpu", "float32"),
        out.parent / f"{out.stem}-run", context, log_every_s=0, recomputed_layers=recomputed_layers,
    )  # fmt: skip
    parameters = dict(trained.named_parameters())
    cut = [name for name, weight in parameters.items() if hasattr(weight, "full_tensor")]
    adapter = {name: weight.detach().clone() for name, weight in parameters.items() if "lora_" in name}
    if is_first_process():
        torch.save({"gradients": torch.stack(steps), "losses": losses, "cut": cut, "adapter": adapter}, out)


if __name__ == "__main__":
    connect("cpu")
    for path, change in json.loads(sys.argv[1]):
        train(Path(path), change)
