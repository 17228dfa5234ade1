"""Long work: a job is a function ``run(settings, context)``, run here or in a child process with the same events.

The protocol is JSON lines. A job says ``progress``, ``metric``, ``token``, ``warning``, ``note``, ``changed``, and exactly one
last word: ``result``, ``cancelled``, ``failed`` or ``bug``. It hears ``stop`` and whatever else it understands
(``prompt`` and ``interrupt`` in a chat). A stream that ends without a last word means that the process died.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from services.errors import Cancelled, MemoryFull, UserError
from services.rank import ProcessLost, is_first_process, process_count, tell_launcher
from services.translation import _

JOBS = {
    "ingest": "services.documents.ingest:run",
    "recut": "services.documents.ingest:recut",
    "cpt": "services.training.cpt:run",
    "sft": "services.training.sft:run",
    "plan": "services.training.plan:run",
    "generate": "services.sft_data.generate:run",
    "export": "services.models.export:run",
    "download": "services.models.base:run",
    "pull": "services.sft_data.pull:run",
    "search": "services.models.search:run",
    "measure": "services.training.speed:run",
    "chat": "services.models.chat:run",
    "machine": "services.machine:run",
    "demo": "services.demo:run",
    "pack": "services.training.departure:run",
    "bring-back": "services.training.arrival:run",
}
LAST_WORDS = ("result", "cancelled", "failed", "bug")

# Time to save and leave after "stop", by job; training writes a checkpoint first.
GRACE_S = {"cpt": 120.0, "sft": 120.0, "demo": 120.0, "export": 30.0, "bring-back": 30.0}
DEFAULT_GRACE_S = 10.0
AWAKE = ("ingest", "recut", "cpt", "sft", "generate", "export", "download", "pull", "demo")  # the machine does not sleep meanwhile
TRAININGS = ("cpt", "sft")
UNHURRIED = ("ingest", "recut")  # as children they let the window go first
EXIT_GRACE_S = 15.0  # to end after the last word
# SIGKILL that nobody here sent, the same through a shell or a launcher, and what Windows says of its own full memory.
_ENDED_BY_SYSTEM = {-9, 137, 0xC0000017, 0xC000012D}

Event = dict[str, Any]
Emit = Callable[[Event], None]


class ChildDied(Exception):
    """The job's process ended without a last word. Its text says how, with the last lines of the log.

    code: its exit code; 0 where it was a bug of ours. is_by_system: the system ended it, as it does where memory is short.
    """

    def __init__(self, text: str, code: int = 0) -> None:
        super().__init__(text)
        self.code = code
        self.is_by_system = code in _ENDED_BY_SYSTEM


class Context:
    """What a job may say and hear. ``Context()`` is silent: for direct calls.

    Attributes:
        folder: the run's folder, where there is one.
        cancelled: set when the work is to stop; ``check()`` turns it into an exception.
        commands: what the parent says beside ``stop``, as dictionaries.
    """

    def __init__(
        self, emit: Emit | None = None, cancelled: threading.Event | None = None, folder: Path | None = None
    ) -> None:
        self._emit = emit or (lambda event: None)
        self.cancelled = cancelled or threading.Event()
        self.commands: queue.Queue[Event] = queue.Queue()
        self.folder = folder

    def check(self) -> None:
        """Raise Cancelled if the work is to stop."""
        if self.cancelled.is_set():
            raise Cancelled

    def progress(self, done: float, total: float, text: str = "") -> None:
        """How far the work is, in any unit; a total of 0 means that nobody knows."""
        self._emit({"type": "progress", "done": done, "total": total, "text": text})

    def metric(self, step: int, **values: float) -> None:
        """Numbers of one training step: loss, learning_rate, tokens_per_second, ..."""
        self._emit({"type": "metric", "step": step, **values})

    def token(self, text: str) -> None:
        self._emit({"type": "token", "text": text})

    def warning(self, subject: str, text: str) -> None:
        """Something went wrong with one thing, and the work goes on."""
        self._emit({"type": "warning", "subject": subject, "text": text})

    def note(self, subject: str, text: str) -> None:
        """Something worth knowing was decided; nothing is wrong."""
        self._emit({"type": "note", "subject": subject, "text": text})

    def changed(self, *tables: str) -> None:
        """Rows were committed: "document", "chunk", "pair", "model" or "run"."""
        self._emit({"type": "changed", "tables": list(tables)})

    def said(self, event: Event) -> None:
        """Any other event of a job's own."""
        self._emit(event)

    def part(self, share_start: float, share_end: float, text: str = "") -> Context:
        """A context for one part of the work: its progress counts as that share of the whole."""

        def emit(event: Event) -> None:
            if event["type"] == "progress":
                share = event["done"] / event["total"] if event["total"] else 0.0
                done = share_start + (share_end - share_start) * share
                event = {**event, "done": round(done, 5), "total": 1.0, "text": event["text"] or text}
            self._emit(event)

        part = Context(emit, self.cancelled, self.folder)
        part.commands = self.commands
        return part


