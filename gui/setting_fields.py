"""A form field for each declared setting, and a form that lays them out by group.

Nothing is declared twice: label, limits, unit, help and default come from ``services.settings``.
"""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QEvent, QObject, Qt, Signal
from PySide6.QtGui import QValidator
from PySide6.QtWidgets import (
    QAbstractSpinBox,
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QGridLayout,
    QLabel,
    QLineEdit,
    QPlainTextEdit,
    QSizePolicy,
    QSpinBox,
    QToolButton,
    QVBoxLayout,
    QWhatsThis,
    QWidget,
)

from gui import theme
from gui.icon import icon
from services.settings import PHASES, Setting, plain
from services.training.advice import remark
from services.translation import _

EDITOR_CHARACTERS = 17


class NumberBox(QDoubleSpinBox):
    """A number that may be very small, written as people write it: 3e-4, 0.05, 180. Arrows step it by its size."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent, decimals=12)

    def textFromValue(self, value: float) -> str:
        return plain(value).replace(".", self.locale().decimalPoint())

    def valueFromText(self, text: str) -> float:
        try:
            return float(self._number(text))
        except ValueError:
            return self.value()

    def validate(self, text: str, position: int) -> tuple[QValidator.State, str, int]:
        if self.specialValueText() and text == self.specialValueText():
            return QValidator.State.Acceptable, text, position
        number = self._number(text)
        try:
            value = float(number)
        except ValueError:
            is_start = not number.strip("0123456789.eE+-")
            return (QValidator.State.Intermediate if is_start else QValidator.State.Invalid), text, position
        inside = self.minimum() <= value <= self.maximum()
        return (QValidator.State.Acceptable if inside else QValidator.State.Intermediate), text, position

    def stepBy(self, steps: int) -> None:
        """3e-4 goes to 4e-4 or 2e-4, 0.05 to 0.06: one unit of its first digit."""
        value = self.value()
        if not value:
            self.setValue(steps * (0.01 if self.maximum() <= 1 else 0.1))
            return
        exponent = int(f"{abs(value):e}".split("e")[1])
        is_going_down = steps < 0 and f"{abs(value):e}".startswith("1.000000")
        self.setValue(round(value + steps * 10.0 ** (exponent - is_going_down), 12))

    def _number(self, text: str) -> str:
        bare = text.removesuffix(self.suffix()).removeprefix(self.prefix()).strip()
        return bare.replace(",", ".").replace(self.locale().decimalPoint(), ".")


class SettingField(QObject):
    """One setting: ``label`` and ``editor`` to be laid out, ``reset_button`` and ``help_button`` beside them.

    Below may stand ``remark``: what is to be said of a value that the recipe does not recommend.
    ``changed`` leaves whenever the value does, by hand or by ``set_value``.
    """

    changed = Signal()

    def __init__(self, setting: Setting, parent: QWidget, phase: str = "") -> None:
        super().__init__(parent)
        self.setting, self._phase = setting, phase
        self._is_visible = True
        self.editor: QWidget = self._make_editor(parent)
        self.editor.setToolTip(setting.help)
        self.editor.setWhatsThis(setting.help)
        self.editor.setAccessibleName(setting.label)
        self.editor.setAccessibleDescription(setting.help)
        self.editor.installEventFilter(self)
        name, _paren, plain = setting.label.partition(" (")
        self.label = QLabel(f"{name}<br><small>{plain.removesuffix(')')}</small>" if plain else name, parent, wordWrap=True)
        self.label.setTextFormat(Qt.TextFormat.RichText)
        self.label.setToolTip(setting.help)
        self.label.setBuddy(self.editor)
        self.help_button = QToolButton(parent, icon=icon("question", "muted"), toolTip=setting.help)
        self.help_button.setAccessibleName(_("What is “{setting}”?").format(setting=name))
        self.help_button.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # Shift+F1 in the field says the same
        self.help_button.clicked.connect(self._explain)
        self.reset_button = QToolButton(parent, icon=icon("reset", "accent"))
        back = _("Back to {value}, the recommended value").format(value=self._default_in_words())
        self.reset_button.setToolTip(back)
        self.reset_button.setAccessibleName(f"{name}: {back}")
        self.reset_button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        policy = self.reset_button.sizePolicy()
        policy.setRetainSizeWhenHidden(True)  # so that nothing jumps
        self.reset_button.setSizePolicy(policy)
        self.reset_button.clicked.connect(self._reset_by_hand)
        self.remark = QLabel(parent, wordWrap=True, textFormat=Qt.TextFormat.PlainText)
        self.remark.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        theme.set_role(self.remark, "caption")
        self.remark.hide()
        self.reset()
        self._mark_changed()
        self.changed.connect(self._mark_changed)

    def value(self) -> Any:
        """The value in the setting's own type."""
        editor = self.editor
        if isinstance(editor, (QSpinBox, QDoubleSpinBox)):
            return editor.value()
        if isinstance(editor, QCheckBox):
            return editor.isChecked()
        if isinstance(editor, QComboBox):
            return editor.currentData()
        return editor.toPlainText() if isinstance(editor, QPlainTextEdit) else editor.text().strip()

    def set_value(self, value: Any) -> None:
        """
        Raises:
            UserError: the value is of the wrong type or out of range.
        """
        value, editor = self.setting.read(value), self.editor
        if isinstance(editor, (QSpinBox, QDoubleSpinBox)):
            editor.setValue(value)
        elif isinstance(editor, QCheckBox):
            editor.setChecked(value)
        elif isinstance(editor, QComboBox):
            editor.setCurrentIndex(max(0, editor.findData(value)))
        elif isinstance(editor, QPlainTextEdit):
            editor.setPlainText(value)
        else:
            editor.setText(value)

    @property
    def is_changed(self) -> bool:
        """Whether it differs from the default."""
        return self.value() != self.setting.default

    def reset(self) -> None:
        self.set_value(self.setting.default)

    def set_choice_labels(self, labels: dict[str, str]) -> None:
        """Say the choices in plain words; the values stay what they are."""
        for place in range(self.editor.count()):
            self.editor.setItemText(place, labels.get(self.editor.itemData(place), self.editor.itemText(place)))
        back = _("Back to {value}, the recommended value").format(value=self._default_in_words())
        self.reset_button.setToolTip(back)
        self.reset_button.setAccessibleName(f"{self.setting.label.partition(' (')[0]}: {back}")

    def set_visible(self, is_visible: bool) -> None:
        self._is_visible = is_visible
        for part in (self.label, self.editor, self.help_button):
            part.setVisible(is_visible)
        self._mark_changed()

    def lay_out_elsewhere(self) -> None:
        """The tab lays label and editor out by hand: what stands beside them in a form goes away."""
        self._is_visible = False
        self.help_button.hide()  # which the tab may show again
        self._mark_changed()

    def fit(self) -> None:
        """Numbers and choices share one width, which follows the font."""
        if self.setting.kind in ("int", "float", "choice"):
            self.editor.setFixedWidth(self.editor.fontMetrics().averageCharWidth() * EDITOR_CHARACTERS)
        elif self.setting.kind == "text":
            self.editor.setFixedHeight(self.editor.fontMetrics().lineSpacing() * 5 + theme.PAD)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.FontChange:
            self.fit()
        # Scrolling a form must not change the numbers that pass under the mouse.
        if event.type() == QEvent.Type.Wheel and not self.editor.hasFocus():
            event.ignore()
            return True
        return False

    def _make_editor(self, parent: QWidget) -> QWidget:
        setting = self.setting
        if setting.kind == "bool":
            check = QCheckBox(parent)
            check.toggled.connect(self.changed)
            return check
        if setting.kind == "choice":
            combo = QComboBox(parent)
            for choice in setting.choices:
                combo.addItem(choice, choice)
            combo.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
            combo.currentIndexChanged.connect(self.changed)
            return combo
        if setting.kind == "text":
            text = QPlainTextEdit(parent, tabChangesFocus=True)
            text.textChanged.connect(self.changed)
            return text
        if setting.kind == "str":
            line = QLineEdit(parent)
            line.textChanged.connect(self.changed)
            return line
        box = QSpinBox(parent) if setting.kind == "int" else NumberBox(parent)
        number = int if setting.kind == "int" else float
        box.setRange(number(setting.minimum or 0), number(1e9 if setting.maximum is None else setting.maximum))
        if setting.unit:
            box.setSuffix(" " + setting.unit_of(setting.default))
            box.valueChanged.connect(self._fit_unit)
        box.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        box.setCorrectionMode(QAbstractSpinBox.CorrectionMode.CorrectToNearestValue)
        box.setAlignment(Qt.AlignmentFlag.AlignRight)
        box.setKeyboardTracking(False)
        box.valueChanged.connect(self.changed)
        return box

    def _fit_unit(self, value: float) -> None:
        assert isinstance(self.editor, QAbstractSpinBox)
        self.editor.setSuffix(" " + self.setting.unit_of(value))

    def _mark_changed(self) -> None:
        font, is_changed = self.label.font(), self.is_changed
        if font.bold() != is_changed:
            font.setBold(is_changed)
            self.label.setFont(font)
        self.reset_button.setVisible(self._is_visible and is_changed)
        said = remark(self._phase, self.setting.key, self.value()) if is_changed else ""
        self.remark.setText(said)
        self.remark.setVisible(self._is_visible and bool(said))
        self.editor.setAccessibleDescription(" ".join(filter(None, [self.setting.help, said])))

    def _reset_by_hand(self) -> None:
        self.editor.setFocus(Qt.FocusReason.OtherFocusReason)  # the button goes away
        self.reset()

    def _default_in_words(self) -> str:
        default = plain(self.setting.default)
        if self.setting.kind == "choice":
            return self.editor.itemText(self.editor.findData(default))
        if self.setting.kind in ("str", "text"):
            return _("“{text}”").format(text=default) if default else _("empty")
        unit = self.setting.unit_of(self.setting.default) if self.setting.unit else ""
        return f"{default} {unit}".strip()

    def _explain(self) -> None:
        text = self.setting.help
        if self.setting.default != "":
            text += "\n\n" + _("Default: {value}").format(value=self._default_in_words())
        QWhatsThis.showText(self.help_button.mapToGlobal(self.help_button.rect().bottomLeft()), text, self.help_button)


