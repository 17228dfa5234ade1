"""SQL that sums up what was asked of models: what it took, how fast it went, and what came to nothing."""

from __future__ import annotations

import json
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from services.knowledge_base.connection import Connection

_OF_DATASET = "dataset IN ('', :dataset) AND kind IN ('facts', 'pairs', 'verdict')"
# What was left out or deleted cannot be asked again: its failures are listed once it is let in.
OF_USABLE = "chunk_id IN (SELECT chunk_id FROM chunk_flag WHERE NOT is_excluded AND NOT is_deleted)"
_LONGEST_GAP_S = 300  # between two requests; a longer one is a pause between two runs


@dataclass(frozen=True, slots=True)
class FailedItem:
    """A request that came to nothing and was not asked again. wanted: pairs; has_reply: something came back."""

    id: int
    chunk_id: int
    source: str
    chunk_index: int | None
    kind: str
    wanted: int
    attempts: int
    reason: str
    has_reply: bool


class Bill(NamedTuple):
    """What requests took. cost: US dollars, None where nothing had a price."""

    requests: int = 0
    failed: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    cost: float | None = None


class Usage(NamedTuple):
    """What one request of a kind took on the average; None where it is not known. cost: US dollars."""

    tokens_in: float | None
    tokens_out: float | None
    cost: float | None


class WorkReportStatements(Connection):
    """Sums over ``work_item``."""

    def last_item_id(self) -> int:
        """The newest request; 0 where there is none."""
        return self.connection.execute("SELECT coalesce(max(id), 0) FROM work_item").fetchone()[0]

    def bill(self, dataset: str, after: int = 0) -> Bill:
        """Everything that was asked for a dataset, facts included, behind the request ``after``."""
        row = self.connection.execute(
            f"""
            SELECT count(*), coalesce(sum(state = 'failed'), 0), coalesce(sum(tokens_in), 0), coalesce(sum(tokens_out), 0),
                sum(cost)
            FROM work_item WHERE id > :after AND {_OF_DATASET}
            """,
            {"dataset": dataset, "after": after},
        ).fetchone()
        return Bill(*row)

    def usage(self, provider: str, model: str, kind: str, last: int = 200) -> Usage:
        """Of the newest requests of this kind to this model; an empty name stands for every model."""
        row = self.connection.execute(
            """
            SELECT avg(tokens_in), avg(tokens_out), avg(cost) FROM (
                SELECT tokens_in, tokens_out, cost FROM work_item
                WHERE provider = :provider AND (model = :model OR :model = '') AND kind = :kind ORDER BY id DESC LIMIT :last
            )
            """,
            {"provider": provider, "model": model, "kind": kind, "last": last},
        ).fetchone()
        return Usage(*row)

    def pace(self, provider: str, model: str, last: int = 200) -> float | None:
        """Seconds from one request to the next, with as many side by side as there were; None: too little is known."""
        return self.connection.execute(
            """
            WITH gap AS (
                SELECT at - lag(at) OVER (ORDER BY id) AS seconds FROM (
                    SELECT id, unixepoch(created_at) AS at FROM work_item
                    WHERE provider = :provider AND (model = :model OR :model = '') ORDER BY id DESC LIMIT :last
                )
            )
            SELECT CASE WHEN count(*) >= 5 THEN avg(seconds) END FROM gap WHERE seconds BETWEEN 0 AND :longest
            """,
            {"provider": provider, "model": model, "last": last, "longest": _LONGEST_GAP_S},
        ).fetchone()[0]

    def count_without_facts(self, chunk_ids: Sequence[int]) -> int:
        """How many of these chunks have no facts yet."""
        return self.connection.execute(
            "SELECT count(*) FROM json_each(?) WHERE value NOT IN (SELECT chunk_id FROM fact)", (json.dumps(list(chunk_ids)),)
        ).fetchone()[0]

    def failed_ids(self, dataset: str) -> array[int]:
        """The requests of a dataset about usable chunks that came to nothing, the newest first."""
        return self._id_array(
            f"SELECT id FROM work_item WHERE {_OF_DATASET} AND state = 'failed' AND {OF_USABLE} ORDER BY id DESC", {"dataset": dataset}
        )

    def failed_items(self, ids: list[int]) -> list[FailedItem]:
        rows = self.connection.execute(
            """
            SELECT work_item.id, work_item.chunk_id, coalesce(source, ''), chunk_index, work_item.kind, wanted, attempts, error,
                raw IS NOT NULL
            FROM work_item JOIN work_reply ON item_id = work_item.id LEFT JOIN rag_chunks ON rag_chunks.id = chunk_id
            WHERE work_item.id IN (SELECT value FROM json_each(?))
            """,
            (json.dumps(ids),),
        )
        return [FailedItem(*row[:8], bool(row[8])) for row in rows]
