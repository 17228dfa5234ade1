"""Looks for files that are new, changed or gone: when the tab comes to the front, and every minute while it is there."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, Qt, QTimer, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QWidget

from gui.job_thread import JobThread
from gui.shell import Shell
from gui.thread_end import connect_end
from services.documents.watch import Changes, find_changes
from services.errors import Cancelled


class FolderWatch(QObject):
    """Nothing is read unasked: it only says what could be.

    Signals:
        found(Changes): what there is, nothing included; what a person put off is left out until more changes.
    """

    found = Signal(object)

    INTERVAL_MS = 60_000

    def __init__(self, shell: Shell, tab: QWidget) -> None:
        super().__init__(tab)
        self._shell, self._tab = shell, tab
        self._thread: JobThread | None = None
        self._is_outdated = False
        self._folders = shell.knowledge_base.watched_folders()
        self._put_off: dict[str, tuple[float, int]] = {}  # path -> time and size, as they were put off
        self._timer = QTimer(self, interval=self.INTERVAL_MS)
        self._timer.timeout.connect(self.look)
        self._timer.start()
        QGuiApplication.instance().applicationStateChanged.connect(self._activate)

    def folders(self) -> list[str]:
        """As they were when they were last read: an answer that comes late must not ask a database that is closed."""
        return self._folders

    def watch(self, folder: str | Path) -> None:
        self._shell.knowledge_base.watch_folder(str(folder))
        self._changed()

    def unwatch(self, folder: str | Path) -> None:
        self._shell.knowledge_base.unwatch_folder(str(folder))
        self._changed()

    def look(self) -> None:
        """Compare now, in a thread, unless documents are being read or nobody sees the tab."""
        if self._shell.is_busy or not self._tab.isVisible():
            return
        if self._thread is not None:
            self._is_outdated = True
            return
        project = self._shell.project

        def compare(_emit: Callable[..., None], cancelled: threading.Event) -> Changes:
            def check() -> None:
                if cancelled.is_set():
                    raise Cancelled

            with project.connect(is_read_only=True) as store:
                return find_changes(store, store.watched_folders(), check)

        self._thread = self._shell.run_beside(compare)
        self._thread.succeeded.connect(self._tell)
        connect_end(self._thread, self._finish)

    def put_off(self, changes: Changes) -> None:
        """Say nothing more of these files until they change again."""
        self._put_off.update((str(path), _stamp(path)) for path in (*changes.new, *changes.changed))
        self._put_off.update((source, (0.0, 0)) for source in changes.gone)

    def _changed(self) -> None:
        self._folders = self._shell.knowledge_base.watched_folders()
        self.look()

    def _tell(self, changes: Changes) -> None:
        if self._shell.is_busy or self._is_outdated:
            return  # it is being read, or asked again
        self.found.emit(
            Changes(
                tuple(path for path in changes.new if self._put_off.get(str(path)) != _stamp(path)),
                tuple(path for path in changes.changed if self._put_off.get(str(path)) != _stamp(path)),
                tuple(source for source in changes.gone if source not in self._put_off),
            )
        )

    def _finish(self, _conclusion: object = None) -> None:
        self._thread = None
        if self._is_outdated:
            self._is_outdated = False
            self.look()

    def _activate(self, state: Qt.ApplicationState) -> None:
        if state == Qt.ApplicationState.ApplicationActive:
            self.look()


def _stamp(path: Path) -> tuple[float, int]:
    try:
        found = path.stat()
    except OSError:
        return -1.0, -1
    return found.st_mtime, found.st_size
