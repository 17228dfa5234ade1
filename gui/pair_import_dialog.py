"""Files of pairs before they come in: what will become of them, into which dataset, and how far the reading is."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QFormLayout,
    QHeaderView,
    QLabel,
    QPlainTextEdit,
    QProgressBar,
    QSizePolicy,
    QTableWidget,
    QTableWidgetItem,
    QVBoxLayout,
    QWidget,
)

from gui import theme
from gui.job_thread import Event, JobThread
from gui.pair_words import one_line
from gui.requirement import Requirement
from gui.shell import Shell
from services.errors import Cancelled, UserError
from services.file_name import check_name
from services.sft_data.import_entry import Entry
from services.sft_data.pair_import import Imported, Preview, import_pairs, preview_import
from services.translation import _, ngettext

SHOWN = 20  # entries
_STEPS = 1000  # of the progress bar
_TYPING_MS = 300

Answer = tuple[Path, Imported | UserError]


class _Look(NamedTuple):
    """What is known of one file: how it will fare, or why nothing of it can be used."""

    path: Path
    preview: Preview | None
    error: str = ""


class PairImportDialog(QDialog):
    """Stays beside the window while it reads, so that a person can go on; what is cancelled leaves nothing behind.

    Signals:
        imported(dataset, [(path, Imported or UserError)]): what came of the files that were read to their end.
    """

    imported = Signal(str, object)

    def __init__(
        self, shell: Shell, paths: Sequence[Path], datasets: Sequence[str], dataset: str, parent: QWidget | None = None
    ) -> None:
        """datasets: those that there are. dataset: the one to begin with."""
        super().__init__(parent)
        self.setWindowTitle(_("Import pairs"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._shell, self._paths = shell, list(paths)
        self._looks: dict[Path, _Look] = {}
        self._thread: JobThread | None = None
        self._shown: list[Entry] = []
        self._is_importing = self._is_read = False
        self._make_parts(datasets, dataset)
        self._lay_out()
        self._typing = QTimer(self, singleShot=True, interval=_TYPING_MS)
        self._typing.timeout.connect(self._look)
        self.dataset.currentTextChanged.connect(self._typed)
        self.buttons.accepted.connect(self._import)
        self.buttons.rejected.connect(self.reject)
        self._look()

    def reject(self) -> None:
        """Close; an import that is under way is taken back first."""
        if self._is_importing and self._thread is not None:
            self._thread.stop()
            self.cancel_button.setEnabled(False)
            self.summary.setText(_("Taking out again what came in…"))
            return
        self._forget()
        super().reject()

    def _make_parts(self, datasets: Sequence[str], dataset: str) -> None:
        self.heading = QLabel(textFormat=Qt.TextFormat.PlainText, wordWrap=True)
        theme.set_role(self.heading, "heading")
        names = [path.name for path in self._paths]
        self.heading.setText(names[0] if len(names) == 1 else _("{count} files").format(count=len(names)))
        self.heading.setToolTip("\n".join(names))
        self.dataset = QComboBox(editable=True, insertPolicy=QComboBox.InsertPolicy.NoInsert)
        self.dataset.addItems(list(dict.fromkeys([*datasets, dataset])))
        self.dataset.setCurrentText(dataset)
        self.dataset.setAccessibleName(_("Dataset to import into"))
        self.dataset.setToolTip(_("A new name starts another dataset"))
        own = self._shell.project.dataset_path(dataset)
        self.dataset.setEnabled(own not in self._paths)  # what was changed outside goes back to where it belongs
        self.table = QTableWidget(0, 3, alternatingRowColors=True, showGrid=False, wordWrap=False)
        self.table.setHorizontalHeaderLabels([_("Question"), _("Answer"), _("Besides")])
        self.table.setAccessibleName(_("The first pairs, as they will be"))
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.verticalHeader().hide()
        self.table.verticalHeader().setDefaultSectionSize(self.fontMetrics().height() + theme.GAP)
        header = self.table.horizontalHeader()
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        header.setSectionResizeMode(2, QHeaderView.ResizeMode.ResizeToContents)
        self.caption = QLabel()
        theme.set_role(self.caption, "caption")
        self.summary = QLabel(wordWrap=True, textFormat=Qt.TextFormat.PlainText)
        self.reasons = QPlainTextEdit(readOnly=True, tabChangesFocus=True)
        self.reasons.setAccessibleName(_("What cannot be used, and why"))
        self.reasons.setMaximumHeight(self.fontMetrics().lineSpacing() * 6 + theme.PAD)
        self.progress = QProgressBar(maximum=_STEPS, textVisible=False)
        self.progress.setAccessibleName(_("How much is read"))
        policy = self.progress.sizePolicy()
        policy.setRetainSizeWhenHidden(True)  # nothing jumps when it is done
        self.progress.setSizePolicy(policy)
        self.need = Requirement()
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        self.import_button = self.buttons.button(QDialogButtonBox.StandardButton.Ok)
        self.import_button.setText(_("Import"))
        self.import_button.setEnabled(False)
        theme.set_role(self.import_button, "primary")
        self.cancel_button = self.buttons.button(QDialogButtonBox.StandardButton.Cancel)
        self.cancel_button.setToolTip(_("Nothing more comes in; of a file that is half read, nothing stays"))

    def _lay_out(self) -> None:
        form = QFormLayout()
        form.setHorizontalSpacing(theme.GAP)
        form.addRow(_("Into the dataset"), self.dataset)
        self.table.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.PAD, theme.PAD, theme.PAD, theme.PAD)
        column.setSpacing(theme.GAP)
        column.addWidget(self.heading)
        column.addLayout(form)
        column.addWidget(self.caption)
        column.addWidget(self.table, 1)
        for part in (self.summary, self.reasons, self.progress, self.need, self.buttons):
            column.addWidget(part)
        metrics = self.fontMetrics()
        self.resize(metrics.averageCharWidth() * 110, metrics.lineSpacing() * 34)

    # Looking

    def _typed(self, _name: str) -> None:
        self._forget()  # its answers are of another dataset
        self.import_button.setEnabled(False)
        self._typing.start()

    def _look(self) -> None:
        """Read the files beside the window, and show what is known so far."""
        self._forget()
        self._looks, self._is_read = {}, False
        try:
            dataset = self._dataset()
        except UserError as error:
            self._show(str(error))
            return
        project, paths = self._shell.project, self._paths

        def work(emit: Callable[[Event], None], cancelled: threading.Event) -> None:
            for path in paths:
                try:
                    for preview in preview_import(project, dataset, path, cancelled):
                        emit({"type": "looked", "look": _Look(path, preview)})
                except UserError as error:
                    emit({"type": "looked", "look": _Look(path, None, str(error))})

        self._thread = self._shell.run_beside(work)
        self._thread.events.connect(self._hear_looks)
        self._thread.succeeded.connect(self._end_look)
        self._show()

    def _hear_looks(self, events: list[Event]) -> None:
        if self.sender() is not self._thread:
            return  # of the dataset that was written there before
        for event in events:
            if event["type"] == "looked":
                self._looks[event["look"].path] = event["look"]
        self._show()

    def _end_look(self, _result: object) -> None:
        if self.sender() is self._thread:
            self._thread, self._is_read = None, True
            self._show()

    def _show(self, problem: str = "") -> None:
        found = [look.preview for look in self._looks.values() if look.preview is not None]
        self._fill([entry for preview in found for entry in preview.first[: max(1, SHOWN // len(found))]])
        added, repeated, unread, left_out = (
            sum(getattr(preview, name) for preview in found) for name in ("added", "repeated", "unread", "left_out")
        )
        parts = [ngettext("{count:,} new pair", "{count:,} new pairs", added).format(count=added)]
        if repeated:
            parts.append(
                ngettext("{count:,} is there already and stays out", "{count:,} are there already and stay out", repeated).format(
                    count=repeated
                )
            )
        if unread:
            parts.append(_("{count:,} cannot be used").format(count=unread))
        if left_out:
            parts.append(
                ngettext(
                    "{count:,} of the dataset is no longer in the file and will count as rejected",
                    "{count:,} of the dataset are no longer in the file and will count as rejected", left_out,
                ).format(count=left_out)
            )  # fmt: skip
        text = "; ".join(parts)
        self.summary.setText((_("{counts}.") if self._is_read else _("So far {counts}.")).format(counts=text) if found else "")
        reasons = self._reasons()
        if "\n".join(reasons) != self.reasons.toPlainText():
            self.reasons.setPlainText("\n".join(reasons))
        self.reasons.setVisible(bool(reasons))
        self._show_share(sum(preview.share for preview in found) + sum(bool(look.error) for look in self._looks.values()))
        if self._is_read and not problem and not (added or left_out):
            problem = _("There is nothing new to import.") if found else _("None of this can be used.")
        self.need.show_need(problem)
        self.import_button.setEnabled(bool(added or left_out) and not problem and not self._is_importing)
        self.import_button.setText(
            ngettext("Import {count:,} pair", "Import {count:,} pairs", added).format(count=added)
            if self._is_read and added else _("Import")
        )  # fmt: skip

    def _reasons(self) -> list[str]:
        """Why something stays out, of each file."""
        lines = []
        for look in self._looks.values():
            prefix = f"{look.path.name} · " if len(self._paths) > 1 else ""
            lines += [look.error] if look.error else [prefix + reason for reason in look.preview.warnings]
        return lines

    def _fill(self, entries: list[Entry]) -> None:
        if entries == self._shown:
            return
        self._shown = entries
        self.table.setRowCount(len(entries))
        for row, entry in enumerate(entries):
            for column, text in enumerate((entry.said[0], entry.said[-1], _besides(entry))):
                item = QTableWidgetItem(one_line(text))
                item.setToolTip(text[:1000])
                self.table.setItem(row, column, item)
        self.caption.setText(
            ngettext("The first pair, as it will be", "The first {count} pairs, as they will be", len(entries)).format(count=len(entries))
            if entries else ""
        )  # fmt: skip

    def _show_share(self, share: float) -> None:
        self.progress.setValue(round(share / len(self._paths) * _STEPS))
        self.progress.setVisible(not self._is_read)

    # Importing

    def _import(self) -> None:
        """Take the files over, one after the other."""
        self._forget()
        dataset, project = self._dataset(), self._shell.project
        paths = [path for path in self._paths if path not in self._looks or self._looks[path].preview is not None]
        self._shell.writes.finish()  # it compares with what is there
        self._is_importing, self._is_read = True, False
        self.import_button.setEnabled(False)
        self.dataset.setEnabled(False)

        def work(emit: Callable[[Event], None], cancelled: threading.Event) -> list[Answer]:
            answers: list[Answer] = []
            for number, path in enumerate(paths):
                def tell(share: float, number: int = number) -> None:
                    emit({"type": "progress", "done": number + share, "total": len(paths)})

                try:
                    answers.append((path, import_pairs(project, dataset, path, cancelled, tell)))
                except UserError as error:
                    answers.append((path, error))
                except Cancelled:
                    break  # the files before are in, and are told of
            return answers

        self._thread = self._shell.run_beside(work)
        self._show_share(0)
        self.summary.setText(_("The pairs are coming in. You can go on meanwhile."))
        self._thread.events.connect(self._hear_progress)
        self._thread.succeeded.connect(self._tell)
        self._thread.crashed.connect(self._end)

    def _hear_progress(self, events: list[Event]) -> None:
        if shares := [event["done"] for event in events if event["type"] == "progress"]:
            self._show_share(shares[-1] * len(self._paths) / max(1, self._count_importable()))

    def _count_importable(self) -> int:
        return sum(path not in self._looks or self._looks[path].preview is not None for path in self._paths)

    def _tell(self, answers: list[Answer]) -> None:
        self._shell.changed("pair")
        if answers:
            self.imported.emit(self._dataset(), answers)
        self._end()

    def _end(self, _error: object = None) -> None:
        self._thread, self._is_importing = None, False
        self.accept()

    def _dataset(self) -> str:
        """Raises: UserError: no file can have this name."""
        return check_name(self.dataset.currentText().strip(), _("dataset"))

    def _forget(self) -> None:
        if self._thread is not None:
            self._thread.stop()
            self._thread = None


def _besides(entry: Entry) -> str:
    parts = [_("{count} turns").format(count=len(entry.said))] if len(entry.said) > 2 else []
    return ", ".join([*parts, *([_("system prompt")] if entry.system else [])])
