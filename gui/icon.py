"""Icons: SVG of one stroke, painted in the colour of the text at the moment of painting."""

from __future__ import annotations

from functools import cache

from PySide6.QtCore import QByteArray, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QIcon, QIconEngine, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer

from gui import theme

_SHARE = 0.88  # of the icon's square: Qt puts text close to it


@cache
def _svg(name: str) -> str:
    return (theme.ICONS / f"{name}.svg").read_text("utf-8")


@cache
def _renderer(name: str, color: str) -> QSvgRenderer:
    return QSvgRenderer(QByteArray(_svg(name).replace("currentColor", color).encode()))


class _Engine(QIconEngine):
    """Paints one SVG; the colour follows the theme, so a change of scheme needs no new icons."""

    def __init__(self, name: str, color: str) -> None:
        super().__init__()
        self._name, self._color = name, color

    def clone(self) -> QIconEngine:
        return _Engine(self._name, self._color)

    def paint(self, painter: QPainter, rect: QRect, mode: QIcon.Mode, state: QIcon.State) -> None:
        scheme = theme.colors()
        color = getattr(scheme, self._color)
        if mode == QIcon.Mode.Disabled:
            color = theme.mix(color, scheme.window, 0.4)
        side = min(rect.width(), rect.height()) * _SHARE
        square = QRectF(rect.x() + (rect.width() - side) / 2, rect.y() + (rect.height() - side) / 2, side, side)
        _renderer(self._name, color).render(painter, square)

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        image = QPixmap(size)
        image.fill(Qt.GlobalColor.transparent)
        painter = QPainter(image)
        self.paint(painter, QRect(0, 0, size.width(), size.height()), mode, state)
        painter.end()
        return image


def icon(name: str, color: str = "text") -> QIcon:
    """The icon ``resources/icons/NAME.svg``; ``color`` is a field of ``theme.Colors``, such as "success"."""
    return QIcon(_Engine(name, color))
