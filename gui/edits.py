"""What a person does to chunks, as commands that can be undone. Each calls the knowledge base and tells the window."""

from __future__ import annotations

import functools
import time
from array import array
from collections.abc import Callable, Sequence

from PySide6.QtGui import QUndoCommand

from gui.shell import Shell
from services.documents.tokenizer import load_tokenizer
from services.errors import UserError
from services.translation import _, ngettext

_tokenizer = functools.lru_cache(maxsize=2)(load_tokenizer)  # a large one takes 0.3 s to load


class ChunkCommand(QUndoCommand):
    """A change of chunks. One that the knowledge base refuses is told in a notice and leaves the undo stack."""

    def __init__(self, shell: Shell, text: str) -> None:
        super().__init__(text)
        self._shell = shell

    def _do(self, change: Callable[[], object]) -> None:
        try:
            change()
        except UserError as error:
            self.setObsolete(True)
            self._shell.notify("error", str(error))
        self._shell.changed("chunk")


class EditChunk(ChunkCommand):
    """A new text for one chunk. What is typed without a pause becomes one command."""

    PAUSE_S = 3.0

    def __init__(self, shell: Shell, chunk_id: int, before: str, after: str, *, text: str = "", can_merge: bool = True) -> None:
        super().__init__(shell, text or _("edit of a chunk"))
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

    def redo(self) -> None:
        self._do(lambda: self._write(self._after))

    def undo(self) -> None:
        self._do(lambda: self._write(self._before))

    def _write(self, content: str) -> None:
        knowledge_base = self._shell.knowledge_base
        chunk = knowledge_base.chunk(self._chunk_id)
        try:
            tokens = _tokenizer(chunk.metadata.get("tokenizer", "")).count(content) if chunk else None
        except UserError:  # that model is no longer on this computer: the count stays as it was
            tokens = None
        knowledge_base.edit_chunk(self._chunk_id, content, tokens)


class FlagChunks(ChunkCommand):
    """Exclude, include, delete or put back many chunks at once; only those that are not so already."""

    def __init__(self, shell: Shell, flag: str, ids: Sequence[int], value: bool) -> None:
        """flag: "excluded" or "deleted"."""
        flagged = set(shell.knowledge_base.chunk_ids(flag=flag))
        self._ids = array("q", (chunk_id for chunk_id in ids if (chunk_id in flagged) != value))
        self._flag, self._value = flag, value
        texts = {
            ("excluded", True): ngettext("exclusion of {n:,} chunk", "exclusion of {n:,} chunks", len(self._ids)),
            ("excluded", False): ngettext("inclusion of {n:,} chunk", "inclusion of {n:,} chunks", len(self._ids)),
            ("deleted", True): ngettext("deletion of {n:,} chunk", "deletion of {n:,} chunks", len(self._ids)),
            ("deleted", False): ngettext("return of {n:,} chunk", "return of {n:,} chunks", len(self._ids)),
        }
        super().__init__(shell, texts[flag, value].format(n=len(self._ids)))

    @property
    def count(self) -> int:
        """How many chunks it changes."""
        return len(self._ids)

    def redo(self) -> None:
        self._do(lambda: self._set(self._value))

    def undo(self) -> None:
        self._do(lambda: self._set(not self._value))

    def _set(self, value: bool) -> None:
        knowledge_base = self._shell.knowledge_base
        (knowledge_base.set_excluded if self._flag == "excluded" else knowledge_base.set_deleted)(self._ids, value)
