"""A job and its process: whatever happens to either, the person hears exactly one true outcome."""

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import psutil
import pytest

from services import jobs
from services.errors import Cancelled, UserError
from services.jobs import Child, ChildDied, Context, child_command, read_events, run_here

SAMPLE = "tests.core.sample_jobs"


def run_child(name: str, settings: dict | None = None, folder: Path | None = None, **options):
    events: list[dict] = []
    child = Child(f"{SAMPLE}:{name}", settings or {}, folder, **options)
    return child.run(events.append, threading.Event()), events


def run_and(child: Child, act, when=lambda event: event["type"] == "progress"):
    """Run a child and do something at its first matching event; returns the outcome as (value, error)."""
    cancelled = threading.Event()
    is_done = []

    def emit(event):
        if when(event) and not is_done:
            is_done.append(event)
            act(cancelled, event)

    try:
        return child.run(emit, cancelled), None
    except Exception as error:
        return None, error


@pytest.mark.parametrize("is_child", [True, False])
def test_a_job_says_the_same_in_a_child_and_here(is_child: bool):
    events: list[dict] = []
    if is_child:
        result, events = run_child("count", {"to": 3})
    else:
        result = run_here(f"{SAMPLE}:count", {"to": 3}, events.append, threading.Event())
    assert result["counted"] == 3
    assert [event["type"] for event in events] == ["progress"] * 3 + ["metric", "warning", "changed", "token"]
    assert events[-1]["text"] == "Grüße 🦉"


def test_a_hundred_thousand_events_arrive():
    _result, events = run_child("count", {"to": 20_000})
    assert sum(event["type"] == "progress" for event in events) == 20_000


def test_a_refusal_is_a_sentence_here_and_in_a_child():
    with pytest.raises(UserError, match="The file is empty."):
        run_child("refuse")
    with pytest.raises(UserError, match="The file is empty."):
        run_here(f"{SAMPLE}:refuse", {}, lambda event: None, threading.Event())


def test_a_bug_in_a_child_comes_with_its_traceback():
    with pytest.raises(ChildDied, match="ZeroDivisionError: one over none"):
        run_child("stumble")


@pytest.mark.skipif(os.name == "nt", reason="signals")
def test_a_crash_names_the_signal_and_shows_the_log():
    with pytest.raises(ChildDied, match="SIGSEGV") as caught:
        run_child("crash")
    assert "last words on stderr" in str(caught.value)


@pytest.mark.skipif(os.name == "nt", reason="signals")
def test_a_child_killed_by_the_system_says_what_helps():
    child = Child(f"{SAMPLE}:wait", {})
    _value, error = run_and(child, lambda cancelled, event: psutil.Process(child._process.pid).kill())
    assert isinstance(error, ChildDied) and "SIGKILL" in str(error) and "memory" in str(error)


def test_stop_lets_the_job_save(tmp_path: Path):
    saved = tmp_path / "saved.txt"
    child = Child(f"{SAMPLE}:wait", {"saves_to": str(saved)})
    _value, error = run_and(child, lambda cancelled, event: cancelled.set())
    assert isinstance(error, Cancelled) and saved.read_text() == "saved"


def test_a_deaf_child_is_killed_with_its_children_after_the_grace_time():
    pids = []
    child = Child(f"{SAMPLE}:be_deaf", {}, grace_s=0.3)

    def act(cancelled, event):
        pids.append(int(event["text"]))
        cancelled.set()

    _value, error = run_and(child, act)
    assert isinstance(error, Cancelled)
    assert not psutil.pid_exists(pids[0]) or psutil.Process(pids[0]).status() == psutil.STATUS_ZOMBIE


def test_a_second_click_kills_at_once():
    child = Child(f"{SAMPLE}:be_deaf", {}, grace_s=3600)

    def act(cancelled, event):
        cancelled.set()
        child.kill()

    _value, error = run_and(child, act)
    assert isinstance(error, Cancelled)


