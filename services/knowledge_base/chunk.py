"""SQL of the chunks: find, read, edit, flag."""

from __future__ import annotations

import json
import sqlite3
from array import array
from collections.abc import Sequence

from services.errors import UserError
from services.knowledge_base.connection import Connection
from services.records import Chunk
from services.translation import _

_ORDERS = {
    "id": "rag_chunks.id",
    "source": "source COLLATE NOCASE {way}, chunk_index",
    "chunk_index": "chunk_index",
    "content": "substr(content, 1, 80) COLLATE NOCASE",
    "token_count": "coalesce(token_count, 0)",
}
_FLAGS = {
    "": "NOT coalesce(is_deleted, 0)",
    "included": "NOT coalesce(is_deleted, 0) AND NOT coalesce(is_excluded, 0)",
    "excluded": "NOT coalesce(is_deleted, 0) AND is_excluded",
    "edited": "NOT coalesce(is_deleted, 0) AND is_edited",
    "deleted": "is_deleted",
}


class ChunkStatements(Connection):
    """What the knowledge base knows of chunks."""

    def chunk_ids(
        self,
        search: str = "",
        document: str | None = None,
        flag: str | None = None,
        order: str = "id",
        is_descending: bool = False,
    ) -> array[int]:
        """The ids of the matching chunks in display order, as ``array('q')``.

        Args:
            search: words that must all occur, the last one as the beginning of a word; “"like this"” is a phrase.
            document: a source.
            flag: "included", "excluded", "edited", "deleted"; None is everything but what was deleted.
            order: a column: "id", "source", "chunk_index", "content" or "token_count".
        """
        conditions, values = [_FLAGS[flag or ""]], {}
        if document is not None:
            conditions.append("source = :document")
            values["document"] = document
        if query := _query(search):
            conditions.append("rag_chunks.id IN (SELECT rowid FROM rag_chunks_fts WHERE rag_chunks_fts MATCH :query)")
            values["query"] = query
        way = "DESC" if is_descending else "ASC"
        column = _ORDERS[order] if "{way}" in _ORDERS[order] else _ORDERS[order] + " {way}"
        rows = self.connection.execute(
            f"SELECT rag_chunks.id FROM rag_chunks LEFT JOIN chunk_state ON chunk_id = rag_chunks.id"
            f" WHERE {' AND '.join(conditions)} ORDER BY {column.format(way=way)}, rag_chunks.id",
            values,
        )
        return array("q", (row[0] for row in rows))

    def search_chunks(self, search: str, limit: int) -> list[Chunk]:
        """The best matches first (BM25)."""
        query = _query(search)
        if not query:
            return self.chunks(self.chunk_ids()[:limit])
        rows = self.connection.execute(
            """
            SELECT rag_chunks_fts.rowid FROM rag_chunks_fts LEFT JOIN chunk_state ON chunk_id = rag_chunks_fts.rowid
            WHERE rag_chunks_fts MATCH ? AND NOT coalesce(is_deleted, 0) ORDER BY rank LIMIT ?
            """,
            (query, limit),
        )
        return self.chunks([row[0] for row in rows])

    def chunks(self, ids: Sequence[int]) -> list[Chunk]:
        """The chunks of these ids that exist, in the order asked for."""
        rows = self.connection.execute(
            """
            SELECT rag_chunks.*, token_count, is_excluded, is_deleted, is_edited
            FROM rag_chunks LEFT JOIN chunk_state ON chunk_id = rag_chunks.id
            WHERE rag_chunks.id IN (SELECT value FROM json_each(?))
            """,
            (json.dumps(list(ids)),),
        )
        found = {row["id"]: _chunk(row) for row in rows}
        return [found[chunk_id] for chunk_id in ids if chunk_id in found]

    def chunk(self, chunk_id: int) -> Chunk | None:
        return next(iter(self.chunks([chunk_id])), None)

    def training_chunk_ids(self) -> array[int]:
        """What training and generation use: neither excluded nor deleted, in the order of the documents."""
        return self.chunk_ids(flag="included", order="source")

    def original(self, chunk_id: int) -> str | None:
        """What the chunk said before the first edit; None if it was never edited."""
        row = self.connection.execute("SELECT content FROM chunk_original WHERE chunk_id = ?", (chunk_id,)).fetchone()
        return row[0] if row else None

    def edit_chunk(self, chunk_id: int, content: str, token_count: int | None = None) -> None:
        """Give a chunk a new text; pairs made from the old one are stale. Its first text can be had back.

        Raises:
            UserError: the chunk is gone.
        """
        with self.transaction():
            chunk = self.chunk(chunk_id)
            if chunk is None:
                raise UserError(_("This chunk no longer exists: its document was removed or read again."))
            if chunk.content == content:
                return
            self._ensure_state([chunk_id])
            self.connection.execute(
                "INSERT OR IGNORE INTO chunk_original VALUES (?, ?)", (chunk_id, chunk.content)
            )
            self.connection.execute("UPDATE rag_chunks SET content = ? WHERE id = ?", (content, chunk_id))
            self.connection.execute(
                "UPDATE chunk_state SET is_edited = (SELECT content FROM chunk_original WHERE chunk_id = :id) != :content,"
                " token_count = coalesce(:tokens, token_count) WHERE chunk_id = :id",
                {"id": chunk_id, "content": content, "tokens": token_count},
            )
            self._mark_pairs_stale([chunk_id])

    def restore_chunk(self, chunk_id: int) -> None:
        """Give a chunk its first text back."""
        if (original := self.original(chunk_id)) is not None:
            self.edit_chunk(chunk_id, original)

    def set_excluded(self, ids: Sequence[int], is_excluded: bool) -> None:
        """Keep chunks out of training and generation, or let them in again."""
        self._flag("is_excluded", ids, is_excluded)

    def set_deleted(self, ids: Sequence[int], is_deleted: bool) -> None:
        """Delete chunks so that it can be undone; ``purge_deleted`` ends that."""
        self._flag("is_deleted", ids, is_deleted)

    def purge_deleted(self) -> int:
        """Really remove what was deleted; returns how many chunks."""
        with self.transaction():
            return self.connection.execute(
                "DELETE FROM rag_chunks WHERE id IN (SELECT chunk_id FROM chunk_state WHERE is_deleted)"
            ).rowcount

    def count_chunks(self) -> int:
        """How many chunks there are, excluded ones included, deleted ones not."""
        total = self.connection.execute("SELECT count(*) FROM rag_chunks").fetchone()[0]
        return total - self.connection.execute("SELECT count(*) FROM chunk_state WHERE is_deleted").fetchone()[0]

    def flag_counts(self) -> dict[str, int]:
        """How many chunks are excluded and how many are edited."""
        row = self.connection.execute(
            "SELECT coalesce(sum(is_excluded), 0), coalesce(sum(is_edited), 0) FROM chunk_state WHERE NOT is_deleted"
        ).fetchone()
        return {"excluded": row[0], "edited": row[1]}

    def _flag(self, column: str, ids: Sequence[int], value: bool) -> None:
        with self.transaction():
            self._ensure_state(ids)
            self.connection.execute(
                f"UPDATE chunk_state SET {column} = ? WHERE chunk_id IN (SELECT value FROM json_each(?))",
                (int(value), json.dumps(list(ids))),
            )
            self._mark_pairs_stale(ids)
            self._bump()

    def _ensure_state(self, ids: Sequence[int]) -> None:
        """Chunks that another program inserted have no row of flags yet."""
        self.connection.execute(
            "INSERT OR IGNORE INTO chunk_state (chunk_id)"
            " SELECT id FROM rag_chunks WHERE id IN (SELECT value FROM json_each(?))",
            (json.dumps(list(ids)),),
        )

    def _mark_pairs_stale(self, ids: Sequence[int]) -> None:
        self.connection.execute(
            "UPDATE pair SET is_stale = 1 WHERE chunk_id IN (SELECT value FROM json_each(?))", (json.dumps(list(ids)),)
        )


def _query(search: str) -> str:
    """The words of a search box as an FTS5 query that cannot be a syntax error."""
    parts = search.replace("'", " ").split('"')
    phrases = [f'"{part.strip()}"' for part in parts[1::2] if part.strip()]
    words = [f'"{word}"' for part in parts[::2] for word in part.split() if any(map(str.isalnum, word))]
    if words and not search.rstrip().endswith('"'):
        words[-1] += "*"
    return " ".join(phrases + words)


def _chunk(row: sqlite3.Row) -> Chunk:
    try:
        metadata = json.loads(row["metadata"] or "{}")
    except ValueError:
        metadata = {}
    return Chunk(
        row["id"], row["content"] or "", row["source"] or "", row["chunk_index"] or 0,
        metadata if isinstance(metadata, dict) else {},
        row["token_count"] or 0, bool(row["is_excluded"]), bool(row["is_deleted"]), bool(row["is_edited"]),
    )  # fmt: skip
