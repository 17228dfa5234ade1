"""Files from outside: what a drop or the clipboard holds, the empty tab that asks for them, the veil while dragging."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QEvent, QMimeData, QObject, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QDragEnterEvent,
    QDropEvent,
    QGuiApplication,
    QKeyEvent,
    QKeySequence,
    QPainter,
    QPaintEvent,
    QPen,
)
from PySide6.QtWidgets import (
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QTextEdit,
    QVBoxLayout,
    QWidget,
)

from gui import theme
from gui.icon import icon
from services.documents.format import FORMATS
from services.translation import _, ngettext

# Formats that are named where there is little room.
COMMON = {"pdf": _("PDF"), "docx": _("Word"), "html": _("web pages"), "text": _("plain text")}


def paths_of(data: QMimeData) -> list[Path]:
    """The local files and folders that a drop or the clipboard holds."""
    return [Path(url.toLocalFile()) for url in data.urls() if url.isLocalFile()] if data.hasUrls() else []


def say_formats() -> str:
    """The formats that most people have, and how many more there are."""
    names = ", ".join(COMMON.values())
    more = sum(format_.name not in COMMON for format_ in FORMATS)
    if not more:
        return names
    return ngettext("{names} and {n} more kind", "{names} and {n} more kinds", more).format(names=names, n=more)


class EmptyState(QWidget):
    """The whole tab as one drop area, with buttons that do the same."""

    files_wanted = Signal()
    folder_wanted = Signal()
    sample_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        side = self.fontMetrics().height() * 3
        mark = QLabel(alignment=Qt.AlignmentFlag.AlignCenter)
        mark.setPixmap(icon("drop", "accent").pixmap(QSize(side, side), self.devicePixelRatioF()))
        heading = QLabel(_("Drop your documents here"), alignment=Qt.AlignmentFlag.AlignCenter)
        theme.set_role(heading, "heading")
        text = QLabel(
            _("They are read on this computer and cut into chunks: the knowledge that your model will learn.")
            + "\n" + _("{formats}; files or whole folders. Your files are only read.").format(formats=say_formats()),
            alignment=Qt.AlignmentFlag.AlignCenter, wordWrap=True,
        )  # fmt: skip
        theme.set_role(text, "muted")
        self.files_button = QPushButton(icon("add-files", "accent_text"), _("Add files…"))
        theme.set_role(self.files_button, "primary")
        self.files_button.clicked.connect(self.files_wanted)
        self.folder_button = QPushButton(icon("add-folder"), _("Add a folder…"))
        self.folder_button.clicked.connect(self.folder_wanted)
        self.sample_button = QPushButton(icon("sample", "accent"), _("Try it with the sample"))
        theme.set_role(self.sample_button, "link")
        self.sample_button.clicked.connect(self.sample_wanted)
        buttons = QHBoxLayout()
        buttons.setSpacing(theme.GAP)
        buttons.addStretch(1)
        buttons.addWidget(self.files_button)
        buttons.addWidget(self.folder_button)
        buttons.addStretch(1)
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.PAD * 3, theme.PAD * 2, theme.PAD * 3, theme.PAD * 2)
        column.setSpacing(theme.GAP)
        column.addStretch(2)
        column.addWidget(mark)
        column.addWidget(heading)
        column.addWidget(text)
        column.addSpacing(theme.PAD)
        column.addLayout(buttons)
        column.addWidget(self.sample_button, alignment=Qt.AlignmentFlag.AlignCenter)
        column.addStretch(3)

    def paintEvent(self, event: QPaintEvent) -> None:
        _paint_frame(self, theme.colors().border)


class DropVeil(QWidget):
    """Covers its parent while files are dragged over it, and takes them; the files are read where they are.

    Fields inside the parent give files on to it, dropped or pasted: none becomes the text of its address.
    """

    dropped = Signal(object)  # list[Path]

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._text = ""
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.hide()
        for field in parent.findChildren(QWidget):
            if field.acceptDrops():
                field.setAcceptDrops(False)
            if isinstance(field, (QLineEdit, QPlainTextEdit, QTextEdit)):
                field.installEventFilter(self)
        parent.setAcceptDrops(True)
        parent.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        kind = event.type()
        if watched is not self.parent():
            return kind == QEvent.Type.ShortcutOverride and self._pass_on(event)
        if kind in (QEvent.Type.DragEnter, QEvent.Type.DragMove):
            return self._enter(event)
        if kind == QEvent.Type.DragLeave:
            self.hide()
        elif kind == QEvent.Type.Drop:
            return self._drop(event)
        elif kind == QEvent.Type.Resize:
            self.setGeometry(self.parentWidget().rect())
        return False

    def _pass_on(self, event: QKeyEvent) -> bool:
        """Files that are pasted into a field are the tab's: its shortcut gets the keys."""
        if not event.matches(QKeySequence.StandardKey.Paste) or not paths_of(QGuiApplication.clipboard().mimeData()):
            return False
        event.ignore()
        return True

    def _enter(self, event: QDragEnterEvent) -> bool:
        paths = paths_of(event.mimeData())
        if not paths:
            return False
        # Always a copy: a move would have the file manager delete the person's document.
        event.setDropAction(Qt.DropAction.CopyAction)
        event.accept()
        self._text = (
            _("Drop to add {name}").format(name=paths[0].name) if len(paths) == 1
            else _("Drop to add {n} files").format(n=len(paths))
        )  # fmt: skip
        self.setGeometry(self.parentWidget().rect())
        self.raise_()
        self.show()
        return True

    def _drop(self, event: QDropEvent) -> bool:
        self.hide()
        paths = paths_of(event.mimeData())
        if not paths:
            return False
        event.setDropAction(Qt.DropAction.CopyAction)
        event.accept()
        self.dropped.emit(paths)
        return True

    def paintEvent(self, event: QPaintEvent) -> None:
        scheme = theme.colors()
        painter = QPainter(self)
        veil = QColor(scheme.window)
        veil.setAlphaF(0.88)
        painter.fillRect(self.rect(), veil)
        font = self.font()
        font.setPixelSize(round(font.pixelSize() * 1.3))
        painter.setFont(font)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        words = painter.boundingRect(self.rect(), Qt.AlignmentFlag.AlignCenter, self._text)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(scheme.accent))
        painter.drawRoundedRect(words.adjusted(-theme.GROUP, -theme.PAD, theme.GROUP, theme.PAD), 8, 8)
        painter.setPen(QColor(scheme.accent_text))
        painter.drawText(self.rect(), Qt.AlignmentFlag.AlignCenter, self._text)
        painter.end()
        _paint_frame(self, scheme.accent)


def _paint_frame(widget: QWidget, color: str) -> None:
    painter = QPainter(widget)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(QColor(color), 2, Qt.PenStyle.DashLine))
    frame = QRectF(widget.rect()).adjusted(theme.PAD, theme.PAD, -theme.PAD, -theme.PAD)
    painter.drawRoundedRect(frame, 12, 12)
    painter.end()
