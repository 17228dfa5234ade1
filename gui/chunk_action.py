"""Everything that can be done to chunks, each with its key: for the buttons, the context menus and the keyboard."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QObject, Qt
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QWidget

from gui.icon import icon
from services.translation import _

Keys = QKeySequence.StandardKey


@dataclass(frozen=True, slots=True)
class Entry:
    """One action: its name in ``ChunkActions``, what it says, its keys, icon and tool tip."""

    name: str
    text: str
    keys: tuple[str | QKeySequence.StandardKey, ...]
    icon: str = ""
    tip: str = ""
    is_checkable: bool = False


ENTRIES: tuple[Entry | None, ...] = (
    Entry("split", _("Split at the cursor"), ("Ctrl+Return", "Ctrl+Enter"), "split",
          _("Makes two chunks of one, where the cursor stands.")),
    Entry("merge_next", _("Merge with the next"), ("Ctrl+M",), "merge", _("Makes one chunk of this one and the next.")),
    Entry("merge_previous", _("Merge with the previous"), ("Ctrl+Shift+M",), "merge-up",
          _("Makes one chunk of this one and the previous.")),
    Entry("merge", _("Merge the selected"), ("Ctrl+J",), "merge", _("Makes one chunk of several neighbours.")),
    None,
    Entry("exclude", _("Exclude"), ("Ctrl+E",), "exclude",
          _("Excluded chunks stay and can be found, but no model is trained on them.")),
    Entry("delete", _("Delete"), (Keys.Delete, "Ctrl+Shift+Del"), "delete",
          _("Deleted chunks can be put back: show “Deleted”.")),
    None,
    Entry("difference", _("Compare with the original"), ("Ctrl+D",), "",
          _("Shows what the chunk said at first, with the difference marked."), True),
    Entry("restore", _("Restore the original"), ("Ctrl+R",), "reset",
          _("Gives the chunks their first text back. This can be undone.")),
    None,
    Entry("source", _("Show the source"), ("F4",), "page",
          _("Shows the page or the place that the chunk comes from."), True),
    Entry("repeats", _("Compare with its repeats…"), ("Ctrl+B",), "compare",
          _("Shows chunks that say the same side by side.")),
    Entry("keep_instead", _("Keep this one instead"), ("Ctrl+Shift+K",), "check",
          _("Lets this one in and leaves out the one that it repeats.")),
    None,
    Entry("previous", _("Previous chunk"), ("Alt+Up",), "chevron-up"),
    Entry("next", _("Next chunk"), ("Alt+Down",), "chevron-down"),
    None,
    Entry("copy", _("Copy the texts"), (Keys.Copy,), "copy"),
)  # fmt: skip
IN_TABLE_ONLY = frozenset({"copy", "merge"})
IN_TEXT_ONLY = frozenset({"split"})


class ChunkActions(QObject):
    """The actions by name; the tab connects what they do."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._by_name: dict[str, QAction] = {}
        self._order: list[QAction] = []
        for entry in ENTRIES:
            action = QAction(self)
            self._order.append(action)
            if entry is None:
                action.setSeparator(True)
                continue
            action.setObjectName(entry.name)
            action.setText(entry.text)
            action.setCheckable(entry.is_checkable)
            action.setShortcuts([QKeySequence(key) for key in entry.keys])
            action.setShortcutContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            if entry.icon:
                action.setIcon(icon(entry.icon))
            keys = action.shortcut().toString(QKeySequence.SequenceFormat.NativeText)
            action.setToolTip(f"{entry.tip or entry.text} ({keys})")
            self._by_name[entry.name] = action

    def __getitem__(self, name: str) -> QAction:
        return self._by_name[name]

    def set_enabled(self, **states: bool) -> None:
        for name, is_enabled in states.items():
            self._by_name[name].setEnabled(is_enabled)

    def add_to(self, widget: QWidget, *, without: frozenset[str]) -> None:
        """Give a widget the actions with their keys; a widget with an actions menu shows them in their order."""
        widget.addActions([action for action in self._order if action.objectName() not in without])

    def listed(self, *, without: frozenset[str]) -> list[QAction]:
        """The actions in the order of a menu."""
        return [action for action in self._order if action.objectName() not in without]
