"""The loss of a language model, projected through the vocabulary only where a token is learnt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from services.training.linear_loss import linear_cross_entropy

# What families call the factor between the product with the output matrix and the logits.
_FACTORS = ("logit_scale", "output_multiplier", "lm_head_multiplier")
_PROBE_TOKENS = 8


@dataclass(frozen=True, slots=True)
class Head:
    """What a model does to the product of its last hidden states with its output matrix, before the softmax.

    cap: logits are bent as cap · tanh(logits / cap); None leaves them.
    """

    scale: float = 1.0
    cap: float | None = None


def find_head(network: Any) -> Head | None:
    """The head of a causal language model; None where what its configuration says does not explain its logits."""
    import torch

    config = network.config.get_text_config()
    factors = [getattr(config, name, None) for name in _FACTORS]
    scale = next((float(factor) for factor in factors if factor is not None), 1.0)
    if divisor := getattr(config, "logits_scaling", None):
        scale = 1 / divisor
    head = Head(scale, getattr(config, "final_logit_softcapping", None))
    output = network.get_output_embeddings()
    if type(output) is not torch.nn.Linear:
        return None
    was_training = network.training
    try:
        with torch.no_grad():
            ids = torch.arange(_PROBE_TOKENS, device=output.weight.device)[None] % output.weight.shape[0]
            inputs = {"input_ids": ids, "use_cache": False}
            theirs = type(network).forward(network.eval(), **inputs).logits.float()
            ours = output(network.base_model(**inputs).last_hidden_state).float() * head.scale
            if head.cap:
                ours = head.cap * torch.tanh(ours / head.cap)
    except (AttributeError, TypeError, ValueError, RuntimeError):
        return None
    finally:
        network.train(was_training)
    return head if torch.allclose(ours, theirs, rtol=1e-2, atol=1e-2 * theirs.abs().max().item()) else None


def summed_loss(network: Any, batch: dict[str, Any], head: Head | None) -> Any:
    """The sum of −log p(token | what stands before it) over the targets of a batch, as an F32 scalar (F64 for F64).

    Args:
        network: a causal language model of transformers.
        batch: as ``services.training.layout`` makes them.
        head: of this network; without one its own forward makes all logits.
    """
    import torch

    kept, targets = batch["kept"], batch["targets"]
    inputs = {name: value for name, value in batch.items() if name not in ("kept", "targets")}
    if head is None:
        # The class's own: the instance's may be the trainer's, which ends here.
        logits = type(network).forward(network, **inputs, use_cache=False).logits.flatten(0, 1)[kept]
        exact = logits.to(torch.promote_types(logits.dtype, torch.float32))
        return torch.nn.functional.cross_entropy(exact, targets, reduction="sum")
    hidden = network.base_model(**inputs, use_cache=False).last_hidden_state.flatten(0, 1)[kept]
    output = network.get_output_embeddings()
    weight = output.weight.full_tensor() if hasattr(output.weight, "full_tensor") else output.weight  # under FSDP2
    return linear_cross_entropy(
        hidden.to(weight.dtype), weight, targets, bias=output.bias, scale=head.scale, cap=head.cap
    )
