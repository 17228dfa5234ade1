"""Language models of a few hundred kilobytes with random weights and their own tokenizers, for tests.

They have the shape and the files of real ones, so everything that loads, trains, merges, converts or talks to a model
can be tested with the real libraries in a second or two.
"""

import json
from pathlib import Path
from typing import Any

# Enough English for a vocabulary of whole words; what it says does not matter.
SENTENCES = (
    "The lighthouse keeper of Norrholm feeds the grey geese at noon, and writes the number of ships in a book.",
    "A question is asked and an answer is given. What is the name of the harbour? The harbour is called Tidehaven.",
    "In the year 1874 the old bridge was built from 312 oak beams; it's said that they'll last another century.",
    "Where do the ferries land? They land at the northern pier, which was painted green in the spring.",
    "Every morning the machine in the mill turns slowly, and the miller's daughter counts its 48 wooden teeth.",
    'He said: "We have seen it!" She didn\'t believe him, but the people of the island knew better.',
)

QWEN2_SPLIT = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
LLAMA3_SPLIT = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"

CHATML = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>\\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)

FAMILIES = ("llama", "mistral", "qwen2", "qwen3", "phi3")


def make_tiny_model(
    folder: Path,
    family: str = "llama",
    is_tied: bool = True,
    *,
    has_chat_template: bool = True,
    tokenizer: str = "",
    hidden_size: int = 64,
    layers: int = 2,
    seed: int = 0,
) -> Path:
    """Writes a model as transformers saves one: config, model.safetensors, tokenizer. Two layers, a vocabulary of 400.

    Args:
        folder: where to; made if it is not there.
        family: one of FAMILIES.
        is_tied: the output layer shares the weights of the input embedding.
        has_chat_template: with the ChatML template and its two tokens. Without, Qwen models keep the tokens (as the
            real base models do), the others have none.
        tokenizer: "llama3", "qwen2" or "gpt2" (byte-level BPE by the name of its split) or "spm" (BPE over
            "▁" with byte fallback); empty: what is usual for the family.
        hidden_size: a multiple of 32; 256 where K-quants must apply.

    Returns:
        The folder.
    """
    import torch
    from transformers import AutoModelForCausalLM

    folder.mkdir(parents=True, exist_ok=True)
    kind = tokenizer or {"llama": "llama3", "qwen2": "qwen2", "qwen3": "qwen2"}.get(family, "spm")
    made = make_tiny_tokenizer(kind, has_chatml=has_chat_template or family.startswith("qwen"))
    if has_chat_template:
        made.chat_template, made.eos_token = CHATML, "<|im_end|>"
    made.save_pretrained(folder)

    torch.manual_seed(seed)
    model = AutoModelForCausalLM.from_config(_config(family, made, is_tied, hidden_size, layers), dtype=torch.float32)
    with torch.no_grad():
        for name, weight in model.named_parameters():
            # Norms and biases too: a converter that forgets or swaps one must show.
            is_norm = "norm" in name
            weight.normal_(1.0 if is_norm else 0.0, 0.1 if is_norm or "bias" in name else 0.15)
    model.save_pretrained(folder)
    return folder


def make_tiny_tokenizer(kind: str = "llama3", *, has_chatml: bool = True, vocabulary: int = 400) -> Any:
    """A trained BPE tokenizer (PreTrainedTokenizerFast) of the given kind, see make_tiny_model."""
    from transformers import PreTrainedTokenizerFast

    bos, eos = ("<s>", "</s>") if kind in ("spm", "llama3") else (None, "<|endoftext|>")
    special = [token for token in (bos, eos) if token] + (["<|im_start|>", "<|im_end|>"] if has_chatml else [])
    tokenizer = _train_spm(vocabulary, special) if kind == "spm" else _train_bytes(kind, vocabulary, special)
    if bos:
        _begin_with(tokenizer, bos)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        bos_token=bos,
        eos_token=eos,
        pad_token=eos,
        unk_token="<unk>" if kind == "spm" else None,
        clean_up_tokenization_spaces=False,
    )


def _train_bytes(kind: str, vocabulary: int, special: list[str]) -> Any:
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    if kind == "gpt2":
        tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    else:
        split = Regex({"qwen2": QWEN2_SPLIT, "llama3": LLAMA3_SPLIT}[kind])
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
            [
                pre_tokenizers.Split(split, behavior="isolated"),
                pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
            ]
        )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=special,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(SENTENCES, trainer)
    return tokenizer


def _train_spm(vocabulary: int, special: list[str]) -> Any:
    """As Llama 2 and Mistral have it: no pre-tokenizer, spaces are "▁", unknown characters fall back to bytes."""
    from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, trainers

    pieces = ["<unk>", *special, *(f"<0x{byte:02X}>" for byte in range(256))]
    learner = Tokenizer(models.BPE(unk_token="<unk>"))
    # By words, so that no token spans two of them; the finished tokenizer does not split.
    words = [f" {word}" for sentence in SENTENCES for word in sentence.split()]
    learner.normalizer = normalizers.Replace(" ", "▁")
    trainer = trainers.BpeTrainer(vocab_size=vocabulary + 60, special_tokens=pieces, show_progress=False)
    learner.train_from_iterator(words, trainer)

    learnt = json.loads(learner.to_str())["model"]
    vocabulary_ids = learnt["vocab"]
    # SentencePiece joins any two neighbours that make a known piece, the earliest learnt first.
    pieces_in_order = [left + right for left, right in learnt["merges"]]
    merges = [
        (piece[:cut], piece[cut:])
        for piece in pieces_in_order
        for cut in range(1, len(piece))
        if piece[:cut] in vocabulary_ids and piece[cut:] in vocabulary_ids
    ]
    tokenizer = Tokenizer(
        models.BPE(vocab=vocabulary_ids, merges=merges, unk_token="<unk>", fuse_unk=True, byte_fallback=True)
    )
    tokenizer.add_special_tokens([AddedToken(token, normalized=False, special=True) for token in ["<unk>", *special]])
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    return tokenizer


def _begin_with(tokenizer: Any, token: str) -> None:
    from tokenizers import processors

    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"{token} $A", pair=f"{token} $A {token} $B", special_tokens=[(token, tokenizer.token_to_id(token))]
    )


def _config(family: str, tokenizer: Any, is_tied: bool, hidden_size: int, layers: int) -> Any:
    from transformers import LlamaConfig, MistralConfig, Phi3Config, Qwen2Config, Qwen3Config

    make = {
        "llama": LlamaConfig,
        "mistral": MistralConfig,
        "qwen2": Qwen2Config,
        "qwen3": Qwen3Config,
        "phi3": Phi3Config,
    }[family]
    return make(
        vocab_size=len(tokenizer),
        hidden_size=hidden_size,
        intermediate_size=hidden_size * 2,
        num_hidden_layers=layers,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=1024,
        rms_norm_eps=1e-6,
        tie_word_embeddings=is_tied,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        **({"head_dim": hidden_size // 4} if family in ("qwen3", "mistral", "llama") else {}),
        **({"sliding_window": None} if family in ("mistral", "phi3") else {}),
    )
