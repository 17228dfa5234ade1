"""Text files of any program: which encoding they are in, their lines, their pieces."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple, TextIO

from services.errors import UserError
from services.translation import _

_MARKS = (
    (b"\xff\xfe\x00\x00", "utf-32"), (b"\x00\x00\xfe\xff", "utf-32"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"),
    (b"\xef\xbb\xbf", "utf-8-sig"),
)  # fmt: skip
_HEAD = 4096  # bytes from which UTF-16 without a mark, and what is no text, are told
_UNREADABLE = {"utf-8": re.compile("[\udc80-\udcff]"), "cp1252": re.compile("[\udc80-\udcff]")}


class Encoding(NamedTuple):
    """How to open a file, and what stands for the bytes that could not be read."""

    name: str
    unreadable: re.Pattern[str]

    def is_broken(self, text: str) -> bool:
        """Whether a part of the file, opened by ``open_text``, is no text in its encoding."""
        return self.unreadable.search(text) is not None


def find_encoding(path: Path) -> Encoding:
    """UTF-8, 16 or 32, with a mark or without; else the Windows code page of Western Europe.

    A file with some bad bytes is UTF-8 as long as more of its lines are good UTF-8 beyond ASCII than are not.

    Raises:
        UserError: it is no text.
    """
    good = bad = 0
    with path.open("rb") as file:
        head = file.read(_HEAD)
        for mark, name in _MARKS:
            if head.startswith(mark):
                return _encoding(name)
        if b"\0" in head:
            if head[1::2].count(0) * 2 > len(head[1::2]):
                return _encoding("utf-16-le")
            if head[::2].count(0) * 2 > len(head[::2]):
                return _encoding("utf-16-be")
            raise UserError(_("{file} is not a text file.").format(file=path.name))
        file.seek(0)
        for line in file:
            if not line.isascii():
                try:
                    line.decode()
                    good += 1
                except UnicodeDecodeError:
                    bad += 1
    return _encoding("cp1252" if bad > good else "utf-8")


@contextmanager
def open_text(path: Path, encoding: Encoding) -> Iterator[TextIO]:
    """The file as text with ``\\n`` at the line ends; what cannot be decoded is marked, for ``Encoding.is_broken``."""
    how = "surrogateescape" if encoding.unreadable is not _REPLACED else "replace"
    with path.open("r", encoding=encoding.name, errors=how) as file:
        yield file


_REPLACED = re.compile("�")


def _encoding(name: str) -> Encoding:
    return Encoding(name, _UNREADABLE.get(name.removesuffix("-sig"), _REPLACED))
