"""How the rows of a step lie in the batches that go through the model.

Flat: all rows one behind the other in a single row of the batch, each attending to itself only (``attention.py``).
Nothing is padded. Padded: one row under the other, filled up on the right, for models whose attention is not ours to
choose. In both no token ever sees another row: under causal attention nothing sees padding on its right.

A batch is a dictionary: ``input_ids`` and ``position_ids`` (rows, length); ``kept``, the places (in the flattened batch)
of hidden states that predict a token which is learnt, and ``targets``, those tokens; all int64. A flat one also has
``documents``, the lengths of its rows, for the attention.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from services.training.attention import Documents
from services.training.row import IGNORED, Row

Batch = dict[str, Any]


def lay_flat(rows: Sequence[Row], *, is_learnt: bool = True) -> Batch:
    """Rows one behind the other, (1, all tokens); not learnt, they have no targets."""
    import torch

    lengths = [len(row.input_ids) for row in rows]
    following = np.concatenate([_following(row) for row in rows])
    kept, targets = _targets(following, is_learnt)
    return {
        "input_ids": torch.from_numpy(np.concatenate([row.input_ids for row in rows]).astype(np.int64))[None],
        "position_ids": torch.from_numpy(np.concatenate([np.arange(length) for length in lengths]))[None],
        "kept": kept,
        "targets": targets,
        "documents": Documents(lengths),
    }


def lay_padded(rows: Sequence[Row], pad_id: int, *, is_learnt: bool = True) -> Batch:
    """Rows one under the other, (rows, longest), without an attention mask: the fast causal kernels are used."""
    import torch

    longest = max(len(row.input_ids) for row in rows)
    ids = np.full((len(rows), longest), pad_id, dtype=np.int64)
    following = np.full((len(rows), longest), IGNORED, dtype=np.int64)
    for index, row in enumerate(rows):
        ids[index, : len(row.input_ids)] = row.input_ids
        following[index, : len(row.input_ids)] = _following(row)
    kept, targets = _targets(following.reshape(-1), is_learnt)
    positions = torch.arange(longest).expand(len(rows), longest)
    return {"input_ids": torch.from_numpy(ids), "position_ids": positions, "kept": kept, "targets": targets}


def divide(lengths: Sequence[int], budget: int, *, is_padded: bool = False) -> list[list[int]]:
    """Indices in groups of at most ``budget`` tokens, padding counted; a row longer than that is alone.

    First fit, the longest first: the number of groups is at most 11/9 of the fewest possible and one more (Johnson
    1973). The same for the same lengths.
    """
    order = sorted(range(len(lengths)), key=lambda index: (-lengths[index], index))
    groups: list[list[int]] = []
    taken: list[int] = []
    for index in order:
        for number, group in enumerate(groups):
            # The first of a padded group is its longest, and so is the room that each of its rows takes.
            room = lengths[group[0]] if is_padded else lengths[index]
            if taken[number] + room <= budget:
                group.append(index)
                taken[number] += room
                break
        else:
            groups.append([index])
            taken.append(lengths[index])
    return groups


def count_targets(row: Row) -> int:
    """How many tokens of a row are predicted: those that are learnt, but for one that has nothing before it."""
    return int((row.labels[1:] != IGNORED).sum())


def _following(row: Row) -> np.ndarray:
    """At each place the label of the next one."""
    return np.append(row.labels[1:], IGNORED).astype(np.int64)


def _targets(following: np.ndarray, is_learnt: bool) -> tuple[Any, Any]:
    import torch

    kept = np.flatnonzero(following != IGNORED) if is_learnt else np.zeros(0, dtype=np.int64)
    return torch.from_numpy(kept), torch.from_numpy(following[kept])
