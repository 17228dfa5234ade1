"""A GGUF file computes what the model computes, reads text as its tokenizer does, and renders the same template."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from services.errors import Cancelled, UserError
from services.jobs import Context
from services.models.base import STARTER_MODEL
from services.models.chat_template import prepare_chat
from services.models.gguf import FAMILIES, QUANTIZATIONS, write_gguf
from services.models.gguf_tokenizer import split_name
from services.settings import declared
from tests.tiny_models import FAMILIES as TINY_FAMILIES
from tests.tiny_models import make_tiny_model

TEXTS = (
    "The lighthouse keeper of Norrholm",
    "It's 1874, isn't it?  They'll say:\n\n  \"no\"\t(312 beams)…",
    "Größe, naïve, Ελλάδα, 東京 and 🦆!",
    "<|im_start|>user\nHello<|im_end|>\n",
    " leading blank\r\nand a line",
)
TALK = [{"role": "user", "content": "Where do the ferries land?"}]


@contextmanager
def served(path: Path) -> Iterator[Any]:
    """llama.cpp's server on a file: everything that it can be asked."""
    import xllamacpp

    params = xllamacpp.CommonParams()
    params.model.path, params.n_ctx, params.n_parallel, params.ui, params.warmup = str(path), 512, 1, False, False
    params.verbosity, params.port, params.hostnames = 0, 0, ["127.0.0.1"]
    params.cpuparams.n_threads = params.cpuparams_batch.n_threads = 1
    params.cpuparams.poll = params.cpuparams_batch.poll = 0
    yield xllamacpp.Server(params)


def log_probabilities(server: Any, ids: list[int], size: int) -> torch.Tensor:
    """Of the next token, for every token of the vocabulary."""
    answers: list[dict[str, Any]] = []
    # The grammar only makes the token a visible one: an end or half a character would be answered without numbers.
    body = {"prompt": ids, "max_tokens": 1, "temperature": 0, "n_probs": size, "grammar": "root ::= [a-z ]+"}
    server.handle_completions(body, answers.append)
    result = torch.full((size,), float("nan"))
    for entry in answers[0]["choices"][0]["logprobs"]["content"][0]["top_logprobs"]:
        result[entry["id"]] = entry["logprob"]
    return result


def ask(server: Any, path: str, **body: Any) -> Any:
    answer = requests.post(f"{server.listening_address}/{path}", json=body, timeout=60)
    answer.raise_for_status()
    return answer.json()


@pytest.mark.parametrize("family", TINY_FAMILIES)
@pytest.mark.parametrize("is_tied", [True, False])
def test_every_family_computes_and_reads_the_same(tmp_path: Path, family: str, is_tied: bool) -> None:
    folder = make_tiny_model(tmp_path / family, family, is_tied, has_chat_template=is_tied)
    path = write_gguf(folder, tmp_path / "model.gguf", "F32")
    model, tokenizer = AutoModelForCausalLM.from_pretrained(folder), AutoTokenizer.from_pretrained(folder)
    with served(path) as server:
        for text in TEXTS:
            ids = tokenizer(text)["input_ids"]
            assert ask(server, "tokenize", content=text, add_special=True, parse_special=True)["tokens"] == ids
            with torch.no_grad():
                expected = model(torch.tensor([ids])).logits[0, -1].log_softmax(-1)
            found = log_probabilities(server, ids, len(expected))
            torch.testing.assert_close(found, expected, atol=0.05, rtol=0)
        prompt = ask(server, "apply-template", messages=TALK)["prompt"]
        settings = ask_settings(server)
    chat = prepare_chat(tokenizer)
    rendered = tokenizer.apply_chat_template(
        TALK, chat_template=chat.template, tokenize=False, add_generation_prompt=True
    )
    assert (tokenizer.bos_token or "") + prompt.removeprefix(tokenizer.bos_token or "") == (
        (tokenizer.bos_token or "") + rendered.removeprefix(tokenizer.bos_token or "")
    )
    assert "generation %}" not in settings["chat_template"]
    assert settings["eos_token"] == chat.eos_token


def ask_settings(server: Any) -> Any:
    return requests.get(f"{server.listening_address}/props", timeout=60).json()


@pytest.mark.parametrize("kind", ["gpt2", "spm"])
def test_tokenizers_are_not_bound_to_a_family(tmp_path: Path, kind: str) -> None:
    folder = make_tiny_model(tmp_path / "model", "llama", tokenizer=kind)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    with served(write_gguf(folder, tmp_path / "model.gguf", "F16")) as server:
        for text in TEXTS:
            expected = tokenizer(text)["input_ids"]
            assert ask(server, "tokenize", content=text, add_special=True, parse_special=True)["tokens"] == expected


