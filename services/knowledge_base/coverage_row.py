"""SQL of what has been asked about every chunk: its facts, those that a pair covers, its pairs by state."""

from __future__ import annotations

import json
from array import array
from dataclasses import dataclass
from typing import Any, NamedTuple

from services.knowledge_base.chunk import ChunkStatements
from services.knowledge_base.pair_query import USABLE_STATES
from services.records import Chunk

_INCLUDED = "{id} NOT IN (SELECT chunk_id FROM chunk_flag WHERE is_excluded OR is_deleted)"
# Facts of chunks with those that a pair in use asks for, and pairs in use; every chunk that has any of them.
_FACTS = f"""
    SELECT fact.chunk_id AS id, count(*) AS facts, count(asked.fact_id) AS covered FROM fact LEFT JOIN (
        SELECT DISTINCT fact_id FROM pair WHERE dataset = :dataset AND fact_id IS NOT NULL AND state IN {USABLE_STATES!r}
    ) AS asked ON asked.fact_id = fact.id GROUP BY 1
"""
_PAIRS = f"""
    SELECT chunk_id AS id, count(*) AS pairs FROM pair
    WHERE dataset = :dataset AND chunk_id IS NOT NULL AND state IN {USABLE_STATES!r} GROUP BY 1
"""
# Where no facts were looked for, a chunk is covered when it has a pair.
_SHARE = "coalesce(1.0 * covered / facts, pairs IS NOT NULL)"
_ORDERS = {
    "coverage": f"{_SHARE} {{way}}, coalesce(pairs, 0) {{way}}, source COLLATE NOCASE, chunk_index",
    "facts": "coalesce(facts, 0) {way}, source COLLATE NOCASE, chunk_index",
    "pairs": "coalesce(pairs, 0) {way}, source COLLATE NOCASE, chunk_index",
    "source": "source COLLATE NOCASE {way}, chunk_index {way}",
    "content": "substr(content, 1, 24) COLLATE NOCASE {way}",
    "token_count": "token_count {way}",
}


@dataclass(frozen=True, slots=True)
class CoveredChunk:
    """A chunk with what has been asked about it.

    facts: found in it; covered: those that a pair in use asks for. states: pairs by state, of one dataset.
    """

    id: int
    chunk: Chunk
    facts: int
    covered: int
    states: dict[str, int]

    @property
    def pairs(self) -> int:
        """Those in use."""
        return sum(self.states.get(state, 0) for state in USABLE_STATES)


@dataclass(frozen=True, slots=True)
class CoveredDocument:
    """A document's usable chunks together; the values as of ``CoveredChunk``.

    id: of the document, 0 for chunks that belong to none. asked: chunks with a pair in use.
    """

    id: int
    source: str
    chunks: int
    asked: int
    facts: int
    covered: int
    pairs: int

    @property
    def share(self) -> float:
        """Facts covered, or chunks asked about where no facts were looked for: 0 to 1."""
        if self.facts:
            return self.covered / self.facts
        return self.asked / self.chunks if self.chunks else 0.0


class Coverage(NamedTuple):
    """A dataset as a whole: usable chunks, those with a pair in use, facts found, facts covered."""

    chunks: int
    asked: int
    facts: int
    covered: int


class CoveredFact(NamedTuple):
    """One thing that a chunk says. start, end: where, in characters of its content; pairs: in use, that ask for it."""

    id: int
    statement: str
    start: int
    end: int
    pairs: int


