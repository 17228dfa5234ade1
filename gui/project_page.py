"""An open project in the window: the line of descent, the four tabs, the job bar."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from PySide6.QtCore import QSettings, Qt, QTimer, Signal
from PySide6.QtWidgets import QFrame, QScrollArea, QTabWidget, QVBoxLayout, QWidget

from gui import theme
from gui.descent_line import MARKS, DescentLine, parts
from gui.icon import icon
from gui.job_bar import JobBar
from gui.job_thread import JobThread
from gui.notices import Notice, NoticeArea
from gui.shell import TABS, Shell
from gui.tab import Tab
from gui.thread_end import connect_end
from services.project import Project
from services.records import ProjectStatus
from services.translation import _

TITLES = (_("1. RAG Data"), _("2. CPT Training"), _("3. SFT Data"), _("4. SFT Training"))


# A tab is imported and built when it is first shown, so that the window opens at once.
def _rag_data_tab(project: Project, shell: Shell) -> QWidget:
    from gui.rag_data_tab import RagDataTab

    return RagDataTab(project, shell)


def _cpt_training_tab(project: Project, shell: Shell) -> QWidget:
    from gui.cpt_training_tab import CptTrainingTab

    return CptTrainingTab(project, shell)


def _sft_data_tab(project: Project, shell: Shell) -> QWidget:
    from gui.sft_data_tab import SftDataTab

    return SftDataTab(project, shell)


def _sft_training_tab(project: Project, shell: Shell) -> QWidget:
    from gui.sft_training_tab import SftTrainingTab

    return SftTrainingTab(project, shell)


_MAKERS: tuple[Callable[[Project, Shell], QWidget], ...] = (
    _rag_data_tab, _cpt_training_tab, _sft_data_tab, _sft_training_tab,
)  # fmt: skip


class ProjectPage(QWidget):
    """Signals: ``tab_entered(QWidget)`` when another tab came to the front, ``messages_changed(list)``."""

    tab_entered = Signal(object)
    messages_changed = Signal(object)

    STATUS_DELAY_MS = 150

    def __init__(self, project: Project, preferences: QSettings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.project, self.preferences = project, preferences
        self.shell = Shell(project, preferences, self)
        self.status: ProjectStatus | None = None
        self._tabs: dict[int, QWidget] = {}
        self._status_thread: JobThread | None = None
        self._status_timer = QTimer(self, singleShot=True, interval=self.STATUS_DELAY_MS)
        self._status_timer.timeout.connect(self._read_status)

        self.descent = DescentLine()
        self.tabs = QTabWidget()
        self.tabs.setAccessibleName(_("The four phases"))
        self.notices = [NoticeArea() for _title in TITLES]
        for title, notices in zip(TITLES, self.notices, strict=True):
            holder = QWidget()
            column = QVBoxLayout(holder)
            column.setContentsMargins(0, theme.GAP, 0, 0)
            column.setSpacing(0)
            column.addWidget(notices)
            page = QScrollArea(widgetResizable=True)  # scrolls only where the window is smaller than what it shows
            page.setFrameShape(QFrame.Shape.NoFrame)
            page.setFocusPolicy(Qt.FocusPolicy.NoFocus)
            page.setWidget(holder)
            self.tabs.addTab(page, icon(*MARKS["none"]), title)
        self.job_bar = JobBar()
        line = QFrame()
        theme.set_role(line, "line")
        line.setFixedHeight(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.descent)
        column.addWidget(self.tabs, 1)
        column.addWidget(line)
        column.addWidget(self.job_bar)

        self.job_bar.watch(self.shell)
        self.job_bar.next_step_taken.connect(self.show_tab)
        self.descent.part_clicked.connect(self.show_tab)
        self.shell.tab_requested.connect(self.show_tab)
        self.shell.notified.connect(self._show_notice)
        self.shell.project_changed.connect(self._read_status_soon)
        self.shell.job_started.connect(self._job_started)
        self.shell.job_ended.connect(self._job_ended)
        self.tabs.currentChanged.connect(self._enter)
        self._show_status(project.status())
        number = preferences.value("window/tab", 0, type=int)
        self.tabs.setCurrentIndex(number if 0 <= number < len(TABS) else 0)
        if not self._tabs:  # the first tab was in front already
            self._enter(self.tabs.currentIndex())

    def tab(self, phase: str) -> QWidget:
        """The tab of a phase, built if it was never shown."""
        number = TABS.index(phase)
        if number not in self._tabs:
            tab = self._tabs[number] = _MAKERS[number](self.project, self.shell)
            self.tabs.widget(number).widget().layout().addWidget(tab, 1)
        return self._tabs[number]

    def current_tab(self) -> QWidget:
        return self.tab(TABS[self.tabs.currentIndex()])

    def show_tab(self, phase: str) -> None:
        self.tabs.setCurrentIndex(TABS.index(phase if phase in TABS else "sft"))

    def save_pending(self) -> None:
        """Have every tab write what is still unwritten."""
        for tab in self._tabs.values():
            if isinstance(tab, Tab):
                tab.save_pending()

    def close_project(self) -> None:
        """Save, stop what runs, close the database. The page is not to be used afterwards."""
        self.save_pending()
        self.shell.writes.finish()  # what follows from it begins before all that waits is stopped
        for timer in self.findChildren(QTimer):  # none may ask the closed database while the page waits to be deleted
            timer.stop()
        self.preferences.setValue("window/tab", self.tabs.currentIndex())
        self.shell.close()

    def _enter(self, number: int) -> None:
        self.shell.entered_tab(TABS[number])
        self.tab_entered.emit(self.current_tab())
        if self.status:
            self._suggest(self.status)

    def _show_notice(self, notice: Notice) -> None:
        self.notices[TABS.index(notice.tab)].show_notice(notice)
        self.messages_changed.emit(self.shell.messages)

    def _job_started(self, job: JobThread) -> None:
        for notices in self.notices:  # news of the work before
            notices.clear("success", "info")
        self._mark_tabs()

    def _job_ended(self, _outcome: object) -> None:
        self.messages_changed.emit(self.shell.messages)
        self._mark_tabs()

    def _read_status_soon(self) -> None:
        if not self._status_timer.isActive():  # a stream of changes must not put it off for ever
            self._status_timer.start()

    def _read_status(self) -> None:
        """Off the window's thread: counting a million chunks takes longer than a frame."""
        if self._status_thread is not None:
            self._status_timer.start()
            return
        project = self.project

        def read(_emit: Callable[..., None], _cancelled: threading.Event) -> ProjectStatus:
            return project.status()

        self._status_thread = self.shell.run_beside(read)
        self._status_thread.succeeded.connect(self._show_status)
        connect_end(self._status_thread, self._forget_status_thread)

    def _forget_status_thread(self, *_conclusion: object) -> None:
        self._status_thread = None

    def _show_status(self, status: Any) -> None:
        self.status = status
        self.descent.show_status(self.project.name, status)
        self._mark_tabs()
        self._suggest(status)

    def _mark_tabs(self) -> None:
        running = {"recut": "ingest", "export": "sft"}.get(self.shell.job.name, self.shell.job.name) if self.shell.is_busy else ""
        for number, part in enumerate(parts(self.status) if self.status else ()):
            state = "running" if part.phase == running else part.state
            self.tabs.setTabIcon(number, icon(*MARKS[state]))
            self.tabs.setTabToolTip(number, part.reason or part.text)

    def _suggest(self, status: ProjectStatus) -> None:
        """The next thing to do; the button leads to its tab unless it is in front."""
        texts = {
            "ingest": (_("Next: add the documents that your model is to know."), _("Go to RAG Data")),
            "cpt": (_("Next: let a model read your chunks."), _("Go to CPT Training")),
            "generate": (_("Next: make questions and answers from your chunks."), _("Go to SFT Data")),
            "sft": (_("Next: teach the model to answer, with your pairs."), _("Go to SFT Training")),
            "chat": (_("Your model is ready. Ask it something that only your documents say."), _("Go to the chat")),
        }
        text, button = texts[status.next_step]
        phase = "sft" if status.next_step == "chat" else status.next_step
        is_here = TABS[self.tabs.currentIndex()] == phase
        self.job_bar.set_next_step(phase, text, "" if is_here else button)
