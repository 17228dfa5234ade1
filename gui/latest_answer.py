"""Questions to the knowledge base whose answers may take longer than a frame."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QObject, Signal

from gui.job_thread import JobThread
from gui.row_query import is_small
from gui.shell import Shell
from gui.thread_end import connect_end
from services.knowledge_base.store import KnowledgeBase

Question = Callable[[KnowledgeBase], Any]


class LatestAnswer(QObject):
    """Asks here when there are few rows, in a thread when there are many: the window never waits.

    Signals:
        answered: with what the question returned.
    """

    answered = Signal(object)

    def __init__(self, shell: Shell, parent: QObject) -> None:
        super().__init__(parent)
        self._shell = shell
        self._thread: JobThread | None = None
        self._next: Question | None = None

    def ask(self, question: Question) -> None:
        """Ask; while an answer is on its way, only the newest of further questions waits."""
        if self._thread is not None:
            self._next = question
            return
        if is_small(self._shell.knowledge_base):
            self.answered.emit(question(self._shell.knowledge_base))
            return
        self._thread = self._shell.ask_beside(lambda store, _emit: question(store))
        self._thread.succeeded.connect(self.answered)
        connect_end(self._thread, self._finish)

    def _finish(self, _outcome: object = None) -> None:
        self._thread = None
        if (question := self._next) is not None:
            self._next = None
            self.ask(question)
