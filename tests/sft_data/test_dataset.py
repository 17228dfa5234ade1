"""Datasets as a whole: begun, copied, renamed, deleted, brought back, with everything that knows their names."""

import json
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from places import add_chunks

from services import command_line
from services.errors import UserError
from services.jobs import Context, run_here
from services.knowledge_base.pairs import NewPair
from services.knowledge_base.schema import STEPS
from services.project import Project
from services.records import Pair
from services.sft_data.dataset import (
    copy_dataset,
    delete_dataset,
    follow,
    make_dataset,
    purge_datasets,
    rename_dataset,
    restore_dataset,
)
from services.sft_data.generate import run
from services.sft_data.jsonl import edited_by_hand, write_dataset
from services.sft_data.pair_import import import_pairs
from services.sft_data.report import make_report
from services.training.checkpoint import TrainingRecord, find_interrupted, seal, start_record

ROOT = Path(__file__).resolve().parents[2]


def names(project: Project) -> list[str]:
    with project.connect() as store:
        return [row.name for row in store.datasets()]


def pairs_of(project: Project, dataset: str) -> list[Pair]:
    with project.connect() as store:
        return store.pairs(store.pair_ids(dataset))


def fill(project: Project, dataset: str, count: int = 3, chunk: int | None = None) -> list[int]:
    """Some pairs, and their file."""
    rows = [NewPair(f"Question {n} of {dataset}?", f"Answer {n}.", chunk, turns=("So?", "So.")[: 2 * (n == 1)]) for n in range(count)]
    with project.connect() as store:
        ids = store.add_pairs(dataset, rows)
        write_dataset(project, store, dataset)
    return ids


def stop_training(project: Project, dataset: str, model: str = "final", number: int = 7) -> Path:
    """What a stopped SFT training leaves behind."""
    folder = project.checkpoints_folder / f"sft-{model}-{number:04d}"
    start_record(folder, TrainingRecord("sft", number, {}, "starter", "b", "d", {"dataset": dataset, "cpt_run": 3}))
    checkpoint = folder / "checkpoint-20"
    checkpoint.mkdir()
    (checkpoint / "adapter.bin").write_bytes(b"x")
    seal(checkpoint)
    return folder


def test_a_new_one_is_remembered_while_it_is_empty(project: Project) -> None:
    make_dataset(project, "formal")
    assert names(project) == ["formal"]
    with pytest.raises(UserError, match="“formal” already"):
        make_dataset(project, "Formal")
    for name in ("a/b", "", "con", "nul.x", "COM1", "end.", "ß" * 101):
        with pytest.raises(UserError):
            make_dataset(project, name)
    make_dataset(project, "\u00c5rzte")
    for same in ("\u00e5RZTE", "\u212brzte"):  # without capitals, and with the sign for Angstrom
        with pytest.raises(UserError, match="already"):
            make_dataset(project, same)


def test_what_goes_in_goes_to_the_one_that_is_there_whatever_its_capitals(project: Project, tmp_path: Path) -> None:
    fill(project, "formal", 2)
    file = tmp_path / "more.jsonl"
    file.write_text('{"instruction": "One more?", "output": "Yes."}\n')
    import_pairs(project, "FORMAL", file)
    assert names(project) == ["formal"] and len(pairs_of(project, "formal")) == 3
    assert not (project.folder / "data" / "FORMAL.jsonl").exists()


