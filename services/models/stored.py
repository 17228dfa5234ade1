"""What trainings left in ``models/``, and the room it takes: CPT models, final models, checkpoints."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from services.models.provenance import read_provenance
from services.project import Project
from services.records import RunRecord
from services.training.checkpoint import find_interrupted, latest_checkpoint
from services.translation import _, ngettext

_CHECKPOINTS = re.compile(r"(cpt|sft-(.+))-(\d+)")


@dataclass(frozen=True, slots=True)
class Stored:
    """One folder.

    kind: "cpt" (the project's CPT model), "earlier_cpt", "final" or "checkpoints"; phase: "cpt" or "sft".
    name: of the final model, or of the one that the checkpoints belong to; "" in phase 2.
    run: that made it; of checkpoints, that began.
    """

    path: Path
    kind: str
    phase: str
    name: str
    run: int
    size_bytes: int


def stored(project: Project) -> list[Stored]:
    """Everything that trainings left, models first."""
    found = []
    cpt = project.cpt_model_folder
    for folder in sorted(project.models_folder.glob(f"{cpt.name}*")):
        if (folder == cpt or folder.name.startswith(f"{cpt.name}-")) and (folder / "adapter_config.json").exists():
            found.append(_model(folder, "cpt" if folder == cpt else "earlier_cpt", "cpt", ""))
    found += [_model(project.models_folder / name, "final", "sft", name) for name in project.final_models()]
    for folder in sorted(project.checkpoints_folder.glob("*")):
        if match := _CHECKPOINTS.fullmatch(folder.name):
            phase = "sft" if match[2] else "cpt"
            found.append(Stored(folder, "checkpoints", phase, match[2] or "", int(match[3]), folder_bytes(folder)))
    return found


def by_run(found: Sequence[Stored], runs: Sequence[RunRecord]) -> dict[int, list[Stored]]:
    """Run number to what it left. Checkpoints belong to the last run that went on from them."""
    lefts: dict[int, list[Stored]] = {}
    for each in found:
        number = each.run
        if each.kind == "checkpoints":
            number = max((run.number for run in runs if run.settings.get("continues") == number), default=number)
        lefts.setdefault(number, []).append(each)
    return lefts


def label(each: Stored) -> str:
    """What a person calls it."""
    if each.kind == "final":
        return _("the final model") if each.name == "final" else _("the variant “{name}”").format(name=each.name)
    if each.kind == "checkpoints":
        return _("the checkpoints of run {number:04d}").format(number=each.run)
    return _("the CPT model") if each.kind == "cpt" else _("the earlier CPT model of run {number:04d}").format(number=each.run)


def consequences(project: Project, parts: Sequence[Stored]) -> list[str]:
    """What can no longer be done without these, and what can: one sentence each."""
    texts = []
    for each in parts:
        if each.kind == "cpt":
            texts.append(_("Without the CPT model, nothing can be trained in tab 4 until tab 2 has made another one."))
            texts += _resting_on_cpt(project, parts)
        elif each.kind == "earlier_cpt":
            texts.append(_("No model needs the earlier CPT model any more: those that were made from it are complete."))
        elif each.kind == "final":
            texts.append(
                _("“{name}” can no longer be talked to or exported then. What was exported stays.").format(name=each.name)
            )
        elif checkpoint := latest_checkpoint(each.path):
            step = int(checkpoint.name.rpartition("-")[2])
            texts.append(
                _("Run {number:04d} could go on from step {step:,}: without its checkpoints it cannot.").format(
                    number=each.run, step=step
                )
            )
    return texts


def _resting_on_cpt(project: Project, parts: Sequence[Stored]) -> list[str]:
    """Final models are whole; a stopped SFT training needs the very CPT model that it began with."""
    texts, going = [], {each.path for each in parts}
    if finals := [name for name in project.final_models() if project.models_folder / name not in going]:
        names = ", ".join(f"“{name}”" for name in finals)
        texts.append(
            ngettext(
                "{names} is complete without it and can still be talked to and exported.",
                "{names} are complete without it and can still be talked to and exported.", len(finals),
            ).format(names=names)
        )  # fmt: skip
    matches = (_CHECKPOINTS.fullmatch(folder.name) for folder in project.checkpoints_folder.glob("sft-*"))
    for name in sorted({match[2] for match in matches if match}):
        interrupted = find_interrupted(project.checkpoints_folder, f"sft-{name}")
        if interrupted and interrupted.folder not in going:
            texts.append(_("The stopped training of “{name}” cannot go on without it.").format(name=name))
    return texts


def _model(folder: Path, kind: str, phase: str, name: str) -> Stored:
    run = read_provenance(folder).get("run")
    return Stored(folder, kind, phase, name, run if isinstance(run, int) else 0, folder_bytes(folder))


def folder_bytes(folder: Path) -> int:
    """The sizes of all files in it; what vanishes meanwhile counts nothing."""
    total = 0
    for place, _folders, files in os.walk(folder):
        for name in files:
            try:
                total += (Path(place) / name).lstat().st_size
            except OSError:
                continue
    return total
