"""Exporting a model, and proving that what was written is the model that was meant.

"Good in the program, nonsense elsewhere" is the usual complaint about exports. So every export is read back before it
is called done: safetensors weight by weight, GGUF by asking llama.cpp and the model itself the same questions.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import unicodedata
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from services import settings as declared
from services.errors import UserError
from services.models.provenance import FILE_NAME
from services.models.room import check_room, writing
from services.models.weights import read_headers
from services.translation import _

if TYPE_CHECKING:
    from services.jobs import Context
    from services.project import Project

_QUESTIONS = ("What is this text about?", "Who lives there?", "What happened in the year 1874, and why?")
_CHECK_TOKENS = 16
_TEXTS = 20  # passages of the knowledge base whose tokens are compared
_SAME_SHARE = 0.9  # of them must be cut alike; odd characters may differ
_NEARLY_EXACT = ("F32", "F16", "BF16", "Q8_0")  # at least one answer must be word for word the model's own


def run(settings: dict[str, Any], context: Context) -> dict[str, Any]:
    """The export job.

    Settings: project, model ("final", a variant, "cpt" or "base"), format, quantization, to (a new or empty folder;
    otherwise one under exports/ with today's date).

    Returns:
        {"path", "format", "quantization", "model", "size_bytes", "verified"}: path is the folder of safetensors, or
        the GGUF file; verified is a sentence.

    Raises:
        UserError: the model does not exist, the format cannot hold it, no room, or what was written is not the model.
        Cancelled: nothing is left behind.
    """
    from services.project import Project

    project = Project.open(Path(settings["project"]))
    values = declared.check("export", settings)
    which = settings.get("model") or "final"
    is_gguf = values["format"] == "gguf"
    with (
        _source(project, which, context.part(0.0, 0.2)) as source,
        _new_folder(project, values["format"], settings) as (folder, unfinished),
    ):
        part = context.part(0.2, 1.0)
        if is_gguf:
            name = f"{which}-{values['quantization']}.gguf"
            verified = _export_gguf(project, source, unfinished / name, values["quantization"], part)
        else:
            name = ""
            verified = _export_safetensors(source, unfinished, part)
    return {
        "path": str(folder / name),
        "format": values["format"],
        "quantization": values["quantization"] if is_gguf else "",
        "model": which,
        "size_bytes": sum(file.stat().st_size for file in folder.iterdir()),
        "verified": verified,
    }


@contextlib.contextmanager
def _source(project: Project, which: str, context: Context) -> Iterator[Path]:
    """The folder of the model to export; the knowledge model, which is an adapter, is merged into one for the while."""
    from services.models.merge import base_of, load_merged, save_model, stored_dtype

    if which == "base":
        yield base_of(project)
        return
    if which != "cpt":
        folder = project.model_folder(which)
        if not (folder / "config.json").is_file():
            others = ", ".join(project.final_models()) or _("none yet")
            raise UserError(
                _("{name} has no model “{model}” to export. Train it in step 4. There are: {others}.").format(
                    name=project.name, model=which, others=others
                )
            )
        yield folder
        return
    context.progress(0, 1, _("Merging the knowledge into the base model"))
    model, tokenizer = load_merged(project, "cpt", "cpu")
    folder = project.models_folder / ".cpt.merged"
    shutil.rmtree(folder, ignore_errors=True)
    try:
        with writing(_("the merged model"), folder.parent):
            save_model(model, tokenizer, stored_dtype(base_of(project)), folder)
        del model
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _new_folder(project: Project, format: str, settings: dict[str, Any]) -> Iterator[tuple[Path, Path]]:
    """The folder of an export, and the hidden one to write into, which takes its place when all is written and checked.

    Raises:
        UserError: the folder wished for holds something already, or cannot be made.
    """
    if settings.get("to"):
        folder = Path(settings["to"]).expanduser().resolve()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            is_empty = not any(folder.iterdir())
        except OSError as error:
            raise UserError(
                _("{folder} cannot be written: {reason}. Choose another folder.").format(
                    folder=folder, reason=error.strerror
                )
            ) from error
        if not is_empty:
            raise UserError(_("{folder} is not empty. Choose a new folder for the export.").format(folder=folder))
    else:
        folder = project.new_export_folder(format)
        _remove_leftovers(folder.parent, format)
    unfinished = folder.with_name(f".{folder.name}.{os.getpid()}")
    try:
        with writing(_("the export"), folder):
            unfinished.mkdir()
            yield folder, unfinished
            folder.rmdir()
            unfinished.rename(folder)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
        with contextlib.suppress(OSError):
            folder.rmdir()  # only an empty one goes: an export that did not come to its end


def _remove_leftovers(place: Path, format: str) -> None:
    """What exports left whose process was killed."""
    import psutil

    for leftover in place.glob(f".{format}_*.*"):
        if leftover.suffix[1:].isdigit() and not psutil.pid_exists(int(leftover.suffix[1:])):
            shutil.rmtree(leftover, ignore_errors=True)


def _export_safetensors(source: Path, folder: Path, context: Context) -> str:
    """Copies what other programs read, and returns the sentence that says what was compared."""
    files = [path for path in source.iterdir() if path.is_file() and path.name != FILE_NAME and path.name[0] != "."]
    total = sum(path.stat().st_size for path in files)
    check_room(folder, total, _("the export"))
    done = 0
    for path in files:
        with path.open("rb") as original, (folder / path.name).open("wb") as copy:
            while piece := original.read(16 * 2**20):
                context.check()
                copy.write(piece)
                done += len(piece)
                context.progress(done * 0.7, total, _("Writing {file}").format(file=path.name))
    _widen_tokenizer(folder / "tokenizer_config.json")
    context.progress(0.7, 1, _("Comparing with the model"))
    return _compare_safetensors(source, folder, context)


def _widen_tokenizer(path: Path) -> None:
    """Spells two keys as transformers 4 does: it does not know the words of version 5, which knows both."""
    if not path.is_file():
        return
    values = json.loads(path.read_text(encoding="utf-8"))
    if values.get("tokenizer_class") == "TokenizersBackend":
        values["tokenizer_class"] = "PreTrainedTokenizerFast"
    if isinstance(values.get("extra_special_tokens"), list):
        values["additional_special_tokens"] = values.pop("extra_special_tokens")
    path.write_text(json.dumps(values, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def _compare_safetensors(source: Path, folder: Path, context: Context) -> str:
    import torch
    from safetensors import safe_open
    from transformers import AutoConfig, AutoTokenizer

    before, after = read_headers(source), read_headers(folder)
    different = set(before) ^ set(after)
    for number, (name, header) in enumerate(before.items() if not different else ()):
        context.check()
        with safe_open(header.path, framework="pt") as original, safe_open(after[name].path, framework="pt") as copy:
            left, right = original.get_tensor(name), copy.get_tensor(name)
            if left.dtype != right.dtype or not torch.equal(left.view(torch.uint8), right.view(torch.uint8)):
                different.add(name)
        context.progress(0.7 + 0.3 * number / len(before), 1, _("Comparing with the model"))
    readers = [AutoTokenizer.from_pretrained(place, local_files_only=True, trust_remote_code=False) for place in (source, folder)]
    AutoConfig.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
    texts = [[reader(text)["input_ids"] for text in _QUESTIONS] + [reader.chat_template] for reader in readers]
    if different or texts[0] != texts[1]:
        raise UserError(
            _(
                "The export was read back and is not the same as the model ({what}). Check the disk and export again."
            ).format(what=min(different, default=_("tokenizer")))
        )
    return _(
        "Read back: all {count} weights are bit for bit those of the model, and text is cut into the same tokens."
    ).format(count=len(before))


def _export_gguf(project: Project, source: Path, path: Path, quantization: str, context: Context) -> str:
    from services.models.gguf import write_gguf

    write_gguf(source, path, quantization, context.part(0.0, 0.6))
    context.progress(0.6, 1, _("Asking the model and the file the same questions"))
    return _compare_gguf(project, source, path, quantization, context)


def _compare_gguf(project: Project, source: Path, path: Path, quantization: str, context: Context) -> str:
    """
    Raises:
        UserError: llama.cpp does not load the file, reads text otherwise, or answers otherwise where it should not.
    """
    from services.models.llama_cpp import GgufModel
    from services.models.merge import fits_in_memory, load_base
    from services.models.torch_model import TorchModel

    if not fits_in_memory(source, 4):
        return _("Written, but not compared with the model: this computer's memory is too small for that.")
    texts = [unicodedata.normalize("NFC", text) for text in (*_QUESTIONS, *_passages(project))]
    model = TorchModel(*load_base(source))
    expected = _probe(model, texts, context)
    model.close()
    context.progress(0.8, 1, _("Asking the model and the file the same questions"))
    with GgufModel(path, context_tokens=2048) as file:
        found = _probe(file, texts, context)

    same_texts = sum(left == right for left, right in zip(expected[0], found[0]))
    same_answers = sum(left == right for left, right in zip(expected[1], found[1]))
    if same_texts < _SAME_SHARE * len(texts) or (quantization in _NEARLY_EXACT and not same_answers):
        raise UserError(
            _(
                "The GGUF file was read back in llama.cpp and does not behave like the model, so it was not kept. "
                "Export it as "
                "safetensors."
            )
        )
    return _(
        "Read back in llama.cpp: {texts} of {all_texts} texts are cut into as many tokens, {answers} of "
        "{all_answers} answers "
        "begin word for word like the model's own."
    ).format(texts=same_texts, all_texts=len(texts), answers=same_answers, all_answers=len(_QUESTIONS))


def _probe(speaker: Any, texts: list[str], context: Context) -> tuple[list[int], list[str]]:
    counts = [speaker.count_prompt_tokens(text) for text in texts]
    options = {"answer_tokens": _CHECK_TOKENS, "temperature": 0.0}
    answers = []
    for question in _QUESTIONS:
        messages = [{"role": "user", "content": question}]
        answers.append(speaker.chat(messages, lambda piece: context.check(), options).strip())
    return counts, answers


def _passages(project: Project) -> list[str]:
    """The beginnings of some chunks, spread over the whole knowledge base."""
    with project.connect(is_read_only=True) as knowledge_base:
        ids = list(knowledge_base.chunk_ids())
        chosen = ids[:: max(1, len(ids) // _TEXTS)][:_TEXTS]
        return [chunk.content[:500] for chunk in knowledge_base.chunks(chosen) if chunk.content.strip()]
