"""Where table, passage and pair stand: the passage at the left of the pair wherever both have the width to be read."""

from __future__ import annotations

from PySide6.QtCore import QSettings, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QSplitter, QWidget

from gui import theme
from gui.pair_review import PairReview

COLUMNS, BELOW, NARROW = "columns", "below", "narrow"
COLUMNS_LETTERS = 132  # of width: a table and two columns of text that are good to read
BESIDE_LETTERS = 90  # two such columns
BAR_LETTERS = 4  # more than a scroll bar
BELOW_LINES = 36  # of height: some rows of the table above, passage and pair below
TABLE_LETTERS, TEXT_LETTERS = 37, 32  # the least
_HORIZONTAL, _VERTICAL = Qt.Orientation.Horizontal, Qt.Orientation.Vertical
# How the table stands to the desk and what share it has; how the passage stands to the pair and what share it has.
_ARRANGEMENTS = {
    COLUMNS: ((_HORIZONTAL, 0.36), (_HORIZONTAL, 0.5)),
    BELOW: ((_VERTICAL, 0.5), (_HORIZONTAL, 0.5)),
    NARROW: ((_HORIZONTAL, 0.58), (_VERTICAL, 0.42)),
}


class ReviewDesk(QSplitter):
    """The table of what there is, the passage, and what is said of it.

    Three columns in a wide window, and in a low one that has the width; in one of usual size the table above, passage
    and pair side by side below it; in a small one the passage above the pair, beside the table. Each way remembers where
    the person put the bars.
    """

    def __init__(self, browser: QWidget, review: PairReview, preferences: QSettings, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._browser, self._review, self._preferences = browser, review, preferences
        self.arrangement = ""
        self.addWidget(browser)
        self.addWidget(review)
        for splitter in (self, review.panes):
            splitter.setChildrenCollapsible(False)
            splitter.setHandleWidth(theme.PAD)
            splitter.splitterMoved.connect(self._remember)
        self.fit()

    def fit(self) -> None:
        """The panes are as wide as their texts need, in whatever size these are."""
        letter = self.fontMetrics().averageCharWidth()
        self._text_width = letter * TEXT_LETTERS
        buttons = self._review.beside.minimumSizeHint().width()  # they count while they are hidden, too
        self._browser.setMinimumWidth(letter * TABLE_LETTERS)
        self._review.beside.setMinimumWidth(max(self._text_width, buttons))
        self._arrange()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    def _arrange(self) -> None:
        metrics = self.fontMetrics()
        letters, lines = self.width() / metrics.averageCharWidth(), self.height() / metrics.lineSpacing()
        # What is arranged so must have room to become smaller than where another way begins.
        pair_width = self._review.beside.minimumWidth()
        least = self._text_width + pair_width + theme.PAD + metrics.averageCharWidth()
        has_columns = self.width() > least + self._browser.minimumWidth() + theme.PAD
        # A bar to scroll up and down that comes with one way must not bring back the other, which would take it away.
        beside = BESIDE_LETTERS + (0 if self.arrangement == BELOW else BAR_LETTERS)
        if letters >= beside and lines >= BELOW_LINES and self.width() > least:
            arrangement = COLUMNS if letters >= COLUMNS_LETTERS and has_columns else BELOW
        else:  # too low for more than one line of panes
            arrangement = COLUMNS if has_columns else NARROW
        # The pair may be hidden, and nothing is to move when it comes.
        self._review.source.setMinimumWidth(pair_width if arrangement == NARROW else self._text_width)
        if arrangement == self.arrangement:
            return
        self.arrangement = arrangement
        for splitter, key, orientation, share in self._bars():
            splitter.setOrientation(orientation)
            first = round(10_000 * self._preferences.value(key, share, float))
            splitter.setSizes([first, 10_000 - first])

    def _bars(self) -> list[tuple[QSplitter, str, Qt.Orientation, float]]:
        """Each splitter with the name of its place among the preferences, and how it stands now."""
        return [
            (splitter, f"sft_data/{self.arrangement}_{name}", *usual)
            for splitter, name, usual in zip((self, self._review.panes), ("table", "passage"), _ARRANGEMENTS[self.arrangement], strict=True)
        ]

    def _remember(self) -> None:
        for splitter, key, _orientation, _share in self._bars():
            if splitter is self.sender():
                first, second = splitter.sizes()
                self._preferences.setValue(key, first / max(1, first + second))
