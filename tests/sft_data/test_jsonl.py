"""Datasets that come and go as files."""

import json
from pathlib import Path

import pytest

from services.errors import UserError
from services.knowledge_base.pairs import NewPair
from services.project import Project
from services.sft_data.jsonl import edited_by_hand, export_pairs, write_dataset
from services.sft_data.pair_import import import_pairs

ROWS = [NewPair("Wann wurde die Mühle gebaut?", "1510 – sagt man."), NewPair("Who\nbuilt it?", 'Anna "A" Berg')]


@pytest.fixture
def dataset(project: Project) -> Project:
    with project.connect() as knowledge_base:
        knowledge_base.add_pairs("sft_data", ROWS)
        write_dataset(project, knowledge_base, "sft_data")
    return project


def pairs_of(project: Project, name: str = "sft_data") -> list[tuple[str, str]]:
    with project.connect() as knowledge_base:
        return list(knowledge_base.usable_rows(name))


def test_the_file_is_exactly_instruction_and_output(dataset: Project) -> None:
    content = dataset.dataset_path().read_bytes()
    assert content.decode() == (
        '{"instruction": "Wann wurde die Mühle gebaut?", "output": "1510 – sagt man."}\n'
        '{"instruction": "Who\\nbuilt it?", "output": "Anna \\"A\\" Berg"}\n'
    )
    assert not list(dataset.folder.rglob("*.part"))


def test_export_as_pairs_and_as_chat(dataset: Project, tmp_path: Path) -> None:
    assert export_pairs(dataset, "sft_data", tmp_path / "out" / "mine.jsonl") == 2
    assert (tmp_path / "out" / "mine.jsonl").read_bytes() == dataset.dataset_path().read_bytes()
    export_pairs(dataset, "sft_data", tmp_path, is_chat=True)
    first = json.loads((tmp_path / "sft_data.jsonl").read_text("utf-8").splitlines()[0])
    assert first == {
        "messages": [{"role": "user", "content": ROWS[0].instruction}, {"role": "assistant", "content": ROWS[0].output}]
    }
    assert not edited_by_hand(dataset, "sft_data")
    with pytest.raises(UserError, match="no pairs"):
        export_pairs(dataset, "formal", tmp_path / "x.jsonl")
    with pytest.raises(UserError, match="own file"):
        export_pairs(dataset, "sft_data", dataset.dataset_path(), is_chat=True)
    with pytest.raises(UserError, match="safe in the knowledge base"):
        export_pairs(dataset, "sft_data", dataset.dataset_path() / "under-a-file.jsonl")


def test_what_is_exported_can_be_chosen(dataset: Project, tmp_path: Path) -> None:
    def exported(which: str) -> list[str]:
        export_pairs(dataset, "sft_data", tmp_path / "some.jsonl", which=which)
        return [json.loads(line)["instruction"] for line in (tmp_path / "some.jsonl").read_text("utf-8").splitlines()]

    own = dataset.dataset_path().read_bytes()
    with pytest.raises(UserError, match="accepted or edited"):
        exported("reviewed")
    with pytest.raises(UserError, match="left out"):
        exported("left-out")
    with dataset.connect() as knowledge_base:
        ids = knowledge_base.add_pairs("sft_data", [NewPair("Kept?", "Yes."), NewPair("Gone?", "Yes."), NewPair("Bad?", "No.", state="failed")])
        knowledge_base.set_pair_state(ids[:1], "accepted")
        knowledge_base.set_pair_state(ids[1:2], "rejected")
    assert exported("reviewed") == ["Kept?"] and exported("left-out") == ["Gone?", "Bad?"]
    assert exported("in-use") == [*(row.instruction for row in ROWS), "Kept?"]
    with pytest.raises(UserError, match="own file"):
        export_pairs(dataset, "sft_data", dataset.dataset_path(), which="reviewed")
    assert dataset.dataset_path().read_bytes() == own


