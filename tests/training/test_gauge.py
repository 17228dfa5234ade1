"""What a training measures beside its own loss: forgetting is said, the best moment is kept, and it ends in time."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from services.errors import Cancelled
from services.jobs import Context
from services.training.checkpoint import latest_checkpoint
from services.training.gauge import general_rows, judge, what_helps
from services.training.row import Row, cut_rows, encode_documents
from tests.training.conftest import CPU, SAMPLE, losses, quick
from tests.training.test_trainer import stop_at

OVERFIT = {"epochs": 20, "learning_rate": 2e-2, "lora_rank": 16, "keep_best": True, "batch_size": 2}


def points(events: list[dict[str, Any]], name: str) -> dict[int, float]:
    return {event["step"]: event[name] for event in events if name in event}


@pytest.fixture
def few(rows: list[Row], tokenizer: Any) -> tuple[list[Row], list[Row]]:
    """Too few rows to learn anything but these, and rows of another text to measure on."""
    (ids,) = encode_documents(tokenizer, [SAMPLE[:700]], has_special_tokens=False, context=Context())
    return rows[:4], cut_rows(ids, 64)


def test_the_best_moment_is_the_result(teach: Callable[..., Any], few: tuple[list[Row], list[Row]], tmp_path: Path) -> None:
    learnt, held_out = few
    last, _outcome, _events = teach(learnt, folder="last", held_out=held_out, **{**OVERFIT, "keep_best": False})

    weights, outcome, events = teach(learnt, held_out=held_out, **OVERFIT)

    measured = points(events, "validation_loss")
    best = min((loss, step) for step, loss in measured.items() if step)[1]
    assert 0 < best < outcome.steps == 40 and outcome.taken_step == outcome.best_step == best
    assert outcome.validation_loss == pytest.approx(measured[best], abs=1e-6)
    assert any((weights[name] != weight).any() for name, weight in last.items())
    (note,) = [event["text"] for event in events if event["type"] == "note"]
    assert f"The adapter of step {best} is taken" in note
    kept = {int(path.name.rpartition("-")[2]) for path in tmp_path.glob("run/checkpoint-*")}
    assert best in kept and 40 in kept and len(kept) <= 3

    from safetensors.torch import load_file

    saved = load_file(tmp_path / "run" / f"checkpoint-{best}" / "adapter_model.safetensors")
    assert sorted(float(weight.norm()) for weight in saved.values()) == pytest.approx(
        sorted(float(weight.norm()) for weight in weights.values())
    )


def test_it_ends_when_it_no_longer_improves(teach: Callable[..., Any], few: tuple[list[Row], list[Row]]) -> None:
    learnt, held_out = few
    _weights, whole, all_events = teach(learnt, folder="whole", held_out=held_out, **OVERFIT)
    assert len(points(all_events, "validation_loss")) == 11

    _weights, outcome, events = teach(learnt, held_out=held_out, early_stopping=2, **OVERFIT)

    measured = points(events, "validation_loss")
    assert outcome.best_step == whole.best_step == outcome.taken_step
    assert outcome.steps == max(measured) == outcome.best_step + 2 * 4  # measured every fourth step
    assert outcome.tokens == outcome.steps // 2 * sum(row.token_count for row in learnt)
    (note,) = [event["text"] for event in events if event["type"] == "note"]
    assert f"for 2 measurements, so the training ended at step {outcome.steps}" in note


def test_going_on_knows_the_best_and_the_patience(
    teach: Callable[..., Any], few: tuple[list[Row], list[Row]], tmp_path: Path
) -> None:
    learnt, held_out = few
    settings = {**OVERFIT, "early_stopping": 2}
    weights, outcome, _events = teach(learnt, folder="whole", held_out=held_out, **settings)
    assert outcome.steps > outcome.best_step + 4

    with pytest.raises(Cancelled):
        teach(learnt, stop_at(outcome.best_step + 5), held_out=held_out, **settings)
    checkpoint = latest_checkpoint(tmp_path / "run")
    resumed_weights, resumed, events = teach(learnt, held_out=held_out, resume_from=checkpoint, **settings)
    assert (resumed.steps, resumed.taken_step, resumed.loss) == (outcome.steps, outcome.taken_step, outcome.loss)
    assert losses(events) and all((resumed_weights[name] == weight).all() for name, weight in weights.items())

    again, done, events = teach(learnt, held_out=held_out, resume_from=latest_checkpoint(tmp_path / "run"), **settings)
    assert not losses(events) and done.steps == outcome.steps and done.taken_step == outcome.taken_step
    assert all((again[name] == weight).all() for name, weight in weights.items())


def test_a_measurement_that_a_stop_cut_short_is_made_up_for(
    teach: Callable[..., Any], few: tuple[list[Row], list[Row]], tmp_path: Path
) -> None:
    learnt, held_out = few
    _weights, _outcome, whole = teach(learnt, folder="whole", held_out=held_out, **OVERFIT)
    # Told to stop by the loss of step 4, it measures step 4 no more.
    context = Context(lambda event: context.cancelled.set() if event.get("step") == 4 and "loss" in event else None)
    with pytest.raises(Cancelled):
        teach(learnt, context, held_out=held_out, **OVERFIT)
    checkpoint = latest_checkpoint(tmp_path / "run")
    assert checkpoint.name == "checkpoint-4"

    _weights, _outcome, events = teach(learnt, held_out=held_out, resume_from=checkpoint, **OVERFIT)

    measured = points(whole, "validation_loss")
    assert points(events, "validation_loss") == {step: loss for step, loss in measured.items() if step >= 4}


def test_forgetting_is_measured_from_the_first_step_and_said(
    load_model: Callable[[], Any], tokenizer: Any, teach: Callable[..., Any], rows: list[Row], tmp_path: Path
) -> None:
    """A model that knows the general text learns another one."""
    from services.training.trainer import train

    general = general_rows(tokenizer, 64, 1e9, Context())
    knowing = train(
        load_model(), tokenizer, general, [], quick("cpt", epochs=6, lora_rank=16), CPU, tmp_path / "before", Context()
    )[0].merge_and_unload()
    events: list[dict[str, Any]] = []
    settings = quick("cpt", epochs=6, watch_forgetting=True)
    _model, outcome = train(knowing, tokenizer, rows, [], settings, CPU, tmp_path / "after", Context(events.append))

    general = list(points(events, "general_loss").values())
    assert general[-1] > 1.1 * general[0] and outcome.general_loss > 1.1 * outcome.general_loss_before
    assert any("forgets" in event["text"] for event in events if event["type"] == "warning")
    _weights, outcome, events = teach(rows, folder="unwatched", epochs=1, watch_forgetting=False)
    assert outcome.general_loss is None and not points(events, "general_loss")


@pytest.mark.parametrize(
    ("now", "state"), [(1.8, "success"), (2.05, "success"), (2.07, "warning"), (2.19, "warning"), (2.21, "error")]
)
def test_the_verdict(now: float, state: str) -> None:
    assert judge(2.0, now).state == state


@pytest.mark.parametrize(
    ("settings", "advice"),
    [({}, "^Fewer epochs"), ({"replay_share": 0.0}, "share of 0.25"), ({"replay_share": 0.3}, "from 0.3 to 0.5"),
     ({"replay_share": 0.5}, "^Train for fewer")],
)  # fmt: skip
def test_the_advice_is_what_is_not_done_yet(settings: dict[str, Any], advice: str) -> None:
    assert re.search(advice, what_helps(settings))


def test_the_general_text_costs_little(tokenizer: Any) -> None:
    whole = general_rows(tokenizer, 64, 1e9, Context())
    part = general_rows(tokenizer, 64, 100, Context())
    assert 1000 <= sum(row.token_count for row in part) <= 1200 < sum(row.token_count for row in whole)
    assert part[0] is not whole[0] and len(part[-1].input_ids) <= 64