class CoverageStatements(ChunkStatements):
    """What the knowledge base knows of coverage. Excluded and deleted chunks do not count."""

    def covered_chunk_ids(
        self, dataset: str, search: str = "", document: str | None = None, order: str = "coverage", is_descending: bool = False
    ) -> array[int]:
        """The ids of the usable chunks, the least covered first, or in another of ``_ORDERS``.

        Args:
            search: as in ``chunk_ids``. document: a source.
        """
        way = "DESC" if is_descending else "ASC"
        if order in ("source", "content", "token_count"):
            return self.chunk_ids(search, document, "included", order, is_descending)
        where, values = [_INCLUDED.format(id="rag_chunks.id")], {"dataset": dataset}
        if document is not None:
            where.append("source = :document")
            values["document"] = document
        if search.strip():
            where.append("rag_chunks.id IN (SELECT value FROM json_each(:found))")
            values["found"] = json.dumps(self.chunk_ids(search, document, "included").tolist())
        return self._id_array(
            f"""
            SELECT rag_chunks.id FROM rag_chunks LEFT JOIN ({_FACTS}) AS f ON f.id = rag_chunks.id
                LEFT JOIN ({_PAIRS}) AS p ON p.id = rag_chunks.id
            WHERE {" AND ".join(where)} ORDER BY {_ORDERS[order].format(way=way)}, rag_chunks.id
            """,
            values,
        )

    def covered_chunks(self, dataset: str, ids: list[int]) -> list[CoveredChunk]:
        """These chunks, those that exist, in the order asked for."""
        values = {"dataset": dataset, "ids": json.dumps(ids)}
        # Of a few chunks every fact is looked up; ``_FACTS`` reads all pairs.
        asked = f"EXISTS (SELECT 1 FROM pair WHERE fact_id = fact.id AND dataset = :dataset AND state IN {USABLE_STATES!r})"
        facts = {
            row[0]: (row[1], row[2])
            for row in self._rows(
                f"SELECT chunk_id, count(*), sum({asked}) FROM fact"
                " WHERE chunk_id IN (SELECT value FROM json_each(:ids)) GROUP BY 1",
                values,
            )
        }
        states: dict[int, dict[str, int]] = {}
        for chunk_id, state, count in self._rows(
            "SELECT chunk_id, state, count(*) FROM pair WHERE chunk_id IN (SELECT value FROM json_each(:ids))"
            " AND +dataset = :dataset GROUP BY 1, 2",
            values,
        ):
            states.setdefault(chunk_id, {})[state] = count
        return [
            CoveredChunk(chunk.id, chunk, *facts.get(chunk.id, (0, 0)), states.get(chunk.id, {})) for chunk in self.chunks(ids)
        ]

    def covered_facts(self, dataset: str, chunk_id: int) -> list[CoveredFact]:
        """The facts of a chunk in the order of its text."""
        rows = self._rows(
            f"""
            SELECT fact.id, statement, start, end, count(pair.id) FROM fact
                LEFT JOIN pair ON fact_id = fact.id AND dataset = :dataset AND state IN {USABLE_STATES!r}
            WHERE fact.chunk_id = :chunk GROUP BY fact.id ORDER BY start, fact.id
            """,
            {"dataset": dataset, "chunk": chunk_id},
        )
        return [CoveredFact(*row) for row in rows]

    def covered_documents(self, dataset: str) -> list[CoveredDocument]:
        """Every document with usable chunks, the least covered first."""
        rows = self._rows(
            f"""
            SELECT coalesce(document_id, 0), source, count(*), count(p.id), coalesce(sum(facts), 0), coalesce(sum(covered), 0),
                coalesce(sum(pairs), 0)
            FROM rag_chunks JOIN chunk_state ON chunk_state.chunk_id = rag_chunks.id
                LEFT JOIN ({_FACTS}) AS f ON f.id = rag_chunks.id
                LEFT JOIN ({_PAIRS}) AS p ON p.id = rag_chunks.id
            WHERE {_INCLUDED.format(id="rag_chunks.id")} GROUP BY source ORDER BY source COLLATE NOCASE
            """,
            {"dataset": dataset},
        )
        return sorted((CoveredDocument(*row) for row in rows), key=lambda document: document.share)

    def _rows(self, sql: str, values: dict[str, Any]) -> Any:
        return self.connection.execute(sql, values)
