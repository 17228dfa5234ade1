"""Awkward presentations, workbooks and OpenDocument files."""

from __future__ import annotations

import datetime
from pathlib import Path

import openpyxl
import pptx
from pptx.chart.data import CategoryChartData
from pptx.enum.chart import XL_CHART_TYPE
from pptx.util import Inches

from tests.documents.awkward import awkward, write_zip

# --- PowerPoint


@awkward(
    "talk.pptx",
    must=["# The Mill\n\n", "## Parts\n\n- Wheel\n  - Cog\n- Stone", "Left first.\n\nRight second.", "In a group.",
          "| Part | Count |\n| --- | --- |\n| cog | 48 |", "Notes: Say that the wheel\nis oak.", "| | Flour |\n| --- | --- |\n| 1874 | 3 |",
          "## Slide 4"],
    must_not=["Footer text", "Hidden slide"],
    removed=["hidden", "head"],
)  # fmt: skip
def _(path: Path) -> None:
    deck = pptx.Presentation()
    slide = deck.slides.add_slide(deck.slide_layouts[0])
    slide.shapes.title.text, slide.placeholders[1].text = "The Mill", "A talk"

    slide = deck.slides.add_slide(deck.slide_layouts[1])
    slide.shapes.title.text = "Parts"
    frame = slide.placeholders[1].text_frame
    frame.text = "Wheel"
    for level, text in ((1, "Cog"), (0, "Stone")):
        paragraph = frame.add_paragraph()
        paragraph.text, paragraph.level = text, level
    slide.notes_slide.notes_text_frame.text = "Say that the wheel\nis oak."

    slide = deck.slides.add_slide(deck.slide_layouts[5])
    slide.shapes.title.text = "Hidden slide"
    slide._element.set("show", "0")

    slide = deck.slides.add_slide(deck.slide_layouts[6])
    slide.shapes.add_textbox(Inches(5), Inches(1), Inches(3), Inches(1)).text_frame.text = "Right second."
    slide.shapes.add_textbox(Inches(1), Inches(1.1), Inches(3), Inches(1)).text_frame.text = "Left first."
    group = slide.shapes.add_group_shape()
    group.shapes.add_textbox(Inches(1), Inches(2), Inches(3), Inches(1)).text_frame.text = "In a group."
    table = slide.shapes.add_table(2, 2, Inches(1), Inches(3), Inches(4), Inches(1)).table
    for cell, text in zip(table.iter_cells(), ("Part", "Count", "cog", "48"), strict=True):
        cell.text = text
    data = CategoryChartData()
    data.categories = ["1874"]
    data.add_series("Flour", [3])
    slide.shapes.add_chart(XL_CHART_TYPE.BAR_CLUSTERED, Inches(1), Inches(5), Inches(3), Inches(2), data)
    layout_footer = next(shape for shape in deck.slide_layouts[6].placeholders if "Footer" in shape.name)
    slide.shapes.clone_placeholder(layout_footer)
    slide.placeholders[layout_footer.placeholder_format.idx].text_frame.text = "Footer text"
    deck.save(path)


@awkward("pictures_only.pptx", refusal="no text")
def _(path: Path) -> None:
    deck = pptx.Presentation()
    deck.slides.add_slide(deck.slide_layouts[6])
    deck.save(path)


# --- Excel


