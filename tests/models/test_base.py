"""Base models: found, described, and refused with a sentence."""

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from services.errors import UserError
from services.models.base import describe, find_base_model
from services.models.download import needed_files


def sentence(name: str | Path) -> str:
    with pytest.raises(UserError) as caught:
        find_base_model(name)
    return str(caught.value)


def test_a_folder_is_described_without_loading(tiny: Path) -> None:
    from transformers import AutoModelForCausalLM

    info = describe(tiny)
    assert info.parameters == AutoModelForCausalLM.from_pretrained(tiny).num_parameters()
    assert (info.architecture, info.licence, info.has_chat_template) == ("Qwen2ForCausalLM", "apache-2.0", True)
    assert (info.languages, info.commit) == (("de", "en"), "")
    assert info.is_trainable and not info.why_not
    assert info.size_bytes > info.parameters * 4
    assert find_base_model(tiny) == tiny


def test_what_is_not_a_model_is_named_with_the_way_out(tiny: Path, tmp_path: Path) -> None:
    assert "no folder" in sentence(tmp_path / "nowhere")
    (tmp_path / "notes.txt").write_text("hello")
    assert "is a file" in sentence(tmp_path / "notes.txt")
    assert "config.json" in sentence(tmp_path)
    assert "cannot be trained" in sentence("some-model.Q4_K_M.gguf")
    assert "not on this computer" in sentence("nobody/at-home")
    assert "No base model" in sentence("  ")

    gguf = tmp_path / "gguf"
    gguf.mkdir()
    (gguf / "model.Q4_K_M.gguf").write_bytes(b"GGUF")
    assert "cannot be trained" in sentence(gguf)

    adapter = tmp_path / "adapter"
    adapter.mkdir()
    (adapter / "adapter_config.json").write_text('{"base_model_name_or_path": "author/base"}')
    assert "author/base" in sentence(adapter)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda folder: (folder / "model.safetensors").unlink(), "no weights"),
        (lambda folder: (folder / "model.safetensors").rename(folder / "pytorch_model.bin"), "pickle"),
        (lambda folder: (folder / "tokenizer.json").unlink(), "no tokenizer"),
        (lambda folder: os.truncate(folder / "model.safetensors", 100_000), "damaged"),
        (lambda folder: (folder / "model.safetensors").write_bytes(b"x" * 50), "damaged"),
        (lambda folder: (folder / "config.json").write_text("{"), "config.json"),
        (lambda folder: change_config(folder, quantization_config={"quant_method": "gptq"}), "already quantized"),
        (lambda folder: change_config(folder, architectures=["BertModel"]), "BertModel"),
        (lambda folder: change_config(folder, architectures=["OwnForCausalLM"], auto_map={}), "program code"),
        (lambda folder: write_index(folder, "model-00002-of-00002.safetensors"), "model-00002-of-00002"),
    ],
)
def test_a_spoilt_model_is_refused(tiny: Path, tmp_path: Path, spoil: Any, words: str) -> None:
    folder = tmp_path / "spoilt"
    shutil.copytree(tiny, folder)
    spoil(folder)
    assert words in sentence(folder)


def change_config(folder: Path, **values: Any) -> None:
    path = folder / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))


def write_index(folder: Path, file: str) -> None:
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": {"lm_head.weight": file}}))


def test_only_needed_files_are_chosen() -> None:
    files = dict.fromkeys(
        ["config.json", "model.safetensors", "consolidated.safetensors", "pytorch_model.bin", "tokenizer.json"], 1
    )
    files |= dict.fromkeys(["onnx/model.onnx", "original/params.json", "README.md", "x.png", "chat_template.jinja"], 1)
    expected = ["config.json", "model.safetensors", "tokenizer.json", "README.md", "chat_template.jinja"]
    assert needed_files("a/b", files) == expected
    for only, words in {
        "b.bin": "pickle",
        "b.gguf": "GGUF",
        "README.md": "no weights",
        "a.safetensors": "adapter",
    }.items():
        with pytest.raises(UserError, match=words):
            needed_files("a/b", {only: 1})
