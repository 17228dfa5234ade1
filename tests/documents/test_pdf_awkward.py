"""Every awkward PDF gives the text that a person would read in it."""

from pathlib import Path

import pytest

from services.documents import ocr
from services.documents.cleaning import clean
from services.documents.page import ReadDocument
from services.documents.pdf import read_pdf
from tests.documents.awkward_pdf import AWKWARD, Awkward


@pytest.fixture(autouse=True)
def _without_recognition(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ocr, "is_installed", lambda: False)


@pytest.mark.parametrize("case", AWKWARD, ids=lambda case: case.name)
def test_awkward_pdf(case: Awkward, tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    case.make(path)
    document = read_pdf(path)
    assert isinstance(document, ReadDocument)
    content = clean(document).content
    for text in case.must:
        assert text in content
    for text in case.must_not:
        assert text not in content
    places = [content.find(text) for text in case.order]
    assert -1 not in places and places == sorted(places), list(zip(places, case.order, strict=True))
    for text in case.warnings:
        assert any(text in warning for warning in document.warnings)
