"""What trainings left, deleted, brought back, removed for good; with the traps: kills, taken names, a training at work."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from services.errors import UserError
from services.models import removal
from services.models.provenance import write_provenance
from services.models.removal import delete, deleted, empty, restore, sweep
from services.models.stored import by_run, consequences, label, stored
from services.project import Project
from services.training.checkpoint import TrainingRecord, find_interrupted, seal, start_record

ROOT = Path(__file__).resolve().parents[2]


def make_model(folder: Path, run: int, size_bytes: int = 5000, **provenance) -> Path:
    """A folder with the files by which a model is known."""
    folder.mkdir(parents=True)
    (folder / ("adapter_config.json" if folder.name.startswith("cpt_model") else "config.json")).write_text("{}")
    (folder / "model.safetensors").write_bytes(b"w" * size_bytes)
    write_provenance(folder, run=run, base_model="starter", **provenance)
    return folder


def make_checkpoint(project: Project, name: str, run: int, step: int = 20) -> Path:
    folder = project.checkpoints_folder / name
    phase = name.partition("-")[0]
    start_record(folder, TrainingRecord(phase, run, {}, "starter", "", "", {"dataset": "sft_data"} if phase == "sft" else {}))
    checkpoint = folder / f"checkpoint-{step}"
    checkpoint.mkdir()
    (checkpoint / "adapter_model.safetensors").write_bytes(b"a" * 3000)
    seal(checkpoint)
    return folder


@pytest.fixture
def full(project: Project) -> Project:
    """Three CPT runs, of which the last was stopped, and two variants."""
    make_model(project.models_folder / "cpt_model-0001", 1)
    make_model(project.cpt_model_folder, 2)
    make_checkpoint(project, "cpt-0003", 3)
    make_model(project.model_folder("final"), 4, cpt_run=1)
    make_model(project.model_folder("formal"), 5, 9000, cpt_run=2)
    make_checkpoint(project, "sft-formal-0006", 6)
    return project


def part_of(project: Project, name: str):
    return next(each for each in stored(project) if each.path.name == name)


def test_what_trainings_left_is_known_with_its_size_and_its_run(full):
    found = {each.path.name: each for each in stored(full)}
    assert {name: (each.kind, each.phase, each.name, each.run) for name, each in found.items()} == {
        "cpt_model": ("cpt", "cpt", "", 2), "cpt_model-0001": ("earlier_cpt", "cpt", "", 1),
        "final": ("final", "sft", "final", 4), "formal": ("final", "sft", "formal", 5),
        "cpt-0003": ("checkpoints", "cpt", "", 3), "sft-formal-0006": ("checkpoints", "sft", "formal", 6),
    }  # fmt: skip
    assert 9000 < found["formal"].size_bytes < 9500
    # A run that went on from the checkpoints of another one has them now.
    for _number in range(6):
        full.start_run("sft", {})
    full.start_run("sft", {"continues": 6})
    left = by_run(list(found.values()), full.runs("sft"))
    assert [label(each) for each in left[7]] == ["the checkpoints of run 0006"] and 6 not in left


def test_it_is_said_what_rests_on_a_model(full):
    texts = " ".join(consequences(full, [part_of(full, "cpt_model")]))
    assert "nothing can be trained in tab 4" in texts
    assert "“final”, “formal” are complete without it" in texts
    assert "The stopped training of “formal” cannot go on" in texts
    assert "No model needs" in consequences(full, [part_of(full, "cpt_model-0001")])[0]
    assert "What was exported stays" in consequences(full, [part_of(full, "formal")])[0]
    assert "could go on from step 20" in consequences(full, [part_of(full, "cpt-0003")])[0]


def test_deleted_it_is_gone_everywhere_and_comes_back_as_it_was(full):
    formal, checkpoints = part_of(full, "formal"), part_of(full, "sft-formal-0006")
    keys = delete(full, [formal, checkpoints])
    assert full.final_models() == ["final"] and find_interrupted(full.checkpoints_folder, "sft-formal") is None
    assert sorted(each.label for each in deleted(full)) == ["the checkpoints of run 0006", "the variant “formal”"]
    assert sum(each.size_bytes for each in deleted(full)) == formal.size_bytes + checkpoints.size_bytes
    for key in keys:
        restore(full, key)
    assert (full.models_folder / "formal" / "model.safetensors").stat().st_size == 9000
    assert find_interrupted(full.checkpoints_folder, "sft-formal").step == 20
    assert not deleted(full)
    with pytest.raises(UserError, match="cannot be brought back"):
        restore(full, keys[0])


def test_a_name_that_is_taken_by_now_is_left_to_who_has_it(full):
    formal, cpt = delete(full, [part_of(full, "formal"), part_of(full, "cpt_model")])
    make_model(full.model_folder("formal"), 8)
    make_model(full.cpt_model_folder, 9)
    assert restore(full, formal).name == "formal-2" and restore(full, cpt).name == "cpt_model-0002"
    assert {each.path.name: each.run for each in stored(full) if each.kind != "checkpoints"} == {
        "cpt_model": 9, "cpt_model-0001": 1, "cpt_model-0002": 2, "final": 4, "formal": 8, "formal-2": 5
    }  # fmt: skip


def test_what_has_changed_since_is_left_alone(full):
    formal = part_of(full, "formal")
    (full.models_folder / "formal").rename(full.models_folder / "casual")
    make_model(full.model_folder("formal"), 8)  # a new training has ended meanwhile
    with pytest.raises(UserError, match="has changed since you looked"):
        delete(full, [formal])
    assert full.final_models() == ["final", "casual", "formal"] and not deleted(full)


def test_nothing_is_deleted_while_a_training_is_at_work_but_room_can_be_freed(full):
    key = delete(full, [part_of(full, "final")])[0]
    formal = part_of(full, "formal")
    with full.lock("the training"):
        with pytest.raises(UserError, match="Another training"):
            delete(full, [formal])
        with pytest.raises(UserError, match="Another training"):
            restore(full, key)
        assert empty(full, [key]) > 5000
    assert full.final_models() == ["formal"] and not deleted(full)


def test_room_is_freed_for_good_after_seven_days_or_at_once(full, monkeypatch):
    final, formal = delete(full, [part_of(full, "final"), part_of(full, "formal")])
    assert sweep(full) == 0 and len(deleted(full)) == 2
    assert empty(full, [final]) > 5000 and [each.key for each in deleted(full)] == [formal]
    monkeypatch.setattr(removal, "DAYS_KEPT", -1)
    assert sweep(full) > 9000
    assert not list((full.models_folder / ".deleted").iterdir())


@pytest.mark.skipif(os.name == "nt", reason="it has no SIGKILL")
@pytest.mark.parametrize("moment", ["write_json", "move", "unlink", "rmtree"])
def test_a_kill_leaves_a_whole_model_or_none(full, moment):
    """Killed just after the note was written, after the move, after the note was given up, in the midst of the removal."""
    code = f"""
