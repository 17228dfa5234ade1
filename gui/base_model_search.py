"""The hub searched by a word, when the person asks for it."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QPushButton, QVBoxLayout, QWidget

from gui import theme
from gui.base_model_list import ModelList
from gui.base_model_row import Shelf
from gui.icon import icon
from gui.job_thread import JobThread
from gui.shell import Shell
from gui.thread_end import connect_end
from services.errors import UserError
from services.machine import is_offline
from services.models.card import ModelCard
from services.translation import _


class ModelSearch(QWidget):
    """
    Signals:
        found: there is another list.
    """

    found = Signal()

    def __init__(self, shell: Shell, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shell = shell
        self._shelf: Shelf | None = None
        self._cards: list[ModelCard] = []
        self._thread: JobThread | None = None
        self._note = _("Type a part of a model's name and press Search. Nothing is asked before.")
        self.word = QLineEdit(placeholderText=_("for instance: qwen3-1.7b, or the address of a model's page"), clearButtonEnabled=True)
        self.word.setAccessibleName(_("Search Hugging Face"))
        self.button = QPushButton(icon("search"), _("Search"))
        self.list = ModelList(
            _("Models found at Hugging Face"), ("name", "fit", "kind", "size", "licence", "place", "downloads", "languages", "changed")
        )
        row = QHBoxLayout()
        row.setSpacing(theme.GAP)
        row.addWidget(self.word, 1)
        row.addWidget(self.button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, theme.GAP, 0, 0)
        column.setSpacing(theme.GAP)
        column.addLayout(row)
        column.addWidget(self.list, 1)
        self.button.clicked.connect(self._press)
        self.word.returnPressed.connect(self.search)
        self.word.textChanged.connect(self._enable)
        self._show()

    def show_shelf(self, shelf: Shelf) -> None:
        """Say of what was found what is here and what fits."""
        self._shelf = shelf
        self._show()

    def search(self) -> None:
        """Ask the hub, in a process that can be left at any moment."""
        query = self.word.text().strip()
        if not query or self._thread is not None:
            return
        if is_offline():
            self._tell(_("The program is offline, so the hub cannot be searched. What is on this computer can be used as it is."))
            return
        self._tell(_("Searching for “{query}”…").format(query=query))
        self._thread = self._shell.start_beside("search", {"query": query})
        self._thread.succeeded.connect(self._take)
        self._thread.failed.connect(self._take_failure)
        self._thread.cancelled.connect(self._take_stop)
        connect_end(self._thread, self._end)
        self._enable()

    def _press(self) -> None:
        if self._thread is None:
            self.search()
        else:
            self._thread.stop()

    def _take(self, result: dict[str, Any]) -> None:
        self._cards = [ModelCard(**fields) for fields in result["models"]]
        self._note = _("No text model with .safetensors files has “{query}” in its name.").format(query=result["query"])
        self._show()

    def _take_failure(self, error: UserError) -> None:
        self._tell(str(error))

    def _take_stop(self) -> None:
        self._tell(_("The search was stopped."))

    def _end(self, _outcome: object = None) -> None:
        self._thread = None
        self._enable()

    def _tell(self, note: str) -> None:
        self._cards, self._note = [], note
        self._show()

    def _show(self) -> None:
        self.list.show_rows(self._shelf.rows(self._cards) if self._shelf else [], self._note)
        self._enable()
        self.found.emit()

    def _enable(self) -> None:
        self.button.setText(_("Stop") if self._thread is not None else _("Search"))
        self.button.setIcon(icon("stop" if self._thread is not None else "search"))
        self.button.setEnabled(self._thread is not None or bool(self.word.text().strip()))
