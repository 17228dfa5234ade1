"""News without a modal box, and the bar that follows the one job."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt

from gui.job_bar import JobBar
from gui.job_thread import JobThread
from gui.notices import Notice, NoticeArea
from gui.shell import Outcome, Shell


@pytest.fixture
def area(qtbot) -> NoticeArea:
    area = NoticeArea()
    qtbot.addWidget(area)
    area.resize(400, 300)
    area.show()
    return area


def texts(area: NoticeArea) -> list[str]:
    return [bar.notice.text for bar in area.bars()]


def test_the_newest_notice_is_on_top_and_three_are_enough(area):
    for number in range(5):
        area.show_notice(Notice("info", f"news {number}"))
    assert texts(area) == ["news 4", "news 3", "news 2"]


def test_the_same_news_twice_is_one_bar(area):
    for text in ("a", "b", "a"):
        area.show_notice(Notice("error", text))
    assert texts(area) == ["a", "b"]


def test_the_action_is_taken_once_and_closes_the_bar(area, qtbot):
    taken = []
    bar = area.show_notice(Notice("warning", "scan.pdf holds no text.", "Show why", lambda: taken.append(1)))
    qtbot.mouseClick(bar.action_button, Qt.MouseButton.LeftButton)
    assert taken == [1] and not area.bars()


def test_a_notice_can_be_closed_with_the_keyboard(area, qtbot):
    bar = area.show_notice(Notice("success", "Done."))
    bar.close_button.setFocus()
    qtbot.keyClick(bar.close_button, Qt.Key.Key_Space)
    assert not area.bars()


def test_new_work_clears_only_the_good_news_of_the_old(area):
    for kind in ("info", "success", "warning", "error"):
        area.show_notice(Notice(kind, kind))
        area.LIMIT = 4
    area.clear("info", "success")
    assert texts(area) == ["error", "warning"]


@pytest.fixture
def bar(qtbot, shell: Shell) -> JobBar:
    bar = JobBar()
    qtbot.addWidget(bar)
    bar.watch(shell)
    bar.show()
    return bar


@pytest.fixture
def job(qapp, shell):
    return JobThread(lambda emit, cancelled: None, shell, name="cpt", label="CPT training")


def test_the_bar_says_what_runs_how_far_and_how_long(bar, shell, job):
    height = bar.sizeHint().height()
    shell.job_started.emit(job)
    job.events.emit([{"type": "progress", "done": 120, "total": 600, "text": "step 120 of 600", "time_left_s": 24 * 60}])
    assert bar.text.text() == "CPT training · step 120 of 600"
    assert bar.progress.value() == 200 and bar.progress.maximum() == 1000
    assert bar.time_left.text() == "24 min left"
    assert bar.sizeHint().height() == height, "nothing jumps"


def test_work_of_unknown_length_shows_that_it_moves(bar, shell, job):
    shell.job_started.emit(job)
    job.events.emit([{"type": "progress", "done": 3, "total": 0, "text": ""}])
    assert bar.progress.maximum() == 0 and bar.time_left.text() == ""


def test_the_stop_button_asks_first_and_ends_at_once_the_second_time(bar, shell, job, qtbot):
    shell.job_started.emit(job)
    qtbot.mouseClick(bar.stop_button, Qt.MouseButton.LeftButton)
    assert job.is_stopping and "saving" in bar.text.text()
    assert bar.stop_button.text() == "Stop at once"


@pytest.mark.parametrize(
    ("state", "says"), [("succeeded", "is done"), ("stopped", "was stopped"), ("failed", "could not"), ("crashed", "fault")]
)
def test_the_bar_says_how_it_ended(bar, shell, job, state, says):
    shell.job_started.emit(job)
    shell.job_ended.emit(Outcome(job, state))
    assert says in bar.idle_text.text() and bar.idle_text.isVisible()


def test_the_bar_leads_to_the_next_step(bar, qtbot):
    bar.set_next_step("cpt", "Next: let a model read your chunks.", "Go to CPT Training")
    with qtbot.waitSignal(bar.next_step_taken) as taken:
        qtbot.mouseClick(bar.next_button, Qt.MouseButton.LeftButton)
    assert taken.args == ["cpt"]
