"""Choosing a base model: what is said of each, fetching from a hub process, searching, deleting, and without a network."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import keyring
import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton, QApplication, QLineEdit, QMessageBox, QPushButton, QTableView

from gui.access_token_dialog import AccessTokenDialog
from gui.base_model_chooser import BaseModelChooser
from gui.base_model_picker import FOLDER_PAGE, LOCAL_PAGE, RECOMMENDED_PAGE, SEARCH_PAGE, BaseModelPicker
from gui.job_bar import JobBar
from gui.shell import Outcome, Shell
from services.models.cache import cached_model
from services.models.provenance import write_provenance
from services.models.recommended import RECOMMENDED
from services.project import Project
from services.sft_data.key import forget_key
from tests.models.hub import Hub
from tests.sft_data.test_key import MemoryKeyring
from tests.tiny_models import make_tiny_model

NAME = "Qwen/Qwen3-0.6B-Base"


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_model(tmp_path_factory.mktemp("models") / "tiny", "qwen2", hidden_size=128)


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """A hub that this process and its children reach, with a cache of the test."""
    hub = Hub(tmp_path / "hub", tmp_path / "cache")
    for name, value in hub.environment().items():
        monkeypatch.setenv(name, value)
    yield hub
    hub.close()


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache, offline."""
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def open_picker(qtbot, shell: Shell) -> Callable[..., BaseModelPicker]:
    def make(choice: str = "starter") -> BaseModelPicker:
        picker = BaseModelPicker(shell)
        qtbot.addWidget(picker)
        picker.show_for(choice)
        qtbot.waitUntil(lambda: bool(picker.recommended.rows()), timeout=10_000)
        settle(qtbot, shell)
        return picker

    return make


def settle(qtbot, shell: Shell) -> None:
    qtbot.waitUntil(lambda: not shell.threads(), timeout=30_000)


def press(qtbot, button: QAbstractButton) -> None:
    assert button.isEnabled(), button.text()
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)


def test_offline_everything_is_said_and_only_what_is_here_can_be_used(qtbot, shell: Shell, cache: Path, open_picker):
    picker = open_picker()
    assert picker.pages.currentIndex() == LOCAL_PAGE  # where the chosen one is
    picker.pages.setCurrentIndex(RECOMMENDED_PAGE)
    assert {row.card.name for row in picker.recommended.rows()} == set(RECOMMENDED)
    assert picker.recommended.choose("meta-llama/Llama-3.2-1B")
    assert not picker.use_button.isEnabled() and "offline" in picker.reason.text()
    assert "learns your texts best" in picker.details.kind.text() and "GB" in picker.details.fit.text()
    assert "Built with Llama" in picker.details.licence.text() and picker.details.token_button.isVisible()
    picker.pages.setCurrentIndex(SEARCH_PAGE)
    picker.search.word.setText("qwen")
    qtbot.keyClick(picker.search.word, Qt.Key.Key_Return)
    assert not shell.threads() and "offline" in picker.search.list.note.text()
    picker.pages.setCurrentIndex(LOCAL_PAGE)
    assert picker.local.choose("starter")
    with qtbot.waitSignal(picker.picked) as picked:
        qtbot.keyClick(picker.local, Qt.Key.Key_Return)
    assert picked.args == ["starter"] and not picker.isVisible()


def test_a_model_is_fetched_paused_and_used(qtbot, project: Project, shell: Shell, hub: Hub, tiny: Path):
    hub.add(NAME, tiny, "hold")
    chooser, bar = BaseModelChooser(shell), JobBar()
    bar.watch(shell)
    for widget in (chooser, bar):
        qtbot.addWidget(widget)
        widget.show()
    settle(qtbot, shell)
    outcomes: list[Outcome] = []
    shell.job_ended.connect(outcomes.append)
    press(qtbot, chooser.choose_button)
    picker = chooser.picker
    qtbot.waitUntil(lambda: bool(picker.recommended.rows()), timeout=10_000)
    picker.pages.setCurrentIndex(RECOMMENDED_PAGE)
    picker.recommended.choose(NAME)
    assert picker.use_button.text() == "Download and use"
    press(qtbot, picker.use_button)
    qtbot.waitUntil(lambda: picker.download.progress.value() > 300, timeout=30_000)
    assert bar.stop_button.text() == "Pause" and " of " in picker.download.text.text()
    assert not picker.use_button.isEnabled() and picker.reason.text()
    press(qtbot, picker.download.button)
    qtbot.waitUntil(lambda: bool(outcomes), timeout=30_000)
    assert outcomes[0].state == "stopped" and "kept" in picker.download.text.text()
    picker.pages.setCurrentIndex(LOCAL_PAGE)
    qtbot.waitUntil(lambda: picker.local.choose(NAME), timeout=10_000)
    assert "% here" in picker.local.current().say_place()
    assert picker.use_button.text() == "Go on with the download"
    press(qtbot, picker.download.button)
    qtbot.waitUntil(lambda: len(outcomes) == 2, timeout=30_000)
    settle(qtbot, shell)
    assert outcomes[1].state == "succeeded", outcomes[1].text
    assert chooser.value() == NAME and "parameters" in chooser.info.text() and cached_model(NAME)
    qtbot.waitUntil(lambda: picker.use_button.text() == "Use this model", timeout=10_000)
    # It is what the next project begins with.
    again = BaseModelChooser(shell)
    qtbot.addWidget(again)
    assert again.value() == NAME


