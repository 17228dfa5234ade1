"""Another name for a final model, and all that refers to it; with the traps: kills, taken names, a training at work."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys

import pytest

from services.errors import UserError
from services.models import renaming
from services.models.removal import delete, restore
from services.models.renaming import rename
from services.models.stored import by_run, stored
from services.project import Project
from services.training.checkpoint import find_interrupted
from tests.models.test_removal import ROOT, make_checkpoint, make_model


@pytest.fixture
def full(project: Project) -> Project:
    """Two variants, one of which was trained once more and stopped."""
    make_model(project.cpt_model_folder, 9)
    for number, name in enumerate((None, "formal", "formal", "formal-2"), 1):
        project.start_run("sft", {"name": name, "dataset": "sft_data"} if name else {"dataset": "sft_data"})
        if number != 3:
            make_model(project.model_folder(name or "final"), number, cpt_run=9)
    make_checkpoint(project, "sft-formal-0003", 3)
    make_checkpoint(project, "sft-formal-2-0004", 4)  # of the variant “formal-2”
    return project


def names(project: Project) -> dict[int, str]:
    return {run.number: run.settings.get("name") or "final" for run in project.runs("sft")}


def test_all_that_refers_to_it_follows_and_nothing_else(full):
    assert rename(full, "formal", "casual") == "casual"
    assert full.final_models() == ["final", "casual", "formal-2"]
    assert names(full) == {1: "final", 2: "casual", 3: "casual", 4: "formal-2"}
    assert find_interrupted(full.checkpoints_folder, "sft-casual").step == 20
    assert find_interrupted(full.checkpoints_folder, "sft-formal") is None
    assert find_interrupted(full.checkpoints_folder, "sft-formal-2").record.run == 4
    assert {number: [each.name for each in parts] for number, parts in by_run(stored(full), full.runs("sft")).items()} == {
        1: ["final"], 2: ["casual"], 3: ["casual"], 4: ["formal-2", "formal-2"], 9: [""]
    }  # fmt: skip
    rename(full, "final", "first")
    assert full.final_models() == ["casual", "first", "formal-2"] and names(full)[1] == "first"
    rename(full, "first", "First")
    assert "First" in full.final_models()


def test_a_name_that_means_something_else_is_refused(full):
    make_checkpoint(full, "sft-brief-0008", 8)
    for new, reason in {
        "final": "already", "FORMAL-2": "already", "cpt": "taken", "cpt_model-0009": "taken", "checkpoints": "taken",
        "a/b": "cannot be the name", "brief": "stopped training",
    }.items():  # fmt: skip
        with pytest.raises(UserError, match=reason):
            rename(full, "formal", new)
    with pytest.raises(UserError, match="no model “gone”"):
        rename(full, "gone", "casual")
    with full.lock("the training"), pytest.raises(UserError, match="Another training"):
        rename(full, "formal", "casual")
    assert full.final_models() == ["final", "formal", "formal-2"] and not (full.models_folder / renaming.NOTE).exists()


def test_a_deleted_model_comes_back_under_its_old_name(full):
    formal = next(each for each in stored(full) if each.name == "formal")
    key = delete(full, [formal])[0]
    make_model(full.model_folder("formal"), 5)
    rename(full, "formal", "casual")
    assert restore(full, key).name == "formal"


@pytest.mark.skipif(os.name == "nt", reason="it has no SIGKILL")
@pytest.mark.parametrize("moment", ["write_json", "move", "runs"])
def test_what_a_kill_cut_off_is_done_at_the_next_opening(full, moment):
    """Killed after the note, after the folder, after the first run; and a new model of the old name was begun since."""
    code = f"""
import os, signal, sys
from pathlib import Path
from services.models import renaming
from services.project import Project
count, wanted = 0, {2 if moment == "runs" else 1}
def after(work):
    def do(*given):
        global count
        work(*given)
        count += 1
        if count == wanted:
            os.kill(os.getpid(), signal.SIGKILL)
    return do
name = {("write_json" if moment == "runs" else moment)!r}
setattr(renaming, name, after(getattr(renaming, name)))
renaming.rename(Project(Path(sys.argv[1])), "formal", "casual")
"""
    ended = subprocess.run([sys.executable, "-c", code, full.folder], cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)})
    assert ended.returncode == -signal.SIGKILL
    assert ("formal" in full.final_models()) != ("casual" in full.final_models()), "it is one model"
    full.start_run("sft", {"name": "formal", "dataset": "sft_data"})
    opened = Project.open(full.folder)
    assert opened.final_models() == ["final", "casual", "formal-2"]
    assert names(opened) == {1: "final", 2: "casual", 3: "casual", 4: "formal-2", 5: "formal"}
    assert find_interrupted(opened.checkpoints_folder, "sft-casual").step == 20
    assert not (opened.models_folder / renaming.NOTE).exists()
    assert json.loads((opened.models_folder / "casual" / "wissenswerk.json").read_text())["run"] == 2
