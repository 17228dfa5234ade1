"""The documents and the fate of each; how they are cut."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QTableView, QTextEdit, QVBoxLayout, QWidget

from gui import theme
from gui.icon import icon
from gui.setting_fields import SettingForm
from gui.table_model import Column, TableModel, prepare, selected_ids, show_ids
from services.records import Document
from services.translation import _, ngettext

# Icon, its colour, and the word in place of the number of chunks.
_STATES = {
    "ready": ("success", "success", ""),
    "failed": ("error", "danger", _("Why?")),
    "duplicate": ("copy", "muted", _("twice")),
    "reading": ("running", "accent", _("reading")),
}


class DocumentList(QWidget):
    """Signals say what the person wants; the tab does it."""

    files_wanted = Signal()
    folder_wanted = Signal()
    document_chosen = Signal(object)  # the source of the one ready document that is selected, or None
    removal_wanted = Signal(object)  # list[Document]
    retry_wanted = Signal(object)  # list[Document]
    recut_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._documents: dict[int, Document] = {}
        self.files_button = QPushButton(icon("add-files"), _("Add files…"))
        self.files_button.clicked.connect(self.files_wanted)
        self.folder_button = QPushButton(icon("add-folder"), _("Add a folder…"))
        self.folder_button.clicked.connect(self.folder_wanted)

        self.model = TableModel(_columns(), self._fetch, self, is_dim=_is_dim)
        self.view = QTableView()
        self.view.setAccessibleName(_("Documents"))
        prepare(self.view, self.model)
        self.view.selectionModel().selectionChanged.connect(self._select)
        self.view.setContextMenuPolicy(Qt.ContextMenuPolicy.ActionsContextMenu)
        remove = QAction(icon("delete"), _("Remove"), self.view, shortcut=QKeySequence.StandardKey.Delete)
        remove.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        remove.triggered.connect(self._remove)
        self.view.addAction(remove)

        self._mark = QLabel()
        self.detail = QTextEdit(readOnly=True, tabChangesFocus=True)  # a reason may be longer than its place
        self.detail.setAccessibleName(_("About the selected document"))
        self.detail.document().setDocumentMargin(0)
        theme.set_role(self.detail, "bare")
        self.retry_button = QPushButton(icon("reset"), _("Read again"))
        self.retry_button.clicked.connect(self._retry)
        self.remove_button = QPushButton(icon("delete"), _("Remove"))
        self.remove_button.clicked.connect(self._remove)

        self.form = SettingForm("ingest")
        self.form.changed.connect(self._say_recut)
        self.recut_hint = QLabel(wordWrap=True)
        theme.set_role(self.recut_hint, "caption")
        self.recut_button = QPushButton(_("Re-cut…"))
        self.recut_button.setToolTip(_("Cuts the documents that are here again, with these settings."))
        self.recut_button.clicked.connect(self.recut_wanted)
        self._lay_out()
        self._select()

    def documents(self) -> list[Document]:
        return list(self._documents.values())

    def show_documents(self, documents: list[Document]) -> None:
        """The documents of the knowledge base, in its order."""
        self._documents = {document.id: document for document in documents}
        show_ids(self.view, self._documents)
        self._select()
        self._say_recut()

    def selected(self) -> list[Document]:
        return [self._documents[document_id] for document_id in selected_ids(self.view) if document_id in self._documents]

    def select_source(self, source: str) -> None:
        """Select a document, for instance the first that could not be read."""
        for document in self._documents.values():
            if document.source == source:
                row = self.model.row_of(document.id)
                self.view.selectRow(row)
                self.view.scrollTo(self.model.index(row, 0))

    def settings(self) -> dict[str, Any]:
        """The settings of the ingest as the fields show them."""
        return self.form.values()

    def _fetch(self, ids: list[int]) -> list[Document]:
        return [self._documents[document_id] for document_id in ids if document_id in self._documents]

    def _select(self) -> None:
        chosen = self.selected()
        self.remove_button.setEnabled(bool(chosen))
        self.retry_button.setEnabled(bool(chosen))
        single = chosen[0] if len(chosen) == 1 else None
        side = self.fontMetrics().height()
        if single is not None:
            name, color, _word = _STATES.get(single.state, _STATES["ready"])
            self._mark.setPixmap(icon(name, color).pixmap(QSize(side, side), self.devicePixelRatioF()))
        self._mark.setVisible(single is not None)
        self.detail.setPlainText(describe(single) if single else self._describe_all(chosen))
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
        others = [
            document for document in self._documents.values()
            if document.state == "ready"
            and (document.chunk_size, document.chunk_overlap) != (settings["chunk_size"], settings["chunk_overlap"])
        ]  # fmt: skip
        self.recut_button.setEnabled(any(document.state == "ready" for document in self._documents.values()))
        if others:
            text = ngettext(
                "{n:,} document was cut with {size} and {overlap}.", "{n:,} documents were cut with {size} and {overlap}.",
                len(others),
            ).format(n=len(others), size=others[0].chunk_size, overlap=others[0].chunk_overlap)  # fmt: skip
            self.recut_hint.setText(text)
        else:
            self.recut_hint.setText(_("For documents that you add."))

    def _retry(self) -> None:
        self.retry_wanted.emit(self.selected())

    def _remove(self) -> None:
        if chosen := self.selected():
            self.removal_wanted.emit(chosen)

    def _lay_out(self) -> None:
        add = QHBoxLayout()
        add.setSpacing(theme.GAP)
        add.addWidget(self.files_button, 1)
        add.addWidget(self.folder_button, 1)
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
        inside.addLayout(acts)
        card.setFixedHeight(self.fontMetrics().lineSpacing() * 7 + 3 * theme.GAP)
        self.view.setMinimumHeight(self.fontMetrics().lineSpacing() * 6)
        recut = QHBoxLayout()
        recut.addWidget(self.recut_hint, 1)
        recut.addWidget(self.recut_button)
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.PAD, 0, theme.GAP, 0)
        column.setSpacing(theme.GAP)
        column.addLayout(add)
        column.addWidget(self.view, 1)
        column.addWidget(card)
        column.addSpacing(theme.GAP)
        column.addWidget(self.form)
        column.addLayout(recut)


def describe(document: Document) -> str:
    """A document's fate in a sentence."""
    if document.state in ("failed", "duplicate"):
        return document.reason or _("{source} could not be read.").format(source=document.source)
    if document.state == "reading":
        return _("{source} is being read.").format(source=document.source)
    parts = [ngettext("{n:,} chunk", "{n:,} chunks", document.chunk_count).format(n=document.chunk_count)]
    if document.page_count:
        parts.insert(0, ngettext("{n:,} page", "{n:,} pages", document.page_count).format(n=document.page_count))
    parts.append(_("{n:,} tokens").format(n=document.token_count))
    return f"{document.source}\n{', '.join(parts)}"


def _columns() -> tuple[Column, ...]:
    return (
        Column(_("Document"), lambda document: document.source, tooltip=lambda document: document.path or document.source,
               icon=lambda document: icon(*_STATES.get(document.state, _STATES["ready"])[:2])),
        Column(_("Chunks"), _say_fate, widest="00,000", is_number=True, tooltip=lambda document: document.reason),
    )  # fmt: skip


def _say_fate(document: Document) -> str:
    word = _STATES.get(document.state, _STATES["ready"])[2]
    return word or f"{document.chunk_count:,}"


def _is_dim(document: Document) -> bool:
    return document.state in ("failed", "duplicate")
