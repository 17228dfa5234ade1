"""A chunk beside what it repeats, with the difference marked; a person decides which stays."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QDialogButtonBox,
    QGridLayout,
    QLabel,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from gui import theme
from gui.difference import added_format, differences, marks, removed_format
from gui.elided_label import ElidedLabel
from services.records import Chunk
from services.translation import _, ngettext


class RepeatView(QDialog):
    """The chunks of one group, the one that stays first. Not in the way: the window stays usable while it is open.

    Signals:
        replacement_wanted(int, int): keep the first instead of the second. inclusion_wanted(int): keep both.
        chunk_wanted(int): go to it.
    """

    replacement_wanted = Signal(object, object)
    inclusion_wanted = Signal(object)
    chunk_wanted = Signal(object)

    def __init__(self, group: Sequence[Chunk], shown_id: int, parent: QWidget | None = None) -> None:
        """``group`` has two chunks at least; ``shown_id`` is the one to begin with."""
        super().__init__(parent)
        self.setWindowTitle(_("Chunks that say the same"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._kept, self._others = group[0], list(group[1:])
        heading = QLabel(
            ngettext(
                "{n:,} chunk says the same as the one on the left, or nearly.",
                "{n:,} chunks say the same as the one on the left, or nearly.", len(self._others),
            ).format(n=len(self._others)) + " " + _("Words that differ are marked."),
            wordWrap=True,
        )  # fmt: skip
        self.kept_text, self.other_text = self._text(_("The chunk that stays")), self._text(_("The chunk that repeats it"))
        self._kept_name = ElidedLabel(_name(self._kept))
        theme.set_role(self._kept_name, "strong")
        self.choice = QComboBox(accessibleName=_("Which of the repeats"))
        self.choice.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.choice.setMinimumContentsLength(12)
        for chunk in self._others:
            self.choice.addItem(_name(chunk), chunk.id)
        self.choice.setCurrentIndex(max(0, self.choice.findData(shown_id)))
        self.choice.currentIndexChanged.connect(self._show)
        self._kept_state, self._other_state = QLabel(), QLabel()
        for label in (self._kept_state, self._other_state):
            theme.set_role(label, "muted")
        self.go_button = QPushButton(_("Go to this chunk"))
        self.go_button.clicked.connect(self._go)
        self.replace_button = QPushButton(_("Keep this one instead"))
        self.replace_button.clicked.connect(self._replace)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        self.include_button = buttons.addButton(_("Keep both"), QDialogButtonBox.ButtonRole.ActionRole)
        self.include_button.clicked.connect(self._include)
        buttons.rejected.connect(self.close)
        grid = QGridLayout()
        grid.setHorizontalSpacing(theme.PAD)
        grid.setVerticalSpacing(theme.GAP)
        for column, widgets in enumerate((
            (self._kept_name, self._kept_state, self.kept_text, self.go_button),
            (self.choice, self._other_state, self.other_text, self.replace_button),
        )):  # fmt: skip
            grid.setColumnStretch(column, 1)
            for row, widget in enumerate(widgets):
                grid.addWidget(widget, row, column)
        grid.setRowStretch(2, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.PAD, theme.PAD, theme.PAD, theme.PAD)
        column.setSpacing(theme.GAP)
        column.addWidget(heading)
        column.addLayout(grid, 1)
        column.addWidget(buttons)
        letter = self.fontMetrics().averageCharWidth()
        self.resize(letter * 130, letter * 75)
        self._show()

    @property
    def shown(self) -> Chunk:
        """The repeat on the right."""
        return self._others[self.choice.currentIndex()]

    def _show(self) -> None:
        other = self.shown
        self.kept_text.setPlainText(self._kept.content)
        self.other_text.setPlainText(other.content)
        removed, added = differences(self._kept.content, other.content)
        self.kept_text.setExtraSelections(marks(self.kept_text, removed, removed_format()))
        self.other_text.setExtraSelections(marks(self.other_text, added, added_format()))
        self._kept_state.setText(_say(self._kept))
        likeness = _("{n} % the same").format(n=round(100 * other.similarity) if other.similarity < 0.9995 else 100)
        self._other_state.setText(f"{_say(other)} · {likeness}")
        self.include_button.setEnabled(other.is_excluded and not other.is_deleted)

    def _go(self) -> None:
        self.chunk_wanted.emit(self._kept.id)

    def _replace(self) -> None:
        self.replacement_wanted.emit(self.shown.id, self._kept.id)
        self.close()

    def _include(self) -> None:
        self.inclusion_wanted.emit(self.shown.id)
        self.close()

    def _text(self, name: str) -> QPlainTextEdit:
        return QPlainTextEdit(readOnly=True, tabChangesFocus=True, accessibleName=name)


def _name(chunk: Chunk) -> str:
    name = _("Chunk {number} in {source}").format(number=chunk.chunk_index + 1, source=chunk.source)
    page = chunk.metadata.get("page")
    return _("{name}, page {page}").format(name=name, page=page) if page else name


def _say(chunk: Chunk) -> str:
    state = _("deleted") if chunk.is_deleted else _("left out of training") if chunk.is_excluded else _("in training")
    return _("{state} · {n:,} tokens").format(state=state, n=chunk.token_count)
