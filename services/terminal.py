"""Progress of a job on a terminal: one line that is rewritten, or a line now and then where there is no terminal."""

from __future__ import annotations

import shutil
import sys
import time
from typing import TextIO

from services.jobs import Event
from services.time_left import TimeLeft, say_time_left
from services.translation import _

_QUIET_S = 10.0  # between two lines when the output is a file


class Reporter:
    """Prints events to stderr, with the time left measured over the progress so far."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self.stream = stream or sys.stderr
        self.is_terminal = self.stream.isatty()
        self.left = TimeLeft()
        self._metric = ""
        self._shown_at = 0.0
        self._width = 0
        self._said = ""

    def __call__(self, event: Event) -> None:
        match event["type"]:
            case "progress":
                self._show(event)
            case "metric":
                parts = [f"{_('loss')} {event['loss']:.3f}"] if "loss" in event else []
                if "validation_loss" in event:
                    parts.append(f"{_('held out')} {event['validation_loss']:.3f}")
                self._metric = " · ".join(parts) or self._metric
            case "warning" | "note":
                self.line(f"{event['subject']}: {event['text']}")
            case "token":
                self.stream.flush()

    def line(self, text: str) -> None:
        """Print a line of its own."""
        self.finish()
        print(text, file=self.stream, flush=True)

    def finish(self) -> None:
        """End the rewritten line, so that what follows starts on a fresh one."""
        if self._width:
            self.stream.write("\r" + " " * self._width + "\r")
            self._width = 0
            self.stream.flush()

    def _show(self, event: Event) -> None:
        now = time.monotonic()
        self.left.add(now, event["done"], event["total"])
        is_over = bool(event["total"]) and event["done"] >= event["total"]
        due = 0.1 if self.is_terminal else _QUIET_S
        is_new = event["text"].split(" · ")[0] != self._said
        if now - self._shown_at < due and not is_over and not is_new:
            return
        self._shown_at, self._said = now, event["text"].split(" · ")[0]
        left_s = self.left.seconds(now)
        left = "" if left_s is None or is_over else say_time_left(left_s)
        share = f"{event['done'] / event['total']:4.0%}" if event["total"] else "    "
        text = " · ".join(filter(None, [f"{share} {event['text']}", self._metric, left]))
        if not self.is_terminal:
            print(text, file=self.stream, flush=True)
            return
        text = text[: shutil.get_terminal_size().columns - 1]
        self.stream.write("\r" + text.ljust(self._width))
        self._width = len(text)
        self.stream.flush()
