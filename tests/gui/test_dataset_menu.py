"""The menu beside the list of datasets: new, duplicate, rename, delete, bring back, and who follows."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMessageBox, QPushButton

from gui.dataset_name_dialog import DatasetNameDialog
from gui.sft_data_tab import SftDataTab
from gui.sft_training_tab import SftTrainingTab
from gui.shell import Shell
from services.knowledge_base.pairs import NewPair
from services.project import Project
from services.sft_data.jsonl import write_dataset
from services.training.checkpoint import TrainingRecord, seal, start_record
from tests.gui.conftest import fill


@pytest.fixture
def tab(qtbot, project: Project, shell: Shell) -> SftDataTab:
    """Tab 3 over a dataset of three pairs, the first one accepted."""
    fill(project, ["The mill has 48 wooden teeth."])
    with project.connect() as store:
        ids = store.add_pairs("sft_data", [NewPair(f"What is thing {n}?", f"Thing {n} is a thing.", 1) for n in range(3)])
        store.set_pair_state(ids[:1], "accepted")
        write_dataset(project, store, "sft_data")
    tab = SftDataTab(project, shell)
    qtbot.addWidget(tab)
    tab.resize(1280, 700)
    tab.show()
    settle(qtbot, shell)
    return tab


def settle(qtbot, shell: Shell) -> None:
    qtbot.waitUntil(lambda: not shell.threads(), timeout=30_000)


def press(qtbot, tab: SftDataTab, key: Qt.Key, modifiers: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    """A key in the list of datasets."""
    tab.activateWindow()
    qtbot.waitUntil(tab.isActiveWindow)
    tab.ask.dataset.setFocus()
    qtbot.keyClick(tab.ask.dataset, key, modifiers)


def done(qtbot, tab: SftDataTab) -> None:
    """The change is made, and everybody has looked again."""
    qtbot.waitUntil(lambda: not tab.ask.dataset_menu.is_at_work, timeout=30_000)
    qtbot.waitUntil(lambda: listed(tab) == ([row.name for row in tab.shell.knowledge_base.datasets()] or ["sft_data"]), timeout=30_000)
    settle(qtbot, tab.shell)


def answer(qtbot, tab: SftDataTab, name: str) -> None:
    """Type a name into the dialog that is open, and take it."""
    dialog = tab.findChild(DatasetNameDialog)
    dialog.field.setText(name)
    qtbot.mouseClick(dialog.ok_button, Qt.MouseButton.LeftButton)
    done(qtbot, tab)
    qtbot.waitUntil(lambda: tab.findChild(DatasetNameDialog) is None)


def listed(tab: SftDataTab) -> list[str]:
    return [tab.ask.dataset.itemText(row) for row in range(tab.ask.dataset.count())]


def files(project: Project) -> list[str]:
    return sorted(path.stem for path in (project.folder / "data").glob("*.jsonl"))


def test_a_new_one_is_chosen_and_listed_although_it_is_empty(qtbot, tab: SftDataTab, shell: Shell):
    press(qtbot, tab, Qt.Key.Key_N, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
    dialog = tab.findChild(DatasetNameDialog)
    assert not dialog.ok_button.isEnabled()
    for taken, why in (("SFT_Data", "“sft_data” already"), ("a/b", "cannot be the name"), ("con", "Windows")):
        dialog.field.setText(taken)
        assert why in dialog.need.text.text() and not dialog.ok_button.isEnabled()
    answer(qtbot, tab, "formal")
    assert tab.ask.dataset.currentText() == tab.browser.dataset == "formal" and listed(tab) == ["formal", "sft_data"]
    assert tab.browser.pairs.model.rowCount() == 0


def test_typed_in_other_capitals_it_is_the_one_that_is_there(qtbot, tab: SftDataTab, shell: Shell):
    tab.ask.dataset.setEditText("SFT_DATA")
    assert tab.browser.dataset == tab.ask.values()["dataset"] == "sft_data"
    done(qtbot, tab)


def test_a_renamed_one_is_followed_by_both_tabs_its_file_and_undo(qtbot, tab: SftDataTab, project: Project, shell: Shell):
    learning = SftTrainingTab(project, shell)
    qtbot.addWidget(learning)
    tab.browser.show_page(1)
    tab.browser.pairs.table.selectRow(1)
    tab.work.judge("rejected")
    done(qtbot, tab)
    assert learning.variant.chosen_dataset == "sft_data" and learning.variant.pair_count == 2

    press(qtbot, tab, Qt.Key.Key_F2)
    answer(qtbot, tab, "strict")

    assert tab.ask.dataset.currentText() == tab.browser.dataset == "strict" and listed(tab) == ["strict"]
    assert tab.browser.pairs.model.rowCount() == 3 and tab.browser.isEnabled() and tab.review.isEnabled()
    assert files(project) == ["strict"]
    assert learning.variant.chosen_dataset == "strict" and learning.variant.pair_count == 2
    assert learning.variant.dataset.count() == 1 and learning.job_settings()["dataset"] == "strict"
    tab.undo_stack.undo()
    qtbot.waitUntil(lambda: len(project.dataset_path("strict").read_text().splitlines()) == 3, timeout=30_000)
    settle(qtbot, shell)
    assert learning.variant.pair_count == 3 and files(project) == ["strict"]


def test_a_stopped_training_of_a_renamed_one_can_still_be_found(qtbot, tab: SftDataTab, project: Project, shell: Shell):
    tab.ask.dataset_menu.rename("sft_data", "formal")
    done(qtbot, tab)
    folder = project.checkpoints_folder / "sft-formal-0007"
    start_record(folder, TrainingRecord("sft", 7, {}, "starter", "b", "d", {"dataset": "formal"}))
    (folder / "checkpoint-20").mkdir()
    seal(folder / "checkpoint-20")
    learning = SftTrainingTab(project, shell)
    qtbot.addWidget(learning)
    assert learning.variant.chosen_name == "formal" and learning._interrupted is not None
    tab.ask.dataset_menu.rename("formal", "strict")
    done(qtbot, tab)
    assert learning.job_settings()["dataset"] == "strict"
    assert learning.variant.chosen_name == "formal" and learning._interrupted.record.details["dataset"] == "strict"
    tab.ask.dataset_menu.delete("strict")
    done(qtbot, tab)
    assert "stopped training of “formal”" in shell.messages[-1].text and tab.browser.dataset == "strict"


def test_a_duplicate_is_chosen_and_is_its_own(qtbot, tab: SftDataTab, project: Project, shell: Shell):
    tab.ask.dataset_menu.ask_copy()
    assert tab.findChild(DatasetNameDialog).field.text() == "sft_data-2"
    answer(qtbot, tab, "casual")
    assert tab.browser.dataset == "casual" and tab.browser.pairs.model.rowCount() == 3
    assert "“casual” has the 3 pairs of “sft_data”" in shell.messages[-1].text
    assert files(project) == ["casual", "sft_data"]


def test_deleting_says_what_goes_and_can_be_taken_back(qtbot, tab: SftDataTab, project: Project, shell: Shell):
    with project.connect() as store:
        store.add_pairs("formal", [NewPair("Is it?", "It is.")])
    before = shell.knowledge_base.pair_ids("sft_data")
    press(qtbot, tab, Qt.Key.Key_Delete, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
    box = tab.findChild(QMessageBox)
    assert "“sft_data”" in box.text() and "3 pairs go with it, 1 of them accepted" in box.informativeText()
    assert "data/sft_data.jsonl" in box.informativeText() and box.defaultButton() is box.button(QMessageBox.StandardButton.Cancel)
    qtbot.mouseClick(next(button for button in box.findChildren(QPushButton) if button.text() == "Delete"), Qt.MouseButton.LeftButton)
    done(qtbot, tab)
    assert tab.ask.dataset.currentText() == tab.browser.dataset == "formal" and listed(tab) == ["formal"]
    assert files(project) == [] and shell.knowledge_base.pair_counts() == (1, 0)

    notice = shell.messages[-1]
    assert notice.action_text == "Bring it back"
    notice.action()
    done(qtbot, tab)
    assert tab.browser.dataset == "sft_data" and tab.browser.pairs.model.ids == before and files(project) == ["sft_data"]


def test_the_menu_offers_what_can_be_done(qtbot, tab: SftDataTab, project: Project, shell: Shell):
    menu = tab.ask.dataset_menu
    menu.menu().aboutToShow.emit()
    assert menu.rename_action.isEnabled() and not menu.deleted_menu.isEnabled()
    menu.delete("sft_data")
    done(qtbot, tab)
    menu.menu().aboutToShow.emit()
    assert not menu.rename_action.isEnabled() and not menu.delete_action.isEnabled()  # nothing is left
    [action] = menu.deleted_menu.actions()
    assert action.text().startswith("sft_data · 3 pairs · deleted today")
    action.trigger()
    done(qtbot, tab)
    assert listed(tab) == ["sft_data"] and len(shell.knowledge_base.pair_ids("sft_data")) == 3


def test_what_is_at_work_is_named(qtbot, tab: SftDataTab, project: Project, shell: Shell):
    with project.lock("a training"):
        tab.ask.dataset_menu.rename("sft_data", "formal")
        done(qtbot, tab)
    assert "Another training or ingest" in shell.messages[-1].text
    assert tab.browser.dataset == "sft_data" and tab.browser.isEnabled()
    shell.knowledge_base.make_dataset("formal")
    with project.lock_dataset("sft_data"):
        tab.ask.dataset_menu.delete("sft_data")
        done(qtbot, tab)
    assert "Pairs are just being made" in shell.messages[-1].text and files(project) == ["sft_data"]


def test_a_project_without_the_default_opens_on_what_it_has(qtbot, project: Project, shell: Shell):
    shell.knowledge_base.add_pairs("strict", [NewPair("Is it?", "It is.")])
    tab = SftDataTab(project, shell)
    qtbot.addWidget(tab)
    tab.show()
    done(qtbot, tab)
    assert tab.ask.dataset.currentText() == "strict" and tab.browser.pairs.model.rowCount() == 1


def test_a_file_that_was_changed_by_hand_is_named(qtbot, tab: SftDataTab, project: Project, shell: Shell):
    with project.dataset_path("sft_data").open("a", encoding="utf-8") as file:
        file.write('{"instruction": "By hand?", "output": "Yes."}\n')
    tab.ask.dataset_menu.delete("sft_data")
    done(qtbot, tab)
    assert any("sft_data.jsonl.edited" in message.text for message in shell.messages)
    assert "By hand" in project.dataset_path("sft_data").with_suffix(".jsonl.edited").read_text()
