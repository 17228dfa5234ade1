"""Whether a training comes apart: its loss goes far above where it started, or loses all that was gained, and stays."""

from __future__ import annotations

import math
import statistics
from collections import deque

_REPORTS = 16  # that are looked at together, so that a hard batch is no alarm; and that it must last for
# Above the start, and above the lowest point: this share of it, but at least so many nats.
_ABOVE_START, _ABOVE_BEST = (0.5, 1.0), (1.0, 1.5)


class Divergence:
    """Follows the reported losses of a training; the same reports give the same answers, in a resumed run too.

    Attributes:
        start: the loss before the first step, on rows that are trained on; None where it is not known.
    """

    def __init__(self) -> None:
        self.start: float | None = None
        self._recent: deque[float] = deque(maxlen=_REPORTS)
        self._best = math.inf  # of the medians
        self._lasting = 0
        self._broken = False

    def add(self, loss: float, grad_norm: float | None = None) -> None:
        """Take in a report. A gradient of infinite length makes weights that are no numbers in the same step.

        Args:
            grad_norm: None where it may be infinite, as with a scaled loss in F16, whose steps are left out then.
        """
        self._broken |= not math.isfinite(loss) or not (grad_norm is None or math.isfinite(grad_norm))
        self._recent.append(loss)
        if len(self._recent) == _REPORTS:
            self._best = min(self._best, statistics.median(self._recent))
        self._lasting = self._lasting + 1 if self.is_far else 0

    @property
    def is_doubtful(self) -> bool:
        """The last report was far too high: a hard batch, or the beginning of the end."""
        return self._broken or (bool(self._recent) and self._recent[-1] > self._limit)

    @property
    def is_far(self) -> bool:
        """The loss is far too high now; a checkpoint of this moment would be one of a model that came apart."""
        return self._broken or (bool(self._recent) and statistics.median(self._recent) > self._limit)

    @property
    def is_over(self) -> bool:
        """It has been far above for long, or is no number: going on would not mend it."""
        return self._broken or self._lasting > _REPORTS

    @property
    def _limit(self) -> float:
        points = ((self.start, _ABOVE_START), (self._best, _ABOVE_BEST))
        return min(math.inf if point is None else point + max(least, share * point) for point, (share, least) in points)