def test_every_known_form_is_imported_and_bad_lines_are_named(project: Project, tmp_path: Path) -> None:
    lines = [
        b'\xef\xbb\xbf{"instruction": "Q1?", "output": "A1", "extra": 1}',
        b'{"question": "Q2?", "answer": "A2"}',
        b"",
        b'{"prompt": "Q3?", "completion": "A3"}',
        b'{"messages": [{"role": "system", "content": "S"}, {"role": "user", "content": "Q4?"}, {"role": "assistant", "content": "A4"}]}',
        b'{"conversations": [{"from": "human", "value": "Q5?"}, {"from": "gpt", "value": "A5"}, '
        b'{"from": "human", "value": "And?"}, {"from": "gpt", "value": "So."}]}',
        b'{"instruction": "Translate.", "input": "Haus", "output": "house"}',
        b"not json",
        b'{"instruction": "no answer"}',
        b'{"instruction": "empty", "output": "  "}',
        b"[1, 2]",
        b'{"instruction": "\xff", "output": "x"}',
        b'{"messages": [{"role": "user", "content": "alone"}]}',
        b'{"instruction": "Q1?", "output": "A1"}',
    ]  # fmt: skip
    file = tmp_path / "mine.jsonl"
    file.write_bytes(b"\r\n".join(lines))
    imported = import_pairs(project, "formal", file)
    wanted = [(f"Q{number}?", f"A{number}") for number in range(1, 5)] + [("Q5?", "So."), ("Translate.\n\nHaus", "house")]
    assert pairs_of(project, "formal") == wanted
    assert [warning.split(":")[0] for warning in imported.warnings] == [
        "Line 8", "Line 9", "Line 10", "Line 11", "Line 12", "Line 13", "1 pair has a system prompt, which goes along when pairs are exported as chat messages; it is not trained on.",
        "1 pair was there already and was left out.",
    ]  # fmt: skip
    assert imported[:3] == (6, 1, 6)
    assert len(project.dataset_path("formal").read_text("utf-8").splitlines()) == 6
    assert import_pairs(project, "formal", file)[:3] == (0, 7, 6) and pairs_of(project, "formal") == wanted


@pytest.mark.parametrize("content", [b"", b"plain text\n", '{"a": 1}'.encode("utf-16")])
def test_a_file_without_pairs_is_refused(project: Project, tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "bad.jsonl"
    file.write_bytes(content)
    with pytest.raises(UserError, match="bad.jsonl holds no pairs"):
        import_pairs(project, "sft_data", file)
    with pytest.raises(UserError, match="cannot be read"):
        import_pairs(project, "sft_data", tmp_path / "gone.jsonl")
    with pytest.raises(UserError, match="cannot be read"):
        import_pairs(project, "sft_data", tmp_path)


def test_a_hand_edited_file_is_seen_and_taken_over(dataset: Project) -> None:
    path = dataset.dataset_path()
    assert not edited_by_hand(dataset, "sft_data") and not edited_by_hand(dataset, "formal")
    first = path.read_text("utf-8").splitlines()[0]
    path.write_text(first + '\n{"instruction": "New?", "output": "Yes."}\n', "utf-8")
    assert edited_by_hand(dataset, "sft_data")
    assert import_pairs(dataset, "sft_data", path) == (1, 0, 0, [], [])
    assert pairs_of(dataset) == [(ROWS[0].instruction, ROWS[0].output), ("New?", "Yes.")]
    assert not edited_by_hand(dataset, "sft_data")
    with dataset.connect() as knowledge_base:
        states = [pair.state for pair in knowledge_base.pairs(knowledge_base.pair_ids("sft_data"))]
    assert states == ["new", "rejected", "edited"]


def test_a_hand_edited_file_is_never_overwritten(dataset: Project) -> None:
    path = dataset.dataset_path()
    for number, name in enumerate(("sft_data.jsonl.edited", "sft_data.jsonl.edited-2")):
        path.write_text(f'{{"instruction": "Mine {number}?", "output": "Yes."}}\n', "utf-8")
        with dataset.connect() as knowledge_base:
            aside = write_dataset(dataset, knowledge_base, "sft_data")
        assert aside == path.with_name(name) and f"Mine {number}?" in aside.read_text("utf-8")
        assert len(path.read_text("utf-8").splitlines()) == 2
    import_pairs(dataset, "sft_data", path.with_name("sft_data.jsonl.edited-2"))
    assert pairs_of(dataset) == [("Mine 1?", "Yes.")]
