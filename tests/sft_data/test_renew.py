"""Pairs of edited chunks are made anew, and the old ones stay until the new ones are there."""

from pathlib import Path

import pytest
from places import add_chunks, sentence

from services.errors import UserError
from services.jobs import Context
from services.project import Project
from services.records import CutChunk, DocumentText
from services.settings import defaults
from services.sft_data.generate import run

TEXTS = [
    "The mill of Osterly was built in 1510. Anna Berg founded the mill in 1510. The tower of Osterly is 31 metres high.",
    "The bridge of Hagen was opened in 1874. Karl Linden designed the bridge of Hagen. The bridge is 210 metres long.",
]


@pytest.fixture
def chunks(project: Project) -> list[int]:
    content = "\n\n".join(TEXTS)
    starts = [0, len(TEXTS[0]) + 2]
    with project.connect() as knowledge_base:
        knowledge_base.replace_document(
            source="places.txt", text=DocumentText(content), path="places.txt", sha256="x", format="text", tokenizer="words",
            chunks=[CutChunk(at, at + len(text), at + len(text), text, 20, page=1, headings=()) for at, text in zip(starts, TEXTS)],
            count_tokens=lambda text: len(text.split()), chunk_size=500, chunk_overlap=50,
        )  # fmt: skip
        return list(knowledge_base.chunk_ids())


def make(project: Project, **more: object) -> dict:
    return run({**defaults("generate"), "project": str(project.folder), "provider": "built-in", **more}, Context())


def test_only_stale_pairs_that_nobody_judged_give_way_to_new_ones(project: Project, chunks: list[int]) -> None:
    assert make(project, pairs=4, pairs_per_chunk=2)["pairs"] == 4
    with pytest.raises(UserError, match="has to be made anew"):
        make(project, renew=True)
    with project.connect() as knowledge_base:
        old = list(knowledge_base.pair_ids("sft_data", chunk=chunks[0]))
        others = list(knowledge_base.pair_ids("sft_data", chunk=chunks[1]))
        assert len(old) == len(others) == 2
        knowledge_base.set_pair_state(old[:1], "accepted")
        knowledge_base.edit_chunk(chunks[0], TEXTS[0].replace("1510", "1623"))
        assert knowledge_base.count_stale("sft_data") == (1, 1, 1)
    assert make(project, renew=True) == {"dataset": "sft_data", "pairs": 1, "asked": 1, "rejected": {}, "failed": [], "missing": {}}
    with project.connect() as knowledge_base:
        assert [(pair.state, pair.reason) for pair in knowledge_base.pairs(old)] == [("accepted", ""), ("failed", "replaced")]
        assert [pair.state for pair in knowledge_base.pairs(others)] == ["new", "new"]
        [new] = [pair for pair in knowledge_base.pairs(knowledge_base.pair_ids("sft_data", "new", chunk=chunks[0]))]
        assert not new.is_stale and knowledge_base.count_stale("sft_data") == (1, 0, 0)
    assert len(Path(project.dataset_path("sft_data")).read_text("utf-8").splitlines()) == 4


def test_what_could_not_be_made_anew_stays(project: Project, chunks: list[int]) -> None:
    make(project, pairs=4, pairs_per_chunk=2)
    with project.connect() as knowledge_base:
        knowledge_base.edit_chunk(chunks[0], "Nothing is stated here?")
    result = make(project, renew=True)
    assert result["pairs"] == 0 and sum(result["missing"].values()) == 2
    with project.connect() as knowledge_base:
        assert knowledge_base.count_stale("sft_data") == (0, 2, 2)
        assert len(list(knowledge_base.usable_rows("sft_data"))) == 4
        knowledge_base.restore_chunk(chunks[0])
        assert knowledge_base.count_stale("sft_data") == (0, 0, 0)


def test_a_pair_whose_sentence_stayed_is_made_again_and_an_edit_there_and_back_costs_nothing(
    project: Project, chunks: list[int]
) -> None:
    make(project, pairs=4, pairs_per_chunk=2)
    with project.connect() as knowledge_base:
        said = set(knowledge_base.usable_rows("sft_data"))
    for text in (f"{TEXTS[0]} It is open on Sundays.", TEXTS[0]):
        with project.connect() as knowledge_base:
            knowledge_base.edit_chunk(chunks[0], text)
        assert make(project, renew=True)["pairs"] == 2
        with project.connect() as knowledge_base:
            assert set(knowledge_base.usable_rows("sft_data")) == said
            assert knowledge_base.count_stale("sft_data") == (0, 0, 0)