def job_function(name: str) -> Callable[[dict[str, Any], Context], dict[str, Any]]:
    """The function behind a job's name; its module is imported now."""
    module, function = JOBS.get(name, name).split(":")
    return getattr(importlib.import_module(module), function)


def run_here(
    name: str, settings: dict[str, Any], emit: Emit, cancelled: threading.Event, folder: Path | None = None
) -> dict[str, Any]:
    """Run a job in this process and thread; its events are archived in the run's folder too.

    Raises:
        UserError, Cancelled: as the job does; any other exception is a bug.
    """
    with archive_of(folder) as archive:

        def both(event: Event) -> None:
            archive(event)
            emit(event)

        try:
            result = _work(name, settings, Context(both, cancelled, folder))
        except BaseException as error:
            archive(_last_word(error))
            raise
        archive({"type": "result", "value": result})
        return result


def _work(name: str, settings: dict[str, Any], context: Context) -> dict[str, Any]:
    """Run a job; the machine stays awake while a long one runs. Of several processes the first one sees to it."""
    from services.awake import awake

    is_long = name in AWAKE and is_first_process()
    with awake() if is_long else contextlib.nullcontext():
        return job_function(name)(settings, context)


def child_main(name: str, settings_file: str) -> int:
    """Run one job as a child process: events on stdout, commands on stdin, log on stderr."""
    out = os.fdopen(os.dup(1), "w", buffering=1, encoding="utf-8")
    os.dup2(2, 1)  # a library that prints goes to the log, never into the protocol
    if name in UNHURRIED:
        from services.machine import lower_priority

        lower_priority()
    if name in TRAININGS:
        from services.machine import end_first

        end_first()
    saying = threading.Lock()
    settings = json.loads(Path(settings_file).read_text("utf-8"))
    folder = Path(settings_file).parent if Path(settings_file).name == "settings.json" else None
    is_gone = threading.Event()

    with archive_of(folder) as archive:

        def emit(event: Event) -> None:
            with saying:
                archive(event)
                if is_gone.is_set() or not is_first_process():
                    return
                try:
                    out.write(json.dumps(event, ensure_ascii=False) + "\n")
                except OSError:  # the window is gone; the archive goes on
                    is_gone.set()

        context = Context(emit, threading.Event(), folder)

        def listen() -> None:
            with contextlib.suppress(ValueError, OSError):
                for line in sys.stdin:
                    command = json.loads(line)
                    if command.get("type") == "stop":
                        context.cancelled.set()
                    else:
                        context.commands.put(command)
            context.cancelled.set()  # a closed stdin: the window is gone

        if is_first_process():  # what several processes hear, none would hear whole
            if name in GRACE_S or name in AWAKE:
                _stop_on_signal(context.cancelled)
            threading.Thread(target=listen, daemon=True, name="commands").start()
        is_left_to_launcher = False  # which knows more, see services/training/launch.py
        if process_count() > 1:
            threading.Thread(target=_watch_launcher, args=(context.cancelled,), daemon=True, name="launcher").start()
        try:
            last: Event = {"type": "result", "value": _work(name, settings, context)}
        except BaseException as error:
            last, is_lost, is_full = _last_word(error), isinstance(error, ProcessLost), isinstance(error, MemoryFull)
            is_left_to_launcher = is_lost or (is_full and process_count() > 1)
            if last["type"] == "bug":
                print(last["text"], file=sys.stderr)
            is_cause = last["type"] != "cancelled" and not is_lost
            tell_launcher(last.get("text", ""), is_cause=is_cause, is_memory_full=is_full)
        if not is_left_to_launcher:
            emit(last)
    with contextlib.suppress(OSError):
        out.close()
    sys.stderr.flush()
    # The launcher of several processes goes by their codes: one that ends so takes the others along.
    is_well = last["type"] == "result" or (last["type"] == "cancelled" and not is_first_process())
    return int(process_count() > 1 and not is_well)


