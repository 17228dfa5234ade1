"""Facts first: found with their evidence, asked for one by one, covered and counted."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from places import add_chunks

from services.jobs import Context
from services.knowledge_base.work_item import NewItem
from services.project import Project
from services.sft_data.evidence import find_evidence, most_like
from services.sft_data.fact_finding import read_facts
from services.sft_data.generate import run
from services.sft_data.teacher import size_of

Settings = Callable[..., dict[str, Any]]
Serve = Callable[..., Any]
TEXT = "The mill of Osterly has 48 wooden teeth. Tomas Reed built it in\n1902, with his brother’s help."


def test_evidence_is_the_chunks_own_text() -> None:
    for quotation in ("has 48 wooden teeth", "“tomas reed built it in 1902”", "Tomas Read built it in 1902, with his brothers help"):
        place = find_evidence(TEXT, quotation)
        assert place is not None and TEXT[slice(*place)].split()[0].lower() in quotation.lower()
    assert find_evidence(TEXT, "has 49 wooden teeth") is None
    assert find_evidence(TEXT, "The harbour was blessed by a bishop") is None
    assert find_evidence(TEXT, "") is None


def test_facts_without_evidence_are_left_out() -> None:
    reply = json.dumps({"facts": [
        {"fact": "The mill of Osterly has 48 wooden teeth.", "evidence": "has 48 wooden teeth"},
        {"fact": "The mill of Osterly has 50 wooden teeth.", "evidence": "has 48 wooden teeth"},
        {"fact": "The mill burned down.", "evidence": "burned down in the great fire"},
    ]})  # fmt: skip
    for written in (reply, f"<think>hm</think>```json\n{reply}\n```", "F: The mill has 48 teeth.\nE: has 48 wooden teeth"):
        facts, fault = read_facts(written, TEXT)
        assert len(facts) == 1 and not fault and TEXT[facts[0][1] : facts[0][2]] == "has 48 wooden teeth"
    assert read_facts('{"facts": []}', TEXT) == ([], "")
    assert read_facts("I cannot say.", TEXT)[1] and read_facts("<think>hm", TEXT)[1]


@pytest.mark.parametrize(
    ("name", "size"), [("llama3.2:1b", 1.0), ("smollm2:135m", 0.135), ("meta/llama-3.3-70b", 70.0), ("gpt-oss", None), ("Qwen2.5-0.5B-Instruct", 0.5)]
)
def test_the_size_of_a_model_is_in_its_name(name: str, size: float | None) -> None:
    assert size_of(name) == size


def test_which_fact_a_pair_speaks_of() -> None:
    statements = ["The mill has 48 wooden teeth.", "Tomas Reed built the mill in 1902."]
    assert most_like("Who built it? Tomas Reed built it in 1902.", statements) == 1
    assert most_like("What is a bishop?", statements) is None


def test_pairs_grow_from_facts_and_cover_them(project: Project, settings: Settings, serve: Serve) -> None:
    ids = add_chunks(project, 6, per_chunk=2)
    server = serve("ollama", "good")
    result = run(settings(server.url, pairs=12, facts_first=True), Context())
    assert (result["pairs"], result["failed"], result["rejected"]) == (12, [], {})
    with project.connect() as knowledge_base:
        assert all((row.facts, row.covered) == (2, 2) for row in knowledge_base.covered_chunks("sft_data", ids))
        [document] = knowledge_base.covered_documents("sft_data")
        assert (document.source, document.facts, document.covered) == ("places.md", 12, 12)
        for pair in knowledge_base.pairs(knowledge_base.pair_ids("sft_data")):
            chunk = knowledge_base.chunk(pair.chunk_id or 0)
            assert chunk and pair.fact_id and pair.evidence and chunk.content[slice(*pair.evidence)] in chunk.content
        bill = {row.kind: row for row in knowledge_base.cost_report("sft_data")}
        assert bill["facts"].requests == 6 and bill["pairs"].requests == 6 and bill["pairs"].tokens_in > 0
        knowledge_base.edit_chunk(ids[0], "Another text altogether, about geese.")
        assert knowledge_base.covered_chunks("sft_data", ids[:1])[0].facts == 0
    again = run(settings(server.url, pairs=10, facts_first=True, dataset="formal", chunk_ids=ids[1:]), Context())
    assert again["pairs"] == 10 and sum("List every fact" in json.dumps(r["body"]) for r in server.requests()) == 6


def test_a_small_model_gets_one_sentence_and_one_question(project: Project, settings: Settings, serve: Serve) -> None:
    add_chunks(project, 3, per_chunk=2)
    server = serve("ollama", "tags")
    result = run(settings(server.url, pairs=6, facts_first=True, small_model="on"), Context())
    assert result["pairs"] == 6
    for request in server.requests():
        assert "format" not in request["body"] and "Write 1 " in request["body"]["messages"][1]["content"]
    with project.connect() as knowledge_base:
        rows = knowledge_base.covered_chunks("sft_data", list(knowledge_base.training_chunk_ids()))
        assert all((row.facts, row.covered) == (2, 2) for row in rows)


def test_what_was_answered_and_not_read_is_read_without_asking(project: Project, settings: Settings, serve: Serve) -> None:
    """As after a kill between the reply and the pairs."""
    ids = add_chunks(project, 2)
    raw = json.dumps({"pairs": [{"question": "When was the harbour of Abbeyford built?", "answer": "It was built in 1500."}]})
    with project.connect() as knowledge_base:
        item = knowledge_base.begin_item(NewItem("pairs", ids[0], "sft_data", "factual", 0, "x", "ollama", "llama3.1:8b"))
        knowledge_base.keep_reply(item, raw, is_cut=False, tokens_in=1, tokens_out=1, cost=None)
        lost = knowledge_base.begin_item(NewItem("pairs", ids[1], "sft_data", "factual", 0, "y", "ollama", "llama3.1:8b"))
    server = serve("ollama", "good")
    assert run(settings(server.url, pairs=1), Context())["pairs"] == 1
    assert server.requests() == []
    with project.connect() as knowledge_base:
        assert [(row.item_id, row.attempts) for row in knowledge_base.failures("sft_data")] == [(lost, 1)]


def test_retry_asks_only_what_failed(project: Project, settings: Settings, serve: Serve) -> None:
    add_chunks(project, 4)
    modes = ["good", "prose", "good", "prose", "prose", "prose"]
    first = run(settings(serve("ollama", *modes).url, pairs=4), Context())
    assert first["pairs"] == 2 and len(first["failed"]) == 2
    with project.connect() as knowledge_base:
        failed = knowledge_base.failures("sft_data")
        assert len(failed) == 4 and all(row.reason and row.source == "places.md" and row.attempts == 2 for row in failed)
    server = serve("ollama", "good")
    second = run(settings(server.url, pairs=100, retry=True), Context())
    assert (second["pairs"], second["asked"], len(server.requests())) == (4, 4, 4)
    with project.connect() as knowledge_base:
        assert knowledge_base.failures("sft_data") == []
        assert {row.kind: row.requests for row in knowledge_base.cost_report("sft_data")} == {"pairs": 14}


def test_a_judge_puts_aside_what_the_chunk_does_not_say(project: Project, settings: Settings, serve: Serve) -> None:
    add_chunks(project, 4)
    result = run(settings(serve("ollama", "judged").url, pairs=4, judge=True), Context())
    assert result["pairs"] == 4 and result["rejected"].get("judge", 0) >= 1
    with project.connect() as knowledge_base:
        put_aside = [p for p in knowledge_base.pairs(knowledge_base.pair_ids("sft_data", "failed")) if p.reason == "judge"]
        assert put_aside and all("Wednesday" in pair.verdict for pair in put_aside)
        assert knowledge_base.unjudged_pairs("sft_data") == []
        knowledge_base.set_pair_state([put_aside[0].id], "accepted")
        assert knowledge_base.pair_counts()[0] == 5


def test_conversations_of_several_turns_are_messages(project: Project, settings: Settings, serve: Serve, tmp_path: Path) -> None:
    from services.sft_data.pair_import import import_pairs
    from services.training.conversation import read_conversations

    add_chunks(project, 2)
    run(settings(serve("ollama", "turns").url, pairs=2, style="socratic"), Context())
    conversations = read_conversations(project.dataset_path())
    assert [[turn["role"] for turn in turns] for turns in conversations] == [["user", "assistant"] * 2] * 2
    import_pairs(project, "sft_data", project.dataset_path())
    assert read_conversations(project.dataset_path()) == conversations
