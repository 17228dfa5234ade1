"""The network: a small Qwen2, and how it is saved so that transformers and llama.cpp load it."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING

from tokenizer import CONTEXT, ENTRIES

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase, Qwen2ForCausalLM

HIDDEN = 256
LAYERS = 5
INTERMEDIATE = 768
HEADS = 4


def build_network(tokenizer: PreTrainedTokenizerBase, layers: int = LAYERS, intermediate: int = INTERMEDIATE) -> Qwen2ForCausalLM:
    """A Qwen2 with random weights, F32. Rows of all matrices are multiples of 256, as K-quants need."""
    from transformers import GenerationConfig, Qwen2Config, Qwen2ForCausalLM

    config = Qwen2Config(
        vocab_size=ENTRIES, hidden_size=HIDDEN, intermediate_size=intermediate, num_hidden_layers=layers,
        num_attention_heads=HEADS, num_key_value_heads=HEADS, max_position_embeddings=CONTEXT, tie_word_embeddings=True,
        rope_parameters={"rope_type": "default", "rope_theta": 10000.0}, use_sliding_window=False, bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id, pad_token_id=tokenizer.pad_token_id, attention_dropout=0.0, initializer_range=0.02,
    )
    network = Qwen2ForCausalLM(config)
    for name, parameter in network.named_parameters():
        if name.endswith(("o_proj.weight", "down_proj.weight")):
            parameter.data.mul_(1 / math.sqrt(2 * layers))
    network.generation_config = GenerationConfig(
        eos_token_id=tokenizer.eos_token_id, pad_token_id=tokenizer.pad_token_id, do_sample=False, max_new_tokens=128
    )
    return network


def save_network(network: Qwen2ForCausalLM, folder: Path) -> None:
    """Save weights, config and generation settings.

    The weights are stored in BF16, half the size, while the config names F32: loaded without a wish they are F32, which training
    on a CPU needs.
    """
    import copy

    import torch

    copy.deepcopy(network).to(torch.bfloat16).save_pretrained(folder)
    path = folder / "config.json"
    config = {**json.loads(path.read_text(encoding="utf-8")), "dtype": "float32", "use_cache": True}
    path.write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
