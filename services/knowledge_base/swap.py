"""Chunks that take the place of others: split at the cursor, merged with their neighbours, and back again."""

from __future__ import annotations

import json
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from typing import Any

from services.errors import UserError
from services.knowledge_base.chunk_row import BY_PERSON, CUT_BY, PERSON, ChunkRow
from services.knowledge_base.corpus import contribution, has_overlap, is_verbatim, needs_break, tail_for
from services.knowledge_base.document import DocumentStatements
from services.records import DocumentText
from services.translation import _

Assess = Callable[[str], tuple[int, str]]
"""The quality of a text and its problem, as ``services.documents.quality.assess`` gives them."""


@dataclass(frozen=True, slots=True)
class Swap:
    """Chunks that take the place of others of one document. ``KnowledgeBase.swap`` applies it.

    stale: pairs that the swap makes stale.
    repeats: ``(chunk, original before, original after)`` where a repeat must point to another chunk.
    """

    removed: tuple[ChunkRow, ...]
    added: tuple[ChunkRow, ...]
    stale: tuple[int, ...] = ()
    repeats: tuple[tuple[int, int, int], ...] = ()
    is_undo: bool = False

    def reversed(self) -> Swap:
        """The swap that undoes this one, ids and all."""
        repeats = tuple((chunk_id, after, before) for chunk_id, before, after in self.repeats)
        return Swap(self.added, self.removed, self.stale, repeats, not self.is_undo)


