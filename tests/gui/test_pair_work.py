"""The review desk: filtered, judged one by one and all at once, split, merged, and all of it undone exactly."""

from __future__ import annotations

import json

import pytest
from PySide6.QtCore import QItemSelectionModel, Qt

from gui.pair_browser import PAIRS
from gui.pair_text_dialog import PairTextDialog, halves, whole
from gui.sft_data_tab import SftDataTab
from gui.shell import Shell
from gui.turn_text import joined, parted
from services.knowledge_base.pairs import NewPair
from services.knowledge_base.work_item import NewItem
from services.project import Project
from tests.gui.conftest import fill
from tests.gui.test_sft_data_tab import TEXTS, a_pair, add_pairs, make_tab, written

TWO = {"instruction": "Who built the mill? When?", "output": "Tomas Reed built it. It was built in 1902."}


@pytest.fixture
def tab(qtbot, project: Project, shell: Shell) -> SftDataTab:
    """A tab over two documents' chunks, with six pairs of three states and two styles."""
    fill(project, TEXTS)
    chunk = shell.knowledge_base.chunk_ids()[0]
    add_pairs(
        project, a_pair(0, chunk), a_pair(1, chunk, evidence=(0, 9)), a_pair(2), a_pair(3, chunk, state="failed", reason="number"),
        a_pair(4, state="failed", reason="judge"), a_pair(5, turns=("Hm?", "So.")),
    )  # fmt: skip
    with project.connect() as store, store.transaction():
        store.connection.execute("UPDATE pair SET verdict = 'It says 1903.', score = 0 WHERE reason = 'judge'")
    tab = make_tab(qtbot, project, shell)
    tab.browser.show_page(PAIRS)
    tab.activateWindow()  # keys go to the window in front
    qtbot.waitUntil(tab.isActiveWindow, timeout=10_000)
    tab.browser.pairs.table.setFocus()
    return tab


def everything(shell: Shell) -> list[tuple]:
    """All that the tables say of pairs."""
    tables = ("SELECT * FROM pair ORDER BY id", "SELECT * FROM pair_text ORDER BY pair_id")
    return [tuple(row) for sql in tables for row in shell.knowledge_base.connection.execute(sql)]


def shown(tab: SftDataTab) -> list[str]:
    return [pair.instruction for pair in tab._store.pairs(tab.browser.pairs.model.ids)]


def choose(box, key: object) -> None:
    box.setCurrentIndex(box.findData(key))


def press(qtbot, tab: SftDataTab, *keys: str) -> None:
    for key in keys:
        qtbot.keyClick(tab.browser.pairs.table, getattr(Qt.Key, f"Key_{key}"))


def dialog_of(tab: SftDataTab) -> PairTextDialog:
    return next(dialog for dialog in tab.findChildren(PairTextDialog) if dialog.isVisible())


def test_filters_narrow_and_count(tab: SftDataTab):
    filters, source = tab.browser.pairs.filter, tab._store.chunk(tab._store.chunk_ids()[0]).source
    choose(filters.reasons, "judge")
    assert shown(tab) == ["What is thing 4?"] and "judge says no" in tab.browser.pairs.count.text()
    filters.clear()
    choose(filters.documents, source)
    assert len(shown(tab)) == 3
    choose(filters.judged, "not-asked")
    filters.states.setCurrentIndex(1)
    assert shown(tab) == ["What is thing 0?", "What is thing 1?"] and filters.more_button.text() == "More (2)"
    filters.clear()
    assert len(shown(tab)) == 6 and not filters.is_set


def test_all_that_is_shown_is_judged_at_once_and_comes_back(
    qtbot, tab: SftDataTab, project: Project, shell: Shell
):
    before = everything(shell)
    tab.browser.pairs.filter.states.setCurrentIndex(1)
    assert tab.browser.pairs.reject_all.text() == "Reject all 4 pairs shown"
    tab.browser.pairs.reject_all.trigger()
    assert shown(tab) == [] and "No pair matches" in tab.browser.pairs.nothing.text()
    qtbot.waitUntil(lambda: written(project) == [], timeout=10_000)
    tab.undo_stack.undo()
    assert everything(shell) == before and len(shown(tab)) == 4
    qtbot.waitUntil(lambda: len(written(project)) == 4, timeout=10_000)


def test_what_did_not_pass_is_rescued_and_comes_back(qtbot, tab: SftDataTab, shell: Shell):
    before = everything(shell)
    choose(tab.browser.pairs.filter.reasons, "judge")
    tab.browser.pairs.go_on_from(0)
    assert "It says 1903." in tab.review.state_text.text()
    press(qtbot, tab, "A")
    assert shell.knowledge_base.pairs([5])[0].state == "accepted"
    tab.undo_stack.undo()
    assert everything(shell) == before


