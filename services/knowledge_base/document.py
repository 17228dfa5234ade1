"""SQL of the documents, and of the step that puts a document's chunks in place."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, replace
from heapq import merge
from itertools import islice
from operator import itemgetter
from typing import Any, NamedTuple

from services.knowledge_base.chunk_row import BY_PERSON, CUT_BY, PERSON, ChunkRow
from services.knowledge_base.corpus import contribution
from services.knowledge_base.decision import Decided, decide, find_again
from services.knowledge_base.repeat import RepeatStatements
from services.records import CutChunk, Document, DocumentText, Removal

_DOCUMENT = """
    SELECT document.*, coalesce(gone.count, 0) AS deleted_count FROM document LEFT JOIN (
        SELECT document_id, count(*) AS count FROM chunk_flag CROSS JOIN chunk_state USING (chunk_id)
        WHERE is_deleted GROUP BY document_id
    ) AS gone ON gone.document_id = document.id
"""
_ROWS_AT_ONCE = 500


class _Place(NamedTuple):
    content: str
    start: int
    owned_end: int
    end: int
    tail: str


class _Changed(NamedTuple):
    """A chunk that a person edited, split or merged. said: at first."""

    chunk_id: int
    start: int
    is_edited: int
    said: str


class Kept(NamedTuple):
    """How many chunks that a person had changed are still there: edited ones, parts of splits and merges; lost ones."""

    edited: int = 0
    shaped: int = 0
    lost: int = 0


class DocumentStatements(RepeatStatements):
    """What the knowledge base knows of documents."""

    def documents(self) -> list[Document]:
        """Every document and its fate, in the order of their sources."""
        return [_document(row) for row in self.connection.execute(f"{_DOCUMENT} ORDER BY source COLLATE NOCASE")]

    def document_by_source(self, source: str) -> Document | None:
        row = self.connection.execute(f"{_DOCUMENT} WHERE source = ?", (source,)).fetchone()
        return _document(row) if row else None

    def document_by_hash(self, sha256: str) -> Document | None:
        """The document with exactly this file content that is in the knowledge base, if there is one."""
        row = self.connection.execute(f"{_DOCUMENT} WHERE sha256 = ? AND state = 'ready'", (sha256,)).fetchone()
        return _document(row) if row else None

    def document_text(self, document_id: int) -> DocumentText:
        row = self.connection.execute("SELECT * FROM document_text WHERE document_id = ?", (document_id,)).fetchone()
        if row is None:
            return DocumentText("")
        return DocumentText(
            self._content(document_id),
            tuple((number, start) for number, start in json.loads(row["pages"])),
            tuple((start, level, title) for start, level, title in json.loads(row["headings"])),
            tuple((start, end, kind) for start, end, kind in json.loads(row["listings"])),
        )

    def removals(self, document_id: int) -> list[Removal]:
        """What is in the file and was left out of its text."""
        row = self.connection.execute(
            "SELECT removed FROM document_text WHERE document_id = ?", (document_id,)
        ).fetchone()
        return [Removal(**removal) for removal in json.loads(row[0])] if row else []

    def note_file(self, source: str, path: str, size_bytes: int, modified_at: float) -> None:
        """Note where a known document's file is, and how it looks, when it was looked at last."""
        with self.transaction():
            self.connection.execute(
                "UPDATE document SET path = ?, size_bytes = ?, modified_at = ? WHERE source = ?",
                (path, size_bytes, modified_at, source),
            )

    def record_fate(self, source: str, state: str, reason: str, **columns: Any) -> None:
        """Note that a file gave no chunks, and why. A document of that source that is ready stays as it is."""
        known = self.document_by_source(source)
        if known and known.state == "ready":
            return
        with self.transaction():
            self._write_document({"source": source, "state": state, "reason": reason, **columns})

    def replace_document(
        self,
        source: str,
        text: DocumentText | Iterable[DocumentText],
        chunks: Iterable[CutChunk],
        count_tokens: Callable[[str], int],
        removed: Iterable[Removal] | None = None,
        reason: str = "",
        **columns: Any,
    ) -> tuple[int, Kept]:
        """Put a document and its chunks in place of what this source was before, in one transaction.

        Chunks that a person edited are kept: where their original text still stands in the new text, they stand
        there again and the new chunks inside that span give way; where it does not, they follow at the end. So are
        chunks that a person split or merged, where their text still stands, and there is no doubt where.
        What a person excluded, included or deleted stays so: a new chunk is, if most of its text was.

        Args:
            text: the whole, or the parts of a long one: they follow each other without anything between them, and
                their places are counted from the start of the document.
            chunks: in order; asked for after the text. Both are taken a little at a time.
            count_tokens: of a piece of text; asked for what is left of a chunk beside an edited one.
            removed: what was left out of the text; None keeps what is known.
            reason: why something of the file is not in the text, if anything is not.
            columns: other columns of the table ``document`` (path, sha256, size_bytes, modified_at, format,
                tokenizer, chunk_size, chunk_overlap, page_count).

        Returns:
            The document's id, and what became of the chunks that a person had changed.
        """
        tokens = 0

        def counted(chunks: Iterable[CutChunk]) -> Iterator[CutChunk]:
            nonlocal tokens
            for chunk in chunks:
                tokens += chunk.token_count
                yield chunk

        with self.own_rows():
            document_id = self._write_document({"source": source, "state": "ready", **columns, "reason": reason})
            decided = self._decisions(document_id)
            old_text = self._content(document_id) if decided else ""
            self._write_text(document_id, [text] if isinstance(text, DocumentText) else text, removed)
            changed = self._changed_by_person(document_id)
            new_text = self._content(document_id) if decided or changed else ""
            decided = find_again(decided, old_text, new_text)
            kept = _spans(changed, new_text)
            doomed = (
                "SELECT chunk_id FROM chunk_state WHERE document_id = :document"
                " AND chunk_id NOT IN (SELECT value FROM json_each(:kept))"
            )
            values = {"document": document_id, "kept": json.dumps([chunk_id for _, _, chunk_id in kept])}
            self._remove_chunks(doomed, values)
            coming = counted(chunks)
            if kept:
                coming = _beside(coming, kept, new_text, count_tokens)
            self._place(document_id, source, coming, kept, str(columns.get("tokenizer", "")), decided)
            self.connection.execute("UPDATE document SET token_count = ? WHERE id = ?", (tokens, document_id))
        edited = sum(one.is_edited for one in changed)
        return document_id, Kept(edited, len(kept) - edited, len(changed) - len(kept))

    def remove_document(self, document_id: int) -> None:
        """Remove a document with its chunks; pairs made from them stay and are stale."""
        with self.own_rows():
            self._remove_chunks("SELECT chunk_id FROM chunk_state WHERE document_id = :id", {"id": document_id})
            self.connection.execute("DELETE FROM document WHERE id = ?", (document_id,))

    def watched_folders(self) -> list[str]:
        """Folders whose new and changed files are offered."""
        return [row[0] for row in self.connection.execute("SELECT path FROM watched_folder ORDER BY path")]

    def watch_folder(self, path: str) -> None:
        with self.transaction():
            self.connection.execute("INSERT OR IGNORE INTO watched_folder VALUES (?)", (path,))

    def unwatch_folder(self, path: str) -> None:
        with self.transaction():
            self.connection.execute("DELETE FROM watched_folder WHERE path = ?", (path,))

    def corpus(self) -> Iterator[tuple[str, str]]:
        """``(source, text)`` of every document as contiguous text: what the training reads.

        Each chunk gives the text that it owns, so an overlap is not read twice; an edited chunk gives its edited
        text instead, and what was excluded or deleted is left out. Chunks that another program added without a
        document are read one by one, in their order.
        """
        for document_id, source in self.connection.execute(
            "SELECT id, source FROM document WHERE state = 'ready' ORDER BY source COLLATE NOCASE"
        ).fetchall():
            text = self._content(document_id)
            rows = self.connection.execute(
                """
                SELECT coalesce(content, ''), start, owned_end, end, tail FROM chunk_state
                JOIN chunk_flag USING (chunk_id) JOIN rag_chunks ON id = chunk_id
                WHERE document_id = ? AND NOT is_excluded AND NOT is_deleted ORDER BY chunk_index, start
                """,
                (document_id,),
            )
            if joined := "".join(contribution(text, _Place(*row)) for row in rows).strip():
                yield source, joined
        for source, text in self.connection.execute(
            """
            SELECT source, group_concat(content, char(10) || char(10)) FROM (
                SELECT source, content FROM rag_chunks LEFT JOIN chunk_state ON chunk_state.chunk_id = id
                LEFT JOIN chunk_flag ON chunk_flag.chunk_id = id
                WHERE document_id IS NULL AND NOT coalesce(is_excluded, 0) AND NOT coalesce(is_deleted, 0)
                ORDER BY source, chunk_index, id
            ) GROUP BY source
            """
        ).fetchall():
            if text and text.strip():
                yield source or "", text.strip()

    def _write_document(self, columns: dict[str, Any]) -> int:
        names = ", ".join(columns)
        marks = ", ".join(f":{name}" for name in columns)
        updates = ", ".join(f"{name} = excluded.{name}" for name in columns if name != "source")
        return self.connection.execute(
            f"INSERT INTO document ({names}) VALUES ({marks})"
            f" ON CONFLICT (source) DO UPDATE SET {updates} RETURNING id",
            columns,
        ).fetchone()[0]

    def _content(self, document_id: int) -> str:
        parts = self.connection.execute(
            "SELECT content FROM document_part WHERE document_id = ? ORDER BY start", (document_id,)
        )
        return "".join(row[0] for row in parts)

    def _changed_by_person(self, document_id: int) -> list[_Changed]:
        """The chunks that a person edited, split or merged, in order."""
        rows = self.connection.execute(
            f"""
            SELECT chunk_id, start, is_edited, coalesce(chunk_original.content, rag_chunks.content, '')
            FROM chunk_state JOIN chunk_flag USING (chunk_id) JOIN rag_chunks ON id = chunk_state.chunk_id
                LEFT JOIN chunk_original USING (chunk_id)
            WHERE document_id = ? AND NOT is_deleted AND (
                is_edited OR iif(json_valid(metadata), json_extract(metadata, '$.{CUT_BY}'), '') = '{BY_PERSON}'
            ) ORDER BY start, chunk_index
            """,
            (document_id,),
        )
        return [_Changed(*row) for row in rows]

    def _write_text(
        self, document_id: int, parts: Iterable[DocumentText], removed: Iterable[Removal] | None
    ) -> None:
        self.connection.execute("DELETE FROM document_part WHERE document_id = ?", (document_id,))
        values: dict[str, Any] = {"document": document_id}
        places: dict[str, list[Any]] = {"pages": [], "headings": [], "listings": []}
        length = 0
        for part in parts:
            self.connection.execute("INSERT INTO document_part VALUES (?, ?, ?)", (document_id, length, part.content))
            length += len(part.content)
            for name, found in places.items():
                found += getattr(part, name)
        values |= {name: json.dumps(found, ensure_ascii=False) for name, found in places.items()}
        self.connection.execute(
            """
            INSERT INTO document_text (document_id, pages, headings, listings)
            VALUES (:document, :pages, :headings, :listings)
            ON CONFLICT (document_id) DO UPDATE SET pages = excluded.pages, headings = excluded.headings,
                listings = excluded.listings
            """,
            values,
        )
        if removed is not None:
            rows = [asdict(removal) for removal in removed]
            count = sum(row["count"] for row in rows)
            self.connection.execute(
                "UPDATE document_text SET removed = ? WHERE document_id = ?",
                (json.dumps(rows, ensure_ascii=False), document_id),
            )
            self.connection.execute("UPDATE document SET removed_count = ? WHERE id = ?", (count, document_id))

    def _remove_chunks(self, ids: str, values: dict[str, Any]) -> None:
        """Remove the chunks that this SELECT gives; repeats of them are let in again, pairs of them are stale."""
        self._mark_stale(ids, values)
        orphaned = self._repeated_outside(ids, values)
        self._delete_rows(ids, values)
        self._succeed(orphaned)

    def _decisions(self, document_id: int) -> list[Decided]:
        """What a person decided about the chunks of this document that are not kept for their edits."""
        rows = self.connection.execute(
            f"""
            SELECT start, owned_end, coalesce(chunk_original.content, rag_chunks.content, ''),
                iif(cause = {PERSON}, is_excluded, NULL), is_deleted
            FROM chunk_state JOIN chunk_flag USING (chunk_id) JOIN rag_chunks ON id = chunk_state.chunk_id
                LEFT JOIN chunk_original USING (chunk_id)
            WHERE document_id = ? AND (cause = {PERSON} OR is_deleted) AND (is_deleted OR NOT is_edited)
            """,
            (document_id,),
        )
        return [
            Decided(start, end, content, None if is_excluded is None else bool(is_excluded), bool(is_deleted))
            for start, end, content, is_excluded, is_deleted in rows
        ]

    def _place(
        self,
        document_id: int,
        source: str,
        chunks: Iterable[CutChunk],
        kept: list[tuple[int, int, int]],
        tokenizer: str,
        decided: Sequence[Decided],
    ) -> None:
        """Insert the new chunks around the kept ones and number all of them by their place."""
        coming = ((chunk.start, chunk.owned_end, chunk) for chunk in chunks)
        places: Iterator[tuple[int, int, int | CutChunk]] = merge(kept, coming, key=itemgetter(0, 1))
        next_id, count = self._next_id(), 0
        while some := list(islice(places, _ROWS_AT_ONCE)):
            rows, moved = [], []
            for index, (start, owned_end, chunk) in enumerate(some, count):
                if isinstance(chunk, int):
                    moved.append((index, start, owned_end, chunk))
                else:
                    rows.append(ChunkRow.of(chunk, next_id + len(rows), document_id, source, index, tokenizer))
            count += len(some)
            next_id += len(rows)
            self.connection.executemany("UPDATE rag_chunks SET chunk_index = ?1 WHERE id = ?4", moved)
            self.connection.executemany(
                "UPDATE chunk_state SET start = ?2, owned_end = ?3, end = ?3 WHERE chunk_id = ?4", moved
            )
            self._insert_rows(decide(rows, decided))
        self.connection.execute("UPDATE document SET chunk_count = ? WHERE id = ?", (count, document_id))


