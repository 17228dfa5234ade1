"""What a person does to pairs in tab 3: judge, edit, restore, split, merge, each with undo; the dataset's file follows."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QKeySequence, QShortcut, QUndoCommand, QUndoStack
from PySide6.QtWidgets import QWidget

from gui.pair_browser import PAIRS, PairBrowser
from gui.pair_edit import DatasetFile, EditPair, MergePairs, RestorePair, SetPairState, SplitPair
from gui.pair_page import MOST_MERGED
from gui.pair_review import PairReview
from gui.pair_text_dialog import PairTextDialog, Proposal, halves, whole
from gui.shell import Shell
from gui.turn_text import TURNS_UNEVEN
from services.knowledge_base.pair_change import Said
from services.translation import _


class PairWork(QObject):
    """Between the table of pairs, the pane beside it, and the knowledge base."""

    def __init__(
        self, shell: Shell, browser: PairBrowser, review: PairReview, undo_stack: QUndoStack, window: QWidget
    ) -> None:
        """window: over which dialogs open."""
        super().__init__(window)
        self._shell, self._browser, self._review, self._undo_stack, self._window = shell, browser, review, undo_stack, window
        self._pairs = browser.pairs
        self.file = DatasetFile(shell, self)
        self._pairs.judged_all.connect(self.judge_all)
        self._pairs.split_wanted.connect(self.split)
        self._pairs.merge_wanted.connect(self.merge)
        shell.writes.saved.connect(self._write_file)
        review.judged.connect(self.judge)
        review.edited.connect(self.edit)
        review.restore_wanted.connect(self.restore)
        keys = (
            ("A", self._accept), ("E", self._start_editing), ("R", self._reject), ("N", self._next),
            ("P", self._previous), ("S", self.split), ("M", self.merge), ("O", self.restore),
        )  # fmt: skip
        for widget in (self._pairs.table, review):
            for key, slot in keys:
                shortcut = QShortcut(QKeySequence(key), widget, slot)
                shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
        # Only there: beside it, the space bar presses the button that has the focus.
        QShortcut(QKeySequence("Space"), self._pairs.table, self._next).setContext(Qt.ShortcutContext.WidgetShortcut)

    def judge(self, state: str) -> None:
        """Accept or reject the selected pairs, and go on to the next one."""
        if self._browser.page != PAIRS or not (ids := self._pairs.selected()):
            return
        row, current = self._pairs.table.currentIndex().row(), self._pairs.current()
        self._undo_stack.push(SetPairState(self._shell, ids, state))
        stays = current is not None and self._pairs.model.row_of(current.id) >= 0
        self._pairs.go_on_from(row + 1 if stays and len(ids) == 1 else row)

    def judge_all(self, state: str) -> None:
        """Accept or reject every pair that the filter shows."""
        if ids := self._pairs.model.ids[:]:
            self._undo_stack.push(SetPairState(self._shell, ids, state))

    def edit(self, said: tuple[str, ...]) -> None:
        """Let the pair that is shown say this, by turns."""
        if (pair := self._review.pair) is None:
            return
        problem = ""
        if not all(text.strip() for text in said):
            problem = _("A pair needs a question and an answer. To leave this one out, reject it.")
        elif len(said) % 2:
            problem = TURNS_UNEVEN
        if problem:
            self._shell.notify("error", problem)
            self._review.cancel()
            return
        self._undo_stack.push(EditPair(self._shell, pair.id, said))

    def split(self) -> None:
        """Two pairs of the current one, put right by the person before."""
        if self._browser.page != PAIRS or (pair := self._pairs.current()) is None:
            return
        self._ask(
            _("Split a pair"), halves(pair), _("Split"), _("The second one begins with"),
            lambda texts: SplitPair(self._shell, pair.id, texts[0], texts[1]),
        )  # fmt: skip

    def merge(self) -> None:
        """One pair of those selected, put right by the person before."""
        ids = self._pairs.selected()
        if self._browser.page != PAIRS or not 1 < len(ids) <= MOST_MERGED:
            return
        pairs = self._pairs.read(ids)
        self._ask(
            _("Merge {count} pairs").format(count=len(pairs)), whole(pairs), _("Merge"), _("They become"),
            lambda texts: MergePairs(self._shell, [pair.id for pair in pairs], texts[0]),
        )  # fmt: skip

    def restore(self) -> None:
        """Let the current pair say again what it said when it was made."""
        if self._browser.page != PAIRS or (pair := self._pairs.current()) is None or not pair.has_original:
            return
        self._review.cancel()
        self._undo_stack.push(RestorePair(self._shell, pair.id))

    def changed(self) -> None:
        """Pairs of the dataset that is shown are other than they were: the file follows, and everybody who shows them
        looks again."""
        self.file.write(self._browser.dataset)
        self._shell.changed("pair")

    def _write_file(self, table: str, dataset: str) -> None:
        if table == "pair" and dataset:
            self.file.write(dataset)

    def _ask(
        self, title: str, proposals: list[Proposal], ok_text: str, choice: str, made: Callable[[list[Said]], QUndoCommand]
    ) -> None:
        dialog = PairTextDialog(title, proposals, ok_text, choice, self._window)
        dialog.accepted.connect(lambda: self._undo_stack.push(made(dialog.texts)))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def _start_editing(self) -> None:
        if self._browser.page == PAIRS and self._pairs.current() is not None:
            self._review.edit()

    def _accept(self) -> None:
        self.judge("accepted")

    def _reject(self) -> None:
        self.judge("rejected")

    def _next(self) -> None:
        self._pairs.step(1)

    def _previous(self) -> None:
        self._pairs.step(-1)
