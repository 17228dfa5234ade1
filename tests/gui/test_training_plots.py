"""The plots: from events to curves and to a sentence, live and from an old run."""

import json
import math

import numpy as np
from PySide6.QtGui import QColor, QPalette

from gui.training_plots import MetricHistory, TrainingPlots, curve_colours
from gui.training_trend import describe_trend


def metrics(count: int) -> list[dict]:
    return [
        {
            "type": "metric", "step": step, "loss": 1 + 2 * math.exp(-step / 50), "learning_rate": 3e-4,
            "tokens_per_second": 2000.0, "memory_bytes": 11 * 2**30, "memory_total_bytes": 18 * 2**30,
        }
        for step in range(1, count + 1)
    ]


def test_events_become_curves_and_words(qtbot):
    plots = TrainingPlots()
    qtbot.addWidget(plots)
    plots.show()
    assert not plots.sentence.text()
    for event in [
        *metrics(100), {"type": "progress", "done": 1, "total": 2}, {"type": "metric", "step": 100, "validation_loss": 1.4}
    ]:
        plots.history.add(event)
    plots.redraw_soon()
    qtbot.waitUntil(lambda: "Still learning" in plots.sentence.text())
    steps, values = plots._curves["raw"].getOriginalDataset()
    assert list(steps) == list(range(1, 101)) and values[-1] == 1 + 2 * math.exp(-2)
    assert plots._curves["held out"].getOriginalDataset()[1].tolist() == [1.4]
    assert plots.memory.value.text() == "11.0 of 18 GB"
    assert plots.speed.value.text() == "2,000"


def test_an_old_run_is_drawn_again_from_its_file(tmp_path):
    lines = [json.dumps(event) for event in [{"type": "progress", "done": 0, "total": 0}, *metrics(3)]]
    (tmp_path / "events.jsonl").write_text("\n".join([*lines, '{"type": "metric", "st']), encoding="utf-8")
    steps, losses = MetricHistory.read(tmp_path).points("loss")
    assert steps.tolist() == [1, 2, 3] and len(losses) == 3
    assert len(MetricHistory.read(tmp_path / "missing").points("loss")[0]) == 0


def test_a_loss_that_is_no_number_leaves_a_gap(qtbot):
    plots = TrainingPlots()
    qtbot.addWidget(plots)
    plots.history.add({"type": "metric", "step": 1, "loss": 2.0})
    plots.history.add({"type": "metric", "step": 2, "loss": math.nan})
    plots.history.add({"type": "metric", "step": 3, "loss": 1.0})
    plots.redraw()
    assert np.isfinite(plots.history.points("smooth_loss")[1]).all()


def test_the_sentence_says_what_the_curve_does():
    none = np.array([])
    assert "Too early" in describe_trend(np.array([3.0, 2.0]), none)
    assert "Levelled off" in describe_trend(np.full(200, 1.0), none)
    assert "Loss rose" in describe_trend(np.linspace(1, 3, 200), none)
    falling = np.linspace(3, 1, 200)
    assert "Still learning" in describe_trend(falling, np.array([2.5, 2.0]))
    assert "by heart" in describe_trend(falling, np.array([2.5, 2.0, 2.4]))


def test_colours_follow_the_palette(qtbot):
    plots = TrainingPlots()
    qtbot.addWidget(plots)
    dark = QPalette(plots.palette())
    dark.setColor(QPalette.ColorRole.Base, QColor("#101418"))
    dark.setColor(QPalette.ColorRole.Text, QColor("#ffffff"))
    plots.setPalette(dark)
    assert plots.loss.canvas.getAxis("left").textPen().color().name() == "#ffffff"
    assert curve_colours(dark)[1] != curve_colours(QPalette(QColor("#ffffff")))[1]
