"""Rows of buttons that go on in the next line, and come back into one."""

from __future__ import annotations

from PySide6.QtWidgets import QPushButton

from gui.flow_layout import FlowBox


def test_a_box_is_as_high_as_its_rows_in_any_size_of_text(qtbot):
    box = FlowBox(QPushButton("Add files"), QPushButton("Add folder"))
    qtbot.addWidget(box)
    box.show()
    box.resize(300, 100)
    box.fit()
    one_row, font = box.minimumHeight(), box.font()
    large = box.font()
    large.setPixelSize(40)
    box.setFont(large)
    qtbot.waitUntil(lambda: box.minimumHeight() > 2 * one_row)
    box.setFont(font)
    qtbot.waitUntil(lambda: box.minimumHeight() == one_row)
