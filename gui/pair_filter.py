"""Which pairs are shown: words and state in one row; document, style, reason and judge in one more."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from PySide6.QtCore import QEvent, QObject, QSignalBlocker, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLineEdit,
    QPushButton,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from gui import theme
from gui.flow_layout import FlowBox
from gui.icon import icon
from gui.pair_words import short_reason, style_label
from services.knowledge_base.pair_query import USABLE_STATES, PairCounts
from services.translation import _

# What the list says, what the line above the table says, and what the store is asked.
STATES: tuple[tuple[str, str, dict[str, Any]], ...] = (
    (_("All pairs"), "", {}),
    (_("To review"), _("to review"), {"state": ("new",)}),
    (_("Accepted"), _("accepted"), {"state": ("accepted", "edited")}),
    (_("Rejected by you"), _("rejected by you"), {"state": ("rejected",)}),
    (_("Did not pass"), _("did not pass"), {"state": ("failed",)}),
    (_("Out of date"), _("out of date"), {"state": USABLE_STATES, "is_stale": True}),
)
TO_REVIEW, DID_NOT_PASS, OUT_OF_DATE = 1, 4, 5
JUDGED = (("agreed", _("Judge agrees")), ("disagreed", _("Judge does not agree")), ("not-asked", _("Judge was not asked")))


class PairFilter(QWidget):
    """
    Signals:
        changed: another filter is chosen; ask at once.
        typed: the words that are looked for changed; ask after a pause.
        entered: Enter or Escape in the search; the table is wanted.
    """

    changed = Signal()
    typed = Signal()
    entered = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._only_chunk: int | None = None
        hint = _("Search in the pairs")
        self.search = QLineEdit(placeholderText=hint, accessibleName=hint, clearButtonEnabled=True)
        self.search.setToolTip(_("Found in questions, answers and what is said between them. (Escape clears it)"))
        self.search.addAction(icon("search", "muted"), QLineEdit.ActionPosition.LeadingPosition)
        self.search.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.search.textChanged.connect(self.typed)
        self.search.returnPressed.connect(self.entered)
        self.search.installEventFilter(self)
        self.only_button = QPushButton(icon("close"), _("Only this chunk"))
        self.only_button.setToolTip(_("Show the pairs of all chunks again"))
        self.only_button.clicked.connect(self._show_all_chunks)
        self.only_button.hide()
        self.states = self._list(_("State"), 10, [(text, number) for number, (text, *_rest) in enumerate(STATES)])
        self.documents = self._list(_("Document"), 8, [(_("All documents"), None)])
        self.styles = self._list(_("Style"), 8, [(_("All styles"), None)])
        self.reasons = self._list(_("Why it is not in use"), 8, [(_("Any reason"), None)])
        self.judged = self._list(_("What the judge said"), 8, [(_("Judged or not"), None)])
        self.more_button = QToolButton(icon=icon("filter"), text=_("More"), checkable=True)
        self.more_button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        tip = _("More filters: document, style, reason and judge")
        self.more_button.setToolTip(tip)
        self.more_button.setAccessibleName(tip)
        self._more = FlowBox(self.documents, self.styles, self.reasons, self.judged)
        self._more.hide()
        self.more_button.toggled.connect(self._more.setVisible)
        self._lay_out()

    def values(self) -> dict[str, Any]:
        """The filters as ``KnowledgeBase.pair_ids`` takes them."""
        return {
            **STATES[self.states.currentData()][2],
            "search": self.search.text(), "document": self.documents.currentData(), "style": self.styles.currentData(),
            "reason": self.reasons.currentData(), "judged": self.judged.currentData(), "chunk": self._only_chunk,
        }  # fmt: skip

    def say(self) -> str:
        """What is filtered, in words; empty where everything is shown."""
        parts = [STATES[self.states.currentData()][1]]
        if (reason := self.reasons.currentData()) is not None:
            parts.append(short_reason(reason))
        if (style := self.styles.currentData()) is not None:
            parts.append(style_label(style))
        if (judged := self.judged.currentData()) is not None:
            parts.append(dict(JUDGED)[judged].lower())
        if (document := self.documents.currentData()) is not None:
            parts.append(_("in {document}").format(document=document))
        if self._only_chunk is not None:
            parts.append(_("of this chunk"))
        return ", ".join(filter(None, parts))

    @property
    def is_set(self) -> bool:
        """Whether anything is filtered or looked for."""
        return bool(self.search.text().strip() or self.say())

    @property
    def has_reasons(self) -> bool:
        """Whether what is shown was left out for a reason that is worth a column."""
        return self.reasons.currentData() is not None or self.states.currentIndex() == DID_NOT_PASS

    def show_only_chunk(self, chunk_id: int | None) -> None:
        """Only the pairs about this chunk, in any state; None shows those of all chunks again."""
        if chunk_id is not None:
            self._reset()
        self._only_chunk = chunk_id
        self.only_button.setVisible(chunk_id is not None)
        self.changed.emit()

    def show_why(self) -> None:
        """What did not pass, and for which reasons."""
        self.more_button.setChecked(True)
        self.states.setCurrentIndex(DID_NOT_PASS)
        self.reasons.setFocus()

    def show_stale(self) -> None:
        """The pairs in use that no longer match their chunks."""
        self.clear()
        self.states.setCurrentIndex(OUT_OF_DATE)

    def clear(self) -> None:
        """Show everything again."""
        self._reset()
        self.search.clear()
        self._change()

    def offer(self, counts: PairCounts, documents: list[str]) -> None:
        """Offer what there is, with its numbers; what is chosen stays, also where none of it is left."""
        with_counts = _("{name} ({count:,})")
        for box, rows in (
            (self.documents, [(source, source) for source in documents]),
            (self.styles, [(with_counts.format(name=style_label(key), count=n), key) for key, n in counts.styles.items()]),
            (self.reasons, [(with_counts.format(name=short_reason(key), count=n), key) for key, n in counts.reasons.items()]),
            (self.judged, [
                (with_counts.format(name=text, count=counts.judged[key]), key) for key, text in JUDGED if key in counts.judged
            ]),
        ):  # fmt: skip
            self._offer(box, rows)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress and event.key() == Qt.Key.Key_Escape:
            if self.search.text():
                self.search.clear()
            else:
                self.entered.emit()
            return True
        return False

    def _offer(self, box: QComboBox, rows: list[tuple[str, str]]) -> None:
        chosen, said = box.currentData(), box.currentText()
        if chosen is not None and chosen not in (key for _text, key in rows):
            rows = [*rows, (said, chosen)]
        if rows == [(box.itemText(place), box.itemData(place)) for place in range(1, box.count())]:
            return
        with QSignalBlocker(box):
            while box.count() > 1:
                box.removeItem(1)
            for text, key in rows:
                box.addItem(text, key)
            box.setCurrentIndex(max(0, box.findData(chosen)) if chosen is not None else 0)

    def _reset(self) -> None:
        for box in (self.states, self.documents, self.styles, self.reasons, self.judged):
            with QSignalBlocker(box):
                box.setCurrentIndex(0)
        self._only_chunk = None
        self.only_button.hide()
        self._mark_more()

    def _show_all_chunks(self) -> None:
        self.show_only_chunk(None)

    def _change(self) -> None:
        self._mark_more()
        self.changed.emit()

    def _mark_more(self) -> None:
        """A filter that is set stays in sight."""
        count = sum(box.currentData() is not None for box in (self.documents, self.styles, self.reasons, self.judged))
        self.more_button.setText(_("More ({n})").format(n=count) if count else _("More"))
        self.more_button.setIcon(icon("filter", "accent" if count else "text"))

    def _list(self, name: str, letters: int, rows: list[tuple[str, Any]]) -> QComboBox:
        box = QComboBox(accessibleName=name, toolTip=name)
        box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        box.setMinimumContentsLength(letters)
        box.setMaxVisibleItems(24)
        for text, key in rows:
            box.addItem(text, key)
        box.currentIndexChanged.connect(self._change)
        return box

    def _lay_out(self) -> None:
        first = QHBoxLayout()
        first.setSpacing(theme.GAP)
        first.addWidget(self.search, 1)
        for widget in (self.only_button, self.states, self.more_button):
            first.addWidget(widget)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.GAP)
        column.addLayout(first)
        column.addWidget(self._more)
        order = (self.search, self.states, self.more_button, self.documents, self.styles, self.reasons, self.judged)
        for one, other in pairwise(order):
            QWidget.setTabOrder(one, other)
