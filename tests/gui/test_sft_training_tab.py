"""Tab 4: what must be there first, variants by name, and a real export of a final model."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt

from gui.sft_training_tab import SftTrainingTab
from gui.shell import Outcome, Shell
from services.knowledge_base.pairs import NewPair
from services.project import Project
from tests.gui.conftest import fill
from tests.gui.test_chat_panel import give_models


def make_tab(qtbot, project: Project, shell: Shell) -> SftTrainingTab:
    tab = SftTrainingTab(project, shell)
    qtbot.addWidget(tab)
    tab.resize(1280, 800)
    tab.show()
    qtbot.waitUntil(lambda: not shell.threads(), timeout=30_000)
    return tab


def test_what_is_missing_is_said_in_order_with_the_way_on(qtbot, project: Project, shell: Shell, starter_model: Path):
    fill(project, ["The mill has 48 wooden teeth."])
    tab = make_tab(qtbot, project, shell)
    with qtbot.waitSignal(shell.tab_requested) as asked:
        qtbot.mouseClick(tab.form.need.button, Qt.MouseButton.LeftButton)
    assert asked.args == ["cpt"] and "No CPT model" in tab.form.need.text.text()
    give_models(project, starter_model)
    shell.changed("model")
    with qtbot.waitSignal(shell.tab_requested) as asked:
        qtbot.mouseClick(tab.form.need.button, Qt.MouseButton.LeftButton)
    assert asked.args == ["generate"] and not tab.form.start_button.isEnabled()
    shell.knowledge_base.add_pairs("sft_data", [NewPair("How many teeth?", "48.")])
    shell.changed("pair")
    assert tab.form.start_button.isEnabled() and not tab.form.need.isVisible()
    # A changed chunk makes the CPT model stale: said, but it can be trained on.
    chunk = shell.knowledge_base.chunk_ids()[0]
    shell.knowledge_base.edit_chunk(chunk, "The mill has 50 wooden teeth.")
    shell.changed("chunk", "pair")
    assert "out of date" in tab.form.need.text.text() and tab.form.start_button.isEnabled()
    qtbot.waitUntil(lambda: not shell.threads(), timeout=30_000)


def test_a_second_dataset_makes_a_second_model(qtbot, project: Project, shell: Shell, starter_model: Path):
    give_models(project, starter_model, "final")
    for dataset in ("sft_data", "formal"):
        shell.knowledge_base.add_pairs(dataset, [NewPair("How many teeth?", "48.")])
    tab = make_tab(qtbot, project, shell)
    assert (tab.job_settings()["dataset"], tab.job_settings()["name"]) == ("sft_data", "final")
    assert "takes its place" in tab.variant.note.text()
    tab.variant.dataset.setCurrentIndex(tab.variant.dataset.findData("formal"))
    assert (tab.job_settings()["dataset"], tab.job_settings()["name"]) == ("formal", "formal")
    tab.variant.name.setText("teacher")
    assert tab.job_settings()["name"] == "teacher" and "models/teacher" in tab.variant.note.text()
    for name in ("cpt", "a/b"):
        tab.variant.name.setText(name)
        assert not tab.form.start_button.isEnabled() and name in tab.form.need.text.text()
    qtbot.waitUntil(lambda: not shell.threads(), timeout=30_000)


def test_a_final_model_is_exported(qtbot, project: Project, shell: Shell, starter_model: Path):
    give_models(project, starter_model, "final")
    tab = make_tab(qtbot, project, shell)
    panel = tab.export
    tab.pages.setCurrentIndex(2)
    assert not panel.quantization.isEnabled() and not panel.open_button.isVisible()
    outcomes: list[Outcome] = []
    shell.job_ended.connect(outcomes.append)
    qtbot.mouseClick(panel.export_button, Qt.MouseButton.LeftButton)
    assert not panel.export_button.isEnabled()
    qtbot.waitUntil(lambda: bool(outcomes), timeout=600_000)
    qtbot.waitUntil(lambda: not shell.threads(), timeout=30_000)
    assert outcomes[0].state == "succeeded", outcomes[0].text
    assert list(project.exports_folder.glob("safetensors_*/model.safetensors"))
    assert panel.open_button.isVisible() and "safetensors_" in panel.done_text.text()
    assert shell.messages[-1].kind == "success"


def test_without_a_final_model_there_is_nothing_to_export(qtbot, project: Project, shell: Shell):
    tab = make_tab(qtbot, project, shell)
    tab.pages.setCurrentIndex(2)
    assert not tab.export.export_button.isEnabled() and tab.export.need.isVisible()
