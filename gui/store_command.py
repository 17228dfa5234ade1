"""What a person does to rows of the knowledge base, as steps that can be undone, in the order in which they are done."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from PySide6.QtGui import QUndoCommand
from shiboken6 import isValid

from gui.shell import Shell
from gui.write_queue import Write
from services.errors import UserError
from services.knowledge_base.id_range import IdRanges
from services.knowledge_base.store import KnowledgeBase


class StoreCommand(QUndoCommand):
    """A change of rows. One that the knowledge base refuses is told in a notice and leaves the undo stack.

    A large change is made beside the window, and what is done next follows it (see ``gui.write_queue``): ``apply`` and
    ``take_back`` run in whatever thread, must read what they depend on themselves, and are one transaction each.
    The stack may be cleared while they wait.
    """

    table = ""

    def __init__(self, shell: Shell, text: str, ids: IdRanges) -> None:
        super().__init__(text)
        self._shell, self._ids = shell, ids
        self._part = ""  # of the table, when it was changed last
        self._is_applied = False  # in the knowledge base
        self._write: Write | None = None  # the last one that applies it

    # What it is

    def apply(self, store: KnowledgeBase) -> None:
        """Make the change, and remember what it was before."""
        raise NotImplementedError

    def take_back(self, store: KnowledgeBase) -> None:
        """Leave the rows as they were before ``apply``."""
        raise NotImplementedError

    def find_part(self, store: KnowledgeBase) -> str:
        """Which part of the table the rows are, such as a dataset."""
        return ""

    def preview(self, row: Any) -> Any:
        """The row as ``apply`` will leave it, as far as that is known."""
        return row

    def preview_back(self, row: Any) -> Any:
        """The row as ``take_back`` will leave it, as far as that is known."""
        return row

    def applied(self) -> None:
        """In the window's thread, after ``apply``, while the command is on the stack."""

    # How it is done

    def redo(self) -> None:
        self._write = self._put(self._apply, self.preview)

    def undo(self) -> None:
        preview: Callable[[Any], Any] | None = self.preview_back if self._is_applied else None
        if self._shell.writes.is_pending(self._write):
            # What it waits for is taken back before anybody saw it.
            self._write.preview = preview = None
        self._put(self._take_back, preview)

    def _put(self, change: Callable[[KnowledgeBase], None], preview: Callable[[Any], Any] | None) -> Write:
        write = Write(self.table, self._ids, change, preview, self._done)
        self._shell.writes.put(write)
        return write

    def _apply(self, store: KnowledgeBase) -> None:
        if not self._is_applied:
            self.apply(store)
            self._is_applied, self._part = True, self.find_part(store)

    def _take_back(self, store: KnowledgeBase) -> None:
        if self._is_applied:
            self.take_back(store)
            self._is_applied, self._part = False, self.find_part(store)

    def _done(self, error: Exception | None) -> str:
        if isinstance(error, UserError):
            self._shell.notify("error", str(error))
        if isValid(self):
            if error is not None and not self._is_applied:
                self.setObsolete(True)
            elif self._is_applied:
                self.applied()
        return self._part
