"""SQL that finds pairs and counts them, by filters."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import NamedTuple

from services.knowledge_base.connection import Connection

USABLE_STATES = ("new", "accepted", "edited")
STATES = (*USABLE_STATES, "rejected", "failed")
USABLE = f"state IN {USABLE_STATES!r}"

_ORDERS = {
    "id": "pair.id",
    "state": "pair.state",
    "style": "pair.style",
    "reason": "pair.reason",
    "score": "pair.score",
    "model": "pair.model",
    "source": "rag_chunks.source COLLATE NOCASE, rag_chunks.chunk_index",
    "chunk_index": "rag_chunks.chunk_index",
    "instruction": "pair_text.instruction COLLATE NOCASE",
    "output": "pair_text.output COLLATE NOCASE",
    "created_at": "pair.created_at",
}
_FOUND = "({})".format(" OR ".join(f"{text} LIKE :search ESCAPE '\\'" for text in ("instruction", "output", "turns")))
_JUDGED = {"agreed": "score >= 50", "disagreed": "score < 50", "not-asked": "score IS NULL"}


class PairCounts(NamedTuple):
    """How many pairs a dataset has, each key with its number.

    reasons: of those that are not in use. judged: "agreed", "disagreed", "not-asked".
    """

    states: dict[str, int]
    styles: dict[str, int]
    reasons: dict[str, int]
    judged: dict[str, int]


class PairQueryStatements(Connection):
    """Which pairs there are."""

    def pair_ids(
        self,
        dataset: str,
        state: str | Sequence[str] | None = None,
        search: str = "",
        style: str | None = None,
        chunk: int | None = None,
        order: str = "id",
        is_descending: bool = False,
        *,
        document: str | None = None,
        reason: str | None = None,
        judged: str | None = None,
        is_stale: bool | None = None,
        limit: int | None = None,
    ) -> array[int]:
        """Ids of a dataset's pairs in display order, as ``array('q')``.

        Args:
            search: found anywhere in what is said, small or large letters alike.
            document: a source. reason: a key of ``services.sft_data.gate.REASONS``.
            judged: what the judge said: "agreed", "disagreed" or "not-asked".
            limit: so many at most, the first ones.
        """
        where, joins = ["dataset = :dataset"], ""
        values: dict[str, object] = {"dataset": dataset, "limit": -1 if limit is None else limit}
        if state is not None:
            wanted = (state,) if isinstance(state, str) else state
            values |= {f"state_{number}": name for number, name in enumerate(wanted)}
            where.append(f"state IN ({', '.join(f':state_{number}' for number in range(len(wanted)))})")
        if search.strip():
            where.append(_FOUND)
            values["search"] = f"%{_escaped(search.strip())}%"
        for name, value in (("style", style), ("chunk_id", chunk), ("reason", reason), ("is_stale", is_stale)):
            if value is not None:
                where.append(f"pair.{name} = :{name}")
                values[name] = value
        if document is not None:
            where.append("pair.chunk_id IN (SELECT id FROM rag_chunks WHERE source = :document)")
            values["document"] = document
        if judged is not None:
            where.append(_JUDGED[judged])
        if search.strip() or "pair_text" in _ORDERS[order]:
            joins += " JOIN pair_text ON pair_id = pair.id"
        if "rag_chunks" in _ORDERS[order]:
            joins += " LEFT JOIN rag_chunks ON rag_chunks.id = pair.chunk_id"
        way = "DESC" if is_descending else "ASC"
        columns = "".join(f"{column} {way}, " for column in _ORDERS[order].split(", "))
        return self._id_array(
            f"SELECT pair.id FROM pair{joins} WHERE {' AND '.join(where)} ORDER BY {columns}pair.id {way} LIMIT :limit",
            values,
        )

    def count_pairs(self) -> int:
        """How many pairs there are in all datasets, those that are not in use included."""
        return self.connection.execute("SELECT count(*) FROM pair").fetchone()[0]

    def count_by_key(self, dataset: str) -> PairCounts:
        """How many pairs of a dataset have which state, style, reason and verdict."""
        judged = " ".join(f"WHEN {condition} THEN '{name}'" for name, condition in _JUDGED.items())
        rows = self.connection.execute(
            f"SELECT state, style, reason, CASE {judged} END, count(*) FROM pair WHERE dataset = ? GROUP BY 1, 2, 3, 4",
            (dataset,),
        ).fetchall()
        states, styles, reasons, verdicts = ({} for _key in range(4))
        for *keys, number in rows:
            for counts, key in zip((states, styles, reasons, verdicts), keys, strict=True):
                counts[key] = counts.get(key, 0) + number
        reasons.pop("", None)
        return PairCounts(states, styles, dict(sorted(reasons.items(), key=lambda row: -row[1])), verdicts)

    def pair_documents(self, dataset: str) -> list[str]:
        """The sources that pairs of this dataset are about, by name."""
        rows = self.connection.execute(
            "SELECT DISTINCT source FROM (SELECT DISTINCT chunk_id FROM pair WHERE dataset = ?) JOIN rag_chunks ON id = chunk_id"
            " ORDER BY source COLLATE NOCASE",
            (dataset,),
        )
        return [row[0] for row in rows if row[0]]


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
