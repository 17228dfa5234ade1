"""Rotary embeddings in a GGUF file: the base frequency, and the ways in which models stretch it."""

from __future__ import annotations

import math
from typing import Any

from services.errors import UserError
from services.translation import _


def add_parameters(writer: Any, config: Any, head_size: int) -> None:
    """Writes what llama.cpp needs to know of a config's ``rope_parameters``.

    Raises:
        UserError: a way of stretching that llama.cpp computes differently or not at all.
    """
    from gguf import RopeScalingType

    values = config.rope_parameters
    kind = values.get("rope_type", "default")
    writer.add_rope_dimension_count(rotated_size(config, head_size))
    writer.add_rope_freq_base(values["rope_theta"])
    if kind in ("default", "llama3"):  # llama3: see factor_tensors
        return
    if kind == "linear":
        writer.add_rope_scaling_type(RopeScalingType.LINEAR)
        writer.add_rope_scaling_factor(values["factor"])
    elif kind == "yarn" and not {"mscale", "mscale_all_dim", "attention_factor"} & set(values):
        writer.add_rope_scaling_type(RopeScalingType.YARN)
        writer.add_rope_scaling_factor(values["factor"])
        writer.add_rope_scaling_orig_ctx_len(values["original_max_position_embeddings"])
    elif kind == "longrope":
        original = values["original_max_position_embeddings"]
        scale = config.max_position_embeddings / original
        # arXiv 2402.13753, section 3.2: keeps the entropy of attention as the context grows
        factor = math.sqrt(1 + math.log(scale) / math.log(original)) if scale > 1 else 1.0
        writer.add_rope_scaling_orig_ctx_len(original)
        writer.add_rope_scaling_attn_factors(values.get("attention_factor") or factor)
    else:
        raise UserError(
            _(
                "The position code of this model (“{kind}”) has no place in a GGUF file. Export it as safetensors."
            ).format(kind=kind)
        )


def factor_tensors(config: Any) -> dict[str, Any]:
    """Name to float32 array of the factors that llama.cpp divides each frequency by; each of half the rotated size."""
    import numpy

    values = config.rope_parameters
    head_size = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    size = rotated_size(config, head_size)
    kind = values.get("rope_type", "default")
    if kind == "llama3":
        # As transformers computes them (modeling_rope_utils, after Llama 3.1): long waves are stretched by the whole
        # factor, short ones not at all, those between in proportion.
        waves = 2 * math.pi * values["rope_theta"] ** (numpy.arange(0, size, 2) / size)
        low, high = values["low_freq_factor"], values["high_freq_factor"]
        smooth = (values["original_max_position_embeddings"] / waves - low) / (high - low)
        factors = 1 / ((1 - smooth) / values["factor"] + smooth)
        factors[smooth >= 1] = 1.0
        factors[smooth <= 0] = values["factor"]
        return {"rope_freqs.weight": factors.astype(numpy.float32)}
    if kind == "longrope":
        names = {"rope_factors_long.weight": "long_factor", "rope_factors_short.weight": "short_factor"}
        return {name: numpy.array(values[key], dtype=numpy.float32) for name, key in names.items()}
    return {}


def rotated_size(config: Any, head_size: int) -> int:
    """How many values of a head are rotated."""
    share = config.rope_parameters.get("partial_rotary_factor") or getattr(config, "partial_rotary_factor", None) or 1.0
    return int(head_size * share)
