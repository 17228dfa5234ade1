"""The knowledge base as the rest of the program sees it."""

from __future__ import annotations

import sqlite3

from services.knowledge_base.coverage_row import CoverageStatements
from services.knowledge_base.fact_row import FactStatements
from services.knowledge_base.pairs import PairStatements
from services.knowledge_base.prompt_text import PromptStatements
from services.knowledge_base.schema import COUNT_CHUNKS, MAKE_TRIGGERS
from services.knowledge_base.swap import SwapStatements
from services.knowledge_base.work_item import WorkStatements
from services.knowledge_base.work_report import WorkReportStatements


class KnowledgeBase(
    SwapStatements, CoverageStatements, PairStatements, FactStatements, WorkStatements, WorkReportStatements,
    PromptStatements,
):
    """Documents, chunks, facts and pairs of one project, over one connection."""

    def check_index(self) -> bool:
        """Check what the triggers keep in step with the chunks, and mend it, if the file is not as we left it.

        The triggers work for every program that writes through SQLite; what remains are tools that drop or bypass
        them. Dropping one changes the schema, bypassing them the counts: a file in which neither is so is not read
        through, which takes seconds for a million chunks.

        Returns:
            Whether the file was not as we left it.
        """
        if self._meta("left_at") == self._schema_version() and self._is_in_step():
            return False
        with self.transaction():
            for statement in MAKE_TRIGGERS:
                self.connection.execute(statement)
            for table in ("chunk_state", "chunk_flag"):
                self.connection.execute(f"DELETE FROM {table} WHERE chunk_id NOT IN (SELECT id FROM rag_chunks)")
                self.connection.execute(f"INSERT OR IGNORE INTO {table} (chunk_id) SELECT id FROM rag_chunks")
            self.connection.execute(COUNT_CHUNKS)
            try:
                self.connection.execute(
                    "INSERT INTO rag_chunks_fts (rag_chunks_fts, rank) VALUES ('integrity-check', 1)"
                )
            except sqlite3.DatabaseError:
                self.connection.execute("INSERT INTO rag_chunks_fts (rag_chunks_fts) VALUES ('rebuild')")
                self._bump()
        self.leave()
        return True

    def has_more_than(self, rows: int) -> bool:
        """Whether there are more chunks or more pairs than that: known long before all are counted."""
        return any(
            self.connection.execute(f"SELECT 1 FROM {table} LIMIT 1 OFFSET ?", (rows,)).fetchone()
            for table in ("chunk_flag", "pair")
        )

    def leave(self) -> None:
        """Remember how we leave the file, so that ``check_index`` can see a foreign hand next time."""
        with self.transaction():
            self._set_meta("left_at", self._schema_version())

    def _schema_version(self) -> int:
        """Changes with every CREATE and DROP, whoever did it."""
        return self.connection.execute("PRAGMA schema_version").fetchone()[0]

    def _is_in_step(self) -> bool:
        """Whether there are as many flags and index entries as chunks, up to the same highest id."""
        tables = (("rag_chunks", "id"), ("chunk_state", "chunk_id"), ("chunk_flag", "chunk_id"), ("rag_chunks_fts_docsize", "id"))
        ends = {
            self.connection.execute(f"SELECT (SELECT count(*) FROM {table}), max({key}) FROM {table}").fetchone()[:]
            for table, key in tables
        }
        return len(ends) == 1
