"""Decoder layers through ``torch.compile``, one by one: all are alike, so what is compiled for one serves them all.

Norms, rotations, activations and sums become one pass over memory each. That pays on a card whose arithmetic is faster
than its memory; a processor gains nothing. A compiler that is missing or mistaken costs the gain and not the training.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from typing import Any

_TOLERANCE = {"float32": 1e-3, "bfloat16": 5e-2, "float16": 2e-2}  # of loss and gradient, relative


@contextlib.contextmanager
def compiled(layers: Sequence[Any], attempt: Callable[[], tuple[float, Any]], **options: Any) -> Iterator[str]:
    """Compile layers for as long as they are trained; yields why not, or an empty text.

    Args:
        layers: those that are not computed twice.
        attempt: computes a loss and its gradient, a flat tensor, through these layers.
        options: of ``torch.compile``.
    """
    import torch

    if not layers:
        yield ""
        return
    before, plain = attempt()
    reason = ""
    try:
        for layer in layers:
            # In place, so that names, hooks and checkpoints stay what they are.
            layer.compile(dynamic=True, **options)
        loss, gradient = attempt()
        limit = _TOLERANCE.get(str(next(layers[0].parameters()).dtype).removeprefix("torch."), 1e-3)
        if abs(loss - before) > limit * abs(before) or not (gradient - plain).norm() <= limit * plain.norm():
            reason = "the compiled layers compute something else"
    except Exception as error:  # a compiler fails in as many ways as it has parts, none of which the training needs
        if isinstance(error, torch.OutOfMemoryError):
            raise
        reason = " ".join(str(error).strip().splitlines()[:2]) or type(error).__name__
    if reason:
        _restore(layers)
    try:
        yield reason
    finally:
        _restore(layers)


def _restore(layers: Sequence[Any]) -> None:
    for layer in layers:
        layer._compiled_call_impl = None