class SwapStatements(DocumentStatements):
    """Splitting and merging."""

    def split_chunk(
        self, chunk_id: int, at: int, count_tokens: Callable[[str], int], assess: Assess | None = None
    ) -> Swap:
        """Split a chunk before the character ``at`` of its content, at once; the first part keeps its id.

        Both parts have what was known of the whole (flags, quality unless it is assessed). A repeat leaves its group:
        its parts stay excluded. The corpus stays the same.

        Returns:
            What was done: ``swap(result.reversed())`` undoes it, ``swap(result)`` does it again.

        Raises:
            UserError: the chunk is gone, or one part would have no text.
        """
        with self.transaction():
            whole = next(iter(self._chunk_rows([chunk_id])), None)
            if whole is None:
                raise UserError(_("This chunk no longer exists: its document was removed or read again."))
            if at < 0 or not whole.content[:at].strip() or not whole.content[at:].strip():
                raise UserError(_("Nothing would be left on one side. Put the cursor between two words of the chunk."))
            text = self._text_of(whole)
            first, second = _split(whole, at, text.content)
            second = replace(second, id=self._next_id(), metadata=_standing_at(second, text))
            parts = [_measured(part, count_tokens, assess) for part in (first, second)]
            swap = Swap((whole,), tuple(parts), self._fresh_pairs([chunk_id]))
            self.swap(swap)
        return swap

    def merge_chunks(
        self, ids: Iterable[int], count_tokens: Callable[[str], int], assess: Assess | None = None
    ) -> Swap:
        """Merge neighbours of one document into one chunk, at once; it keeps the id of the first.

        Deleted chunks between them are no obstacle and stay deleted. The corpus stays the same.

        Returns:
            What was done: ``swap(result.reversed())`` undoes it, ``swap(result)`` does it again.

        Raises:
            UserError: there are fewer than two, they are no neighbours, deleted, or only some of them are excluded.
        """
        with self.transaction():
            wanted = set(ids)
            parts = self._chunk_rows(wanted)
            self._check_mergeable(parts, len(wanted))
            text = self._text_of(parts[0])
            merged = _measured(_merge(parts, text.content), count_tokens, assess)
            others = [part.id for part in parts[1:]]
            repeats = tuple(
                (row[0], row[1], merged.id)
                for row in self.connection.execute(
                    "SELECT chunk_id, duplicate_of FROM chunk_state"
                    " WHERE duplicate_of IN (SELECT value FROM json_each(:others))"
                    " AND chunk_id NOT IN (SELECT value FROM json_each(:others)) AND chunk_id != :merged",
                    {"others": json.dumps(others), "merged": merged.id},
                )
            )
            swap = Swap(tuple(parts), (merged,), self._fresh_pairs([part.id for part in parts]), repeats)
            self.swap(swap)
        return swap

    def swap(self, swap: Swap) -> None:
        """Put chunks in the place of others; does nothing where that is done already.

        Raises:
            UserError: the chunks are not any more what they were.
        """
        with self.own_rows():
            ids = {row.id for row in (*swap.removed, *swap.added)}
            now = {row.id: row for row in self._chunk_rows(ids)}
            if _contents(now.values()) == _contents(swap.added):
                return
            if _contents(now.values()) != _contents(swap.removed):
                raise UserError(_("These chunks have changed since: their document was removed or read again."))
            self._delete_rows("SELECT value FROM json_each(:ids)", {"ids": json.dumps(list(now))})
            self._renumber(swap)
            self._insert_rows(swap.added)
            self.connection.execute(
                "UPDATE document SET chunk_count = chunk_count + ? WHERE id = ?",
                (len(swap.added) - len(swap.removed), swap.added[0].document_id),
            )
            self.connection.executemany(
                "UPDATE chunk_state SET duplicate_of = ? WHERE chunk_id = ? AND duplicate_of = ?",
                [(after, chunk_id, before) for chunk_id, before, after in swap.repeats],
            )
            stale = list(swap.stale) if swap.is_undo else self._fresh_pairs([row.id for row in swap.removed])
            self.connection.execute(
                "UPDATE pair SET is_stale = ? WHERE id IN (SELECT value FROM json_each(?))",
                (not swap.is_undo, json.dumps(list(stale))),
            )

    def _text_of(self, row: ChunkRow) -> DocumentText:
        return DocumentText("") if row.document_id is None else self.document_text(row.document_id)

    def _check_mergeable(self, parts: Sequence[ChunkRow], wanted: int) -> None:
        if len(parts) < wanted:
            raise UserError(_("A chunk no longer exists: its document was removed or read again."))
        if len(parts) < 2:
            raise UserError(_("Select two or more chunks that follow each other to merge them."))
        if len({(part.source, part.document_id) for part in parts}) > 1:
            raise UserError(_("Chunks of different documents cannot be merged. Select chunks of one document."))
        between = self.connection.execute(
            "SELECT count(*) FROM rag_chunks JOIN chunk_state ON chunk_state.chunk_id = id"
            " JOIN chunk_flag ON chunk_flag.chunk_id = id"
            " WHERE source = ? AND document_id IS ? AND chunk_index BETWEEN ? AND ? AND NOT is_deleted",
            (parts[0].source, parts[0].document_id, parts[0].chunk_index, parts[-1].chunk_index),
        ).fetchone()[0]
        if between != sum(not part.is_deleted for part in parts):
            raise UserError(_("Only chunks that follow each other can be merged. Select the ones between them too."))
        if any(part.is_deleted for part in parts):
            raise UserError(_("A deleted chunk cannot be merged. Put it back first."))
        if len({part.is_excluded for part in parts}) > 1:
            raise UserError(
                _("Some of these chunks are excluded and some are not. Exclude all of them, or include all of them, then "
                  "merge them.")
            )  # fmt: skip

    def _renumber(self, swap: Swap) -> None:
        """Make the numbers of the document's other chunks dense around those that come."""
        source = swap.added[0].source
        first = min(row.chunk_index for row in (*swap.removed, *swap.added))
        others = self.connection.execute(
            "SELECT id, chunk_index FROM rag_chunks WHERE source = ? AND chunk_index >= ? ORDER BY chunk_index, id",
            (source, first),
        ).fetchall()
        taken = {row.chunk_index for row in swap.added}
        index, changes = first, []
        for chunk_id, before in others:
            while index in taken:
                index += 1
            if index != before:
                changes.append((index, chunk_id))
            index += 1
        self.connection.executemany("UPDATE rag_chunks SET chunk_index = ? WHERE id = ?", changes)


def _contents(rows: Iterable[ChunkRow]) -> dict[int, str]:
    return {row.id: row.content for row in rows}


def _split(whole: ChunkRow, at: int, text: str) -> tuple[ChunkRow, ChunkRow]:
    """The two parts, without their tokens; the second one still has the id of the whole."""
    first_text, second_text = whole.content[:at], whole.content[at:]
    first_original = second_original = None
    if is_verbatim(text, whole):
        place = whole.start + at
    else:
        original = whole.original if whole.original is not None else whole.content
        cut = _same_place(whole.content, original, at)
        if whole.original is not None:
            first_original, second_original = original[:cut], original[cut:]
        place = min(whole.start + cut, max(whole.owned_end, whole.end))
        overlap_at = len(whole.content) - (whole.end - whole.owned_end)
        if has_overlap(text, whole) and at > overlap_at:
            place = whole.owned_end + at - overlap_at
        elif place > whole.owned_end and (
            first_text.endswith(text[whole.owned_end : place]) or second_text.endswith(text[place : whole.end])
        ):
            place = whole.owned_end  # words that are not overlap must not be taken for it
    if whole.duplicate_of is not None:
        whole = replace(whole, duplicate_of=None, similarity=0, cause=PERSON)
    first = replace(
        whole, content=first_text, owned_end=min(place, whole.owned_end), end=place, tail="",
        original=first_original, is_edited=_is_edited(first_text, first_original), sketch=b"",
        metadata=_with(whole.metadata, start=whole.start, end=place),
    )  # fmt: skip
    second = replace(
        whole, content=second_text, chunk_index=whole.chunk_index + 1, start=place,
        owned_end=max(place, whole.owned_end), original=second_original,
        is_edited=_is_edited(second_text, second_original), sketch=b"",
        metadata=_with(whole.metadata, start=place, end=whole.end),
    )  # fmt: skip
    second = replace(second, tail=tail_for(text, second, needs_break(text, whole)))
    return replace(first, tail=tail_for(text, first, is_break_needed=False)), second


