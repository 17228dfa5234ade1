"""How large the model is that writes, which decides how much it can be asked for at once."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from services.sft_data.provider import Provider

SMALL_BELOW = 4.0  # thousand million parameters
_SMALL_BYTES = 2_500_000_000  # about as many parameters at four bits each
_SIZE = re.compile(r"(?<![a-z0-9.])(?:e)?(\d+(?:\.\d+)?)\s*([bm])(?![a-z])", re.IGNORECASE)


def size_of(name: str) -> float | None:
    """Thousand million parameters, as a name says it: 0.135 for "smollm2:135m"; None where it says nothing."""
    found = [float(number) / (1 if unit in "bB" else 1000) for number, unit in _SIZE.findall(name)]
    return max(found) if found else None


def is_small(settings: dict[str, Any], provider: Provider) -> bool:
    """Whether the model gets one fact and one question in a request, and tags instead of JSON.

    The setting decides where it is "on" or "off"; "auto" looks at what the server says, at the name, at the file.
    """
    if settings["small_model"] != "auto":
        return settings["small_model"] == "on"
    model = getattr(provider, "model", "")
    said = getattr(provider, "parameter_size", "")
    size = size_of(said) if said else None
    if size is None and settings["provider"] == "llama-cpp":
        path = Path(model).expanduser()
        return path.is_file() and path.stat().st_size < _SMALL_BYTES
    size = size_of(model) if size is None else size
    return size is not None and size < SMALL_BELOW
