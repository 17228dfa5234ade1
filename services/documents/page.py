"""What a reader gives, whatever the format: text by the page, with Markdown headings and table rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from services.errors import UserError
from services.records import Removal
from services.translation import _

Report = Callable[[float], None]
"""Told the share of the file that is read, from 0 to 1; may raise Cancelled."""


@dataclass(frozen=True, slots=True)
class Page:
    """number: counted from 1 as a PDF viewer shows it; None for formats without pages."""

    number: int | None
    text: str


@dataclass(frozen=True, slots=True)
class ReadDocument:
    """A file's text, or one part of a file too long to be held whole.

    warnings: sentences about parts that could not be read while the rest could.
    removed: what is in the file and not in the text.
    """

    pages: tuple[Page, ...]
    format: str
    warnings: tuple[str, ...] = ()
    removed: tuple[Removal, ...] = ()


REMOVALS = {
    "head": _("running heads and feet"),
    "navigation": _("navigation, menus and forms"),
    "banner": _("banners, such as cookie notices"),
    "hidden": _("hidden text"),
    "deleted": _("text marked as deleted"),
}
"""What readers leave out, by kind, as a person reads it."""


def ignore(_share: float) -> None:
    """The report of a caller who does not ask."""


def has_words(text: str) -> bool:
    return any(character.isalnum() for character in text)


def refuse_without_text(path: Path) -> UserError:
    return UserError(_("{name} has no text in it. Check that it is the right file.").format(name=path.name))


def refuse_empty(path: Path) -> UserError:
    return UserError(_("{name} is empty (0 bytes). Copy or download the file again.").format(name=path.name))


def printable(text: object) -> str:
    """Text that can be stored and shown, whatever bytes a file name in it is made of."""
    return str(text).encode("utf-8", "backslashreplace").decode("utf-8")
