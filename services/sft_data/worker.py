"""Threads that send requests and wait; the database stays with the job's own thread."""

from __future__ import annotations

import contextlib
import queue
import threading
from typing import Generic, Protocol, TypeVar

from services.jobs import Context
from services.sft_data.in_flight import InFlight
from services.sft_data.provider import Reply


class Sendable(Protocol):
    def send(self) -> Reply:
        """Raises: RequestFailed; Cancelled."""


Task = TypeVar("Task", bound=Sendable)


class Workers(Generic[Task]):
    """As many threads as are needed; each takes a task, sends it, and hands back the reply or what went wrong."""

    def __init__(self, in_flight: InFlight, context: Context) -> None:
        self.running = 0
        self._in_flight, self._context = in_flight, context
        self._tasks: queue.Queue[Task | None] = queue.Queue()
        self._answers: queue.Queue[tuple[Task, Reply | BaseException]] = queue.Queue()
        self._threads: list[threading.Thread] = []

    def may_ask(self) -> bool:
        """Whether another request may be sent now."""
        return self._in_flight.wait_s(self.running) <= 0

    def ask(self, task: Task) -> None:
        self.running += 1
        self._in_flight.sent()
        self._tasks.put(task)
        if len(self._threads) < self.running:
            thread = threading.Thread(target=self._work, daemon=True, name=f"ask-{len(self._threads)}")
            self._threads.append(thread)
            thread.start()

    def answers(self, is_waiting: bool) -> list[tuple[Task, Reply | BaseException]]:
        """All answers that are there, at least one; none when another request may be sent before.

        is_waiting: there is something that could be sent.

        Raises:
            Cancelled: at once, whatever the threads are waiting for.
        """
        while True:
            self._context.check()
            wait_s = self._in_flight.wait_s(self.running) if is_waiting else float("inf")
            if wait_s <= 0:
                return []
            try:
                found = [self._answers.get(timeout=min(0.1, wait_s))]
            except queue.Empty:
                continue
            with contextlib.suppress(queue.Empty):
                while True:
                    found.append(self._answers.get_nowait())
            self.running -= len(found)
            for _task, answer in found:
                if not isinstance(answer, BaseException):
                    self._in_flight.answered()
            return found

    def close(self) -> list[tuple[Task, Reply | BaseException]]:
        """Let the threads end; one that still waits for a server is not waited for. Returns what nobody has read."""
        for _thread in self._threads:
            self._tasks.put(None)
        for thread in self._threads:
            thread.join(timeout=1.0 / len(self._threads))
        unread = []
        while not self._answers.empty():
            unread.append(self._answers.get())
        return unread

    def _work(self) -> None:
        while (task := self._tasks.get()) is not None:
            try:
                answer: Reply | BaseException = task.send()
            except BaseException as error:  # it is raised again in the job's thread
                answer = error
            self._answers.put((task, answer))
