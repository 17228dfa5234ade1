"""What the window shows while no project is open: begin, go on, or try it."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QScrollArea, QVBoxLayout, QWidget

from gui import theme
from gui.icon import icon
from gui.notices import NoticeArea
from services.translation import _

_STEPS = (
    ("documents", _("Add your documents"), _("They become a knowledge base that you can read and correct.")),
    ("model", _("A model reads them"), _("It learns what they say, on this computer.")),
    ("pairs", _("Questions and answers"), _("Made from the same text, reviewed by you.")),
    ("chat", _("Ask it"), _("Your own model answers, and can be exported.")),
)


class StartPage(QWidget):
    """Signals say what the person wants; the window does it."""

    new_wanted = Signal()
    open_wanted = Signal()
    sample_wanted = Signal()
    project_wanted = Signal(object)  # Path

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.notices = NoticeArea()
        title = QLabel("Wissenswerk")
        theme.set_role(title, "title")
        purpose = QLabel(_("From your documents to a language model of your own, in four steps."))
        theme.set_role(purpose, "muted")
        self.new_button = QPushButton(icon("plus", "accent_text"), _("New project"))
        theme.set_role(self.new_button, "primary")
        self.new_button.clicked.connect(self.new_wanted)
        self.open_button = QPushButton(icon("folder"), _("Open a project…"))
        self.open_button.clicked.connect(self.open_wanted)
        self.sample_button = QPushButton(icon("sample"), _("Try it with the sample"))
        self.sample_button.setToolTip(_("A project about an invented island, ready to be read."))
        self.sample_button.clicked.connect(self.sample_wanted)
        buttons = QHBoxLayout()
        buttons.setSpacing(theme.GAP)
        for button in (self.new_button, self.open_button, self.sample_button):
            buttons.addWidget(button)
        buttons.addStretch(1)

        self._recent = QVBoxLayout()
        self._recent.setSpacing(0)
        self._recent_heading = QLabel(_("Go on with"))
        theme.set_role(self._recent_heading, "strong")

        middle = QVBoxLayout()
        middle.setSpacing(theme.GAP)
        middle.addWidget(title)
        middle.addWidget(purpose)
        middle.addSpacing(theme.PAD)
        middle.addLayout(_steps())
        middle.addSpacing(theme.PAD)
        middle.addLayout(buttons)
        middle.addSpacing(theme.GROUP)
        middle.addWidget(self._recent_heading)
        middle.addLayout(self._recent)
        content = QWidget()
        content.setMaximumWidth(self.fontMetrics().averageCharWidth() * 130)
        content.setLayout(middle)
        holder = QWidget()
        around = QVBoxLayout(holder)
        around.addStretch(2)
        inner = QHBoxLayout()
        inner.addStretch(1)
        inner.addWidget(content, 6)
        inner.addStretch(1)
        around.addLayout(inner)
        around.addStretch(3)
        area = QScrollArea(widgetResizable=True)
        area.setWidget(holder)
        area.setFrameShape(QFrame.Shape.NoFrame)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, theme.GAP, 0, 0)
        column.addWidget(self.notices)
        column.addWidget(area, 1)

    def show_recent(self, folders: list[Path]) -> None:
        """List these projects, newest first."""
        while item := self._recent.takeAt(0):
            item.widget().hide()
            item.widget().deleteLater()
        self._recent_heading.setVisible(bool(folders))
        for folder in folders[:6]:
            self._recent.addWidget(self._recent_button(folder))

    def recent_buttons(self) -> list[QPushButton]:
        return [self._recent.itemAt(place).widget() for place in range(self._recent.count())]

    def _recent_button(self, folder: Path) -> QPushButton:
        button = QPushButton(icon("project", "accent"), folder.name)
        theme.set_role(button, "link")
        button.setToolTip(str(folder))
        button.setProperty("folder", str(folder))
        button.setAccessibleName(_("Open the project {name}").format(name=folder.name))
        button.clicked.connect(self._open_recent)
        return button

    def _open_recent(self) -> None:
        self.project_wanted.emit(Path(self.sender().property("folder")))


def _steps() -> QHBoxLayout:
    """The four phases in a row, as four cards."""
    row = QHBoxLayout()
    row.setSpacing(theme.GAP)
    for number, (name, heading, text) in enumerate(_STEPS, 1):
        card = QFrame()
        theme.set_role(card, "card")
        mark = QLabel()
        mark.setPixmap(icon(name, "accent").pixmap(QSize(28, 28)))
        title = QLabel(f"{number}. {heading}", wordWrap=True)
        theme.set_role(title, "strong")
        body = QLabel(text, wordWrap=True)
        theme.set_role(body, "muted")
        column = QVBoxLayout(card)
        column.setContentsMargins(theme.PAD, theme.PAD, theme.PAD, theme.PAD)
        column.setSpacing(6)
        column.addWidget(mark)
        column.addWidget(title)
        column.addWidget(body, 1, Qt.AlignmentFlag.AlignTop)
        row.addWidget(card, 1)
    return row
