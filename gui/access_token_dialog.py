"""The access token of the Hugging Face hub: put in, kept in the system's keyring, and removed."""

from __future__ import annotations

import os
import re

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QDialog,
    QDialogButtonBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from gui import theme
from gui.shell import Shell
from services.models.hub import TOKEN_OWNER
from services.sft_data.key import find_key, forget_key, keep_key
from services.translation import _


class AccessTokenDialog(QDialog):
    """The token itself is never shown again, nor written to a file."""

    def __init__(self, shell: Shell, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(_("Access token"))
        self._shell = shell
        self._is_untouched = True  # until the person does something: a late first look must not speak over its answer
        about = QLabel(
            _("Needed only for models whose makers want their terms accepted first. Make one at "
              "huggingface.co/settings/tokens, with the right to read."), wordWrap=True,
        )  # fmt: skip
        self.token = QLineEdit(echoMode=QLineEdit.EchoMode.Password, placeholderText=_("Paste the token here"))
        label = QLabel(_("&Token"))
        label.setBuddy(self.token)
        self.keep_button = QPushButton(_("Keep"))
        self.keep_button.setToolTip(_("Stores the token in the system's keyring, never in a file"))
        theme.set_role(self.keep_button, "primary")
        self.remove_button = QPushButton(_("Remove"))
        self.note = QLabel(" ", wordWrap=True, textFormat=Qt.TextFormat.PlainText)
        theme.set_role(self.note, "caption")
        self.note.setMinimumHeight(2 * self.note.fontMetrics().lineSpacing())
        self.note.setAlignment(Qt.AlignmentFlag.AlignTop)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        row = QHBoxLayout()
        row.setSpacing(theme.GAP)
        for part in (label, self.token, self.keep_button, self.remove_button):
            row.addWidget(part, part is self.token)
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.PAD, theme.PAD, theme.PAD, theme.PAD)
        column.setSpacing(theme.PAD)
        column.addWidget(about)
        column.addLayout(row)
        column.addWidget(self.note)
        column.addWidget(buttons)
        self.setMinimumWidth(self.fontMetrics().averageCharWidth() * 70)
        self.keep_button.clicked.connect(self._keep)
        self.token.returnPressed.connect(self._keep)
        self.remove_button.clicked.connect(self._remove)
        buttons.rejected.connect(self.reject)
        self._look()

    def _look(self) -> None:
        """The keyring may ask the person to unlock it, so it is asked in a thread."""
        thread = self._shell.run_beside(lambda _emit, _cancelled: bool(find_key(TOKEN_OWNER)))
        thread.succeeded.connect(self._show_first_state)

    def _show_first_state(self, has_token: bool) -> None:
        if self._is_untouched:
            self._show_state(has_token)

    def _show_state(self, has_token: bool) -> None:
        self.remove_button.setEnabled(has_token and not os.environ.get("HF_TOKEN"))
        if os.environ.get("HF_TOKEN"):
            self.note.setText(_("HF_TOKEN is set in the environment, and that is what is used."))
        else:
            self.note.setText(_("There is a token.") if has_token else _("There is no token."))

    def _keep(self) -> None:
        self._is_untouched = False
        token = self.token.text().strip()
        if not re.fullmatch(r"[!-~]+", token):
            self.note.setText(_("A token is one word of letters, digits and signs, such as hf_…: copy it once more."))
            return
        self.token.clear()
        thread = self._shell.run_beside(lambda _emit, _cancelled: keep_key(TOKEN_OWNER, token))
        thread.succeeded.connect(self._show_kept)

    def _show_kept(self, is_kept: bool) -> None:
        self._show_state(True)
        self.note.setText(
            _("Kept in the system's keyring.") if is_kept
            else _("This system has no keyring: the token is forgotten when the program closes.")
        )

    def _remove(self) -> None:
        self._is_untouched = False
        thread = self._shell.run_beside(lambda _emit, _cancelled: forget_key(TOKEN_OWNER))
        thread.succeeded.connect(self._show_removed)

    def _show_removed(self, _nothing: object) -> None:
        self._show_state(False)
        self.note.setText(_("Removed."))
