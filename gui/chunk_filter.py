"""Which chunks are shown: words, document, flag, quality and length, in one row and one more."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from PySide6.QtCore import QEvent, QObject, QSignalBlocker, Qt, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence, QResizeEvent
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QLineEdit, QSpinBox, QToolButton, QVBoxLayout, QWidget

from gui import theme
from gui.chunk_column import SHORT_PROBLEMS
from gui.flow_layout import FlowLayout
from gui.icon import icon
from services.documents.quality import PROBLEMS
from services.translation import _

# The key of the store, what the list says, and what the line above the table says.
FLAGS = (
    (None, _("All chunks"), ""),
    ("included", _("In training"), _("in training")),
    ("edited", _("Edited"), _("edited")),
    ("excluded", _("Excluded"), _("excluded")),
    ("duplicate", _("Repeats"), _("repeats of others")),
    ("listing", _("Contents and indexes"), _("contents and indexes")),
    ("deleted", _("Deleted"), _("deleted")),
)  # fmt: skip
MOST_TOKENS = 99_999
CLEAR_KEYS = "Ctrl+Shift+F"


class ChunkFilter(QWidget):
    """
    Signals:
        changed: another filter is chosen; ask at once.
        typed(str): the words that are looked for changed; ask after a pause.
        entered: Enter or Escape in the search; the table is wanted.
    """

    changed = Signal()
    typed = Signal(str)
    entered = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.search = QLineEdit(placeholderText=_("Search in the chunks"))
        self.search.addAction(icon("search", "muted"), QLineEdit.ActionPosition.LeadingPosition)
        self._clear_search = self.search.addAction(icon("close", "muted"), QLineEdit.ActionPosition.TrailingPosition)
        self._clear_search.setText(_("Clear the search"))
        self._clear_search.setVisible(False)
        self._clear_search.triggered.connect(self.search.clear)
        self.search.setAccessibleName(_("Search in the chunks"))
        self.search.setToolTip(
            _("Words that all occur, the last one from its beginning on (in a large project from its third letter on); "
              "“\"in quotes\"” finds a phrase. ({keys}; Escape clears it)").format(
                keys=QKeySequence(QKeySequence.StandardKey.Find).toString(QKeySequence.SequenceFormat.NativeText)
            )
        )
        self.search.textChanged.connect(self._type)
        self.search.returnPressed.connect(self.entered)
        self.search.installEventFilter(self)
        self.documents = self._list(_("Only the chunks of one document"), 9, [(None, _("All documents"))])
        self.flags = self._list(_("Only edited, excluded, repeated or deleted chunks"), 7, [row[:2] for row in FLAGS])
        named = ((key, SHORT_PROBLEMS.get(key, text)) for key, text in PROBLEMS.items())
        problems = [(None, _("Any quality")), ("any", _("Any problem")), *named]
        self.problems = self._list(
            _("Only chunks of a certain quality"), 9, [(key, text[:1].upper() + text[1:]) for key, text in problems]
        )
        self.least, self.most = self._number(_("Fewest tokens")), self._number(_("Most tokens"))
        self.more_button = QToolButton(icon=icon("filter"), text=_("More"), checkable=True)
        self.more_button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.more_button.setToolTip(_("More filters: quality and length"))
        self.more_button.setAccessibleName(_("More filters: quality and length"))
        self.more_button.toggled.connect(self._show_more)
        self._more = QWidget()
        self._more.hide()
        self._lay_out()

    def values(self) -> dict[str, Any]:
        """The filters as ``KnowledgeBase.chunk_ids`` takes them."""
        values: dict[str, Any] = {
            "search": self.search.text(), "document": self.documents.currentData(), "flag": self.flags.currentData(),
            "problem": self.problems.currentData(), "tokens": self._tokens(),
        }  # fmt: skip
        return values

    def say(self) -> str:
        """What is filtered, in words; empty where everything is shown. The search is not named: it says itself."""
        parts = []
        if flag := next((said for key, _text, said in FLAGS if key and key == self.flags.currentData()), ""):
            parts.append(_("only {what}").format(what=flag))
        if (problem := self.problems.currentData()) is not None:
            parts.append(_("with a problem") if problem == "any" else self.problems.currentText().lower())
        if (tokens := self._tokens()) is not None:
            least, most = tokens
            if most == MOST_TOKENS:
                parts.append(_("{n:,} tokens or more").format(n=least))
            elif least == 0:
                parts.append(_("at most {n:,} tokens").format(n=most))
            else:
                parts.append(_("{least:,} to {most:,} tokens").format(least=least, most=most))
        if document := self.documents.currentData():
            parts.append(_("in {document}").format(document=document))
        return ", ".join(parts)

    @property
    def is_set(self) -> bool:
        """Whether anything is filtered or looked for."""
        return bool(self.search.text().strip() or self.say())

    def clear(self) -> None:
        """Show everything again."""
        for field in (self.documents, self.flags, self.problems):
            with QSignalBlocker(field):
                field.setCurrentIndex(0)
        for number in (self.least, self.most):
            with QSignalBlocker(number):
                number.setValue(number.minimum())
        self.search.clear()
        self._mark_more()
        self.changed.emit()

    def show_documents(self, sources: list[str]) -> None:
        """Offer these documents and keep the chosen one."""
        chosen = self.documents.currentData()
        if sources == [self.documents.itemData(place) for place in range(1, self.documents.count())]:
            return
        with QSignalBlocker(self.documents):
            self.documents.clear()
            self.documents.addItem(_("All documents"), None)
            for source in sources:
                self.documents.addItem(source, source)
            self.documents.setCurrentIndex(max(0, self.documents.findData(chosen)) if chosen else 0)
        if chosen and self.documents.currentData() != chosen:
            self.changed.emit()

    def show_only(self, source: str | None) -> None:
        """Filter by a document, or by none."""
        self.documents.setCurrentIndex(max(0, self.documents.findData(source)) if source else 0)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress and event.key() == Qt.Key.Key_Escape:
            if self.search.text():
                self.search.clear()
            else:
                self.entered.emit()
            return True
        return False

    def _fit(self) -> None:
        """Widths that follow the font."""
        metrics = self.fontMetrics()
        for number in (self.least, self.most):
            number.setFixedWidth(metrics.averageCharWidth() * 13)
        self.more_button.setMinimumWidth(metrics.horizontalAdvance(_("More ({n})").format(n=2)) + 3 * metrics.height())

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange and hasattr(self, "_second"):
            self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Where there is little room, the list of documents stands in the second row."""
        super().resizeEvent(event)
        is_narrow = self.width() < self.fontMetrics().averageCharWidth() * 76
        if is_narrow != (self.documents.parent() is self._more):
            if is_narrow:
                self._first.removeWidget(self.documents)
                self._second.insertWidget(2, self.documents)
            else:
                self._second.removeWidget(self.documents)
                self._first.insertWidget(1, self.documents, 2)

    def _tokens(self) -> tuple[int, int] | None:
        least, most = self.least.value(), self.most.value() or MOST_TOKENS
        return None if (least, most) == (0, MOST_TOKENS) else (min(least, most), max(least, most))

    def _type(self, text: str) -> None:
        self._clear_search.setVisible(bool(text))
        self.typed.emit(text)

    def _change(self) -> None:
        self._mark_more()
        self.changed.emit()

    def _mark_more(self) -> None:
        """A filter that is set stays in sight."""
        count = (self.problems.currentData() is not None) + (self._tokens() is not None)
        self.more_button.setText(_("More ({n})").format(n=count) if count else _("More"))
        self.more_button.setIcon(icon("filter", "accent" if count else "text"))

    def _show_more(self, is_open: bool) -> None:
        self._more.setVisible(is_open)
        if is_open:
            self.problems.setFocus()

    def _list(self, name: str, letters: int, rows: list[tuple[str | None, str]]) -> QComboBox:
        box = QComboBox(accessibleName=name, toolTip=name)
        box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        box.setMinimumContentsLength(letters)
        box.setMaxVisibleItems(24)
        for key, text in rows:
            box.addItem(text, key)
        box.currentIndexChanged.connect(self._change)
        return box

    def _number(self, name: str) -> QSpinBox:
        number = QSpinBox(accessibleName=name, toolTip=name, specialValueText=_("any"))
        number.setRange(0, MOST_TOKENS)
        number.setSingleStep(10)
        number.setGroupSeparatorShown(True)
        number.setAlignment(Qt.AlignmentFlag.AlignRight)
        number.setKeyboardTracking(False)
        number.valueChanged.connect(self._change)
        return number

    def _lay_out(self) -> None:
        self._fit()
        self._first = QHBoxLayout()
        self._first.setSpacing(theme.GAP)
        self._first.addWidget(self.search, 3)
        self._first.addWidget(self.documents, 2)
        self._first.addWidget(self.flags, 1)
        self._first.addWidget(self.more_button)
        self._second = FlowLayout(self._more)
        for text, field in (
            (_("Quality"), self.problems), (_("Tokens from"), self.least), (_("to"), self.most),
        ):  # fmt: skip
            label = QLabel(text)
            label.setBuddy(field)
            self._second.addWidget(label)
            self._second.addWidget(field)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.GAP)
        column.addLayout(self._first)
        column.addWidget(self._more)
        order = (self.search, self.documents, self.flags, self.more_button, self.problems, self.least, self.most)
        for one, other in pairwise(order):
            QWidget.setTabOrder(one, other)