class SettingForm(QWidget):
    """The fields of a phase in their declared order; advanced ones open under "More settings".

    ``without``: keys that the tab lays out by hand. Every field is in ``fields``, laid out here or not.
    """

    changed = Signal()

    def __init__(self, phase: str, parent: QWidget | None = None, *, without: tuple[str, ...] = ()) -> None:
        super().__init__(parent)
        self.phase = phase
        self.fields = {setting.key: SettingField(setting, self, phase) for setting in PHASES[phase]}
        simple = [field for field in self._laid_out(without) if not field.setting.is_advanced]
        advanced = [field for field in self._laid_out(without) if field.setting.is_advanced]
        groups = list(dict.fromkeys(field.setting.group for field in advanced))
        advanced.sort(key=lambda field: groups.index(field.setting.group))  # each heading once
        for key in without:
            self.fields[key].lay_out_elsewhere()
        self.more_button = QToolButton(icon=icon("chevron-right"), text=_("More settings"), checkable=True)
        self.more_button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        theme.set_role(self.more_button, "disclosure")
        self.more_button.toggled.connect(self._show_more)
        self.more_button.setVisible(bool(advanced))
        self._more = QWidget()
        self._more.hide()
        lay_out(simple, grid := QGridLayout())
        lay_out(advanced, more_grid := QGridLayout(self._more))
        more_grid.setContentsMargins(0, 0, 0, 0)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(theme.GAP)
        column.addLayout(grid)
        column.addWidget(self.more_button, alignment=Qt.AlignmentFlag.AlignLeft)
        column.addWidget(self._more)
        for field in self.fields.values():
            field.changed.connect(self.changed)

    def values(self) -> dict[str, Any]:
        """Every setting of the phase by key."""
        return {key: field.value() for key, field in self.fields.items()}

    def set_values(self, values: dict[str, Any]) -> None:
        """Take the values of known keys, for instance those of an old run; other keys are left alone."""
        for key, value in values.items():
            if key in self.fields:
                self.fields[key].set_value(value)

    def reset(self) -> None:
        for field in self.fields.values():
            field.reset()

    def _laid_out(self, without: tuple[str, ...]) -> list[SettingField]:
        return [field for key, field in self.fields.items() if key not in without]

    def _show_more(self, is_open: bool) -> None:
        self.more_button.setIcon(icon("chevron-down" if is_open else "chevron-right"))
        self._more.setVisible(is_open)


