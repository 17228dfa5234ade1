"""How to ask: models that are got, chosen by their price, and prompts that are read, changed and brought back."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QStyleOptionViewItem

from gui.ask_form import AskForm
from gui.mix_dialog import MixDialog
from gui.offer_dialog import OfferDialog, in_words
from gui.prompt_dialog import PromptDialog
from gui.shell import Shell
from services.knowledge_base.dataset import DatasetCount
from services.project import Project
from services.sft_data.prompt_text import FACTS_KEY, PROMPT_TEXTS
from services.sft_data.provider import Offer, Price
from services.sft_data.style import STYLES
from tests import sft_data


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[[str], str]]:
    """The address of a server process that speaks a protocol."""
    running: list[subprocess.Popen[str]] = []

    def start(protocol: str) -> str:
        script = Path(sft_data.__path__[0]) / "servers.py"
        process = subprocess.Popen(
            [sys.executable, str(script), protocol, str(tmp_path / "log"), "good"], stdout=subprocess.PIPE, text=True
        )
        running.append(process)
        return process.stdout.readline().strip()

    yield start
    for process in running:
        process.kill()
        process.communicate()


@pytest.fixture
def form(qtbot, project: Project, shell: Shell) -> AskForm:
    form = AskForm(shell)
    qtbot.addWidget(form)
    form.show()
    return form


def choose(qtbot, shell: Shell, form: AskForm, provider: str, url: str) -> None:
    form.provider.setCurrentIndex(form.provider.findData(provider))
    form.url.setText(url)
    qtbot.waitUntil(lambda: not shell.threads(), timeout=10_000)


def pulls(tmp_path: Path) -> int:
    return sum("pull" in json.loads(line) for line in (tmp_path / "log").read_text().splitlines())


def test_a_model_is_got_with_its_progress_and_chosen(qtbot, shell: Shell, form: AskForm, serve, tmp_path: Path):
    choose(qtbot, shell, form, "ollama", serve("ollama"))
    assert form.pull_button.isVisible() and not form.pull.isVisible()
    qtbot.mouseClick(form.pull_button, Qt.MouseButton.LeftButton)
    assert "name first" in form.model_note.text() and not (tmp_path / "log").exists()
    form.model.setCurrentText("smollm2:135m")
    qtbot.mouseClick(form.pull_button, Qt.MouseButton.LeftButton)
    assert not form.pull_button.isEnabled()
    qtbot.waitUntil(lambda: form.model.findText("smollm2:135m") >= 0, timeout=20_000)
    qtbot.waitUntil(lambda: not shell.threads(), timeout=10_000)
    assert "has smollm2:135m now" in form.pull.text.text() and form.pull_button.isEnabled()
    assert form.form.values()["model"] == "smollm2:135m" and not form.pull.progress.isVisible()


def test_a_pull_that_is_stopped_or_cut_goes_on(qtbot, shell: Shell, form: AskForm, serve, tmp_path: Path):
    choose(qtbot, shell, form, "ollama", serve("ollama"))
    for name, said in (("slow:1b", "Stopped"), ("cut:1b", "Try again")):
        form.model.setCurrentText(name)
        form.pull_model()
        if name == "slow:1b":
            qtbot.waitUntil(lambda: "of 4.0 MB" in form.pull.text.text(), timeout=20_000)
            qtbot.mouseClick(form.pull.button, Qt.MouseButton.LeftButton)
        qtbot.waitUntil(lambda: not form.pull.is_running, timeout=20_000)
        assert said in form.pull.text.text()
        form.pull_model()
        qtbot.waitUntil(lambda name=name: form.model.findText(name) >= 0, timeout=20_000)
        qtbot.waitUntil(lambda: not shell.threads(), timeout=10_000)
    assert pulls(tmp_path) == 4


def test_a_model_that_does_not_exist_is_said(qtbot, shell: Shell, form: AskForm, serve):
    choose(qtbot, shell, form, "ollama", serve("ollama"))
    form.model.setCurrentText("unknown:7b")
    form.pull_model()
    qtbot.waitUntil(lambda: not form.pull.is_running, timeout=20_000)
    assert "unknown:7b" in form.pull.text.text() and "library has no model" in form.pull.text.text()
    form.provider.setCurrentIndex(form.provider.findData("built-in"))
    assert not form.pull.isVisible() and not form.pull_button.isVisible()


def test_models_with_prices_are_searched_and_chosen(qtbot, shell: Shell, form: AskForm, serve):
    choose(qtbot, shell, form, "openrouter", serve("openai"))
    form.list_models()
    qtbot.waitUntil(lambda: form.findChild(OfferDialog) is not None, timeout=20_000)
    dialog = form.findChild(OfferDialog)
    assert not dialog.buttons.button(dialog.buttons.StandardButton.Ok).isEnabled()
    dialog.search.setText("large priced")
    assert dialog.count.text() == "1 model" and dialog.choose("priced/large")
    dialog.accept()
    assert form.form.values()["model"] == "priced/large"
    assert form.model_note.text() == "$10.00 to read and $20.00 to write a million tokens · reads 131,072 tokens at once"
    qtbot.waitUntil(lambda: not shell.threads(), timeout=10_000)


def test_models_are_sorted_by_what_they_cost(qtbot):
    offers = [Offer("b", Price(2e-6, 1e-6)), Offer("unsaid"), Offer("a", Price(0, 0)), Offer("c", Price(5e-8, 1e-5))]
    dialog = OfferDialog(offers, "c")
    qtbot.addWidget(dialog)
    assert dialog.chosen == "c"
    dialog.table.sortByColumn(1, Qt.SortOrder.AscendingOrder)
    shown = [dialog.table.model().index(row, 0).data() for row in range(4)]
    assert shown == ["a", "c", "b", "unsaid"]
    assert in_words(offers[2]) == "free" and in_words(offers[1]) == ""


def test_datasets_are_listed_with_their_pairs(form: AskForm):
    form.dataset.show_datasets([DatasetCount("casual", 1200, 30, 4), DatasetCount("formal", 0, 0, 0)])
    option = QStyleOptionViewItem()
    form.dataset.itemDelegate().initStyleOption(option, form.dataset.model().index(0, 0))
    assert option.text == "casual · 1,200 pairs · 30 accepted · 4 left out"
    form.dataset.setCurrentIndex(0)
    assert form.dataset.currentText() == "casual" and form.values()["dataset"] == "casual"


@pytest.fixture
def prompts(qtbot, shell: Shell) -> PromptDialog:
    dialog = PromptDialog(shell.knowledge_base, lambda: None, "factual")
    qtbot.addWidget(dialog)
    dialog.show()
    return dialog


def test_a_prompt_is_kept_by_itself_and_brought_back(qtbot, shell: Shell, prompts: PromptDialog):
    ours = STYLES["factual"].prompt
    assert prompts.chosen.key == "factual" and prompts.text.toPlainText() == ours and not prompts.reset_button.isEnabled()
    prompts.text.setPlainText("Ask about {chunk}.")
    prompts.list.setCurrentRow(list(PROMPT_TEXTS).index(FACTS_KEY))
    assert shell.knowledge_base.prompt_texts() == {"factual": "Ask about {chunk}."}
    prompts.list.setCurrentRow(list(PROMPT_TEXTS).index("factual"))
    assert prompts.text.toPlainText() == "Ask about {chunk}." and "yours" in prompts.list.currentItem().text()
    qtbot.mouseClick(prompts.reset_button, Qt.MouseButton.LeftButton)
    assert shell.knowledge_base.prompt_texts() == {} and prompts.text.toPlainText() == ours
    prompts.text.undo()
    prompts.close()
    assert shell.knowledge_base.prompt_texts() == {"factual": "Ask about {chunk}."}


def test_a_prompt_that_cannot_work_is_said_there_and_before_a_run(shell: Shell, form: AskForm, prompts: PromptDialog):
    prompts.text.setPlainText("Ask about {chunks}.")
    assert "{chunks}" in prompts.problem.text.text() and prompts.problem.isVisible()
    prompts.save()
    form._take_prompts()
    form.provider.setCurrentIndex(form.provider.findData("ollama"))
    assert "Factual" in form.problem() and "{chunks}" in form.problem()
    form.form.fields["prompt"].set_value("This once: {chunk}")
    assert not form.problem()


def test_a_zero_that_means_something_says_so_and_takes_a_number(qtbot, form: AskForm):
    budget, workers = (form.form.fields[key].editor for key in ("budget", "workers"))
    assert (budget.text(), workers.text()) == ("no limit", "learnt")
    form.form.more_button.setChecked(True)
    for editor, typed in ((budget, "2.5"), (workers, "3")):
        editor.setFocus()
        editor.selectAll()
        qtbot.keyClicks(editor, typed)
        qtbot.keyClick(editor, Qt.Key.Key_Tab)
    values = form.form.values()
    assert (values["budget"], values["workers"]) == (2.5, 3)
    for editor in (budget, workers):
        editor.setFocus()
        editor.selectAll()
        qtbot.keyClicks(editor, "0")
        qtbot.keyClick(editor, Qt.Key.Key_Tab)
    assert (budget.text(), workers.text()) == ("no limit", "learnt")
    assert form.form.values()["budget"] == 0


def test_another_provider_gets_neither_model_nor_address_of_the_one_before(qtbot, shell: Shell, form: AskForm):
    """With Ollama's address, hidden as it is there, OpenRouter's key would be sent to whoever listens at it."""
    choose(qtbot, shell, form, "ollama", "http://10.0.0.7:11434")
    form.model.setCurrentText("llama3.1:8b")
    form.provider.setCurrentIndex(form.provider.findData("openrouter"))
    values = form.values()
    assert (values["provider"], values["model"], values["url"]) == ("openrouter", "", "")
    form.model.setCurrentText("maker/large")
    form.provider.setCurrentIndex(form.provider.findData("ollama"))
    values = form.values()
    assert (values["model"], values["url"]) == ("llama3.1:8b", "http://10.0.0.7:11434")
    form.set_values({"provider": "openrouter", "model": "maker/small", "url": "http://127.0.0.1:9/v1"})  # an earlier run's
    values = form.values()
    assert (values["model"], values["url"]) == ("maker/small", "http://127.0.0.1:9/v1")
    qtbot.waitUntil(lambda: not shell.threads(), timeout=10_000)


def test_a_mix_of_styles_is_put_together_and_given_up_again(qtbot, shell: Shell, form: AskForm) -> None:
    form.provider.setCurrentIndex(form.provider.findData("built-in"))
    form.mix_button.click()
    dialog = form.findChild(MixDialog)
    assert dialog.mix == "factual 1" and not dialog.take_button.isEnabled() and dialog.need.isVisible()
    dialog.reject()
    assert form.styles.checkedId() == 0 and form.values()["mix"] == "", "nothing was chosen"
    qtbot.waitUntil(lambda: form.findChild(MixDialog) is None)

    form.mix_button.click()
    dialog = form.findChild(MixDialog)
    dialog.shares["factual"].setValue(3)
    dialog.shares["conversational"].setValue(1)
    assert [dialog.counts[key].text() for key in ("factual", "conversational", "socratic")] == ["75 pairs", "25 pairs", ""]
    with qtbot.waitSignal(form.changed):
        dialog.take_button.click()
    assert form.values()["mix"] == "factual 3, conversational 1" and form.mix_button.isChecked()
    assert form.style_note.text() == "75 Factual, 25 Conversational" and not form.problem()
    form.form.fields["pairs"].set_value(8)
    assert form.style_note.text() == "6 Factual, 2 Conversational"
    qtbot.waitUntil(lambda: form.findChild(MixDialog) is None)

    form.mix_button.click()  # as it was, to be changed
    dialog = form.findChild(MixDialog)
    assert dialog.mix == "factual 3, conversational 1"
    dialog.shares["socratic"].setValue(1)
    dialog.take_button.click()
    assert "no model" in form.problem() and "socratic" in form.problem()
    form.set_values({"style": "multiple-choice"})  # as an earlier run had it
    assert form.values()["mix"] == "" and STYLES["multiple-choice"].help == form.style_note.text() and not form.problem()
    form.set_values({"style": "factual", "mix": "factual 1, multiple-choice 1"})
    assert form.mix_button.isChecked()
    form.styles.button(1).click()
    assert (form.values()["style"], form.values()["mix"]) == ("conversational", "")
