"""SQL of the chunks: find, read, edit."""

from __future__ import annotations

import json
from array import array
from collections.abc import Callable, Sequence

from services.errors import UserError
from services.knowledge_base.chunk_row import read_chunk
from services.knowledge_base.flag import FlagStatements
from services.records import Chunk
from services.translation import _

RANKED_LIMIT = 50_000
"""Hits up to which the best come first; ranking looks at every one of them."""
LEAST_LETTERS = ((200_000, 3), (20_000, 2))
"""From so many chunks on, so many letters begin a word: the index has to merge all words that a few letters begin."""
FEW = 2_000
"""Rows that are sorted faster than the index of all is read."""

_STATE_ORDERS = {"id": "chunk_id", "token_count": "token_count", "quality": "quality"}
_TEXT_ORDERS = {
    "source": "source COLLATE NOCASE {way}, chunk_index",
    "chunk_index": "chunk_index",
    "content": "substr(content, 1, 24) COLLATE NOCASE",
}
_NOT_DELETED = "{id} NOT IN (SELECT chunk_id FROM chunk_flag WHERE is_deleted)"
# The conditions of the partial indices stand here word for word: SQLite uses one for its very condition only.
_FLAGS = {
    "included": f"{_NOT_DELETED} AND {{id}} NOT IN (SELECT chunk_id FROM chunk_flag WHERE is_excluded)",
    "excluded": f"{_NOT_DELETED} AND {{id}} IN (SELECT chunk_id FROM chunk_flag WHERE is_excluded)",
    "deleted": "{id} IN (SELECT chunk_id FROM chunk_flag WHERE is_deleted)",
}
_STATES = {"edited": "is_edited", "duplicate": "duplicate_of IS NOT NULL", "listing": "kind != ''"}
# A fifth faster than ORDER BY rank, where FTS5 keeps and sorts all hits with the places of their words. What is deleted
# is left out of the best only, of which there are so many more: asking for each hit takes as long again.
_BEST = """
    SELECT id FROM (
        SELECT rowid AS id FROM rag_chunks_fts WHERE rag_chunks_fts MATCH :query ORDER BY bm25(rag_chunks_fts)
        LIMIT :limit + (SELECT count(*) FROM chunk_flag WHERE is_deleted)
    ) WHERE id NOT IN (SELECT chunk_id FROM chunk_flag WHERE is_deleted) LIMIT :limit
"""


