"""What can be done with documents that are here: remove them, cut them again, see what was left out."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Qt, QUrl, Signal
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QMessageBox, QWidget

from gui.document_list import DocumentList
from gui.removed_view import RemovedView
from gui.shell import Shell
from services import settings
from services.errors import UserError
from services.records import Document
from services.translation import _, ngettext


class DocumentWork(QObject):
    """
    Signals:
        cutting: documents are about to be cut again; what is typed is to be saved.
        replaced: chunks are gone that could have been changed back.
    """

    cutting = Signal()
    replaced = Signal()

    def __init__(self, shell: Shell, documents: DocumentList, tab: QWidget) -> None:
        super().__init__(tab)
        self._shell, self._documents, self._tab = shell, documents, tab
        documents.removal_wanted.connect(self.remove)
        documents.recut_wanted.connect(self.recut)
        documents.left_out_wanted.connect(self.show_left_out)
        documents.folder_shown.connect(self.show_folder)

    def remove(self, documents: list[Document]) -> None:
        """Remove documents with their chunks; asks where there are chunks to be lost."""
        chunks = sum(document.chunk_count for document in documents if document.state == "ready")
        if not chunks:
            self._remove(documents)
            return
        self._ask(
            _("Remove {names}?").format(names=_name(documents)),
            ngettext(
                "{n:,} chunk goes with it, corrections included. Nothing happens to the file itself.",
                "{n:,} chunks go with it, corrections included. Nothing happens to the file itself.", chunks,
            ).format(n=chunks),
            _("Remove"),
            lambda: self._remove(documents),
        )  # fmt: skip

    def recut(self, documents: list[Document] | None) -> None:
        """Cut these documents again, or all of them, with the settings of the form; asks first."""
        try:
            values = settings.check("ingest", self._documents.settings())
        except UserError as error:
            self._tell(error)
            return
        question = _("Cut {names} again?").format(names=_name(documents)) if documents else _("Cut all documents again?")
        others = "" if documents is None else " " + _("Other documents stay as they are.")
        self._ask(
            question,
            _("Chunks of {size} tokens with {overlap} overlap. Chunks that you edited, split, merged, excluded or deleted stay "
              "so where their text stands. Pairs made from the old chunks are marked as out of date.").format(
                size=values["chunk_size"], overlap=values["chunk_overlap"]
            ) + others,
            _("Re-cut"),
            lambda: self._recut(values, documents),
        )  # fmt: skip

    def show_left_out(self, document: Document) -> None:
        """What stands in the file and not in its text."""
        removals = self._shell.knowledge_base.removals(document.id)
        if removals:
            RemovedView(document.source, removals, self._tab).show()

    def show_folder(self, document: Document) -> None:
        """Open the folder of the file in the system's file manager."""
        folder = Path(document.path).parent
        while not folder.is_dir() and folder != folder.parent:
            folder = folder.parent
        QDesktopServices.openUrl(QUrl.fromLocalFile(str(folder)))

    def _remove(self, documents: list[Document]) -> None:
        project, ids = self._shell.project, [document.id for document in documents]

        def remove(_emit: Callable[..., None], _cancelled: threading.Event) -> None:
            with project.connect() as knowledge_base:
                for document_id in ids:
                    knowledge_base.remove_document(document_id)

        thread = self._shell.run_beside(remove)
        thread.succeeded.connect(self._removed)
        thread.failed.connect(self._tell)

    def _removed(self, _result: Any) -> None:
        self.replaced.emit()
        self._shell.changed("document", "chunk", "pair")

    def _recut(self, values: dict[str, Any], documents: list[Document] | None) -> None:
        self.cutting.emit()
        sources = None if documents is None else [document.source for document in documents]
        if self._shell.start("recut", {**values, "sources": sources}, _("Re-cutting")) is not None:
            self.replaced.emit()

    def _tell(self, error: UserError) -> None:
        self._shell.notify("error", str(error), tab="ingest")

    def _ask(self, question: str, consequence: str, button: str, then: Callable[[], None]) -> None:
        """A question before something is lost; "then" only on yes."""
        box = QMessageBox(QMessageBox.Icon.Question, question, question, QMessageBox.StandardButton.Cancel, self._tab)
        box.setInformativeText(consequence)
        yes = box.addButton(button, QMessageBox.ButtonRole.AcceptRole)
        box.setDefaultButton(QMessageBox.StandardButton.Cancel)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        yes.clicked.connect(then)
        box.open()


def _name(documents: list[Document]) -> str:
    return documents[0].source if len(documents) == 1 else _("{n} documents").format(n=len(documents))
