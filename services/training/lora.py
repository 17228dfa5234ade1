"""LoRA as one operation: y = x Wᵀ + b + s · (x Aᵀ) Bᵀ, with the adapter added into the product and not beside it.

PEFT's own forward makes the base's output, the adapter's, the scaled adapter's and their sum, and under mixed precision
casts all activations to the adapter's F32. Here A and B are cast, which are small, and nothing is made twice.
"""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Iterator
from types import MethodType
from typing import Any


@contextlib.contextmanager
def fused(model: Any) -> Iterator[int]:
    """Let a PeftModel compute its plain LoRA layers in one operation; yields how many.

    Layers with dropout, DoRA, quantized bases or several adapters keep PEFT's own way.
    """
    layers = [module for module in model.modules() if _is_plain(module)]
    apply = _function().apply  # looked up here: a compiler cannot make the class

    def forward(layer: Any, x: Any) -> Any:
        if layer.disable_adapters or layer.merged:
            return type(layer).forward(layer, x)
        (name,) = layer.active_adapters
        base = layer.base_layer
        return apply(x, base.weight, base.bias, layer.lora_A[name].weight, layer.lora_B[name].weight, layer.scaling[name])

    for layer in layers:
        layer.forward = MethodType(forward, layer)
    try:
        yield len(layers)
    finally:
        for layer in layers:
            del layer.forward


def _is_plain(module: Any) -> bool:
    import torch
    from peft.tuners.lora import Linear

    if type(module) is not Linear or type(module.base_layer) is not torch.nn.Linear:
        return False
    if len(module.active_adapters) != 1 or module.merged or module.disable_adapters or module.lora_variant:
        return False
    (name,) = module.active_adapters
    return (
        name in module.lora_A
        and type(module.lora_dropout[name]) is torch.nn.Identity
        and module.lora_B[name].bias is None
        and not module.base_layer.weight.requires_grad
    )


@functools.cache
def _function() -> Any:
    import torch
    from torch.autograd.function import once_differentiable

    class LoraLinear(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any, weight: Any, bias: Any, a: Any, b: Any, scale: float) -> Any:
            rows = x.reshape(-1, x.shape[-1])
            inner = rows @ a.T.to(x.dtype)
            out = torch.nn.functional.linear(rows, weight, bias)
            out.addmm_(inner, b.T.to(x.dtype), alpha=scale)
            ctx.save_for_backward(rows, inner, weight, a, b)
            ctx.scale = scale
            return out.view(*x.shape[:-1], -1)

        @staticmethod
        @once_differentiable
        def backward(ctx: Any, grad: Any) -> tuple[Any, ...]:
            rows, inner, weight, a, b = ctx.saved_tensors
            out_grad = grad.reshape(-1, grad.shape[-1])
            inner_grad = (out_grad @ b.to(grad.dtype)).mul_(ctx.scale)
            a_grad = (inner_grad.T @ rows).to(a.dtype)
            b_grad = (out_grad.T @ inner).to(b.dtype).mul_(ctx.scale)
            x_grad = None
            if ctx.needs_input_grad[0]:
                x_grad = (out_grad @ weight).addmm_(inner_grad, a.to(grad.dtype)).view(*grad.shape[:-1], -1)
            return x_grad, None, None, a_grad, b_grad, None

    return LoraLinear
