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
    # Not to the last digit: what is missing in the last batch of an epoch is filled up with rows from its beginning.
    assert result["validation_loss"] == pytest.approx(single["validation_loss"], rel=0.02)