@pytest.mark.parametrize(
    ("quantization", "largest", "share"),
    [
        ("F16", 0.1, 0.6),
        ("BF16", 0.4, 0.6),
        ("Q8_0", 1.0, 0.3),
        ("Q4_0", 8.0, 0.2),
        ("Q4_K_M", 8.0, 0.2),
        ("Q6_K", 2.0, 0.3),
    ],
)
def test_quantizations_stay_near_and_become_small(
    tmp_path: Path, quantization: str, largest: float, share: float
) -> None:
    # Random weights are the worst case: this bounds mistakes of the writer, it does not judge quality.
    folder = make_tiny_model(tmp_path / "model", "qwen2", hidden_size=256, is_tied=False)
    path = write_gguf(folder, tmp_path / f"model-{quantization}.gguf", quantization)
    model, tokenizer = AutoModelForCausalLM.from_pretrained(folder), AutoTokenizer.from_pretrained(folder)
    ids = tokenizer(TEXTS[0])["input_ids"]
    with torch.no_grad():
        expected = model(torch.tensor([ids])).logits[0, -1].log_softmax(-1)
    with served(path) as server:
        found = log_probabilities(server, ids, len(expected))
    assert (found - expected).abs().max() < largest
    assert path.stat().st_size < share * (folder / "model.safetensors").stat().st_size
    assert [file.name for file in tmp_path.iterdir() if file.is_file()] == [path.name]


@pytest.mark.parametrize(
    "rope",
    [
        {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
         "original_max_position_embeddings": 128},
        {"rope_type": "linear", "factor": 4.0},
        {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 256},
    ],
)  # fmt: skip
def test_stretched_positions_compute_the_same(tmp_path: Path, rope: dict[str, Any]) -> None:
    folder = make_tiny_model(tmp_path / "model", "llama")
    config = json.loads((folder / "config.json").read_text())
    config["rope_parameters"] |= rope
    (folder / "config.json").write_text(json.dumps(config))
    check_long_prompt(folder, tmp_path / "model.gguf")


def test_phi3_with_long_positions_and_a_part_of_each_head(tmp_path: Path) -> None:
    folder = make_tiny_model(tmp_path / "model", "phi3")
    config = json.loads((folder / "config.json").read_text())
    half = 16 * 3 // 4 // 2
    config["rope_parameters"] |= {
        "rope_type": "longrope",
        "partial_rotary_factor": 0.75,
        "short_factor": [1.0 + step / 10 for step in range(half)],
        "long_factor": [2.0 + step for step in range(half)],
        "original_max_position_embeddings": 512,
    }
    (folder / "config.json").write_text(json.dumps({**config, "original_max_position_embeddings": 512}))
    check_long_prompt(folder, tmp_path / "model.gguf")


def check_long_prompt(folder: Path, path: Path) -> None:
    model, tokenizer = AutoModelForCausalLM.from_pretrained(folder), AutoTokenizer.from_pretrained(folder)
    ids = tokenizer(" ".join(TEXTS * 3))["input_ids"][:400]
    with torch.no_grad():
        expected = model(torch.tensor([ids])).logits[0, -1].log_softmax(-1)
    with served(write_gguf(folder, path, "F32")) as server:
        torch.testing.assert_close(log_probabilities(server, ids, len(expected)), expected, atol=0.06, rtol=0)


def test_what_gguf_cannot_hold_is_a_sentence(tmp_path: Path) -> None:
    folder = make_tiny_model(tmp_path / "model", "qwen2")
    with pytest.raises(UserError, match="Q4_K_M"):
        write_gguf(folder, tmp_path / "a.gguf", "Q17")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "model_type": "gpt2"}))
    with pytest.raises(UserError, match="safetensors") as caught:
        write_gguf(folder, tmp_path / "a.gguf", "F16")
    assert all(name in str(caught.value) for name in FAMILIES)
    (folder / "config.json").write_text(json.dumps({**config, "use_sliding_window": True}))
    with pytest.raises(UserError, match="sliding window"):
        write_gguf(folder, tmp_path / "a.gguf", "F16")
    with pytest.raises(UserError, match="cuts text"):
        split_name({"type": "Whitespace"})
    assert not list(tmp_path.glob("*.gguf")) and not list(tmp_path.glob(".*"))


def test_every_format_that_is_offered_can_be_written() -> None:
    assert set(declared("export", "quantization").choices) == set(QUANTIZATIONS)


def test_a_stop_leaves_nothing_behind(tmp_path: Path) -> None:
    folder = make_tiny_model(tmp_path / "model", "qwen2")
    cancelled = threading.Event()
    with pytest.raises(Cancelled):
        write_gguf(folder, tmp_path / "a.gguf", "Q4_K_M", Context(lambda event: cancelled.set(), cancelled))
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no disk that is always full")
def test_a_full_disk_is_a_sentence(tmp_path: Path) -> None:
    folder = make_tiny_model(tmp_path / "model", "qwen2")
    (tmp_path / ".a.gguf.part").symlink_to("/dev/full")
    with pytest.raises(UserError, match="disk became full while the GGUF file"):
        write_gguf(folder, tmp_path / "a.gguf", "F16")
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


@pytest.mark.skipif(not (STARTER_MODEL / "config.json").is_file(), reason="the starter model is not trained yet")
@pytest.mark.parametrize("quantization", QUANTIZATIONS)
def test_the_starter_model_in_every_format(tmp_path: Path, quantization: str) -> None:
    tokenizer = AutoTokenizer.from_pretrained(STARTER_MODEL)
    with served(write_gguf(STARTER_MODEL, tmp_path / "starter.gguf", quantization)) as server:
        for text in TEXTS:
            expected = tokenizer(text)["input_ids"]
            assert ask(server, "tokenize", content=text, add_special=True, parse_special=True)["tokens"] == expected
        answer = ask(server, "v1/chat/completions", messages=TALK, max_tokens=64, temperature=0)
    assert answer["choices"][0]["message"]["content"].strip()
