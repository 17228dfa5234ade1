"""Tab 1: documents become a knowledge base that can be read, searched and corrected."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from PySide6.QtCore import QStandardPaths, Qt, QTimer
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog, QLineEdit, QMessageBox, QSplitter, QStackedWidget, QTextEdit, QVBoxLayout

from gui import theme
from gui.chunk_editor import ChunkEditor
from gui.chunk_table import ChunkTable
from gui.document_list import DocumentList
from gui.drop_area import DropVeil, EmptyState, paths_of
from gui.sample import sample_documents
from gui.shell import Outcome, Shell
from gui.tab import Tab
from services import settings
from services.documents.format import file_filters
from services.errors import UserError
from services.project import Project
from services.records import Document
from services.translation import _, ngettext


class RagDataTab(Tab):
    """Three panes: documents, chunks, one chunk. Without documents the whole tab is one drop area."""

    DOCUMENTS_DELAY_MS = 250  # thousands of documents are listed a few times a second, not with each one read

    def __init__(self, project: Project, shell: Shell) -> None:
        super().__init__(project, shell)
        self._waiting: list[Path] = []
        self.empty = EmptyState()
        self.documents = DocumentList()
        self.chunks = ChunkTable(shell)
        self.editor = ChunkEditor(shell)
        self.panes = QSplitter(Qt.Orientation.Horizontal, childrenCollapsible=False, handleWidth=theme.GAP)
        for pane, stretch in ((self.documents, 1), (self.chunks, 6), (self.editor, 3)):
            self.panes.addWidget(pane)
            self.panes.setStretchFactor(self.panes.count() - 1, stretch)
        self._stack = QStackedWidget()
        self._stack.addWidget(self.empty)
        self._stack.addWidget(self.panes)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, theme.GAP, 0, theme.GAP)
        column.addWidget(self._stack)
        self.veil = DropVeil(self)
        for kind in (QLineEdit, QTextEdit):
            for field in self.findChildren(kind):
                field.setAcceptDrops(False)  # or a dropped file becomes the text of its address
        self._documents_timer = QTimer(self, singleShot=True, interval=self.DOCUMENTS_DELAY_MS)
        self._documents_timer.timeout.connect(self._show_documents)

        for part in (self.empty, self.documents):
            part.files_wanted.connect(self._choose_files)
            part.folder_wanted.connect(self._choose_folder)
        self.empty.sample_wanted.connect(self._add_sample)
        self.veil.dropped.connect(self.add_paths)
        self.documents.document_chosen.connect(self.chunks.show_only)
        self.documents.removal_wanted.connect(self._ask_to_remove)
        self.documents.retry_wanted.connect(self._read_again)
        self.documents.recut_wanted.connect(self._ask_to_recut)
        self.chunks.chunk_selected.connect(self.editor.show_chunk)
        self.chunks.searched.connect(self.editor.mark_search)
        self.chunks.commanded.connect(self.undo_stack.push)
        self.editor.commanded.connect(self.undo_stack.push)
        self.editor.stepped.connect(self.chunks.step)
        shell.project_changed.connect(self._look_again)
        shell.job_ended.connect(self._job_ended)
        self._restore_arrangement()
        self._show_documents()
        self.chunks.reload()

    def add_paths(self, paths: Iterable[Path]) -> None:
        """Read these files and folders; while documents are being read they wait for their turn."""
        paths = list(paths)
        if not paths:
            return
        job = self.shell.job
        if self.shell.is_busy and job is not None and job.name == "ingest":
            self._waiting += paths
            text = ngettext("{n} more will be read after that.", "{n} more will be read after that.", len(self._waiting))
            self.shell.notify("info", text.format(n=len(self._waiting)), tab="ingest")
            return
        try:
            values = settings.check("ingest", self.documents.settings())
        except UserError as error:
            self.shell.notify("error", str(error), tab="ingest")
            return
        started = self.shell.start("ingest", {**values, "paths": [str(path) for path in paths]}, _("Reading documents"))
        if started is not None:
            self._stack.setCurrentWidget(self.panes)

    def find(self) -> None:
        self.chunks.search.setFocus()
        self.chunks.search.selectAll()

    def paste_files(self) -> None:
        self.add_paths(paths_of(QGuiApplication.clipboard().mimeData()))

    def save_pending(self) -> None:
        self.editor.save()
        self.shell.preferences.setValue("rag_data/panes", self.panes.saveState())
        self.shell.preferences.setValue("rag_data/columns", self.chunks.view.horizontalHeader().saveState())

    # Adding

    def _choose_files(self) -> None:
        names, _filter = QFileDialog.getOpenFileNames(self, _("Add files"), self._last_folder(), ";;".join(file_filters()))
        if names:
            self.shell.preferences.setValue("rag_data/folder", str(Path(names[0]).parent))
            self.add_paths(map(Path, names))

    def _choose_folder(self) -> None:
        if name := QFileDialog.getExistingDirectory(self, _("Add a folder"), self._last_folder()):
            self.shell.preferences.setValue("rag_data/folder", name)
            self.add_paths([Path(name)])

    def _add_sample(self) -> None:
        self.add_paths(sample_documents())

    def _read_again(self, documents: list[Document]) -> None:
        self.add_paths(Path(document.path) for document in documents if document.path)

    def _last_folder(self) -> str:
        documents = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation)
        return self.shell.preferences.value("rag_data/folder", documents, type=str)

    # Removing and cutting again

    def _ask_to_remove(self, documents: list[Document]) -> None:
        chunks = sum(document.chunk_count for document in documents if document.state == "ready")
        if not chunks:
            self._remove(documents)
            return
        names = documents[0].source if len(documents) == 1 else _("{n} documents").format(n=len(documents))
        self._ask(
            _("Remove {names}?").format(names=names),
            ngettext(
                "{n:,} chunk goes with it, corrections included. Nothing happens to the file itself.",
                "{n:,} chunks go with it, corrections included. Nothing happens to the file itself.", chunks,
            ).format(n=chunks),
            _("Remove"),
            lambda: self._remove(documents),
        )  # fmt: skip

    def _remove(self, documents: list[Document]) -> None:
        project, ids = self.project, [document.id for document in documents]

        def remove(_emit: Callable[..., None], _cancelled: threading.Event) -> None:
            with project.connect() as knowledge_base:
                for document_id in ids:
                    knowledge_base.remove_document(document_id)

        thread = self.shell.run_beside(remove)
        thread.succeeded.connect(self._removed)
        thread.failed.connect(self._tell)

    def _removed(self, _result: Any) -> None:
        self.undo_stack.clear()  # what it would undo is gone
        self.shell.changed("document", "chunk", "pair")

    def _tell(self, error: UserError) -> None:
        self.shell.notify("error", str(error), tab="ingest")

    def _ask_to_recut(self) -> None:
        try:
            values = settings.check("ingest", self.documents.settings())
        except UserError as error:
            self._tell(error)
            return
        self._ask(
            _("Cut the documents again?"),
            _("Chunks of {size} tokens with {overlap} overlap. Chunks that you edited stay as they are; exclusions and "
              "deletions are lost, and pairs made from the old chunks are marked as out of date.").format(
                size=values["chunk_size"], overlap=values["chunk_overlap"]
            ),
            _("Re-cut"),
            lambda: self._recut(values),
        )  # fmt: skip

    def _recut(self, values: dict[str, Any]) -> None:
        self.editor.save()
        if self.shell.start("recut", values, _("Re-cutting")) is not None:
            self.undo_stack.clear()

    def _ask(self, question: str, consequence: str, button: str, then: Callable[[], None]) -> None:
        """A question before something is lost; "then" only on yes."""
        box = QMessageBox(QMessageBox.Icon.Question, question, question, QMessageBox.StandardButton.Cancel, self)
        box.setInformativeText(consequence)
        yes = box.addButton(button, QMessageBox.ButtonRole.AcceptRole)
        box.setDefaultButton(QMessageBox.StandardButton.Cancel)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        yes.clicked.connect(then)
        box.open()

    # Following the knowledge base

    def _look_again(self, tables: frozenset[str]) -> None:
        if tables & {"document", "chunk"} and not self._documents_timer.isActive():
            self._documents_timer.start()
        if "chunk" in tables:
            self.chunks.query.reload_soon()
            self.chunks.model.refresh()
            self.editor.refresh()

    def _show_documents(self) -> None:
        documents = self.shell.knowledge_base.documents()
        self.documents.show_documents(documents)
        self.chunks.show_documents([document.source for document in documents if document.state == "ready"])
        is_reading = self.shell.is_busy and self.shell.job is not None and self.shell.job.name == "ingest"
        is_empty = not documents and not is_reading and not self.shell.knowledge_base.count_chunks()
        self._stack.setCurrentWidget(self.empty if is_empty else self.panes)

    def _job_ended(self, outcome: Outcome) -> None:
        if outcome.job.name not in ("ingest", "recut"):
            return
        self._show_documents()
        if outcome.state == "succeeded":
            self._tell_result(outcome.result)
        waiting, self._waiting = self._waiting, []
        if outcome.state != "stopped":
            self.add_paths(waiting)

    def _tell_result(self, result: dict[str, Any]) -> None:
        documents = result.get("documents", [])
        by_state = Counter(document["state"] for document in documents)
        done = by_state["added"] + by_state["replaced"] + by_state["recut"]
        here = by_state["unchanged"] + by_state["duplicate"]
        failed = [document["source"] for document in documents if document["state"] == "failed"]
        chunks = sum(document["chunks"] for document in documents if document["state"] in ("added", "replaced", "recut"))
        parts = []
        if done:
            text = ngettext("{n:,} document read: {chunks:,} chunks.", "{n:,} documents read: {chunks:,} chunks.", done)
            parts.append(text.format(n=done, chunks=chunks))
        if here:
            parts.append(ngettext("{n:,} was here already.", "{n:,} were here already.", here).format(n=here))
        if result.get("skipped"):
            text = ngettext("{n:,} file of another kind was left out.", "{n:,} files of other kinds were left out.", result["skipped"])
            parts.append(text.format(n=result["skipped"]))
        other_cut = next((document["reason"] for document in documents if document["state"] == "unchanged" and document["reason"]), "")
        if failed:
            parts.append(ngettext("{n:,} could not be read.", "{n:,} could not be read.", len(failed)).format(n=len(failed)))
            self.shell.notify("warning", " ".join(parts), _("Show why"), lambda: self.documents.select_source(failed[0]), tab="ingest")
        elif other_cut:
            self.shell.notify("info", " ".join([*parts, other_cut]), _("Re-cut…"), self._ask_to_recut, tab="ingest")
        else:
            self.shell.notify("success", " ".join(parts), tab="ingest")

    def _restore_arrangement(self) -> None:
        width = self.fontMetrics().averageCharWidth()
        self.panes.setSizes([width * 38, width * 82, width * 46])
        if state := self.shell.preferences.value("rag_data/panes"):
            self.panes.restoreState(state)
        last = next(iter(self.project.runs("ingest")), None)  # go on cutting as before
        for key, value in (last.settings if last else {}).items():
            if key in self.documents.form.fields:
                self.documents.form.fields[key].set_value(value)
