"""SQL of what was asked of models: one row for every request, from which resuming, retrying and the bill come.

A row is there before its request is sent ("asked"), and holds the raw reply before that is read ("answered"); then it
is "done" or "failed" with a reason. A failed one that is asked again is "replaced". So whenever the program dies, a
reply that arrived is never asked for again, and no more is lost than the requests that were on their way.

Nothing in here is about pairs: ``kind`` says what was asked for ("facts", "pairs", "verdict"), and another kind of text
about chunks needs another kind only. A restatement of a chunk for the training corpus is such a kind: ``style`` names the
way to restate it, ``variant`` counts the restatements, the raw reply is the text, and the tables stay as they are.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from services.knowledge_base.connection import Connection
from services.knowledge_base.work_report import OF_USABLE

_ITEM = """
    SELECT id, kind, dataset, chunk_id, style, variant, prompt_hash, provider, model, state, attempts, wanted, error,
        subject, raw, is_cut
    FROM work_item JOIN work_reply ON item_id = id
"""


@dataclass(frozen=True, slots=True)
class NewItem:
    """A request that is about to be sent.

    dataset: empty where the reply serves all of them. prompt_hash: of all that is sent; an edited chunk or prompt has
    another one. subject: what is needed to read the reply, besides chunk and style, as JSON values.
    """

    kind: str
    chunk_id: int
    dataset: str = ""
    style: str = ""
    variant: int = 0
    prompt_hash: str = ""
    provider: str = ""
    model: str = ""
    wanted: int = 1
    subject: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class WorkItem:
    """A row: what was asked, what came back. raw: None where nothing did."""

    id: int
    kind: str
    dataset: str
    chunk_id: int
    style: str
    variant: int
    prompt_hash: str
    provider: str
    model: str
    state: str
    attempts: int
    wanted: int
    error: str
    subject: dict[str, Any]
    raw: str | None
    is_cut: bool


class Failure(NamedTuple):
    """A request that brought nothing usable, for a list: where, why, how often it was tried."""

    item_id: int
    chunk_id: int
    source: str
    chunk_index: int | None
    kind: str
    style: str
    wanted: int
    attempts: int
    reason: str
    has_reply: bool


class CostRow(NamedTuple):
    """What one model did for one kind of request. cost: US dollars; None where it has no price."""

    provider: str
    model: str
    kind: str
    requests: int
    failed: int
    tokens_in: int
    tokens_out: int
    cost: float | None


class WorkStatements(Connection):
    """What the knowledge base knows of requests to models."""

    def next_variant(self, kind: str, dataset: str, chunk_id: int, style: str) -> int:
        """How often this was asked before, so that another seed is used and the row is another one.

        Of a dataset that began as a copy, what brought its pairs counts, too: it is not asked the same again.
        """
        return self.connection.execute(
            """
            SELECT coalesce(max(variant) + 1, 0) FROM (
                SELECT variant FROM work_item WHERE kind = :kind AND dataset = :dataset AND chunk_id = :chunk AND style = :style
                UNION ALL
                SELECT variant FROM pair JOIN work_item ON work_item.id = item_id WHERE pair.chunk_id = :chunk
                    AND +pair.dataset = :dataset AND kind = :kind AND work_item.style = :style AND work_item.chunk_id = :chunk
            )
            """,
            {"kind": kind, "dataset": dataset, "chunk": chunk_id, "style": style},
        ).fetchone()[0]

    def count_items(self, kind: str, dataset: str, style: str) -> int:
        return self.connection.execute(
            "SELECT count(*) FROM work_item WHERE kind = ? AND dataset = ? AND style = ?", (kind, dataset, style)
        ).fetchone()[0]

    def begin_item(self, item: NewItem) -> int:
        """Write down a request before it is sent; earlier failures of the same one count as replaced. Returns its id."""
        place = (item.dataset, item.kind, item.chunk_id, item.style)
        same = "dataset = ? AND kind = ? AND chunk_id = ? AND style = ?"
        with self.transaction():
            tried = self.connection.execute(
                f"SELECT coalesce(max(attempts), 0) FROM work_item WHERE {same} AND state = 'failed'", place
            ).fetchone()[0]
            if tried:
                self.connection.execute(
                    f"UPDATE work_item SET state = 'replaced' WHERE {same} AND state = 'failed'", place
                )
            item_id = self.connection.execute(
                "INSERT INTO work_item (dataset, kind, chunk_id, style, variant, prompt_hash, provider, model, wanted,"
                " attempts) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) RETURNING id",
                (*place, item.variant, item.prompt_hash, item.provider, item.model, item.wanted, tried + 1),
            ).fetchone()[0]
            self.connection.execute(
                "INSERT INTO work_reply (item_id, subject) VALUES (?, ?)", (item_id, json.dumps(item.subject))
            )
        return item_id

    def keep_reply(
        self, item_id: int, raw: str, *, is_cut: bool, tokens_in: int | None, tokens_out: int | None, cost: float | None
    ) -> None:
        """Keep a reply as it came, before anything is made of it."""
        with self.transaction():
            self.connection.execute(
                "UPDATE work_reply SET raw = ?, is_cut = ? WHERE item_id = ?",
                (raw.encode("utf-8", "replace").decode(), is_cut, item_id),
            )
            self.connection.execute(
                "UPDATE work_item SET state = 'answered', tokens_in = ?, tokens_out = ?, cost = ?, error = '' WHERE id = ?",
                (tokens_in, tokens_out, cost, item_id),
            )

    def end_item(self, item_id: int, error: str = "") -> None:
        """Bring a request to its end: done, or failed with the reason."""
        with self.transaction():
            self.connection.execute(
                "UPDATE work_item SET state = ?, error = ? WHERE id = ?", ("failed" if error else "done", error, item_id)
            )

    def end_unanswered(self, dataset: str, kinds: Sequence[str], error: str) -> int:
        """End the requests of a run that ended before their replies came. Returns their number."""
        with self.transaction():
            return self.connection.execute(
                "UPDATE work_item SET state = 'failed', error = ? WHERE dataset IN ('', ?) AND state = 'asked'"
                " AND kind IN (SELECT value FROM json_each(?))",
                (error, dataset, json.dumps(list(kinds))),
            ).rowcount

    def items(
        self, dataset: str, kinds: Sequence[str], states: Sequence[str], *, has_reply: bool = False
    ) -> list[WorkItem]:
        """The requests for a dataset, of these kinds, in these states, with their replies, in the order they were asked."""
        rows = self.connection.execute(
            f"{_ITEM} WHERE dataset IN ('', ?) AND state IN ({', '.join('?' * len(states))})"
            f"{' AND raw IS NOT NULL' if has_reply else ''} AND kind IN (SELECT value FROM json_each(?)) ORDER BY id",
            (dataset, *states, json.dumps(list(kinds))),
        )
        return [_item(row) for row in rows]

    def failures(self, dataset: str) -> list[Failure]:
        """Every request of a dataset about a usable chunk that came to nothing and was not asked again, with its reason."""
        rows = self.connection.execute(
            f"""
            SELECT work_item.id, work_item.chunk_id, coalesce(source, ''), chunk_index, work_item.kind, style, wanted,
                attempts, error, raw IS NOT NULL
            FROM work_item JOIN work_reply ON item_id = work_item.id LEFT JOIN rag_chunks ON rag_chunks.id = chunk_id
            WHERE dataset IN ('', ?) AND state = 'failed' AND work_item.{OF_USABLE} ORDER BY work_item.id
            """,
            (dataset,),
        )
        return [Failure(*row[:9], bool(row[9])) for row in rows]

    def was_asked(self, kind: str, chunk_id: int, prompt_hash: str, model: str) -> bool:
        """Whether this very request has been answered well before."""
        row = self.connection.execute(
            "SELECT 1 FROM work_item WHERE dataset = '' AND kind = ? AND chunk_id = ? AND prompt_hash = ? AND model = ?"
            " AND state = 'done'",
            (kind, chunk_id, prompt_hash, model),
        ).fetchone()
        return row is not None

    def cost_report(self, dataset: str | None = None) -> list[CostRow]:
        """What was asked and paid, by model and kind; of one dataset (with the facts, which serve all), or of all."""
        rows = self.connection.execute(
            """
            SELECT provider, model, kind, count(*), sum(state = 'failed'), coalesce(sum(tokens_in), 0),
                coalesce(sum(tokens_out), 0), sum(cost)
            FROM work_item WHERE ? IS NULL OR dataset IN ('', ?) GROUP BY provider, model, kind ORDER BY 1, 2, 3
            """,
            (dataset, dataset),
        )
        return [CostRow(*row) for row in rows]


def _item(row: Any) -> WorkItem:
    values = dict(row)
    values["subject"], values["is_cut"] = json.loads(values["subject"]), bool(values["is_cut"])
    return WorkItem(**values)