def test_gated_models_are_fetched_with_a_token_that_is_kept_nowhere_else(
    qtbot, project: Project, shell: Shell, hub: Hub, tiny: Path, open_picker
):
    hub.add("meta-llama/Llama-3.2-1B", tiny, "gated")
    before, ring = keyring.get_keyring(), MemoryKeyring()
    keyring.set_keyring(ring)
    try:
        picker = open_picker()
        picker.pages.setCurrentIndex(RECOMMENDED_PAGE)
        picker.recommended.choose("meta-llama/Llama-3.2-1B")
        press(qtbot, picker.use_button)
        qtbot.waitUntil(lambda: "accepted its terms" in picker.download.text.text(), timeout=30_000)
        settle(qtbot, shell)
        dialog = AccessTokenDialog(shell)
        qtbot.addWidget(dialog)
        dialog.show()
        qtbot.keyClicks(dialog.token, "two words")
        press(qtbot, dialog.keep_button)
        assert "one word" in dialog.note.text()
        dialog.token.setText(" hf_good ")
        press(qtbot, dialog.keep_button)
        qtbot.waitUntil(lambda: "keyring" in dialog.note.text(), timeout=10_000)
        assert ring.kept == {("wissenswerk", "huggingface"): "hf_good"}
        with qtbot.waitSignal(picker.picked, timeout=30_000):
            press(qtbot, picker.download.button)
        settle(qtbot, shell)
        files = [path for folder in (project.folder, hub.cache) for path in folder.rglob("*") if path.is_file()]
        assert len(files) > 10 and not any(b"hf_good" in path.read_bytes() for path in files)
        shell.preferences.sync()
        assert "hf_good" not in "".join(str(shell.preferences.value(key)) for key in shell.preferences.allKeys())
        press(qtbot, dialog.remove_button)
        qtbot.waitUntil(lambda: not ring.kept, timeout=10_000)
        settle(qtbot, shell)
    finally:
        forget_key("huggingface")
        keyring.set_keyring(before)


def test_the_hub_is_searched_when_asked(qtbot, shell: Shell, hub: Hub, tmp_path: Path, open_picker):
    (tmp_path / "empty").mkdir()
    weights = {"parameters": {"BF16": 600_000_000}, "total": 600_000_000}
    hub.add("author/qwen-small", tmp_path / "empty", safetensors=weights, tags=["license:mit", "de"], downloads=7)
    hub.add("author/qwen-4bit", tmp_path / "empty", config={"architectures": ["Q"], "quantization_config": {}})
    picker = open_picker()
    picker.pages.setCurrentIndex(SEARCH_PAGE)
    assert not picker.search.button.isEnabled() and hub.requests() == []
    qtbot.keyClicks(picker.search.word, "qwen")
    press(qtbot, picker.search.button)
    assert picker.search.button.text() == "Stop" and "Searching" in picker.search.list.note.text()
    qtbot.waitUntil(lambda: len(picker.search.list.rows()) == 2, timeout=30_000)
    assert picker.search.list.choose("author/qwen-4bit")
    assert not picker.use_button.isEnabled() and "already quantized" in picker.details.problem.text()
    assert picker.search.list.choose("author/qwen-small")
    assert picker.use_button.isEnabled() and "MIT" in picker.details.licence.text()
    settle(qtbot, shell)
    picker.search.word.setText("nothing-like-it")
    press(qtbot, picker.search.button)
    qtbot.waitUntil(lambda: "No text model" in picker.search.list.note.text(), timeout=30_000)
    settle(qtbot, shell)
    picker.search.word.setText("silence")
    press(qtbot, picker.search.button)
    qtbot.waitUntil(lambda: any("silence" in line for line in hub.requests()), timeout=30_000)
    press(qtbot, picker.search.button)
    qtbot.waitUntil(lambda: "stopped" in picker.search.list.note.text(), timeout=30_000)
    settle(qtbot, shell)
    hub.close()
    picker.search.word.setText("qwen")
    press(qtbot, picker.search.button)
    qtbot.waitUntil(lambda: "could not be reached" in picker.search.list.note.text(), timeout=30_000)
    settle(qtbot, shell)


