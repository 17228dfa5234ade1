"""Starts the window."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from PySide6.QtCore import QLibraryInfo, QSettings, QStandardPaths, QTimer, QTranslator
from PySide6.QtWidgets import QApplication

from gui.bug_report import BugReporter
from gui.garbage import GarbageCollection
from gui.icon import icon
from gui.main_window import MainWindow
from gui.theme import Theme
from services.machine import be_quiet
from services.project import Project
from services.translation import _, translation


def open_window(project: str | None) -> int:
    """Show the window on a project (a folder, or a name under projects/), or on the last one; returns the exit code."""
    if sys.platform == "linux" and not any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")):
        print(_("There is no screen here to open the window on. Every command works without one: see --help."), file=sys.stderr)
        return 1
    be_quiet()
    sys.setswitchinterval(0.001)  # a thread that computes gives the window its turn sooner
    app = make_application(sys.argv[:1])
    GarbageCollection(app)
    preferences = QSettings()
    look = Theme(app)
    look.zoom = preferences.value("look/zoom", 1.0, type=float)
    look.set_scheme(preferences.value("look/scheme", "system", type=str))
    bugs = BugReporter(Path(QStandardPaths.writableLocation(QStandardPaths.StandardLocation.AppDataLocation)), app)
    bugs.install()
    app.setWindowIcon(icon("project", "accent"))
    window = MainWindow(preferences, look, bugs)
    # From the event loop: a signal may arrive in the middle of any Python code of ours.
    signal.signal(signal.SIGINT, lambda *_signal: QTimer.singleShot(0, window.close))
    window.show()
    if folder := Project.find(project) if project else window.recent.last():
        window.open_project(folder)
    if seconds := os.environ.get("WISSENSWERK_CLOSE_AFTER_S"):  # how packaging/freeze.py sees that the window opens
        QTimer.singleShot(int(float(seconds) * 1000), window.close)
    return app.exec()


def make_application(arguments: list[str]) -> QApplication:
    """The application with its names, its style and Qt's own texts in our language."""
    app = QApplication(arguments)
    app.setApplicationName("Wissenswerk")
    app.setOrganizationName("Wissenswerk")
    app.setDesktopFileName("wissenswerk")
    if sys.platform != "darwin":
        app.setStyle("Fusion")
    if language := translation.info().get("language"):  # Qt's buttons speak German only where we do
        qt_texts = QTranslator(app)
        if qt_texts.load(f"qtbase_{language}", QLibraryInfo.path(QLibraryInfo.LibraryPath.TranslationsPath)):
            app.installTranslator(qt_texts)
    return app