def _merge(parts: Sequence[ChunkRow], text: str) -> ChunkRow:
    """One chunk that contributes what its parts do, without its tokens."""
    first, last = parts[0], parts[-1]
    contributions = [contribution(text, part) for part in parts[:-1]]
    has_text = first.document_id is not None
    # What lies in an overlap alone contributes nothing, and may start after the chunk that owns it.
    start = next((part.start for part, words in zip(parts, contributions, strict=False) if words), last.start)
    end = max(last.end, last.owned_end) if is_verbatim(text, last) else last.end
    ending = text[last.start : end] if is_verbatim(text, last) else last.content
    content = "".join(contributions) + ending if has_text else "\n\n".join(part.content for part in parts)
    is_whole = all(is_verbatim(text, part) for part in parts) and content == text[start:end]
    originals = [part.original if part.original is not None else part.content for part in parts]
    original: str | None = None
    if not is_whole:
        plain = [
            contribution(text, replace(part, content=said, tail=""))
            for part, said in zip(parts[:-1], originals, strict=False)
        ]
        original = "".join(plain) + originals[-1] if has_text else "\n\n".join(originals)
    is_overlap = has_overlap(text, last)
    if not is_whole and not is_overlap and end > last.owned_end and content.endswith(text[last.owned_end : end]):
        end = last.owned_end  # words that are not overlap must not be taken for it
    largest = max(parts, key=lambda part: part.token_count)
    causes = {part.cause for part in parts}
    repeats = any(part.duplicate_of is not None for part in parts)
    merged = replace(
        first, content=content, start=start, owned_end=max(last.owned_end, start), end=end, tail=last.tail,
        original=original, is_edited=_is_edited(content, original), sketch=b"",
        kind=first.kind if len({part.kind for part in parts}) == 1 else "",
        cause=first.cause if len(causes) == 1 and not repeats else PERSON,
        quality=largest.quality, problem=largest.problem, duplicate_of=None, similarity=0,
        metadata=_with(first.metadata, start=start, end=end),
    )  # fmt: skip
    return replace(merged, tail=tail_for(text, merged, needs_break(text, last)))


def _measured(row: ChunkRow, count_tokens: Callable[[str], int], assess: Assess | None) -> ChunkRow:
    tokens = count_tokens(row.content)
    quality, problem = assess(row.content) if assess else (row.quality, row.problem)
    metadata = _with(row.metadata, tokens=tokens, **{CUT_BY: BY_PERSON})
    return replace(row, token_count=tokens, quality=quality, problem=problem, metadata=metadata)


def _is_edited(content: str, original: str | None) -> int:
    return int(original is not None and content != original)


def _same_place(edited: str, original: str, at: int) -> int:
    """Where in the original the place ``at`` of the edited text is, as near as their common parts tell."""
    for tag, i1, i2, j1, j2 in SequenceMatcher(None, edited, original, autojunk=False).get_opcodes():
        if i1 <= at <= i2:
            if tag == "equal":
                return j1 + at - i1
            return j1 if at == i1 else j2
    return len(original)


def _with(metadata: str | None, **values: Any) -> str | None:
    """Metadata with other values; a program that keeps something else there keeps it."""
    try:
        known = json.loads(metadata or "{}")
    except ValueError:
        return metadata
    if not isinstance(known, dict):
        return metadata
    return json.dumps(known | values, ensure_ascii=False)


def _standing_at(row: ChunkRow, text: DocumentText) -> str | None:
    """The metadata of the second part: its own page, and the headings above it."""
    page = bisect_right([start for _number, start in text.pages], row.start) - 1
    values: dict[str, Any] = {"page": text.pages[page][0]} if page >= 0 else {}
    path: list[tuple[int, str]] = []
    for start, level, title in text.headings:
        if start > row.start:
            break
        path = [above for above in path if above[0] < level] + [(level, title)]
    if path:
        values["headings"] = [title for _level, title in path]
    return _with(row.metadata, **values)
