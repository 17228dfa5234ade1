"""Pairs as files: taken away, brought along, and noticed when another program has changed them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog, QWidget

from gui.drop_area import DropVeil, paths_of
from gui.shell import Shell
from services.errors import UserError
from services.sft_data.jsonl import edited_by_hand, export_pairs
from services.sft_data.pair_import import Imported, import_pairs
from services.translation import _, ngettext

SHOWN_WARNINGS = 3
LARGE = 5_000_000  # bytes, which take more than a moment
AS_PAIRS = _("Instruction and output, one pair a line (*.jsonl)")
AS_CHAT = _("Chat messages, one conversation a line (*.jsonl)")


class PairExchange(QObject):
    """Works in threads, tells how it went in notices.

    Signals:
        imported: pairs have come in.
    """

    imported = Signal()

    def __init__(self, shell: Shell, window: QWidget) -> None:
        """window: over which the file dialogs open."""
        super().__init__(window)
        self._shell, self._window = shell, window

    def take_drops(self, dataset: Callable[[], str]) -> None:
        """From now on, files that are dropped on the window are imported into the dataset that this gives."""
        self._dataset = dataset
        self.veil = DropVeil(self._window)
        self.veil.dropped.connect(self._take)

    def paste(self) -> None:
        """Import the files on the clipboard."""
        if paths := paths_of(QGuiApplication.clipboard().mimeData()):
            self._take(paths)

    def choose_export(self, dataset: str) -> None:
        """Ask where to and in which format, and write the pairs in use there."""
        start = str(Path.home() / f"{dataset}.jsonl")
        path, chosen = QFileDialog.getSaveFileName(self._window, _("Export the pairs"), start, f"{AS_PAIRS};;{AS_CHAT}")
        if path:
            self.export_to(dataset, Path(path), is_chat=chosen == AS_CHAT)

    def export_to(self, dataset: str, path: Path, *, is_chat: bool = False) -> None:
        """Write the pairs in use to a file of the person's choice."""
        project = self._shell.project
        self._shell.writes.finish()
        thread = self._shell.run_beside(
            lambda _emit, _cancelled: (path, export_pairs(project, dataset, path, is_chat=is_chat))
        )
        thread.succeeded.connect(self._tell_export)
        thread.failed.connect(self._tell_failure)

    def choose_import(self, dataset: str) -> None:
        """Ask for files, and take their pairs over."""
        paths, _filter = QFileDialog.getOpenFileNames(
            self._window, _("Import pairs"), filter=_("Pairs (*.jsonl *.json *.csv *.tsv *.txt);;All files (*)")
        )
        if paths:
            self.import_from(dataset, *map(Path, paths))

    def import_from(self, dataset: str, *paths: Path) -> None:
        """Take over the pairs of files, one after the other."""
        project = self._shell.project
        self._shell.writes.finish()  # it compares with what is there
        if large := [path.name for path in paths if path.is_file() and path.stat().st_size > LARGE]:
            self._shell.notify("info", _("{files}: being read. You can go on meanwhile.").format(files=", ".join(large)), tab="generate")

        def work(_emit: object, cancelled: threading.Event) -> list[tuple[Path, Imported | UserError]]:
            answers: list[tuple[Path, Imported | UserError]] = []
            for path in paths:
                try:
                    answers.append((path, import_pairs(project, dataset, path, cancelled)))
                except UserError as error:
                    answers.append((path, error))
            return answers

        self._shell.run_beside(work).succeeded.connect(self._tell_import)

    def offer_import(self, dataset: str) -> None:
        """Look whether another program has changed the dataset's file, and offer to take that over."""
        project = self._shell.project
        thread = self._shell.run_beside(lambda _emit, _cancelled: dataset if edited_by_hand(project, dataset) else "")
        thread.succeeded.connect(self._offer)

    def _offer(self, dataset: str) -> None:
        if dataset:
            path = self._shell.project.dataset_path(dataset)
            self._shell.notify(
                "warning", _("{file} was changed outside this program.").format(file=path.name), _("Take it over"),
                lambda: self.import_from(dataset, path), tab="generate",
            )  # fmt: skip

    def _tell_export(self, answer: tuple[Path, int]) -> None:
        path, count = answer
        text = ngettext("{count} pair is in {path}.", "{count} pairs are in {path}.", count).format(count=count, path=path)
        self._shell.notify("success", text, tab="generate")

    def _take(self, paths: list[Path]) -> None:
        self.import_from(self._dataset(), *paths)

    def _tell_import(self, answers: list[tuple[Path, Imported | UserError]]) -> None:
        for path, answer in answers:
            if isinstance(answer, UserError):
                self._tell_failure(answer)
            else:
                self._tell_imported(path, answer)
        if any(isinstance(answer, Imported) for _path, answer in answers):
            self._shell.changed("pair")
            self.imported.emit()

    def _tell_imported(self, path: Path, imported: Imported) -> None:
        text = [
            ngettext("{count:,} pair of {file} is in.", "{count:,} pairs of {file} are in.", imported.added).format(
                count=imported.added, file=path.name
            )
        ]
        if imported.unread:
            text.append(_("{count:,} could not be used:").format(count=imported.unread))
            text += imported.reasons[:SHOWN_WARNINGS]
        if imported.unread > SHOWN_WARNINGS:
            text.append(_("… and {count:,} more.").format(count=imported.unread - SHOWN_WARNINGS))
        self._shell.notify("warning" if imported.unread else "success", " ".join([*text, *imported.remarks]), tab="generate")

    def _tell_failure(self, error: UserError) -> None:
        self._shell.notify("error", str(error), tab="generate")