def test_renamed_everything_follows(project: Project) -> None:
    ids = fill(project, "formal")
    text = project.dataset_path("formal").read_bytes()
    folder, other = stop_training(project, "formal", "wise"), stop_training(project, "casual", "light", 8)
    made = project.start_run("generate", {"dataset": "formal"})
    taught = project.start_run("sft", {"dataset": "formal", "name": "wise"})

    assert rename_dataset(project, "formal", "strict") == "strict"

    assert names(project) == ["strict"] and [pair.id for pair in pairs_of(project, "strict")] == ids
    assert not project.dataset_path("formal").exists() and project.dataset_path("strict").read_bytes() == text
    assert not edited_by_hand(project, "strict")
    interrupted = find_interrupted(project.checkpoints_folder, "sft-wise")
    assert interrupted.record.details == {"dataset": "strict", "cpt_run": 3} and interrupted.record.data == "d"
    assert json.loads((other / "run.json").read_text())["details"]["dataset"] == "casual" and folder.exists()
    for run_folder in (made, taught):
        assert json.loads((run_folder / "settings.json").read_text())["dataset"] == "strict"
    with project.connect() as store:
        assert make_report(project, store, "strict").run.number == 1 and make_report(project, store, "formal").run is None
        assert store.open_moves() == []
    make_dataset(project, "formal")  # the old name is free
    rename_dataset(project, "strict", "Strict")
    assert sorted(names(project)) == ["Strict", "formal"] and project.dataset_path("Strict").read_bytes() == text


def test_what_was_asked_goes_along_and_is_not_asked_again(project: Project, settings: Callable[..., dict[str, Any]], serve: Any) -> None:
    add_chunks(project, 3)
    server = serve("ollama", "good")
    run(settings(server.url, pairs=3, dataset="formal"), Context())
    with project.connect() as store:
        bill, before = store.cost_report("formal"), store.next_variant("pairs", "formal", 1, "factual")
    rename_dataset(project, "formal", "strict")
    copy_dataset(project, "strict", "copy")
    with project.connect() as store:
        assert store.cost_report("strict") == bill == store.cost_report()  # nothing is on the bill twice
        assert store.cost_report("formal") == store.cost_report("copy") == []
        assert store.next_variant("pairs", "strict", 1, "factual") == before == store.next_variant("pairs", "copy", 1, "factual") > 0
        assert store.coverage("copy") == store.coverage("strict") and len(store.coverage("copy")) == 3
        assert store.known_questions("copy", 1) == store.known_questions("strict", 1)
    asked = len(server.requests())
    result = run(settings(server.url, pairs=1, dataset="copy"), Context())
    sent = [str(request["body"]) for request in server.requests()]
    assert result["pairs"] + sum(result["missing"].values()) == 1 and not set(sent[asked:]) & set(sent[:asked])


def test_a_copy_has_everything_and_is_its_own(project: Project) -> None:
    [chunk] = add_chunks(project, 1)
    fill(project, "other")
    ids = fill(project, "formal", 4, chunk)
    fill(project, "between")
    with project.connect() as store:
        store.edit_chunk(chunk, "Something else.")
        store.set_pair_state(ids[:1], "rejected")
        store.edit_pair(ids[1], "Edited?", "Yes.")
        store.connection.execute("UPDATE pair SET score = 40, verdict = 'not said' WHERE id = ?", (ids[2],))
    write = {"id": 0, "dataset": ""}

    assert copy_dataset(project, "formal", "copy") == 4

    first, second = pairs_of(project, "formal"), pairs_of(project, "copy")
    assert [vars_of(pair) | write for pair in first] == [vars_of(pair) | write for pair in second]
    assert not {pair.id for pair in first} & {pair.id for pair in second} and first[2].is_stale
    with project.connect() as store:
        write_dataset(project, store, "formal")
        assert project.dataset_path("copy").read_bytes() == project.dataset_path("formal").read_bytes()
        assert store.original_pair(second[1].id) == store.original_pair(first[1].id)
        store.set_pair_state([pair.id for pair in second], "rejected")
        assert [pair.state for pair in store.pairs([pair.id for pair in first])] == [pair.state for pair in first]
        assert store.connection.execute("SELECT count(*) FROM pair_mismatch").fetchone()[0] == 8
        store.edit_chunk(chunk, store.original(chunk))  # right again with the first text, the copy's too
        assert not any(pair.is_stale for pair in store.pairs(store.pair_ids("copy")))
    with pytest.raises(UserError, match="already"):
        copy_dataset(project, "formal", "Other")
    with pytest.raises(UserError, match="no dataset “none”"):
        copy_dataset(project, "none", "more")


