"""Rows of tokens: what a model sees at once, and which of the tokens it learns to write."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from services.errors import UserError
from services.training.plan import count_held_out
from services.translation import _

if TYPE_CHECKING:
    from services.jobs import Context

IGNORED = -100  # a label that the loss leaves out
_POOL = 8  # batches that are sorted by length together: little padding, and still a random mixture
_TEXTS_PER_CALL = 256


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a batch; both arrays are int32 of the same length, at most max_seq_length.

    labels: the token itself where it is learnt, IGNORED where it is only read.
    """

    input_ids: np.ndarray
    labels: np.ndarray

    @property
    def token_count(self) -> int:
        """How many tokens are learnt."""
        return int((self.labels != IGNORED).sum())


def encode_documents(
    tokenizer: Any, documents: Sequence[str], *, has_special_tokens: bool, context: Context
) -> list[np.ndarray]:
    """The token ids of every document, with the tokenizer's BOS where it has one, and EOS at the end.

    Args:
        has_special_tokens: the text of a special token means that token; otherwise it is text like any other, so that
            a document that speaks of ``</s>`` does not end there.
    """
    encoded: list[np.ndarray] = []
    for start in range(0, len(documents), _TEXTS_PER_CALL):
        context.check()
        batch = tokenizer(
            list(documents[start : start + _TEXTS_PER_CALL]),
            split_special_tokens=not has_special_tokens,
            return_attention_mask=False,
            return_token_type_ids=False,
            verbose=False,
        )["input_ids"]
        for ids in batch:
            if len(ids) > 1 and ids[0] == ids[1] == tokenizer.bos_token_id:  # in the text, and added again
                del ids[0]
            if not ids or ids[-1] != tokenizer.eos_token_id:
                ids.append(tokenizer.eos_token_id)
            encoded.append(np.array(ids, dtype=np.int32))
    return encoded


def cut_rows(document: np.ndarray, length: int) -> list[Row]:
    """One document as full rows and a shorter last one; every token is learnt exactly once.

    A row that goes on begins with the last token of the row before, which is only read: without it nobody would
    predict the first token of that row.
    """
    rows = []
    start = 0
    while True:
        ids = labels = document[start : start + length]
        if start:
            labels = ids.copy()
            labels[0] = IGNORED
        rows.append(Row(ids, labels))
        if start + length >= len(document):
            return rows
        start += length - 1


def split_rows(rows: Sequence[Row], share: float, seed: int, candidates: Sequence[int]) -> tuple[list[Row], list[Row]]:
    """Rows to learn from and rows kept aside, the same for the same seed.

    Args:
        share: of all candidates; a handful of rows is not split at all.
        candidates: indices of the rows that may be kept aside.
    """
    count = count_held_out(len(candidates), share)
    aside = set(random.Random(f"{seed} held out").sample(list(candidates), count))
    training = [row for index, row in enumerate(rows) if index not in aside]
    return training, sorted((rows[index] for index in aside), key=lambda row: len(row.input_ids))


def some_rows(rows: Sequence[Row], tokens: int, seed: int) -> list[Row]:
    """Some rows of at most so many tokens together, but at least one; the same for the same seed."""
    chosen: list[Row] = []
    for index in random.Random(f"{seed} some").sample(range(len(rows)), min(len(rows), max(1, tokens))):
        tokens -= len(rows[index].input_ids)
        if tokens < 0 and chosen:
            break
        chosen.append(rows[index])
    return chosen


def epoch_order(lengths: Sequence[int], batch_size: int, seed: int, epoch: int) -> list[int]:
    """Every row once, in an order whose consecutive batches have rows of similar length.

    The order depends on nothing but the arguments, so a resumed run goes on exactly where it was. What does not fill a
    batch comes last.
    """
    rng = random.Random(f"{seed} {epoch}")
    order = rng.sample(range(len(lengths)), len(lengths))
    whole = len(order) - len(order) % batch_size
    batches: list[list[int]] = []
    for start in range(0, whole, batch_size * _POOL):
        pool = sorted(order[start : min(start + batch_size * _POOL, whole)], key=lengths.__getitem__)
        batches += [pool[first : first + batch_size] for first in range(0, len(pool), batch_size)]
    rng.shuffle(batches)
    return [index for batch in batches for index in batch] + order[whole:]


def pad_id(tokenizer: Any) -> int:
    """Any id will do to pad with, because padding is neither learnt nor seen."""
    return tokenizer.pad_token_id if tokenizer.pad_token_id is not None else tokenizer.eos_token_id


def require_eos(tokenizer: Any, model_name: str) -> str:
    """The EOS text of a tokenizer.

    Raises:
        UserError: it has none, so nothing that is learnt could ever end.
    """
    if not tokenizer.eos_token:
        raise UserError(
            _("The tokenizer of {model} has no end-of-text token, so texts could not end. Choose another model.")
            .format(model=model_name)
        )
    return tokenizer.eos_token
