"""Base models: finding one by name or folder, saying what it is, and fetching it when asked.

A name is looked up on this computer first, without any network call; only a job that was given a name that is not
here downloads it, and never when the program is offline.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from services.errors import UserError
from services.models.cache import HUB_ID, cached_model, cached_models, commit_of
from services.models.weights import read_headers
from services.translation import _

if TYPE_CHECKING:
    from services.jobs import Context

STARTER_MODEL = Path(__file__).resolve().parents[2] / "resources" / "starter_model"
STARTER_NAME = "starter"

_TOKENIZER_FILES = ("tokenizer.json", "tokenizer.model", "vocab.json", "spiece.model")


@dataclass(frozen=True, slots=True)
class BaseModelInfo:
    """What a list of models shows; read from the files' headers, nothing is loaded.

    parameters: stored weights; tied embeddings count once.
    size_bytes: of the files in the folder.
    licence: as the model card names it, or empty. languages: their codes, from there too.
    context_tokens: the longest text that it was made for; 0 where nobody says.
    commit: of the hub; empty for a folder from elsewhere.
    why_not: the sentence to show where is_trainable is False.
    """

    name: str
    folder: Path
    architecture: str
    parameters: int
    size_bytes: int
    licence: str
    languages: tuple[str, ...]
    context_tokens: int
    commit: str
    has_chat_template: bool
    is_trainable: bool
    why_not: str


def find_base_model(name_or_folder: str | Path, context: Context | None = None) -> Path:
    """The local folder of a base model, checked to be one that can be trained.

    Args:
        name_or_folder: a folder, a Hugging Face id, or "starter" for the model that comes with the program.
        context: given, a model that is not on this computer is downloaded, with progress; without it never.

    Raises:
        UserError: there is no such model, it is not one, or it cannot be had offline.
        Cancelled: during a download.
    """
    text = str(name_or_folder).strip()
    if not text:
        raise UserError(_("No base model is chosen. Name a folder or a Hugging Face model, or take “starter”."))
    folder = _local_folder(text)
    if folder is None:
        folder = cached_model(text)
    if folder is None and context is None:
        raise UserError(
            _("The model {name} is not on this computer. Download it first, or choose another.").format(name=text)
        )
    if folder is None:
        from services.models.download import download_model

        folder = download_model(text, context)
    problem = why_not_trainable(folder)
    if problem:
        raise UserError(problem)
    return folder


def describe(folder: str | Path, name: str = "") -> BaseModelInfo:
    """What can be said of a model folder without loading it.

    Raises:
        UserError: the folder is not a model.
    """
    folder = Path(folder)
    problem = why_not_a_model(folder)
    if problem:
        raise UserError(problem)
    config, card = read_config(folder), _read_card(folder)
    problem = why_not_trainable(folder)
    return BaseModelInfo(
        name=name or (STARTER_NAME if folder == STARTER_MODEL else folder.name),
        folder=folder,
        architecture=(config.get("architectures") or [config.get("model_type", "")])[0],
        parameters=sum(header.size for header in read_headers(folder).values()),
        size_bytes=sum(path.stat().st_size for path in folder.iterdir() if path.is_file()),
        licence=_licence(card),
        languages=_languages(card),
        context_tokens=int(config.get("max_position_embeddings") or 0),
        commit=commit_of(folder),
        has_chat_template=(folder / "chat_template.jinja").is_file()
        or bool(_read_json(folder / "tokenizer_config.json").get("chat_template")),
        is_trainable=not problem,
        why_not=problem,
    )


def local_models(folders: Iterable[str | Path] = ()) -> list[BaseModelInfo]:
    """The models on this computer: the starter, the Hugging Face cache, and what lies in the given folders.

    A folder may be a model itself or hold some, one or two levels down (author/model). What is not a model is left out.
    """
    found: dict[Path, str] = {STARTER_MODEL: STARTER_NAME}
    found |= {model.snapshot: model.name for model in cached_models() if model.snapshot}
    for folder in map(Path, folders):
        for config in (folder, *folder.glob("*"), *folder.glob("*/*")):
            if (config / "config.json").is_file():
                found.setdefault(config, "" if config == folder else config.relative_to(folder).as_posix())
    return [describe(folder, name) for folder, name in found.items() if not why_not_a_model(folder)]


def why_not_a_model(folder: Path) -> str:
    """The sentence that says why a folder is not a model with weights and a tokenizer; empty if it is one."""
    names = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
    if any(name.endswith(".gguf") for name in names) and "config.json" not in names:
        return _gguf_sentence(folder)
    if "config.json" not in names and "adapter_config.json" in names:
        base = _read_json(folder / "adapter_config.json").get("base_model_name_or_path") or "?"
        return _("{folder} holds an adapter, not a whole model. Choose the model it was made for: {base}.").format(
            folder=folder, base=base
        )
    if "config.json" not in names or not _read_json(folder / "config.json"):
        return _(
            "{folder} is not a model: it has no config.json that can be read. Choose the folder that holds "
            "config.json, "
            "the tokenizer and the .safetensors files."
        ).format(folder=folder)
    if not any(name.endswith(".safetensors") for name in names):
        if any(name.endswith((".bin", ".pt", ".pth")) for name in names):
            return _(
                "{folder} has its weights only in the old pickle format, which can run code when it is opened. Choose "
                "a model with .safetensors files."
            ).format(folder=folder)
        return _("{folder} has no weights: no .safetensors file is in it. Download the model again.").format(
            folder=folder
        )
    if not names & set(_TOKENIZER_FILES):
        return _("{folder} has no tokenizer. Copy tokenizer.json of the model into it.").format(folder=folder)
    try:
        read_headers(folder)
    except UserError as error:
        return str(error)
    return ""


def why_not_trainable(folder: Path) -> str:
    """The sentence that says why a folder cannot be a base model for training; empty if it can."""
    problem = why_not_a_model(folder)
    if problem:
        return problem
    return why_not_config(read_config(folder), _("The model in {folder}").format(folder=folder))


def why_not_config(config: dict[str, Any], subject: str) -> str:
    """The sentence that says why a model of this configuration cannot be trained; empty if it can.

    Args:
        subject: the model, as the sentence begins: "The model in FOLDER".
    """
    architecture = (config.get("architectures") or [""])[0]
    if "quantization_config" in config:
        return _(
            "{subject} is already quantized, and what is learnt would not fit in. Choose the original it was made from."
        ).format(subject=subject)
    if "auto_map" in config and not architecture.startswith(("Llama", "Qwen", "Phi", "Mistral", "Gemma")):
        return _(
            "{subject} needs program code of its own, which is not run here for safety. Choose another model."
        ).format(subject=subject)
    if not architecture.endswith(("ForCausalLM", "LMHeadModel")):
        return _(
            "{subject} ({architecture}) is not a plain text generator. Choose one whose architecture ends in "
            "“ForCausalLM”."
        ).format(subject=subject, architecture=architecture or config.get("model_type", "?"))
    return ""


def run(settings: dict[str, Any], context: Context) -> dict[str, Any]:
    """The download job: fetches ``settings["model"]`` unless it is here already.

    Returns:
        {"model", "folder", "commit", "size_bytes", "parameters"}
    """
    folder = find_base_model(settings["model"], context)
    info = describe(folder, str(settings["model"]))
    return {
        "model": info.name,
        "folder": str(folder),
        "commit": info.commit,
        "size_bytes": info.size_bytes,
        "parameters": info.parameters,
    }


def _local_folder(text: str) -> Path | None:
    """The folder meant by a text; None if it is the name of a model on the hub."""
    path = Path(text).expanduser()
    if path.is_dir():
        return path.resolve()
    if path.suffix == ".gguf":
        raise UserError(_gguf_sentence(path))
    if path.is_file():
        raise UserError(_("{path} is a file. Choose the folder of the model that it belongs to.").format(path=path))
    if text == STARTER_NAME:
        if STARTER_MODEL.is_dir():
            return STARTER_MODEL
        raise UserError(
            _("The starter model is missing from {folder}. Install the program again.").format(folder=STARTER_MODEL)
        )
    if not HUB_ID.fullmatch(text):
        raise UserError(_("There is no folder {path}. Check the spelling.").format(path=path))
    return None


def _gguf_sentence(path: Path) -> str:
    return _(
        "{path} is a GGUF model. That format is for chatting and cannot be trained. Choose the original model with "
        ".safetensors files; its name is usually in the GGUF's name."
    ).format(path=path)


def read_config(folder: Path) -> dict[str, Any]:
    """What config.json says; empty where it cannot be read."""
    return _read_json(folder / "config.json")


def _read_card(folder: Path) -> str:
    """The front matter of the model card, between its two lines of dashes."""
    try:
        text = (folder / "README.md").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    card = re.match(r"---\s*\n(.*?)\n---", text, re.DOTALL)
    return card[1] if card else ""


def _licence(card: str) -> str:
    values = dict(re.findall(r"^(license(?:_name)?):[ \t]*[\"']?([^\"'\n]+)", card, re.MULTILINE))
    licence = values.get("license", "").strip()
    return values.get("license_name", licence).strip() if licence == "other" else licence


def _languages(card: str) -> tuple[str, ...]:
    """Codes, written as one word, as [a, b], or as a list of lines."""
    found = re.search(r"^language:[ \t]*(.*(?:\n[ \t]*- .*)*)", card, re.MULTILINE)
    return tuple(re.findall(r"[a-z]{2,3}(?=\W|$)", found[1])) if found else ()


def _read_json(path: Path) -> dict[str, Any]:
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return values if isinstance(values, dict) else {}
