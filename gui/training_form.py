"""What to train, with which settings, what that will take, and the button: the left pane of both training tabs."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QScrollArea, QVBoxLayout, QWidget

from gui import theme
from gui.health_line import HealthLine
from gui.icon import icon
from gui.plan_box import PlanBox
from gui.requirement import Requirement
from gui.setting_fields import SettingForm
from gui.shell import Shell
from services.errors import UserError
from services.training.advice import LONG_S
from services.training.checkpoint import Interrupted
from services.training.health import Finding
from services.translation import _

LOW_LINES = 32  # of text: below this height the plan is scrolled with the settings

# What the choices are called in the window; the help says what they mean.
_CHOICES = {
    "device": {"auto": _("automatic"), "cuda": _("CUDA"), "mps": _("Apple (MPS)"), "cpu": _("processor")},
    "target_layers": {"all": _("all layers"), "attention": _("attention"), "upper-half": _("upper half")},
    "scheduler": {"cosine": _("cosine"), "linear": _("linear"), "constant": _("constant")},
}


class TrainingForm(QWidget):
    """
    Signals:
        changed: a setting is another.
        start_wanted, resume_wanted: the button was pressed.
    """

    changed = Signal()
    start_wanted = Signal()
    resume_wanted = Signal()

    def __init__(self, phase: str, shell: Shell, top: QWidget, parent: QWidget | None = None) -> None:
        """top: what is trained on what, above the settings."""
        super().__init__(parent)
        self._interrupted: Interrupted | None = None
        self._is_running = self._is_ours = False
        self.has_need = False  # something is missing without which nothing can be trained
        self.form = SettingForm(phase)
        for key, labels in _CHOICES.items():
            self.form.fields[key].set_choice_labels(labels)
        self.reset_button = QPushButton(icon("reset", "accent"), _("Back to the recommended settings"))
        theme.set_role(self.reset_button, "link")
        self.plan = PlanBox(phase, shell)
        self.slow = HealthLine(phase, 1)
        self.slow.settings = self.values
        self.slow.hide()
        self.need = Requirement()
        self.start_button = QPushButton(icon("play", "accent_text"), "")
        theme.set_role(self.start_button, "primary")
        self.anew_button = QPushButton(_("Start anew"))
        self.anew_button.setToolTip(_("Leaves the stopped training behind and begins again with these settings"))

        heading = QLabel(_("What to train"))
        theme.set_role(heading, "heading")
        inside = QWidget()
        settings = QVBoxLayout(inside)
        settings.setContentsMargins(0, 0, theme.GAP, 0)
        settings.setSpacing(theme.PAD)
        settings.addWidget(top)
        settings.addWidget(self.form)
        settings.addWidget(self.reset_button, alignment=Qt.AlignmentFlag.AlignLeft)
        settings.addStretch()
        self._outlook = QWidget()  # what it will take
        outlook = QVBoxLayout(self._outlook)
        outlook.setContentsMargins(0, 0, 0, 0)
        outlook.setSpacing(theme.GAP)
        outlook.addWidget(self.plan)
        outlook.addWidget(self.slow)
        scroll = QScrollArea(widgetResizable=True, horizontalScrollBarPolicy=Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setWidget(inside)
        self._scroll = scroll
        self._buttons = QHBoxLayout()
        self._buttons.setSpacing(theme.GAP)
        self._buttons.addWidget(self.anew_button)
        self._buttons.addWidget(self.start_button, 1)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.GAP)
        column.addWidget(heading)
        column.addWidget(scroll, 1)
        column.addWidget(self._outlook)
        column.addWidget(self.need)
        column.addLayout(self._buttons)

        self._settings, self._column = settings, column

        self.form.changed.connect(self._settings_changed)
        self.reset_button.clicked.connect(self.form.reset)
        self.plan.settings_suggested.connect(self.take)
        self.plan.estimated.connect(self._show_time)
        self.slow.settings_suggested.connect(self.take)
        self.start_button.clicked.connect(self._press)
        self.anew_button.clicked.connect(self.start_wanted)
        self._settings_changed()
        self._enable()

    def add_above_start(self, widget: QWidget) -> None:
        """Something to choose for the next training, such as all graphics cards, between the plan and the button."""
        self.layout().insertWidget(self.layout().count() - 1, widget)

    def add_beside_start(self, widget: QWidget) -> None:
        """Another thing to do with the settings than to start, such as to take them elsewhere."""
        self._buttons.addWidget(widget)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Where the window is low, the plan goes with the settings when they are scrolled, so that both can be seen."""
        super().resizeEvent(event)
        is_low = self.height() < LOW_LINES * self.fontMetrics().height()
        if is_low and self._column.indexOf(self._outlook) >= 0:
            self._settings.addWidget(self._outlook)
        elif not is_low and self._settings.indexOf(self._outlook) >= 0:
            self._column.insertWidget(self._column.indexOf(self._scroll) + 1, self._outlook)

    def values(self) -> dict[str, Any]:
        """Every setting of the phase."""
        return self.form.values()

    def take(self, values: dict[str, Any]) -> None:
        """Fill in settings, of an old run or of a suggestion; what no longer fits is left as it is."""
        for key, value in values.items():
            try:
                self.form.set_values({key: value})
            except UserError:
                continue

    def show_interrupted(self, interrupted: Interrupted | None) -> None:
        """A training that can go on; the button resumes it then."""
        self._interrupted = interrupted
        self._enable()

    def show_need(self, text: str, action_text: str = "", action: Any = None, *, is_blocking: bool = True) -> None:
        """What is missing before anything can be trained, or only worth knowing; an empty text: nothing."""
        self.has_need = bool(text) and is_blocking
        self.need.show_need(text, action_text, action)
        self._enable()

    def set_running(self, is_running: bool, is_ours: bool) -> None:
        """While a job runs nothing can be started; ``is_ours``: it is a training of this tab."""
        self._is_running, self._is_ours = is_running, is_ours
        self.plan.suggest_button.setEnabled(not is_running)
        self._enable()

    def _show_time(self, seconds: float) -> None:
        """Where it will take long, what makes it faster is one click away."""
        is_slow = seconds > LONG_S
        self.slow.setVisible(is_slow)
        self.slow.show_findings([Finding("slow", "info", _("That is long."))] if is_slow else [])

    def _enable(self) -> None:
        is_free = not self._is_running
        can_resume = self._interrupted is not None and is_free
        self.anew_button.setVisible(can_resume)
        self.anew_button.setEnabled(not self.has_need)
        self.start_button.setEnabled(is_free and (can_resume or not self.has_need))
        if self._is_ours:
            text = _("Training…")
        elif can_resume:
            text = _("Resume at step {step}").format(step=f"{self._interrupted.step:,}")
        else:
            text = _("Start training")
        self.start_button.setText(text)

    def _press(self) -> None:
        if self._interrupted is not None:
            self.resume_wanted.emit()
        else:
            self.start_wanted.emit()

    def _settings_changed(self) -> None:
        self.reset_button.setVisible(any(field.is_changed for field in self.form.fields.values()))
        self.changed.emit()
