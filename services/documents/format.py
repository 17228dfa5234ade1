"""The formats that can be read: one row here and one function in a module of its own add the next."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from services.documents import ocr
from services.documents.page import ReadDocument, Report
from services.translation import _

Reader = Callable[[Path, Report], ReadDocument | Iterator[ReadDocument]]


@dataclass(frozen=True, slots=True)
class Format:
    """suffixes: in lower case, with the dot.

    reader: a function ``(path, report)``, by its module in this folder and its name. It is imported when the first such
    file is read.
    """

    name: str
    label: str
    suffixes: tuple[str, ...]
    reader: str

    @property
    def read(self) -> Reader:
        module, function = self.reader.split(".")
        return getattr(import_module(f"services.documents.{module}"), function)

    @property
    def file_filter(self) -> str:
        """As file dialogs take it: ``Word document (*.docx)``."""
        return _filter(self.label, self.suffixes)


FORMATS: tuple[Format, ...] = (
    Format("pdf", _("PDF document"), (".pdf",), "pdf.read_pdf"),
    Format("docx", _("Word document"), (".docx", ".docm", ".dotx", ".dotm"), "docx.read_docx"),
    Format("pptx", _("PowerPoint presentation"), (".pptx", ".pptm", ".ppsx", ".ppsm", ".potx"), "pptx.read_pptx"),
    Format("xlsx", _("Excel workbook"), (".xlsx", ".xlsm", ".xltx", ".xltm"), "xlsx.read_xlsx"),
    Format("csv", _("Table (CSV)"), (".csv", ".tsv", ".tab"), "csv_file.read_csv"),
    Format("odf", _("OpenDocument"), (".odt", ".ods", ".odp", ".ott", ".ots", ".otp"), "open_document.read_open_document"),
    Format("rtf", _("Rich text"), (".rtf",), "rtf.read_rtf"),
    Format("epub", _("E-book (EPUB)"), (".epub",), "epub.read_epub"),
    Format("html", _("Web page"), (".html", ".htm", ".xhtml"), "html.read_html"),
    Format("email", _("E-mail"), (".eml", ".mht", ".mhtml"), "email_message.read_email"),
    Format("markdown", _("Markdown"), (".md", ".markdown"), "text.read_markdown"),
    Format("text", _("Plain text"), (".txt", ".text", ".log", ".rst", ".adoc", ".org"), "text.read_text"),
    Format("json", _("JSON"), (".json",), "json_file.read_json"),
    Format("jsonl", _("JSON Lines"), (".jsonl", ".ndjson"), "json_file.read_json_lines"),
    Format("notebook", _("Notebook"), (".ipynb",), "notebook.read_notebook"),
    Format(
        "code",
        _("Source code"),
        (
            ".py", ".pyi", ".js", ".mjs", ".jsx", ".ts", ".tsx", ".java", ".kt", ".scala", ".groovy", ".c", ".h", ".cc",
            ".cpp", ".hpp", ".cs", ".go", ".rs", ".swift", ".m", ".rb", ".php", ".pl", ".lua", ".r", ".jl", ".hs", ".ml",
            ".ex", ".erl", ".clj", ".lisp", ".el", ".sql", ".sh", ".bash", ".zsh", ".ps1", ".bat", ".f90", ".pas",
            ".vb", ".dart", ".tex", ".bib", ".css", ".scss", ".vue", ".yaml", ".yml", ".toml", ".ini", ".cfg", ".proto",
        ),
        "source_code.read_source_code",
    ),
)  # fmt: skip
if ocr.is_installed():
    FORMATS += (Format("picture", _("Picture of text"), (".png", ".jpg", ".jpeg", ".tif", ".tiff"), "ocr.read_picture"),)
_BY_SUFFIX = {suffix: format_ for format_ in FORMATS for suffix in format_.suffixes}

ARCHIVE_SUFFIX = ".zip"
"""Not a format: it stands for the files in it, as a folder does."""

_WAYS_OUT: dict[tuple[str, ...], str] = {
    (".doc", ".dot", ".wps", ".wpd", ".pages"): _("Open it in a word processor, save it as DOCX, and add that."),
    (".xls", ".xlsb", ".numbers"): _("Open it in a spreadsheet program, save it as XLSX, and add that."),
    (".ppt", ".pps", ".key"): _("Open it in a presentation program, save it as PPTX, and add that."),
    (".mobi", ".azw", ".azw3", ".kfx", ".fb2", ".lit"): _("Convert it to EPUB, with Calibre for example, and add that."),
    (".djvu", ".xps", ".oxps", ".ps"): _("Open it, print it into a PDF, and add that."),
    (".msg", ".pst", ".ost", ".mbox"): _("Save its messages as EML files in the mail program, and add those."),
    (".rar", ".7z", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".zst"): _("Unpack it, and add the files or the folder."),
}
_WAYS_OUT_OF_PICTURES: dict[tuple[str, ...], str] = {
    (".png", ".jpg", ".jpeg", ".tif", ".tiff"): _("It is a picture. {how}").format(how=ocr.how_to_install()),
    (".bmp", ".gif", ".webp", ".heic", ".svg"): _("It is a picture. Save it as a PDF with recognised text, and add that."),
}  # fmt: skip


def format_of(path: Path) -> Format | None:
    """The format that the file's suffix names; None if it cannot be read."""
    return _BY_SUFFIX.get(path.suffix.lower())


def suffixes() -> tuple[str, ...]:
    """Every suffix that can be read, in the order of the table."""
    return (*_BY_SUFFIX, ARCHIVE_SUFFIX)


def file_filters() -> list[str]:
    """The filters of a file dialog: all documents first, then one per format, then archives."""
    return [
        _filter(_("All documents"), suffixes()),
        *(format_.file_filter for format_ in FORMATS),
        _filter(_("ZIP archive of documents"), (ARCHIVE_SUFFIX,)),
    ]


def has_way_out(path: Path) -> bool:
    """Whether the file is a document that another program can save so that it can be read; pictures are not meant."""
    return any(path.suffix.lower() in kinds for kinds in _WAYS_OUT)


def why_not_readable(path: Path) -> str:
    """The sentence for a file whose suffix no format has: how to convert it, or else what can be read."""
    suffix = path.suffix.lower()
    for kinds, way_out in (_WAYS_OUT | _WAYS_OUT_OF_PICTURES).items():
        if suffix in kinds:
            return _("Files of this kind ({suffix}) cannot be read. {way_out}").format(suffix=suffix, way_out=way_out)
    return _("Files of this kind ({suffix}) cannot be read. Readable are {formats}.").format(
        suffix=path.suffix or path.name, formats=readable_kinds()
    )


def readable_kinds() -> str:
    """What can be read, by name: "PDF document, Word document, ..."."""
    return ", ".join(format_.label for format_ in FORMATS)


def _filter(label: str, suffixes_: tuple[str, ...]) -> str:
    return f"{label} ({' '.join('*' + suffix for suffix in suffixes_)})"
