"""Providers in conversation with real server processes that speak their protocols, well and badly."""

import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from services.errors import Cancelled, UserError
from services.jobs import Context
from services.settings import declared
from services.sft_data.address import check_url, is_loopback
from services.sft_data.ollama import Ollama, was_cut
from services.sft_data.openai_compatible import OpenAICompatible, api_root
from services.sft_data.openrouter import OpenRouter
from services.sft_data.parse import parse
from services.sft_data.provider import (
    PROVIDERS,
    Options,
    Provider,
    RequestFailed,
    find_provider,
    make_provider,
    privacy_sentence,
)
from services.sft_data.server import retry_after_s

MESSAGES = [
    {"role": "system", "content": "You write examples."},
    {
        "role": "user",
        "content": "Write 2 questions.\n<text>The mill of Brackmoor was built in 1511 by Boris Klee.</text>",
    },
]
SCHEMA = {"type": "object", "properties": {"pairs": {"type": "array"}}, "required": ["pairs"]}

Settings = Callable[..., dict[str, Any]]
Serve = Callable[..., Any]


@pytest.fixture
def with_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENROUTER_API_KEY", "sk-or-good")


def ask(provider: Provider) -> int:
    """How many pairs one request brings."""
    reply = provider.complete(MESSAGES, SCHEMA, Options())
    return len(parse(reply.text, reply.is_cut).candidates)


def test_the_registry_and_the_setting_are_the_same() -> None:
    assert tuple(PROVIDERS) == declared("generate", "provider").choices
    with pytest.raises(UserError, match="ollama"):
        find_provider("chatgpt")


@pytest.mark.parametrize("kind", ["ollama", "openai-compatible", "openrouter"])
@pytest.mark.parametrize(
    ("modes", "pairs"),
    [
        (["good"], 2), (["think"], 2), (["fenced"], 2), (["commas"], 2), (["tags"], 2), (["many"], 2), (["cut"], 1),
        (["prose"], 0), (["empty"], 0), (["wrong-schema"], 0), (["only-think"], 0),
        (["429", "good"], 2), (["429-date", "good"], 2), (["500", "503", "good"], 2), (["drop", "good"], 2),
    ],
)  # fmt: skip
def test_every_kind_of_reply(
    serve: Serve, settings: Settings, with_key: None, kind: str, modes: list[str], pairs: int
) -> None:
    server = serve("ollama" if kind == "ollama" else "openai", *modes)
    provider = make_provider(settings(server.url, kind, model="meta/llama-3.3-70b"), Context())
    provider.check()
    assert ask(provider) == pairs
    assert len(server.requests()) == len(modes)


@pytest.mark.parametrize("kind", ["ollama", "openai-compatible", "openrouter"])
@pytest.mark.parametrize(
    ("mode", "word", "attempts"),
    [
        ("500", "500", 4),
        ("429", "slow down", 8),
        ("429-long", "daily limit", 1),
        ("html", "not JSON", 1),
        ("401", "401", 1),
    ],
)
def test_every_kind_of_failure_is_a_sentence(
    serve: Serve, settings: Settings, with_key: None, kind: str, mode: str, word: str, attempts: int
) -> None:
    server = serve("ollama" if kind == "ollama" else "openai", mode)
    provider = make_provider(settings(server.url, kind), Context())
    with pytest.raises(RequestFailed) as raised:
        ask(provider)
    assert word in str(raised.value) and "127.0.0.1" in str(raised.value)
    assert raised.value.is_final == (mode == "401")
    assert len(server.requests()) == attempts


@pytest.mark.parametrize("kind", ["ollama", "openai-compatible", "openrouter"])
def test_a_server_that_hangs_is_given_up_after_the_time_allowed(
    serve: Serve, settings: Settings, with_key: None, kind: str
) -> None:
    server = serve("ollama" if kind == "ollama" else "openai", "hang")
    with pytest.raises(RequestFailed, match="within 1 s"):
        ask(make_provider(settings(server.url, kind, timeout_s=1.0), Context()))
    assert len(server.requests()) == 1


@pytest.mark.parametrize("kind", ["ollama", "openai-compatible", "openrouter"])
def test_a_server_that_is_not_there_is_said_at_once(
    serve: Serve, settings: Settings, with_key: None, kind: str
) -> None:
    server = serve("ollama", "good")
    server.process.kill()
    server.process.wait()
    with pytest.raises(UserError, match="does not answer at 127.0.0.1"):
        make_provider(settings(server.url, kind), Context()).check()


def test_stopping_ends_a_wait_at_once(serve: Serve, settings: Settings) -> None:
    cancelled = threading.Event()
    server = serve("ollama", "503")
    provider = Ollama(settings(server.url), Context(cancelled=cancelled))
    cancelled.set()
    with pytest.raises(Cancelled):
        ask(provider)


