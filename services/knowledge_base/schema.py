"""The schema of ``rag_db.sqlite``, as steps that are applied one by one and counted in ``user_version``.

``meta.revision`` counts every change that a model or a pair can depend on. Triggers count the changes of text, so that
another program's edits are seen too, and keep the search index and the rows of flags in step. They rest while we write
many rows ourselves (``meta.resting`` exists inside of that transaction only, see ``Connection.own_rows``).

Text stands apart from what is known of it, and that apart from the flags: flagging a million rows that carry their
text rewrites the whole file, flagging rows of three small numbers takes a fifth of a second. No index holds whether a
chunk is excluded: it would take four times as long to keep as it takes to read all the flags.

Every order of the table of chunks is that of an index, so that its first rows come at once and no sort reads text.
"""

from __future__ import annotations

import sqlite3

from services.errors import UserError
from services.translation import _

COUNT_CHUNKS = """
    UPDATE document SET chunk_count = (SELECT count(*) FROM chunk_state WHERE document_id = document.id)
"""
# Of step 2; made anew where another tool has dropped them (``KnowledgeBase.check_index``).
TRIGGERS = {
    "rag_chunks_inserted": """
        CREATE TRIGGER rag_chunks_inserted AFTER INSERT ON rag_chunks
        WHEN NOT EXISTS (SELECT 1 FROM meta WHERE key = 'resting') BEGIN
            INSERT INTO rag_chunks_fts (rowid, content) VALUES (new.id, new.content);
            INSERT OR IGNORE INTO chunk_state (chunk_id) VALUES (new.id);
            INSERT OR IGNORE INTO chunk_flag (chunk_id) VALUES (new.id);
            UPDATE meta SET value = value + 1 WHERE key = 'revision';
        END
    """,
    "rag_chunks_deleted": """
        CREATE TRIGGER rag_chunks_deleted AFTER DELETE ON rag_chunks
        WHEN NOT EXISTS (SELECT 1 FROM meta WHERE key = 'resting') BEGIN
            INSERT INTO rag_chunks_fts (rag_chunks_fts, rowid, content) VALUES ('delete', old.id, old.content);
            DELETE FROM chunk_state WHERE chunk_id = old.id;  -- most programs leave foreign keys off
            DELETE FROM chunk_flag WHERE chunk_id = old.id;
            DELETE FROM chunk_original WHERE chunk_id = old.id;
            DELETE FROM chunk_sketch WHERE chunk_id = old.id;
            UPDATE meta SET value = value + 1 WHERE key = 'revision';
        END
    """,
    "rag_chunks_updated": """
        CREATE TRIGGER rag_chunks_updated AFTER UPDATE OF content ON rag_chunks BEGIN
            INSERT INTO rag_chunks_fts (rag_chunks_fts, rowid, content) VALUES ('delete', old.id, old.content);
            INSERT INTO rag_chunks_fts (rowid, content) VALUES (new.id, new.content);
            UPDATE meta SET value = value + 1 WHERE key = 'revision';
        END
    """,
    "chunk_state_deleted_one": """
        CREATE TRIGGER chunk_state_deleted_one AFTER DELETE ON chunk_state
        WHEN NOT EXISTS (SELECT 1 FROM meta WHERE key = 'resting') BEGIN
            UPDATE document SET chunk_count = chunk_count - 1 WHERE id = old.document_id;
        END
    """,
}
MAKE_TRIGGERS = tuple(
    statement for name, sql in TRIGGERS.items() for statement in (f"DROP TRIGGER IF EXISTS {name}", sql)
)

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
    """
    ALTER TABLE chunk_state ADD COLUMN kind TEXT NOT NULL DEFAULT '';
    ALTER TABLE chunk_state ADD COLUMN quality INTEGER NOT NULL DEFAULT 100;
    ALTER TABLE chunk_state ADD COLUMN problem TEXT NOT NULL DEFAULT '';
    ALTER TABLE chunk_state ADD COLUMN duplicate_of INTEGER;
    ALTER TABLE chunk_state ADD COLUMN similarity REAL NOT NULL DEFAULT 0;
    ALTER TABLE chunk_state ADD COLUMN tail TEXT NOT NULL DEFAULT '';  -- see corpus.py
    ALTER TABLE document_text ADD COLUMN listings JSON NOT NULL DEFAULT '[]';
    ALTER TABLE document_text ADD COLUMN removed JSON NOT NULL DEFAULT '[]';
    ALTER TABLE document ADD COLUMN chunk_count INTEGER NOT NULL DEFAULT 0;  -- with the deleted ones
    ALTER TABLE document ADD COLUMN removed_count INTEGER NOT NULL DEFAULT 0;
    CREATE TABLE chunk_sketch (
        chunk_id INTEGER PRIMARY KEY REFERENCES rag_chunks ON DELETE CASCADE,
        sketch BLOB NOT NULL
    );
    CREATE TABLE watched_folder (path TEXT PRIMARY KEY) WITHOUT ROWID;

    CREATE TABLE chunk_flag (
        chunk_id INTEGER PRIMARY KEY REFERENCES rag_chunks ON DELETE CASCADE,
        is_excluded INTEGER NOT NULL DEFAULT 0,
        is_deleted INTEGER NOT NULL DEFAULT 0,
        cause INTEGER NOT NULL DEFAULT 0  -- of an exclusion or inclusion: a place in chunk_row.CAUSES
    );
    -- A document's words go into the index at once, and are merged less often: a third less work for each chunk, and no
    -- merge of everything while others wait.
    INSERT INTO rag_chunks_fts (rag_chunks_fts, rank) VALUES ('hashsize', 4000000), ('automerge', 16), ('crisismerge', 64);

    INSERT OR IGNORE INTO chunk_state (chunk_id) SELECT id FROM rag_chunks;
    INSERT INTO chunk_flag SELECT chunk_id, is_excluded, is_deleted, is_excluded FROM chunk_state;
    ALTER TABLE chunk_state DROP COLUMN is_excluded;
    ALTER TABLE chunk_state DROP COLUMN is_deleted;

    CREATE INDEX rag_chunks_by_name ON rag_chunks (source COLLATE NOCASE, chunk_index);
    CREATE INDEX rag_chunks_by_content ON rag_chunks (substr(content, 1, 24) COLLATE NOCASE);
    CREATE INDEX chunk_state_by_tokens ON chunk_state (token_count);
    CREATE INDEX chunk_state_by_quality ON chunk_state (quality);
    CREATE INDEX chunk_flag_deleted ON chunk_flag (is_deleted) WHERE is_deleted;
    CREATE INDEX chunk_state_edited ON chunk_state (document_id) WHERE is_edited;
    CREATE INDEX chunk_state_repeats ON chunk_state (duplicate_of) WHERE duplicate_of IS NOT NULL;
    CREATE INDEX chunk_state_problems ON chunk_state (problem) WHERE problem != '';
    CREATE INDEX chunk_state_listings ON chunk_state (kind) WHERE kind != '';
    """
    + ";".join((COUNT_CHUNKS, *MAKE_TRIGGERS)),
    """
    -- In parts, so that no program has to hold the whole of a long document to write it.
    CREATE TABLE document_part (
        document_id INTEGER NOT NULL REFERENCES document ON DELETE CASCADE,
        start INTEGER NOT NULL,
        content TEXT NOT NULL
    );
    CREATE INDEX document_part_by_document ON document_part (document_id, start);
    INSERT INTO document_part SELECT document_id, 0, content FROM document_text;
    ALTER TABLE document_text DROP COLUMN content;
    """,
    """
    -- What a model was asked and what became of it: see work_item.py. No reference to the chunk: what was paid stays.
    CREATE TABLE work_item (
        id INTEGER PRIMARY KEY,
        kind TEXT NOT NULL,
        dataset TEXT NOT NULL DEFAULT '',
        chunk_id INTEGER NOT NULL,
        style TEXT NOT NULL DEFAULT '',
        variant INTEGER NOT NULL DEFAULT 0,
        prompt_hash TEXT NOT NULL DEFAULT '',
        provider TEXT NOT NULL DEFAULT '',
        model TEXT NOT NULL DEFAULT '',
        state TEXT NOT NULL DEFAULT 'asked',
        attempts INTEGER NOT NULL DEFAULT 1,
        wanted INTEGER NOT NULL DEFAULT 1,
        tokens_in INTEGER,
        tokens_out INTEGER,
        cost REAL,
        error TEXT NOT NULL DEFAULT '',
        created_at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%SZ', 'now'))
    );
    CREATE UNIQUE INDEX work_item_identity
        ON work_item (dataset, kind, chunk_id, style, variant, prompt_hash, model);
    CREATE INDEX work_item_open ON work_item (dataset, state) WHERE state IN ('asked', 'answered', 'failed');
    CREATE TABLE work_reply (
        item_id INTEGER PRIMARY KEY REFERENCES work_item ON DELETE CASCADE,
        subject JSON NOT NULL,  -- what the reply is about, for reading it again
        raw TEXT,
        is_cut INTEGER NOT NULL DEFAULT 0
    );

    CREATE TABLE fact (
        id INTEGER PRIMARY KEY AUTOINCREMENT,  -- an id that pairs point to is never given again
        chunk_id INTEGER NOT NULL REFERENCES rag_chunks ON DELETE CASCADE,
        statement TEXT NOT NULL,
        start INTEGER NOT NULL,
        end INTEGER NOT NULL,
        model TEXT NOT NULL DEFAULT '',
        UNIQUE (chunk_id, statement)
    );
    CREATE TRIGGER fact_of_other_text AFTER UPDATE OF content ON rag_chunks WHEN old.content IS NOT new.content BEGIN
        DELETE FROM fact WHERE chunk_id = new.id;
    END;
    CREATE TRIGGER fact_of_no_chunk AFTER DELETE ON rag_chunks  -- most programs leave foreign keys off
    WHEN NOT EXISTS (SELECT 1 FROM meta WHERE key = 'resting') BEGIN
        DELETE FROM fact WHERE chunk_id = old.id;
    END;
    ALTER TABLE pair ADD COLUMN fact_id INTEGER;
    ALTER TABLE pair ADD COLUMN item_id INTEGER;
    ALTER TABLE pair ADD COLUMN verdict TEXT NOT NULL DEFAULT '';
    CREATE INDEX pair_by_fact ON pair (fact_id) WHERE fact_id IS NOT NULL;
    ALTER TABLE pair_text ADD COLUMN turns JSON;
    """,
    """
    ALTER TABLE pair ADD COLUMN score INTEGER;  -- of the judge, 0 to 100
    UPDATE pair SET score = CASE WHEN reason = 'judge' THEN 0 WHEN verdict <> '' THEN 100 END;
    ALTER TABLE pair_text ADD COLUMN original_turns JSON;
    """,
    """
    CREATE TABLE pair_mismatch (  -- of a stale pair that comes right again when its chunk has that text again
        pair_id INTEGER NOT NULL,
        chunk_id INTEGER NOT NULL,
        content_hash TEXT NOT NULL,  -- of the text that the pair was made from
        PRIMARY KEY (pair_id, chunk_id)
    ) WITHOUT ROWID;
    CREATE INDEX pair_mismatch_by_chunk ON pair_mismatch (chunk_id);
    CREATE TRIGGER pair_mismatch_of_no_pair AFTER DELETE ON pair BEGIN
        DELETE FROM pair_mismatch WHERE pair_id = old.id;
    END;
    CREATE INDEX work_reply_by_partner ON work_reply (json_extract(subject, '$.partner'))
        WHERE json_extract(subject, '$.partner') IS NOT NULL;
    """,
    """
    CREATE INDEX pair_stale ON pair (dataset, state, chunk_id) WHERE is_stale;
    """,
    """
    CREATE TABLE dataset (  -- there is a row for every name in pair and work_item, and for those that are empty yet
        name TEXT PRIMARY KEY,  -- of a deleted one, one that no person can give: see dataset.py
        called TEXT NOT NULL DEFAULT '',  -- what a deleted one was called
        deleted_at TEXT NOT NULL DEFAULT ''
    ) WITHOUT ROWID;
    INSERT INTO dataset (name)
        SELECT dataset FROM pair UNION SELECT dataset FROM work_item WHERE dataset <> '';
    """,
    """
    ALTER TABLE pair_text ADD COLUMN system TEXT NOT NULL DEFAULT '';  -- what an imported chat tells its model beforehand
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
    if version < len(STEPS):  # the schema is as we left it: see KnowledgeBase.check_index
        connection.execute(
            "INSERT OR REPLACE INTO meta SELECT 'left_at', schema_version FROM pragma_schema_version"
        )