def lay_out(fields: list[SettingField], grid: QGridLayout, first_row: int = 0) -> int:
    """Labels, editors, resets and help buttons in four columns; returns the next free row."""
    grid.setHorizontalSpacing(theme.GAP // 2)
    grid.setVerticalSpacing(theme.GAP)
    grid.setColumnStretch(0, 1)
    row, group = first_row, None
    for field in fields:
        if field.setting.group != group and field.setting.is_advanced:
            group = field.setting.group
            heading = QLabel(group)
            theme.set_role(heading, "caption")
            grid.addWidget(heading, row, 0, 1, 4)
            row += 1
        grid.addWidget(field.reset_button, row, 2)
        grid.addWidget(field.help_button, row, 3)
        if field.setting.kind in ("str", "text"):  # words need the whole width
            grid.addWidget(field.label, row, 0, 1, 2)
            row += 1
            grid.addWidget(field.editor, row, 0, 1, 4)
        else:
            field.fit()
            grid.addWidget(field.label, row, 0)
            grid.addWidget(field.editor, row, 1)
        grid.addWidget(field.remark, row + 1, 0, 1, 4)
        row += 2
        # As the eye goes: the button is made later than its neighbour, but comes right after it.
        QWidget.setTabOrder(field.editor, field.reset_button)
    return row
