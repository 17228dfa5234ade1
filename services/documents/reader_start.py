"""How a reading process is started. It loads as little as can be: what is started first loads while its parent does."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

_AHEAD = 2  # more would only share the cores with what their parent has to load

_waiting: list[subprocess.Popen[str]] = []


def start_ahead() -> None:
    """Start processes that are sure to be needed. Those that nobody takes end with this one."""
    _waiting.extend(_start() for _process in range(min(os.cpu_count() or 1, _AHEAD)))


def start_reader() -> subprocess.Popen[str]:
    """A process that reads files: one that was started ahead, if there is one."""
    return _waiting.pop(0) if _waiting else _start()


def end_waiting() -> None:
    """There are enough: end those that nobody took."""
    while _waiting:
        with _waiting.pop() as process:
            process.kill()


def reader_command() -> list[str]:
    """How a reading process is started, from source and frozen."""
    if getattr(sys, "frozen", False):
        console = Path(sys.executable).with_name("wissenswerk-console.exe")  # a windowed program has no stdin there
        return [str(console) if console.exists() else sys.executable, "--reader"]
    return [sys.executable, str(Path(__file__).resolve().parents[2] / "main.py"), "--reader"]


def _start() -> subprocess.Popen[str]:
    return subprocess.Popen(
        reader_command(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8",
        env={**os.environ, "PYTHONIOENCODING": "utf-8", "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
        # A session of its own: Linux shares the cores out between sessions before it looks at priorities.
        start_new_session=True, creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
    )  # fmt: skip
