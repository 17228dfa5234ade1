"""Merging is exact, for tied and untied embeddings; the new folder replaces the old one in one step."""

import json
import shutil
import threading
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer

from services.errors import Cancelled, UserError
from services.jobs import Context
from services.models.base import describe
from services.models.merge import add_adapter, load_base, load_merged, merge_final
from services.models.provenance import read_provenance
from services.project import Project
from tests.models.conftest import make_adapter
from tests.tiny_models import make_tiny_model

IDS = torch.arange(5, 65).unsqueeze(0)


def logits(model: Any) -> torch.Tensor:
    with torch.no_grad():
        result: torch.Tensor = model(IDS).logits
    return result


def with_adapters(base: Path, *adapters: Path) -> torch.Tensor:
    """Base and unmerged adapters, all active at once: what merging must equal."""
    model = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(base), str(adapters[0]), adapter_name="0")
    for number, adapter in enumerate(adapters[1:], 1):
        model.load_adapter(str(adapter), adapter_name=str(number))
    model.base_model.set_adapter([str(number) for number in range(len(adapters))])
    return logits(model.eval())


@pytest.mark.parametrize("family", ["llama", "qwen2", "phi3"])
@pytest.mark.parametrize("is_tied", [True, False])
def test_a_final_model_is_base_and_both_adapters(tmp_path: Path, family: str, is_tied: bool) -> None:
    base = make_tiny_model(tmp_path / "base", family, is_tied)
    cpt, sft = make_adapter(base, tmp_path / "cpt", 1), make_adapter(base, tmp_path / "sft", 2)
    final = merge_final(base, cpt, sft, tmp_path / "models" / "final", {"kind": "final", "run": 3})

    expected = with_adapters(base, cpt, sft)
    model, tokenizer = load_base(final)
    torch.testing.assert_close(logits(model), expected, atol=1e-4, rtol=1e-4)
    assert (logits(load_base(base)[0]) - expected).abs().max() > 0.1
    assert model.config.tie_word_embeddings is is_tied
    assert describe(final).parameters == describe(base).parameters
    assert tokenizer("The bridge")["input_ids"] == AutoTokenizer.from_pretrained(base)("The bridge")["input_ids"]
    assert read_provenance(final) == {"kind": "final", "run": 3}
    files = {path.relative_to(final).as_posix() for path in final.rglob("*") if path.is_file()}
    assert files >= {"model.safetensors", "config.json", "tokenizer.json", "sft_adapter/adapter_model.safetensors"}
    assert not list(final.parent.glob(".*"))


def test_an_adapter_on_tied_embeddings_unties_them(tmp_path: Path) -> None:
    base = make_tiny_model(tmp_path / "base", "qwen2", is_tied=True)
    cpt, sft = make_adapter(base, tmp_path / "cpt", 1), make_adapter(base, tmp_path / "sft", 2, ["q_proj", "lm_head"])
    final = merge_final(base, cpt, sft, tmp_path / "final")
    model, _tokenizer = load_base(final)
    torch.testing.assert_close(logits(model), with_adapters(base, cpt, sft), atol=1e-4, rtol=1e-4)
    assert model.config.tie_word_embeddings is False


def test_a_bfloat16_base_is_rounded_once(tmp_path: Path) -> None:
    base = make_tiny_model(tmp_path / "base", "llama")
    cpt, sft = make_adapter(base, tmp_path / "cpt", 1), make_adapter(base, tmp_path / "sft", 2)
    half = tmp_path / "half"
    shutil.copytree(base, half)
    AutoModelForCausalLM.from_pretrained(base).to(torch.bfloat16).save_pretrained(half)
    final = AutoModelForCausalLM.from_pretrained(merge_final(half, cpt, sft, tmp_path / "final"))
    exact = AutoModelForCausalLM.from_pretrained(half, dtype=torch.float32)
    exact = add_adapter(add_adapter(exact, cpt), sft)
    assert final.dtype == torch.bfloat16
    for name, weight in exact.named_parameters():
        assert torch.equal(final.get_parameter(name), weight.to(torch.bfloat16)), name


def test_a_final_model_stops_everywhere(trained: Project) -> None:
    folder = trained.model_folder()
    tokenizer = AutoTokenizer.from_pretrained(folder)
    end, text_end = tokenizer.convert_tokens_to_ids(["<|im_end|>", "<|endoftext|>"])
    config = json.loads((folder / "config.json").read_text())
    generation = json.loads((folder / "generation_config.json").read_text())
    assert (tokenizer.eos_token, config["eos_token_id"]) == ("<|im_end|>", end)
    assert generation["eos_token_id"] == [end, text_end]
    assert "im_start" in tokenizer.chat_template and "generation %}" not in tokenizer.chat_template


def test_the_models_of_a_project_are_found_by_name(trained: Project) -> None:
    base, knowledge, final = (logits(load_merged(trained, which)[0]) for which in ("base", "cpt", "final"))
    assert (base - knowledge).abs().max() > 0.1
    assert (knowledge - final).abs().max() > 0.1
    torch.testing.assert_close(logits(load_merged(trained, "casual")[0]), final)
    with pytest.raises(UserError, match="formal.*final, casual"):
        load_merged(trained, "formal")


def test_an_untrained_project_says_what_to_do(tmp_path: Path) -> None:
    project = Project.create(tmp_path / "new")
    for which, words in {"base": "Train the knowledge", "cpt": "step 2", "final": "step 4"}.items():
        with pytest.raises(UserError, match=words):
            load_merged(project, which)


def test_what_does_not_fit_is_a_sentence_and_the_old_model_stays(trained: Project, tmp_path: Path) -> None:
    base = make_tiny_model(tmp_path / "base", "qwen2", has_chat_template=False)
    sft = make_adapter(base, tmp_path / "sft", 2)
    final = tmp_path / "final"
    merge_final(base, None, sft, final, {"run": 1})
    foreign = make_tiny_model(tmp_path / "foreign", "qwen2", hidden_size=128)
    with pytest.raises(UserError, match="does not fit"):
        merge_final(base, make_adapter(foreign, tmp_path / "strange", 3), sft, final)
    with pytest.raises(UserError, match="no adapter"):
        merge_final(base, tmp_path / "nothing", sft, final)

    cancelled = threading.Event()
    context = Context(lambda event: cancelled.set() if event["done"] == 2 else None, cancelled)
    with pytest.raises(Cancelled):
        merge_final(base, None, sft, final, {"run": 2}, context)
    assert read_provenance(final) == {"run": 1}
    assert not list(tmp_path.glob(".final*"))

    final.rename(tmp_path / ".final.old")  # as a power cut between the two renames leaves it
    with pytest.raises(UserError):
        merge_final(base, tmp_path / "nothing", sft, final)
    assert read_provenance(final) == {"run": 1}
    merge_final(base, None, sft, final, {"run": 4})
    assert read_provenance(final) == {"run": 4}


def test_a_model_with_missing_weights_is_not_loaded(tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    folder = make_tiny_model(tmp_path / "model", "llama")
    weights = load_file(folder / "model.safetensors")
    del weights["model.layers.1.mlp.down_proj.weight"]
    save_file(weights, folder / "model.safetensors", {"format": "pt"})
    with pytest.raises(UserError, match=r"layers.1.mlp.down_proj"):
        load_base(folder)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "model_type": "unheard_of"}))
    with pytest.raises(UserError, match="cannot be loaded"):
        load_base(folder)
