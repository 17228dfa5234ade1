"""Phase 2: the base model learns the project's text, as an adapter in ``models/cpt_model``."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from services.errors import UserError
from services.models.base import STARTER_NAME, find_base_model
from services.models.provenance import read_provenance, write_provenance
from services.project import Project
from services.training import spread
from services.training.adapter import save_adapter
from services.training.checkpoint import TrainingRecord, check_unchanged, fingerprint_model, remove_runs
from services.training.corpus import CorpusRecord, GivenText, hash_file, read_corpus, write_corpus
from services.training.plan import advise
from services.training.row import Row, cut_rows, encode_documents, require_eos, split_rows
from services.training.session import (
    agree,
    as_before,
    audible,
    begin,
    complete,
    hold,
    is_first_process,
    join,
    lasting_name,
    note_origin,
    one_first,
    pick_up,
    process_count,
    run_of,
    spare_processes,
    token_folder,
)
from services.training.token_store import key_of, recall
from services.training.travel import TEXT_END, Job, read_job
from services.translation import _

if TYPE_CHECKING:
    from services.jobs import Context

_FEWEST_TOKENS = 32


def run(settings: dict[str, Any], context: Context) -> dict[str, Any]:
    """The CPT job.

    Args:
        settings: of the phase, with "project", "base_model" (a folder, a Hugging Face id or "starter") and "resume":
            a run that goes on takes what is not given from the run that was stopped.

    Returns:
        run, model (folder), steps, loss, validation_loss, best_step, taken_step (whose adapter it is), general_loss and
        general_loss_before (on text about everyday things), tokens (learnt, every epoch counted), seconds (of this
        session).

    Raises:
        UserError: no text, no such model, no room, a loss that is no longer a number, or a run that cannot go on.
        Cancelled: stopped, with a checkpoint saved.
    """
    project, context = Project.open(Path(settings["project"])), audible(context)
    job = read_job(project.folder)
    with hold(project, _("the CPT training")):
        interrupted = pick_up(project, "cpt", "", settings, context)
        values = complete("cpt", settings, interrupted)
        name = str(settings.get("base_model") or (interrupted.record.base_model if interrupted else ""))
        base_folder = one_first(lambda: find_base_model(name, context), values["device"])
        context.progress(0, 0, _("Loading the base model"))
        # These take seconds to import, which are spent only where there is something to train.
        from services.models.merge import load_base
        from services.training.four_bit import load_to_fit
        from services.training.memory_words import explain_memory
        from services.training.trainer import train

        device = as_before(join(values["device"]), interrupted)
        values["spread_base"] = spread.wanted(values)
        with explain_memory(values):
            dtype = "auto" if device.dtype == "float32" else device.dtype
            model, tokenizer = load_to_fit(lambda place: load_base(base_folder, dtype, place), base_folder, spread.starts_on(device, values))
        require_eos(tokenizer, name)
        fingerprint = fingerprint_model(base_folder)
        now = TrainingRecord(
            "cpt", run_of(context), values, lasting_name(name), fingerprint, data="", details={"computed_on": device}
        )
        if interrupted:
            check_unchanged(interrupted.record, replace(now, data=hash_file(project.cpt_data_path)))
            record, folder = interrupted.record, interrupted.folder
            with project.connect(is_read_only=True) as base:
                if not job and base.revision() != record.details["corpus"]["revision"]:
                    context.warning(
                        _("CPT training"),
                        _("The chunks have changed since this training began. It goes on with the text it began with."),
                    )
        else:
            written = _write_text(project, now, model, tokenizer, context, job) if is_first_process() else None
            record = agree(written)
            folder = begin(project, record)
        note_origin(record, base_folder, project.cpt_data_path, device, interrupted, context)
        rows, held_out = _rows(project, record, tokenizer, context)
        for text in [*advise("cpt", len(rows), values), *spare_processes(values)]:
            context.warning(_("CPT training"), text)
        trained, outcome = train(
            model, tokenizer, rows, held_out, values, device, folder, context,
            resume_from=interrupted.checkpoint if interrupted else None,
        )  # fmt: skip
        result = {
            "run": run_of(context) or record.run, "model": str(project.cpt_model_folder), "steps": outcome.steps,
            "loss": outcome.loss, "validation_loss": outcome.validation_loss, "best_step": outcome.best_step,
            "taken_step": outcome.taken_step, "general_loss": outcome.general_loss,
            "general_loss_before": outcome.general_loss_before,
            "tokens": outcome.tokens, "seconds": round(outcome.seconds, 1),
        }  # fmt: skip
        if is_first_process():
            new = project.models_folder / ".cpt_model.new"
            shutil.rmtree(new, ignore_errors=True)
            is_local = name == STARTER_NAME or Path(name).expanduser().is_dir()
            save_adapter(trained, tokenizer, new, str(base_folder) if is_local else name)
            write_provenance(
                new, kind="cpt", base_model=record.base_model, base=record.base, run=result["run"],
                processes=process_count(), **({"job": job.id, "job_data_sha256": job.data_sha256} if job else {}),
                revision=record.details["corpus"]["revision"], corpus_sha256=record.data, settings=values,
                **{key: result[key] for key in ("steps", "tokens", "loss", "validation_loss")},
            )  # fmt: skip
            put_in_place(new, project.cpt_model_folder)
            remove_runs(project.checkpoints_folder, "cpt")
        context.changed("model", "run")
        return result


def _write_text(
    project: Project, record: TrainingRecord, model: Any, tokenizer: Any, context: Context, job: Job | None = None
) -> TrainingRecord:
    """Write ``cpt_data.txt``; returns the record with what is in it."""
    values, given = record.settings, None
    if job:
        documents, counts = read_corpus(project.folder / job.data, TEXT_END), job.corpus
        given = GivenText(documents[: counts["texts"]], documents[counts["texts"] :], counts["revision"])

    def count_tokens(documents: Sequence[str], has_special_tokens: bool = False) -> list[int]:
        encoded = encode_documents(tokenizer, documents, has_special_tokens=has_special_tokens, context=context)
        return [len(ids) for ids in encoded]

    def replay(documents: list[str]) -> list[str]:
        from services.training.replay import sample_replay

        share = values["replay_share"]
        cache = project.checkpoints_folder / f"replay-{record.base[:12]}-{values['max_seq_length']}.jsonl"
        return sample_replay(
            model, tokenizer, round(sum(count_tokens(documents)) * share / (1 - share)),
            lambda texts: count_tokens(texts, has_special_tokens=True),
            longest=values["max_seq_length"], seed=values["seed"], cache=cache, context=context,
        )  # fmt: skip

    written = write_corpus(
        project, values, tokenizer.eos_token, context, count_tokens=count_tokens,
        replay=replay if values["replay_share"] > 0 else None, given=given,
    )  # fmt: skip
    return replace(record, data=written.sha256, details={**record.details, "corpus": asdict(written)})


def _rows(
    project: Project, record: TrainingRecord, tokenizer: Any, context: Context
) -> tuple[list[Row], list[Row]]:
    """The rows of ``cpt_data.txt`` to learn from and those kept aside.

    Where there are retellings, only these are kept aside: their facts are learnt in other words, so nothing is lost.
    """
    values, corpus = record.settings, CorpusRecord(**record.details["corpus"])
    context.progress(0, 0, _("Cutting the text into rows"))

    def cut() -> tuple[list[Row], list[str]]:
        documents = read_corpus(project.cpt_data_path, tokenizer.eos_token)
        made: list[Row] = []
        kinds: list[str] = []
        for kind in ("text", "wording", "replay"):
            texts = [document for document, each in zip(documents, corpus.kinds, strict=True) if each == kind]
            for ids in encode_documents(tokenizer, texts, has_special_tokens=kind == "replay", context=context):
                parts = cut_rows(ids, values["max_seq_length"])
                made += parts
                kinds += [kind] * len(parts)
        return made, kinds

    key = key_of(
        "cpt", record.data, record.base, corpus.texts, corpus.wordings, corpus.replays, values["max_seq_length"]
    )
    rows, row_kinds = recall(token_folder(project), key, cut, is_writer=is_first_process())
    tokens = sum(row.token_count for row in rows)
    if tokens < _FEWEST_TOKENS:
        raise UserError(
            _("The text of this project has only {tokens} tokens: too little to learn from. Add documents in RAG Data.")
            .format(tokens=tokens)
        )
    apart = "wording" if "wording" in row_kinds else "text"
    candidates = [index for index, kind in enumerate(row_kinds) if kind == apart]
    return split_rows(rows, values["validation_share"], values["seed"], candidates)


def put_in_place(new: Path, folder: Path) -> None:
    """Make a finished model the project's CPT model; the one before it becomes ``cpt_model-NNNN``, after its run."""
    try:
        if folder.exists():
            stem = f"{folder.name}-{read_provenance(folder).get('run') or 0:04d}"
            names = [stem, *(f"{stem}-{number}" for number in range(2, 100))]
            folder.rename(next(path for name in names if not (path := folder.with_name(name)).exists()))
        new.rename(folder)
    except OSError as error:
        raise UserError(
            _("{folder} is in use, perhaps by an open chat. Close it, and choose “resume” to put the new model there.")
            .format(folder=folder)
        ) from error
