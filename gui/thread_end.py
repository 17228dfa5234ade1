"""Hear once that a thread is over, however it ended."""

from __future__ import annotations

from collections.abc import Callable

from gui.job_thread import JobThread


def connect_end(thread: JobThread, slot: Callable[..., None]) -> None:
    """Call ``slot`` after the thread's last word, whichever it is.

    QThread's own ``finished`` leaves from the other thread, so a work of a millisecond may have sent it before
    anybody could connect to it; the four conclusions leave from the window's thread, and wait for the event loop.
    """
    for conclusion in (thread.succeeded, thread.failed, thread.cancelled, thread.crashed):
        conclusion.connect(slot)
