"""Awkward Word documents, with the XML that word processors write and python-docx does not."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import docx
import openpyxl
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls

from tests.documents.awkward import awkward, replace_member


def _append(document: Any, source: str) -> None:
    """Put XML in the w namespace before the last section's properties."""
    names = nsdecls("w") + (
        ' xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" '
        'xmlns:wps="http://schemas.microsoft.com/office/word/2010/wordprocessingShape" '
        'xmlns:v="urn:schemas-microsoft-com:vml" xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math"'
    )
    body = document.element.body
    for element in parse_xml(f"<w:body {names}>{source}</w:body>"):
        body.insert(len(body) - 1, element)


@awkward(
    "merged.docx",
    must=["| Year | Output | |", "| 1874 | 3 t | 1 t |", "| | 4 t | 2 t |"],
)
def _(path: Path) -> None:
    document = docx.Document()
    table = document.add_table(3, 3)
    rows = (("Year", "Output", ""), ("1874", "3 t", "1 t"), ("", "4 t", "2 t"))
    for row, texts in zip(table.rows, rows, strict=True):
        for cell, text in zip(row.cells, texts, strict=True):
            cell.text = text
    table.cell(0, 1).merge(table.cell(0, 2))
    table.cell(1, 0).merge(table.cell(2, 0))
    document.save(path)


@awkward("layout.docx", must=["Ida Grund\n\nMiller since 1990", "| Year | Place |\n| --- | --- |\n| 1990 | Dornbach |"])
def _(path: Path) -> None:
    document = docx.Document()
    outer = document.add_table(1, 2)
    outer.cell(0, 0).text = "Ida Grund"
    outer.cell(0, 0).add_paragraph("Miller since 1990")
    inner = outer.cell(0, 1).add_table(3, 2)
    rows = (("Year", "Place"), ("1990", "Dornbach"), ("1995", "The long mill at the weir"))
    for row, texts in zip(inner.rows, rows, strict=True):
        for cell, text in zip(row.cells, texts, strict=True):
            cell.text = text
    document.save(path)


@awkward("nested_table.docx", must=["| Wheel, of which there are two in the house | oak, 3; iron, 4 |"])
def _(path: Path) -> None:
    document = docx.Document()
    outer = document.add_table(2, 2)
    outer.cell(0, 0).text, outer.cell(0, 1).text = "Part of the mill", "Made of"
    outer.cell(1, 0).text = "Wheel, of which there are two in the house"
    inner = outer.cell(1, 1).add_table(2, 2)
    for cell, text in zip((c for row in inner.rows for c in row.cells), ("oak", "3", "iron", "4"), strict=True):
        cell.text = text
    document.save(path)


_BOX = "<w:txbxContent><w:p><w:r><w:t>Words in a box.</w:t></w:r></w:p></w:txbxContent>"


@awkward("text_box.docx", must=["Beside the box.\n\nWords in a box."])
def _(path: Path) -> None:
    document = docx.Document()
    _append(
        document,
        "<w:p><w:r><w:t>Beside the box.</w:t></w:r><w:r><mc:AlternateContent><mc:Choice Requires='wps'><w:drawing>"
        f"<wps:wsp><wps:txbx>{_BOX}</wps:txbx></wps:wsp></w:drawing></mc:Choice><mc:Fallback><w:pict><v:shape>"
        f"<v:textbox>{_BOX}</v:textbox></v:shape></w:pict></mc:Fallback></mc:AlternateContent></w:r></w:p>",
    )
    document.save(path)


@awkward(
    "tracked.docx",
    must=["The bridge has ten arches.", "Moved here."],
    must_not=["nine", "deleted row", "Confidential"],
    removed=["deleted", "head"],
)
def _(path: Path) -> None:
    document = docx.Document()
    document.sections[0].header.paragraphs[0].text = "Confidential"
    _append(
        document,
        "<w:p><w:r><w:t xml:space='preserve'>The bridge has </w:t></w:r><w:del w:id='1' w:author='a'><w:r>"
        "<w:delText>nine</w:delText></w:r></w:del><w:ins w:id='2' w:author='a'><w:r><w:t>ten</w:t></w:r></w:ins>"
        "<w:r><w:t xml:space='preserve'> arches.</w:t></w:r></w:p>"
        "<w:p><w:moveFrom w:id='3' w:author='a'><w:r><w:t>Moved here.</w:t></w:r></w:moveFrom></w:p>"
        "<w:p><w:moveTo w:id='4' w:author='a'><w:r><w:t>Moved here.</w:t></w:r></w:moveTo></w:p>"
        "<w:tbl><w:tr><w:tc><w:p><w:r><w:t>a</w:t></w:r></w:p></w:tc><w:tc><w:p><w:r><w:t>b</w:t></w:r></w:p></w:tc></w:tr>"
        "<w:tr><w:trPr><w:del w:id='5' w:author='a'/></w:trPr><w:tc><w:p><w:r><w:t>deleted row</w:t></w:r></w:p></w:tc>"
        "</w:tr></w:tbl>",
    )
    document.save(path)


