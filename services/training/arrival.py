"""The job that takes home what a training elsewhere has made: its adapter becomes the project's model, its run one of its runs.

The archive comes from outside, so only names that are known are read from it, weights only as safetensors, and of the
adapter's configuration only what describes a LoRA adapter.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from services.errors import UserError
from services.models.base import STARTER_NAME, find_base_model
from services.models.provenance import FILE_NAME, read_provenance, write_provenance
from services.models.room import check_room
from services.models.weights import read_headers
from services.project import Project
from services.training.checkpoint import fingerprint_model, read_json, write_json
from services.training.corpus import hash_file
from services.training.cpt import put_in_place
from services.training.departure import jobs_folder
from services.training.origin import FILE_NAME as ORIGIN_FILE
from services.training.origin import read_origin
from services.training.session import hold
from services.training.travel import JOB_FILE, Job, parse_job, read_job, result_files
from services.translation import _

if TYPE_CHECKING:
    from services.jobs import Context

_ADAPTER_FILES = {
    "adapter_model.safetensors", "adapter_config.json", "tokenizer.json", "tokenizer_config.json", "tokenizer.model",
    "special_tokens_map.json", "added_tokens.json", "vocab.json", "chat_template.jinja", FILE_NAME,
}  # fmt: skip
_RUN_FILES = ("events.jsonl", "log.txt")
# PEFT imports what “auto_mapping” names, so that and everything unknown is left out.
_ADAPTER_KEYS = {
    "peft_type", "task_type", "r", "lora_alpha", "lora_dropout", "target_modules", "layers_to_transform", "bias",
    "fan_in_fan_out", "use_rslora", "use_dora", "rank_pattern", "alpha_pattern", "modules_to_save", "init_lora_weights",
}  # fmt: skip
_LARGEST_BYTES = 64 * 2**30


def run(settings: dict[str, Any], context: Context) -> dict[str, Any]:
    """The job.

    Args:
        settings: "project", "from" (``result.zip``, or the folder that the training ran in).

    Returns:
        run, phase, model (folder), and what the run's own result said.

    Raises:
        UserError: it does not belong to this project, or to what the project is now; or something is missing.
        Cancelled: before anything was changed.
    """
    project, source = Project.open(Path(settings["project"])), Path(settings["from"]).expanduser()
    with hold(project, _("bringing back a result")), _unpacked(project, source, context) as arrived:
        job = _recognised(project, arrived)
        adapter = arrived / "adapter"
        made = _check_adapter(adapter, job, source)
        folders = sorted(path for path in (arrived / "runs").glob("*") if path.is_dir())
        result = _last_result(folders)
        if result is None:
            raise UserError(
                _("The training in {path} has not come to its end. Go on with it there, then bring it back.").format(
                    path=source
                )
            )
        context.check()
        run_folder = project.start_run(job.phase, {**_settings_of(folders), **job.settings, "base_model": job.base_model})
        number = int(run_folder.name.split("-")[0])
        try:
            _keep_run(run_folder, folders, job.base_model)
            made |= {"run": number, "base_model": job.base_model, "job": job.id}
            _clean_adapter(adapter, job)
            if job.phase == "cpt":
                made["revision"] = job.corpus["revision"]
                write_provenance(adapter, **made)
                shutil.rmtree(new := project.models_folder / ".cpt_model.new", ignore_errors=True)
                adapter.rename(new)
                put_in_place(new, project.cpt_model_folder)
                model = project.cpt_model_folder
            else:
                model = _merge(project, job, adapter, made, context)
        except BaseException:
            shutil.rmtree(run_folder, ignore_errors=True)
            raise
        _mark(run_folder, job)
        with project.connect(is_read_only=True) as base:
            is_older = job.phase == "cpt" and base.revision() != job.corpus["revision"]
        if is_older:
            context.warning(
                _("CPT training"),
                _("The chunks have changed since this training was exported: the model has read them as they were."),
            )
    context.changed("model", "run")
    return {**result, "run": number, "phase": job.phase, "model": str(model)}


@contextlib.contextmanager
def _unpacked(project: Project, source: Path, context: Context) -> Iterator[Path]:
    """What came back, in a folder beside the models; nothing else of the archive is touched."""
    context.progress(0, 0, _("Reading what came back"))
    place = project.models_folder / ".arrived"
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    try:
        if source.is_dir():
            job = read_job(source)
            if job is None:
                raise _not_a_result(source)
            try:
                for file, name in result_files(source, job):
                    _take(file.open("rb"), place, name)
            except FileNotFoundError:
                raise UserError(
                    _("The training in {path} has not come to its end. Go on with it there, then bring it back.").format(
                        path=source
                    )
                ) from None
        else:
            try:
                with zipfile.ZipFile(source) as archive:
                    check_room(place, sum(each.file_size for each in archive.infolist()), _("what came back"))
                    for each in archive.infolist():
                        if each.file_size <= _LARGEST_BYTES:
                            _take(archive.open(each), place, each.filename)
            except (OSError, zipfile.BadZipFile, RuntimeError, NotImplementedError):  # encrypted, or of another method
                raise _not_a_result(source) from None
        yield place
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _take(file: Any, place: Path, name: str) -> None:
    """One file of what came back, if it is one of those that belong there."""
    path = PurePosixPath(name)
    is_known = (
        name == JOB_FILE
        or (len(path.parts) == 2 and path.parts[0] == "adapter" and path.name in _ADAPTER_FILES)
        or (
            len(path.parts) == 3 and path.parts[0] == "runs" and path.parts[1].isdigit()
            and path.name in (*_RUN_FILES, ORIGIN_FILE, "settings.json")
        )
    )  # fmt: skip
    with file:
        if is_known:
            target = place.joinpath(*path.parts)
            target.parent.mkdir(parents=True, exist_ok=True)
            with open(target, "wb") as out:
                shutil.copyfileobj(file, out)


def _not_a_result(source: Path) -> UserError:
    return UserError(
        _("{path} is not the result of an exported training. Choose its result.zip, or the folder it ran in.").format(
            path=source
        )
    )


def _recognised(project: Project, arrived: Path) -> Job:
    """The job as this project remembers it.

    Raises:
        UserError: it is of another project, changed on its way, brought back before, or no longer fits.
    """
    if not (arrived / JOB_FILE).is_file():
        raise _not_a_result(arrived)
    said = parse_job((arrived / JOB_FILE).read_text("utf-8", errors="replace"), JOB_FILE)
    remembered = jobs_folder(project) / said.id
    if not said.id.isalnum() or (job := read_job(remembered)) is None:
        raise UserError(
            _("This training was not exported from “{project}”. Open the project that it belongs to.").format(
                project=project.name
            )
        )
    if (said.base_model, said.base) != (job.base_model, job.base):
        raise UserError(
            _("This training is of another base model than the one that was exported ({name}). Run the exported one.")
            .format(name=job.base_model)
        )
    if said.data_sha256 != job.data_sha256 or said.corpus != job.corpus:
        raise UserError(_("This training has learnt from other data than was exported. Run the exported one."))
    for run in project.runs(job.phase):
        if run.settings.get("job") == job.id:
            raise UserError(_("This result is in the project already, as run {number:04d}.").format(number=run.number))
    if job.phase == "sft":
        if not (project.cpt_model_folder / "adapter_config.json").is_file() or (
            fingerprint_model(project.cpt_model_folder) != job.cpt_model
        ):
            raise UserError(
                _("The CPT model has been trained anew since this training was exported, and what was learnt on the one "
                  "before does not fit it. Train the pairs again.")
            )
    return job


def _check_adapter(folder: Path, job: Job, source: Path) -> dict[str, Any]:
    """What the adapter's own record says of it.

    Raises:
        UserError: it is missing, damaged, no LoRA adapter, or made from something else.
    """
    config = read_json(folder / "adapter_config.json")
    if config.get("peft_type") != "LORA" or not (folder / "adapter_model.safetensors").is_file():
        raise UserError(
            _("There is no finished adapter in {path}. Go on with the training there, then bring it back.").format(
                path=source
            )
        )
    names = read_headers(folder)
    if not names or not all(".lora_A." in name or ".lora_B." in name for name in names):
        raise UserError(_("The adapter in {path} is not one that this program has trained.").format(path=source))
    made = read_provenance(folder)
    if made.get("job") != job.id or made.get("job_data_sha256") != job.data_sha256:
        raise UserError(_("The adapter in {path} is of another training than the record beside it.").format(path=source))
    if job.base and made.get("base") != job.base:
        raise UserError(
            _("The adapter in {path} was trained on another base model than {name} as it is here. Export the training "
              "again, and take the base model along.").format(path=source, name=job.base_model)
        )
    return made


def _clean_adapter(folder: Path, job: Job) -> None:
    """Leave in the adapter's configuration what describes it, and name the base as it is called here."""
    config = read_json(folder / "adapter_config.json")
    kept = {key: value for key, value in config.items() if key in _ADAPTER_KEYS}
    is_on_hub = job.base_model != STARTER_NAME and not Path(job.base_model).is_absolute()
    base = job.base_model if is_on_hub else str(find_base_model(job.base_model))
    kept |= {"base_model_name_or_path": base, "inference_mode": True}
    (folder / "adapter_config.json").write_text(json.dumps(kept, indent=2), "utf-8")


