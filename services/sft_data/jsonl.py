"""Datasets as JSONL files: the one in the project's folder, and those that people take away."""

from __future__ import annotations

from pathlib import Path

from services.errors import UserError
from services.knowledge_base.pair_query import USABLE_STATES
from services.knowledge_base.store import KnowledgeBase
from services.project import Project
from services.translation import _


def write_dataset(project: Project, knowledge_base: KnowledgeBase, dataset: str) -> Path | None:
    """Write ``data/NAME.jsonl`` anew from the table of pairs; nothing where there is no such dataset.

    Returns:
        Where a file that was changed by hand has been put aside, or None.

    Raises:
        UserError: it cannot be written.
    """
    path = project.dataset_path(dataset)
    aside = None
    if knowledge_base.has_dataset(dataset) and path.exists() and not knowledge_base.is_as_written(dataset, path):
        aside = put_aside(path)
    knowledge_base.write_jsonl(dataset, path)
    return aside


def put_aside(path: Path) -> Path:
    """Give a dataset's file that a person changed another name beside it, and return that.

    Raises:
        UserError: another program holds it.
    """
    aside = _free_name(path)
    try:
        path.replace(aside)
    except OSError as error:
        raise UserError(
            _("{path} was changed by hand and cannot be put aside ({reason}). Close it in other programs.").format(
                path=path, reason=error.strerror
            )
        ) from error
    return aside


def edited_by_hand(project: Project, dataset: str) -> bool:
    """Whether ``data/NAME.jsonl`` is not as the program left it, so that an import is to be offered."""
    path = project.dataset_path(dataset)
    if not path.exists():
        return False
    with project.connect(is_read_only=True) as knowledge_base:
        return not knowledge_base.is_as_written(dataset, path)


# What can be taken away, by the name that the command line has for it: the states of the pairs.
EXPORTED = {"in-use": USABLE_STATES, "reviewed": ("accepted", "edited"), "left-out": ("rejected", "failed")}


def export_pairs(project: Project, dataset: str, path: Path, *, is_chat: bool = False, which: str = "in-use") -> int:
    """Write pairs to a file of the person's choice; returns their number.

    Args:
        path: a file, or a folder in which ``NAME.jsonl`` is made.
        is_chat: ``{"messages": [...]}`` lines instead of ``{"instruction", "output"}``.
        which: a key of EXPORTED; "in-use" are those to train on.

    Raises:
        UserError: the dataset has no such pairs, the file cannot be written, or it is the dataset's own, which always
            holds the pairs in use as instruction and output.
    """
    if path.is_dir():
        path = path / project.dataset_path(dataset).name
    if (is_chat or which != "in-use") and path.resolve() == project.dataset_path(dataset).resolve():
        raise UserError(
            _("{file} is the dataset's own file, with instruction and output of all pairs in use. Choose another name.").format(
                file=path.name
            )
        )
    with project.connect() as knowledge_base:
        if not knowledge_base.count_written(dataset, EXPORTED[which]):
            text = {
                "in-use": _("“{dataset}” has no pairs to export."),
                "reviewed": _("“{dataset}” has no pairs that were accepted or edited."),
                "left-out": _("“{dataset}” has no pairs that were left out."),
            }[which]
            raise UserError(text.format(dataset=dataset))
        return knowledge_base.write_jsonl(dataset, path, is_chat=is_chat, states=EXPORTED[which])


def _free_name(path: Path) -> Path:
    names = (path.with_name(f"{path.name}.edited{suffix}") for suffix in ("", *(f"-{n}" for n in range(2, 10_000))))
    return next(name for name in names if not name.exists())
