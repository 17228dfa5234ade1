"""The memory plan beside what is measured, on models of many shapes, and how it chooses under a limit."""

import gc
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from services.errors import UserError
from services.jobs import Context
from services.models.weights import TensorHeader
from services.training import fit
from services.training.device import Device
from services.training.fit import Load, ModelShape, choose, parts_of, read_shape, shape_of
from services.training.row import Row
from tests.training.conftest import quick

SMALL = {
    "vocab_size": 4000, "hidden_size": 128, "intermediate_size": 512, "num_hidden_layers": 4, "num_attention_heads": 4,
    "num_key_value_heads": 2,
}  # fmt: skip
# Family, changes to the small model, tokens of a batch, and changes to the load.
SHAPES: dict[str, tuple[str, dict[str, Any], int, dict[str, Any]]] = {
    "grouped heads": ("qwen2", {}, 512, {}),
    "half of it twice": ("qwen2", {}, 512, {"recomputed": 2}),
    "all of it twice": ("qwen2", {}, 512, {"recomputed": 4}),
    "wide heads with norms": ("qwen3", {"head_dim": 64}, 512, {}),
    "untied, all heads": ("llama", {"num_key_value_heads": 4, "num_hidden_layers": 3, "tie_word_embeddings": False}, 384, {}),
    "large vocabulary": ("qwen2", {"vocab_size": 60_000, "num_hidden_layers": 2}, 256, {}),
    "deep": ("mistral", {"num_hidden_layers": 10, "hidden_size": 64, "intermediate_size": 192}, 512, {}),
    "in two bytes": ("qwen2", {}, 512, {"value_bytes": 2}),
    "large rank": ("phi3", {"pad_token_id": 0}, 256, {"rank": 64}),
    "dropout": ("qwen2", {}, 256, {"has_dropout": True}),
    "attention only": ("qwen2", {}, 512, {"target": "attention"}),
    "upper half": ("qwen2", {}, 512, {"target": "upper-half"}),
}


def make(family: str, changes: dict[str, Any], value_bytes: int) -> tuple[Any, ModelShape]:
    """A model with random weights, and its shape as it would be read from its folder."""
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM

    config = AutoConfig.for_model(family, **{**SMALL, **changes})
    model = AutoModelForCausalLM.from_config(config, dtype=torch.float32 if value_bytes == 4 else torch.bfloat16)
    headers = {name: TensorHeader(Path(), "F32", tuple(each.shape)) for name, each in model.named_parameters()}
    return model, shape_of(config.to_dict(), headers)


def make_rows(count: int, length: int) -> list[Row]:
    draw = np.random.default_rng(0)
    return [Row(ids, ids) for ids in draw.integers(0, 300, (count, length)).astype(np.int32)]


def settings_for(load: Load, rows: int, **more: Any) -> dict[str, Any]:
    return quick(
        "cpt", epochs=1, batch_size=rows, max_seq_length=load.longest, lora_rank=load.rank, watch_forgetting=False,
        lora_dropout=0.1 if load.has_dropout else 0.0, target_layers=load.target, **more,
    )  # fmt: skip


def most_allocated(work: Any) -> int:
    """The most bytes that PyTorch has at once in what ``work`` does, beyond what it had before; every allocation counts."""
    from torch.profiler import ProfilerActivity, profile

    gc.collect()  # what earlier trainings left must not be given back in between

    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as recorded:
        work()
    events = [event for event in recorded.profiler.kineto_results.events() if event.name() == "[memory]"]
    assert events
    return int(np.cumsum([event.nbytes() for event in sorted(events, key=lambda event: event.start_ns())]).max())


