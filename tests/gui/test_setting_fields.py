"""A field for every declared setting: it shows, takes and returns what the declaration says."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QApplication

from gui.setting_fields import NumberBox, SettingForm
from services.errors import UserError
from services.settings import PHASES, defaults


@pytest.fixture(params=sorted(PHASES))
def form(request, qtbot) -> SettingForm:
    form = SettingForm(request.param)
    qtbot.addWidget(form)
    form.show()
    return form


def test_a_form_starts_with_the_defaults_in_their_types(form):
    assert form.values() == defaults(form.phase)
    assert {key: type(value) for key, value in form.values().items()} == {
        key: type(value) for key, value in defaults(form.phase).items()
    }
    assert not any(field.is_changed for field in form.fields.values())


def test_every_field_has_a_label_a_buddy_help_and_a_name(form):
    for field in form.fields.values():
        assert field.label.buddy() is field.editor
        assert field.editor.toolTip() == field.editor.whatsThis() == field.setting.help != "" == field.remark.text()
        assert field.editor.accessibleName() == field.setting.label


def test_every_field_takes_its_limits_and_returns_them(form):
    for field in form.fields.values():
        for value in (field.setting.minimum, field.setting.maximum):
            if field.setting.kind in ("int", "float") and value is not None:
                field.set_value(value)
                assert field.value() == value
        for choice in field.setting.choices:
            field.set_value(choice)
            assert field.value() == choice


def test_a_value_out_of_range_is_refused_with_a_sentence(qtbot):
    form = SettingForm("cpt")
    qtbot.addWidget(form)
    with pytest.raises(UserError, match="out of range"):
        form.fields["epochs"].set_value(0)


def test_a_changed_field_says_so_and_can_be_reset(qtbot):
    form = SettingForm("cpt")
    qtbot.addWidget(form)
    field = form.fields["lora_rank"]
    with qtbot.waitSignal(form.changed):
        field.set_value(64)
    assert field.is_changed and field.label.font().bold()
    form.reset()
    assert not field.is_changed and not field.label.font().bold()


def test_a_single_field_goes_back_with_its_own_button(qtbot):
    form = SettingForm("cpt")
    qtbot.addWidget(form)
    form.resize(400, 500)
    form.show()
    field = form.fields["learning_rate"]
    assert not field.reset_button.isVisible()
    place = field.editor.geometry()
    field.set_value(4e-4)
    qtbot.waitUntil(field.reset_button.isVisible)
    form.layout().activate()
    assert field.editor.geometry() == place, "nothing jumps"
    assert "3e-4" in field.reset_button.toolTip() and "Learning rate" in field.reset_button.accessibleName()
    # With the keyboard: Tab leads from the field to its reset.
    field.editor.setFocus()
    qtbot.keyClick(field.editor, Qt.Key.Key_Tab)
    assert form.focusWidget() is field.reset_button
    qtbot.keyClick(field.reset_button, Qt.Key.Key_Space)
    assert field.value() == 3e-4 and not field.reset_button.isVisible() and form.focusWidget() is field.editor


def test_a_value_that_is_not_recommended_gets_a_remark_below_it(qtbot):
    form = SettingForm("sft")
    qtbot.addWidget(form)
    form.show()
    field = form.fields["epochs"]
    field.set_value(3)
    assert not field.remark.isVisible()
    field.set_value(8)
    assert field.remark.isVisible() and "1 to 3" in field.remark.text()
    assert "1 to 3" in field.editor.accessibleDescription(), "a screen reader says it with the field"
    form.fields["seed"].set_value(7)
    form.reset()
    assert not field.remark.isVisible()


def test_fields_that_a_tab_lays_out_by_hand_have_no_stray_parts(qtbot):
    form = SettingForm("cpt", without=("epochs",))
    qtbot.addWidget(form)
    form.show()
    form.fields["epochs"].set_value(50)
    assert not form.fields["epochs"].reset_button.isVisible() and not form.fields["epochs"].remark.isVisible()


def test_values_of_an_old_run_are_taken_and_other_keys_left_alone(qtbot):
    form = SettingForm("cpt")
    qtbot.addWidget(form)
    form.set_values({"epochs": 7, "base_model": "x", "learning_rate": 5e-5})
    assert form.values() == {**defaults("cpt"), "epochs": 7, "learning_rate": 5e-5}


def test_advanced_settings_open_on_demand(qtbot):
    form = SettingForm("cpt")
    qtbot.addWidget(form)
    form.show()
    assert form.fields["epochs"].editor.isVisible() and not form.fields["seed"].editor.isVisible()
    qtbot.mouseClick(form.more_button, Qt.MouseButton.LeftButton)
    assert form.fields["seed"].editor.isVisible()


@pytest.mark.parametrize(
    ("value", "text"), [(3e-4, "3e-4"), (2.5e-5, "2.5e-5"), (0.05, "0.05"), (0.0, "0"), (180.0, "180"), (0.001, "0.001")]
)
def test_numbers_are_written_as_people_write_them(qtbot, value, text):
    box = NumberBox()
    qtbot.addWidget(box)
    box.setRange(0, 1000)
    box.setValue(value)
    assert box.text() == text.replace(".", box.locale().decimalPoint())
    assert box.value() == value


@pytest.mark.parametrize(("typed", "value"), [("1e-4", 1e-4), ("0,0005", 5e-4), ("2.5E-5", 2.5e-5), ("0.01", 0.01)])
def test_numbers_can_be_typed_in_every_spelling(qtbot, typed, value):
    box = NumberBox()
    qtbot.addWidget(box)
    box.setRange(1e-7, 0.1)
    box.setValue(3e-4)
    box.selectAll()
    qtbot.keyClicks(box, typed)
    qtbot.keyClick(box, Qt.Key.Key_Return)
    assert box.value() == pytest.approx(value, rel=1e-9)


def test_the_arrows_move_a_number_by_its_own_size(qtbot):
    box = NumberBox()
    qtbot.addWidget(box)
    box.setRange(1e-7, 0.1)
    box.setValue(2e-4)
    values = []
    for step in (1, -1, -1, -1):
        box.stepBy(step)
        values.append(box.value())
    assert values == pytest.approx([3e-4, 2e-4, 1e-4, 9e-5])


def test_scrolling_a_form_changes_nothing(qtbot):
    form = SettingForm("cpt")
    qtbot.addWidget(form)
    form.show()
    editor = form.fields["epochs"].editor
    editor.clearFocus()
    wheel = QWheelEvent(
        QPointF(3, 3), editor.mapToGlobal(QPointF(3, 3)), QPoint(), QPoint(0, 120), Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(editor, wheel)
    assert form.values() == defaults("cpt")
