"""What has been asked about every chunk and document, and which are asked first."""

from __future__ import annotations

import pytest

from services.knowledge_base.pairs import NewPair
from services.knowledge_base.store import KnowledgeBase
from services.project import Project
from tests.gui.conftest import fill


@pytest.fixture
def store(project: Project) -> KnowledgeBase:
    """Two documents of two chunks each; two facts in each of the first three chunks."""
    ids = fill(project, ["Alpha one. Alpha two.", "Beta one. Beta two."], "one.txt")
    ids += fill(project, ["Gamma one. Gamma two.", "Delta, of which nothing is known."], "two.txt")
    with project.connect() as store:
        for chunk_id in ids[:3]:
            store.add_facts(chunk_id, [("First.", 0, 5), ("Second.", 6, 10)])
        yield store


def ask(store: KnowledgeBase, chunk_id: int, fact: int | None = None, state: str = "new", dataset: str = "sft_data") -> None:
    fact_id = sorted(known.id for known in store.facts(dataset, chunk_id))[fact] if fact is not None else None
    store.add_pairs(dataset, [NewPair("What is it?", "It is a thing.", chunk_id, "factual", state, fact_id=fact_id)])


def test_the_least_covered_come_first(store: KnowledgeBase):
    one, two, three, four = store.training_chunk_ids()
    ask(store, one, 0)
    ask(store, one, 1)
    ask(store, two, 0)
    ask(store, three, 0, "failed")  # covers nothing
    ask(store, three, 1, dataset="formal")  # in another dataset
    assert list(store.covered_chunk_ids("sft_data")) == [three, four, two, one]
    assert list(store.covered_chunk_ids("sft_data", is_descending=True))[:2] == [one, two]
    ask(store, four)  # no facts were looked for: a pair covers it
    assert list(store.covered_chunk_ids("sft_data"))[:2] == [three, two]
    assert list(store.covered_chunk_ids("sft_data", document="one.txt")) == [two, one]
    assert list(store.covered_chunk_ids("sft_data", "gamma")) == [three]
    assert list(store.covered_chunk_ids("sft_data", order="source")) == [one, two, three, four]
    rows = {row.id: row for row in store.covered_chunks("sft_data", [one, three])}
    assert (rows[one].facts, rows[one].covered, rows[one].pairs) == (2, 2, 2)
    assert (rows[three].facts, rows[three].covered, rows[three].pairs, rows[three].states) == (2, 0, 0, {"failed": 1})


def test_documents_add_up_and_leave_excluded_chunks_out(store: KnowledgeBase):
    one, two, three, four = store.training_chunk_ids()
    ask(store, one, 0)
    ask(store, one, 0)  # the same fact twice
    ask(store, three, 0)
    ask(store, three, 1)
    documents = store.covered_documents("sft_data")
    assert [(row.source, row.chunks, row.asked, row.facts, row.covered, row.pairs) for row in documents] == [
        ("one.txt", 2, 1, 4, 1, 2), ("two.txt", 2, 1, 2, 2, 2),
    ]  # fmt: skip
    assert [row.share for row in documents] == [0.25, 1.0]
    store.set_excluded([two], True)
    assert store.covered_documents("sft_data")[0].facts == 2
    assert two not in store.covered_chunk_ids("sft_data")
    store.edit_chunk(one, "Another text.")  # its facts are gone with its old text
    assert {row.source: row.facts for row in store.covered_documents("sft_data")} == {"one.txt": 0, "two.txt": 2}
