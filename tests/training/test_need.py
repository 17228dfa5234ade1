"""What a training takes of this machine, said before it starts, and what to change where it is too much."""

import shutil
import sys
from pathlib import Path

import pytest

from services.jobs import Child
from services.project import Project
from services.training import need as needs
from services.training import speed
from services.training.need import Machine, look
from services.training.plan import plan
from tests.training.conftest import add_document, quick, write_pairs

GB = 2**30


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WISSENSWERK_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def long_project(project: Project) -> Project:
    add_document(project, "long.md", "The ferry lands at the northern pier. " * 2000)
    return project


def planned(project: Project, monkeypatch: pytest.MonkeyPatch, machine: Machine | None, model: str, **settings):
    monkeypatch.setattr(needs, "look", lambda _wanted: machine)
    values = {**quick("cpt"), "max_seq_length": 2048, "lora_rank": 32, **settings}
    return plan(project, "cpt", {**values, "base_model": model})


@pytest.mark.parametrize("model", ["starter", "Qwen/Qwen2.5-0.5B"])
def test_where_there_is_room_it_fits(long_project: Project, monkeypatch: pytest.MonkeyPatch, model: str) -> None:
    made = planned(long_project, monkeypatch, Machine("cpu", "float32", 64 * GB, 1e11), model)

    memory = made["memory"]
    assert made["fits"] and made["changes"] == {} and memory["needed"] < memory["free"] < 64 * GB
    assert memory["needed"] == sum(memory[part] for part in ("weights", "adapter", "activations", "loss", "program"))
    assert made["seconds"] > 0 and 0 < made["disk"]["needed"] < made["disk"]["free"]
    slow = planned(long_project, monkeypatch, Machine("cpu", "float32", 64 * GB, 1e10), model)
    assert slow["seconds"] > 2 * made["seconds"]


@pytest.mark.parametrize(("free", "keys"), [(9, {"gradient_checkpointing"}), (4.2, {"gradient_checkpointing", "max_seq_length"})])
def test_what_does_not_fit_names_two_settings_at_most_that_make_it_fit(
    long_project: Project, monkeypatch: pytest.MonkeyPatch, free: float, keys: set[str]
) -> None:
    machine = Machine("cpu", "float32", int(free * GB))
    made = planned(long_project, monkeypatch, machine, "Qwen/Qwen2.5-0.5B")
    assert made["fits"] is False and set(made["changes"]) == keys

    mended = planned(long_project, monkeypatch, machine, "Qwen/Qwen2.5-0.5B", **made["changes"])
    assert mended["fits"] and mended["memory"]["needed"] <= mended["memory"]["free"]


def test_what_cannot_be_made_to_fit_has_no_settings(long_project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    made = planned(long_project, monkeypatch, Machine("cpu", "float32", 2 * GB), "Qwen/Qwen2.5-7B")
    assert made["fits"] is False and made["changes"] == {}


def test_a_card_that_is_too_small_is_planned_in_four_bits(long_project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = {"gradient_checkpointing": True, "device": "auto"}
    for has_four_bits in (False, True):
        machine = Machine("cuda", "bfloat16", 16 * GB, has_four_bits=has_four_bits)
        made = planned(long_project, monkeypatch, machine, "Qwen/Qwen2.5-7B", **settings)
        assert made["fits"] == made["memory"]["four_bits"] == has_four_bits


def test_a_limit_of_the_person_counts(long_project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    machine = Machine("cpu", "float32", 64 * GB)
    made = planned(long_project, monkeypatch, machine, "Qwen/Qwen2.5-0.5B", memory_limit_gb=5.0)
    assert made["fits"] is False and made["memory"]["free"] == 5 * GB


def test_a_model_that_is_not_here_is_planned_without_memory(long_project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    made = planned(long_project, monkeypatch, None, "nobody/nothing")
    assert made["fits"] is None and "not here yet" in made["unknown"] and made["steps"] > 0


def test_a_full_disk_is_seen_before(long_project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(long_project.folder)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage._replace(free=2**20))
    made = planned(long_project, monkeypatch, Machine("cpu", "float32", 64 * GB), "starter")
    assert made["fits"] is False and made["disk"]["needed"] > made["disk"]["free"]


def test_phase_four_needs_the_model_of_phase_two(project: Project) -> None:
    write_pairs(project, 40)
    made = plan(project, "sft", quick("sft"))
    assert made["fits"] is None and made["unknown"] and made["steps"] > 0


def test_the_machine_is_measured_once_in_a_process_of_its_own() -> None:
    import threading

    assert speed.known_speed() is None and look("cpu").flops == 0
    measured = Child("measure", {}).run(lambda event: None, threading.Event())

    assert measured["flops"] > 1e8 and speed.known_speed() == measured
    assert look("auto").flops == measured["flops"] and look("auto").device == measured["device"]


def test_planning_loads_no_torch(long_project: Project) -> None:
    import subprocess

    code = (
        "import sys; from pathlib import Path; from services.project import Project; from services.training.plan import plan;"
        "plan(Project.open(Path(sys.argv[1])), 'cpt', {'base_model': 'starter'}); sys.exit('torch' in sys.modules)"
    )
    root = Path(__file__).parents[2]
    assert subprocess.run([sys.executable, "-c", code, str(long_project.folder)], cwd=root).returncode == 0
