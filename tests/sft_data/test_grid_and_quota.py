"""Who is asked what: the grid of audience and difficulty, the quota by length, and counts that add up."""

import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from places import add_chunks, sentence

from services.jobs import Context
from services.project import Project
from services.records import CutChunk, DocumentText
from services.sft_data.generate import run

Settings = Callable[..., dict[str, Any]]
Serve = Callable[..., Any]


def cells_asked(server: Any) -> list[tuple[str, str]]:
    """(sentence that begins the chunk, audience with difficulty) of every request for pairs, in order of the chunk."""
    found = []
    for request in server.requests():
        prompt = request["body"]["messages"][1]["content"]
        if "List every fact" not in prompt:
            about, audience = re.search(r"<text>\n(.*?)\.", prompt), re.search(r"Audience: (.*?)\. Write in", prompt)
            assert about and audience
            found.append((about[1], audience[1]))
    return sorted(found)


@pytest.mark.parametrize("small", ["on", "off"])
def test_every_cell_of_the_grid_is_asked_as_often_and_for_the_same_chunks_again(
    tmp_path: Path, settings: Settings, serve: Serve, small: str
) -> None:
    asked = []
    for name in ("one", "two"):
        project = Project.create(tmp_path / name)
        add_chunks(project, 36)
        server = serve("ollama", "tags" if small == "on" else "slow")  # replies come in any order
        grid = {"audience": "pupils; engineers", "difficulty": "mixed", "workers": 6, "facts_first": True, "small_model": small}
        values = settings(server.url, pairs=36, pairs_per_chunk=1, **grid)
        assert run({**values, "project": str(project.folder)}, Context())["pairs"] == 36
        asked.append(cells_asked(server))
    assert asked[0] == asked[1]
    counts = Counter(cell for _about, cell in asked[0])
    assert len(counts) == 6 and set(counts.values()) == {6}
    assert sum("pupils" in cell for cell in counts) == 3 and sum("hard" in cell for cell in counts) == 2


def test_long_chunks_get_more_and_short_ones_are_not_left_out(project: Project, settings: Settings, serve: Serve) -> None:
    texts = [" ".join(sentence(9 * chunk + part) for part in range(1 if chunk % 3 else 6)) for chunk in range(9)]
    chunks, start = [], 0
    for text in texts:
        chunks.append(CutChunk(start, start + len(text) + 1, start + len(text), text, len(text.split()), None, ()))
        start += len(text) + 1
    with project.connect() as knowledge_base:
        knowledge_base.replace_document("x.md", DocumentText("\n".join(texts)), chunks, lambda text: len(text.split()))
        ids = list(knowledge_base.training_chunk_ids())
    result = run(settings(serve("ollama", "good").url, pairs=24), Context())
    with project.connect() as knowledge_base:
        covered = knowledge_base.coverage("sft_data")
    assert result["pairs"] == 24 and set(covered) == set(ids)
    assert {covered[chunk_id] for chunk_id in ids[::3]} == {6} and {covered[ids[place]] for place in (1, 2, 4, 5, 7, 8)} == {1}


@pytest.mark.parametrize("modes", [["good"], ["prose", "good", "invent", "good", "empty", "cut", "good"], ["prose"]])
def test_what_is_missing_adds_up_with_its_reasons(
    project: Project, settings: Settings, serve: Serve, modes: list[str]
) -> None:
    add_chunks(project, 5)
    result = run(settings(serve("ollama", *modes).url, pairs=33), Context())
    assert sum(result["missing"].values()) == result["asked"] - result["pairs"] > 0
    assert all(reason and count > 0 for reason, count in result["missing"].items())
    with project.connect() as knowledge_base:
        knowledge_base.set_excluded(list(knowledge_base.training_chunk_ids())[1:], True)
    again = run(settings(serve("ollama", "good").url, pairs=7), Context())
    assert sum(again["missing"].values()) == 7 - again["pairs"]


def test_the_built_in_provider_adds_up_too(project: Project, settings: Settings) -> None:
    add_chunks(project, 3)
    result = run(settings(provider="built-in", pairs=100), Context())
    assert result["pairs"] > 0 and sum(result["missing"].values()) == 100 - result["pairs"]


def test_a_reply_of_another_style_is_read_in_its_own(project: Project, settings: Settings, serve: Serve) -> None:
    """As after a kill, when the person chose another style before going on."""
    import json

    from services.knowledge_base.work_item import NewItem

    ids = add_chunks(project, 2)
    options = ["It was built in 1500.", "It was built in 1400.", "It was built in 1401.", "It was built in 1402."]
    raw = json.dumps({"pairs": [{"question": "When was the harbour of Abbeyford built?", "options": options, "answer": options[0]}]})
    other = NewItem("pairs", ids[0], "sft_data", "multiple-choice", 0, "x", "openrouter", "writer")
    verdict = NewItem("verdict", ids[0], "sft_data", "1", 0, "y", "ollama", "llama3.1:8b", subject={"pair": 1, "partner": None})
    lost = NewItem("pairs", 999, "sft_data", "factual", 0, "z", "ollama", "llama3.1:8b")
    with project.connect() as knowledge_base:
        for item, text in ((other, raw), (verdict, "YES. It says so."), (lost, raw)):
            knowledge_base.keep_reply(knowledge_base.begin_item(item), text, is_cut=False, tokens_in=1, tokens_out=1, cost=None)
    server = serve("ollama", "good")
    assert run(settings(server.url, pairs=1), Context())["pairs"] == 1 and server.requests() == []
    with project.connect() as knowledge_base:
        [pair] = knowledge_base.pairs(knowledge_base.pair_ids("sft_data"))
        assert (pair.style, pair.provider, pair.model) == ("multiple-choice", "openrouter", "writer") and pair.verdict == "It says so."
        assert knowledge_base.failures("sft_data") == []  # of chunks that are out of use nothing is listed
        state, reason = knowledge_base.connection.execute("SELECT state, error FROM work_item WHERE chunk_id = 999").fetchone()
        assert state == "failed" and "excluded or deleted" in reason


def test_another_kind_of_text_about_chunks_needs_no_other_table(project: Project, settings: Settings, serve: Serve) -> None:
    """Restatements of chunks for the training corpus, as a later job will write them."""
    from services.knowledge_base.work_item import NewItem

    ids = add_chunks(project, 2)
    with project.connect() as knowledge_base:
        for variant in range(3):
            item = NewItem("restatement", ids[0], style="essay", variant=variant, prompt_hash="p", provider="ollama", model="m")
            knowledge_base.keep_reply(
                knowledge_base.begin_item(item), f"A harbour, told anew ({variant}).", is_cut=False, tokens_in=9, tokens_out=5, cost=0.1
            )
        on_its_way = knowledge_base.begin_item(NewItem("restatement", ids[1], style="essay", provider="ollama", model="m"))
    run(settings(serve("ollama", "good").url, pairs=2), Context())
    with project.connect() as knowledge_base:
        told = knowledge_base.items("", ["restatement"], ["answered"], has_reply=True)
        assert [item.raw for item in told] == [f"A harbour, told anew ({variant})." for variant in range(3)]
        assert [item.id for item in knowledge_base.items("", ["restatement"], ["asked"])] == [on_its_way]
        bill = {row.kind: row for row in knowledge_base.cost_report()}
        assert bill["restatement"].requests == 4 and bill["restatement"].cost == pytest.approx(0.3)
        assert knowledge_base.next_variant("restatement", "", ids[0], "essay") == 3
