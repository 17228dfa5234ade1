"""What a loss curve says, in words: a person should not have to read a plot to know whether to wait."""

from __future__ import annotations

import numpy as np

from services.translation import _

FEWEST_STEPS = 20  # below this a trend is noise
WINDOW = 50  # steps looked back on
STILL_FALLING = 0.02  # share of the loss lost over the window
HELD_OUT_RISE = 0.03  # share above its lowest point before learning by heart is suspected


def describe_trend(losses: np.ndarray, held_out: np.ndarray) -> str:
    """One sentence on a run so far.

    Args:
        losses: training loss, one value per logged step, in order; shape (steps,).
        held_out: loss on text kept out of training, in order; shape (measurements,), may be empty.
    """
    if len(losses) < FEWEST_STEPS:
        return _("Too early to say: the first steps are noisy.")
    if len(held_out) >= 2 and held_out[-1] > held_out.min() * (1 + HELD_OUT_RISE):
        return _(
            "Learning by heart: the held-out loss is rising again, from {best:.2f} to {now:.2f}. "
            "Fewer epochs or a lower learning rate would do."
        ).format(best=held_out.min(), now=held_out[-1])
    window = min(WINDOW, len(losses) // 2)
    before, now = losses[-2 * window : -window].mean(), losses[-window:].mean()
    change = (before - now) / before if before else 0.0
    if change >= STILL_FALLING:
        return _("Still learning: loss fell {percent:.0f} % in the last {steps} steps.").format(
            percent=100 * change, steps=window
        )
    if change <= -STILL_FALLING:
        return _("Loss rose {percent:.0f} % in the last {steps} steps: the learning rate may be too high.").format(
            percent=-100 * change, steps=window
        )
    return _("Levelled off: loss hardly changed in the last {steps} steps.").format(steps=window)
