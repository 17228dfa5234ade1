"""A tokenizer in a GGUF file: its tokens, how text is cut before they are looked up, and what ends a turn.

llama.cpp has its own code for each way of cutting text and knows it by a name. A tokenizer whose way has no name there
would read every prompt differently from training, so it is refused, never guessed.
"""

from __future__ import annotations

import json
import re
from typing import Any

from services.errors import UserError
from services.models.chat_template import prepare_chat, without_generation_tags
from services.translation import _

_CONTRACTIONS = "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
_REST = r"\s*[\r\n]+|\s+(?!\S)|\s+"
_UPPER, _LOWER = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]", r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"
_BEFORE = r"[^\r\n\p{L}\p{N}]?"

# The regular expression of a tokenizer's Split to the name of the same cut in llama.cpp (llama-vocab.cpp).
_SPLITS = {
    rf"{_CONTRACTIONS}|{_BEFORE}\p{{L}}+|\p{{N}}{{1,3}}| ?[^\s\p{{L}}\p{{N}}]+[\r\n]*|{_REST}": "llama-bpe",
    rf"{_CONTRACTIONS}|{_BEFORE}\p{{L}}+|\p{{N}}| ?[^\s\p{{L}}\p{{N}}]+[\r\n]*|{_REST}": "qwen2",
    rf"{_BEFORE}{_UPPER}*{_LOWER}+{_CONTRACTIONS}?|{_BEFORE}{_UPPER}+{_LOWER}*{_CONTRACTIONS}?"
    rf"|\p{{N}}{{1,3}}| ?[^\s\p{{L}}\p{{N}}]+[\r\n/]*|{_REST}": "gpt-4o",
    rf"{_BEFORE}{_UPPER}*{_LOWER}+|{_BEFORE}{_UPPER}+{_LOWER}*"
    rf"|\p{{N}}| ?[^\s\p{{L}}\p{{N}}]+[\r\n/]*|{_REST}": "tekken",
}
_NEVER_MERGED = -1e6  # the score of a piece that no merge makes


def add_tokenizer(writer: Any, tokenizer: Any, config: Any) -> None:
    """Writes a tokenizer of transformers, with its chat template and end of turn.

    Raises:
        UserError: a kind of tokenizer that llama.cpp does not have.
    """
    backend = getattr(tokenizer, "backend_tokenizer", None)
    state = json.loads(backend.to_str()) if backend is not None else {"model": {"type": type(tokenizer).__name__}}
    model = state["model"]
    if model["type"] == "BPE" and _is_byte_level(state):
        writer.add_tokenizer_model("gpt2")
        writer.add_tokenizer_pre(split_name(state.get("pre_tokenizer")))
        writer.add_token_merges([" ".join(merge) if isinstance(merge, list) else merge for merge in model["merges"]])
        is_spm = False
    elif model["type"] == "BPE" and model.get("byte_fallback"):
        writer.add_tokenizer_model("llama")
        writer.add_tokenizer_pre("default")
        writer.add_add_space_prefix("▁" in json.dumps(_prefix(state), ensure_ascii=False))
        is_spm = True
    else:
        raise UserError(
            _("This model's tokenizer ({kind}) has no counterpart in GGUF. Export it as safetensors.").format(
                kind=model["type"]
            )
        )
    tokens, types = _vocabulary(tokenizer, max(config.vocab_size, len(tokenizer)), is_spm)
    writer.add_token_list(tokens)
    writer.add_token_types(types)
    if is_spm:
        writer.add_token_scores(_scores(tokens, model["merges"]))
    _add_ends(writer, tokenizer, config)


