"""What became of the runs: pairs delivered and missing, the bill, what did not pass, and the failures with a retry."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QModelIndex, Qt, QTimer, Signal
from PySide6.QtGui import QResizeEvent, QShowEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QScrollArea, QTableView, QVBoxLayout, QWidget

from gui import theme
from gui.coverage_count import PAUSE_MS
from gui.empty_note import EmptyNote
from gui.generation_box import say_dollars
from gui.icon import icon
from gui.job_thread import JobThread
from gui.quantity import say_count, say_duration, say_when
from gui.shell import Shell
from gui.table_model import Column, TableModel, fit_columns, prepare, show_ids
from gui.thread_end import connect_end
from services.knowledge_base.store import KnowledgeBase
from services.knowledge_base.work_report import FailedItem
from services.records import RunRecord
from services.sft_data.gate import REASONS
from services.sft_data.report import Report, make_report
from services.translation import _, ngettext

KINDS = {"facts": _("facts"), "pairs": _("pairs"), "verdict": _("verdict of the judge")}
STATES = {
    "running": _("still running"), "finished": _("finished"), "stopped": _("stopped by you"), "failed": _("failed"),
    "interrupted": _("interrupted"),
}  # fmt: skip
MOST_REASONS = 6  # in words; the table has all


class GenerationReport(QWidget):
    """
    Signals:
        chosen: another failure is the current one.
        retry_wanted: ask again what came to nothing.
        left_out_wanted: show the pairs that did not pass.
    """

    chosen = Signal()
    retry_wanted = Signal()
    left_out_wanted = Signal()

    def __init__(self, shell: Shell, dataset: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shell, self._dataset = shell, dataset
        self._thread: JobThread | None = None
        self._is_outdated = True
        self._pause = QTimer(self, singleShot=True, interval=PAUSE_MS)
        self._pause.timeout.connect(self._work_if_wanted)
        self.report: Report | None = None
        self.run, self.bill, self.rejected = (_text() for _number in range(3))
        self.failures = _text()
        self._titles: list[QLabel] = []
        self.left_out_button = QPushButton(_("Show them"))
        theme.set_role(self.left_out_button, "link")
        self.left_out_button.setAccessibleName(_("Show the pairs that did not pass"))
        self.left_out_button.clicked.connect(self.left_out_wanted)
        self.retry_button = QPushButton(icon("reset"), _("Try again"))
        self.retry_button.setToolTip(_("Asks again what came to nothing, with the settings at the left; what was answered is read again first"))
        self.retry_button.clicked.connect(self.retry_wanted)
        self.model = TableModel(
            [
                Column(_("Source"), _place, widest="a-longer-document.pdf [000]", tooltip=_place),
                Column(_("Why"), lambda row: row.reason, tooltip=lambda row: row.reason),
                Column(_("Tried"), lambda row: str(row.attempts), widest="000", is_number=True),
            ],
            shell.knowledge_base.failed_items, self,
        )  # fmt: skip
        self.table = QTableView(textElideMode=Qt.TextElideMode.ElideRight)
        self.table.setAccessibleName(_("Requests that came to nothing"))
        prepare(self.table, self.model)
        self.table.selectionModel().currentRowChanged.connect(self._choose)
        self.note = EmptyNote(self.table)
        self._lay_out()

    def show_dataset(self, dataset: str) -> None:
        self._dataset = dataset
        self.refresh()

    def refresh(self) -> None:
        """Make the report anew, now or as soon as it is in front."""
        self._is_outdated = True
        self._work_if_wanted()

    def current(self) -> FailedItem | None:
        index = self.table.currentIndex()
        return self.model.row(index.row()) if index.isValid() else None

    def set_ready(self, is_ready: bool) -> None:
        """Whether something could be asked now."""
        self.retry_button.setEnabled(is_ready and bool(len(self.model.ids)))

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._work_if_wanted()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        is_narrow = self.width() < self.fontMetrics().averageCharWidth() * 60
        for section in (0, 2):  # the right pane names the source too
            self.table.setColumnHidden(section, is_narrow)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange and hasattr(self, "table"):
            fit_columns(self.table)

    def _work_if_wanted(self) -> None:
        is_pausing = self._pause.isActive() and self._shell.is_busy
        if self._is_outdated and self.isVisible() and self._thread is None and not is_pausing:
            self._work()

    def _work(self) -> None:
        self._is_outdated = False
        project, dataset = self._shell.project, self._dataset

        def work(store: KnowledgeBase, _emit: object) -> tuple[str, Report]:
            return dataset, make_report(project, store, dataset)

        self._thread = self._shell.ask_beside(work)
        self._thread.succeeded.connect(self._show)
        connect_end(self._thread, self._finish)

    def _finish(self, _outcome: object = None) -> None:
        self._thread = None
        if self._shell.is_busy:
            self._pause.start()
        else:
            self._work_if_wanted()

    def _show(self, answer: tuple[str, Report]) -> None:
        dataset, report = answer
        if dataset != self._dataset:
            return
        self.report = report
        self.run.setText(_say_run(report))
        self.bill.setText(_say_bill(report))
        rejected = sum(report.rejected.values())
        lines = [f"{count:,} × {REASONS.get(reason, reason)}" for reason, count in report.rejected.items()]
        self.rejected.setText("\n".join(lines) or ("" if report.is_empty else _("Every pair passed.")))
        self.left_out_button.setVisible(bool(rejected))
        for title in self._titles[1:]:
            title.setVisible(not report.is_empty)
        count = len(report.failed)
        said = ngettext("{count:,} request came to nothing.", "{count:,} requests came to nothing.", count).format(count=count)
        if report.unjudged:
            said += " " + ngettext(
                "{count:,} pair waits for the judge.", "{count:,} pairs wait for the judge.", report.unjudged
            ).format(count=report.unjudged)
        self.failures.setText("" if report.is_empty else said)
        show_ids(self.table, report.failed)
        self.note.say("" if count else _("Nothing failed.") if not report.is_empty else _("Nothing was asked for this dataset yet."))
        self.retry_button.setEnabled(bool(count) and not self._shell.is_busy)
        self.chosen.emit()

    def _choose(self, _current: QModelIndex, _previous: QModelIndex) -> None:
        self.chosen.emit()

    def _lay_out(self) -> None:
        inside = QWidget()
        upper = QVBoxLayout(inside)
        upper.setContentsMargins(0, theme.GAP, theme.GAP, 0)
        upper.setSpacing(2)
        for title, widget, button in (
            (_("Last run"), self.run, None), (_("The bill, of all runs"), self.bill, None),
            (_("Pairs that did not pass"), self.rejected, self.left_out_button),
        ):  # fmt: skip
            head, label = QHBoxLayout(), QLabel(title)
            theme.set_role(label, "strong")
            self._titles.append(label)
            head.addWidget(label)
            if button is not None:
                head.addWidget(button)
            head.addStretch()
            upper.addLayout(head)
            upper.addWidget(widget)
            upper.addSpacing(theme.GAP)
        upper.addStretch()
        scroll = QScrollArea(widgetResizable=True, horizontalScrollBarPolicy=Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setWidget(inside)
        below = QHBoxLayout()
        below.setSpacing(theme.GAP)
        below.addWidget(self.failures, 1)
        below.addWidget(self.retry_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.GAP)
        column.addWidget(scroll, 3)
        column.addLayout(below)
        column.addWidget(self.table, 2)


def _text() -> QLabel:
    label = QLabel(wordWrap=True, textFormat=Qt.TextFormat.PlainText)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    return label


def _place(row: FailedItem) -> str:
    return f"{row.source} [{row.chunk_index + 1}]" if row.chunk_index is not None else _("(its chunk is gone)")


def _say_run(report: Report) -> str:
    run = report.run
    if run is None:
        return _("Nothing was asked for this dataset yet.")
    said = [f"{say_when(run.started_at)} · {STATES.get(run.state, run.state)}".strip(" ·")]
    if report.seconds is not None and run.state != "running":
        said[0] += f" · {say_duration(report.seconds)}"
    if (asked := run.result.get("asked")) is not None:
        said.append(_("{made:,} of {asked:,} pairs").format(made=run.result.get("pairs", 0), asked=asked))
    elif report.made is not None and run.state != "running":
        is_all = not run.settings.get("retry") and not run.settings.get("renew")  # of these nobody set the number
        number = _("{made:,} of {asked:,} pairs") if is_all and "pairs" in run.settings else _("{made:,} pairs")
        said.append(number.format(made=report.made, asked=run.settings.get("pairs", 0)))
    return "\n".join([*said, *_missing(run), *([run.reason] if run.reason else [])])


def _missing(run: RunRecord) -> list[str]:
    reasons = list((run.result.get("missing") or {}).items())
    lines = [_("{count:,} are missing: {reason}").format(count=count, reason=reason) for reason, count in reasons[:MOST_REASONS]]
    if len(reasons) > MOST_REASONS:
        rest = sum(count for _reason, count in reasons[MOST_REASONS:])
        lines.append(_("{count:,} are missing for other reasons; the list below has them.").format(count=rest))
    return lines


def _say_bill(report: Report) -> str:
    lines = []
    for row in report.bill:
        what = " · ".join(filter(None, [row.model or row.provider, KINDS.get(row.kind, row.kind)]))
        said = ngettext("{count:,} request", "{count:,} requests", row.requests).format(count=row.requests)
        if row.tokens_in or row.tokens_out:
            said += ", " + _("{read} tokens read, {written} written").format(
                read=say_count(row.tokens_in), written=say_count(row.tokens_out)
            )
        said += ", " + (_("{cost} US dollars").format(cost=say_dollars(row.cost)) if row.cost is not None else _("no price"))
        lines.append(f"{what}: {said}")
    costs = [row.cost for row in report.bill if row.cost is not None]
    if costs and len(report.bill) > 1:
        lines.append(_("Together: {cost} US dollars").format(cost=say_dollars(sum(costs))))
    return "\n".join(lines)
