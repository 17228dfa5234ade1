"""Prompts saved with the project: used where pairs are made, and a bad one is said before anything is asked."""

from collections.abc import Callable
from typing import Any

import pytest

from services.command_line import main
from services.errors import UserError
from services.jobs import Context
from services.project import Project
from services.sft_data.generate import run
from services.sft_data.prompt_text import FACTS_KEY, JUDGE_KEY, PLACE_HELP, PROMPT_TEXTS
from services.sft_data.style import STYLES
from tests.sft_data.conftest import RunningServer
from tests.sft_data.places import add_chunks

Serve = Callable[..., RunningServer]
Settings = Callable[..., dict[str, Any]]


def save(project: Project, **texts: str) -> None:
    with project.connect() as store:
        for key, text in texts.items():
            store.save_prompt_text(key.replace("_", "-"), text)


def asked(server: RunningServer) -> list[str]:
    return ["\n".join(message["content"] for message in row["body"]["messages"]) for row in server.requests() if "body" in row]


def test_every_prompt_of_ours_is_one() -> None:
    assert set(STYLES) < set(PROMPT_TEXTS)
    for text in PROMPT_TEXTS.values():
        text.check(text.default)
        assert set(text.places) <= set(PLACE_HELP)
        text.check("")


def test_what_a_person_saved_is_what_is_asked(project: Project, settings: Settings, serve: Serve) -> None:
    add_chunks(project, 2)
    save(
        project, system="You are a ferryman.", factual="Write {count} things about: <text>{chunk}</text>",
        **{FACTS_KEY: "List every fact you see, {most} at most: <text>{chunk}</text>", JUDGE_KEY: "You check whether towers are right."},
    )  # fmt: skip
    server = serve("ollama", "good")
    run(settings(server.url, pairs=2, facts_first=True, judge=True), Context())
    prompts = asked(server)
    for words in ("You are a ferryman.", "Write 1 things about", "List every fact you see, 40 at most", "You check whether towers are right."):
        assert any(words in prompt for prompt in prompts), words
    save(project, system="", factual="", **{FACTS_KEY: "", JUDGE_KEY: ""})
    with project.connect() as store:
        assert store.prompt_texts() == {}


@pytest.mark.parametrize(("key", "text", "words"), [
    ("factual", "Ask something.", "Factual.*no {chunk}"), (FACTS_KEY, "List {everything} of {chunk}", "{everything}"),
    ("comparison", "Compare {chunk}.", "no {partner}"),
])  # fmt: skip
def test_a_bad_one_is_said_before_anything_is_asked(
    project: Project, settings: Settings, serve: Serve, key: str, text: str, words: str
) -> None:
    add_chunks(project, 2)
    save(project, **{key: text})
    server = serve("ollama", "good")
    with pytest.raises(UserError, match=words):
        run(settings(server.url, pairs=2, style=key if key in STYLES else "factual"), Context())
    assert asked(server) == []


def test_retry_on_the_command_line_asks_what_failed_and_nothing_else(
    project: Project, serve: Serve, capsys: pytest.CaptureFixture[str]
) -> None:
    add_chunks(project, 4)
    options = ["--style", "factual", "--provider", "ollama", "--model", "llama3.1:8b", "--workers", "1", "--no-facts-first"]
    generate = ["generate", str(project.folder), *options]
    first = serve("ollama", "good", "prose", "good", "prose", "prose", "prose")
    assert main([*generate, "--url", first.url, "--pairs", "4"]) == 0
    second = serve("ollama", "good")
    assert main([*generate, "--url", second.url, "--pairs", "100", "--retry"]) == 0
    assert len(asked(second)) == 4
    capsys.readouterr()
