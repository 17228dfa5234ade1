"""The starter model as an export leaves it, behind llama.cpp's own server: it writes poorly, and every request has its end."""

import json
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from places import add_chunks

from services.errors import UserError
from services.jobs import Context
from services.project import Project
from services.sft_data.generate import run
from services.sft_data.provider import Options, RequestFailed, make_provider
from services.sft_data.style import STYLES
from services.sft_data.teacher import is_small

Settings = Callable[..., dict[str, Any]]
Start = Callable[..., "LlamaServer"]
MESSAGES = [{"role": "user", "content": "Who built the mill of Abbeyford?"}]


class LlamaServer:
    """One process; url is where it listens."""

    def __init__(self, gguf: Path, context_tokens: int = 1024) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("llama_cpp_server.py")), str(gguf), str(context_tokens)],
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip
        assert self.process.stdout is not None
        self.url = next(line for line in self.process.stdout if line.startswith("http")).strip()

    def tokens_written(self) -> int:
        said = requests.get(f"{self.url}/metrics", timeout=10).text
        return int(re.search(r"^llamacpp:tokens_predicted_total (\d+)", said, re.MULTILINE)[1])  # type: ignore[index]

    def end(self) -> None:
        self.process.kill()
        self.process.communicate()


@pytest.fixture
def start(starter_gguf: Path) -> Iterator[Start]:
    servers: list[LlamaServer] = []

    def start_one(**options: Any) -> LlamaServer:
        servers.append(LlamaServer(starter_gguf, **options))
        return servers[-1]

    yield start_one
    for server in servers:
        server.end()


def items_of(project: Project) -> list[dict[str, Any]]:
    with project.connect(is_read_only=True) as knowledge_base:
        sql = "SELECT * FROM work_item LEFT JOIN work_reply ON item_id = id ORDER BY id"
        return [dict(row) for row in knowledge_base.connection.execute(sql)]


def check_all_ended(project: Project, result: dict[str, Any], chunk_count: int) -> None:
    """Done, or listed with its reason: every request, every chunk, every pair that was asked for."""
    items = items_of(project)
    assert items and {item["state"] for item in items} <= {"done", "failed", "replaced"}
    assert all(item["error"] for item in items if item["state"] != "done")
    assert all(failure["reason"] for failure in result["failed"])
    assert result["pairs"] + sum(result["missing"].values()) == result["asked"]
    with project.connect(is_read_only=True) as knowledge_base:
        covered = set(knowledge_base.coverage("sft_data"))
    assert len(covered | {failure["chunk"] for failure in result["failed"]}) == chunk_count


def test_it_says_which_model_it_has(start: Start, starter_gguf: Path, settings: Settings) -> None:
    asked = settings(start().url, "openai-compatible")
    provider = make_provider(asked, Context())
    [offer] = provider.offers()
    assert (offer.name, offer.context_tokens) == ("starter", 1024)
    assert 0.9 < offer.size_bytes / starter_gguf.stat().st_size < 1.1
    provider.check()
    assert provider.model == offer.name and provider.is_local
    assert is_small(asked, provider)  # five million parameters, which its name does not say
    provider.close()


def test_replies_are_whole_cut_or_refused(start: Start, settings: Settings) -> None:
    provider = make_provider(settings(start(context_tokens=512).url, "openai-compatible"), Context())
    provider.check()
    said = provider.complete(MESSAGES, None, Options(temperature=0.0))
    assert said.text.endswith(".") and "Abbeyford" in said.text and not said.is_cut
    assert 10 < said.prompt_tokens < 40 and 5 < said.answer_tokens < 40
    cut = provider.complete(MESSAGES, None, Options(temperature=0.0, answer_tokens=5))
    assert cut.is_cut and cut.answer_tokens == 5 and said.text.startswith(cut.text)
    schema = {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]}
    held = provider.complete(MESSAGES, schema, Options(answer_tokens=200))
    assert held.is_cut or list(json.loads(held.text)) == ["name"]
    with pytest.raises(RequestFailed, match="exceeds the available context size .512 tokens") as refused:
        provider.complete([{"role": "user", "content": "mill " * 3000}], None, Options())
    assert not refused.value.is_server and not refused.value.is_final
    provider.close()


