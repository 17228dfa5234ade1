"""How the window looks: two palettes, one accent, a short style sheet, icons in the colour of the text.

Colours carry state only together with a word or a shape. Every text colour keeps a contrast of 4.5:1 on the
surfaces it stands on; a test holds that. Sizes derive from the base font, so zooming moves everything alike.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from string import Template

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontInfo, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication, QWidget

ZOOM_STEPS = (0.8, 0.9, 1.0, 1.1, 1.25, 1.5, 1.75, 2.0)
BASE_FONT_PX = 13
ICONS = Path(__file__).resolve().parent.parent / "resources" / "icons"
PAD, GAP, GROUP = 16, 8, 24  # around panes, between related fields, between groups


@dataclass(frozen=True, slots=True)
class Colors:
    """One scheme. ``text`` and ``muted`` are read on window, base and raised; states too."""

    window: str
    base: str
    raised: str
    text: str
    muted: str
    border: str
    accent: str
    accent_text: str
    selection: str
    success: str
    warning: str
    danger: str

    def soft(self, state: str) -> str:
        """A background that hints at a state: a tenth of its colour on the surface of the window."""
        return mix(getattr(self, state), self.base, 0.1)


LIGHT = Colors(
    window="#f3f5f6", base="#ffffff", raised="#fafbfb", text="#1a2024", muted="#58636b", border="#cfd6da",
    accent="#0f6a75", accent_text="#ffffff", selection="#d3e8ea",
    success="#1d6b3a", warning="#865300", danger="#ad2a24",
)  # fmt: skip
DARK = Colors(
    window="#1d2225", base="#15191b", raised="#242a2e", text="#e3e8ea", muted="#9eaab1", border="#3b444a",
    accent="#67c3cc", accent_text="#0b2427", selection="#1f474c",
    success="#74cf94", warning="#e8b45a", danger="#f3938a",
)  # fmt: skip


def mix(color: str, other: str, share: float) -> str:
    """``share`` of the first colour, the rest of the second, as #rrggbb."""
    pairs = zip(QColor(color).toTuple()[:3], QColor(other).toTuple()[:3], strict=True)
    return "#" + "".join(f"{round(a * share + b * (1 - share)):02x}" for a, b in pairs)


def colors() -> Colors:
    """The scheme that is on the screen now."""
    return DARK if QGuiApplication.palette().window().color().lightness() < 128 else LIGHT


def set_role(widget: QWidget, role: str) -> None:
    """Give a widget its look by its role, see the style sheet: title, heading, caption, strong, primary, link, card."""
    widget.setProperty("role", role)
    widget.style().unpolish(widget)
    widget.style().polish(widget)


class Theme(QObject):
    """Colour scheme and zoom of the whole program; ``changed`` leaves after the new look is in place."""

    changed = Signal()

    def __init__(self, app: QApplication) -> None:
        super().__init__(app)
        self._app = app
        self._system_font = QFont(app.font())
        self.scheme, self.zoom = "system", 1.0
        app.styleHints().colorSchemeChanged.connect(self._follow_system)

    def set_scheme(self, scheme: str) -> None:
        """Take "light" or "dark", or follow the "system"."""
        self.scheme = scheme
        wanted = {"light": Qt.ColorScheme.Light, "dark": Qt.ColorScheme.Dark}.get(scheme, Qt.ColorScheme.Unknown)
        self._app.styleHints().setColorScheme(wanted)  # title bars and native dialogs; not every platform obeys
        self.apply()

    def set_zoom(self, zoom: float) -> None:
        self.zoom = min(max(zoom, ZOOM_STEPS[0]), ZOOM_STEPS[-1])
        self.apply()

    def step_zoom(self, direction: int) -> None:
        """One step larger (1) or smaller (-1)."""
        others = [step for step in ZOOM_STEPS if (step - self.zoom) * direction > 0.001]
        if others:
            self.set_zoom(min(others) if direction > 0 else max(others))

    def apply(self) -> None:
        """Put font, palette and style sheet in place."""
        is_dark = self._app.styleHints().colorScheme() == Qt.ColorScheme.Dark
        if self.scheme != "system":
            is_dark = self.scheme == "dark"
        scheme = DARK if is_dark else LIGHT
        size = round(max(BASE_FONT_PX, QFontInfo(self._system_font).pixelSize()) * self.zoom)
        font = QFont(self._system_font)
        font.setPixelSize(size)
        font.setFeature(QFont.Tag("tnum"), 1)
        self._app.setFont(font)
        self._app.setPalette(palette(scheme))
        self._app.setStyleSheet(style_sheet(scheme, size))
        self.changed.emit()

    def _follow_system(self) -> None:
        if self.scheme == "system":
            self.apply()


