"""What a training will do, before it starts: tokens, rows, steps, warnings. Nothing heavy is loaded."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from services import settings as declarations
from services.project import Project
from services.training.corpus import training_chunks
from services.training.need import need
from services.translation import _

if TYPE_CHECKING:
    from services.jobs import Context

# Fewer optimizer steps than this teach little, however often the text is read; with so many, a larger batch does no harm.
FEW_STEPS, GOOD_STEPS = 150, 300
_SMALLEST_BATCH = 2  # that is suggested: a step on a single text is led astray by it
_WORDINGS_OF_FEW = 8  # of every statement, where there are few
_MOST_EPOCHS = 10  # that are suggested
_CHARACTERS_PER_TOKEN = 4
_TEMPLATE_TOKENS = 12  # around a question and its answer


def plan(project: Project, phase: str, settings: dict[str, Any]) -> dict[str, Any]:
    """An estimate of a training, from the counts in the knowledge base or the dataset's file.

    Args:
        phase: "cpt" or "sft".
        settings: of the phase; for sft also "dataset".

    Returns:
        tokens (of one epoch), rows, held_out (rows), epoch_steps, steps, epochs, warnings (sentences), more_steps
        (the settings to change so that a small collection gives enough steps), text (one line), and what it takes of this machine, see ``services.training.need``.
    """
    values = declarations.check(phase, settings)
    if phase == "cpt":
        lengths = _document_lengths(project, values)
    else:
        lengths = _pair_lengths(project.dataset_path(settings.get("dataset") or "sft_data"))
    row_lengths = cut_lengths(lengths, values["max_seq_length"])
    rows, tokens = len(row_lengths), sum(lengths)
    if values.get("replay_share"):
        longest = min(values["max_seq_length"], 256)
        replayed = round(tokens * values["replay_share"] / (1 - values["replay_share"]))
        row_lengths += [longest] * -(-replayed // longest)
        rows, tokens = len(row_lengths), tokens + replayed
    held_out = count_held_out(rows, values["validation_share"])
    epoch_steps, steps = count_steps(rows - held_out, values)
    return {
        "tokens": tokens,
        "rows": rows - held_out,
        "held_out": held_out,
        "epoch_steps": epoch_steps,
        "steps": steps,
        "epochs": values["epochs"],
        "more_steps": more_steps(steps, values) if rows else {},
        "warnings": advise(phase, rows - held_out, values) if rows else [],
        **need(project, phase, settings, values, row_lengths),
        "text": _("{tokens} tokens, {steps} steps").format(tokens=_short(tokens), steps=f"{steps:,}"),
    }


def run(settings: dict[str, Any], context: Context) -> dict[str, Any]:
    """The job: ``plan`` of the settings' "phase"."""
    return plan(Project.open(Path(settings["project"])), settings["phase"], settings)


def cut_lengths(token_counts: Sequence[int], length: int) -> list[int]:
    """Tokens of the rows of at most ``length`` that documents give; each but a document's first repeats one token."""
    rows = []
    for tokens in token_counts:
        whole, rest = divmod(max(0, tokens - 1), length - 1)
        rows += [length] * whole + ([rest + 1] if rest or not whole else [])
    return rows


def count_held_out(row_count: int, share: float) -> int:
    """How many rows are kept aside: at least one, but none of a handful."""
    return min(max(1, round(share * row_count)), row_count - 1) if share > 0 and row_count >= 8 else 0


def count_steps(row_count: int, settings: dict[str, Any]) -> tuple[int, int]:
    """Optimizer steps of one epoch and of all: the same for any number of processes, which share out each step."""
    batches = -(-row_count // settings["batch_size"])
    epoch_steps = -(-batches // settings["gradient_accumulation"])
    return epoch_steps, epoch_steps * settings["epochs"]


def more_steps(steps: int, settings: dict[str, Any]) -> dict[str, int]:
    """The settings to change so that a small collection gives enough steps, in the order in which they help.

    The batch is chosen from the text: so small that about GOOD_STEPS steps come out, but no smaller than two texts.

    Args:
        steps: optimizer steps with these settings.
    """
    if not 0 < steps < GOOD_STEPS:
        return {}
    changes: dict[str, int] = {}
    now, few = float(steps), steps < FEW_STEPS
    if few and 0 < settings.get("wordings", 0) < _WORDINGS_OF_FEW:
        changes["wordings"] = _WORDINGS_OF_FEW
        now *= _WORDINGS_OF_FEW / settings["wordings"]
    batch = settings.get("batch_size", 1)
    best = max(_SMALLEST_BATCH, min(batch, int(batch * now / GOOD_STEPS)))
    if best < batch:
        changes["batch_size"] = best
        now *= batch / best
    epochs = settings.get("epochs", 1)
    if now < FEW_STEPS and epochs < _MOST_EPOCHS:
        changes["epochs"] = min(_MOST_EPOCHS, -(-FEW_STEPS * epochs // max(1, int(now))))
    return changes


def advise(phase: str, row_count: int, settings: dict[str, Any]) -> list[str]:
    """Sentences about a training that will not teach much."""
    _epoch_steps, steps = count_steps(row_count, settings)
    if steps >= FEW_STEPS:
        return []
    few = _("This training has only {steps} steps; about {few} or more are needed to learn.").format(
        steps=steps, few=FEW_STEPS
    )
    words = {"wordings": _("{count} wordings"), "batch_size": _("a batch of {count}"), "epochs": _("{count} epochs")}
    ways = [words[key].format(count=value) for key, value in more_steps(steps, settings).items()]
    ways.append(_("more documents") if phase == "cpt" else _("more pairs"))
    return [few + " " + _("What helps, in this order: {ways}.").format(ways=", ".join(ways))]


def _document_lengths(project: Project, values: dict[str, Any]) -> list[int]:
    """Tokens of every document, by the counts of its chunks without their overlap, and of every retelling."""
    documents: dict[str, float] = {}
    retold: list[int] = []
    with project.connect(is_read_only=True) as base:
        for chunk, owned in training_chunks(base):
            share = len(owned) / max(1, len(chunk.content))
            tokens = share * (chunk.token_count or len(chunk.content) / _CHARACTERS_PER_TOKEN)
            documents[chunk.source] = documents.get(chunk.source, 0) + tokens
            retold += [round(tokens)] * (values["wordings"] - 1)
    return [round(tokens) + 1 for tokens in documents.values()] + retold


def _pair_lengths(path: Path) -> list[int]:
    """Tokens of every pair in a dataset, by the length of its text; empty where there is no such file."""
    if not path.exists():
        return []
    lengths = []
    for line in path.read_text("utf-8", errors="replace").split("\n"):
        try:
            value = json.loads(line)
        except ValueError:
            continue
        turns = value.get("messages") or [{"content": value.get(key, "")} for key in ("instruction", "output")]
        characters = sum(len(turn.get("content") or "") for turn in turns)
        lengths.append(characters // _CHARACTERS_PER_TOKEN + _TEMPLATE_TOKENS)
    return lengths


def _short(count: int) -> str:
    """965k, 1.2M."""
    if count < 10_000:
        return f"{count:,}"
    return f"{count / 1000:,.0f}k" if count < 1_000_000 else f"{count / 1e6:,.1f}M"