def vars_of(pair: Pair) -> dict[str, Any]:
    return {name: getattr(pair, name) for name in pair.__slots__}


def test_deleted_it_is_gone_everywhere_and_comes_back_as_it_was(project: Project) -> None:
    fill(project, "formal")
    fill(project, "other", 2)
    run_folder = project.start_run("generate", {"dataset": "formal"})
    before, text = pairs_of(project, "formal"), project.dataset_path("formal").read_bytes()

    key = delete_dataset(project, "formal")

    assert names(project) == ["other"] and pairs_of(project, "formal") == []
    assert not project.dataset_path("formal").exists()
    with project.connect() as store:
        assert store.pair_counts() == (2, 0)
        [deleted] = store.deleted_datasets()
        assert (deleted.key, deleted.name, deleted.pairs) == (key, "formal", 3)
    fill(project, "formal", 1)  # the name is free, and its ids are others
    assert not {pair.id for pair in pairs_of(project, "formal")} & {pair.id for pair in before}
    with project.connect() as store:
        assert make_report(project, store, "formal").run is None

    assert restore_dataset(project, key) == "formal-2"

    assert [pair.id for pair in pairs_of(project, "formal-2")] == [pair.id for pair in before]
    assert project.dataset_path("formal-2").read_bytes() == text and not edited_by_hand(project, "formal-2")
    assert json.loads((run_folder / "settings.json").read_text())["dataset"] == "formal-2"
    with pytest.raises(UserError, match="gone for good"):
        restore_dataset(project, key)


def test_after_thirty_days_it_is_gone_but_for_what_others_need(project: Project, settings: Callable[..., dict[str, Any]], serve: Any) -> None:
    add_chunks(project, 3)
    run(settings(serve("ollama", "good").url, pairs=3, dataset="formal"), Context())
    copy_dataset(project, "formal", "copy")
    key = delete_dataset(project, "formal")
    assert purge_datasets(project) == 0
    with project.connect() as store:
        bill = store.cost_report()
        store.connection.execute("UPDATE dataset SET deleted_at = '2020-01-01T00:00:00Z' WHERE name = ?", (key,))
    assert purge_datasets(project) == 1
    with project.connect() as store:
        assert store.deleted_datasets() == [] and store.count_pairs() == store.count_dataset("copy")[0] == 3
        assert store.cost_report() == bill
        count = store.connection.execute("SELECT count(*) FROM pair JOIN work_reply USING (item_id)").fetchone()[0]
        assert count == 3  # the copy's pairs can still say what they rest on
        assert store.connection.execute("SELECT count(*) FROM pair_text").fetchone()[0] == 3


def test_a_file_changed_by_hand_is_put_aside_never_lost(project: Project) -> None:
    for name in ("formal", "strict"):
        fill(project, name)
        with project.dataset_path(name).open("a", encoding="utf-8") as file:
            file.write('{"instruction": "By hand?", "output": "Yes."}\n')
    aside: list[Path] = []
    delete_dataset(project, "formal", aside=aside.append)
    assert aside == [project.dataset_path("formal").with_suffix(".jsonl.edited")]
    assert "By hand" in project.dataset_path("formal").with_suffix(".jsonl.edited").read_text()
    rename_dataset(project, "strict", "mild")
    assert edited_by_hand(project, "mild") and not project.dataset_path("strict").exists()  # it is still offered
    stray = project.dataset_path("wild")
    stray.write_text("mine\n")
    rename_dataset(project, "mild", "wild", aside=aside.append)
    assert aside[1:] == [stray.with_suffix(".jsonl.edited")]
    assert stray.with_suffix(".jsonl.edited").read_text() == "mine\n" and "By hand" in stray.read_text()


