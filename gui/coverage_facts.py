"""What a chunk states, fact by fact: which a question asks for, and where in the text each stands."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QLabel, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from gui import theme
from gui.icon import icon
from services.knowledge_base.coverage_row import CoveredFact
from services.translation import _, ngettext

if TYPE_CHECKING:
    from gui.pair_review import Passage


class FactList(QWidget):
    """Lights the facts in the passage; the one under the cursor alone."""

    def __init__(self, passage: Passage, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._passage = passage
        self._content, self._facts = "", list[CoveredFact]()
        self.count = QLabel(wordWrap=True, alignment=Qt.AlignmentFlag.AlignTop)
        theme.set_role(self.count, "caption")
        self.list = QListWidget(wordWrap=True, alternatingRowColors=True)
        self.list.setAccessibleName(_("Facts of this chunk"))
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.list.setToolTip(_("Choose one to see where it stands; Escape lights all of them again"))
        self.list.currentRowChanged.connect(self._light)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, theme.GAP, 0, 0)
        column.setSpacing(4)
        column.addWidget(self.count)
        column.addWidget(self.list, 1)

    def show_facts(self, content: str, facts: Sequence[CoveredFact]) -> None:
        """The facts of a chunk with this text; none: nobody has looked for any yet."""
        row = self.list.currentRow() if (content, [fact.id for fact in facts]) == self._shown() else -1
        self._content, self._facts = content, list(facts)
        self.list.blockSignals(True)
        self.list.clear()
        for fact in facts:
            asked = ngettext("{count} question", "{count} questions", fact.pairs).format(count=fact.pairs) if fact.pairs else _("no question yet")
            item = QListWidgetItem(icon(*(("check", "success") if fact.pairs else ("question", "warning"))), fact.statement)
            item.setToolTip(asked)
            item.setData(Qt.ItemDataRole.AccessibleTextRole, f"{fact.statement}: {asked}")
            self.list.addItem(item)
        self.list.setCurrentRow(row)
        self.list.blockSignals(False)
        covered = sum(bool(fact.pairs) for fact in facts)
        self.count.setText(
            _("{covered} of {count} facts have a question").format(covered=covered, count=len(facts)) if facts
            else _("What it states is looked for when the first pairs are made.")
        )
        self.list.setVisible(bool(facts))
        self._light(row)

    def _shown(self) -> tuple[str, list[int]]:
        return self._content, [fact.id for fact in self._facts]

    def _light(self, row: int) -> None:
        facts = self._facts if row < 0 else [self._facts[row]]
        marks = [(fact.start, fact.end, bool(fact.pairs)) for fact in facts]
        # Nothing is scrolled to while all are lit: the text is read from its start.
        self._passage.show_marks(self._content, marks, can_scroll=row >= 0)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape and self.list.currentRow() >= 0:
            self.list.setCurrentRow(-1)
            return
        super().keyPressEvent(event)
