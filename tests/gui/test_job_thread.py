"""The one thread of the window, over real child processes that behave and misbehave."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import psutil
import pytest

from gui.job_thread import JobThread
from services import jobs
from services.errors import Cancelled, UserError
from services.jobs import Child, ChildDied

SAMPLE = "tests.core.sample_jobs"
ENDS = ("succeeded", "failed", "cancelled", "crashed")


class Listener:
    """Writes down what a thread says, in the order in which it says it, and from which thread."""

    def __init__(self, thread: JobThread) -> None:
        self.said: list[tuple[str, object]] = []
        self.speakers: set[int] = set()
        thread.events.connect(self._events)
        for name in ENDS:
            getattr(thread, name).connect(lambda *value, name=name: self._note(name, value[0] if value else None))

    def _events(self, batch: list[dict]) -> None:
        for event in batch:
            self._note("event", event)

    def _note(self, name: str, value: object) -> None:
        self.speakers.add(threading.get_ident())
        self.said.append((name, value))

    @property
    def events(self) -> list[dict]:
        return [value for name, value in self.said if name == "event"]

    @property
    def ends(self) -> list[tuple[str, object]]:
        return [(name, value) for name, value in self.said if name in ENDS]


def run(qtbot, thread: JobThread, timeout_ms: int = 60_000) -> Listener:
    listener = Listener(thread)
    thread.start()
    finish(qtbot, listener, timeout_ms)
    return listener


def finish(qtbot, listener: Listener, timeout_ms: int = 60_000) -> None:
    qtbot.waitUntil(lambda: bool(listener.ends), timeout=timeout_ms)
    assert len(listener.ends) == 1, "exactly one last word"
    assert listener.said[-1] == listener.ends[0], "nothing after the last word"


@pytest.fixture
def child_thread(qapp):
    threads: list[JobThread] = []

    def make(name: str, settings: dict | None = None, folder: Path | None = None, **options) -> JobThread:
        child = Child(f"{SAMPLE}:{name}", settings or {}, folder, **options)
        threads.append(JobThread(None, None, child=child, name=name))
        return threads[-1]

    yield make
    for thread in threads:
        thread.kill()
        thread.wait()


def test_events_come_in_order_and_before_the_result_from_the_window_thread(qtbot, child_thread):
    heard = run(qtbot, child_thread("count", {"to": 2000}))
    assert [event["done"] for event in heard.events if event["type"] == "progress"] == list(range(1, 2001))
    assert heard.ends[0][0] == "succeeded" and heard.ends[0][1]["counted"] == 2000
    assert heard.speakers == {threading.get_ident()}


def test_a_refusal_arrives_as_a_sentence(qtbot, child_thread):
    heard = run(qtbot, child_thread("refuse"))
    assert heard.ends[0][0] == "failed"
    assert isinstance(heard.ends[0][1], UserError) and str(heard.ends[0][1]) == "The file is empty."


def test_a_bug_arrives_with_its_traceback(qtbot, child_thread):
    heard = run(qtbot, child_thread("stumble"))
    assert heard.ends[0][0] == "crashed"
    assert "ZeroDivisionError" in str(heard.ends[0][1])


@pytest.mark.skipif(os.name == "nt", reason="signals")
def test_a_child_killed_by_the_system_ends_the_thread_with_a_reason(qtbot, child_thread, tmp_path):
    thread = child_thread("wait")
    listener = Listener(thread)
    thread.start()
    qtbot.waitUntil(lambda: bool(listener.events), timeout=30_000)
    psutil.Process(thread._child._process.pid).kill()
    finish(qtbot, listener)
    assert listener.ends[0][0] == "crashed"
    assert isinstance(listener.ends[0][1], ChildDied) and "SIGKILL" in str(listener.ends[0][1])


def test_stop_lets_the_child_save(qtbot, child_thread, tmp_path):
    saved = tmp_path / "saved"
    thread = child_thread("wait", {"saves_to": str(saved)})
    listener = Listener(thread)
    thread.start()
    qtbot.waitUntil(lambda: bool(listener.events), timeout=30_000)
    thread.stop()
    assert thread.is_stopping
    finish(qtbot, listener)
    assert listener.ends[0][0] == "cancelled" and saved.read_text() == "saved"


def test_stop_before_the_child_is_up_is_heard_too(qtbot, child_thread):
    thread = child_thread("wait")
    listener = Listener(thread)
    thread.start()
    thread.stop()
    finish(qtbot, listener)
    assert listener.ends[0][0] == "cancelled"


def test_a_second_stop_kills_a_deaf_child_and_its_children_at_once(qtbot, child_thread):
    thread = child_thread("be_deaf", grace_s=600.0)
    listener = Listener(thread)
    thread.start()
    qtbot.waitUntil(lambda: bool(listener.events), timeout=30_000)
    grandchild = int(listener.events[0]["text"])
    thread.stop()
    thread.stop()
    finish(qtbot, listener)
    assert listener.ends[0][0] == "cancelled"
    qtbot.waitUntil(lambda: not psutil.pid_exists(grandchild) or psutil.Process(grandchild).status() == "zombie")


def test_a_child_that_hangs_after_its_last_word_is_ended_and_its_word_counts(qtbot, child_thread, monkeypatch):
    monkeypatch.setattr(jobs, "EXIT_GRACE_S", 0.2)
    heard = run(qtbot, child_thread("hang_after"))
    assert heard.ends[0] == ("succeeded", {"said": True})


def test_the_thread_talks_to_its_child(qtbot, child_thread):
    thread = child_thread("echo")
    listener = Listener(thread)
    thread.start()
    thread.send({"type": "prompt", "text": "Wie heißt die Insel?"})
    qtbot.waitUntil(lambda: bool(listener.events), timeout=30_000)
    assert listener.events[0]["text"] == "Wie heißt die Insel?"
    thread.send({"type": "interrupt"})
    finish(qtbot, listener)
    assert listener.ends[0][0] == "succeeded"
    thread.send({"type": "prompt", "text": "nobody is there any more"})


@pytest.mark.parametrize(
    ("error", "end"), [(Cancelled(), "cancelled"), (UserError("No."), "failed"), (KeyError("x"), "crashed")]
)
def test_work_without_a_process_ends_the_same_ways(qtbot, qapp, error, end):
    def work(emit, cancelled):
        emit({"type": "progress", "done": 1, "total": 2, "text": ""})
        raise error

    thread = JobThread(work, qapp)
    heard = run(qtbot, thread)
    assert heard.ends[0][0] == end and len(heard.events) == 1
    thread.wait()


def test_work_without_a_process_hears_stop(qtbot, qapp):
    def work(emit, cancelled):
        cancelled.wait()
        return "left"

    thread = JobThread(work, qapp)
    listener = Listener(thread)
    thread.start()
    thread.stop()
    finish(qtbot, listener)
    assert listener.ends[0] == ("succeeded", "left")
    thread.wait()
