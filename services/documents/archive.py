"""ZIP archives, and the documents that are one inside: opened within limits that a hostile file cannot pass."""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from services.documents.page import refuse_empty
from services.errors import UserError
from services.translation import _

_COMPOUND_FILE = bytes.fromhex("D0CF11E0A1B11AE1")  # old office files, and protected new ones
_MOST_MEMBERS = 100_000
_MOST_BYTES = 2 << 30  # inflated, all members together
_MOST_MARKUP_BYTES = 400 << 20  # of XML that is held as a tree
_GREATEST_RATIO = 200  # of inflated to packed size, from _SUSPICIOUS_BYTES on; XML reaches some 50
_SUSPICIOUS_BYTES = 30 << 20
_BLOCK_BYTES = 1 << 20
_PROLOG_BYTES = 1 << 20  # a document type stands before the first element
_MARKUP = (".xml", ".rels", ".vml")
_ENTITY = re.compile(rb"<!ENTITY", re.IGNORECASE)
_FIRST_ELEMENT = re.compile(rb"<[A-Za-z_]")
_ENCRYPTED_FLAG = 0x1

BROKEN = (zipfile.BadZipFile, zipfile.LargeZipFile, zlib.error, EOFError, NotImplementedError, KeyError, ValueError)
"""What opening and reading a damaged archive raises."""


@contextmanager
def open_package(path: Path, label: str) -> Iterator[zipfile.ZipFile]:
    """A document that is a ZIP archive of XML parts, such as DOCX or EPUB, checked before anything is parsed.

    Args:
        label: of the format with its article, for the errors' text: "an Excel workbook (XLSX)".

    Raises:
        UserError: the file is empty, is no such archive, needs a password, would inflate beyond all measure, or its
            XML declares entities.
    """
    with path.open("rb") as file:
        start = file.read(8)
    if not start:
        raise refuse_empty(path)
    if start == _COMPOUND_FILE:
        raise UserError(
            _("{name} is protected by a password or is in an old format. Open it in the program that made it, save it "
              "as {format} without a password, and add that.").format(name=path.name, format=label)
        )  # fmt: skip
    try:
        archive = zipfile.ZipFile(path)
    except BROKEN as error:
        raise refuse_package(path, label) from error
    with archive:
        check_sizes(archive, path.name)
        check_markup(archive, path, label)
        yield archive


def refuse_package(path: Path, label: str) -> UserError:
    return UserError(
        _("{name} is not {format}, or it is damaged. Open it in the program that made it and save it again, or add "
          "it under its right name.").format(name=path.name, format=label)
    )  # fmt: skip


def check_sizes(archive: zipfile.ZipFile, name: str, most_bytes: int | None = _MOST_BYTES) -> None:
    """By what the archive declares, which zipfile holds the members to.

    Args:
        most_bytes: of all members together; None where each is looked at by itself later.

    Raises:
        UserError: it is too large, or packed so tightly as only hostile files are.
    """
    members = archive.infolist()
    inflated = sum(member.file_size for member in members)
    packed = sum(member.compress_size for member in members)
    is_bomb = inflated > _SUSPICIOUS_BYTES and inflated > _GREATEST_RATIO * max(packed, 1)
    if is_bomb or (most_bytes and inflated > most_bytes) or len(members) > _MOST_MEMBERS:
        raise _refuse_size(name)


def check_markup(archive: zipfile.ZipFile, path: Path, label: str) -> None:
    """
    Raises:
        UserError: an XML part declares entities, which documents do not need and hostile ones blow up, is
            encrypted, or is damaged.
    """
    for member in archive.infolist():
        if not member.filename.lower().endswith(_MARKUP):
            continue
        if member.flag_bits & _ENCRYPTED_FLAG:
            raise UserError(
                _("{name} is protected by a password. Save it without one, and add that.").format(name=path.name)
            )
        try:
            with archive.open(member) as part:
                head = part.read(_PROLOG_BYTES)
        except (*BROKEN, OSError) as error:  # OSError: a place in the file before its start
            raise refuse_package(path, label) from error
        refuse_entities(head, path.name)


def refuse_entities(data: bytes, name: str) -> None:
    """
    Raises:
        UserError: the XML in ``data`` declares entities. Only what stands before its first element is looked at.
    """
    head = data[:_PROLOG_BYTES].replace(b"\0", b"")  # UTF-16 and UTF-32 too
    first = _FIRST_ELEMENT.search(head)
    if _ENTITY.search(head, 0, first.start() if first else len(head)):
        raise UserError(
            _("{name} declares XML entities, as harmful files do, and was not read. Open it in the program that made "
              "it, and save it again.").format(name=name)
        )  # fmt: skip


def parse_markup(data: bytes, name: str) -> Any:
    """The root element of an XML part. Entities are never expanded, and nothing is fetched.

    Raises:
        UserError: the part declares entities, or is too large.
        lxml.etree.XMLSyntaxError: it is not well formed.
    """
    from lxml import etree

    if len(data) > _MOST_MARKUP_BYTES:
        raise _refuse_size(name)
    refuse_entities(data, name)
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_comments=True, remove_pis=True
    )
    return etree.fromstring(data, parser)


def copy_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo, target: IO[bytes], name: str) -> None:
    """Inflate one member into a file, counting what really comes out.

    Raises:
        UserError: it is too large, or packed so tightly as only hostile files are.
    """
    size = 0
    with archive.open(member) as source:
        while block := source.read(_BLOCK_BYTES):
            size += len(block)
            is_bomb = size > _SUSPICIOUS_BYTES and size > _GREATEST_RATIO * max(member.compress_size, 1)
            if is_bomb or size > _MOST_BYTES:
                raise _refuse_size(name)
            target.write(block)


def _refuse_size(name: str) -> UserError:
    return UserError(
        _("{name} would unpack to far more than a document holds, as harmful files do, and was not read. If you trust "
          "it, unpack it and add what is in it.").format(name=name)
    )  # fmt: skip
