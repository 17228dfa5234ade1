"""What becomes of candidates: each passes the gates or not, and stands in the table with its reason either way."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Sequence
from typing import Any

from services.knowledge_base.fact_row import Fact
from services.knowledge_base.pairs import NewPair
from services.knowledge_base.store import KnowledgeBase
from services.records import Chunk
from services.sft_data.evidence import most_like
from services.sft_data.gate import Gate
from services.sft_data.known_question import KnownQuestions
from services.sft_data.language_name import code_of
from services.sft_data.parse import Candidate
from services.sft_data.partner import may_be_answered
from services.sft_data.sentence import split_sentences
from services.sft_data.style import find_style

UNJUDGED = "unjudged"


class Sieve:
    """The gates of one run, and what it has let through.

    model: recorded with every pair. is_judged: what passes waits for a judge's word.
    rejected: reason to the number of candidates that failed in this run.
    """

    def __init__(
        self, knowledge_base: KnowledgeBase, dataset: str, settings: dict[str, Any], model: str, is_judged: bool
    ) -> None:
        self.rejected: Counter[str] = Counter()
        self._knowledge_base, self._dataset, self._model, self._is_judged = knowledge_base, dataset, model, is_judged
        self._provider = settings["provider"]
        self._style = find_style(settings["style"])
        self._language = settings["language"].strip()
        self._gate = Gate(self._style, bool(self._language), code_of(self._language))
        self._questions = KnownQuestions(knowledge_base.known_questions(dataset))

    def of(self, style: str, provider: str, model: str) -> Sieve:
        """The same sieve, with all that it knows and counts, for what somebody wrote in another style."""
        other = copy.copy(self)
        other._style, other._provider, other._model = find_style(style), provider, model
        other._gate = Gate(other._style, bool(self._language), code_of(self._language))
        return other

    def sift(
        self, chunk: Chunk, candidates: Sequence[Candidate], count: int, facts: Sequence[Fact] = (),
        partner: Chunk | None = None, item_id: int | None = None,
    ) -> tuple[list[int], list[NewPair]]:  # fmt: skip
        """Test candidates one by one until as many have passed as were asked for, and save them with their reasons.

        facts: what was to be asked for; a pair must rest on one of them.

        Returns:
            The ids of those that passed, and all rows that were saved; candidates that came from this chunk before
            are left out.
        """
        seen = self._knowledge_base.seen_pairs(self._dataset, chunk.id)
        rows: list[NewPair] = []
        passed: list[int] = []  # places in rows
        for candidate in candidates:
            if len(passed) == count:
                break
            if (candidate.instruction, candidate.output) in seen:
                continue
            seen.add((candidate.instruction, candidate.output))
            fact = self._fact_of(candidate, facts)
            reason = self._reason(candidate, chunk, partner, is_lost=bool(facts) and fact is None)
            if reason:
                self.rejected[reason] += 1
            else:
                self._questions.add(candidate.instruction)
                passed.append(len(rows))
            state = "failed" if reason or self._is_judged else "new"
            evidence = candidate.evidence or ((fact.start, fact.end) if fact else _place_of(candidate, chunk))
            rows.append(
                NewPair(
                    candidate.instruction, candidate.output, chunk.id, self._style.key, state,
                    reason or (UNJUDGED if self._is_judged else ""), self._provider, self._model, evidence,
                    fact.id if fact else None, item_id, candidate.turns,
                )
            )  # fmt: skip
        ids = self._knowledge_base.add_pairs(self._dataset, rows) if rows else []
        if ids:
            made_from = {one.id: one.content for one in (chunk, partner) if one is not None}
            self._knowledge_base.take_in(self._dataset, ids, made_from, 0 if self._is_judged else len(passed))
        return [ids[place] for place in passed], rows

    def _reason(self, candidate: Candidate, chunk: Chunk, partner: Chunk | None, *, is_lost: bool) -> str:
        reason = self._gate.reason(candidate, chunk, partner)
        if not reason and (is_lost or not self._rests_on_both(candidate, chunk, partner)):
            return "evidence"
        if not reason and self._questions.has_near(candidate.instruction):
            return "duplicate"
        if not reason and self._style.is_refusal and may_be_answered(self._knowledge_base, candidate.instruction):
            return "answered"
        return reason

    def _rests_on_both(self, candidate: Candidate, chunk: Chunk, partner: Chunk | None) -> bool:
        """Whether a pair across two chunks speaks of both; in another language nobody can tell."""
        if partner is None or self._gate.is_translated:
            return True
        return all(_place_of(candidate, one) is not None for one in (chunk, partner))

    def _fact_of(self, candidate: Candidate, facts: Sequence[Fact]) -> Fact | None:
        """The fact that a pair asks for: the only one, the one it names if it speaks of it, or the one it speaks of."""
        if len(facts) == 1:
            return facts[0]
        said = _said(candidate)
        named = facts[candidate.fact - 1] if candidate.fact and candidate.fact <= len(facts) else None
        if named and (self._gate.is_translated or most_like(said, [named.statement]) is not None):
            return named
        place = most_like(said, [fact.statement for fact in facts]) if facts else None
        return named if place is None else facts[place]


def _said(candidate: Candidate) -> str:
    return "\n".join([candidate.instruction, *candidate.turns, candidate.output])


def _place_of(candidate: Candidate, chunk: Chunk) -> tuple[int, int] | None:
    """Start and end of the sentence of a chunk that a pair speaks of, where it asks for no fact."""
    sentences = list(split_sentences(chunk.content))
    place = most_like(_said(candidate), [sentence.text for sentence in sentences])
    return None if place is None else (sentences[place].start, sentences[place].end)
