"""The loss without logits: the same number and the same gradients as with them, in F64."""

from typing import Any

import pytest
import torch
from torch.nn.functional import cross_entropy

from services.training.layout import lay_padded
from services.training.linear_loss import linear_cross_entropy
from services.training.loss import Head, find_head, summed_loss
from services.training.row import IGNORED, Row, cut_rows


def draw(rows: int = 37, width: int = 24, vocabulary: int = 301, dtype: torch.dtype = torch.float64) -> list[Any]:
    torch.manual_seed(1)
    hidden, weight, bias = torch.randn(rows, width), torch.randn(vocabulary, width), torch.randn(vocabulary)
    return [hidden.to(dtype), weight.to(dtype), bias.to(dtype), torch.randint(0, vocabulary, (rows,))]


def plain(hidden: Any, weight: Any, bias: Any, labels: Any, scale: float, cap: float | None) -> Any:
    logits = scale * (hidden @ weight.T + bias)
    return cross_entropy(cap * torch.tanh(logits / cap) if cap else logits, labels, reduction="sum")


@pytest.mark.parametrize("logit_bytes", [None, 4 * 301, 4 * 301 * 10])
@pytest.mark.parametrize(("scale", "cap"), [(1.0, None), (0.3, None), (1.0, 2.5), (0.7, 5.0)])
def test_loss_and_gradients_are_those_of_plain_cross_entropy(
    scale: float, cap: float | None, logit_bytes: int | None
) -> None:
    hidden, weight, bias, labels = draw()
    results = []
    for function in (
        plain,
        lambda h, w, b, y, s, c: linear_cross_entropy(h, w, y, bias=b, scale=s, cap=c, logit_bytes=logit_bytes),
    ):
        h, w = hidden.clone().requires_grad_(), weight.clone().requires_grad_()
        loss = function(h, w, bias, labels, scale, cap)
        (loss / 7).backward()
        results.append((loss.detach(), h.grad, w.grad))
    for theirs, ours in zip(*results, strict=True):
        assert ours.dtype == torch.float64 and torch.allclose(ours, theirs, rtol=1e-11, atol=1e-12)


def test_autograd_s_own_check_of_the_gradients() -> None:
    hidden, weight, bias, labels = draw(5, 4, 11)

    assert torch.autograd.gradcheck(
        lambda h, w: linear_cross_entropy(h, w, labels, bias=bias, scale=0.8, cap=3.0, logit_bytes=4 * 11 * 2),
        (hidden.requires_grad_(), weight.requires_grad_()),
    )


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_sums_are_exact_whatever_the_matrices_are_in(dtype: torch.dtype) -> None:
    """Also where one token has all the probability, and the sum of the others is beyond F16."""
    hidden, weight, bias, labels = draw(200, 16, 70_000, dtype)
    hidden[0] = 40 * weight[labels[0]] / weight[labels[0]].norm() ** 2
    bias.zero_()
    h = hidden.clone().requires_grad_()
    loss = linear_cross_entropy(h, weight, labels, logit_bytes=4 * 70_000 * 16)
    loss.backward()
    exact = hidden.double().requires_grad_()
    expected = cross_entropy(exact @ weight.double().T, labels, reduction="sum")
    expected.backward()

    assert loss.dtype == torch.float32 and h.grad.dtype == dtype
    assert loss.item() == pytest.approx(expected.item(), rel=1e-6 if dtype == torch.float32 else 1e-3)
    error = (h.grad.double() - exact.grad).norm() / exact.grad.norm()
    assert error < {torch.float32: 1e-5, torch.bfloat16: 2e-2, torch.float16: 3e-3}[dtype]


def test_a_batch_without_labels_is_a_zero_with_a_way_back() -> None:
    hidden, weight, _bias, labels = draw()
    states = hidden.requires_grad_()
    loss = linear_cross_entropy(states[:0], weight, labels[:0])
    loss.backward()

    assert loss.item() == 0 and (states.grad == 0).all()


def test_nothing_is_kept_where_nothing_is_trained() -> None:
    hidden, weight, _bias, labels = draw()

    assert linear_cross_entropy(hidden, weight, labels).grad_fn is None
    with torch.no_grad():
        loss = linear_cross_entropy(hidden.requires_grad_(), weight, labels)
    assert loss.grad_fn is None
    assert loss.item() == pytest.approx(cross_entropy(hidden @ weight.T, labels, reduction="sum").item())


def make(family: str) -> Any:
    from transformers import AutoModelForCausalLM, CohereConfig, Gemma2Config, GraniteConfig, LlamaConfig, PhiConfig

    size = {"vocab_size": 500, "hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2,
            "num_attention_heads": 2, "num_key_value_heads": 2}  # fmt: skip
    torch.manual_seed(0)
    config = {
        "plain": lambda: LlamaConfig(**size),
        "capped": lambda: Gemma2Config(**size, head_dim=16, final_logit_softcapping=0.05),
        "scaled": lambda: CohereConfig(**size, logit_scale=0.25),
        "divided": lambda: GraniteConfig(**size, logits_scaling=8.0),
        "biased": lambda: PhiConfig(**size),
    }[family]()
    model = AutoModelForCausalLM.from_config(config).eval().double()
    for weight in model.parameters():
        torch.nn.init.normal_(weight, 0.02, 0.3)
    return model


@pytest.fixture(scope="module")
def batch() -> dict[str, Any]:
    rows = [Row(*[torch.arange(3, 3 + length).int().numpy()] * 2) for length in (5, 12, 9)]
    rows.append(cut_rows(torch.arange(60, 90).int().numpy(), 16)[1])
    return lay_padded(rows, 0)


FAMILIES = {
    "plain": Head(), "capped": Head(cap=0.05), "scaled": Head(scale=0.25), "divided": Head(scale=1 / 8),
    "biased": Head(),
}  # fmt: skip


@pytest.mark.parametrize("family", FAMILIES)
def test_a_family_s_head_is_found_and_its_loss_is_the_library_s(family: str, batch: dict[str, Any]) -> None:
    model = make(family)
    head = find_head(model)
    assert head == FAMILIES[family]
    losses = []
    for way in (head, None):
        model.zero_grad()
        loss = summed_loss(model, batch, way)
        loss.backward()
        losses.append((loss.item(), model.get_input_embeddings().weight.grad.clone()))
    assert losses[0][0] == pytest.approx(losses[1][0], rel=1e-6)
    assert torch.allclose(losses[0][1], losses[1][1], rtol=1e-5, atol=1e-7)


def test_a_head_that_is_not_what_it_says_is_left_to_the_model(batch: dict[str, Any]) -> None:
    model = make("plain")
    model.config.logit_scale = 3.0
    assert find_head(model) is None
    assert summed_loss(model, batch, None).item() > 0
    model.lm_head = torch.nn.Sequential(model.lm_head)
    assert find_head(model) is None


def test_the_library_s_own_loss(batch: dict[str, Any]) -> None:
    """Padded, shifted and ignored as transformers does it."""
    model = make("plain")
    rows = [torch.arange(3, 15), torch.arange(3, 8)]
    labels = torch.full((2, 12), IGNORED)
    ids = torch.zeros(2, 12, dtype=torch.int64)
    for at, row in enumerate(rows):
        ids[at, : len(row)] = labels[at, : len(row)] = row
    theirs = model(input_ids=ids, labels=labels).loss * 15
    ours = summed_loss(model, lay_padded([Row(row.numpy(), row.numpy()) for row in rows], 0), find_head(model))
    assert ours.item() == pytest.approx(theirs.item(), rel=1e-6)
