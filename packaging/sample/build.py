"""Make the sample documents in resources/sample/ from the Markdown texts beside this file.

Run: ``python packaging/sample/build.py``. Needs reportlab, which nothing else in the program does. The results are
committed, so this is run only after one of the texts has changed.
"""

import re
import shutil
import zipfile
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).resolve().parent
TARGET = HERE.parent.parent / "resources" / "sample"

Block = tuple[str, str | list[list[str]] | list[str]]


def read_blocks(path: Path) -> Iterator[Block]:
    """Yield ("h1" | "h2" | "h3" | "text", str), ("table", rows of cells) and ("list", items) from a Markdown file."""
    for block in re.split(r"\n\s*\n", path.read_text(encoding="utf-8").strip()):
        if heading := re.fullmatch(r"(#{1,3}) (.+)", block):
            yield f"h{len(heading[1])}", heading[2]
        elif block.startswith("|"):
            rows = [[cell.strip() for cell in line.strip("| ").split("|")] for line in block.splitlines()]
            yield "table", [row for row in rows if not set("".join(row)) <= set("- ")]
        elif block.startswith("- "):
            yield "list", [line.removeprefix("- ") for line in block.splitlines()]
        else:
            yield "text", block


def write_pdf(source: Path, target: Path) -> None:
    """Write an A5 booklet with the title as running head and a page number at the foot of every page."""
    from reportlab.lib import colors
    from reportlab.lib.pagesizes import A5
    from reportlab.lib.styles import ParagraphStyle
    from reportlab.lib.units import mm
    from reportlab.pdfgen.canvas import Canvas
    from reportlab.platypus import (
        BaseDocTemplate,
        Flowable,
        Frame,
        ListFlowable,
        PageTemplate,
        Paragraph,
        Spacer,
        Table,
        TableStyle,
    )

    text = ParagraphStyle("text", fontName="Times-Roman", fontSize=12, leading=17, spaceAfter=9)
    styles = {
        "h1": ParagraphStyle("h1", fontName="Times-Bold", fontSize=19, leading=24, spaceAfter=30),
        "h2": ParagraphStyle(
            "h2", fontName="Times-Bold", fontSize=14, leading=18, spaceBefore=16, spaceAfter=6, keepWithNext=1
        ),
        "h3": ParagraphStyle(
            "h3", fontName="Times-BoldItalic", fontSize=12, leading=16, spaceBefore=8, spaceAfter=4, keepWithNext=1
        ),
        "text": text,
    }
    title = ""
    story: list[Flowable] = []
    for kind, content in read_blocks(source):
        if kind == "table":
            table = Table(content, hAlign="LEFT")
            table.setStyle(
                TableStyle(
                    [
                        ("FONT", (0, 0), (-1, 0), "Times-Bold", 10),
                        ("FONT", (0, 1), (-1, -1), "Times-Roman", 10),
                        ("LINEBELOW", (0, 0), (-1, -1), 0.4, colors.grey),
                    ]
                )
            )
            story += [table, Spacer(0, 8)]
        elif kind == "list":
            story.append(ListFlowable([Paragraph(item, text) for item in content], bulletType="bullet", start="–"))
        else:
            title = title or str(content)
            story.append(Paragraph(content, styles[kind]))

    def draw_head(canvas: Canvas, _document: BaseDocTemplate) -> None:
        canvas.setFont("Times-Italic", 9)
        canvas.drawCentredString(A5[0] / 2, A5[1] - 13 * mm, title)

    def draw_foot(canvas: Canvas, document: BaseDocTemplate) -> None:
        canvas.setFont("Times-Italic", 9)
        canvas.drawCentredString(A5[0] / 2, 11 * mm, str(document.page))

    document = BaseDocTemplate(str(target), pagesize=A5, title=title, author="Wissenswerk", invariant=1)
    frame = Frame(20 * mm, 20 * mm, A5[0] - 40 * mm, A5[1] - 40 * mm)
    document.addPageTemplates(PageTemplate(frames=[frame], onPage=draw_head, onPageEnd=draw_foot))
    document.build(story)


def write_docx(source: Path, target: Path) -> None:
    """Write an A5 Word document with real heading styles, lists and tables."""
    from datetime import datetime

    import docx
    from docx.shared import Mm, Pt

    document = docx.Document()
    page = document.sections[0]
    page.page_width, page.page_height = Mm(148), Mm(210)
    page.left_margin = page.right_margin = page.top_margin = page.bottom_margin = Mm(20)
    document.styles["Normal"].font.name = "Times New Roman"
    document.styles["Normal"].font.size = Pt(11)
    for kind, content in read_blocks(source):
        if kind == "table":
            table = document.add_table(rows=0, cols=len(content[0]), style="Table Grid")
            for row in content:
                for cell, value in zip(table.add_row().cells, row, strict=True):
                    cell.text = value
            document.add_paragraph()
        elif kind == "list":
            for item in content:
                document.add_paragraph(item, style="List Bullet")
        elif kind == "h1":
            document.add_heading(content, level=0)
            document.core_properties.title = content
        elif kind == "text":
            document.add_paragraph(content)
        else:
            document.add_heading(content, level=int(kind[1]) - 1)
    document.core_properties.author = "Wissenswerk"
    document.core_properties.created = document.core_properties.modified = datetime(2026, 1, 1)
    document.save(str(target))
    forget_times(target)


def forget_times(path: Path) -> None:
    """Pack a zip file again without the time of packing, so that the same text gives the same bytes."""
    with zipfile.ZipFile(path) as archive:
        members = [(name, archive.read(name)) for name in archive.namelist()]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)


def main() -> None:
    TARGET.mkdir(parents=True, exist_ok=True)
    write_pdf(HERE / "visitors_handbook.md", TARGET / "visitors_handbook.pdf")
    write_docx(HERE / "chronicle.md", TARGET / "chronicle.docx")
    shutil.copyfile(HERE / "field_guide.md", TARGET / "field_guide.md")


if __name__ == "__main__":
    main()
