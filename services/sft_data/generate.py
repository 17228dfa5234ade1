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
from services.project import Project
from services.settings import check
from services.sft_data.asking import Asking
from services.sft_data.budget import Budget
from services.sft_data.coverage import plan, shares_of
from services.sft_data.in_flight import START_FAR, InFlight
from services.sft_data.intake import Intake
from services.sft_data.jsonl import write_dataset
from services.sft_data.mix import check_parts, parts_of
from services.sft_data.provider import Reply, RequestFailed, privacy_sentence
from services.sft_data.source import ModelSource, make_source
from services.sft_data.style import STYLES, find_style
from services.sft_data.tally import Tally
from services.sft_data.task import FACTS, PAIRS, VERDICT, Task
from services.sft_data.worker import Workers
from services.translation import _

FAILURES_IN_A_ROW = 3  # of the server, each after several attempts: after these it counts as gone
WRITING_SHARE = 0.1  # of the time, at most, goes into writing the JSONL file
KINDS = (FACTS, PAIRS, VERDICT)  # of work items, that this job asks for; others have their own


def run(settings: dict[str, Any], context: Context) -> dict[str, Any]:
    """Make question and answer pairs from the chunks of a project.

    Args:
        settings: ``project``, the settings of the phase "generate", ``dataset`` (default "sft_data") and optionally
            ``chunk_ids``, the chunks to ask about instead of all, or ``renew``: only those whose stale pairs nobody has
            judged, in their number, or ``retry``: only what failed, in the number that is missing. What was answered is read again first, which costs nothing.

    Returns:
        ``dataset``; ``pairs`` that passed; ``asked``: how many were wanted; ``rejected``: reason to number;
        ``failed``: ``chunk`` and ``reason`` of the chunks that gave nothing, in a mix nothing in one of its styles; ``missing``: reason to the number of pairs
        that were not made for it, which add up to ``asked`` less ``pairs``; ``cost``: in US dollars, where there are prices.

    Raises:
        UserError: there are no chunks, pairs are being made for the dataset already, the provider is not there, or it
            failed so often that going on is useless; what was made until then is saved.
        Cancelled: the person stopped it; what was made until then is saved.
    """
    project = Project.open(Path(settings["project"]))
    values = check("generate", settings)
    dataset = settings.get("dataset") or "sft_data"
    project.dataset_path(dataset)  # a bad name is found before any work is done
    with project.connect(is_read_only=True) as knowledge_base:
        dataset = knowledge_base.spelling_of(dataset)
        saved = knowledge_base.prompt_texts()
    if settings.get("retry") or settings.get("renew"):  # which know their style
        parts = {find_style(values["style"]).key: values["pairs"]}
    else:
        parts = parts_of(values)
    if len(parts) > 1:
        check_parts(parts, values, saved)
    budget, whole = Budget(values["budget"]), sum(parts.values())
    results: list[dict[str, Any]] = []
    begun = 0
    with project.lock_dataset(dataset):
        for style, pairs in parts.items():
            part = context.part(begun / whole, (begun + pairs) / whole) if len(parts) > 1 else context
            begun += pairs
            made = sum(result["pairs"] for result in results)
            of_style = {**values, "style": style, "pairs": pairs}
            results.append(_run_style(project, settings, of_style, dataset, budget, part, made))
    return _together(results)


