"""Awkward and hostile files: what must be in the text is, what must not is not, and the rest is a sentence."""

from pathlib import Path

import pytest

from services.documents.cleaning import clean
from services.documents.format import format_of
from services.documents.ingest import read_document
from services.documents.page import REMOVALS, ignore
from services.errors import UserError
from tests.documents import (  # noqa: F401  each registers its files
    awkward_hostile,
    awkward_office,
    awkward_rtf,
    awkward_text,
    awkward_web,
    awkward_word,
)
from tests.documents.awkward import FILES, Awkward


@pytest.mark.timeout(60)
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_an_awkward_file_gives_its_text_or_a_sentence(file: Awkward, tmp_path: Path) -> None:
    path = tmp_path / file.name
    file.write(path)
    if file.refusal:
        with pytest.raises(UserError, match=file.refusal) as raised:
            read_document(path, lambda share: None)
        assert path.name in str(raised.value)
        return
    document = read_document(path, lambda share: None)
    text = clean(document).content
    assert [words for words in file.must if words not in text] == [], text[:3000]
    assert [words for words in file.must_not if words in text] == [], text[:3000]
    assert file.warning in " ".join(document.warnings)
    kinds = {removal.kind for removal in document.removed}
    assert kinds >= set(file.removed) and kinds <= set(REMOVALS)
    assert all(0 < len(removal.text) <= 300 and removal.count > 0 for removal in document.removed)


def test_the_files_are_many_and_differ() -> None:
    assert len(FILES) >= 60
    assert len({file.name for file in FILES}) == len(FILES)


@pytest.mark.timeout(60)
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_a_file_cut_off_anywhere_gives_its_text_or_a_sentence(file: Awkward, tmp_path: Path) -> None:
    path = tmp_path / file.name
    file.write(path)
    data = path.read_bytes()
    format_ = format_of(path)
    assert format_ is not None
    if len(data) > 500_000:
        pytest.skip("long to read, and like others")
    for end in (len(data) // 3, 2 * len(data) // 3, len(data) - 9):
        path.write_bytes(data[: max(end, 0)])
        try:
            assert clean(format_.read(path, ignore)).content
        except UserError as refusal:
            assert path.name in str(refusal)
