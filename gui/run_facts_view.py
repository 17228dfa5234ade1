"""What is known of the chosen run, or in what the chosen ones differ, as a small table to read and to copy."""

from __future__ import annotations

from html import escape

from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QTextBrowser, QWidget

from gui import theme
from services.training.run_facts import Group
from services.translation import _


class RunFactsView(QTextBrowser):
    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent, openLinks=False)
        self.setTabChangesFocus(True)
        self.setAccessibleName(_("About the chosen runs"))
        self._heads: list[str] = []
        self._groups: list[Group] = []

    def show_facts(self, heads: list[str], groups: list[Group]) -> None:
        """heads: the names of the runs, where there are several; empty for a single one."""
        if (heads, groups) == (self._heads, self._groups):
            return
        is_same_kind = heads == self._heads and bool(self._groups)
        place = self.verticalScrollBar().value()
        self._heads, self._groups = heads, groups
        self._write()
        if is_same_kind:
            self.verticalScrollBar().setValue(place)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.FontChange) and hasattr(self, "_groups"):
            self._write()

    def _write(self) -> None:
        muted, rows = theme.colors().muted, []
        if self._heads:
            cells = "".join(f'<th align="left">{escape(head)}&nbsp;&nbsp;</th>' for head in self._heads)
            rows.append(f"<tr><td></td>{cells}</tr>")
        for title, facts in self._groups:
            columns = 1 + max((len(fact.values) for fact in facts), default=1)
            rows.append(f'<tr><td colspan="{columns}" style="padding-top:6px; color:{muted};">{escape(title)}</td></tr>')
            for fact in facts:
                start, end = ("<b>", "</b>") if fact.is_marked else ("", "")
                cells = "".join(f"<td>{start}{escape(value)}{end}&nbsp;&nbsp;</td>" for value in fact.values)
                rows.append(f'<tr><td>{escape(fact.label)}&nbsp;&nbsp;</td>{cells}</tr>')
        self.setHtml(f'<table cellspacing="0" cellpadding="1">{"".join(rows)}</table>')
