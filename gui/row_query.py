"""Which rows a table shows: asked for here when there are few, in a thread when the question takes longer than a frame."""

from __future__ import annotations

from array import array
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtWidgets import QTableView

from gui.job_thread import Event, JobThread
from gui.shell import Shell
from gui.table_model import selected_count, show_ids
from gui.thread_end import connect_end
from services.knowledge_base.store import KnowledgeBase

Query = Callable[[KnowledgeBase], array]

@dataclass(frozen=True)
class ChunkQuery:
    """A query of ``chunk_ids``, by its arguments. Two that ask the same are equal, and it can ask for the first rows."""

    arguments: tuple[tuple[str, Any], ...]
    method: ClassVar[str] = "chunk_ids"

    @classmethod
    def of(cls, **arguments: Any) -> ChunkQuery:
        return cls(tuple(sorted(arguments.items())))

    def __call__(self, store: KnowledgeBase, limit: int | None = None) -> array:
        return getattr(store, self.method)(**dict(self.arguments), limit=limit)


class PairQuery(ChunkQuery):
    """The same of ``pair_ids``."""

    method = "pair_ids"


class RowQuery(QObject):
    """Keeps one table in step with its search, its filters and the store.

    ``prepare()`` is called in the window's thread; the query it returns may run in another one. Of a new ChunkQuery
    the first rows are shown at once, the others behind them as soon as they are known.

    Signals:
        shown: the table shows the answer, or the first rows of it (``is_partial``).
    """

    shown = Signal()

    DIRECT_LIMIT = 5_000  # rows of the larger table; more take longer than a frame when the processor is busy
    FIRST_ROWS = 500
    DELAY_MS = 150
    BUSY_DELAY_MS = 600  # while a job writes: it needs the processor, and has more to show each time

    def __init__(self, shell: Shell, view: QTableView, prepare: Callable[[], Query], parent: QObject) -> None:
        super().__init__(parent)
        self._shell, self._view, self._prepare = shell, view, prepare
        self._thread: JobThread | None = None
        self._shown_query: Query | None = None
        self._is_outdated = False
        self.is_partial = False
        self._timer = QTimer(self, singleShot=True, interval=self.DELAY_MS)
        self._timer.timeout.connect(self.reload)

    @property
    def is_settled(self) -> bool:
        """Whether the table shows all rows of what was asked last."""
        return self._thread is None and not self.is_partial and not self._timer.isActive()

    def reload_soon(self) -> None:
        """Many changes in a row are one reload."""
        if not self._timer.isActive():
            self._timer.start(self.BUSY_DELAY_MS if self._shell.is_busy else self.DELAY_MS)

    def reload(self) -> None:
        """Ask anew; selection and place stay where the rows do."""
        self._timer.stop()
        query = self._prepare()
        if self._thread is not None:
            self._is_outdated = True
            # The same question again may wait for the answer: a job that writes all the time would else prevent any.
            if isinstance(query, ChunkQuery) and query != self._shown_query and not self._thread.is_stopping:
                self._thread.stop()
            return
        if is_small(self._shell.knowledge_base):
            self._shown_query = query
            self._show(query(self._shell.knowledge_base))
            return
        # The rows of a question that is asked again stay on the screen until all of them are known.
        has_first = isinstance(query, ChunkQuery) and query != self._shown_query
        self._shown_query = query
        first_rows = self.FIRST_ROWS

        def ask(store: KnowledgeBase, emit: Callable[[Event], None]) -> array:
            if has_first:
                emit({"type": "first_rows", "ids": query(store, first_rows)})
            return query(store)

        self._thread = self._shell.ask_beside(ask, is_first=True)
        self._thread.events.connect(self._show_first)
        self._thread.succeeded.connect(self._show)
        connect_end(self._thread, self._finish)

    def _show_first(self, events: list[Event]) -> None:
        if not self._thread.is_stopping:
            self._show(events[-1]["ids"], is_partial=True)

    def _show(self, ids: array, is_partial: bool = False) -> None:
        is_all = self.is_partial and 0 < selected_count(self._view) == self._view.model().rowCount()
        self.is_partial = is_partial
        show_ids(self._view, ids)
        if is_all:  # "select all" means those that were not there yet, too
            self._view.selectAll()
        self.shown.emit()

    def _finish(self, _outcome: object = None) -> None:
        self._thread = None
        if self._is_outdated:
            self._is_outdated = False
            self.reload()


def is_small(store: KnowledgeBase) -> bool:
    """Whether any question about all rows is answered within a frame."""
    return not store.has_more_than(RowQuery.DIRECT_LIMIT)
