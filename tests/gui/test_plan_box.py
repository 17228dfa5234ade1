"""The plan in the window: what a training takes, whether it fits, and the buttons that change what does not."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QToolTip

from gui.plan_box import PlanBox
from gui.shell import Shell
from services.project import Project
from services.settings import defaults
from services.training import need
from services.training.need import Machine
from tests.gui.conftest import fill

GB = 2**30


@pytest.fixture
def make_box(qtbot, project: Project, shell: Shell, monkeypatch: pytest.MonkeyPatch) -> Callable[..., PlanBox]:
    """A box with the plan of a model on a computer with so much free memory; None: nobody knows."""

    def make(model: str, free_gb: float, **settings) -> PlanBox:
        monkeypatch.setattr(need, "look", lambda _wanted: Machine("cpu", "float32", int(free_gb * GB), 1e11))
        box = PlanBox("cpt", shell)
        qtbot.addWidget(box)
        box.resize(360, 200)
        box.show()
        assert "Nothing" not in box.size.text()  # nobody has looked yet
        box.refresh({**defaults("cpt"), "base_model": model, **settings})
        # The thread of the plan, and then its answer.
        qtbot.waitUntil(lambda: bool(box._plan) and not shell.threads(), timeout=10_000)
        return box

    return make


def test_what_fits_says_so_by_part(qtbot, project: Project, make_box: Callable[..., PlanBox]):
    fill(project, ["The mill has 48 wooden teeth. " * 400])
    box = make_box("Qwen/Qwen2.5-0.5B", 32)
    assert box.memory.text().endswith("of 25.6 GB: fits") and box.fit_button.isHidden()
    assert "by this computer's speed" in box.time.text()
    for part in ("Weights", "Intermediate results", "On the disk", "tokens at once"):
        assert part in box.memory.toolTip()
    qtbot.mouseClick(box.parts_button, Qt.MouseButton.LeftButton)
    assert "Weights" in QToolTip.text()
    QToolTip.hideText()


def test_what_does_not_fit_is_changed_with_one_click(qtbot, project: Project, make_box: Callable[..., PlanBox]):
    fill(project, ["The mill has 48 wooden teeth. " * 4000])
    box = make_box("Qwen/Qwen2.5-0.5B", 4.2)
    assert "does not fit" in box.memory.text() and "computing twice" in box.fit_button.text()
    with qtbot.waitSignal(box.settings_suggested) as asked:
        qtbot.mouseClick(box.fit_button, Qt.MouseButton.LeftButton)
    (changes,) = asked.args
    assert set(changes) == {"gradient_checkpointing", "max_seq_length"}
    mended = make_box("Qwen/Qwen2.5-0.5B", 4.2, **changes)
    assert mended.memory.text().endswith(": fits") and mended.fit_button.isHidden()


def test_what_cannot_fit_asks_for_a_smaller_model(project: Project, make_box: Callable[..., PlanBox]):
    fill(project, ["The mill has 48 wooden teeth."])
    box = make_box("Qwen/Qwen2.5-7B", 4)
    assert "Choose a smaller base model" in box.memory.text() and box.fit_button.isHidden()


def test_a_model_that_is_not_here_is_planned_as_far_as_can_be(project: Project, make_box: Callable[..., PlanBox]):
    fill(project, ["The mill has 48 wooden teeth."])
    box = make_box("nobody/nothing", 4)
    assert "steps" in box.size.text() and "not here yet" in box.memory.text() and box.parts_button.isHidden()


def test_little_text_gets_a_batch_that_suits_it(qtbot, project: Project, make_box: Callable[..., PlanBox]):
    fill(project, ["The mill has 48 wooden teeth."])
    box = make_box("starter", 16)
    assert "wordings 8, batch 2" in box.suggest_button.text() and "batch of 2" in box.warning.text()
    with qtbot.waitSignal(box.settings_suggested) as asked:
        qtbot.mouseClick(box.suggest_button, Qt.MouseButton.LeftButton)
    assert asked.args[0]["batch_size"] == 2


def test_nothing_to_learn_from_needs_no_memory(make_box: Callable[..., PlanBox]):
    box = make_box("starter", 16)
    assert "Nothing to learn" in box.size.text() and box.memory.isHidden() and box.parts_button.isHidden()


def test_what_nobody_looks_at_is_planned_when_somebody_does(qtbot, project: Project, shell: Shell, make_box: Callable[..., PlanBox]):
    fill(project, ["The mill has 48 wooden teeth. " * 400])
    box = make_box("Qwen/Qwen2.5-0.5B", 32)
    before = box._plan
    box.hide()
    box.refresh({**box._settings, "epochs": 7})
    qtbot.waitUntil(lambda: not box._timer.isActive() and not shell.threads(), timeout=10_000)
    assert box._plan is before
    box.show()
    qtbot.waitUntil(lambda: box._plan is not before and not shell.threads(), timeout=10_000)
    assert box._plan["steps"] > before["steps"]