class ChunkStatements(FlagStatements):
    """What the knowledge base knows of chunks."""

    def chunk_ids(
        self,
        search: str = "",
        document: str | None = None,
        flag: str | None = None,
        order: str = "id",
        is_descending: bool = False,
        *,
        problem: str | None = None,
        tokens: tuple[int, int] | None = None,
        limit: int | None = None,
    ) -> array[int]:
        """The ids of the matching chunks in display order, as ``array('q')``.

        Args:
            search: words that must all occur, the last one as the beginning of a word; “"like this"” is a phrase. Among
                many chunks one or two letters are no beginning: until a third one follows they count for nothing, and
                with a blank after them for a word.
            document: a source.
            flag: "included", "excluded", "edited", "deleted", "duplicate" (repeats another chunk) or "listing"; None
                is everything but what was deleted.
            order: a column: "id", "source", "chunk_index", "content", "token_count" or "quality"; or "rank", the best
                matches of the search first (as long as there are fewer than RANKED_LIMIT of them).
            problem: a key of ``services.documents.quality.PROBLEMS``, or "any".
            tokens: smallest and largest number of tokens.
            limit: so many at most, the first ones.
        """
        chunk_count = self.highest_chunk_id()
        query = _query(search, next((least for many, least in LEAST_LETTERS if chunk_count > many), 1))
        values: dict[str, object] = {"query": query, "document": document, "limit": -1 if limit is None else limit}
        flags, state = _FLAGS.get(flag or "", _NOT_DELETED), [_STATES[flag]] if flag in _STATES else []
        if flag is not None and flag not in _FLAGS and flag not in _STATES:
            raise ValueError(flag)
        if problem is not None:
            state.append("problem != ''" + ("" if problem == "any" else " AND problem = :problem"))
            values["problem"] = problem
        if tokens is not None:
            state.append("token_count BETWEEN :fewest AND :most")
            values["fewest"], values["most"] = tokens
        if order == "rank" and query and limit is not None and document is None and flag is None and not state:
            if self._count_hits(query, RANKED_LIMIT) < RANKED_LIMIT:
                return self._id_array(_BEST, values)
            order = "id"
        sql = self._id_query(query, document, flags, state, order, "DESC" if is_descending else "ASC")
        return self._id_array(f"{sql} LIMIT :limit", values)

    def _id_query(
        self, query: str, document: str | None, flags: str, state: list[str], order: str, way: str
    ) -> str:
        """Text without LIMIT. The outer loop runs over what gives the order, so that the first rows come at once.

        flags: a condition on ``{id}``. state: conditions on columns of ``chunk_state``.
        """
        hits = "SELECT rowid FROM rag_chunks_fts WHERE rag_chunks_fts MATCH :query"
        if order == "rank" and not query:
            order = "id"
        if document is not None:
            columns = {**_STATE_ORDERS, **_TEXT_ORDERS, "id": "id", "rank": "id"}
            where = ["source = :document", flags.format(id="+id"), *state, *([f"id IN ({hits})"] if query else [])]
            return (
                f"SELECT id FROM rag_chunks CROSS JOIN chunk_state ON chunk_id = id WHERE {' AND '.join(where)}"
                f" ORDER BY {_by(columns[order], way)}, id"
            )
        if query and order in ("id", "rank"):
            key = "rank" if order == "rank" and self._count_hits(query, RANKED_LIMIT) < RANKED_LIMIT else "rowid"
            return (
                f"SELECT rag_chunks_fts.rowid AS id FROM rag_chunks_fts CROSS JOIN chunk_state"
                f" ON chunk_id = rag_chunks_fts.rowid WHERE rag_chunks_fts MATCH :query"
                f" AND {' AND '.join([flags.format(id='+chunk_id'), *state])}"
                f" ORDER BY rag_chunks_fts.{key} {way if order == 'id' else ''}"
            )
        # A plus keeps SQLite from looking every id of a long list up in the table: it reads the index of the order
        # and asks the list.
        plus = "" if query and self._count_hits(query, FEW) < FEW else "+"
        if order in _STATE_ORDERS:
            where = [flags.format(id="+chunk_id"), *state, *([f"{plus}chunk_id IN ({hits})"] if query else [])]
            key = _STATE_ORDERS[order]
            last = "" if key == "chunk_id" else f", chunk_id {way}"
            return f"SELECT chunk_id AS id FROM chunk_state WHERE {' AND '.join(where)} ORDER BY {key} {way}{last}"
        where = [flags.format(id="+id"), *([f"{plus}id IN ({hits})"] if query else [])]
        if state:
            where.append(f"+id IN (SELECT chunk_id FROM chunk_state WHERE {' AND '.join(state)})")
        return f"SELECT id FROM rag_chunks WHERE {' AND '.join(where)} ORDER BY {_by(_TEXT_ORDERS[order], way)}, id {way}"

    def search_chunks(self, search: str, limit: int) -> list[Chunk]:
        """The best matches first (BM25), as long as there are fewer than RANKED_LIMIT of them."""
        return self.chunks(self.chunk_ids(search, order="rank", limit=limit))

    def chunks(self, ids: Sequence[int]) -> list[Chunk]:
        """The chunks of these ids that exist, in the order asked for."""
        rows = self.connection.execute(
            """
            SELECT rag_chunks.*, token_count, is_excluded, is_deleted, is_edited, kind, cause, quality, problem,
                duplicate_of, similarity
            FROM rag_chunks LEFT JOIN chunk_state ON chunk_state.chunk_id = rag_chunks.id
                LEFT JOIN chunk_flag ON chunk_flag.chunk_id = rag_chunks.id
            WHERE rag_chunks.id IN (SELECT value FROM json_each(?))
            """,
            (json.dumps(list(ids)),),
        )
        found = {row["id"]: read_chunk(row) for row in rows}
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

    def edit_chunk(
        self,
        chunk_id: int,
        content: str,
        token_count: int | None = None,
        assess: Callable[[str], tuple[int, str]] | None = None,
    ) -> None:
        """Give a chunk a new text; pairs made from the old one are stale, until it has that
        text again. Its first text can be had back.

        What it repeats now, and what repeats it, is found when repeats are looked for next.

        assess: gives quality and problem of the new text, as ``services.documents.quality.assess`` does; without it
            they stay as they were.

        Raises:
            UserError: the chunk is gone.
        """
        with self.transaction():
            chunk = self.chunk(chunk_id)
            if chunk is None:
                raise UserError(_("This chunk no longer exists: its document was removed or read again."))
            if chunk.content == content:
                return
            execute = self.connection.execute
            execute("INSERT OR IGNORE INTO chunk_original VALUES (?, ?)", (chunk_id, chunk.content))
            execute("UPDATE rag_chunks SET content = ? WHERE id = ?", (content, chunk_id))
            quality, problem = assess(content) if assess else (chunk.quality, chunk.problem)
            execute(
                "UPDATE chunk_state SET is_edited = (SELECT content FROM chunk_original WHERE chunk_id = :id) != :content,"
                " token_count = coalesce(:tokens, token_count), quality = :quality, problem = :problem"
                " WHERE chunk_id = :id",
                {"id": chunk_id, "content": content, "tokens": token_count, "quality": quality, "problem": problem},
            )
            self._text_changed(chunk_id, chunk.content, content)
            self._sketch_again(chunk_id, content)

    def restore_chunk(self, chunk_id: int) -> None:
        """Give a chunk its first text back."""
        if (original := self.original(chunk_id)) is not None:
            self.edit_chunk(chunk_id, original)

    def count_chunks(self) -> int:
        """How many chunks there are, excluded ones included, deleted ones not."""
        return self.connection.execute(
            "SELECT (SELECT count(*) FROM chunk_flag) - (SELECT count(*) FROM chunk_flag WHERE is_deleted)"
        ).fetchone()[0]

    def has_chunks(self) -> bool:
        """Whether there is a chunk that is not deleted: known long before all are counted."""
        return bool(self.connection.execute("SELECT EXISTS (SELECT 1 FROM chunk_flag WHERE NOT is_deleted)").fetchone()[0])

    def _count_hits(self, query: str, limit: int) -> int:
        """How many chunks match, counted up to a limit."""
        return self.connection.execute(
            "SELECT count(*) FROM (SELECT 1 FROM rag_chunks_fts WHERE rag_chunks_fts MATCH ? LIMIT ?)", (query, limit)
        ).fetchone()[0]


def _by(order: str, way: str) -> str:
    return f"{order.replace('{way}', way)} {way}"


def _query(search: str, least_letters: int = 1) -> str:
    """The words of a search box as an FTS5 query that cannot be a syntax error.

    least_letters: of a beginning, in ASCII; elsewhere a letter may be a word.
    """
    parts = search.replace("'", " ").split('"')
    phrases = [f'"{part.strip()}"' for part in parts[1::2] if part.strip()]
    words = [f'"{word}"' for part in parts[::2] for word in part.split() if any(map(str.isalnum, word))]
    if words and not search.rstrip().endswith('"'):
        last = words[-1].strip('"')
        if len(last) >= least_letters or not last.isascii():
            words[-1] += "*"
        elif not search[-1].isspace():  # it is being typed
            words.pop()
    return " ".join(phrases + words)