def test_a_model_is_deleted_after_a_question_that_names_who_needs_it(
    qtbot, project: Project, shell: Shell, hub: Hub, tiny: Path, open_picker, own_projects: Path
):
    hub.add("author/old", tiny)
    hub.download("author/old")
    project.cpt_model_folder.mkdir(parents=True)
    write_provenance(project.cpt_model_folder, base_model="author/old")
    picker = open_picker("author/old")
    assert picker.pages.currentIndex() == LOCAL_PAGE and picker.current().card.name == "author/old"

    with project.lock("a training"):
        press(qtbot, picker.delete_button)
        qtbot.waitUntil(lambda: bool(picker.notices.bars()), timeout=10_000)
        assert "at work with it" in picker.notices.bars()[0].notice.text
        settle(qtbot, shell)

    def question() -> QMessageBox | None:
        return next((box for box in picker.findChildren(QMessageBox) if box.isVisible()), None)

    press(qtbot, picker.delete_button)
    qtbot.waitUntil(lambda: question() is not None, timeout=10_000)
    assert f"“{project.name}”" in question().informativeText() and cached_model("author/old")
    assert question().defaultButton() is question().button(QMessageBox.StandardButton.Cancel)
    yes = next(button for button in question().buttons() if button.text() == "Delete")
    press(qtbot, yes)
    qtbot.waitUntil(lambda: cached_model("author/old") is None, timeout=10_000)
    qtbot.waitUntil(lambda: [row.card.name for row in picker.local.rows()] == ["starter"], timeout=10_000)
    settle(qtbot, shell)
    assert not picker.delete_button.isEnabled()  # the starter comes with the program


def test_models_in_a_folder_are_taken_by_their_place(qtbot, shell: Shell, cache: Path, tiny: Path, tmp_path: Path, open_picker):
    shutil.copytree(tiny, tmp_path / "mine" / "one")
    (tmp_path / "mine" / "no-model").mkdir()
    picker = open_picker()
    picker.pages.setCurrentIndex(FOLDER_PAGE)
    assert "config.json" in picker.folder.note.text()
    picker.add_folder(str(tmp_path / "mine"))
    qtbot.waitUntil(lambda: bool(picker.folder.rows()), timeout=10_000)
    settle(qtbot, shell)
    (row,) = picker.folder.rows()
    assert row.card.title == "one" and row.is_here and not row.can_be_deleted
    with qtbot.waitSignal(picker.picked) as picked:
        picker.use_button.click()
    assert picked.args == [str(tmp_path / "mine" / "one")]
    # A folder without a model is named with what is wrong, and not kept.
    (tmp_path / "chat").mkdir()
    (tmp_path / "chat" / "model.Q4_K_M.gguf").write_bytes(b"GGUF")
    picker.show_for("")
    picker.add_folder(str(tmp_path / "chat"))
    qtbot.waitUntil(lambda: "cannot be trained" in picker.folder_note.text(), timeout=10_000)
    settle(qtbot, shell)
    # The other one is known the next time.
    again = open_picker()
    assert again._folders() == [str(tmp_path / "mine")]
    assert [row.card.title for row in again.folder.rows()] == ["one"]


def test_it_can_be_used_without_a_mouse_and_in_a_narrow_window(qtbot, shell: Shell, cache: Path, open_picker):
    picker = open_picker()
    fields = [*picker.findChildren(QLineEdit), *picker.findChildren(QTableView)]
    assert len(fields) == 5 and all(field.accessibleName() for field in fields)
    assert all(button.text() for button in picker.findChildren(QPushButton) if button.isVisible())
    picker.pages.setCurrentIndex(RECOMMENDED_PAGE)
    wide = [picker.recommended.isColumnHidden(section) for section in range(7)]
    for width in (1400, 700):
        picker.resize(width, 600)
        QApplication.processEvents()
        qtbot.waitUntil(lambda: not picker.recommended._fit_timer.isActive())
        hidden = [picker.recommended.isColumnHidden(section) for section in range(7)]
        assert hidden == sorted(hidden) and not hidden[1]  # the least important are left out first
        assert sum(hidden) >= sum(wide) if width == 700 else sum(hidden) <= sum(wide)
        assert picker.recommended.columnWidth(0) >= picker.fontMetrics().averageCharWidth() * 10
