"""A quiet bar: files are new or changed, and can be read with one click."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QWidget

from gui import theme
from gui.elided_label import ElidedLabel
from gui.mark import Mark
from gui.notices import announce
from services.documents.watch import Changes
from services.translation import _, ngettext

NAMED = 12  # files in the tool tip


class WatchBar(QFrame):
    """
    Signals:
        reading_wanted(Changes), put_off(Changes): what the person answered.
    """

    reading_wanted = Signal(object)
    put_off = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.changes = Changes()
        theme.set_role(self, "card")
        self.text = ElidedLabel()
        self.read_button = QPushButton(_("Read them"))
        self.read_button.clicked.connect(self._read)
        self.later_button = QPushButton(_("Not now"))
        self.later_button.setToolTip(_("Says nothing more of these files until they change again."))
        self.later_button.clicked.connect(self._put_off)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 4, 6, 4)
        row.setSpacing(theme.GAP)
        row.addWidget(Mark("watch", "accent"))
        row.addWidget(self.text, 1)
        row.addWidget(self.read_button)
        row.addWidget(self.later_button)
        self.hide()

    def show_changes(self, changes: Changes, folders: Iterable[str]) -> None:
        """Offer these; nothing hides the bar."""
        is_news = bool(changes) and changes != self.changes
        self.changes = changes
        self.setVisible(bool(changes))
        if not changes:
            return
        text = say_changes(changes, folders)
        self.text.setText(text)
        names = [path.name for path in (*changes.new, *changes.changed)] + list(changes.gone)
        more = [_("… and {n:,} more").format(n=len(names) - NAMED)] if len(names) > NAMED else []
        self.setToolTip("\n".join(names[:NAMED] + more))
        self.setAccessibleName(text)
        self.read_button.setVisible(bool(changes.new or changes.changed))
        count = len(changes.new) + len(changes.changed)
        self.read_button.setText(_("Read it") if count == 1 else _("Read them"))
        if is_news:
            announce(self, text)

    def _read(self) -> None:
        changes = self.changes
        self.show_changes(Changes(), ())
        self.reading_wanted.emit(changes)

    def _put_off(self) -> None:
        changes = self.changes
        self.show_changes(Changes(), ())
        self.put_off.emit(changes)


def say_changes(changes: Changes, folders: Iterable[str]) -> str:
    """“4 new files in Contracts, 1 file has changed.”"""
    parts = []
    if changes.new:
        new = ngettext("{n:,} new file", "{n:,} new files", len(changes.new)).format(n=len(changes.new))
        holders = [folder for folder in map(Path, folders) if any(folder in path.parents for path in changes.new)]
        parts.append(_("{files} in {folder}").format(files=new, folder=holders[0].name) if len(holders) == 1 else new)
    if changes.changed:
        count = len(changes.changed)
        parts.append(ngettext("{n:,} file has changed on disk", "{n:,} files have changed on disk", count).format(n=count))
    if changes.gone:
        count = len(changes.gone)
        parts.append(ngettext("{n:,} file is gone", "{n:,} files are gone", count).format(n=count))
    return ", ".join(parts) + "."
