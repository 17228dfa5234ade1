"""Several processes train one model, and only the first one writes."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from services.jobs import Context
from services.project import Project
from services.training import cpt
from tests.training.conftest import quick


@pytest.mark.skipif(sys.platform == "win32", reason="PyTorch for Windows has no gloo launcher")
def test_two_processes_train_as_one_with_the_double_batch(text_project: Project, tiny_model: Path) -> None:
    project = text_project
    settings = quick("cpt", epochs=2, batch_size=4, validation_share=0.1, weight_decay=0.0)
    single = cpt.run({"project": str(project.folder), "base_model": str(tiny_model), **settings}, Context())

    options = [
        f"--{key.replace('_', '-')}={value}" for key, value in {**settings, "batch_size": 2}.items()
        if not isinstance(value, bool)
    ]  # fmt: skip
    done = subprocess.run(
        [sys.executable, "-m", "accelerate.commands.launch", "--multi_gpu", "--num_processes", "2",
         str(Path(__file__).parents[2] / "main.py"), "cpt", str(project.folder), "--base-model", str(tiny_model),
         "--json", *options],
        capture_output=True, text=True, env={**os.environ, "ACCELERATE_USE_CPU": "true"}, timeout=400,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)  # of one process
    (record,) = project.runs("cpt")
    assert record.result == result and record.state == "finished"
    assert len([path for path in project.models_folder.iterdir() if path.name.startswith("cpt_model")]) == 2
    assert result["steps"] == single["steps"] and result["tokens"] == single["tokens"]
    assert result["loss"] == pytest.approx(single["loss"], rel=1e-4)
    assert result["validation_loss"] == pytest.approx(single["validation_loss"], rel=1e-4)


@pytest.mark.skipif(sys.platform == "win32", reason="PyTorch for Windows has no gloo launcher")
def test_gradients_do_not_depend_on_how_a_step_is_computed(tmp_path: Path) -> None:
    """In F64: one batch or several, flat or padded, accumulated or not, one process or two."""
    import torch

    alone = {
        "whole": {"batch_size": 8},
        "cut": {"batch_size": 8, "budget": 90},
        "one by one": {"batch_size": 8, "budget": 1},
        "padded": {"batch_size": 8, "layout": "padded", "budget": 150},
        "accumulated 2": {"batch_size": 4, "gradient_accumulation": 2, "budget": 120},
        "accumulated 4": {"batch_size": 2, "gradient_accumulation": 4},
    }
    shared = {
        "two": {"batch_size": 4},
        "two, cut": {"batch_size": 2, "gradient_accumulation": 2, "budget": 70},
        "two, padded": {"batch_size": 1, "gradient_accumulation": 4, "layout": "padded"},
    }
    program = str(Path(__file__).with_name("two_processes.py"))
    launcher = ["-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2"]
    for start, changes, more in (([], alone, {}), (launcher, shared, {"ACCELERATE_USE_CPU": "true"})):
        runs = [[str(tmp_path / f"{name}.pt"), change] for name, change in changes.items()]
        done = subprocess.run(
            [sys.executable, *start, program, json.dumps(runs)], capture_output=True, text=True, timeout=400,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), **more},
        )  # fmt: skip
        assert done.returncode == 0, done.stderr

    results = {name: torch.load(tmp_path / f"{name}.pt") for name in [*alone, *shared]}
    whole = results.pop("whole")
    assert len(whole["losses"]) == len(whole["gradients"]) == 6  # three an epoch, the last with six rows of eight
    assert whole["gradients"].dtype == torch.float64 and whole["gradients"].norm(dim=1).min() > 0.01
    for name, result in results.items():
        errors = (result["gradients"] - whole["gradients"]).norm(dim=1) / whole["gradients"].norm(dim=1)
        assert errors.max() < 1e-9, name
        assert result["losses"] == pytest.approx(whole["losses"], rel=1e-5), name
