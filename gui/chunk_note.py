"""Why a chunk is left out, or what repeats it, in a sentence; and what can be done about it."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from gui import theme
from gui.chunk_column import say_problem
from gui.flow_layout import FlowBox
from gui.mark import Mark
from services.records import Chunk
from services.translation import _, ngettext


class ChunkNote(QFrame):
    """Takes no room where there is nothing to say.

    Signals:
        chunk_wanted(int): go to another chunk.
        comparison_wanted, replacement_wanted (this one instead of what it repeats), inclusion_wanted.
    """

    chunk_wanted = Signal(object)
    comparison_wanted = Signal()
    replacement_wanted = Signal()
    inclusion_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        theme.set_role(self, "card")
        self._mark = Mark("info", "accent")
        self.text = QLabel(wordWrap=True, textFormat=Qt.TextFormat.RichText)
        self.text.setTextInteractionFlags(
            Qt.TextInteractionFlag.LinksAccessibleByMouse | Qt.TextInteractionFlag.LinksAccessibleByKeyboard
        )
        self.text.linkActivated.connect(self._follow)
        self.compare_button = self._button(_("Compare…"), self.comparison_wanted, _("Shows both side by side. (Ctrl+B)"))
        self.replace_button = self._button(
            _("Keep this one instead"), self.replacement_wanted,
            _("Lets this one in and leaves the other one out. (Ctrl+Shift+K)"),
        )  # fmt: skip
        self.include_button = self._button(
            _("Keep both"), self.inclusion_wanted, _("Trains models on this one, too. (Ctrl+E)")
        )
        said = QHBoxLayout()
        said.setSpacing(theme.GAP)
        said.addWidget(self._mark, alignment=Qt.AlignmentFlag.AlignTop)
        said.addWidget(self.text, 1)
        self._acts = FlowBox(self.compare_button, self.include_button, self.replace_button, spacing=4)
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.GAP, 6, theme.GAP, 6)
        column.setSpacing(4)
        column.addLayout(said)
        column.addWidget(self._acts)
        self.hide()

    def show_chunk(self, chunk: Chunk, original: Chunk | None, repeat_count: int) -> None:
        """
        Args:
            original: the chunk that it repeats, where it does.
            repeat_count: how many others repeat this one.
        """
        text, is_repeat = say_cause(chunk), original is not None
        if original is not None:
            text = say_repeat(chunk, original)
        elif repeat_count and not chunk.is_excluded:
            text = ngettext(
                "{n:,} other chunk says much the same.", "{n:,} other chunks say much the same.", repeat_count
            ).format(n=repeat_count)
        elif not text and chunk.problem:
            text = _("Quality {n} of 100: {problem}.").format(n=chunk.quality, problem=say_problem(chunk))
        is_out = chunk.is_excluded and not chunk.is_deleted
        self.text.setText(text)
        self._mark.show_icon(*(("warning", "warning") if chunk.problem and not chunk.is_excluded else ("info", "accent")))
        self.compare_button.setVisible(is_repeat or bool(repeat_count))
        self.replace_button.setVisible(is_repeat and is_out)
        self.include_button.setVisible(is_out and (is_repeat or bool(chunk.kind)))
        self.include_button.setText(_("Keep both") if is_repeat else _("Let it in"))
        self._acts.setVisible(not self.compare_button.isHidden() or not self.include_button.isHidden())
        self.setVisible(bool(text))
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _fit(self) -> None:
        """Never lower than its text at this width: fields with less to say give way."""
        self._acts.fit()
        self.setMinimumHeight(max(0, self.layout().totalHeightForWidth(self.width())))

    def _follow(self, link: str) -> None:
        self.chunk_wanted.emit(int(link))

    def _button(self, text: str, wanted: Signal, tip: str) -> QPushButton:
        button = QPushButton(text)
        button.setToolTip(tip)
        button.clicked.connect(wanted)
        return button


def say_cause(chunk: Chunk) -> str:
    """Why it was left out without a person having said so; empty where nobody left it out."""
    if not chunk.is_excluded:
        return ""
    texts = {
        "contents": _("Left out of training: it is part of a table of contents."),
        "index": _("Left out of training: it is part of an index."),
        "person": _("Left out of training by you."),
    }
    return texts.get(chunk.cause, "")


def say_repeat(chunk: Chunk, original: Chunk) -> str:
    """“The same as chunk 12 in other.pdf.”, as rich text with a link to it."""
    name = _("chunk {number} in {source}").format(number=original.chunk_index + 1, source=escape(original.source))
    link = f'<a href="{original.id}">{name}</a>'
    if chunk.similarity >= 0.9995:
        text = _("The same as {chunk}.").format(chunk=link)
    else:
        # 99.96 % is not "the same", whatever rounding says.
        percent = min(99, round(100 * chunk.similarity))
        said = _("Nearly the same as {chunk} ({n} %).") if percent >= 90 else _("Much the same as {chunk} ({n} %).")
        text = said.format(chunk=link, n=percent)
    if chunk.is_excluded:
        text += " " + (_("Left out of training by you.") if chunk.cause == "person" else _("Left out of training."))
    return text


def escape(text: str) -> str:
    """Text as rich text shows it, letter for letter."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
