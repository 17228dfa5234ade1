"""What to compute on is found out by trying, not by name."""

from typing import Any

import pytest
import torch
from torch.nn.functional import scaled_dot_product_attention

from services.errors import UserError
from services.training import device
from services.training.device import Device, bf16_gain, choose_device, sees_the_future, training_device


def leaking(query: Any, key: Any, value: Any, is_causal: bool) -> Any:
    """As MPS did it: one mask for each group of four queries, that of the last of them."""
    length = query.shape[2]
    places = torch.arange(length)
    mask = (places[:, None] // 4 * 4 + 3) >= places
    return scaled_dot_product_attention(query, key, value, attn_mask=mask if is_causal else None)


def test_a_leak_is_found_and_its_absence_too() -> None:
    assert sees_the_future("cpu", "float32", leaking) and sees_the_future("cpu", "bfloat16", leaking)
    assert not sees_the_future("cpu", "float32") and not sees_the_future("cpu", "bfloat16")


def test_a_leaking_chip_trains_in_f32_or_not_at_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    monkeypatch.setattr(device, "_multiplies_bf16", lambda _name: True)
    leaks = {"bfloat16": True, "float32": False}
    monkeypatch.setattr(device, "sees_the_future", lambda _name, dtype: leaks[dtype])
    assert choose_device("mps") == Device("mps", "float32")
    leaks["bfloat16"] = False
    assert choose_device("mps") == Device("mps", "bfloat16")
    leaks.update(bfloat16=True, float32=True)
    with pytest.raises(UserError, match="Update PyTorch"):
        choose_device("mps")


@pytest.mark.parametrize(("gain", "dtype"), [(0.6, "float32"), (1.1, "float32"), (4.0, "bfloat16")])
def test_bf16_on_a_processor_only_where_it_pays(monkeypatch: pytest.MonkeyPatch, gain: float, dtype: str) -> None:
    monkeypatch.setattr(device, "bf16_gain", lambda: gain)
    assert training_device("cpu") == Device("cpu", dtype)
    assert choose_device("cpu") == Device("cpu", "float32")  # everything but training stays exact


def test_the_gain_is_measured_once() -> None:
    assert 0.01 < bf16_gain() < 100
    assert bf16_gain() == bf16_gain()
