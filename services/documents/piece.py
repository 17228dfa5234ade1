"""The pieces in which a file comes from the process that reads it: how they travel, and how they become one document."""

from __future__ import annotations

import pickle
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from typing import IO, Any

from services.records import CutChunk, DocumentText, Removal

_BETWEEN = "\n\n"


@dataclass(frozen=True, slots=True)
class Piece:
    """A file, or one part of a long one. Places are counted from the piece's own start."""

    text: DocumentText
    chunks: tuple[CutChunk, ...]
    removed: tuple[Removal, ...] = ()
    warnings: tuple[str, ...] = ()
    format: str = ""
    page_count: int = 0


def piece_to_json(piece: Piece) -> dict[str, Any]:
    """For the way to another process. The content of a chunk is in the text already."""
    chunks = [
        [
            chunk.start, chunk.owned_end, chunk.end, chunk.token_count, chunk.page, chunk.headings, chunk.kind,
            chunk.quality, chunk.problem,
        ]
        for chunk in piece.chunks
    ]  # fmt: skip
    return {
        "text": {key: getattr(piece.text, key) for key in ("content", "pages", "headings", "listings")}, "chunks": chunks, "removed": [asdict(removal) for removal in piece.removed],
        "warnings": piece.warnings, "format": piece.format, "page_count": piece.page_count,
    }  # fmt: skip


class Pieces:
    """The pieces of one file as one document, whose places are counted from its start.

    From the second one on they wait on the disk: what is in memory does not grow with the length of the file.
    """

    def __init__(self) -> None:
        self.format, self.page_count, self.warnings = "", 0, ()
        self._removed: dict[tuple[str, str], Removal] = {}
        self._only: dict[str, Any] | None = None
        self._file: IO[bytes] | None = None
        self._count = 0

    @property
    def removed(self) -> tuple[Removal, ...]:
        return tuple(self._removed.values())

    def add(self, said: dict[str, Any]) -> None:
        """Take the next piece, as ``piece_to_json`` gives it."""
        self.format = self.format or said["format"]
        self.page_count += said["page_count"]
        self.warnings += tuple(said["warnings"])
        _merge(self._removed, (Removal(**removal) for removal in said.pop("removed")))
        self._count += 1
        said["sketches"] = sketches(said["text"]["content"], (row[:2] for row in said["chunks"]))
        if self._count == 1:
            self._only = said
            return
        if self._file is None:
            self._file = tempfile.TemporaryFile(prefix="wissenswerk-")  # noqa: SIM115 - closed by close()
            pickle.dump(self._only, self._file)
            self._only = None
        pickle.dump(said, self._file)

    def texts(self) -> Iterator[DocumentText]:
        """The text, in one or more parts that follow each other without anything between them."""
        for at, said, ending in self._placed():
            text = said["text"]
            yield DocumentText(
                text["content"] + ending,
                tuple((page, at + start) for page, start in text["pages"]),
                tuple((at + start, level, title) for start, level, title in text["headings"]),
                tuple((at + start, at + end, kind) for start, end, kind in text["listings"]),
            )

    def chunks(self) -> Iterator[CutChunk]:
        """The chunks, in order."""
        for at, said, ending in self._placed():
            content = said["text"]["content"]
            last = len(said["chunks"]) - 1
            for number, (row, sketch) in enumerate(zip(said["chunks"], said["sketches"], strict=True)):
                start, owned_end, end, token_count, page, headings, kind, quality, problem = row
                yield CutChunk(
                    at + start, at + owned_end + (len(ending) if number == last else 0), at + end, content[start:end],
                    token_count, page, tuple(headings), kind, quality, problem, sketch,
                )  # fmt: skip

    def close(self) -> None:
        """Give the room on the disk back."""
        if self._file is not None:
            self._file.close()

    def _placed(self) -> Iterator[tuple[int, dict[str, Any], str]]:
        """``(where it starts, piece, what follows it)``."""
        at = 0
        for number, said in enumerate(self._all(), 1):
            ending = _BETWEEN if number < self._count else ""
            yield at, said, ending
            at += len(said["text"]["content"]) + len(ending)

    def _all(self) -> Iterator[dict[str, Any]]:
        if self._file is None:
            if self._only is not None:
                yield self._only
            return
        self._file.seek(0)
        for _piece in range(self._count):
            yield pickle.load(self._file)


def sketches(content: str, owned: Iterable[tuple[int, int]]) -> list[bytes]:
    """What the chunks that own these spans of a text are like, for ``find_repeats``.

    Of what a chunk owns: neighbours that share a long overlap do not repeat each other. Not asked of the processes that
    read: to load numpy would take each of them as long as to read a short file.
    """
    from services.documents.likeness import sketch

    return [sketch(content[start:end]) for start, end in owned]


def merge_removals(removals: Iterable[Removal]) -> tuple[Removal, ...]:
    """The same text, left out again and again, as one with its count; in the order of their first places."""
    merged: dict[tuple[str, str], Removal] = {}
    _merge(merged, removals)
    return tuple(merged.values())


def _merge(merged: dict[tuple[str, str], Removal], removals: Iterable[Removal]) -> None:
    for removal in removals:
        known = merged.get((removal.kind, removal.text))
        merged[removal.kind, removal.text] = replace(known, count=known.count + removal.count) if known else removal
