"""The loss of a language model, projected through the vocabulary only where a token is learnt."""

from __future__ import annotations

from typing import Any

from services.training.row import IGNORED

_LOGIT_BYTES = 128 * 2**20  # of F32 logits at once
# Factors and limits that some families put between the last layer and the loss.
_HEAD_EXTRAS = (
    "final_logit_softcapping", "logit_scale", "logits_scaling", "output_multiplier", "lm_head_multiplier",
    "output_router_logits",
)  # fmt: skip


def has_plain_head(config: Any) -> bool:
    """Whether the logits of a model are its last hidden states times the output matrix, and nothing else."""
    text_config = config.get_text_config()
    return all(getattr(text_config, name, None) in (None, False, 1, 1.0) for name in _HEAD_EXTRAS)


def summed_loss(network: Any, batch: dict[str, Any]) -> Any:
    """The sum of −log p(token | what stands before it) over the labelled tokens of a batch, as an F32 scalar.

    Args:
        network: a causal language model of transformers.
        batch: ``input_ids``, ``labels`` and ``position_ids`` of shape (rows, length).
    """
    from torch.utils.checkpoint import checkpoint

    inputs = {name: batch[name] for name in ("input_ids", "position_ids")}
    if not has_plain_head(network.config):
        return _summed_over_logits(network(**inputs, use_cache=False).logits, batch["labels"])
    hidden = network.base_model(**inputs, use_cache=False).last_hidden_state[:, :-1]
    labels = batch["labels"][:, 1:]
    is_learnt = labels != IGNORED
    hidden, labels = hidden[is_learnt], labels[is_learnt]
    head = network.get_output_embeddings()
    rows = max(256, _LOGIT_BYTES // (4 * head.weight.shape[0]))
    if len(labels) <= rows:
        return _head_loss(head, hidden, labels)
    # A large vocabulary: the logits of each part are made again on the way back instead of being kept.
    parts = zip(hidden.split(rows), labels.split(rows), strict=True)
    return sum(checkpoint(_head_loss, head, states, goal, use_reentrant=False) for states, goal in parts)


def _head_loss(head: Any, hidden: Any, labels: Any) -> Any:
    from torch.nn.functional import cross_entropy

    return cross_entropy(head(hidden).float(), labels, reduction="sum")


def _summed_over_logits(logits: Any, labels: Any) -> Any:
    from torch.nn.functional import cross_entropy

    return cross_entropy(
        logits[:, :-1].flatten(0, 1).float(), labels[:, 1:].flatten(), reduction="sum", ignore_index=IGNORED
    )
