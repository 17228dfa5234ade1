"""From one file to pieces that are ready to be stored: read, clean, cut, assess. Runs in a process of its own.

The process that stores the pieces needs their class only, and loads nothing of what makes them.
"""

from __future__ import annotations

import sys
import traceback
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from services.documents.format import format_of
from services.documents.page import ReadDocument, Report, ignore
from services.documents.piece import Piece, merge_removals
from services.documents.tokenizer import Tokenizer
from services.errors import Cancelled, UserError
from services.records import CutChunk, DocumentText
from services.translation import _

_READ = 0.9  # the share of a file's work after which it is read; what is read in parts is cut as it comes
_SAMPLES, _SAMPLE_CHARACTERS = 8, 600  # of a text, to tell its language by


@dataclass(frozen=True, slots=True)
class Cut:
    """How a text is to be cut. splitter: a key of ``services.documents.splitter.SPLITTERS``."""

    chunk_size: int
    chunk_overlap: int
    splitter: str = "own"


def read_parts(path: Path, report: Report = ignore) -> Iterator[ReadDocument]:
    """Read one file in the format that its suffix names, a part at a time where it is long.

    Raises:
        UserError: it cannot be read, for whatever reason.
    """
    format_ = format_of(path)
    assert format_ is not None, path
    try:
        document = format_.read(path, report)
        if isinstance(document, ReadDocument):
            yield document
        else:
            yield from document
    except (UserError, Cancelled, OSError):
        raise
    except MemoryError as error:
        raise UserError(
            _("{name} is too large for this computer's memory. Divide it into parts.").format(name=path.name)
        ) from error
    except Exception as error:  # a broken file may make a parser fail in any way; it costs this file only
        traceback.print_exc(limit=-8, file=sys.stderr)
        raise UserError(
            _(
                "{name} cannot be read ({format}): it is damaged, or of a kind not met before ({error}). Open it in the "
                "program that made it, and save it again."
            ).format(name=path.name, format=format_.label, error=type(error).__name__)  # fmt: skip
        ) from error


def read_document(path: Path, report: Report = ignore) -> ReadDocument:
    """Read one file as a whole.

    Raises:
        UserError: it cannot be read, for whatever reason.
    """
    parts = list(read_parts(path, report))
    return ReadDocument(
        tuple(page for part in parts for page in part.pages),
        parts[0].format,
        tuple(warning for part in parts for warning in part.warnings),
        merge_removals(removal for part in parts for removal in part.removed),
    )


def prepare(path: Path, tokenizer: Tokenizer, how: Cut, report: Report = ignore) -> Iterator[Piece]:
    """Read, clean, cut and assess one file.

    Args:
        report: told the share of the file that is done.

    Raises:
        UserError: the file cannot be read.
    """
    from services.documents.cleaning import clean_parts
    from services.documents.splitter import headings_at_end

    read: list[ReadDocument] = []
    share_read = 0.0

    def report_reading(share: float) -> None:
        nonlocal share_read
        share_read = share
        report(_READ * share)

    def report_cutting(share: float) -> None:
        report(_READ * share_read + (1 - _READ) * share if share_read == 1 else _READ * share_read)

    def parts() -> Iterator[ReadDocument]:
        for part in read_parts(path, report_reading):
            read.append(part)
            yield part

    above: list[tuple[int, str]] = []
    language = ""
    for text in clean_parts(parts()):
        language = language or main_language(text.content)
        chunks = cut_and_assess(text, tokenizer, how, report_cutting, above, language)
        above = headings_at_end(text, above)
        yield Piece(
            text,
            tuple(chunks),
            merge_removals(removal for part in read for removal in part.removed),
            tuple(warning for part in read for warning in part.warnings),
            read[0].format if read else "",
            sum(page.number is not None for part in read for page in part.pages),
        )
        read.clear()
    report(1.0)


def cut_and_assess(
    text: DocumentText,
    tokenizer: Tokenizer,
    how: Cut,
    report: Report = ignore,
    above: Iterable[tuple[int, str]] = (),
    language: str | None = None,
) -> list[CutChunk]:
    """Cut a text, and say of each chunk how good it is.

    language: of the document; None: it is told from the text.
    """
    from services.documents.quality import assess
    from services.documents.splitter import cut

    if language is None:
        language = main_language(text.content)
    chunks = cut(text, tokenizer, how.chunk_size, how.chunk_overlap, how.splitter, report, tuple(above))
    assessed = []
    for chunk in chunks:
        quality, problem = (100, "") if chunk.kind else assess(chunk.content, language)
        assessed.append(replace(chunk, quality=quality, problem=problem))
    return assessed


def main_language(text: str) -> str:
    """The language that most of a text is in, told from samples; empty where it cannot be told."""
    from services.documents.language import language_of

    step = max(len(text) // _SAMPLES, _SAMPLE_CHARACTERS)
    samples = (text[at : at + _SAMPLE_CHARACTERS] for at in range(0, len(text), step))
    languages = Counter(language for sample in samples if (language := language_of(sample)))
    return languages.most_common(1)[0][0] if languages else ""
