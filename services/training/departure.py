"""The job that packs a training to be run somewhere else: a folder with all that it needs, and none of the documents.

What leaves this computer: the training text (phase 2) or the questions and answers (phase 4), the settings, this
program's services, with phase 4 the CPT adapter, and the base model where that is wanted. File names, chunks, runs and
keys stay.
"""

from __future__ import annotations

import importlib.metadata
import json
import secrets
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from services import __version__
from services import settings as declarations
from services.errors import UserError
from services.models.base import STARTER_NAME, find_base_model
from services.models.cache import cached_model, commit_of
from services.models.provenance import read_provenance
from services.models.room import check_room, writing
from services.project import Project
from services.training.checkpoint import fingerprint_model
from services.training.corpus import collect_text, hash_file, write_documents
from services.training.launch import accelerate_config
from services.training.session import lasting_name
from services.training.travel import BASE_FOLDER, RESULT_FILE, TEXT_END, Job, write_job
from services.translation import _

if TYPE_CHECKING:
    from services.jobs import Context

_ROOT = Path(__file__).resolve().parents[2]
_PROGRAM = ("main.py", "services", "resources/general_text.txt", "LICENSE", "pyproject.toml")
_PACKAGES = (
    "torch", "transformers", "peft", "trl", "accelerate", "datasets", "safetensors", "tokenizers", "huggingface_hub",
    "sentencepiece", "protobuf", "numpy", "psutil", "platformdirs", "requests",
)  # fmt: skip
_CHARACTERS_PER_TOKEN = 3  # rather too few than too many, where there is no tokenizer to count


def run(settings: dict[str, Any], context: Context) -> dict[str, Any]:
    """The job.

    Args:
        settings: of the phase, with "project", "phase", "to" (a new or empty folder; empty: one under ``exports/``),
            "base_model" (phase 2) or "dataset" and "name" (phase 4), "with_base" (take the base model's files along),
            "cards" and "machines" to write the configuration for.

    Returns:
        path, files, size_bytes, leaves: what of the person's leaves this computer, in words.

    Raises:
        UserError: nothing to train on, no room, or a folder with other things in it.
    """
    project, phase = Project.open(Path(settings["project"])), settings["phase"]
    values = declarations.check(phase, settings)
    context.progress(0, 4, _("Collecting what the training needs"))
    source, name = _source_of(project, phase, settings)
    base_folder = folder_at_hand(name)
    is_local = base_folder is not None and (name == STARTER_NAME or Path(name).expanduser().is_dir())
    with_base = bool(settings.get("with_base")) or name == STARTER_NAME
    if with_base and base_folder is None:
        raise UserError(
            _("The model {name} is not on this computer, so its files cannot be taken along. Export without them: it is "
              "downloaded where the training runs.").format(name=name)
        )
    if is_local and not with_base:
        context.warning(
            _("Base model"),
            _("It is a folder of this computer, and its files are not taken along: put a copy into “{folder}” there.")
            .format(folder=BASE_FOLDER),
        )
    folder = Path(settings["to"]).expanduser() if settings.get("to") else project.new_export_folder("job")
    if folder.is_dir() and any(folder.iterdir()):
        raise UserError(_("{folder} is not empty. Choose a new folder.").format(folder=folder))
    size = sum(path.stat().st_size for path in base_folder.iterdir()) if with_base else 0
    check_room(folder, size + 64e6, _("the exported training"))
    try:
        with writing(_("the exported training"), folder):
            (folder / "data").mkdir(parents=True, exist_ok=True)
            job = _write_data(project, folder, phase, values, settings, base_folder, name, context)
            job = {
                **job, "id": secrets.token_hex(8), "phase": phase, "program": __version__, "settings": values,
                "base_model": lasting_name(name), "base": source["base"], "revision": commit_of(base_folder) if base_folder and not is_local else "",
                "is_base_included": with_base or is_local, **source["more"],
            }  # fmt: skip
            record = Job(**job)
            context.progress(1, 4, _("Copying the base model") if with_base else _("Writing the program"))
            if with_base:
                shutil.copytree(base_folder, folder / BASE_FOLDER, symlinks=False)
            context.check()
            if phase == "sft":
                shutil.copytree(project.cpt_model_folder, folder / "models" / "cpt_model")
            Project(folder).connect().close()  # an empty knowledge base: the folder is a project
            _write_program(folder / "program")
            context.progress(3, 4, _("Writing the instructions"))
            _write_instructions(folder, record, max(1, int(settings.get("cards") or 1)), max(1, int(settings.get("machines") or 1)))
            write_job(folder, record)
            _remember(project, record)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    files = [path for path in folder.rglob("*") if path.is_file()]
    context.progress(4, 4, _("The training is exported"))
    return {
        "path": str(folder), "files": len(files), "size_bytes": sum(path.stat().st_size for path in files),
        "leaves": leaves_in_words(phase, record.dataset, with_base),
    }  # fmt: skip


