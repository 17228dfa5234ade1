"""The frame: projects, tabs, menus, leaving during a job, starting again, and faults of the program itself."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QMessageBox

from gui.bug_report import BugReporter, ReportDialog
from gui.descent_line import parts
from gui.main_window import MainWindow
from gui.new_project_dialog import NewProjectDialog
from gui.shell import TABS
from services.jobs import read_events
from services.project import Project
from services.records import ModelState, ProjectStatus
from tests.core.test_layers import HEAVY
from tests.gui.conftest import fill

ROOT = Path(__file__).resolve().parents[2]
TITLES = ["1. RAG Data", "2. CPT Training", "3. SFT Data", "4. SFT Training"]


@pytest.fixture
def window(make_window, own_projects: Path) -> MainWindow:
    """A window on a project with two chunks."""
    project = Project.create(own_projects / "biology")
    fill(project, ["The ollen sleeps in the daytime.", "The candle owl hunts moths."])
    window = make_window()
    window.open_project(project.folder)
    return window


def settle(qtbot, window: MainWindow) -> None:
    qtbot.waitUntil(lambda: window.page is None or not window.page.shell.threads(), timeout=60_000)


def start_long_job(qtbot, window: MainWindow, tmp_path: Path) -> None:
    """Read a document that takes long enough to be stopped."""
    path = tmp_path / "long.txt"
    path.write_text("\n\n".join(f"Sentence number {number} says that {number} follows." for number in range(200_000)), "utf-8")
    window.page.tab("ingest").add_paths([path])
    qtbot.waitUntil(lambda: "long.txt" in window.page.job_bar.text.text(), timeout=60_000)


def press(qtbot, window: MainWindow, text: str) -> None:
    box = window._question
    assert isinstance(box, QMessageBox) and box.isVisible()
    qtbot.mouseClick(next(button for button in box.buttons() if button.text() == text), Qt.MouseButton.LeftButton)


# Projects


def test_the_start_page_shows_while_no_project_is_open(make_window):
    window = make_window()
    assert window.page is None and window.start_page.isVisible()
    assert not window._actions.by_name["find"].isEnabled()
    for button in (window.start_page.new_button, window.start_page.open_button, window.start_page.sample_button):
        assert button.isVisible()


def test_a_new_project_is_asked_for_by_name(qtbot, make_window, own_projects):
    window = make_window()
    window.start_page.new_button.click()
    dialog = window.findChild(NewProjectDialog)
    assert not dialog.create_button.isEnabled()
    qtbot.keyClicks(dialog.name, "a/b")
    assert not dialog.create_button.isEnabled() and "a/b" in dialog._verdict.text()
    dialog.name.setText("my-bio-assistant")
    dialog.create_button.click()
    assert window.page.project.folder == (own_projects / "my-bio-assistant").resolve()
    assert window.windowTitle().startswith("my-bio-assistant")
    settle(qtbot, window)


def test_what_is_no_project_is_told_and_nothing_changes(make_window, tmp_path):
    window = make_window()
    window.open_project(tmp_path)
    assert window.page is None and "is not a project" in window.start_page.notices.bars()[0].notice.text


def test_a_damaged_knowledge_base_is_told_and_the_open_project_stays(qtbot, window, own_projects):
    broken = own_projects / "broken" / "data"
    broken.mkdir(parents=True)
    (broken / "rag_db.sqlite").write_bytes(b"this is no database at all" * 100)
    window.open_project(broken.parent)
    assert window.page.project.name == "biology"
    assert "not a readable knowledge base" in window.page.notices[0].bars()[0].notice.text


def test_the_sample_project_reads_its_documents(qtbot, make_window, own_projects):
    window = make_window()
    window.start_page.sample_button.click()
    assert window.page.project.folder == (own_projects / "sample").resolve()
    qtbot.waitUntil(lambda: not window.page.shell.is_busy, timeout=120_000)
    assert {document.state for document in window.page.shell.knowledge_base.documents()} == {"ready"}
    assert len(window.page.shell.knowledge_base.documents()) == 3
    settle(qtbot, window)


def test_the_program_goes_on_where_it_was(qtbot, make_window, window, own_projects, preferences):
    Project.create(own_projects / "other")
    window.page.tabs.setCurrentIndex(2)
    window.resize(711, 666)
    window.close()
    again = make_window()
    assert again.recent.last() == (own_projects / "biology").resolve()
    again.open_project(again.recent.last())
    assert again.page.tabs.currentIndex() == 2 and again.size().width() == 711
    again.close_project()
    assert again.start_page.isVisible() and again.recent.last() is None
    assert [button.text() for button in again.start_page.recent_buttons()][0] == "biology"


def test_a_project_made_in_the_terminal_is_the_next_one_to_open(make_window, own_projects):
    project = Project.create(own_projects / "demo")
    assert make_window().recent.last() == project.folder


# Tabs


def test_four_tabs_in_their_order_with_keys(qtbot, window):
    tabs = window.page.tabs
    assert [tabs.tabText(number) for number in range(tabs.count())] == TITLES
    for number in (3, 1, 2, 0):
        window._actions.by_name[f"tab_{number}"].trigger()
        assert tabs.currentIndex() == number
        qtbot.waitUntil(window.page.current_tab().isVisible)
    settle(qtbot, window)


def test_the_window_never_loads_what_the_jobs_need(own_projects, tmp_path):
    """All four tabs of a real project, in a process of its own."""
    fill(Project.create(own_projects / "biology"), ["A chunk."])
    script = f"""
