"""EPUB 2 and 3: the chapters in reading order under the book's title, without covers and navigation documents."""

from __future__ import annotations

import posixpath
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from services.documents import markdown
from services.documents.archive import BROKEN, open_package, parse_markup, refuse_package
from services.documents.html import decode_html, html_to_text
from services.documents.page import ReadDocument, Report, ignore
from services.documents.removal import Removals
from services.documents.text import title_of, whole_document
from services.errors import UserError
from services.translation import _

_CONTAINER = "META-INF/container.xml"
_ENCRYPTION = "META-INF/encryption.xml"
_OPF = "{http://www.idpf.org/2007/opf}"
_DC = "{http://purl.org/dc/elements/1.1/}"
_FONT_SCRAMBLING = {"http://www.idpf.org/2008/embedding", "http://ns.adobe.com/pdf/enc#RC"}
_NO_TEXT = {"toc", "cover", "title-page", "copyright-page"}  # of an EPUB 2 guide
_LONGEST_FRONT = 1500  # characters of a cover, a title page, or a copyright page
_HTML = ("application/xhtml+xml", "text/html", "text/x-oeb1-document")


def read_epub(path: Path, report: Report = ignore) -> ReadDocument:
    """
    Raises:
        UserError: the file is empty, is no EPUB, is damaged or protected against copying, or has no text.
    """
    from lxml.etree import XMLSyntaxError

    label = _("an e-book (EPUB)")
    removals = Removals()
    with open_package(path, label) as archive:
        try:
            book = _Book(archive, path)
            chapters = list(book.chapters(removals, report))
        except (*BROKEN, XMLSyntaxError, AttributeError) as error:
            raise refuse_package(path, label) from error
    parts = [part for part in chapters if part]
    if book.author and parts:
        parts.insert(0, _("By {author}").format(author=book.author))
    warnings = ()
    if book.missing:
        warnings = (_("These parts of the book are not in the file: {names}.").format(names=", ".join(book.missing)),)
    text = "\n\n".join(parts)
    return whole_document(
        path, text, "epub", title=book.title or title_of(path), warnings=warnings, removed=removals.found()
    )


class _Book:
    """The package document of an EPUB, and what it leads to."""

    def __init__(self, archive: zipfile.ZipFile, path: Path) -> None:
        self._archive, self._name = archive, path
        self._names = {name.lower(): name for name in archive.namelist()}
        self._refuse_protection()
        container = parse_markup(archive.read(_CONTAINER), path.name)
        place = container.find(".//{*}rootfile").get("full-path")
        self._folder = posixpath.dirname(place)
        self._package = parse_markup(archive.read(place), path.name)
        self.title = self._said("title")
        self.author = ", ".join(
            " ".join(creator.text.split()) for creator in self._package.iter(f"{_DC}creator") if creator.text
        )
        self.missing: list[str] = []

    def chapters(self, removals: Removals, report: Report) -> Iterator[str]:
        """The text of each document of the spine, its headings under the book's title."""
        items = {item.get("id"): item for item in self._package.iter(f"{_OPF}item")}
        passed_over = {
            self._member(reference.get("href", ""))
            for reference in self._package.iter(f"{_OPF}reference")
            if reference.get("type", "").lower() in _NO_TEXT
        }
        spine = list(self._package.iter(f"{_OPF}itemref"))
        for number, reference in enumerate(spine, 1):
            item = items.get(reference.get("idref"))
            if item is None or item.get("media-type", _HTML[0]) not in _HTML:
                continue
            member = self._member(item.get("href", ""))
            if "nav" in item.get("properties", "").split():
                continue
            text = self._chapter(member, removals)
            # A guide may call a whole book its title page, where the book is one document.
            if text and not (member in passed_over and len(text) < _LONGEST_FRONT and len(spine) > 1):
                yield text
            report(number / len(spine))

    def _chapter(self, member: str, removals: Removals) -> str:
        name = self._names.get(member.lower())
        if name is None:
            self.missing.append(posixpath.basename(member))
            return ""
        source = decode_html(self._archive.read(name), self._name)
        text = markdown.shift_headings(html_to_text(source, removals, has_title=False, is_book=True), 1)
        first, _break, rest = text.partition("\n\n")
        return rest if first == markdown.heading(2, self.title) else text

    def _member(self, reference: str) -> str:
        place = unquote(urlsplit(reference).path)
        return posixpath.normpath(posixpath.join(self._folder, place))

    def _said(self, name: str) -> str:
        element = self._package.find(f".//{_DC}{name}")
        return " ".join((element.text or "").split()) if element is not None else ""

    def _refuse_protection(self) -> None:
        if _ENCRYPTION not in self._archive.namelist():
            return
        rights: Any = parse_markup(self._archive.read(_ENCRYPTION), self._name.name)
        methods = {method.get("Algorithm") for method in rights.iter("{*}EncryptionMethod")}
        if methods - _FONT_SCRAMBLING:
            raise UserError(
                _(
                    "{name} is protected against copying (DRM) and cannot be read. Add a copy without protection."
                ).format(name=self._name.name)
            )