def test_a_stopped_training_keeps_its_dataset(project: Project) -> None:
    fill(project, "formal")
    stop_training(project, "formal", "wise")
    with pytest.raises(UserError, match="stopped training of “wise” learns from “formal”"):
        delete_dataset(project, "formal")
    assert names(project) == ["formal"] and project.dataset_path("formal").exists()
    stop_training(project, "other", "wise", 9)  # started anew with another one
    delete_dataset(project, "formal")


def test_nothing_is_renamed_under_what_is_at_work(project: Project, settings: Callable[..., dict[str, Any]], serve: Any) -> None:
    add_chunks(project, 3)
    fill(project, "formal")
    with project.lock("a training"):
        for change in (lambda: rename_dataset(project, "formal", "strict"), lambda: delete_dataset(project, "formal")):
            with pytest.raises(UserError, match="Another training"):
                change()
    refused: list[str] = []

    def interfere(event: dict[str, Any]) -> None:
        if event["type"] == "changed" and not refused:
            for change in (
                lambda: rename_dataset(project, "strict", "mild"), lambda: delete_dataset(project, "strict"),
                lambda: run(settings("http://localhost:9", dataset="strict"), Context()),
            ):  # fmt: skip
                with pytest.raises(UserError, match="just being made for “strict”"):
                    change()
            rename_dataset(project, "formal", "casual")  # another one is free
            refused.append("all")

    values = settings(serve("ollama", "good").url, pairs=2, dataset="strict")
    run_here("generate", values, interfere, threading.Event())
    assert refused and sorted(names(project)) == ["casual", "strict"] and len(pairs_of(project, "strict")) == 2


def test_a_file_that_is_written_meanwhile_does_not_bring_the_old_name_back(project: Project) -> None:
    fill(project, "formal")
    with project.connect() as writer:
        rows = writer._written_rows("formal", ("new",))

        def slow(_dataset: str, _states: Any) -> Any:
            yield next(rows)
            rename_dataset(project, "formal", "strict")
            yield from rows

        writer._written_rows = slow
        assert writer.write_jsonl("formal", project.dataset_path("formal")) == 0
        assert writer._meta("written:formal") is None
    data = sorted(path.name for path in (project.folder / "data").iterdir() if "sqlite" not in path.name)
    assert data == ["strict.jsonl"]
    with project.connect() as store:
        assert write_dataset(project, store, "formal") is None
    assert not project.dataset_path("formal").exists()


def test_an_import_under_way_does_not_bring_the_old_name_back(project: Project, tmp_path: Path) -> None:
    file = tmp_path / "many.jsonl"
    file.write_text("".join(json.dumps({"instruction": f"Q{n}?", "output": "A."}) + "\n" for n in range(1200)))

    class Renaming(threading.Event):
        count = 0

        def is_set(self) -> bool:
            self.count += 1
            if self.count == 700:  # five hundred are in
                rename_dataset(project, "formal", "strict")
            return False

    with pytest.raises(UserError, match="“formal” was renamed or deleted while many.jsonl was read"):
        import_pairs(project, "formal", file, Renaming())
    assert names(project) == ["strict"] and len(pairs_of(project, "strict")) == 500
    assert import_pairs(project, "strict", file).added == 700


def test_what_is_in_the_way_is_said_and_does_not_keep_the_project_shut(project: Project) -> None:
    fill(project, "formal")
    project.dataset_path("strict").mkdir()
    with pytest.raises(UserError, match="cannot follow the new name"):
        rename_dataset(project, "formal", "strict")
    assert names(Project.open(project.folder)) == ["strict"] and project.dataset_path("formal").exists()
    project.dataset_path("strict").rmdir()
    Project.open(project.folder)
    assert project.dataset_path("strict").is_file() and not project.dataset_path("formal").exists()


