"""The hub searched: what comes back, and that nothing is asked or waited for where there is no network."""

import threading
from pathlib import Path
from typing import Any

import pytest

from services.errors import Cancelled, UserError
from services.jobs import Child, Context
from services.models.card import ModelCard
from services.models.search import clean, run
from tests.models.hub import Hub

CARD: dict[str, Any] = {
    "downloads": 12345,
    "lastModified": "2025-09-30T10:00:00.000Z",
    "pipeline_tag": "text-generation",
    "tags": ["transformers", "safetensors", "en", "de", "license:apache-2.0", "conversational"],
    "safetensors": {"parameters": {"BF16": 1_000_000, "F32": 10}, "total": 1_000_010},
    "config": {"architectures": ["Qwen2ForCausalLM"], "model_type": "qwen2", "tokenizer_config": {"chat_template": "x"}},
}


def search(hub: Hub, query: str, **environment: str) -> list[ModelCard]:
    child = Child("search", {"query": query}, environment=hub.environment(**environment))
    result = child.run(lambda event: None, threading.Event())
    assert result["query"] == query
    return [ModelCard(**fields) for fields in result["models"]]


def test_what_the_hub_says_of_a_model_is_put_in_words(hub: Hub, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    hub.add("author/Small-Chat", empty, **CARD)
    hub.add("author/Small-Base", empty, "gated", **{**CARD, "config": {**CARD["config"], "auto_map": {}, "architectures": ["OwnForCausalLM"]}})
    hub.add("author/Small-4bit", empty, **{**CARD, "config": {**CARD["config"], "quantization_config": {"bits": 4}}})
    hub.add("author/Small-odd", empty, tags=None, config=None, safetensors=None, downloads=None)
    hub.add("other/else", empty)
    found = {card.title: card for card in search(hub, "small")}
    assert set(found) == {"Small-Chat", "Small-Base", "Small-4bit", "Small-odd"}
    chat = found["Small-Chat"]
    assert (chat.kind, chat.licence, chat.languages, chat.changed) == ("instruct", "apache-2.0", "English, German", "2025-09-30")
    assert (chat.parameters, chat.size_bytes, chat.downloads, chat.is_gated) == (1_000_010, 2_000_040, 12345, False)
    assert not chat.why_not and "any use" in chat.licence_sentence
    assert found["Small-Base"].is_gated and "program code" in found["Small-Base"].why_not
    assert "already quantized" in found["Small-4bit"].why_not
    assert found["Small-odd"].parameters == 0 and "No licence" in found["Small-odd"].licence_sentence
    (asked,) = [line for line in hub.requests() if "search=small" in line]
    assert "filter=safetensors" in asked and "text-generation" in asked


def test_words_and_addresses_become_a_part_of_a_name() -> None:
    assert clean(" qwen3  1.7b ") == "qwen3-1.7b"
    assert clean("https://huggingface.co/Qwen/Qwen3-1.7B/tree/main") == clean("hf.co/Qwen/Qwen3-1.7B") == "Qwen/Qwen3-1.7B"


def test_offline_nothing_is_asked_and_nothing_waits(hub: Hub) -> None:
    with pytest.raises(UserError, match="offline"):
        search(hub, "small", HF_HUB_OFFLINE="1")
    assert hub.requests() == []
    with pytest.raises(UserError, match="could not be reached"):
        search(hub, "small", HF_ENDPOINT="http://127.0.0.1:9")


def test_a_hub_that_does_not_answer_can_be_left(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in hub.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", hub.environment()["HF_ENDPOINT"])
    cancelled = threading.Event()

    def hear(event: dict[str, Any]) -> None:
        cancelled.set()

    with pytest.raises(Cancelled):
        run({"query": "silence"}, Context(hear, cancelled))
