"""Long questions to the knowledge base take turns, so that the window always has a processor for itself.

Eight of them at once on two processors make the opening of a tab three times as long, and the window stutters meanwhile.
"""

from __future__ import annotations

import heapq
import itertools
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from services.errors import Cancelled

_LOOK_S = 0.05  # how often one that waits looks whether it is still wanted


class QuestionTurns:
    """For threads."""

    def __init__(self, places: int | None = None) -> None:
        """places: how many are answered at a time; None: all processors but one."""
        self._free = places or max(1, (os.cpu_count() or 2) - 1)
        self._changed = threading.Condition()
        self._numbers = itertools.count()
        self._waiting: list[tuple[bool, int]] = []

    @contextmanager
    def turn(self, cancelled: threading.Event, *, is_first: bool = False) -> Iterator[None]:
        """Wait for a turn and have it; first come, first served, but for those that are ``is_first``.

        Raises:
            Cancelled: it is no longer wanted.
        """
        place = (not is_first, next(self._numbers))
        with self._changed:
            heapq.heappush(self._waiting, place)
            while (self._free < 1 or self._waiting[0] != place) and not cancelled.is_set():
                self._changed.wait(_LOOK_S)
            self._waiting.remove(place)
            heapq.heapify(self._waiting)
            if cancelled.is_set():
                self._changed.notify_all()
                raise Cancelled
            self._free -= 1
            self._changed.notify_all()  # there may be another place
        try:
            yield
        finally:
            with self._changed:
                self._free += 1
                self._changed.notify_all()
