"""The schema of ``rag_db.sqlite``, as steps that are applied one by one and counted in ``user_version``.

``meta.revision`` counts every change that a model or a pair can depend on. Triggers count the changes of text, so that
another program's edits are seen too. Text stands apart from flags: flagging a million rows that carry their text rewrites the whole file, flagging narrow
rows takes half a second.
"""

from __future__ import annotations

import sqlite3

from services.errors import UserError
from services.translation import _

STEPS: tuple[str, ...] = (
    """
    CREATE TABLE rag_chunks (
        id INTEGER PRIMARY KEY,
        content TEXT,
        source TEXT,
        chunk_index INTEGER,
        metadata JSON
    );
    CREATE INDEX rag_chunks_by_source ON rag_chunks (source, chunk_index);
    CREATE TABLE meta (key TEXT PRIMARY KEY, value) WITHOUT ROWID;
    INSERT INTO meta VALUES ('revision', 0);

    CREATE VIRTUAL TABLE rag_chunks_fts USING fts5 (
        content, content='rag_chunks', content_rowid='id', tokenize='unicode61 remove_diacritics 2'
    );
    CREATE TRIGGER rag_chunks_inserted AFTER INSERT ON rag_chunks BEGIN
        INSERT INTO rag_chunks_fts (rowid, content) VALUES (new.id, new.content);
        UPDATE meta SET value = value + 1 WHERE key = 'revision';
    END;
    CREATE TRIGGER rag_chunks_deleted AFTER DELETE ON rag_chunks BEGIN
        INSERT INTO rag_chunks_fts (rag_chunks_fts, rowid, content) VALUES ('delete', old.id, old.content);
        UPDATE meta SET value = value + 1 WHERE key = 'revision';
    END;
    CREATE TRIGGER rag_chunks_updated AFTER UPDATE OF content ON rag_chunks BEGIN
        INSERT INTO rag_chunks_fts (rag_chunks_fts, rowid, content) VALUES ('delete', old.id, old.content);
        INSERT INTO rag_chunks_fts (rowid, content) VALUES (new.id, new.content);
        UPDATE meta SET value = value + 1 WHERE key = 'revision';
    END;


    CREATE TABLE document (
        id INTEGER PRIMARY KEY,
        source TEXT NOT NULL UNIQUE,
        path TEXT NOT NULL DEFAULT '',
        sha256 TEXT NOT NULL DEFAULT '',
        size_bytes INTEGER NOT NULL DEFAULT 0,
        modified_at REAL NOT NULL DEFAULT 0,
        format TEXT NOT NULL DEFAULT '',
        state TEXT NOT NULL,
        reason TEXT NOT NULL DEFAULT '',
        tokenizer TEXT NOT NULL DEFAULT '',
        chunk_size INTEGER NOT NULL DEFAULT 0,
        chunk_overlap INTEGER NOT NULL DEFAULT 0,
        page_count INTEGER NOT NULL DEFAULT 0,
        token_count INTEGER NOT NULL DEFAULT 0,
        added_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
    );
    CREATE INDEX document_by_hash ON document (sha256);
    CREATE TABLE document_text (
        document_id INTEGER PRIMARY KEY REFERENCES document ON DELETE CASCADE,
        content TEXT NOT NULL,
        pages JSON NOT NULL DEFAULT '[]',
        headings JSON NOT NULL DEFAULT '[]'
    );

    CREATE TABLE chunk_state (
        chunk_id INTEGER PRIMARY KEY REFERENCES rag_chunks ON DELETE CASCADE,
        document_id INTEGER REFERENCES document ON DELETE SET NULL,
        start INTEGER NOT NULL DEFAULT 0,
        owned_end INTEGER NOT NULL DEFAULT 0,
        end INTEGER NOT NULL DEFAULT 0,
        token_count INTEGER NOT NULL DEFAULT 0,
        is_excluded INTEGER NOT NULL DEFAULT 0,
        is_deleted INTEGER NOT NULL DEFAULT 0,
        is_edited INTEGER NOT NULL DEFAULT 0
    );
    CREATE INDEX chunk_state_by_document ON chunk_state (document_id, start);
    CREATE TABLE chunk_original (
        chunk_id INTEGER PRIMARY KEY REFERENCES rag_chunks ON DELETE CASCADE,
        content TEXT NOT NULL
    );

    CREATE TABLE pair (
        id INTEGER PRIMARY KEY,
        dataset TEXT NOT NULL,
        chunk_id INTEGER,
        style TEXT NOT NULL DEFAULT '',
        state TEXT NOT NULL DEFAULT 'new',
        reason TEXT NOT NULL DEFAULT '',
        provider TEXT NOT NULL DEFAULT '',
        model TEXT NOT NULL DEFAULT '',
        is_stale INTEGER NOT NULL DEFAULT 0,
        created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
    );
    CREATE INDEX pair_by_dataset ON pair (dataset, state);
    CREATE INDEX pair_by_chunk ON pair (chunk_id);
    CREATE TABLE pair_text (
        pair_id INTEGER PRIMARY KEY REFERENCES pair ON DELETE CASCADE,
        instruction TEXT NOT NULL,
        output TEXT NOT NULL,
        original_instruction TEXT,
        original_output TEXT,
        evidence JSON
    );
    """,
)


def upgrade(connection: sqlite3.Connection) -> None:
    """Bring a file to the newest schema, one atomic step at a time.

    Raises:
        UserError: the file was written by a newer program, or is not a knowledge base.
    """
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > len(STEPS):
        raise UserError(
            _("This knowledge base was written by a newer Wissenswerk. Install the newest version to open it.")
        )
    for number, sql in enumerate(STEPS[version:], version + 1):
        try:
            connection.executescript(f"BEGIN IMMEDIATE; {sql}; PRAGMA user_version = {number}; COMMIT;")
        except BaseException:
            if connection.in_transaction:
                connection.rollback()
            raise
