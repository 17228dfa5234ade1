"""Which process of a training this is: ``accelerate launch`` and ``torchrun`` start several and number them.

Only the first one writes files and speaks; what ends another one reaches the launcher through the file that it names.
"""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

from services.errors import UserError


class ProcessLost(UserError):
    """Another process of the training is gone, so this one cannot go on."""


def is_first_process() -> bool:
    """Whether this process writes files and events."""
    return os.environ.get("RANK", "0") == "0"


def process_count() -> int:
    """How many processes train together, on all machines."""
    return int(os.environ.get("WORLD_SIZE", "1"))


def tell_launcher(text: str, *, is_cause: bool, is_memory_full: bool = False) -> None:
    """Leave word of why this process ends without success, for the launcher's report.

    Args:
        is_cause: False where it only follows another process.
        is_memory_full: with less at once it may go on.
    """
    path = os.environ.get("TORCHELASTIC_ERROR_FILE")
    if not path or process_count() == 1:
        return
    # The launcher takes the earliest failure for the cause; it looks whole seconds at.
    when = int(time.time()) + (0 if is_cause else 60)
    said = {
        "message": text, "extraInfo": {"py_callstack": text, "timestamp": str(when)}, "is_cause": is_cause,
        "is_memory_full": is_memory_full,
    }  # fmt: skip
    Path(path).write_text(json.dumps({"message": said}), "utf-8")