def leaves_in_words(phase: str, dataset: str, has_base: bool) -> str:
    """What of the person's is in a packed folder."""
    if phase == "cpt":
        text = _("In the folder is the text of your documents, as it is learnt, without their names. Whoever has it can "
                 "read it.")  # fmt: skip
    else:
        text = _("In the folder are the questions and answers of “{dataset}” and the adapter that has learnt your "
                 "documents. Whoever has it can read and use them.").format(dataset=dataset)  # fmt: skip
    return text + (" " + _("The base model goes along.") if has_base else "")


def jobs_folder(project: Project) -> Path:
    """Where a project remembers what was exported, to know it again."""
    return project.exports_folder / ".jobs"


def _remember(project: Project, job: Job) -> None:
    folder = jobs_folder(project) / job.id
    folder.mkdir(parents=True, exist_ok=True)
    write_job(folder, job)


def _source_of(project: Project, phase: str, settings: dict[str, Any]) -> tuple[dict[str, Any], str]:
    """What the run starts from, and the name of its base model."""
    if phase == "cpt":
        name = str(settings.get("base_model") or "")
        folder = folder_at_hand(name)
        return {"base": fingerprint_model(folder) if folder else "", "more": {}}, name
    if not (project.cpt_model_folder / "adapter_config.json").is_file():
        raise UserError(_("This project has no CPT model yet, and SFT trains on that. Run CPT Training first."))
    dataset, name = settings.get("dataset") or "sft_data", settings.get("name") or "final"
    project.model_folder(name)
    mark = fingerprint_model(project.cpt_model_folder)
    return {"base": mark, "more": {"dataset": dataset, "name": name, "cpt_model": mark}}, read_provenance(
        project.cpt_model_folder
    ).get("base_model", "")


def folder_at_hand(name: str) -> Path | None:
    """The base model's folder, if it is on this computer.

    Raises:
        UserError: it cannot be a base model.
    """
    if not name or name == STARTER_NAME or Path(name).expanduser().exists() or cached_model(name):
        return find_base_model(name)
    return None


def _write_data(
    project: Project, folder: Path, phase: str, values: dict[str, Any], settings: dict[str, Any],
    base_folder: Path | None, name: str, context: Context,
) -> dict[str, Any]:  # fmt: skip
    if phase == "sft":
        from services.training.conversation import read_conversations

        path = project.dataset_path(settings.get("dataset") or "sft_data")
        read_conversations(path)  # raises what is to be said of it
        relative = f"data/{path.name}"
        shutil.copyfile(path, folder / relative)
        return {"data": relative, "data_sha256": hash_file(path)}

    def count_tokens(documents: Sequence[str]) -> list[int]:
        if base_folder is None:
            return [1 + len(document) // _CHARACTERS_PER_TOKEN for document in documents]
        return [len(ids) + 1 for ids in tokenizer(list(documents), add_special_tokens=False)["input_ids"]]

    if base_folder is not None and values["wordings"] > 1:
        from transformers import AutoTokenizer

        tokenizer = AutoTokenizer.from_pretrained(base_folder, local_files_only=True)
    given = collect_text(project, values, context, count_tokens)
    relative = "data/corpus.txt"
    mark = write_documents(folder / relative, [*given.texts, *given.wordings], TEXT_END)
    counts = {"texts": len(given.texts), "wordings": len(given.wordings), "revision": given.revision}
    return {"data": relative, "data_sha256": mark, "corpus": counts}


def _write_program(folder: Path) -> None:
    """This program without its window, and the packages that it needs there, in the versions it has here."""
    for name in _PROGRAM:
        source, place = _ROOT / name, folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, place, ignore=shutil.ignore_patterns("__pycache__", "*.pyc", "*.so", "*.pyd"))
        elif source.is_file():
            shutil.copyfile(source, place)
    versions = []
    for name in _PACKAGES:
        try:
            # Without the build's tag: which cards torch is built for is decided there.
            versions.append(f"{name}=={importlib.metadata.version(name).split('+')[0]}")
        except importlib.metadata.PackageNotFoundError:
            versions.append(name)
    (folder / "requirements.txt").write_text("\n".join(versions) + "\n", "utf-8")


