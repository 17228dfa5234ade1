"""What making pairs takes and brings, as the window says it: with servers that answer, and some that do not."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt

from gui.pair_browser import PAIRS, REPORT
from gui.pair_filter import DID_NOT_PASS
from gui.sft_data_tab import SftDataTab
from gui.shell import Shell
from services.knowledge_base.pairs import NewPair
from services.project import Project
from tests.gui.conftest import fill
from tests.gui.test_sft_data_tab import make_tab, settle
from tests.sft_data.conftest import RunningServer, serve  # noqa: F401

TEXTS = [f"The {thing} of Abbeyford was built in {year} by Anna Berg." for thing, year in (("mill", 1511), ("tower", 1513), ("wall", 1519))]


def ask(tab: SftDataTab, server: RunningServer, **settings: object) -> None:
    values = {"facts_first": False, "workers": 1, "pairs": 3, **settings}
    tab.ask.set_values({"provider": "ollama", "url": server.url, "model": "llama3.1:8b", **values})


@pytest.fixture
def tab(qtbot, project: Project, shell: Shell) -> SftDataTab:
    fill(project, TEXTS)
    return make_tab(qtbot, project, shell)


def test_the_shortfall_stays_to_be_seen_and_one_click_asks_again(qtbot, tab: SftDataTab, shell: Shell, serve):  # noqa: F811
    ask(tab, serve("ollama", "good", "prose"))
    qtbot.waitUntil(lambda: "3 pairs from 3 chunks: about 3 requests" in tab.box.text.text())
    assert "free" in tab.box.text.text()
    qtbot.mouseClick(tab.generate_button, Qt.MouseButton.LeftButton)
    settle(qtbot, shell)
    qtbot.waitUntil(lambda: shell.messages[-1].action_text == "Report")
    assert "2 are missing because" in shell.messages[-1].text
    shell.messages[-1].action()
    report = tab.browser.report
    qtbot.waitUntil(lambda: report.model.rowCount() >= 2)
    assert tab.browser.page == REPORT and "1 of 3 pairs" in report.run.text() and "2 are missing" in report.run.text()
    assert "llama3.1:8b · pairs: " in report.bill.text() and "tokens read" in report.bill.text()
    report.table.selectRow(0)
    assert "of Abbeyford" in tab.review.passage.toPlainText()  # the chunk that failed
    ask(tab, serve("ollama", "good"), style="conversational")  # the retry keeps to the style of what failed
    qtbot.waitUntil(lambda: report.retry_button.isEnabled())
    qtbot.mouseClick(report.retry_button, Qt.MouseButton.LeftButton)
    settle(qtbot, shell)
    tab.browser.show_page(REPORT)
    qtbot.waitUntil(lambda: report.note.isVisible() and not report.model.rowCount())
    assert not report.retry_button.isEnabled() and len(shell.knowledge_base.pair_ids("sft_data")) >= 3
    settle(qtbot, shell)


def test_what_did_not_pass_is_counted_by_reason_and_shown(qtbot, tab: SftDataTab, project: Project, shell: Shell):
    with project.connect() as store:
        store.add_pairs("sft_data", [NewPair("Who?", "In 2047.", 1, state="failed", reason="number"), NewPair("Why?", "So.", 1)])
    shell.changed("pair")
    report = tab.browser.report
    tab.browser.show_page(REPORT)
    qtbot.waitUntil(lambda: "1 × The answer has a number" in report.rejected.text())
    qtbot.mouseClick(report.left_out_button, Qt.MouseButton.LeftButton)
    assert tab.browser.page == PAIRS and tab.browser.pairs.filter.states.currentIndex() == DID_NOT_PASS
    assert tab.browser.pairs.model.rowCount() == 1
    settle(qtbot, shell)


def test_a_preview_that_brings_nothing_says_so_once(qtbot, tab: SftDataTab, shell: Shell, serve):  # noqa: F811
    ask(tab, serve("ollama", "prose"))
    qtbot.waitUntil(tab.preview_button.isEnabled)
    qtbot.mouseClick(tab.preview_button, Qt.MouseButton.LeftButton)
    settle(qtbot, shell)
    qtbot.waitUntil(lambda: "preview brought no pair" in shell.messages[-1].text)
    ask(tab, serve("ollama", "no-model"))
    qtbot.mouseClick(tab.preview_button, Qt.MouseButton.LeftButton)
    settle(qtbot, shell)
    qtbot.waitUntil(lambda: shell.messages[-1].kind == "error")
    qtbot.waitUntil(tab.preview_button.isEnabled)
    assert sum("preview brought no pair" in notice.text for notice in shell.messages) == 1
    settle(qtbot, shell)


def test_a_limit_is_one_click_away_and_is_said(qtbot, tab: SftDataTab, shell: Shell):
    tab.activateWindow()
    tab.ask.set_values({"provider": "openai-compatible", "url": "https://models.example/v1", "model": "big"})
    qtbot.waitUntil(lambda: tab.box.limit_button.isVisible())  # what costs nothing needs no limit
    qtbot.mouseClick(tab.box.limit_button, Qt.MouseButton.LeftButton)
    budget = tab.ask.form.fields["budget"].editor
    assert budget.isVisible() and budget.hasFocus()
    budget.setValue(2.5)
    qtbot.waitUntil(lambda: "price not known · stops at 2.50" in tab.box.text.text())
    settle(qtbot, shell)


def test_what_it_costs_is_said_before_during_and_after(qtbot, tab: SftDataTab, shell: Shell, serve, monkeypatch):  # noqa: F811
    monkeypatch.setenv("OPENROUTER_API_KEY", "sk-or-good")
    server = serve("openai", "good", "good", "hang")
    ask(tab, server, provider="openrouter", model="priced/large", budget=1.0)
    said = tab.box.text.text
    qtbot.waitUntil(lambda: "about 0.0" in said() and "US dollars · stops at 1.00" in said())  # the price list was read
    qtbot.waitUntil(tab.generate_button.isEnabled)
    qtbot.mouseClick(tab.generate_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: "of at most 1.00 US dollars" in said() and " tokens" in said(), timeout=20_000)
    shell.job.stop()
    settle(qtbot, shell)
    tab.browser.show_page(REPORT)
    qtbot.waitUntil(lambda: "stopped by you" in tab.browser.report.run.text())
    report, made = tab.browser.report.report, len(shell.knowledge_base.pair_ids("sft_data"))
    assert made and f"{made} of {report.run.settings['pairs']:,} pairs" in tab.browser.report.run.text()
    assert "priced/large · pairs: " in tab.browser.report.bill.text() and "0.0" in tab.browser.report.bill.text()
    settle(qtbot, shell)


def test_while_it_runs_the_bill_grows(qtbot, tab: SftDataTab, shell: Shell, serve):  # noqa: F811
    ask(tab, serve("ollama", "good", "hang"))
    qtbot.mouseClick(tab.generate_button, Qt.MouseButton.LeftButton)
    # The first request is answered and the next one hangs; the estimate says "about" so many.
    said = tab.box.text.text
    qtbot.waitUntil(lambda: " tokens" in said() and "about" not in said(), timeout=20_000)
    shell.job.stop()
    settle(qtbot, shell)
    qtbot.waitUntil(lambda: "3 pairs from 3 chunks" in tab.box.text.text())
    settle(qtbot, shell)


def test_beside_a_pair_that_was_left_out_stands_what_to_do(qtbot, tab: SftDataTab, project: Project, shell: Shell):
    with project.connect() as store:
        failed, alone, kept = store.add_pairs("sft_data", [
            NewPair("When?", "In 2047.", 1, state="failed", reason="number"),
            NewPair("What does the text say?", "A lot.", 1, state="failed", reason="not-alone"), NewPair("Why?", "So.", 1),
        ])  # fmt: skip
    tab.ask.set_values({"provider": "ollama", "model": "llama3.1:8b", "temperature": 0.9})
    shell.changed("pair")
    tab.activateWindow()
    tab.browser.choose_pair(kept)
    advice = tab.review.advice
    assert not advice.isVisible()
    with project.connect() as store:  # a chunk that is long enough to be blamed last
        store.connection.execute("UPDATE chunk_state SET token_count = 400")
    tab.browser.choose_pair(failed)
    assert advice.isVisible() and "lower temperature" in advice.text.text()
    qtbot.mouseClick(advice.button, Qt.MouseButton.LeftButton)
    assert tab.ask.values()["temperature"] == 0.5 and "next run" in advice.text.text() and not advice.button.isVisible()
    tab.browser.choose_pair(alone)
    qtbot.mouseClick(advice.button, Qt.MouseButton.LeftButton)
    assert tab.ask.form.fields["system_prompt"].editor.hasFocus()
    settle(qtbot, shell)