import os, shutil, signal, sys
from pathlib import Path
from services.models import removal
from services.models.stored import stored
from services.project import Project
die = lambda *_given, **_more: os.kill(os.getpid(), signal.SIGKILL)
def after(work):
    return lambda *given, **more: (work(*given, **more), die())
project, moment = Project(Path(sys.argv[1])), {moment!r}
if moment in ("write_json", "move"):
    setattr(removal, moment, after(getattr(removal, moment)))
keys = removal.delete(project, [each for each in stored(project) if each.name == "formal" and each.kind == "final"])
if moment == "unlink":
    removal._remove_gone = die
def half(folder, **_more):
    (Path(folder) / "model.safetensors").unlink()
    die()
shutil.rmtree = half
removal.empty(project, keys)
"""
    ended = subprocess.run([sys.executable, "-c", code, full.folder], cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)})
    assert ended.returncode == -signal.SIGKILL
    place = full.models_folder / "formal"
    if moment == "write_json":
        assert (place / "model.safetensors").stat().st_size == 9000 and not deleted(full)
    else:
        assert not place.exists() and len(deleted(full)) == (moment == "move")
    sweep(full)
    if moment == "move":
        restore(full, deleted(full)[0].key)
        assert (place / "model.safetensors").stat().st_size == 9000
    assert not list((full.models_folder / ".deleted").iterdir()), "the next opening leaves nothing behind"
    assert not full.is_locked()