@awkward(
    "book.xlsx",
    must=["## Herd", "Animals of the ridge", "| Animal | Weight | Seen | Share |", "| hare | 3.5 | 2024-03-01 | 12.5 % |",
          "| lynx | 20 | 2024-03-02 14:30 | 50 % |"],
    must_not=["Secret", "00:00:00", "None", "#N/A"],
    removed=["hidden"],
)  # fmt: skip
def _(path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "Herd"
    sheet.append(["Animals of the ridge"])
    sheet.merge_cells("A1:D1")
    sheet.append([])
    sheet.append(["Animal", "Weight", "Seen", "Share"])
    sheet.append(["hare", 3.5, datetime.datetime(2024, 3, 1), 0.125])
    sheet.append(["lynx", 20, datetime.datetime(2024, 3, 2, 14, 30), 0.5])
    sheet.append(["bear", "#N/A", None, None])
    for row in (4, 5):
        sheet.cell(row, 4).number_format = "0.0%"
    sheet.cell(6, 2).data_type = "e"
    hidden = book.create_sheet("Lists")
    hidden.append(["Secret"])
    hidden.sheet_state = "hidden"
    book.create_sheet("Empty")
    book.save(path)


@awkward("formulas.xlsx", must=["| hare | 3 |"], warning="1 formula has no saved result")
def _(path: Path) -> None:
    book = openpyxl.Workbook()
    for row in (["Animal", "Weight"], ["hare", 3], ["sum", "=SUM(B2:B2)"]):
        book.active.append(row)
    book.save(path)


@awkward(
    "wide.xlsx",
    must=["Name: hare 7\nMeasure 1: 7\n", "Measure 199: 205\n\nName: hare 8\n", "\n\nName: hare 7\nMeasure 72: 78\n"],
    must_not=["|"],
)
def _(path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append(["Name", *(f"Measure {number}" for number in range(1, 200))])
    for row in range(50):
        book.active.append([f"hare {row}", *(row + number for number in range(199))])
    book.save(path)


@awkward("spanning.xlsx", must=["Region: North; Town: Dornbach; Mills: 1", "Region: North; Town: Weir 39; Mills: 40"])
def _(path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["Region", "Town", "Mills"])
    sheet.append(["North", "Dornbach", 1])
    for row in range(1, 40):
        sheet.append([None, f"Weir {row}", row + 1])
    sheet.merge_cells("A2:A41")
    book.save(path)


@awkward("far_cell.xlsx", must=["near", "far"])
def _(path: Path) -> None:
    book = openpyxl.Workbook()
    book.active["A1"], book.active["XFD300000"] = "near", "far"
    book.save(path)


@awkward("cut_off.xlsx", refusal="not an Excel workbook")
def _(path: Path) -> None:
    openpyxl.Workbook().save(path)
    path.write_bytes(path.read_bytes()[:2000])


# --- OpenDocument

_NAMES = " ".join(
    f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{full}:1.0"'
    for name, full in (("office", "office"), ("text", "text"), ("table", "table"), ("draw", "drawing"), ("style", "style"),
                       ("presentation", "presentation"))
)  # fmt: skip


def _open_document(path: Path, kind: str, body: str, automatic: str = "", styles: str = "") -> None:
    content = (
        f'<?xml version="1.0" encoding="UTF-8"?><office:document-content {_NAMES}><office:automatic-styles>{automatic}'
        f"</office:automatic-styles><office:body><office:{kind}>{body}</office:{kind}></office:body></office:document-content>"
    )
    members = {
        "mimetype": f"application/vnd.oasis.opendocument.{kind}",
        "content.xml": content,
        "styles.xml": f"<office:document-styles {_NAMES}>{styles}</office:document-styles>",
        "META-INF/manifest.xml": "<manifest/>",
    }
    write_zip(path, members, first_stored=True)


@awkward(
    "letter.odt",
    must=["# Chronik\n\n## Die Mühle", "two blanks", "1. mahlen\n  - fein\n2. sacken",
          "| Teil | Zahl |\n| --- | --- |\n| Rad | 3 |", "Gebaut 1874[1].\n\n[1] Laut Inschrift.", "Im Rahmen.", "Zeile\nzwei"],
    must_not=["gestrichen", "Seitenkopf", "Kommentar"],
    removed=["deleted", "head"],
)  # fmt: skip
def _(path: Path) -> None:
    body = (
        "<text:tracked-changes><text:changed-region><text:deletion><text:p>gestrichen</text:p></text:deletion>"
        "</text:changed-region></text:tracked-changes>"
        '<text:p text:style-name="P1">Chronik</text:p><text:h text:outline-level="1">Die Mühle</text:h>'
        '<text:p>two<text:s text:c="2"/>blanks<office:annotation><text:p>Kommentar</text:p></office:annotation></text:p>'
        '<text:list text:style-name="L1"><text:list-item><text:p>mahlen</text:p><text:list><text:list-item><text:p>fein'
        "</text:p></text:list-item></text:list></text:list-item><text:list-item><text:p>sacken</text:p></text:list-item>"
        "</text:list>"
        "<table:table><table:table-header-rows><table:table-row><table:table-cell><text:p>Teil</text:p></table:table-cell>"
        "<table:table-cell><text:p>Zahl</text:p></table:table-cell></table:table-row></table:table-header-rows>"
        "<table:table-row><table:table-cell><text:p>Rad</text:p></table:table-cell><table:table-cell><text:p>3</text:p>"
        '</table:table-cell><table:table-cell table:number-columns-repeated="16000"/></table:table-row></table:table>'
        '<text:p>Gebaut 1874<text:note text:note-class="footnote"><text:note-citation>1</text:note-citation><text:note-body>'
        "<text:p>Laut Inschrift.</text:p></text:note-body></text:note>.</text:p>"
        "<text:p><draw:frame><draw:text-box><text:p>Im Rahmen.</text:p></draw:text-box></draw:frame>Zeile<text:line-break/>"
        "zwei</text:p>"
    )
    automatic = (
        '<style:style style:name="P1" style:family="paragraph" style:parent-style-name="Title"/><text:list-style '
        'style:name="L1"><text:list-level-style-number text:level="1" style:num-format="1"/>'
        '<text:list-level-style-bullet text:level="2"/></text:list-style>'
    )
    styles = "<style:master-page><style:header><text:p>Seitenkopf</text:p></style:header></style:master-page>"
    _open_document(path, "text", body, automatic, styles)


@awkward(
    "herd.ods", must=["## Herd", "| Animal | Weight |", "| hare | 3,5 kg |"], must_not=["Secret"], removed=["hidden"]
)
def _(path: Path) -> None:
    def row(*texts: str, repeat: int = 1) -> str:
        cells = "".join(f"<table:table-cell><text:p>{text}</text:p></table:table-cell>" for text in texts)
        empty = '<table:table-cell table:number-columns-repeated="16382"/>'
        return f'<table:table-row table:number-rows-repeated="{repeat}">{cells}{empty}</table:table-row>'

    sheet = row("Animal", "Weight") + row("hare", "3,5 kg") + row(repeat=1_048_574)
    body = f'<table:table table:name="Herd">{sheet}</table:table>'
    body += f'<table:table table:name="L" table:style-name="ta2">{row("Secret")}</table:table>'
    automatic = '<style:style style:name="ta2" style:family="table"><style:table-properties table:display="false"/></style:style>'
    _open_document(path, "spreadsheet", body, automatic)


@awkward(
    "slides.odp",
    must=["# The Mill", "- Wheel\n- Stone", "Notes: Say hello."],
    must_not=["Page foot"],
    removed=["head"],
)
def _(path: Path) -> None:
    body = (
        '<draw:page draw:name="p1"><draw:frame presentation:class="title"><draw:text-box><text:p>The Mill</text:p>'
        '</draw:text-box></draw:frame><draw:frame presentation:class="outline"><draw:text-box><text:list><text:list-item>'
        "<text:p>Wheel</text:p></text:list-item><text:list-item><text:p>Stone</text:p></text:list-item></text:list>"
        '</draw:text-box></draw:frame><draw:frame presentation:class="footer"><draw:text-box><text:p>Page foot</text:p>'
        '</draw:text-box></draw:frame><presentation:notes><draw:frame presentation:class="notes"><draw:text-box>'
        "<text:p>Say hello.</text:p></draw:text-box></draw:frame></presentation:notes></draw:page>"
    )
    _open_document(path, "presentation", body)


@awkward("locked.odt", refusal="password")
def _(path: Path) -> None:
    manifest = '<manifest:manifest xmlns:manifest="x"><manifest:encryption-data/></manifest:manifest>'
    write_zip(path, {"mimetype": "x", "content.xml": b"\x93\x02\xff" * 99, "META-INF/manifest.xml": manifest})


@awkward("not_one.odt", refusal="not an OpenDocument")
def _(path: Path) -> None:
    write_zip(path, {"content.txt": "nothing"})
