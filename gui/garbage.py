"""Python's cyclic garbage, collected in the window's thread only.

A collection that happens to start in another thread takes widgets apart there while Qt still draws them: a crash, or
methods of objects that have lost their attributes. So it is switched off, and done from the event loop.
"""

from __future__ import annotations

import gc

from PySide6.QtCore import QObject, QTimer

_OLDER_EVERY = 10  # collections of a generation before the next older one is looked at


class GarbageCollection(QObject):
    """Collects for as long as it lives."""

    EVERY_MS = 1000

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        gc.disable()
        self._timer = QTimer(self, interval=self.EVERY_MS)
        self._timer.timeout.connect(collect_garbage)
        self._timer.start()


def collect_garbage() -> None:
    """As the automatic collection does it: young objects when there are many, older ones every so often."""
    young, middle, old = gc.get_count()
    if young < gc.get_threshold()[0]:
        return
    if middle < _OLDER_EVERY:
        gc.collect(0)
    elif old < _OLDER_EVERY:
        gc.collect(1)
    else:
        gc.collect()
