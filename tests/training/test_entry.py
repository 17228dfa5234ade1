"""What must be true of a training's entry point so that it can run anywhere: in a window's child, a terminal, a rented node."""

import ast
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from services.jobs import Context
from services.project import Project
from services.settings import PHASES
from services.training import cpt, departure, device
from services.training.arguments import training_arguments
from services.training.device import Device, choose_device
from services.training.schedule import Schedule
from services.training.session import spare_processes
from tests.training.conftest import quick
from tests.training.two_processes import make_rows

ROOT = Path(__file__).parents[2]
TRAINING = sorted(f"services.training.{path.stem}" for path in (ROOT / "services" / "training").glob("[a-z]*.py"))


def python(code: str, *arguments: str, **environment: str | None) -> Any:
    """What a program of its own prints as JSON in its last line."""
    values = {name: value for name, value in {**os.environ, **environment}.items() if value is not None}
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, cwd=ROOT, env=values, timeout=300
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_importing_it_does_nothing_and_loads_nothing_heavy() -> None:
    """Rules 1 and 3: no window, no llama.cpp, no torch, no thread, no process, no file, no other folder."""
    code = f"""
import sys, os, json
opened = []
sys.addaudithook(lambda event, arguments: opened.append(str(arguments[0])) if event == "open" and isinstance(arguments[1], str)
                 and set(arguments[1]) & set("wax+") else None)
import threading, psutil, main, services.command_line
for name in {TRAINING!r}:
    __import__(name)
loaded = set(sys.modules) & {{"PySide6", "pyqtgraph", "gui", "llama_cpp", "xllamacpp", "torch", "transformers", "trl"}}
print(json.dumps([sorted(loaded), threading.active_count(), len(psutil.Process().children()), opened, os.getcwd()]))
"""
    assert python(code) == [[], 1, 0, [], str(ROOT)]


def test_main_can_be_imported_by_a_process_that_it_starts() -> None:
    """Rule 3: nothing runs at import, and a frozen program does not start itself over and over."""
    tree = ast.parse((ROOT / "main.py").read_text("utf-8"))
    *before, last = tree.body
    assert not [node for node in before if not isinstance(node, ast.Expr | ast.Import | ast.ImportFrom | ast.Assign | ast.FunctionDef)]
    assert isinstance(last, ast.If) and ast.unparse(last.test) == "__name__ == '__main__'"
    calls = [ast.unparse(node) for node in ast.walk(last) if isinstance(node, ast.Call)]
    assert "multiprocessing.freeze_support()" in calls and ast.unparse(last.body[-1]) == "run()"
    arguments = training_arguments(quick("cpt"), Device("cpu", "float32"), Path("unused"), 10)
    assert arguments.dataset_num_proc is None and arguments.dataloader_num_workers == 0


@pytest.mark.parametrize("phase", ["cpt", "sft"])
def test_one_file_defines_the_run(text_project: Project, tiny_model: Path, tmp_path: Path, phase: str) -> None:
    """Rule 2: every setting, the base, the data by its hash; no path but those inside its folder."""
    if phase == "sft":
        from tests.training.conftest import write_pairs

        write_pairs(text_project, 9)
        cpt.run({"project": str(text_project.folder), "base_model": "starter", **quick("cpt", epochs=1)}, Context())
    values = {"project": str(text_project.folder), "phase": phase, "to": str(tmp_path / "job"), "base_model": "starter"}
    departure.run({**values, **quick(phase, seed=7)}, Context())

    job = json.loads((tmp_path / "job" / "job.json").read_text())
    assert set(job["settings"]) == {setting.key for setting in PHASES[phase]} and job["settings"]["seed"] == 7
    assert len(job["data_sha256"]) == 64 and len(job["base"]) == 64 and (tmp_path / "job" / job["data"]).is_file()
    texts = [value for value in job.values() if isinstance(value, str)]
    assert not [text for text in texts if Path(text).is_absolute()]


@pytest.mark.parametrize("processes", [1, 2, 3])
def test_a_step_is_the_same_for_any_number_of_processes(processes: int) -> None:
    """Rule 4: batches follow from seed, epoch, step and number of processes alone, and each has as many of them."""
    rows = make_rows()

    def schedule(process: int, world: int) -> Schedule:
        return Schedule(rows, 8, 5, budget=70, process=process, processes=world)

    def tokens(parts: list[dict[str, Any]]) -> list[int]:
        return sorted(int(token) for part in parts for token in part["targets"])

    alone = schedule(0, 1)
    for number in (4, 0, 7):  # in any order
        whole = alone.step(number)
        shares = [schedule(process, processes).step(number) for process in range(processes)]
        assert len({len(share["parts"]) for share in shares}) == 1
        assert {(share["targets"], share["learnt"]) for share in shares} == {(whole["targets"], whole["learnt"])}
        assert tokens([part for share in shares for part in share["parts"]]) == tokens(whole["parts"])
    assert tokens(alone.step(0)["parts"]) != tokens(alone.step(alone.epoch_steps)["parts"])  # another epoch, other steps
    other = Schedule(rows, 8, 6, budget=70)
    assert tokens(alone.step(0)["parts"]) != tokens(other.step(0)["parts"])


