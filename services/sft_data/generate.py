"""The job that makes pairs: asks chunk by chunk, lets through what holds, and saves after every chunk."""

from __future__ import annotations

import queue
import threading
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from services.errors import UserError
from services.jobs import Context
from services.knowledge_base.pairs import NewPair
from services.knowledge_base.store import KnowledgeBase
from services.project import Project
from services.records import Chunk
from services.settings import check
from services.sft_data.coverage import plan
from services.sft_data.gate import REASONS, Gate
from services.sft_data.jsonl import write_dataset
from services.sft_data.known_question import KnownQuestions
from services.sft_data.parse import Parsed
from services.sft_data.provider import RequestFailed, privacy_sentence
from services.sft_data.source import Source, make_source
from services.sft_data.style import find_style
from services.translation import _

FAILURES_IN_A_ROW = 3  # of the server, each after several attempts: after these it counts as gone
UNUSABLE_IN_A_ROW = 20  # replies, before the first good one: the model cannot do it
FRUITLESS_ASKS = 2  # of one chunk, before it is left alone
WRITING_SHARE = 0.1  # of the time, at most, goes into writing the JSONL file


def run(settings: dict[str, Any], context: Context) -> dict[str, Any]:
    """Make question and answer pairs from the chunks of a project.

    Args:
        settings: ``project``, the settings of the phase "generate", ``dataset`` (default "sft_data") and optionally
            ``chunk_ids``, the chunks to ask about instead of all.

    Returns:
        ``dataset``; ``pairs`` that passed; ``asked``: how many were wanted; ``rejected``: reason to number;
        ``failed``: ``chunk`` and ``reason`` of the chunks that gave nothing.

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
        chunk_ids = _chosen(knowledge_base, settings.get("chunk_ids"))
        context.progress(0, values["pairs"], _("Looking for the provider"))
        source = make_source(values, context)
        stack.callback(source.close)
        if source.provider and (sentence := privacy_sentence(source.provider)):
            context.warning(source.provider.name, sentence)
        return _Generation(project, knowledge_base, dataset, values, source, chunk_ids, context).run()


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


@dataclass(frozen=True, slots=True)
class _Task:
    chunk: Chunk
    count: int
    seen: set[tuple[str, str]]
    known: list[str]
    attempt: int


class _Workers:
    """Threads that only wait for answers; the database stays with the job's own thread."""

    def __init__(self, source: Source, count: int, context: Context) -> None:
        self.count, self._context = count, context
        self._tasks: queue.Queue[_Task | None] = queue.Queue()
        self._answers: queue.Queue[tuple[_Task, Parsed | BaseException]] = queue.Queue()
        self._source = source
        self._threads = [threading.Thread(target=self._work, daemon=True, name=f"ask-{n}") for n in range(count)]
        for thread in self._threads:
            thread.start()

    def ask(self, task: _Task) -> None:
        self._tasks.put(task)

    def answer(self) -> tuple[_Task, Parsed | BaseException]:
        """The next answer, whichever it is. Raises: Cancelled, at once, whatever the threads are waiting for."""
        while True:
            self._context.check()
            try:
                return self._answers.get(timeout=0.1)
            except queue.Empty:
                continue

    def close(self) -> None:
        """Let the threads end; one that still waits for a server is not waited for."""
        for _thread in self._threads:
            self._tasks.put(None)
        for thread in self._threads:
            thread.join(timeout=1.0 / self.count)

    def _work(self) -> None:
        while (task := self._tasks.get()) is not None:
            try:
                answer: Parsed | BaseException = self._source.ask(
                    task.chunk, task.count, task.seen, task.known, task.attempt
                )
            except BaseException as error:  # it is raised again in the job's thread
                answer = error
            self._answers.put((task, answer))