def _watch_launcher(cancelled: threading.Event) -> None:
    """Save and leave when the launcher is gone: nobody else would end what it started."""
    launcher = os.getppid()
    while not cancelled.wait(1.0):
        if os.getppid() != launcher:
            cancelled.set()


def _stop_on_signal(cancelled: threading.Event) -> None:
    """Save and leave when the system asks, as where a rented machine is taken back; asked again, leave at once."""

    def ask(_number: int, _frame: object) -> None:
        if cancelled.is_set():
            if process_count() > 1:
                return  # a launcher that stops says it more than once, and ends what does not leave
            raise KeyboardInterrupt
        cancelled.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, ask)


def child_command(name: str, settings_file: Path, processes: int = 1) -> list[str]:
    """How a child is started, from source and frozen; several processes through their launcher."""
    job = [*(["--launch", str(processes)] if processes > 1 else []), "--job", name, str(settings_file)]
    if getattr(sys, "frozen", False):
        # A windowed program on Windows has no stdin and stdout: its sibling has.
        console = Path(sys.executable).with_name("wissenswerk-console.exe")
        return [str(console) if console.exists() else sys.executable, *job]
    main = Path(__file__).resolve().parent.parent / "main.py"
    return [sys.executable, str(main), *job]


class Child:
    """One job in its own process. ``run`` blocks; ``send`` and ``kill`` may be called from any thread."""

    def __init__(
        self,
        name: str,
        settings: dict[str, Any],
        folder: Path | None = None,
        environment: Mapping[str, str] | None = None,
        grace_s: float | None = None,
    ) -> None:
        """
        Args:
            folder: the run's folder; without one, settings and log live in a temporary folder.
            environment: added to the child's environment: the only way for a secret to reach it.
            grace_s: time to leave after "stop" before the process tree is killed.
        """
        self.name, self.settings, self.folder = name, settings, folder
        self.grace_s = grace_s if grace_s is not None else GRACE_S.get(name, DEFAULT_GRACE_S)
        self._environment = {**os.environ, "PYTHONUNBUFFERED": "1", "PYTHONIOENCODING": "utf-8", **(environment or {})}
        self._process: subprocess.Popen[str] | None = None
        self._unsent: list[Event] = []
        self._sending = threading.Lock()
        self._is_killed = False

    def run(self, emit: Emit, cancelled: threading.Event) -> dict[str, Any]:
        """Run the job to its end; ``emit`` gets every event but the last.

        Raises:
            UserError, Cancelled: what the job's last word said.
            ChildDied: there was none, or it was a bug.
        """
        with contextlib.ExitStack() as stack:
            folder = self.folder
            if folder is None:
                folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="wissenswerk-", ignore_cleanup_errors=True)))
            settings_file = folder / ("settings.json" if self.folder else "job.json")
            known = json.loads(settings_file.read_text("utf-8")) if settings_file.exists() else {}
            settings = {**known, **self.settings}
            settings_file.write_text(json.dumps(settings, ensure_ascii=False, indent=2), "utf-8")
            log = folder / "log.txt"
            log_file = stack.enter_context(open(log, "ab"))
            last: Event | None = None
            done, gone = threading.Event(), threading.Event()
            with subprocess.Popen(
                child_command(self.name, settings_file, int(settings.get("processes") or 1)),
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log_file, text=True, encoding="utf-8",
                env=self._environment, creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
                start_new_session=True,  # Ctrl+C in a terminal is heard by the parent, which says “stop”
            ) as process:  # fmt: skip
                self._open(process)
                watcher = threading.Thread(target=self._watch, args=(cancelled, done, gone), name="watch", daemon=True)
                watcher.start()
                try:
                    assert process.stdout is not None
                    for line in process.stdout:  # ends when the child is gone, whatever killed it
                        try:
                            event = json.loads(line)
                        except ValueError:
                            continue  # a line cut by a kill
                        if event["type"] in LAST_WORDS:
                            last = event
                            done.set()
                        else:
                            emit(event)
                    code = process.wait()
                finally:
                    gone.set()
                    watcher.join()
                    with self._sending:
                        self._process = None
                        with contextlib.suppress(OSError):
                            if process.stdin:
                                process.stdin.close()
            return self._outcome(last, code, cancelled, log)

    def send(self, command: Event) -> None:
        """Say something to the child; nothing happens once it is gone."""
        with self._sending:
            if self._process is None:
                self._unsent.append(command)
                return
            self._write(command)

    def kill(self) -> None:
        """End the process tree now: its children first."""
        self._is_killed = True
        if (process := self._process) is not None:
            kill_tree(process.pid)

    def _open(self, process: subprocess.Popen[str]) -> None:
        with self._sending:
            self._process = process
            for command in self._unsent:
                self._write(command)
            self._unsent.clear()
        if self._is_killed:
            kill_tree(process.pid)

    def _write(self, command: Event) -> None:
        assert self._process is not None and self._process.stdin is not None
        with contextlib.suppress(OSError, ValueError):
            self._process.stdin.write(json.dumps(command, ensure_ascii=False) + "\n")
            self._process.stdin.flush()

    def _watch(self, cancelled: threading.Event, done: threading.Event, gone: threading.Event) -> None:
        """Ask, wait, then kill; and kill a child that hangs after its last word."""
        is_asked, deadline = False, None
        while not gone.wait(0.05):
            now = time.monotonic()
            if done.is_set():
                if deadline is None or is_asked:
                    deadline, is_asked = now + EXIT_GRACE_S, False
            elif cancelled.is_set() and deadline is None:
                self.send({"type": "stop"})
                is_asked, deadline = True, now + self.grace_s
            if deadline is not None and now > deadline:
                self.kill()
                return

    def _outcome(self, last: Event | None, code: int, cancelled: threading.Event, log: Path) -> dict[str, Any]:
        if last is None:
            if cancelled.is_set() or self._is_killed:
                raise Cancelled
            raise ChildDied(_death(self.name, code, log), code)
        if last["type"] == "failed":
            raise UserError(last["text"])
        if last["type"] == "cancelled":
            raise Cancelled
        if last["type"] == "bug":
            raise ChildDied(last["text"])
        return last["value"]


