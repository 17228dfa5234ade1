"""What a run leaves behind in numbers: read back, made smooth, thinned out, written as a table."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from services.jobs import read_events
from services.project import Project
from services.training.history import MetricHistory, smoothed, thinned, write_csv


def write_events(folder: Path, events: list[dict], tail: str = "") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "events.jsonl").write_text("".join(json.dumps(event) + "\n" for event in events) + tail, encoding="utf-8")
    return folder


def metric(step: int, **values: float) -> dict:
    return {"type": "metric", "step": step, **values}


def test_a_history_has_the_steps_that_count(tmp_path: Path) -> None:
    events = [
        {"type": "progress", "done": 0, "total": 6, "text": "", "at": 1.0},
        {"type": "metric", "step": 1, "loss": 3.0, "learning_rate": 0.1, "at": 2.0},
        metric(2, loss=2.5, learning_rate=0.1),
        metric(2, validation_loss=2.6),
        metric(3, loss=9.9, learning_rate=0.1),  # lost in a crash
        metric(3, loss=2.0, learning_rate=0.1),
        {"type": "result", "value": {}},
    ]
    history = MetricHistory.read(write_events(tmp_path, events, tail='{"type": "met'))
    assert {name: [part.tolist() for part in history.points(name)] for name in history.names} == {
        "loss": [[1, 2, 3], [3.0, 2.5, 2.0]], "validation_loss": [[2], [2.6]], "learning_rate": [[1, 2, 3], [0.1] * 3],
    }  # fmt: skip
    assert history.step == 3 and history.last("loss") == 2.0
    assert MetricHistory.read(tmp_path / "nowhere").names == []


def test_a_run_that_was_resumed_is_one_curve(tmp_path: Path) -> None:
    first = write_events(tmp_path / "1", [metric(step, loss=float(step)) for step in range(1, 8)])
    second = write_events(tmp_path / "2", [metric(step, loss=10.0 + step) for step in range(5, 9)])
    steps, losses = MetricHistory.read(first, second).points("loss")
    assert steps.tolist() == list(range(1, 9)) and losses[3:5].tolist() == [4.0, 15.0]


def test_a_thinned_curve_keeps_its_peaks_and_its_ends() -> None:
    steps, values = np.arange(1.0, 100_001), np.random.default_rng(0).normal(size=100_000)
    values[31_234] = 50.0
    thin_steps, thin_values = thinned((steps, values))
    assert len(thin_steps) <= 4000 and thin_values.max() == 50.0 and thin_values.min() == values.min()
    assert (np.diff(thin_steps) > 0).all() and thin_steps[-1] > 99_900
    few = (steps[:10], values[:10])
    assert thinned(few) is few


@pytest.mark.parametrize("count", [40, 1500, 100_000])
def test_a_smooth_curve_follows_the_truth_closer_than_the_raw_one(count: int) -> None:
    steps = np.arange(1.0, count + 1)
    truth = 2 + np.exp(-steps / count * 4)
    values = truth + np.random.default_rng(0).normal(scale=0.2, size=count)
    smooth_steps, smooth = smoothed((steps, values), 0.03)
    error = np.abs(smooth - np.interp(smooth_steps, steps, truth)).mean()
    assert error < 0.7 * np.abs(values - truth).mean()
    raw_steps, raw = smoothed((steps, values), 0)
    assert raw.tolist() == values.tolist() and raw_steps.tolist() == steps.tolist()


def test_a_loss_that_is_no_number_is_a_gap_in_the_smooth_curve() -> None:
    steps, values = smoothed((np.arange(1.0, 6), np.array([2.0, np.nan, 1.0, np.inf, 1.0])), 0.1)
    assert steps.tolist() == [1.0, 3.0, 5.0] and np.isfinite(values).all()


def test_every_number_of_several_runs_stands_in_one_table(tmp_path: Path) -> None:
    runs = []
    for name, rate in (("0001", 0.1), ("0002", 0.2)):
        history = MetricHistory()
        for event in (metric(1, loss=3.0, learning_rate=rate), metric(2, loss=2.0, learning_rate=rate), metric(2, validation_loss=2.5)):
            history.add(event)
        runs.append((name, history))
    write_csv(tmp_path / "curves.csv", runs)
    with open(tmp_path / "curves.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["run", "step", "loss", "validation_loss", "learning_rate"]
    assert [(row["run"], row["step"]) for row in rows] == [("0001", "1"), ("0001", "2"), ("0002", "1"), ("0002", "2")]
    assert rows[3]["validation_loss"] == "2.5" and rows[0]["validation_loss"] == "" and rows[3]["learning_rate"] == "0.2"
    assert [path.name for path in tmp_path.iterdir()] == ["curves.csv"]


def test_the_state_of_a_long_run_is_read_from_its_end(project: Project) -> None:
    folder = project.start_run("cpt", {})
    events = [metric(step, loss=1.0, epoch=step / 1e6, text="ü" * 40) for step in range(1, 5000)]
    write_events(folder, [*events, metric(5000, loss=0.5), {"type": "result", "value": {"steps": 5000}}])
    record = project.runs("cpt")[0]
    assert (record.state, record.metric["loss"], record.result) == ("finished", 0.5, {"steps": 5000})
    end = list(read_events(folder, last_bytes=2000))
    assert 0 < len(end) < 100 and end[-1]["type"] == "result"
