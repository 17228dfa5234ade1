"""What models write around what was asked for, and small teachers, from the reply to the dataset."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from places import add_chunks

from services.jobs import Context
from services.project import Project
from services.sft_data.generate import run
from services.sft_data.parse import Candidate, parse
from services.sft_data.teacher import SMALL_BELOW, size_of

Settings = Callable[..., dict[str, Any]]
Serve = Callable[..., Any]

PAIRS = [
    {"question": "When was the mill built?", "answer": "It was built in 1510."},
    {"question": "Who built the mill?", "answer": "Anna Berg built it."},
]
WANTED = [Candidate(pair["question"], pair["answer"]) for pair in PAIRS]
JSON = json.dumps({"pairs": PAIRS})
TURNS = [{"speaker": who, "text": text} for who, text in zip(["learner", "tutor"] * 2, ["Who built it?", "Who had money?", "Anna?", "Yes, Anna Berg."])]


@pytest.mark.parametrize(
    "reply",
    [
        f"[THINK]The user wants [] and {{}}.[/THINK]{JSON}",
        f"◁think▷hm, {{\"question\": 1}}◁/think▷\n{JSON}",
        f"<thought>first</thought>{JSON}",
        f"<seed:think>first</seed:think>\n{JSON}",
        f"<|channel|>analysis<|message|>The user wants JSON.<|end|><|start|>assistant<|channel|>final<|message|>{JSON}<|return|>",
        f"I think so.</think>\n```json\n{JSON}\n```",
        f"```json\n{JSON}",
        str({"pairs": PAIRS}),
        str(PAIRS),
        json.dumps({"pairs": PAIRS}, indent=1).replace('"\n', '",\n').replace(",,", ","),
        JSON.replace(": ", ":\n\t"),
        json.dumps({"pairs": [{**pair, "fact": number, "note": "x"} for number, pair in enumerate(PAIRS)]}).replace('"fact": 0, ', ""),
        "Sure!\n\n### Q1: When was the mill built?\n**A:** It was built in 1510.\n\n### Q2: Who built the mill?\n**A:** Anna Berg built it.",
    ],
)  # fmt: skip
def test_whatever_stands_around_it_the_pairs_are_the_same(reply: str) -> None:
    found = parse(reply).candidates
    assert [(one.instruction, one.output) for one in found] == [(one.instruction, one.output) for one in WANTED]


@pytest.mark.parametrize("opening", ["", "```json\n", "<think>hm</think>\n", "Here you are:\n"])
def test_a_conversation_cut_anywhere_is_whole_or_not_there(opening: str) -> None:
    reply = opening + json.dumps({"pairs": [{"turns": TURNS}, {"turns": TURNS}]})
    for length in range(len(opening) + 5, len(reply)):
        for candidate in parse(reply[:length], is_cut=True).candidates:
            assert (candidate.instruction, candidate.output, len(candidate.turns)) == ("Who built it?", "Yes, Anna Berg.", 2)


@pytest.mark.parametrize("protocol", ["ollama", "openrouter"])
@pytest.mark.parametrize("mode", ["think", "fenced", "commas", "many", "cut", "tags"])
def test_the_dataset_gets_as_many_as_were_asked_for(
    project: Project, settings: Settings, serve: Serve, monkeypatch: pytest.MonkeyPatch, protocol: str, mode: str
) -> None:
    monkeypatch.setenv("OPENROUTER_API_KEY", "sk-or-good")
    add_chunks(project, 4, per_chunk=6)
    modes = [mode] * 4 + ["good"] if mode == "cut" else [mode]  # a reply that is cut lacks one of two
    server = serve("ollama" if protocol == "ollama" else "openai", *modes)
    result = run(settings(server.url, protocol, pairs=8, pairs_per_chunk=2), Context())
    assert (result["pairs"], result["missing"]) == (8, {})
    assert len(project.dataset_path().read_text("utf-8").splitlines()) == 8
    with project.connect() as knowledge_base:
        assert set(knowledge_base.coverage("sft_data").values()) == {2}  # twelve of a chunk are not taken for two


def test_twelve_pairs_for_one_question_are_one(project: Project, settings: Settings, serve: Serve) -> None:
    ids = add_chunks(project, 3, per_chunk=6)
    server = serve("ollama", "many")
    result = run(settings(server.url, pairs=3, small_model="on", facts_first=True), Context())
    assert result["pairs"] == 3 == len(server.requests())
    with project.connect() as knowledge_base:
        assert knowledge_base.coverage("sft_data") == dict.fromkeys(ids, 1)


@pytest.mark.parametrize(
    ("name", "is_small"),
    [("llama3.2:1b", True), ("llama3.2:3b", True), ("qwen3:4b", False), ("smollm2:360m", True), ("mistral:7b", False),
     ("phi-3.5-mini-3.8b-instruct", True), ("gemma3:270m", True), ("meta/llama-3.3-70b", False)],
)  # fmt: skip
def test_below_four_thousand_million_parameters_a_teacher_is_small(name: str, is_small: bool) -> None:
    size = size_of(name)
    assert size is not None and (size < SMALL_BELOW) is is_small
