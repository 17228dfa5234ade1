"""The knowledge base as the rest of the program sees it."""

from __future__ import annotations

import sqlite3

from services.knowledge_base.chunk import ChunkStatements
from services.knowledge_base.document import DocumentStatements
from services.knowledge_base.pairs import PairStatements


class KnowledgeBase(DocumentStatements, ChunkStatements, PairStatements):
    """Documents, chunks and pairs of one project, over one connection."""

    def check_index(self) -> bool:
        """Check the search index, and mend it, if the file is not as we left it.

        Triggers keep the index in step with every program that writes through SQLite; what remains are tools that
        drop or bypass them. Checking a million chunks takes seconds, so a file that looks as we left it is not read.

        Returns:
            Whether anything else had written to the file.
        """
        if self._meta("left_at") == self._look():
            return False
        try:
            self.connection.execute("INSERT INTO rag_chunks_fts (rag_chunks_fts, rank) VALUES ('integrity-check', 1)")
        except sqlite3.DatabaseError:
            with self.transaction():
                self.connection.execute("INSERT INTO rag_chunks_fts (rag_chunks_fts) VALUES ('rebuild')")
                self._bump()
        self.leave()
        return True

    def leave(self) -> None:
        """Remember how we leave the file, so that ``check_index`` can see a foreign hand next time."""
        with self.transaction():
            self._set_meta("left_at", self._look())

    def _look(self) -> str:
        """The cheap signs of a change: our counter, the number of chunks and of index entries, the highest id."""
        count, highest = self.connection.execute("SELECT count(*), max(id) FROM rag_chunks").fetchone()
        indexed = self.connection.execute("SELECT count(*) FROM rag_chunks_fts_docsize").fetchone()[0]
        return f"{self.revision()}:{count}:{highest}:{indexed}"
