"""kill -9 of a real training, again and again: what comes out is what an unbroken run gives, step by step."""

import json
import os
import random
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from services.project import Project
from services.training.history import MetricHistory
from services.training.session import prefix_of, resumable_step
from tests.training.conftest import TEXT, add_document, quick, write_pairs

ROOT = Path(__file__).parents[2]
PROGRAM = str(Path(__file__).with_name("killed_training.py"))


def work(phase: str, folder: Path, values: dict[str, Any], step: int | None = None, number: int = 0) -> dict[str, Any]:
    """Run a training in a process of its own; once a step is reported, send it a signal. Returns its last event."""
    (folder / "settings.json").write_text(json.dumps(values))
    event: dict[str, Any] = {}
    with open(folder / "log.txt", "a") as log, subprocess.Popen(
        [sys.executable, PROGRAM, phase, str(folder / "settings.json")], text=True, stdin=subprocess.PIPE,
        stdout=subprocess.PIPE, stderr=log, env={**os.environ, "PYTHONPATH": str(ROOT)},
    ) as process:  # fmt: skip
        for line in process.stdout:
            event = json.loads(line)
            if step is not None and event["type"] == "metric" and event["step"] >= step:
                process.send_signal(number)
                step = None
    return event


def make_project(folder: Path, phase: str, tiny_model: Path) -> Project:
    from services.jobs import Context
    from services.training import cpt

    project = Project.create(folder)
    add_document(project, "island.md", TEXT)
    if phase == "sft":
        write_pairs(project, 24)
        cpt.run({"project": str(folder), "base_model": str(tiny_model), **quick("cpt", epochs=1, device="cpu")}, Context())
    return project


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no kill -9")
@pytest.mark.parametrize(("phase", "kills"), [("cpt", 3), ("sft", 1)])
def test_killed_at_random_it_is_as_if_it_had_never_been(
    tmp_path: Path, tiny_model: Path, phase: str, kills: int
) -> None:
    """With dropout, so that the states of the random numbers count; at last a SIGTERM, after which nothing is lost."""
    project = make_project(tmp_path / "project", phase, tiny_model)
    values = {
        "project": str(project.folder), "base_model": str(tiny_model),
        **quick(phase, epochs=6, lora_dropout=0.1, batch_size=1, gradient_accumulation=2, watch_forgetting=True,
                early_stopping=0),
    }  # fmt: skip
    model = project.cpt_model_folder if phase == "cpt" else project.model_folder("final") / "sft_adapter"
    unbroken = project.start_run(phase, {})
    assert work(phase, unbroken, values)["type"] == "result"
    whole, weights = MetricHistory.read(unbroken), (model / "adapter_model.safetensors").read_bytes()
    steps = len(whole.points("loss")[0])

    killed, rng = project.start_run(phase, {}), random.Random(phase)
    reached = 0
    for number in range(kills):
        target = rng.randint(reached + 1, reached + (steps - 2 - reached) // 2)
        last = work(phase, killed, {**values, "resume": number > 0}, target, signal.SIGKILL)
        assert last["type"] not in ("result", "failed", "bug"), last
        reached = resumable_step(project, phase) or 0
    assert reached > 0
    last = work(phase, killed, {**values, "resume": True}, 1, signal.SIGTERM)
    assert last["type"] == "cancelled" and resumable_step(project, phase) > reached
    assert work(phase, killed, {**values, "resume": True})["type"] == "result"

    broken = MetricHistory.read(killed)
    assert steps > 30 and broken.points("loss")[0].tolist() == list(range(1, steps + 1))
    for name in ("loss", "learning_rate", "grad_norm", "epoch", "validation_loss", "general_loss"):
        assert [each.tolist() for each in broken.points(name)] == [each.tolist() for each in whole.points(name)], name
        assert len(whole.points(name)[0])
    assert (model / "adapter_model.safetensors").read_bytes() == weights
    assert not list(project.checkpoints_folder.glob(f"{prefix_of(phase)}-*"))