@pytest.mark.parametrize("name", SHAPES)
def test_the_plan_is_within_a_tenth_of_what_is_allocated(
    name: str, tokenizer: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from services.training.trainer import train

    family, changes, tokens, more = SHAPES[name]
    load = Load(**{"tokens": tokens, "longest": 128, "rank": 16, "value_bytes": 4, "is_split": False, **more})
    model, shape = make(family, changes, load.value_bytes)
    monkeypatch.setitem(fit.BUSY_TOKENS, "cpu", tokens)
    rows = make_rows(2 * tokens // 128, 128)  # two steps: from the second on the adapter has its moments
    dtype = "float32" if load.value_bytes == 4 else "bfloat16"

    measured = most_allocated(
        lambda: train(
            model, tokenizer, rows, [], settings_for(load, tokens // 128), Device("cpu", dtype), tmp_path, Context(),
            recomputed_layers=load.recomputed,
        )
    )

    parts = parts_of(shape, load)
    allocated = parts.beyond_weights - fit.kept_by_allocator(shape, load)
    assert 0.95 < allocated / measured < 1.1


def test_a_shape_is_the_same_from_the_files_and_from_the_configuration(tiny_model: Path, tmp_path: Path) -> None:
    from tests.tiny_models import FAMILIES, make_tiny_model

    for family in FAMILIES:
        folder = make_tiny_model(tmp_path / family, family)
        config = json.loads((folder / "config.json").read_text())
        read, guessed = read_shape(folder), shape_of(config)
        assert read.parameters == pytest.approx(guessed.parameters, rel=0.02)
        if family != "phi3":  # whose matrices are several in one
            assert (read.matrices, read.matrix_parameters, read.matrix_widths) == (
                guessed.matrices, guessed.matrix_parameters, guessed.matrix_widths,
            )  # fmt: skip
        assert read.has_head_norms == guessed.has_head_norms == (family == "qwen3")
    with pytest.raises(UserError, match=r"config\.json"):
        read_shape(tmp_path)
    with pytest.raises(UserError, match="how large"):
        shape_of({"model_type": "unheard-of"})


def qwen(billions: float) -> ModelShape:
    """Qwen2.5 in three sizes."""
    width, inner, layers, heads, keys = {
        0.5: (896, 4864, 24, 14, 2), 1.5: (1536, 8960, 28, 12, 2), 7: (3584, 18944, 28, 28, 4)
    }[billions]  # fmt: skip
    return shape_of({
        "hidden_size": width, "intermediate_size": inner, "num_hidden_layers": layers, "num_attention_heads": heads,
        "num_key_value_heads": keys, "vocab_size": 151_936, "tie_word_embeddings": billions < 7,
    })  # fmt: skip


def test_published_sizes_are_met() -> None:
    """Parameters as the model cards give them, adapters as PEFT counts them; a card's memory as others measured it."""
    assert qwen(0.5).parameters == pytest.approx(494e6, rel=0.01)
    assert qwen(1.5).adapter_parameters(16) == pytest.approx(18.5e6, rel=0.01)
    full = Load(8192, 2048, 16, 2, "cuda", recomputed=28)
    assert parts_of(qwen(7), full).total == pytest.approx(20e9, rel=0.12)
    assert parts_of(qwen(7), replace(full, is_quantized=True, is_cast=True)).total < 0.65 * parts_of(qwen(7), full).total


@pytest.mark.parametrize("billions", [0.5, 1.5, 7])
@pytest.mark.parametrize("device", ["cpu", "cuda"])
@pytest.mark.parametrize("may_recompute", [True, False])
def test_what_is_chosen_keeps_the_limit_and_gives_up_no_more_than_it_must(
    billions: float, device: str, may_recompute: bool
) -> None:
    shape = qwen(billions)
    load = Load(fit.BUSY_TOKENS[device], 512, 32, 4 if device == "cpu" else 2, device)
    roomy = choose(shape, load, 2**50, may_recompute=may_recompute)
    assert (roomy.tokens, roomy.recomputed, roomy.fits) == (load.tokens, 0, True)
    least = parts_of(shape, replace(load, tokens=512, recomputed=shape.layers if may_recompute else 0)).total
    before = roomy
    for share in (0.95, 0.7, 0.4, 0.2, 0.1, 0.02, 0.0):
        room = int(least + share * (roomy.parts.total - least))
        choice = choose(shape, load, room, may_recompute=may_recompute)
        assert choice.fits and choice.parts.total <= room
        assert choice.tokens <= before.tokens and (choice.recomputed >= before.recomputed or choice.tokens < before.tokens)
        if choice.recomputed and choice.tokens == before.tokens:
            assert parts_of(shape, replace(load, tokens=choice.tokens, recomputed=choice.recomputed - 1)).total > room
        assert may_recompute or not choice.recomputed
        before = choice
    assert not choose(shape, load, least - 2**20, may_recompute=may_recompute).fits


@pytest.mark.skipif(sys.platform != "linux", reason="the limits are those of Linux")
def test_a_full_memory_halves_the_batch_and_a_limit_is_kept(tmp_path: Path) -> None:
    """In processes of their own: what the system refuses, and what the person allows."""

    def train(name: str, **request: Any) -> dict[str, Any]:
        done = subprocess.run(
            [sys.executable, str(Path(__file__).with_name("full_memory.py")), str(tmp_path / name), json.dumps(request)],
            capture_output=True, text=True, timeout=400, env={**os.environ, "OMP_NUM_THREADS": "1"},
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    free = train("free")
    full = train("full", limit_mb=250)
    allowed = train("allowed", above_mb=300, settings={"gradient_checkpointing": True})
    refused = train("refused", above_mb=60, settings={"gradient_checkpointing": True})

    assert not free["texts"] and free["at_once"]["tokens"] == 2048 and free["peak_mb"] > 350
    assert "half as much text at once, 1024 tokens" in full["texts"][0] and full["at_once"]["tokens"] < 2048
    assert full["losses"] == pytest.approx(free["losses"], rel=1e-5)
    assert not allowed["texts"] and allowed["peak_mb"] < 300 and allowed["at_once"]["tokens"] < 2048
    assert allowed["losses"] == pytest.approx(free["losses"], rel=1e-5)
    assert "“Memory to use” allows" in refused["error"] and not refused["losses"]
