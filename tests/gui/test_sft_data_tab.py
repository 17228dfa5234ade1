"""Tab 3: pairs made by a real child with the built-in provider, judged, undone, exported and imported."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from PySide6.QtCore import Qt

from gui.pair_browser import CHUNKS, PAIRS
from gui.pair_filter import DID_NOT_PASS
from gui.sft_data_tab import SftDataTab
from gui.shell import Shell
from services.knowledge_base.pairs import NewPair
from services.project import Project
from tests.gui.conftest import fill

TEXTS = [
    "The lighthouse of Norrholm was built in 1874 by Ada Quill. It stands on Gannet Point and is 31 metres tall.",
    "The mill of Osterly has 48 wooden teeth. The mill was built by Tomas Reed in 1902.",
    "The grey goose lives on the northern pier. It eats kelp and sleeps on one leg.",
]


@pytest.fixture
def tab(qtbot, project: Project, shell: Shell) -> SftDataTab:
    """A tab over three chunks."""
    fill(project, TEXTS)
    return make_tab(qtbot, project, shell)


def make_tab(qtbot, project: Project, shell: Shell) -> SftDataTab:
    tab = SftDataTab(project, shell)
    qtbot.addWidget(tab)
    tab.resize(1280, 700)
    tab.show()
    qtbot.waitUntil(lambda: not shell.threads(), timeout=10_000)
    return tab


def add_pairs(project: Project, *rows: NewPair) -> list[int]:
    with project.connect() as store:
        return store.add_pairs("sft_data", rows)


def a_pair(number: int, chunk: int | None = None, **values: object) -> NewPair:
    return NewPair(f"What is thing {number}?", f"Thing {number} is a thing.", chunk, "factual", **values)


def states(shell: Shell) -> list[str]:
    store = shell.knowledge_base
    return [pair.state for pair in store.pairs(store.pair_ids("sft_data"))]


def written(project: Project) -> list[dict]:
    path = project.dataset_path("sft_data")  # written in a thread, a moment after the table
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()] if path.exists() else []


def settle(qtbot, shell: Shell) -> None:
    qtbot.waitUntil(lambda: not shell.threads(), timeout=60_000)


def test_opens_on_the_chunks_and_makes_pairs_from_a_selection(qtbot, tab: SftDataTab, project: Project, shell: Shell):
    assert tab.browser.page == CHUNKS and tab.browser.coverage.model.rowCount() == 3
    tab.ask.provider.setCurrentIndex(tab.ask.provider.findData("built-in"))
    assert not tab.ask.model.isVisible()
    tab.browser.coverage.table.selectRow(1)
    chosen = tab.browser.coverage.model.ids[1]
    assert "mill of Osterly" in tab.review.passage.toPlainText()
    qtbot.mouseClick(tab.browser.coverage.generate_button, Qt.MouseButton.LeftButton)
    assert shell.is_busy and not tab.generate_button.isEnabled()
    settle(qtbot, shell)
    assert tab.browser.page == PAIRS
    qtbot.waitUntil(lambda: tab.browser.pairs.model.rowCount() > 0)
    chunk_ids = {pair.chunk_id for pair in shell.knowledge_base.pairs(tab.browser.pairs.model.ids)}
    assert chunk_ids == {chosen}
    assert written(project) and set(written(project)[0]) == {"instruction", "output"}
    qtbot.waitUntil(lambda: "facts have a question" in tab.browser.coverage.text.text())
    assert tab.browser.coverage.bar.value() >= 1


def test_coverage_is_shown_by_chunk_and_by_document(qtbot, tab: SftDataTab, project: Project, shell: Shell):
    fill(project, ["The barn of Elm has 7 doors."], "barn.txt")
    with project.connect() as store:
        lighthouse, mill, goose = store.chunk_ids(document="cells.txt")
        store.add_facts(lighthouse, [("It was built in 1874.", 0, 10), ("It is 31 metres tall.", 11, 20)])
        store.add_pairs("sft_data", [a_pair(0, lighthouse, fact_id=store.facts("sft_data", lighthouse)[0].id)])
    add_pairs(project, a_pair(1, lighthouse, state="failed", reason="number"), a_pair(2, mill))
    shell.changed("pair", "chunk")
    page = tab.browser.coverage
    qtbot.waitUntil(lambda: "1 of 2 facts" in page.text.text())
    barn = shell.knowledge_base.chunk_ids(document="barn.txt")[0]
    assert list(page.model.ids) == [barn, goose, lighthouse, mill]  # the least covered first
    row = page.model.row_of(lighthouse)
    assert [page.model.index(row, column).data() for column in range(3, 7)] == ["1 of 2", "1", "1", "1"]
    page.document.setCurrentIndex(page.document.findData("barn.txt"))
    assert list(page.model.ids) == [barn]
    page.document.setCurrentIndex(0)
    page.table.selectRow(page.model.row_of(lighthouse))
    facts = tab.review.facts
    assert facts.isVisible() and "1 of 2 facts" in facts.count.text()
    assert len(tab.review.passage.extraSelections()) == 2  # all of them, until one is chosen
    facts.list.setCurrentRow(1)
    (mark,) = tab.review.passage.extraSelections()
    assert mark.cursor.selectedText() == TEXTS[0][11:20]
    shell.changed("pair")
    assert facts.list.currentRow() == 1  # what changes elsewhere leaves it alone
    page.by_document.click()
    assert [page.document_model.index(row, 0).data() for row in range(2)] == ["barn.txt", "cells.txt"]
    page.document_table.selectRow(1)
    assert set(page.selected_chunks()) == {lighthouse, mill, goose}
    add_pairs(project, a_pair(3, barn), a_pair(4, goose))  # now the other one is covered less, and the selection stays
    shell.changed("pair")
    qtbot.waitUntil(lambda: page.document_model.index(0, 0).data() == "cells.txt")
    assert set(page.selected_chunks()) == {lighthouse, mill, goose}
    qtbot.waitUntil(lambda: "Only the selection: 9 pairs from 3 chunks" in tab.box.text.text())
    tab.activateWindow()
    page.document_table.setFocus()
    qtbot.keyClick(page.document_table, Qt.Key.Key_C)  # its chunks
    assert not page.is_by_document and set(page.model.ids) == {lighthouse, mill, goose}


def test_a_preview_asks_about_three_chunks_far_apart_and_goes_with_one_click(qtbot, project: Project, shell: Shell):
    ids = fill(project, [f"The mill of Town{number} was built in {1800 + number} by Tomas Reed." for number in range(9)])
    tab = make_tab(qtbot, project, shell)
    tab.ask.provider.setCurrentIndex(tab.ask.provider.findData("built-in"))
    qtbot.waitUntil(lambda: "100 pairs from 9 chunks" in tab.box.text.text())
    qtbot.mouseClick(tab.preview_button, Qt.MouseButton.LeftButton)
    settle(qtbot, shell)
    qtbot.waitUntil(lambda: tab.browser.page == PAIRS and tab.browser.pairs.model.rowCount() == 3)
    pairs = shell.knowledge_base.pairs(tab.browser.pairs.model.ids)
    assert [pair.chunk_id for pair in pairs] == [ids[0], ids[4], ids[8]]
    qtbot.waitUntil(lambda: bool(shell.messages) and shell.messages[-1].action is not None)
    shell.messages[-1].action()
    assert not len(shell.knowledge_base.pair_ids("sft_data"))
    qtbot.waitUntil(lambda: not written(project))
    settle(qtbot, shell)


def test_keys_judge_and_every_verdict_can_be_undone(qtbot, tab: SftDataTab, project: Project, shell: Shell):
    add_pairs(project, *(a_pair(number) for number in range(4)))
    shell.changed("pair")
    tab.browser.show_page(PAIRS)
    tab.activateWindow()
    tab.browser.pairs.table.setFocus()
    tab.browser.pairs.table.selectRow(0)
    for key in (Qt.Key.Key_A, Qt.Key.Key_R, Qt.Key.Key_A):
        qtbot.keyClick(tab.browser.pairs.table, key)
    assert states(shell) == ["accepted", "rejected", "accepted", "new"]
    assert tab.browser.pairs.table.currentIndex().row() == 3
    qtbot.waitUntil(lambda: "3 of 4" in tab.review.count.text())
    kept = [f"What is thing {number}?" for number in (0, 2, 3)]
    qtbot.waitUntil(lambda: [row["instruction"] for row in written(project)] == kept)
    tab.undo_stack.undo()
    tab.undo_stack.undo()
    assert states(shell) == ["accepted", "new", "new", "new"]
    qtbot.waitUntil(lambda: len(written(project)) == 4)
    tab.undo_stack.redo()
    assert states(shell)[1] == "rejected"
    settle(qtbot, shell)


def test_a_pair_is_edited_and_the_edit_undone(qtbot, tab: SftDataTab, project: Project, shell: Shell):
    ids = add_pairs(project, a_pair(0), a_pair(1))
    shell.changed("pair")
    tab.activateWindow()
    tab.browser.choose_pair(ids[0])
    tab.browser.pairs.table.setFocus()
    qtbot.keyClick(tab.browser.pairs.table, Qt.Key.Key_E)
    assert tab.review.is_editing
    tab.review.answer.setPlainText("Another answer.")
    qtbot.keyClick(tab.review.answer, Qt.Key.Key_A)  # a letter, not a verdict
    qtbot.keyClick(tab.review.answer, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    pair = shell.knowledge_base.pairs([ids[0]])[0]
    assert pair.state == "edited" and "Another answer." in pair.output and not tab.review.is_editing
    tab.undo_stack.undo()
    pair = shell.knowledge_base.pairs([ids[0]])[0]
    assert (pair.state, pair.output) == ("new", "Thing 0 is a thing.")
    # What is typed is kept when another row is chosen, and thrown away by Escape.
    tab.review.edit()
    tab.review.answer.setPlainText("Kept.")
    tab.browser.choose_pair(ids[1])
    assert shell.knowledge_base.pairs([ids[0]])[0].output == "Kept."
    tab.review.edit()
    tab.review.answer.setPlainText("Thrown away.")
    qtbot.keyClick(tab.review.answer, Qt.Key.Key_Escape)
    assert shell.knowledge_base.pairs([ids[1]])[0].output == "Thing 1 is a thing."
    settle(qtbot, shell)


def test_evidence_is_marked_and_reasons_are_told(qtbot, tab: SftDataTab, project: Project, shell: Shell):
    chunk = shell.knowledge_base.chunk_ids()[0]
    start = TEXTS[0].index("31 metres")
    ids = add_pairs(
        project, a_pair(0, chunk, evidence=(start, start + 9)), a_pair(1, chunk, state="failed", reason="not-alone")
    )
    shell.changed("pair")
    tab.browser.choose_pair(ids[0])
    (mark,) = tab.review.passage.extraSelections()
    assert mark.cursor.selectedText() == "31 metres"
    qtbot.mouseClick(tab.browser.pairs.why_button, Qt.MouseButton.LeftButton)
    assert tab.browser.pairs.filter.states.currentIndex() == DID_NOT_PASS
    assert list(tab.browser.pairs.model.ids) == [ids[1]] and tab.browser.pairs.filter.reasons.itemText(1) == "not alone (1)"
    tab.browser.pairs.table.selectRow(0)
    tab.work.judge("accepted")  # a person may know better than a gate
    assert states(shell) == ["new", "accepted"]
    settle(qtbot, shell)


def test_pairs_go_out_and_come_in(qtbot, tab: SftDataTab, project: Project, shell: Shell, tmp_path: Path):
    add_pairs(project, a_pair(0))
    shell.changed("pair")
    tab.exchange.export_to("sft_data", tmp_path / "mine.jsonl")
    settle(qtbot, shell)
    assert (tmp_path / "mine.jsonl").read_text("utf-8").count("\n") == 1
    (tmp_path / "theirs.jsonl").write_text('{"question": "Why?", "answer": "Because."}\nnonsense\n', encoding="utf-8")
    tab.exchange.import_from("sft_data", tmp_path / "theirs.jsonl")
    qtbot.waitUntil(lambda: tab.exchange.dialog.import_button.text() == "Import 1 pair")
    tab.exchange.dialog.import_button.click()
    settle(qtbot, shell)
    qtbot.waitUntil(lambda: tab.browser.pairs.model.rowCount() == 2)
    assert shell.messages[-1].kind == "warning" and "Line 2" in shell.messages[-1].text
    tab.exchange.import_from("sft_data", tmp_path / "missing.jsonl")
    qtbot.waitUntil(lambda: "missing.jsonl" in tab.exchange.dialog.reasons.toPlainText())
    qtbot.waitUntil(tab.exchange.dialog.need.isVisible)
    assert not tab.exchange.dialog.import_button.isEnabled()
    settle(qtbot, shell)
    tab.exchange.dialog.reject()


def test_a_file_changed_by_another_program_is_offered(qtbot, project: Project, shell: Shell):
    add_pairs(project, a_pair(0))
    project.dataset_path("sft_data").write_text('{"instruction": "Who?", "output": "She."}\n', encoding="utf-8")
    tab = make_tab(qtbot, project, shell)
    qtbot.waitUntil(lambda: bool(shell.messages))
    assert "sft_data.jsonl" in shell.messages[0].text
    shell.messages[0].action()
    qtbot.waitUntil(lambda: tab.exchange.dialog.import_button.text() == "Import 1 pair")
    assert "1 of the dataset is no longer" in tab.exchange.dialog.summary.text()
    tab.exchange.dialog.import_button.click()
    qtbot.waitUntil(lambda: states(shell) == ["rejected", "edited"])
    settle(qtbot, shell)
    assert tab.browser.page == PAIRS


def test_another_dataset_is_a_table_of_its_own(qtbot, tab: SftDataTab, project: Project, shell: Shell):
    add_pairs(project, a_pair(0))
    with project.connect() as store:
        store.add_pairs("formal", [a_pair(5)])
    shell.changed("pair")
    tab.ask.dataset.setCurrentText("formal")
    assert tab.browser.pairs.model.row(0).instruction == "What is thing 5?"
    tab.ask.dataset.setCurrentText("a/b")
    assert not tab.generate_button.isEnabled() and "a/b" in tab.need.text.text()


def test_without_chunks_the_way_on_is_shown(qtbot, project: Project, shell: Shell):
    tab = make_tab(qtbot, project, shell)
    assert not tab.generate_button.isEnabled() and tab.need.isVisible()
    with qtbot.waitSignal(shell.tab_requested) as asked:
        qtbot.mouseClick(tab.need.button, Qt.MouseButton.LeftButton)
    assert asked.args == ["ingest"]


class _Ollama(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = json.dumps({"models": [{"model": "llama3:8b"}, {"model": "gemma3:4b"}]}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_arguments: object) -> None:
        pass


@pytest.fixture
def ollama() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Ollama) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_models_are_listed_on_demand(qtbot, tab: SftDataTab, shell: Shell, ollama: str):
    assert tab.ask.model.count() == 0
    tab.ask.url.setText(ollama)
    tab.ask.list_models()
    qtbot.waitUntil(lambda: tab.ask.model.count() == 2, timeout=10_000)
    assert tab.ask.model.itemText(0) == "gemma3:4b" and "2 models" in tab.ask.model_note.text()
    settle(qtbot, shell)


def test_a_provider_that_is_down_is_told_beside_the_field(qtbot, tab: SftDataTab, shell: Shell):
    tab.ask.url.setText("not an address")
    tab.ask.list_models()
    settle(qtbot, shell)
    qtbot.waitUntil(lambda: "not an address" in tab.ask.model_note.text())
    assert tab.ask.list_button.isEnabled()


def test_a_key_without_a_keyring_lasts_until_the_end(qtbot, tab: SftDataTab, shell: Shell):
    tab.ask.provider.setCurrentIndex(tab.ask.provider.findData("openrouter"))
    settle(qtbot, shell)
    qtbot.waitUntil(lambda: "key" in tab.need.text.text())
    assert not tab.generate_button.isEnabled()
    tab.ask.key.setText("sk-secret")
    qtbot.mouseClick(tab.ask.key_button, Qt.MouseButton.LeftButton)
    settle(qtbot, shell)
    qtbot.waitUntil(lambda: tab.generate_button.isEnabled())
    assert "no keyring" in tab.ask.key_note.text() and not tab.ask.key.text()
    from services.sft_data.key import forget_key

    forget_key("openrouter")
