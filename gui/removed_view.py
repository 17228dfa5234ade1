"""What stands in a file and not in its text: seen, counted, by kind."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QLabel,
    QLineEdit,
    QTreeWidget,
    QTreeWidgetItem,
    QVBoxLayout,
    QWidget,
)

from gui import theme
from gui.icon import icon
from services.documents.page import REMOVALS
from services.records import Removal
from services.translation import _, ngettext


class RemovedView(QDialog):
    """The removals of one document. Not in the way: the window stays usable while it is open."""

    def __init__(self, source: str, removals: Sequence[Removal], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(_("Left out of {source}").format(source=source))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        total = sum(removal.count for removal in removals)
        heading = QLabel(
            ngettext(
                "{n:,} passage of {source} is not in its text. The file itself is as it was.",
                "{n:,} passages of {source} are not in its text. The file itself is as it was.", total,
            ).format(n=total, source=source),
            wordWrap=True,
        )  # fmt: skip
        self.search = QLineEdit(placeholderText=_("Search in what was left out"), clearButtonEnabled=True)
        self.search.setAccessibleName(_("Search in what was left out"))
        self.search.addAction(icon("search", "muted"), QLineEdit.ActionPosition.LeadingPosition)
        self.search.textChanged.connect(self._search)
        self.tree = QTreeWidget(rootIsDecorated=True, uniformRowHeights=True, allColumnsShowFocus=True)
        self.tree.setAccessibleName(_("What was left out, by kind"))
        self.tree.setHeaderLabels([_("Text"), _("Times"), _("First page")])
        self._fill(removals)
        self.note = QLabel(alignment=Qt.AlignmentFlag.AlignCenter)
        theme.set_role(self.note, "muted")
        self.note.hide()
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.close)
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.PAD, theme.PAD, theme.PAD, theme.PAD)
        column.setSpacing(theme.GAP)
        column.addWidget(heading)
        column.addWidget(self.search)
        column.addWidget(self.tree, 1)
        column.addWidget(self.note)
        column.addWidget(buttons)
        QShortcut(QKeySequence.StandardKey.Find, self, self.search.setFocus)
        letter = self.fontMetrics().averageCharWidth()
        self.resize(letter * 100, letter * 70)
        self.tree.setCurrentItem(self.tree.topLevelItem(0))
        self.tree.setFocus()

    def _fill(self, removals: Sequence[Removal]) -> None:
        by_kind: defaultdict[str, list[Removal]] = defaultdict(list)
        for removal in removals:
            by_kind[removal.kind].append(removal)
        metrics = self.fontMetrics()
        height = round(metrics.height() * 1.6)
        for kind in sorted(by_kind, key=lambda kind: list(REMOVALS).index(kind) if kind in REMOVALS else len(REMOVALS)):
            rows = by_kind[kind]
            name = REMOVALS.get(kind, kind)
            group = QTreeWidgetItem(self.tree, [name[:1].upper() + name[1:], f"{sum(row.count for row in rows):,}"])
            font = group.font(0)
            font.setBold(True)
            group.setFont(0, font)
            group.setSizeHint(0, QSize(0, height))
            group.setTextAlignment(1, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            for row in rows:
                item = QTreeWidgetItem(group, [" ".join(row.text.split()), f"{row.count:,}", str(row.page or "")])
                item.setToolTip(0, row.text[:2000])
                for column in (1, 2):
                    item.setTextAlignment(column, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            group.setExpanded(len(by_kind) == 1 or len(rows) <= 20)
        header = self.tree.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(0, header.ResizeMode.Stretch)
        for column in (1, 2):
            self.tree.headerItem().setTextAlignment(column, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            header.resizeSection(column, metrics.horizontalAdvance(self.tree.headerItem().text(column)) + 4 * theme.GAP)

    def _search(self, words: str) -> None:
        wanted = words.casefold().split()
        found = 0
        for number in range(self.tree.topLevelItemCount()):
            group = self.tree.topLevelItem(number)
            shown = 0
            for place in range(group.childCount()):
                text = group.child(place).toolTip(0).casefold()
                is_hit = all(word in text for word in wanted)
                group.child(place).setHidden(not is_hit)
                shown += is_hit
            group.setHidden(not shown)
            if wanted:
                group.setExpanded(True)
            found += shown
        self.note.setText("" if found else _("Nothing that was left out has these words."))
        self.note.setVisible(not found)
