"""Several processes train one model, and only the first one writes."""

import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import psutil
import pytest

from services.errors import Cancelled, UserError
from services.jobs import Child, ChildDied, Context, read_events, run_here
from services.models.provenance import read_provenance
from services.project import Project
from services.training import cpt, trainer
from services.training.history import MetricHistory
from services.training.session import resumable_step
from tests.training.conftest import quick

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="PyTorch for Windows has no gloo launcher")
MAIN = str(Path(__file__).parents[2] / "main.py")


def options(settings: dict[str, Any]) -> list[str]:
    """Settings as they are said on the command line."""
    return [
        f"--{'' if value is not False else 'no-'}{key.replace('_', '-')}" + ("" if isinstance(value, bool) else f"={value}")
        for key, value in settings.items()
    ]  # fmt: skip


def curve(project: Project) -> dict[int, float]:
    """The losses of the project's newest run, by step."""
    steps, losses = MetricHistory.read(project.runs("cpt")[0].folder).points("loss")
    return dict(zip(map(int, steps), map(float, losses), strict=True))


def children(pid: int) -> list[psutil.Process]:
    """The processes of a training: those that a launcher has started."""
    return psutil.Process(pid).children(recursive=True)


@pytest.fixture
def every_step(monkeypatch: pytest.MonkeyPatch) -> None:
    """Report each step, so that curves can be compared."""
    monkeypatch.setattr(trainer.train, "__kwdefaults__", {**trainer.train.__kwdefaults__, "log_every_s": 0})


def test_accelerate_launch_trains_as_one_process_does(text_project: Project, tiny_model: Path) -> None:
    project = text_project
    settings = quick("cpt", epochs=2, batch_size=4, validation_share=0.1, weight_decay=0.0)
    single = cpt.run({"project": str(project.folder), "base_model": str(tiny_model), **settings}, Context())

    done = subprocess.run(
        [sys.executable, "-m", "accelerate.commands.launch", "--multi_gpu", "--num_processes", "2", MAIN, "cpt",
         str(project.folder), "--base-model", str(tiny_model), "--json", *options(settings)],
        capture_output=True, text=True, timeout=400,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)  # of one process
    assert read_provenance(project.cpt_model_folder)["processes"] == 2  # “--cpu” would have started one, and not said so
    (record,) = project.runs("cpt")
    assert record.result == result and record.state == "finished"
    assert [event["type"] for event in read_events(record.folder)].count("result") == 1
    assert len([path for path in project.models_folder.iterdir() if path.name.startswith("cpt_model")]) == 2
    assert result["steps"] == single["steps"] and result["tokens"] == single["tokens"]
    assert result["loss"] == pytest.approx(single["loss"], rel=1e-3)
    assert result["validation_loss"] == pytest.approx(single["validation_loss"], rel=1e-3)


def test_stopped_through_the_launcher_it_goes_on_with_any_number_of_processes(
    text_project: Project, tiny_model: Path, every_step: None
) -> None:
    """Two under torchrun, stopped by SIGTERM; two that share out the base (FSDP2), stopped by the window; one to the end."""
    project = text_project
    settings = quick("cpt", epochs=8, batch_size=4, validation_share=0.0)
    values = {"project": str(project.folder), "base_model": str(tiny_model), **settings}
    run_here("cpt", values, lambda event: None, threading.Event(), project.start_run("cpt", values))
    unbroken = curve(project)

    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2", MAIN, "cpt",
               str(project.folder), "--base-model", str(tiny_model), *options(settings)]  # fmt: skip
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as launcher:
        for line in launcher.stderr:
            if "% Training" in line:
                break
        workers = children(launcher.pid)
        launcher.terminate()
        launcher.communicate(timeout=120)
    assert not psutil.wait_procs(workers, timeout=30)[1]
    stopped = project.runs("cpt")[0]
    first = resumable_step(project, "cpt")
    assert stopped.state == "stopped" and 0 < first < max(unbroken)
    assert len(list(project.checkpoints_folder.glob("cpt-*/checkpoint-*"))) == 1

    def stop_soon(event: dict[str, Any]) -> None:
        if event["type"] == "metric" and event["step"] > first:
            cancelled.set()

    cancelled = threading.Event()
    again = {**values, "resume": True, "processes": 2, "spread_base": True}
    with pytest.raises(Cancelled):
        Child("cpt", again, project.start_run("cpt", again)).run(stop_soon, cancelled)
    second = resumable_step(project, "cpt")
    steps = list(curve(project))
    assert second > first and steps[0] > first

    alone = {**values, "resume": True}
    result = run_here("cpt", alone, lambda event: None, threading.Event(), project.start_run("cpt", alone))
    rest = curve(project)
    assert list(rest) == list(range(second + 1, max(unbroken) + 1)) and result["steps"] == max(unbroken)
    assert [rest[step] for step in rest] == pytest.approx([unbroken[step] for step in rest], rel=0.02)


