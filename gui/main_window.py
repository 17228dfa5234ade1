"""The window: menus, the start page or an open project, the status line, and leaving without losing anything."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QSettings, QSize, Qt, QTimer, QUrl
from PySide6.QtGui import QAction, QCloseEvent, QDesktopServices, QUndoGroup
from PySide6.QtWidgets import QFileDialog, QLabel, QMainWindow, QMessageBox, QPushButton, QStackedWidget, QWidget

from gui import theme
from gui.actions import Actions
from gui.bug_report import BugReporter, ReportDialog
from gui.message_list import MessageButton
from gui.new_project_dialog import NewProjectDialog
from gui.notices import Notice
from gui.project_page import ProjectPage
from gui.recent_projects import RecentProjects
from gui.start_page import StartPage
from gui.tab import Tab
from gui.theme import Theme
from services import machine
from services.errors import UserError
from services.project import Project, projects_folder
from services.sample import sample_documents
from services.translation import _


class MainWindow(QMainWindow):
    """One project at a time; without one it shows the start page."""

    def __init__(self, preferences: QSettings, look: Theme, bugs: BugReporter) -> None:
        super().__init__()
        self.preferences, self.look = preferences, look
        self.recent = RecentProjects(preferences)
        self.page: ProjectPage | None = None
        self._bugs = bugs
        self._is_leaving = False
        self._question: QMessageBox | None = None
        self._undo_group = QUndoGroup(self)

        self.start_page = StartPage()
        self._stack = QStackedWidget()
        self._stack.addWidget(self.start_page)
        self.setCentralWidget(self._stack)
        self._machine = QLabel(machine.summary())
        theme.set_role(self._machine, "caption")
        self.message_button = MessageButton()
        self.statusBar().addWidget(self._machine, 1)
        self.statusBar().addPermanentWidget(self.message_button)
        self.statusBar().setSizeGripEnabled(False)
        self.statusBar().setContentsMargins(theme.PAD - 4, 0, theme.PAD - 8, 2)
        self._make_actions()

        self.start_page.new_wanted.connect(self.new_project)
        self.start_page.open_wanted.connect(self.choose_project)
        self.start_page.sample_wanted.connect(self.open_sample)
        self.start_page.project_wanted.connect(self.open_project)
        bugs.bug_met.connect(self._tell_bug)
        self._show_start_page()
        self.setMinimumSize(640, 480)
        self.resize(QSize(1280, 800).boundedTo(self.screen().availableSize()))
        if geometry := preferences.value("window/geometry"):
            self.restoreGeometry(geometry)

    # Projects

    def new_project(self) -> None:
        """Ask for a name and make a project of it."""
        dialog = NewProjectDialog(self)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.accepted.connect(self._create_from_dialog)
        dialog.open()

    def choose_project(self) -> None:
        """Ask for a project's folder and open it."""
        if folder := QFileDialog.getExistingDirectory(self, _("Open a project"), str(projects_folder())):
            self.open_project(Path(folder))

    def open_sample(self) -> None:
        """Make the sample project, or open it, and read the sample documents into it."""
        self._leave_project(self._enter_sample)

    def open_project(self, folder: Path) -> None:
        """Open a project in place of the one that is open; what cannot be opened is told in a notice."""
        self._leave_project(lambda: self._enter(folder, Project.open))

    def close_project(self) -> None:
        """Back to the start page."""
        self._leave_project(self._close_for_good)

    def _create_from_dialog(self) -> None:
        folder = self.sender().folder()
        self._leave_project(lambda: self._enter(folder, Project.create))

    def _enter_sample(self) -> None:
        self._enter(projects_folder() / "sample", Project.create)
        if self.page is not None and self.page.project.name == "sample" and not self.page.shell.knowledge_base.documents():
            self.page.show_tab("ingest")
            self.page.tab("ingest").add_paths(sample_documents())

    def _enter(self, folder: Path, open_or_create: Callable[[Path], Project]) -> None:
        try:
            page = ProjectPage(open_or_create(folder), self.preferences)
        except UserError as error:
            self._notify(Notice("error", str(error)))
            return
        self._drop_page()
        self.page = page
        self.recent.add(page.project.folder)
        page.tab_entered.connect(self._tab_entered)
        page.messages_changed.connect(self.message_button.show_messages)
        page.shell.bug_met.connect(self._bugs.report)
        page.descent.project_button.setMenu(self._actions.menus[0])
        self._stack.addWidget(page)
        self._stack.setCurrentWidget(page)
        self.setWindowTitle(f"{page.project.name} – Wissenswerk")
        self._actions.set_has_project(True)
        self._tab_entered(page.current_tab())
        self._fill_recent_menu()

    def _close_for_good(self) -> None:
        self._drop_page()
        self.recent.close()
        self._show_start_page()

    def _drop_page(self) -> None:
        if self.page is None:
            return
        page, self.page = self.page, None
        self.recent.add(page.project.folder)  # again: the one used last is the one to go on with
        self._undo_group.setActiveStack(None)
        page.close_project()
        self._stack.removeWidget(page)
        page.deleteLater()
        self.message_button.show_messages([])

    def _show_start_page(self) -> None:
        self._stack.setCurrentWidget(self.start_page)
        self.start_page.show_recent(self.recent.folders())
        self.setWindowTitle("Wissenswerk")
        self._actions.set_has_project(False)
        self._fill_recent_menu()

    # Leaving while a job runs

    def closeEvent(self, event: QCloseEvent) -> None:
        self.preferences.setValue("window/geometry", self.saveGeometry())
        if self.page is not None and self.page.shell.is_busy:
            event.ignore()
            self._leave_project(self.close)
            return
        self._drop_page()
        self.preferences.sync()
        event.accept()

    def _leave_project(self, then: Callable[[], object]) -> None:
        """Do ``then`` once no job runs: ask whether to stop the one that does, and wait until it has saved."""
        if self.page is None or not self.page.shell.is_busy:
            then()
            return
        if self._question is not None:
            self._question.raise_()
            return
        job = self.page.shell.job
        box = QMessageBox(QMessageBox.Icon.Question, _("Still running"), "", parent=self)
        box.setText(_("{job} is still running.").format(job=job.label))
        box.setInformativeText(_("Stopping saves what is done so far. A training can be resumed later."))
        stop: QPushButton = box.addButton(_("Stop and save"), QMessageBox.ButtonRole.AcceptRole)
        keep = box.addButton(_("Keep it running"), QMessageBox.ButtonRole.RejectRole)
        box.setDefaultButton(keep)
        box.setEscapeButton(keep)
        self._question = box

        def answer() -> None:
            is_stop = box.clickedButton() is stop
            self._question = None
            box.deleteLater()
            if is_stop and job.isRunning():
                self.page.shell.job_ended.connect(
                    lambda _outcome: QTimer.singleShot(0, then), Qt.ConnectionType.SingleShotConnection
                )
                self.page.job_bar.stop_job()
            elif is_stop:
                then()

        box.finished.connect(answer)
        box.open()

    # Menus and news

    def _make_actions(self) -> None:
        self._actions = Actions(self, self._undo_group)
        self._actions.connect(
            new=self.new_project, open=self.choose_project, sample=self.open_sample, quit=self.close,
            show_folder=self._show_folder, close_project=self.close_project, find=self._find, paste_files=self._paste_files,
            zoom_in=lambda: self._zoom(1), zoom_out=lambda: self._zoom(-1), zoom_reset=lambda: self._zoom(0), about=self._about,
            **{f"tab_{number}": lambda _checked=False, number=number: self.page.tabs.setCurrentIndex(number) for number in range(4)},
        )  # fmt: skip
        self._actions.scheme_group.triggered.connect(self._set_scheme)
        self._actions.schemes[self.look.scheme].setChecked(True)
        self._actions.recent_menu.triggered.connect(self._open_recent)

    def _fill_recent_menu(self) -> None:
        menu = self._actions.recent_menu
        menu.clear()
        for folder in self.recent.folders():
            menu.addAction(folder.name).setData(str(folder))
        menu.setEnabled(not menu.isEmpty())

    def _open_recent(self, action: QAction) -> None:
        self.open_project(Path(action.data()))

    def _tab_entered(self, tab: QWidget) -> None:
        stack = tab.undo_stack if isinstance(tab, Tab) else None
        if stack is not None:
            self._undo_group.addStack(stack)
        self._undo_group.setActiveStack(stack)

    def _find(self) -> None:
        if self.page is not None and isinstance(tab := self.page.current_tab(), Tab):
            tab.find()

    def _paste_files(self) -> None:
        if self.page is not None and isinstance(tab := self.page.current_tab(), Tab):
            tab.paste_files()

    def _show_folder(self) -> None:
        if self.page is not None:
            QDesktopServices.openUrl(QUrl.fromLocalFile(str(self.page.project.folder)))

    def _set_scheme(self, action: QAction) -> None:
        self.look.set_scheme(action.data())
        self.preferences.setValue("look/scheme", action.data())

    def _zoom(self, direction: int) -> None:
        if direction:
            self.look.step_zoom(direction)
        else:
            self.look.set_zoom(1.0)
        self.preferences.setValue("look/zoom", self.look.zoom)

    def _notify(self, notice: Notice) -> None:
        """News about the program itself: in the tab in front, or on the start page."""
        if self.page is not None:
            self.page.shell.notify(notice.kind, notice.text, notice.action_text, notice.action)
        else:
            self.start_page.notices.show_notice(notice)

    def _tell_bug(self, sentence: str, report: str) -> None:
        path = Path(report)
        action = (lambda: ReportDialog(path, self).show()) if report else None
        self._notify(Notice("error", sentence, _("Show the report") if report else "", action))

    def _about(self) -> None:
        from services import __version__

        QMessageBox.about(
            self, _("About Wissenswerk"),
            _("<b>Wissenswerk {version}</b><br>From your documents to a language model of your own. Everything stays on "
              "this computer, unless you choose a provider elsewhere.").format(version=__version__),
        )  # fmt: skip
