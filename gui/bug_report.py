"""Faults of the program itself: written to a file, shown once each, and the program goes on."""

from __future__ import annotations

import platform
import sys
import threading
import traceback
from datetime import datetime
from pathlib import Path
from types import TracebackType

from PySide6.QtCore import QObject, Qt, Signal, qVersion
from PySide6.QtGui import QFontDatabase
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QLabel, QPlainTextEdit, QVBoxLayout, QWidget

from gui import theme
from services.translation import _


class BugReporter(QObject):
    """Hears every exception that nobody caught, of any thread.

    Signals:
        bug_met(sentence, report file as str): once for each distinct fault.
    """

    bug_met = Signal(str, str)

    def __init__(self, folder: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._folder = folder
        self._known: set[str] = set()

    def install(self) -> None:
        """Become the program's last resort for exceptions."""
        sys.excepthook = self._meet
        threading.excepthook = self._meet_in_thread

    def report(self, error: BaseException) -> None:
        """Write a report and say so, unless this very fault is known already.

        An exception that carries a report of another process (a traceback, or how it died) is told in its words.
        """
        told = str(error)
        trace = "".join(traceback.format_exception(error))
        # The same line of code that fails again is the same fault, whatever the values are.
        last = traceback.extract_tb(error.__traceback__)[-1:]
        key = f"{type(error).__name__} {[(frame.filename, frame.lineno) for frame in last]} {told[-200:]}"
        print(trace, file=sys.stderr)
        if key in self._known:
            return
        self._known.add(key)
        path = self._write(trace)
        first = told.splitlines()[0] if told else ""
        is_sentence = type(error).__name__ == "ChildDied" and first and not first.startswith("Traceback")
        self.bug_met.emit(first if is_sentence else _("The program met a fault of its own. Your data is safe."), path)

    def _write(self, trace: str) -> str:
        head = f"{datetime.now().isoformat(timespec='seconds')}  Python {platform.python_version()}, Qt {qVersion()}, {platform.platform()}"
        path = self._folder / f"fault-{datetime.now():%Y%m%d-%H%M%S-%f}.txt"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            path.write_text(f"{head}\n\n{trace}", "utf-8")
        except OSError:
            return ""
        return str(path)

    def _meet(self, kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            sys.__excepthook__(kind, error, trace)
        else:
            self.report(error)

    def _meet_in_thread(self, arguments: threading.ExceptHookArgs) -> None:
        if arguments.exc_value is not None and not isinstance(arguments.exc_value, SystemExit):
            self.report(arguments.exc_value)


class ReportDialog(QDialog):
    """Shows a text file of a fault or a run, to be read and copied."""

    def __init__(self, path: Path, parent: QWidget | None = None) -> None:
        super().__init__(parent, Qt.WindowType.Dialog)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setWindowTitle(_("Report"))
        where = QLabel(str(path), wordWrap=True)
        where.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        theme.set_role(where, "caption")
        self.text = QPlainTextEdit(readOnly=True)
        self.text.setFont(QFontDatabase.systemFont(QFontDatabase.SystemFont.FixedFont))
        self.text.setPlainText(path.read_text("utf-8", errors="replace") if path.exists() else "")
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        copy = buttons.addButton(_("Copy"), QDialogButtonBox.ButtonRole.ActionRole)
        copy.clicked.connect(self._copy)
        buttons.rejected.connect(self.close)
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.PAD, theme.PAD, theme.PAD, theme.PAD)
        column.addWidget(where)
        column.addWidget(self.text, 1)
        column.addWidget(buttons)
        self.resize(self.fontMetrics().averageCharWidth() * 110, self.fontMetrics().height() * 30)

    def _copy(self) -> None:
        self.text.selectAll()
        self.text.copy()
