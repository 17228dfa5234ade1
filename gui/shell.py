"""What a tab knows of the window around it: the project, the one job, news, and who else should look again."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, QSettings, QTimer, Signal

from gui.job_thread import Event, JobThread, Work
from gui.notices import Notice
from gui.question_turn import QuestionTurns
from gui.write_queue import WriteQueue
from services.errors import UserError
from services.jobs import TRAININGS, Child
from services.knowledge_base.store import KnowledgeBase
from services.project import Project
from services.training.restart import TrainingChild
from services.translation import _

TABS = ("ingest", "cpt", "generate", "sft")  # the phase of each tab, in the order of the tabs
TABLES = frozenset({"document", "chunk", "pair", "model", "run"})


@dataclass(frozen=True)
class Outcome:
    """How the job ended: "succeeded" with its result, "failed" or "crashed" with a text, or "stopped"."""

    job: JobThread
    state: str
    text: str = ""
    result: Any = None


class Shell(QObject):
    """One open project and the one job that may run in it. Lives until another project is opened.

    Signals:
        project_changed(frozenset): tables whose rows changed ("document", "chunk", "pair", "model", "run").
        dataset_renamed(old, new), before the project_changed that says so.
        model_renamed(old, new): the same of a final model.
        models_wanted(): folders of models are about to be moved, so that whoever holds one lets go of it.
        notified(Notice), job_started(JobThread), job_ended(Outcome), tab_requested(phase), bug_met(Exception).
    """

    project_changed = Signal(object)
    dataset_renamed = Signal(str, str)
    model_renamed = Signal(str, str)
    models_wanted = Signal()
    notified = Signal(object)
    job_started = Signal(object)
    job_ended = Signal(object)
    tab_requested = Signal(str)
    bug_met = Signal(object)

    OUTSIDE_CHECK_MS = 2000

    def __init__(self, project: Project, preferences: QSettings, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.project, self.preferences = project, preferences
        self.knowledge_base = project.connect()  # the window's own connection; threads make theirs
        self.job: JobThread | None = None  # the last one started
        self.is_busy = False  # until the job has said its last word to everybody
        self.job_folder: Path | None = None
        self.messages: list[Notice] = []
        self.writes = WriteQueue(self)  # what a person changes of chunks and pairs
        self._tab = TABS[0]
        self._job_tab = TABS[0]
        self._beside: list[JobThread] = []
        self._turns = QuestionTurns()
        self._data_version = self.knowledge_base.data_version()
        self._outside = QTimer(self, interval=self.OUTSIDE_CHECK_MS)
        self._outside.timeout.connect(self._look_outside)
        self._outside.start()

    def start(
        self, name: str, settings: dict[str, Any], label: str, *, environment: dict[str, str] | None = None
    ) -> JobThread | None:
        """Run a job in its own process as the job of the project, shown in the job bar of every tab.

        Returns None, with a notice, when another one is running. Failures and bugs are shown by the shell; connect
        to the thread's signals for the rest (they arrive later, from the event loop). Secrets go in ``environment``.
        """
        if self.is_busy:
            self.notify("warning", _("{job} is still running. Stop it, or wait until it is done.").format(job=self.job.label))
            return None
        self.writes.finish()  # it is to find what the person sees
        settings = {"project": str(self.project.folder), **settings}
        try:
            self.job_folder = self.project.start_run(name, settings)
        except UserError as error:
            self.notify("error", str(error))
            return None
        kind = TrainingChild if name in TRAININGS else Child
        child = kind(name, settings, folder=self.job_folder, environment=environment)
        self.job = job = JobThread(None, self, child=child, name=name, label=label)
        self._job_tab = self._tab
        job.events.connect(self._hear)
        job.succeeded.connect(self._job_succeeded)
        job.failed.connect(self._job_failed)
        job.cancelled.connect(self._job_stopped)
        job.crashed.connect(self._job_crashed)
        self.is_busy = True
        job.start()
        self.job_started.emit(job)
        return job

    def start_beside(
        self, name: str, settings: dict[str, Any], *, environment: dict[str, str] | None = None
    ) -> JobThread:
        """Run a job in its own process beside the one of the project: chat, a look at the machine, a download."""
        child = Child(name, {"project": str(self.project.folder), **settings}, environment=environment)
        return self._start_beside(JobThread(None, self, child=child, name=name))

    def run_beside(self, work: Work) -> JobThread:
        """Run what only waits, such as a request or a long query, in a thread: ``work(emit, cancelled)``.

        The thread is gone after its last signal: keep no reference.
        """
        thread = JobThread(work, self)
        thread.finished.connect(self._forget)
        return self._start_beside(thread)

    def ask_beside(
        self, question: Callable[[KnowledgeBase, Callable[[Event], None]], Any], *, is_first: bool = False
    ) -> JobThread:
        """Put a long question to the knowledge base, in a thread: ``question(store, emit)``.

        Few are answered at a time, those that are ``is_first`` before the others.
        """
        project, turns = self.project, self._turns

        def work(emit: Callable[[Event], None], cancelled: threading.Event) -> Any:
            with (
                turns.turn(cancelled, is_first=is_first), project.connect(is_read_only=True) as store,
                store.interruptible(cancelled.is_set),
            ):  # fmt: skip
                return question(store, emit)

        return self.run_beside(work)

    def notify(
        self,
        kind: str,
        text: str,
        action_text: str = "",
        action: Callable[[], object] | None = None,
        *,
        tab: str = "",
    ) -> None:
        """Show news at the top of a tab (the one in front, or the one named): info, success, warning or error."""
        notice = Notice(kind, text, action_text, action, tab or self._tab)
        self.messages.append(notice)
        self.notified.emit(notice)

    def changed(self, *tables: str) -> None:
        """Say that rows of these tables changed, to everybody who shows them."""
        # What the window writes through its own connection does not count as news from outside.
        self.project_changed.emit(frozenset(tables))

    def show_tab(self, phase: str) -> None:
        """Bring the tab of a phase to the front: ingest, cpt, generate or sft."""
        self.tab_requested.emit(phase)

    def entered_tab(self, phase: str) -> None:
        """The window says which tab is in front."""
        self._tab = phase

    def threads(self) -> list[JobThread]:
        """Everything that is still running."""
        return [thread for thread in [self.job, *self._beside] if thread is not None and thread.isRunning()]

    def close(self) -> None:
        """Save what is not saved yet, stop what runs beside, close the database. Ask about the job before."""
        self.writes.finish()
        self._outside.stop()
        for thread in self.threads():
            thread.stop()
            thread.kill()
        for thread in self.threads():
            thread.wait()
        for thread in self._beside:  # an answer that is still on its way would find the database closed
            thread.blockSignals(True)
        self.knowledge_base.close()

    def _start_beside(self, thread: JobThread) -> JobThread:
        self._beside.append(thread)
        thread.events.connect(self._hear)
        thread.crashed.connect(self.bug_met)
        thread.start()
        return thread

    def _forget(self) -> None:
        thread = self.sender()
        self._beside.remove(thread)
        thread.deleteLater()

    def _hear(self, events: list[Event]) -> None:
        tables = {table for event in events if event["type"] == "changed" for table in event["tables"]}
        if tables:
            self.changed(*tables)
        for event in events:
            if event["type"] in ("warning", "note"):
                text = ": ".join(part for part in (event.get("subject"), event["text"]) if part)
                self.messages.append(Notice("warning" if event["type"] == "warning" else "info", text, tab=self._job_tab))

    def _end(self, outcome: Outcome) -> None:
        self.is_busy = False
        self.project_changed.emit(TABLES)
        self.job_ended.emit(outcome)

    def _job_succeeded(self, result: Any) -> None:
        self._end(Outcome(self.job, "succeeded", result=result))

    def _job_failed(self, error: UserError) -> None:
        self._end(Outcome(self.job, "failed", str(error)))
        self.notify("error", str(error), tab=self._job_tab)

    def _job_stopped(self) -> None:
        self._end(Outcome(self.job, "stopped"))

    def _job_crashed(self, error: Exception) -> None:
        self._end(Outcome(self.job, "crashed", str(error)))
        self.bug_met.emit(error)

    def _look_outside(self) -> None:
        """Another program, or a job beside, has written to the database."""
        version = self.knowledge_base.data_version()
        if version != self._data_version:
            self._data_version = version
            if not self.is_busy:
                self.project_changed.emit(TABLES)
