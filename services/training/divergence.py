"""Whether a training comes apart: its loss goes far above where it started, and stays there."""

from __future__ import annotations

import math
import statistics
from collections import deque

_REPORTS = 16  # that are looked at together, so that a hard batch is no alarm; and that it must last for
_FARTHER, _LEAST = 0.5, 1.0  # above the start: this share of it, but at least so many nats


class Divergence:
    """Follows the reported losses of a training; the same reports give the same answers, in a resumed run too.

    Attributes:
        start: the loss before the first step, on rows that are trained on; None where it is not known: then only what
            is no number counts.
    """

    def __init__(self) -> None:
        self.start: float | None = None
        self._recent: deque[float] = deque(maxlen=_REPORTS)
        self._lasting = 0
        self._broken = False

    def add(self, loss: float, grad_norm: float | None = None) -> None:
        """Take in a report. A gradient of infinite length makes weights that are no numbers in the same step.

        Args:
            grad_norm: None where it may be infinite, as with a scaled loss in F16, whose steps are left out then.
        """
        self._broken |= not math.isfinite(loss) or not (grad_norm is None or math.isfinite(grad_norm))
        self._recent.append(loss)
        self._lasting = self._lasting + 1 if self.is_far else 0

    @property
    def is_far(self) -> bool:
        """The loss is far above its start now; a checkpoint of this moment would be one of a model that came apart."""
        if self.start is None or not self._recent or self._broken:
            return self._broken
        return statistics.median(self._recent) > self.start + max(_LEAST, _FARTHER * self.start)

    @property
    def is_over(self) -> bool:
        """It has been far above for long, or is no number: going on would not mend it."""
        return self._broken or self._lasting > _REPORTS
