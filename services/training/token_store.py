"""Rows of tokens on the disk: made once for the same text, tokenizer and length, and mapped into memory afterwards.

``models/checkpoints/tokens/<key>/`` holds all tokens and labels one behind the other, where each row ends, and what else
the maker said. A folder is written beside its place and renamed, so a half-written one does not count. All of it can be
made again at any time.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from services.training.row import Row

_FORMAT = 1
_KEPT = 4  # folders; two are those of the last CPT and SFT


def key_of(*parts: Any) -> str:
    """A name for what decides the tokens: hashes of text and tokenizer, lengths, templates."""
    return hashlib.sha256(json.dumps([_FORMAT, *parts], sort_keys=True).encode()).hexdigest()[:24]


def recall(
    folder: Path, key: str, make: Callable[[], tuple[list[Row], Any]], *, is_writer: bool = True
) -> tuple[list[Row], Any]:
    """The rows of a key from the disk; without them, they are made and kept there.

    Args:
        folder: of all keys; the ones not used for the longest time are removed.
        make: gives the rows and anything else that JSON can hold.
        is_writer: False only reads, for the other processes of a training.
    """
    place = folder / key
    with contextlib.suppress(OSError, ValueError, KeyError):
        found = _read(place)
        os.utime(place)
        return found
    rows, more = make()
    if is_writer:
        # Without room on the disk, the next start takes longer; that is all.
        with contextlib.suppress(OSError):
            _write(place, rows, more)
            _prune(folder)
    return rows, more


def _read(place: Path) -> tuple[list[Row], Any]:
    about = json.loads((place / "about.json").read_text("utf-8"))
    ids, labels = (np.asarray(np.load(place / f"{name}.npy", mmap_mode="r")) for name in ("ids", "labels"))
    ends = np.load(place / "ends.npy").tolist()
    if not len(ids) == len(labels) == about["tokens"] == (ends[-1] if ends else 0):
        raise ValueError("the files do not belong together")
    starts = [0, *ends[:-1]]
    return [Row(ids[start:end], labels[start:end]) for start, end in zip(starts, ends, strict=True)], about["more"]


def _write(place: Path, rows: Sequence[Row], more: Any) -> None:
    unfinished = place.with_name(place.name + ".part")
    shutil.rmtree(unfinished, ignore_errors=True)
    unfinished.mkdir(parents=True)
    try:
        ends = np.cumsum([len(row.input_ids) for row in rows], dtype=np.int64)
        tokens = int(ends[-1]) if rows else 0
        for name in ("ids", "labels"):
            with open(unfinished / f"{name}.npy", "wb") as file:
                header = {"descr": "<i4", "fortran_order": False, "shape": (tokens,)}
                np.lib.format.write_array_header_1_0(file, header)
                for row in rows:
                    file.write((row.input_ids if name == "ids" else row.labels).astype("<i4").tobytes())
        np.save(unfinished / "ends.npy", ends)
        (unfinished / "about.json").write_text(json.dumps({"tokens": tokens, "more": more}), "utf-8")
        shutil.rmtree(place, ignore_errors=True)
        unfinished.rename(place)
    except OSError:
        shutil.rmtree(unfinished, ignore_errors=True)
        raise


def _prune(folder: Path) -> None:
    """Remove all but the folders that were used last, and what a kill left half-written."""
    places = sorted((path for path in folder.iterdir() if path.is_dir()), key=lambda path: -path.stat().st_mtime_ns)
    whole = [place for place in places if place.suffix != ".part"]
    for place in {*places} - {*whole[:_KEPT]}:
        shutil.rmtree(place, ignore_errors=True)