def test_single_keys_walk_and_judge(qtbot, tab: SftDataTab, shell: Shell):
    tab.browser.pairs.go_on_from(0)
    press(qtbot, tab, "N", "Space", "P")
    assert tab.browser.current_pair().instruction == "What is thing 1?"
    press(qtbot, tab, "A", "R")
    states = [pair.state for pair in shell.knowledge_base.pairs([1, 2, 3])]
    assert states == ["new", "accepted", "rejected"]


def test_a_pair_is_split_and_put_together_again(qtbot, tab: SftDataTab, shell: Shell):
    shell.knowledge_base.edit_pair(2, TWO["instruction"], TWO["output"])
    shell.changed("pair")
    before = everything(shell)
    tab.browser.choose_pair(2)
    press(qtbot, tab, "S")
    dialog = dialog_of(tab)
    assert dialog.texts == [("Who built the mill?", "Tomas Reed built it."), ("When?", "It was built in 1902.")]
    assert not dialog.ways.isVisible() and not dialog.fields[0].turns.isVisible()
    dialog.fields[1][0].setPlainText("")
    assert not dialog.ok_button.isEnabled()
    dialog.fields[1][0].setPlainText("When was it built?")
    dialog.ok_button.click()
    first, second = shell.knowledge_base.pairs([2, 7])
    assert (second.instruction, second.state, second.evidence, second.chunk_id) == (
        "When was it built?", "edited", first.evidence, first.chunk_id,
    )  # fmt: skip
    after = everything(shell)
    tab.undo_stack.undo()
    assert everything(shell) == before
    tab.undo_stack.redo()
    assert everything(shell) == after


def test_pairs_are_merged_and_parted_again(qtbot, tab: SftDataTab, shell: Shell):
    before = everything(shell)
    table = tab.browser.pairs.table
    tab.browser.pairs.go_on_from(0)
    assert not tab.browser.pairs.merge_button.isEnabled()
    qtbot.keyClick(table, Qt.Key.Key_Down, Qt.KeyboardModifier.ShiftModifier)
    assert tab.browser.pairs.merge_button.isEnabled() and not tab.browser.pairs.split_button.isEnabled()
    press(qtbot, tab, "M")
    dialog_of(tab).ok_button.click()
    kept, left = shell.knowledge_base.pairs([1, 2])
    assert kept.instruction == "What is thing 0? What is thing 1?" and kept.state == "edited"
    assert (left.state, left.reason) == ("rejected", "merged")
    tab.undo_stack.undo()
    assert everything(shell) == before


def test_a_conversation_is_read_and_edited_turn_by_turn(tab: SftDataTab, project: Project, shell: Shell, qtbot):
    tab.browser.choose_pair(6)
    assert tab.review.turns.toPlainText() == "Hm?\n---\nSo." and tab.review.turns.isVisible()
    tab.review.edit()
    tab.review.turns.setPlainText("Hm, what?\n---\nSo.\n---\nAnd?")
    tab.review.save()
    assert shell.knowledge_base.pairs([6])[0].turns == ("Hm?", "So.")
    assert "even number" in shell.messages[-1].text and tab.review.turns.toPlainText() == "Hm?\n---\nSo."
    tab.review.edit()
    tab.review.turns.setPlainText("Hm, what?\n\n1. This\n---\nSo.")
    tab.review.save()
    assert shell.knowledge_base.pairs([6])[0].turns == ("Hm, what?\n\n1. This", "So.")
    qtbot.waitUntil(lambda: "Hm, what?" in json.dumps(written(project)), timeout=10_000)
    tab.browser.choose_pair(1)
    assert not tab.review.turns.isVisible()


def test_both_chunks_of_a_comparison_can_be_read(tab: SftDataTab, project: Project, shell: Shell):
    store = shell.knowledge_base
    first, second = store.chunk_ids()[:2]
    item = store.begin_item(NewItem("pairs", first, "sft_data", "any", 0, subject={"partner": second}))
    (pair_id,) = add_pairs(project, a_pair(9, first, item_id=item))
    shell.changed("pair")
    tab.browser.choose_pair(pair_id)
    text = tab.review.passage.toPlainText()
    assert text.startswith(store.chunk(first).content) and text.endswith(store.chunk(second).content)


