"""A long file comes in pieces, and is one document in the end."""

from pathlib import Path

import pytest

from services.documents.likeness import sketch
from services.documents.piece import Piece, Pieces, piece_to_json
from services.documents.reader import Cut, prepare
from services.documents.tokenizer import load_tokenizer
from services.models.base import STARTER_NAME
from services.project import Project
from services.records import CutChunk, DocumentText, Removal

HEAD = Removal("head", "Field notes", 1, 3)


def piece(number: int) -> Piece:
    """Two pages under a heading, as two chunks with an overlap."""
    text = f"# Day {number}\n\nThe tide came in at {number} o’clock.\n\nThe boats stayed out."
    half = text.index("The boats")
    chunks = (
        CutChunk(0, half - 12, half, text[:half], 9, 2 * number, (f"Day {number}",)),
        CutChunk(half - 12, len(text), len(text), text[half - 12 :], 7, 2 * number + 1, (f"Day {number}",)),
    )
    document = DocumentText(text, ((2 * number, 0), (2 * number + 1, half)), ((0, 1, f"Day {number}"),), ((0, 5, "contents"),))
    return Piece(document, chunks, (HEAD,), (f"Warning {number}.",), "pdf", 2)


def pieces_of(count: int) -> Pieces:
    pieces = Pieces()
    for number in range(1, count + 1):
        pieces.add(piece_to_json(piece(number)))
    return pieces


@pytest.mark.parametrize("count", [1, 2, 7])
def test_every_place_is_counted_from_the_start_of_the_file(count: int) -> None:
    pieces = pieces_of(count)
    texts, chunks = list(pieces.texts()), list(pieces.chunks())
    whole = "".join(text.content for text in texts)
    assert whole == "\n\n".join(piece(number).text.content for number in range(1, count + 1))
    assert all(chunk.content == whole[chunk.start : chunk.end] for chunk in chunks)
    assert "".join(whole[chunk.start : chunk.owned_end] for chunk in chunks) == whole, "every letter is owned once"
    for text in texts:
        assert all(whole[start:].startswith(f"# {title}") for start, _level, title in text.headings)
        assert all(whole[start:end] == "# Day" for start, end, _kind in text.listings)
        assert [page for page, start in text.pages if whole[start:].startswith(("#", "The boats"))] == [*dict(text.pages)]
    assert [chunk.sketch for chunk in chunks] == [sketch(whole[chunk.start : chunk.owned_end]) for chunk in chunks]
    assert list(pieces.chunks()) == chunks, "they can be had again"
    assert pieces.page_count == 2 * count and pieces.format == "pdf"
    assert pieces.removed == (Removal("head", "Field notes", 1, 3 * count),)
    assert pieces.warnings == tuple(f"Warning {number}." for number in range(1, count + 1))
    pieces.close()


def test_a_file_of_many_pieces_is_stored_as_one_of_one_piece_is(project: Project) -> None:
    """Also where a person had edited, left out and deleted chunks of it."""
    pieces = pieces_of(5)
    whole = "".join(text.content for text in pieces.texts())
    said = []
    with project.connect() as knowledge_base:
        for source in ("parts", "whole"):
            for is_again in (False, True):
                texts = list(pieces.texts())
                joined = DocumentText(whole, *(
                    tuple(place for text in texts for place in getattr(text, key)) for key in ("pages", "headings", "listings")
                ))  # fmt: skip
                document, kept = knowledge_base.replace_document(
                    source, pieces.texts() if source == "parts" else joined, pieces.chunks(), len, pieces.removed
                )
                ids = knowledge_base.chunk_ids(document=source, order="chunk_index")
                if not is_again:
                    knowledge_base.edit_chunk(ids[3], "Nobody went out.")
                    knowledge_base.flag_chunks(ids[5:6], "excluded", True)
                    knowledge_base.flag_chunks(ids[8:9], "deleted", True)
            assert kept == (1, 0, 0) and knowledge_base.document_text(document) == joined
            known = knowledge_base.document_by_source(source)
            rows = [
                (chunk.content, chunk.chunk_index, chunk.metadata, chunk.is_excluded, chunk.is_edited)
                for chunk in knowledge_base.chunks(ids)
            ]
            said.append((rows, known.token_count, known.chunk_count, dict(knowledge_base.corpus())[source]))
    pieces.close()
    assert said[0] == said[1]
    assert sum(row[3] for row in said[0][0]) == 1 and len(said[0][0]) == 9, "one is left out, one is gone"


def test_a_long_pdf_waits_on_the_disk(tmp_path: Path) -> None:
    """Else what a file takes in memory grows with its pages."""
    pytest.importorskip("pypdfium2")
    from services.documents.pdf import PART_PAGES
    from tests.documents.pdf_file import Text, write_pdf

    path = write_pdf(tmp_path / "long.pdf", [[Text(f"Page {number} tells of the tide.", 72, 700, 11)] for number in range(PART_PAGES + 1)])
    pieces = Pieces()
    for part in prepare(path, load_tokenizer(STARTER_NAME), Cut(100, 10)):
        pieces.add(piece_to_json(part))
    assert pieces._only is None and pieces._file is not None
    assert sum(text.content.count("tells of the tide") for text in pieces.texts()) == PART_PAGES + 1
    pieces.close()
