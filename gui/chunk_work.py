"""What the actions on chunks do: to the one in the editor while the cursor is there, else to the selected ones."""

from __future__ import annotations

from collections.abc import Iterable

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QGuiApplication, QUndoCommand
from PySide6.QtWidgets import QApplication

from gui.chunk_action import ChunkActions
from gui.chunk_editor import ChunkEditor
from gui.chunk_table import ChunkTable
from gui.edits import FlagChunks, KeepInstead, RestoreChunks, SwapChunks, token_counter
from gui.repeat_view import RepeatView
from gui.shell import Shell
from services.documents.quality import assess
from services.errors import UserError
from services.records import Chunk
from services.translation import _, ngettext

COPY_LIMIT = 1000
MERGE_LIMIT = 100


class ChunkWork(QObject):
    """Signals: ``commanded(QUndoCommand)`` for the stack of the tab."""

    commanded = Signal(object)

    def __init__(self, shell: Shell, actions: ChunkActions, table: ChunkTable, editor: ChunkEditor, parent: QObject) -> None:
        super().__init__(parent)
        self._shell, self._actions, self._table, self._editor = shell, actions, table, editor
        for name, slot in {
            "split": self.split, "merge_next": self.merge_next, "merge_previous": self.merge_previous,
            "merge": self.merge_selected, "exclude": self.toggle_excluded, "delete": self.toggle_deleted,
            "restore": self.restore, "repeats": self.show_repeats, "keep_instead": self.keep_instead,
            "previous": self._go_up, "next": self._go_down, "copy": self.copy,
        }.items():  # fmt: skip
            actions[name].triggered.connect(slot)
        note = editor.note
        note.comparison_wanted.connect(self.show_repeats)
        note.replacement_wanted.connect(self.keep_instead)
        note.inclusion_wanted.connect(self._include)
        note.chunk_wanted.connect(table.show_chunk)
        table.selection_changed.connect(self._update)
        editor.shown.connect(self._update)
        self._update()

    def split(self) -> None:
        """Two chunks of the one in the editor, cut where the cursor stands."""
        self._editor.save()
        chunk = self._editor.chunk
        if chunk is None:
            return
        count = token_counter(chunk) or _estimate
        self._shell.writes.finish()  # the parts get the flags of the whole
        try:
            swap = self._shell.knowledge_base.split_chunk(chunk.id, self._editor.text.place(), count, assess)
        except UserError as error:
            self._tell(error)
            return
        self._swap(SwapChunks(self._shell, swap, _("split of a chunk")))

    def merge_next(self) -> None:
        self._merge_neighbour(1)

    def merge_previous(self) -> None:
        self._merge_neighbour(-1)

    def merge_selected(self) -> None:
        """One chunk of the selected neighbours, in the order of their document."""
        ids = self._table.selected_ids()
        if len(ids) > MERGE_LIMIT:
            self._tell(_("{n:,} chunks are too many to merge: select at most {most}.").format(n=len(ids), most=MERGE_LIMIT))
        elif len(ids) > 1:
            chunks = sorted(self._shell.knowledge_base.chunks(ids), key=lambda chunk: (chunk.source, chunk.chunk_index))
            self._merge(chunks)

    def toggle_excluded(self) -> None:
        ids = self._ids()
        if len(ids):
            self._run(FlagChunks(self._shell, "excluded", ids, not self._are("excluded")))

    def toggle_deleted(self) -> None:
        ids = self._ids()
        if len(ids):
            self._run(FlagChunks(self._shell, "deleted", ids, not self._are("deleted")))

    def restore(self) -> None:
        """The first texts back, of those among them that were edited."""
        self._shell.writes.finish()  # what it was before comes back with undo
        command = RestoreChunks(self._shell, self._ids())
        if command.count:
            self._run(command)

    def show_repeats(self) -> None:
        """The chunk beside those that say the same."""
        chunk, store = self._editor.chunk, self._shell.knowledge_base
        group = store.chunks(store.repeats_of(chunk.id)) if chunk is not None else []
        if len(group) < 2:
            return
        view = RepeatView(group, chunk.id, self._editor)
        view.replacement_wanted.connect(self._replace)
        view.inclusion_wanted.connect(self._include)
        view.chunk_wanted.connect(self._table.show_chunk)
        view.show()

    def keep_instead(self) -> None:
        """The chunk in the editor in training, instead of the one that it repeats."""
        chunk = self._editor.chunk
        if chunk is not None and chunk.duplicate_of is not None:
            self._replace(chunk.id, chunk.duplicate_of)

    def copy(self) -> None:
        chunks = self._shell.knowledge_base.chunks(self._table.selected_ids()[:COPY_LIMIT])
        QGuiApplication.clipboard().setText("\n\n".join(chunk.content for chunk in chunks))

    def _merge_neighbour(self, direction: int) -> None:
        chunk, store = self._editor.chunk, self._shell.knowledge_base
        if chunk is None:
            return
        ids = store.chunk_ids(document=chunk.source, order="chunk_index")
        row = ids.index(chunk.id) + direction
        if 0 <= row < len(ids):
            self._merge(store.chunks(sorted((ids[row], chunk.id), key=ids.index)))
        else:
            text = _("This is the last chunk of {source}.") if direction > 0 else _("This is the first chunk of {source}.")
            self._tell(text.format(source=chunk.source))

    def _merge(self, chunks: list[Chunk]) -> None:
        self._editor.save()
        count = token_counter(chunks[0]) or _estimate
        self._shell.writes.finish()
        try:
            swap = self._shell.knowledge_base.merge_chunks([chunk.id for chunk in chunks], count, assess)
        except UserError as error:
            self._tell(error)
            return
        text = ngettext("merging of {n:,} chunk", "merging of {n:,} chunks", len(chunks)).format(n=len(chunks))
        self._swap(SwapChunks(self._shell, swap, text))

    def _replace(self, repeat_id: int, original_id: int) -> None:
        self._run(KeepInstead(self._shell, repeat_id, original_id))

    def _include(self, chunk_id: int | None = None) -> None:
        chunk_id = self._editor.chunk_id if chunk_id is None else chunk_id
        if chunk_id is not None:
            self._run(FlagChunks(self._shell, "excluded", [chunk_id], False))

    def _swap(self, command: SwapChunks) -> None:
        self._run(command)
        self._table.show_chunk(command.first_id, is_jump=False)

    def _run(self, command: QUndoCommand) -> None:
        self._editor.save()
        row = self._table.first_row()
        self.commanded.emit(command)
        if self._shell.writes.is_idle:  # or else as soon as it is
            self._table.reload()
        self._table.fill_place(row)

    def _ids(self) -> Iterable[int]:
        """Which chunks are meant."""
        if self._is_in_editor() and self._editor.chunk_id is not None:
            return [self._editor.chunk_id]
        return self._table.selected_ids()

    def _are(self, flag: str) -> bool:
        if self._is_in_editor() and self._editor.chunk is not None:
            return getattr(self._editor.chunk, f"is_{flag}")
        return self._table.is_selection(flag)

    def _is_in_editor(self) -> bool:
        focus = QApplication.focusWidget()
        return focus is not None and self._editor.isAncestorOf(focus)

    def _go_up(self) -> None:
        self._table.step(-1)

    def _go_down(self) -> None:
        self._table.step(1)

    def _update(self, _chunk: object = None) -> None:
        """What can be done now."""
        actions, chunk, count = self._actions, self._editor.chunk, self._table.selected_count()
        is_live = chunk is not None and not chunk.is_deleted
        row, rows = self._table.view.currentIndex().row(), self._table.model.rowCount()
        actions.set_enabled(
            split=is_live, merge_next=is_live, merge_previous=is_live, merge=count > 1, exclude=count > 0,
            delete=count > 0, copy=count > 0, restore=count > 1 or (is_live and chunk.is_edited),
            difference=chunk is not None and chunk.is_edited, source=chunk is not None,
            repeats=chunk is not None and not self._editor.note.compare_button.isHidden(),
            keep_instead=is_live and chunk.duplicate_of is not None, previous=row > 0, next=-1 < row < rows - 1,
        )  # fmt: skip
        is_excluded, is_deleted = self._table.is_selection("excluded"), self._table.is_selection("deleted")
        actions["exclude"].setText(_("Include again") if is_excluded else _("Exclude"))
        actions["delete"].setText(_("Put back") if is_deleted else _("Delete"))

    def _tell(self, problem: UserError | str) -> None:
        self._shell.notify("warning", str(problem), tab="ingest")


def _estimate(text: str) -> int:
    """Tokens of a text whose tokenizer is not on this computer any more: four letters are about one."""
    return len(text) // 4
