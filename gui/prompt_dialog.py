"""The prompts of the project: read, changed, and brought back to ours."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QCloseEvent, QTextCursor
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QPlainTextEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from gui import theme
from gui.icon import icon
from gui.requirement import Requirement
from services.errors import UserError
from services.knowledge_base.store import KnowledgeBase
from services.sft_data.prompt_text import PLACE_HELP, PROMPT_TEXTS, PromptText
from services.translation import _

SAVE_MS = 500  # after the last key


class PromptDialog(QDialog):
    """What is typed is kept by itself, right or wrong; what is wrong is said here, and before anything is asked."""

    def __init__(self, store: KnowledgeBase, changed: Callable[[], None], key: str = "", parent: QWidget | None = None) -> None:
        """
        Args:
            changed: called after something was saved.
            key: the prompt to begin with.
        """
        super().__init__(parent)
        self.setWindowTitle(_("Prompts of this project"))
        self._store, self._changed = store, changed
        self._saved = store.prompt_texts()
        self._timer = QTimer(self, singleShot=True, interval=SAVE_MS)
        self._timer.timeout.connect(self.save)
        self.list = QListWidget()
        self.list.setAccessibleName(_("Prompts"))
        for text in PROMPT_TEXTS.values():
            item = QListWidgetItem(text.label, self.list)
            item.setData(Qt.ItemDataRole.UserRole, text.key)
        self.about = _label("muted")
        self.text = QPlainTextEdit(tabChangesFocus=True)
        self.text.setAccessibleName(_("Prompt"))
        self.places = _label("caption")
        self.problem = Requirement()
        self.reset_button = QPushButton(icon("reset"), _("Back to ours"))
        self.reset_button.setToolTip(_("Replaces this prompt with the one that comes with the program. Ctrl+Z brings yours back."))
        self.reset_button.clicked.connect(self._reset)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        below = QHBoxLayout()
        below.addWidget(self.reset_button)
        below.addStretch()
        below.addWidget(buttons)
        right = QVBoxLayout()
        right.setSpacing(theme.GAP)
        for part, stretch in ((self.about, 0), (self.text, 1), (self.problem, 0), (self.places, 0)):
            right.addWidget(part, stretch)
        right.addLayout(below)
        row = QHBoxLayout(self)
        row.setContentsMargins(theme.PAD, theme.PAD, theme.PAD, theme.PAD)
        row.setSpacing(theme.PAD)
        row.addWidget(self.list)
        row.addLayout(right, 1)
        letter = self.fontMetrics().averageCharWidth()
        self.list.setFixedWidth(letter * 26)
        self.resize(letter * 120, self.fontMetrics().lineSpacing() * 30)
        self._mark()
        self.list.currentItemChanged.connect(self._show)
        self.text.textChanged.connect(self._typed)
        self.list.setCurrentRow(max(0, list(PROMPT_TEXTS).index(key) if key in PROMPT_TEXTS else 0))

    @property
    def chosen(self) -> PromptText:
        return PROMPT_TEXTS[self.list.currentItem().data(Qt.ItemDataRole.UserRole)]

    def save(self) -> None:
        """Keep what stands there; ours is kept as none of the person's own."""
        self._timer.stop()
        key, text = self._key, self.text.toPlainText().strip()
        if text == PROMPT_TEXTS[key].default.strip():
            text = ""
        if text != self._saved.get(key, ""):
            self._store.save_prompt_text(key, text)
            self._saved = self._store.prompt_texts()
            self._changed()
        self._mark()

    def closeEvent(self, event: QCloseEvent) -> None:
        self.save()
        super().closeEvent(event)

    def done(self, result: int) -> None:
        self.save()
        super().done(result)

    def _show(self, _item: QListWidgetItem | None, before: QListWidgetItem | None) -> None:
        if before is not None:
            self.save()
        prompt = self.chosen
        self._key = prompt.key
        self.about.setText(prompt.help)
        self.text.blockSignals(True)
        self.text.setPlainText(self._saved.get(prompt.key) or prompt.default)
        self.text.blockSignals(False)
        places = ", ".join(f"{{{place}}}" for place in prompt.places)
        self.places.setText(_("Filled in for every chunk: {places}").format(places=places) if places else "")
        self.places.setToolTip("\n".join(f"{{{place}}}: {PLACE_HELP[place]}" for place in prompt.places))
        self._look()

    def _typed(self) -> None:
        self._timer.start()
        self._look()

    def _look(self) -> None:
        prompt, text = PROMPT_TEXTS[self._key], self.text.toPlainText()
        try:
            prompt.check(text)
        except UserError as error:
            self.problem.show_need(str(error))
        else:
            self.problem.show_need("" if text.strip() else _("Empty: ours is used."))
        self.reset_button.setEnabled(text.strip() != prompt.default.strip())

    def _mark(self) -> None:
        for number in range(self.list.count()):
            item = self.list.item(number)
            key = item.data(Qt.ItemDataRole.UserRole)
            is_own = bool(self._saved.get(key))
            font = item.font()
            font.setBold(is_own)
            item.setFont(font)
            label = PROMPT_TEXTS[key].label
            item.setText(_("{name} (yours)").format(name=label) if is_own else label)

    def _reset(self) -> None:
        cursor = QTextCursor(self.text.document())
        cursor.select(QTextCursor.SelectionType.Document)
        cursor.insertText(PROMPT_TEXTS[self._key].default)  # unlike setPlainText, this can be undone
        self.text.setFocus()
        self.save()


def _label(role: str) -> QLabel:
    label = QLabel(wordWrap=True, textFormat=Qt.TextFormat.PlainText)
    theme.set_role(label, role)
    return label
