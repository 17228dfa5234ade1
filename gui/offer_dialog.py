"""The models of a provider with what they cost and can do, to search and to choose from."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QSortFilterProxyModel, Qt
from PySide6.QtGui import QStandardItem, QStandardItemModel
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QDialogButtonBox,
    QHeaderView,
    QLabel,
    QLineEdit,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from gui import theme
from gui.quantity import say_size
from services.sft_data.provider import Offer, Price
from services.translation import _, ngettext

_SORTED = Qt.ItemDataRole.UserRole
_MILLION = 1_000_000


class OfferDialog(QDialog):
    """Accepted when one is chosen, which ``chosen`` names."""

    def __init__(self, offers: Sequence[Offer], current: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(_("Choose a model"))
        self.search = QLineEdit(placeholderText=_("Search, for instance: llama free"), clearButtonEnabled=True)
        self.search.setAccessibleName(_("Search the models"))
        self._model = QStandardItemModel(0, 5, self)
        self._model.setHorizontalHeaderLabels(
            [_("Model"), _("To read"), _("To write"), _("Reads at once"), _("JSON")]
        )
        for offer in offers:
            self._model.appendRow(_row(offer))
        self._shown = _AllWords(self)
        self._shown.setSourceModel(self._model)
        self._shown.setSortRole(_SORTED)
        self.table = QTableView(sortingEnabled=True, alternatingRowColors=False, showGrid=False)
        self.table.setModel(self._shown)
        self.table.setAccessibleName(_("Models"))
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.table.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.table.verticalHeader().hide()
        self.table.sortByColumn(0, Qt.SortOrder.AscendingOrder)
        header = self.table.horizontalHeader()
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setSectionResizeMode(QHeaderView.ResizeMode.ResizeToContents)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.count = QLabel()
        theme.set_role(self.count, "caption")
        note = QLabel(
            _("Prices are for a million tokens. “Reads at once” is in tokens, too. JSON: replies keep to the form that is asked for."),
            wordWrap=True,
        )  # fmt: skip
        theme.set_role(note, "caption")
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        self.buttons.button(QDialogButtonBox.StandardButton.Ok).setText(_("Take this model"))
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.PAD, theme.PAD, theme.PAD, theme.PAD)
        column.setSpacing(theme.GAP)
        for part in (self.search, self.table, self.count, note, self.buttons):
            column.addWidget(part)
        letter = self.fontMetrics().averageCharWidth()
        self.resize(letter * 130, self.fontMetrics().lineSpacing() * 30)
        self.search.textChanged.connect(self._filter)
        self.table.doubleClicked.connect(self.accept)
        self.table.selectionModel().currentChanged.connect(self._enable)
        self._filter("")
        self.choose(current)

    @property
    def chosen(self) -> str:
        """The name of the selected model, or ""."""
        index = self.table.currentIndex()
        return index.siblingAtColumn(0).data() if index.isValid() else ""

    def choose(self, name: str) -> bool:
        """Select a model by its name; false where it is not shown."""
        for row in range(self._shown.rowCount()):
            index = self._shown.index(row, 0)
            if index.data() == name:
                self.table.setCurrentIndex(index)
                return True
        return False

    def _filter(self, text: str) -> None:
        self._shown.show_words(text)
        count = self._shown.rowCount()
        self.count.setText(ngettext("{count} model", "{count} models", count).format(count=count))
        self._enable()

    def _enable(self, *_indexes: object) -> None:
        self.buttons.button(QDialogButtonBox.StandardButton.Ok).setEnabled(bool(self.chosen))


class _AllWords(QSortFilterProxyModel):
    """Rows that have all words of the search somewhere."""

    _words: tuple[str, ...] = ()

    def show_words(self, text: str) -> None:
        self.beginFilterChange()
        self._words = tuple(text.casefold().split())
        self.endFilterChange()

    def filterAcceptsRow(self, row: int, parent: object) -> bool:
        model = self.sourceModel()
        text = " ".join(str(model.index(row, column).data() or "") for column in range(model.columnCount())).casefold()
        return all(word in text for word in self._words)


def in_words(offer: Offer) -> str:
    """What is known of a model, for a line below its name; empty where nothing is."""
    parts = []
    if offer.price is not None:
        parts.append(
            _("free") if not (offer.price.prompt or offer.price.answer)
            else _("${read} to read and ${write} to write a million tokens").format(
                read=_dollars(offer.price.prompt), write=_dollars(offer.price.answer)
            )
        )  # fmt: skip
    if offer.context_tokens:
        parts.append(_("reads {count:,} tokens at once").format(count=offer.context_tokens))
    if offer.size_bytes > _MILLION:
        parts.append(say_size(offer.size_bytes))
    return " · ".join(parts)


def _row(offer: Offer) -> list[QStandardItem]:
    forms = {True: (_("yes"), 0), False: (_("no"), 1), None: ("", 2)}
    cells = [
        (offer.name, offer.name.casefold()),
        *(_price(offer.price, part) for part in ("prompt", "answer")),
        (f"{offer.context_tokens:,}" if offer.context_tokens else "", offer.context_tokens),
        forms[offer.keeps_form],
    ]
    row = []
    for number, (text, order) in enumerate(cells):
        item = QStandardItem(text)
        item.setData(order, _SORTED)
        item.setToolTip(offer.name if number == 0 else "")
        if number:
            item.setTextAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        row.append(item)
    return row


def _price(price: Price | None, part: str) -> tuple[str, float]:
    if price is None:
        return _("not said"), float("inf")
    dollars = getattr(price, part)
    return (f"${_dollars(dollars)}" if dollars else _("free")), dollars


def _dollars(of_a_token: float) -> str:
    dollars = of_a_token * _MILLION
    return f"{dollars:.2f}" if dollars >= 0.1 or not dollars else f"{dollars:.2g}"
