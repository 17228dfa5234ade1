"""One plot under its own caption: curves, and a line that names the values at one step."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QEvent, QPointF, Qt, Signal
from PySide6.QtGui import QColor, QFocusEvent, QKeyEvent, QMouseEvent, QPalette
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from gui import theme
from gui.elided_label import ElidedLabel
from services.training.history import Curve
from services.translation import _

MOST_VALUES = 3  # beside the caption of a small plot
FAR = 1 << 30  # points: to the end
MARGIN = 6  # between the reading and the line
DASHES = (
    Qt.PenStyle.SolidLine, Qt.PenStyle.DashLine, Qt.PenStyle.DotLine, Qt.PenStyle.DashDotLine, Qt.PenStyle.DashDotDotLine,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Line:
    """One curve as it is drawn. name: said with its value at a step; empty for one that is only looked at.

    color: an index into ``line_colors``; dash: an index into ``DASHES``; symbol: of pyqtgraph, at every point.
    """

    name: str
    curve: Curve
    color: int = 0
    dash: int = 0
    width: int = 2
    symbol: str = ""
    is_faint: bool = False


class Canvas(pg.PlotWidget):
    """Where the curves are. The mouse, or the arrow keys once it has the focus, point at a step.

    Signals:
        pointed(x | None): the place under the mouse, in steps; None: it has left.
        moved(int): the arrow keys go so many points to the right, or to an end for large numbers.
    """

    pointed = Signal(object)
    moved = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self.setMouseEnabled(False, False)
        self.setMenuEnabled(False)
        self.hideButtons()
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setMinimumHeight(self.fontMetrics().height())
        self.setDownsampling(auto=True, mode="peak")
        self.setClipToView(True)
        self.viewport().setFocusPolicy(Qt.FocusPolicy.NoFocus)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        place = self.mapToScene(event.position().toPoint())
        self.pointed.emit(self.getViewBox().mapSceneToView(place).x())
        super().mouseMoveEvent(event)

    def leaveEvent(self, event: QEvent) -> None:
        self.pointed.emit(None)
        super().leaveEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        steps = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1, Qt.Key.Key_Home: -FAR, Qt.Key.Key_End: FAR,
                 Qt.Key.Key_PageUp: -20, Qt.Key.Key_PageDown: 20}  # fmt: skip
        if event.key() in steps:
            self.moved.emit(steps[event.key()])
        elif event.key() == Qt.Key.Key_Escape:
            self.pointed.emit(None)
        else:
            event.ignore()

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        if event.reason() in (Qt.FocusReason.TabFocusReason, Qt.FocusReason.BacktabFocusReason):
            self.moved.emit(FAR)  # the line shows where the keys are

    def focusOutEvent(self, event: QFocusEvent) -> None:
        self.pointed.emit(None)
        super().focusOutEvent(event)


class Plot(QFrame):
    """Signals: those of its ``canvas``."""

    def __init__(self, title: str, parent: QWidget | None = None, *, ticks: int = 3, has_axes: bool = True) -> None:
        super().__init__(parent)
        theme.set_role(self, "card")
        self.lines: list[Line] = []
        self._items: list[pg.PlotDataItem] = []
        self._value = ""  # the current one
        self._write: Callable[[float], str] = "{:.3g}".format
        self.title = ElidedLabel(title)
        self.value = QLabel()
        self.value.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        theme.set_role(self.value, "caption")
        self.canvas = Canvas()
        self.canvas.setAccessibleName(title)
        self._has_axes = has_axes
        for side in ("left", "bottom"):
            axis = self.canvas.getAxis(side)
            axis.setStyle(maxTickLevel=0, maxTextLevel=0, tickLength=0)
            axis.enableAutoSIPrefix(False)
            axis.setTickDensity(ticks / 6)
            axis.setVisible(False)
        if not has_axes:
            self.canvas.getViewBox().setDefaultPadding(0.04)
        self.canvas.setFocusPolicy(Qt.FocusPolicy.StrongFocus if has_axes else Qt.FocusPolicy.NoFocus)
        self._cursor = pg.InfiniteLine(angle=90)
        self._cursor.hide()
        self.canvas.addItem(self._cursor, ignoreBounds=True)
        self.reading = QLabel(self.canvas.viewport(), textFormat=Qt.TextFormat.RichText)
        self.reading.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.reading.setContentsMargins(6, 3, 6, 3)
        self.reading.hide()

        self.head = QHBoxLayout()
        self.head.setSpacing(theme.GAP)
        self.head.addWidget(self.title, 1)
        self.head.addWidget(self.value)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 8, 12, 8)
        layout.setSpacing(4)
        layout.addLayout(self.head)
        layout.addWidget(self.canvas, 1)

    def draw(self, lines: Sequence[Line]) -> None:
        """Show these curves instead of those before."""
        self.lines = list(lines)
        while len(self._items) > len(lines):
            self.canvas.removeItem(self._items.pop())
        while len(self._items) < len(lines):
            # "finite": a loss that became NaN leaves a gap, not an error.
            self._items.append(self.canvas.plot(connect="finite"))
        for item, line in zip(self._items, self.lines, strict=True):
            item.setData(*line.curve, antialias=not line.is_faint)
        self._paint_lines()
        has_any = any(len(line.curve[0]) for line in self.lines)
        for side in ("left", "bottom") if self._has_axes else ():
            self.canvas.getAxis(side).setVisible(has_any)

    def say(self, value: str, write: Callable[[float], str] = "{:.3g}".format) -> None:
        """The current value; ``write`` says one at a step in words."""
        self._value, self._write = value, write
        if not self._has_axes:
            self.canvas.setAccessibleDescription(value)
        if not self._cursor.isVisible():
            self.value.setText(value)

    def point_at(self, step: float | None) -> list[tuple[Line, float]]:
        """Draw the line at a step and show the values there; None takes it away. Returns what has a name."""
        self._cursor.setVisible(step is not None)
        self.reading.hide()
        if step is None:
            self.value.setText(self._value)
            return []
        self._cursor.setValue(step)
        read = [(line, value) for line in self.lines if line.name and (value := _value_at(line.curve, step)) is not None]
        shown = [self._write(value) for _line, value in read[:MOST_VALUES]]
        self.value.setText(" · ".join(shown) + "…" * (len(read) > MOST_VALUES) if not self._has_axes or not read else "")
        return read

    def show_reading(self, step: float, read: Sequence[tuple[Line, float]]) -> None:
        """Write the step and the values beside the line, on the side that has room."""
        colors = line_colors(self.palette())
        rows = "".join(
            f'<tr><td style="color:{colors[line.color].name()}">{sample(line)}</td><td>&nbsp;{escape(line.name)}&nbsp;&nbsp;</td>'
            f'<td align="right">{value:.4g}</td></tr>'
            for line, value in read
        )
        self.reading.setText(f"<b>{_('Step {step:,}').format(step=round(step))}</b><table>{rows}</table>")
        self.reading.adjustSize()
        x = self.canvas.mapFromScene(self.canvas.getViewBox().mapViewToScene(QPointF(step, 0))).x()
        is_left = x + MARGIN + self.reading.width() > self.canvas.viewport().width()
        self.reading.move(max(0, x - MARGIN - self.reading.width()) if is_left else x + MARGIN, 0)
        self.reading.show()

    def paint_with(self, palette: QPalette) -> None:
        """pyqtgraph does not follow the palette, so it is told."""
        text = palette.color(QPalette.ColorRole.Text)
        # The card that it stands on: see the style sheet.
        card = QPalette.ColorRole.Button if is_dark(palette) else QPalette.ColorRole.Base
        self.canvas.setBackground(palette.color(card))
        quiet, line = QColor(text), QColor(text)
        quiet.setAlpha(150)
        line.setAlpha(40)
        for side in ("left", "bottom"):
            axis = self.canvas.getAxis(side)
            axis.setPen(line)
            axis.setTextPen(quiet)
            axis.setTickFont(self.value.font())
        self.canvas.showGrid(x=False, y=True, alpha=0.12)
        self._cursor.setPen(pg.mkPen(quiet, width=1))
        base, border = palette.color(QPalette.ColorRole.ToolTipBase).name(), palette.color(QPalette.ColorRole.Mid).name()
        wanted = f"background: {base}; border: 1px solid {border}; border-radius: 4px;"
        if self.reading.styleSheet() != wanted:
            self.reading.setStyleSheet(wanted)
        self._paint_lines()

    def _paint_lines(self) -> None:
        colors = line_colors(self.palette())
        for item, line in zip(self._items, self.lines, strict=True):
            color = QColor(colors[line.color % len(colors)])
            if line.is_faint:
                color.setAlpha(70)
            item.setPen(pg.mkPen(color, width=line.width, style=DASHES[line.dash % len(DASHES)]))
            item.setSymbol(line.symbol or None)
            if line.symbol:
                item.setSymbolSize(6)
                item.setSymbolBrush(color)
                item.setSymbolPen(color)


def line_colors(palette: QPalette) -> list[QColor]:
    """The accent and others that keep 4.5:1 on the card; never told apart by colour alone."""
    others = _ON_DARK if is_dark(palette) else _ON_LIGHT
    return [palette.color(QPalette.ColorRole.Accent), *map(QColor, others)]


_ON_LIGHT = ("#b45309", "#6d28d9", "#b4236a", "#1d4ed8", "#4d6b12")
_ON_DARK = ("#f0a35e", "#c0a8f8", "#f58fb8", "#8ab4f8", "#b6cf6b")


def sample(line: Line) -> str:
    """A curve as it looks in a line of text."""
    drawn = ("━━", "╍╍", "┈┈", "━╍", "╍┈")[line.dash % len(DASHES)]
    mark = {"o": "●", "s": "■", "t": "▼", "d": "◆", "t1": "▲", "star": "★"}.get(line.symbol, "")
    return f"{drawn[0]}{mark}{drawn[0]}" if mark else drawn


def is_dark(palette: QPalette) -> bool:
    return palette.color(QPalette.ColorRole.Base).lightness() < 128


def _value_at(curve: Curve, step: float) -> float | None:
    """The value of the point nearest to a step; None outside of the curve."""
    steps, values = curve
    if not len(steps) or not steps[0] <= step <= steps[-1]:
        return None
    place = int(np.searchsorted(steps, step))
    if place and step - steps[place - 1] < steps[place] - step:
        place -= 1
    return float(values[place])
