"""What a person does to chunks, as commands that can be undone. Each calls the knowledge base and tells the window."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Iterable
from dataclasses import replace

from PySide6.QtGui import QUndoCommand

from gui.shell import Shell
from gui.store_command import StoreCommand
from services.documents.quality import assess
from services.documents.tokenizer import load_tokenizer
from services.errors import UserError
from services.knowledge_base.flag import Flagged
from services.knowledge_base.id_range import IdRanges
from services.knowledge_base.store import KnowledgeBase
from services.knowledge_base.swap import Swap
from services.records import Chunk
from services.translation import _, ngettext

_tokenizer = functools.lru_cache(maxsize=2)(load_tokenizer)  # a large one takes 0.3 s to load


class ChunkCommand(StoreCommand):
    """A change of chunks."""

    table = "chunk"


class EditChunk(ChunkCommand):
    """A new text for one chunk. What is typed without a pause becomes one command."""

    PAUSE_S = 3.0

    def __init__(self, shell: Shell, chunk_id: int, before: str, after: str, *, text: str = "", can_merge: bool = True) -> None:
        super().__init__(shell, text or _("edit of a chunk"), IdRanges([chunk_id]))
        self._chunk_id, self._before, self._after = chunk_id, before, after
        self._can_merge, self._at = can_merge, time.monotonic()

    def id(self) -> int:
        return 1 if self._can_merge else -1

    def mergeWith(self, other: QUndoCommand) -> bool:
        if not isinstance(other, EditChunk) or other._chunk_id != self._chunk_id or other._at - self._at > self.PAUSE_S:
            return False
        self._after, self._at = other._after, other._at
        self.setObsolete(self._after == self._before)
        return True

    def apply(self, store: KnowledgeBase) -> None:
        write_chunk(store, self._chunk_id, self._after)

    def take_back(self, store: KnowledgeBase) -> None:
        write_chunk(store, self._chunk_id, self._before)

    def preview(self, row: Chunk) -> Chunk:
        return replace(row, content=self._after, is_edited=True)

    def preview_back(self, row: Chunk) -> Chunk:
        return replace(row, content=self._before)


class FlagChunks(ChunkCommand):
    """Exclude, include, delete or put back many chunks at once; what was so already stays so when it is undone."""

    def __init__(self, shell: Shell, flag: str, ids: Iterable[int], value: bool) -> None:
        """flag: "excluded" or "deleted"."""
        super().__init__(shell, "", IdRanges(ids))  # a million neighbours are one range
        self._flag, self._value = flag, value
        self._flagged: Flagged | None = None
        self._name(len(self._ids))

    def apply(self, store: KnowledgeBase) -> None:
        self._flagged = store.flag_chunks(self._ids, self._flag, self._value)

    def take_back(self, store: KnowledgeBase) -> None:
        store.unflag_chunks(self._flagged)

    def preview(self, row: Chunk) -> Chunk:
        return replace(row, **{f"is_{self._flag}": self._value})

    def preview_back(self, row: Chunk) -> Chunk:
        return replace(row, **{f"is_{self._flag}": self._value != (row.id in self._flagged.ids)})

    def applied(self) -> None:
        if not len(self._flagged) and not self._flagged.causes:
            self.setObsolete(True)
        self._name(len(self._flagged))

    def _name(self, count: int) -> None:
        texts = {
            ("excluded", True): ngettext("exclusion of {n:,} chunk", "exclusion of {n:,} chunks", count),
            ("excluded", False): ngettext("inclusion of {n:,} chunk", "inclusion of {n:,} chunks", count),
            ("deleted", True): ngettext("deletion of {n:,} chunk", "deletion of {n:,} chunks", count),
            ("deleted", False): ngettext("return of {n:,} chunk", "return of {n:,} chunks", count),
        }
        self.setText(texts[self._flag, self._value].format(n=count))


class KeepInstead(ChunkCommand):
    """A repeat stays in training, and the chunk that it repeats is left out."""

    def __init__(self, shell: Shell, repeat_id: int, original_id: int) -> None:
        super().__init__(shell, _("exchange of two chunks"), IdRanges([repeat_id, original_id]))
        self._repeat_id, self._original_id = repeat_id, original_id
        self._flagged: list[Flagged] = []

    def apply(self, store: KnowledgeBase) -> None:
        with store.transaction():
            self._flagged = [
                store.flag_chunks([self._repeat_id], "excluded", False),
                store.flag_chunks([self._original_id], "excluded", True),
            ]

    def take_back(self, store: KnowledgeBase) -> None:
        with store.transaction():
            for flagged in reversed(self._flagged):
                store.unflag_chunks(flagged)

    def preview(self, row: Chunk) -> Chunk:
        return replace(row, is_excluded=row.id == self._original_id)


class SwapChunks(ChunkCommand):
    """Some chunks in place of others: a split, or neighbours that become one."""

    def __init__(self, shell: Shell, swap: Swap, text: str) -> None:
        """``swap`` is what the knowledge base made of a split or a merge, not yet applied."""
        super().__init__(shell, text, IdRanges(row.id for row in (*swap.removed, *swap.added)))
        self._swap = swap

    @property
    def first_id(self) -> int:
        """The first of the chunks that it puts in place."""
        return self._swap.added[0].id

    def apply(self, store: KnowledgeBase) -> None:
        store.swap(self._swap)

    def take_back(self, store: KnowledgeBase) -> None:
        store.swap(self._swap.reversed())


class RestoreChunks(ChunkCommand):
    """Many chunks get their first text back."""

    def __init__(self, shell: Shell, ids: Iterable[int]) -> None:
        """Of the ids, those that were edited are restored."""
        store = shell.knowledge_base
        edited = IdRanges(store.chunk_ids(flag="edited")) & IdRanges(ids)
        self._before = {chunk.id: chunk.content for chunk in store.chunks(list(edited))}
        text = ngettext("return of {n:,} chunk to its original", "return of {n:,} chunks to their originals", len(self._before))
        super().__init__(shell, text.format(n=len(self._before)), edited)

    @property
    def count(self) -> int:
        """How many chunks it restores."""
        return len(self._before)

    def apply(self, store: KnowledgeBase) -> None:
        originals = ((chunk_id, store.original(chunk_id)) for chunk_id in self._before)
        _write(store, {chunk_id: text for chunk_id, text in originals if text is not None})

    def take_back(self, store: KnowledgeBase) -> None:
        _write(store, self._before)


def _write(store: KnowledgeBase, contents: dict[int, str]) -> None:
    with store.transaction():
        for chunk_id, content in contents.items():
            write_chunk(store, chunk_id, content)


def write_chunk(store: KnowledgeBase, chunk_id: int, content: str) -> None:
    """Give a chunk a new text, with its tokens counted as those of its document were.

    Raises:
        UserError: the chunk is gone.
    """
    chunk = store.chunk(chunk_id)
    count = token_counter(chunk) if chunk else None
    store.edit_chunk(chunk_id, content, count(content) if count else None, assess)


def token_counter(chunk: Chunk) -> Callable[[str], int] | None:
    """Counts as the tokenizer that the chunk was cut with; None where that is no longer on this computer."""
    try:
        return _tokenizer(chunk.metadata.get("tokenizer", "")).count
    except UserError:
        return None
