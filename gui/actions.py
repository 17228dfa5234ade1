"""Every menu entry and shortcut of the window, in one table."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtGui import QAction, QActionGroup, QIcon, QKeySequence, QUndoGroup
from PySide6.QtWidgets import QMainWindow, QMenu, QWhatsThis

from gui.icon import icon
from services.translation import _

Keys = QKeySequence.StandardKey


@dataclass(frozen=True, slots=True)
class Entry:
    """One action: its name in ``Actions.by_name``, what it says, its keys and its icon."""

    name: str
    text: str
    keys: tuple[str | QKeySequence.StandardKey, ...] = ()
    icon: str = ""
    needs_project: bool = False


MENUS: tuple[tuple[str, tuple[Entry | None, ...]], ...] = (
    (_("&Project"), (
        Entry("new", _("&New project…"), (Keys.New,), "plus"),
        Entry("open", _("&Open a project…"), (Keys.Open,), "folder"),
        Entry("recent", _("Open &recent")),
        Entry("sample", _("Try it with the &sample"), (), "sample"),
        None,
        Entry("show_folder", _("Show the project's &folder"), (), "", True),
        Entry("close_project", _("&Close the project"), (Keys.Close,), "", True),
        None,
        Entry("quit", _("&Quit"), (Keys.Quit, "Ctrl+Q")),
    )),
    (_("&Edit"), (
        Entry("undo", _("Undo"), (Keys.Undo,), "undo", True),
        Entry("redo", _("Redo"), (Keys.Redo,), "redo", True),
        None,
        Entry("paste_files", _("&Paste files"), (Keys.Paste,), "", True),
        Entry("find", _("&Find"), (Keys.Find,), "search", True),
    )),
    (_("&View"), (
        Entry("tab_0", _("1. RAG Data"), ("Ctrl+1",), "", True),
        Entry("tab_1", _("2. CPT Training"), ("Ctrl+2",), "", True),
        Entry("tab_2", _("3. SFT Data"), ("Ctrl+3",), "", True),
        Entry("tab_3", _("4. SFT Training"), ("Ctrl+4",), "", True),
        None,
        Entry("scheme", _("&Colours")),
        Entry("zoom_in", _("&Larger"), (Keys.ZoomIn, "Ctrl+=")),
        Entry("zoom_out", _("S&maller"), (Keys.ZoomOut,)),
        Entry("zoom_reset", _("&Normal size"), ("Ctrl+0",)),
    )),
    (_("&Help"), (
        Entry("whats_this", _("&What is this?"), (Keys.WhatsThis,), "question"),
        Entry("about", _("&About Wissenswerk")),
    )),
)  # fmt: skip

SCHEMES = (("system", _("As the &system")), ("light", _("&Light")), ("dark", _("&Dark")))


class Actions:
    """Builds the menu bar; the window connects what it can do by name."""

    def __init__(self, window: QMainWindow, undo_group: QUndoGroup) -> None:
        self._window = window
        self.by_name: dict[str, QAction] = {}
        self.menus: list[QMenu] = []
        self.recent_menu = QMenu(_("Open &recent"), window)
        self.scheme_menu = QMenu(_("&Colours"), window)
        self.schemes: dict[str, QAction] = {}
        own = {
            "undo": undo_group.createUndoAction(window, _("&Undo")),
            "redo": undo_group.createRedoAction(window, _("&Redo")),
            "recent": self.recent_menu.menuAction(),
            "scheme": self.scheme_menu.menuAction(),
            "whats_this": QWhatsThis.createAction(window),
        }
        self._needing: list[QAction] = []
        for title, entries in MENUS:
            menu = window.menuBar().addMenu(title)
            self.menus.append(menu)
            for entry in entries:
                if entry is None:
                    menu.addSeparator()
                    continue
                action = own.get(entry.name) or QAction(entry.text, window)
                action.setIcon(icon(entry.icon) if entry.icon else QIcon())
                if entry.keys:
                    action.setShortcuts([QKeySequence(key) for key in entry.keys])
                if entry.needs_project and entry.name not in own:
                    self._needing.append(action)
                menu.addAction(action)
                self.by_name[entry.name] = action
        group = QActionGroup(window)
        for name, text in SCHEMES:
            action = self.scheme_menu.addAction(text)
            action.setCheckable(True)
            action.setData(name)
            group.addAction(action)
            self.schemes[name] = action
        self.scheme_group = group

    def connect(self, **slots: Callable[..., object]) -> None:
        """Connect actions by name: ``connect(new=self.new_project)``."""
        for name, slot in slots.items():
            self.by_name[name].triggered.connect(slot)

    def set_has_project(self, has_project: bool) -> None:
        """Entries that need an open project are grey without one."""
        for action in self._needing:
            action.setEnabled(has_project)