def _write_instructions(folder: Path, job: Job, cards: int, machines: int) -> None:
    processes = cards * machines
    (folder / "accelerate.yaml").write_text(accelerate_config(processes, machines=machines), "utf-8")
    (folder / "accelerate_fsdp2.yaml").write_text(
        accelerate_config(processes, machines=machines, is_sharded=True), "utf-8"
    )
    command = f"program/main.py {job.phase} . --resume"
    (folder / "job.sky.yaml").write_text(_SKY.format(cards=cards, machines=machines, command=command), "utf-8")
    (folder / "README.md").write_text(
        _README.format(
            what=leaves_in_words(job.phase, job.dataset, (folder / BASE_FOLDER).is_dir()), phase=job.phase, command=command, result=RESULT_FILE, version=__version__,
            settings=json.dumps(job.settings, indent=2),
            base=_base_in_words(job),
        ),
        "utf-8",
    )


def _base_in_words(job: Job) -> str:
    if job.is_base_included:
        return f"The base model is expected in `{BASE_FOLDER}/`."
    commit = f" (commit {job.revision})" if job.revision else ""
    return f"The base model {job.base_model}{commit} is downloaded at the first start."


_SKY = """\
# SkyPilot: rents a machine, runs the training on it.   sky launch -c wissenswerk job.sky.yaml
name: wissenswerk
resources:
  accelerators: H100:{cards}  # or L4, A100, L40S ...
num_nodes: {machines}
workdir: .
# On machines that may be taken away (spot), and on several, keep the checkpoints in a bucket:
# file_mounts:
#   ~/sky_workdir/models/checkpoints: {{source: s3://YOUR-BUCKET/wissenswerk, mode: MOUNT}}
setup: pip install -r program/requirements.txt
run: |
  accelerate launch --config_file accelerate.yaml \\
    --num_machines $SKYPILOT_NUM_NODES --machine_rank $SKYPILOT_NODE_RANK \\
    --num_processes $((SKYPILOT_NUM_NODES * SKYPILOT_NUM_GPUS_PER_NODE)) \\
    --main_process_ip "$(echo "$SKYPILOT_NODE_IPS" | head -n1)" --main_process_port 29500 \\
    {command}
"""

_README = """\
# A training of Wissenswerk {version}, to be run on another machine

{what} {base}

On a machine with one or more NVIDIA cards and Python 3.11 to 3.14, in this folder:

    pip install -r program/requirements.txt
    accelerate launch --config_file accelerate.yaml {command}

`--num_processes 4` before `{command}` uses four cards. A base model that does not fit into one card:
`--config_file accelerate_fsdp2.yaml`. Several machines need this folder on a disk that all of them see; see
`accelerate launch --help` for `--num_machines`, `--machine_rank` and `--main_process_ip`. Ctrl+C saves and stops; the same
command goes on. Without a card, `--device cpu` at the end.

On a rented machine, with [SkyPilot](https://docs.skypilot.co):

    sky launch -c wissenswerk job.sky.yaml
    rsync -Pavz wissenswerk:sky_workdir/{result} .   # then: sky down wissenswerk

Then bring `{result}` back: “Bring back a result…” in the window, or `main.py {phase} PROJECT --bring-back {result}`.

## Settings

{settings}
"""
