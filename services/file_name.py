"""Names that a person gives and that become names of files and folders, on every system."""

from __future__ import annotations

import re
import unicodedata

from services.errors import UserError
from services.translation import _

_NAME = re.compile(r"[^\W_][\w .-]*", re.UNICODE)
_MOST_LETTERS, _MOST_BYTES = 80, 200  # systems take 255 bytes, and endings are added
# Windows has devices under these names in every folder, whatever the ending.
_DEVICES = {"con", "prn", "aux", "nul", "conin$", "conout$", *(f"{kind}{number}" for kind in ("com", "lpt") for number in "0123456789¹²³")}


def check_name(name: str, what: str) -> str:
    """A name that is safe as a file's name on every system.

    Raises:
        UserError: it is empty or too long, has characters that a path gives a meaning to, or Windows keeps it for itself.
    """
    if not _NAME.fullmatch(name) or name.endswith((".", " ")) or len(name) > _MOST_LETTERS:
        raise UserError(
            _("“{name}” cannot be the name of a {what}: use letters, digits, spaces, - and _.").format(
                name=name, what=what
            )
        )
    if len(name.encode()) > _MOST_BYTES:
        raise UserError(_("“{name}” is too long for a file's name: use fewer letters.").format(name=name))
    if name.partition(".")[0].rstrip().lower() in _DEVICES:
        raise UserError(_("“{name}” is a name that Windows keeps for itself: choose another one.").format(name=name))
    return name


def name_key(name: str) -> str:
    """What two names have in common that would be the same file on some system."""
    return unicodedata.normalize("NFC", name).casefold()
