"""Tokens that were made once are mapped into memory the next time."""

import errno
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from services.training import token_store
from services.training.layout import lay_flat
from services.training.row import Row
from services.training.token_store import key_of, recall


class Maker:
    """Makes rows and counts how often."""

    def __init__(self, *lengths: int) -> None:
        rng = np.random.default_rng(0)
        ids = [rng.integers(0, 150_000, length).astype(np.int32) for length in lengths]
        self.rows = [Row(each, np.where(each % 2, each, -100).astype(np.int32)) for each in ids]
        self.calls = 0

    def __call__(self) -> tuple[list[Row], Any]:
        self.calls += 1
        return self.rows, {"kinds": ["text"] * len(self.rows)}


def same(ours: list[Row], theirs: list[Row]) -> bool:
    pairs = zip(ours, theirs, strict=True)
    return all(
        np.array_equal(a.input_ids, b.input_ids) and np.array_equal(a.labels, b.labels) and a.token_count == b.token_count
        for a, b in pairs
    )


def test_the_second_time_nothing_is_made(tmp_path: Path) -> None:
    make = Maker(5, 1, 300)
    first, more = recall(tmp_path / "tokens", "k", make)
    again, more_again = recall(tmp_path / "tokens", "k", make)

    assert make.calls == 1 and same(first, make.rows) and same(again, make.rows)
    assert more == more_again == {"kinds": ["text"] * 3}
    assert not again[2].input_ids.flags.writeable and not again[2].input_ids.flags.owndata  # mapped, not read
    batch = lay_flat(again)
    assert batch["input_ids"].shape == (1, 306)
    recall(tmp_path / "tokens", "other", make)
    assert make.calls == 2


@pytest.mark.parametrize("name", ["ids.npy", "labels.npy", "ends.npy", "about.json"])
@pytest.mark.parametrize("damage", ["cut", "gone"])
def test_what_is_damaged_is_made_again(tmp_path: Path, name: str, damage: str) -> None:
    make = Maker(5, 70)
    recall(tmp_path, "k", make)
    path = tmp_path / "k" / name
    path.unlink() if damage == "gone" else os.truncate(path, path.stat().st_size // 2)

    assert same(recall(tmp_path, "k", make)[0], make.rows) and make.calls == 2
    assert same(recall(tmp_path, "k", make)[0], make.rows) and make.calls == 2


def test_the_oldest_make_room(tmp_path: Path) -> None:
    make = Maker(5)
    for number in range(4):
        recall(tmp_path, f"k{number}", make)
        os.utime(tmp_path / f"k{number}", ns=(number, number))
    recall(tmp_path, "k0", make)  # used again
    (tmp_path / "killed.part").mkdir()
    recall(tmp_path, "k4", make)

    assert sorted(path.name for path in tmp_path.iterdir()) == ["k0", "k2", "k3", "k4"]


def test_other_processes_only_read(tmp_path: Path) -> None:
    make = Maker(5)
    assert same(recall(tmp_path / "none", "k", make, is_writer=False)[0], make.rows)
    assert not (tmp_path / "none").exists()
    recall(tmp_path, "k", make)
    recall(tmp_path, "k", make, is_writer=False)
    assert make.calls == 2


def test_a_full_disk_costs_time_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make = Maker(5)

    def save(*_arguments: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(token_store.np, "save", save)
    assert same(recall(tmp_path, "k", make)[0], make.rows)
    assert list(tmp_path.iterdir()) == []


def test_a_key_tells_apart_what_matters() -> None:
    assert key_of("data", 64) == key_of("data", 64) != key_of("data", 128)
    assert len({key_of("a", "b"), key_of("ab", ""), key_of("a", ["b"])}) == 3