def _run_style(
    project: Project, settings: dict[str, Any], values: dict[str, Any], dataset: str, budget: Budget, context: Context,
    made_before: int,
) -> dict[str, Any]:  # fmt: skip
    """The pairs of one style. made_before: of the styles before it."""
    with project.connect() as knowledge_base, ExitStack() as stack:
        chunk_ids = _chosen(knowledge_base, settings.get("chunk_ids"))
        retried = _failed_chunks(knowledge_base, dataset, values, chunk_ids) if settings.get("retry") else None
        if retried is not None:
            chunk_ids, values["pairs"] = list(retried), max(1, sum(retried.values()))
        is_renewal = bool(settings.get("renew"))
        if is_renewal:
            chunk_ids, values["pairs"] = _stale_chunks(knowledge_base, dataset, values["style"], chunk_ids)
        context.progress(0, values["pairs"], _("Looking for the provider"))
        source = make_source(values, context, knowledge_base.prompt_texts())
        if source:
            stack.callback(source.close)
            if not made_before and (sentence := privacy_sentence(source.provider)):
                context.warning(source.provider.name, sentence)
        knowledge_base.keep_dataset(dataset)
        return _Generation(
            project, knowledge_base, dataset, values, source, chunk_ids, context, retried, is_renewal, budget, made_before
        ).run()


def _together(results: list[dict[str, Any]]) -> dict[str, Any]:
    """What came of all styles of a mix; of one style as it is."""
    if len(results) == 1:
        return results[0]
    total = {key: sum(result[key] for result in results) for key in ("pairs", "asked")}
    reasons = {
        key: dict(sum((Counter(result[key]) for result in results), Counter[str]()).most_common())
        for key in ("rejected", "missing")
    }
    failed: dict[int, str] = {}
    for result in results:
        for failure in result["failed"]:
            failed.setdefault(failure["chunk"], failure["reason"])
    listed = [{"chunk": chunk_id, "reason": reason} for chunk_id, reason in sorted(failed.items())]
    cost = {"cost": results[-1]["cost"]} if "cost" in results[-1] else {}  # the budget is one
    return {"dataset": results[0]["dataset"], **total, **reasons, "failed": listed, **cost}


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


def _stale_chunks(
    knowledge_base: KnowledgeBase, dataset: str, style: str, usable: list[int]
) -> tuple[list[int], int]:
    """The chunks with pairs of a style to be made anew, in the order of the corpus, and how many pairs."""
    stale = knowledge_base.stale_chunks(dataset, style)
    if chosen := [chunk_id for chunk_id in usable if chunk_id in stale]:
        return chosen, sum(stale[chunk_id] for chunk_id in chosen)
    if others := [STYLES[key].label for key in knowledge_base.stale_styles(dataset) if key in STYLES]:
        raise UserError(
            _("No pair of this style has to be made anew, but some of others: {styles}.").format(styles=", ".join(others))
        )
    raise UserError(_("No pair of “{dataset}” has to be made anew.").format(dataset=dataset))


