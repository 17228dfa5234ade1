"""What making pairs will take, takes and took: beside the button, before, during and after."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from gui import theme
from gui.job_thread import JobThread
from gui.line_height import keep_lines
from gui.quantity import say_count, say_duration
from gui.row_query import Query
from gui.shell import Shell
from gui.thread_end import connect_end
from services.jobs import Context
from services.knowledge_base.store import KnowledgeBase
from services.knowledge_base.work_report import Bill
from services.sft_data.estimate import Estimate, estimate, lacks_prices, read_prices
from services.translation import _, ngettext

DELAY_MS, RUNNING_MS = 250, 500
LINES = 3  # that are reserved, so that nothing jumps


class GenerationBox(QFrame):
    """
    Signals:
        said(str): what it takes, in words.
        limit_wanted: the person wants to set how much may be spent.
        report_wanted: what became of the last runs is to be shown.
    """

    said = Signal(str)
    limit_wanted = Signal()
    report_wanted = Signal()

    def __init__(self, shell: Shell, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shell = shell
        self._settings: dict[str, Any] = {}
        self._selection: Query | None = None
        self._thread: JobThread | None = None
        self._is_outdated = False
        self._after: int | None = None  # the last request before the running job
        self._limit = 0.0
        theme.set_role(self, "card")
        self.setAccessibleName(_("What it takes"))
        self.text = QLabel(wordWrap=True, textFormat=Qt.TextFormat.PlainText, alignment=Qt.AlignmentFlag.AlignTop)
        self.limit_button, self.report_button = QPushButton(_("Spend at most…")), QPushButton(_("Report"))
        self.limit_button.setToolTip(_("Goes to the setting that stops a run before it costs more than you allow"))
        self.report_button.setToolTip(_("What was asked, what it cost, what was left out and what came to nothing"))
        for button, wanted in ((self.limit_button, self.limit_wanted), (self.report_button, self.report_wanted)):
            theme.set_role(button, "link")
            button.clicked.connect(wanted)
        row = QHBoxLayout()
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.limit_button)
        row.addStretch()
        row.addWidget(self.report_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, theme.GAP, 12, 4)
        column.setSpacing(2)
        column.addWidget(self.text, 1)
        column.addLayout(row)
        self.limit_button.hide()
        keep_lines(self.text, LINES)
        self._timer = QTimer(self, singleShot=True)
        self._timer.timeout.connect(self._work)

    def select(self, selection: Query | None) -> None:
        """What finds the selected chunks, for which it is worked out too; None: hardly any are selected."""
        if selection is not None or self._selection is not None:
            self._selection = selection
            self.refresh(self._settings or None)

    def refresh(self, settings: dict[str, Any] | None) -> None:
        """Work it out for these settings of "generate" with their dataset, soon; None: they cannot be used yet."""
        if self._after is not None:  # what runs is what counts, and is looked at all the time
            return
        if settings is None:
            self._settings = {}
            self._timer.stop()
            self.text.clear()
            return
        self._settings = settings
        self._timer.start(DELAY_MS)

    def begin(self, settings: dict[str, Any]) -> None:
        """A run with these settings has started: say what it has taken so far from now on."""
        self._settings, self._limit = settings, settings["budget"]
        self._after = self._shell.knowledge_base.last_item_id()
        self.text.setText(_("Asking…"))
        self._timer.start(RUNNING_MS)

    def end(self) -> None:
        """The run is over."""
        self._after = None

    def _work(self) -> None:
        if not self._settings:
            return
        if self._thread is not None:
            self._is_outdated = True  # asked for again, once it is there
            return
        settings, after, selection = self._settings, self._after, self._selection

        def work(store: KnowledgeBase, _emit: object) -> tuple[Any, Estimate | None, bool]:
            if after is not None:
                return store.bill(settings["dataset"], after), None, False
            chunk_ids = selection(store) if selection else []
            of_selection = estimate(store, settings, chunk_ids) if chunk_ids else None
            return estimate(store, settings), of_selection, lacks_prices(settings)

        self._thread = self._shell.ask_beside(work)
        self._thread.succeeded.connect(self._show)
        connect_end(self._thread, self._finish)

    def _finish(self, _outcome: object = None) -> None:
        self._thread = None
        if self._after is not None:
            self._timer.start(RUNNING_MS)
        elif self._is_outdated:
            self._is_outdated = False
            self._work()

    def _show(self, answer: tuple[Bill | Estimate, Estimate | None, bool]) -> None:
        found, of_selection, lacks = answer
        if isinstance(found, Bill) != (self._after is not None) or not self._settings:
            return  # a run has begun or ended since
        if isinstance(found, Estimate):
            self.limit_button.setVisible(not found.is_free)
        said = say_bill(found, self._limit) if isinstance(found, Bill) else self._say(found)
        if of_selection is not None:
            said += "\n" + _("Only the selection: {what}").format(what=self._say_size(of_selection))
        self.text.setText(said)
        self.said.emit(said)
        if lacks:
            settings = self._settings
            thread = self._shell.run_beside(
                lambda _emit, cancelled: read_prices(settings, Context(cancelled=cancelled))
            )
            connect_end(thread, self._have_prices)

    def _have_prices(self, _outcome: object = None) -> None:
        self._timer.start(DELAY_MS)

    def _say(self, found: Estimate) -> str:
        if not found.chunks:
            return _("No chunks to ask about yet")
        what = self._say_size(found)
        time = _("time not measured yet") if found.seconds is None else say_duration(found.seconds)
        return f"{what}\n{time[:1].upper()}{time[1:]} · {self._say_price(found)}"

    def _say_size(self, found: Estimate) -> str:
        what = ngettext("{count:,} pair from", "{count:,} pairs from", found.pairs).format(count=found.pairs)
        what += " " + ngettext("{count:,} chunk", "{count:,} chunks", found.chunks).format(count=found.chunks)
        if found.requests:
            what += ": " + _("about {requests} requests, {tokens} tokens").format(
                requests=say_count(found.requests), tokens=say_count(found.tokens)
            )
        return what

    def _say_price(self, found: Estimate) -> str:
        if found.is_free:
            return _("free, on this machine")
        limit = self._settings["budget"]
        if found.cost is None:
            said = _("price not known")
            return said + (f" · {_say_limit(limit)}" if limit else "")
        said = _("about {cost} US dollars").format(cost=say_dollars(found.cost))
        if limit and found.cost > limit:
            share = max(1, round(found.pairs * limit / found.cost))
            return said + " · " + _("your limit of {limit} is reached at about {pairs:,} pairs").format(
                limit=say_dollars(limit), pairs=share
            )
        return said + " · " + (_say_limit(limit) if limit else _("no limit set"))


def say_dollars(dollars: float) -> str:
    """“0.0042”, “0.42”, “12.30”: two digits that count, cents from ten cents on."""
    return f"{dollars:.2f}" if dollars >= 0.1 or not dollars else f"{dollars:.2g}"


def say_bill(bill: Bill, limit: float = 0.0) -> str:
    """“61 requests, 84k tokens · 0.42 of at most 2.00 US dollars”."""
    said = ngettext("{count} request", "{count} requests", bill.requests).format(count=say_count(bill.requests))
    if tokens := bill.tokens_in + bill.tokens_out:
        said += ", " + _("{count} tokens").format(count=say_count(tokens))
    if limit:
        said += " · " + _("{cost} of at most {limit} US dollars").format(cost=say_dollars(bill.cost or 0.0), limit=say_dollars(limit))
    elif bill.cost:
        said += " · " + _("{cost} US dollars").format(cost=say_dollars(bill.cost))
    return said


def _say_limit(limit: float) -> str:
    return _("stops at {limit}").format(limit=say_dollars(limit))
