"""The trainer: it learns, it can be stopped and go on exactly, and its loss is the loss of each document alone."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from services.errors import Cancelled, UserError
from services.jobs import Context
from services.training.checkpoint import is_complete, latest_checkpoint
from services.training.device import Device, choose_device
from services.training.plan import count_steps
from services.training.row import Row
from tests.tiny_models import make_tiny_model
from tests.training.conftest import CPU, losses, quick


def test_it_learns_and_reports(teach: Callable[..., Any], rows: list[Row]) -> None:
    held_out = rows[:3]
    _weights, outcome, events = teach(rows[3:], held_out=held_out, epochs=4, watch_forgetting=True)

    epoch_steps, steps = count_steps(len(rows) - 3, quick("cpt", epochs=4))
    reported = losses(events)
    assert outcome.steps == steps and list(reported) == list(range(1, steps + 1))
    assert reported[steps] < 0.7 * reported[1]
    assert outcome.tokens == 4 * sum(row.token_count for row in rows[3:])
    assert outcome.validation_loss is not None and outcome.best_validation_loss <= outcome.validation_loss
    first = next(event for event in events if "loss" in event)
    assert {"loss", "learning_rate", "grad_norm", "epoch", "tokens_per_second", "memory_bytes"} <= set(first)
    measured = [event["step"] for event in events if "validation_loss" in event]
    assert len(measured) >= 5 and measured[-1] == steps and len(set(measured)) == len(measured)
    general = [event["general_loss"] for event in events if "general_loss" in event]
    assert measured[0] == 0 and len(general) == len(measured)
    assert (general[0], general[-1]) == pytest.approx((outcome.general_loss_before, outcome.general_loss), abs=1e-5)
    progress = [event for event in events if event["type"] == "progress"]
    assert progress[0]["done"] == 0 and progress[-1]["done"] == progress[-1]["total"] == steps
    assert json.dumps(events)


def stop_at(step: int) -> Context:
    """A context that is told to stop when a step has been reported."""
    context = Context(lambda event: context.cancelled.set() if event.get("step") == step else None)
    return context


@pytest.mark.parametrize("settings", [{}, {"lora_dropout": 0.2, "gradient_accumulation": 2, "batch_size": 2}])
def test_a_stopped_run_goes_on_exactly(
    teach: Callable[..., Any], rows: list[Row], tmp_path: Path, settings: dict[str, Any]
) -> None:
    held_out = rows[:3]
    whole_weights, whole, whole_events = teach(rows[3:], folder="whole", held_out=held_out, epochs=3, **settings)

    context = stop_at(9)  # in the middle of the second epoch
    with pytest.raises(Cancelled):
        teach(rows[3:], context, folder="stopped", held_out=held_out, epochs=3, **settings)
    checkpoint = latest_checkpoint(tmp_path / "stopped")
    assert checkpoint is not None and checkpoint.name == "checkpoint-10"
    weights, resumed, events = teach(
        rows[3:], folder="stopped", held_out=held_out, epochs=3, resume_from=checkpoint, **settings
    )

    assert losses(events) == {step: loss for step, loss in losses(whole_events).items() if step > 10}
    assert all((weights[name] == weight).all() for name, weight in whole_weights.items())
    assert resumed.loss == whole.loss and resumed.validation_loss == whole.validation_loss
    assert resumed.best_step == whole.best_step


def test_a_run_killed_after_its_last_step_is_finished(
    teach: Callable[..., Any], rows: list[Row], tmp_path: Path
) -> None:
    """The last step is saved, so that a merge that fails costs no training."""
    weights, outcome, _events = teach(rows)

    again, resumed, events = teach(rows, resume_from=latest_checkpoint(tmp_path / "run"))

    assert losses(events) == {} and resumed.loss == outcome.loss and resumed.steps == outcome.steps
    assert all((again[name] == weight).all() for name, weight in weights.items())


def test_two_checkpoints_are_kept(teach: Callable[..., Any], rows: list[Row], tmp_path: Path) -> None:
    teach(rows, epochs=1, unchecked={"save_every_minutes": 0.0})

    kept = sorted(tmp_path.glob("run/checkpoint-*"))
    assert len(kept) == 2 and all(map(is_complete, kept))


@pytest.mark.parametrize("accumulation", [2, 8])
def test_accumulated_batches_count_as_one(teach: Callable[..., Any], rows: list[Row], accumulation: int) -> None:
    """Mean over all tokens of a step, not mean of means: the rows differ in length, so these would differ."""
    settings = {"batch_size": 8 // accumulation, "gradient_accumulation": accumulation}
    _weights, _outcome, whole = teach(rows, folder="whole", batch_size=8)
    _weights, _outcome, parts = teach(rows, folder="parts", **settings)

    assert losses(parts) == pytest.approx(losses(whole), rel=1e-4)


def test_recomputing_changes_nothing_but_memory(teach: Callable[..., Any], rows: list[Row]) -> None:
    plain, _outcome, _events = teach(rows, folder="plain", epochs=1)
    saving, _outcome, _events = teach(rows, folder="saving", epochs=1, recomputed_layers=1)

    assert all((plain[name] == weight).all() for name, weight in saving.items())


def test_as_many_layers_are_recomputed_as_asked(
    load_model: Callable[[], Any], tokenizer: Any, rows: list[Row], tmp_path: Path
) -> None:
    from services.training.trainer import train

    calls = []
    for count in (0, 1, 2):
        model = load_model()
        seen = [0, 0]
        for number, layer in enumerate(model.model.layers):
            layer.mlp.register_forward_pre_hook(
                lambda *_arguments, seen=seen, number=number: seen.__setitem__(number, seen[number] + 1)
            )
        folder = tmp_path / str(count)
        train(model, tokenizer, rows, [], quick("cpt", epochs=1), CPU, folder, Context(), recomputed_layers=count)
        calls.append(seen)
    steps = count_steps(len(rows), quick("cpt", epochs=1))[0]
    first, second = calls[0]
    assert calls[1:] == [[first + steps, second], [first + steps, second + steps]]


@pytest.mark.parametrize("dropout", [0.0, 0.1])
def test_it_learns_in_bf16_with_an_adapter_in_f32(
    load_model: Callable[[], Any], tokenizer: Any, rows: list[Row], tmp_path: Path, dropout: float
) -> None:
    """Without autocast: the weights are in BF16 and so are all activations."""
    import torch

    from services.training.trainer import train

    dtypes: set[torch.dtype] = set()
    model = load_model().bfloat16()
    model.model.layers[1].mlp.register_forward_pre_hook(lambda _module, inputs: dtypes.add(inputs[0].dtype))
    events: list[dict[str, Any]] = []
    settings = quick("cpt", epochs=4, lora_dropout=dropout)
    trained, _outcome = train(
        model, tokenizer, rows, rows[:3], settings, Device("cpu", "bfloat16"), tmp_path, Context(events.append),
        log_every_s=0,
    )  # fmt: skip

    assert dtypes == {torch.bfloat16}
    assert {weight.dtype for weight in trained.parameters() if weight.requires_grad} == {torch.float32}
    reported = list(losses(events).values())
    assert reported[-1] < 0.7 * reported[0]


def test_a_broken_compiler_is_said_and_done_without(
    teach: Callable[..., Any], rows: list[Row], monkeypatch: pytest.MonkeyPatch
) -> None:
    import functools

    from services.training import compiled

    def backend(_graph: Any, _inputs: Any) -> Any:
        raise OSError("no compiler for this card")

    plain, _outcome, _events = teach(rows, folder="plain", epochs=1)
    monkeypatch.setattr(compiled, "compiled", functools.partial(compiled.compiled, backend=backend))
    ours, _outcome, events = teach(rows, folder="compiled", epochs=1, unchecked={"compile": True})

    assert [event["text"] for event in events if event["type"] == "warning" and "compiler for this card" in event["text"]]
    assert all((ours[name] == weight).all() for name, weight in plain.items())


@pytest.mark.parametrize("is_on", [False, True])
def test_saving_memory_recomputes_no_more_than_needed(
    teach: Callable[..., Any], rows: list[Row], monkeypatch: pytest.MonkeyPatch, is_on: bool
) -> None:
    from services.training import memory

    counts: list[int] = []
    monkeypatch.setattr(memory, "recompute", lambda _network, count: counts.append(count))
    teach(rows, folder="roomy", epochs=1, gradient_checkpointing=is_on)
    monkeypatch.setattr(memory, "free_bytes", lambda _device: 0)
    teach(rows, folder="full", epochs=1, gradient_checkpointing=is_on)

    assert counts == [0, 2 if is_on else 0]


def test_a_loss_that_is_no_number_names_the_learning_rate(
    teach: Callable[..., Any], rows: list[Row], tmp_path: Path
) -> None:
    with pytest.raises(UserError, match="learning rate"):
        teach(rows, lora_alpha=4096, lora_rank=1, warmup_share=0.0, unchecked={"learning_rate": 1e38})

    assert latest_checkpoint(tmp_path / "run") is None


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"max_seq_length": 512}, "switch on “Save memory by computing twice”, or lower “Longest text” from 512 to 256"),
        ({"max_seq_length": 512, "gradient_checkpointing": True}, "“Longest text” from 512 to 256, or choose a smaller"),
        ({"gradient_checkpointing": True}, "choose a smaller base model, or close other programs"),
    ],
)
def test_a_full_memory_names_two_settings(changes: dict[str, Any], sentence: str) -> None:
    import torch

    from services.training.memory_words import explain_memory

    with pytest.raises(UserError, match=sentence):
        with explain_memory(quick("cpt", **changes)):
            torch.empty(2**50)


def test_a_device_that_is_not_there_is_named() -> None:
    import torch

    if torch.backends.mps.is_available():
        pytest.skip("this computer has MPS")
    with pytest.raises(UserError, match="Metal"):
        choose_device("mps")
    assert choose_device("cpu") == CPU


def test_no_room_for_a_checkpoint_keeps_the_former(
    teach: Callable[..., Any], rows: list[Row], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk is asked before anything is written."""
    context = stop_at(5)
    with pytest.raises(Cancelled):
        teach(rows, context, epochs=3)
    former = latest_checkpoint(tmp_path / "run")
    usage = shutil.disk_usage(tmp_path)
    context = Context(
        lambda event: monkeypatch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=2**20))
        if "loss" in event else None
    )  # fmt: skip

    with pytest.raises(UserError, match="no room for a checkpoint.*step 6 is kept"):
        teach(rows, context, epochs=3, resume_from=former)

    assert latest_checkpoint(tmp_path / "run") == former
    assert [path.name for path in tmp_path.glob("run/checkpoint-*")] == [former.name]


