"""Processes that read files, and the limits that are set to them.

A hostile file (one that loops, or grows to gigabytes as it is opened) costs its process and itself, with its reason,
and nothing else: the process is replaced, and the files after it are read. The process hears requests and answers with
JSON lines; when its parent is gone it ends.
"""

from __future__ import annotations

import base64
import contextlib
import functools
import gc
import json
import os
import queue
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from services.documents.piece import Pieces, piece_to_json
from services.documents.reader import Cut, prepare
from services.documents.reader_start import end_waiting, start_reader
from services.errors import UserError
from services.jobs import kill_tree
from services.translation import _

if TYPE_CHECKING:
    from services.documents.pdf_picture import PagePicture

_SHARE_EVERY_S, _SHARE_NOT_BEFORE_S = 0.5, 0.05
_NEW_OBJECTS = 50_000  # after which garbage is collected: the lines of a document are many, and hold each other rarely
_WATCH_EVERY_S = 0.1
_AHEAD = 2  # files given to a process: the one it reads and the next, so that it never waits for us
_MOST_FALSE_STARTS = 3
_WAITING_ANSWERS = 8  # then the processes wait for us, and memory stays flat
_SPARE_MB = 1024  # of address space, for libraries, above the limit that is watched


@dataclass(frozen=True, slots=True)
class Limits:
    """timeout_s: without any progress. memory_mb: of a reading process."""

    timeout_s: float = 120.0
    memory_mb: int = 2048


@dataclass(frozen=True, slots=True)
class Work:
    """A file to be read. key: whatever its owner knows it by. name: for sentences. how: to be cut, if not as all are."""

    key: int
    path: Path
    name: str
    how: Cut | None = None


# The process's side


def serve() -> int:
    """Read files for the parent until it closes our stdin."""
    from services.machine import lower_priority

    out = os.fdopen(os.dup(1), "w", encoding="utf-8", errors="backslashreplace")
    os.dup2(2, 1)  # a library that prints goes to the log, never between the answers
    lower_priority()
    gc.set_threshold(_NEW_OBJECTS, 10, 10)
    requests: queue.Queue[dict[str, Any]] = queue.Queue()

    def listen() -> None:
        with contextlib.suppress(ValueError, OSError):
            for line in sys.stdin:
                requests.put(json.loads(line))
        os._exit(0)  # the parent is gone; whatever is being read is of no use to anybody

    threading.Thread(target=listen, daemon=True, name="requests").start()
    if requests.empty():  # our parent is loading too: be ready for what most files need
        import pypdfium2  # noqa: F401

        import services.documents.cleaning
        import services.documents.pdf
        import services.documents.quality
        import services.documents.splitter  # noqa: F401

    def say(answer: dict[str, Any]) -> None:
        out.write(json.dumps(answer, ensure_ascii=False) + "\n")
        out.flush()

    memory_mb = 0
    while not memory_mb or _memory_mb(os.getpid()) < memory_mb / 2:  # a process that has grown large makes room for a new one
        request = requests.get()
        memory_mb = request["memory_mb"]
        _limit_memory(memory_mb)
        say({"begun": True})
        try:
            _ACTS[request["do"]](request, say)
        except UserError as error:
            say({"failed": str(error)})
        except MemoryError:
            say({"failed": _too_much_memory(request["name"], memory_mb)})
        except OSError as error:
            say({"failed": _("It cannot be opened: {reason}.").format(reason=error.strerror or error)})
    return 0


