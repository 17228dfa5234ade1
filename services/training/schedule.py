"""Which rows make up each optimizer step, and what of it each process computes in which batches."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from services.training.layout import count_targets, divide, lay_flat, lay_padded
from services.training.row import Row, epoch_order


class Schedule:
    """The steps of a training: every row once an epoch, none left out, none twice.

    A step is a number of rows, whatever the number of processes and of batches that it takes to compute it: one
    process with much memory and two with little learn the same. All of it follows from the arguments alone, so a
    resumed run needs nothing but the number of its step.

    Args:
        step_rows: rows of a step, over all processes.
        budget: tokens of one batch, at most, unless a single row has more.
        pad_id: for padded batches; None lays them flat.
        process, processes: which one this is, and of how many.
    """

    def __init__(
        self,
        rows: Sequence[Row],
        step_rows: int,
        seed: int,
        *,
        budget: int,
        pad_id: int | None = None,
        process: int = 0,
        processes: int = 1,
    ) -> None:
        self.rows, self.step_rows, self.budget = rows, step_rows, budget
        self._seed, self._pad_id, self._process, self._processes = seed, pad_id, process, processes
        self._lengths = [len(row.input_ids) for row in rows]
        self._learnt = [row.token_count for row in rows]
        self._targets = [count_targets(row) for row in rows]
        self._order: tuple[int, list[int]] = (-1, [])

    @property
    def epoch_steps(self) -> int:
        return -(-len(self.rows) // self.step_rows)

    def step(self, number: int) -> dict[str, Any]:
        """One step, by its number from the start of the training.

        Returns:
            parts: this process's batches, as many as the others have; targets, learnt: tokens that are predicted, and
            tokens of the text that are learnt, of all processes together.
        """
        epoch, place = divmod(number, self.epoch_steps)
        chosen = self._order_of(epoch)[place * self.step_rows : (place + 1) * self.step_rows]
        return {
            "parts": self._parts(chosen),
            "targets": sum(self._targets[index] for index in chosen),
            "learnt": sum(self._learnt[index] for index in chosen),
        }

    def learnt_until(self, number: int) -> int:
        """Tokens that are learnt before a step."""
        epochs, place = divmod(number, self.epoch_steps)
        begun = self._order_of(epochs)[: place * self.step_rows] if place else []
        return epochs * sum(self._learnt) + sum(self._learnt[index] for index in begun)

    def _order_of(self, epoch: int) -> list[int]:
        if self._order[0] != epoch:
            order = epoch_order(self._lengths, self.step_rows, self._seed, epoch)
            if sorted(order) != list(range(len(self.rows))):
                raise AssertionError("an epoch must have every row once")
            self._order = epoch, order
        return self._order[1]

    def _parts(self, chosen: list[int]) -> list[dict[str, Any]]:
        # By length in turn, so that no process waits long for another one.
        longest_first = sorted(chosen, key=lambda index: -self._lengths[index])
        shares = [longest_first[number :: self._processes] for number in range(self._processes)]
        is_padded = self._pad_id is not None
        groups = [divide([self._lengths[index] for index in share], self.budget, is_padded=is_padded) for share in shares]
        mine = shares[self._process]
        parts = [self._lay([self.rows[mine[at]] for at in group]) for group in groups[self._process]]
        if sum(len(part["targets"]) for part in parts) != sum(self._targets[index] for index in mine):
            raise AssertionError("tokens were lost between the rows and the batches")
        # Processes that share out weights (FSDP) must go through the model together; what is over teaches nothing.
        idle = self.rows[longest_first[-1]]
        parts += [self._lay([idle], is_learnt=False)] * (max(map(len, groups)) - len(parts))
        return parts

    def _lay(self, rows: list[Row], *, is_learnt: bool = True) -> dict[str, Any]:
        if self._pad_id is None:
            return lay_flat(rows, is_learnt=is_learnt)
        return lay_padded(rows, self._pad_id, is_learnt=is_learnt)
