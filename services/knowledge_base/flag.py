"""SQL of the flags: a million chunks excluded in one go, and exactly what was before in another."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from services.knowledge_base.chunk_row import PERSON
from services.knowledge_base.id_range import IdRanges
from services.knowledge_base.repeat import RepeatRow, RepeatStatements

_FEW = 100  # ranges that are looked up one by one


@dataclass(frozen=True, slots=True)
class Flagged:
    """What ``flag_chunks`` changed, in little room; it stands for the ids themselves wherever ids are asked for.

    ids: the chunks whose flag is another one now; ``len()`` counts them.
    causes: ``(is_excluded, cause, ids)``, the exclusions as they were before.
    repeats: the rows of repeats that changed along, as they were before.
    """

    flag: str
    value: bool
    ids: IdRanges
    causes: tuple[tuple[int, int, IdRanges], ...] = ()
    repeats: tuple[RepeatRow, ...] = ()

    def __len__(self) -> int:
        return len(self.ids)

    def __iter__(self) -> Iterator[int]:
        return iter(self.ids)


class FlagStatements(RepeatStatements):
    """What a person decides about chunks."""

    def flag_chunks(self, ids: Iterable[int], flag: str, value: bool) -> Flagged:
        """Exclude ("excluded") or delete ("deleted") chunks, or take that back; their pairs are used as long as they are.

        ids: an array, a Flagged or IdRanges; a million cost half a second. An exclusion is a person's from now on,
        either way. Where the original of repeats goes out of use, one of them takes its place.

        Returns:
            What really changed, for ``unflag_chunks``.
        """
        ranges = ids.ids if isinstance(ids, Flagged) else IdRanges(ids)
        with self.transaction():
            ranges = self._known(ranges)
            if flag == "excluded":
                changed = self._exclude(ranges, value)
            else:
                changed = Flagged(flag, value, self._not_yet("is_deleted", ranges, value))
                self._update(changed.ids, f"is_deleted = {value:d}", f"is_deleted != {value:d}")
            repeats = self._succeed(self._originals(ranges)) if value else ()
            if changed.ids or changed.causes:
                self._bump()
        return Flagged(flag, value, changed.ids, changed.causes, tuple(repeats))

    def unflag_chunks(self, flagged: Flagged) -> None:
        """Leave the flags as they were before ``flag_chunks``."""
        with self.transaction():
            self._restore_repeats(flagged.repeats)  # first: they were changed last
            if flagged.flag == "excluded":
                for is_excluded, cause, ids in flagged.causes:
                    self._update(ids, f"is_excluded = {is_excluded:d}, cause = {cause:d}")
            else:
                self._update(flagged.ids, f"is_deleted = {not flagged.value:d}")
            self._bump()

    def set_excluded(self, ids: Iterable[int], is_excluded: bool) -> None:
        """Keep chunks out of training and generation, or let them in again."""
        self.flag_chunks(ids, "excluded", is_excluded)

    def set_deleted(self, ids: Iterable[int], is_deleted: bool) -> None:
        """Delete chunks so that it can be undone; ``purge_deleted`` ends that."""
        self.flag_chunks(ids, "deleted", is_deleted)

    def purge_deleted(self) -> int:
        """Really remove what was deleted; returns how many chunks."""
        with self.own_rows():
            self.connection.execute(
                """
                UPDATE document SET chunk_count = chunk_count - gone.count
                FROM (SELECT document_id, count(*) AS count FROM chunk_flag CROSS JOIN chunk_state USING (chunk_id)
                      WHERE is_deleted GROUP BY 1) AS gone
                WHERE gone.document_id = document.id
                """
            )
            self._mark_stale("SELECT chunk_id FROM chunk_flag WHERE is_deleted", {})
            return self._delete_rows("SELECT chunk_id FROM chunk_flag WHERE is_deleted", {})

    def flag_counts(self) -> dict[str, int]:
        """How many chunks are excluded, edited and repeats of others, each without deleted ones, and how many deleted."""
        not_deleted = "chunk_id NOT IN (SELECT chunk_id FROM chunk_flag WHERE is_deleted)"
        counts = {
            "excluded": "chunk_flag WHERE is_excluded AND NOT is_deleted",
            "edited": f"chunk_state WHERE is_edited AND {not_deleted}",
            "duplicate": f"chunk_state WHERE duplicate_of IS NOT NULL AND {not_deleted}",
            "deleted": "chunk_flag WHERE is_deleted",
        }
        rows = ", ".join(f"(SELECT count(*) FROM {condition})" for condition in counts.values())
        return dict(zip(counts, self.connection.execute(f"SELECT {rows}").fetchone(), strict=True))

    def _exclude(self, ranges: IdRanges, value: bool) -> Flagged:
        before: list[tuple[int, int, IdRanges]] = []
        rest, changed = ranges, IdRanges()
        for is_excluded, cause in self.connection.execute(
            "SELECT DISTINCT is_excluded, cause FROM chunk_flag WHERE is_excluded OR cause"
        ).fetchall():
            these = ranges & self._ids(f"chunk_flag WHERE is_excluded = {is_excluded:d} AND cause = {cause:d}")
            rest = rest - these
            if these and (is_excluded, cause) != (value, PERSON):
                before.append((is_excluded, cause, these))
        if rest:
            before.append((0, 0, rest))
        for is_excluded, _cause, these in before:
            self._update(these, f"is_excluded = {value:d}, cause = {PERSON}")
            if is_excluded != value:
                changed = changed | these
        return Flagged("excluded", value, changed, tuple(before))

    def _not_yet(self, column: str, ranges: IdRanges, value: bool) -> IdRanges:
        flagged = self._ids(f"chunk_flag WHERE {column}")
        return ranges - flagged if value else ranges & flagged

    def _known(self, ranges: IdRanges) -> IdRanges:
        """Of these ids those that a chunk has."""
        if not ranges:
            return ranges
        pairs = ranges.pairs()
        if len(pairs) > _FEW:
            return ranges & self._ids(f"chunk_flag WHERE chunk_id BETWEEN {pairs[0][0]:d} AND {pairs[-1][1]:d}")
        known = IdRanges()
        for first, last in pairs:
            known = known | self._ids(f"chunk_flag WHERE chunk_id BETWEEN {first:d} AND {last:d}")
        return known

    def _update(self, ranges: IdRanges, change: str, condition: str = "1") -> None:
        self.connection.executemany(
            f"UPDATE chunk_flag SET {change} WHERE chunk_id BETWEEN ? AND ? AND {condition}", ranges.pairs()
        )

    def _ids(self, rows: str) -> IdRanges:
        """The ids of some rows. Of a million, ends and number are known long before each is read."""
        first, last, count = self.connection.execute(f"SELECT min(chunk_id), max(chunk_id), count(*) FROM {rows}").fetchone()
        if not count:
            return IdRanges()
        if count == last - first + 1:
            return IdRanges.between(first, last)
        return IdRanges(self._id_array(f"SELECT chunk_id AS id FROM {rows}"))

