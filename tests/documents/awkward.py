"""Awkward files as people's programs write them, each with what must and must not be in its text.

The files are written into a temporary folder by the modules ``awkward_*``; each registers its own here.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

Write = Callable[[Path], object]


@dataclass(frozen=True)
class Awkward:
    """refusal: words of the sentence with which it is refused; empty for a file that is read.

    removed: kinds of what is left out and must be counted. warning: words of a warning.
    """

    name: str
    write: Write
    must: tuple[str, ...] = ()
    must_not: tuple[str, ...] = ()
    refusal: str = ""
    removed: tuple[str, ...] = ()
    warning: str = ""


FILES: list[Awkward] = []


def awkward(
    name: str,
    *,
    must: Sequence[str] = (),
    must_not: Sequence[str] = (),
    refusal: str = "",
    removed: Sequence[str] = (),
    warning: str = "",
) -> Callable[[Write], Write]:
    """Registers the function that writes the file to the path that it is given."""

    def register(write: Write) -> Write:
        FILES.append(Awkward(name, write, tuple(must), tuple(must_not), refusal, tuple(removed), warning))
        return write

    return register


def write_zip(path: Path, members: Mapping[str, str | bytes], *, first_stored: bool = False) -> None:
    """first_stored: the first member is not compressed, as EPUB and OpenDocument want their ``mimetype``."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for index, (name, content) in enumerate(members.items()):
            is_stored = first_stored and not index
            archive.writestr(name, content, zipfile.ZIP_STORED if is_stored else zipfile.ZIP_DEFLATED)


def replace_member(path: Path, name: str, change: Callable[[bytes], bytes]) -> None:
    """Rewrite one member of a document that is a ZIP archive; it is added if it is not there."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as new:
        for member in old.namelist():
            if member != name:
                new.writestr(member, old.read(member))
        new.writestr(name, change(old.read(name) if name in old.namelist() else b""))
    path.write_bytes(buffer.getvalue())


def billion_laughs(root: str = "lolz") -> str:
    """A document type in which each entity is ten of the one before it."""
    lines = ['<!ENTITY lol0 "lol">']
    lines += [f'<!ENTITY lol{level} "{f"&lol{level - 1};" * 10}">' for level in range(1, 10)]
    return f"<!DOCTYPE {root} [{''.join(lines)}]>"
