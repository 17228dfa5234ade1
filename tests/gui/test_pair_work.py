"""The review desk: filtered, judged one by one and all at once, split, merged, and all of it undone exactly."""

from __future__ import annotations

import json

import pytest
from PySide6.QtCore import Qt

from gui.pair_browser import PAIRS
from gui.pair_text_dialog import PairTextDialog, halves, whole
from gui.sft_data_tab import SftDataTab
from gui.shell import Shell
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
    assert tab.review.turns.toPlainText() == "Hm?\n\nSo." and tab.review.turns.isVisible()
    tab.review.edit()
    tab.review.turns.setPlainText("Hm, what?\n\nSo.\n\nAnd?")
    tab.review.save()
    assert shell.knowledge_base.pairs([6])[0].turns == ("Hm?", "So.")
    assert "even number" in shell.messages[-1].text and tab.review.turns.toPlainText() == "Hm?\n\nSo."
    tab.review.edit()
    tab.review.turns.setPlainText("Hm, what?\n\nSo.")
    tab.review.save()
    assert shell.knowledge_base.pairs([6])[0].turns == ("Hm, what?", "So.")
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


def test_proposals(tab: SftDataTab, shell: Shell):
    one, two = shell.knowledge_base.pairs([1, 2])
    assert whole([one, one, two])[0] == "What is thing 0? What is thing 1?"
    assert halves(one) == [(one.instruction, one.output)] * 2