class TestOllama:
    def test_window_schema_and_thinking_are_explicit(self, serve: Serve, settings: Settings) -> None:
        server = serve("ollama", "good")
        Ollama(settings(server.url), Context()).complete(MESSAGES, SCHEMA, Options(0.3, 4096, 99, 7))
        [request] = server.requests()
        assert request["path"] == "/api/chat"
        assert request["body"]["options"] == {"num_ctx": 4096, "num_predict": 99, "temperature": 0.3, "seed": 7}
        assert request["body"]["format"] == SCHEMA and request["body"]["think"] is False
        assert "Authorization" not in request["headers"]

    def test_a_model_that_cannot_stop_thinking_is_asked_without(self, serve: Serve, settings: Settings) -> None:
        server = serve("ollama", "no-thinking")
        provider = Ollama(settings(server.url), Context())
        assert ask(provider) == 2 and ask(provider) == 2
        assert ["think" in request["body"] for request in server.requests()] == [True, False, False]

    def test_a_prompt_that_was_cut_silently_fails(self, serve: Serve, settings: Settings) -> None:
        with pytest.raises(RequestFailed, match="Context window") as raised:
            ask(Ollama(settings(serve("ollama", "cut-prompt").url), Context()))
        assert not raised.value.is_server

    def test_an_unknown_prompt_count_is_no_failure(self, serve: Serve, settings: Settings) -> None:
        provider = Ollama(settings(serve("ollama", "cached-prompt").url), Context())
        assert provider.complete(MESSAGES, SCHEMA, Options()).prompt_tokens is None

    def test_token_counts_are_compared_with_words(self) -> None:
        english, chinese = [{"role": "user", "content": "word " * 1000}], [{"role": "user", "content": "字" * 900}]
        assert not was_cut(1300, english, 8192) and was_cut(600, english, 8192) and was_cut(2048, english, 2048)
        assert not was_cut(600, chinese, 8192) and was_cut(200, chinese, 8192)

    @pytest.mark.parametrize("mode", ["cut-stream", "stream-error"])
    def test_half_an_answer_is_none(self, serve: Serve, settings: Settings, mode: str) -> None:
        with pytest.raises(RequestFailed, match="Ollama"):
            ask(Ollama(settings(serve("ollama", mode).url), Context()))

    def test_a_missing_model_says_how_to_get_it(self, serve: Serve, settings: Settings) -> None:
        server = serve("ollama", "no-model")
        with pytest.raises(UserError, match="ollama pull mistral:7b"):
            Ollama(settings(server.url, model="mistral:7b"), Context()).check()
        with pytest.raises(RequestFailed, match="ollama pull") as raised:
            ask(Ollama(settings(server.url), Context()))
        assert raised.value.is_final
        with pytest.raises(UserError, match="llama3.1:8b"):
            Ollama(settings(server.url, model=""), Context()).check()
        Ollama(settings(server.url, model="qwen3"), Context()).check()  # means qwen3:latest

    def test_something_else_at_the_address_is_said(self, serve: Serve, settings: Settings) -> None:
        with pytest.raises(UserError, match="not Ollama|404"):
            Ollama(
                settings(
                    serve("openai", "good").url + "/other",
                ),
                Context(),
            ).check()

    def test_models_in_its_cloud_are_not_local(self, settings: Settings) -> None:
        assert Ollama(settings(), Context()).is_local
        cloud = Ollama(settings(model="gpt-oss:120b-cloud"), Context())
        assert "ollama.com" in privacy_sentence(cloud)


