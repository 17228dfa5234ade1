"""Room on the disk: asked for before a large file is written, and a sentence where it ends all the same."""

from __future__ import annotations

import contextlib
import errno
import shutil
from collections.abc import Iterator
from pathlib import Path

from services.errors import UserError
from services.translation import _

_FULL = (errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC))
_FORBIDDEN = (errno.EACCES, errno.EPERM, errno.EROFS)


def check_room(place: Path, needed_bytes: float, what: str, advice: str = "") -> None:
    """
    Args:
        place: the folder to write to, which need not exist yet.
        what: the thing to be written, as the sentence names it.
        advice: another way out than making room.

    Raises:
        UserError: less is free than needed.
    """
    existing = next(folder for folder in (place, *place.parents) if folder.exists())
    free = shutil.disk_usage(existing).free
    if needed_bytes > free:
        raise UserError(
            _(
                "There is no room for {what}: it needs {needed:.1f} GB, and {free:.1f} GB are free in {folder}. Make room"
                "{advice}."
            ).format(what=what, needed=needed_bytes / 1e9, free=free / 1e9, folder=existing, advice=advice)
        )


@contextlib.contextmanager
def writing(what: str, place: Path) -> Iterator[None]:
    """Turns a full or forbidden disk, met on the way, into a sentence.

    Raises:
        UserError: the disk is full, or may not be written.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in _FULL + _FORBIDDEN:
            raise
        raise _sentence(what, place, is_full=error.errno in _FULL) from error
    except Exception as error:
        # safetensors raises an error of its own, with the system's words in its text (28: Unix, 112: Windows).
        if not any(f"(os error {number})" in str(error) for number in (28, 112)):
            raise
        raise _sentence(what, place, is_full=True) from error


def _sentence(what: str, place: Path, is_full: bool) -> UserError:
    if is_full:
        return UserError(
            _("The disk became full while {what} was written to {folder}. Make room and start again.").format(
                what=what, folder=place
            )
        )
    return UserError(
        _("{what} cannot be written to {folder}: it is not allowed there. Choose another folder.").format(
            what=what[:1].upper() + what[1:], folder=place
        )
    )
