"""The list of datasets with their numbers of pairs; a new name can be typed."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QModelIndex, QSignalBlocker, Qt
from PySide6.QtWidgets import QComboBox, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from gui.shell import Shell
from services.file_name import check_name
from services.knowledge_base.dataset import DatasetCount
from services.translation import _, ngettext

DEFAULT_DATASET = "sft_data"
COUNT_ROLE = Qt.ItemDataRole.UserRole


class DatasetPicker(QComboBox):
    """``currentTextChanged`` says that another one is chosen, or half typed."""

    def __init__(self, shell: Shell, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._store = shell.knowledge_base
        self.setItemDelegate(_WithCount(self))
        self.setEditable(True)
        self.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(10)
        self.setAccessibleName(_("Dataset"))
        self.setToolTip(_("Questions and answers are kept here. Type a new name to start another dataset."))
        self.setCurrentText(self.first())

    def name(self) -> str:
        """The chosen dataset, spelt as the one that is there.

        Raises:
            UserError: this cannot be a file's name.
        """
        return self._store.spelling_of(check_name(self.currentText().strip(), _("dataset")))

    def first(self) -> str:
        """The one to begin with: the default, or the first where there are only others."""
        names = self._store.dataset_names()
        return DEFAULT_DATASET if DEFAULT_DATASET in names or not names else names[0]

    def show_datasets(self, datasets: Sequence[DatasetCount]) -> None:
        """Offer these datasets, each with its numbers; the one that is written in the field stays."""
        current = self.currentText() or DEFAULT_DATASET
        with QSignalBlocker(self):
            self.clear()
            for row in datasets or [DatasetCount(DEFAULT_DATASET, 0, 0, 0)]:
                self.addItem(row.name)
                self.setItemData(self.count() - 1, say_pairs(row), COUNT_ROLE)
            self.setCurrentText(current)

    def showPopup(self) -> None:
        """The list is as wide as what it says, and begins at the chosen one."""
        with QSignalBlocker(self):
            current = self.currentText()
            self.setCurrentIndex(self.findText(current, Qt.MatchFlag.MatchExactly | Qt.MatchFlag.MatchCaseSensitive))
            self.setEditText(current)
        view = self.view()
        view.setMinimumWidth(view.sizeHintForColumn(0) + view.verticalScrollBar().sizeHint().width())
        super().showPopup()


class _WithCount(QStyledItemDelegate):
    """Says of each dataset in the list how many pairs it has; the field itself holds the name alone."""

    def initStyleOption(self, option: QStyleOptionViewItem, index: QModelIndex) -> None:
        super().initStyleOption(option, index)
        option.text = " · ".join(filter(None, [index.data(), index.data(COUNT_ROLE)]))


def say_pairs(row: DatasetCount) -> str:
    """“1,200 pairs · 30 accepted · 4 left out”."""
    parts = [ngettext("{count:,} pair", "{count:,} pairs", row.pairs).format(count=row.pairs)]
    if row.accepted:
        parts.append(_("{count:,} accepted").format(count=row.accepted))
    if row.rejected:
        parts.append(_("{count:,} left out").format(count=row.rejected))
    return " · ".join(parts)