def test_processes_without_work_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = quick("cpt", batch_size=2)
    for count, words in (("1", 0), ("2", 0), ("4", 1)):
        monkeypatch.setenv("WORLD_SIZE", count)
        assert len(spare_processes(settings)) == words


def test_only_the_first_process_speaks_and_writes(tmp_path: Path) -> None:
    """Rule 7."""
    for rank, words in (("0", ["progress", "metric", "warning", "changed", "token", "result"]), ("1", [])):
        (tmp_path / rank).mkdir()
        settings = tmp_path / rank / "settings.json"
        settings.write_text(json.dumps({"to": 1}))
        ear, mouth = os.pipe()  # a closed one would be a window that is gone
        done = subprocess.run(
            [sys.executable, str(ROOT / "main.py"), "--job", "tests.core.sample_jobs:count", str(settings)],
            capture_output=True, text=True, stdin=ear, cwd=ROOT, timeout=60,
            env={**os.environ, "RANK": rank, "WORLD_SIZE": "2", "PYTHONPATH": str(ROOT)},
        )  # fmt: skip
        os.close(ear)
        os.close(mouth)
        assert [json.loads(line)["type"] for line in done.stdout.splitlines()] == words
        assert (tmp_path / rank / "events.jsonl").exists() == bool(words)


@pytest.mark.skipif(sys.platform != "linux", reason="reads the peak of the memory from /proc")
def test_the_base_is_loaded_in_its_dtype_and_once(tiny_model: Path, tmp_path: Path) -> None:
    """Rule 8: loading takes no more memory than the model's size; over F32 it would take twice that and more."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM

    from tests.tiny_models import make_tiny_tokenizer

    config = LlamaConfig(
        vocab_size=20_000, hidden_size=768, intermediate_size=2048, num_hidden_layers=8, num_attention_heads=12
    )
    LlamaForCausalLM(config).to(torch.bfloat16).save_pretrained(tmp_path)
    make_tiny_tokenizer("llama3").save_pretrained(tmp_path)
    size = (tmp_path / "model.safetensors").stat().st_size
    code = """
import json, re, sys
from pathlib import Path
from services.models.merge import load_base
load_base(Path(sys.argv[2]), "bfloat16", "cpu")  # a small one, for what the libraries take
peak = lambda: int(re.search(r"VmHWM:\\s*(\\d+)", Path("/proc/self/status").read_text())[1]) * 1024
before = peak()
model, _ = load_base(Path(sys.argv[1]), sys.argv[3], "cpu")
print(json.dumps([peak() - before, str(model.dtype)]))
"""
    taken, dtype = python(code, str(tmp_path), str(tiny_model), "bfloat16")
    detour, other = python(code, str(tmp_path), str(tiny_model), "float32")
    assert dtype == "torch.bfloat16" and other == "torch.float32"
    # What is read from the file as it stands is not even copied: all processes of a computer share the file's pages.
    assert taken < 1.2 * size and detour > 2 * size


def test_nothing_is_asked_of_the_network(text_project: Project, tiny_model: Path) -> None:
    """Rule 9: a whole training looks up no name and opens no connection, also where it would be allowed to."""
    code = """
import json, os, sys
asked = []
def hear(event, arguments):
    if event in ("socket.getaddrinfo", "socket.connect", "socket.gethostbyname"):
        asked.append(f"{event} {arguments}")
sys.addaudithook(hear)
import main
code = main.main(sys.argv[1:])
import huggingface_hub.constants as hub
print(json.dumps([code, asked, hub.HF_HUB_DISABLE_TELEMETRY, hub.HF_HUB_OFFLINE]))
"""
    answer = python(
        code, "cpt", str(text_project.folder), "--base-model", str(tiny_model), "--epochs=1", "--max-seq-length=64",
        "--device=cpu", HF_HUB_OFFLINE=None,
    )  # fmt: skip
    assert answer == [0, [], True, False]


def test_each_process_has_one_card(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rule 10: alone, the first card is all that is seen; started by a launcher, each takes the one of its number."""
    import torch

    chosen: list[int] = []
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation=True: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 4)
    monkeypatch.setattr(torch.cuda, "set_device", chosen.append)
    for name in ("WORLD_SIZE", "LOCAL_RANK", "CUDA_VISIBLE_DEVICES"):
        monkeypatch.delenv(name, raising=False)
    assert choose_device("auto") == device.Device("cuda", "bfloat16")
    assert os.environ["CUDA_VISIBLE_DEVICES"] == "0" and chosen == []
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES")
    monkeypatch.setenv("WORLD_SIZE", "4")
    monkeypatch.setenv("LOCAL_RANK", "3")
    choose_device("cuda")
    assert chosen == [3] and "CUDA_VISIBLE_DEVICES" not in os.environ
