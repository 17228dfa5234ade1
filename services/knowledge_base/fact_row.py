"""SQL of the facts that chunks state; coverage_row.py counts those that pairs ask for."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from services.knowledge_base.connection import Connection


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that a chunk says. start, end: where, as characters of its content; pairs: that ask for it."""

    id: int
    chunk_id: int
    statement: str
    start: int
    end: int
    pairs: int = 0


class FactStatements(Connection):
    """What the knowledge base knows of facts. They go when the text of their chunk changes."""

    def add_facts(self, chunk_id: int, facts: Sequence[tuple[str, int, int]], model: str = "") -> None:
        """Add (statement, start, end); statements that the chunk has already are left as they are."""
        with self.transaction():
            self.connection.executemany(
                "INSERT OR IGNORE INTO fact (chunk_id, statement, start, end, model) VALUES (?, ?, ?, ?, ?)",
                [(chunk_id, statement, start, end, model) for statement, start, end in facts],
            )

    def facts(self, dataset: str, chunk_id: int) -> list[Fact]:
        """The facts of a chunk, those first that the fewest pairs of the dataset ask for, rejected ones counted too."""
        rows = self.connection.execute(
            """
            SELECT fact.id, fact.chunk_id, statement, start, end, count(pair.id) AS pairs
            FROM fact LEFT JOIN pair ON fact_id = fact.id AND dataset = ? AND state <> 'failed'
            WHERE fact.chunk_id = ? GROUP BY fact.id ORDER BY pairs, fact.id
            """,
            (dataset, chunk_id),
        )
        return [Fact(*row) for row in rows]

    def token_counts(self, chunk_ids: Sequence[int]) -> dict[int, int]:
        """Chunk id to the tokens of its text."""
        rows = self.connection.execute(
            "SELECT chunk_id, token_count FROM chunk_state WHERE chunk_id IN (SELECT value FROM json_each(?))",
            (json.dumps(list(chunk_ids)),),
        )
        return {row[0]: row[1] for row in rows}

    def related_chunk_ids(self, words: Sequence[str], limit: int, *, is_all: bool = False, is_prefix: bool = False) -> list[int]:
        """The usable chunks with most of these words (BM25), or with every one of them.

        is_prefix: words that begin so count too.
        """
        if not words:
            return []
        rows = self.connection.execute(
            """
            SELECT id FROM (
                SELECT rowid AS id FROM rag_chunks_fts WHERE rag_chunks_fts MATCH ? ORDER BY bm25(rag_chunks_fts) LIMIT ?
            ) JOIN chunk_flag ON chunk_id = id WHERE NOT is_excluded AND NOT is_deleted
            """,
            ((" AND " if is_all else " OR ").join(f'"{word}"{"*" * is_prefix}' for word in words), limit),
        )
        return [row[0] for row in rows]
