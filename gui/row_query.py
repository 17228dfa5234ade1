"""Which rows a table shows: asked for here when there are few, in a thread when the question takes longer than a frame."""

from __future__ import annotations

import threading
from array import array
from collections.abc import Callable

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtWidgets import QTableView

from gui.job_thread import JobThread
from gui.shell import Shell
from gui.table_model import show_ids
from gui.thread_end import connect_end
from services.knowledge_base.store import KnowledgeBase

Query = Callable[[KnowledgeBase], array]


class RowQuery(QObject):
    """Keeps one table in step with its search, its filters and the store.

    ``prepare()`` is called in the window's thread; the query it returns may run in another one.

    Signals:
        shown: the table shows the answer.
    """

    shown = Signal()

    DIRECT_LIMIT = 50_000  # rows of the larger table
    DELAY_MS = 150

    def __init__(self, shell: Shell, view: QTableView, prepare: Callable[[], Query], parent: QObject) -> None:
        super().__init__(parent)
        self._shell, self._view, self._prepare = shell, view, prepare
        self._thread: JobThread | None = None
        self._is_outdated = False
        self._timer = QTimer(self, singleShot=True, interval=self.DELAY_MS)
        self._timer.timeout.connect(self.reload)

    def reload_soon(self) -> None:
        """Many changes in a row are one reload."""
        if not self._timer.isActive():
            self._timer.start()

    def reload(self) -> None:
        """Ask anew; selection and place stay where the rows do."""
        self._timer.stop()
        if self._thread is not None:
            self._is_outdated = True
            return
        query = self._prepare()
        if self._shell.knowledge_base.count_chunks() <= self.DIRECT_LIMIT:
            self._show(query(self._shell.knowledge_base))
            return
        project = self._shell.project

        def ask(_emit: Callable[..., None], _cancelled: threading.Event) -> array:
            with project.connect(is_read_only=True) as store:
                return query(store)

        self._thread = self._shell.run_beside(ask)
        self._thread.succeeded.connect(self._show)
        connect_end(self._thread, self._finish)

    def _show(self, ids: array) -> None:
        show_ids(self._view, ids)
        self.shown.emit()

    def _finish(self, _outcome: object = None) -> None:
        self._thread = None
        if self._is_outdated:
            self._is_outdated = False
            self.reload()
