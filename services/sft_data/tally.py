"""What a run has brought, chunk by chunk: pairs, fruitless asks, and why a chunk gives no more."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from services.sft_data.coverage import even_stride
from services.translation import _

FRUITLESS_ASKS = 2  # of one chunk, before it is left alone


class Tally:
    """made: pairs of this run that passed; coverage: pairs of the dataset; each by chunk.

    failed: chunk to reason, where nothing came in this run. done_with: chunks that are not asked again.
    """

    def __init__(self, coverage: Mapping[int, int]) -> None:
        self.made: Counter[int] = Counter()
        self.coverage = Counter(coverage)
        self.failed: dict[int, str] = {}
        self.done_with: set[int] = set()
        self._why: dict[int, str] = {}  # the last reason of a chunk, whether something came from it or not
        self._fruitless: Counter[int] = Counter()
        self._patience: dict[int, int] = {}  # fruitless asks that a chunk is given

    def be_patient(self, chunk_id: int, asks: int) -> None:
        """Give a chunk at least as many fruitless asks."""
        self._patience[chunk_id] = max(asks, self._patience.get(chunk_id, FRUITLESS_ASKS))

    def ask_once(self, chunk_id: int) -> None:
        """Leave a chunk alone after one fruitless ask: asked again it would say the same."""
        self._patience[chunk_id] = 1

    def count(self, chunk_id: int, passed: int) -> None:
        """An ask that brought something: so many pairs that passed, or some that still wait for a judge."""
        self._fruitless[chunk_id] = 0
        if passed:
            self.made[chunk_id] += passed
            self.coverage[chunk_id] += passed
            self.failed.pop(chunk_id, None)

    def fail(self, chunk_id: int, reason: str) -> bool:
        """An ask that brought nothing. Returns whether the chunk has just been given up with nothing made of it."""
        self._fruitless[chunk_id] += 1
        self._note(chunk_id, reason)
        if self._fruitless[chunk_id] < self._patience.get(chunk_id, FRUITLESS_ASKS) or chunk_id in self.done_with:
            return False
        self.done_with.add(chunk_id)
        return chunk_id in self.failed

    def give_up(self, chunk_id: int, reason: str) -> None:
        """Leave a chunk that cannot be asked about."""
        self.done_with.add(chunk_id)
        self._note(chunk_id, reason)

    def begin(self) -> None:
        """Give every chunk its asks, whatever was read of earlier runs."""
        self.done_with.clear()
        self._fruitless.clear()

    def leave_out(self, chunk_id: int, reason: str) -> None:
        """Leave a chunk that the person took away meanwhile: no failure."""
        self.done_with.add(chunk_id)
        self._why[chunk_id] = reason

    def _note(self, chunk_id: int, reason: str) -> None:
        self._why[chunk_id] = reason
        if not self.made[chunk_id]:
            self.failed[chunk_id] = reason

    def missing(self, wanted: int, chunk_ids: Sequence[int]) -> dict[str, int]:
        """Reason to the number of pairs that were not made for it, most first; they add up to what is missing.

        What is missing is divided evenly among the chunks that were asked and gave no more.
        """
        missing = wanted - self.made.total()
        ended = [chunk_id for chunk_id in chunk_ids if chunk_id in self.done_with]
        if missing <= 0:
            return {}
        if not ended:
            return {_("Nothing more could be asked."): missing}
        each, rest = divmod(missing, len(ended))
        reasons: Counter[str] = Counter()
        for chunk_id in ended:
            reasons[self._why[chunk_id]] += each
        for place in even_stride(len(ended), rest) if rest else []:
            reasons[self._why[ended[place]]] += 1
        return {reason: count for reason, count in reasons.most_common() if count}
