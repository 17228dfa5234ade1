"""The plots of a training: loss, learning rate, gradient, speed, memory, forgetting; of one run or of several.

Drawn at most ten times a second, however fast the steps come, and thinned out: a run of a million steps costs no more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
from PySide6.QtCore import QCoreApplication, QEvent, QPoint, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QImage, QPainter, QPalette, QResizeEvent
from PySide6.QtWidgets import QGridLayout, QLabel, QSizePolicy, QSlider, QVBoxLayout, QWidget

from gui import theme
from gui.empty_note import EmptyNote
from gui.health_line import HealthLine
from gui.notices import announce
from gui.plot import FAR, Line, Plot, line_colors, sample
from services.settings import plain
from services.training.health import Finding, examine, forgetting
from services.training.history import Curve, MetricHistory, smoothed, thinned
from services.translation import _

GIGABYTE = 2**30
REDRAW_MS = 100
SMOOTHING = (0.0, 0.003, 0.006, 0.01, 0.015, 0.02, 0.03, 0.045, 0.07, 0.1, 0.15)  # widths, as shares of the curve
DEFAULT_SMOOTHING = 5
MOST_RUNS = 6  # in one plot: more could not be told apart
SYMBOLS = ("o", "s", "t", "d", "t1", "star")
PICTURE = QSize(1200, 800)


@dataclass(frozen=True, slots=True)
class ShownRun:
    """One run in the plots. name: what the legend calls it where there are several."""

    name: str
    history: MetricHistory
    is_over: bool = False


class TrainingPlots(QWidget):
    """What a person watches while a model learns, live or from old runs.

    Signals:
        smoothing_changed(int): a place in ``SMOOTHING``.
        settings_suggested(dict): of the advice.
    """

    smoothing_changed = Signal(int)
    settings_suggested = Signal(object)

    def __init__(self, phase: str = "cpt", parent: QWidget | None = None, *, is_compact: bool = False) -> None:
        """is_compact: the small plots stand at the right of the loss instead of below it, for where height is dear."""
        super().__init__(parent)
        self._phase, self._is_compact = phase, is_compact
        self._runs = [ShownRun("", MetricHistory())]
        self._step: float | None = None  # that is pointed at
        self._note: Finding | None = None
        self.loss = Plot(_("Loss by step"), ticks=6)
        self.rate = Plot(_("Learning rate"), has_axes=False)
        self.gradient = Plot(_("Gradient"), has_axes=False)
        self.speed = Plot(_("Tokens/s"), has_axes=False)
        self.memory = Plot(_("Memory"), has_axes=False)
        self.forgetting = Plot(_("Forgetting"), has_axes=False)
        self.forgetting.canvas.setToolTip(
            _("Loss on general text, against the untouched base model: up to 3 % more is nothing, above 10 % it forgets.")
        )
        self.gradient.canvas.setToolTip(
            _("Gradient norm: how hard a step pulls at the model. Sudden peaks mean that the learning rate is too high.")
        )
        self.gradient.canvas.setAccessibleName(_("Gradient norm"))
        self.speed.canvas.setToolTip(_("Tokens learnt per second"))
        self.speed.canvas.setAccessibleName(_("Tokens per second"))
        # The number beside the caption says it better than an axis.
        self.small = [self.rate, self.gradient, self.speed, self.memory, self.forgetting]
        self._legend = QLabel(textFormat=Qt.TextFormat.RichText, wordWrap=False)
        self.loss.head.insertWidget(1, self._legend)
        self._smoothing_label = QLabel(_("Smoothing"))
        theme.set_role(self._smoothing_label, "caption")
        self.smoothing = QSlider(Qt.Orientation.Horizontal, minimum=0, maximum=len(SMOOTHING) - 1, pageStep=2)
        self.smoothing.setValue(DEFAULT_SMOOTHING)
        self.smoothing.setAccessibleName(_("Smoothing of the training loss"))
        self.smoothing.setToolTip(_("How smooth the strong line is; at the left end it is the loss as it was measured"))
        self._smoothing_label.setBuddy(self.smoothing)
        self.loss.head.insertWidget(2, self._smoothing_label)
        self.loss.head.insertWidget(3, self.smoothing)
        self.names = QLabel(textFormat=Qt.TextFormat.RichText, wordWrap=True)
        self.names.setAccessibleName(_("The runs in the plot"))
        self.names.hide()
        self.loss.layout().insertWidget(1, self.names)
        self._empty = EmptyNote(self.loss.canvas)
        self.health = HealthLine(phase, 1 if is_compact else 2)
        self.loss.layout().addWidget(self.health)
        self._all = [self.loss, *self.small]
        self._is_narrow = False

        self._lay_out()
        self._timer = QTimer(self, singleShot=True, interval=REDRAW_MS)
        self._timer.timeout.connect(self.redraw)
        self.smoothing.valueChanged.connect(self._smooth)
        self.health.settings_suggested.connect(self.settings_suggested)
        for plot in self._all:
            plot.canvas.pointed.connect(self._point)
        self.loss.canvas.moved.connect(self._move)
        self._recolour()
        self.redraw()

    @property
    def history(self) -> MetricHistory:
        """Of the run that is shown, of the first one where there are several."""
        return self._runs[0].history

    @property
    def sentence(self) -> QLabel:
        return self.health.sentence

    def redraw_soon(self) -> None:
        """The history has grown: drawn at the next tick."""
        if not self._timer.isActive():
            self._timer.start()

    def show_history(self, history: MetricHistory, *, is_over: bool = False) -> None:
        """Show another run, or an empty ``MetricHistory`` at the start of one."""
        self.show_runs([ShownRun("", history, is_over)])

    def show_runs(self, runs: Sequence[ShownRun]) -> None:
        """Show one run, or several over each other."""
        self._runs = list(runs[:MOST_RUNS]) or [ShownRun("", MetricHistory())]
        self._step = None
        self.redraw()

    def note(self, finding: Finding | None) -> None:
        """Something to be said beside what the curves say; drawn with the next redraw."""
        if finding != self._note:
            self._note = finding
            self.redraw_soon()

    def redraw(self) -> None:
        """Draw what there is now."""
        is_one = len(self._runs) == 1
        self.loss.draw(self._loss_lines())
        for plot, metric in (
            (self.rate, "learning_rate"), (self.gradient, "grad_norm"), (self.speed, "tokens_per_second"),
            (self.memory, "memory_bytes"), (self.forgetting, "general_loss"),
        ):  # fmt: skip
            plot.draw([
                Line(run.name or plot.title.text(), self._curve(run, metric), number, 0 if is_one else number, 1)
                for number, run in enumerate(self._runs)
            ])  # fmt: skip
        highest = max((line.curve[1].max() for line in self.speed.lines if len(line.curve[1])), default=1.0)
        self.speed.canvas.setYRange(0, 1.1 * max(1.0, highest))
        self._say_values()
        has_any = any(run.history.step for run in self._runs)
        findings = examine(self.history, is_over=self._runs[0].is_over) if is_one else []
        if self._note is not None:  # how it ended comes first, anything else of less weight last
            findings.insert(0 if self._note.state == "error" else len(findings), self._note)
        self.health.show_findings(findings)
        self.health.setVisible(is_one)
        self.loss.canvas.setAccessibleDescription(self.sentence.text())
        self._empty.say("" if has_any else _("The curves appear with the first step of a training."))
        self._show_legend(has_any)
        if self._step is not None:
            self._point(self._step)

    def picture(self, heading: str) -> QImage:
        """The plots as they are, at a size of their own and twice as fine, for a file."""
        plots = TrainingPlots(self._phase)
        plots.smoothing.setValue(self.smoothing.value())
        plots.smoothing.hide()
        plots._smoothing_label.setText("")
        plots.show_runs(self._runs)
        plots.health.button.hide()
        page = QWidget()
        column = QVBoxLayout(page)
        column.setContentsMargins(theme.PAD, theme.PAD, theme.PAD, theme.PAD)
        title = QLabel(heading, wordWrap=True, textFormat=Qt.TextFormat.PlainText)
        theme.set_role(title, "heading")
        column.addWidget(title)
        column.addWidget(plots, 1)
        page.setPalette(self.palette())
        page.setAttribute(Qt.WidgetAttribute.WA_DontShowOnScreen)
        page.resize(PICTURE * (self.fontMetrics().height() / 16))
        page.show()
        page.grab()  # only in painting do the axes learn how wide their numbers are
        QCoreApplication.sendPostedEvents()
        image = QImage(page.size() * 2, QImage.Format.Format_RGB32)
        image.setDevicePixelRatio(2)
        image.fill(self.palette().color(QPalette.ColorRole.Window))
        painter = QPainter(image)
        page.render(painter, QPoint())
        painter.end()
        page.close()
        page.deleteLater()
        return image

    def _loss_lines(self) -> list[Line]:
        width = SMOOTHING[self.smoothing.value()]
        if len(self._runs) == 1:
            raw = self._runs[0].history.points("loss")
            lines = [Line(_("training"), smoothed(raw, width) if width else thinned(raw))]
            if width:
                lines.insert(0, Line(_("as measured"), thinned(raw), width=1, is_faint=True))
            return [*lines, Line(_("validation"), self._curve(self._runs[0], "validation_loss"), 1, 1, 2, SYMBOLS[0])]
        lines = []
        for number, run in enumerate(self._runs):
            raw = run.history.points("loss")
            lines.append(Line(run.name, smoothed(raw, width) if width else thinned(raw), number, number))
            name = _("{run}, validation").format(run=run.name)
            lines.append(Line(name, self._curve(run, "validation_loss"), number, 2, 1, SYMBOLS[number]))
        return lines

    def _curve(self, run: ShownRun, metric: str) -> Curve:
        steps, values = thinned(run.history.points(metric))
        if metric == "memory_bytes":
            return steps, values / GIGABYTE
        if metric == "general_loss" and len(values) and values[0] > 0:
            return steps, 100 * (values / values[0] - 1)
        return steps, values

    def _say_values(self) -> None:
        """The newest numbers of a single run; of several, the legend tells them apart and the table says them."""
        one = self.history if len(self._runs) == 1 else MetricHistory()
        share = forgetting(one)
        for plot, value, write in (
            (self.loss, one.last("loss"), "{:.3f}".format), (self.rate, one.last("learning_rate"), _say_rate),
            (self.gradient, one.last("grad_norm"), "{:.2f}".format),
            (self.speed, one.last("tokens_per_second"), "{:,.0f}".format),
            (self.forgetting, None if share is None else 100 * share, "{:+.1f} %".format),
        ):  # fmt: skip
            plot.say("" if value is None else write(value), write)
        used, total = one.last("memory_bytes"), one.last("memory_total_bytes")
        totals = [total for run in self._runs if (total := run.history.last("memory_total_bytes"))]
        highest = max((line.curve[1].max() for line in self.memory.lines if len(line.curve[1])), default=1.0)
        self.memory.canvas.setYRange(0, max(totals, default=1.2 * highest * GIGABYTE) / GIGABYTE, padding=0)
        if used is not None and total:
            gigabytes = used / GIGABYTE
            shown = f"{gigabytes:.0f}" if gigabytes >= 10 else f"{gigabytes:.1f}"
            text = _("{used} / {total:.0f} GB").format(used=shown, total=total / GIGABYTE)
        else:
            text = "" if used is None else _("{:.1f} GB").format(used / GIGABYTE)
        self.memory.say(text, _("{:.1f} GB").format)

    def _show_legend(self, has_any: bool) -> None:
        colors, is_one = line_colors(self.palette()), len(self._runs) == 1

        def said(line: Line, name: str) -> str:
            return f'<span style="color:{colors[line.color].name()}">{sample(line)}</span>&nbsp;{name}'

        named = [line for line in self.loss.lines if line.name and not line.is_faint and (len(line.curve[0]) or not is_one)]
        self.loss.title.setText(_("Loss by step") if is_one else _("Loss by step · marks: validation"))
        self._legend.setVisible(is_one and has_any and not self._is_narrow)
        self.names.setVisible(not is_one or (has_any and self._is_narrow))
        if is_one:
            text = " &nbsp; ".join(said(line, escape(line.name)) for line in named)
            self._legend.setText(text + " &nbsp;")
            self.names.setText(text)
            return
        self.names.setText(" &nbsp; ".join(
            said(line, escape(line.name).replace(" ", "&nbsp;"))
            + f'&nbsp;<span style="color:{colors[line.color].name()}">{sample(measured)[1]}</span>'
            for line, measured in zip(named[::2], named[1::2], strict=True)
        ))  # fmt: skip

    # Pointing at a step

    def _point(self, x: float | None) -> None:
        """Show the values of the step nearest to a place, in every plot; None: no longer."""
        longest = max((run.history.points("loss")[0] for run in self._runs), key=len)
        if x is None or not len(longest):
            self._step = None
            for plot in self._all:
                plot.point_at(None)
            return
        self._step = float(longest[np.abs(longest - x).argmin()])
        for plot in self.small:
            plot.point_at(self._step)
        self.loss.show_reading(self._step, self.loss.point_at(self._step))

    def _move(self, points: int) -> None:
        """The keys go from point to point; a screen reader is told what is there."""
        longest = max((run.history.points("loss")[0] for run in self._runs), key=len)
        if not len(longest):
            return
        if self._step is None:
            place = len(longest) - 1 if points > 0 else 0
        else:
            stride = max(1, len(longest) // 200) if abs(points) < FAR else 1
            place = int(np.searchsorted(longest, self._step)) + points * stride
        self._point(float(longest[min(max(place, 0), len(longest) - 1)]))
        read = [(line.name, value) for line, value in self.loss.point_at(self._step)]
        self.loss.show_reading(self._step, self.loss.point_at(self._step))
        values = ", ".join(f"{name} {value:.4g}" for name, value in read)
        announce(self.loss.canvas, _("Step {step:,}").format(step=int(self._step)) + f": {values}")

    # Look

    def _smooth(self, place: int) -> None:
        self.redraw()
        self.smoothing_changed.emit(place)

    def _lay_out(self) -> None:
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(theme.GAP)
        for plot in self.small:
            plot.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
            plot.layout().setContentsMargins(10, *((4, 10, 4) if self._is_compact else (8, 10, 8)))
        self._holder = QWidget()
        self._small_grid = QGridLayout(self._holder)
        self._small_grid.setContentsMargins(0, 0, 0, 0)
        self._small_grid.setSpacing(theme.GAP)
        self._grid.addWidget(self.loss, 0, 0)
        if self._is_compact:
            self.loss.layout().setContentsMargins(12, 4, 12, 4)
        self._arranged: tuple[bool, int] | None = None
        self._fit()

    def _fit(self) -> None:
        """The small plots beside the loss or below it, as many in a row as have room; sizes by the font."""
        letter, height = self.fontMetrics().averageCharWidth(), self.fontMetrics().height()
        self.smoothing.setFixedWidth(letter * 10)
        letters, count = self.width() // letter, len(self.small)
        is_beside = self._is_compact and letters >= 80
        columns = 2 if is_beside else next((n for n in (count, -(-count // 2)) if letters >= 20 * n), 2)
        loss_letters = letters - 36 if is_beside else letters
        self._smoothing_label.setVisible(loss_letters >= 70)
        self._is_narrow = loss_letters < 52
        self.loss.canvas.setMinimumHeight(round(height * (2.5 if self._is_compact else 4)))
        for plot in self.small:
            plot.canvas.setMinimumHeight(height * (1 if self._is_compact or columns < count else 3))
        if (is_beside, columns) != self._arranged:
            self._arrange(is_beside, columns, letter * 17)
        self._show_legend(any(run.history.step for run in self._runs))

    def _arrange(self, is_beside: bool, columns: int, least: int) -> None:
        self._arranged = (is_beside, columns)
        self._grid.addWidget(self._holder, *((0, 1) if is_beside else (1, 0)))
        self._grid.setColumnStretch(0, 4)
        self._grid.setColumnStretch(1, 3 if is_beside else 0)
        self._grid.setRowStretch(0, 3)
        self._grid.setRowStretch(1, 0 if is_beside else 1)
        for column in range(len(self.small)):
            self._small_grid.setColumnStretch(column, 1 if column < columns else 0)
            self._small_grid.setColumnMinimumWidth(column, least if column < columns else 0)
        for number, plot in enumerate(self.small):
            self._small_grid.addWidget(plot, number // columns, number % columns)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def changeEvent(self, event: QEvent) -> None:
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.FontChange) and hasattr(self, "_timer"):
            self._arranged = None
            self._fit()
            self._recolour()
        super().changeEvent(event)

    def _recolour(self) -> None:
        for plot in self._all:
            plot.paint_with(self.palette())
        self._show_legend(any(run.history.step for run in self._runs))


def _say_rate(rate: float) -> str:
    return plain(float(f"{rate:.2g}"))
