"""A training whose process the system ends goes on by itself, with less at once; one that we end does not."""

import os
import threading
from pathlib import Path
from typing import Any

import psutil
import pytest

from services.errors import Cancelled
from services.jobs import ChildDied, read_events
from services.project import Project
from services.training.at_once import AtOnce
from services.training.history import MetricHistory
from services.training.restart import MOST_RESTARTS, TrainingChild
from tests.training.conftest import quick

pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals")


def make_child(project: Project, tiny_model: Path, **more: Any) -> TrainingChild:
    values = {
        **quick("cpt", epochs=30, max_seq_length=16, watch_forgetting=False, save_every_minutes=0.05),
        "project": str(project.folder), "base_model": str(tiny_model), "resume": False, **more,
    }  # fmt: skip
    return TrainingChild("cpt", values, project.start_run("cpt", values))


def checkpoints(project: Project) -> list[Path]:
    return list(project.checkpoints_folder.glob("cpt-*/checkpoint-*"))


def test_a_killed_training_goes_on_with_half_at_once(text_project: Project, tiny_model: Path) -> None:
    """Killed once before a checkpoint and once after it."""
    child, events, kills = make_child(text_project, tiny_model), [], []

    def emit(event: dict[str, Any]) -> None:
        events.append(event)
        is_due = event.get("step", 0) >= 1 if not kills else len(kills) == 1 and checkpoints(text_project)
        if is_due and "loss" in event:
            kills.append(event["step"])
            psutil.Process(child._process.pid).kill()

    result = child.run(emit, threading.Event())

    said = [event["text"] for event in events if event["type"] == "warning" and "system ended" in event["text"]]
    assert len(kills) == len(said) == 2
    assert "It begins again with half as much text at once, 32 tokens" in said[0]
    assert "It goes on from step" in said[1] and "16 tokens" in said[1]
    steps, _losses = MetricHistory.read(child.folder).points("loss")
    assert list(steps) == sorted(set(steps)) and steps[-1] == result["steps"]
    archived = [event["text"] for event in read_events(child.folder) if event["type"] == "warning"]
    assert set(said) <= set(archived)
    assert result["run"] == 1 and text_project.runs("cpt")[0].state == "finished"


def test_one_that_is_stopped_or_killed_by_us_is_not_started_again(text_project: Project, tiny_model: Path) -> None:
    for act in (lambda child, cancelled: child.kill(), lambda child, cancelled: cancelled.set()):
        child, cancelled, pids = make_child(text_project, tiny_model), threading.Event(), set()

        def emit(event: dict[str, Any], act: Any = act, child: Any = child, cancelled: Any = cancelled, pids: Any = pids) -> None:
            pids.add(child._process.pid)
            if "loss" in event:
                act(child, cancelled)

        with pytest.raises(Cancelled):
            child.run(emit, cancelled)
        assert len(pids) == 1


def test_it_is_given_up_where_nothing_is_left_to_lower(text_project: Project, tiny_model: Path) -> None:
    child, starts = make_child(text_project, tiny_model), set()

    def emit(event: dict[str, Any]) -> None:
        if "loss" in event:
            starts.add(child._process.pid)
            psutil.Process(child._process.pid).kill()

    with pytest.raises(ChildDied, match="memory was full"):
        child.run(emit, threading.Event())
    assert 2 <= len(starts) <= 1 + MOST_RESTARTS


def test_half_and_half_again_until_every_row_is_alone() -> None:
    at_once, seen = AtOnce(1024, 0, 300, 8), []
    while (at_once := at_once.lowered()) is not None:
        seen.append((at_once.tokens, at_once.recomputed))
    assert seen == [(512, 0), (300, 0), (300, 8)]
    assert AtOnce(16384, 0, 300, 8).lowered(largest=1000).tokens == 500
    assert AtOnce(512, 2, 300, 8).at_most(AtOnce(1024, 8, 300, 8)) == AtOnce(512, 8, 300, 8)
