"""All cards of a machine, and trainings that go elsewhere and come home, from the window."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtCore import Qt

from gui.cpt_training_tab import CptTrainingTab
from gui.elsewhere import PackDialog
from gui.shell import Outcome, Shell
from services.project import Project
from services.training import launch
from tests.gui.conftest import fill
from tests.tiny_models import SENTENCES

QUICK = {"epochs": 1, "max_seq_length": 16, "batch_size": 2, "lora_rank": 4, "device": "cpu", "watch_forgetting": False}


def settle(qtbot, shell: Shell) -> None:
    qtbot.waitUntil(lambda: not shell.threads(), timeout=60_000)


def make_tab(qtbot, project: Project, shell: Shell) -> CptTrainingTab:
    tab = CptTrainingTab(project, shell)
    qtbot.addWidget(tab)
    tab.resize(1280, 700)
    tab.show()
    settle(qtbot, shell)
    return tab


@pytest.fixture
def cards(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A machine with as many cards as there are folders in here."""
    monkeypatch.setattr(launch, "_CARDS", tmp_path / "cards")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    return tmp_path / "cards"


def test_all_cards_are_offered_where_there_are_several(qtbot, project: Project, shell: Shell, cards: Path) -> None:
    one = make_tab(qtbot, project, shell)
    one.form.form.more_button.setChecked(True)
    assert not one.all_cards.isVisible() and not one.form.form.fields["processes"].editor.isVisible()
    one.form.take({"processes": 2})  # as an old run on a larger machine was started
    assert one.form.form.fields["processes"].editor.isVisible()

    for number in range(4):
        (cards / str(number)).mkdir(parents=True)
    several = make_tab(qtbot, project, shell)
    assert several.all_cards.isVisible() and several.all_cards.text() == "Use all 4 graphics cards"
    several.all_cards.setChecked(True)
    assert several.job_settings()["processes"] == 4
    several.form.take({"processes": 2})
    assert not several.all_cards.isChecked() and several.job_settings()["processes"] == 2
    several.all_cards.setChecked(True)
    several.form.reset_button.click()
    assert not several.all_cards.isChecked() and several.job_settings()["processes"] == 1


def test_only_the_cards_that_may_be_used_count(cards: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert launch.graphics_card_count() == 0
    for number in range(4):
        (cards / str(number)).mkdir(parents=True)
    assert launch.graphics_card_count() == 4
    for value, count in (("0,2", 2), ("", 0), ("-1", 0), ("3", 1)):
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", value)
        assert launch.graphics_card_count() == count


def test_a_training_goes_elsewhere_and_comes_home(qtbot, project: Project, shell: Shell, tmp_path: Path) -> None:
    fill(project, list(SENTENCES) * 3)
    tab = make_tab(qtbot, project, shell)
    tab.form.take(QUICK)
    outcomes: list[Outcome] = []
    shell.job_ended.connect(outcomes.append)
    tab.elsewhere.pack_action.trigger()
    dialog = tab.findChild(PackDialog)
    assert dialog.isVisible() and "the text of your documents" in dialog.leaves.text()
    dialog.folder.setText(str(tmp_path / "there"))
    assert "The base model goes along" in dialog.leaves.text() and not dialog.with_base.isVisible()  # the starter does
    with qtbot.waitSignal(dialog.accepted):
        qtbot.mouseClick(dialog.pack_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: len(outcomes) == 1, timeout=120_000)
    assert outcomes[0].state == "succeeded", outcomes[0].text
    assert str(tmp_path / "there") in shell.messages[-1].text

    there = tmp_path / "there"
    done = subprocess.run(
        [sys.executable, str(there / "program" / "main.py"), "cpt", str(there)], capture_output=True, text=True, timeout=400
    )
    assert done.returncode == 0, done.stderr
    tab.elsewhere.bring_back(there / "result.zip")
    qtbot.waitUntil(lambda: len(outcomes) == 2, timeout=120_000)
    assert outcomes[1].state == "succeeded", outcomes[1].text
    settle(qtbot, shell)
    assert "has read your documents" in shell.messages[-1].text
    qtbot.waitUntil(lambda: bool(tab.runs.current()) and tab.runs.current().state == "finished", timeout=30_000)
    qtbot.waitUntil(lambda: len(tab.plots.history.points("loss")[0]) > 0, timeout=30_000)
    settle(qtbot, shell)

    tab.elsewhere.bring_back(there / "result.zip")
    qtbot.waitUntil(lambda: len(outcomes) == 3, timeout=120_000)
    assert outcomes[2].state == "failed" and "in the project already" in outcomes[2].text
    settle(qtbot, shell)
