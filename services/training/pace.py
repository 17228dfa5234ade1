"""When a training logs, measures, saves and stops, and what it says while it runs."""

from __future__ import annotations

import math
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from services.errors import UserError
from services.translation import _

if TYPE_CHECKING:
    from services.jobs import Context

_MEASUREMENTS = (4, 10)  # of the held-out loss in a run: once an epoch within these limits
_SAVE_EPOCH_S = 60.0  # an epoch's end is saved if the last checkpoint is older than this


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
        save_every_s: seconds between two checkpoints.
        log_every_s: seconds between two metrics; 0 logs every step.
    """

    def __init__(
        self, context: Context, max_steps: int, epoch_steps: int, save_every_s: float, log_every_s: float
    ) -> None:
        self.context, self.max_steps, self.epoch_steps = context, max_steps, epoch_steps
        self._save_every_s, self._log_every_s = save_every_s, log_every_s
        fewest, most = _MEASUREMENTS
        self._measure_every = math.ceil(max_steps / min(most, max(fewest, max_steps // epoch_steps)))
        self._logged_at, self._saved_at = -math.inf, time.monotonic()
        self._window = (0, 0.0, 0.0)  # step, tokens and seconds at the last log
        self._training_s, self._began_at = 0.0, 0.0
        self.tokens = 0
        self._losses: deque[tuple[int, int, float]] = deque(maxlen=10_000)
        self.validation: list[tuple[int, float]] = []
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
        measure = not stop and (is_last or step % self._measure_every == 0)
        # A checkpoint of a model that has come apart must not be written, so the loss is looked at before.
        log = save or measure or now - self._logged_at >= self._log_every_s
        return Decision(log, measure, save, stop)

    def logged(self, step: int, loss: float, learning_rate: float, grad_norm: float, memory: dict[str, float]) -> None:
        """Report the mean loss of the steps since the last report.

        Raises:
            UserError: the loss is no longer a number.
        """
        if not math.isfinite(loss):
            raise UserError(
                _("The training came apart at step {step}: its loss is no longer a number. Lower the learning rate, "
                  "for instance to a third, and start again.").format(step=step)
            )
        self._logged_at = time.monotonic()
        before, tokens, seconds = self._window
        self._window = (step, self.tokens, self._training_s)
        self._losses.append((before, step, loss))
        rate = (self.tokens - tokens) / (self._training_s - seconds) if self._training_s > seconds else 0.0
        self.context.metric(
            step, loss=round(loss, 6), learning_rate=learning_rate, grad_norm=round(grad_norm, 5),
            epoch=round(step / self.epoch_steps, 4), tokens_per_second=round(rate, 1), **memory,
        )  # fmt: skip
        self.context.progress(step, self.max_steps, _("Training"))

    def measured(self, step: int, loss: float) -> None:
        """Report the loss on the rows kept aside."""
        self.validation.append((step, loss))
        self.context.metric(step, validation_loss=round(loss, 6))

    def saved(self) -> None:
        self._saved_at = time.monotonic()

    def restore(self, log: Sequence[dict[str, float]]) -> None:
        """Take in what a checkpoint's log says of the steps before it."""
        before = 0
        for entry in log:
            step = int(entry["step"])
            if "loss" in entry:
                self._losses.append((before, step, entry["loss"]))
                before = step
            elif "validation_loss" in entry:
                self.validation.append((step, entry["validation_loss"]))
        self._window = (before, 0.0, 0.0)

    @property
    def final_loss(self) -> float:
        """The mean loss of the last tenth of the steps: a single step says little."""
        since = self.max_steps - max(1, self.max_steps // 10)
        windows = [(end - start, loss) for start, end, loss in self._losses if end > since]
        return sum(steps * loss for steps, loss in windows) / sum(steps for steps, _loss in windows)
