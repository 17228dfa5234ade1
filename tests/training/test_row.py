"""Rows: every token is learnt exactly once, documents end and do not mix, and the order can be had again."""

import random

import numpy as np
import pytest

from services.jobs import Context
from services.training.plan import cut_lengths
from services.training.row import (
    IGNORED,
    cut_rows,
    encode_documents,
    epoch_order,
    split_rows,
)
from tests.tiny_models import SENTENCES, make_tiny_tokenizer


@pytest.mark.parametrize("length", [1, 2, 2047, 2048, 2049, 4094, 4095, 5000])
def test_every_token_is_learnt_once(length: int) -> None:
    document = np.arange(length, dtype=np.int32)

    rows = cut_rows(document, 2048)

    learnt = np.concatenate([row.labels[row.labels != IGNORED] for row in rows])
    assert learnt.tolist() == document.tolist()
    assert [len(row.input_ids) for row in rows] == cut_lengths([length], 2048)
    assert all(len(row.input_ids) == 2048 for row in rows[:-1]) and len(rows[-1].input_ids) <= 2048


def test_a_row_that_goes_on_reads_the_token_before_it() -> None:
    """Otherwise the first token of that row would never be predicted: the loss shifts labels by one."""
    rows = cut_rows(np.arange(100, 400, dtype=np.int32), 128)

    predicted = {int(token) for row in rows for token in row.labels[1:] if token != IGNORED}
    assert predicted == set(range(101, 400))


def test_documents_end_and_what_they_say_of_special_tokens_is_text() -> None:
    tokenizer = make_tiny_tokenizer("llama3")
    texts = ["Speaks of </s> and <|im_end|>.", "", SENTENCES[0] * 40]

    plain = encode_documents(tokenizer, texts, has_special_tokens=False, context=Context())
    special = encode_documents(tokenizer, texts[:1], has_special_tokens=True, context=Context())

    assert [ids[-1] for ids in plain] == [tokenizer.eos_token_id] * 3
    assert [ids[0] for ids in plain] == [tokenizer.bos_token_id] * 3
    assert all((ids == tokenizer.eos_token_id).sum() == 1 for ids in plain)
    assert [tokenizer.decode(ids[1:-1]) for ids in plain] == texts
    assert (special[0] == tokenizer.eos_token_id).sum() == 2


def test_text_that_begins_with_bos_gets_no_second_one() -> None:
    tokenizer = make_tiny_tokenizer("llama3")

    ids = encode_documents(tokenizer, ["<s>Hello"], has_special_tokens=True, context=Context())[0]

    assert (ids == tokenizer.bos_token_id).sum() == 1


def test_the_order_has_every_row_once_and_rows_of_similar_length_together() -> None:
    rng = random.Random(3)
    lengths = [rng.randint(5, 128) for _ in range(1003)]

    order = epoch_order(lengths, 8, seed=42, epoch=1)

    assert sorted(order) == list(range(1003))
    assert order == epoch_order(lengths, 8, seed=42, epoch=1) != epoch_order(lengths, 8, seed=42, epoch=2)
    padded = sum(8 * max(lengths[index] for index in order[start : start + 8]) for start in range(0, 1000, 8))
    assert sum(lengths) / padded > 0.85  # random batches: 0.55


def test_what_is_kept_aside_is_not_learnt() -> None:
    rows = [cut_rows(np.full(number + 2, number, dtype=np.int32), 64)[0] for number in range(40)]

    training, aside = split_rows(rows, 0.1, 7, range(20, 40))

    assert len(aside) == 2 and len(training) == 38
    assert {int(row.input_ids[0]) for row in aside} <= set(range(20, 40))
    assert {int(row.input_ids[0]) for row in aside} & {int(row.input_ids[0]) for row in training} == set()
    again = split_rows(rows, 0.1, 7, range(20, 40))[1]
    assert [row.input_ids.tolist() for row in again] == [row.input_ids.tolist() for row in aside]
    assert split_rows(rows, 0.0, 7, range(40)) == (rows, [])
    assert split_rows(rows[:5], 0.5, 7, range(5))[1] == []