class _Generation:
    """One run of the job."""

    def __init__(
        self, project: Project, knowledge_base: KnowledgeBase, dataset: str, settings: dict[str, Any], source: Source,
        chunk_ids: list[int], context: Context,
    ) -> None:  # fmt: skip
        self._project, self._knowledge_base, self._dataset = project, knowledge_base, dataset
        self._settings, self._source, self._chunk_ids, self._context = settings, source, chunk_ids, context
        self._wanted: int = settings["pairs"]
        self._gate = Gate(find_style(settings["style"]), is_translated=bool(settings["language"].strip()))
        self._questions = KnownQuestions(knowledge_base.known_questions(dataset))
        self._coverage = Counter(knowledge_base.coverage(dataset))
        self._made: Counter[int] = Counter()  # pairs of this run that passed, by chunk
        self._rejected: Counter[str] = Counter()
        self._failed: dict[int, str] = {}
        self._asks: Counter[int] = Counter()
        self._fruitless: Counter[int] = Counter()
        self._done_with: set[int] = set()
        self._failures_in_a_row = self._unusable_in_a_row = 0
        self._next_write = 0.0

    def run(self) -> dict[str, Any]:
        workers = _Workers(self._source, self._source.most_at_once, self._context)
        try:
            while self._made.total() < self._wanted:
                left = [
                    (chunk_id, self._coverage[chunk_id])
                    for chunk_id in self._chunk_ids
                    if chunk_id not in self._done_with
                ]
                round_ = plan(left, self._wanted - self._made.total(), self._settings["pairs_per_chunk"])
                if not round_:
                    break
                self._work_off(round_, workers)
        finally:
            workers.close()
            self._write(is_last=True)
        return {
            "dataset": self._dataset,
            "pairs": self._made.total(),
            "asked": self._wanted,
            "rejected": dict(self._rejected.most_common()),
            "failed": [{"chunk": chunk_id, "reason": reason} for chunk_id, reason in sorted(self._failed.items())],
        }

    def _work_off(self, round_: list[tuple[int, int]], workers: _Workers) -> None:
        """Ask every chunk of a round once, a few at the same time."""
        waiting, in_flight = iter(round_), 0
        while True:
            while in_flight < workers.count and (next_one := next(waiting, None)):
                if task := self._task(*next_one):
                    workers.ask(task)
                    in_flight += 1
            if not in_flight:
                return
            self._settle(*workers.answer())
            in_flight -= 1

    def _task(self, chunk_id: int, count: int) -> _Task | None:
        chunk = self._knowledge_base.chunk(chunk_id)
        if chunk is None or chunk.is_deleted or chunk.is_excluded:  # the person did that meanwhile
            self._done_with.add(chunk_id)
            return None
        if not chunk.content.strip():
            self._done_with.add(chunk_id)
            self._failed[chunk_id] = _("The chunk is empty.")
            return None
        self._context.progress(
            self._made.total(), self._wanted, _("Asking about {source} [{number}]").format(
                source=chunk.source, number=chunk.chunk_index
            )
        )  # fmt: skip
        seen = self._knowledge_base.seen_pairs(self._dataset, chunk_id)
        known = self._knowledge_base.known_questions(self._dataset, chunk_id)
        self._asks[chunk_id] += 1
        return _Task(chunk, count, seen, known, self._asks[chunk_id] - 1)

    def _settle(self, task: _Task, answer: Parsed | BaseException) -> None:
        """Bring one answer to a definite end: pairs in the table, or a chunk that failed with a reason."""
        if isinstance(answer, RequestFailed):
            self._settle_failure(task, answer)
        elif isinstance(answer, BaseException):
            raise answer
        elif answer.fault:
            self._failures_in_a_row = 0
            self._settle_unusable(task, answer.fault)
        else:
            self._failures_in_a_row = self._unusable_in_a_row = 0
            self._settle_pairs(task, answer)

    def _settle_failure(self, task: _Task, error: RequestFailed) -> None:
        if error.is_final:
            raise self._stopped(str(error)) from error
        if not error.is_server:
            self._failures_in_a_row = 0
            self._settle_unusable(task, str(error))
            return
        self._note_fruitless(task.chunk, str(error))
        self._failures_in_a_row += 1
        if self._failures_in_a_row >= FAILURES_IN_A_ROW + self._source.most_at_once - 1:
            raise self._stopped(str(error)) from error

    def _settle_unusable(self, task: _Task, reason: str) -> None:
        """The provider works and its reply does not; a model that never brings anything is not asked for ever."""
        self._note_fruitless(task.chunk, reason)
        self._unusable_in_a_row += 1
        if self._unusable_in_a_row >= UNUSABLE_IN_A_ROW and not self._made and self._source.provider:
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

    def _settle_pairs(self, task: _Task, answer: Parsed) -> None:
        """Test the candidates one by one until as many have passed as were asked for, and save them."""
        rows: list[NewPair] = []
        passed = 0
        for candidate in answer.candidates:
            if passed == task.count:
                break
            if (candidate.instruction, candidate.output) in task.seen:
                continue
            reason = self._gate.reason(candidate, task.chunk)
            if not reason and self._questions.has_near(candidate.instruction):
                reason = "duplicate"
            if reason:
                self._rejected[reason] += 1
            else:
                self._questions.add(candidate.instruction)
                passed += 1
            rows.append(
                NewPair(
                    candidate.instruction, candidate.output, task.chunk.id, self._gate.style.key,
                    "failed" if reason else "new", reason, self._settings["provider"], self._source.model,
                    candidate.evidence,
                )
            )  # fmt: skip
        if rows:
            self._knowledge_base.add_pairs(self._dataset, rows)
            self._context.changed("pair")
        if passed:
            self._made[task.chunk.id] += passed
            self._coverage[task.chunk.id] += passed
            self._fruitless[task.chunk.id] = 0
            self._failed.pop(task.chunk.id, None)
            self._write()
        elif rows:
            reasons = " ".join(sorted({REASONS[row.reason] for row in rows}))
            self._note_fruitless(task.chunk, _("None of its pairs passed: {reasons}").format(reasons=reasons))
        else:
            self._note_fruitless(task.chunk, _("It brought nothing new."))
        self._context.progress(self._made.total(), self._wanted, _("{count} pairs").format(count=self._made.total()))

    def _note_fruitless(self, chunk: Chunk, reason: str) -> None:
        """Count an ask that brought nothing; a chunk from which nothing came in this run is listed with the reason."""
        self._fruitless[chunk.id] += 1
        if not self._made[chunk.id]:
            self._failed[chunk.id] = reason
        if not self._source.is_repeatable or self._fruitless[chunk.id] >= FRUITLESS_ASKS:
            self._done_with.add(chunk.id)
            if self._source.provider and chunk.id in self._failed:
                self._context.warning(f"{chunk.source} [{chunk.chunk_index}]", reason)

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
