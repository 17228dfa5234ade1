"""Choosing a base model: recommended ones, those on this computer, the hub searched, a folder."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QEvent, Qt, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import (
    QDialog,
    QFileDialog,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QSplitter,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from gui import theme
from gui.access_token_dialog import AccessTokenDialog
from gui.base_model_deletion import ModelDeletion
from gui.base_model_details import ModelDetails
from gui.base_model_download import ModelDownload
from gui.base_model_list import ModelList
from gui.base_model_row import ModelRow, Shelf
from gui.base_model_search import ModelSearch
from gui.icon import icon
from gui.notices import Notice, NoticeArea
from gui.shell import Shell
from gui.thread_end import connect_end
from services.machine import is_offline
from services.models.base import why_not_a_model
from services.models.card import ModelCard
from services.models.recommended import AS_OF
from services.translation import _

_FOLDERS = "base_model/folders"
_MOST_FOLDERS = 8
RECOMMENDED_PAGE, LOCAL_PAGE, SEARCH_PAGE, FOLDER_PAGE = range(4)


class BaseModelPicker(QDialog):
    """Stays open beside the window, so that a download can be watched while other things are done.

    Signals:
        picked(str): the person wants this one: a folder, "starter", or a name at the hub that is on this computer.
        listed(Shelf): what is on this computer was read anew.
    """

    picked = Signal(str)
    listed = Signal(object)

    def __init__(self, shell: Shell, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(_("Choose a base model"))
        self._shell = shell
        self._shelf: Shelf | None = None
        self._is_looking = self._is_outdated = False
        self._choice = ""  # the model that the form has
        self._wanted = ""  # the model to be used when it has been fetched
        self._new_folder = ""  # that was chosen just now
        self.details = ModelDetails()
        self.download = ModelDownload(shell)
        self.deletion = ModelDeletion(shell, self)
        self.notices = NoticeArea()
        columns = ("title", "fit", "kind", "size", "languages", "licence", "place")
        self.recommended = ModelList(_("Recommended models"), columns)
        self.local = ModelList(_("Models on this computer"), ("name", "fit", "kind", "size", "place", "used", "licence", "languages"))
        self.search = ModelSearch(shell)
        self.folder = ModelList(_("Models in your folders"), ("title", "fit", "kind", "size", "licence", "languages"))
        self.delete_button = QPushButton(icon("delete"), _("Delete…"))
        self.token_button = QPushButton(_("Access token…"))
        self.close_button = QPushButton(_("Close"))
        self.use_button = QPushButton()
        self.use_button.setDefault(True)
        theme.set_role(self.use_button, "primary")
        self.reason = QLabel(wordWrap=True, textFormat=Qt.TextFormat.PlainText)
        self.reason.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.reason.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        theme.set_role(self.reason, "muted")
        self._lay_out()
        for each in self._lists():
            each.row_chosen.connect(self._show_current)
            each.wanted.connect(self.use)
        self.pages.currentChanged.connect(self._show_current)
        self.use_button.clicked.connect(self.use)
        self.close_button.clicked.connect(self.close)
        self.delete_button.clicked.connect(self._delete)
        self.deletion.deleted.connect(self._deleted)
        self.deletion.refused.connect(self._tell)
        self.token_button.clicked.connect(self._open_token)
        self.details.token_wanted.connect(self._open_token)
        self.download.fetched.connect(self._take_fetched)
        self.download.changed.connect(self.refresh)
        shell.job_started.connect(self._show_current)
        shell.job_ended.connect(self._show_current)
        self._show_current()

    def show_for(self, choice: str) -> None:
        """Open it, or bring it to the front, with the cursor on the model that the form has."""
        self._choice = choice
        self.show()
        self.raise_()
        self.activateWindow()
        self.refresh()

    def refresh(self) -> None:
        """Look again what is on this computer."""
        if self._is_looking:
            self._is_outdated = True
            return
        self._is_looking, folders = True, self._folders()
        thread = self._shell.run_beside(lambda _emit, _cancelled: Shelf.look(folders))
        thread.succeeded.connect(self._take_shelf)
        connect_end(thread, self._looked)

    def current(self) -> ModelRow | None:
        """The model of the row that the cursor is on."""
        return self._lists()[self.pages.currentIndex()].current()

    def use(self) -> None:
        """Take the current one; what is not here is fetched first."""
        row = self.current()
        if row is None or not self.use_button.isEnabled():
            return
        if row.is_here:
            self._pick(row.card.name)
        else:
            self._wanted = row.card.name
            self.download.start(row.card.name)
            self._show_current()

    def add_folder(self, folder: str) -> None:
        """Look for models in a folder, now and later."""
        others = [each for each in self._folders() if each != folder]
        self._shell.preferences.setValue(_FOLDERS, [folder, *others][:_MOST_FOLDERS])
        self._choice = self._new_folder = folder
        self.pages.setCurrentIndex(FOLDER_PAGE)
        self.refresh()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._lists()[self.pages.currentIndex()].setFocus()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange and hasattr(self, "panes"):
            self._fit()

    def _lists(self) -> list[ModelList]:
        return [self.recommended, self.local, self.search.list, self.folder]

    def _folders(self) -> list[str]:
        return [str(each) for each in self._shell.preferences.value(_FOLDERS, [], type=list)]

    def _take_shelf(self, shelf: Shelf) -> None:
        is_first, self._shelf = self._shelf is None, shelf
        in_folders = [card for card in shelf.here.values() if card.folder and self._is_in_a_folder(card.folder)]
        self.recommended.show_rows(shelf.recommended())
        self.local.show_rows(shelf.local())
        self.search.show_shelf(shelf)
        self.folder.show_rows(
            shelf.rows(in_folders),
            _("Choose a folder that holds config.json, the tokenizer and .safetensors files, or some such folders."),
        )
        self._judge_new_folder(in_folders)
        if self._choice:
            places = [number for number, each in enumerate(self._lists()) if each.choose(self._choice)]
            if is_first and places and RECOMMENDED_PAGE not in places:
                self.pages.setCurrentIndex(places[0])
            self._choice = ""
        self._show_current()
        self.listed.emit(shelf)

    def _judge_new_folder(self, found: list[ModelCard]) -> None:
        """Say why nothing in it can be used, and forget it then."""
        folder, self._new_folder = self._new_folder, ""
        if folder and not any(card.folder.is_relative_to(folder) for card in found):
            self.folder_note.setText(why_not_a_model(Path(folder)))
            self._shell.preferences.setValue(_FOLDERS, [each for each in self._folders() if each != folder])
        elif folder:
            self.folder_note.clear()

    def _is_in_a_folder(self, folder: Path) -> bool:
        return any(folder.is_relative_to(each) for each in self._folders())

    def _looked(self, _outcome: object = None) -> None:
        self._is_looking = False
        if self._is_outdated:
            self._is_outdated = False
            self.refresh()

    def _show_current(self, *_event: object) -> None:
        row, page = self.current(), self.pages.currentIndex()
        self.details.show_row(row, self._shelf.room if self._shelf else None)
        self.delete_button.setVisible(page == LOCAL_PAGE)
        self.delete_button.setEnabled(row is not None and row.can_be_deleted and not self.download.is_running)
        text, why_not = self._next_step(row)
        self.use_button.setText(text)
        self.use_button.setEnabled(not why_not)
        self.reason.setText(why_not)

    def _next_step(self, row: ModelRow | None) -> tuple[str, str]:
        """What the primary button says, and why it cannot be pressed; empty if it can be."""
        text = _("Use this model")
        if row is None:
            return text, " "
        if not row.is_here:
            text = _("Go on with the download") if row.is_begun else _("Download and use")
        if row.card.why_not:
            return text, _("It cannot be trained.")
        if row.is_here:
            return text, ""
        if is_offline():
            return text, _("The program is offline: only what is here can be used.")
        if self.download.is_running:
            return text, _("A download is running.")
        if self._shell.is_busy:
            return text, _("{job} is running: download it when that is done.").format(job=self._shell.job.label)
        return text, ""

    def _pick(self, name: str) -> None:
        self._wanted = ""
        self.picked.emit(name)
        self.close()

    def _take_fetched(self, name: str) -> None:
        if name != self._wanted:
            return
        self._wanted = ""
        self.picked.emit(name)
        if not self.isVisible():
            self._shell.notify("success", _("{name} is on this computer now.").format(name=name), tab="cpt")

    def _choose_folder(self) -> None:
        if folder := QFileDialog.getExistingDirectory(self, _("Folder of a model, or of several")):
            self.add_folder(folder)

    def _open_token(self) -> None:
        dialog = AccessTokenDialog(self._shell, self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.open()

    def _delete(self) -> None:
        if (row := self.current()) is not None:
            self.deletion.ask(row)

    def _deleted(self) -> None:
        self.refresh()
        self._shell.changed("model")

    def _tell(self, text: str) -> None:
        self.notices.show_notice(Notice("warning", text))

    # Layout

    def _lay_out(self) -> None:
        self.pages = QTabWidget(documentMode=True)
        as_of = QLabel(
            _("Best for this computer first. Facts as the models' pages gave them in {month}; the page itself is what counts.").format(
                month=AS_OF), wordWrap=True,
        )  # fmt: skip
        theme.set_role(as_of, "caption")
        choose = QPushButton(icon("folder"), _("Choose a folder…"))
        choose.clicked.connect(self._choose_folder)
        self.folder_note = QLabel(wordWrap=True, textFormat=Qt.TextFormat.PlainText)
        self.folder_note.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        folder_row = QWidget()
        line = QHBoxLayout(folder_row)
        line.setContentsMargins(0, 0, 0, 0)
        line.setSpacing(theme.PAD)
        line.addWidget(choose)
        line.addWidget(self.folder_note, 1)
        for title, parts in (
            (_("Recommended"), (self.recommended, as_of)), (_("On this computer"), (self.local,)),
            (_("Search"), (self.search,)), (_("Folder"), (folder_row, self.folder)),
        ):  # fmt: skip
            page = QWidget()
            column = QVBoxLayout(page)
            column.setContentsMargins(0, theme.GAP, 0, 0)
            column.setSpacing(theme.GAP)
            for part in parts:
                column.addWidget(part, 0 if part in (as_of, folder_row) else 1)
            self.pages.addTab(page, title)
        self.panes = QSplitter(Qt.Orientation.Horizontal, childrenCollapsible=False, handleWidth=theme.PAD)
        self.panes.addWidget(self.pages)
        self.panes.addWidget(self.details)
        self.panes.setStretchFactor(0, 1)
        rule = QFrame()
        rule.setFixedHeight(1)
        theme.set_role(rule, "line")
        row = QHBoxLayout()
        row.setSpacing(theme.GAP)
        row.addWidget(self.token_button)
        row.addWidget(self.delete_button)
        row.addWidget(self.reason, 1)
        row.addWidget(self.close_button)
        row.addWidget(self.use_button)
        for button in (self.token_button, self.delete_button, self.close_button):
            button.setAutoDefault(False)
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.PAD, theme.GAP, theme.PAD, theme.PAD)
        column.setSpacing(theme.GAP)
        self.notices.layout().setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.notices)
        column.addWidget(self.panes, 1)
        column.addWidget(rule)
        column.addWidget(self.download)
        column.addLayout(row)
        self._fit()

    def _fit(self) -> None:
        letter, line = self.fontMetrics().averageCharWidth(), self.fontMetrics().height()
        room = self.screen().availableSize()
        self.resize(min(letter * 165, room.width() - 40), min(line * 42, room.height() - 60))
        self.details.setMinimumWidth(letter * 34)
        self.panes.setSizes([letter * 122, letter * 42])
