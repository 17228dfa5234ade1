"""What runs left in the window: its size in the list, deleted with the keyboard, brought back, removed for good."""

from __future__ import annotations

import json

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMessageBox

from gui.dataset_name_dialog import DatasetNameDialog
from gui.run_list import RunList
from gui.sft_training_tab import SftTrainingTab
from gui.shell import Shell
from services.models.removal import deleted
from services.project import Project
from services.settings import defaults
from tests.gui.conftest import fill
from tests.models.test_removal import make_checkpoint, make_model


def write_run(project: Project, name: str, state: str = "result") -> int:
    folder = project.start_run("sft", {**defaults("sft"), "name": name, "dataset": "sft_data"})
    last = {"type": state, **({"value": {"loss": 1.0}} if state == "result" else {})}
    lines = [json.dumps(event) for event in ({"type": "metric", "step": 1, "loss": 2.0}, last)]
    (folder / "events.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return int(folder.name[:4])


@pytest.fixture
def tab(qtbot, project: Project, shell: Shell) -> SftTrainingTab:
    fill(project, ["The mill has 48 wooden teeth."])
    make_model(project.cpt_model_folder, 9)
    for name in ("final", "formal"):
        make_model(project.model_folder(name), write_run(project, name), 3 * 2**20, cpt_run=9)
    write_run(project, "final", "failed")
    make_checkpoint(project, "sft-formal-0004", write_run(project, "formal", "cancelled"))
    made = SftTrainingTab(project, shell)
    qtbot.addWidget(made)
    made.resize(1280, 800)
    made.pages.setCurrentIndex(1)
    made.show()
    qtbot.waitUntil(lambda: len(made.runs.all()) == 4)
    settle(qtbot, shell)
    return made


def settle(qtbot, shell: Shell) -> None:
    qtbot.waitUntil(lambda: not shell.threads(), timeout=30_000)
    qtbot.wait(0)


def cell(runs: RunList, number: int, title: str) -> str:
    section = [column.title for column in runs.model.columns].index(title)
    return runs.model.index(runs.model.row_of(number), section).data() or ""


def question(qtbot, tab) -> QMessageBox:
    found: list[QMessageBox] = []

    def look() -> bool:
        found[:] = [box for box in tab.findChildren(QMessageBox) if box.isVisible()]
        return bool(found)

    qtbot.waitUntil(look)
    return found[0]


def press(qtbot, box: QMessageBox, text: str) -> None:
    qtbot.mouseClick(next(button for button in box.buttons() if button.text() == text), Qt.MouseButton.LeftButton)


def names(box) -> list[str]:
    return [box.itemData(place) for place in range(box.count())]


def test_a_variant_is_deleted_with_the_keyboard_and_brought_back(tab, qtbot, project, shell):
    assert [cell(tab.runs, number, "Size") for number in (1, 2, 3)] == ["3.0 MB", "3.0 MB", ""]
    assert cell(tab.runs, 4, "Size").endswith("kB")
    assert "formal" in names(tab.chat.model) and "formal" in names(tab.export.model)
    assert not tab.runs.deleted_button.isVisible()
    tab.variant.name.setText("formal")
    assert "There is a model of this name" in tab.variant.note.text()

    tab.runs.choose(2)
    tab.runs.table.setFocus()
    qtbot.keyClick(tab.runs.table, Qt.Key.Key_Delete)
    box = question(qtbot, tab)
    assert box.text() == "Delete the variant “formal” (3.0 MB)?" and "What was exported stays" in box.informativeText()
    press(qtbot, box, "Delete")
    qtbot.waitUntil(lambda: cell(tab.runs, 2, "Size") == "")
    settle(qtbot, shell)
    assert "formal" not in names(tab.chat.model) and "formal" not in names(tab.export.model)
    assert "There is a model" not in tab.variant.note.text()
    assert not tab.runs.delete_button.isEnabled() and len(tab.runs.all()) == 4, "the run itself stays"

    assert tab.runs.deleted_button.isVisible()
    tab.runs.deleted_menu.actions()[0].trigger()
    qtbot.waitUntil(lambda: cell(tab.runs, 2, "Size") == "3.0 MB")
    settle(qtbot, shell)
    assert "formal" in names(tab.chat.model) and not tab.runs.deleted_button.isVisible()


def test_the_room_is_freed_at_once_where_that_is_wanted(tab, qtbot, project, shell):
    tab.runs.choose(1, 2)
    tab.runs.delete_button.click()
    press(qtbot, question(qtbot, tab), "Delete")
    qtbot.waitUntil(lambda: tab.runs.deleted_button.isVisible())
    settle(qtbot, shell)
    assert not tab.export.model.count() and not tab.export.export_button.isEnabled()
    assert shell.messages[-1].action_text == "Bring them back" and "6.0 MB" in shell.messages[-1].text
    tab.runs.deleted_menu.actions()[-1].trigger()
    box = question(qtbot, tab)
    assert box.text() == "Free 6.0 MB now?"
    press(qtbot, box, "Remove for good")
    qtbot.waitUntil(lambda: not tab.runs.deleted_button.isVisible())
    settle(qtbot, shell)
    assert shell.messages[-1].text == "6.0 MB are free again." and not deleted(project)


def test_a_stopped_run_without_its_checkpoints_is_not_offered_to_go_on(tab, qtbot, project, shell):
    tab.variant.name.setText("formal")
    assert tab._interrupted is not None
    tab.runs.choose(4)
    tab.runs.delete_button.click()
    box = question(qtbot, tab)
    assert "Run 0004 could go on from step 20: without its checkpoints it cannot." in box.informativeText()
    press(qtbot, box, "Delete")
    qtbot.waitUntil(lambda: tab._interrupted is None)
    settle(qtbot, shell)


def test_nothing_is_deleted_beside_a_training(tab, qtbot, project, shell):
    tab.runs.choose(2)
    assert tab.runs.delete_button.isEnabled()
    tab.runs.set_free(False)
    assert not tab.runs.delete_button.isEnabled() and not tab.runs.delete_action.isEnabled()
    tab.runs.set_free(True)
    with project.lock("a training from the terminal"):
        tab.runs.delete_button.click()
        press(qtbot, question(qtbot, tab), "Delete")
        qtbot.waitUntil(lambda: any("Another training" in notice.text for notice in shell.messages))
        settle(qtbot, shell)
    assert cell(tab.runs, 2, "Size") == "3.0 MB"


def test_a_variant_gets_another_name_and_is_chosen_still(tab, qtbot, project, shell):
    tab.variant.name.setText("formal")
    for box in (tab.chat.model, tab.export.model):
        box.setCurrentIndex(box.findData("formal"))
    tab.runs.choose(3)
    assert not tab.runs.rename_button.isEnabled(), "a failed run made no model"
    tab.runs.choose(2)
    tab.runs.table.setFocus()
    qtbot.keyClick(tab.runs.table, Qt.Key.Key_F2)
    dialog = tab.findChild(DatasetNameDialog)
    qtbot.waitUntil(dialog.isVisible)
    dialog.field.setText("final")
    assert not dialog.ok_button.isEnabled() and "already" in dialog.need.text.text()
    dialog.field.setText("casual")
    dialog.ok_button.click()
    qtbot.waitUntil(lambda: cell(tab.runs, 2, "From") == "sft_data → casual")
    settle(qtbot, shell)
    assert tab.chat.model.currentData() == tab.export.model.currentData() == tab.variant.chosen_name == "casual"
    assert "casual" in tab.chat.model.currentText() and "formal" not in names(tab.chat.model)
    assert tab._interrupted.folder.name == "sft-casual-0004", "the stopped training goes on under the new name"


def test_variants_stay_to_be_talked_to_when_their_cpt_model_is_gone(tab, qtbot, project, shell):
    project.cpt_model_folder.rename(project.folder / "elsewhere")
    shell.changed("model")
    assert names(tab.chat.model) == ["base", "final", "formal"] and names(tab.export.model) == ["final", "formal"]
    assert "No CPT model yet" in tab.form.need.text.text()
    settle(qtbot, shell)
