"""The job that makes pairs: asks chunk by chunk, and brings every request to a definite end."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from services.errors import UserError
from services.jobs import Context
from services.knowledge_base.store import KnowledgeBase
from services.knowledge_base.work_item import NewItem, WorkItem
from services.project import Project
from services.records import Chunk
from services.settings import check
from services.sft_data.coverage import plan, shares_of
from services.sft_data.fact_finding import read_facts, sentence_facts
from services.sft_data.gate import REASONS
from services.sft_data.grid import Grid
from services.sft_data.in_flight import InFlight
from services.sft_data.jsonl import write_dataset
from services.sft_data.judge import read_verdict
from services.sft_data.parse import Candidate, parse
from services.sft_data.partner import find_partner
from services.sft_data.provider import Reply, RequestFailed, privacy_sentence
from services.sft_data.sieve import Sieve
from services.sft_data.source import ModelSource, make_source
from services.sft_data.style import find_style
from services.sft_data.task import FACTS, PAIRS, VERDICT, Task
from services.sft_data.worker import Workers
from services.translation import _

FAILURES_IN_A_ROW = 3  # of the server, each after several attempts: after these it counts as gone
UNUSABLE_IN_A_ROW = 20  # replies, before the first good one: the model cannot do it
FRUITLESS_ASKS = 2  # of one chunk, before it is left alone
WRITING_SHARE = 0.1  # of the time, at most, goes into writing the JSONL file


def run(settings: dict[str, Any], context: Context) -> dict[str, Any]:
    """Make question and answer pairs from the chunks of a project.

    Args:
        settings: ``project``, the settings of the phase "generate", ``dataset`` (default "sft_data") and optionally
            ``chunk_ids``, the chunks to ask about instead of all, or ``retry``: only what failed, in the number that is
            missing. What was answered is read again first, which costs nothing.

    Returns:
        ``dataset``; ``pairs`` that passed; ``asked``: how many were wanted; ``rejected``: reason to number;
        ``failed``: ``chunk`` and ``reason`` of the chunks that gave nothing; ``cost``: in US dollars, where there are
        prices.

    Raises:
        UserError: there are no chunks, the provider is not there, or it failed so often that going on is useless; what
            was made until then is saved.
        Cancelled: the person stopped it; what was made until then is saved.
    """
    project = Project.open(Path(settings["project"]))
    values = check("generate", settings)
    dataset = settings.get("dataset") or "sft_data"
    project.dataset_path(dataset)  # a bad name is found before any work is done
    with project.connect() as knowledge_base, ExitStack() as stack:
        find_style(values["style"])
        chunk_ids = _chosen(knowledge_base, settings.get("chunk_ids"))
        retried = _failed_chunks(knowledge_base, dataset, values, chunk_ids) if settings.get("retry") else None
        if retried is not None:
            chunk_ids, values["pairs"] = list(retried), max(1, sum(retried.values()))
        context.progress(0, values["pairs"], _("Looking for the provider"))
        source = make_source(values, context, knowledge_base.prompt_texts())
        if source:
            stack.callback(source.close)
            if sentence := privacy_sentence(source.provider):
                context.warning(source.provider.name, sentence)
        return _Generation(project, knowledge_base, dataset, values, source, chunk_ids, context, retried).run()


def _chosen(knowledge_base: KnowledgeBase, selection: list[int] | None) -> list[int]:
    """The chunks to ask about, in the order of the corpus."""
    usable = knowledge_base.training_chunk_ids()
    if not usable:
        raise UserError(_("There are no chunks to ask about. Add documents in phase 1 first."))
    if not selection:
        return list(usable)
    wanted = set(selection)
    if chosen := [chunk_id for chunk_id in usable if chunk_id in wanted]:
        return chosen
    raise UserError(_("The chosen chunks are excluded, deleted or gone. Choose others."))


def _failed_chunks(
    knowledge_base: KnowledgeBase, dataset: str, values: dict[str, Any], usable: list[int]
) -> dict[int, int]:
    """The chunks whose requests came to nothing, in the order of the corpus, with what each was asked for."""
    failures = [row for row in knowledge_base.failures(dataset) if row.style in ("", values["style"]) and row.kind != VERDICT]
    wanted = Counter[int]()
    for failure in failures:
        wanted[failure.chunk_id] += failure.wanted
    return {chunk_id: wanted[chunk_id] for chunk_id in usable if chunk_id in wanted}


class _Generation:
    """One run of the job."""

    def __init__(
        self, project: Project, knowledge_base: KnowledgeBase, dataset: str, settings: dict[str, Any],
        source: ModelSource | None, chunk_ids: list[int], context: Context, retried: dict[int, int] | None,
    ) -> None:  # fmt: skip
        self._project, self._knowledge_base, self._dataset = project, knowledge_base, dataset
        self._settings, self._source, self._chunk_ids, self._context = settings, source, chunk_ids, context
        self._retried = retried
        self._wanted: int = settings["pairs"]
        self._style = find_style(settings["style"])
        self._sieve = Sieve(knowledge_base, dataset, settings, source.model if source else "", bool(source and source.judge))
        self._grid = Grid.from_settings(settings)
        self._number = knowledge_base.count_items(PAIRS, dataset, self._style.key)
        self._coverage = Counter(knowledge_base.coverage(dataset))
        lengths = knowledge_base.token_counts(chunk_ids)
        shares = shares_of([lengths.get(chunk_id, 0) for chunk_id in chunk_ids])
        self._shares = dict(zip(chunk_ids, shares, strict=True))
        self._made: Counter[int] = Counter()  # pairs of this run that passed, by chunk
        self._failed: dict[int, str] = {}
        self._fruitless: Counter[int] = Counter()
        self._patience: dict[int, int] = {}  # fruitless asks that a chunk is given
        self._done_with: set[int] = set()
        self._failures_in_a_row = self._unusable_in_a_row = 0
        self._next_write, self._has_changed = 0.0, False
        self._spent, self._on_the_way, self._is_out_of_money = 0.0, 0.0, False
        self._in_flight = InFlight(fixed=settings["workers"])
        if source:
            if not source.provider.can_share:
                self._in_flight = InFlight(fixed=1)
            for provider in source.providers():
                provider.listen(self._in_flight.refused)

    def run(self) -> dict[str, Any]:
        workers: Workers[Task] = Workers(self._in_flight, self._context)
        try:
            self._end_earlier_runs()
            if self._source and self._source.judge:
                self._work_off(self._unjudged(), workers)
            again = [(chunk_id, (self._retried or {})[chunk_id]) for chunk_id in self._chunk_ids if self._retried]
            self._work_off((task for asked in again for task in self._tasks(*asked)), workers)
            while self._made.total() < self._wanted and not self._is_out_of_money:
                left = [chunk_id for chunk_id in self._chunk_ids if chunk_id not in self._done_with]
                round_ = plan(
                    [(chunk_id, self._coverage[chunk_id]) for chunk_id in left], self._wanted - self._made.total(),
                    self._settings["pairs_per_chunk"], [self._shares[chunk_id] for chunk_id in left],
                )  # fmt: skip
                if not round_:
                    break
                self._work_off((task for asked in round_ for task in self._tasks(*asked)), workers)
        finally:
            for task, answer in workers.close():
                if isinstance(answer, Reply):  # it came too late to be read, and is paid: the next run reads it
                    self._keep(task, answer)
            self._write(is_last=True)
        if self._is_out_of_money:
            raise self._stopped(
                _("The limit of {limit:g} US dollars is reached; {spent:.2g} are spent.").format(
                    limit=self._settings["budget"], spent=self._spent
                )
            )
        result = {
            "dataset": self._dataset,
            "pairs": self._made.total(),
            "asked": self._wanted,
            "rejected": dict(self._sieve.rejected.most_common()),
            "failed": [{"chunk": chunk_id, "reason": reason} for chunk_id, reason in sorted(self._failed.items())],
        }
        return {**result, "cost": round(self._spent, 6)} if self._spent else result

    def _end_earlier_runs(self) -> None:
        """Read what an earlier run was answered and did not come to read, or, at a retry, could not."""
        self._knowledge_base.end_unanswered(self._dataset, _("The program ended before the reply came."))
        states = ("answered",) if self._retried is None else ("answered", "failed")
        for item in self._knowledge_base.items(self._dataset, states, has_reply=True):
            self._read_again(item)
        if self._retried is not None:  # what could be read now needs no asking
            failed = {row.chunk_id for row in self._knowledge_base.failures(self._dataset)}
            self._chunk_ids = [chunk_id for chunk_id in self._chunk_ids if chunk_id in failed]

    def _read_again(self, item: WorkItem) -> None:
        chunk = self._knowledge_base.chunk(item.chunk_id)
        if chunk is None or chunk.is_deleted or chunk.is_excluded or item.style not in ("", self._style.key):
            return
        wanted_facts = set(item.subject.get("facts") or ())
        facts = [fact for fact in self._knowledge_base.facts(self._dataset, chunk.id) if fact.id in wanted_facts]
        if len(facts) < len(wanted_facts):
            return  # the chunk says something else now
        facts.sort(key=lambda fact: item.subject["facts"].index(fact.id))
        partner = self._knowledge_base.chunk(item.subject["partner"]) if item.subject.get("partner") else None
        task = Task(item.id, item.kind, chunk, item.wanted, None, facts, partner, item.subject.get("pair") or 0)
        self._read(task, item.raw or "", item.is_cut, is_again=True)

    def _unjudged(self) -> Iterator[Task]:
        for pair_id in self._knowledge_base.unjudged_pairs(self._dataset):
            if task := self._verdict_task(pair_id):
                yield task

    def _work_off(self, tasks: Iterator[Task], workers: Workers[Task]) -> None:
        """Send these requests and what follows from their replies, as many at once as the provider likes."""
        following: deque[Task] = deque()
        while True:
            upcoming = None
            while not self._is_out_of_money:
                upcoming = upcoming or (following.popleft() if following else next(tasks, None))
                if upcoming is None or not workers.may_ask():
                    break
                if self._can_pay(upcoming):
                    workers.ask(upcoming)
                upcoming = None
            if upcoming is not None:
                following.appendleft(upcoming)
            if not workers.running and upcoming is None:
                return
            if answer := workers.answer(is_waiting=upcoming is not None):
                following.extend(self._settle(*answer))
                self._show()

    def _can_pay(self, task: Task) -> bool:
        """Whether a request cannot go over the budget, whatever else is on its way."""
        assert task.request is not None
        cost, limit = task.request.cost_at_most(), self._settings["budget"]
        if limit and self._spent + self._on_the_way + cost > limit:
            self._is_out_of_money = True
            self._knowledge_base.end_item(task.item_id, _("The limit of what may be spent was reached."))
            return False
        self._on_the_way += cost
        return True

    def _tasks(self, chunk_id: int, count: int) -> list[Task]:
        """The requests about a chunk; none where it cannot be asked, or where nobody needs to be asked."""
        chunk = self._knowledge_base.chunk(chunk_id)
        if chunk is None or chunk.is_deleted or chunk.is_excluded:  # the person did that meanwhile
            self._done_with.add(chunk_id)
            return []
        if not chunk.content.strip():
            self._give_up(chunk, _("The chunk is empty."))
            return []
        self._context.progress(
            self._made.total(), self._wanted, _("Asking about {source} [{number}]").format(
                source=chunk.source, number=chunk.chunk_index
            )
        )  # fmt: skip
        if self._source is None:
            self._context.check()
            self._ask_built_in(chunk, count)
            return []
        if self._settings["facts_first"] and self._style.grows_from_facts:
            if not self._knowledge_base.facts(self._dataset, chunk_id):
                if not self._source.is_small:
                    return self._facts_task(chunk, count)
                self._knowledge_base.add_facts(chunk_id, sentence_facts(chunk.content))
            if not self._knowledge_base.facts(self._dataset, chunk_id):
                self._give_up(chunk, _("It has no sentence that could be asked about."))
                return []
        return self._pairs_tasks(chunk, count)

    def _facts_task(self, chunk: Chunk, count: int) -> list[Task]:
        assert self._source is not None
        request = self._source.facts_request(chunk)
        if self._knowledge_base.was_asked(FACTS, chunk.id, request.hash, self._source.model):
            self._give_up(chunk, _("It states nothing that could be asked about."))
            return []
        item = NewItem(
            FACTS, chunk.id, "", "", self._knowledge_base.next_variant(FACTS, "", chunk.id, ""), request.hash,
            self._settings["provider"], self._source.model, count,
        )  # fmt: skip
        return [Task(self._knowledge_base.begin_item(item), FACTS, chunk, count, request)]

    def _pairs_tasks(self, chunk: Chunk, count: int) -> list[Task]:
        """One request for all pairs, or, for a small model, one request for each."""
        assert self._source is not None
        partner = None
        variant = self._knowledge_base.next_variant(PAIRS, self._dataset, chunk.id, self._style.key)
        if self._style.needs_partner and (partner := find_partner(self._knowledge_base, chunk, variant)) is None:
            self._give_up(chunk, _("No other chunk speaks of the same."))
            return []
        facts = []
        if self._settings["facts_first"] and self._style.grows_from_facts:
            facts = self._knowledge_base.facts(self._dataset, chunk.id)
        known = self._knowledge_base.known_questions(self._dataset, chunk.id)
        if not self._source.is_small:
            self._patience.setdefault(chunk.id, FRUITLESS_ASKS)
            return [self._pairs_task(chunk, count, known, facts[:count] if facts else [], partner, variant)]
        self._patience[chunk.id] = max(FRUITLESS_ASKS, self._patience.get(chunk.id, 0), count + 1)
        asked = [[facts[number % len(facts)]] if facts else [] for number in range(count)]
        return [self._pairs_task(chunk, 1, known, one, partner, variant + step) for step, one in enumerate(asked)]

    def _pairs_task(self, chunk: Chunk, count: int, known: list[str], facts: list[Any], partner: Chunk | None, variant: int) -> Task:
        assert self._source is not None
        audience = self._grid.cell(self._number)
        self._number += 1
        request = self._source.pairs_request(
            chunk, count, known, [fact.statement for fact in facts], partner, audience, variant
        )
        subject = {"facts": [fact.id for fact in facts], "partner": partner.id if partner else None}
        item = NewItem(
            PAIRS, chunk.id, self._dataset, self._style.key, variant, request.hash, self._settings["provider"],
            self._source.model, count, subject,
        )  # fmt: skip
        return Task(self._knowledge_base.begin_item(item), PAIRS, chunk, count, request, facts, partner)

    def _verdict_task(self, pair_id: int, partner: Chunk | None = None) -> Task | None:
        assert self._source is not None
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

    def _ask_built_in(self, chunk: Chunk, count: int) -> None:
        """Pairs from the text's own statements, which need no request."""
        from services.sft_data.built_in import find_facts, make_pairs

        self._patience[chunk.id] = 1  # asked again it would say the same
        headings = list(chunk.metadata.get("headings") or ())
        seen = self._knowledge_base.seen_pairs(self._dataset, chunk.id)
        made = make_pairs(chunk.content, headings, self._style.key, count + len(seen), self._settings["seed"])
        new = [pair for pair in made if (pair.instruction, pair.output) not in seen]
        known = {fact.statement: fact for fact in self._knowledge_base.facts(self._dataset, chunk.id)}
        with self._knowledge_base.transaction():
            if not known:
                self._knowledge_base.add_facts(chunk.id, find_facts(chunk.content, headings))
                known = {fact.statement: fact for fact in self._knowledge_base.facts(self._dataset, chunk.id)}
            item = NewItem(
                PAIRS, chunk.id, self._dataset, self._style.key,
                self._knowledge_base.next_variant(PAIRS, self._dataset, chunk.id, self._style.key), "", "built-in", "", count,
            )  # fmt: skip
            task = Task(self._knowledge_base.begin_item(item), PAIRS, chunk, count)
            if not new:
                self._note_fruitless(task, _("It has no further statement that the built-in provider can ask about."))
                return
            passed, rows = 0, []
            for pair in new:
                if passed == count:
                    break
                fact = known.get(pair.statement)
                candidate = Candidate(pair.instruction, pair.output, (pair.evidence_start, pair.evidence_end))
                ids, saved = self._sieve.sift(chunk, [candidate], 1, [fact] if fact else [], None, task.item_id)
                passed += len(ids)
                rows += saved
            self._end_pairs(task, passed, rows)
        self._show()

    def _settle(self, task: Task, answer: Reply | BaseException) -> list[Task]:
        """Bring one request to its end, and say what follows from it."""
        assert task.request is not None
        self._on_the_way = max(0.0, self._on_the_way - task.request.cost_at_most())
        if isinstance(answer, RequestFailed):
            self._settle_failure(task, answer)
            return []
        if isinstance(answer, BaseException):
            raise answer
        self._failures_in_a_row = 0
        self._keep(task, answer)
        return self._read(task, answer.text, answer.is_cut)

    def _keep(self, task: Task, reply: Reply) -> None:
        """The raw reply, before anything is made of it: it is paid."""
        assert self._source is not None and task.request is not None
        cost = self._source.cost_of(task.request.provider, reply)
        self._spent += cost or 0.0
        self._knowledge_base.keep_reply(
            task.item_id, reply.text, is_cut=reply.is_cut, tokens_in=reply.prompt_tokens, tokens_out=reply.answer_tokens,
            cost=cost,
        )  # fmt: skip

    def _settle_failure(self, task: Task, error: RequestFailed) -> None:
        if error.is_final:
            self._knowledge_base.end_item(task.item_id, str(error))
            raise self._stopped(str(error)) from error
        if not error.is_server:
            self._failures_in_a_row = 0
            self._settle_unusable(task, str(error))
            return
        self._note_fruitless(task, str(error))
        self._failures_in_a_row += 1
        if self._failures_in_a_row >= FAILURES_IN_A_ROW + self._in_flight.limit - 1:
            raise self._stopped(str(error)) from error

    def _settle_unusable(self, task: Task, reason: str) -> None:
        """The provider works and its reply does not; a model that never brings anything is not asked for ever."""
        self._note_fruitless(task, reason)
        self._unusable_in_a_row += 1
        if self._unusable_in_a_row >= UNUSABLE_IN_A_ROW and not self._made and self._source:
            raise UserError(
                _(
                    "{count} replies in a row held nothing usable, the last one because: {reason} Choose a larger "
                    "model, or another provider."
                ).format(count=self._unusable_in_a_row, reason=reason)
            )

    def _stopped(self, reason: str) -> UserError:
        if not self._made:
            return UserError(reason)
        return UserError(
            _("{reason} The {count} pairs made until then are kept; start again to make the rest.").format(
                reason=reason, count=self._made.total()
            )
        )

    def _read(self, task: Task, raw: str, is_cut: bool, *, is_again: bool = False) -> list[Task]:
        """Make of a reply what can be made of it, all of it or nothing. Returns the requests that follow."""
        with self._knowledge_base.transaction():
            if task.kind == FACTS:
                return self._read_facts(task, raw, is_again=is_again)
            if task.kind == VERDICT:
                self._read_verdict(task, raw)
                return []
            parsed = parse(raw, is_cut)
            if parsed.fault:
                self._settle_unusable(task, parsed.fault)
                return []
            self._unusable_in_a_row = 0
            ids, rows = self._sieve.sift(
                task.chunk, parsed.candidates, task.count, task.facts, task.partner, task.item_id
            )
            is_judged = self._source is not None and self._source.judge is not None
            self._end_pairs(task, 0 if is_judged else len(ids), rows, waiting=len(ids) if is_judged else 0)
            if is_judged and not is_again:
                return [made for pair_id in ids if (made := self._verdict_task(pair_id, task.partner))]
            return []

    def _read_facts(self, task: Task, raw: str, *, is_again: bool) -> list[Task]:
        facts, fault = read_facts(raw, task.chunk.content)
        if fault:
            self._settle_unusable(task, fault)
            return []
        self._unusable_in_a_row = 0
        self._knowledge_base.add_facts(task.chunk.id, facts, self._source.model if self._source else "")
        self._knowledge_base.end_item(task.item_id)
        if not facts:
            self._give_up(task.chunk, _("It states nothing that could be asked about."))
            return []
        self._has_changed = True  # the coverage shows facts
        return [] if is_again else self._pairs_tasks(task.chunk, task.count)

    def _read_verdict(self, task: Task, raw: str) -> None:
        verdict = read_verdict(raw)
        if verdict is None:
            self._knowledge_base.end_item(task.item_id, _("The judge said neither yes nor no."))
            return
        is_true, reason = verdict
        self._knowledge_base.judge_pair(task.pair_id, reason, is_backed=is_true)
        self._knowledge_base.end_item(task.item_id)
        if is_true:
            self._count(task.chunk, 1)
        else:
            self._sieve.rejected["judge"] += 1
        self._has_changed = True

    def _end_pairs(self, task: Task, passed: int, rows: list[Any], *, waiting: int = 0) -> None:
        """End a request for pairs whose reply was read: some passed, or wait for the judge, or none did."""
        self._has_changed = self._has_changed or bool(rows)
        if passed or waiting:
            self._knowledge_base.end_item(task.item_id)
            self._count(task.chunk, passed)
        elif rows:
            reasons = " ".join(sorted({REASONS[row.reason] for row in rows}))
            self._note_fruitless(task, _("None of its pairs passed: {reasons}").format(reasons=reasons))
        else:
            self._note_fruitless(task, _("It brought nothing new."))
        self._context.progress(self._made.total(), self._wanted, _("{count} pairs").format(count=self._made.total()))

    def _count(self, chunk: Chunk, passed: int) -> None:
        self._fruitless[chunk.id] = 0
        if passed:
            self._made[chunk.id] += passed
            self._coverage[chunk.id] += passed
            self._failed.pop(chunk.id, None)

    def _note_fruitless(self, task: Task, reason: str) -> None:
        """Count an ask that brought nothing; a chunk from which nothing came in this run is listed with the reason."""
        chunk = task.chunk
        self._knowledge_base.end_item(task.item_id, reason)
        if task.kind == VERDICT:
            return
        self._fruitless[chunk.id] += 1
        if not self._made[chunk.id]:
            self._failed[chunk.id] = reason
        if self._fruitless[chunk.id] >= self._patience.get(chunk.id, FRUITLESS_ASKS):
            self._done_with.add(chunk.id)
            if self._source and chunk.id in self._failed:
                self._context.warning(f"{chunk.source} [{chunk.chunk_index}]", reason)

    def _give_up(self, chunk: Chunk, reason: str) -> None:
        """Leave a chunk that cannot be asked about, with the reason."""
        self._done_with.add(chunk.id)
        if not self._made[chunk.id]:
            self._failed[chunk.id] = reason

    def _show(self) -> None:
        """Say what is new, once it is committed, and write it."""
        if self._has_changed:
            self._has_changed = False
            self._context.changed("pair")
            self._write()

    def _write(self, *, is_last: bool = False) -> None:
        """Write the JSONL file anew, less often as it grows; the table is what counts meanwhile."""
        if not is_last and time.monotonic() < self._next_write:
            return
        started = time.monotonic()
        if aside := write_dataset(self._project, self._knowledge_base, self._dataset):
            self._context.warning(
                self._dataset,
                _("The file was changed by hand. Your version is now {path}; import it to use it.").format(path=aside),
            )
        self._next_write = time.monotonic() + (time.monotonic() - started) / WRITING_SHARE