def _memory_mb(process_id: int) -> float:
    """Of a process; 0 where it has ended."""
    if sys.platform.startswith("linux"):  # psutil takes as long to load as a page to be read
        with contextlib.suppress(OSError):
            return int(Path(f"/proc/{process_id}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20
        return 0.0
    import psutil

    with contextlib.suppress(psutil.Error):
        return psutil.Process(process_id).memory_info().rss / 2**20
    return 0.0


def _read(request: dict[str, Any], say: Callable[[dict[str, Any]], None]) -> None:
    said_share, said_at = -1.0, 0.0

    def report(share: float) -> None:
        nonlocal said_share, said_at
        since = time.monotonic() - said_at
        if (share >= said_share + 0.01 and since > _SHARE_NOT_BEFORE_S) or since > _SHARE_EVERY_S:
            said_share, said_at = share, said_at + since
            say({"share": round(share, 4)})

    tokenizer = _load_tokenizer(request["tokenizer"])
    report(0.0)  # what had to be loaded does not count against the file
    for piece in prepare(Path(request["path"]), tokenizer, Cut(*request["cut"]), report):
        say({"piece": piece_to_json(piece)})
    say({"done": True})


def _draw(request: dict[str, Any], say: Callable[[dict[str, Any]], None]) -> None:
    from services.documents.pdf_picture import render_page

    picture = render_page(Path(request["path"]), request["page"], request["width"], request["passage"])
    say({
        "png": base64.b64encode(picture.png).decode("ascii"), "width": picture.width, "height": picture.height,
        "page_count": picture.page_count, "marks": picture.marks, "done": True,
    })  # fmt: skip


_ACTS = {"read": _read, "draw": _draw}


@functools.lru_cache(maxsize=1)
def _load_tokenizer(name: str) -> Any:
    from services.documents.tokenizer import load_tokenizer

    return load_tokenizer(name)


def _limit_memory(memory_mb: int) -> None:
    """Where the system enforces a limit it is set: the watch of the parent looks only every so often."""
    if not sys.platform.startswith("linux"):
        return
    import resource

    limit = (memory_mb + _SPARE_MB) * 2**20
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_DATA, (limit, resource.getrlimit(resource.RLIMIT_DATA)[1]))


# The parent's side


class ReaderProcess:
    """One process, and the threads that listen to it and watch it.

    What it answers is put into ``answers`` as ``(process, answer)``; its end as ``(process, None)``.
    """

    def __init__(self, answers: queue.Queue[tuple[ReaderProcess, dict[str, Any] | None]], limits: Limits) -> None:
        self._answers, self._limits = answers, limits
        self._killed_for = ""  # "time" or "memory"
        self._heard_at = time.monotonic()
        self._is_waiting, self._is_idle = False, True  # idle: no progress is expected
        self._gone = threading.Event()
        self._process = start_reader()
        self._threads = [threading.Thread(target=target, daemon=True) for target in (self._listen, self._watch)]
        for thread in self._threads:
            thread.start()

    def ask(self, request: dict[str, Any]) -> None:
        """Send a request; a process that is gone says so in ``answers``."""
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):
            self._process.stdin.write(json.dumps({**request, "memory_mb": self._limits.memory_mb}) + "\n")
            self._process.stdin.flush()

    def kill(self) -> None:
        """End the process; its last word, None, may still wait for room in the queue."""
        if sys.platform == "win32":
            kill_tree(self._process.pid)
        elif self._process.returncode is None:  # a session of its own, with all that it started
            with contextlib.suppress(OSError):
                os.killpg(self._process.pid, signal.SIGKILL)

    def close(self) -> None:
        """To be called when its last word was heard."""
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):
            self._process.stdin.close()
        for thread in self._threads:
            thread.join()

    def why_gone(self, name: str) -> str:
        """The sentence for the file that it was reading when it ended."""
        if self._killed_for == "time":
            return _(
                "{name} was given up: nothing of it could be read for {seconds:.0f} seconds. It is damaged, or made to hold "
                "readers up. Open it in the program that made it, save it again, and add that."
            ).format(name=name, seconds=self._limits.timeout_s)
        if self._killed_for == "memory":
            return _too_much_memory(name, self._limits.memory_mb)
        code = self._process.wait()
        how = str(code)
        if code < 0:
            with contextlib.suppress(ValueError):
                how = signal.Signals(-code).name
        return _("{name} is damaged: its reader crashed ({how}). Open it in the program that made it, save it again, and add "
                 "that.").format(name=name, how=how)  # fmt: skip

    def _listen(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as lines:
            for line in lines:
                try:
                    answer = json.loads(line)
                except ValueError:
                    continue  # cut by a kill
                self._put(answer)
        self._gone.set()
        self._process.wait()
        self._put(None)

    def _put(self, answer: dict[str, Any] | None) -> None:
        self._is_waiting = True  # for us, not for the file
        self._is_idle = answer is None or "done" in answer or "failed" in answer
        self._answers.put((self, answer))
        self._heard_at, self._is_waiting = time.monotonic(), False

    def _watch(self) -> None:
        while not self._gone.wait(_WATCH_EVERY_S):
            if _memory_mb(self._process.pid) > self._limits.memory_mb:
                self._killed_for = "memory"
            elif (
                not self._is_idle
                and not self._is_waiting
                and time.monotonic() - self._heard_at > self._limits.timeout_s
            ):
                self._killed_for = "time"
            if self._killed_for:
                self.kill()
                return


class Readers:
    """Reads files side by side in as many processes as asked for."""

    def __init__(self, count: int, tokenizer: str, how: Cut, limits: Limits) -> None:
        self._count, self._limits = max(1, count), limits
        self.tokenizer = tokenizer
        self._how = how
        self._answers: queue.Queue[tuple[ReaderProcess, dict[str, Any] | None]] = queue.Queue(_WAITING_ANSWERS)
        self._assigned: dict[ReaderProcess, deque[Work]] = {}
        self._pieces: dict[ReaderProcess, Pieces] = {}  # of the file that it has begun

    def __enter__(self) -> Self:
        return self

    def start(self) -> None:
        """Start the processes before there is something to read: they load while their parent does."""
        while len(self._assigned) < self._count:
            self._assigned[ReaderProcess(self._answers, self._limits)] = deque()
        end_waiting()

    def __exit__(self, *_exception: object) -> None:
        for pieces in self._pieces.values():
            pieces.close()
        for process in self._assigned:
            process.kill()
        while self._assigned:
            process, answer = self._answers.get()
            if answer is None and self._assigned.pop(process, None) is not None:
                process.close()

    def read(
        self, works: Iterable[Work], check: Callable[[], None], report: Callable[[Work, float], None]
    ) -> Iterator[tuple[Work, Pieces | str]]:
        """Each file with what is in it, or with the sentence that says why it cannot be read; as they get done.

        What is in a file is at hand until the next one is asked for.

        Args:
            works: taken as they are needed.
            check: called several times a second; may raise, to stop.
            report: told the share of a file that is done.
        """
        waiting = iter(works)
        again: deque[Work] = deque()  # given to a process that died before it came to them
        false_starts = 0  # processes in a row that died before they began to read
        while True:
            self._hand_out(waiting, again)
            if not any(self._assigned.values()):
                return
            check()
            try:
                process, answer = self._answers.get(timeout=0.1)
            except queue.Empty:
                continue
            if answer is None:
                assigned = self._assigned.pop(process)
                process.close()
                has_begun = self._end_file(process)
                work = assigned.popleft() if has_begun else None
                again.extend(assigned)
                false_starts += bool(assigned) and not has_begun
                if false_starts == _MOST_FALSE_STARTS:
                    raise RuntimeError("Reading processes end before they begin to read: see the lines above.")
                if work is not None:
                    yield work, process.why_gone(work.name)
            elif "begun" in answer:
                self._pieces[process], false_starts = Pieces(), 0
            elif "share" in answer:
                report(self._assigned[process][0], answer["share"])
            elif "piece" in answer:
                self._pieces[process].add(answer["piece"])
            else:
                work = self._assigned[process].popleft()
                yield work, answer["failed"] if "failed" in answer else self._pieces[process]
                self._end_file(process)

    def _end_file(self, process: ReaderProcess) -> bool:
        """Drop what came of the file that a process read; whether it had begun with one."""
        pieces = self._pieces.pop(process, None)
        if pieces is not None:
            pieces.close()
        return pieces is not None

    def _hand_out(self, waiting: Iterator[Work], again: deque[Work]) -> None:
        """Give every process something to read, the idlest first; start one where there is more to do than hands."""
        while True:
            process = min(self._assigned, key=lambda one: len(self._assigned[one]), default=None)
            is_new = process is None or (self._assigned[process] and len(self._assigned) < self._count)
            if not is_new and process is not None and len(self._assigned[process]) >= _AHEAD:
                return
            work = again.popleft() if again else next(waiting, None)
            if work is None:
                return
            if is_new or process is None:
                process = ReaderProcess(self._answers, self._limits)
                self._assigned[process] = deque()
            self._assigned[process].append(work)
            how = work.how or self._how
            process.ask({
                "do": "read", "cut": [how.chunk_size, how.chunk_overlap, how.splitter], "tokenizer": self.tokenizer,
                "path": str(work.path), "name": work.name,
            })  # fmt: skip


class PagePictures:
    """Draws pages of PDFs in a process of their own. Blocks; one caller at a time."""

    LIMITS = Limits(timeout_s=20.0)

    def __init__(self) -> None:
        self._answers: queue.Queue[tuple[ReaderProcess, dict[str, Any] | None]] = queue.Queue()
        self._process: ReaderProcess | None = None
        self._drawing = threading.Lock()

    def picture(self, path: Path, page: int, width: int, passage: str = "") -> PagePicture:
        """The page (counted from 1) at that width in pixels, with the places of the passage.

        Raises:
            UserError: the file is gone or cannot be drawn.
        """
        from services.documents.pdf_picture import PagePicture

        with self._drawing:
            if self._process is None:
                self._process = ReaderProcess(self._answers, self.LIMITS)
            process = self._process
            process.ask({
                "do": "draw", "path": str(path), "name": path.name, "page": page, "width": width, "passage": passage,
            })  # fmt: skip
            answer: dict[str, Any] | None = {"begun": True}
            while answer is not None and "begun" in answer:
                answer = self._answers.get()[1]
            if answer is None:
                self._process = None
                process.close()
                raise UserError(process.why_gone(path.name))
        if "failed" in answer:
            raise UserError(answer["failed"])
        return PagePicture(
            base64.b64decode(answer["png"]), answer["width"], answer["height"], answer["page_count"],
            tuple(tuple(mark) for mark in answer["marks"]),
        )  # fmt: skip

    def close(self) -> None:
        """End the process, if there is one."""
        with self._drawing:
            if self._process is not None:
                self._process.kill()
                while self._answers.get()[1] is not None:
                    pass
                self._process.close()
                self._process = None


def _too_much_memory(name: str, memory_mb: int) -> str:
    return _("{name} was given up: reading it took more than {limit:,} MB of memory. Divide it into parts, or raise the limit "
             "in the settings.").format(name=name, limit=memory_mb)  # fmt: skip
