"""SQL of the repeats: chunks that say what another one says.

A group is an original and the chunks that point to it. One of them is used; the others are excluded with the cause
"duplicate", which is taken back when the one in use goes.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from services.knowledge_base.chunk_row import DUPLICATE, ChunkRowStatements
from services.knowledge_base.id_range import IdRanges


class RepeatRow(NamedTuple):
    chunk_id: int
    duplicate_of: int | None
    similarity: float
    is_excluded: int
    cause: int


class RepeatStatements(ChunkRowStatements):
    """What the knowledge base knows of chunks that say the same."""

    def sketches(self) -> Iterator[tuple[int, bytes]]:
        """``(chunk id, sketch)`` of every chunk that has one and is not deleted, in the order of the ids."""
        yield from map(
            tuple,
            self.connection.execute(
                "SELECT chunk_id, sketch FROM chunk_sketch"
                " WHERE chunk_id NOT IN (SELECT chunk_id FROM chunk_flag WHERE is_deleted) ORDER BY chunk_id"
            ),
        )

    def compared_through(self) -> int:
        """The highest chunk id up to which repeats have been looked for."""
        return int(self._meta("compared_through") or 0)

    def edited_since_compared(self) -> set[int]:
        """Chunks that said something else when repeats were looked for last, and those that repeated them."""
        edited = str(self._meta("edited_since_compared") or "[]")
        repeats = self.connection.execute(
            "SELECT chunk_id FROM chunk_state WHERE duplicate_of IN (SELECT value FROM json_each(?))", (edited,)
        )
        return {*json.loads(edited), *(row[0] for row in repeats)}

    def highest_chunk_id(self) -> int:
        """The highest id that a chunk has or has had."""
        return self._next_id() - 1

    def set_repeats(
        self,
        rows: Iterable[tuple[int, int, float]],
        *,
        left_out: Iterable[int] | None = None,
        compared_through: int | None = None,
    ) -> None:
        """Note ``(chunk, its original, similarity)``, and exclude the repeats about which nobody has decided.

        A repeat of a repeat counts as one of the original. Ids of chunks that are gone are left out.

        Args:
            left_out: of the rows the chunks that are excluded; the others are noted only. None: all of them.
            compared_through: what ``compared_through`` says from now on; a chunk that was edited since, and is not
                among the rows, is no repeat any more.
        """
        rows = list(rows)
        with self.transaction():
            change = self.connection.execute
            if compared_through is not None:
                self._part(self.edited_since_compared() - {row[0] for row in rows})
            change("DROP TABLE IF EXISTS temp.found")
            change("CREATE TEMP TABLE found (chunk_id INTEGER PRIMARY KEY, original INTEGER, similarity REAL)")
            self.connection.executemany("INSERT INTO found VALUES (?, ?, ?)", _to_originals(self._known_repeats(), rows))
            change("DELETE FROM found WHERE NOT EXISTS (SELECT 1 FROM chunk_state WHERE chunk_id = original)")
            change(
                "UPDATE chunk_state SET duplicate_of = original, similarity = found.similarity"
                " FROM found WHERE found.chunk_id = chunk_state.chunk_id"
            )
            excluded = change(
                f"UPDATE chunk_flag SET is_excluded = 1, cause = {DUPLICATE} WHERE chunk_id IN"
                " (SELECT chunk_id FROM found) AND NOT is_excluded AND NOT cause"
                + ("" if left_out is None else " AND chunk_id IN (SELECT value FROM json_each(?))"),
                () if left_out is None else (json.dumps(list(left_out)),),
            ).rowcount
            originals = IdRanges(row[0] for row in change("SELECT DISTINCT original FROM found"))
            change("DROP TABLE found")
            self._succeed(originals)
            if compared_through is not None:
                self._set_meta("compared_through", compared_through)
                self._set_meta("edited_since_compared", "[]")
            if excluded:
                self._bump()

    def repeats_of(self, chunk_id: int) -> list[int]:
        """All chunks of the group of this one, the original first; only itself where nothing repeats it."""
        row = self.connection.execute(
            "SELECT coalesce(duplicate_of, chunk_id) FROM chunk_state WHERE chunk_id = ?", (chunk_id,)
        ).fetchone()
        original = row[0] if row else chunk_id
        rows = self.connection.execute(
            "SELECT chunk_id FROM chunk_state WHERE duplicate_of = ? ORDER BY chunk_id", (original,)
        )
        return [original, *(row[0] for row in rows)]

    def _sketch_again(self, chunk_id: int, content: str) -> None:
        """What repeats are found by, of a chunk that a person edited: of its words without those that the next one owns.

        A chunk that had no sketch, like the parts of one that was split, stays without.
        """
        from services.documents.likeness import sketch

        row = self.connection.execute(
            "SELECT owned_end - end, chunk_original.content FROM chunk_state JOIN chunk_original USING (chunk_id)"
            " WHERE chunk_id = ?",
            (chunk_id,),
        ).fetchone()
        beyond, original = row or (0, "")
        if beyond < 0 and content.endswith(original[beyond:]):
            content = content[:beyond]
        self.connection.execute("UPDATE chunk_sketch SET sketch = ? WHERE chunk_id = ?", (sketch(content), chunk_id))
        known = json.loads(str(self._meta("edited_since_compared") or "[]"))
        if chunk_id not in known:
            self._set_meta("edited_since_compared", json.dumps([*known, chunk_id]))

    def _part(self, chunk_ids: Iterable[int]) -> None:
        """These repeat nothing any more, and come back where they were left out for it."""
        ids = (json.dumps(list(chunk_ids)),)
        self.connection.execute(
            f"UPDATE chunk_flag SET is_excluded = 0, cause = 0 WHERE cause = {DUPLICATE}"
            " AND chunk_id IN (SELECT value FROM json_each(?))",
            ids,
        )
        self.connection.execute(
            "UPDATE chunk_state SET duplicate_of = NULL, similarity = 0 WHERE duplicate_of IS NOT NULL"
            " AND chunk_id IN (SELECT value FROM json_each(?))",
            ids,
        )

    def _known_repeats(self) -> dict[int, tuple[int, float]]:
        return {
            row[0]: (row[1], row[2])
            for row in self.connection.execute(
                "SELECT chunk_id, duplicate_of, similarity FROM chunk_state WHERE duplicate_of IS NOT NULL"
            )
        }

    def _originals(self, ranges: IdRanges) -> IdRanges:
        """Of these chunks those that others repeat."""
        return ranges & IdRanges(
            row[0]
            for row in self.connection.execute(
                "SELECT DISTINCT duplicate_of FROM chunk_state WHERE duplicate_of IS NOT NULL"
            )
        )

    def _succeed(self, originals: Iterable[int]) -> list[RepeatRow]:
        """Where one of these originals is not in use any more, one of its repeats takes its place.

        Best is one that is in use already, else one that is left out as a repeat only, the oldest first. Where there
        is none, a person has left them all out.

        Returns:
            The rows that changed, as they were before.
        """
        before: list[RepeatRow] = []
        for original in originals:
            group = [
                (RepeatRow(*row[:5]), row[5])
                for row in self.connection.execute(
                    "SELECT chunk_id, duplicate_of, similarity, is_excluded, cause, is_deleted"
                    " FROM chunk_state JOIN chunk_flag USING (chunk_id)"
                    " WHERE chunk_id = :id OR duplicate_of = :id ORDER BY chunk_id",
                    {"id": original},
                )
            ]
            if any(row.chunk_id == original and not row.is_excluded and not is_deleted for row, is_deleted in group):
                continue
            heirs = [
                row for row, is_deleted in group
                if row.chunk_id != original and not is_deleted and (not row.is_excluded or row.cause == DUPLICATE)
            ]  # fmt: skip
            if not heirs:
                continue
            heir = min(heirs, key=lambda row: (row.is_excluded, row.chunk_id))
            before += [row for row, _is_deleted in group]
            self.connection.execute(
                "UPDATE chunk_state SET duplicate_of = :heir, similarity = iif(chunk_id = :id, :similarity, similarity)"
                " WHERE chunk_id = :id OR duplicate_of = :id",
                {"heir": heir.chunk_id, "id": original, "similarity": heir.similarity},
            )
            self.connection.execute(
                "UPDATE chunk_state SET duplicate_of = NULL, similarity = 0 WHERE chunk_id = ?", (heir.chunk_id,)
            )
            self.connection.execute(
                f"UPDATE chunk_flag SET is_excluded = 0, cause = iif(cause = {DUPLICATE}, 0, cause) WHERE chunk_id = ?",
                (heir.chunk_id,),
            )
        return before

    def _restore_repeats(self, rows: Sequence[RepeatRow]) -> None:
        change = self.connection.executemany
        change(
            "UPDATE chunk_state SET duplicate_of = ?, similarity = ? WHERE chunk_id = ?",
            [(row.duplicate_of, row.similarity, row.chunk_id) for row in rows],
        )
        change(
            "UPDATE chunk_flag SET is_excluded = ?, cause = ? WHERE chunk_id = ?",
            [(row.is_excluded, row.cause, row.chunk_id) for row in rows],
        )

    def _repeated_outside(self, ids: str, values: dict[str, object]) -> list[int]:
        """Of the chunks that this SELECT gives those that chunks outside of it repeat."""
        rows = self.connection.execute(
            f"SELECT DISTINCT duplicate_of FROM chunk_state WHERE duplicate_of IN ({ids}) AND chunk_id NOT IN ({ids})",
            values,
        )
        return [row[0] for row in rows]


def _to_originals(
    known: dict[int, tuple[int, float]], rows: Iterable[tuple[int, int, float]]
) -> list[tuple[int, int, float]]:
    """The rows, and the known repeats of what is a repeat itself now, each with the original of all."""
    found = dict(known)
    for chunk_id, original, similarity in rows:
        if chunk_id != original:
            found[chunk_id] = (original, similarity)
    changed = []
    for chunk_id, (original, similarity) in found.items():
        seen = {chunk_id}
        while original in found and original not in seen:
            seen.add(original)
            original = found[original][0]
        if original != chunk_id and known.get(chunk_id) != (original, similarity):
            changed.append((chunk_id, original, similarity))
    return changed
