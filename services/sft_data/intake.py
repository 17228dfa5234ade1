"""What becomes of replies: kept as they came, then read, all of one or nothing, until its request has an end."""

from __future__ import annotations

from typing import Any

from services.errors import UserError
from services.jobs import Context
from services.knowledge_base.store import KnowledgeBase
from services.knowledge_base.work_item import WorkItem
from services.records import Chunk
from services.sft_data.asking import Asking
from services.sft_data.budget import Budget
from services.sft_data.fact_finding import read_facts
from services.sft_data.gate import REASONS
from services.sft_data.judge import read_verdict
from services.sft_data.parse import parse
from services.sft_data.provider import Reply, RequestFailed
from services.sft_data.sieve import UNJUDGED, Sieve
from services.sft_data.source import ModelSource
from services.sft_data.style import STYLES
from services.sft_data.tally import Tally
from services.sft_data.task import FACTS, PAIRS, VERDICT, Task
from services.translation import _

UNUSABLE_IN_A_ROW = 20  # replies, before the first good one: the model cannot do it


class Intake:
    """Takes in the replies of one run.

    has_changed: something was saved that tables and the file do not show yet.
    """

    def __init__(
        self, knowledge_base: KnowledgeBase, dataset: str, settings: dict[str, Any], source: ModelSource | None,
        asking: Asking | None, tally: Tally, budget: Budget, context: Context,
    ) -> None:  # fmt: skip
        self._knowledge_base, self._dataset, self._settings = knowledge_base, dataset, settings
        self._source, self._asking, self._tally, self._budget, self._context = source, asking, tally, budget, context
        self._is_judged = bool(source and source.judge)
        self.sieve = Sieve(knowledge_base, dataset, settings, source.model if source else "", self._is_judged)
        self.has_changed = False
        self._unusable_in_a_row, self._last_fault = 0, ""

    def keep(self, task: Task, reply: Reply) -> None:
        """The raw reply, before anything is made of it: it is paid."""
        assert self._source is not None and task.request is not None
        self._source.learn(task.request, reply)
        cost = self._source.cost_of(task.request.provider, reply)
        self._budget.pay(cost or 0.0)
        self._knowledge_base.keep_reply(
            task.item_id, reply.text, is_cut=reply.is_cut, tokens_in=reply.prompt_tokens, tokens_out=reply.answer_tokens,
            cost=cost,
        )  # fmt: skip

    def read(self, task: Task, raw: str, is_cut: bool, *, is_late: bool = False) -> list[Task]:
        """Make of a reply what can be made of it, all of it or nothing. Returns the requests that follow.

        is_late: it is read after its run, so that none follow.
        """
        with self._knowledge_base.transaction():
            if task.kind == FACTS:
                return self._read_facts(task, raw, is_late=is_late)
            if task.kind == VERDICT:
                self._read_verdict(task, raw)
                return []
            parsed = parse(raw, is_cut)
            if parsed.fault:
                self._note_unusable(task, parsed.fault)
                return []
            self._unusable_in_a_row = 0
            ids, rows = self.sieve.sift(task.chunk, parsed.candidates, task.count, task.facts, task.partner, task.item_id)
            self.end_pairs(task, 0 if self._is_judged else len(ids), rows, waiting=len(ids) if self._is_judged else 0)
            if not self._is_judged or is_late or self._asking is None:
                return []
            return [made for pair_id in ids if (made := self._asking.verdict_task(pair_id, task.partner))]

    def read_again(self, item: WorkItem) -> None:
        """Read what an earlier run was answered, in the style that it was asked for, as the words of who wrote it."""
        chunk = self._knowledge_base.chunk(item.chunk_id)
        if chunk is None or chunk.is_deleted or chunk.is_excluded:
            self._knowledge_base.end_item(item.id, _("The chunk was excluded or deleted before the reply was read."))
            return
        wanted = list(item.subject.get("facts") or ())
        known = {fact.id: fact for fact in self._knowledge_base.facts(self._dataset, chunk.id)}
        if not set(wanted) <= set(known):
            self._knowledge_base.end_item(item.id, _("The chunk was changed before the reply was read."))
            return
        partner = self._knowledge_base.chunk(item.subject["partner"]) if item.subject.get("partner") else None
        facts = [known[fact_id] for fact_id in wanted]
        task = Task(item.id, item.kind, chunk, item.wanted, None, facts, partner, item.subject.get("pair") or 0)
        own = self.sieve
        if item.kind == PAIRS and item.style in STYLES:
            self.sieve = own.of(item.style, item.provider, item.model)
        try:
            self.read(task, item.raw or "", item.is_cut, is_late=True)
        finally:
            self.sieve = own
            self._unusable_in_a_row = 0  # it was not said by the model that is asked now

    def take_failure(self, task: Task, error: RequestFailed) -> None:
        """A request that brought no reply."""
        if error.is_server:
            self._note_fruitless(task, str(error))
        else:
            self._note_unusable(task, str(error))

    def check_hope(self) -> None:
        """Raises: UserError: the provider works and its replies do not; such a model is not asked for ever."""
        if self._unusable_in_a_row >= UNUSABLE_IN_A_ROW and not self._tally.made:
            raise UserError(
                _(
                    "{count} replies in a row held nothing usable, the last one because: {reason} Choose a larger "
                    "model, or another provider."
                ).format(count=self._unusable_in_a_row, reason=self._last_fault)
            )

    def end_pairs(self, task: Task, passed: int, rows: list[Any], *, waiting: int = 0) -> None:
        """End a request for pairs whose reply was read: some passed, or wait for the judge, or none did."""
        self.has_changed = self.has_changed or bool(rows)
        if passed or waiting:
            self._knowledge_base.end_item(task.item_id)
            self._tally.count(task.chunk.id, passed)
        elif rows:
            reasons = " ".join(sorted({REASONS[row.reason] for row in rows}))
            self._note_fruitless(task, _("None of its pairs passed: {reasons}").format(reasons=reasons))
        else:
            self._note_fruitless(task, _("It brought nothing new."))
        made = self._tally.made.total()
        self._context.progress(made, self._settings["pairs"], _("{count} pairs").format(count=made))

    def end_without_pairs(self, task: Task, reason: str) -> None:
        """End a request that need not be sent: there is nothing to ask for."""
        self._note_fruitless(task, reason)

    def _read_facts(self, task: Task, raw: str, *, is_late: bool) -> list[Task]:
        facts, fault = read_facts(raw, task.chunk.content)
        if fault:
            self._note_unusable(task, fault)
            return []
        self._unusable_in_a_row = 0
        self._knowledge_base.add_facts(task.chunk.id, facts, self._source.model if self._source else "")
        self._knowledge_base.end_item(task.item_id)
        if not facts:
            self._tally.give_up(task.chunk.id, _("It states nothing that could be asked about."))
            return []
        self.has_changed = True  # the coverage shows facts
        return [] if is_late or self._asking is None else self._asking.pairs_tasks(task.chunk, task.count, task.cells)

    def _read_verdict(self, task: Task, raw: str) -> None:
        verdict = read_verdict(raw)
        if verdict is None:
            self._knowledge_base.end_item(task.item_id, _("The judge said neither yes nor no."))
            return
        is_true, reason = verdict
        pair = next(iter(self._knowledge_base.pairs([task.pair_id])), None)
        is_waiting = pair is not None and (pair.state, pair.reason) == ("failed", UNJUDGED)  # a person may have decided
        self._knowledge_base.judge_pair(task.pair_id, reason, is_backed=is_true)
        self._knowledge_base.end_item(task.item_id)
        if is_true and is_waiting:
            if not pair.is_stale:
                self._knowledge_base.replace_stale(self._dataset, task.chunk.id, 1, pair.style)
            self._tally.count(task.chunk.id, 1)
        elif is_waiting:
            self.sieve.rejected["judge"] += 1
        self.has_changed = True

    def _note_unusable(self, task: Task, reason: str) -> None:
        self._note_fruitless(task, reason)
        self._unusable_in_a_row, self._last_fault = self._unusable_in_a_row + 1, reason

    def _note_fruitless(self, task: Task, reason: str) -> None:
        """End a request that brought nothing; a chunk from which nothing came in this run is listed with the reason."""
        self._knowledge_base.end_item(task.item_id, reason)
        if task.kind != VERDICT and self._tally.fail(task.chunk.id, reason) and self._source:
            self._context.warning(name_of(task.chunk), reason)


def name_of(chunk: Chunk) -> str:
    """A chunk in a sentence: its document and its place there, from one as in every table."""
    return f"{chunk.source} [{chunk.chunk_index + 1}]"
