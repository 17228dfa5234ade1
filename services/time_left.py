"""How long a job still takes: an estimate that is steady enough to be believed."""

from __future__ import annotations

import math
from collections import deque

from services.translation import _, ngettext

FIRST_S = 3.0  # before so much is known of the speed, nothing is said
SHARE = 0.4  # of the time so far that the speed is taken from: the newest
CATCH_UP_S = 20.0  # in which what is said comes near to what is estimated
WRONG = 0.5  # share by which it may be off before it is said at once
MOST_MARKS = 400


class TimeLeft:
    """Takes in how far a job is, and says how many seconds are left.

    The speed is that of the last part of the job, never of a single step, and the first part, in which a model is loaded,
    does not count. What is said runs down with the clock and turns to a new estimate slowly.
    """

    def __init__(self) -> None:
        self._marks: deque[tuple[float, float]] = deque()
        self._total = 0.0
        self._said: tuple[float, float] | None = None  # when, and seconds left then

    def add(self, now_s: float, done: float, total: float, left_s: float | None = None) -> None:
        """
        Args:
            now_s: seconds of a clock that runs evenly.
            done, total: in any unit; another total, or work that was undone, begins anew.
            left_s: what the job itself estimates, which counts more.
        """
        if not total or total != self._total or (self._marks and done < self._marks[-1][1]):
            self._marks.clear()
            self._said, self._total = None, total
        if not total:
            return
        self._marks.append((now_s, done))
        if len(self._marks) > MOST_MARKS:
            self._marks = deque(list(self._marks)[::2])
        estimate = left_s if left_s is not None else self._estimate()
        if estimate is not None:
            self._said = (now_s, self._near(now_s, estimate))

    def seconds(self, now_s: float) -> float | None:
        """What is left now; None where nobody can say."""
        if self._said is None:
            return None
        when, left = self._said
        return max(0.0, left - (now_s - when))

    def _estimate(self) -> float | None:
        (first_s, first), (now_s, done) = self._marks[0], self._marks[-1]
        if now_s - first_s < FIRST_S or done <= first:
            return None
        since = now_s - SHARE * (now_s - first_s)
        start_s, start = next((mark for mark in reversed(self._marks) if mark[0] <= since), self._marks[0])
        if done <= start:
            start_s, start = first_s, first
        return (now_s - start_s) / (done - start) * (self._total - done)

    def _near(self, now_s: float, estimate: float) -> float:
        said = self.seconds(now_s)
        if said is None or self._said is None or abs(said - estimate) > WRONG * max(estimate, 10.0):
            return estimate
        share = 1 - math.exp(-(now_s - self._said[0]) / CATCH_UP_S)
        return said + share * (estimate - said)


def say_time_left(seconds: float) -> str:
    """A time left that can be read at a glance and does not tick: minutes, then hours."""
    minutes = round(seconds / 60)
    if seconds < 10:
        return _("a few seconds left")
    if minutes < 1:
        return _("less than 1 min left")
    if minutes < 90:
        return ngettext("{minutes} min left", "{minutes} min left", minutes).format(minutes=minutes)
    if minutes < 48 * 60:
        return _("{hours} h {minutes} min left").format(hours=minutes // 60, minutes=minutes % 60)
    return _("{days} days {hours} h left").format(days=minutes // 1440, hours=minutes % 1440 // 60)
