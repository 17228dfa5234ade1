"""What is said where the memory is too small for a training."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

from services.errors import MemoryFull
from services.training import memory
from services.training.at_once import AtOnce
from services.translation import _


@contextlib.contextmanager
def explain_memory(settings: dict[str, Any]) -> Iterator[None]:
    """Turn a full memory into a sentence that names what to change.

    Raises:
        UserError: in place of the many exceptions that say so.
    """
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if not memory.is_full(error):
            raise
        way, other, *_more = _ways(settings)
        raise MemoryFull(
            _("The memory is full. You can {way}, or {other}; then start again.").format(way=way, other=other)
        ) from error


def _ways(settings: dict[str, Any]) -> list[str]:
    """What takes less memory, what costs least first."""
    tokens = settings["max_seq_length"]
    ways = []
    if not settings["gradient_checkpointing"]:
        ways.append(_("switch on “Save memory by computing twice”"))
    if tokens > 128:
        ways.append(_("lower “Longest text” from {value} to {half}").format(value=tokens, half=tokens // 2))
    return [*ways, _("choose a smaller base model"), _("close other programs")]


def say_less(before: AtOnce, now: AtOnce) -> str:
    """What was changed when the memory was full, in words."""
    if now.tokens < before.tokens:
        return _(
            "The memory was full. It goes on with half as much text at once, {tokens} tokens, and twice as many parts to a "
            "step: what is learnt is the same."
        ).format(tokens=now.tokens)
    return _("The memory was full. It goes on and computes every layer twice, which takes longer; what is learnt is the same.")


def too_little(limit_bytes: int, needed_bytes: int, settings: dict[str, Any]) -> str:
    """The sentence where not even the least fits into what the person allows."""
    ways = _ways(settings)
    return _(
        "This training needs about {needed:.1f} GB, and “Memory to use” allows {limit:.1f}. You can allow more, {way}, or "
        "{other}."
    ).format(needed=needed_bytes / 2**30, limit=limit_bytes / 2**30, way=ways[0], other=ways[1])