def _spans(changed: Iterable[_Changed], text: str) -> list[tuple[int, int, int]]:
    """``(start, end, chunk id)`` of the chunks that are kept in the new text, in order and without overlap.

    Words of a person are never lost: where it is not known where they belong, they come last. A split is, where its
    text is gone or stands in more places than one.
    """
    spans: list[tuple[int, int, int]] = []
    taken = 0
    for one in changed:
        at = one.start if one.start >= taken and text.startswith(one.said, one.start) else text.find(one.said, taken)
        if not one.is_edited and at != one.start and (not one.said.strip() or text.find(one.said, at + 1) >= 0):
            at = -1
        if at >= 0:
            spans.append((at, at + len(one.said), one.chunk_id))
            taken = at + len(one.said)
        elif one.is_edited:
            spans.append((len(text), len(text), one.chunk_id))
    return sorted(spans)


def _beside(
    chunks: Iterable[CutChunk], kept: list[tuple[int, int, int]], text: str, count_tokens: Callable[[str], int]
) -> Iterator[CutChunk]:
    """The chunks without the spans that edited chunks hold; what is left of a chunk becomes a chunk of its own."""
    for chunk in chunks:
        start = chunk.start
        spans = [span for span in kept if span[0] < chunk.owned_end and span[1] > chunk.start]
        if not spans:
            yield chunk
            continue
        for kept_start, kept_end, _chunk_id in [*spans, (chunk.owned_end, chunk.owned_end, 0)]:
            if content := text[start:kept_start].strip():
                yield replace(
                    chunk, start=start, owned_end=kept_start, end=kept_start, content=text[start:kept_start],
                    token_count=count_tokens(content),
                )  # fmt: skip
            start = max(start, kept_end)


def _document(row: sqlite3.Row) -> Document:
    values = dict(row)
    values["chunk_count"] -= values.pop("deleted_count")
    return Document(**values)