class TestOpenAICompatible:
    def test_what_a_server_does_not_take_is_left_out(self, serve: Serve, settings: Settings) -> None:
        server = serve("openai", "no-schema")
        provider = OpenAICompatible(settings(server.url, "openai-compatible", model="m"), Context())
        assert ask(provider) == 2 and ask(provider) == 2
        assert ["response_format" in request["body"] for request in server.requests()] == [True, False, False]

    def test_the_newer_name_of_the_longest_answer(self, serve: Serve, settings: Settings) -> None:
        server = serve("openai", "no-max-tokens")
        assert ask(OpenAICompatible(settings(server.url, "openai-compatible", model="m"), Context())) == 2
        assert server.requests()[-1]["body"]["max_completion_tokens"] == 1024
        assert "max_tokens" not in server.requests()[-1]["body"]

    def test_the_key_is_sent_and_never_said(
        self, serve: Serve, settings: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("OPENAI_COMPATIBLE_API_KEY", "sk-or-secret")
        server = serve("openai", "good", "401")
        provider = OpenAICompatible(settings(server.url, "openai-compatible", model="m"), Context())
        ask(provider)
        assert server.requests()[0]["headers"]["Authorization"] == "Bearer sk-or-secret"
        with pytest.raises(RequestFailed) as raised:
            ask(provider)
        assert "sk-or-secret" not in str(raised.value) and "OPENAI_COMPATIBLE_API_KEY" in str(raised.value)

    def test_no_model_chosen_lists_them(self, serve: Serve, settings: Settings) -> None:
        with pytest.raises(UserError, match="llama3.1:8b"):
            OpenAICompatible(settings(serve("openai", "good").url, "openai-compatible"), Context()).check()

    @pytest.mark.parametrize(
        "written", ["http://h:1/v1", "h:1", "http://h:1/", "http://h:1/v1/chat/completions", "http://h:1/v1/models/"]
    )
    def test_addresses_are_taken_as_people_copy_them(self, written: str) -> None:
        assert api_root(written) == "http://h:1/v1"


class TestOpenRouter:
    def test_only_hosts_that_keep_to_the_schema(self, serve: Serve, settings: Settings, with_key: None) -> None:
        server = serve("openai", "good")
        provider = OpenRouter(settings(server.url, "openrouter"), Context())
        provider.check()
        ask(provider)
        [request] = server.requests()
        assert request["body"]["provider"] == {"require_parameters": True}
        assert request["body"]["response_format"]["json_schema"] == {"name": "pairs", "strict": True, "schema": SCHEMA}
        assert request["headers"]["Authorization"] == "Bearer sk-or-good"

    def test_a_model_without_such_a_host_is_asked_without(
        self, serve: Serve, settings: Settings, with_key: None
    ) -> None:
        server = serve("openai", "no-host")
        assert ask(OpenRouter(settings(server.url, "openrouter"), Context())) == 2
        assert not {"provider", "response_format"} & set(server.requests()[-1]["body"])

    def test_an_error_inside_a_good_status(self, serve: Serve, settings: Settings, with_key: None) -> None:
        with pytest.raises(RequestFailed, match="boom"):
            ask(OpenRouter(settings(serve("openai", "error-200").url, "openrouter"), Context()))

    @pytest.mark.parametrize(("mode", "word", "is_final"), [("402", "credit", True), ("403", "moderation", False)])
    def test_its_own_refusals(
        self, serve: Serve, settings: Settings, with_key: None, mode: str, word: str, is_final: bool
    ) -> None:
        with pytest.raises(RequestFailed, match=word) as raised:
            ask(OpenRouter(settings(serve("openai", mode).url, "openrouter"), Context()))
        assert raised.value.is_final == is_final

    def test_without_a_key_or_with_a_wrong_one(
        self, serve: Serve, settings: Settings, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        url = serve("openai", "good").url
        with pytest.raises(UserError, match="OPENROUTER_API_KEY"):
            OpenRouter(settings(url, "openrouter"), Context()).check()
        monkeypatch.setenv("OPENROUTER_API_KEY", "sk-or-bad")
        with pytest.raises(UserError, match="does not accept the key") as raised:
            OpenRouter(settings(url, "openrouter"), Context()).check()
        assert "sk-or-bad" not in str(raised.value)

    def test_a_model_that_is_not_there(self, serve: Serve, settings: Settings, with_key: None) -> None:
        url = serve("openai", "good").url
        with pytest.raises(UserError, match="Did you mean meta/llama-3.3-70b"):
            OpenRouter(settings(url, "openrouter", model="meta/llama-3.3-70"), Context()).check()
        OpenRouter(settings(url, "openrouter", model="meta/llama-3.3-70b:nitro"), Context()).check()

    def test_its_chunks_leave_the_machine(self, settings: Settings, with_key: None) -> None:
        assert "openrouter.ai" in privacy_sentence(OpenRouter(settings("", "openrouter"), Context()))


def test_addresses() -> None:
    assert check_url(" 127.0.0.1:11434/ ") == "http://127.0.0.1:11434"
    assert is_loopback("http://localhost:1") and is_loopback("http://[::1]:1") and not is_loopback("http://192.168.1.5")
    for bad in ("ftp://a", "http://", "http://h:99999", "not an address"):
        with pytest.raises(UserError, match="address"):
            check_url(bad)
    with pytest.raises(UserError, match="as a key") as raised:
        check_url("http://me:secret@host/v1")
    assert "secret" not in str(raised.value)


def test_retry_after() -> None:
    assert retry_after_s("7") == 7 and retry_after_s(None) is None and retry_after_s("soon") is None
    assert retry_after_s("Wed, 21 Oct 2015 07:28:00 GMT") == 0


def test_local_servers_are_reached_past_a_proxy(
    serve: Serve, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("NO_PROXY", "")
    assert ask(Ollama(settings(serve("ollama", "good").url), Context())) == 2


def test_nothing_heavy_is_loaded() -> None:
    code = "import sys, services.sft_data.generate; print([m for m in ('torch', 'keyring', 'transformers') if m in sys.modules])"
    root = Path(__file__).resolve().parents[2]
    out = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True).stdout
    assert out.strip() == "[]"