def kill_tree(pid: int) -> None:
    """Kill a process and everything that it started."""
    import psutil

    with contextlib.suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        for each in [*process.children(recursive=True), process]:
            with contextlib.suppress(psutil.NoSuchProcess):
                each.kill()


def read_events(folder: Path, last_bytes: int | None = None) -> Iterator[Event]:
    """The archived events of a run; a last line cut by a crash is left out.

    Args:
        last_bytes: read no more than so much of the end: a long training has millions of lines.
    """
    path = folder / "events.jsonl"
    if not path.exists():
        return
    with open(path, "rb") as lines:
        if last_bytes is not None and path.stat().st_size > last_bytes:
            lines.seek(-last_bytes, os.SEEK_END)
            lines.readline()  # what is left of a line
        for line in lines:
            try:
                event = json.loads(line)
            except ValueError:
                continue
            if isinstance(event, dict) and "type" in event:
                yield event


@contextlib.contextmanager
def archive_of(folder: Path | None) -> Iterator[Emit]:
    """Write events to ``events.jsonl`` of the run. Under several processes only the first one writes."""
    if folder is None or not is_first_process():
        yield lambda event: None
        return
    with open(folder / "events.jsonl", "a", encoding="utf-8", buffering=1) as file:

        def write(event: Event) -> None:
            if event["type"] not in ("token", "changed"):
                file.write(json.dumps({**event, "at": round(time.time(), 3)}, ensure_ascii=False) + "\n")

        yield write


def _last_word(error: BaseException) -> Event:
    if isinstance(error, (Cancelled, KeyboardInterrupt)):
        return {"type": "cancelled"}
    if isinstance(error, UserError):
        return {"type": "failed", "text": str(error)}
    if isinstance(error, OSError) and error.errno in (28, 122):  # ENOSPC, EDQUOT
        return {"type": "failed", "text": _("There is no room left on the disk. Free some space and start again.")}
    return {"type": "bug", "text": "".join(traceback.format_exception(error))}


def _death(name: str, code: int, log: Path) -> str:
    """What is known of a process that died, in words."""
    if code < 0:
        with contextlib.suppress(ValueError):
            how = signal.Signals(-code).name
        how = how if "how" in locals() else str(-code)
        text = _("The process of “{name}” was ended by the system ({signal}).").format(name=name, signal=how)
        if how == "SIGKILL":
            text += " " + _("Often the memory was full: choose a smaller model, a smaller batch or shorter texts.")
    else:
        text = _("The process of “{name}” ended with code {code}.").format(name=name, code=code)
    tail = log.read_text("utf-8", errors="replace").splitlines()[-12:] if log.exists() else []
    return "\n".join([text, *tail])
