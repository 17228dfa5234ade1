"""The base model's own text: sampled from its own distribution, remembered, and stopped on demand."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from services.errors import Cancelled, UserError
from services.jobs import Context
from services.training.replay import _Writer, sample_replay


def count(tokenizer: Any) -> Callable[..., list[int]]:
    return lambda texts: [len(tokenizer(text)["input_ids"]) + 1 for text in texts]


def test_it_is_the_model_s_own_distribution(load_model: Callable[[], Any], tokenizer: Any) -> None:
    """The mean surprise at sampled text is the mean entropy: only so if positions, padding and the rows that leave the
    batch are all right."""
    import torch

    model = load_model().eval()
    with torch.no_grad():
        model.get_input_embeddings().weight[tokenizer.eos_token_id] *= 3  # tied: rows end at different times
    writer = _Writer(model, tokenizer, 64, Context())
    writer._specials = []
    torch.manual_seed(5)
    prompts = [[40 + n, 50, 60 + n, 70, 80][: 1 + n % 5] for n in range(120)]

    written = writer._sample(prompts, 30)

    surprise, entropy = [], []
    for prompt, row in zip(prompts, written, strict=True):
        logits = model(torch.tensor([prompt + row]), use_cache=False).logits[0, len(prompt) - 1 :].log_softmax(-1)
        sampled = row if len(row) == 30 else [*row, tokenizer.eos_token_id]
        surprise += [-logits[at, token].item() for at, token in enumerate(sampled)]
        entropy += (-(logits.exp() * logits).sum(-1))[: len(sampled)].tolist()
    assert len({len(row) for row in written}) > 5 and len(surprise) > 500
    assert sum(surprise) / len(surprise) == pytest.approx(sum(entropy) / len(entropy), rel=0.05)


def test_what_was_sampled_is_not_sampled_again(load_model: Callable[[], Any], tokenizer: Any, tmp_path: Path) -> None:
    cache, model = tmp_path / "replay.jsonl", load_model()
    options = {"longest": 48, "seed": 1, "cache": cache, "context": Context()}

    first = sample_replay(model, tokenizer, 500, count(tokenizer), **options)
    with open(cache, "a", encoding="utf-8") as file:
        file.write('["cut off by a cra')
    again = sample_replay(None, tokenizer, 500, count(tokenizer), **options)
    fewer = sample_replay(None, tokenizer, 100, count(tokenizer), **options)

    assert again == first and fewer == first[: len(fewer)]
    assert all(isinstance(json.loads(line), list) for line in cache.read_text("utf-8").split("\n") if line)


def test_it_can_be_stopped(load_model: Callable[[], Any], tokenizer: Any, tmp_path: Path) -> None:
    context = Context()
    context.cancelled.set()

    with pytest.raises(Cancelled):
        sample_replay(
            load_model(), tokenizer, 500, count(tokenizer), longest=48, seed=1, cache=tmp_path / "r", context=context
        )


def test_a_model_that_writes_nothing_is_named(load_model: Callable[[], Any], tokenizer: Any, tmp_path: Path) -> None:
    import torch

    model = load_model()
    model.lm_head = torch.nn.Linear(64, len(tokenizer))
    with torch.no_grad():
        model.lm_head.bias[tokenizer.eos_token_id] = 1000.0

    with pytest.raises(UserError, match="writes no text"):
        sample_replay(
            model, tokenizer, 500, count(tokenizer), longest=16, seed=1, cache=tmp_path / "r", context=Context()
        )
