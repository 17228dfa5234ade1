"""Every layout gives, in F64, the loss and the gradients of each document alone; and every row is used once."""

import contextlib
import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from services.training import attention, lora, memory
from services.training.attention import documents_apart
from services.training.layout import count_targets, divide, lay_flat, lay_padded
from services.training.loss import find_head, summed_loss
from services.training.row import IGNORED, Row
from services.training.schedule import Schedule


def make_rows(lengths: list[int], vocabulary: int = 300) -> list[Row]:
    """Rows whose first third is only read."""
    rng = np.random.default_rng(5)
    rows = []
    for length in lengths:
        ids = rng.integers(3, vocabulary, length).astype(np.int32)
        labels = ids.copy()
        labels[: length // 3] = IGNORED
        rows.append(Row(ids, labels))
    return rows


def make_model(family: str) -> Any:
    """A model of F64 with an adapter; its norms are in F64 too, where transformers has F32."""
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM, Gemma2Config, LlamaConfig, MistralConfig, Qwen2Config, Qwen3Config

    size = {"vocab_size": 300, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 3,
            "num_attention_heads": 4, "num_key_value_heads": 2}  # fmt: skip
    config = {
        "llama": lambda: LlamaConfig(**size),
        "window": lambda: MistralConfig(**size, sliding_window=7),
        "alternating": lambda: Qwen2Config(**size, use_sliding_window=True, sliding_window=6, max_window_layers=1),
        "qwen3": lambda: Qwen3Config(**size, head_dim=8),
        "capped": lambda: Gemma2Config(**size, head_dim=8, attn_logit_softcapping=2.0, final_logit_softcapping=4.0),
    }[family]()
    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_config(config, dtype=torch.float64)
    adapter = LoraConfig(r=3, lora_alpha=5, target_modules="all-linear", task_type="CAUSAL_LM")
    made = get_peft_model(model, adapter)
    for name, weight in made.named_parameters():
        torch.nn.init.normal_(weight, 1.0 if "norm" in name else 0.0, 0.3)
    for module in model.modules():
        if type(module).__name__ in ("LlamaRMSNorm", "MistralRMSNorm", "Qwen2RMSNorm", "Qwen3RMSNorm"):
            module.forward = lambda x, norm=module: torch.nn.functional.rms_norm(
                x, (x.shape[-1],), norm.weight, norm.variance_epsilon
            )
    return made.train()


def gradients(model: Any) -> dict[str, Any]:
    return {name: weight.grad.clone() for name, weight in model.named_parameters() if weight.requires_grad}


def alone(model: Any, rows: list[Row]) -> tuple[float, dict[str, Any]]:
    """Each document by itself, through the library's own forward and loss."""
    model.zero_grad()
    total = 0.0
    for row in rows:
        ids, labels = (torch.from_numpy(each).long()[None] for each in (row.input_ids, row.labels))
        loss = torch.nn.functional.cross_entropy(
            model(input_ids=ids, use_cache=False).logits[0, :-1], labels[0, 1:], reduction="sum"
        )
        loss.backward()
        total += loss.item()
    return total, gradients(model)


def together(model: Any, batches: list[dict[str, Any]]) -> tuple[float, dict[str, Any]]:
    model.zero_grad()
    network = model.get_base_model()
    head = find_head(network)
    total = 0.0
    for batch in batches:
        loss = summed_loss(network, batch, head)
        loss.backward()
        total += loss.item()
    return total, gradients(model)


def largest_difference(ours: dict[str, Any], theirs: dict[str, Any]) -> float:
    return max(float((ours[name] - grad).norm() / grad.norm().clamp(min=1e-9)) for name, grad in theirs.items())


@pytest.mark.parametrize("layers", [0, 2, 3])
@pytest.mark.parametrize("layout", ["flat", "padded", "budget", "fused"])
@pytest.mark.parametrize("family", ["llama", "window", "alternating", "qwen3"])
def test_every_layout_is_each_document_alone(family: str, layout: str, layers: int) -> None:
    rows = make_rows([5, 17, 30, 2, 12, 12, 1, 9])
    model = make_model(family)
    expected, expected_gradients = alone(model, rows)
    memory.recompute(model.get_base_model(), layers)
    if layout == "padded":
        loss, ours = together(model, [lay_padded(rows[:5], 0), lay_padded(rows[5:], 0)])
    else:
        with documents_apart(model.get_base_model()) as is_apart:
            assert is_apart
            budget = 30 if layout == "budget" else 1000
            groups = divide([len(row.input_ids) for row in rows], budget)
            batches = [lay_flat([rows[index] for index in group]) for group in groups]
            with lora.fused(model) if layout == "fused" else contextlib.nullcontext(21) as count:
                assert count == 3 * 7
                loss, ours = together(model, batches)
        assert model.config._attn_implementation == "sdpa"

    assert loss == pytest.approx(expected, rel=1e-11)
    # Sines and cosines of the positions are in F32 everywhere, and the same everywhere.
    assert largest_difference(ours, expected_gradients) < 1e-11


def vary(
    query: Any, key: Any, value: Any, cu_seq_q: Any, cu_seq_k: Any, max_q: int, max_k: int, *, scale: float,
    window_size: tuple[int, int], enable_gqa: bool,
) -> Any:  # fmt: skip
    """What torch's ``varlen_attn`` is documented to compute, which itself runs on a card only."""
    assert cu_seq_q.dtype == torch.int32 and cu_seq_q is cu_seq_k and window_size[1] == 0
    assert max_q == max_k == int(cu_seq_q.diff().max())
    parts = []
    for start, end in zip(cu_seq_q[:-1].tolist(), cu_seq_q[1:].tolist(), strict=True):
        places = torch.arange(end - start)
        distance = places[:, None] - places
        mask = (distance >= 0) & ((distance <= window_size[0]) if window_size[0] >= 0 else True)
        states = [each[start:end].transpose(0, 1) for each in (query, key, value)]
        out = torch.nn.functional.scaled_dot_product_attention(
            *states, attn_mask=mask, scale=scale, enable_gqa=enable_gqa
        )
        parts.append(out.transpose(0, 1))
    return torch.cat(parts)


@pytest.mark.parametrize("family", ["llama", "window", "alternating"])
def test_attention_in_one_call_is_told_the_same(family: str, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch.nn.attention.varlen

    rows = make_rows([5, 17, 30, 2, 12])
    model = make_model(family)
    expected, expected_gradients = alone(model, rows)
    monkeypatch.setattr(torch.nn.attention.varlen, "varlen_attn", vary)
    monkeypatch.setattr(attention, "_can_vary", lambda *_arguments: True)
    with documents_apart(model.get_base_model()) as is_apart:
        assert is_apart
        loss, ours = together(model, [lay_flat(rows)])
    assert loss == pytest.approx(expected, rel=1e-11) and largest_difference(ours, expected_gradients) < 1e-11


def test_what_bends_attention_keeps_its_own_and_padded_rows() -> None:
    rows = make_rows([5, 17, 30, 2])
    model = make_model("capped")
    with documents_apart(model.get_base_model()) as is_apart:
        assert not is_apart and model.config._attn_implementation in ("eager", "sdpa")
    expected, expected_gradients = alone(model, rows)
    loss, ours = together(model, [lay_padded(rows, 0)])
    assert loss == pytest.approx(expected, rel=1e-5)
    assert largest_difference(ours, expected_gradients) < 1e-4  # its norms are in F32


def test_a_model_with_another_kind_of_layer_keeps_its_own() -> None:
    model = make_model("llama")
    model.config.layer_types = ["full_attention", "linear_attention", "full_attention"]
    with documents_apart(model.get_base_model()) as is_apart:
        assert not is_apart


def test_mixing_documents_would_show(monkeypatch: pytest.MonkeyPatch) -> None:
    """The probe is one: with an attention that sees the documents before, flat batches are not used."""
    model = make_model("llama")
    right = attention.attend
    monkeypatch.setattr(attention, "attend", lambda *arguments, documents=None, **more: right(*arguments, **more))
    with documents_apart(model.get_base_model()) as is_apart:
        assert not is_apart


def test_adapters_are_cast_and_activations_are_not() -> None:
    """A base in BF16 with adapters in F32: close to PEFT's, whose adapters compute in F32."""
    rows = make_rows([40, 25])
    model = make_model("llama").bfloat16()
    for name, weight in model.named_parameters():
        if "lora" in name:
            weight.data = weight.data.float()
    _loss, theirs = alone(model, rows)
    with lora.fused(model):
        out = model.get_base_model().model.layers[0].mlp.gate_proj(torch.randn(4, 32, dtype=torch.bfloat16))
        assert out.dtype == torch.bfloat16
        _loss, ours = alone(model, rows)
    assert all(grad.dtype == torch.float32 for grad in ours.values())
    dots = sum(float((ours[name] * theirs[name]).sum()) for name in theirs)
    norms = [sum(float(grad.square().sum()) for grad in each.values()) ** 0.5 for each in (ours, theirs)]
    assert dots / (norms[0] * norms[1]) > 0.99 and norms[0] == pytest.approx(norms[1], rel=0.05)


@pytest.mark.parametrize("change", ["dropout", "dora", "two", "disabled"])
def test_what_is_not_plain_lora_stays_as_peft_does_it(change: str) -> None:
    from peft import LoraConfig, get_peft_model
    from transformers import LlamaConfig, LlamaForCausalLM

    torch.manual_seed(0)
    network = LlamaForCausalLM(
        LlamaConfig(vocab_size=50, hidden_size=16, intermediate_size=16, num_hidden_layers=1, num_attention_heads=2)
    )
    more = {"dropout": {"lora_dropout": 0.5}, "dora": {"use_dora": True}}.get(change, {})
    adapter = LoraConfig(r=2, target_modules="all-linear", init_lora_weights=False, task_type="CAUSAL_LM", **more)
    model = get_peft_model(network, adapter)
    if change == "two":
        model.add_adapter("second", LoraConfig(r=2, target_modules="all-linear", task_type="CAUSAL_LM"))
        model.base_model.set_adapter(["default", "second"])
    ids = torch.arange(8)[None]
    before = model(input_ids=ids).logits
    with lora.fused(model) as count:
        assert count == (7 if change == "disabled" else 0)
        if change == "disabled":
            with model.disable_adapter():
                plain = model(input_ids=ids).logits
            assert not torch.allclose(plain, before)
        if change != "dropout":
            assert torch.allclose(model(input_ids=ids).logits, before, atol=1e-5)
    assert "forward" not in vars(network.model.layers[0].mlp.gate_proj)


def test_groups_hold_the_budget_and_little_air() -> None:
    rng = random.Random(1)
    lengths = [min(2048, max(8, round(rng.lognormvariate(5.3, 0.8)))) for _ in range(3000)]

    flat, padded = divide(lengths, 4096), divide(lengths, 4096, is_padded=True)

    for groups in (flat, padded):
        assert sorted(index for group in groups for index in group) == list(range(3000))
    assert all(sum(lengths[index] for index in group) <= 4096 for group in flat)
    assert all(len(group) * max(lengths[index] for index in group) <= 4096 for group in padded)
    assert len(flat) <= 11 / 9 * -(-sum(lengths) // 4096) + 1
    padding = sum(len(group) * max(lengths[index] for index in group) for group in padded)
    assert sum(lengths) / padding > 0.97
    assert divide([5000, 10], 4096) == [[0], [1]]


@pytest.mark.parametrize("pad_id", [None, 0])
@pytest.mark.parametrize("processes", [1, 2, 3])
def test_every_token_is_trained_once_an_epoch(processes: int, pad_id: int | None) -> None:
    rows = make_rows([random.Random(length).randint(1, 60) for length in range(103)])
    schedules = [
        Schedule(rows, 8, 42, budget=100, pad_id=pad_id, process=number, processes=processes)
        for number in range(processes)
    ]
    assert schedules[0].epoch_steps == 13
    orders = []
    for epoch in (0, 1):
        seen: list[int] = []
        targets = learnt = 0
        for place in range(13):
            steps = [schedule.step(13 * epoch + place) for schedule in schedules]
            assert len({(len(step["parts"]), step["targets"], step["learnt"]) for step in steps}) == 1
            parts = [part for step in steps for part in step["parts"]]
            assert sum(len(part["targets"]) for part in parts) == steps[0]["targets"]
            seen += [target for part in parts for target in part["targets"].tolist()]
            targets, learnt = targets + steps[0]["targets"], learnt + steps[0]["learnt"]
        expected = [int(label) for row in rows for label in row.labels[1:] if label != IGNORED]
        assert sorted(seen) == sorted(expected) and targets == len(expected) == sum(map(count_targets, rows))
        assert learnt == sum(row.token_count for row in rows)
        orders.append(seen)
    assert orders[0] != orders[1]
    again = Schedule(rows, 8, 42, budget=100, pad_id=pad_id, processes=processes).step(20)
    assert all(
        torch.equal(ours["input_ids"], theirs["input_ids"])
        for ours, theirs in zip(again["parts"], schedules[0].step(20)["parts"], strict=True)
    )


def test_a_process_without_rows_still_takes_part() -> None:
    rows = make_rows([10, 20, 30])
    steps = [Schedule(rows, 4, 1, budget=64, process=number, processes=4).step(0) for number in range(4)]

    assert [len(step["parts"]) for step in steps] == [1, 1, 1, 1]
    assert sorted(len(step["parts"][0]["targets"]) for step in steps)[0] == 0
    assert {step["targets"] for step in steps} == {sum(map(count_targets, rows))}


Layouts = Callable[[list[Row]], dict[str, Any]]


@pytest.mark.parametrize("lay", [lay_flat, lambda rows: lay_padded(rows, 0)])
def test_targets_are_what_comes_next(lay: Layouts) -> None:
    rows = make_rows([7, 3, 1, 12])
    batch = lay(rows)
    places, ids = batch["kept"].tolist(), batch["input_ids"].flatten()
    assert [int(ids[place + 1]) for place in places] == batch["targets"].tolist()
    assert len(places) == sum(map(count_targets, rows))
