"""Pairs that no longer match the chunks that they rest on, and how they come right again or are made anew."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from services.knowledge_base.connection import Connection

# Pairs made from these chunks, or across one of them and another.
_RESTING_ON = """
    SELECT id FROM pair WHERE chunk_id IN ({ids})
    UNION
    SELECT pair.id FROM work_reply JOIN work_item ON work_item.id = work_reply.item_id
        JOIN pair ON pair.chunk_id = work_item.chunk_id AND pair.item_id = work_item.id
    WHERE json_extract(work_reply.subject, '$.partner') IN ({ids})
"""
UNREVIEWED = "is_stale AND state = 'new'"
_RENEWABLE = (
    f"pair JOIN chunk_flag USING (chunk_id) WHERE dataset = :dataset AND {UNREVIEWED} AND NOT is_excluded AND NOT is_deleted"
)


class StaleCount(NamedTuple):
    """judged: accepted or edited by a person. unjudged: by nobody. renewable: those of these whose chunk can be asked."""

    judged: int
    unjudged: int
    renewable: int


class StaleStatements(Connection):
    """A pair is stale while the text of a chunk that it rests on is not the one that it was made from."""

    def _text_changed(self, chunk_id: int, before: str, after: str) -> None:
        """Mark the pairs that rest on this chunk, or take that back where it says again what it said for them."""
        values = {"chunk": chunk_id, "before": _hash(before), "after": _hash(after)}
        resting = _RESTING_ON.format(ids=":chunk")
        execute = self.connection.execute
        # What is stale without a row here is so for ever: its chunk was cut anew.
        execute(
            f"""
            INSERT OR IGNORE INTO pair_mismatch (pair_id, chunk_id, content_hash)
            SELECT id, :chunk, :before FROM pair WHERE id IN ({resting})
                AND (NOT is_stale OR id IN (SELECT pair_id FROM pair_mismatch))
            """,
            values,
        )
        execute(f"UPDATE pair SET is_stale = 1 WHERE NOT is_stale AND id IN ({resting})", values)
        right = [
            row[0]
            for row in execute(
                "DELETE FROM pair_mismatch WHERE chunk_id = :chunk AND content_hash = :after RETURNING pair_id", values
            ).fetchall()
        ]
        execute(
            "UPDATE pair SET is_stale = 0 WHERE id IN (SELECT value FROM json_each(?))"
            " AND id NOT IN (SELECT pair_id FROM pair_mismatch)",
            (json.dumps(right),),
        )

    def take_in(self, dataset: str, ids: Sequence[int], made_from: Mapping[int, str], count: int) -> None:
        """New pairs of one style are there: as many stale ones of it, of their chunk, that nobody has judged give way.

        A new pair whose chunk was edited while it was made is stale itself, and none gives way.

        made_from: the chunks that the pairs rest on, their own one first, with their texts. count: pairs that passed.
        """
        now = dict(
            self.connection.execute(
                "SELECT id, content FROM rag_chunks WHERE id IN (SELECT value FROM json_each(?))", (json.dumps(list(made_from)),)
            ).fetchall()
        )
        others = {chunk_id: text for chunk_id, text in made_from.items() if now.get(chunk_id) != text}
        for chunk_id, text in others.items():
            self.connection.executemany(
                "INSERT INTO pair_mismatch VALUES (?, ?, ?)", [(pair_id, chunk_id, _hash(text)) for pair_id in ids]
            )
        if others:
            self.connection.execute(
                "UPDATE pair SET is_stale = 1 WHERE id IN (SELECT value FROM json_each(?))", (json.dumps(list(ids)),)
            )
        elif count:
            style = self.connection.execute("SELECT style FROM pair WHERE id = ?", (ids[0],)).fetchone()[0]
            self.replace_stale(dataset, next(iter(made_from)), count, style)

    def _mark_stale(self, ids: str, values: dict[str, Any]) -> None:
        """Mark for ever the pairs that rest on the chunks which this SELECT gives, before these are removed.

        Those of chunks that a person left out or deleted were in no use, and are not to come back into use.
        """
        self.connection.execute(f"UPDATE pair SET is_stale = 1 WHERE id IN ({_RESTING_ON.format(ids=ids)})", values)
        self.connection.execute(
            "UPDATE pair SET state = 'failed', reason = 'gone' WHERE state IN ('new', 'accepted', 'edited') AND chunk_id IN"
            f" (SELECT chunk_id FROM chunk_flag WHERE (is_excluded OR is_deleted) AND chunk_id IN ({ids}))",
            values,
        )

    def _fresh_pairs(self, ids: Sequence[int]) -> tuple[int, ...]:
        """The pairs that rest on these chunks and are not stale."""
        resting = _RESTING_ON.format(ids="SELECT value FROM json_each(:ids)")
        rows = self.connection.execute(
            f"SELECT id FROM pair WHERE NOT is_stale AND id IN ({resting})", {"ids": json.dumps(list(ids))}
        )
        return tuple(row[0] for row in rows)

    def count_stale(self, dataset: str) -> StaleCount:
        """How many pairs in use are stale."""
        row = self.connection.execute(
            f"SELECT coalesce(sum(state IN ('accepted', 'edited')), 0), coalesce(sum({UNREVIEWED}), 0)"
            " FROM pair WHERE dataset = ? AND is_stale",
            (dataset,),
        ).fetchone()
        return StaleCount(row[0], row[1], sum(self.stale_chunks(dataset).values()))

    def stale_chunks(self, dataset: str, style: str | None = None) -> dict[int, int]:
        """Chunks that can be asked about, each with its number of stale pairs that nobody has judged.

        style: only those of this one, and those of none; None: of all.
        """
        where = "" if style is None else " AND style IN (:style, '')"
        return dict(
            self.connection.execute(
                f"SELECT chunk_id, count(*) FROM {_RENEWABLE}{where} GROUP BY 1 ORDER BY 1", {"dataset": dataset, "style": style}
            ).fetchall()
        )

    def stale_styles(self, dataset: str) -> list[str]:
        """The styles of these pairs, the most frequent first; "" where there is none, as with imported ones."""
        rows = self.connection.execute(
            f"SELECT style FROM {_RENEWABLE} GROUP BY 1 ORDER BY count(*) DESC, 1", {"dataset": dataset}
        )
        return [row[0] for row in rows]

    def replace_stale(self, dataset: str, chunk_id: int, count: int, style: str) -> None:
        """Leave out so many stale pairs of a chunk that nobody has judged, of this style or none, the oldest first."""
        self.connection.execute(
            f"UPDATE pair SET state = 'failed', reason = 'replaced' WHERE id IN (SELECT id FROM pair WHERE dataset = ?"
            f" AND chunk_id = ? AND {UNREVIEWED} AND style IN (?, '') ORDER BY id LIMIT ?)",
            (dataset, chunk_id, style, count),
        )


def _hash(text: str) -> str:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
