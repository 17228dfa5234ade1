"""How many requests run side by side, learnt from what comes back.

The number doubles as long as that brings more than a tenth more replies a second, and settles where it no longer does;
now and then a little more is tried. A server that says that it is too much (503, a time-out) gets fewer; one that counts
requests (429) gets them at nine tenths of the pace that it kept up, and is left alone as long as it asks for.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable

MOST = 64
START_FAR = 2  # to begin with, at a server of many: one on this machine may answer one after the other, and slowly
GAIN = 1.1  # a higher number has to bring at least this
RECENT_S = 3.0  # what counts as the present pace
PATIENCE = 8  # windows before more is tried again; doubles each time that it brings nothing
SEEK_S = 1.0  # between two steps towards the pace at which a server begins to refuse
HOLD_S = 30.0  # before a pace that a server refused is approached again; doubles with every refusal


class InFlight:
    """The number of requests for one server, for one loop that sends and several threads that report.

    limit: how many may run now. most: how many at the most. Where ``fixed`` is given, the number is not learnt, and
    only what a server refuses slows it down. ``start``: how many to begin with, where it is learnt.
    """

    def __init__(self, most: int = MOST, *, fixed: int = 0, start: int = 1, clock: Callable[[], float] = time.monotonic) -> None:
        self.most = fixed or most
        self.limit = fixed or start
        self.rate: float | None = None  # requests a second, once a server has said that it counts them
        self._clock, self._is_fixed = clock, bool(fixed)
        self._lock = threading.Lock()
        self._done: deque[float] = deque(maxlen=4 * MOST)
        self._free_at = self._next_start = 0.0
        self._hold_s, self._try_faster_at = HOLD_S, 0.0
        self._refused_at = -1e9
        self._is_growing, self._best = not fixed, 0.0
        self._best_second, self._is_paced = 0.0, False
        self._is_doubling = True  # until the server has refused a number
        self._before = self.limit
        self._windows, self._patience = 0, PATIENCE
        self._skip, self._counted, self._since = 0, 0, clock()

    def wait_s(self, running: int) -> float:
        """Seconds until another request may be sent while this many run; infinite: not before one of them is back."""
        with self._lock:
            if running >= self.limit:
                return float("inf")
            return max(0.0, max(self._free_at, self._next_start) - self._clock())

    def sent(self) -> None:
        with self._lock:
            now = self._clock()
            if self.rate:
                self._next_start = max(now - 1 / self.rate, self._next_start) + 1 / self.rate

    def answered(self) -> None:
        """A reply came, whatever is in it."""
        with self._lock:
            now = self._clock()
            self._done.append(now)
            if self.rate and now >= self._try_faster_at:
                self.rate *= 1.05
                self._try_faster_at = now + SEEK_S  # until the server refuses again
            if not self._is_fixed:
                self._count(now)

    def refused(self, status: int, retry_after_s: float | None) -> None:
        """The server would not (429, 503) or did not (0: a time-out) answer."""
        with self._lock:
            now = self._clock()
            if retry_after_s:
                self._free_at = max(self._free_at, now + retry_after_s)
            if status == 429 and self.rate:  # it is sent again, and counts then
                self._next_start = min(max(self._free_at, self._next_start) + 1 / self.rate, max(now, self._free_at) + 1.0)
            if now - self._refused_at < RECENT_S / 2:  # one storm is one refusal
                return
            is_again = now - self._refused_at < 2 * self._hold_s
            self._refused_at = now
            self._hold_s = min(self._hold_s * 2, 300.0) if is_again else HOLD_S
            if status == 429:
                self._slow_down(now)
            else:  # back to the number that was known to work, or a little less
                self._restart(self._before if self._is_growing else max(1, self.limit * 7 // 8))
                self._is_doubling, self._patience = False, min(self._patience * 2, 64)
            self._is_growing, self._windows = False, 0

    def _slow_down(self, now: float) -> None:
        recent = [at for at in self._done if now - at <= RECENT_S]
        # The best second, so that a pause does not count.
        best = max((sum(at - 1.0 < other <= at for other in recent) for at in recent), default=0)
        self._best_second = max(best, 0.99 * self._best_second)
        if self.rate is None and best < 3:  # too little is known of its pace
            self._restart(max(1, self.limit * 7 // 8))
            return
        # A server that refuses at random, whatever the pace, does not bring it down for ever.
        self.rate = max(0.5, 0.5 * self._best_second, (self.rate or best) * 0.96)
        self._try_faster_at = now + (self._hold_s if self._is_paced else SEEK_S)
        self._is_paced = True

    def _count(self, now: float) -> None:
        """Measure the pace at this number: first its own replies have to be under way."""
        if self._skip:
            self._skip -= 1
            self._since, self._counted = now, 0
            return
        self._counted += 1
        if self._counted < max(3, self.limit):
            return
        pace = self._counted / max(now - self._since, 1e-9)
        self._since, self._counted = now, 0
        if self._is_growing:
            self._grow(pace)
            return
        self._windows += 1
        self._best = 0.7 * self._best + 0.3 * pace
        if self._windows >= self._patience and self.limit < self.most and not self.rate:
            self._windows, self._is_growing, self._before = 0, True, self.limit
            more = self.limit // 4 if self._is_doubling else self.limit // 16
            self._restart(min(self.most, self.limit + max(1, more)))

    def _grow(self, pace: float) -> None:
        # Where only a quarter more was tried, half of that has to come back.
        needed = min(GAIN, 1 + 0.5 * (self.limit / self._before - 1)) if self._best else 0.0
        if pace >= needed * self._best:
            self._best, self._before, self._patience = pace, self.limit, PATIENCE
            if self.limit >= self.most:
                self._is_growing = False
            else:
                self._is_growing = self._is_doubling
                self._restart(min(self.most, self.limit * 2) if self._is_doubling else self.limit)
            return
        self._is_growing = False
        self._patience = min(self._patience * 2, 64)
        self._restart(self._before)

    def _restart(self, limit: int) -> None:
        self.limit = limit
        self._skip, self._counted = limit, 0
