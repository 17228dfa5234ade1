"""Colours that can be read, icons that exist, one size that everything follows."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from PySide6.QtCore import QSize
from PySide6.QtGui import QColor, QIcon
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QLabel

from gui import theme
from gui.icon import icon
from gui.theme import DARK, LIGHT, Colors, Theme

GUI = Path(theme.__file__).parent
ICONS = sorted(theme.ICONS.glob("*.svg"))


def luminance(color: str) -> float:
    """Relative luminance, WCAG 2.2."""
    channels = [value / 255 for value in QColor(color).toTuple()[:3]]
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("scheme", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("text", ["text", "muted", "accent", "success", "warning", "danger"])
def test_every_text_colour_can_be_read_on_every_surface(scheme: Colors, text: str):
    for surface in (scheme.window, scheme.base, scheme.raised):
        assert contrast(getattr(scheme, text), surface) >= 4.5


@pytest.mark.parametrize("scheme", [LIGHT, DARK], ids=["light", "dark"])
def test_text_on_coloured_surfaces_can_be_read(scheme: Colors):
    assert contrast(scheme.accent_text, scheme.accent) >= 4.5
    assert contrast(scheme.text, scheme.selection) >= 4.5
    for state in ("accent", "success", "warning", "danger"):
        assert contrast(scheme.text, scheme.soft(state)) >= 4.5
        assert contrast(getattr(scheme, state), scheme.soft(state)) >= 4.5


@pytest.mark.parametrize("path", ICONS, ids=lambda path: path.stem)
def test_every_icon_is_svg_of_one_colour_and_one_stroke(path: Path):
    text = path.read_text("utf-8")
    assert QSvgRenderer(str(path)).isValid()
    assert set(re.findall(r'(?:stroke|fill)="([^"]+)"', text)) <= {"currentColor", "none"}
    assert 'stroke-width="1.8"' in text and 'viewBox="0 0 24 24"' in text


def test_every_icon_that_is_asked_for_exists():
    asked = {
        name for path in GUI.glob("*.py") for name in re.findall(r'\bicon\(\s*"([a-z-]+)"', path.read_text("utf-8"))
    }
    assert asked and not asked - {path.stem for path in ICONS}


def test_an_icon_follows_the_scheme_and_fades_when_disabled(qapp):
    look = Theme(qapp)
    mark = icon("search")

    def darkest(mode: QIcon.Mode) -> int:
        image = mark.pixmap(QSize(32, 32), 1.0, mode).toImage()
        inked = [image.pixelColor(x, y) for x in range(32) for y in range(32) if image.pixelColor(x, y).alpha() > 200]
        return min(color.lightness() for color in inked)

    look.set_scheme("light")
    light = darkest(QIcon.Mode.Normal)
    assert darkest(QIcon.Mode.Disabled) > light + 50
    look.set_scheme("dark")
    assert darkest(QIcon.Mode.Normal) > light + 100
    look.set_scheme("light")


def test_zoom_moves_every_size_and_comes_back(qapp, qtbot):
    look = Theme(qapp)
    look.set_zoom(1.0)
    heading = QLabel("Heading")
    theme.set_role(heading, "heading")
    qtbot.addWidget(heading)
    heading.show()
    before, plain = heading.sizeHint(), qapp.font().pixelSize()
    for _step in range(20):
        look.step_zoom(1)
    assert look.zoom == theme.ZOOM_STEPS[-1] and qapp.font().pixelSize() == 2 * plain
    assert heading.sizeHint().height() > 1.7 * before.height()
    look.set_zoom(1.0)
    assert heading.sizeHint() == before


def test_the_base_font_is_at_least_thirteen_pixels(qapp):
    Theme(qapp).set_zoom(1.0)
    assert qapp.font().pixelSize() >= theme.BASE_FONT_PX
