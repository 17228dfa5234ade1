"""What a training came to, and what is said where it came apart."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from services.errors import UserError
from services.training import checkpoint, gauge
from services.training.pace import CameApart, Pace
from services.training.session import is_first_process
from services.translation import _


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a training came to.

    steps: done; taken_step: whose adapter this is. loss: mean of the last tenth of the steps; validation_loss: of what
    was taken; best_step: where it was lowest; general_loss_before, general_loss: on general text, before the first step
    and at the last measurement. tokens: learnt in all, every epoch counted; seconds: of this session.
    """

    steps: int
    taken_step: int
    loss: float
    validation_loss: float | None
    best_step: int | None
    best_validation_loss: float | None
    general_loss_before: float | None
    general_loss: float | None
    tokens: int
    seconds: float


def outcome_of(
    pace: Pace, settings: dict[str, Any], steps: int, taken: int, tokens: int, seconds: float
) -> Outcome:
    """taken: the step whose adapter is the result; seconds: of this session. A model that has forgotten much is said."""
    best = pace.best or (None, None)
    if len(pace.general) > 1:
        verdict = gauge.judge(pace.general[0][1], pace.general[-1][1])
        if verdict.state != "success":
            pace.context.warning(_("Training"), verdict.text + " " + gauge.what_helps(settings))
    return Outcome(
        steps=steps,
        taken_step=taken,
        loss=pace.final_loss,
        validation_loss=dict(pace.validation).get(taken, pace.validation[-1][1]) if pace.validation else None,
        best_step=best[0],
        best_validation_loss=best[1],
        general_loss_before=pace.general[0][1] if pace.general else None,
        general_loss=pace.general[-1][1] if pace.general else None,
        tokens=tokens,
        seconds=seconds,
    )


def came_apart(error: CameApart, rate: float, folder: Path) -> UserError:
    """The sentence; what is resumed goes on with a third of the learning rate."""
    if is_first_process():
        checkpoint.remove_after(folder, error.good_until)
    kept, lower = checkpoint.latest_checkpoint(folder), float(f"{rate / 3:.1e}")
    if kept and is_first_process():
        checkpoint.change_setting(folder, "learning_rate", lower)
    return _explain(error, checkpoint.step_of(kept) if kept else None, rate, lower)


def _explain(error: CameApart, kept_step: int | None, rate: float, lower_rate: float) -> UserError:
    """The sentence for a person.

    Args:
        kept_step: of the last good checkpoint.
        rate, lower_rate: the learning rate, and the one to go on with.
    """
    what = (
        _("The training came apart at step {step}: its loss became far too high and stayed there.")
        if error.is_number else _("The training came apart at step {step}: its loss is no longer a number.")
    ).format(step=error.step)  # fmt: skip
    if kept_step is None:
        way = _("Lower the learning rate from {rate:g} to about {lower:g} and start again.")
    else:
        way = _("The checkpoint of step {kept} is good: “resume” goes on from it with a learning rate of {lower:g} instead "
                "of {rate:g}.")  # fmt: skip
    return UserError(what + " " + way.format(kept=kept_step, rate=rate, lower=lower_rate))