@pytest.mark.parametrize(("scheduler", "last"), [("cosine", 0.1), ("linear", 0.0), ("constant", 1.0)])
def test_the_learning_rate_takes_the_course_that_was_chosen(
    teach: Callable[..., Any], rows: list[Row], scheduler: str, last: float
) -> None:
    _weights, outcome, events = teach(rows, epochs=5, scheduler=scheduler, warmup_share=0.2)

    rates = [event["learning_rate"] / 1e-2 for event in events if "learning_rate" in event]
    warm = round(0.2 * outcome.steps)
    assert rates[: warm + 1] == pytest.approx([step / warm for step in range(warm + 1)])
    assert rates[warm:] == sorted(rates[warm:], reverse=True)
    assert rates[-1] == pytest.approx(last, abs=0.05) and (scheduler == "constant") == (rates[-1] == rates[warm])


@pytest.mark.parametrize("family", ["qwen2", "phi3"])
@pytest.mark.parametrize("target", ["all", "attention", "upper-half"])
def test_the_adapter_changes_what_was_chosen(
    tmp_path: Path, rows: list[Row], tokenizer: Any, family: str, target: str
) -> None:
    from transformers import AutoModelForCausalLM

    from services.training.adapter import save_adapter
    from services.training.trainer import train

    base = make_tiny_model(tmp_path / "base", family, is_tied=False, layers=4)
    model = AutoModelForCausalLM.from_pretrained(base, dtype="float32")
    linear = {name for name, module in model.named_modules() if type(module).__name__ == "Linear"} - {"lm_head"}
    wanted = {
        "all": linear,
        "attention": {name for name in linear if "self_attn" in name},
        "upper-half": {name for name in linear if ".2." in name or ".3." in name},
    }[target]
    settings = quick("cpt", epochs=1, target_layers=target)
    trained, _outcome = train(model, tokenizer, rows, [], settings, CPU, tmp_path / "run", Context())

    moved = {
        name.removeprefix("base_model.model.").partition(".lora_B")[0]
        for name, weight in trained.state_dict().items() if "lora_B" in name and weight.any()
    }  # fmt: skip
    assert moved == wanted
    # What is written is what is read and merged.
    from services.models.merge import add_adapter

    save_adapter(trained, tokenizer, tmp_path / "adapter", str(base))
    again = add_adapter(AutoModelForCausalLM.from_pretrained(base, dtype="float32"), tmp_path / "adapter").state_dict()
    merged = trained.merge_and_unload().state_dict()
    assert all((again[name] == weight).all() for name, weight in merged.items())
