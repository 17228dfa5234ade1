"""The only QThread of the window: it runs one piece of work and carries its events home."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any, Protocol

from PySide6.QtCore import QObject, QThread, QTimer, Signal

from services.errors import Cancelled, UserError
from services.time_left import TimeLeft

Event = dict[str, Any]
Work = Callable[[Callable[[Event], None], threading.Event], Any]


class Child(Protocol):
    """What a job in its own process can be told; ``services.jobs.Child`` is one."""

    def run(self, emit: Callable[[Event], None], cancelled: threading.Event) -> Any: ...
    def send(self, command: Event) -> None: ...
    def kill(self) -> None: ...


class JobThread(QThread):
    """Runs one job. The worker side only appends to a deque; every signal leaves from the window's thread.

    ``work(emit, cancelled)`` blocks until it is done. With ``child`` given, ``child.run`` is the work, and the
    thread can also talk to the process and kill it.

    Signals:
        events: list of event dicts, at most twenty times a second.
        succeeded(result), failed(UserError), cancelled(), crashed(Exception): exactly one, after the last events.
    """

    events = Signal(object)
    succeeded = Signal(object)
    failed = Signal(object)
    cancelled = Signal()
    crashed = Signal(object)

    def __init__(
        self,
        work: Work | None,
        parent: QObject | None,
        *,
        child: Child | None = None,
        name: str = "",
        label: str = "",
    ) -> None:
        super().__init__(parent)
        self.name, self.label = name, label
        self.time_left = TimeLeft()  # by the last progress
        self._work: Work = work if work is not None else child.run
        self._child = child
        self._stop_asked = threading.Event()
        self._pending: deque[Event] = deque()
        self._conclusion: tuple[str, tuple[Any, ...]] = ("cancelled", ())
        self._timer = QTimer(self, interval=50)
        self._timer.timeout.connect(self._drain)
        self.events.connect(self._clock)  # before anybody else hears of them
        self.started.connect(self._timer.start)
        self.finished.connect(self._conclude)

    @property
    def is_stopping(self) -> bool:
        return self._stop_asked.is_set()

    def stop(self) -> None:
        """Ask the work to save and leave; asked a second time, kill it at once."""
        if self.is_stopping:
            self.kill()
        self._stop_asked.set()

    def kill(self) -> None:
        """End the child's process tree now; work without a process can only be asked."""
        self._stop_asked.set()
        if self._child is not None:
            self._child.kill()

    def send(self, command: Event) -> None:
        """Say something to the child, such as a prompt. Does nothing once it is gone."""
        if self._child is not None and self.isRunning():
            self._child.send(command)

    def run(self) -> None:
        try:
            result = self._work(self._pending.append, self._stop_asked)
        except Cancelled:
            pass
        except UserError as error:
            self._conclusion = ("failed", (error,))
        except Exception as error:  # the one broad except of gui/: whatever it is, the window must hear of it
            self._conclusion = ("crashed", (error,))
        else:
            self._conclusion = ("succeeded", (result,))

    def _drain(self) -> None:
        if batch := [self._pending.popleft() for _ in range(len(self._pending))]:
            self.events.emit(batch)

    def _clock(self, batch: list[Event]) -> None:
        for event in batch:
            if event["type"] == "progress":
                self.time_left.add(time.monotonic(), event["done"], event["total"], event.get("time_left_s"))

    def _conclude(self) -> None:
        self._timer.stop()
        self._drain()
        signal, arguments = self._conclusion
        getattr(self, signal).emit(*arguments)
