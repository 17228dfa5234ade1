"""A training that runs somewhere else: the folder that goes there, as the program that runs in it sees it.

``job.json`` says all that decides the run; every path in it is relative to the folder, which is a project without
documents. What comes back is ``result.zip``: the adapter, the run's record, and ``job.json`` again.
"""

from __future__ import annotations

import json
import os
import time
import zipfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from services.errors import UserError
from services.models.provenance import read_provenance, write_provenance
from services.training.corpus import hash_file
from services.training.origin import FILE_NAME as ORIGIN_FILE
from services.translation import _

JOB_FILE, RESULT_FILE = "job.json", "result.zip"
BASE_FOLDER = "base_model"
# Between the texts of a travelling corpus: the base model's own end may not be known where it is written.
TEXT_END = "<|end of text of a travelling corpus|>"
_FORMAT = 1
_PATIENCE_S = 60.0


@dataclass(frozen=True, slots=True)
class Job:
    """What decides a run, wherever it takes place.

    base_model: its name at home; base: fingerprint of its files, empty where they were not at hand; revision: of a
    Hugging Face model, its commit; is_base_included: its files lie in ``base_model/``.
    data, data_sha256: the file to learn from, relative to the folder. corpus: for phase 2 how many texts and wordings
    are in it, and the revision of the knowledge base. cpt_model, dataset, name: for phase 4.
    """

    id: str
    phase: str
    program: str
    settings: dict[str, Any]
    base_model: str
    base: str
    data: str
    data_sha256: str
    revision: str = ""
    is_base_included: bool = False
    corpus: dict[str, int] = field(default_factory=dict)
    dataset: str = ""
    name: str = ""
    cpt_model: str = ""

    def base_path(self, folder: Path) -> str:
        """How the base model is found from the job's folder: the folder in there, or its name."""
        return str((folder / BASE_FOLDER).resolve()) if self.is_base_included else self.base_model


def write_job(folder: Path, job: Job) -> None:
    (folder / JOB_FILE).write_text(
        json.dumps({"format": _FORMAT, **asdict(job)}, ensure_ascii=False, indent=2) + "\n", "utf-8"
    )


def read_job(folder: Path) -> Job | None:
    """The job whose folder this is; None where it is an ordinary project.

    Raises:
        UserError: the file cannot be read, or is of a newer program.
    """
    path = folder / JOB_FILE
    if not path.is_file():
        return None
    return parse_job(path.read_text("utf-8", errors="replace"), str(path))


def parse_job(text: str, where: str) -> Job:
    """
    Raises:
        UserError: this is no job, or one of a newer program.
    """
    try:
        values = json.loads(text)
        is_newer = values.pop("format") > _FORMAT
        if not is_newer:
            job = Job(**values)
            if job.phase in ("cpt", "sft") and isinstance(job.settings, dict) and isinstance(job.id, str):
                return job
    except (ValueError, TypeError, KeyError, AttributeError):
        is_newer = False
    if is_newer:
        raise UserError(_("{path} was written by a newer version of this program. Update it here.").format(path=where))
    raise UserError(_("{path} is damaged, so nothing is known of this training. Export it again.").format(path=where))


def settle(folder: Path, job: Job) -> None:
    """Make sure of what a job needs where it has arrived.

    Raises:
        UserError: the data is not what was exported, or something is missing.
    """
    if hash_file(folder / job.data) != job.data_sha256:
        raise UserError(
            _("{path} is not the data that was exported with this training. Copy the whole folder again.").format(
                path=folder / job.data
            )
        )
    if job.is_base_included and not (folder / BASE_FOLDER / "config.json").is_file():
        raise UserError(
            _("The base model is missing from {folder}. Copy the files of {name} into it.").format(
                folder=folder / BASE_FOLDER, name=Path(job.base_model).name
            )
        )
    if job.phase == "sft":
        _name_base(folder / "models" / "cpt_model", job.base_path(folder))


def _name_base(cpt_model: Path, base: str) -> None:
    """Let the adapter that is trained on name its base as it is found here; one process of each computer writes."""
    deadline = time.monotonic() + _PATIENCE_S
    while (made := read_provenance(cpt_model)).get("base_model") != base:
        if os.environ.get("LOCAL_RANK", "0") == "0":
            write_provenance(cpt_model, **{**made, "base_model": base})
        elif time.monotonic() > deadline:
            raise UserError(_("{folder} is not the same for all processes.").format(folder=cpt_model))
        else:
            time.sleep(0.05)


def result_files(folder: Path, job: Job) -> Iterator[tuple[Path, str]]:
    """What is to come back, as (file, name in the archive): nothing but text, JSON and safetensors."""
    yield folder / JOB_FILE, JOB_FILE
    for path in sorted(adapter_folder(folder, job).iterdir()):
        if path.suffix in (".safetensors", ".json", ".jinja", ".model"):
            yield path, f"adapter/{path.name}"
    runs = sorted((path for path in (folder / "runs").glob(f"*-{job.phase}")), key=lambda path: path.name)
    for number, run in enumerate(runs):  # several, where it was stopped and went on
        for name in ("settings.json", ORIGIN_FILE, "events.jsonl", "log.txt"):
            if (run / name).is_file():
                yield run / name, f"runs/{number:04d}/{name}"


def adapter_folder(folder: Path, job: Job) -> Path:
    """Where the result of a job lies in its folder."""
    return folder / "models" / ("cpt_model" if job.phase == "cpt" else "sft_adapter")


def pack_result(folder: Path, job: Job) -> Path:
    """Write ``result.zip``, in one step."""
    path = folder / RESULT_FILE
    unfinished = path.with_name(path.name + ".part")
    with zipfile.ZipFile(unfinished, "w", zipfile.ZIP_DEFLATED) as archive:
        for file, name in result_files(folder, job):
            archive.write(file, name)
    unfinished.replace(path)
    return path
