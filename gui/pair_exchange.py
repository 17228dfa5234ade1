"""Pairs as files: taken away, brought along, and noticed when another program has changed them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QFileDialog, QWidget

from gui.drop_area import DropVeil, paths_of
from gui.pair_export_dialog import PairExportDialog
from gui.pair_import_dialog import PairImportDialog
from gui.shell import Shell
from services.errors import UserError
from services.sft_data.jsonl import EXPORTED, edited_by_hand, export_pairs
from services.sft_data.pair_import import Imported
from services.translation import _, ngettext

SHOWN_WARNINGS = 3
_ENDINGS = {"in-use": "", "reviewed": "-reviewed", "left-out": "-left-out"}  # of the file name that is proposed


class PairExchange(QObject):
    """Works in threads, tells how it went in notices.

    Signals:
        imported(dataset): pairs have come in.
    """

    imported = Signal(str)

    def __init__(self, shell: Shell, window: QWidget) -> None:
        """window: over which the file dialogs open."""
        super().__init__(window)
        self._shell, self._window = shell, window
        self.dialog: PairImportDialog | None = None  # while it is open

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
        """Ask which pairs in which form, then where to."""
        project = self._shell.project
        self._shell.writes.finish()

        def work(_emit: object, _cancelled: object) -> tuple[str, dict[str, int]]:
            with project.connect(is_read_only=True) as store:
                return dataset, {which: store.count_written(dataset, states) for which, states in EXPORTED.items()}

        self._shell.run_beside(work).succeeded.connect(self._ask_export)

    def _ask_export(self, answer: tuple[str, dict[str, int]]) -> None:
        dataset, counts = answer
        dialog = PairExportDialog(counts, self._window)
        if dialog.exec():
            start = str(Path.home() / f"{dataset}{_ENDINGS[dialog.chosen]}.jsonl")
            path, _filter = QFileDialog.getSaveFileName(self._window, _("Export the pairs"), start, _("JSON lines (*.jsonl)"))
            if path:
                self.export_to(dataset, Path(path), is_chat=dialog.is_chat, which=dialog.chosen)
        dialog.deleteLater()

    def export_to(self, dataset: str, path: Path, *, is_chat: bool = False, which: str = "in-use") -> None:
        """Write pairs to a file of the person's choice. which: a key of EXPORTED."""
        project = self._shell.project
        self._shell.writes.finish()
        thread = self._shell.run_beside(
            lambda _emit, _cancelled: (path, export_pairs(project, dataset, path, is_chat=is_chat, which=which))
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
        """Show what would become of the pairs of these files, and take them over where the person says so."""
        if self.dialog is not None:
            self.dialog.close()
        if self.dialog is not None:  # it is just importing, and has to take that back
            self._shell.notify("warning", _("Pairs are being imported. Wait until they are in."), tab="generate")
            return
        names = self._shell.knowledge_base.dataset_names()
        self.dialog = PairImportDialog(self._shell, paths, names, dataset, self._window)
        self.dialog.imported.connect(self._tell_import)
        self.dialog.finished.connect(self._forget_dialog)
        self.dialog.show()

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

    def _tell_import(self, dataset: str, answers: list[tuple[Path, Imported | UserError]]) -> None:
        for path, answer in answers:
            if isinstance(answer, UserError):
                self._tell_failure(answer)
            else:
                self._tell_imported(path, answer)
        if any(isinstance(answer, Imported) for _path, answer in answers):
            self.imported.emit(dataset)

    def _forget_dialog(self, _result: int) -> None:
        self.dialog = None

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
