"""Tab 2: one real training of the starter model from the tab, and what stands there before and after."""

from __future__ import annotations

import json

import pytest
from PySide6.QtCore import Qt

from gui.cpt_training_tab import CptTrainingTab
from gui.shell import Outcome, Shell
from services.project import Project
from services.settings import defaults
from services.training.checkpoint import TrainingRecord, seal, start_record
from tests.gui.conftest import fill
from tests.tiny_models import SENTENCES

FEW_STEPS = {"epochs": 2, "max_seq_length": 16, "batch_size": 2, "lora_rank": 4, "validation_share": 0.2, "device": "cpu"}


def make_tab(qtbot, project: Project, shell: Shell) -> CptTrainingTab:
    tab = CptTrainingTab(project, shell)
    qtbot.addWidget(tab)
    tab.resize(1280, 700)
    tab.show()
    settle(qtbot, shell)
    return tab


def settle(qtbot, shell: Shell) -> None:
    qtbot.waitUntil(lambda: not shell.threads(), timeout=30_000)


def write_run(project: Project, last: dict | None, losses: list[float]) -> None:
    """The folder of a run as a training leaves it."""
    folder = project.start_run("cpt", {"base_model": "starter", "epochs": 7})
    events = [{"type": "metric", "step": step, "loss": loss, "tokens_per_second": 500.0} for step, loss in enumerate(losses, 1)]
    lines = [json.dumps(event) for event in [*events, *([last] if last else [])]]
    (folder / "events.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")


def test_a_training_draws_its_curves_and_leaves_a_model(qtbot, project: Project, shell: Shell):
    fill(project, list(SENTENCES))
    tab = make_tab(qtbot, project, shell)
    assert tab.base_model.value() == "starter"
    tab.form.take(FEW_STEPS)
    assert "parameters" in tab.base_model.info.text()
    qtbot.waitUntil(lambda: "tokens" in tab.form.plan.size.text(), timeout=10_000)
    outcomes: list[Outcome] = []
    shell.job_ended.connect(outcomes.append)
    qtbot.mouseClick(tab.form.start_button, Qt.MouseButton.LeftButton)
    assert shell.is_busy and not tab.form.start_button.isEnabled()
    assert "running" in tab.caption.text()
    qtbot.waitUntil(lambda: bool(outcomes), timeout=600_000)
    assert outcomes[0].state == "succeeded", outcomes[0].text
    settle(qtbot, shell)
    steps, losses = tab.plots.history.points("loss")
    assert steps[-1] == outcomes[0].result["steps"] and (losses > 0).all()
    assert len(tab.plots.history.points("validation_loss")[0])
    assert (project.cpt_model_folder / "adapter_model.safetensors").exists()
    qtbot.waitUntil(lambda: tab.runs.current() is not None and tab.runs.current().state == "finished", timeout=10_000)
    assert shell.messages[-1].kind == "success"
    # The same run, read back from its folder in a new window, looks the same.
    again = make_tab(qtbot, project, shell)
    qtbot.waitUntil(lambda: list(again.plots.history.points("loss")[1]) == list(losses), timeout=10_000)
    assert again.form.values()["epochs"] == 2


def test_an_empty_project_shows_the_way_on(qtbot, project: Project, shell: Shell):
    tab = make_tab(qtbot, project, shell)
    assert not tab.form.start_button.isEnabled() and "No chunks" in tab.form.need.text.text()
    with qtbot.waitSignal(shell.tab_requested) as asked:
        qtbot.mouseClick(tab.form.need.button, Qt.MouseButton.LeftButton)
    assert asked.args == ["ingest"]
    fill(project, ["The mill has 48 wooden teeth."])
    shell.changed("chunk")
    assert tab.form.start_button.isEnabled() and not tab.form.need.isVisible()
    settle(qtbot, shell)


@pytest.mark.parametrize("choice", ["nowhere/at-all", "/no/such/folder", ""])
def test_a_model_that_cannot_be_had_is_said_before_the_start(qtbot, project: Project, shell: Shell, choice: str):
    fill(project, ["The mill has 48 wooden teeth."])
    tab = make_tab(qtbot, project, shell)
    tab.base_model.combo.setCurrentText(choice)
    assert not tab.form.start_button.isEnabled() and tab.form.need.text.text()
    settle(qtbot, shell)


def test_old_runs_show_their_curves_their_end_and_their_settings(qtbot, project: Project, shell: Shell):
    fill(project, ["The mill has 48 wooden teeth."])
    write_run(project, {"type": "failed", "text": "The disk is full."}, [3.0, 2.5])
    write_run(project, {"type": "result", "value": {"loss": 2.0}}, [3.0, 2.5, 2.0])
    tab = make_tab(qtbot, project, shell)
    qtbot.waitUntil(lambda: len(tab.plots.history.points("loss")[0]) == 3)
    assert tab.form.values()["epochs"] == 7  # as last time
    assert "speed of run 0002" in tab.form.plan.time.text() or tab.form.plan.time.text()
    tab.form.reset_button.click()
    assert tab.form.values() == defaults("cpt") and not tab.form.reset_button.isVisible()
    tab.runs.choose(1)
    qtbot.waitUntil(lambda: len(tab.plots.history.points("loss")[0]) == 2)
    qtbot.waitUntil(lambda: "The disk is full." in tab.plots.sentence.text())
    assert "failed" in tab.caption.text()
    qtbot.mouseClick(tab.runs.settings_button, Qt.MouseButton.LeftButton)
    assert tab.form.values()["epochs"] == 7
    settle(qtbot, shell)


def test_a_stopped_training_can_go_on(qtbot, project: Project, shell: Shell):
    fill(project, ["The mill has 48 wooden teeth."])
    folder = project.checkpoints_folder / "cpt-0001"
    start_record(folder, TrainingRecord("cpt", 1, defaults("cpt"), "starter", "base", "data"))
    (folder / "checkpoint-120").mkdir()
    seal(folder / "checkpoint-120")
    tab = make_tab(qtbot, project, shell)
    assert tab.form.start_button.text() == "Resume at step 120" and tab.form.anew_button.isVisible()
    with qtbot.waitSignal(tab.form.resume_wanted):
        tab.form.resume_wanted.disconnect(tab.resume)
        qtbot.mouseClick(tab.form.start_button, Qt.MouseButton.LeftButton)
