"""Another name for a final model: its folder, the runs that trained it and what they can go on from.

What is to be done is noted in ``models/.renaming.json`` first; whoever is ended in between, the next opening does the rest.
"""

from __future__ import annotations

import re
from typing import Any

from services.errors import UserError
from services.file_name import name_key
from services.models.removal import move
from services.project import Project, run_number
from services.training.checkpoint import read_json, write_json
from services.translation import _

NOTE = ".renaming.json"


def check_new_name(project: Project, name: str, new: str) -> None:
    """
    Raises:
        UserError: there is no final model ``name``, or it cannot be called ``new``.
    """
    if name not in project.final_models():
        raise UserError(_("There is no model “{name}” any more.").format(name=name))
    taken = name_key(project.model_folder(new).name)
    others = {name_key(path.name) for path in project.models_folder.iterdir() if path.name != name}
    stopped = {name_key(path.name.removeprefix("sft-").rpartition("-")[0]) for path in project.checkpoints_folder.glob("sft-*")}
    if taken in others:
        raise UserError(_("There is a model “{name}” already: choose another name.").format(name=new))
    if taken in stopped and taken != name_key(name):
        raise UserError(_("A stopped training makes a model “{name}”: choose another name.").format(name=new))


def rename(project: Project, name: str, new: str) -> str:
    """Give a final model another name; a stopped training of it goes on under that. Returns the new name.

    Raises:
        UserError: it cannot be called that, a training is at work, or another program holds the model.
    """
    if name == new:
        return new
    with project.lock(_("the renaming")):
        check_new_name(project, name, new)
        last = max((run_number(folder) for folder in project.runs_folder.iterdir()), default=0)
        note = project.models_folder / NOTE
        write_json(note, {"before": name, "after": new, "last_run": last})
        try:
            move(project.models_folder / name, project.models_folder / new)
        except UserError:
            note.unlink()  # nothing has happened
            raise
        _follow(project)
    return new


def follow(project: Project) -> None:
    """Finish a renaming that was ended in between.

    Raises:
        UserError: a training is at work, or a file cannot be moved or written; it is done the next time.
    """
    with project.lock(_("the renaming")):
        _follow(project)


def _follow(project: Project) -> None:
    note = project.models_folder / NOTE
    wanted = read_json(note)
    try:
        if wanted:
            before, after = project.models_folder / wanted["before"], project.models_folder / wanted["after"]
            if before.exists() and not after.exists():
                move(before, after)
            _follow_in_runs(project, wanted)
            for folder in project.checkpoints_folder.glob(f"sft-{wanted['before']}-*"):
                number = folder.name.removeprefix(f"sft-{wanted['before']}-")
                target = folder.with_name(f"sft-{wanted['after']}-{number}")
                if re.fullmatch(r"\d+", number) and int(number) <= wanted["last_run"] and not target.exists():
                    move(folder, target)
        note.unlink(missing_ok=True)
    except OSError as error:
        raise UserError(
            _("What belongs to the model cannot all follow its new name ({reason}). Make room; it is done when the project is "
              "opened the next time.").format(reason=error.strerror or error)
        ) from error  # fmt: skip


def _follow_in_runs(project: Project, wanted: dict[str, Any]) -> None:
    """The runs that there were then: a later one may make a new model of the old name."""
    for path in project.runs_folder.glob("*-sft/settings.json"):
        values = read_json(path)
        if values and (values.get("name") or "final") == wanted["before"] and run_number(path.parent) <= wanted["last_run"]:
            write_json(path, {**values, "name": wanted["after"]})
