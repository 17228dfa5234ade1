"""Whether a training comes apart: its loss goes far above where it started, or loses all that was gained, and stays.

Texts are of different kinds, and a batch often holds one kind only: the loss jumps between easy and hard ones in a healthy
training too. One that has come apart is bad at all of them, so every report for a long time must be far too high.
"""

from __future__ import annotations

import math
from collections import deque

_REPORTS = 16  # in a row that must be too high, and then as many again
_FEWEST = 4  # of a short training, whose last half counts
_MEAN_REPORTS = 32  # whose mean says how low it has been: of all kinds of text together
# Above the start, and above the lowest mean: this share of it, but at least so many nats.
_ABOVE_START, _ABOVE_BEST = (0.5, 1.0), (1.0, 1.5)


class Divergence:
    """Follows the reported losses of a training; the same reports give the same answers, in a resumed run too.

    Attributes:
        start: the loss before the first step, on rows that are trained on; None where it is not known. The first report
            is of untouched weights too, so a higher one counts instead: the rows looked at before may have been easy.
    """

    def __init__(self) -> None:
        self.start: float | None = None
        self._recent: deque[float] = deque(maxlen=_MEAN_REPORTS)
        self._best = math.inf
        self._count = 0
        self._high = 0  # reports in a row that were too high
        self._broken = False

    def add(self, loss: float, grad_norm: float | None = None) -> None:
        """Take in a report. A gradient of infinite length makes weights that are no numbers in the same step.

        Args:
            grad_norm: None where it may be infinite, as with a scaled loss in F16, whose steps are left out then.
        """
        self._broken |= not math.isfinite(loss) or not (grad_norm is None or math.isfinite(grad_norm))
        if not self._count and self.start is not None and math.isfinite(loss):
            self.start = max(self.start, loss)
        self._high = self._high + 1 if loss > self._limit else 0
        self._count += 1
        self._recent.append(loss)
        if len(self._recent) == _MEAN_REPORTS:
            self._best = min(self._best, sum(self._recent) / _MEAN_REPORTS)

    @property
    def is_doubtful(self) -> bool:
        """The last report was far too high: a hard batch, or the beginning of the end."""
        return self._broken or self._high > 0

    @property
    def is_far(self) -> bool:
        """The loss is far too high now; a checkpoint of this moment would be one of a model that came apart."""
        return self._broken or self._high >= max(_FEWEST, min(_REPORTS, self._count // 2))

    @property
    def is_over(self) -> bool:
        """It has been far too high for long, or is no number: going on would not mend it."""
        return self._broken or self._high >= 2 * _REPORTS

    @property
    def _limit(self) -> float:
        points = ((self.start, _ABOVE_START), (self._best, _ABOVE_BEST))
        return min(math.inf if point is None else point + max(least, share * point) for point, (share, least) in points)
