"""How much memory a training takes, part by part, and with which batch and how many recomputed layers it fits.

Everything follows from a model's config.json, the headers of its weights, and the settings: nothing is loaded. In units of
one activation value, eager layers of transformers with this program's attention and adapters keep for the way back, for
a token of width h, with inner width I, n query and m key heads of width d, and LoRA rank r:

    4·I + 3·n·d + 2·m·d + 4·h (6·h in two bytes, where norms keep a copy in four) + r for each matrix

The highest point of a step is where the loss is made, with all that kept, or where the way back begins.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from services.errors import UserError
from services.models.weights import TensorHeader, read_headers
from services.translation import _

# Tokens that go through the model at once: enough to keep the device busy. More would only take more memory.
BUSY_TOKENS = {"cpu": 1024, "mps": 2048, "cuda": 16384}
# Fewer at once make a device noticeably slower than computing twice does.
_FEWEST_TOKENS = {"cpu": 256, "mps": 512, "cuda": 4096}
LOGIT_BYTES = {"cpu": 128 * 2**20, "mps": 256 * 2**20, "cuda": 1024 * 2**20}  # of one part's logits in the loss
FEWEST_LOGIT_ROWS = 128  # of a part: with fewer, reading the output matrix takes longer than multiplying
_LAYER = re.compile(r"(?:^|\.)(?:layers|h|blocks)\.(\d+)\.")
_NF4_BYTES = 0.516  # of a weight in four bits, with its share of the scales (QLoRA, double quantization)


@dataclass(frozen=True, slots=True)
class ModelShape:
    """What decides how much memory and time a model takes.

    parameters: of the whole model, tied matrices once; matrix_parameters: of the matrices in all layers.
    matrix_widths: of these matrices, inputs and outputs added up, which times the rank are the adapter's values.
    matrices: how many of them in all layers. queries, keys: heads times their width. experts share ``inner``: it is
    what one token goes through.
    """

    parameters: int
    layers: int
    width: int
    inner: int
    queries: int
    keys: int
    vocabulary: int
    heads: int
    is_tied: bool
    is_gated: bool
    has_head_norms: bool
    matrices: int
    matrix_parameters: int
    matrix_widths: int
    stored_bytes: int = 2

    @property
    def output_parameters(self) -> int:
        return self.vocabulary * self.width

    def adapter_parameters(self, rank: int, target: str = "all") -> int:
        """Values of a LoRA adapter on the matrices of the layers; target: see ``Load``."""
        if target == "attention":
            return rank * self.layers * 2 * (2 * self.width + self.queries + self.keys)
        if target == "upper-half":
            return rank * self.matrix_widths * (self.layers - self.layers // 2) // self.layers
        return rank * self.matrix_widths


@dataclass(frozen=True, slots=True)
class Load:
    """What a training puts on a device, beside the model.

    tokens: of the largest batch, padding counted; longest: tokens of the longest row; value_bytes: of a weight and an
    activation; recomputed: layers whose activations are made twice; has_dropout: of the adapter; is_cast: the adapter
    computes in four bytes and the model in two, as over four-bit weights and in F16; is_split: a step has several batches.
    target: "all", "attention" or "upper-half", see the setting "target_layers".
    """

    tokens: int
    longest: int
    rank: int
    value_bytes: int
    device: str = "cpu"
    recomputed: int = 0
    has_dropout: bool = False
    is_cast: bool = False
    is_quantized: bool = False
    is_split: bool = True
    target: str = "all"


@dataclass(frozen=True, slots=True)
class Parts:
    """Bytes of a training at its highest point; program: what the libraries take before anything is loaded."""

    weights: int
    adapter: int
    activations: int
    loss: int
    program: int

    @property
    def total(self) -> int:
        return self.weights + self.beyond_weights + self.program

    @property
    def beyond_weights(self) -> int:
        return self.adapter + self.activations + self.loss


@dataclass(frozen=True, slots=True)
class Choice:
    """How a training is computed: tokens at once, layers computed twice, and what that takes."""

    tokens: int
    recomputed: int
    parts: Parts
    fits: bool


def read_shape(folder: Path) -> ModelShape:
    """The shape of a model on the disk.

    Raises:
        UserError: the files cannot be read, or are not those of a language model.
    """
    try:
        config = json.loads((folder / "config.json").read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(_("{folder} has no config.json that can be read. Download the model again.").format(folder=folder)) from error
    return shape_of(config, read_headers(folder))


def shape_of(config: Mapping[str, Any], headers: Mapping[str, TensorHeader] | None = None) -> ModelShape:
    """A model's shape from its configuration, and from the headers of its weights where they are known.

    Raises:
        UserError: the configuration does not say how wide or how deep the model is.
    """
    config = {**config, **(config.get("text_config") or {})}
    try:
        width = int(config.get("hidden_size") or config["n_embd"])
        layers = int(config.get("num_hidden_layers") or config["n_layer"])
        heads = int(config.get("num_attention_heads") or config["n_head"])
        vocabulary = int(config["vocab_size"])
    except (KeyError, TypeError, ValueError):
        raise UserError(_("The config.json of this model does not say how large it is. Choose another model.")) from None
    head_width = int(config.get("head_dim") or width // heads)
    keys = int(config.get("num_key_value_heads") or heads) * head_width
    experts = int(config.get("num_experts_per_tok") or 0)
    inner = int(config.get("intermediate_size") or config.get("n_inner") or 4 * width)
    if experts and config.get("moe_intermediate_size"):
        inner = experts * int(config["moe_intermediate_size"])
    queries = heads * head_width
    is_gated = "n_embd" not in config and config.get("model_type") not in ("gpt_neox", "phi", "opt", "starcoder2")
    is_tied = bool(config.get("tie_word_embeddings", headers is None or "lm_head.weight" not in headers))
    if headers is None:
        pairs = [(width, queries), (width, keys), (width, keys), (queries, width), (inner, width)]
        pairs += [(width, inner)] * (2 if is_gated else 1)
        matrices, matrix_parameters = layers * len(pairs), layers * sum(a * b for a, b in pairs)
        widths = layers * sum(a + b for a, b in pairs)
        parameters = matrix_parameters + vocabulary * width * (1 if is_tied else 2) + width * (2 * layers + 1)
        known = str(config.get("model_type", "")).startswith(("qwen3", "gemma3", "olmo2"))
        has_head_norms = bool(config.get("has_head_norms", known))
        stored = 4 if config.get("torch_dtype", config.get("dtype")) == "float32" else 2
    else:
        inside = {name: each for name, each in headers.items() if _LAYER.search(name)}
        shapes = [each.shape for each in inside.values() if len(each.shape) == 2]
        matrices, matrix_parameters = len(shapes), sum(map(math.prod, shapes))
        widths = sum(map(sum, shapes))
        parameters = sum(each.size for each in headers.values())
        has_head_norms = any(name.endswith("q_norm.weight") for name in inside)
        is_gated = is_gated or any("gate" in name for name in inside)
        sizes: dict[str, int] = {}
        for each in headers.values():
            sizes[each.dtype] = sizes.get(each.dtype, 0) + each.size
        stored = 4 if max(sizes, key=sizes.__getitem__, default="") in ("F32", "F64") else 2
    return ModelShape(
        parameters, layers, width, inner, queries, keys, vocabulary, heads, is_tied, is_gated, has_head_norms, matrices,
        matrix_parameters, widths, stored,
    )  # fmt: skip


def layer_bytes(shape: ModelShape, load: Load) -> int:
    """What one layer keeps for the way back."""
    size, h, i, queries = load.value_bytes, shape.width, shape.inner, shape.queries
    beside = 1 if size == 4 else 2  # values of a norm's input that it keeps beside its result
    values = (4 if shape.is_gated else 2) * i + 3 * queries + 2 * shape.keys + (2 + 2 * beside) * h
    if shape.has_head_norms:
        values += beside * (queries + shape.keys)
    values += load.rank * shape.matrices // max(1, shape.layers)
    inputs = 2 * h + queries + i  # of the matrices; several read the same
    if load.target == "attention":
        values, inputs = values - h - i, h + queries
    kept = values * size
    if load.has_dropout or load.is_cast:
        # PEFT's own way: every matrix keeps an input of its own in four bytes, and what dropout left out.
        each = (5 if load.target != "attention" else 3) * h + inputs - 2 * h
        mask = 0 if not load.has_dropout else 1 if load.device == "cuda" else 4
        kept += each * (4 + mask) - inputs * size
    kept *= load.tokens
    if load.device == "mps":
        # Attention without a kernel of its own for the way back: scores of each row, before and after the softmax.
        kept += 2 * shape.heads * load.tokens * load.longest * size
    return kept


def parts_of(shape: ModelShape, load: Load) -> Parts:
    """The memory of a training at its highest point."""
    size, tokens, h, v = load.value_bytes, load.tokens, shape.width, shape.vocabulary
    weights = size * shape.parameters
    if load.is_quantized:
        weights = round(_NF4_BYTES * shape.matrix_parameters) + size * (shape.parameters - shape.matrix_parameters)
    kept, states = layer_bytes(shape, load), tokens * h * size
    layers = shape.layers - shape.layers // 2 if load.target == "upper-half" else shape.layers
    recomputed = min(load.recomputed, layers)
    back = tokens * size * (2 * shape.inner + 3 * h)  # gradients where the way back through a layer begins
    rows = min(tokens, max(FEWEST_LOGIT_ROWS, LOGIT_BYTES[load.device] // (4 * v)))
    loss = rows * v * (4 if size == 4 else 4 + size) + 2 * states
    gradients = 4 * shape.adapter_parameters(load.rank, load.target)
    before = gradients if load.is_split else 0  # those of the batches before, which are there when the loss is made
    at_loss = recomputed * states + (layers - recomputed) * kept + states
    again = recomputed * states + kept + back + gradients if recomputed else 0
    top = max(at_loss + max(loss, back) + before, again, gradients)
    loss = min(loss, top)
    adapter = 3 * gradients  # weights and both moments of Adam
    activations = top - loss + kept_by_allocator(shape, load)
    return Parts(weights, adapter, activations, loss, PROGRAM_BYTES[load.device])


def kept_by_allocator(shape: ModelShape, load: Load) -> int:
    """What the allocator has beyond what is in use.

    A card's keeps some of the largest buffers. C's, on a processor, was seen to keep 9 to 11 of a layer's inner width,
    however many layers there were, and 13 to 18 where all of them were computed twice.
    """
    buffer = load.tokens * shape.inner * load.value_bytes
    if load.device != "cpu":
        return 3 * buffer
    return round((10 + 7 * (load.recomputed / shape.layers) ** 2) * buffer)


def choose(shape: ModelShape, load: Load, room_bytes: int, *, may_recompute: bool) -> Choice:
    """The fastest way to compute a training in some memory; where there is none, the one that takes least.

    Fewer tokens at once come first, because that costs little; then layers that are computed twice, as few as the room
    asks for; then fewer tokens still. What is learnt is the same.

    Args:
        load: with the tokens of a batch that would be best.
        room_bytes: for all parts together.
        may_recompute: whether layers may be computed twice.
    """
    tries = []
    tokens = load.tokens
    fewest = max(load.longest, min(load.tokens, _FEWEST_TOKENS[load.device]))
    while tokens > fewest:
        tries.append((tokens, 0))
        tokens = max(fewest, tokens // 2)
    tries += [(tokens, count) for count in range((shape.layers if may_recompute else 0) + 1)]
    while tokens > load.longest:
        tokens = max(load.longest, tokens // 2)
        tries.append((tokens, shape.layers if may_recompute else 0))
    for tokens, recomputed in tries:
        parts = parts_of(shape, replace(load, tokens=tokens, recomputed=recomputed))
        if parts.total <= room_bytes:
            return Choice(tokens, recomputed, parts, True)
    return Choice(tokens, recomputed, parts, False)


def usable(device: str, free_bytes: int) -> int:
    """What a training may take of free memory: the rest is for what other programs will want."""
    return int(_SHARE[device] * free_bytes)


_SHARE = {"cuda": 0.9, "mps": 0.7, "cpu": 0.8}
# What Python, PyTorch and the trainer take, and on a card its context.
PROGRAM_BYTES = {"cpu": 520 * 2**20, "mps": 600 * 2**20, "cuda": 600 * 2**20}
LATER_BYTES = {"cpu": 60 * 2**20, "mps": 60 * 2**20, "cuda": 0}  # of them, what is only taken in the first steps