_NOTES = """<?xml version="1.0" encoding="UTF-8" standalone="yes"?><w:{kind}s xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">
<w:{kind} w:type="separator" w:id="-1"><w:p><w:r><w:t>line</w:t></w:r></w:p></w:{kind}>
<w:{kind} w:id="1"><w:p><w:r><w:{kind}Ref/></w:r><w:r><w:t xml:space="preserve"> {text}</w:t></w:r></w:p></w:{kind}></w:{kind}s>"""


def _with_notes(path: Path, kind: str, text: str) -> None:
    """Add a part of notes to a saved document, as a word processor does."""
    name = f"word/{kind}s.xml"
    kind_of_part = f"application/vnd.openxmlformats-officedocument.wordprocessingml.{kind}s+xml"
    relation = f"http://schemas.openxmlformats.org/officeDocument/2006/relationships/{kind}s"
    replace_member(path, name, lambda _old: _NOTES.format(kind=kind, text=text).encode())
    replace_member(
        path,
        "[Content_Types].xml",
        lambda old: old.replace(
            b"</Types>", f'<Override PartName="/{name}" ContentType="{kind_of_part}"/></Types>'.encode()
        ),
    )
    replace_member(
        path,
        "word/_rels/document.xml.rels",
        lambda old: old.replace(
            b"</Relationships>",
            f'<Relationship Id="r{kind}" Type="{relation}" Target="{kind}s.xml"/></Relationships>'.encode(),
        ),
    )


@awkward(
    "notes.docx",
    must=[
        "Built in 1874[1] by Otto[2].\n\n[1] So says the stone over the door.\n\n[2] Otto Brandell, 1840–1911.\n\nNext."
    ],
    must_not=["line"],
)
def _(path: Path) -> None:
    document = docx.Document()
    _append(
        document,
        "<w:p><w:r><w:t>Built in 1874</w:t></w:r><w:r><w:footnoteReference w:id='1'/></w:r><w:r>"
        "<w:t xml:space='preserve'> by Otto</w:t></w:r><w:r><w:endnoteReference w:id='1'/></w:r><w:r><w:t>.</w:t></w:r></w:p>",
    )
    document.add_paragraph("Next.")
    document.save(path)
    _with_notes(path, "footnote", "So says the stone over the door.")
    _with_notes(path, "endnote", "Otto Brandell, 1840–1911.")


@awkward(
    "controls.docx",
    must=["Name: Ida Grund", "Whole paragraph in a control.", "| Part | Count |\n| --- | --- |\n| cog | 48 |", "☒ oak"],
    must_not=["Click or tap"],
    removed=["hidden"],
)
def _(path: Path) -> None:
    document = docx.Document()
    cells = "".join(f"<w:tc><w:p><w:r><w:t>{text}</w:t></w:r></w:p></w:tc>" for text in ("cog", "48"))
    heads = cells.replace("cog", "Part").replace("48", "Count")
    _append(
        document,
        "<w:p><w:r><w:t xml:space='preserve'>Name: </w:t></w:r><w:sdt><w:sdtPr><w:alias w:val='n'/></w:sdtPr><w:sdtContent>"
        "<w:r><w:t>Ida Grund</w:t></w:r></w:sdtContent></w:sdt></w:p>"
        "<w:sdt><w:sdtContent><w:p><w:r><w:t>Whole paragraph in a control.</w:t></w:r></w:p></w:sdtContent></w:sdt>"
        "<w:sdt><w:sdtPr><w:showingPlcHdr/></w:sdtPr><w:sdtContent><w:p><w:r><w:t>Click or tap here to enter text."
        "</w:t></w:r></w:p></w:sdtContent></w:sdt>"
        f"<w:tbl><w:tr>{heads}</w:tr><w:sdt><w:sdtContent><w:tr>{cells}</w:tr></w:sdtContent></w:sdt></w:tbl>"
        "<w:p><w:sdt><w:sdtContent><w:r><w:t>☒</w:t></w:r></w:sdtContent></w:sdt><w:r>"
        "<w:t xml:space='preserve'> oak</w:t></w:r></w:p>",
    )
    document.save(path)