@pytest.mark.parametrize("size", ["off", "auto"])
@pytest.mark.parametrize("facts_first", [False, True])
def test_whole_runs_in_every_style(
    start: Start, project: Project, settings: Settings, facts_first: bool, size: str
) -> None:
    """Whatever it writes; as a large model it is held to JSON, as the small one that it is it writes freely."""
    ids = add_chunks(project, 6, per_chunk=3)
    server = start()
    for style in STYLES:
        result = run(settings(server.url, "openai-compatible", style=style, pairs=6, workers=2, answer_tokens=96,
                              facts_first=facts_first, small_model=size), Context())  # fmt: skip
        check_all_ended(project, result, len(ids))
    items = items_of(project)
    assert {item["kind"] for item in items} == ({"facts", "pairs"} if facts_first and size == "off" else {"pairs"})
    if not facts_first or size == "auto":  # a large model is asked for facts once, and this one sees none
        assert {item["style"] for item in items} == set(STYLES)
    assert all(item["raw"] and item["tokens_in"] > 100 and item["tokens_out"] > 0 for item in items)
    assert sum(item["tokens_out"] for item in items) == server.tokens_written()
    if size == "off":
        assert all(item["raw"].lstrip().startswith("{") for item in items)


def test_cut_replies_are_listed_with_what_to_do(start: Start, project: Project, settings: Settings) -> None:
    ids = add_chunks(project, 3)
    result = run(settings(start().url, "openai-compatible", pairs=3, workers=2, answer_tokens=16, small_model="off"), Context())
    check_all_ended(project, result, len(ids))
    assert all("Longest reply" in failure["reason"] for failure in result["failed"])
    assert all(item["is_cut"] and item["tokens_out"] == 16 for item in items_of(project))


def test_it_judges_pairs_of_another(start: Start, project: Project, settings: Settings) -> None:
    ids = add_chunks(project, 4, per_chunk=2)
    made = run(settings("", "built-in", pairs=8), Context())["pairs"]
    assert made == 8
    with project.connect() as knowledge_base:  # as a run leaves them that ended before its judge answered
        knowledge_base.connection.execute("UPDATE pair SET state = 'failed', reason = 'unjudged'")
    server = start()
    run(settings(server.url, "openai-compatible", pairs=1, judge=True, workers=2, answer_tokens=64), Context())
    verdicts = [item for item in items_of(project) if item["kind"] == "verdict"]
    assert len(verdicts) == made and {item["chunk_id"] for item in verdicts} == set(ids)
    assert all(item["state"] == "done" or item["error"] for item in verdicts)
    assert sum(item["tokens_out"] or 0 for item in items_of(project)) == server.tokens_written()


def test_a_server_that_dies_costs_a_sentence_and_the_run_goes_on(
    start: Start, project: Project, settings: Settings
) -> None:
    ids = add_chunks(project, 8)
    first = start()
    asked = settings(first.url, "openai-compatible", pairs=8, workers=2, answer_tokens=64)
    said: list[dict[str, Any]] = []

    def listen(event: dict[str, Any]) -> None:
        said.append(event)
        if sum("Asking about" in event.get("text", "") for event in said) == 6:
            first.process.kill()

    with pytest.raises(UserError) as stopped:
        run(asked, Context(listen))
    address = first.url.removeprefix("http://")
    assert address in str(stopped.value) and "Start the server" in str(stopped.value)
    before = items_of(project)
    assert {item["state"] for item in before} <= {"done", "failed", "replaced"}
    paid = Counter(item["prompt_hash"] for item in before if item["raw"] is not None)
    assert 0 < paid.total() <= 6 and all(item["error"] for item in before if item["raw"] is None)

    second = start()  # at another port, as it happens
    result = run({**asked, "url": second.url}, Context())
    check_all_ended(project, result, len(ids))
    after = items_of(project)
    assert {item["id"] for item in before if item["raw"]} <= {item["id"] for item in after}
    assert sum(item["tokens_out"] for item in after[len(before) :]) == second.tokens_written()
