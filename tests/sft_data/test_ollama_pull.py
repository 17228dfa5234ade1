"""Getting a model for Ollama, from a server that speaks its protocol."""

import json
import threading
from collections.abc import Iterator

import pytest
from library import SIZES, Library, library

from services.command_line import main
from services.errors import Cancelled, UserError
from services.jobs import Child, Context
from services.sft_data.pull import run

WHOLE = sum(SIZES.values())


@pytest.fixture
def ollama() -> Iterator[Library]:
    with library() as server:
        yield server


def test_the_model_arrives_and_the_bytes_of_all_its_parts_are_counted(ollama: Library) -> None:
    events: list[dict] = []
    assert run({"model": " llama3.1:8b ", "url": ollama.url}, Context(events.append)) == {"model": "llama3.1:8b"}
    assert ollama.models == ["llama3.1:8b"]
    done = [event["done"] for event in events]
    assert done == sorted(done) and done[-1] == WHOLE == events[-1]["total"]
    assert "Getting llama3.1:8b: 2.0 of 4.0 GB" in [event["text"] for event in events]
    assert events[0]["text"].startswith("Looking for") and events[-1]["text"].startswith("Checking")


@pytest.mark.parametrize(
    ("mode", "sentence"),
    [
        ("unknown", "has no model “herring:9b”"), ("bad-name", "has no model “herring:9b”"), ("full", "no room left"),
        ("offline", "connection to the internet"), ("old", "newer Ollama"), ("other", "max retries exceeded"),
        ("cut", "it goes on"),
    ],
)  # fmt: skip
def test_what_goes_wrong_is_one_sentence(ollama: Library, mode: str, sentence: str) -> None:
    ollama.mode = mode
    with pytest.raises(UserError) as raised:
        run({"model": "herring:9b", "url": ollama.url}, Context())
    assert sentence in str(raised.value) and "\n" not in str(raised.value) and not ollama.models


def test_a_cut_pull_goes_on_where_it_was(ollama: Library) -> None:
    ollama.mode = "cut"
    with pytest.raises(UserError):
        run({"model": "llama3.1:8b", "url": ollama.url}, Context())
    ollama.mode, events = "good", []
    run({"model": "llama3.1:8b", "url": ollama.url}, Context(events.append))
    assert next(event["done"] for event in events if event["total"]) == SIZES["sha256:aa"] // 2


def test_no_ollama_and_no_name() -> None:
    with pytest.raises(UserError, match="does not answer"):
        run({"model": "llama3.1:8b", "url": "http://127.0.0.1:9"}, Context())
    with pytest.raises(UserError, match="Write down the name"):
        run({"model": " "}, Context())


def test_it_can_be_stopped_while_the_server_is_silent(ollama: Library) -> None:
    """As the window does it: in a child, which is ended where it does not end by itself."""
    ollama.mode, cancelled = "wait", threading.Event()

    def hear(event: dict) -> None:
        if event["type"] == "progress" and event["done"] == SIZES["sha256:aa"] // 2:
            cancelled.set()

    with pytest.raises(Cancelled):
        Child("pull", {"model": "llama3.1:8b", "url": ollama.url}, grace_s=0.5).run(hear, cancelled)
    assert not ollama.models


def test_the_command_line_gets_one_too(ollama: Library, capsys) -> None:
    assert main(["pull", "qwen3:8b", "--url", ollama.url, "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"model": "qwen3:8b"} and ollama.models == ["qwen3:8b"]
    ollama.mode = "unknown"
    assert main(["pull", "nothing", "--url", ollama.url]) == 1
    assert "has no model “nothing”" in capsys.readouterr().err
