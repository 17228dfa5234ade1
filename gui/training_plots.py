"""The plots of a training: loss, learning rate, tokens per second, memory.

Values are kept in growing arrays and drawn at most ten times a second, however fast the steps come.
"""

from __future__ import annotations

import math
from array import array
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pyqtgraph as pg
from PySide6.QtCore import QEvent, Qt, QTimer
from PySide6.QtGui import QColor, QPalette
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from gui import theme
from gui.elided_label import ElidedLabel
from gui.empty_note import EmptyNote
from gui.training_trend import describe_trend
from services.training.history import history
from services.translation import _

GIGABYTE = 2**30
REDRAW_MS = 100
SMOOTHING = 0.9  # weight of what came before, in the strong line drawn over the raw losses


class MetricHistory:
    """Every metric of one run by name: the steps at which it was reported and its values."""

    def __init__(self) -> None:
        self._steps: defaultdict[str, array[float]] = defaultdict(lambda: array("d"))
        self._values: defaultdict[str, array[float]] = defaultdict(lambda: array("d"))
        self._average = 0.0

    def add(self, event: dict[str, Any]) -> None:
        """Take in one ``metric`` event; anything else, and values that are no numbers, are left out."""
        if event.get("type") == "metric":
            for name, value in event.items():
                if name not in ("step", "at") and isinstance(value, (int, float)):
                    self._append(name, float(event["step"]), float(value))

    def points(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """Steps and values of one metric, both of shape (reports,)."""
        return np.array(self._steps[name]), np.array(self._values[name])

    def last(self, name: str) -> float | None:
        values = self._values.get(name)
        return values[-1] if values else None

    @classmethod
    def read(cls, run_folder: Path) -> MetricHistory:
        """The history of an old run, from its events."""
        read = cls()
        for name, (steps, values) in history(run_folder).items():
            for step, value in zip(steps, values, strict=True):
                read._append(name, float(step), value)
        return read

    def _append(self, name: str, step: float, value: float) -> None:
        self._steps[name].append(step)
        self._values[name].append(value)
        if name == "loss" and math.isfinite(value):
            self._append("smooth_loss", step, self._smoothed(value))

    def _smoothed(self, loss: float) -> float:
        """Exponential moving average, corrected for its start (Kingma and Ba 2015, section 3)."""
        self._average = SMOOTHING * self._average + (1 - SMOOTHING) * loss
        return self._average / (1 - SMOOTHING ** (len(self._values["smooth_loss"]) + 1))


class Plot(QFrame):
    """One plot under its own caption, with the current value at the right."""

    def __init__(self, title: str, parent: QWidget | None = None, *, ticks: int = 3) -> None:
        super().__init__(parent)
        theme.set_role(self, "card")
        self.title = ElidedLabel(title)
        self.value = QLabel()
        self.value.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        theme.set_role(self.value, "caption")
        self.canvas = pg.PlotWidget()
        self.canvas.setAccessibleName(title)
        self.canvas.setMouseEnabled(False, False)
        self.canvas.setMenuEnabled(False)
        self.canvas.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # nothing to do there; the sentence says what it shows
        self.canvas.viewport().setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.canvas.hideButtons()
        self.canvas.setFrameShape(QFrame.Shape.NoFrame)
        self.canvas.setMinimumHeight(self.fontMetrics().height())
        self.canvas.setDownsampling(auto=True, mode="peak")
        self.canvas.setClipToView(True)
        for side in ("left", "bottom"):
            self.canvas.getAxis(side).setStyle(maxTickLevel=0, maxTextLevel=0, tickLength=0)
            self.canvas.getAxis(side).enableAutoSIPrefix(False)
            self.canvas.getAxis(side).setTickDensity(ticks / 6)

        self.head = QHBoxLayout()
        self.head.setSpacing(theme.GAP)
        self.head.addWidget(self.title, 1)
        self.head.addWidget(self.value)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 8, 12, 8)
        layout.setSpacing(4)
        layout.addLayout(self.head)
        layout.addWidget(self.canvas, 1)

    def paint_with(self, palette: QPalette) -> None:
        """pyqtgraph does not follow the palette, so it is told."""
        text = palette.color(QPalette.ColorRole.Text)
        # The card that it stands on: see the style sheet.
        card = QPalette.ColorRole.Button if _is_dark(palette) else QPalette.ColorRole.Base
        self.canvas.setBackground(palette.color(card))
        quiet = QColor(text)
        quiet.setAlpha(150)
        line = QColor(text)
        line.setAlpha(40)
        for side in ("left", "bottom"):
            axis = self.canvas.getAxis(side)
            axis.setPen(line)
            axis.setTextPen(quiet)
            axis.setTickFont(self.value.font())
        self.canvas.showGrid(x=False, y=True, alpha=0.12)