def palette(scheme: Colors) -> QPalette:
    """Every role of Qt's palette from our colours."""
    role = QPalette.ColorRole
    roles = {
        role.Window: scheme.window, role.WindowText: scheme.text, role.Base: scheme.base, role.Text: scheme.text,
        role.AlternateBase: mix(scheme.text, scheme.base, 0.03), role.ToolTipBase: scheme.raised,
        role.ToolTipText: scheme.text, role.PlaceholderText: scheme.muted, role.Button: scheme.raised,
        role.ButtonText: scheme.text, role.BrightText: scheme.danger, role.Link: scheme.accent,
        role.LinkVisited: scheme.accent, role.Highlight: scheme.selection, role.HighlightedText: scheme.text,
        role.Accent: scheme.accent, role.Light: mix("#ffffff", scheme.raised, 0.1), role.Midlight: scheme.raised,
        role.Mid: scheme.border, role.Dark: mix("#000000", scheme.border, 0.2), role.Shadow: mix("#000000", scheme.border, 0.4),
    }  # fmt: skip
    made = QPalette()
    for name, color in roles.items():
        made.setColor(name, QColor(color))
    faint = QColor(mix(scheme.text, scheme.window, 0.45))
    for name in (role.WindowText, role.Text, role.ButtonText, role.HighlightedText):
        made.setColor(QPalette.ColorGroup.Disabled, name, faint)
    return made


def style_sheet(scheme: Colors, font_px: int) -> str:
    """The roles; and, where the style is Fusion, flat buttons, tabs and headers."""
    names = {
        **{name: getattr(scheme, name) for name in Colors.__slots__},
        "hover": mix(scheme.text, scheme.raised, 0.06), "pressed": mix(scheme.text, scheme.raised, 0.12),
        "accent_hover": mix(scheme.text, scheme.accent, 0.12), "accent_pressed": mix(scheme.text, scheme.accent, 0.22),
        "faint": mix(scheme.text, scheme.window, 0.45), "faint_accent": mix(scheme.accent, scheme.window, 0.3),
        "card": scheme.raised if scheme is DARK else scheme.base, "hairline": mix(scheme.border, scheme.window, 0.6),
        "caption_px": round(font_px * 11.5 / 13), "heading_px": round(font_px * 17 / 13), "title_px": round(font_px * 24 / 13),
        "control": round(font_px * 2), "icon": round(font_px * 1.4), "pad_x": round(font_px * 0.85), "tab_y": round(font_px * 0.7),
        "bar": max(6, round(font_px * 0.5)), "arrow": round(font_px * 0.75), "box": round(font_px * 1.1), "radio": (round(font_px * 1.1) + 2) // 2,
        "spin_width": round(font_px * 1.5), "scroll": round(font_px * 0.85), "scroll_radius": round(font_px * 0.85) // 2 - 2,
    }  # fmt: skip
    for shape in ("up", "down", "check", "dot"):  # a style sheet takes pictures from files only
        names[shape] = (ICONS / "controls" / f"{shape}-{'dark' if scheme is DARK else 'light'}.svg").as_posix()
    sheet = _ROLES if sys.platform == "darwin" else _ROLES + _FUSION
    return Template(sheet).substitute(names)


