"""One request on its way, with what is needed to make something of its reply."""

from __future__ import annotations

from dataclasses import dataclass, field

from services.knowledge_base.fact_row import Fact
from services.records import Chunk
from services.sft_data.provider import Reply
from services.sft_data.source import Request

FACTS, PAIRS, VERDICT = "facts", "pairs", "verdict"


@dataclass(frozen=True, slots=True)
class Task:
    """item_id: its row. count: pairs wanted, of this reply or once the facts are known. pair_id: what is judged.

    cells: of a request for facts, who the pairs are for that will grow from them.
    """

    item_id: int
    kind: str
    chunk: Chunk
    count: int = 1
    request: Request | None = None
    facts: list[Fact] = field(default_factory=list)
    partner: Chunk | None = None
    pair_id: int = 0
    cells: tuple[str, ...] = ()

    def cost_at_most(self) -> float:
        """US dollars."""
        return self.request.cost_at_most() if self.request else 0.0

    def send(self) -> Reply:
        """Raises: RequestFailed; Cancelled."""
        assert self.request is not None
        return self.request.send()
