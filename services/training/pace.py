"""When a training logs, measures, saves and stops, and what it says while it runs."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from services.training.divergence import Divergence
from services.translation import _

if TYPE_CHECKING:
    from services.jobs import Context

_MEASUREMENTS = (4, 10)  # of the held-out loss in a run: once an epoch within these limits
_SAVE_EPOCH_S = 60.0  # an epoch's end is saved if the last checkpoint is older than this
MEASURED = ("start_loss", "general_loss", "validation_loss")


class CameApart(Exception):
    """The training does not learn any more; its weights are not to be kept.

    Attributes:
        step: the optimizer step at which that was certain.
        good_until: the last step after which the weights were right.
        is_number: the loss is one, but far too high.
    """

    def __init__(self, step: int, good_until: int, is_number: bool) -> None:
        super().__init__(step)
        self.step, self.good_until, self.is_number = step, good_until, is_number


@dataclass(frozen=True, slots=True)
class Decision:
    """What to do after a step."""

    log: bool
    measure: bool
    save: bool
    stop: bool


class Pace:
    """Decides after every step, and reports what was logged.

    Args:
        max_steps, epoch_steps: optimizer steps in all and in one epoch.
        settings: "save_every_minutes", and "early_stopping", measurements without a lower held-out loss until it
            stops, 0 for never.
        log_every_s: seconds between two metrics; 0 logs every step.

    Attributes:
        validation: step and loss of every measurement on the rows kept aside, without the one before the first step.
        general: the same on general text, with it.
    """

    def __init__(
        self, context: Context, max_steps: int, epoch_steps: int, settings: dict[str, Any], log_every_s: float
    ) -> None:
        self.context, self.max_steps, self.epoch_steps = context, max_steps, epoch_steps
        self._save_every_s, self._log_every_s = 60 * settings["save_every_minutes"], log_every_s
        self._patience = settings["early_stopping"]
        fewest, most = _MEASUREMENTS
        self.measurements = min(most, max(fewest, max_steps // epoch_steps))
        self._measure_every = math.ceil(max_steps / self.measurements)
        # Clocks that may stand still while the machine sleeps: nothing is lost then either.
        self._logged_at, self._saved_at = -math.inf, time.monotonic()
        self._window = (0, 0.0, 0.0)  # step, tokens and seconds at the last log
        self._training_s, self._began_at = 0.0, 0.0
        self.tokens = 0
        self._losses: deque[tuple[int, int, float]] = deque(maxlen=10_000)
        self._divergence, self._good_until = Divergence(), 0
        self._measured_at = -1
        self.validation: list[tuple[int, float]] = []
        self.general: list[tuple[int, float]] = []
        self.is_stopped = False

    def begin_step(self) -> None:
        """Start the clock that counts training only, not measuring and saving."""
        self._began_at = time.perf_counter()

    def decide(self, step: int) -> Decision:
        """What to do now that a step is done; the clock of the training stops here."""
        self._training_s += time.perf_counter() - self._began_at
        now = time.monotonic()
        is_last, is_epoch_end = step >= self.max_steps, step % self.epoch_steps == 0
        stop = self.context.cancelled.is_set() and not is_last
        waited = now - self._saved_at
        save = stop or is_last or waited >= self._save_every_s or (is_epoch_end and waited >= _SAVE_EPOCH_S)
        measure = not stop and self._is_measured(step)
        # A checkpoint of a model that has come apart must not be written, so the loss is looked at before.
        log = save or measure or now - self._logged_at >= self._log_every_s
        return Decision(log, measure, save, stop)

    def may_save(self, step: int) -> bool:
        """Whether the model is one to come back to; in doubt, what is not urgent waits for the next step."""
        is_urgent = self.is_stopped or step >= self.max_steps
        return not (self._divergence.is_far if is_urgent else self._divergence.is_doubtful)

    def logged(
        self, step: int, loss: float, learning_rate: float, grad_norm: float, memory: dict[str, float],
        *, is_scaled: bool = False,
    ) -> None:  # fmt: skip
        """Report the mean loss of the steps since the last report.

        Args:
            is_scaled: the gradient may be infinite, and the step is left out then.

        Raises:
            CameApart: it will not become right again.
        """
        before, tokens, seconds = self._window
        self._add(before, step, loss, None if is_scaled else grad_norm)
        if self._divergence.is_over or (step >= self.max_steps and self._divergence.is_far):
            is_number = math.isfinite(loss) and (is_scaled or math.isfinite(grad_norm))
            raise CameApart(step, self._good_until, is_number)
        self._logged_at = time.monotonic()
        self._window = (step, self.tokens, self._training_s)
        rate = (self.tokens - tokens) / (self._training_s - seconds) if self._training_s > seconds else 0.0
        self.context.metric(
            step, loss=round(loss, 6), learning_rate=learning_rate, grad_norm=round(grad_norm, 5),
            epoch=round(step / self.epoch_steps, 4), tokens_per_second=round(rate, 1), **memory,
        )  # fmt: skip
        self.say_progress(step)

    def say_progress(self, step: int) -> None:
        """How far the training is, for a person who looks at the bar."""
        text = _("Training · step {step:,} of {steps:,}").format(step=step, steps=self.max_steps)
        self.context.progress(step, self.max_steps, text)

    def _add(self, before: int, step: int, loss: float, grad_norm: float | None = None) -> None:
        self._losses.append((before, step, loss))
        self._divergence.add(loss, grad_norm)
        if not self._divergence.is_doubtful:
            self._good_until = step - 1  # the loss of a step is that of the weights before it

    def _is_measured(self, step: int) -> bool:
        return step >= self.max_steps or step % self._measure_every == 0

    def owes_measurement(self, step: int) -> bool:
        """Whether a checkpoint was saved before a measurement of its step came to its end; true before the first step."""
        return self._is_measured(step) and self._measured_at < step

    def measured(self, step: int, losses: dict[str, float]) -> None:
        """Take in what was measured after a step, or before the first: some of ``MEASURED``; report it."""
        self._take(step, losses)
        shown = {name: round(loss, 6) for name, loss in losses.items() if name != "start_loss"}
        if shown:
            self.context.metric(step, **shown)

    def _take(self, step: int, losses: dict[str, float]) -> None:
        self._measured_at = step
        if "start_loss" in losses:
            self._divergence.start = losses["start_loss"]
        if "general_loss" in losses:
            self.general.append((step, losses["general_loss"]))
        if "validation_loss" in losses and step:
            self.validation.append((step, losses["validation_loss"]))

    @property
    def best(self) -> tuple[int, float] | None:
        """Step and loss of the lowest held-out loss, the first of equals."""
        return min(self.validation, key=lambda point: point[1], default=None)

    @property
    def is_exhausted(self) -> bool:
        """The held-out loss has not fallen for as many measurements as the settings allow."""
        if not self._patience or self.best is None:
            return False
        return len(self.validation) - 1 - self.validation.index(self.best) >= self._patience

    def saved(self) -> None:
        self._saved_at = time.monotonic()

    def restore(self, log: Sequence[dict[str, float]]) -> None:
        """Take in what a checkpoint's log says of the steps before it."""
        before = 0
        for entry in log:
            step = int(entry["step"])
            if "loss" in entry:
                self._add(before, step, entry["loss"])
                before = step
            elif measured := {name: entry[name] for name in MEASURED if name in entry}:
                self._take(step, measured)
        self._window = (before, 0.0, 0.0)

    @property
    def final_loss(self) -> float:
        """The mean loss of the last tenth of the steps: a single step says little."""
        last = self._losses[-1][1]
        since = last - max(1, last // 10)
        windows = [(end - start, loss) for start, end, loss in self._losses if end > since]
        return sum(steps * loss for steps, loss in windows) / sum(steps for steps, _loss in windows)
