"""What layers keep for the way back is as much as planned with."""

from typing import Any

import pytest
import torch
from peft import LoraConfig, get_peft_model
from transformers import Qwen2Config, Qwen2ForCausalLM

from services.training import fit, lora, memory
from services.training.attention import documents_apart
from services.training.layout import lay_flat
from services.training.loss import find_head, summed_loss
from tests.training.conftest import quick
from tests.training.test_layout import make_rows

TOKENS = 128


def make(layers: int, dtype: torch.dtype) -> Any:
    config = Qwen2Config(
        vocab_size=400, hidden_size=512, intermediate_size=2560, num_hidden_layers=layers, num_attention_heads=8,
        num_key_value_heads=2,
    )  # fmt: skip
    model = get_peft_model(Qwen2ForCausalLM(config).to(dtype), LoraConfig(r=8, target_modules="all-linear"))
    return model.train()


def kept_bytes(layers: int, dtype: torch.dtype, recomputed: int = 0) -> int:
    """The bytes of everything but weights that autograd keeps of a forward pass."""
    model = make(layers, dtype)
    network = model.get_base_model()
    weights = {each.untyped_storage().data_ptr() for each in [*model.parameters(), *model.buffers()]}
    kept: dict[int, int] = {}

    def keep(tensor: Any) -> Any:
        storage = tensor.untyped_storage()
        if storage.data_ptr() not in weights:
            kept[storage.data_ptr()] = storage.nbytes()
        return tensor

    memory.recompute(network, recomputed)
    with documents_apart(network), lora.fused(model):
        head = find_head(network)
        with torch.autograd.graph.saved_tensors_hooks(keep, lambda tensor: tensor):
            loss = summed_loss(network, lay_flat(make_rows([48, TOKENS - 48])), head)
    assert loss.requires_grad
    return sum(kept.values())


def layer(dtype: torch.dtype) -> int:
    """What the plan says that one layer keeps."""
    config = {**make(1, dtype).config.to_dict(), "has_head_norms": False}
    return fit.layer_bytes(fit.shape_of(config), fit.Load(TOKENS, TOKENS, 8, dtype.itemsize))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_layer_keeps_what_the_plan_says(dtype: torch.dtype) -> None:
    measured = kept_bytes(3, dtype) - kept_bytes(2, dtype)
    planned = layer(dtype)

    assert 0.97 < measured / planned < 1.03


def test_a_recomputed_layer_keeps_its_input_only() -> None:
    saved = kept_bytes(3, torch.float32) - kept_bytes(3, torch.float32, recomputed=2)

    assert saved > 1.7 * layer(torch.float32)


def test_as_few_layers_as_the_memory_asks_for(monkeypatch: pytest.MonkeyPatch) -> None:
    network, values = make(4, torch.float32).get_base_model(), quick("cpt", lora_rank=8, gradient_checkpointing=True)
    device = torch.device("cpu")
    monkeypatch.setitem(fit._FEWEST_TOKENS, "cpu", TOKENS)
    needed = fit.parts_of(fit.shape_of(network.config.to_dict()), fit.Load(TOKENS, TOKENS, 8, 4)).beyond_weights
    counts = []
    for share in (2.0, 1.1, 0.8, 0.7, 0.0):
        free = (share * needed + fit.LATER_BYTES["cpu"]) / fit.usable("cpu", 100) * 100
        monkeypatch.setattr(memory, "free_bytes", lambda _device, free=free: int(free))
        counts.append(memory.choose(network, TOKENS, TOKENS, values, device, 0).recomputed)

    assert counts[0] == counts[1] == 0 and counts[-1] == 4 and counts == sorted(counts)
    assert 0 < counts[2] < 4
