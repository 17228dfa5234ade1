"""The machine is kept awake while long work runs; it sleeps again when the work ends, whatever ends it."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator

_WHY = ("Wissenswerk", "A training or another long work is running")
# Programs that hold off the sleep for as long as another one runs, for Linux: systemd's, elogind's, GNOME's. They run
# “cat”, whose end of file is the end of this process: a pipe closes whatever kills its owner.
_INHIBITORS = (
    ("systemd-inhibit", "--what=sleep:idle", "--mode=block", f"--who={_WHY[0]}", f"--why={_WHY[1]}", "cat"),
    ("elogind-inhibit", "--what=sleep:idle", "--mode=block", f"--who={_WHY[0]}", f"--why={_WHY[1]}", "cat"),
    ("gnome-session-inhibit", "--inhibit", "suspend:idle", "--app-id", _WHY[0], "--reason", _WHY[1], "cat"),
)
_CONTINUOUS, _SYSTEM_REQUIRED = 0x80000000, 0x00000001  # of SetThreadExecutionState


@contextlib.contextmanager
def awake(platform: str = sys.platform) -> Iterator[None]:
    """Keep the machine from sleeping by itself; where it cannot be had, nothing happens. The screen may go dark."""
    if platform == "win32":
        with _windows():
            yield
        return
    process = _start(platform)
    try:
        yield
    finally:
        if process is not None:
            _end(process, is_asked=platform == "darwin")


def _start(platform: str) -> subprocess.Popen[bytes] | None:
    caffeinate = ("caffeinate", "-i", "-w", str(os.getpid()))
    for program, *arguments in (caffeinate,) if platform == "darwin" else _INHIBITORS:
        if path := shutil.which(program):
            with contextlib.suppress(OSError):
                return subprocess.Popen(
                    [path, *arguments], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                    start_new_session=True,  # Ctrl+C means the work, which may take a moment to save
                )  # fmt: skip
    return None


def _end(process: subprocess.Popen[bytes], is_asked: bool) -> None:
    with contextlib.suppress(OSError):
        process.stdin.close()
    if is_asked:
        process.terminate()
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@contextlib.contextmanager
def _windows() -> Iterator[None]:
    """The state belongs to the thread and goes with it."""
    import ctypes

    set_state = ctypes.windll.kernel32.SetThreadExecutionState
    set_state(_CONTINUOUS | _SYSTEM_REQUIRED)
    try:
        yield
    finally:
        set_state(_CONTINUOUS)
