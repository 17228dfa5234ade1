"""Phase 4: the CPT model learns to answer, and both adapters are merged into a final model of their own."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from services.errors import UserError
from services.models.provenance import read_provenance, write_provenance
from services.project import Project
from services.training import spread
from services.training.adapter import save_adapter
from services.training.checkpoint import TrainingRecord, check_unchanged, fingerprint_model, remove_runs
from services.training.conversation import encode_conversations, read_conversations
from services.training.corpus import hash_file
from services.training.plan import advise
from services.training.row import Row, split_rows
from services.training.session import (
    agree,
    as_before,
    audible,
    begin,
    complete,
    hold,
    is_first_process,
    join,
    note_origin,
    pick_up,
    prefix_of,
    process_count,
    run_of,
    spare_processes,
    token_folder,
)
from services.training.token_store import key_of, recall
from services.training.travel import adapter_folder, read_job
from services.translation import _

if TYPE_CHECKING:
    from services.jobs import Context

_TRAINED = 0.9  # of the progress; the rest is the merge


def run(settings: dict[str, Any], context: Context) -> dict[str, Any]:
    """The SFT job: always on the CPT model, never on the base.

    Args:
        settings: of the phase, with "project", "dataset" (default sft_data), "name" of the final model (default
            final) and "resume": a run that goes on takes what is not given from the run that was stopped.

    Returns:
        run, model (folder), name, dataset, steps, loss, validation_loss, best_step, taken_step (whose adapter it is),
        general_loss and general_loss_before (on text about everyday things), tokens (learnt, every epoch counted), pairs,
        left_out (too long), seconds (of this session).

    Raises:
        UserError: no CPT model, no usable dataset, no room, or a run that cannot go on.
        Cancelled: stopped, with a checkpoint saved.
    """
    project, context = Project.open(Path(settings["project"])), audible(context)
    name = settings.get("name") or "final"
    out, job = project.model_folder(name), read_job(project.folder)
    with hold(project, _("the SFT training")):
        made = read_provenance(project.cpt_model_folder)
        if not (project.cpt_model_folder / "adapter_config.json").is_file():
            raise UserError(
                _("This project has no CPT model yet, and SFT trains on that, never on the base model. Run CPT "
                  "Training first.")
            )
        interrupted = pick_up(project, "sft", name, settings, context)
        dataset = settings.get("dataset") or (interrupted.record.details["dataset"] if interrupted else "sft_data")
        values = complete("sft", settings, interrupted)
        with project.connect(is_read_only=True) as knowledge_base:
            dataset = knowledge_base.spelling_of(dataset)
        path = project.dataset_path(dataset)
        conversations = read_conversations(path)
        now = TrainingRecord(
            "sft", run_of(context), values, made.get("base_model", ""), fingerprint_model(project.cpt_model_folder),
            hash_file(path), {"dataset": dataset, "cpt_run": made.get("run"), "revision": made.get("revision")},
        )  # fmt: skip
        if interrupted:
            check_unchanged(interrupted.record, now)
        context.progress(0, 0, _("Loading the CPT model"))
        # These take seconds to import, which are spent only where there is something to train.
        from services.models.chat_template import prepare_chat
        from services.models.merge import base_of, load_merged, merge_final
        from services.training.four_bit import load_to_fit
        from services.training.memory_words import explain_memory
        from services.training.trainer import train

        base_folder = base_of(project)
        result_bytes = 1.1 * sum(path.stat().st_size for path in base_folder.glob("*.safetensors"))
        device = as_before(join(values["device"]), interrupted)
        values["spread_base"] = spread.wanted(values)
        dtype = "auto" if device.dtype == "float32" else device.dtype
        with explain_memory(values):
            model, tokenizer = load_to_fit(
                lambda place: load_merged(project, "cpt", place, dtype), base_folder, spread.starts_on(device, values)
            )
        chat = prepare_chat(tokenizer, model.config, model.generation_config)
        rows, too_long = recall(
            token_folder(project),
            key_of("sft", now.data, now.base, chat.template, list(chat.stop_token_ids), values["max_seq_length"]),
            lambda: encode_conversations(tokenizer, conversations, chat, values["max_seq_length"]),
            is_writer=is_first_process(),
        )
        _report_left_out(rows, too_long, values, context)
        rows, held_out = split_rows(rows, values["validation_share"], values["seed"], range(len(rows)))
        for text in [*advise("sft", len(rows), values), *spare_processes(values)]:
            context.warning(_("SFT training"), text)
        now.details["computed_on"] = device
        record = interrupted.record if interrupted else agree(now if is_first_process() else None)
        folder = interrupted.folder if interrupted else begin(project, record, name)
        note_origin(record, base_folder, path, device, interrupted, context)
        trained, outcome = train(
            model, tokenizer, rows, held_out, values, device, folder, context.part(0.0, _TRAINED),
            resume_from=interrupted.checkpoint if interrupted else None, result_bytes=result_bytes,
        )  # fmt: skip
        result = {
            "run": run_of(context) or record.run, "model": str(out), "name": name, "dataset": dataset,
            "steps": outcome.steps, "loss": outcome.loss, "validation_loss": outcome.validation_loss,
            "best_step": outcome.best_step, "taken_step": outcome.taken_step, "general_loss": outcome.general_loss,
            "general_loss_before": outcome.general_loss_before, "tokens": outcome.tokens, "pairs": len(conversations),
            "left_out": len(too_long), "seconds": round(outcome.seconds, 1),
        }  # fmt: skip
        if is_first_process():
            adapter = folder / "adapter"
            shutil.rmtree(adapter, ignore_errors=True)
            chat.set_on(tokenizer)
            save_adapter(trained, tokenizer, adapter, str(base_folder))
            del trained, model
            provenance = {
                "kind": "final", "base_model": record.base_model, "base": record.base, "run": result["run"],
                "dataset": dataset, "processes": process_count(), **({"job": job.id, "job_data_sha256": job.data_sha256} if job else {}),
                "dataset_sha256": record.data, "cpt_run": made.get("run"), "revision": made.get("revision"),
                "settings": values, **{key: result[key] for key in ("steps", "tokens", "loss", "validation_loss")},
            }  # fmt: skip
            if job:  # merged at home, so that only the adapter has to travel
                write_provenance(adapter, **provenance)
                place = adapter_folder(project.folder, job)
                shutil.rmtree(place, ignore_errors=True)
                adapter.rename(place)
            else:
                merge_final(
                    base_folder, project.cpt_model_folder, adapter, out, provenance, context.part(_TRAINED, 1.0)
                )
            remove_runs(project.checkpoints_folder, prefix_of("sft", name))
        context.changed("model", "run")
        return result


def _report_left_out(rows: list[Row], too_long: list[int], values: dict[str, Any], context: Context) -> None:
    """
    Raises:
        UserError: no pair fits.
    """
    if not rows:
        raise UserError(
            _("Every pair is longer than {limit} tokens. Set “Longest text” to {needed} or more.").format(
                limit=values["max_seq_length"], needed=max(too_long)
            )
        )
    if too_long:
        context.warning(
            _("SFT training"),
            _("{count} pairs are longer than {limit} tokens and are left out. To learn them too, set “Longest text” to "
              "{needed}.").format(count=len(too_long), limit=values["max_seq_length"], needed=max(too_long)),
        )
