"""Tab 1: documents become a knowledge base that can be read, searched and corrected."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from PySide6.QtCore import QStandardPaths, Qt, QTimer
from PySide6.QtGui import QGuiApplication, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QFileDialog, QSplitter, QStackedWidget, QVBoxLayout

from gui import theme
from gui.chunk_action import ChunkActions
from gui.chunk_editor import ChunkEditor
from gui.chunk_table import ChunkTable
from gui.chunk_work import ChunkWork
from gui.document_list import DocumentList
from gui.document_work import DocumentWork
from gui.drop_area import DropVeil, EmptyState, paths_of
from gui.folder_watch import FolderWatch
from gui.ingest_news import tell_result
from gui.latest_answer import LatestAnswer
from gui.shell import Outcome, Shell
from gui.tab import Tab
from gui.watch_bar import WatchBar
from services import settings
from services.documents.format import file_filters
from services.documents.watch import Changes, file_of
from services.errors import UserError
from services.project import Project
from services.records import Document
from services.sample import sample_documents
from services.translation import _, ngettext


class RagDataTab(Tab):
    """Three panes: documents, chunks, one chunk. Without documents the whole tab is one drop area."""

    DOCUMENTS_DELAY_MS = 500  # thousands of documents are listed twice a second, not with each one read

    def __init__(self, project: Project, shell: Shell) -> None:
        super().__init__(project, shell)
        self._waiting: list[Path] = []
        self._folders_added: list[str] = []  # by the running job, to be watched if the person likes
        self.empty = EmptyState()
        self.documents = DocumentList()
        self.actions_of_chunks = ChunkActions(self)
        self.chunks = ChunkTable(shell, self.actions_of_chunks)
        self.editor = ChunkEditor(shell, self.actions_of_chunks)
        self.work = ChunkWork(shell, self.actions_of_chunks, self.chunks, self.editor, self)
        self.document_work = DocumentWork(shell, self.documents, self)
        self.watch = FolderWatch(shell, self)
        self.watch_bar = WatchBar()
        self.panes = QSplitter(Qt.Orientation.Horizontal, childrenCollapsible=False, handleWidth=theme.GAP)
        for pane, stretch in ((self.documents, 1), (self.chunks, 6), (self.editor, 3)):
            self.panes.addWidget(pane)
            self.panes.setStretchFactor(self.panes.count() - 1, stretch)
        self._stack = QStackedWidget()
        self._stack.addWidget(self.empty)
        self._stack.addWidget(self.panes)
        self._lay_out()
        self.veil = DropVeil(self)
        self._documents_timer = QTimer(self, singleShot=True, interval=self.DOCUMENTS_DELAY_MS)
        self._documents_timer.timeout.connect(self._show_documents)
        self._list = LatestAnswer(shell, self)  # of the documents, with their counts
        self._list.answered.connect(self._put_documents)
        self._stack.setCurrentWidget(self.panes)
        self._connect()
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
            self._folders_added = [str(path.resolve()) for path in paths if path.is_dir()]
            self.watch_bar.show_changes(Changes(), ())
            self._stack.setCurrentWidget(self.panes)

    def find(self) -> None:
        self.chunks.search.setFocus()
        self.chunks.search.selectAll()

    def paste_files(self) -> None:
        self.add_paths(paths_of(QGuiApplication.clipboard().mimeData()))

    def save_pending(self) -> None:
        self.editor.save()
        self.editor.view.rest()
        preferences = self.shell.preferences
        if not self.actions_of_chunks["source"].isChecked():
            preferences.setValue("rag_data/panes", self.panes.saveState())
        preferences.setValue("rag_data/columns", self.chunks.view.horizontalHeader().saveState())
        preferences.setValue("rag_data/source", self.actions_of_chunks["source"].isChecked())

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.watch.look()

    # Adding

    def _choose_files(self) -> None:
        names, _filter = QFileDialog.getOpenFileNames(self, _("Add files"), self._last_folder(), ";;".join(file_filters()))
        if names:
            self.shell.preferences.setValue("rag_data/folder", str(Path(names[0]).parent))
            self.add_paths(map(Path, names))

    def _choose_folder(self) -> Path | None:
        name = QFileDialog.getExistingDirectory(self, _("Add a folder"), self._last_folder())
        if not name:
            return None
        self.shell.preferences.setValue("rag_data/folder", name)
        self.add_paths([Path(name)])
        return Path(name)

    def _choose_watched_folder(self) -> None:
        if folder := self._choose_folder():
            self._watch(str(folder.resolve()))

    def _add_sample(self) -> None:
        self.add_paths(sample_documents())

    def _read_again(self, documents: list[Document]) -> None:
        paths = [Path(document.path) for document in documents if document.path]
        self.add_paths(dict.fromkeys(file_of(path) or path for path in paths))  # an archive once for all that is in it

    def _last_folder(self) -> str:
        documents = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.DocumentsLocation)
        return self.shell.preferences.value("rag_data/folder", documents, type=str)

    # Watching

    def _watch(self, folder: str) -> None:
        self.watch.watch(folder)
        self.documents.watch_menu.show_folders(self.watch.folders())

    def _unwatch(self, folder: str) -> None:
        self.watch.unwatch(folder)
        self.documents.watch_menu.show_folders(self.watch.folders())
        self.shell.notify("info", _("{folder} is not watched any more.").format(folder=folder), tab="ingest")

    def _show_changes(self, changes: Changes) -> None:
        self.documents.show_changes(changes)
        self.watch_bar.show_changes(changes, self.watch.folders())

    def _read_changes(self, changes: Changes) -> None:
        self.watch.put_off(changes)  # until they change again: one with the same text stays as it was
        self.add_paths((*changes.new, *changes.changed))

    def _offer_watch(self) -> None:
        """A folder that was added can be watched."""
        known = set(self.watch.folders())
        folder = next((folder for folder in self._folders_added if folder not in known), None)
        self._folders_added = []
        if folder is not None:
            text = _("New and changed files in {folder} can be offered to you by themselves.").format(folder=Path(folder).name)
            self.shell.notify("info", text, _("Watch this folder"), lambda: self._watch(folder), tab="ingest")

    # The chunk's source beside it

    def _show_source(self, is_shown: bool) -> None:
        """A page needs room, which the table gives and gets back."""
        sizes = self.panes.sizes()
        self.editor.show_source(is_shown)
        is_narrow = self._make_room()
        state = self.shell.preferences.value("rag_data/panes") if not is_shown else None
        if is_shown:
            self.shell.preferences.setValue("rag_data/panes", self.panes.saveState())
            total, others = sum(sizes), sizes[0] * self.documents.isVisibleTo(self)
            wanted = round(total * (0.5 if is_narrow else 0.44))
            if total and sizes[2] < wanted:
                self.panes.setSizes([others, max(1, total - others - wanted), wanted])
        elif state:
            self.panes.restoreState(state)

    def _make_room(self) -> bool:
        """Hide the documents while a page is shown where there is no room for both; whether there is none."""
        is_narrow = self.width() < self.fontMetrics().averageCharWidth() * 160
        self.documents.setVisible(not (is_narrow and self.actions_of_chunks["source"].isChecked()))
        return is_narrow

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._make_room()

    # Following the knowledge base

    def _look_again(self, tables: frozenset[str]) -> None:
        if tables & {"document", "chunk"} and not self._documents_timer.isActive():
            self._documents_timer.start()
        if "chunk" in tables:
            self.chunks.query.reload_soon()
            self.chunks.model.refresh()
            self.editor.refresh()

    def _say_moved(self, table: str) -> None:
        if table == "chunk":
            self.editor.refresh()

    def _show_documents(self) -> None:
        self._list.ask(lambda store: store.documents())

    def _put_documents(self, documents: list[Document]) -> None:
        self.documents.show_documents(documents)
        self.chunks.show_documents([document.source for document in documents if document.state == "ready"])
        is_reading = self.shell.is_busy and self.shell.job is not None and self.shell.job.name == "ingest"
        is_empty = not documents and not is_reading and not self.shell.knowledge_base.has_chunks()
        self._stack.setCurrentWidget(self.empty if is_empty else self.panes)

    def _job_ended(self, outcome: Outcome) -> None:
        if outcome.job.name not in ("ingest", "recut"):
            return
        self._show_documents()
        if outcome.state == "succeeded":
            self._tell_result(outcome.result)
            if outcome.job.name == "ingest":
                self._offer_watch()
        waiting, self._waiting = self._waiting, []
        if outcome.state != "stopped":
            self.add_paths(waiting)
        self.watch.look()

    def _tell_result(self, result: dict[str, Any]) -> None:
        news = tell_result(result)
        if news.failed:
            first = news.failed[0]
            self.shell.notify("warning", news.text, _("Show why"), lambda: self.documents.select_source(first), tab="ingest")
        elif news.other_cut:
            self.shell.notify("info", news.text, _("Re-cut…"), lambda: self.document_work.recut(None), tab="ingest")
        elif news.repeat_count:
            self.shell.notify("success", news.text, _("Show repeats"), lambda: self.chunks.show_flag("duplicate"), tab="ingest")
        else:
            self.shell.notify("success", news.text, tab="ingest")

    def _connect(self) -> None:
        for part in (self.empty, self.documents):
            part.files_wanted.connect(self._choose_files)
            part.folder_wanted.connect(self._choose_folder)
        self.empty.sample_wanted.connect(self._add_sample)
        self.veil.dropped.connect(self.add_paths)
        self.documents.document_chosen.connect(self.chunks.show_only)
        self.documents.retry_wanted.connect(self._read_again)
        self.document_work.cutting.connect(self.editor.save)
        self.document_work.replaced.connect(self.undo_stack.clear)  # what it would undo is gone
        self.chunks.chunk_selected.connect(self.editor.show_chunk)
        self.chunks.view.activated.connect(self.editor.text.setFocus)  # Enter, and back with Escape
        self.editor.text.escaped.connect(self.chunks.view.setFocus)
        self.chunks.searched.connect(self.editor.text.mark_search)
        self.work.commanded.connect(self.undo_stack.push)
        self.editor.commanded.connect(self.undo_stack.push)
        self.actions_of_chunks["source"].toggled.connect(self._show_source)
        menu = self.documents.watch_menu
        menu.folder_wanted.connect(self._choose_watched_folder)
        menu.ended.connect(self._unwatch)
        menu.look_wanted.connect(self.watch.look)
        menu.show_folders(self.watch.folders())
        self.watch.found.connect(self._show_changes)
        self.watch_bar.reading_wanted.connect(self._read_changes)
        self.watch_bar.put_off.connect(self.watch.put_off)
        self.shell.project_changed.connect(self._look_again)
        self.shell.writes.moved.connect(self._say_moved)
        self.shell.job_ended.connect(self._job_ended)

    def _lay_out(self) -> None:
        around = QVBoxLayout()
        around.setContentsMargins(theme.PAD, 0, theme.PAD, theme.GAP)
        around.addWidget(self.watch_bar)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, theme.GAP, 0, theme.GAP)
        column.setSpacing(0)
        column.addLayout(around)
        column.addWidget(self._stack)

    def _restore_arrangement(self) -> None:
        width = self.fontMetrics().averageCharWidth()
        self.panes.setSizes([width * 38, width * 82, width * 46])
        preferences = self.shell.preferences
        if state := preferences.value("rag_data/panes"):
            self.panes.restoreState(state)
        if preferences.value("rag_data/source", False, type=bool):
            self.actions_of_chunks["source"].setChecked(True)
        last = next(iter(self.project.runs("ingest")), None)  # go on cutting as before
        for key, value in (last.settings if last else {}).items():
            if key in self.documents.form.fields:
                self.documents.form.fields[key].set_value(value)
