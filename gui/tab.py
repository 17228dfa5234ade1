"""What the window expects of a tab."""

from __future__ import annotations

from PySide6.QtCore import QSize
from PySide6.QtGui import QUndoStack
from PySide6.QtWidgets import QWidget

from gui.shell import Shell
from services.project import Project


class Tab(QWidget):
    """One phase. A tab has an undo stack, can put the cursor into its search, and saves what is pending when asked."""

    def __init__(self, project: Project, shell: Shell) -> None:
        super().__init__()
        self.project, self.shell = project, shell
        self.undo_stack = QUndoStack(self)
        self.undo_stack.setUndoLimit(200)

    def sizeHint(self) -> QSize:
        """The least it needs: what is around it scrolls only where not even that fits."""
        return self.minimumSizeHint()

    def find(self) -> None:
        """Put the cursor into the search field, where there is one."""

    def paste_files(self) -> None:
        """Take in the files on the clipboard, where the tab takes files."""

    def save_pending(self) -> None:
        """Write what the person has typed and remember how the tab is arranged; called before it goes away."""