def test_a_chunk_that_is_edited_while_it_is_asked_gives_stale_pairs(project: Project, chunks: list[int]) -> None:
    from services.knowledge_base.pairs import NewPair

    with project.connect() as knowledge_base:
        ids = knowledge_base.add_pairs("sft_data", [NewPair("Q?", "A", chunks[0])])
        knowledge_base.edit_chunk(chunks[0], "other words")
        late = knowledge_base.add_pairs("sft_data", [NewPair("Q2?", "A2", chunks[0])])
        knowledge_base.take_in("sft_data", late, {chunks[0]: TEXTS[0]}, 1)
        assert [(pair.state, pair.is_stale) for pair in knowledge_base.pairs([*ids, *late])] == [("new", True)] * 2
        knowledge_base.restore_chunk(chunks[0])
        assert knowledge_base.count_stale("sft_data") == (0, 0, 0)


@pytest.mark.parametrize("more", [{}, {"judge": True}, {"facts_first": True, "workers": 0}])
def test_a_model_makes_pairs_anew_in_the_number_that_was_there(project: Project, settings, serve, more: dict) -> None:
    ids = add_chunks(project, 6, per_chunk=3)
    url = serve("ollama", "good").url
    assert run(settings(url, pairs=12, pairs_per_chunk=2, **more), Context())["pairs"] == 12
    with project.connect() as knowledge_base:
        for place, chunk_id in enumerate(ids[:2]):
            text = " ".join(sentence(60 + 3 * place + part) for part in range(3))
            knowledge_base.edit_chunk(chunk_id, text)
        before = list(knowledge_base.pair_ids("sft_data", is_stale=True))
        assert len(before) == 4
    result = run(settings(url, pairs=100, renew=True, **more), Context())
    assert (result["pairs"], result["asked"], result["missing"]) == (4, 4, {})
    with project.connect() as knowledge_base:
        assert {(pair.state, pair.reason) for pair in knowledge_base.pairs(before)} == {("failed", "replaced")}
        assert knowledge_base.coverage("sft_data") == dict.fromkeys(ids, 2)
        assert knowledge_base.count_stale("sft_data") == (0, 0, 0)


def test_a_comparison_is_made_anew_when_the_other_chunk_changes(project: Project, settings, serve) -> None:
    add_chunks(project, 20)
    url = serve("ollama", "good").url
    made = run(settings(url, pairs=3, style="comparison"), Context())["pairs"]
    with project.connect() as knowledge_base:
        [first, *_rest] = ids = list(knowledge_base.pair_ids("sft_data", "new"))
        assert made == len(ids) == 3
        partner = knowledge_base.chunk(knowledge_base.partner_of(first))
        knowledge_base.edit_chunk(partner.id, partner.content + " It is open on Sundays.")
        assert first in knowledge_base.pair_ids("sft_data", is_stale=True)
        stale = knowledge_base.count_stale("sft_data").renewable
    assert run(settings(url, style="comparison", renew=True), Context())["pairs"] == stale
    with project.connect() as knowledge_base:
        assert knowledge_base.count_stale("sft_data") == (0, 0, 0)


def test_a_style_is_made_anew_in_its_own_style_only(project: Project, chunks: list[int]) -> None:
    styles = ("factual", "multiple-choice")
    for style in styles:
        make(project, pairs=2, pairs_per_chunk=1, style=style)
    with project.connect() as knowledge_base:
        before = {style: len(knowledge_base.pair_ids("sft_data", "new", style=style, chunk=chunks[0])) for style in styles}
        assert before == dict.fromkeys(styles, 1)
        knowledge_base.edit_chunk(chunks[0], TEXTS[0].replace("1510", "1623"))
        assert set(knowledge_base.stale_styles("sft_data")) == set(styles)
    with pytest.raises(UserError, match=r"others: .*Multiple choice"):
        make(project, renew=True, style="conversational")
    assert make(project, renew=True, style="factual")["pairs"] == 1
    with project.connect() as knowledge_base:
        assert knowledge_base.stale_styles("sft_data") == ["multiple-choice"]  # that pair is still in use
        assert len(knowledge_base.pair_ids("sft_data", "new", style="multiple-choice", chunk=chunks[0])) == 1
