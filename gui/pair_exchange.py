"""Pairs as files: taken away, brought along, and noticed when another program has changed them."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QFileDialog, QWidget

from gui.shell import Shell
from services.errors import UserError
from services.sft_data.jsonl import edited_by_hand, export_pairs, import_pairs
from services.translation import _, ngettext

SHOWN_WARNINGS = 3


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

    def choose_export(self, dataset: str) -> None:
        """Ask where to, and write the pairs in use there."""
        start = str(Path.home() / f"{dataset}.jsonl")
        path, _filter = QFileDialog.getSaveFileName(
            self._window, _("Export the pairs"), start, _("JSON lines (*.jsonl)")
        )
        if path:
            self.export_to(dataset, Path(path))

    def export_to(self, dataset: str, path: Path) -> None:
        """Write the pairs in use to a file of the person's choice."""
        project = self._shell.project
        thread = self._shell.run_beside(lambda _emit, _cancelled: (path, export_pairs(project, dataset, path)))
        thread.succeeded.connect(self._tell_export)
        thread.failed.connect(self._tell_failure)

    def choose_import(self, dataset: str) -> None:
        """Ask for a file, and take its pairs over."""
        path, _filter = QFileDialog.getOpenFileName(
            self._window, _("Import pairs"), filter=_("JSON lines (*.jsonl *.json);;All files (*)")
        )
        if path:
            self.import_from(dataset, Path(path))

    def import_from(self, dataset: str, path: Path) -> None:
        """Take over the pairs of a JSONL file."""
        project = self._shell.project
        thread = self._shell.run_beside(lambda _emit, _cancelled: (path, import_pairs(project, dataset, path)))
        thread.succeeded.connect(self._tell_import)
        thread.failed.connect(self._tell_failure)

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

    def _tell_import(self, answer: tuple[Path, list[str]]) -> None:
        path, warnings = answer
        self._shell.changed("pair")
        self.imported.emit()
        if not warnings:
            self._shell.notify("success", _("The pairs of {file} are in.").format(file=path.name), tab="generate")
            return
        text = _("The pairs of {file} are in, but:").format(file=path.name)
        more = len(warnings) - SHOWN_WARNINGS
        rest = _("… and {count} more.").format(count=more) if more > 0 else ""
        self._shell.notify("warning", " ".join(filter(None, [text, *warnings[:SHOWN_WARNINGS], rest])), tab="generate")

    def _tell_failure(self, error: UserError) -> None:
        self._shell.notify("error", str(error), tab="generate")
