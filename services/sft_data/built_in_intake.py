"""Pairs from a chunk's own statements, which need no request, through the same gates as a model's."""

from __future__ import annotations

from typing import Any

from services.knowledge_base.store import KnowledgeBase
from services.knowledge_base.work_item import NewItem
from services.records import Chunk
from services.sft_data.built_in import find_facts, make_pairs
from services.sft_data.intake import Intake
from services.sft_data.parse import Candidate
from services.sft_data.tally import Tally
from services.sft_data.task import PAIRS, Task
from services.translation import _


def take_built_in(
    knowledge_base: KnowledgeBase, dataset: str, settings: dict[str, Any], chunk: Chunk, count: int, intake: Intake, tally: Tally
) -> None:
    """Make and save up to ``count`` pairs from a chunk."""
    tally.ask_once(chunk.id)
    style, headings = settings["style"], list(chunk.metadata.get("headings") or ())
    seen = knowledge_base.seen_pairs(dataset, chunk.id)
    made = make_pairs(chunk.content, headings, style, count + len(seen), settings["seed"])
    new = [pair for pair in made if (pair.instruction, pair.output) not in seen]
    known = {fact.statement: fact for fact in knowledge_base.facts(dataset, chunk.id)}
    with knowledge_base.transaction():
        if not known:
            knowledge_base.add_facts(chunk.id, find_facts(chunk.content, headings))
            known = {fact.statement: fact for fact in knowledge_base.facts(dataset, chunk.id)}
        variant = knowledge_base.next_variant(PAIRS, dataset, chunk.id, style)
        item = NewItem(PAIRS, chunk.id, dataset, style, variant, "", "built-in", "", count)
        task = Task(knowledge_base.begin_item(item), PAIRS, chunk, count)
        if not new:
            intake.end_without_pairs(task, _("It has no further statement that the built-in provider can ask about."))
            return
        passed, rows = 0, []
        for pair in new:
            if passed == count:
                break
            fact = known.get(pair.statement)
            candidate = Candidate(pair.instruction, pair.output, (pair.evidence_start, pair.evidence_end))
            ids, saved = intake.sieve.sift(chunk, [candidate], 1, [fact] if fact else [], None, task.item_id)
            passed += len(ids)
            rows += saved
        intake.end_pairs(task, passed, rows)
