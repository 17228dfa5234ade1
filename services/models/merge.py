"""Loading models, and making one of a base and its adapters.

The knowledge adapter (CPT) and the behaviour adapter (SFT) are both sums onto the same weights. They are merged
into the unquantized base, in 32 bits where memory allows, and rounded once.
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from services.errors import UserError
from services.models.base import find_base_model
from services.models.chat_template import prepare_chat, without_generation_tags
from services.models.provenance import read_provenance, write_provenance
from services.models.room import check_room, writing
from services.models.weights import read_headers
from services.training.device import choose_device
from services.translation import _

if TYPE_CHECKING:
    from services.jobs import Context
    from services.project import Project

_DTYPES = {"F32": "float32", "F16": "float16", "BF16": "bfloat16", "F64": "float32"}
_MEMORY_SHARE = 0.7  # of what is free; the rest is for everything else
_LICENCES = ("LICENSE*", "LICENCE*", "NOTICE*", "USE_POLICY*")


def stored_dtype(folder: Path) -> str:
    """The type of most weights in a model folder, as torch names it: "float32", "bfloat16" or "float16"."""
    sizes: dict[str, int] = {}
    for header in read_headers(folder).values():
        sizes[header.dtype] = sizes.get(header.dtype, 0) + header.size
    return _DTYPES.get(max(sizes, key=lambda dtype: sizes[dtype]), "float32")


def load_base(folder: Path, dtype: str = "auto", device: str = "auto") -> tuple[Any, Any]:
    """A model folder as (model, tokenizer) of transformers, in evaluation mode.

    Args:
        dtype: as torch names it; "auto" takes what suits the device, and what is stored where memory is short.
        device: "cuda", "mps", "cpu" or "auto".

    Raises:
        UserError: not a model, of a kind that is not known, incomplete, or too large for the memory.
    """
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer
    from transformers.utils import logging

    logging.disable_progress_bar()
    folder, chosen = Path(folder), choose_device(device)
    if dtype == "auto":
        is_cramped = chosen.name == "cpu" and not fits_in_memory(folder, 4)
        dtype = stored_dtype(folder) if is_cramped else chosen.dtype
    if chosen.name == "cpu" and not fits_in_memory(folder, torch.finfo(getattr(torch, dtype)).bits // 8, share=1.0):
        raise UserError(
            _(
                "The model in {folder} needs more memory than is free. Close other programs, or choose a smaller model."
            ).format(folder=folder)
        )
    try:
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)
        model, report = AutoModelForCausalLM.from_pretrained(
            folder, dtype=getattr(torch, dtype), local_files_only=True, use_safetensors=True, trust_remote_code=False,
            output_loading_info=True,
        )  # fmt: skip
        model = model.to(chosen.name).eval()
    except (ValueError, KeyError, OSError, ImportError) as error:
        lines = str(error).strip().splitlines() or [type(error).__name__]
        raise UserError(
            _("The model in {folder} cannot be loaded: {reason} Choose another model, or download it again.").format(
                folder=folder, reason=lines[0].rstrip(".") + "."
            )
        ) from error
    except torch.OutOfMemoryError as error:
        raise UserError(
            _("The model in {folder} does not fit into the graphics memory. Choose a smaller one.").format(
                folder=folder
            )
        ) from error
    if report["missing_keys"]:
        raise UserError(
            _("The model in {folder} is incomplete: the weights of {name} are missing. Download it again.").format(
                folder=folder, name=sorted(report["missing_keys"])[0]
            )
        )
    return model, tokenizer


def add_adapter(model: Any, adapter_folder: Path) -> Any:
    """The model with an adapter merged into its weights; the model given is changed.

    Raises:
        UserError: the adapter is missing, damaged, or was made for another model.
    """
    from peft import PeftModel

    adapter_folder = Path(adapter_folder)
    if not (adapter_folder / "adapter_config.json").is_file():
        raise UserError(_("There is no adapter in {folder}. Train it again.").format(folder=adapter_folder))
    if not (tensors := read_headers(adapter_folder)):  # PEFT would take a pickle instead
        raise UserError(
            _("The adapter in {folder} has no .safetensors file. Train it again.").format(folder=adapter_folder)
        )
    if model.config.tie_word_embeddings and any("embed_tokens" in name or "lm_head" in name for name in tensors):
        _untie(model)
    try:
        merged = PeftModel.from_pretrained(model, str(adapter_folder)).merge_and_unload(safe_merge=True)
    except (RuntimeError, ValueError) as error:
        raise UserError(
            _(
                "The adapter in {folder} does not fit the model: it was made for another one, or is damaged. Train "
                "it again."
            ).format(folder=adapter_folder)
        ) from error
    return merged.eval()


def base_of(project: Project) -> Path:
    """The local folder of the base model that the project's knowledge model was made from.

    Raises:
        UserError: nothing has been trained yet, or the base is no longer on this computer.
    """
    for folder in [project.cpt_model_folder, *map(project.model_folder, project.final_models())]:
        name = read_provenance(folder).get("base_model")
        if name:
            return find_base_model(name)
    raise UserError(_("No model has been trained in {name} yet. Train the knowledge first.").format(name=project.name))


def load_merged(project: Project, which: str = "final", device: str = "auto", dtype: str = "auto") -> tuple[Any, Any]:
    """A model of a project as (model, tokenizer): "base", "cpt" (the knowledge merged in memory), "final" or a variant.

    Raises:
        UserError: it does not exist yet, or cannot be loaded.
    """
    if which == "base":
        return load_base(base_of(project), dtype, device)
    if which == "cpt":
        if not (project.cpt_model_folder / "adapter_config.json").is_file():
            raise UserError(_("{name} has no knowledge model yet. Train it in step 2.").format(name=project.name))
        model, tokenizer = load_base(base_of(project), dtype, device)
        return add_adapter(model, project.cpt_model_folder), tokenizer
    folder = project.model_folder(which)
    if not (folder / "config.json").is_file():
        others = ", ".join(project.final_models()) or _("none yet")
        raise UserError(
            _("{name} has no model “{model}”. Train it in step 4. There are: {others}.").format(
                name=project.name, model=which, others=others
            )
        )
    return load_base(folder, dtype, device)


def merge_final(
    base_folder: Path,
    cpt_adapter_folder: Path | None,
    sft_adapter_folder: Path,
    out_folder: Path,
    provenance: Mapping[str, Any] | None = None,
    context: Context | None = None,
) -> Path:
    """Merges both adapters into the base and writes a complete model folder, with the SFT adapter in ``sft_adapter/``.

    The folder appears in one step when everything in it is written; one that is there already stays until then. The
    template and the ends of ``prepare_chat`` are written into it, so that it stops in every program.

    Raises:
        UserError: something does not fit together, or there is no room.
        Cancelled: before the new folder appears; the old one stays.
    """
    from services.jobs import Context

    context = context or Context()
    base_folder, out_folder = Path(base_folder), Path(out_folder)
    new, old = (out_folder.with_name(f".{out_folder.name}.{word}") for word in ("new", "old"))
    out_folder.parent.mkdir(parents=True, exist_ok=True)
    if old.exists() and not out_folder.exists():  # ended between the two renames of an earlier merge
        old.rename(out_folder)
    for leftover in (new, old):
        shutil.rmtree(leftover, ignore_errors=True)
    size_bytes = sum(path.stat().st_size for path in base_folder.glob("*.safetensors"))
    check_room(out_folder.parent, size_bytes * 1.1, _("the merged model"))

    context.progress(0, 4, _("Loading the base model"))
    dtype = stored_dtype(base_folder)
    model, tokenizer = load_base(base_folder, "float32" if fits_in_memory(base_folder, 4) else dtype, "cpu")
    context.check()
    context.progress(1, 4, _("Merging knowledge and behaviour"))
    for adapter in filter(None, (cpt_adapter_folder, sft_adapter_folder)):
        model = add_adapter(model, Path(adapter))
        context.check()
    context.progress(2, 4, _("Writing the model"))
    try:
        with writing(_("the merged model"), out_folder.parent):
            save_model(model, tokenizer, dtype, new)
            _copy_beside(base_folder, Path(sft_adapter_folder), new)
            write_provenance(new, **(provenance or {}))
        context.check()
        context.progress(3, 4, _("Writing the model"))
        _swap(new, out_folder, old)
    except BaseException:
        shutil.rmtree(new, ignore_errors=True)
        raise
    context.progress(4, 4, _("The model is written"))
    return out_folder


def save_model(model: Any, tokenizer: Any, dtype: str, folder: Path) -> None:
    """Writes a complete model folder whose config, generation config and tokenizer agree on template and ends."""
    import torch

    chat = prepare_chat(tokenizer, model.config, model.generation_config)
    chat.set_on(tokenizer, model)
    # The tags serve training only, and not every reader of templates knows them.
    tokenizer.chat_template = without_generation_tags(chat.template)
    wishes = model.generation_config
    if any(value not in (None, 1.0, 50) for value in (wishes.temperature, wishes.top_p, wishes.top_k)):
        wishes.do_sample = True  # sampling values without sampling are refused on saving
    # One file, as programs that read a model by its name expect.
    model.to(getattr(torch, dtype)).save_pretrained(folder, max_shard_size="1000GB")
    tokenizer.save_pretrained(folder)


def _copy_beside(base_folder: Path, sft_adapter_folder: Path, folder: Path) -> None:
    for path in (path for pattern in _LICENCES for path in base_folder.glob(pattern) if path.is_file()):
        shutil.copyfile(path, folder / path.name)
    (folder / "sft_adapter").mkdir()
    for name in ("adapter_config.json", "adapter_model.safetensors"):
        shutil.copyfile(sft_adapter_folder / name, folder / "sft_adapter" / name)


def _swap(new: Path, out_folder: Path, old: Path) -> None:
    try:
        if out_folder.exists():
            out_folder.rename(old)
        new.rename(out_folder)
    except OSError as error:
        if old.exists() and not out_folder.exists():
            old.rename(out_folder)
        raise UserError(
            _(
                "{folder} is in use, perhaps by an open chat, and could not be replaced. Close it and start again."
            ).format(folder=out_folder)
        ) from error
    shutil.rmtree(old, ignore_errors=True)


def _untie(model: Any) -> None:
    """Gives the output layer weights of its own: an adapter changes only one of the two places that share them."""
    import torch

    head = model.get_output_embeddings()
    head.weight = torch.nn.Parameter(head.weight.detach().clone(), requires_grad=False)
    model.config.tie_word_embeddings = False


def fits_in_memory(folder: Path, bytes_per_weight: int, share: float = _MEMORY_SHARE) -> bool:
    """Whether a model's weights, at so many bytes each, find room in that share of the memory that is free now."""
    import psutil

    weights = sum(header.size for header in read_headers(folder).values())
    return weights * bytes_per_weight < psutil.virtual_memory().available * share
