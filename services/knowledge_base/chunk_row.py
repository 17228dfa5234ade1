"""Whole rows of chunks, in and out of the tables that make up one chunk."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from services.knowledge_base.stale import StaleStatements
from services.records import Chunk, CutChunk

# What stands in chunk_flag.cause; a chunk left out for what it is has its kind as the cause.
CAUSES = ("", "person", "duplicate", "kind")
PERSON, DUPLICATE, KIND = 1, 2, 3

CUT_BY, BY_PERSON = "cut_by", "person"  # in the metadata of a chunk that a person split or merged

STATE = (
    "document_id", "start", "owned_end", "end", "token_count", "is_edited", "kind", "quality", "problem", "duplicate_of",
    "similarity", "tail",
)  # fmt: skip
FLAGS = ("is_excluded", "is_deleted", "cause")


@dataclass(frozen=True, slots=True)
class ChunkRow:
    """Everything that the tables say of one chunk.

    metadata: the JSON as it is stored. tail: see corpus.py. original: what it said at first, None if never edited.
    """

    id: int
    content: str
    source: str
    chunk_index: int
    metadata: str | None
    document_id: int | None = None
    start: int = 0
    owned_end: int = 0
    end: int = 0
    token_count: int = 0
    is_excluded: int = 0
    is_deleted: int = 0
    is_edited: int = 0
    kind: str = ""
    cause: int = 0
    quality: int = 100
    problem: str = ""
    duplicate_of: int | None = None
    similarity: float = 0
    tail: str = ""
    original: str | None = None
    sketch: bytes = b""

    @classmethod
    def of(cls, chunk: CutChunk, chunk_id: int, document_id: int, source: str, index: int, tokenizer: str) -> ChunkRow:
        """The row of a chunk that was just cut; a listing is left out of training and generation."""
        metadata = {
            "start": chunk.start, "end": chunk.end, "page": chunk.page, "headings": list(chunk.headings),
            "tokens": chunk.token_count, "tokenizer": tokenizer,
        }  # fmt: skip
        return cls(
            chunk_id, chunk.content, source, index, json.dumps(metadata, ensure_ascii=False), document_id,
            chunk.start, chunk.owned_end, chunk.end, chunk.token_count, is_excluded=int(bool(chunk.kind)),
            kind=chunk.kind, cause=KIND if chunk.kind else 0, quality=chunk.quality, problem=chunk.problem,
            sketch=chunk.sketch,
        )  # fmt: skip


class ChunkRowStatements(StaleStatements):
    """Reading, inserting and deleting whole chunks. The caller is inside of ``own_rows``."""

    def _chunk_rows(self, ids: Iterable[int]) -> list[ChunkRow]:
        """The rows of these ids that exist, in their document's order."""
        rows = self.connection.execute(
            f"""
            SELECT id, coalesce(rag_chunks.content, '') AS content, coalesce(source, '') AS source,
                coalesce(chunk_index, 0) AS chunk_index, metadata, {", ".join((*STATE, *FLAGS))},
                chunk_original.content AS original, coalesce(sketch, x'') AS sketch
            FROM rag_chunks JOIN chunk_state ON chunk_state.chunk_id = id JOIN chunk_flag ON chunk_flag.chunk_id = id
                LEFT JOIN chunk_original ON chunk_original.chunk_id = id
                LEFT JOIN chunk_sketch ON chunk_sketch.chunk_id = id
            WHERE id IN (SELECT value FROM json_each(?)) ORDER BY chunk_index, id
            """,
            (json.dumps(list(ids)),),
        )
        return [ChunkRow(**dict(row)) for row in rows]

    def _next_id(self) -> int:
        """An id that no chunk has had: what is said of a chunk that is gone must not pass to another one."""
        highest = self.connection.execute("SELECT max(id) FROM rag_chunks").fetchone()[0] or 0
        return max(highest, int(self._meta("highest_id") or 0)) + 1

    def _insert_rows(self, rows: Sequence[ChunkRow]) -> None:
        """Put whole chunks in, and into the search index."""
        if not rows:
            return
        insert = self.connection.executemany
        insert(
            "INSERT INTO rag_chunks (id, content, source, chunk_index, metadata) VALUES (?, ?, ?, ?, ?)",
            map(attrgetter("id", "content", "source", "chunk_index", "metadata"), rows),
        )
        insert("INSERT INTO rag_chunks_fts (rowid, content) VALUES (?, ?)", map(attrgetter("id", "content"), rows))
        insert(
            f"INSERT INTO chunk_state (chunk_id, {', '.join(STATE)}) VALUES (?{', ?' * len(STATE)})",
            map(attrgetter("id", *STATE), rows),
        )
        insert(
            f"INSERT INTO chunk_flag (chunk_id, {', '.join(FLAGS)}) VALUES (?{', ?' * len(FLAGS)})",
            map(attrgetter("id", *FLAGS), rows),
        )
        insert(
            "INSERT INTO chunk_original VALUES (?, ?)", ((row.id, row.original) for row in rows if row.original is not None)
        )
        insert("INSERT INTO chunk_sketch VALUES (?, ?)", ((row.id, row.sketch) for row in rows if row.sketch))
        self._set_meta("highest_id", max(self._next_id() - 1, rows[-1].id))

    def _delete_rows(self, ids: str, values: dict[str, Any]) -> int:
        """Take whole chunks out, and out of the search index; returns how many.

        ids: a SELECT of them, with ``values`` as its parameters.
        """
        execute = self.connection.execute
        self._set_meta("highest_id", self._next_id() - 1)
        execute(
            "INSERT INTO rag_chunks_fts (rag_chunks_fts, rowid, content)"
            f" SELECT 'delete', id, content FROM rag_chunks WHERE id IN ({ids})",
            values,
        )
        return execute(f"DELETE FROM rag_chunks WHERE id IN ({ids})", values).rowcount  # the rest by foreign keys


def read_chunk(row: sqlite3.Row) -> Chunk:
    """The record of a row of ``rag_chunks`` joined with ``chunk_state`` and ``chunk_flag``, which may be missing."""
    try:
        metadata = json.loads(row["metadata"] or "{}")
    except ValueError:
        metadata = {}
    cause = CAUSES[row["cause"] or 0]
    return Chunk(
        row["id"], row["content"] or "", row["source"] or "", row["chunk_index"] or 0,
        metadata if isinstance(metadata, dict) else {},
        row["token_count"] or 0, bool(row["is_excluded"]), bool(row["is_deleted"]), bool(row["is_edited"]),
        row["kind"] or "", (row["kind"] or "") if cause == "kind" else cause,
        100 if row["quality"] is None else row["quality"], row["problem"] or "",
        row["duplicate_of"], row["similarity"] or 0.0,
    )  # fmt: skip

