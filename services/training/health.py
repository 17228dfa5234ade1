"""What the curves of a training say, in words: a person should not have to read a plot to know whether to wait."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from services.training.gauge import judge
from services.training.history import Curve, MetricHistory
from services.translation import _

FEWEST_REPORTS = 20  # below this a trend is noise
WINDOW = 50  # reports looked back on at least, in a long training an eighth of all
STILL_FALLING = 0.02  # share of the loss lost over the window
NOTHING_NEW = 0.01  # share by which the loss must fall to count as news
VALIDATION_RISE = 0.03  # share above its lowest point before learning by heart is suspected
_NOISE = 3.0  # standard errors by which two means must differ
_JUMP = (1.5, 6.0)  # times the median, and median deviations above it, of a value that jumps out


@dataclass(frozen=True, slots=True)
class Finding:
    """situation: a key of ``services.training.advice``; state: "info", "success", "warning" or "error"."""

    situation: str
    state: str
    text: str


def examine(history: MetricHistory, *, is_over: bool = False) -> list[Finding]:
    """What is to be said of a run so far, the most serious first; empty before its first step.

    Args:
        is_over: it has ended, so there is nothing to wait for.
    """
    steps, losses = history.points("loss")
    is_number = np.isfinite(losses)
    steps, losses = steps[is_number], losses[is_number]
    if not len(losses):
        return []
    findings = [_validation(history.points("validation_loss")), _forgetting(history.points("general_loss"))]
    if len(losses) < FEWEST_REPORTS:
        findings.append(Finding("early", "info", _("Too early to say: the first steps are noisy.") if not is_over else
                                _("Too few steps to judge the training by its loss.")))
    else:
        findings.append(_jumps(steps, losses) or _trend(steps, losses, is_over))
    order = ("error", "warning", "success", "info")
    return sorted(filter(None, findings), key=lambda finding: order.index(finding.state))


def forgetting(history: MetricHistory) -> float | None:
    """How much the loss on general text has risen above that of the untouched base model, as a share of it."""
    _steps, losses = history.points("general_loss")
    return float(losses[-1] / losses[0] - 1) if len(losses) >= 2 and losses[0] > 0 else None


def _forgetting(curve: Curve) -> Finding | None:
    _steps, losses = curve
    if len(losses) < 2:
        return None
    state, text = judge(losses[0], losses[-1])
    return None if state == "success" else Finding("forgets", state, text)


def _validation(curve: Curve) -> Finding | None:
    steps, losses = curve
    if len(losses) < 2 or not losses[-1] > losses.min() * (1 + VALIDATION_RISE):
        return None
    lowest = int(losses.argmin())
    text = _("The validation loss rises since step {step:,}, from {best:.2f} to {now:.2f}: it starts to memorise.")
    return Finding(
        "memorises", "warning", text.format(step=int(steps[lowest]), best=losses[lowest], now=losses[-1])
    )


def _jumps(steps: np.ndarray, losses: np.ndarray) -> Finding | None:
    """Values far above the others, at least two of them, or a level that has risen."""
    late = losses[-2 * WINDOW :]
    median = np.median(late)
    deviation = np.median(np.abs(late - median))
    times, deviations = _JUMP
    # The first losses are high because nothing is learnt yet.
    outliers = (losses[-WINDOW:] > max(times * median, median + deviations * deviation)) & (np.arange(len(losses))[-WINDOW:] >= 10)
    if outliers.sum() >= 2:
        return Finding("jumps", "warning", _("The loss jumps: halve the learning rate."))
    window = _window(losses)
    change = _change(losses, window)
    if change <= -STILL_FALLING:
        return Finding(
            "jumps", "warning",
            _("The loss rose {percent:.0f} % in the last {steps:,} steps: the learning rate is too high, halve it.").format(
                percent=-100 * change, steps=_span(steps, window)
            ),
        )  # fmt: skip
    return None


def _trend(steps: np.ndarray, losses: np.ndarray, is_over: bool) -> Finding:
    since = _last_news(steps, losses)
    if since is not None:
        text = (
            _("It has learnt what there was: nothing new since step {step:,}.") if is_over
            else _("Nothing new since step {step:,}: the loss hardly changes any more.")
        )
        return Finding("levelled", "info", text.format(step=since))
    window = _window(losses)
    change, span = _change(losses, window), _span(steps, window)
    if change >= STILL_FALLING:
        if is_over:
            text = _("It was still learning when it ended: the loss fell {percent:.0f} % in the last {steps:,} steps.")
            return Finding("unfinished", "info", text.format(percent=100 * change, steps=span))
        text = _("Still learning: the loss fell {percent:.0f} % in the last {steps:,} steps.")
        return Finding("learning", "success", text.format(percent=100 * change, steps=span))
    text = _("Learning slowly: the loss hardly changed in the last {steps:,} steps.")
    if is_over:
        text = _("At the end it learnt slowly: the loss hardly changed in the last {steps:,} steps.")
    return Finding("levelled", "info", text.format(steps=span))


def _window(losses: np.ndarray) -> int:
    return min(max(WINDOW, len(losses) // 8), len(losses) // 2)


def _change(losses: np.ndarray, window: int) -> float:
    """By which share the mean of the last window is below that of the one before; 0 where noise may explain it."""
    before, now = losses[-2 * window : -window], losses[-window:]
    error = np.sqrt((before.var() + now.var()) / window)
    difference = before.mean() - now.mean()
    return 0.0 if abs(difference) < _NOISE * error or before.mean() <= 0 else float(difference / before.mean())


def _last_news(steps: np.ndarray, losses: np.ndarray) -> int | None:
    """The step since which the loss has not fallen by a hundredth, if that is long ago."""
    width = max(10, min(WINDOW, len(losses) // 10))
    sums = np.cumsum(np.concatenate([[0.0], losses]))
    means = (sums[width:] - sums[:-width]) / width
    lowest = np.minimum.accumulate(means)
    place = int(np.argmax(lowest <= lowest[-1] * (1 + NOTHING_NEW))) + width - 1
    if len(losses) - 1 - place < max(width, len(losses) // 3):
        return None
    return int(steps[place])


def _span(steps: np.ndarray, window: int) -> int:
    return int(steps[-1] - steps[-window - 1])
