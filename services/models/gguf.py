"""Writing a model as a GGUF file, as llama.cpp and everything built on it reads.

A model family is one row in FAMILIES: the architecture's name there, its hyper-parameters, and how a tensor of ours
becomes one of theirs. Formats up to Q8_0 and Q4_0 are written here; K-quants are made by llama.cpp itself from a file
that was written here.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from services.errors import UserError
from services.models import gguf_rope
from services.models.gguf_tokenizer import add_tokenizer
from services.models.llama_cpp import thread_count
from services.models.merge import stored_dtype
from services.models.provenance import read_provenance
from services.models.room import check_room, writing
from services.models.weights import TensorHeader, read_headers
from services.translation import _

if TYPE_CHECKING:
    from services.jobs import Context

# Written here, by gguf; the number is llama.cpp's file type (LlamaFileType).
WRITTEN = {"F32": 0, "F16": 1, "BF16": 32, "Q8_0": 7, "Q4_0": 2}
# Made by llama.cpp (llama_model_quantize) from one of those.
MADE_BY_LLAMA_CPP = {"Q4_K_M": 15, "Q5_K_M": 17, "Q6_K": 18}
QUANTIZATIONS = tuple(WRITTEN) + tuple(MADE_BY_LLAMA_CPP)

_BITS = {"F32": 32, "F16": 16, "BF16": 16, "Q8_0": 8.5, "Q6_K": 6.6, "Q5_K_M": 5.7, "Q4_K_M": 4.9, "Q4_0": 4.6}
_PHI3_TOKENS = {"<unk>", "<s>", "</s>", "<|endoftext|>"}
_DIRECT = {"float32": "F32", "float16": "F16", "bfloat16": "BF16"}


@dataclass(frozen=True)
class Family:
    """What llama.cpp needs to know of a model family.

    architecture: its name in llama.cpp (general.architecture).
    swaps_rotary_halves: q and k rows are stored in pairs (rope type NORM), not in halves as transformers has them.
    add_parameters: writes what is special to it, given (writer, config).
    """

    architecture: str
    swaps_rotary_halves: bool = False
    add_parameters: Callable[[Any, Any], None] = lambda writer, config: None


def _add_phi3(writer: Any, config: Any) -> None:
    writer.add_sliding_window(config.sliding_window or 0)


FAMILIES = {
    "llama": Family("llama", swaps_rotary_halves=True),
    "mistral": Family("llama", swaps_rotary_halves=True),
    "qwen2": Family("qwen2"),
    "qwen3": Family("qwen3"),
    "phi3": Family("phi3", add_parameters=_add_phi3),
}


def write_gguf(model_folder: Path, path: Path, quantization: str, context: Context | None = None) -> Path:
    """Writes a model folder as one GGUF file; the file appears when it is complete.

    Args:
        model_folder: config.json, safetensors, tokenizer with chat template, as merging leaves it.
        quantization: one of QUANTIZATIONS.

    Returns:
        The path.

    Raises:
        UserError: a family or tokenizer that GGUF files are not written for, or no room.
        Cancelled: between two tensors; nothing is left behind.
    """
    from transformers import AutoConfig, AutoTokenizer

    from services.jobs import Context

    context = context or Context()
    model_folder, path = Path(model_folder), Path(path)
    if quantization not in QUANTIZATIONS:
        raise UserError(
            _("“{name}” is not a GGUF format. Choose one of {names}.").format(
                name=quantization, names=", ".join(QUANTIZATIONS)
            )
        )
    config = AutoConfig.from_pretrained(model_folder, local_files_only=True, trust_remote_code=False)
    family = family_of(config)
    tokenizer = AutoTokenizer.from_pretrained(model_folder, local_files_only=True, trust_remote_code=False)
    headers = read_headers(model_folder)
    intermediate = quantization if quantization in WRITTEN else _DIRECT[stored_dtype(model_folder)]
    weights = sum(header.size for header in headers.values())
    size_bytes = sum(weights * _BITS[name] / 8 for name in {quantization, intermediate})
    check_room(path.parent, size_bytes * 1.05, _("the GGUF file"))

    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_name(f".{path.name}.part")
    written = unfinished if intermediate == quantization else path.with_name(f".{path.name}.{intermediate}.part")
    share = 1.0 if written == unfinished else 0.5
    try:
        with writing(_("the GGUF file"), path.parent):
            _write(model_folder, config, tokenizer, family, headers, written, intermediate, context.part(0.0, share))
            if written != unfinished:
                context.progress(share, 1, _("Making it smaller ({format})").format(format=quantization))
                _quantize(written, unfinished, quantization)
                context.check()
            unfinished.replace(path)
    finally:
        for leftover in {written, unfinished}:
            leftover.unlink(missing_ok=True)
    context.progress(1, 1, _("{name} is written").format(name=path.name))
    return path


def family_of(config: Any) -> Family:
    """The row for a transformers config.

    Raises:
        UserError: there is none, or the model uses something that llama.cpp would compute differently.
    """
    family = FAMILIES.get(config.model_type)
    if family is None:
        raise UserError(
            _(
                "Models of the kind “{kind}” cannot be written as GGUF yet; {names} can. Export it as safetensors, "
                "which "
                "works for every kind."
            ).format(kind=config.model_type, names=", ".join(FAMILIES))
        )
    if getattr(config, "use_sliding_window", False) or getattr(config, "mlp_bias", False):
        raise UserError(
            _(
                "This {kind} model has a part (sliding window or MLP bias) that a GGUF file cannot hold. Export it as "
                "safetensors."
            ).format(kind=config.model_type)
        )
    return family


def _write(
    model_folder: Path,
    config: Any,
    tokenizer: Any,
    family: Family,
    headers: dict[str, TensorHeader],
    path: Path,
    quantization: str,
    context: Context,
) -> None:
    import gguf

    writer = gguf.GGUFWriter(path, family.architecture)
    _add_description(writer, model_folder, config, tokenizer, quantization)
    _add_parameters(writer, config, family)
    add_tokenizer(writer, tokenizer, config)
    tensors = list(_tensors(config, family, headers))
    for tensor in tensors:
        kind = _tensor_type(tensor, quantization)
        _block, block_bytes = gguf.GGML_QUANT_SIZES[kind]
        n_bytes = tensor.size // _block * block_bytes
        writer.add_tensor_info(tensor.name, tensor.shape, _numpy_float(), n_bytes, raw_dtype=kind)
    extra = gguf_rope.factor_tensors(config)
    for name, factors in extra.items():
        writer.add_tensor_info(name, factors.shape, factors.dtype, factors.nbytes)
    try:
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_ti_data_to_file()
        total = sum(tensor.size for tensor in tensors) or 1
        done = 0
        for tensor in tensors:
            context.check()
            writer.write_tensor_data(gguf.quants.quantize(tensor.read(), _tensor_type(tensor, quantization)))
            done += tensor.size
            context.progress(done, total, _("Writing {format}").format(format=quantization))
        for factors in extra.values():
            writer.write_tensor_data(factors)
    finally:
        writer.close()


@dataclass(frozen=True)
class _Tensor:
    """One tensor on its way: its name in GGUF, where it is, and what is done to it."""

    name: str
    source: str
    header: TensorHeader
    heads: int = 0  # > 0: rows are rearranged for rotary embedding, by this many heads

    @property
    def shape(self) -> tuple[int, ...]:
        return self.header.shape

    @property
    def size(self) -> int:
        return self.header.size

    def read(self) -> Any:
        """As a float32 numpy array of the shape above."""
        import torch
        from safetensors import safe_open

        with safe_open(self.header.path, framework="pt") as file:
            weight = file.get_tensor(self.source).to(torch.float32).numpy()
        if not self.heads:
            return weight
        halves = weight.reshape(self.heads, 2, weight.shape[0] // self.heads // 2, *weight.shape[1:])
        return halves.swapaxes(1, 2).reshape(weight.shape)


def _tensors(config: Any, family: Family, headers: dict[str, TensorHeader]) -> Iterator[_Tensor]:
    import gguf

    architecture = next(key for key, name in gguf.MODEL_ARCH_NAMES.items() if name == family.architecture)
    names = gguf.get_tensor_name_map(architecture, config.num_hidden_layers)
    for source, header in headers.items():
        if source.endswith("rotary_emb.inv_freq") or (source == "lm_head.weight" and config.tie_word_embeddings):
            continue
        name = names.get_name(source, try_suffixes=(".weight", ".bias"))
        if name is None:
            raise UserError(
                _(
                    "The weights “{name}” have no place in a GGUF file of the kind {kind}. Export it as safetensors."
                ).format(name=source, kind=family.architecture)
            )
        heads = 0
        if family.swaps_rotary_halves and ".q_proj." in source:
            heads = config.num_attention_heads
        if family.swaps_rotary_halves and ".k_proj." in source:
            heads = config.num_key_value_heads
        yield _Tensor(name, source, header, heads)


def _tensor_type(tensor: _Tensor, quantization: str) -> Any:
    """Norms and biases stay exact, as llama.cpp demands; embeddings, and what blocks do not fit into, stay finer."""
    import gguf

    kind = gguf.GGMLQuantizationType[quantization]
    if len(tensor.shape) < 2:
        return gguf.GGMLQuantizationType.F32
    if quantization == "Q4_0" and tensor.name in ("token_embd.weight", "output.weight"):
        kind = gguf.GGMLQuantizationType.Q8_0
    if tensor.shape[-1] % gguf.GGML_QUANT_SIZES[kind][0]:
        kind = gguf.GGMLQuantizationType.F16
    return kind


def _add_description(writer: Any, model_folder: Path, config: Any, tokenizer: Any, quantization: str) -> None:
    import gguf

    provenance = read_provenance(model_folder)
    base = Path(str(provenance.get("base_model", ""))).name
    name = f"{model_folder.name} ({base})" if base else model_folder.name
    # llama.cpp takes "phi-3" in the name to mean that special tokens swallow the blanks behind them, as Phi-3's do, and
    # does not load a file of that name without those tokens.
    swallows = any(token.rstrip for token in tokenizer.added_tokens_decoder.values())
    if swallows and set(tokenizer.get_vocab()) >= _PHI3_TOKENS:
        name += " phi-3"
    else:
        name = re.sub(r"phi-?3", "phi 3", name, flags=re.IGNORECASE)
    writer.add_name(name)
    writer.add_type("model")
    if base:
        writer.add_base_model_count(1)
        writer.add_base_model_name(0, base)
    writer.add_file_type(WRITTEN[quantization])
    if quantization.startswith("Q"):
        writer.add_quantization_version(gguf.GGML_QUANT_VERSION)


def _add_parameters(writer: Any, config: Any, family: Family) -> None:
    heads = config.num_attention_heads
    head_size = getattr(config, "head_dim", None) or config.hidden_size // heads
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_block_count(config.num_hidden_layers)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_key_length(head_size)
    writer.add_value_length(head_size)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_vocab_size(config.vocab_size)
    gguf_rope.add_parameters(writer, config, head_size)
    family.add_parameters(writer, config)


def _quantize(source: Path, path: Path, quantization: str) -> None:
    """llama.cpp's own quantization. A crash in there costs a hidden file, which the next export removes.

    Raises:
        UserError: llama.cpp gave up; it does not say why.
    """
    file_type = MADE_BY_LLAMA_CPP[quantization]
    try:
        import cyllama.llama.llama_cpp as cyllama
    except ImportError:
        import llama_cpp

        wishes = llama_cpp.llama_model_quantize_default_params()
        wishes.ftype, wishes.nthread = file_type, thread_count()
        has_failed = llama_cpp.llama_model_quantize(os.fsencode(source), os.fsencode(path), wishes) != 0
    else:
        cyllama.disable_logging()
        wishes = cyllama.LlamaModelQuantizeParams()
        wishes.ftype, wishes.nthread = file_type, thread_count()
        try:
            cyllama.model_quantize(str(source), str(path), wishes)
            has_failed = False
        except RuntimeError:
            has_failed = True
    if has_failed:
        raise UserError(
            _("llama.cpp could not make {format} of this model, perhaps for lack of room. Try Q8_0.").format(
                format=quantization
            )
        )


def _numpy_float() -> Any:
    import numpy

    return numpy.dtype(numpy.float32)
