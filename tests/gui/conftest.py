"""What every test of the window gets, and what it must not leave behind: a thread, a warning, a hang."""

from __future__ import annotations

import gc
import time
import weakref
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QAbstractEventDispatcher, QCoreApplication, QEvent, QSettings, QtMsgType
from PySide6.QtWidgets import QApplication

from gui.bug_report import BugReporter
from gui.garbage import collect_garbage
from gui.job_thread import JobThread
from gui.main_window import MainWindow
from gui.shell import Shell
from gui.theme import Theme
from services.project import Project
from services.records import CutChunk, DocumentText
from services.training.speed import keep_speed

HANG_S = 5.0
# What the screenless platform says of itself.
HARMLESS = ("This plugin does not support",)


@pytest.fixture(scope="session")
def qapp_args() -> list[str]:
    return ["wissenswerk"]


@pytest.fixture(scope="session", autouse=True)
def collects_garbage_in_this_thread() -> Iterator[None]:
    """As ``gui.app`` has it: see ``gui.garbage``."""
    gc.disable()
    yield
    gc.enable()


@pytest.fixture(autouse=True)
def collects_garbage() -> Iterator[None]:
    yield
    collect_garbage()


@pytest.fixture(autouse=True)
def leaves_no_look(qapp: QApplication) -> Iterator[None]:
    """Font, colours and style sheet of one test are not those of the next."""
    font, palette = qapp.font(), qapp.palette()
    yield
    if qapp.styleSheet():
        qapp.setStyleSheet("")
        qapp.setFont(font)
        qapp.setPalette(palette)


@pytest.fixture(autouse=True)
def leaves_no_thread(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A test ends with every JobThread that it started."""
    started: weakref.WeakSet[JobThread] = weakref.WeakSet()
    start = JobThread.start

    def remember(thread: JobThread) -> None:
        started.add(thread)
        start(thread)

    monkeypatch.setattr(JobThread, "start", remember)
    yield
    running = []
    for thread in started:
        try:
            running += [thread.name or "thread"] if thread.isRunning() else []
        except RuntimeError:  # its C++ side is gone
            continue
    assert not running, f"still running: {running}"


@pytest.fixture(autouse=True)
def warns_of_nothing(qtlog) -> Iterator[None]:
    yield
    said = [record.message for record in qtlog.records if record.type in (QtMsgType.QtWarningMsg, QtMsgType.QtCriticalMsg)]
    assert not [message for message in said if not message.startswith(HARMLESS)]


@pytest.fixture(autouse=True)
def keeps_answering(qapp: QApplication) -> Iterator[None]:
    """Nothing that the event loop does takes as long as a hang."""
    dispatcher = QAbstractEventDispatcher.instance()
    woke_at: list[tuple[float, float]] = []
    longest = [0.0, 0.0]  # seconds of computing in this thread, seconds on the clock

    def wake() -> None:
        woke_at[:] = [(time.thread_time(), time.monotonic())]

    def block() -> None:
        if woke_at:
            computed_since, since = woke_at.pop()
            longest[:] = [max(longest[0], time.thread_time() - computed_since), max(longest[1], time.monotonic() - since)]

    dispatcher.awake.connect(wake)
    dispatcher.aboutToBlock.connect(block)
    yield
    dispatcher.awake.disconnect(wake)
    dispatcher.aboutToBlock.disconnect(block)
    # A busy machine may stretch the clock; waiting for something else that long is a hang all the same.
    assert longest[0] < HANG_S and longest[1] < 6 * HANG_S, "the window did not answer"


@pytest.fixture(autouse=True)
def knows_its_speed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine need not be measured by every window; see tests/training/test_need.py."""
    monkeypatch.setenv("WISSENSWERK_CACHE", str(tmp_path / "cache"))
    keep_speed("cpu", "float32", 1e11)


@pytest.fixture
def preferences(tmp_path: Path) -> QSettings:
    return QSettings(str(tmp_path / "preferences.ini"), QSettings.Format.IniFormat)


@pytest.fixture
def shell(qapp: QApplication, project: Project, preferences: QSettings) -> Iterator[Shell]:
    """A shell around an empty project, without a window."""
    made = Shell(project, preferences)
    yield made
    delete_closed_widgets()
    made.close()
    made.deleteLater()


@pytest.fixture
def own_projects(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Projects are kept in a folder of the test."""
    folder = tmp_path / "projects"
    for module in ("services.project", "gui.recent_projects", "gui.new_project_dialog", "gui.main_window"):
        monkeypatch.setattr(f"{module}.projects_folder", lambda: folder)
    return folder


@pytest.fixture
def make_window(
    qtbot, qapp: QApplication, preferences: QSettings, own_projects: Path, tmp_path: Path
) -> Iterator[Callable[[], MainWindow]]:
    """Makes main windows as ``gui.app`` does; a second one is the program started again."""
    windows: list[MainWindow] = []
    look = Theme(qapp)

    def make() -> MainWindow:
        window = MainWindow(preferences, look, BugReporter(tmp_path / "reports", qapp))
        qtbot.addWidget(window)
        window.show()
        windows.append(window)
        return window

    yield make
    for window in windows:
        if window.page is not None:
            window.page.close_project()
            window.page = None
    delete_closed_widgets()


def delete_closed_widgets() -> None:
    """Widgets that pytest-qt has closed wait for an event loop to be deleted; their timers would go on until then."""
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def fill(project: Project, texts: list[str], source: str = "cells.txt") -> list[int]:
    """Put a document with these chunks into the knowledge base; returns the chunks' ids."""
    content, chunks = "", []
    for text in texts:
        start = len(content)
        content += text + "\n\n"
        chunks.append(CutChunk(start, len(content), start + len(text), text, len(text.split()), page=1, headings=("Cells",)))
    with project.connect() as knowledge_base:
        knowledge_base.replace_document(
            source=source, text=DocumentText(content), chunks=chunks, count_tokens=lambda text: len(text.split()),
            path=source, sha256=source, format="text", tokenizer="words", chunk_size=500, chunk_overlap=50,
        )  # fmt: skip
        return [chunk_id for chunk_id in knowledge_base.chunk_ids(document=source)]
