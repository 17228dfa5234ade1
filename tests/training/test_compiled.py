"""Compiled layers compute the same, and a compiler that fails is done without."""

from collections.abc import Callable
from typing import Any

import pytest
import torch

from services.training.compiled import compiled
from services.training.layout import lay_flat
from services.training.loss import find_head, summed_loss
from services.training.memory import checkpointable_layers
from tests.training.test_layout import make_model, make_rows


@pytest.fixture
def parts() -> Any:
    """The layers of a tiny model, and what computes a loss and a gradient through them."""
    model = make_model("llama").float()
    network = model.get_base_model()
    head = find_head(network)

    def attempt() -> tuple[float, Any]:
        model.zero_grad()
        loss = summed_loss(network, {**lay_flat(make_rows([9])), "documents": None}, head)
        loss.backward()
        return loss.item(), torch.cat([each.grad.flatten() for each in model.parameters() if each.grad is not None])

    torch._dynamo.reset()
    return checkpointable_layers(network), attempt


def is_compiled(layers: list[Any]) -> bool:
    return any(layer._compiled_call_impl is not None for layer in layers)


def test_compiled_layers_compute_the_same(parts: Any) -> None:
    layers, attempt = parts
    before, gradient = attempt()
    graphs: list[Any] = []

    def backend(graph: Any, _inputs: Any) -> Callable[..., Any]:
        graphs.append(graph)
        return graph.forward

    with compiled(layers, attempt, backend=backend) as reason:
        assert reason == "" and is_compiled(layers) and graphs
        loss, again = attempt()
    assert not is_compiled(layers)
    assert loss == pytest.approx(before, rel=1e-5) and torch.allclose(again, gradient, rtol=1e-3, atol=1e-4)


def test_a_compiler_that_fails_is_done_without(parts: Any) -> None:
    layers, attempt = parts

    def backend(_graph: Any, _inputs: Any) -> Callable[..., Any]:
        raise OSError("no C++ compiler here")

    with compiled(layers, attempt, backend=backend) as reason:
        assert "no C++ compiler here" in reason and not is_compiled(layers)
        attempt()


def test_a_compiler_that_is_wrong_is_done_without(parts: Any) -> None:
    layers, attempt = parts

    def backend(graph: Any, _inputs: Any) -> Callable[..., Any]:
        return lambda *inputs: tuple(each * 1.1 if each.is_floating_point() else each for each in graph.forward(*inputs))

    with compiled(layers, attempt, backend=backend) as reason:
        assert "something else" in reason and not is_compiled(layers)


def test_no_layers_need_no_compiler(parts: Any) -> None:
    with compiled([], parts[1]) as reason:
        assert reason == ""
