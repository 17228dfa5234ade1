"""Counts in a thread what is covered and what is reviewed: over a hundred thousand chunks it takes longer than a frame."""

from __future__ import annotations

from typing import NamedTuple

from PySide6.QtCore import QObject, QTimer, Signal

from gui.job_thread import JobThread
from gui.shell import Shell
from gui.thread_end import connect_end
from services.knowledge_base.coverage_row import CoveredDocument
from services.knowledge_base.dataset import DatasetCount
from services.knowledge_base.stale import StaleCount
from services.knowledge_base.store import KnowledgeBase

REVIEWED = ("accepted", "edited", "rejected")
PAUSE_MS = 1000  # between two counts while a job runs, which needs the processor


class Counts(NamedTuple):
    """Of one dataset: its documents, the least covered first, pairs that a person judged, pairs that wait for one.

    datasets: all of them, with their numbers of pairs. stale: pairs that no longer match their chunks.
    """

    documents: list[CoveredDocument]
    reviewed: int
    to_review: int
    datasets: list[DatasetCount]
    stale: StaleCount


class CoverageCount(QObject):
    """
    Signals:
        counted(Counts): of the dataset that was asked for last.
    """

    counted = Signal(object)

    def __init__(self, shell: Shell, parent: QObject) -> None:
        super().__init__(parent)
        self._shell = shell
        self._thread: JobThread | None = None
        self._dataset = ""
        self._is_outdated = False
        self._pause = QTimer(self, singleShot=True, interval=PAUSE_MS)
        self._pause.timeout.connect(self._again)

    def count(self, dataset: str) -> None:
        """Count; while one is under way, what is asked for meanwhile is counted once, behind it."""
        self._dataset = dataset
        self._is_outdated = self._thread is not None or (self._pause.isActive() and self._shell.is_busy)
        if self._is_outdated:
            return

        def work(store: KnowledgeBase, _emit: object) -> tuple[str, Counts]:
            states = store.count_by_key(dataset).states
            return dataset, Counts(
                store.covered_documents(dataset), sum(states.get(state, 0) for state in REVIEWED), states.get("new", 0),
                store.datasets(), store.count_stale(dataset),
            )  # fmt: skip

        self._thread = self._shell.ask_beside(work)
        self._thread.succeeded.connect(self._take)
        connect_end(self._thread, self._finish)

    def _take(self, answer: tuple[str, Counts]) -> None:
        if answer[0] == self._dataset:
            self.counted.emit(answer[1])

    def _finish(self, _outcome: object = None) -> None:
        self._thread = None
        if self._shell.is_busy:
            self._pause.start()
        else:
            self._again()

    def _again(self) -> None:
        if self._is_outdated:
            self.count(self._dataset)
