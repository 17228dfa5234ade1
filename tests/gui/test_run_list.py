"""Old runs in the window: compared, exported, looked into, started again."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication, QMessageBox

from gui.cpt_training_tab import CptTrainingTab
from gui.health_line import AdvicePopup
from gui.shell import Shell
from services.project import Project
from services.settings import defaults
from services.training.checkpoint import TrainingRecord, seal, start_record
from services.training.run_facts import differences, facts, hardware, runs_of
from tests.gui.conftest import fill


def write_run(project: Project, losses: list[float], last: dict | None = None, **settings) -> int:
    """The folder of a run as a training leaves it; returns its number."""
    folder = project.start_run("cpt", {**defaults("cpt"), "base_model": "starter", **settings})
    first = settings.get("first_step", 1)
    events = [
        {"type": "metric", "step": step, "loss": loss, "learning_rate": 3e-4, "grad_norm": 0.5}
        for step, loss in enumerate(losses, first)
    ]
    lines = [json.dumps(event) for event in [*events, last or {"type": "result", "value": {"loss": losses[-1]}}]]
    (folder / "events.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return int(folder.name[:4])


@pytest.fixture
def tab(qtbot, project: Project, shell: Shell) -> CptTrainingTab:
    fill(project, ["The mill has 48 wooden teeth."])
    write_run(project, [3.0, 2.5, 2.0], epochs=3)
    write_run(project, [3.0, 2.0], epochs=5, learning_rate=5e-4)
    write_run(project, [3.0], {"type": "failed", "text": "The disk is full."}, epochs=5)
    made = CptTrainingTab(project, shell)
    qtbot.addWidget(made)
    made.resize(1280, 800)
    made.show()
    qtbot.waitUntil(lambda: len(made.runs.all()) == 3)
    settle(qtbot, shell)
    return made


def settle(qtbot, shell: Shell) -> None:
    qtbot.waitUntil(lambda: not shell.threads(), timeout=30_000)


def test_two_runs_are_compared_in_one_plot_with_what_differs(tab, qtbot, shell):
    tab.runs.choose(1, 2)
    qtbot.waitUntil(lambda: tab.plots.names.isVisible())
    assert all(f"000{number}&nbsp;starter" in tab.plots.names.text() for number in (1, 2))
    assert "2 runs compared" in tab.caption.text()
    text = tab.runs.facts.toPlainText()
    assert "Epochs" in text and "5e-4" in text and "LoRA rank" not in text, "only what differs"
    assert not tab.runs.start_button.isEnabled() and tab.runs.export_button.isEnabled()
    # With the keyboard: Shift+Down takes the next run in.
    tab.runs.choose(3)
    tab.runs.table.setFocus()
    qtbot.keyClick(tab.runs.table, Qt.Key.Key_Down, Qt.KeyboardModifier.ShiftModifier)
    assert [run.number for run in tab.runs.chosen()] == [2, 3]
    # A list that is read anew keeps what was chosen.
    tab.runs.refresh()
    settle(qtbot, shell)
    assert sorted(run.number for run in tab.runs.chosen()) == [2, 3]


def test_a_single_run_says_how_it_went_and_with_what(tab, qtbot):
    tab.runs.choose(3)
    qtbot.waitUntil(lambda: "The disk is full." in tab.runs.facts.toPlainText())
    text = tab.runs.facts.toPlainText()
    assert "starter" in text and "Learning rate" in text and "Seed" in text
    tab.resize(700, 800)  # too narrow for both: the button turns from one to the other
    qtbot.waitUntil(lambda: not tab.runs.facts.isVisible())
    assert tab.runs.table.isVisible()
    qtbot.mouseClick(tab.runs.details_button, Qt.MouseButton.LeftButton)
    assert tab.runs.facts.isVisible() and not tab.runs.table.isVisible()


def test_what_a_run_ran_on_is_shown_from_its_folder(tab, qtbot, project, shell):
    session = {
        "started_at": "2026-01-30T10:00:00+00:00", "step": 0, "versions": {"wissenswerk": "1.0", "torch": "2.13.0"},
        "machine": {"system": "Linux", "processor": "EPYC", "cores": 16, "memory_bytes": 2**37, "card": "NVIDIA H200",
                    "card_memory_bytes": 141 * 2**30, "cuda": "13.0"},
        "device": "cuda", "dtype": "bfloat16", "processes": 2,
    }  # fmt: skip
    origin = {
        "phase": "cpt", "seed": 42, "settings": defaults("cpt"), "starts_from": "f" * 64,
        "base_model": {"name": "Qwen/Qwen3-1.7B", "folder": "/models/x", "revision": "c0ffee", "fingerprint": "ab" * 32},
        "data": {"file": "cpt_data.txt", "sha256": "12345678" * 8}, "sessions": [session, {**session, "step": 120}],
    }  # fmt: skip
    number = write_run(project, [2.0], base_model="Qwen/Qwen3-1.7B")
    (project.runs_folder / f"{number:04d}-cpt" / "run.json").write_text(json.dumps(origin), encoding="utf-8")
    tab.runs.refresh()
    qtbot.waitUntil(lambda: len(tab.runs.all()) == number)
    tab.runs.choose(number)
    qtbot.waitUntil(lambda: "c0ffee" in tab.runs.facts.toPlainText())
    text = tab.runs.facts.toPlainText()
    for said in ("Qwen/Qwen3-1.7B", "cpt_data.txt", "123456781234", "torch 2.13.0", "NVIDIA H200, 141 GB · BF16 · 2 processes"):
        assert said in text
    assert tab.hardware.text() == "NVIDIA H200, 141 GB · BF16 · 2 processes"
    assert hardware({}) == ""
    tab.runs.choose(1, number)  # a run of an older program says less, and can be compared all the same
    qtbot.waitUntil(lambda: "Where they differ" in tab.runs.facts.toPlainText())
    assert "c0ffee" in tab.runs.facts.toPlainText()


def test_numbers_and_plot_of_chosen_runs_become_files(tab, qtbot, shell, tmp_path: Path):
    tab.runs.choose(1, 2)
    qtbot.waitUntil(lambda: tab.plots.names.isVisible())
    runs = tab.runs.chosen()
    tab.export_runs.write_table(tab._folders(runs), tmp_path / "runs.csv")
    tab.export_runs.write_picture(tab.plots.picture("runs"), tmp_path / "runs.png")
    settle(qtbot, shell)
    qtbot.waitUntil(lambda: sum(notice.kind == "success" for notice in shell.messages) == 2)
    with open(tmp_path / "runs.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["run"] for row in rows} == {"0001 starter", "0002 starter"} and len(rows) == 5
    assert rows[0]["loss"] == "3.0" and rows[0]["grad_norm"] == "0.5"
    assert QImage(str(tmp_path / "runs.png")).width() > 1000
    tab.export_runs.write_table(tab._folders(runs), tmp_path / "nowhere" / "runs.csv")
    settle(qtbot, shell)
    qtbot.waitUntil(lambda: shell.messages[-1].kind == "error")


def test_a_run_is_started_again_with_its_own_settings(tab, qtbot, shell, monkeypatch):
    asked: list[tuple[str, dict]] = []
    monkeypatch.setattr(shell, "start", lambda name, settings, label: asked.append((name, settings)))
    tab.form.take({"epochs": 9, "seed": 7})
    tab.runs.choose(2)
    qtbot.mouseClick(tab.runs.start_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: bool(asked), timeout=10_000)
    name, settings = asked[0]
    assert name == "cpt" and settings["resume"] is False and settings["base_model"] == "starter"
    assert {key: settings[key] for key in defaults("cpt")} == {**defaults("cpt"), "epochs": 5, "learning_rate": 5e-4}
    assert tab.form.values()["seed"] == 42
    settle(qtbot, shell)


def test_starting_again_asks_before_a_stopped_training_is_given_up(tab, qtbot, project, shell, monkeypatch):
    folder = project.checkpoints_folder / "cpt-0003"
    start_record(folder, TrainingRecord("cpt", 3, defaults("cpt"), "starter", "base", "data"))
    (folder / "checkpoint-120").mkdir()
    seal(folder / "checkpoint-120")
    shell.changed("model")
    asked: list[str] = []
    monkeypatch.setattr(shell, "start", lambda name, settings, label: asked.append(name))
    tab.runs.choose(2)
    for answer, started in ((QMessageBox.ButtonRole.RejectRole, False), (QMessageBox.ButtonRole.AcceptRole, True)):
        qtbot.mouseClick(tab.runs.start_button, Qt.MouseButton.LeftButton)
        box = next(each for each in tab.findChildren(QMessageBox) if each.isVisible())
        next(button for button in box.buttons() if box.buttonRole(button) == answer).click()
        if started:
            qtbot.waitUntil(lambda: bool(asked), timeout=10_000)
        settle(qtbot, shell)
        assert bool(asked) == started


def test_a_run_whose_base_is_gone_is_not_started(tab, qtbot, shell, project):
    write_run(project, [2.0], base_model="/no/such/folder")
    tab.runs.refresh()
    qtbot.waitUntil(lambda: len(tab.runs.all()) == 4)
    tab.runs.choose(4)
    qtbot.mouseClick(tab.runs.start_button, Qt.MouseButton.LeftButton)
    settle(qtbot, shell)
    assert shell.messages[-1].kind == "warning" and not shell.is_busy


def test_a_resumed_run_is_drawn_with_what_went_before(tab, qtbot, project, shell, monkeypatch):
    folder = project.checkpoints_folder / "cpt-0001"
    start_record(folder, TrainingRecord("cpt", 1, defaults("cpt"), "starter", "base", "data"))
    (folder / "checkpoint-2").mkdir()
    seal(folder / "checkpoint-2")
    shell.changed("model")
    asked: list[dict] = []
    monkeypatch.setattr(shell, "start", lambda name, settings, label: asked.append(settings))
    tab.resume()
    assert asked[0]["resume"] is True and asked[0]["continues"] == 1
    first = write_run(project, [3.0, 2.5, 2.2, 2.1], {"type": "cancelled"})
    second = write_run(project, [2.15, 1.9], {"type": "cancelled"}, continues=first, first_step=4)
    third = write_run(project, [1.8], continues=first, first_step=6)
    tab.runs.refresh()
    qtbot.waitUntil(lambda: len(tab.runs.all()) == 6)
    runs = {run.number: run for run in tab.runs.all()}
    assert [run.number for run in runs_of(runs[third], list(runs.values()))] == [first, second, third]
    assert [run.number for run in runs_of(runs[first], list(runs.values()))] == [first]
    tab.runs.choose(third)
    qtbot.waitUntil(lambda: tab.plots.history.points("loss")[1].tolist() == [3.0, 2.5, 2.2, 2.15, 1.9, 1.8])


def test_a_plan_that_takes_long_offers_what_makes_it_faster(tab, qtbot):
    assert not tab.form.slow.isVisible()
    tab.form.plan.estimated.emit(5 * 3600.0)
    assert tab.form.slow.isVisible() and tab.form.slow.button.isVisible()
    qtbot.mouseClick(tab.form.slow.button, Qt.MouseButton.LeftButton)
    popup = next(each for each in QApplication.topLevelWidgets() if isinstance(each, AdvicePopup) and each.isVisible())
    next(button for button in popup.buttons if "1024" in button.text()).click()
    assert tab.form.values()["max_seq_length"] == 1024
    tab.form.plan.estimated.emit(600.0)
    assert not tab.form.slow.isVisible()


def test_in_a_low_window_the_plan_is_scrolled_with_the_settings(tab, qtbot):
    def room() -> int:
        return tab.form._scroll.viewport().height()

    high = room()
    tab.resize(1024, 460)
    qtbot.waitUntil(lambda: tab.form._scroll.isAncestorOf(tab.form.plan))
    assert room() > 150 and tab.form.start_button.isVisible()
    tab.resize(1280, 800)
    qtbot.waitUntil(lambda: not tab.form._scroll.isAncestorOf(tab.form.plan))
    qtbot.waitUntil(lambda: room() == high and tab.form.plan.isVisible())


def test_facts_name_what_differs_from_the_recommended(project):
    write_run(project, [2.0], epochs=9)
    write_run(project, [2.5])
    later, earlier = project.runs("cpt")
    settings = dict(facts(earlier))["Settings"]
    assert [fact.label for fact in settings if fact.is_marked] == ["Epochs"]
    (differing,) = dict(differences([earlier, later]))["Where they differ"]
    assert differing.label == "Epochs" and differing.values == ("9", "3")
    same = dict(differences([later, later]))["Where they differ"]
    assert same[0].values == ("the same", "the same")
