"""Which requests are made of a chunk: every one is a work item before it is sent."""

from __future__ import annotations

from typing import Any

from services.knowledge_base.fact_row import Fact
from services.knowledge_base.store import KnowledgeBase
from services.knowledge_base.work_item import NewItem
from services.records import Chunk
from services.sft_data.fact_finding import sentence_facts
from services.sft_data.grid import Grid
from services.sft_data.partner import find_partner
from services.sft_data.source import ModelSource
from services.sft_data.style import find_style
from services.sft_data.tally import FRUITLESS_ASKS, Tally
from services.sft_data.task import FACTS, PAIRS, VERDICT, Task
from services.translation import _


class Asking:
    """Makes the requests of one run."""

    def __init__(
        self, knowledge_base: KnowledgeBase, dataset: str, settings: dict[str, Any], source: ModelSource, tally: Tally
    ) -> None:
        self._knowledge_base, self._dataset, self._settings = knowledge_base, dataset, settings
        self._source, self._tally = source, tally
        self._style = find_style(settings["style"])
        self._grows = settings["facts_first"] and self._style.grows_from_facts
        self._grid = Grid.from_settings(settings)
        self._number = knowledge_base.count_items(PAIRS, dataset, self._style.key)

    def tasks(self, chunk: Chunk, count: int) -> list[Task]:
        """The requests for so many pairs about a chunk: for its facts where they are not known, else for the pairs."""
        cells = self._cells(count if self._source.is_small else 1)
        if self._grows:
            if not self._knowledge_base.facts(self._dataset, chunk.id):
                if not self._source.is_small:
                    return self._facts_task(chunk, count, cells)
                self._knowledge_base.add_facts(chunk.id, sentence_facts(chunk.content))
            if not self._knowledge_base.facts(self._dataset, chunk.id):
                self._tally.give_up(chunk.id, _("It has no sentence that could be asked about."))
                return []
        return self.pairs_tasks(chunk, count, cells)

    def pairs_tasks(self, chunk: Chunk, count: int, cells: tuple[str, ...]) -> list[Task]:
        """One request for all pairs, or, for a small model, one request for each. cells: who each is for."""
        partner = None
        variant = self._knowledge_base.next_variant(PAIRS, self._dataset, chunk.id, self._style.key)
        if self._style.needs_partner and (partner := find_partner(self._knowledge_base, chunk, variant)) is None:
            self._tally.give_up(chunk.id, _("No other chunk speaks of the same."))
            return []
        facts = self._knowledge_base.facts(self._dataset, chunk.id) if self._grows else []
        known = self._knowledge_base.known_questions(self._dataset, chunk.id)
        if partner:  # which of two is older was perhaps asked from the other side
            known += self._knowledge_base.known_questions(self._dataset, partner.id)
        if not self._source.is_small:
            return [self._pairs_task(chunk, count, known, facts[:count], partner, variant, cells[0])]
        self._tally.be_patient(chunk.id, max(FRUITLESS_ASKS, count + 1))
        return [
            self._pairs_task(chunk, 1, known, [facts[step % len(facts)]] if facts else [], partner, variant + step, cell)
            for step, cell in enumerate(cells)
        ]

    def verdict_task(self, pair_id: int, partner: Chunk | None = None) -> Task | None:
        """What the judge is asked about a pair; None where the pair, or what it rests on, is no longer there."""
        pair = next(iter(self._knowledge_base.pairs([pair_id])), None)
        chunk = self._knowledge_base.chunk(pair.chunk_id) if pair and pair.chunk_id else None
        if pair is None or chunk is None or pair.is_stale:
            return None
        partner = partner or self._knowledge_base.chunk(self._knowledge_base.partner_of(pair_id) or 0)
        request = self._source.verdict_request(chunk.content, pair.instruction, "\n".join([*pair.turns, pair.output]), partner)
        variant = self._knowledge_base.next_variant(VERDICT, self._dataset, chunk.id, str(pair_id))
        subject = {"pair": pair_id, "partner": partner.id if partner else None}
        item = NewItem(
            VERDICT, chunk.id, self._dataset, str(pair_id), variant, request.hash, self._settings["provider"],
            getattr(request.provider, "model", ""), 1, subject,
        )  # fmt: skip
        return Task(self._knowledge_base.begin_item(item), VERDICT, chunk, 1, request, [], partner, pair_id)

    def _facts_task(self, chunk: Chunk, count: int, cells: tuple[str, ...]) -> list[Task]:
        request = self._source.facts_request(chunk)
        if self._knowledge_base.was_asked(FACTS, chunk.id, request.hash, self._source.model):
            self._tally.give_up(chunk.id, _("It states nothing that could be asked about."))
            return []
        item = NewItem(
            FACTS, chunk.id, "", "", self._knowledge_base.next_variant(FACTS, "", chunk.id, ""), request.hash,
            self._settings["provider"], self._source.model, count,
        )  # fmt: skip
        return [Task(self._knowledge_base.begin_item(item), FACTS, chunk, count, request, cells=cells)]

    def _pairs_task(
        self, chunk: Chunk, count: int, known: list[str], facts: list[Fact], partner: Chunk | None, variant: int, cell: str
    ) -> Task:
        request = self._source.pairs_request(chunk, count, known, [fact.statement for fact in facts], partner, cell, variant)
        subject = {"facts": [fact.id for fact in facts], "partner": partner.id if partner else None, "audience": cell}
        item = NewItem(
            PAIRS, chunk.id, self._dataset, self._style.key, variant, request.hash, self._settings["provider"],
            self._source.model, count, subject,
        )  # fmt: skip
        return Task(self._knowledge_base.begin_item(item), PAIRS, chunk, count, request, facts, partner)

    def _cells(self, count: int) -> tuple[str, ...]:
        """The next cells of the grid, given out in the order of the plan, whichever reply comes first."""
        first, self._number = self._number, self._number + count
        return tuple(self._grid.cell(number) for number in range(first, self._number))
