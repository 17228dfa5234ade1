"""What is known of one base model, in sentences: what it is, whether it fits, what its licence wants."""

from __future__ import annotations

import os

from PySide6.QtCore import Qt, QUrl, Signal
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import (
    QFormLayout,
    QFrame,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from gui import theme
from gui.base_model_row import ModelRow
from gui.icon import icon
from gui.mark import Mark
from services.models.base import STARTER_NAME
from services.models.cache import commit_of
from services.models.demand import FITS, TIGHT, UNKNOWN, Room
from services.models.gguf import FAMILIES
from services.translation import _

_MARKS = {FITS: ("success", "success"), TIGHT: ("warning", "warning"), UNKNOWN: ("question", "muted")}


class ModelDetails(QScrollArea):
    """
    Signals:
        token_wanted: the person wants to put in an access token.
    """

    token_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent, widgetResizable=True, horizontalScrollBarPolicy=Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setAccessibleName(_("About this model"))
        self._url = ""
        self.title, self.name = _text("heading"), _text("caption")
        self.kind, self.licence = _text(), _text("caption")
        self.fit, self._fit_mark = _text(), Mark()
        self.gated, self.problem, self.gguf = _text(), _text(), _text("caption")
        self.facts = QFormLayout(labelAlignment=Qt.AlignmentFlag.AlignLeft, rowWrapPolicy=QFormLayout.RowWrapPolicy.DontWrapRows)
        self.facts.setContentsMargins(0, 0, 0, 0)
        self.facts.setHorizontalSpacing(theme.PAD)
        self.facts.setVerticalSpacing(4)
        self.facts.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
        self.page_button = QPushButton(icon("arrow-right", "accent"), _("Open its page"))
        self.token_button = QPushButton(_("Access token…"))
        theme.set_role(self.page_button, "link")
        self._problem_row = _row(Mark("error", "danger"), self.problem)
        self._fit_row = _row(self._fit_mark, self.fit)
        self._gated_row = _row(Mark("info", "accent"), self.gated)
        buttons = QHBoxLayout()
        buttons.setSpacing(theme.GAP)
        buttons.addWidget(self.page_button)
        buttons.addWidget(self.token_button)
        buttons.addStretch()

        self._inside = QWidget()
        column = QVBoxLayout(self._inside)
        column.setContentsMargins(theme.GAP, 0, theme.GAP, 0)
        column.setSpacing(theme.GAP)
        for part in (self.title, self.name, self._problem_row, self.kind, self._fit_row):
            column.addWidget(part)
        column.addSpacing(theme.GAP)
        column.addLayout(self.facts)
        for part in (self.licence, self.gguf, self._gated_row):
            column.addWidget(part)
        column.addLayout(buttons)
        column.addStretch()
        self.setWidget(self._inside)
        self.page_button.clicked.connect(self._open_page)
        self.token_button.clicked.connect(self.token_wanted)
        self.show_row(None, None)

    def show_row(self, row: ModelRow | None, room: Room | None) -> None:
        """Show one; without one the pane is empty."""
        self._inside.setVisible(row is not None)
        while self.facts.rowCount():
            self.facts.removeRow(0)
        if row is None or room is None:
            return
        card = row.card
        self.title.setText(card.title)
        self.name.setText(card.name if card.name != STARTER_NAME else _("comes with the program"))
        self.problem.setText(card.why_not)
        self._problem_row.setVisible(bool(card.why_not))
        self.kind.setText(card.kind_sentence)
        self.fit.setText(row.verdict.sentence(room))
        self._fit_mark.show_icon(*_MARKS.get(row.verdict.grade, ("error", "danger")))
        size = _("On the disk") if row.is_here else _("To download")
        commit = commit_of(card.folder) if card.folder else ""
        for label, value in (
            (_("Parameters"), row.say_parameters()), (size, row.say_size()), (_("Languages"), card.languages),
            (_("Longest text"), row.say_context()), (_("Downloads"), row.say_downloads()), (_("Changed"), card.changed),
            (_("Commit"), commit[:10]), (_("Licence"), card.licence_name),
        ):  # fmt: skip
            if value:
                caption, field = QLabel(label), _text()
                theme.set_role(caption, "muted")
                field.setText(value)
                self.facts.addRow(caption, field)
        self.licence.setText(card.licence_sentence)
        is_known = not card.model_type or card.model_type in FAMILIES
        self.gguf.setText("" if is_known else _("It can be exported as Safetensors; GGUF, for Ollama, is not written for its kind yet."))
        self.gguf.setVisible(not is_known)
        self._show_way_to_the_hub(row)

    def _show_way_to_the_hub(self, row: ModelRow) -> None:
        card = row.card
        is_of_hub = card.name.count("/") == 1 and (card.folder is None or row.cached is not None)
        self._url = f"{os.environ.get('HF_ENDPOINT') or 'https://huggingface.co'}/{card.name}" if is_of_hub else ""
        must_ask = card.is_gated and not row.is_here
        self.gated.setText(
            _("Given to those who accept its terms: open its page, log in and accept them, and put in an access token.")
        )
        self._gated_row.setVisible(must_ask)
        self.page_button.setVisible(is_of_hub)
        self.token_button.setVisible(must_ask)

    def _open_page(self) -> None:
        QDesktopServices.openUrl(QUrl(self._url))


def _text(role: str = "") -> QLabel:
    label = QLabel(wordWrap=True, textFormat=Qt.TextFormat.PlainText)
    label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
    label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
    if role:
        theme.set_role(label, role)
    return label


def _row(mark: Mark, text: QLabel) -> QWidget:
    holder = QWidget()
    row = QHBoxLayout(holder)
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(theme.GAP)
    row.addWidget(mark, alignment=Qt.AlignmentFlag.AlignTop)
    row.addWidget(text, 1)
    return holder
