"""Every style from chunks to JSONL, against a server in a process of its own, with a large teacher and a small one."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from places import add_chunks

from services.jobs import Context
from services.project import Project
from services.records import CutChunk, DocumentText
from services.sft_data.generate import run
from services.sft_data.partner import may_be_answered
from services.sft_data.style import STYLES

Settings = Callable[..., dict[str, Any]]
Serve = Callable[..., Any]


def lines(project: Project) -> list[dict[str, Any]]:
    return [json.loads(line) for line in project.dataset_path().read_text("utf-8").splitlines()]


@pytest.mark.parametrize("is_small", [False, True])
@pytest.mark.parametrize("style", STYLES)
def test_a_style_brings_what_was_asked_for_with_its_evidence(
    project: Project, settings: Settings, serve: Serve, style: str, is_small: bool
) -> None:
    add_chunks(project, 24, per_chunk=2)
    server = serve("ollama", "tags" if is_small else "good")
    small = {"small_model": "on" if is_small else "off"}
    result = run(settings(server.url, pairs=20, style=style, facts_first=True, **small), Context())
    assert (result["pairs"], result["missing"]) == (20, {})
    if not STYLES[style].needs_partner:  # two chunks may be asked about each other, and the second time in vain
        assert result["failed"] == [] and result["rejected"] == {}
    written = lines(project)
    assert len(written) == 20
    with project.connect() as knowledge_base:
        pairs = knowledge_base.pairs(knowledge_base.pair_ids("sft_data", "new"))
        for pair, line in zip(pairs, written, strict=True):
            chunk = knowledge_base.chunk(pair.chunk_id or 0)
            assert chunk and pair.evidence and pair.style == style
            lit = chunk.content[slice(*pair.evidence)]
            assert lit and sum(word in lit for word in f"{pair.instruction} {pair.output}".split()) >= 2
            if STYLES[style].has_turns:
                roles = [message["role"] for message in line["messages"]]
                assert roles == ["user", "assistant"] * 2 and line["messages"][-1]["content"] == pair.output
            else:
                assert line == {"instruction": pair.instruction, "output": pair.output}
            if STYLES[style].has_options:
                assert line["output"] in line["instruction"].splitlines()[1:]
            if STYLES[style].needs_partner:
                partner = knowledge_base.chunk(knowledge_base.partner_of(pair.id) or 0)
                assert partner and partner.id != chunk.id
                there = [any(name in one.content for name in pair.output.split() if name[0].isupper()) for one in (chunk, partner)]
                assert all(there)
    for request in server.requests():
        asked = request["body"]["messages"][1]["content"]
        assert ("format" in request["body"]) is not is_small
        assert not is_small or "Write 1 " in asked


def test_a_question_that_some_chunk_answers_is_not_one_for_a_refusal(
    project: Project, settings: Settings, serve: Serve
) -> None:
    add_chunks(project, 6)
    result = run(settings(serve("ollama", *["answered"] * 3, "good").url, pairs=6, style="not-in-documents"), Context())
    assert result["pairs"] == 6 and result["rejected"]["answered"] == 3
    assert all("do not say" in line["output"] for line in lines(project))


def test_the_answer_is_looked_for_in_all_chunks(project: Project) -> None:
    texts = ["The mill of Osterly was founded by Anna Berg.", "Die Mühle von Garrowby hat Boris Klee gegründet.", "Rain falls. The sea is cold."]
    chunks, start = [], 0
    for text in texts:
        chunks.append(CutChunk(start, start + len(text) + 1, start + len(text), text, len(text.split()), None, ()))
        start += len(text) + 1
    with project.connect() as knowledge_base:
        knowledge_base.replace_document("x.md", DocumentText("\n".join(texts)), chunks, lambda text: len(text.split()))
        for question in ("Who founded the mill of Osterly?", "Who was the founder of Osterly's mill?", "Who founded Osterly?",
                         "Wer ist der Gründer der Mühle von Garrowby?", "Wer gründete die Mühle von Garrowby?"):
            assert may_be_answered(knowledge_base, question), question
        for question in ("How high is the mill of Osterly?", "Who repaired Osterly?", "Wer bezahlte die Mühle von Garrowby?",
                         "Who founded the mill of Garrowby and the sea?"):
            assert not may_be_answered(knowledge_base, question), question


def test_a_chunk_without_a_second_one_to_compare_with_is_listed(project: Project, settings: Settings, serve: Serve) -> None:
    ids = add_chunks(project, 1)
    result = run(settings(serve("ollama", "good").url, pairs=3, style="comparison"), Context())
    assert result["pairs"] == 0 and [failure["chunk"] for failure in result["failed"]] == ids
    assert list(result["missing"].values()) == [3] and "No other chunk" in next(iter(result["missing"]))