class _Generation:
    """One run of the job."""

    def __init__(
        self, project: Project, knowledge_base: KnowledgeBase, dataset: str, settings: dict[str, Any],
        source: ModelSource | None, chunk_ids: list[int], context: Context, retried: dict[int, int] | None,
        is_renewal: bool, budget: Budget, made_before: int,
    ) -> None:  # fmt: skip
        self._project, self._knowledge_base, self._dataset = project, knowledge_base, dataset
        self._settings, self._source, self._chunk_ids, self._context = settings, source, chunk_ids, context
        self._retried, self._is_renewal, self._made_before = retried, is_renewal, made_before
        self._wanted: int = settings["pairs"]
        self._tally = Tally(knowledge_base.coverage(dataset))
        self._budget, self._is_out_of_money = budget, False
        self._asking = Asking(knowledge_base, dataset, settings, source, self._tally) if source else None
        self._intake = Intake(
            knowledge_base, dataset, settings, source, self._asking, self._tally, self._budget, context
        )
        lengths = knowledge_base.token_counts(chunk_ids)
        shares = shares_of([lengths.get(chunk_id, 0) for chunk_id in chunk_ids])
        self._shares = dict(zip(chunk_ids, shares, strict=True))
        self._failures_in_a_row = 0
        self._next_write = 0.0
        self._in_flight = InFlight(fixed=settings["workers"])
        if source:
            if not source.provider.can_share:
                self._in_flight = InFlight(fixed=1)
            elif not source.provider.is_local:
                self._in_flight = InFlight(fixed=settings["workers"], start=START_FAR)
            for provider in source.providers():
                provider.listen(self._in_flight.refused)

    def run(self) -> dict[str, Any]:
        workers: Workers[Task] = Workers(self._in_flight, self._context)
        made = self._tally.made
        try:
            self._end_earlier_runs()
            if self._source and self._source.judge:
                self._work_off(self._unjudged(), workers)
            again = [(chunk_id, (self._retried or {})[chunk_id]) for chunk_id in self._chunk_ids if self._retried]
            self._work_off((task for asked in again for task in self._tasks(*asked)), workers)
            while made.total() < self._wanted and not self._is_out_of_money:
                left = [chunk_id for chunk_id in self._chunk_ids if chunk_id not in self._tally.done_with]
                round_ = self._plan(left, self._wanted - made.total())
                if not round_:
                    break
                self._work_off((task for asked in round_ for task in self._tasks(*asked)), workers)
        finally:
            self._take_late(workers)
            self._write(is_last=True)
        if self._is_out_of_money:
            text = _("The limit of {limit:g} US dollars is reached; {spent:.2g} are spent.")
            if self._budget.perhaps_spent:
                text += " " + _("Up to {lost:.2g} more may be billed for requests that were never answered.")
            budget = self._budget
            raise self._stopped(text.format(limit=budget.limit, spent=budget.spent, lost=budget.perhaps_spent))
        result = {
            "dataset": self._dataset,
            "pairs": made.total(),
            "asked": self._wanted,
            "rejected": dict(self._intake.sieve.rejected.most_common()),
            "failed": [{"chunk": chunk_id, "reason": reason} for chunk_id, reason in sorted(self._tally.failed.items())],
            "missing": self._tally.missing(self._wanted, self._chunk_ids),
        }
        return {**result, "cost": round(self._budget.spent, 6)} if self._budget.spent else result

    def _plan(self, chunk_ids: list[int], pairs: int) -> list[tuple[int, int]]:
        """How many pairs to ask each of these chunks for, at most so many in all."""
        per_chunk = self._settings["pairs_per_chunk"]
        if self._is_renewal:
            stale = self._knowledge_base.stale_chunks(self._dataset, self._settings["style"])
            return [(chunk_id, min(stale[chunk_id], per_chunk)) for chunk_id in chunk_ids if chunk_id in stale]
        counts = [(chunk_id, self._tally.coverage[chunk_id]) for chunk_id in chunk_ids]
        return plan(counts, pairs, per_chunk, [self._shares[chunk_id] for chunk_id in chunk_ids])

    def _end_earlier_runs(self) -> None:
        """Read what an earlier run was answered and did not come to read, or, at a retry, could not."""
        self._knowledge_base.end_unanswered(self._dataset, KINDS, _("The program ended before the reply came."))
        states = ("answered",) if self._retried is None else ("answered", "failed")
        for item in self._knowledge_base.items(self._dataset, KINDS, states, has_reply=True):
            self._intake.read_again(item)
        if self._retried is not None:  # what could be read now needs no asking
            failed = {row.chunk_id for row in self._knowledge_base.failures(self._dataset)}
            self._chunk_ids = [chunk_id for chunk_id in self._chunk_ids if chunk_id in failed]
        self._tally.begin()

    def _take_late(self, workers: Workers[Task]) -> None:
        """At the end: keep and read what came while the run ended; what came for nobody has its reason."""
        late = [(task, answer) for task, answer in workers.close() if isinstance(answer, Reply)]
        for task, reply in late:
            self._intake.keep(task, reply)
        for task, reply in late:
            self._intake.read(task, reply.text, reply.is_cut, is_late=True)
        reason = _("The run was ended before the reply came.")
        if self._is_out_of_money:
            reason = _("The limit of what may be spent was reached.")
        self._knowledge_base.end_unanswered(self._dataset, KINDS, reason)

    def _unjudged(self) -> Iterator[Task]:
        assert self._asking is not None
        for pair_id in self._knowledge_base.unjudged_pairs(self._dataset):
            if task := self._asking.verdict_task(pair_id):
                yield task

    def _work_off(self, tasks: Iterator[Task], workers: Workers[Task]) -> None:
        """Send these requests and what follows from their replies, as many at once as the provider likes.

        Returns when all have their end, or when there is no money for another one and nothing is on its way that could
        turn out cheaper than it might have been.
        """
        following: deque[Task] = deque()
        while True:
            upcoming, has_room = None, True
            while True:
                upcoming = upcoming or (following.popleft() if following else next(tasks, None))
                has_room = upcoming is None or self._budget.has_room(upcoming.cost_at_most())
                if upcoming is None or not has_room or not workers.may_ask():
                    break
                self._budget.reserve(upcoming.cost_at_most())
                workers.ask(upcoming)
                upcoming = None
            if not workers.running and not has_room:
                self._is_out_of_money = True
                return
            if upcoming is not None:
                following.appendleft(upcoming)
            elif not workers.running:
                return
            following.extend(self._settle(workers.answers(is_waiting=upcoming is not None and has_room)))
            self._show()

    def _tasks(self, chunk_id: int, count: int) -> list[Task]:
        """The requests about a chunk; none where it cannot be asked, or where nobody needs to be asked."""
        chunk = self._knowledge_base.chunk(chunk_id)
        if chunk is None or chunk.is_deleted or chunk.is_excluded:
            self._tally.leave_out(chunk_id, _("It was excluded or deleted meanwhile."))
            return []
        if not chunk.content.strip():
            self._tally.give_up(chunk_id, _("The chunk is empty."))
            return []
        self._context.progress(
            self._tally.made.total(), self._wanted, _("Asking about {source} [{number}]").format(
                source=chunk.source, number=chunk.chunk_index + 1
            )
        )  # fmt: skip
        if self._asking is not None:
            return self._asking.tasks(chunk, count)
        from services.sft_data.built_in_intake import take_built_in

        self._context.check()
        take_built_in(self._knowledge_base, self._dataset, self._settings, chunk, count, self._intake, self._tally)
        self._show()
        return []

    def _settle(self, answers: list[tuple[Task, Reply | BaseException]]) -> list[Task]:
        """Bring requests to their end, and say what follows from them. What is paid is kept before anything is read."""
        following: list[Task] = []
        for task, answer in answers:
            self._budget.release(task.cost_at_most())
            if isinstance(answer, Reply):
                self._intake.keep(task, answer)
            elif isinstance(answer, RequestFailed) and answer.may_cost:
                self._budget.lose(task.cost_at_most())
        for task, answer in answers:
            if isinstance(answer, Reply):
                self._failures_in_a_row = 0
                following += self._intake.read(task, answer.text, answer.is_cut)
        for task, answer in answers:
            if isinstance(answer, RequestFailed):
                self._settle_failure(task, answer)
            elif isinstance(answer, BaseException):
                raise answer
        self._intake.check_hope()
        return following

    def _settle_failure(self, task: Task, error: RequestFailed) -> None:
        self._intake.take_failure(task, error)
        self._failures_in_a_row = self._failures_in_a_row + 1 if error.is_server else 0
        if error.is_final or self._failures_in_a_row >= FAILURES_IN_A_ROW + self._in_flight.limit - 1:
            raise self._stopped(str(error)) from error

    def _stopped(self, reason: str) -> UserError:
        made = self._made_before + self._tally.made.total()
        if not made:
            return UserError(reason)
        return UserError(
            _("{reason} The {count} pairs made until then are kept; start again to make the rest.").format(
                reason=reason, count=made
            )
        )

    def _show(self) -> None:
        """Say what is new, once it is committed, and write it."""
        if self._intake.has_changed:
            self._intake.has_changed = False
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
