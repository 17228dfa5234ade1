"""The documents and the fate of each; how they are cut."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QEvent, QModelIndex, Qt, Signal
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import (
    QFrame,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QSizePolicy,
    QTableView,
    QTextEdit,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from gui import theme
from gui.document_fate import STATES, describe, document_columns, say_cut, sort_key
from gui.flow_layout import FlowBox
from gui.icon import icon
from gui.mark import Mark
from gui.setting_fields import SettingForm
from gui.table_model import TableModel, prepare, selected_ids, show_ids
from gui.watch_menu import WatchMenu
from services.documents.watch import Changes
from services.records import Document
from services.translation import _, ngettext

MANY = 20  # documents, above which a search field helps


class DocumentList(QWidget):
    """Signals say what the person wants; the tab does it."""

    files_wanted = Signal()
    folder_wanted = Signal()
    document_chosen = Signal(object)  # the source of the one ready document that is selected, or None
    removal_wanted = Signal(object)  # list[Document]
    retry_wanted = Signal(object)  # list[Document]
    recut_wanted = Signal(object)  # list[Document], those selected; None: all
    left_out_wanted = Signal(object)  # Document
    folder_shown = Signal(object)  # Document, whose folder is to be opened

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._documents: dict[int, Document] = {}
        self._changed: frozenset[str] = frozenset()  # paths
        self._gone: frozenset[str] = frozenset()  # sources
        self.files_button = QPushButton(icon("add-files"), _("Add files…"))
        self.files_button.clicked.connect(self.files_wanted)
        self.folder_button = QPushButton(icon("add-folder"), _("Add folder…"))
        self.folder_button.clicked.connect(self.folder_wanted)
        self.watch_menu = WatchMenu(self)
        self.watch_button = QToolButton(icon=icon("watch"), popupMode=QToolButton.ToolButtonPopupMode.InstantPopup)
        self.watch_button.setMenu(self.watch_menu)
        self.watch_button.setAccessibleName(_("Watched folders"))
        self.watch_button.setToolTip(_("Watched folders: new and changed files in them are offered."))
        self.search = QLineEdit(placeholderText=_("Search in the names"), clearButtonEnabled=True)
        self.search.addAction(icon("search", "muted"), QLineEdit.ActionPosition.LeadingPosition)
        self.search.setAccessibleName(_("Search in the names of the documents"))
        self.search.textChanged.connect(self._show_rows)
        self.search.hide()

        self.model = TableModel(document_columns(self.state_of), self._fetch, self, is_dim=_is_dim)
        self.view = QTableView()
        self.view.setAccessibleName(_("Documents"))
        prepare(self.view, self.model)
        header = self.view.horizontalHeader()
        header.setSectionsClickable(True)
        header.setSortIndicatorShown(True)
        header.setSortIndicator(0, Qt.SortOrder.AscendingOrder)
        header.sortIndicatorChanged.connect(self._show_rows)
        self.view.selectionModel().selectionChanged.connect(self._select)
        self.view.doubleClicked.connect(self._open_left_out)
        self.view.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)
        self._retry_action = self._action("reset", _("Read again"), "Ctrl+R", self._retry)
        self._recut_action = self._action("split", _("Re-cut…"), "Ctrl+T", self._recut)
        self._left_out_action = self._action("left-out", _("What was left out…"), "Ctrl+L", self._show_left_out)
        self._folder_action = self._action("folder", _("Show the file's folder"), "Ctrl+Shift+L", self._show_folder)
        self._remove_action = self._action("delete", _("Remove"), QKeySequence.StandardKey.Delete, self._remove)

        self._mark = Mark()
        self.detail = QTextEdit(readOnly=True, tabChangesFocus=True)  # a reason may be longer than its place
        self.detail.setAccessibleName(_("About the selected document"))
        self.detail.document().setDocumentMargin(0)
        theme.set_role(self.detail, "bare")
        self.left_out_button = QPushButton()
        self.retry_button = QPushButton(icon("reset"), _("Read again"))
        self.retry_button.setToolTip(self._retry_action.toolTip())
        self.retry_button.clicked.connect(self._retry)
        self.remove_button = QPushButton(icon("delete"), _("Remove"))
        self.remove_button.setToolTip(self._remove_action.toolTip())
        self.remove_button.clicked.connect(self._remove)
        theme.set_role(self.left_out_button, "link")
        self.left_out_button.setToolTip(self._left_out_action.toolTip())
        self.left_out_button.clicked.connect(self._show_left_out)

        self.form = SettingForm("ingest")
        self.form.changed.connect(self._say_recut)
        self.recut_hint = QLabel(wordWrap=True)
        theme.set_role(self.recut_hint, "caption")
        self.recut_button = QPushButton(_("Re-cut…"))
        self.recut_button.clicked.connect(self._recut)
        self._lay_out()
        self._select()

    def documents(self) -> list[Document]:
        return list(self._documents.values())

    def show_documents(self, documents: list[Document]) -> None:
        """The documents of the knowledge base."""
        self._documents = {document.id: document for document in documents}
        self.search.setVisible(len(documents) > MANY or bool(self.search.text()))
        self._show_rows()
        self._select()

    def show_changes(self, changes: Changes) -> None:
        """Mark documents whose files have changed or are gone."""
        changed, gone = frozenset(map(str, changes.changed)), frozenset(changes.gone)
        if (changed, gone) != (self._changed, self._gone):
            self._changed, self._gone = changed, gone
            self.model.refresh()
            self._select()

    def state_of(self, document: Document) -> str:
        """A key of STATES: its own, or what has become of its file."""
        if document.state == "ready" and document.source in self._gone:
            return "gone"
        if document.state == "ready" and document.path in self._changed:
            return "changed"
        if document.state == "ready" and document.reason:
            return "partial"
        return document.state if document.state in STATES else "ready"

    def selected(self) -> list[Document]:
        return [self._documents[document_id] for document_id in selected_ids(self.view) if document_id in self._documents]

    def select_source(self, source: str) -> None:
        """Select a document, for instance the first that could not be read."""
        for document in self._documents.values():
            if document.source == source:
                if self.model.row_of(document.id) < 0:
                    self.search.clear()
                row = self.model.row_of(document.id)
                self.view.clearSelection()  # or Ctrl, if it is held, would take the selection away
                self.view.selectRow(row)
                self.view.scrollTo(self.model.index(row, 0))

    def settings(self) -> dict[str, Any]:
        """The settings of the ingest as the fields show them."""
        return self.form.values()

    def _fetch(self, ids: list[int]) -> list[Document]:
        return [self._documents[document_id] for document_id in ids if document_id in self._documents]

    def _show_rows(self) -> None:
        header, words = self.view.horizontalHeader(), self.search.text().casefold().split()
        order = self.model.columns[header.sortIndicatorSection()].order
        documents = sorted(
            (one for one in self._documents.values() if all(word in one.source.casefold() for word in words)),
            key=sort_key(order, self.state_of), reverse=header.sortIndicatorOrder() == Qt.SortOrder.DescendingOrder,
        )  # fmt: skip
        show_ids(self.view, [document.id for document in documents])

    def _select(self) -> None:
        chosen = self.selected()
        single = chosen[0] if len(chosen) == 1 else None
        if single is not None:
            self._mark.show_icon(*STATES[self.state_of(single)][:2])
        self._mark.setVisible(single is not None)
        self.detail.setPlainText(describe(single, self.state_of(single)) if single else self._describe_all(chosen))
        for widget in (self.remove_button, self.retry_button, self._remove_action, self._retry_action):
            widget.setEnabled(bool(chosen))
        self._folder_action.setEnabled(single is not None and bool(single.path))
        count = single.removed_count if single is not None else 0
        self._left_out_action.setEnabled(bool(count))
        self.left_out_button.setVisible(bool(count))
        self.left_out_button.setText(ngettext("{n:,} passage left out…", "{n:,} passages left out…", count).format(n=count))
        self._say_recut()
        is_filter = single is not None and single.state == "ready"
        self.document_chosen.emit(single.source if is_filter else None)

    def _describe_all(self, chosen: list[Document]) -> str:
        if chosen:
            return ngettext("{n:,} document selected.", "{n:,} documents selected.", len(chosen)).format(n=len(chosen))
        failed = sum(document.state == "failed" for document in self._documents.values())
        total = len(self._documents)
        text = ngettext("{n:,} document.", "{n:,} documents.", total).format(n=total)
        if failed:
            text += " " + ngettext(
                "{n:,} could not be read: select it to see why.", "{n:,} could not be read: select one to see why.", failed
            ).format(n=failed)
        return text

    def _say_recut(self) -> None:
        settings = self.form.values()
        chosen = [document for document in self.selected() if document.state == "ready"]
        ready = [document for document in self._documents.values() if document.state == "ready"]
        others = [
            document for document in ready
            if (document.chunk_size, document.chunk_overlap) != (settings["chunk_size"], settings["chunk_overlap"])
        ]  # fmt: skip
        can_cut = bool(chosen or (ready and not self.selected()))
        self.recut_button.setEnabled(can_cut)
        self._recut_action.setEnabled(can_cut)
        self.recut_button.setText(_("Re-cut selected…") if chosen else _("Re-cut all…"))
        self.recut_button.setToolTip(
            _("Cuts the selected documents again with these settings, the others stay. (Ctrl+T)") if chosen
            else _("Cuts every document again with these settings. Select some to cut only those. (Ctrl+T)")
        )  # fmt: skip
        if chosen:
            name = chosen[0].source if len(chosen) == 1 else _("{n} documents").format(n=len(chosen))
            self.recut_hint.setText(_("{documents}: cut with {cut}.").format(documents=name, cut=say_cut(chosen)))
        elif others:
            text = ngettext("{n:,} document was cut with {cut}.", "{n:,} documents were cut with {cut}.", len(others))
            self.recut_hint.setText(text.format(n=len(others), cut=say_cut(others)))
        else:
            self.recut_hint.setText(_("For documents that you add."))

    def _retry(self) -> None:
        if chosen := self.selected():
            self.retry_wanted.emit(chosen)

    def _remove(self) -> None:
        if chosen := self.selected():
            self.removal_wanted.emit(chosen)

    def _recut(self) -> None:
        chosen = [document for document in self.selected() if document.state == "ready"]
        self.recut_wanted.emit(chosen or None)

    def _show_left_out(self) -> None:
        if len(chosen := self.selected()) == 1 and chosen[0].removed_count:
            self.left_out_wanted.emit(chosen[0])

    def _open_left_out(self, _index: QModelIndex) -> None:
        self._show_left_out()

    def _show_folder(self) -> None:
        if len(chosen := self.selected()) == 1:
            self.folder_shown.emit(chosen[0])

    def _action(self, name: str, text: str, keys: str | QKeySequence.StandardKey, slot: object) -> QAction:
        action = QAction(icon(name), text, self.view, shortcut=QKeySequence(keys))
        action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        action.setToolTip(f"{text} ({QKeySequence(keys).toString(QKeySequence.SequenceFormat.NativeText)})")
        action.triggered.connect(slot)
        self.view.addAction(action)
        return action

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._fit()

    def _fit(self) -> None:
        """Wide enough for the buttons in one row, in whatever size the texts are."""
        self.setMinimumWidth(self.fontMetrics().averageCharWidth() * 42)

    def _lay_out(self) -> None:
        self._fit()
        add = FlowBox(self.files_button, self.folder_button, self.watch_button)
        card = QFrame()
        theme.set_role(card, "card")
        said = QHBoxLayout()
        said.addWidget(self._mark, alignment=Qt.AlignmentFlag.AlignTop)
        said.addWidget(self.detail, 1)
        acts = QHBoxLayout()
        acts.setSpacing(theme.GAP)
        acts.addWidget(self.retry_button)
        acts.addWidget(self.remove_button)
        acts.addStretch(1)
        inside = QVBoxLayout(card)
        inside.setContentsMargins(theme.GAP, theme.GAP, theme.GAP, theme.GAP)
        inside.addLayout(said, 1)
        inside.addWidget(self.left_out_button, alignment=Qt.AlignmentFlag.AlignLeft)
        inside.addLayout(acts)
        line = self.fontMetrics().lineSpacing()
        card.setMaximumHeight(line * 9 + 3 * theme.GAP)
        self.detail.setMinimumHeight(line * 3 + 2)
        self.view.setMinimumHeight(line * 4)
        self.recut_hint.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.recut_hint.setMinimumHeight(self.fontMetrics().lineSpacing() * 2)
        recut = QHBoxLayout()
        recut.addWidget(self.recut_hint, 1)
        recut.addWidget(self.recut_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.PAD, 0, theme.GAP, 0)
        column.setSpacing(theme.GAP)
        column.addWidget(add)
        column.addWidget(self.search)
        column.addWidget(self.view, 2)
        column.addWidget(card, 1)
        column.addWidget(self.form)
        column.addLayout(recut)


def _is_dim(document: Document) -> bool:
    return document.state in ("failed", "duplicate")