class TrainingPlots(QWidget):
    """What a person watches while a model learns, live or from an old run."""

    def __init__(self, parent: QWidget | None = None, *, is_compact: bool = False) -> None:
        """is_compact: the small plots stand at the right of the loss instead of below it, for where height is dear."""
        super().__init__(parent)
        self.history = MetricHistory()
        self.loss = Plot(_("Loss"), ticks=6)
        self.rate = Plot(_("Learning rate"))
        self.speed = Plot(_("Tokens per second"))
        self.memory = Plot(_("Memory"))
        self._curves: dict[str, pg.PlotDataItem] = {}
        self._legend = QLabel()
        self._legend.setTextFormat(Qt.TextFormat.RichText)
        self.loss.head.insertWidget(1, self._legend)
        self._empty = EmptyNote(self.loss.canvas)
        self.sentence = QLabel()
        self.sentence.setWordWrap(True)
        self.sentence.setAccessibleName(_("What the loss says"))
        # Room is reserved, so that a longer sentence does not push the plots.
        self.sentence.setMinimumHeight((1 if is_compact else 2) * self.sentence.fontMetrics().lineSpacing())
        self.sentence.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.loss.layout().addWidget(self.sentence)
        for plot in (self.rate, self.speed, self.memory):
            plot.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
            plot.canvas.hideAxis("bottom")
            plot.canvas.hideAxis("left")  # the number beside the caption says it better

        self._lay_out(is_compact)
        self._timer = QTimer(self, singleShot=True, interval=REDRAW_MS)
        self._timer.timeout.connect(self.redraw)
        self._recolour()
        self.redraw()

    def _lay_out(self, is_compact: bool) -> None:
        layout = QGridLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        small = (self.rate, self.speed, self.memory)
        for plot in small:
            plot.canvas.setMinimumHeight(self.fontMetrics().height() * (1 if is_compact else 3))
            if is_compact:
                plot.layout().setContentsMargins(12, 4, 12, 4)
        if is_compact:
            layout.addWidget(self.loss, 0, 0, 3, 1)
            layout.setColumnStretch(0, 3)
            layout.setColumnStretch(1, 1)
        else:
            layout.addWidget(self.loss, 0, 0, 1, 3)
            layout.setRowStretch(0, 3)
            layout.setRowStretch(1, 1)
        for place, plot in enumerate(small):
            layout.addWidget(plot, *((place, 1) if is_compact else (1, place)))
            if not is_compact:
                layout.setColumnStretch(place, 1)

    def redraw_soon(self) -> None:
        """The history has grown: drawn at the next tick."""
        if not self._timer.isActive():
            self._timer.start()

    def show_history(self, history: MetricHistory) -> None:
        """Show another run, or an empty ``MetricHistory`` at the start of one."""
        self.history = history
        self.redraw()

    def redraw(self) -> None:
        """Draw what there is now."""
        metrics = self.history
        steps, losses = metrics.points("loss")
        held_steps, held_out = metrics.points("validation_loss")
        self._curves["raw"].setData(steps, losses)
        self._curves["raw"].setVisible(len(losses) >= 2)
        self._curves["loss"].setData(*metrics.points("smooth_loss"))
        self._curves["held out"].setData(held_steps, held_out)
        self._curves["rate"].setData(*metrics.points("learning_rate"))
        self._curves["speed"].setData(*metrics.points("tokens_per_second"))
        memory_steps, memory = metrics.points("memory_bytes")
        self._curves["memory"].setData(memory_steps, memory / GIGABYTE)
        self.speed.canvas.setYRange(0, 1.1 * max(metrics.points("tokens_per_second")[1], default=1.0))

        self.sentence.setText(describe_trend(losses, held_out) if len(losses) else "")
        self.loss.canvas.setAccessibleDescription(self.sentence.text())
        self._empty.say("" if len(losses) else _("The curves appear with the first step of a training."))
        for side in ("left", "bottom"):
            self.loss.canvas.getAxis(side).setVisible(bool(len(losses)))
        self.loss.value.setText("" if not len(losses) else f"{losses[-1]:.3f}")
        self.rate.value.setText(_number(metrics.last("learning_rate"), "{:.1e}"))
        self.speed.value.setText(_number(metrics.last("tokens_per_second"), "{:,.0f}"))
        self._redraw_memory_limit(metrics.last("memory_bytes"), metrics.last("memory_total_bytes"))

    def _redraw_memory_limit(self, used: float | None, total: float | None) -> None:
        if used is None:
            self.memory.value.setText("")
            return
        if total:
            self.memory.canvas.setYRange(0, total / GIGABYTE, padding=0)
            self.memory.value.setText(
                _("{used:.1f} of {total:.0f} GB").format(used=used / GIGABYTE, total=total / GIGABYTE)
            )
        else:
            self.memory.canvas.setYRange(0, 1.2 * used / GIGABYTE, padding=0)
            self.memory.value.setText(_("{used:.1f} GB").format(used=used / GIGABYTE))

    def changeEvent(self, event: QEvent) -> None:
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.FontChange) and self._curves:
            self._recolour()
        super().changeEvent(event)

    def _recolour(self) -> None:
        palette = self.palette()
        for plot in (self.loss, self.rate, self.speed, self.memory):
            plot.paint_with(palette)
        accent, other = curve_colours(palette)
        faint = QColor(accent)
        faint.setAlpha(70)
        self._legend.setText(
            f'<span style="color:{accent.name()}">━━</span> {_("training")} &nbsp;&nbsp; '
            f'<span style="color:{other.name()}">╍●╍</span> {_("held out")} &nbsp;&nbsp;'
        )
        pens = {
            "raw": (self.loss, pg.mkPen(faint, width=1)),
            "loss": (self.loss, pg.mkPen(accent, width=2)),
            "held out": (self.loss, pg.mkPen(other, width=2, style=Qt.PenStyle.DashLine)),
            "rate": (self.rate, pg.mkPen(accent, width=1)),
            "speed": (self.speed, pg.mkPen(accent, width=1)),
            "memory": (self.memory, pg.mkPen(accent, width=1)),
        }
        for name, (plot, pen) in pens.items():
            if name not in self._curves:
                # "finite": a loss that became NaN leaves a gap, not an error.
                self._curves[name] = plot.canvas.plot(connect="finite", antialias=name != "raw")
            self._curves[name].setPen(pen)
        held_out = self._curves["held out"]
        held_out.setSymbol("o")
        held_out.setSymbolSize(6)
        held_out.setSymbolBrush(other)
        held_out.setSymbolPen(other)


def curve_colours(palette: QPalette) -> tuple[QColor, QColor]:
    """The accent, and a warm second colour that keeps 4.5:1 on the background; never told apart by colour alone."""
    return palette.color(QPalette.ColorRole.Accent), QColor("#f0a35e" if _is_dark(palette) else "#b45309")


def _is_dark(palette: QPalette) -> bool:
    return palette.color(QPalette.ColorRole.Base).lightness() < 128


def _number(value: float | None, form: str) -> str:
    return "" if value is None else form.format(value)
