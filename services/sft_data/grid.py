"""Who asks and how hard: every combination as often as the others, in an order that a seed decides."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Any

DIFFICULTIES = {
    "easy": "easy: one fact, asked directly",
    "medium": "of medium difficulty: the fact has to be understood, not only repeated",
    "hard": "hard: the question asks for a reason, a consequence or the connection of several things",
}
ANYBODY = "anybody who is interested"


@dataclass(frozen=True, slots=True)
class Grid:
    """The cells in which requests are placed by turns."""

    cells: tuple[str, ...]
    seed: int

    @classmethod
    def from_settings(cls, settings: dict[str, Any]) -> Grid:
        """Audiences are separated by semicolons; "mixed" means every difficulty."""
        audiences = [one.strip() for one in settings["audience"].split(";") if one.strip()] or [ANYBODY]
        chosen = settings["difficulty"]
        levels = list(DIFFICULTIES) if chosen == "mixed" else [chosen] if chosen in DIFFICULTIES else [""]
        cells = [
            f"{audience}; make it {DIFFICULTIES[level]}" if level else audience for audience in audiences for level in levels
        ]
        return cls(tuple(cells), settings["seed"])

    def cell(self, number: int) -> str:
        """Who the request of this number is for. Every run of as many requests as there are cells has each one once."""
        block, place = divmod(number, len(self.cells))
        order = list(self.cells)
        random.Random(f"{self.seed} {block}").shuffle(order)
        return order[place]
