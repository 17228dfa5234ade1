"""Large changes are written beside the window: what is done meanwhile follows in order, is shown, and nothing is lost."""

from __future__ import annotations

import contextlib
import hashlib
import random
import sqlite3
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QUndoStack

from gui.pair_browser import PAIRS
from gui.pair_edit import EditPair, MergePairs, SetPairState, SplitPair
from gui.rag_data_tab import RagDataTab
from gui.sft_data_tab import SftDataTab
from gui.shell import Shell
from gui.write_queue import WriteQueue
from services.project import Project
from tests.conftest import ROOT
from tests.gui.conftest import fill
from tests.gui.test_pair_work import everything
from tests.gui.test_sft_data_tab import TEXTS, a_pair, add_pairs, make_tab, states, written

NEW = ["new"] * 4


@pytest.fixture(autouse=True)
def every_change_is_large(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(WriteQueue, "LARGE", 1)


@contextlib.contextmanager
def writes_wait(project: Project) -> Iterator[sqlite3.Connection]:
    """Nobody else can write for so long: another program does."""
    with contextlib.closing(sqlite3.connect(project.database_path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield other
        other.execute("COMMIT")


@pytest.fixture
def tab(qtbot, project: Project, shell: Shell) -> SftDataTab:
    """Four pairs to review."""
    fill(project, TEXTS)
    chunk = shell.knowledge_base.chunk_ids()[0]
    add_pairs(project, *(a_pair(number, chunk) for number in range(4)))
    tab = make_tab(qtbot, project, shell)
    tab.browser.show_page(PAIRS)
    return tab


def saved(qtbot, shell: Shell) -> None:
    qtbot.waitUntil(lambda: shell.writes.is_idle, timeout=30_000)


def shown(tab: SftDataTab) -> list[str]:
    pairs = tab.browser.pairs
    return [pairs.model.row(row).state for row in range(len(pairs.model.ids))]


def test_verdicts_by_key_follow_what_was_done_to_all(qtbot, tab: SftDataTab, project: Project, shell: Shell):
    before = everything(shell)
    with writes_wait(project):
        tab.work.judge_all("rejected")
        tab.browser.pairs.go_on_from(1)
        tab.work.judge("accepted")
        assert states(shell) == NEW, "nothing is saved yet"
        assert shown(tab) == ["rejected", "accepted", "rejected", "rejected"]
        assert "5 are being changed" in tab.browser.pairs.count.text()
        assert "being saved" in tab.browser.pairs.model.index(0, 0).data(Qt.ItemDataRole.ToolTipRole)
        assert tab.browser.current_pair().id == 3, "the key goes on to the next one"
    saved(qtbot, shell)
    assert states(shell) == shown(tab) == ["rejected", "accepted", "rejected", "rejected"]
    assert "changed" not in tab.browser.pairs.count.text()
    qtbot.waitUntil(lambda: [row["instruction"] for row in written(project)] == ["What is thing 1?"], timeout=10_000)
    tab.undo_stack.undo()
    tab.undo_stack.undo()
    saved(qtbot, shell)
    assert everything(shell) == before
    qtbot.waitUntil(lambda: len(written(project)) == 4, timeout=10_000)


def test_undo_and_redo_while_it_is_being_saved(qtbot, tab: SftDataTab, project: Project, shell: Shell):
    before = everything(shell)
    with writes_wait(project):
        tab.work.judge_all("rejected")
        tab.undo_stack.undo()
        assert shown(tab) == NEW
        tab.undo_stack.redo()
        assert shown(tab) == ["rejected"] * 4
        tab.undo_stack.undo()
    saved(qtbot, shell)
    assert everything(shell) == before and shown(tab) == NEW
    tab.undo_stack.redo()
    saved(qtbot, shell)
    assert states(shell) == ["rejected"] * 4


def test_what_is_taken_back_is_shown_as_it_was(qtbot, tab: SftDataTab, project: Project, shell: Shell):
    tab.browser.pairs.go_on_from(2)
    tab.work.judge("accepted")
    tab.work.judge_all("rejected")
    saved(qtbot, shell)
    with writes_wait(project):
        tab.undo_stack.undo()
        assert shown(tab) == ["new", "new", "accepted", "new"] and states(shell) == ["rejected"] * 4
    saved(qtbot, shell)
    assert states(shell) == ["new", "new", "accepted", "new"]


def test_an_edit_meanwhile_keeps_its_text_and_comes_back_to_the_verdict(
    qtbot, tab: SftDataTab, project: Project, shell: Shell
):
    with writes_wait(project):
        tab.work.judge_all("rejected")
        tab.browser.choose_pair(2)
        tab.review.edit()
        tab.review.answer.setPlainText("Something else.")
        tab.review.save()
        assert tab.review.answer.toPlainText() == "Something else." and tab.browser.current_pair().state == "edited"
    saved(qtbot, shell)
    assert shell.knowledge_base.pairs([2])[0].output == "Something else."
    tab.undo_stack.undo()
    saved(qtbot, shell)
    pair = shell.knowledge_base.pairs([2])[0]
    assert (pair.state, pair.output) == ("rejected", "Thing 1 is a thing.")


def test_another_dataset_or_filter_is_chosen_meanwhile(qtbot, tab: SftDataTab, project: Project, shell: Shell):
    with shell.project.connect() as store:
        store.add_pairs("other", [a_pair(9)])
    with writes_wait(project):
        tab.work.judge_all("rejected")
        tab.browser.pairs.filter.states.setCurrentIndex(1)
        tab.ask.dataset.setCurrentText("other")
        assert tab.undo_stack.count() == 0 and shown(tab) == ["new"]
    saved(qtbot, shell)
    assert states(shell) == ["rejected"] * 4 and shell.knowledge_base.pairs([5])[0].state == "new"
    qtbot.waitUntil(lambda: project.dataset_path("sft_data").exists() and written(project) == [], timeout=10_000)
    assert not project.dataset_path("other").exists(), "nothing of it was changed"


def test_one_that_cannot_be_made_is_told_and_stops_no_other(qtbot, tab: SftDataTab, project: Project, shell: Shell):
    with writes_wait(project) as other:
        tab.work.judge_all("rejected")
        tab.browser.choose_pair(2)
        tab.review.edit()
        tab.review.answer.setPlainText("Something else.")
        tab.review.save()
        tab.browser.choose_pair(3)
        tab.work.judge("accepted")
        other.execute("DELETE FROM pair_text WHERE pair_id = 2")
        other.execute("DELETE FROM pair WHERE id = 2")
    saved(qtbot, shell)
    assert "no longer exists" in shell.messages[-1].text
    assert states(shell) == ["rejected", "accepted", "rejected"]
    for _step in range(tab.undo_stack.count()):
        tab.undo_stack.undo()
    saved(qtbot, shell)
    assert states(shell) == ["new"] * 3


def test_a_job_finds_what_the_person_sees(qtbot, tab: SftDataTab, shell: Shell):
    tab.work.judge_all("rejected")
    shell.start("generate", {"provider": "built-in", "style": "factual", "pairs": 1, "dataset": "sft_data"}, "Making pairs")
    assert shell.writes.is_idle and states(shell) == ["rejected"] * 4
    qtbot.waitUntil(lambda: not shell.is_busy, timeout=60_000)
    qtbot.waitUntil(lambda: not shell.threads(), timeout=30_000)


def test_a_project_that_is_closed_meanwhile_has_everything(qtbot, make_window, own_projects: Path):
    window = make_window()
    project = Project.create(own_projects / "mills")
    fill(project, TEXTS)
    add_pairs(project, *(a_pair(number) for number in range(4)))
    window.open_project(project.folder)
    window.page.show_tab("generate")
    tab = window.page.tab("generate")
    tab.browser.show_page(PAIRS)
    tab.work.judge_all("rejected")
    tab.browser.choose_pair(2)
    tab.work.judge("accepted")
    tab.browser.choose_pair(3)
    tab.review.edit()
    tab.review.answer.setPlainText("Still being typed")
    window.close_project()
    with project.connect() as store:
        pairs = store.pairs(store.pair_ids("sft_data"))
    assert [pair.state for pair in pairs] == ["rejected", "accepted", "edited", "rejected"]
    assert [row["output"] for row in written(project)] == ["Thing 1 is a thing.", "Still being typed"]


def test_whatever_is_done_in_whatever_order_ends_as_if_each_step_had_been_waited_for(
    qtbot, project: Project, shell: Shell, tmp_path: Path, preferences, monkeypatch: pytest.MonkeyPatch
):
    waited = Shell(Project.create(tmp_path / "waited"), preferences)
    for one in (shell, waited):
        add_pairs(one.project, *(a_pair(number, state=("new", "failed", "accepted")[number % 3]) for number in range(9)))

    def make(step: int, ids: list[int]) -> Callable[[Shell], object]:
        said = (f"Question {step}?", f"Answer {step}.")
        return [
            lambda one: SetPairState(one, ids, "rejected"), lambda one: SetPairState(one, ids, "accepted"),
            lambda one: EditPair(one, ids[0], said), lambda one: SplitPair(one, ids[0], said, said),
            lambda one: MergePairs(one, ids[:3], said),
        ][step]  # fmt: skip

    stacks = [QUndoStack(), QUndoStack()]
    rng = random.Random(5)
    for _step in range(120):
        what, ids = rng.randrange(13), rng.sample(range(1, 10), 5)
        for one, stack, large in zip((shell, waited), stacks, (rng.choice((1, 5)), 1000), strict=True):
            monkeypatch.setattr(WriteQueue, "LARGE", large)
            if what < 5:
                stack.push(make(what, ids)(one))
            elif what < 9:
                stack.undo()
            elif what < 11:
                stack.redo()
            elif what == 12 and one is shell:
                saved(qtbot, shell)
    saved(qtbot, shell)
    assert everything(shell) == everything(waited)
    while stacks[0].canUndo():
        stacks[0].undo()
    saved(qtbot, shell)
    assert states(shell) == ["new", "failed", "accepted"] * 3
    waited.close()
    waited.deleteLater()


CHILD = """
    import sys
    from pathlib import Path
    from PySide6.QtCore import QSettings
    from PySide6.QtGui import QUndoStack
    from gui.app import make_application
    from gui.pair_edit import SetPairState
    from gui.shell import Shell
    from services.project import Project

    app = make_application(["child"])
    shell = Shell(Project.open(Path(sys.argv[1])), QSettings(sys.argv[2], QSettings.Format.IniFormat))
    stack = QUndoStack()

    def say():
        print(8 - len(shell.writes._pending), flush=True)
        if shell.writes.is_idle:
            app.quit()

    shell.writes.saved.connect(say)
    ids = shell.knowledge_base.pair_ids("sft_data")
    print("begun", flush=True)
    for wanted, state in ((ids, "rejected"), (ids[7:8], "accepted"), (ids[2000:], "accepted"), (ids[3000:3001], "rejected")):
        stack.push(SetPairState(shell, wanted, state))
    for _step in range(3):
        stack.undo()
    stack.redo()
    app.exec()
    shell.close()
"""


def test_killed_at_any_moment_it_is_between_two_steps_and_behind_those_that_were_shown_as_saved(project: Project):
    add_pairs(project, *(a_pair(number, state=("new", "failed")[number % 2]) for number in range(6000)))

    def state() -> str:
        with project.connect() as store:
            rows = store.connection.execute("SELECT id, state, reason, is_stale FROM pair ORDER BY id").fetchall()
        return hashlib.sha256(repr([tuple(row) for row in rows]).encode()).hexdigest()

    with project.connect() as store:  # what it is to be after each step
        ids, steps, before = store.pair_ids("sft_data"), [state()], []
        for wanted, name in ((ids, "rejected"), (ids[7:8], "accepted"), (ids[2000:], "accepted"), (ids[3000:3001], "rejected")):
            before.append(store.set_pair_state(wanted, name))
            steps.append(state())
        for taken_back in reversed(before[1:]):
            store.put_back_states(taken_back)
            steps.append(state())
        store.set_pair_state(ids[7:8], "accepted")
        steps.append(state())
        store.put_back_states([*before[1], *before[0]])
    assert state() == steps[0] and len(set(steps)) == 5
    for delay_s in (0.0, 0.01, 0.02, 0.03, 0.045, 0.06, 0.1):
        with subprocess.Popen(
            [sys.executable, "-c", textwrap.dedent(CHILD), str(project.folder), str(project.folder / "preferences.ini")],
            cwd=ROOT, stdout=subprocess.PIPE, text=True,
        ) as child:  # fmt: skip
            assert child.stdout.readline() == "begun\n"
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(delay_s)
            child.kill()
            told = child.stdout.read().split()
        assert state() in steps[int(told[-1]) if told else 0 :]
        with project.connect() as store, store.transaction():
            store.connection.execute("UPDATE pair SET reason = '', state = iif(id % 2, 'new', 'failed')")
        assert state() == steps[0]


def test_chunks_left_out_at_once_are_shown_so_and_what_is_typed_meanwhile_stays(
    qtbot, project: Project, shell: Shell
):
    fill(project, TEXTS)
    tab = RagDataTab(project, shell)
    qtbot.addWidget(tab)
    tab.show()
    flags = lambda: [chunk.is_excluded for chunk in shell.knowledge_base.chunks(tab.chunks.model.ids)]  # noqa: E731
    look = lambda: [tab.chunks.model.row(row).is_excluded for row in range(3)]  # noqa: E731
    with writes_wait(project):
        tab.chunks.view.selectAll()
        tab.actions_of_chunks["exclude"].trigger()
        assert look() == [True] * 3 and flags() == [False] * 3 and tab.editor.excluded.isChecked()
        assert "being changed" in tab.chunks.counts.text()
        tab.editor.text.setPlainText("Another text.")
        tab.editor.save()
        tab.editor.refresh()
        assert tab.editor.text.toPlainText() == "Another text."
        tab.chunks.view.selectAll()
        tab.actions_of_chunks["exclude"].trigger()
        assert look() == [False] * 3, "the same key again lets them in again"
        tab.undo_stack.undo()
    saved(qtbot, shell)
    assert look() == flags() == [True] * 3
    assert shell.knowledge_base.chunk(tab.editor.chunk_id).content == tab.editor.text.toPlainText() == "Another text."
    while tab.undo_stack.canUndo():
        tab.undo_stack.undo()
    saved(qtbot, shell)
    assert flags() == [False] * 3 and shell.knowledge_base.chunk(tab.editor.chunk_id).content == TEXTS[0]