_ROLES = """
QLabel[role="title"] { font-size: ${title_px}px; font-weight: 600; }
QLabel[role="heading"] { font-size: ${heading_px}px; font-weight: 600; }
QLabel[role="strong"] { font-weight: 600; }
QLabel[role="caption"] { font-size: ${caption_px}px; color: ${muted}; }
QLabel[role="muted"] { color: ${muted}; }
QFrame[role="card"] { background: ${card}; border: 1px solid ${hairline}; border-radius: 8px; }
QFrame[role="line"] { background: ${hairline}; border: none; }
QPushButton[role="primary"] { background: ${accent}; color: ${accent_text}; border: 1px solid ${accent}; font-weight: 600;
    border-radius: 5px; padding: 0 ${pad_x}px; min-height: ${control}px; }
QPushButton[role="primary"]:hover { background: ${accent_hover}; border-color: ${accent_hover}; }
QPushButton[role="primary"]:pressed { background: ${accent_pressed}; }
QPushButton[role="primary"]:disabled { background: ${faint_accent}; border-color: transparent; color: ${window}; }
QPushButton[role="primary"]:focus { border: 2px solid ${text}; }
QPushButton[role="link"], QToolButton[role="link"] { background: transparent; border: 1px solid transparent;
    color: ${accent}; padding: 0 4px; border-radius: 4px; text-align: left; }
QPushButton[role="link"]:hover, QToolButton[role="link"]:hover { text-decoration: underline; }
QPushButton[role="link"]:focus, QToolButton[role="link"]:focus { border-color: ${accent}; }
QPushButton[role="link"]:disabled { color: ${faint}; border-color: transparent; }
QPushButton[role="part"] { background: transparent; border: 1px solid transparent; padding: 0 6px; border-radius: 5px; }
QPushButton[role="part"]:hover { background: ${hover}; }
QPushButton[role="part"]:focus { border-color: ${accent}; }
QToolButton[role="project"] { font-weight: 600; padding: 3px ${spin_width}px 3px 5px; }
QToolButton[role="project"]::menu-indicator { image: url("${down}"); width: ${arrow}px; height: ${arrow}px;
    subcontrol-origin: padding; subcontrol-position: center right; right: 4px; }
"""

