"""All four phases on the sample documents with the starter model, and what the models answer at the end.

The recipe's own settings are made for models of a billion parameters; a model of a few million needs several wordings
of each statement, small batches, more passes, a higher rate and replay. The demo uses these and says so.
"""

from __future__ import annotations

import json
import textwrap
import time
from pathlib import Path
from typing import Any

from services.errors import UserError
from services.evaluation.match import is_right, normalise
from services.jobs import Context, run_here
from services.models.base import STARTER_MODEL, STARTER_NAME
from services.project import Project
from services.sample import QUESTIONS, sample_documents
from services.sft_data.jsonl import write_dataset
from services.training.session import resumable_step
from services.translation import _

# What teaches a model of a few million parameters; tried out with packaging/starter_model/evaluate.py.
CPT = {
    "wordings": 8, "replay_share": 0.25, "epochs": 7, "learning_rate": 5e-3, "batch_size": 8, "max_seq_length": 128,
    "validation_share": 0.0, "gradient_checkpointing": False,
}  # fmt: skip
SFT = {
    "epochs": 4, "learning_rate": 1.5e-3, "batch_size": 8, "max_seq_length": 128, "gradient_checkpointing": False,
    "validation_share": 0.0,
}  # fmt: skip
GENERATE = {"provider": "built-in", "pairs_per_chunk": 50}
STYLES = (("factual", 900), ("conversational", 300), ("multiple-choice", 60))
QUESTION_COUNT = 40


def run(settings: dict[str, Any], context: Context) -> dict[str, Any]:
    """The job. What an interrupted demo has finished is not done again.

    Returns:
        project, exports (paths), questions: [{question, expected, base, final, base_right, final_right}], seconds.

    Raises:
        UserError: the sample or the starter model is not there, or the folder cannot be used.
    """
    began = time.monotonic()
    if not (STARTER_MODEL / "config.json").exists() or not QUESTIONS.exists():
        raise UserError(_("The starter model or the sample is missing from resources/. Take the program again."))
    project = Project.create(Path(settings["project"]))
    questions = read_questions(QUESTIONS)
    asked = questions[:: max(1, len(questions) // QUESTION_COUNT)][:QUESTION_COUNT]

    _job("ingest", project, {"paths": [str(path) for path in sample_documents()]}, context.part(0.0, 0.02, _("1 of 4 · reading documents")))
    if _is_due(project, "cpt"):
        values = {**CPT, "base_model": STARTER_NAME, "resume": resumable_step(project, "cpt") is not None}
        _job("cpt", project, values, context.part(0.02, 0.60, _("2 of 4 · CPT training")))
    if project.status().pair_count == 0:
        _make_pairs(project, [item["question"] for item in questions], context.part(0.60, 0.62, _("3 of 4 · questions and answers")))
    if _is_due(project, "sft"):
        values = {**SFT, "resume": resumable_step(project, "sft") is not None}
        _job("sft", project, values, context.part(0.62, 0.90, _("4 of 4 · SFT training")))
    exports = [
        _job("export", project, {"model": "final", "format": format, **values}, context.part(start, start + 0.03, _("Exporting")))["path"]
        for start, format, values in ((0.90, "safetensors", {}), (0.93, "gguf", {"quantization": "Q8_0"}))
    ]  # fmt: skip
    rows = _ask(project, asked, context.part(0.96, 1.0, _("Asking")))
    return {
        "project": str(project.folder),
        "exports": exports,
        "questions": rows,
        "base_right": sum(row["base_right"] for row in rows),
        "final_right": sum(row["final_right"] for row in rows),
        "settings": {"cpt": CPT, "sft": SFT},
        "seconds": round(time.monotonic() - began),
    }


def read_questions(path: Path) -> list[dict[str, str]]:
    """Questions with their short answers, from JSONL with ``question`` and ``answer``."""
    return [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]


def in_words(result: dict[str, Any]) -> str:
    """What the terminal shows at the end: the questions, and the two models' answers side by side."""
    width = 54
    lines = ["", f"{_('Base model (before)'):<{width}}  {_('Your model (after)')}", "─" * (2 * width + 2)]
    for number, row in enumerate(result["questions"], 1):
        lines.append(f"{number}. {row['question']}   [{row['expected']}]")
        columns = [
            textwrap.wrap(f"{_('right') if row[f'{model}_right'] else _('wrong')}: {' '.join(row[model].split())}", width - 3)
            for model in ("base", "final")
        ]
        for at in range(max(map(len, columns))):
            left, right = (column[at] if at < len(column) else "" for column in columns)
            lines.append(f"   {left:<{width - 3}}  {right}".rstrip())
    total = len(result["questions"])
    lines += [
        "─" * (2 * width + 2),
        _("Right answers: {base} of {total} before, {final} of {total} after, in {minutes:.1f} minutes.").format(
            base=result["base_right"], final=result["final_right"], total=total, minutes=result["seconds"] / 60
        ),
        _("None of these questions was in the training data; the facts were, in other words."),
        _("The recipe's settings are for models of a billion parameters. For this small one the demo used, in CPT: "
          "{cpt}; in SFT: {sft}.").format(**{
              phase: ", ".join(f"{key} {value}" for key, value in values.items())
              for phase, values in result["settings"].items()
          }),
        _("Project: {folder}").format(folder=result["project"]),
        *(_("Export:  {path}").format(path=path) for path in result["exports"]),
        _("Open it in the window: main.py {folder}").format(folder=result["project"]),
    ]
    return "\n".join(lines)


def _job(name: str, project: Project, values: dict[str, Any], context: Context) -> dict[str, Any]:
    """Run one phase in this process, as its command does, with a folder of its own."""
    context.check()
    values = {"project": str(project.folder), **values}
    return run_here(name, values, context.said, context.cancelled, project.start_run(name, values))


def _is_due(project: Project, phase: str) -> bool:
    status = project.status()
    if phase == "cpt":
        return not status.cpt.exists or status.cpt.is_stale
    return not any(final.name == "final" and not final.is_stale for final in status.finals)


def _make_pairs(project: Project, kept_out: list[str], context: Context) -> None:
    """Pairs in three styles, without the questions that will be asked at the end."""
    for number, (style, pairs) in enumerate(STYLES):
        share = number / len(STYLES)
        part = context.part(share, share + 1 / len(STYLES))
        _job("generate", project, {**GENERATE, "style": style, "pairs": pairs, "dataset": "sft_data"}, part)
    secret = {_plain(question) for question in kept_out}
    with project.connect() as knowledge_base:
        ids = knowledge_base.pair_ids("sft_data")
        taken = [pair.id for pair in knowledge_base.pairs(ids) if _plain(pair.instruction) in secret]
        knowledge_base.set_pair_state(taken, "rejected")
        write_dataset(project, knowledge_base, "sft_data")


def _plain(question: str) -> str:
    return " ".join(normalise(question))


def _ask(project: Project, items: list[dict[str, str]], context: Context) -> list[dict[str, Any]]:
    from services.models.chat import answers

    prompts = [item["question"] for item in items]
    base = answers(project, "base", prompts, context.part(0.0, 0.5))
    final = answers(project, "final", prompts, context.part(0.5, 1.0))
    return [
        {
            "question": item["question"], "expected": item["answer"], "base": before, "final": after,
            "base_right": is_right(before, item["answer"]), "final_right": is_right(after, item["answer"]),
        }
        for item, before, after in zip(items, base, final)
    ]  # fmt: skip
