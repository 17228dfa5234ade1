"""Attention over rows that lie one behind the other: each row attends to itself, causally, and to nothing else.

transformers 5 would make a mask of (tokens × tokens) of such a batch. Here each row is a call of its own, or all of
them are one call of ``varlen_attn`` on a card that has it: time and memory grow with the squares of the rows, not with
the square of their sum.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterator, Sequence
from typing import Any

_NAME = "wissenswerk_documents"
_KNOWN_LAYERS = {"full_attention", "sliding_attention"}
_PROBE_LENGTHS = (5, 9, 3)


class Documents:
    """The lengths of rows that lie one behind the other.

    An object and not a tuple: a compiled layer hands it on without being compiled again for other lengths.
    """

    def __init__(self, lengths: Sequence[int]) -> None:
        self.lengths = tuple(lengths)
        self._ends: Any = None

    def ends(self, device: Any) -> Any:
        """Where each row ends, with a 0 before, as int32 on a device: made once for all layers."""
        import torch

        if self._ends is None:
            self._ends = torch.tensor((0, *self.lengths), dtype=torch.int32).cumsum(0, dtype=torch.int32).to(device)
        return self._ends


@contextlib.contextmanager
def documents_apart(network: Any, *, is_compiled: bool = False) -> Iterator[bool]:
    """Give a model this attention for as long as it is trained; yields whether it can have it.

    It can where three short documents in one flat row come out as each of them alone does with the model's own
    attention. Where not, the model is left as it was.

    Args:
        is_compiled: the layers around it will be; it is not, since it goes through the documents one by one.
    """
    import torch
    from transformers import AttentionInterface
    from transformers.masking_utils import AttentionMaskInterface

    AttentionInterface.register(_NAME, torch.compiler.disable(attend) if is_compiled else attend)
    AttentionMaskInterface.register(_NAME, lambda *_arguments, **_more: None)
    before = network.config._attn_implementation
    config = network.config.get_text_config()
    is_known = set(getattr(config, "layer_types", None) or _KNOWN_LAYERS) <= _KNOWN_LAYERS
    if not is_known or getattr(config, "attention_chunk_size", None):
        yield False
        return
    try:
        yield _is_exact(network)
    finally:
        network.set_attn_implementation(before)


def attend(
    module: Any,
    query: Any,
    key: Any,
    value: Any,
    attention_mask: Any,
    dropout: float = 0.0,
    scaling: float | None = None,
    sliding_window: int | None = None,
    documents: Documents | None = None,
    **more: Any,
) -> tuple[Any, None]:
    """An attention function of transformers.

    Args:
        query, key, value: (1, heads, tokens, width); keys and values may have fewer heads.
        documents: of ``tokens`` in all; none: every row of the batch is one.

    Returns:
        (1, tokens, heads, width).

    Raises:
        NotImplementedError: the model wants something that is not done here.
    """
    wanted = [name for name in ("softcap", "s_aux", "position_bias", "cache") if more.get(name) is not None]
    if wanted or attention_mask is not None or not getattr(module, "is_causal", True):
        raise NotImplementedError(f"attention with {wanted or 'a mask'}")
    documents = documents or Documents(query.shape[2:3])
    if query.shape[0] == 1 and _can_vary(query, dropout):
        return _attend_at_once(query, key, value, scaling, sliding_window, documents), None
    return _attend_each(query, key, value, scaling, sliding_window, documents, dropout), None


def _attend_each(
    query: Any, key: Any, value: Any, scaling: float | None, window: int | None, documents: Documents,
    dropout: float = 0.0,
) -> Any:  # fmt: skip
    import torch

    parts = []
    for q, k, v in zip(*(states.split(documents.lengths, dim=2) for states in (query, key, value)), strict=True):
        mask = None
        if window and q.shape[2] > window:
            places = torch.arange(q.shape[2], device=q.device)
            distance = places[:, None] - places
            mask = (distance >= 0) & (distance < window)
        part = torch.nn.functional.scaled_dot_product_attention(
            q, k, v, attn_mask=mask, dropout_p=dropout, is_causal=mask is None, scale=scaling,
            enable_gqa=q.shape[1] != k.shape[1],
        )  # fmt: skip
        parts.append(part.transpose(1, 2))
    return torch.cat(parts, dim=1)


def _attend_at_once(
    query: Any, key: Any, value: Any, scaling: float | None, window: int | None, documents: Documents
) -> Any:
    from torch.nn.attention.varlen import varlen_attn

    q, k, v = (states[0].transpose(0, 1) for states in (query, key, value))
    ends, longest = documents.ends(query.device), max(documents.lengths)
    before = window - 1 if window else -1  # the token itself is one of the window
    return varlen_attn(
        q, k, v, ends, ends, longest, longest, scale=scaling, window_size=(before, 0),
        enable_gqa=q.shape[1] != k.shape[1],
    )[None]  # fmt: skip


def _can_vary(query: Any, dropout: float) -> bool:
    import torch

    return (
        query.device.type == "cuda"
        and dropout == 0.0
        and query.dtype in (torch.bfloat16, torch.float16)
        and query.shape[-1] <= 256
        and _has_varlen(query.device, query.dtype)
    )


@functools.cache
def _has_varlen(device: Any, dtype: Any) -> bool:
    """Whether ``varlen_attn`` is there for a card and says the same as plain attention, gradients included."""
    import torch

    try:
        from torch.nn.attention.varlen import varlen_attn  # noqa: F401

        if torch.cuda.get_device_capability(device) < (8, 0):
            return False
        generator = torch.Generator("cpu").manual_seed(0)
        lengths = (33, 7, 128)
        draw = [torch.randn(1, heads, sum(lengths), 64, generator=generator) for heads in (4, 2, 2)]
        results = []
        for function in (_attend_at_once, _attend_each):
            states = [each.to(device, dtype).requires_grad_() for each in draw]
            with torch.enable_grad():  # the first to ask may be a probe without
                out = function(*states, None, None, Documents(lengths))
                out.float().square().sum().backward()
            results.append([out, *(state.grad for state in states)])
        return all(
            (ours - plain).float().norm() <= 0.02 * plain.float().norm() for ours, plain in zip(*results, strict=True)
        )
    except (ImportError, RuntimeError, NotImplementedError, TypeError, ValueError):
        return False


def _is_exact(network: Any) -> bool:
    """Whether documents in a flat row come out as they do alone; leaves the model with this attention if so."""
    import torch

    before, was_training = network.config._attn_implementation, network.training
    device = network.get_input_embeddings().weight.device
    ids = torch.arange(sum(_PROBE_LENGTHS), device=device)[None] % network.get_input_embeddings().weight.shape[0]
    positions = torch.cat([torch.arange(length, device=device) for length in _PROBE_LENGTHS])[None]
    is_exact = False
    try:
        network.eval()
        with torch.no_grad():
            alone = torch.cat(
                [
                    network.base_model(input_ids=part, use_cache=False).last_hidden_state
                    for part in ids.split(_PROBE_LENGTHS, dim=1)
                ],
                dim=1,
            ).float()
            network.set_attn_implementation(_NAME)
            flat = network.base_model(
                input_ids=ids, position_ids=positions, use_cache=False, documents=Documents(_PROBE_LENGTHS)
            ).last_hidden_state.float()
        tolerance = 1e-4 if network.dtype in (torch.float32, torch.float64) else 3e-2
        is_exact = network.config._attn_implementation == _NAME and bool(
            (flat - alone).norm() <= tolerance * alone.norm()
        )
    except (AttributeError, TypeError, ValueError, RuntimeError):  # NotImplementedError is one of these
        pass
    finally:
        network.train(was_training)
        if not is_exact:
            network.set_attn_implementation(before)
    return is_exact
