"""Checkpoints are whole or do not count, and a run goes on only with what it began with."""

import dataclasses
import errno
import os
from pathlib import Path

import pytest

from services.errors import UserError
from services.training.checkpoint import (
    TrainingRecord,
    check_unchanged,
    find_interrupted,
    fingerprint_model,
    is_complete,
    latest_checkpoint,
    prune,
    put_in_place,
    remove_after,
    remove_incomplete,
    remove_runs,
    saving,
    seal,
    start_record,
)
from tests.training.conftest import quick

RECORD = TrainingRecord("cpt", 7, quick("cpt"), "starter", "base", "data", {"corpus": {"texts": 1}})


def make_checkpoint(run: Path, step: int) -> Path:
    folder = run / f"checkpoint-{step}"
    folder.mkdir(parents=True)
    (folder / "adapter_model.safetensors").write_bytes(b"weights" * 100)
    (folder / "optimizer.pt").write_bytes(b"moments" * 100)
    seal(folder)
    return folder


def test_the_newest_complete_checkpoint_is_found(tmp_path: Path) -> None:
    start_record(tmp_path / "cpt-0007", RECORD)
    make_checkpoint(tmp_path / "cpt-0007", 90)
    good = make_checkpoint(tmp_path / "cpt-0007", 100)
    unsealed = make_checkpoint(tmp_path / "cpt-0007", 110)
    (unsealed / "complete.json").unlink()
    cut = make_checkpoint(tmp_path / "cpt-0007", 120)
    (cut / "optimizer.pt").write_bytes(b"mom")
    missing = make_checkpoint(tmp_path / "cpt-0007", 130)
    (missing / "optimizer.pt").unlink()
    torn = make_checkpoint(tmp_path / "cpt-0007", 140)
    (torn / "complete.json").write_text('{"optimizer.pt": 7')

    found = find_interrupted(tmp_path, "cpt")

    assert found is not None and found.checkpoint == good and found.step == 100 and found.record == RECORD
    remove_incomplete(tmp_path / "cpt-0007")
    assert sorted(path.name for path in tmp_path.glob("cpt-0007/checkpoint-*")) == ["checkpoint-100", "checkpoint-90"]


def test_runs_without_a_checkpoint_are_passed_over(tmp_path: Path) -> None:
    start_record(tmp_path / "cpt-0007", RECORD)
    make_checkpoint(tmp_path / "cpt-0007", 10)
    start_record(tmp_path / "cpt-0012", dataclasses.replace(RECORD, run=12))  # killed before its first checkpoint
    start_record(tmp_path / "sft-final-0013", dataclasses.replace(RECORD, run=13))
    start_record(tmp_path / "sft-final-tone-0014", dataclasses.replace(RECORD, run=14))
    make_checkpoint(tmp_path / "sft-final-tone-0014", 5)

    assert find_interrupted(tmp_path, "cpt").record.run == 7
    assert find_interrupted(tmp_path, "sft-final") is None
    assert find_interrupted(tmp_path, "sft-final-tone").record.run == 14
    assert find_interrupted(tmp_path / "nowhere", "cpt") is None


def test_runs_of_one_phase_are_removed(tmp_path: Path) -> None:
    for name in ("cpt-0001", "cpt-0002", "sft-final-0003", "sft-final-tone-0004"):
        start_record(tmp_path / name, RECORD)
    (tmp_path / "replay-abc-64.jsonl").write_text("")

    remove_runs(tmp_path, "cpt")
    remove_runs(tmp_path, "sft-final")

    assert sorted(path.name for path in tmp_path.iterdir()) == ["replay-abc-64.jsonl", "sft-final-tone-0004"]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"settings": quick("cpt", epochs=5)}, "“Epochs” was 2 and is now 5"),
        ({"data": "other"}, "the text it learns from has changed"),
        ({"base": "other"}, "base model starter has changed"),
    ],
)
def test_a_changed_run_does_not_go_on(change: dict, sentence: str) -> None:
    with pytest.raises(UserError, match=sentence):
        check_unchanged(RECORD, dataclasses.replace(RECORD, **change))


