"""Chunks to ask about, the pairs made from them, and the report, one page each."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QTabBar, QVBoxLayout, QWidget

from gui import theme
from gui.coverage_page import CoveragePage
from gui.generation_report import GenerationReport
from gui.icon import icon
from gui.page_stack import PageStack
from gui.pair_page import PairPage
from gui.shell import Shell
from services.records import Pair
from services.translation import _

CHUNKS, PAIRS, REPORT = 0, 1, 2


class PairBrowser(QWidget):
    """
    Signals:
        chosen: another chunk or pair is the current one, or another page is in front.
    """

    chosen = Signal()

    def __init__(self, shell: Shell, dataset: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.dataset = dataset
        self.pages = QTabBar(drawBase=False, expanding=False, usesScrollButtons=False)
        self.pages.setAccessibleName(_("Chunks, pairs or report"))
        for text, name in ((_("Chunks"), "documents"), (_("Pairs"), "pairs"), (_("Report"), "chart")):
            self.pages.addTab(icon(name, "muted"), text)
        self.coverage, self.pairs = CoveragePage(shell, dataset), PairPage(shell, dataset)
        self.report = GenerationReport(shell, dataset)
        head = QHBoxLayout()
        head.addWidget(self.pages)
        head.addStretch(1)
        self.stack = PageStack(self.coverage, self.pairs, self.report)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.GAP)
        column.addLayout(head)
        column.addWidget(self.stack, 1)
        self.coverage.chosen.connect(self.chosen)
        self.pairs.chosen.connect(self.chosen)
        self.pages.currentChanged.connect(self._turn_page)
        self.refresh()

    @property
    def page(self) -> int:
        """CHUNKS, PAIRS or REPORT."""
        return self.stack.currentIndex()

    def show_page(self, page: int) -> None:
        self.pages.setCurrentIndex(page)

    def show_dataset(self, dataset: str) -> None:
        self.dataset = dataset
        for page in (self.coverage, self.pairs, self.report):
            page.show_dataset(dataset)

    def show_pairs_of(self, chunk_id: int) -> None:
        """Only the pairs about this chunk, until the button beside says otherwise."""
        self.show_page(PAIRS)
        self.pairs.filter.show_only_chunk(chunk_id)

    def show_left_out(self) -> None:
        """Only the pairs that did not pass, with the reasons."""
        self.show_page(PAIRS)
        self.pairs.filter.show_why()

    def show_stale(self) -> None:
        """Only the pairs in use that no longer match their chunks."""
        self.show_page(PAIRS)
        self.pairs.filter.show_stale()

    def show_new(self) -> None:
        """Only the pairs that nobody has judged yet, from the first."""
        self.show_page(PAIRS)
        self.pairs.show_new()

    def choose_pair(self, pair_id: int) -> None:
        """Show the pairs with this one as the current."""
        self.show_page(PAIRS)
        self.pairs.choose(pair_id)

    def focus_search(self) -> None:
        if self.page == CHUNKS:
            self.coverage.focus_search()
        elif self.page == PAIRS:
            self.pairs.focus_search()

    def current_pair(self) -> Pair | None:
        return self.pairs.current()

    def refresh(self) -> None:
        """Read everything anew."""
        self.coverage.refresh()
        self.pairs.refresh()

    def _turn_page(self, page: int) -> None:
        self.stack.setCurrentIndex(page)
        self.chosen.emit()