import sys
from pathlib import Path
from PySide6.QtCore import QSettings
from gui.app import make_application
from gui.bug_report import BugReporter
from gui.main_window import MainWindow
from gui.theme import Theme
app = make_application(["x"])
bugs = BugReporter(Path({str(tmp_path)!r}))
window = MainWindow(QSettings({str(tmp_path / "x.ini")!r}, QSettings.Format.IniFormat), Theme(app), bugs)
window.show()
window.open_project(Path({str(own_projects / "biology")!r}))
for number in range(4):
    window.page.tabs.setCurrentIndex(number)
    for _turn in range(20):
        app.processEvents()
print(sorted(set(sys.modules) & {HEAVY!r}))
window.close()
"""
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "[]"


def test_the_line_of_descent_leads_to_the_tabs(qtbot, window):
    for button, phase in zip(window.page.descent.buttons, TABS, strict=True):
        button.click()
        assert TABS[window.page.tabs.currentIndex()] == phase
    settle(qtbot, window)


def test_the_line_of_descent_gives_way_in_a_narrow_window(qtbot, window):
    descent = window.page.descent
    window.resize(1400, 700)
    wide = [button.text() for button in descent.buttons]
    window.resize(700, 700)
    assert sum(map(len, (button.text() for button in descent.buttons))) < sum(map(len, wide))
    assert all(button.accessibleName() for button in descent.buttons)


def test_the_line_of_descent_says_what_is_out_of_date_and_why():
    stale = ModelState("cpt", True, True, "The chunks have changed since this model read them.")
    status = ProjectStatus(2, 1930, 104, 3, stale, (ModelState("final", True), ModelState("formal", True, True, "x")), "cpt")
    ingest, cpt, pairs, finals = parts(status)
    assert (ingest.state, ingest.text) == ("ready", "2 documents · 1,930 chunks")
    assert (cpt.state, cpt.text, cpt.reason) == ("stale", "CPT model: out of date", stale.reason)
    assert pairs.state == "stale" and "3 pairs" in pairs.reason
    assert finals.state == "stale" and finals.text == "2 final models: 1 out of date"


def test_undo_and_redo_of_the_menu_are_those_of_the_tab_in_front(qtbot, window):
    tab = window.page.tab("ingest")
    tab.chunks.view.selectRow(0)
    tab.work.toggle_deleted()
    undo = window._actions.by_name["undo"]
    assert undo.isEnabled() and "deletion" in undo.text()
    window.page.tabs.setCurrentIndex(1)
    assert not undo.isEnabled()
    window.page.tabs.setCurrentIndex(0)
    undo.trigger()
    assert window.page.shell.knowledge_base.count_chunks() == 2
    settle(qtbot, window)


def test_ctrl_z_in_the_editor_undoes_what_was_typed(qtbot, window):
    tab = window.page.tab("ingest")
    window.activateWindow()
    tab.chunks.view.selectRow(0)
    tab.editor.text.setFocus()
    qtbot.waitUntil(tab.editor.text.hasFocus)
    qtbot.keyClicks(tab.editor.text, "Hm. ")
    qtbot.keyClick(tab.editor.text, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert tab.editor.text.toPlainText() == "The ollen sleeps in the daytime."
    settle(qtbot, window)


def test_what_was_typed_last_is_saved_at_the_end(qtbot, window, own_projects):
    tab = window.page.tab("ingest")
    tab.chunks.view.selectRow(0)
    tab.editor.text.setPlainText("Saved at the very end.")
    window.close()
    with Project.open(own_projects / "biology").connect() as knowledge_base:
        assert "Saved at the very end." in [chunk.content for chunk in knowledge_base.chunks(knowledge_base.chunk_ids())]


# Leaving while a job runs


def test_closing_during_a_job_asks_and_keeps_it_running(qtbot, window, tmp_path):
    start_long_job(qtbot, window, tmp_path)
    window.close()
    assert window.isVisible()
    press(qtbot, window, "Keep it running")
    assert window.isVisible() and window.page.shell.is_busy and not window.page.shell.job.is_stopping
    window.page.job_bar.stop_button.click()
    qtbot.waitUntil(lambda: not window.page.shell.is_busy, timeout=60_000)
    assert "was stopped" in window.page.job_bar.idle_text.text()
    settle(qtbot, window)


def test_closing_during_a_job_stops_it_and_then_closes(qtbot, window, tmp_path):
    start_long_job(qtbot, window, tmp_path)
    folder = window.page.shell.job_folder
    window.close()
    press(qtbot, window, "Stop and save")
    qtbot.waitUntil(lambda: not window.isVisible(), timeout=60_000)
    assert [event["type"] for event in read_events(folder)][-1] == "cancelled"


def test_another_project_waits_for_the_job_too(qtbot, window, tmp_path, own_projects):
    other = Project.create(own_projects / "other")
    start_long_job(qtbot, window, tmp_path)
    window.open_project(other.folder)
    assert window.page.project.name == "biology"
    press(qtbot, window, "Stop and save")
    qtbot.waitUntil(lambda: window.page.project.name == "other", timeout=60_000)
    settle(qtbot, window)


def test_a_second_job_is_refused_with_the_name_of_the_first(qtbot, window, tmp_path):
    start_long_job(qtbot, window, tmp_path)
    shell = window.page.shell
    assert shell.start("recut", {}, "Re-cutting") is None
    assert "Reading documents is still running" in window.page.notices[0].bars()[0].notice.text
    assert window.page.tabs.tabToolTip(0)
    shell.job.stop()
    qtbot.waitUntil(lambda: not shell.is_busy, timeout=60_000)
    settle(qtbot, window)


@pytest.mark.skipif(os.name == "nt", reason="signals")
def test_a_job_killed_by_the_system_is_told_and_the_program_goes_on(qtbot, window, tmp_path):
    start_long_job(qtbot, window, tmp_path)
    psutil.Process(window.page.shell.job._child._process.pid).send_signal(signal.SIGKILL)
    qtbot.waitUntil(lambda: not window.page.shell.is_busy, timeout=60_000)
    notice = window.page.notices[0].bars()[0].notice
    assert notice.kind == "error" and "SIGKILL" in notice.text and notice.action_text
    settle(qtbot, window)


# Faults, look, messages


def test_a_fault_is_written_down_and_shown_once(qtbot, window, tmp_path):
    reporter = BugReporter(tmp_path / "faults", window)
    told: list[tuple[str, str]] = []
    reporter.bug_met.connect(lambda sentence, report: told.append((sentence, report)))
    for value in ("one", "one"):
        try:
            raise KeyError(value)
        except KeyError as error:
            reporter.report(error)
    assert len(told) == 1
    report = Path(told[0][1])
    assert "KeyError: 'one'" in report.read_text("utf-8") and "Python" in report.read_text("utf-8")
    dialog = ReportDialog(report, window)
    qtbot.addWidget(dialog)
    assert "KeyError" in dialog.text.toPlainText()
    settle(qtbot, window)


def test_messages_are_kept_behind_the_button(qtbot, window):
    window.page.shell.notify("success", "6 documents read: 44 chunks.")
    window.page.shell.notify("warning", "scan.pdf holds no text.")
    assert window.message_button.text() == "2 messages"
    popup = window.message_button.open_list()
    rows = popup.findChild(type(popup.layout().itemAt(0).widget()))
    assert rows.count() == 2 and "scan.pdf" in rows.item(0).text()
    popup.close()
    settle(qtbot, window)


def test_scheme_and_zoom_are_remembered(qtbot, window, preferences, qapp):
    window._actions.schemes["dark"].trigger()
    assert qapp.palette().window().color().lightness() < 128
    window._actions.by_name["zoom_in"].trigger()
    assert preferences.value("look/scheme") == "dark" and preferences.value("look/zoom", type=float) == 1.1
    window._actions.schemes["light"].trigger()
    window._actions.by_name["zoom_reset"].trigger()
    settle(qtbot, window)


def test_every_key_belongs_to_one_action(window):
    keys = [key.toString() for action in window._actions.by_name.values() for key in action.shortcuts()]
    assert len(keys) == len(set(keys))
    assert {"Ctrl+1", "Ctrl+2", "Ctrl+3", "Ctrl+4", "Ctrl+0"} <= set(keys)


def test_the_window_opens_through_the_entry_of_the_program(own_projects, tmp_path):
    """main.py with a project, as a person starts it; it closes at the first interrupt."""
    project = Project.create(tmp_path / "from-terminal")
    environment = {**os.environ, "XDG_CONFIG_HOME": str(tmp_path), "XDG_DATA_HOME": str(tmp_path), "HOME": str(tmp_path)}
    with subprocess.Popen(
        [sys.executable, "main.py", str(project.folder)], cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True
    ) as process:
        connected = project.database_path.with_name("rag_db.sqlite-shm")
        for _turn in range(1200):
            if connected.exists() or process.poll() is not None:
                break
            QApplication.processEvents()
            try:
                process.wait(0.1)
            except subprocess.TimeoutExpired:
                continue
        assert process.poll() is None, process.stderr.read()
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
        assert "Traceback" not in process.stderr.read()


@pytest.mark.parametrize(("zoom", "width"), [(1.0, 1000), (2.0, 1580)])
def test_no_tab_scrolls_sideways(window: MainWindow, project: Project, zoom: float, width: int):
    """1024 and 1600 pixels, less the margins and a bar to scroll up and down."""
    fill(project, ["The lighthouse of Norrholm was built in 1874 by Ada Quill."])
    window.open_project(project.folder)
    window.look.set_zoom(zoom)
    try:
        wide = {phase: window.page.tab(phase).minimumSizeHint().width() for phase in TABS}
        assert not {phase: least for phase, least in wide.items() if least > width}
    finally:
        window.look.set_zoom(1.0)
