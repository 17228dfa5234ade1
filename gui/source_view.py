"""Where a chunk comes from: the page of its PDF, or its place in the text that was read, with the passage marked."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QImage, QKeyEvent, QKeySequence, QTextCharFormat, QTextCursor
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QPlainTextEdit,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from gui import theme
from gui.difference import marks
from gui.elided_label import ElidedLabel
from gui.empty_note import EmptyNote
from gui.hit_delegate import marker
from gui.icon import icon
from gui.job_thread import JobThread
from gui.page_view import ZOOMS, PageView
from gui.shell import Shell
from gui.thread_end import connect_end
from services.documents.pdf_picture import PagePicture
from services.documents.reading import PagePictures
from services.records import Chunk, Document
from services.translation import _

AROUND = 4000  # characters of the text that are shown before and after the passage


@dataclass(frozen=True, slots=True)
class _Wanted:
    """A picture that was asked for."""

    path: Path
    page: int
    width: int
    passage: str


class SourceView(QWidget):
    """Follows the chunk that is shown; pictures are drawn in a thread. Signals: ``closed``."""

    closed = Signal()

    DELAY_MS = 120  # rows that are only passed by are not drawn
    IDLE_MS = 60_000  # then the process that draws ends

    def __init__(self, shell: Shell, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._shell = shell
        self._chunk: Chunk | None = None
        self._document: Document | None = None
        self._read: tuple[Document, str] | None = None  # the text of the last document: a long one takes a while
        self._passage = ""
        self._page, self._page_count = 0, 0
        self._shown: tuple[Path, int, str] | None = None
        self._thread: JobThread | None = None
        self._running: _Wanted | None = None
        self._wanted: _Wanted | None = None
        self._timer = QTimer(self, singleShot=True, interval=self.DELAY_MS)
        self._timer.timeout.connect(self._draw)
        self._pictures = PagePictures()
        self.destroyed.connect(self._pictures.close)
        self._idle = QTimer(self, singleShot=True, interval=self.IDLE_MS)
        self._idle.timeout.connect(self.rest)

        self.heading = ElidedLabel()
        theme.set_role(self.heading, "strong")
        self.note = QLabel(wordWrap=True)
        theme.set_role(self.note, "muted")
        self.page = PageView()
        self.page.width_wanted.connect(self._ask_soon)
        self.page.zoomed.connect(self._say)
        self._waiting = EmptyNote(self.page)
        self.text = QPlainTextEdit(readOnly=True, tabChangesFocus=True)
        self.text.setAccessibleName(_("Text of the document around the chunk"))
        self._stack = QStackedWidget()
        for view in (QWidget(), self.page, self.text):
            self._stack.addWidget(view)
        self.buttons: dict[str, QToolButton] = {}
        self._lay_out()

    def show_chunk(self, chunk: Chunk | None) -> None:
        """Follow this chunk; what is not on the screen is not drawn."""
        is_same = chunk is not None and self._chunk is not None and chunk.id == self._chunk.id
        self._chunk = chunk
        if self.isVisible() and not is_same:
            self._begin()

    def showEvent(self, event: object) -> None:
        super().showEvent(event)
        self._begin()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.closed.emit()
            return
        super().keyPressEvent(event)

    def turn(self, pages: int) -> None:
        """Go on (1) or back (-1)."""
        if self._is_picture() and 1 <= self._page + pages <= max(self._page_count, self._page):
            self._page += pages
            self._say()
            self._ask_soon()

    def rest(self) -> None:
        """End the process that draws, unless it is drawing; the next page starts it again."""
        self._timer.stop()
        self._wanted = None
        if self._thread is None:
            self._pictures.close()
        else:
            self._idle.start()

    def _begin(self) -> None:
        chunk, store = self._chunk, self._shell.knowledge_base
        self._document = store.document_by_source(chunk.source) if chunk else None
        self._wanted = None
        if chunk is None or self._document is None:
            self._show_nothing(_("Nothing is known of the document that this chunk comes from.") if chunk else "")
            return
        if self._read is None or self._read[0] != self._document:
            self._read = (self._document, store.document_text(self._document.id).content)
        text = self._read[1]
        start, end = chunk.metadata.get("start"), chunk.metadata.get("end")
        has_place = isinstance(start, int) and isinstance(end, int) and 0 <= start < end <= len(text)
        self._passage = text[start:end] if has_place else chunk.content
        self._page = chunk.metadata.get("page") or 0
        path = Path(self._document.path)
        if self._document.format == "pdf" and self._page and path.is_file():
            self._page_count = max(self._document.page_count, self._page)
            self.note.hide()
            self._stack.setCurrentWidget(self.page)
            self._say()
            self._ask_soon()
            return
        if has_place:
            is_missing = bool(self._document.path) and not path.exists()
            self._show_text(text, start, end)
            self.note.setText(
                _("The file is no longer at {path}. This is the text that was read from it.").format(path=path)
                if is_missing and self._document.format == "pdf" else ""
            )  # fmt: skip
            self.note.setVisible(bool(self.note.text()))
            return
        self._show_nothing(_("The place of this chunk in {source} is not known.").format(source=chunk.source))

    # Pictures

    def _is_picture(self) -> bool:
        return self._stack.currentWidget() is self.page

    def _ask_soon(self, _width: int = 0) -> None:
        self._timer.start()

    def _draw(self) -> None:
        if self._document is None or not self._is_picture() or not self.isVisible():
            return
        wanted = _Wanted(Path(self._document.path), self._page, max(64, self.page.wanted_width()), self._passage)
        if self._thread is not None:
            self._wanted = wanted  # one at a time, the last one asked for next
            return
        self._running, self._wanted = wanted, None
        self._waiting.say("" if self.page.has_page else _("The page is being drawn…"))

        pictures = self._pictures
        self._idle.start()

        def draw(_emit: Callable[..., None], _cancelled: threading.Event) -> PagePicture:
            return pictures.picture(wanted.path, wanted.page, wanted.width, wanted.passage)

        self._thread = self._shell.run_beside(draw)
        self._thread.succeeded.connect(self._show_picture)
        self._thread.failed.connect(self._fail)
        connect_end(self._thread, self._finish)

    def _show_picture(self, picture: PagePicture) -> None:
        drawn = self._running
        if self._wanted is not None or self._document is None or drawn.path != Path(self._document.path):
            return  # another one is wanted by now
        if not self._is_picture() or drawn.page != self._page:
            return
        self._page_count = picture.page_count
        image = QImage.fromData(picture.png)
        self._waiting.say("")
        is_same_page = self._shown == (drawn.path, drawn.page, drawn.passage)
        self._shown = (drawn.path, drawn.page, drawn.passage)
        self.page.show_page(image, picture.marks, drawn.page, is_same_page=is_same_page)
        self._say()

    def _fail(self, error: Exception) -> None:
        if self._wanted is None:
            self._show_nothing(str(error))

    def _finish(self, _conclusion: object = None) -> None:
        self._thread = None
        if self._wanted is not None:
            self._draw()

    # Words

    def _show_text(self, text: str, start: int, end: int) -> None:
        """The passage amid its surroundings, which begin and end with a line."""
        first = text.rfind("\n", 0, max(0, start - AROUND)) + 1 if start > AROUND else 0
        last = text.find("\n", end + AROUND)
        last = min(len(text), end + 2 * AROUND) if last < 0 or last > end + 2 * AROUND else last
        before, after = ("…\n" if first else ""), ("\n…" if last < len(text) else "")
        self.text.setPlainText(before + text[first:last] + after)
        place = start - first + len(before)
        look = QTextCharFormat()
        look.setBackground(marker())
        mark = marks(self.text, [(place, place + end - start)], look)
        self.text.setExtraSelections(mark)
        self._stack.setCurrentWidget(self.text)
        here = QTextCursor(mark[0].cursor)
        here.setPosition(here.selectionStart())
        self.text.moveCursor(QTextCursor.MoveOperation.End)  # so that the passage comes to the top, not to the bottom
        self.text.setTextCursor(here)
        self.text.ensureCursorVisible()
        self._say()

    def _show_nothing(self, why: str) -> None:
        self.page.clear_page()
        self._shown = None
        self.note.setText(why)
        self.note.setVisible(bool(why))
        self._stack.setCurrentIndex(0)
        self._say()

    def _say(self) -> None:
        is_picture = self._is_picture()
        if is_picture:
            self.heading.setText(_("Page {page} of {count}").format(page=self._page, count=self._page_count))
        else:
            self.heading.setText(_("In the document") if self._stack.currentWidget() is self.text else _("Source"))
        for name, button in self.buttons.items():
            button.setVisible(is_picture or name == "close")
        self.buttons["back"].setEnabled(self._page > 1)
        self.buttons["on"].setEnabled(self._page < self._page_count)
        self.buttons["smaller"].setEnabled(self.page.zoom > ZOOMS[0])
        self.buttons["larger"].setEnabled(self.page.zoom < ZOOMS[-1])
        self.buttons["fit"].setEnabled(self.page.zoom != 1.0)

    def _turn_back(self) -> None:
        self.turn(-1)

    def _turn_on(self) -> None:
        self.turn(1)

    def _zoom_in(self) -> None:
        self.page.step_zoom(1)

    def _zoom_out(self) -> None:
        self.page.step_zoom(-1)

    def _zoom_fit(self) -> None:
        self.page.set_zoom(1.0)

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(2)
        head.addWidget(self.heading, 1)
        for name, picture, text, keys, slot in (
            ("back", "chevron-left", _("Previous page"), "Alt+PgUp", self._turn_back),
            ("on", "chevron-right", _("Next page"), "Alt+PgDown", self._turn_on),
            ("smaller", "zoom-out", _("Smaller"), "Alt+-", self._zoom_out),
            ("larger", "zoom-in", _("Larger"), "Alt++", self._zoom_in),
            ("fit", "fit-width", _("As wide as the view"), "Alt+0", self._zoom_fit),
            ("close", "close", _("Close the source"), "", self.closed),
        ):
            button = QToolButton(icon=icon(picture), accessibleName=text, toolTip=text)
            if keys:
                button.setShortcut(QKeySequence(keys))
                button.setToolTip(f"{text} ({QKeySequence(keys).toString(QKeySequence.SequenceFormat.NativeText)})")
            button.clicked.connect(slot)
            policy = button.sizePolicy()
            policy.setRetainSizeWhenHidden(True)
            button.setSizePolicy(policy)
            head.addWidget(button)
            self.buttons[name] = button
        self.note.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.note.hide()
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(4)
        column.addLayout(head)
        column.addWidget(self.note)
        column.addWidget(self._stack, 1)
