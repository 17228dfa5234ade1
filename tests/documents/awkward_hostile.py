"""Hostile and damaged archives: each costs its file, with a sentence, and nothing else."""

from __future__ import annotations

import struct
import zipfile
from pathlib import Path

import docx
import openpyxl
import pptx

from tests.documents.awkward import awkward, billion_laughs, replace_member, write_zip


def _save(path: Path) -> None:
    """A harmless file of the path's kind."""
    if path.suffix == ".docx":
        document = docx.Document()
        document.add_paragraph("Text.")
        document.save(path)
    elif path.suffix == ".pptx":
        pptx.Presentation().save(path)
    else:
        openpyxl.Workbook().save(path)


for _name, _part in (
    ("laughs.docx", "word/document.xml"), ("laughs_in_styles.docx", "word/styles.xml"),
    ("laughs_in_rels.docx", "_rels/.rels"), ("laughs_in_types.pptx", "[Content_Types].xml"),
    ("laughs.pptx", "ppt/presentation.xml"), ("laughs.xlsx", "xl/sharedStrings.xml"),
    ("laughs_in_sheet.xlsx", "xl/worksheets/sheet1.xml"),
):  # fmt: skip

    @awkward(_name, refusal="entities")
    def _(path: Path, part: str = _part) -> None:
        _save(path)
        source = f'<?xml version="1.0"?>{billion_laughs()}<lolz>&lol9;</lolz>'
        replace_member(path, part, lambda _old: source.encode())


@awkward("laughs_in_utf16.docx", refusal="entities")
def _(path: Path) -> None:
    _save(path)
    source = f'<?xml version="1.0" encoding="UTF-16"?>{billion_laughs()}<lolz>&lol9;</lolz>'
    replace_member(path, "word/document.xml", lambda _old: source.encode("utf-16"))


@awkward("laughs.odt", refusal="entities")
def _(path: Path) -> None:
    write_zip(path, {"mimetype": "x", "content.xml": f"{billion_laughs()}<lolz>&lol9;</lolz>"})


@awkward("laughs.epub", refusal="entities")
def _(path: Path) -> None:
    write_zip(path, {"mimetype": "x", "META-INF/container.xml": f"{billion_laughs()}<lolz>&lol9;</lolz>"})


@awkward("outside.docx", refusal="entities")
def _(path: Path) -> None:
    _save(path)
    source = '<!DOCTYPE x [<!ENTITY passwd SYSTEM "file:///etc/passwd">]><x>&passwd;</x>'
    replace_member(path, "word/document.xml", lambda _old: source.encode())


for _name, _part in (
    ("bomb.docx", "word/document.xml"), ("bomb.pptx", "ppt/media/image1.png"), ("bomb.xlsx", "xl/worksheets/sheet1.xml"),
    ("bomb.odt", "content.xml"), ("bomb.epub", "OEBPS/one.xhtml"),
):  # fmt: skip

    @awkward(_name, refusal="unpack to far more")
    def _(path: Path, part: str = _part) -> None:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
            with archive.open(part, "w", force_zip64=True) as member:
                for _block in range(64):
                    member.write(b" " * (1 << 20))


def lie_about_size(path: Path, claimed: int) -> None:
    """Make the archive say of its first member that it inflates to less than it does."""
    data = bytearray(path.read_bytes())
    local, central = data.index(b"PK\3\4"), data.index(b"PK\1\2")
    struct.pack_into("<I", data, local + 22, claimed)
    struct.pack_into("<I", data, central + 24, claimed)
    path.write_bytes(bytes(data))


@awkward("liar.docx", refusal="not a Word document")
def _(path: Path) -> None:
    """zipfile stops at the size that is claimed, and finds that the check sum is another's."""
    write_zip(path, {"word/document.xml": b" " * (50 << 20)})
    lie_about_size(path, 1000)


@awkward("deep_tree.docx", refusal="not a Word document")
def _(path: Path) -> None:
    _save(path)
    name = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    source = f'<w:document xmlns:w="{name}"><w:body>{"<w:sdt>" * 100_000}{"</w:sdt>" * 100_000}</w:body></w:document>'
    replace_member(path, "word/document.xml", lambda _old: source.encode())


@awkward("nested_tables.docx", must=["At the bottom."])
def _(path: Path) -> None:
    """As deep as the XML parser lets anything be."""
    _save(path)
    depth = 80
    name = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    inner = (
        "<w:tbl><w:tr><w:tc>" * depth
        + "<w:p><w:r><w:t>At the bottom.</w:t></w:r></w:p>"
        + "</w:tc></w:tr></w:tbl>" * depth
    )
    source = f'<w:document xmlns:w="{name}"><w:body>{inner}</w:body></w:document>'
    replace_member(path, "word/document.xml", lambda _old: source.encode())


@awkward("entry.docx", refusal="not a Word document")
def _(path: Path) -> None:
    _save(path)
    path.write_bytes(path.read_bytes()[:-30])


@awkward("flipped.pptx", refusal="not a PowerPoint presentation")
def _(path: Path) -> None:
    _save(path)
    data = bytearray(path.read_bytes())
    at = data.index(b"ppt/presentation.xml") + 60
    data[at : at + 40] = bytes(40)
    path.write_bytes(bytes(data))


@awkward("old.docx", refusal="password")
def _(path: Path) -> None:
    path.write_bytes(bytes.fromhex("D0CF11E0A1B11AE1") + bytes(4096))


@awkward("text.xlsx", refusal="not an Excel workbook")
def _(path: Path) -> None:
    path.write_text("Name;Count\nhare;3\n", "utf-8")


@awkward("empty.docx", refusal="empty")
def _(path: Path) -> None:
    path.write_bytes(b"")


@awkward("endless_rows.xlsx", must=["near"])
def _(path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append(["near"])
    book.active.append(["far"])
    book.save(path)
    replace_member(path, "xl/worksheets/sheet1.xml", lambda old: old.replace(b'r="2"', b'r="99999999999"'))
