"""What a training will take, before the button is pressed: tokens, steps, time, memory and disk, and what would help."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QToolTip, QVBoxLayout, QWidget

from gui import theme
from gui.job_thread import JobThread
from gui.mark import Mark
from gui.quantity import say_duration, say_size
from gui.shell import Shell
from gui.thread_end import connect_end
from services.errors import UserError
from services.training.plan import plan
from services.translation import _

DELAY_MS = 250
PARTS = {
    "weights": _("Weights of the base model"), "adapter": _("Adapter and optimizer"),
    "activations": _("Intermediate results"), "loss": _("Loss over the vocabulary"),
    "program": _("The program itself"),
}  # fmt: skip
SHORT_NAMES = {
    "wordings": _("wordings"), "batch_size": _("batch"), "epochs": _("epochs"), "max_seq_length": _("longest text"),
    "gradient_checkpointing": _("computing twice"),
}  # fmt: skip
SHOWN_MS = 60_000  # of a tool tip that was asked for


class PlanBox(QFrame):
    """Works the plan out in a thread, a moment after the last change.

    Signals:
        settings_suggested(dict): the person wants these settings, which make a training fit, or one of more steps.
        estimated(float): seconds that the training will take; 0 where nobody knows.
    """

    settings_suggested = Signal(object)
    estimated = Signal(float)

    def __init__(self, phase: str, shell: Shell, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._phase, self._shell = phase, shell
        self._settings: dict[str, Any] = {}
        self._thread: JobThread | None = None
        self._is_outdated = False
        self._plan: dict[str, Any] = {}
        self._speed: tuple[float, int] | None = None
        self._has_measured = False
        theme.set_role(self, "card")
        self.setAccessibleName(_("Plan"))
        self.title = QLabel(_("Plan"))
        theme.set_role(self.title, "caption")
        self.size = QLabel(textFormat=Qt.TextFormat.PlainText)
        theme.set_role(self.size, "strong")
        self.time = QLabel(textFormat=Qt.TextFormat.PlainText)
        self.memory = QLabel(wordWrap=True, textFormat=Qt.TextFormat.PlainText)
        self._memory_mark = Mark("check", "success")
        self.parts_button = QPushButton(_("By part"))
        theme.set_role(self.parts_button, "link")
        self.parts_button.clicked.connect(self._open_parts)
        self.fit_button = QPushButton()
        theme.set_role(self.fit_button, "link")
        self.fit_button.clicked.connect(self._suggest_fit)
        self.warning = QLabel(wordWrap=True, textFormat=Qt.TextFormat.PlainText)
        theme.set_role(self.warning, "caption")
        self._mark = Mark("warning", "warning")
        self.suggest_button = QPushButton()
        theme.set_role(self.suggest_button, "link")
        self.suggest_button.clicked.connect(self._suggest)
        row = QHBoxLayout()
        row.setSpacing(6)
        row.addWidget(self._mark, alignment=Qt.AlignmentFlag.AlignTop)
        row.addWidget(self.warning, 1)
        memory = QHBoxLayout()
        memory.setSpacing(6)
        memory.addWidget(self._memory_mark, alignment=Qt.AlignmentFlag.AlignVCenter)
        memory.addWidget(self.memory, 1)
        memory.addWidget(self.parts_button, alignment=Qt.AlignmentFlag.AlignVCenter)
        column = QVBoxLayout(self)
        column.setContentsMargins(12, theme.GAP, 12, theme.GAP)
        column.setSpacing(2)
        for widget in (self.title, self.size, self.time):
            column.addWidget(widget)
        column.addLayout(memory)
        column.addWidget(self.fit_button, alignment=Qt.AlignmentFlag.AlignLeft)
        column.addLayout(row)
        column.addWidget(self.suggest_button, alignment=Qt.AlignmentFlag.AlignLeft)
        self._timer = QTimer(self, singleShot=True, interval=DELAY_MS)
        self._timer.timeout.connect(self._work_out)
        self._show()

    def refresh(self, settings: dict[str, Any]) -> None:
        """Plan with these settings of the phase, soon."""
        self._settings = settings
        self._timer.start()

    def set_speed(self, tokens_per_second: float, run: int) -> None:
        """How fast an earlier run of the same model was, for the estimate of the time; 0: there is none."""
        self._speed = (tokens_per_second, run) if tokens_per_second > 0 else None
        self._show()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        if self._is_outdated and self._thread is None:
            self._work_out()

    def _work_out(self) -> None:
        """Now, or as soon as the last plan is there and somebody looks: it counts what the work in another tab needs time for."""
        self._is_outdated = self._thread is not None or not self.isVisible()
        if self._is_outdated:
            return
        project, phase, settings = self._shell.project, self._phase, self._settings
        self._thread = self._shell.run_beside(lambda _emit, _cancelled: plan(project, phase, settings))
        self._thread.succeeded.connect(self._take)
        self._thread.failed.connect(self._take_failure)
        connect_end(self._thread, self._finish)

    def _finish(self, _outcome: object = None) -> None:
        self._thread = None
        if self._is_outdated:
            self._work_out()

    def _take(self, result: dict[str, Any]) -> None:
        self._plan = result
        self._show()
        if result.get("memory") and result.get("seconds") is None and not self._has_measured and not self._shell.is_busy:
            self._has_measured = True  # a second, in a process of its own, and then never again on this machine
            self._shell.start_beside("measure", {}).succeeded.connect(self._timer.start)

    def _take_failure(self, error: UserError) -> None:
        self._plan = {"warnings": [str(error)]}
        self._show()

    def _show(self) -> None:
        tokens, steps = self._plan.get("tokens", 0), self._plan.get("steps", 0)
        nothing = _("Nothing to learn from yet") if self._plan else _("Counting…")
        self.size.setText(self._plan["text"] if tokens else nothing)
        self.time.setText(self._say_time(tokens) if tokens and steps else " ")
        self.estimated.emit(self._seconds(tokens) if tokens and steps else 0.0)
        warnings = self._plan.get("warnings") or []
        self.warning.setText("\n".join(warnings))
        self.warning.setVisible(bool(warnings))
        self._mark.setVisible(bool(warnings))
        self._show_memory()
        changes = self._plan.get("more_steps") or {}
        self.suggest_button.setVisible(bool(changes))
        self.suggest_button.setText(say_settings(changes))

    def _show_memory(self) -> None:
        memory, fits = self._plan.get("memory"), self._plan.get("fits")
        changes = self._plan.get("changes") or {}
        self.memory.setText(self._say_memory())
        self.memory.setVisible(bool(self.memory.text()))
        is_judged = bool(memory) and not self._shell.is_busy
        self._memory_mark.setVisible(is_judged)
        self._memory_mark.show_icon(*(("check", "success") if fits else ("warning", "warning")))
        theme.set_role(self.memory, "" if memory else "caption")
        self.parts_button.setVisible(bool(memory))
        self.fit_button.setVisible(is_judged and bool(changes))
        self.fit_button.setText(say_settings(changes))
        parts = self._say_parts() if memory else ""
        self.memory.setToolTip(parts)
        self.parts_button.setToolTip(parts)

    def _say_memory(self) -> str:
        memory, disk = self._plan.get("memory"), self._plan.get("disk")
        if not memory:
            return self._plan.get("unknown", "") if self._plan.get("tokens") else ""
        needed = memory["needed"] / 2**30
        if self._shell.is_busy:  # what runs has some of it, and will give it back
            return _("{needed:.1f} GB of memory").format(needed=needed)
        text = _("{needed:.1f} of {free:.1f} GB").format(needed=needed, free=memory["free"] / 2**30)
        if self._plan["fits"]:
            return _("{memory}: fits").format(memory=text)
        if disk["needed"] > disk["free"]:
            return _("The disk is too full: {needed} are needed, {free} are free").format(
                needed=say_size(disk["needed"]), free=say_size(disk["free"])
            )
        if self._plan.get("changes"):
            return _("{memory}: does not fit").format(memory=text)
        return _("{memory}: does not fit. Choose a smaller base model.").format(memory=text)

    def _open_parts(self) -> None:
        """With the keyboard too: a tool tip takes no room from the form."""
        place = self.parts_button.mapToGlobal(self.parts_button.rect().bottomLeft())
        QToolTip.showText(place, self.parts_button.toolTip(), self.parts_button, self.parts_button.rect(), SHOWN_MS)

    def _say_parts(self) -> str:
        memory, disk = self._plan["memory"], self._plan["disk"]
        rows = [(text, say_size(memory[part])) for part, text in PARTS.items()]
        rows.append((_("On the disk"), _("{needed} of {free} free").format(
            needed=say_size(disk["needed"]), free=say_size(disk["free"])
        )))  # fmt: skip
        lines = "".join(f"<tr><td>{text}</td><td align='right'>&nbsp;&nbsp;{size}</td></tr>" for text, size in rows)
        how = _("{tokens:,} tokens at once").format(tokens=memory["tokens"])
        if memory["recomputed"]:
            how += ", " + _("{count} of {layers} layers computed twice").format(
                count=memory["recomputed"], layers=memory["layers"]
            )
        if memory["four_bits"]:
            how += ", " + _("weights in four bits")
        return f"<table cellspacing='0' cellpadding='1'>{lines}</table>{how}"

    def _suggest(self) -> None:
        self.settings_suggested.emit(self._plan.get("more_steps") or {})

    def _suggest_fit(self) -> None:
        self.settings_suggested.emit(self._plan.get("changes") or {})

    def _say_time(self, tokens: int) -> str:
        seconds = self._seconds(tokens)
        if not seconds:
            return _("The first steps will show how long it takes")
        if self._speed is not None:
            return _("{duration}, at the speed of run {run:04d}").format(duration=say_duration(seconds), run=self._speed[1])
        return _("{duration}, by this computer's speed").format(duration=say_duration(seconds))

    def _seconds(self, tokens: int) -> float:
        if self._speed is not None:
            return tokens * self._plan.get("epochs", 1) / self._speed[0]
        return self._plan.get("seconds") or 0.0


def say_settings(changes: dict[str, Any]) -> str:
    """“Set longest text 1024, computing twice”: what a button says that makes the changes."""
    parts = [SHORT_NAMES[key] if value is True else f"{SHORT_NAMES[key]} {value}" for key, value in changes.items()]
    return _("Set {settings}").format(settings=", ".join(parts))