def _field(code: str, result: str) -> str:
    return (
        f"<w:r><w:fldChar w:fldCharType='begin'/></w:r><w:r><w:instrText>{code}</w:instrText></w:r>"
        f"<w:r><w:fldChar w:fldCharType='separate'/></w:r><w:r><w:t>{result}</w:t></w:r>"
        "<w:r><w:fldChar w:fldCharType='end'/></w:r>"
    )


@awkward(
    "fields.docx",
    must=["see Figure 3", "the mill's page", "Signed on 4 March", "E=mc^2 and (a+b)/(2)"],
    must_not=["REF ", "HYPERLINK", "Secret", "SAVEDATE"],
    removed=["hidden"],
)
def _(path: Path) -> None:
    document = docx.Document()
    _append(
        document,
        f"<w:p><w:r><w:t xml:space='preserve'>see </w:t></w:r>{_field('REF fig3', 'Figure 3')}</w:p>"
        "<w:p><w:hyperlink w:anchor='x'><w:r><w:t>the mill's page</w:t></w:r></w:hyperlink></w:p>"
        "<w:p><w:fldSimple w:instr='SAVEDATE'><w:r><w:t>Signed on 4 March</w:t></w:r></w:fldSimple></w:p>"
        "<w:p><w:r><w:rPr><w:vanish/></w:rPr><w:t>Secret</w:t></w:r></w:p>"
        "<w:p><m:oMath><m:r><m:t>E=</m:t></m:r><m:r><m:t>m</m:t></m:r><m:sSup><m:e><m:r><m:t>c</m:t></m:r></m:e><m:sup><m:r>"
        "<m:t>2</m:t></m:r></m:sup></m:sSup></m:oMath><w:r><w:t xml:space='preserve'> and </w:t></w:r><m:oMath><m:f><m:num>"
        "<m:r><m:t>a+b</m:t></m:r></m:num><m:den><m:r><m:t>2</m:t></m:r></m:den></m:f></m:oMath></w:p>",
    )
    document.save(path)


@awkward("outline.docx", must=["# Kapitel eins", "## Abschnitt", "- Punkt\n  - Unterpunkt"])
def _(path: Path) -> None:
    document = docx.Document()
    style = document.styles.add_style("Kapitel", 1)
    style.base_style = document.styles["Heading 1"]
    document.add_paragraph("Kapitel eins", style="Kapitel")
    _append(document, "<w:p><w:pPr><w:outlineLvl w:val='1'/></w:pPr><w:r><w:t>Abschnitt</w:t></w:r></w:p>")
    for depth, text in ((0, "Punkt"), (1, "Unterpunkt")):
        _append(
            document,
            f"<w:p><w:pPr><w:numPr><w:ilvl w:val='{depth}'/><w:numId w:val='77'/></w:numPr></w:pPr>"
            f"<w:r><w:t>{text}</w:t></w:r></w:p>",
        )
    document.save(path)


@awkward("macros.docm", must=["Text beside macros."])
def _(path: Path) -> None:
    document = docx.Document()
    document.add_paragraph("Text beside macros.")
    document.save(path)
    replace_member(
        path,
        "[Content_Types].xml",
        lambda old: old.replace(
            b"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml",
            b"application/vnd.ms-word.document.macroEnabled.main+xml",
        ),
    )


@awkward("workbook.docx", refusal="not a Word document")
def _(path: Path) -> None:
    openpyxl.Workbook().save(path)


@awkward("contents.docx", must=["Inhalt\n\nWasser\t1\n\nStein\t7", "# Wasser"], must_not=["TOC", "PAGEREF"])
def _(path: Path) -> None:
    document = docx.Document()
    lines = "".join(
        f"<w:p><w:pPr><w:pStyle w:val='TOC1'/></w:pPr><w:hyperlink w:anchor='_Toc{page}'><w:r><w:t>{title}</w:t></w:r>"
        f"<w:r><w:tab/></w:r>{_field(f'PAGEREF _Toc{page}', str(page))}</w:hyperlink></w:p>"
        for title, page in (("Wasser", 1), ("Stein", 7))
    )
    _append(
        document,
        "<w:sdt><w:sdtPr><w:docPartObj><w:docPartGallery w:val='Table of Contents'/></w:docPartObj></w:sdtPr><w:sdtContent>"
        "<w:p><w:r><w:t>Inhalt</w:t></w:r></w:p><w:p><w:r><w:fldChar w:fldCharType='begin'/></w:r><w:r><w:instrText>TOC \\o"
        f"</w:instrText></w:r><w:r><w:fldChar w:fldCharType='separate'/></w:r></w:p>{lines}</w:sdtContent></w:sdt>",
    )
    document.add_heading("Wasser", 1)
    document.add_paragraph("Der Bach ist schnell.")
    document.save(path)
