"""How much of a step goes through the model at once: remembered with a run's checkpoints, and lowered where memory ends.

It decides nothing that is learnt: a step is the same rows, in however many batches they are computed. So a run may go on
with less, though it goes on only with equal settings.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Self

_FILE = "at_once.json"


@dataclass(frozen=True, slots=True)
class AtOnce:
    """tokens: of a batch, at most, unless a single row has more; recomputed: layers whose activations are made twice.

    longest: tokens of the longest row; layers: of the model.
    """

    tokens: int
    recomputed: int
    longest: int
    layers: int

    def lowered(self, largest: int | None = None) -> AtOnce | None:
        """With half the batch, or with every layer computed twice where each row is alone already; None: nothing is left.

        Args:
            largest: tokens of the batch that was too large.
        """
        tokens = min(self.tokens, largest or self.tokens)
        if tokens > self.longest:
            return replace(self, tokens=max(tokens // 2, self.longest))
        return replace(self, recomputed=self.layers) if self.recomputed < self.layers else None

    def at_most(self, other: AtOnce | None) -> AtOnce:
        """The lower of two; None changes nothing."""
        if other is None:
            return self
        return replace(self, tokens=min(self.tokens, other.tokens), recomputed=max(self.recomputed, other.recomputed))

    @classmethod
    def read(cls, folder: Path) -> Self | None:
        """What a run's folder of checkpoints remembers."""
        try:
            return cls(**json.loads((folder / _FILE).read_text("utf-8")))
        except (OSError, ValueError, TypeError):
            return None

    def write(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        unfinished = folder / f"{_FILE}.part"
        unfinished.write_text(json.dumps(asdict(self)), "utf-8")
        unfinished.replace(folder / _FILE)
