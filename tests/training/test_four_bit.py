"""Bases in four bits: only where a card is too small, and they learn all the same."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from services.jobs import Context
from services.training import four_bit
from services.training.device import Device
from services.training.four_bit import load_to_fit, must_quantize, quantize
from services.training.row import cut_rows, encode_documents
from tests.tiny_models import SENTENCES
from tests.training.conftest import quick


def test_a_processor_keeps_its_weights(tiny_model: Path) -> None:
    assert not must_quantize(tiny_model, Device("cpu", "float32"))
    assert load_to_fit(lambda place: (place, "tokenizer"), tiny_model, Device("cpu", "float32")) == ("cpu", "tokenizer")


@pytest.mark.parametrize(("is_installed", "free_bytes", "expected"), [(True, 0, True), (True, 2**40, False), (False, 0, False)])
def test_a_small_card_has_them_in_four_bits(
    tiny_model: Path, monkeypatch: pytest.MonkeyPatch, is_installed: bool, free_bytes: int, expected: bool
) -> None:
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda: (free_bytes, 2**40))
    monkeypatch.setattr(four_bit.importlib.util, "find_spec", lambda _name: "spec" if is_installed else None)
    monkeypatch.setattr(four_bit, "quantize", lambda model, device: f"{model} in four bits on {device}")

    assert must_quantize(tiny_model, Device("cuda", "bfloat16")) == expected
    model, _tokenizer = load_to_fit(lambda place: (f"from {place}", None), tiny_model, Device("cuda", "bfloat16"))
    assert model == ("from cpu in four bits on cuda" if expected else "from cuda")


def test_a_model_in_four_bits_learns(load_model: Callable[[], Any], tokenizer: Any, tmp_path: Path) -> None:
    bitsandbytes = pytest.importorskip("bitsandbytes")
    from services.training.trainer import train

    model, plain = quantize(load_model().bfloat16(), "cpu"), load_model()
    small = [module for module in model.modules() if isinstance(module, bitsandbytes.nn.Linear4bit)]
    assert len(small) == 14 and all(module.weight.dtype == torch.uint8 for module in small)
    for module in small:
        module.support_avx512bf16_for_cpu = False  # it packs weights for inference, and cannot train with them again
    ids = torch.arange(20)[None]
    difference = model(input_ids=ids).logits.float() - plain(input_ids=ids).logits
    assert difference.norm() < 0.5 * plain(input_ids=ids).logits.norm()

    texts = encode_documents(tokenizer, [text * 2 for text in SENTENCES], has_special_tokens=False, context=Context())
    events: list[dict[str, Any]] = []
    trained, outcome = train(
        model, tokenizer, [row for ids in texts for row in cut_rows(ids, 64)], [], quick("cpt", epochs=6),
        Device("cpu", "bfloat16"), tmp_path, Context(events.append), log_every_s=0,
    )  # fmt: skip

    assert {weight.dtype for weight in trained.parameters() if weight.requires_grad} == {torch.float32}
    first = next(event["loss"] for event in events if "loss" in event)
    assert outcome.loss < 0.8 * first
