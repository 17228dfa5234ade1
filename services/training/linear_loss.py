"""Cross entropy straight from hidden states: the logits of a few rows at a time, never those of a whole batch.

With W of shape (vocabulary, width) and p = softmax(h Wᵀ), the gradient of −log p[y] is (p − onehot(y)) W for h and
(p − onehot(y))ᵀ h for W. Both need p, which is there when the loss is computed, so the gradient is made then and kept:
4·width·vocabulary operations a token for a frozen W, where keeping nothing and computing the logits twice takes 6.
"""

from __future__ import annotations

import functools
from typing import Any

from services.training.fit import FEWEST_LOGIT_ROWS, LOGIT_BYTES


def linear_cross_entropy(
    hidden: Any,
    weight: Any,
    labels: Any,
    *,
    bias: Any = None,
    scale: float = 1.0,
    cap: float | None = None,
    logit_bytes: int | None = None,
) -> Any:
    """The sum of −log softmax(z)[label] over rows, with z = cap · tanh(scale · (h Wᵀ + bias) / cap).

    Softmax, logarithm and sums are in F32 (F64 for F64), whatever the matrices are in.

    Args:
        hidden: (rows, width), of labelled tokens only.
        weight: (vocabulary, width), of the same dtype; its gradient is made where it is trained.
        labels: (rows,), int64, none of them ignored.
        bias: (vocabulary,) and frozen.
        cap: None leaves the logits as they are.
        logit_bytes: about how much memory the logits of one part may take.

    Returns:
        A scalar of F32, or F64 for F64. Its second derivative is not defined.
    """
    limit = logit_bytes or LOGIT_BYTES.get(hidden.device.type, LOGIT_BYTES["cpu"])
    rows = max(FEWEST_LOGIT_ROWS if logit_bytes is None else 1, limit // (4 * weight.shape[0]))
    return _function().apply(hidden, weight, labels, bias, scale, cap, rows)


@functools.cache
def _function() -> Any:
    import torch
    from torch.autograd.function import once_differentiable

    class LinearCrossEntropy(torch.autograd.Function):
        @staticmethod
        def forward(
            ctx: Any, hidden: Any, weight: Any, labels: Any, bias: Any, scale: float, cap: float | None, rows: int
        ) -> Any:
            exact = torch.promote_types(hidden.dtype, torch.float32)
            needs_hidden, needs_weight = ctx.needs_input_grad[:2]
            hidden_grad = torch.empty_like(hidden) if needs_hidden else None
            weight_grad = torch.zeros_like(weight, dtype=exact) if needs_weight else None
            total = torch.zeros((), dtype=exact, device=hidden.device)
            buffer = hidden.new_empty(min(rows, len(hidden)), len(weight))
            for start in range(0, len(hidden), rows):
                part = slice(start, start + rows)
                states, goals = hidden[part], labels[part, None]
                logits = torch.mm(states, weight.T, out=buffer[: len(states)])
                scores = logits.to(exact)  # the same memory where it is exact already
                if bias is not None:
                    scores.add_(bias)
                if scale != 1.0:
                    scores.mul_(scale)
                if cap is not None:
                    scores.div_(cap).tanh_()
                    slope = 1 - scores.square()
                    scores.mul_(cap)
                highest, chosen = scores.amax(-1, keepdim=True), scores.gather(1, goals)
                scores.sub_(highest).exp_()
                sums = scores.sum(-1, keepdim=True)
                total += (sums.log() + highest - chosen).sum()
                if not (needs_hidden or needs_weight):
                    continue
                scores.scatter_add_(1, goals, -sums)
                if cap is not None:
                    scores.mul_(slope)
                # (p − onehot) · sums; it is divided by the sums after the product, where rows are short.
                factor = scale / sums
                if scores is not logits:  # F16 cannot hold the sums
                    logits.copy_(scores.mul_(factor))
                    factor = torch.ones_like(factor)
                if needs_hidden:
                    hidden_grad[part] = torch.mm(logits, weight).mul_(factor)
                if needs_weight:
                    weight_grad += logits.T @ (states * factor).to(states.dtype)
            ctx.save_for_backward(hidden_grad, weight_grad)
            ctx.weight_dtype = weight.dtype
            return total

        @staticmethod
        @once_differentiable
        def backward(ctx: Any, grad: Any) -> tuple[Any, ...]:
            hidden_grad, weight_grad = ctx.saved_tensors
            return (
                None if hidden_grad is None else hidden_grad * grad,
                None if weight_grad is None else (weight_grad * grad).to(ctx.weight_dtype),
                None, None, None, None, None,
            )  # fmt: skip

    return LinearCrossEntropy
