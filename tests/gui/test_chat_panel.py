"""The chat: a real child that holds the starter model under the name of a final one."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication

from gui.chat_message import Answer
from gui.chat_panel import ChatPanel
from gui.shell import Shell
from services.knowledge_base.pairs import NewPair
from services.models.provenance import write_provenance
from services.project import Project

LOADING_MS = 600_000  # torch is imported on a busy machine


def give_models(project: Project, starter_model: Path, *finals: str) -> None:
    """A project after both trainings, as far as the lists can see; the final models are copies of the starter."""
    project.cpt_model_folder.mkdir()
    (project.cpt_model_folder / "adapter_config.json").write_text("{}", "utf-8")
    with project.connect() as store:
        write_provenance(project.cpt_model_folder, kind="cpt", base_model="starter", run=1, revision=store.revision())
    for name in finals:
        shutil.copytree(starter_model, project.model_folder(name))
        write_provenance(project.model_folder(name), kind="final", base_model="starter", cpt_run=1)


@pytest.fixture
def panel(qtbot, project: Project, shell: Shell, starter_model: Path) -> Iterator[ChatPanel]:
    give_models(project, starter_model, "final", "formal")
    panel = ChatPanel(shell)
    qtbot.addWidget(panel)
    panel.resize(900, 600)
    panel.show()
    yield panel
    panel.close_model()
    qtbot.waitUntil(lambda: not shell.threads(), timeout=30_000)


def answers(panel: ChatPanel) -> list[Answer]:
    return panel.findChildren(Answer)


def test_without_a_model_the_way_on_is_shown(qtbot, shell: Shell):
    panel = ChatPanel(shell)
    qtbot.addWidget(panel)
    panel.show()
    assert not panel.send_button.isEnabled() and panel.need.isVisible()
    with qtbot.waitSignal(shell.tab_requested) as asked:
        qtbot.mouseClick(panel.need.button, Qt.MouseButton.LeftButton)
    assert asked.args == ["cpt"]


def test_models_and_questions_are_offered(panel: ChatPanel, project: Project, shell: Shell):
    assert [panel.model.itemData(place) for place in range(panel.model.count())] == ["base", "cpt", "final", "formal"]
    assert panel.model.currentData() == "final"
    with project.connect() as store:
        store.add_pairs("sft_data", [NewPair("Who built the lighthouse of Norrholm?", "Ada Quill.")])
    shell.changed("pair")
    assert panel.examples[0].text() == "Who built the lighthouse of Norrholm?" and not panel.examples[1].isVisible()


def test_answers_stream_stop_and_go_on_with_another_model(qtbot, panel: ChatPanel):
    panel.settings.fields["answer_tokens"].set_value(2000)
    panel.input.setPlainText("What is a lighthouse?")
    qtbot.keyClick(panel.input, Qt.Key.Key_Return)
    (first,) = answers(panel)
    assert panel.send_button.text() == "Stop" and not panel.input.toPlainText()
    qtbot.waitUntil(lambda: bool(first.text), timeout=LOADING_MS)
    qtbot.mouseClick(panel.send_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: first.is_done, timeout=60_000)
    assert panel.send_button.text() == "Send" and first.copy_button.isVisible()
    first.copy_button.click()
    assert QGuiApplication.clipboard().text() == first.text

    panel.settings.fields["answer_tokens"].set_value(4)
    panel.side_by_side.setChecked(True)
    panel.second.setCurrentIndex(panel.second.findData("formal"))
    panel.ask("Who lives there?")
    qtbot.waitUntil(lambda: all(answer.is_done for answer in answers(panel)), timeout=LOADING_MS)
    assert [answer.model for answer in answers(panel)] == ["final", "final", "formal"]
    assert answers(panel)[1].text and answers(panel)[2].text
    assert "tokens/s" in answers(panel)[2].state.text()

    # A model that cannot be loaded is said in its place, and the others go on.
    panel.side_by_side.setChecked(False)
    panel.model.setCurrentIndex(panel.model.findData("cpt"))
    panel.ask("And you?")
    qtbot.waitUntil(lambda: answers(panel)[3].is_done, timeout=LOADING_MS)
    assert answers(panel)[3].state.text() == "failed" and answers(panel)[3].label.text()
    panel.clear()
    assert panel.stack.currentIndex() == 0


def test_a_child_that_dies_is_said_and_started_anew(qtbot, panel: ChatPanel, shell: Shell):
    panel.ask("What is a lighthouse?")
    panel.stop()  # while it loads: there is nothing to keep
    (answer,) = answers(panel)
    qtbot.waitUntil(lambda: answer.is_done and not shell.threads(), timeout=60_000)
    assert answer.state.text() == "stopped" and panel.send_button.text() == "Send"