def _last_result(folders: list[Path]) -> dict[str, Any] | None:
    """What the last run said at its end; None where it has not ended well."""
    from services.jobs import LAST_WORDS, read_events

    last = None
    for folder in folders:
        for event in read_events(folder):
            if event["type"] in LAST_WORDS:
                last = event
    return dict(last.get("value") or {}) if last and last["type"] == "result" else None


def _settings_of(folders: list[Path]) -> dict[str, Any]:
    """What the last run was started with there."""
    return read_json(folders[-1] / "settings.json") if folders else {}


def _keep_run(run_folder: Path, folders: list[Path], base_model: str) -> None:
    """One run at home for all that it took there: its events and logs, one behind the other, and what it ran on.

    base_model: as it is called here.
    """
    for name in _RUN_FILES:
        with open(run_folder / name, "wb") as out:
            for folder in folders:
                if (folder / name).is_file():
                    out.write((folder / name).read_bytes())
    origins = [origin for folder in folders if (origin := read_origin(folder))]
    if origins:
        base = origins[-1].get("base_model")
        sessions = [session for origin in origins for session in origin.get("sessions") or []]
        # The folder of the base was one of the other machine.
        base = {**base, "name": base_model, "folder": ""} if isinstance(base, dict) else {}
        write_json(run_folder / ORIGIN_FILE, {**origins[-1], "base_model": base, "sessions": sessions})


def _mark(run_folder: Path, job: Job) -> None:
    """Remember in the run that this job has come home; last, so that what was cut off can be done again."""
    path = run_folder / "settings.json"
    unfinished = path.with_suffix(".part")
    unfinished.write_text(json.dumps({**read_json(path), "job": job.id}, ensure_ascii=False, indent=2), "utf-8")
    unfinished.replace(path)


def _merge(project: Project, job: Job, adapter: Path, made: dict[str, Any], context: Context) -> Path:
    from services.models.merge import merge_final

    path = project.dataset_path(job.dataset)  # it may have another name by now
    if not path.is_file() or hash_file(path) != job.data_sha256:
        context.warning(
            _("SFT training"),
            _("The pairs have changed since this training was exported: the model has learnt them as they were."),
        )
    base_folder = find_base_model(job.base_model)
    return merge_final(base_folder, project.cpt_model_folder, adapter, project.model_folder(job.name), made, context)
