"""Many ids in little room: a million neighbours are one range.

numpy is imported where it is needed: it takes as long to load as all the rest of a command.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    import numpy as np


class IdRanges:
    """A set of ids in ascending order, as ranges with both ends included.

    ``pairs``: ``(first, last)`` of each range, apart from each other and in order.
    """

    __slots__ = ("_firsts", "_lasts")

    def __init__(self, ids: Iterable[int] = ()) -> None:
        if isinstance(ids, IdRanges):
            self._firsts, self._lasts = ids._firsts, ids._lasts
            return
        import numpy as np

        if not isinstance(ids, array):
            ids = array("q", ids)
        # The bytes, not the numbers: an array of a million ids becomes a million objects as soon as it is looped over.
        numbers = np.frombuffer(ids, np.int64) if len(ids) else np.empty(0, np.int64)
        self._firsts, self._lasts = _marked(numbers) if _is_dense(numbers) else _sorted(numbers)

    @classmethod
    def _of(cls, firsts: np.ndarray, lasts: np.ndarray) -> Self:
        ranges = cls()
        ranges._firsts, ranges._lasts = firsts, lasts
        return ranges

    @classmethod
    def between(cls, first: int, last: int) -> Self:
        """One range, both ends included."""
        import numpy as np

        return cls._of(np.array([first]), np.array([last]))

    def __len__(self) -> int:
        return int((self._lasts - self._firsts + 1).sum())

    def __iter__(self) -> Iterator[int]:
        return chain.from_iterable(range(first, last + 1) for first, last in self.pairs())

    def __contains__(self, row_id: int) -> bool:
        place = int(self._firsts.searchsorted(row_id, "right")) - 1
        return place >= 0 and bool(row_id <= self._lasts[place])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, IdRanges) and self.pairs() == other.pairs()

    def __hash__(self) -> int:
        return hash((self._firsts.tobytes(), self._lasts.tobytes()))

    def __repr__(self) -> str:
        return f"IdRanges({self.pairs()})"

    def pairs(self) -> list[tuple[int, int]]:
        return list(zip(self._firsts.tolist(), self._lasts.tolist(), strict=True))

    def __and__(self, other: IdRanges) -> IdRanges:
        return _combine(self, other, 2)

    def __sub__(self, other: IdRanges) -> IdRanges:
        return self & other.complement()

    def __or__(self, other: IdRanges) -> IdRanges:
        return _combine(self, other, 1)

    def complement(self) -> IdRanges:
        """Every id that is not in here."""
        import numpy as np

        lowest, highest = np.array([_LOWEST]), np.array([_HIGHEST])
        firsts, lasts = np.concatenate((lowest, self._lasts + 1)), np.concatenate((self._firsts - 1, highest))
        keep = firsts <= lasts
        return self._of(firsts[keep], lasts[keep])


_LOWEST, _HIGHEST = -(2**62), 2**62
_SPREAD = 16  # places for each id, up to which marking them is faster than sorting, ten times where they are a million


def _is_dense(numbers: np.ndarray) -> bool:
    return len(numbers) > 0 and int(numbers.max()) - int(numbers.min()) < _SPREAD * len(numbers)


def _marked(numbers: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    import numpy as np

    before = int(numbers.min()) - 1
    is_in = np.zeros(int(numbers.max()) - before + 2, bool)
    is_in[numbers - before] = True
    edges = np.flatnonzero(is_in[1:] != is_in[:-1]) + before
    return edges[::2] + 1, edges[1::2]


def _sorted(numbers: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    import numpy as np

    if not len(numbers):
        return numbers, numbers
    numbers = np.sort(numbers)  # numpy.unique is slower by far
    breaks = np.flatnonzero(np.diff(numbers) > 1)
    return numbers[np.concatenate(([0], breaks + 1))], numbers[np.concatenate((breaks, [-1]))]


def _combine(one: IdRanges, other: IdRanges, depth: int) -> IdRanges:
    """The ids that are in at least so many of the two: a sweep over all the ends."""
    import numpy as np

    ends = np.concatenate((one._firsts, other._firsts, one._lasts + 1, other._lasts + 1))
    steps = np.repeat([1, -1], [len(one._firsts) + len(other._firsts)] * 2)
    order = np.argsort(ends, kind="stable")
    places, depths = ends[order], np.cumsum(steps[order])
    is_last = np.append(places[1:] != places[:-1], True)[: len(places)]  # of those at one place
    places = places[is_last]
    inside = np.concatenate(([False], depths[is_last] >= depth))
    edges = np.flatnonzero(inside[1:] != inside[:-1])
    return IdRanges._of(places[edges[::2]], places[edges[1::2]] - 1)
