"""The plots: from events to curves and to a sentence, live and from old runs, pointed at, compared and as a picture."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QApplication

from gui import theme
from gui.health_line import AdvicePopup
from gui.plot import line_colors
from gui.training_plots import ShownRun, TrainingPlots
from services.settings import defaults
from services.training.history import MetricHistory


def metrics(count: int, rate: float = 3e-4) -> list[dict]:
    return [
        {
            "type": "metric", "step": step, "loss": 1 + 2 * math.exp(-step / 50), "learning_rate": rate, "grad_norm": 0.5,
            "tokens_per_second": 2000.0, "memory_bytes": 11 * 2**30, "memory_total_bytes": 18 * 2**30,
        }
        for step in range(1, count + 1)
    ]


def run_of(events: list[dict]) -> MetricHistory:
    history = MetricHistory()
    for event in events:
        history.add(event)
    return history


@pytest.fixture
def plots(qtbot) -> TrainingPlots:
    made = TrainingPlots()
    qtbot.addWidget(made)
    made.resize(900, 600)
    made.show()
    return made


def named(plots: TrainingPlots) -> dict[str, list[float]]:
    return {line.name: line.curve[1].tolist() for line in plots.loss.lines}


def test_events_become_curves_numbers_and_words(plots, qtbot):
    assert not plots.sentence.text()
    for event in [
        *metrics(100), {"type": "progress", "done": 1, "total": 2}, {"type": "metric", "step": 100, "validation_loss": 1.4},
        {"type": "metric", "step": 0, "general_loss": 3.0}, {"type": "metric", "step": 100, "general_loss": 3.03},
    ]:  # fmt: skip
        plots.history.add(event)
    plots.redraw_soon()
    qtbot.waitUntil(lambda: "Still learning" in plots.sentence.text())
    assert named(plots)["as measured"][-1] == 1 + 2 * math.exp(-2) and named(plots)["validation"] == [1.4]
    assert plots.memory.value.text() == "11 / 18 GB" and plots.speed.value.text() == "2,000"
    assert plots.gradient.value.text() == "0.50" and plots.forgetting.value.text() == "+1.0 %"
    assert "validation" in plots._legend.text()


def test_smoothing_goes_from_the_raw_loss_to_a_calm_line(plots, qtbot):
    noise = np.random.default_rng(0).normal(size=300)
    plots.show_history(run_of([{"type": "metric", "step": step, "loss": 3 + value} for step, value in enumerate(noise.tolist(), 1)]))

    def unrest() -> float:
        return float(np.abs(np.diff(named(plots)["training"])).mean())

    middle = unrest()
    with qtbot.waitSignal(plots.smoothing_changed):
        plots.smoothing.setValue(plots.smoothing.maximum())
    assert unrest() < 0.5 * middle
    plots.smoothing.setValue(0)
    assert named(plots)["training"] == (3 + noise).tolist() and "as measured" not in named(plots)


def test_an_old_run_is_drawn_again_from_its_file(tmp_path):
    lines = [json.dumps(event) for event in [{"type": "progress", "done": 0, "total": 0}, *metrics(3)]]
    (tmp_path / "events.jsonl").write_text("\n".join([*lines, '{"type": "metric", "st']), encoding="utf-8")
    steps, losses = MetricHistory.read(tmp_path).points("loss")
    assert steps.tolist() == [1, 2, 3] and len(losses) == 3
    assert len(MetricHistory.read(tmp_path / "missing").points("loss")[0]) == 0


def test_a_loss_that_is_no_number_leaves_a_gap(plots):
    plots.show_history(run_of([{"type": "metric", "step": step, "loss": loss} for step, loss in ((1, 2.0), (2, math.nan), (3, 1.0))]))
    assert np.isfinite(named(plots)["training"]).all() and len(named(plots)["as measured"]) == 3


def test_a_very_long_run_is_drawn_with_few_points(plots):
    plots.show_history(run_of([{"type": "metric", "step": step, "loss": 2 + 1 / step} for step in range(1, 50_001)]))
    assert all(len(line.curve[0]) <= 4000 for line in plots.loss.lines)


def test_pointing_at_a_step_names_its_values_in_every_plot(plots, qtbot):
    plots.show_history(run_of([*metrics(100), {"type": "metric", "step": 60, "validation_loss": 1.4}]))
    canvas = plots.loss.canvas
    qtbot.waitUntil(lambda: canvas.getViewBox().viewRange()[0][1] > 99)
    qtbot.mouseMove(canvas.viewport(), QPoint(canvas.viewport().width() // 2, canvas.viewport().height() // 2))
    qtbot.waitUntil(plots.loss.reading.isVisible)
    step = round(plots._step)
    assert 30 < step < 70
    assert f"Step {step}" in plots.loss.reading.text() and "training" in plots.loss.reading.text()
    assert plots.gradient.value.text() == "0.50" and plots.rate.value.text() == "3e-4"
    plots.loss.canvas.pointed.emit(None)
    assert not plots.loss.reading.isVisible() and plots.loss.value.text() == f"{1 + 2 * math.exp(-2):.3f}"


def test_the_keys_point_as_the_mouse_does(plots, qtbot):
    plots.show_history(run_of(metrics(100)))
    canvas = plots.loss.canvas
    canvas.setFocus(Qt.FocusReason.TabFocusReason)
    qtbot.keyClick(canvas, Qt.Key.Key_End)
    assert plots._step == 100 and "Step 100" in plots.loss.reading.text()
    qtbot.keyClick(canvas, Qt.Key.Key_Left)
    assert plots._step == 99
    qtbot.keyClick(canvas, Qt.Key.Key_Home)
    assert plots._step == 1
    qtbot.keyClick(canvas, Qt.Key.Key_Escape)
    assert plots._step is None and not plots.loss.reading.isVisible()


def test_several_runs_lie_over_each_other_with_names_dashes_and_marks(plots):
    validation = {"type": "metric", "step": 50, "validation_loss": 1.4}
    runs = [ShownRun(f"000{number} small", run_of([*metrics(40 * number), validation])) for number in (1, 2, 3)]
    plots.show_runs(runs)
    assert [name for name in named(plots) if "validation" not in name] == ["0001 small", "0002 small", "0003 small"]
    looks = {(line.color, line.dash) for line in plots.loss.lines[::2]}
    assert len(looks) == 3 and len({line.symbol for line in plots.loss.lines[1::2]}) == 3
    assert all(f"000{number}" in plots.names.text() for number in (1, 2, 3)) and plots.names.isVisible()
    assert not plots.health.isVisible() and len(plots.rate.lines) == 3
    plots.show_history(run_of(metrics(10)))
    assert not plots.names.isVisible() and plots.health.isVisible()


def test_a_picture_has_a_size_of_its_own_and_the_curves(plots):
    plots.show_history(run_of(metrics(100)))
    picture = plots.picture("Run 0001")
    assert picture.width() >= 2000 and picture.height() >= 1400
    accent = plots.palette().color(QPalette.ColorRole.Accent)
    colors = {picture.pixelColor(x, y).name() for x in range(0, picture.width(), 7) for y in range(picture.height() // 3)}
    assert accent.name() in colors


def test_colours_follow_the_palette_and_can_be_told_apart(plots):
    dark = theme.palette(theme.DARK)
    dark.setColor(QPalette.ColorRole.Text, QColor("#ffffff"))
    plots.setPalette(dark)
    assert plots.loss.canvas.getAxis("left").textPen().color().name() == "#ffffff"
    for scheme in (theme.LIGHT, theme.DARK):
        palette = theme.palette(scheme)
        colors = line_colors(palette)
        assert len({color.name() for color in colors}) == len(colors) == 6
        assert all(contrast(color, QColor(theme.LIGHT.base if scheme is theme.LIGHT else theme.DARK.raised)) >= 4.5 for color in colors)


def contrast(one: QColor, other: QColor) -> float:
    """WCAG 2.1, section 1.4.3."""

    def luminance(color: QColor) -> float:
        parts = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in color.getRgbF()[:3]]
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]

    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_what_helps_is_one_click_away_and_sets_the_settings(qtbot):
    plots = TrainingPlots("sft")
    qtbot.addWidget(plots)
    plots.health.settings = lambda: {**defaults("sft"), "epochs": 5}
    plots.show()
    events = metrics(60)
    events += [{"type": "metric", "step": step, "validation_loss": loss} for step, loss in ((20, 1.5), (40, 1.3), (60, 1.5))]
    plots.show_history(run_of(events))
    assert "memorise" in plots.sentence.text() and plots.health.button.isVisible()
    qtbot.mouseClick(plots.health.button, Qt.MouseButton.LeftButton)
    popup = next(widget for widget in QApplication.topLevelWidgets() if isinstance(widget, AdvicePopup) and widget.isVisible())
    assert [button.text() for button in popup.buttons] == ["Set Epochs to 2", "Set Learning rate to 1e-4"]
    with qtbot.waitSignal(plots.settings_suggested) as suggested:
        qtbot.keyClick(popup.buttons[0], Qt.Key.Key_Space)
    assert suggested.args == [{"epochs": 2}]