def test_a_process_that_dies_ends_all_with_a_sentence(text_project: Project, tiny_model: Path) -> None:
    project = text_project
    settings = quick("cpt", epochs=1000, save_every_minutes=0.05, processes=2)
    values = {"project": str(project.folder), "base_model": str(tiny_model), **settings}
    folder = project.start_run("cpt", values)
    child = Child("cpt", values, folder)
    workers: list[psutil.Process] = []

    def kill_the_second(event: dict[str, Any]) -> None:
        is_saved = list(project.checkpoints_folder.glob("cpt-*/checkpoint-*/complete.json"))
        if event["type"] == "metric" and is_saved and not workers:
            workers.extend(children(child._process.pid))
            next(each for each in workers if each.environ().get("RANK") == "1").kill()

    with pytest.raises(ChildDied, match="SIGKILL") as caught:
        child.run(kill_the_second, threading.Event())

    assert "memory" in str(caught.value)
    assert len(workers) >= 2 and not psutil.wait_procs(workers, timeout=30)[1]
    assert project.runs("cpt")[0].state == "interrupted" and resumable_step(project, "cpt")


def test_what_another_process_has_to_say_is_heard(tmp_path: Path) -> None:
    job = "tests.core.sample_jobs:second_refuses"
    with pytest.raises(UserError, match="The second card is full."):
        Child(job, {"processes": 2, "is_full": False}, tmp_path).run(print, threading.Event())
    assert [event["type"] for event in read_events(tmp_path)] == ["failed"]

    with pytest.raises(ChildDied) as caught:  # as where the system ends it: so it is started again with less
        Child(job, {"processes": 2, "is_full": True}).run(print, threading.Event())
    assert caught.value.is_by_system


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
        "two": {"batch_size": 8},
        "two, cut": {"batch_size": 4, "gradient_accumulation": 2, "budget": 70},
        "two, padded": {"batch_size": 2, "gradient_accumulation": 4, "layout": "padded"},
        "two, spread": {"batch_size": 8, "spread_base": True},
        "two, spread, cut": {"batch_size": 8, "budget": 70, "spread_base": True, "recomputed_layers": 1},
    }
    program = str(Path(__file__).with_name("two_processes.py"))
    launcher = ["-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2"]
    for start, changes in (([], alone), (launcher, shared)):
        runs = [[str(tmp_path / f"{name}.pt"), change] for name, change in changes.items()]
        done = subprocess.run(
            [sys.executable, *start, program, json.dumps(runs)], capture_output=True, text=True, timeout=400,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
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
        frozen = 2 * 9 + 3  # weights of two layers, embedding, norm and output
        assert len(result["cut"]) == ("spread" in name) * frozen, name
        for key, weight in results["two"]["adapter"].items():
            assert torch.allclose(result["adapter"][key], weight, rtol=1e-4, atol=1e-6), (name, key)
