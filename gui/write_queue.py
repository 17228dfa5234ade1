"""Changes of the knowledge base, one after the other: small ones at once, large ones beside the window.

SQLite lets one write at a time. While a large change is written in a thread, whatever comes after it waits in line
behind it, and the window shows every row as it is going to be.
"""

from __future__ import annotations

import contextlib
import threading
from collections import deque
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal

from gui.job_thread import Event, JobThread
from gui.thread_end import connect_end
from services.errors import UserError
from services.knowledge_base.id_range import IdRanges
from services.knowledge_base.store import KnowledgeBase

if TYPE_CHECKING:
    from gui.shell import Shell


@dataclass(eq=False, slots=True)
class Write:
    """One change.

    table: whose rows. ids: of these rows.
    change: makes it, in one transaction, in whatever thread; raises UserError where it cannot be made.
    preview: a row as it will be; None where that is not known yet.
    done: called in the window's thread, with what ``change`` raised or with None; returns the part of the table, a dataset.
    """

    table: str
    ids: IdRanges
    change: Callable[[KnowledgeBase], object]
    preview: Callable[[Any], Any] | None
    done: Callable[[Exception | None], str]


class WriteQueue(QObject):
    """
    Signals:
        moved(str): rows of this table wait for a change, or do no longer. Not said of changes that are made at once.
        saved(str, str): rows of this part of a table are other than they were; once for all changes that are told together.
            Everybody else hears it from the shell.
    """

    moved = Signal(str)
    saved = Signal(str, str)

    LARGE = 1000  # rows; fewer are written within a frame

    def __init__(self, shell: Shell) -> None:
        super().__init__(shell)
        self._shell = shell
        self._pending: list[Write] = []  # what is not done, in order
        self._waiting: deque[Write] = deque()  # of these, what the thread has not written yet
        self._written: deque[tuple[Write, Exception | None]] = deque()  # by the thread, not told yet
        self._thread: JobThread | None = None

    @property
    def is_idle(self) -> bool:
        """Whether every change is saved."""
        return not self._pending

    def put(self, write: Write) -> None:
        """Make a change: now, or in its turn."""
        if self.is_idle and len(write.ids) < self.LARGE:
            self._make(write)
            return
        self._pending.append(write)
        self._waiting.append(write)
        if self._thread is None:
            self._start()
        self.moved.emit(write.table)

    def finish(self) -> None:
        """Wait until every change is saved: somebody is about to read them, or the project is about to be closed."""
        while self._thread is not None or not self.is_idle:
            if self._thread is not None:
                self._thread.wait()
            self._end()

    def is_pending(self, write: Write | None) -> bool:
        """Whether this change is still to be made."""
        return any(other is write for other in self._pending)

    def is_waiting(self, table: str, row_id: int) -> bool:
        """Whether a change of that row is not saved yet."""
        return any(write.table == table and row_id in write.ids for write in self._pending)

    def count(self, table: str) -> int:
        """How many rows of the table wait for a change; those of two changes may count twice."""
        return sum(len(write.ids) for write in self._pending if write.table == table)

    def expected(self, table: str, rows: Sequence[Any]) -> Sequence[Any]:
        """The rows as they will be once all changes are made."""
        for write in self._pending:
            if write.table == table and write.preview is not None:
                rows = [write.preview(row) if row.id in write.ids else row for row in rows]
        return rows

    def _make(self, write: Write) -> None:
        try:
            write.change(self._shell.knowledge_base)
        except UserError as error:
            part = write.done(error)
        else:
            part = write.done(None)
        self._tell([(write.table, part)])

    def _start(self) -> None:
        project, waiting, written = self._shell.project, self._waiting, self._written

        def work(emit: Callable[[Event], None], _cancelled: threading.Event) -> None:
            # It goes on to the end, whoever wants it to stop: what a person did is not to be lost.
            with contextlib.ExitStack() as stack:
                store: KnowledgeBase | None = None
                while waiting:
                    write, outcome = waiting.popleft(), None
                    try:
                        store = store or stack.enter_context(project.connect())
                        write.change(store)
                    except UserError as error:
                        outcome = error
                    except Exception as error:  # a bug: the window hears of it, and the others have their turn
                        outcome = error
                        raise
                    finally:
                        written.append((write, outcome))
                        del write  # what is a part of the window must not end in this thread
                    emit({"type": "written"})

        self._thread = self._shell.run_beside(work)
        self._thread.events.connect(self._take)
        connect_end(self._thread, self._end)

    def _end(self, _outcome: object = None) -> None:
        # A thread that was waited for says so again, later; another one may run by then.
        if self._thread is not None and not self._thread.isRunning():
            self._thread = None
        self._take()
        if self._thread is None and self._waiting:
            self._start()

    def _take(self, _events: object = None) -> None:
        parts: dict[tuple[str, str], None] = {}
        while self._written:
            write, outcome = self._written.popleft()
            self._pending.remove(write)
            parts[write.table, write.done(outcome)] = None
        self._tell(parts)
        for table in dict.fromkeys(table for table, _part in parts):
            self.moved.emit(table)

    def _tell(self, parts: Collection[tuple[str, str]]) -> None:
        for table, part in parts:
            self.saved.emit(table, part)
        for table in dict.fromkeys(table for table, _part in parts):
            self._shell.changed(table)
