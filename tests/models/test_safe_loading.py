"""Only safetensors is loaded, and code that comes with a model is never run; loading asks nobody on the network."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from services.documents.tokenizer import load_tokenizer
from services.errors import UserError
from services.models.merge import add_adapter, load_base
from tests.models.conftest import make_adapter
from tests.models.hub import HERE, Hub
from tests.tiny_models import make_tiny_model

TRAP = "import pathlib\npathlib.Path({mark!r}).touch()\nclass Model: ...\nclass Config: ...\nclass Tokenizer: ...\n"


@pytest.fixture
def trapped(tmp_path: Path) -> Path:
    """A model of a known family that would also have its code run by whoever allows it."""
    folder = make_tiny_model(tmp_path / "trapped", "qwen2")
    (folder / "trap.py").write_text(TRAP.format(mark=str(tmp_path / "ran")))
    for name, references in {
        "config.json": {"AutoConfig": "trap.Config", "AutoModelForCausalLM": "trap.Model"},
        "tokenizer_config.json": {"AutoTokenizer": ["trap.Tokenizer", None]},
    }.items():
        values = json.loads((folder / name).read_text())
        (folder / name).write_text(json.dumps({**values, "auto_map": references}))
    return folder


def test_code_that_comes_with_a_model_is_not_run(trapped: Path, tmp_path: Path) -> None:
    model, _tokenizer = load_base(trapped)
    assert type(model).__module__.startswith("transformers.models.qwen2")
    load_tokenizer(trapped)
    (trapped / "tokenizer.json").rename(trapped / "tokenizer.model")
    with pytest.raises(UserError, match="tokenizer"):
        load_tokenizer(trapped)
    assert not (tmp_path / "ran").exists()


def test_a_model_that_needs_its_code_is_refused_without_a_question(trapped: Path, tmp_path: Path) -> None:
    values = json.loads((trapped / "config.json").read_text())
    (trapped / "config.json").write_text(json.dumps({**values, "model_type": "trap"}))
    with pytest.raises(UserError, match="cannot be loaded"):
        load_base(trapped)
    assert not (tmp_path / "ran").exists()


def test_weights_and_adapters_that_are_pickles_are_refused(trapped: Path, tmp_path: Path) -> None:
    import torch

    adapter = make_adapter(trapped, tmp_path / "adapter", seed=1)
    model, _tokenizer = load_base(trapped)
    torch.save({}, adapter / "adapter_model.bin")
    (adapter / "adapter_model.safetensors").unlink()
    with pytest.raises(UserError, match="safetensors"):
        add_adapter(model, adapter)
    torch.save(model.state_dict(), trapped / "pytorch_model.bin")
    (trapped / "model.safetensors").unlink()
    with pytest.raises(UserError, match="cannot be loaded"):
        load_base(trapped)


def test_a_model_that_is_here_is_trained_without_asking_the_hub(hub: Hub, tmp_path: Path) -> None:
    hub.add("author/small", make_tiny_model(tmp_path / "small", "qwen2"))
    hub.download("author/small")
    asked = hub.requests()
    project = tmp_path / "project"
    text = tmp_path / "mill.txt"
    text.write_text("The mill of Norrholm has 48 wooden teeth, and the miller counts them every morning. " * 12)
    environment = {**os.environ, **hub.environment()}

    def run(*arguments: str | Path) -> dict:
        command = [sys.executable, HERE.parents[1] / "main.py", *arguments, "--json"]
        return json.loads(subprocess.check_output(command, env=environment, stderr=subprocess.DEVNULL))

    run("new", project)
    run("ingest", project, text, "--tokenizer", "author/small")
    few = ["--epochs", "1", "--max-seq-length", "64", "--lora-rank", "4", "--device", "cpu"]
    assert run("cpt", project, "--base-model", "author/small", *few)["steps"] > 0
    assert hub.requests() == asked
    (origin,) = project.glob("runs/*-cpt/run.json")
    assert json.loads(origin.read_text("utf-8"))["base_model"]["revision"] == "0123456789abcdef0123456789abcdef01234567"
