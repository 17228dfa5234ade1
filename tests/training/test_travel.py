"""A training that is packed here, runs elsewhere, and comes home; and what must not come in."""

import json
import os
import shutil
import subprocess
import sys
import threading
import zipfile
from pathlib import Path
from typing import Any

import pytest
import yaml

from services.errors import UserError
from services.jobs import Context, run_here
from services.models.base import STARTER_MODEL
from services.models.provenance import read_provenance
from services.project import Project
from services.training import arrival, departure
from services.training.history import MetricHistory
from tests.training.conftest import TEXT, quick, write_pairs


def pack(project: Project, to: Path, phase: str = "cpt", **settings: Any) -> tuple[Path, dict[str, Any]]:
    values = {"project": str(project.folder), "phase": phase, "to": str(to), **quick(phase), **settings}
    return to, departure.run(values, Context())


def bring_back(project: Project, source: Path, heard: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    emit = heard.append if heard is not None else lambda event: None
    return arrival.run({"project": str(project.folder), "from": str(source)}, Context(emit))


def run_there(folder: Path, phase: str, *more: str, launcher: tuple[str, ...] = ()) -> subprocess.CompletedProcess[str]:
    """What the README says, with the program that came along, from another folder."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return subprocess.run(
        [sys.executable, *launcher, str(folder / "program" / "main.py"), phase, str(folder), "--resume", *more],
        capture_output=True, text=True, timeout=400, cwd=folder.parent, env=environment,
    )  # fmt: skip


def repack(result: Path, change: dict[str, bytes | None], to: Path) -> Path:
    """The result with files replaced, added or, for None, left out."""
    with zipfile.ZipFile(result) as before, zipfile.ZipFile(to, "w") as after:
        for name in before.namelist():
            if name not in change:
                after.writestr(name, before.read(name))
        for name, data in change.items():
            if data is not None:
                after.writestr(name, data)
    return to


def test_there_and_back_again(text_project: Project, tiny_model: Path, tmp_path: Path) -> None:
    """Phase 2 on two processes that share out the base (FSDP2), phase 4 on one; merged at home."""
    project = text_project
    folder, packed = pack(project, tmp_path / "elsewhere" / "cpt", base_model=str(tiny_model), with_base=True, cards=2)
    files = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert {"job.json", "README.md", "accelerate.yaml", "accelerate_fsdp2.yaml", "job.sky.yaml"} <= files
    everything = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file() and "program" not in path.parts)
    assert b"island.md" not in everything and str(project.folder).encode() not in everything  # no name, no place
    assert TEXT.encode() in everything and "the text of your documents" in packed["leaves"]
    shutil.move(folder, tmp_path / "there")  # every path in it is relative

    done = run_there(
        tmp_path / "there", "cpt", "--json",
        launcher=("-m", "accelerate.commands.launch", "--config_file", str(tmp_path / "there" / "accelerate_fsdp2.yaml")),
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    there = json.loads(done.stdout)
    home = bring_back(project, tmp_path / "there" / "result.zip")

    made = read_provenance(project.cpt_model_folder)
    assert made["processes"] == 2 and made["settings"]["spread_base"]
    assert made["base_model"] == str(tiny_model) and made["run"] == home["run"] == 1
    assert not project.status().cpt.is_stale
    (record,) = project.runs("cpt")
    assert record.state == "finished" and record.result["loss"] == home["loss"] == there["loss"]
    assert len(MetricHistory.read(record.folder).points("loss")[0]) > 1
    here = {"project": str(project.folder), "base_model": str(tiny_model), **quick("cpt")}
    alone = run_here("cpt", here, lambda event: None, threading.Event(), project.start_run("cpt", here))
    # Each process measures whether BF16 pays, and on a busy machine two of them may find different things.
    origin = json.loads((record.folder / "run.json").read_text())
    assert origin["base_model"]["name"] == str(tiny_model) and str(tmp_path / "there") not in json.dumps(origin)
    assert [session["processes"] for session in origin["sessions"]] == [2]
    formats = {json.loads((run.folder / "run.json").read_text())["sessions"][-1]["dtype"] for run in project.runs("cpt")}
    tolerance = 1e-3 if len(formats) == 1 else 1e-2
    assert alone["steps"] == home["steps"] and alone["loss"] == pytest.approx(home["loss"], rel=tolerance)

    write_pairs(project, 12)
    folder, packed = pack(project, tmp_path / "sft", "sft", name="brief", with_base=True)
    assert (folder / "data" / "sft_data.jsonl").is_file() and not (folder / "data" / "cpt_data.txt").exists()
    done = run_there(folder, "sft", launcher=("-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2"))
    assert done.returncode == 0, done.stderr
    assert not (folder / "models" / "brief").exists()  # merged at home
    home = bring_back(project, folder)
    assert Path(home["model"]) == project.model_folder("brief") and project.final_models() == ["brief"]
    from services.models.merge import load_merged

    model, _tokenizer = load_merged(project, "brief", "cpu", "float32")
    assert model.config.model_type == "qwen2"
    assert read_provenance(project.model_folder("brief"))["run"] == project.runs("sft")[0].number
    with pytest.raises(UserError, match="in the project already"):
        bring_back(project, folder)


def test_what_does_not_belong_stays_outside(text_project: Project, tiny_model: Path, tmp_path: Path) -> None:
    project = text_project
    folder, _packed = pack(project, tmp_path / "job", base_model=str(tiny_model), with_base=True)
    with pytest.raises(UserError, match="not come to its end"):
        bring_back(project, folder)
    done = run_there(folder, "cpt", "--epochs=1")
    assert done.returncode == 0, done.stderr
    result, changed = folder / "result.zip", tmp_path / "changed.zip"
    with zipfile.ZipFile(result) as archive:
        job, config, made = (
            json.loads(archive.read(name))
            for name in ("job.json", "adapter/adapter_config.json", "adapter/wissenswerk.json")
        )
    before = {path: path.stat().st_mtime_ns for path in project.folder.rglob("*") if path.is_file()}

    def say(value: Any) -> bytes:
        return json.dumps(value).encode()

    refusals = {
        "not the result": {"job.json": None},
        "damaged": {"job.json": b"{"},
        "newer version": {"job.json": say({**job, "format": 99})},
        "not exported from": {"job.json": say({**job, "id": "0123456789abcdef"})},
        "Open the project": {"job.json": say({**job, "id": "../../runs"})},
        "another base model": {"job.json": say({**job, "base": "other"})},
        "other data": {"job.json": say({**job, "data_sha256": "other"})},
        "no finished adapter": {"adapter/adapter_model.safetensors": None, "adapter/adapter_model.bin": b"\x80\x04."},
        "of another training": {"adapter/wissenswerk.json": say({**made, "job": "else"})},
        "trained on another base model": {"adapter/wissenswerk.json": say({**made, "base": "else"})},
        "not come to its end": {"runs/0000/events.jsonl": b""},
    }
    for sentence, change in refusals.items():
        with pytest.raises(UserError, match=sentence):
            bring_back(project, repack(result, change, changed))
    with pytest.raises(UserError, match="not the result"):
        bring_back(project, tiny_model / "config.json")
    after = {path: path.stat().st_mtime_ns for path in project.folder.rglob("*") if path.is_file()}
    assert {path for path in after if path not in before} <= {project.runs_folder / ".lock"}

    hostile = {
        "adapter/adapter_config.json": say({**config, "auto_mapping": {"parent_library": "evil", "base_model_class": "X"}}),
        "adapter/pytorch_model.bin": b"\x80\x04.", "../outside.json": b"{}", "runs/0000/../../../outside.json": b"{}",
        "adapter/../../escaped.json": b"{}",
    }  # fmt: skip
    bring_back(project, repack(result, hostile, changed))
    names = {path.name for path in project.folder.rglob("*")}
    assert not {"outside.json", "escaped.json", "pytorch_model.bin"} & names and not (tmp_path / "outside.json").exists()
    assert "auto_mapping" not in json.loads((project.cpt_model_folder / "adapter_config.json").read_text())
    from services.models.merge import load_merged

    load_merged(project, "cpt", "cpu", "float32")


def test_the_files_for_other_programs_say_what_they_should(text_project: Project, tmp_path: Path) -> None:
    folder, packed = pack(
        text_project, tmp_path / "job", base_model="Some/Model-32B", cards=4, machines=2, wordings=2, max_seq_length=128
    )
    job = json.loads((folder / "job.json").read_text())
    assert job["base_model"] == "Some/Model-32B" and not job["is_base_included"] and not (folder / "base_model").exists()
    assert job["corpus"]["texts"] == 1
    plain, spread = (yaml.safe_load((folder / name).read_text()) for name in ("accelerate.yaml", "accelerate_fsdp2.yaml"))
    assert plain["distributed_type"] == "MULTI_GPU" and plain["num_processes"] == 8 and plain["num_machines"] == 2
    assert spread["distributed_type"] == "FSDP" and spread["fsdp_config"]["fsdp_version"] == 2
    assert spread["mixed_precision"] == plain["mixed_precision"] == "no"
    sky = yaml.safe_load((folder / "job.sky.yaml").read_text())
    assert sky["resources"]["accelerators"] == "H100:4" and sky["num_nodes"] == 2
    assert "program/main.py cpt . --resume" in sky["run"] and "requirements.txt" in sky["setup"]
    requirements = (folder / "program" / "requirements.txt").read_text().splitlines()
    assert any(line.startswith("torch==") and "+" not in line for line in requirements)
    with pytest.raises(UserError, match="not empty"):
        pack(text_project, folder, base_model="starter")
    with pytest.raises(UserError, match="not on this computer"):
        pack(text_project, tmp_path / "other", base_model="Some/Model-32B", with_base=True)
    assert not (tmp_path / "other").exists()


def test_changed_data_is_not_trained_on(text_project: Project, tmp_path: Path) -> None:
    folder, _packed = pack(text_project, tmp_path / "job", base_model="starter")
    assert (folder / "base_model" / "config.json").read_bytes() == (STARTER_MODEL / "config.json").read_bytes()
    with open(folder / "data" / "corpus.txt", "a") as corpus:
        corpus.write("more")
    done = run_there(folder, "cpt")
    assert done.returncode == 1 and "not the data that was exported" in done.stderr and "Traceback" not in done.stderr
