"""The line of descent under the menu: what exists, what is out of date; each part leads to its tab."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QSize, Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QSizePolicy, QToolButton, QWidget

from gui import theme
from gui.icon import icon
from services.records import ModelState, ProjectStatus
from services.translation import _, ngettext

# The state of a part: its icon and colour. "none" is not there yet.
MARKS = {"ready": ("success", "success"), "stale": ("stale", "warning"), "none": ("empty", "muted"), "running": ("running", "accent")}


@dataclass(frozen=True)
class Part:
    """One link of the line; ``short`` is shown where there is no room."""

    phase: str
    state: str
    text: str
    short: str
    reason: str = ""


def parts(status: ProjectStatus) -> list[Part]:
    """The four parts of a project's status."""
    documents = ngettext("{n:,} document", "{n:,} documents", status.document_count).format(n=status.document_count)
    chunks = ngettext("{n:,} chunk", "{n:,} chunks", status.chunk_count).format(n=status.chunk_count)
    pairs = ngettext("{n:,} pair", "{n:,} pairs", status.pair_count).format(n=status.pair_count)
    pair_state = "none" if not status.pair_count else "stale" if status.stale_pair_count else "ready"
    stale_pairs = ngettext(
        "{n:,} pair was made from a chunk that has changed since.",
        "{n:,} pairs were made from chunks that have changed since.",
        status.stale_pair_count,
    ).format(n=status.stale_pair_count)
    none = _("No documents yet")
    return [
        Part("ingest", "ready" if status.chunk_count else "none",
             f"{documents} · {chunks}" if status.document_count or status.chunk_count else none,
             chunks if status.chunk_count else none),
        _model_part("cpt", status.cpt, _("CPT model"), _("No CPT model yet")),
        Part("generate", pair_state, pairs if status.pair_count else _("No pairs yet"),
             pairs if status.pair_count else _("No pairs"), stale_pairs if pair_state == "stale" else ""),
        _finals_part(status.finals),
    ]  # fmt: skip


def _model_part(phase: str, model: ModelState, name: str, none: str) -> Part:
    if not model.exists:
        return Part(phase, "none", none, none)
    text = _("{model}: out of date").format(model=name) if model.is_stale else _("{model}: ready").format(model=name)
    return Part(phase, "stale" if model.is_stale else "ready", text, name, model.reason)


def _finals_part(finals: tuple[ModelState, ...]) -> Part:
    if len(finals) <= 1:
        model = finals[0] if finals else ModelState("final", False)
        return _model_part("sft", model, _("Final model"), _("No final model yet"))
    count = ngettext("{n} final model", "{n} final models", len(finals)).format(n=len(finals))
    stale = [model for model in finals if model.is_stale]
    reason = "\n".join(f"{model.name}: {model.reason}" for model in stale)
    text = _("{models}: {n} out of date").format(models=count, n=len(stale)) if stale else count
    return Part("sft", "stale" if stale else "ready", text, count, reason)


class DescentLine(QWidget):
    """The project's name, which opens its menu, and the four parts."""

    part_clicked = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._parts: list[Part] = []
        self.project_button = QToolButton(popupMode=QToolButton.ToolButtonPopupMode.InstantPopup)
        self.project_button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self.project_button.setIcon(icon("project", "accent"))
        self.project_button.setAccessibleDescription(_("Opens the menu of the project"))
        theme.set_role(self.project_button, "project")
        self.buttons = [QPushButton() for _part in range(4)]
        row = QHBoxLayout(self)
        row.setContentsMargins(theme.PAD - 6, 6, theme.PAD, 0)
        row.setSpacing(2)
        row.addWidget(self.project_button)
        row.addStretch(1)
        for place, button in enumerate(self.buttons):
            if place:
                row.addWidget(_arrow())
            theme.set_role(button, "part")
            button.clicked.connect(self._follow)
            row.addWidget(button)
        # The texts have a short form: the line must not decide how narrow the window can be.
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Fixed)

    def show_status(self, name: str, status: ProjectStatus) -> None:
        self._parts = parts(status)
        self.project_button.setText(name)
        for button, part in zip(self.buttons, self._parts, strict=True):
            button.setIcon(icon(*MARKS[part.state]))
            button.setToolTip(part.reason)
            button.setAccessibleName(part.text)
            button.setAccessibleDescription(part.reason or _("Goes to the tab"))
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def minimumSizeHint(self) -> QSize:
        return QSize(0, super().minimumSizeHint().height())

    def _fit(self) -> None:
        for use_short in (False, True):
            for button, part in zip(self.buttons, self._parts, strict=False):
                button.setText(part.short if use_short else part.text)
            if self.layout().sizeHint().width() <= self.width():
                return

    def _follow(self) -> None:
        self.part_clicked.emit(self._parts[self.buttons.index(self.sender())].phase)


def _arrow() -> QLabel:
    arrow = QLabel("→")
    theme.set_role(arrow, "muted")
    return arrow
