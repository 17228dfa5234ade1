"""A training that comes apart ends with a sentence, and the last good checkpoint stays the one to go on from."""

import dataclasses
import math
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from services.errors import UserError
from services.jobs import Context
from services.training.checkpoint import (
    TrainingRecord,
    check_unchanged,
    find_interrupted,
    latest_checkpoint,
    start_record,
)
from services.training.divergence import Divergence
from services.training.row import Row
from tests.training.conftest import CPU, losses, quick


def after(losses: list[float], start: float = 2.5) -> Divergence:
    divergence = Divergence()
    divergence.start = start
    for loss in losses:
        if divergence.is_over:
            break
        divergence.add(loss, 1.0)
    return divergence


def test_noise_is_no_divergence() -> None:
    """Single texts per step, easy and hard ones; now and then a very hard one; a bump where the rate is highest."""
    rng = random.Random(3)
    noisy = after([2.5 - 0.002 * step + rng.gauss(0, 0.8) + 20 * (rng.random() < 0.05) for step in range(500)])
    assert not noisy.is_over and not noisy.is_far
    assert not after([2.5] * 20 + [6.0] * 20 + [2.4] * 100).is_over
    assert not after([9.0, 7.0, 4.0, *[2.0] * 50]).is_over


@pytest.mark.parametrize("hard", [0.1, 0.25, 0.5, 0.75, 0.9])
def test_easy_and_hard_batches_are_no_divergence(hard: float) -> None:
    """Retellings are soon learnt, and what the base model wrote stays as hard as it was; a batch has one or the other."""
    rng = random.Random(4)
    start = hard * 3.2 + (1 - hard) * 3.0
    mixed = after([3.0 if rng.random() < hard else 0.3 + 2.7 * 0.99**step for step in range(5000)], start)
    assert not mixed.is_over and not mixed.is_far


def test_a_loss_that_stays_far_above_its_start_is_one() -> None:
    gone = after([2.5] * 30 + [7.5] * 40)
    assert gone.is_far and gone.is_over
    on_the_way = after([2.5] * 30 + [7.5] * 20)  # nothing is saved now
    assert on_the_way.is_far and not on_the_way.is_over
    assert after([*(6.0 - 0.05 * step for step in range(100)), *[5.8] * 40], start=6.0).is_over  # all gained is lost
    assert not after([*(3.0 - 0.03 * step for step in range(90)), *[1.5] * 40], start=3.0).is_over


def test_a_start_found_on_easy_rows_only_is_no_divergence() -> None:
    assert not after([4.0] * 100, start=0.5).is_far
    assert after([4.0, *[7.0] * 40], start=0.5).is_over


@pytest.mark.parametrize(("loss", "grad_norm", "is_over"), [
    (math.nan, 1.0, True), (math.inf, 1.0, True), (2.0, math.inf, True), (2.0, math.nan, True), (2.0, None, False),
])  # fmt: skip
def test_what_is_no_number_ends_it_at_once(loss: float, grad_norm: float | None, is_over: bool) -> None:
    divergence = Divergence()
    divergence.add(loss, grad_norm)
    assert divergence.is_over == is_over


@pytest.mark.parametrize(("rate", "what"), [(30.0, "became far too high"), (1e38, "no longer a number")])
def test_a_training_that_comes_apart_goes_on_from_where_it_was_good(
    teach: Callable[..., Any], rows: list[Row], tmp_path: Path, rate: float, what: str
) -> None:
    settings = {"epochs": 60, "scheduler": "constant", "warmup_share": 0.0, "lora_rank": 8}
    folder = tmp_path / "cpt-0002"
    first = TrainingRecord("cpt", 2, quick("cpt", **settings), "", "", "")
    start_record(folder, first)
    _weights, _outcome, events = teach(rows, folder=folder.name, **{**settings, "epochs": 12})
    before, begun = losses(events), find_interrupted(tmp_path, "cpt")

    with pytest.raises(UserError, match=f"came apart at step .*{what}.*The checkpoint of step {begun.step} is good"):
        teach(
            rows, folder=folder.name, resume_from=begun.checkpoint, **settings,
            unchecked={"learning_rate": rate, "save_every_minutes": 0.0},
        )  # fmt: skip

    good = find_interrupted(tmp_path, "cpt")
    assert good.step == begun.step and good.record.settings["learning_rate"] == float(f"{rate / 3:.1e}")
    check_unchanged(good.record, dataclasses.replace(first, settings={**first.settings, "learning_rate": 1e-3}))
    _weights, outcome, events = teach(
        rows, folder=folder.name, resume_from=good.checkpoint, **{**settings, "epochs": 13, "learning_rate": 1e-3}
    )
    assert {event["learning_rate"] for event in events if "learning_rate" in event} == {1e-3}
    assert outcome.loss < 2 < 6 < before[1]


def test_a_short_training_does_not_hand_out_a_wreck(
    load_model: Callable[[], Any], tokenizer: Any, rows: list[Row], tmp_path: Path
) -> None:
    """One epoch on what the model knows already."""
    from services.training.trainer import train

    settings = {**quick("cpt", epochs=15), "keep_best": False}
    knowing = train(load_model(), tokenizer, rows, [], settings, CPU, tmp_path / "before", Context())[0].merge_and_unload()

    with pytest.raises(UserError, match="came apart at step 9.*Lower the learning rate from 30 to about 10 and start"):
        train(
            knowing, tokenizer, rows, [], {**quick("cpt", epochs=1, warmup_share=0.0), "learning_rate": 30.0}, CPU,
            tmp_path / "run", Context(), log_every_s=0,
        )  # fmt: skip

    assert latest_checkpoint(tmp_path / "run") is None
