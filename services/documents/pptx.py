"""PPTX: each slide a page with its title as the heading, its text in reading order, tables, charts and notes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from services.documents import markdown
from services.documents.archive import BROKEN, open_package, refuse_package
from services.documents.page import Page, ReadDocument, Report, has_words, ignore, refuse_without_text
from services.documents.removal import Removals
from services.translation import _

if TYPE_CHECKING:
    from pptx.slide import Slide

_A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_DIAGRAM = "{http://schemas.openxmlformats.org/drawingml/2006/diagram}"
_RELATIONS = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
_BAND_EMU = 457_200  # half an inch: what starts within it stands side by side, and is read from the left
_MOST_CHART_POINTS = 60
_DEEPEST_GROUP = 50


def read_pptx(path: Path, report: Report = ignore) -> ReadDocument:
    """
    Raises:
        UserError: the file is empty, is no PPTX, is damaged, needs a password, or has no text.
    """
    import pptx
    from lxml.etree import XMLSyntaxError
    from pptx.exc import PythonPptxError

    label = _("a PowerPoint presentation (PPTX)")
    removals = Removals()
    pages: list[Page] = []
    with open_package(path, label):
        try:
            slides = list(pptx.Presentation(str(path)).slides)
            for number, slide in enumerate(slides, 1):
                text = _slide(slide, number, removals)
                if slide._element.get("show") in ("0", "false"):
                    removals.add("hidden", text)
                    text = ""
                pages.append(Page(number, text))
                report(number / len(slides))
        except (*BROKEN, PythonPptxError, XMLSyntaxError, AttributeError, TypeError) as error:
            raise refuse_package(path, label) from error
    if not any(has_words(page.text) for page in pages):
        raise refuse_without_text(path)
    return ReadDocument(tuple(pages), "pptx", removed=removals.found())


def _slide(slide: Slide, number: int, removals: Removals) -> str:
    title = slide.shapes.title
    name = " ".join(title.text_frame.text.split()) if title is not None else ""
    blocks = [block for shape in _ordered(slide.shapes) if shape != title for block in _shape(shape, removals)]
    frame = slide.notes_slide.notes_text_frame if slide.has_notes_slide else None
    notes = frame.text.replace("\v", "\n").strip() if frame is not None else ""
    return markdown.slide(number, name, blocks, notes)


def _ordered(shapes: Iterable[Any]) -> list[Any]:
    """From the top to the bottom, and from the left to the right of what stands side by side."""
    return sorted(shapes, key=lambda shape: ((shape.top or 0) // _BAND_EMU, shape.left or 0))


def _shape(shape: Any, removals: Removals, depth: int = 0) -> Iterator[str]:
    from pptx.enum.shapes import MSO_SHAPE_TYPE, PP_PLACEHOLDER

    if getattr(shape, "is_placeholder", False) and shape.placeholder_format.type in (
        PP_PLACEHOLDER.FOOTER, PP_PLACEHOLDER.DATE, PP_PLACEHOLDER.SLIDE_NUMBER, PP_PLACEHOLDER.HEADER,
    ):  # fmt: skip
        removals.add("head", shape.text_frame.text)
    elif shape.shape_type == MSO_SHAPE_TYPE.GROUP:
        if depth < _DEEPEST_GROUP:
            for inner in _ordered(shape.shapes):
                yield from _shape(inner, removals, depth + 1)
    elif getattr(shape, "has_table", False):
        if rows := markdown.table(
            [["" if cell.is_spanned else cell.text for cell in row.cells] for row in shape.table.rows]
        ):
            yield rows
    elif getattr(shape, "has_chart", False):
        yield from _chart(shape.chart)
    elif shape.has_text_frame:
        yield from _paragraphs(shape)
    elif (diagram := shape._element.find(f".//{_DIAGRAM}relIds")) is not None:
        yield from _diagram(shape, diagram)


def _paragraphs(shape: Any) -> Iterator[str]:
    """A placeholder's paragraphs are a list, as the slide shows them; those of a text box are where it says so."""
    paragraphs = [paragraph for paragraph in shape.text_frame.paragraphs if paragraph.text.strip()]
    is_list = shape.is_placeholder and (len(paragraphs) > 1 or any(paragraph.level for paragraph in paragraphs))
    items: list[str] = []
    numbers: dict[int, int] = {}
    for paragraph in paragraphs:
        text = " ".join(paragraph.text.split())
        properties = paragraph._p.pPr
        kinds = {child.tag for child in properties} if properties is not None else set()
        if f"{_A}buNone" in kinds or not (is_list or kinds & {f"{_A}buChar", f"{_A}buAutoNum", f"{_A}buBlip"}):
            if items:
                yield "\n".join(items)
                items = []
            yield text
            continue
        level = paragraph.level
        numbers = {depth: count for depth, count in numbers.items() if depth <= level}
        if f"{_A}buAutoNum" in kinds:
            numbers[level] = numbers.get(level, 0) + 1
        items.append(f"{'  ' * level}{f'{numbers[level]}.' if f'{_A}buAutoNum' in kinds else '-'} {text}")
    if items:
        yield "\n".join(items)


def _chart(chart: Any) -> Iterator[str]:
    """Its title, and its figures as a table where they are few enough to be read."""
    if chart.has_title and chart.chart_title.has_text_frame and (title := chart.chart_title.text_frame.text.strip()):
        yield title
    try:
        plot = chart.plots[0]
        categories = [str(category) for category in plot.categories]
        series = [(one.name, list(one.values)) for one in plot.series]
    except (IndexError, AttributeError, ValueError, TypeError):  # kinds of charts that python-pptx does not know
        return
    if not categories or not 0 < len(categories) * len(series) <= _MOST_CHART_POINTS:
        return
    rows = [["", *(name for name, _values in series)]]
    for index, category in enumerate(categories):
        values = [values[index] if index < len(values) else None for _name, values in series]
        rows.append([category, *("" if value is None else f"{value:.15g}" for value in values)])
    yield markdown.table(rows)


def _diagram(shape: Any, diagram: Any) -> Iterator[str]:
    """The words of a SmartArt graphic, in the order in which they were typed."""
    from services.documents.archive import parse_markup

    try:
        data = parse_markup(shape.part.related_part(diagram.get(f"{_RELATIONS}dm")).blob, "")
    except (KeyError, ValueError, SyntaxError):  # without its data part; XMLSyntaxError is a SyntaxError
        return
    points = ["".join(text.text or "" for text in point.iter(f"{_A}t")).strip() for point in data.iter(f"{_DIAGRAM}pt")]
    if words := [f"- {point}" for point in points if point]:
        yield "\n".join(words)
