"""A training in a process of its own that the system may end when the memory is full: it goes on with less at once."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

from services.jobs import Child, ChildDied, Emit, archive_of
from services.project import Project, run_number
from services.training.at_once import AtOnce
from services.training.checkpoint import find_interrupted
from services.training.session import prefix_of
from services.translation import _

MOST_RESTARTS = 3


class TrainingChild(Child):
    """A ``Child`` of "cpt" or "sft" that is started again where the system has killed it.

    It goes on from its last checkpoint, with half of what was at once; without a checkpoint it begins again. What it
    learns is the same. A child that was stopped, killed by us or that failed in any other way is not started again.
    """

    def run(self, emit: Emit, cancelled: threading.Event) -> dict[str, Any]:
        for restart in range(MOST_RESTARTS + 1):
            try:
                return super().run(emit, cancelled)
            except ChildDied as death:
                if not death.is_by_system or restart == MOST_RESTARTS or self.folder is None:
                    raise
                text = self._prepare()
                if not text:
                    raise
            event = {"type": "warning", "subject": _("Training"), "text": text}
            with archive_of(self.folder) as archive:
                archive(event)
            emit(event)
        raise AssertionError("the last try ends in one way or the other")

    def _prepare(self) -> str:
        """Let the run go on with less; returns what is to be said of it, nothing where it cannot be had with less."""
        project, phase = Project(Path(self.settings["project"])), self.name
        name = self.settings.get("name") or "final"
        prefix, run = prefix_of(phase, name), run_number(self.folder)
        interrupted = find_interrupted(project.checkpoints_folder, prefix)
        # A stopped run of earlier days is not this one, unless this one goes on with it.
        is_mine = interrupted is not None and (self.settings.get("resume") or interrupted.record.run == run)
        folder = interrupted.folder if is_mine else project.checkpoints_folder / f"{prefix}-{run:04d}"
        before = AtOnce.read(folder)
        now = before.lowered() if before else None
        if before is None or now is None:  # it had not begun, or there is nothing left to lower
            return ""
        now.write(folder)
        self.settings = {**self.settings, "resume": bool(is_mine)}
        text = _("The system ended the training, most likely because the memory was full.") + " "
        if is_mine:
            text += _("It goes on from step {step}").format(step=f"{interrupted.step:,}") + " "
        else:
            text += _("It begins again") + " "
        if now.tokens < before.tokens:
            return text + _("with half as much text at once, {tokens} tokens; what is learnt is the same.").format(
                tokens=now.tokens
            )
        return text + _("and computes every layer twice, which takes longer; what is learnt is the same.")