CHANGES = {
    "rename": "rename_dataset(project, 'formal', 'strict')",
    "delete": "delete_dataset(project, 'formal')",
    "copy": "copy_dataset(project, 'formal', 'strict')",
}
PLACES = ("_move_file", "_move_in_runs", "rename_in_records", "KnowledgeBase.end_move")  # before each of these it dies


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("change", CHANGES)
def test_killed_between_database_and_files_the_next_opening_repairs_it(project: Project, change: str, place: str) -> None:
    fill(project, "formal", 5)
    stop_training(project, "formal" if change == "rename" else "other", "wise")
    run_folder = project.start_run("generate", {"dataset": "formal"})
    text = project.dataset_path("formal").read_bytes()
    script = (
        "import os, sys; from pathlib import Path\n"
        "from services.project import Project\nfrom services.knowledge_base.store import KnowledgeBase\n"
        "import services.sft_data.dataset as module\nfrom services.sft_data.dataset import *\n"
        "def die(*_arguments): os.kill(os.getpid(), 9)\n"
        f"holder, _dot, name = 'module.{place}'.rpartition('.')\n"
        "setattr(module.KnowledgeBase if 'KnowledgeBase' in holder else module, name, die)\n"
        f"project = Project.open(Path({str(project.folder)!r}))\n{CHANGES[change]}\n"
    )
    ended = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True)
    assert ended.returncode == -signal.SIGKILL or (place == "rename_in_records" and change != "rename"), ended.stderr

    again = Project.open(project.folder)

    with again.connect() as store:
        assert store.open_moves() == []
    files = sorted(path.name for path in (again.folder / "data").glob("*.jsonl*"))
    if change == "delete":
        assert names(again) == [] and files == []
        with again.connect() as store:
            [deleted] = store.deleted_datasets()
        assert restore_dataset(again, deleted.key) == "formal"
        assert again.dataset_path("formal").read_bytes() == text
        assert json.loads((run_folder / "settings.json").read_text())["dataset"] == "formal"
        return
    assert names(again) == (["strict"] if change == "rename" else ["formal", "strict"])
    assert files == [f"{name}.jsonl" for name in names(again)] and len(pairs_of(again, "strict")) == 5
    assert again.dataset_path("strict").read_bytes() == text and not edited_by_hand(again, "strict")
    after = "strict" if change == "rename" else "formal"
    assert json.loads((run_folder / "settings.json").read_text())["dataset"] == after
    if change == "rename":
        assert find_interrupted(again.checkpoints_folder, "sft-wise").record.details["dataset"] == "strict"
    follow(again)
    assert files == sorted(path.name for path in (again.folder / "data").glob("*.jsonl*"))


def test_projects_of_before_know_their_datasets(project: Project) -> None:
    fill(project, "formal")
    with project.connect() as store:
        before = next(number for number, sql in enumerate(STEPS) if "CREATE TABLE dataset" in sql)
        store.connection.executescript(
            f"DROP TABLE dataset; ALTER TABLE pair_text DROP COLUMN system; PRAGMA user_version = {before};"
        )
    assert names(Project.open(project.folder)) == ["formal"]


def test_the_command_line(project: Project, capsys: pytest.CaptureFixture[str]) -> None:
    fill(project, "formal")

    def call(*arguments: str) -> dict[str, Any]:
        assert command_line.main(["datasets", str(project.folder), *arguments, "--json"]) == 0
        return json.loads(capsys.readouterr().out)

    assert call()["datasets"] == [{"name": "formal", "pairs": 3, "accepted": 0, "rejected": 0}]
    call("--new", "empty")
    call("--copy", "formal", "copy")
    call("--rename", "copy", "casual")
    found = call("--delete", "formal")
    assert [row["name"] for row in found["datasets"]] == ["casual", "empty"]
    assert [(row["name"], row["pairs"]) for row in found["deleted"]] == [("formal", 3)]
    assert [row["name"] for row in call("--restore", "formal")["datasets"]] == ["casual", "empty", "formal"]
    assert command_line.main(["datasets", str(project.folder), "--rename", "formal", "EMPTY"]) == 1
    assert "“empty” already" in capsys.readouterr().err
    assert command_line.main(["datasets", str(project.folder), "--restore", "none"]) == 1