def test_what_does_not_change_the_course_may_change() -> None:
    check_unchanged(RECORD, dataclasses.replace(RECORD, run=9, settings=quick("cpt", save_every_minutes=1)))


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)), OSError(errno.EFBIG, os.strerror(errno.EFBIG)),
        RuntimeError("[enforce fail at inline_container.cc:672] . PytorchStreamWriter failed writing file data/3"),
        Exception(f"Error while serializing: I/O error: {os.strerror(errno.ENOSPC)} (os error 28)"),
    ],
)  # fmt: skip
def test_a_full_disk_is_a_sentence_and_leaves_no_half(tmp_path: Path, error: Exception) -> None:
    former = make_checkpoint(tmp_path, 10)

    with pytest.raises(UserError, match="no room for a checkpoint.*step 10 is kept"):
        with saving(tmp_path, 1000) as side:
            (side / "checkpoint-20").mkdir(parents=True)
            raise error

    assert list(tmp_path.iterdir()) == [former] and latest_checkpoint(tmp_path) == former


def test_another_error_stays_what_it_is(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="a bug"):
        with saving(tmp_path, 1000):
            raise RuntimeError("a bug")


def test_a_real_disk_without_room(tmp_path: Path) -> None:
    """The system's own limit on the size of a file, in a process of its own."""
    resource = pytest.importorskip("resource")
    import subprocess
    import sys

    script = (
        "import resource, sys, torch; from pathlib import Path\n"
        "from services.errors import UserError; from services.training.checkpoint import saving\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))\n"
        "try:\n"
        "    with saving(Path(sys.argv[1]), 1) as side:\n"
        "        side.mkdir(); torch.save(torch.zeros(100_000), side / 'optimizer.pt')\n"
        "except UserError as error: print(error)\n"
    )
    del resource
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], capture_output=True, text=True, timeout=120
    )

    assert "There is no room for a checkpoint" in done.stdout, done.stderr
    assert not list(tmp_path.iterdir())


def test_two_models_are_told_apart(tiny_model: Path, tmp_path: Path) -> None:
    import shutil

    copy = shutil.copytree(tiny_model, tmp_path / "copy")
    assert fingerprint_model(copy) == fingerprint_model(tiny_model)
    with open(copy / "model.safetensors", "rb+") as file:
        file.seek(-4, os.SEEK_END)
        file.write(b"\0\0\0\1")
    assert fingerprint_model(copy) != fingerprint_model(tiny_model)
    assert not is_complete(tmp_path)


def test_a_checkpoint_appears_in_one_step(tmp_path: Path) -> None:
    """Whatever moment the power is cut at, what is named a checkpoint is one."""
    with saving(tmp_path, 1000) as side:
        written = side / "checkpoint-30"
        written.mkdir(parents=True)
        (written / "adapter_model.safetensors").write_bytes(b"weights")
        assert latest_checkpoint(tmp_path) is None and not list(tmp_path.glob("checkpoint-*"))
        half_removed = make_checkpoint(tmp_path, 30)
        (half_removed / "complete.json").unlink()
        put_in_place(side, tmp_path, 30)

    assert latest_checkpoint(tmp_path) == tmp_path / "checkpoint-30"
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["adapter_model.safetensors", "checkpoint-30", "complete.json"]


def test_the_newest_and_the_best_are_kept(tmp_path: Path) -> None:
    for step in (10, 20, 30, 40, 50):
        make_checkpoint(tmp_path, step)
    (tmp_path / "checkpoint-50" / "optimizer.pt").unlink()  # half-removed: it does not count as the newest

    prune(tmp_path, kept=10)
    assert {path.name for path in filter(is_complete, tmp_path.iterdir())} == {f"checkpoint-{step}" for step in (10, 30, 40)}
    remove_after(tmp_path, 30)
    assert latest_checkpoint(tmp_path) == tmp_path / "checkpoint-30"
