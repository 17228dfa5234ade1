"""An export is read back before it is called done, and what does not come to an end leaves nothing."""

import json
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM, AutoTokenizer

from services.errors import Cancelled, UserError
from services.jobs import Context
from services.models import export
from services.models.export import run
from services.models.llama_cpp import GgufModel
from services.models.merge import load_merged
from services.project import Project
from tests.models.test_chat import QUESTION, generated


def exported(project: Project, **settings: Any) -> dict[str, Any]:
    return run({"project": str(project.folder), **settings}, Context())


def test_safetensors_are_the_model_bit_for_bit(trained: Project) -> None:
    result = exported(trained, format="safetensors")
    folder = Path(result["path"])
    assert folder.parent == trained.exports_folder and folder.name.startswith("safetensors_20")
    names = {path.name for path in folder.iterdir()}
    assert names >= {
        "model.safetensors",
        "config.json",
        "tokenizer.json",
        "chat_template.jinja",
        "generation_config.json",
    }
    assert "wissenswerk.json" not in names and "sft_adapter" not in names

    final, copy = (load_file(place / "model.safetensors") for place in (trained.model_folder(), folder))
    assert final.keys() == copy.keys() and all(torch.equal(final[name], copy[name]) for name in final)
    assert f"all {len(final)} weights" in result["verified"]
    assert result["size_bytes"] == sum(path.stat().st_size for path in folder.iterdir())
    loaded = AutoModelForCausalLM.from_pretrained(folder).eval(), AutoTokenizer.from_pretrained(folder)
    assert generated(*loaded, QUESTION, 20) == generated(*load_merged(trained), QUESTION, 20)
    # the spelling that version 4 of transformers needs as well
    assert json.loads((folder / "tokenizer_config.json").read_text())["tokenizer_class"] != "TokenizersBackend"

    second = Path(exported(trained, format="safetensors", model="casual")["path"])
    assert second.name == f"{folder.name}-2"


@pytest.mark.parametrize("which", ["base", "cpt"])
def test_base_and_knowledge_model_can_be_exported_too(trained: Project, tmp_path: Path, which: str) -> None:
    result = exported(trained, format="safetensors", model=which, to=str(tmp_path / which))
    assert Path(result["path"]) == tmp_path / which
    loaded = (
        AutoModelForCausalLM.from_pretrained(tmp_path / which).eval(),
        AutoTokenizer.from_pretrained(tmp_path / which),
    )
    assert generated(*loaded, QUESTION, 20) == generated(*load_merged(trained, which), QUESTION, 20)
    assert not list(trained.models_folder.glob(".*"))


def test_a_gguf_answers_like_the_model(trained: Project) -> None:
    result = exported(trained, format="gguf", quantization="F16")
    path = Path(result["path"])
    assert (path.name, path.parent.parent) == ("final-F16.gguf", trained.exports_folder)
    assert [file.name for file in path.parent.iterdir()] == [path.name]
    assert "3 of 3 texts" in result["verified"] and "answers begin word for word" in result["verified"]
    expected = generated(*load_merged(trained), QUESTION, 8)
    with GgufModel(path) as model:
        text = model.chat([{"role": "user", "content": QUESTION}], None, {"answer_tokens": 8})
    assert text.strip(" \ufffd") == expected.strip(" \ufffd")


def test_the_default_is_small_and_loads(trained: Project, tmp_path: Path) -> None:
    result = exported(trained, format="gguf", to=str(tmp_path / "small"))
    assert Path(result["path"]).name == "final-Q4_K_M.gguf"
    with GgufModel(result["path"]) as model:
        assert model.chat([{"role": "user", "content": QUESTION}], None, {"answer_tokens": 8})


def test_an_export_that_is_not_the_model_is_not_kept(
    trained: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from services.models import gguf

    def write_another(source: Path, path: Path, *_rest: Any) -> Path:
        monkeypatch.undo()
        base = Path(json.loads((trained.cpt_model_folder / "wissenswerk.json").read_text())["base_model"])
        return gguf.write_gguf(base, path, "F16")

    monkeypatch.setattr(gguf, "write_gguf", write_another)
    with pytest.raises(UserError, match="does not behave like the model"):
        exported(trained, format="gguf", quantization="F16", to=str(tmp_path / "wrong"))
    assert not (tmp_path / "wrong").exists()

    widen = export._widen_tokenizer

    def spoil(path: Path) -> None:
        widen(path)
        weights = path.with_name("model.safetensors")
        content = bytearray(weights.read_bytes())
        content[-1] ^= 1
        weights.write_bytes(content)

    monkeypatch.setattr(export, "_widen_tokenizer", spoil)
    with pytest.raises(UserError, match="not the same as the model"):
        exported(trained, format="safetensors", to=str(tmp_path / "wrong"))
    assert not (tmp_path / "wrong").exists()


def test_a_stop_leaves_nothing(trained: Project) -> None:
    before = sorted(path.name for path in trained.exports_folder.iterdir())
    for format in ("safetensors", "gguf"):
        cancelled = threading.Event()
        context = Context(lambda event, flag=cancelled: flag.set() if event["done"] > 0.3 else None, cancelled)
        with pytest.raises(Cancelled):
            run({"project": str(trained.folder), "format": format}, context)
    assert sorted(path.name for path in trained.exports_folder.iterdir()) == before


def test_what_a_killed_export_left_is_removed_by_the_next(trained: Project) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    dead = trained.exports_folder / f".gguf_20200101.{process.pid}"
    alive = trained.exports_folder / f".gguf_20200102.{os.getpid()}"
    for folder in (dead, alive):
        folder.mkdir(parents=True, exist_ok=True)
    exported(trained, format="gguf", quantization="F32")
    assert not dead.exists() and alive.exists()
    alive.rmdir()


def test_bad_wishes_are_sentences(trained: Project, tmp_path: Path) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "note.txt").write_text("mine")
    for settings, words in [
        ({"model": "formal"}, "formal.*final, casual"),
        ({"format": "zip"}, "zip"),
        ({"format": "gguf", "quantization": "Q17"}, "Q17"),
        ({"to": str(tmp_path / "full")}, "not empty"),
        ({"to": str(tmp_path / "full" / "note.txt" / "x")}, "cannot be written"),
    ]:
        with pytest.raises(UserError, match=words):
            exported(trained, **settings)
    assert (tmp_path / "full" / "note.txt").read_text() == "mine"