def split_name(pre_tokenizer: dict[str, Any] | None) -> str:
    """llama.cpp's name for the way a tokenizer cuts text, from the ``pre_tokenizer`` of tokenizer.json.

    Raises:
        UserError: llama.cpp has no such way, or none that is known here.
    """
    steps = (pre_tokenizer or {}).get("pretokenizers") or [pre_tokenizer or {}]
    kinds = [step.get("type") for step in steps]
    if kinds == ["Split", "ByteLevel"] and not steps[1].get("use_regex"):
        name = _SPLITS.get(steps[0]["pattern"].get("Regex", ""))
    elif kinds == ["ByteLevel"] and steps[0].get("use_regex", True):
        name = "gpt-2"
    elif kinds == ["Digits", "ByteLevel"] and steps[0].get("individual_digits"):
        name = "smollm"
    else:
        name = None
    if name is None or steps[-1].get("add_prefix_space"):
        raise UserError(
            _(
                "This model's tokenizer cuts text in a way that GGUF files do not know, so its answers would be "
                "wrong there. "
                "Export it as safetensors."
            )
        )
    return name


def _is_byte_level(state: dict[str, Any]) -> bool:
    return '"ByteLevel"' in json.dumps(state.get("pre_tokenizer"))


def _prefix(state: dict[str, Any]) -> list[Any]:
    """The steps of a SentencePiece-like tokenizer that put a blank before the text; empty if none does."""
    normalizer, pre_tokenizer = state.get("normalizer") or {}, state.get("pre_tokenizer") or {}
    steps = [*(normalizer.get("normalizers") or [normalizer]), *(pre_tokenizer.get("pretokenizers") or [pre_tokenizer])]
    return [
        {"prefix": step.get("prepend") or step.get("replacement")}
        for step in steps
        if step.get("type") == "Prepend" or (step.get("type") == "Metaspace" and step.get("prepend_scheme") != "never")
    ]


def _vocabulary(tokenizer: Any, size: int, is_spm: bool) -> tuple[list[str], list[int]]:
    """Text and type of every row of the embedding; rows that no token uses get a name of their own."""
    from gguf import TokenType

    by_id = {index: token for token, index in tokenizer.get_vocab().items()}
    added = tokenizer.added_tokens_decoder
    tokens, types = [], []
    for index in range(size):
        token, kind = by_id.get(index), TokenType.NORMAL
        if token is None:
            token, kind = f"[PAD{index}]", TokenType.UNUSED
        elif is_spm and token == tokenizer.unk_token:
            kind = TokenType.UNKNOWN
        elif index in added and added[index].special:
            kind = TokenType.CONTROL
        elif index in added:
            token, kind = token.replace("▁", " "), TokenType.USER_DEFINED
        elif is_spm and re.fullmatch(r"<0x[0-9A-F]{2}>", token):
            kind = TokenType.BYTE
        tokens.append(token)
        types.append(int(kind))
    return tokens, types


def _scores(tokens: list[str], merges: list[Any]) -> list[float]:
    """SentencePiece's order of merging, from the merges: the earlier a piece is made, the higher its score."""
    ranks: dict[str, int] = {}
    for rank, merge in enumerate(merges):
        left, right = merge if isinstance(merge, list) else merge.split(" ")
        ranks.setdefault(left + right, rank)
    return [-float(ranks[token]) if token in ranks else _NEVER_MERGED for token in tokens]


def _add_ends(writer: Any, tokenizer: Any, config: Any) -> None:
    chat = prepare_chat(tokenizer, config)
    end, *others = chat.stop_token_ids
    writer.add_eos_token_id(end)
    if others:
        writer.add_uint32("tokenizer.ggml.eot_token_id", others[0])
    for token_id, add in (
        (tokenizer.bos_token_id, writer.add_bos_token_id),
        (tokenizer.unk_token_id, writer.add_unk_token_id),
        (tokenizer.pad_token_id, writer.add_pad_token_id),
    ):
        if token_id is not None:
            add(token_id)
    text = tokenizer("a")["input_ids"]
    writer.add_add_bos_token(tokenizer.bos_token_id is not None and text[0] == tokenizer.bos_token_id)
    writer.add_add_eos_token(tokenizer.eos_token_id is not None and text[-1] == tokenizer.eos_token_id)
    writer.add_chat_template(without_generation_tags(chat.template))