def test_a_child_that_hangs_after_its_last_word_has_still_given_its_result(monkeypatch):
    monkeypatch.setattr(jobs, "EXIT_GRACE_S", 0.3)
    result, _events = run_child("hang_after")
    assert result == {"said": True}


def test_prompts_sent_before_and_after_the_start_arrive_in_order():
    child = Child(f"{SAMPLE}:echo", {})
    child.send({"type": "prompt", "text": "one"})
    heard = []

    def emit(event):
        heard.append(event["text"])
        child.send({"type": "prompt", "text": "two"} if len(heard) == 1 else {"type": "interrupt"})

    child.run(emit, threading.Event())
    assert heard == ["one", "two"]


def test_a_child_whose_window_was_killed_saves_and_leaves(tmp_path: Path):
    saved, settings = tmp_path / "saved.txt", tmp_path / "settings.json"
    settings.write_text(json.dumps({"saves_to": str(saved)}))
    command = child_command(f"{SAMPLE}:wait", settings)
    window = subprocess.Popen(
        [sys.executable, "-c",
         "import subprocess, sys, time\n"
         f"child = subprocess.Popen({command!r}, stdin=subprocess.PIPE, stdout=subprocess.PIPE)\n"
         "print(child.pid, child.stdout.readline(), flush=True)\n"
         "time.sleep(300)\n"],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    with window:
        pid = int(window.stdout.readline().split()[0])
        window.kill()
    child = psutil.Process(pid) if psutil.pid_exists(pid) else None
    if child:
        psutil.wait_procs([child], timeout=30)
    assert saved.read_text() == "saved"
    assert [event["type"] for event in read_events(tmp_path)][-1] == "cancelled"


def test_a_secret_reaches_the_child_and_no_file(tmp_path: Path):
    result, _events = run_child("count", {"to": 1}, tmp_path, environment={"SECRET": "s3cr3t"})
    assert result["secret"] == "s3cr3t"
    assert "s3cr3t" not in (tmp_path / "settings.json").read_text()
    assert "s3cr3t" not in (tmp_path / "log.txt").read_text()


def test_a_run_is_archived_with_its_outcome(tmp_path: Path):
    run_child("count", {"to": 2}, tmp_path)
    with pytest.raises(UserError):
        run_child("refuse", {}, tmp_path)
    types = [event["type"] for event in read_events(tmp_path)]
    assert types == ["progress", "progress", "metric", "warning", "result", "failed"]


def test_a_line_cut_by_a_crash_is_left_out(tmp_path: Path):
    (tmp_path / "events.jsonl").write_text('{"type": "metric", "step": 1}\n{"type": "metr')
    assert [event["step"] for event in read_events(tmp_path)] == [1]


def test_a_part_counts_as_its_share_of_the_whole():
    events: list[dict] = []
    whole = Context(events.append)
    part = whole.part(0.5, 1.0, "second half")
    part.progress(1, 4)
    part.part(0.5, 1.0).progress(10, 10, "end")
    assert [event["done"] for event in events] == [0.625, 1.0]
    assert events[0]["text"] == "second half"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGTERM to send")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_asked_by_the_system_it_saves_and_leaves(tmp_path: Path, number: int):
    """As where a rented machine is taken back, or Ctrl+C reaches the whole group of processes."""
    saved = tmp_path / "saved"
    settings_file = tmp_path / "job.json"
    settings_file.write_text(json.dumps({"saves_to": str(saved)}))
    name = f"{SAMPLE}:wait"
    script = f"import sys; from services import jobs; jobs.AWAKE += ({name!r},); sys.exit(jobs.child_main({name!r}, {str(settings_file)!r}))"
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert json.loads(process.stdout.readline())["type"] == "progress"
        process.send_signal(number)
        said = [json.loads(line) for line in process.stdout]
    assert said == [{"type": "cancelled"}] and saved.read_text() == "saved"
