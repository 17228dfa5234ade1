"""The sample documents: three formats that say what their sources in packaging/sample say, and questions about them."""

import json
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
SOURCES, SAMPLE = ROOT / "packaging" / "sample", ROOT / "resources" / "sample"


def letters(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text.lower())


def sentences(name: str) -> list[str]:
    prose = [line for line in (SOURCES / name).read_text("utf-8").splitlines() if line and line[0] not in "#|-"]
    return re.findall(r"[A-Z][^.]*\.", " ".join(prose))


def test_the_pdf_has_pages_with_running_heads_and_all_its_text() -> None:
    import pypdfium2

    with pypdfium2.PdfDocument(SAMPLE / "visitors_handbook.pdf") as document:
        pages = [page.get_textpage().get_text_range() for page in document]
    assert len(pages) >= 5
    assert all(page.startswith("A Visitor's Handbook to Pellamy") for page in pages)
    body = letters("".join(re.sub(r"^.*\r?\n|\r?\n\d+\s*$", "", page) for page in pages))
    assert all(letters(sentence) in body for sentence in sentences("visitors_handbook.md"))


def test_the_docx_has_headings_a_table_and_all_its_text() -> None:
    import docx

    document = docx.Document(str(SAMPLE / "chronicle.docx"))
    body = letters("".join(paragraph.text for paragraph in document.paragraphs))
    assert all(letters(sentence) in body for sentence in sentences("chronicle.md"))
    assert sum(paragraph.style.name.startswith("Heading") for paragraph in document.paragraphs) >= 10
    assert [cell.text for cell in document.tables[0].rows[0].cells] == ["Warden", "In office", "Remembered for"]


def test_the_markdown_is_its_source() -> None:
    assert (SAMPLE / "field_guide.md").read_bytes() == (SOURCES / "field_guide.md").read_bytes()


def test_the_sample_stays_small_and_its_questions_short() -> None:
    text = " ".join(path.read_text("utf-8") for path in SOURCES.glob("*.md"))
    # 8,000 tokens at most: with a tokenizer of 4,000 to 6,000 entries a word of this text takes about 1.9.
    assert len(text.split()) < 4_200
    items = [json.loads(line) for line in (SAMPLE / "questions.jsonl").read_text("utf-8").splitlines()]
    assert len(items) == len({item["question"] for item in items}) == 40
    assert all(set(item) == {"question", "answer"} and item["question"].endswith("?") for item in items)
    assert all(len(item["answer"].split()) <= 4 and item["answer"].lower() in text.lower() for item in items)
