"""``cpt_data.txt``: what is written comes back, and holds what the settings ask for."""

from pathlib import Path

import pytest

from services.errors import UserError
from services.jobs import Context
from services.project import Project
from services.training.corpus import read_corpus, write_corpus, write_documents
from tests.training.conftest import SAMPLE, TEXT, add_document, quick

NASTY = [
    "", "</s>", "a\n</s>\nb", "\\</s>", "\n\n</s>\n\\\\</s>\n", "ends with a line\n", "a </s> b", "\r\n</s>\r\n", "ä„“🙂",
]  # fmt: skip


def count_words(texts: list[str]) -> list[int]:
    return [len(text.split()) + 1 for text in texts]


def test_documents_come_back_as_they_were(tmp_path: Path) -> None:
    path = tmp_path / "cpt_data.txt"

    write_documents(path, NASTY, "</s>")

    assert read_corpus(path, "</s>") == NASTY
    assert path.read_bytes().endswith(b"\n</s>\n")


def test_text_after_the_last_end_is_a_document(tmp_path: Path) -> None:
    path = tmp_path / "cpt_data.txt"
    path.write_bytes(b"one\n</s>\ntwo\n")

    assert read_corpus(path, "</s>") == ["one", "two"]


def test_the_corpus_is_the_text_without_the_overlap(text_project: Project) -> None:
    record = write_corpus(text_project, quick("cpt"), "</s>", Context(), count_tokens=count_words)

    assert read_corpus(text_project.cpt_data_path, "</s>") == [TEXT]
    assert record.kinds == ["text"]
    with text_project.connect() as base:
        assert record.revision == base.revision()


def test_wordings_are_added_as_documents_that_fit_into_a_row(project: Project) -> None:
    add_document(project, "guide.md", SAMPLE, chunk_length=4000)

    record = write_corpus(
        project, quick("cpt", wordings=4, max_seq_length=120), "</s>", Context(), count_tokens=count_words
    )

    documents = read_corpus(project.cpt_data_path, "</s>")
    wordings = documents[1:]
    assert documents[0] == SAMPLE.strip()
    assert record.texts == 1 and record.wordings == len(wordings) >= 6
    assert all(len(wording.split()) <= 120 for wording in wordings)
    weights = [wording for wording in wordings if "thimble wren" in wording and "six grams" in wording.lower()]
    assert 2 <= len(weights) <= 4 and len(set(weights)) == len(weights)


def test_text_that_cannot_be_retold_is_learnt_as_it_stands(project: Project) -> None:
    add_document(project, "list.md", "12; 13; 14\n" * 20)
    events: list[dict] = []

    record = write_corpus(project, quick("cpt", wordings=3), "</s>", Context(events.append), count_tokens=count_words)

    assert record.kinds == ["text"]
    assert [event["subject"] for event in events if event["type"] == "warning"] == ["Wordings"]


def test_replayed_text_comes_last(text_project: Project) -> None:
    record = write_corpus(
        text_project, quick("cpt"), "</s>", Context(), count_tokens=count_words, replay=lambda others: ["once upon"]
    )

    assert record.kinds == ["text", "replay"]
    assert read_corpus(text_project.cpt_data_path, "</s>") == [TEXT, "once upon"]


def test_nothing_to_train_on_is_said(project: Project) -> None:
    with pytest.raises(UserError, match="no text yet"):
        write_corpus(project, quick("cpt"), "</s>", Context(), count_tokens=count_words)

    add_document(project, "a.md", TEXT)
    with project.connect() as base:
        base.set_excluded(list(base.training_chunk_ids()), True)
    with pytest.raises(UserError, match="excluded"):
        write_corpus(project, quick("cpt"), "</s>", Context(), count_tokens=count_words)


def test_a_stop_leaves_the_former_corpus(text_project: Project) -> None:
    text_project.cpt_data_path.write_bytes(b"before\n</s>\n")
    context = Context()
    context.cancelled.set()

    from services.errors import Cancelled

    with pytest.raises(Cancelled):
        write_corpus(text_project, quick("cpt", wordings=2), "</s>", context, count_tokens=count_words)

    assert read_corpus(text_project.cpt_data_path, "</s>") == ["before"]