_FUSION = """
QToolTip { color: ${text}; background: ${raised}; border: 1px solid ${border}; padding: 4px 6px; }
QPushButton { background: ${raised}; border: 1px solid ${border}; border-radius: 5px; padding: 0 ${pad_x}px;
    min-height: ${control}px; icon-size: ${icon}px; }
QPushButton:hover { background: ${hover}; }
QPushButton:pressed, QPushButton:checked { background: ${pressed}; }
QPushButton:focus { border-color: ${accent}; }
QPushButton:disabled { color: ${faint}; border-color: ${hairline}; background: transparent; }
QToolButton { background: transparent; border: 1px solid transparent; border-radius: 5px; padding: 3px; icon-size: ${icon}px; }
QToolButton:hover { background: ${hover}; }
QToolButton:pressed, QToolButton:checked { background: ${pressed}; }
QToolButton:focus { border-color: ${accent}; }
QToolButton[role="disclosure"]:checked { background: transparent; }
QToolButton[role="disclosure"]:hover { color: ${accent}; background: transparent; }
QTabWidget::pane { border: none; border-top: 1px solid ${border}; }
QTabWidget::tab-bar { left: 6px; }
QTabBar { qproperty-drawBase: 0; icon-size: ${icon}px; }
QTabBar::tab { background: transparent; border: none; border-bottom: 3px solid transparent; color: ${muted};
    padding: ${tab_y}px 16px ${tab_y}px 16px; }
QTabBar::tab:hover { color: ${text}; }
QTabBar::tab:selected { color: ${text}; border-bottom-color: ${accent}; }
QTabBar::tab:focus { color: ${accent}; }
QHeaderView { background: ${window}; }
QHeaderView::section { background: ${window}; color: ${muted}; border: none; border-bottom: 1px solid ${border};
    padding: 6px 6px 5px 6px; }
QHeaderView::section:hover { color: ${text}; }
QHeaderView::up-arrow { image: url("${up}"); subcontrol-position: top center; width: ${arrow}px; height: ${arrow}px; }
QHeaderView::down-arrow { image: url("${down}"); subcontrol-position: top center; width: ${arrow}px; height: ${arrow}px; }
QTableView, QTreeView, QListView { border: 1px solid ${border}; border-radius: 5px; background: ${base};
    selection-background-color: ${selection}; selection-color: ${text}; outline: none; }
QTableView:focus, QListView:focus, QTreeView:focus { border-color: ${accent}; }
QTableView::item { padding: 0 6px; }
QPlainTextEdit, QTextEdit, QTextBrowser { border: 1px solid ${border}; border-radius: 5px; background: ${base}; padding: 4px; }
QPlainTextEdit:focus, QTextEdit:focus, QTextBrowser:focus { border-color: ${accent}; }
QTextEdit[role="aside"] { background: ${window}; color: ${muted}; }
QTextEdit[role="bare"] { border: none; background: transparent; padding: 0; }
QLineEdit, QSpinBox, QDoubleSpinBox, QComboBox { border: 1px solid ${border}; border-radius: 5px; background: ${base};
    padding: 0 6px; min-height: ${control}px; selection-background-color: ${selection}; selection-color: ${text}; }
QLineEdit:focus, QSpinBox:focus, QDoubleSpinBox:focus, QComboBox:focus { border-color: ${accent}; }
QLineEdit:disabled, QSpinBox:disabled, QDoubleSpinBox:disabled, QComboBox:disabled { background: ${window}; color: ${faint};
    border-color: ${hairline}; }
QSpinBox, QDoubleSpinBox { padding-right: ${spin_width}px; }
QSpinBox::up-button, QDoubleSpinBox::up-button { subcontrol-origin: border; subcontrol-position: top right;
    width: ${spin_width}px; border: none; margin: 2px 2px 0 0; }
QSpinBox::down-button, QDoubleSpinBox::down-button { subcontrol-origin: border; subcontrol-position: bottom right;
    width: ${spin_width}px; border: none; margin: 0 2px 2px 0; }
QSpinBox::up-button:hover, QSpinBox::down-button:hover, QDoubleSpinBox::up-button:hover, QDoubleSpinBox::down-button:hover {
    background: ${hover}; }
QSpinBox::up-arrow, QDoubleSpinBox::up-arrow { image: url("${up}"); width: ${arrow}px; height: ${arrow}px; }
QSpinBox::down-arrow, QDoubleSpinBox::down-arrow { image: url("${down}"); width: ${arrow}px; height: ${arrow}px; }
QComboBox { padding-right: ${spin_width}px; }
QComboBox::drop-down { subcontrol-origin: border; subcontrol-position: center right; width: ${spin_width}px; border: none; }
QComboBox::down-arrow { image: url("${down}"); width: ${arrow}px; height: ${arrow}px; }
QComboBox QAbstractItemView { border: 1px solid ${border}; background: ${base}; selection-background-color: ${selection};
    selection-color: ${text}; }
QCheckBox, QRadioButton { spacing: 7px; }
QCheckBox::indicator, QRadioButton::indicator { width: ${box}px; height: ${box}px; border: 1px solid ${muted};
    background: ${base}; }
QCheckBox::indicator { border-radius: 4px; }
QRadioButton::indicator { border-radius: ${radio}px; }
QCheckBox::indicator:focus, QCheckBox::indicator:hover, QRadioButton::indicator:hover { border-color: ${accent}; }
QCheckBox:focus, QRadioButton:focus { color: ${accent}; }
QCheckBox::indicator:checked { background: ${accent}; border-color: ${accent}; image: url("${check}"); }
QRadioButton::indicator:checked { background: ${accent}; border-color: ${accent}; image: url("${dot}"); }
QCheckBox::indicator:disabled, QRadioButton::indicator:disabled { border-color: ${hairline}; background: ${window}; }
QCheckBox:disabled, QRadioButton:disabled { color: ${faint}; }
QProgressBar { background: ${hairline}; border: none; border-radius: 3px; min-height: ${bar}px; max-height: ${bar}px; }
QProgressBar::chunk { background: ${accent}; border-radius: 3px; }
QSplitter::handle { background: transparent; }
QSplitter::handle:hover { background: ${border}; }
QScrollArea { border: none; }
QScrollBar { background: transparent; border: none; margin: 0; }
QScrollBar:vertical { width: ${scroll}px; }
QScrollBar:horizontal { height: ${scroll}px; }
QScrollBar::handle { background: ${border}; border-radius: ${scroll_radius}px; margin: 2px; min-height: 28px; min-width: 28px; }
QScrollBar::handle:hover { background: ${muted}; }
QScrollBar::add-line, QScrollBar::sub-line, QScrollBar::add-page, QScrollBar::sub-page { background: none; border: none;
    width: 0; height: 0; }
"""
