"""Tab 3: make questions and answers from the chunks, read them, keep the good ones."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QByteArray, QEvent, QSignalBlocker, Qt, QTimer
from PySide6.QtGui import QKeySequence, QResizeEvent, QShortcut
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QSplitter,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from gui import theme
from gui.ask_form import AskForm
from gui.coverage_count import Counts
from gui.generation_box import GenerationBox
from gui.generation_start import PREVIEW_PAIRS, GenerationStart
from gui.icon import icon
from gui.job_thread import JobThread
from gui.pair_browser import CHUNKS, PAIRS, REPORT, PairBrowser
from gui.pair_exchange import PairExchange
from gui.pair_review import PairReview
from gui.pair_work import PairWork
from gui.requirement import Requirement
from gui.review_desk import ReviewDesk
from gui.shell import Outcome, Shell
from gui.stale_bar import StaleBar
from gui.tab import Tab
from services.errors import UserError
from services.knowledge_base.pair_query import USABLE_STATES
from services.project import Project
from services.translation import _

REFRESH_MS = 200  # while a job runs
LOW_LINES = 32  # of text: a lower window has no room for a box above its button


class SftDataTab(Tab):
    """How to ask, what there is, and one pair to judge beside the passage it was made from."""

    def __init__(self, project: Project, shell: Shell) -> None:
        super().__init__(project, shell)
        self._store = shell.knowledge_base
        self.exchange = PairExchange(shell, self)
        self._refresh_timer = QTimer(self, singleShot=True, interval=REFRESH_MS)
        self._refresh_timer.timeout.connect(self._refresh_all)
        self.ask = AskForm(shell)
        self.browser = PairBrowser(shell, self.ask.dataset.currentText())
        self.review = PairReview()
        self.work = PairWork(shell, self.browser, self.review, self.undo_stack, self)
        self.run = GenerationStart(shell, self.ask, self.browser, self)
        self._make_left()
        self.desk = ReviewDesk(self.browser, self.review, shell.preferences)
        self.splitter = QSplitter()
        self.splitter.setChildrenCollapsible(False)
        self.splitter.setHandleWidth(theme.PAD)
        for pane, stretch in ((self._left, 0), (self.desk, 1)):
            self.splitter.addWidget(pane)
            self.splitter.setStretchFactor(self.splitter.count() - 1, stretch)
        letter = self.fontMetrics().averageCharWidth()
        self.splitter.setSizes([letter * 48, letter * 140])
        self._fit()
        self.stale_bar = StaleBar()
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.PAD, theme.GAP, theme.PAD, theme.PAD)
        column.setSpacing(theme.GAP)
        column.addWidget(self.stale_bar)
        panes = QHBoxLayout()
        panes.setSpacing(theme.GAP)
        panes.addWidget(self.back_button, alignment=Qt.AlignmentFlag.AlignTop)
        panes.addWidget(self.splitter, 1)
        column.addLayout(panes, 1)
        self._connect()
        self.exchange.take_drops(lambda: self.browser.dataset)
        state = shell.preferences.value("sft_data/form")
        if isinstance(state, QByteArray):
            self.splitter.restoreState(state)
        self.show_form(shell.preferences.value("sft_data/form_shown", True, bool))
        self._recall_settings()
        self._refresh({"pair", "chunk", "document"})
        self.exchange.offer_import(self.browser.dataset)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange and hasattr(self, "splitter"):
            QTimer.singleShot(0, self, self._fit)  # once the fields have the new font, too

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    def _arrange(self) -> None:
        """Where the window is low, what it takes goes with the settings when they are scrolled, so that both can be seen."""
        above = 0 if self.stale_bar.isHidden() else self.stale_bar.sizeHint().height()
        is_low = self.height() - above < LOW_LINES * self.fontMetrics().height()
        column, form = self._left.layout(), self.ask.layout()
        if is_low and column.indexOf(self.box) >= 0:
            form.addWidget(self.box)
        elif not is_low and form.indexOf(self.box) >= 0:
            column.insertWidget(column.indexOf(self._scroll) + 1, self.box)

    def _fit(self) -> None:
        """The panes are as wide as their texts need, in whatever size these are."""
        letter = self.fontMetrics().averageCharWidth()
        form = self.ask.minimumSizeHint().width() + self._scroll.verticalScrollBar().sizeHint().width()
        self._left.setMinimumWidth(max(letter * 38, form))
        self.desk.fit()

    # What the window asks of a tab

    def find(self) -> None:
        self.browser.focus_search()

    def paste_files(self) -> None:
        self.exchange.paste()

    def save_pending(self) -> None:
        if self.review.is_editing:
            self.review.save()
        self.work.file.write_now()
        self.shell.preferences.setValue("sft_data/form", self.splitter.saveState())

    def show_form(self, is_shown: bool = True) -> None:
        """How to ask, or its room for table, passage and pair."""
        self._left.setVisible(is_shown)
        self.back_button.setHidden(is_shown)
        self.shell.preferences.setValue("sft_data/form_shown", is_shown)

    def _put_aside(self) -> None:
        self.show_form(False)
        self.back_button.setFocus()

    def _bring_back(self) -> None:
        self.show_form()
        self.aside_button.setFocus()

    def _turn_form(self) -> None:
        self.show_form(self._left.isHidden())

    def _review_new(self) -> None:
        self.browser.show_new()
        self.browser.pairs.table.setFocus()

    def _import(self) -> None:
        self.exchange.choose_import(self.browser.dataset)

    def _export(self) -> None:
        self.exchange.choose_export(self.browser.dataset)

    def _show_imported(self, dataset: str) -> None:
        self.ask.dataset.setCurrentText(self._store.spelling_of(dataset))
        self.browser.show_page(PAIRS)

    def _show_report(self) -> None:
        self.browser.show_page(REPORT)

    def _show_limit(self) -> None:
        self._show_setting("budget")

    def _show_setting(self, key: str) -> None:
        """Go to a setting, wherever it stands in the form."""
        self.show_form()
        if self.ask.form.fields[key].setting.is_advanced:
            self.ask.form.more_button.setChecked(True)
        field = self.ask.form.fields[key].editor
        QTimer.singleShot(0, lambda: self._scroll.ensureWidgetVisible(field))  # once it is laid out
        field.setFocus()

    # What is shown

    def _refresh(self, tables: set[str] | frozenset[str]) -> None:
        if not tables & {"pair", "chunk", "document"}:
            return
        if self.shell.is_busy:  # a job changes things many times a second
            if not self._refresh_timer.isActive():
                self._refresh_timer.start()
            return
        self._refresh_all()

    def _refresh_all(self) -> None:
        self.browser.refresh()
        self.browser.report.refresh()
        self._show_need()

    def _show_counts(self, counts: Counts) -> None:
        self.ask.dataset.show_datasets(counts.datasets)
        self.review.set_count(counts.reviewed, counts.reviewed + counts.to_review)
        self.stale_bar.show_count(counts.stale)
        self._arrange()

    def _show_chosen(self) -> None:
        # A report without failures has no passage to read.
        self.review.setHidden(self.browser.page == REPORT and self.browser.report.current() is None)
        if self.browser.page != PAIRS:
            self._show_chunk()
            return
        pair = self.browser.current_pair()
        if pair is None:
            self.review.show_nothing()
            return
        chunk = self._store.chunk(pair.chunk_id) if pair.chunk_id is not None else None
        partner_id = self._store.partner_of(pair.id)
        self.review.show_pair(pair, chunk, self._store.chunk(partner_id) if partner_id is not None else None)
        self.review.show_original(self._store.original_pair(pair.id) if pair.has_original else None)
        self.review.advice.show_pair(pair, self.ask.form.values(), chunk.token_count if chunk else None)

    def _show_chunk(self) -> None:
        """The chunk under the cursor, or that of the failure under it, with its facts."""
        dataset, chunk, count = self.browser.dataset, None, 0
        if self.browser.page == CHUNKS and (row := self.browser.coverage.current()) is not None:
            chunk, count = row.chunk, row.pairs
        elif self.browser.page == REPORT and (failed := self.browser.report.current()) is not None:
            chunk = self._store.chunk(failed.chunk_id)
            count = len(self._store.pair_ids(dataset, USABLE_STATES, chunk=failed.chunk_id))
        if chunk is None:
            self.review.show_nothing()
        else:
            self.review.show_chunk(chunk, count, self._store.covered_facts(dataset, chunk.id))

    def _show_pairs_of_chunk(self) -> None:
        if (chunk := self.browser.coverage.current_chunk()) is not None:
            self.browser.show_pairs_of(chunk.id)

    def _show_dataset(self, _name: str) -> None:
        try:
            dataset = self.ask.dataset.name()
        except UserError:
            pass  # half typed; said under the button
        else:
            self.undo_stack.clear()
            self.browser.show_dataset(dataset)
        self._show_need()

    def _dataset_begins_to_change(self) -> None:
        """Its pairs stay as they are until it has changed as a whole."""
        if self.review.is_editing:
            self.review.save()
        for part in (self.browser, self.review):
            part.setEnabled(False)

    def _dataset_has_changed(self) -> None:
        for part in (self.browser, self.review):
            part.setEnabled(True)

    def _dataset_renamed(self, name: str, new: str) -> None:
        """The same pairs under another name: what was done to them can still be undone."""
        if self.browser.dataset == name:
            with QSignalBlocker(self.ask.dataset):
                self.ask.dataset.setCurrentText(new)
            self.browser.show_dataset(new)
            self._show_need()

    def _show_need(self) -> None:
        """What is missing before pairs can be made, and the way on."""
        has_chunks = self._store.has_chunks()
        if not has_chunks:
            self.need.show_need(_("No chunks yet."), _("Add documents in tab 1"), self._go_to_documents)
        else:
            self.need.show_need(self.ask.problem())
        is_ready = has_chunks and not self.ask.problem() and not self.shell.is_busy
        self.generate_button.setEnabled(is_ready)
        self.preview_button.setEnabled(is_ready)
        self.stale_bar.set_ready(is_ready)
        self.browser.report.set_ready(is_ready)
        self._show_estimate()
        self.generate_button.setText(self._running_text() or _("Generate"))
        self.review.make_button.setEnabled(is_ready)

    def _show_estimate(self) -> None:
        try:
            self.box.refresh(self.ask.values())
        except UserError:
            self.box.refresh(None)

    def _show_selection(self) -> None:
        coverage = self.browser.coverage
        self.box.select(coverage.selection() if coverage.is_by_document or coverage.selected_count() > 1 else None)

    def _running_text(self) -> str:
        return _("Making pairs…") if self.shell.is_busy and self.shell.job.name == "generate" else ""

    def _go_to_documents(self) -> None:
        self.shell.show_tab("ingest")

    def _job_changed(self, outcome: Outcome | JobThread) -> None:
        if isinstance(outcome, Outcome):
            self.box.end()
        self._show_need()

    def _recall_settings(self) -> None:
        """Begin with what was asked last time in this project."""
        project = self.project
        thread = self.shell.run_beside(lambda _emit, _cancelled: project.runs("generate")[:1])
        thread.succeeded.connect(self._take_settings)

    def _take_settings(self, runs: list[Any]) -> None:
        if runs:
            self.ask.set_values({key: value for key, value in runs[0].settings.items() if key != "pairs"})

    def _make_left(self) -> None:
        heading = QLabel(_("How to ask"))
        theme.set_role(heading, "heading")
        self.aside_button = _tool("chevron-left", _("Put “How to ask” aside: table, passage and pair have the whole width (F9)"))
        self.back_button = _tool("chevron-right", _("Show “How to ask” again (F9)"))
        head = QHBoxLayout()
        head.addWidget(heading, 1)
        head.addWidget(self.aside_button)
        self._scroll = scroll = QScrollArea(widgetResizable=True, horizontalScrollBarPolicy=Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setWidget(self.ask)
        self.box = GenerationBox(self.shell)
        self.need = Requirement()
        self.preview_button = QPushButton(_("Preview {count}").format(count=PREVIEW_PAIRS))
        self.preview_button.setToolTip(_("Asks about three chunks, far apart or of those selected, so that you can look before you make the rest"))
        self.generate_button = QPushButton(icon("play", "accent_text"), _("Generate"))
        theme.set_role(self.generate_button, "primary")
        buttons = QHBoxLayout()
        buttons.setSpacing(theme.GAP)
        buttons.addWidget(self.preview_button)
        buttons.addWidget(self.generate_button, 1)
        self._left = QWidget()
        column = QVBoxLayout(self._left)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.GAP)
        column.addLayout(head)
        column.addWidget(scroll, 1)
        column.addWidget(self.box)
        column.addWidget(self.need)
        column.addLayout(buttons)

    def _connect(self) -> None:
        self.aside_button.clicked.connect(self._put_aside)
        self.back_button.clicked.connect(self._bring_back)
        QShortcut(QKeySequence("F9"), self, self._turn_form).setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        self.ask.dataset_changed.connect(self._show_dataset)
        self.ask.changed.connect(self._show_need)
        self.ask.dataset_menu.began.connect(self._dataset_begins_to_change)
        self.ask.dataset_menu.ended.connect(self._dataset_has_changed)
        self.ask.dataset_menu.followed.connect(self.work.file.write)  # what changed meanwhile found no file, or the old one
        self.shell.dataset_renamed.connect(self._dataset_renamed)
        self.preview_button.clicked.connect(self.run.preview)
        self.generate_button.clicked.connect(self.run.from_all)
        self.browser.coverage.counts.counted.connect(self._show_counts)
        self.browser.chosen.connect(self._show_chosen)
        self.browser.coverage.generate_wanted.connect(self.run.from_selection)
        self.browser.coverage.selected.connect(self._show_selection)
        self.browser.coverage.preview_wanted.connect(self.run.preview)
        self.browser.coverage.pairs_asked_for.connect(self._show_pairs_of_chunk)
        self.browser.pairs.import_wanted.connect(self._import)
        self.browser.pairs.export_wanted.connect(self._export)
        self.exchange.imported.connect(self._show_imported)
        self.review.pairs_wanted.connect(self.run.from_current)
        self.review.pairs_asked_for.connect(self._show_pairs_of_chunk)
        self.stale_bar.renewal_wanted.connect(self.run.renew)
        self.stale_bar.list_wanted.connect(self.browser.show_stale)
        self.run.started.connect(self.box.begin)
        self.run.pairs_removed.connect(self.undo_stack.clear)  # their ids are given to others
        self.run.pairs_removed.connect(self.work.changed)
        self.run.review_wanted.connect(self._review_new)
        self.run.report_wanted.connect(self._show_report)
        self.box.report_wanted.connect(self._show_report)
        self.box.said.connect(self.generate_button.setToolTip)  # for windows in which the box is scrolled away
        self.box.limit_wanted.connect(self._show_limit)
        self.review.advice.settings_suggested.connect(self.ask.set_values)
        self.review.advice.setting_wanted.connect(self._show_setting)
        self.browser.report.retry_wanted.connect(self.run.retry)
        self.browser.report.left_out_wanted.connect(self.browser.show_left_out)
        self.browser.report.chosen.connect(self._show_chosen)
        self.shell.project_changed.connect(self._refresh)
        self.shell.job_started.connect(self._job_changed)
        self.shell.job_ended.connect(self._job_changed)


def _tool(name: str, tip: str) -> QToolButton:
    button = QToolButton(icon=icon(name, "muted"))
    button.setToolTip(tip)
    button.setAccessibleName(tip)
    return button
