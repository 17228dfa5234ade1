"""Which pairs are taken away, and in which form; the file is asked for afterwards."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtWidgets import QButtonGroup, QDialog, QDialogButtonBox, QLabel, QRadioButton, QVBoxLayout, QWidget

from gui import theme
from services.translation import _, ngettext


class PairExportDialog(QDialog):
    """Begins with what the project's own file holds: the pairs in use, as instruction and output."""

    def __init__(self, counts: Mapping[str, int], parent: QWidget | None = None) -> None:
        """counts: of the pairs, by the keys of ``services.sft_data.jsonl.EXPORTED``; what there is none of cannot be chosen."""
        super().__init__(parent)
        self.setWindowTitle(_("Export pairs"))
        column = QVBoxLayout(self)
        column.setContentsMargins(theme.PAD, theme.PAD, theme.PAD, theme.PAD)
        column.setSpacing(theme.GAP // 2)
        self.which = self._choice(
            column, _("Which pairs"), {
                "in-use": (_("All in use"), _("what a training learns: accepted, edited, and not yet reviewed")),
                "reviewed": (_("Reviewed only"), _("accepted or edited by you")),
                "left-out": (_("Left out"), _("rejected by you or at a check; to look at elsewhere")),
            }, counts,
        )  # fmt: skip
        column.addSpacing(theme.GAP)
        self.form = self._choice(
            column, _("In which form"), {
                "pairs": (_("Instruction and output"), _("one pair a line, as the training reads them")),
                "chat": (_("Chat messages"), _("one conversation a line, with the system prompts of imported chats")),
            },
        )  # fmt: skip
        column.addSpacing(theme.GAP)
        self.buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel)
        self.file_button = self.buttons.button(QDialogButtonBox.StandardButton.Ok)
        self.file_button.setText(_("Choose a file…"))
        theme.set_role(self.file_button, "primary")
        self.file_button.setEnabled(any(counts.values()))
        self.buttons.accepted.connect(self.accept)
        self.buttons.rejected.connect(self.reject)
        column.addWidget(self.buttons)

    @property
    def chosen(self) -> str:
        """A key of EXPORTED."""
        return self.which.checkedButton().objectName()

    @property
    def is_chat(self) -> bool:
        return self.form.checkedButton().objectName() == "chat"

    def choose(self, which: str, form: str) -> None:
        """As a person would."""
        for group, key in ((self.which, which), (self.form, form)):
            next(button for button in group.buttons() if button.objectName() == key).click()

    def _choice(
        self, column: QVBoxLayout, title: str, options: Mapping[str, tuple[str, str]], counts: Mapping[str, int] | None = None
    ) -> QButtonGroup:
        heading = QLabel(title)
        theme.set_role(heading, "caption")
        column.addWidget(heading)
        group = QButtonGroup(self)
        for key, (label, help_text) in options.items():
            if counts is not None:
                label = ngettext("{label}: {count:,} pair", "{label}: {count:,} pairs", counts[key]).format(label=label, count=counts[key])
            button = QRadioButton(label, objectName=key, checked=not group.buttons())
            button.setEnabled(counts is None or counts[key] > 0)
            button.setAccessibleDescription(help_text)
            button.setToolTip(help_text)
            note = QLabel(help_text)
            note.setIndent(button.sizeHint().width() - button.fontMetrics().horizontalAdvance(label))
            theme.set_role(note, "caption")
            group.addButton(button)
            column.addWidget(button)
            column.addWidget(note)
        return group