def test_a_conversation_is_split_where_the_learner_speaks_again(qtbot, tab: SftDataTab, project: Project, shell: Shell):
    said = ("Why six?", "What has six?", "Ice?", "And its molecule?", "An angle.", "So: six sides.")
    (talk,) = add_pairs(project, NewPair(said[0], said[-1], style="socratic", turns=said[1:-1]))
    shell.changed("pair")
    before = everything(shell)
    tab.browser.choose_pair(talk)
    press(qtbot, tab, "S")
    dialog = dialog_of(tab)
    assert [dialog.ways.itemText(way) for way in range(dialog.ways.count())] == ["Ice?", "An angle."]
    assert dialog.texts == [said[:2], said[2:]] and dialog.ways.isVisible()
    dialog.fields[0].answer.setPlainText("What has six sides?")
    dialog.ways.setCurrentIndex(1)
    assert dialog.texts == [said[:4], said[4:]] and not dialog.fields[1].turns.isVisible()
    dialog.fields[0].turns.setPlainText("What has six?")
    assert not dialog.ok_button.isEnabled() and "in turn" in dialog.need.text.text()
    dialog.ways.setCurrentIndex(0)
    assert dialog.texts == [("Why six?", "What has six sides?"), said[2:]]  # what was typed before is still there
    dialog.ok_button.click()
    first, second = shell.knowledge_base.pairs([talk, talk + 1])
    assert (first.instruction, first.turns, first.output) == ("Why six?", (), "What has six sides?")
    assert (second.instruction, *second.turns, second.output) == said[2:] and second.style == "socratic"
    after = everything(shell)
    tab.undo_stack.undo()
    assert everything(shell) == before
    tab.undo_stack.redo()
    assert everything(shell) == after


def test_neighbours_become_one_conversation(qtbot, tab: SftDataTab, shell: Shell, project: Project):
    table, before = tab.browser.pairs.table, everything(shell)
    tab.browser.choose_pair(1)
    qtbot.keyClick(table, Qt.Key.Key_Down, Qt.KeyboardModifier.ShiftModifier)
    press(qtbot, tab, "M")
    dialog = dialog_of(tab)
    dialog.ways.setCurrentIndex(1)
    dialog.ok_button.click()
    talk = shell.knowledge_base.pairs([1])[0]
    said = ("What is thing 0?", "Thing 0 is a thing.", "What is thing 1?", "Thing 1 is a thing.")
    assert (talk.instruction, *talk.turns, talk.output) == said
    row = {"messages": [{"role": role, "content": text} for role, text in zip(("user", "assistant") * 2, said, strict=True)]}
    qtbot.waitUntil(lambda: row in written(project), timeout=10_000)
    tab.undo_stack.undo()
    assert everything(shell) == before
    ids, model = [3, 6], tab.browser.pairs.model  # a pair and a conversation
    table.clearSelection()
    for pair_id in ids:
        table.selectionModel().select(
            model.index(model.row_of(pair_id), 0), QItemSelectionModel.SelectionFlag.Select | QItemSelectionModel.SelectionFlag.Rows
        )
    tab.work.merge()
    dialog_of(tab).ok_button.click()
    kept, left = shell.knowledge_base.pairs(ids)
    assert kept.turns == ("Thing 2 is a thing.", "What is thing 5?", "Hm?", "So.") and left.reason == "merged"
    tab.undo_stack.undo()
    assert everything(shell) == before


def test_an_edited_pair_can_say_again_what_it_said_when_it_was_made(qtbot, tab: SftDataTab, shell: Shell):
    tab.browser.choose_pair(1)
    before = everything(shell)
    assert not tab.review.restore_button.isVisible()
    press(qtbot, tab, "O")
    assert everything(shell) == before and not tab.undo_stack.canUndo()
    tab.work.edit(("What is it?", "A thing."))
    edited = everything(shell)
    assert tab.review.restore_button.isVisible() and "Thing 0 is a thing." in tab.review.restore_button.toolTip()
    press(qtbot, tab, "O")
    assert everything(shell) == before and tab.review.answer.toPlainText() == "Thing 0 is a thing."
    assert not tab.review.restore_button.isVisible()
    tab.undo_stack.undo()
    assert everything(shell) == edited and tab.review.answer.toPlainText() == "A thing."
    qtbot.mouseClick(tab.review.restore_button, Qt.MouseButton.LeftButton)
    assert everything(shell) == before


def test_a_pair_that_is_restored_is_stale_where_its_chunk_has_changed(tab: SftDataTab, shell: Shell):
    store = shell.knowledge_base
    chunk = store.pairs([2])[0].chunk_id
    store.edit_chunk(chunk, "Another text altogether.", 4)
    store.edit_pair(2, "What is it?", "Another text.")
    assert not store.pairs([2])[0].is_stale
    store.restore_pair(2)
    assert store.pairs([2])[0].is_stale


def test_proposals(tab: SftDataTab, shell: Shell):
    one, two = shell.knowledge_base.pairs([1, 2])
    assert whole([one, one, two])[0].said[0][0] == "What is thing 0? What is thing 1?"
    assert halves(one)[0].said == [(one.instruction, one.output)] * 2


def test_turns_are_the_same_again_whatever_stands_in_them():
    for turns in ((), ("Hm?", "So."), ("First:\n\n1. one\n\n2. two", "So.\n\nAnd?"), ("- - -\nA list", "B")):
        assert parted(joined(turns)) == turns
    assert len(parted(joined(("Above\n---\nbelow", "So.")))) == 2
