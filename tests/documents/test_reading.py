"""Every format gives the text that a person reads in the file, and a sentence where it cannot."""

from pathlib import Path

import docx
import pytest
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls

from services.documents.cleaning import clean
from services.documents.format import FORMATS, file_filters, format_of
from services.documents.ingest import read_document
from services.errors import UserError
from services.records import DocumentText
from tests.documents.pdf_file import Text, encrypt, paragraph, write_pdf


def read(path: Path) -> DocumentText:
    return clean(read_document(path, lambda share: None))


def refusal(path: Path) -> str:
    """The sentence for a file that cannot be read; it names the file."""
    with pytest.raises(UserError) as raised:
        read(path)
    assert path.name in str(raised.value)
    return str(raised.value)


# --- the table


def test_every_format_is_found_by_its_suffixes_whatever_their_case() -> None:
    for format_ in FORMATS:
        for suffix in format_.suffixes:
            assert format_of(Path(f"a{suffix}")) is format_of(Path(f"A{suffix.upper()}")) is format_
    assert format_of(Path("photo.jpg")) is None


def test_file_filters_offer_all_formats_first_and_then_each() -> None:
    first, *others, archives = file_filters()
    assert "*.zip" in archives and "*.zip" in first
    assert len(others) == len(FORMATS)
    for format_, line in zip(FORMATS, others, strict=True):
        assert format_.label in line
        assert all(f"*{suffix}" in line and f"*{suffix}" in first for suffix in format_.suffixes)


@pytest.mark.parametrize("format_", FORMATS, ids=lambda format_: format_.name)
def test_an_empty_file_is_named_as_empty(format_, tmp_path: Path) -> None:
    path = tmp_path / f"nothing{format_.suffixes[0]}"
    path.write_bytes(b"")
    assert "empty" in refusal(path)


# --- PDF

RIDGE = [
    "The ridge hare lives above the tree line and digs its burrow under",
    "the roots of old pines. In winter it turns white, and it is then",
    "hard to see.",
]
LYNX = [
    "The lynx follows it at night. Its proces-",
    "sing of a large-",
    "scale hunt takes hours.",
]


def test_pdf_lines_become_paragraphs_and_large_letters_headings(tmp_path: Path) -> None:
    page = [
        Text("Animals of the Ridge", 72, 720, 20),
        Text("Hares", 72, 690, 15),
        *paragraph(RIDGE, 665),
        *paragraph(["A second paragraph begins here."], 600),
    ]
    text = read(write_pdf(tmp_path / "a.pdf", [page]))
    assert text.content == (
        "# Animals of the Ridge\n\n## Hares\n\n"
        "The ridge hare lives above the tree line and digs its burrow under the roots of old pines. "
        "In winter it turns white, and it is then hard to see.\n\nA second paragraph begins here."
    )
    assert [(level, title) for _start, level, title in text.headings] == [(1, "Animals of the Ridge"), (2, "Hares")]


def test_pdf_rows_and_list_items_stay_on_lines_of_their_own(tmp_path: Path) -> None:
    page = [
        *paragraph(RIDGE, 700),
        *paragraph(["Name Weight", "Hare 3 kg", "Lynx 20 kg"], 600),
        *paragraph(["• moss and heather", "• berries"], 500),
        *paragraph(["# a line that only looks like a heading"], 400),
    ]
    text = read(write_pdf(tmp_path / "a.pdf", [page]))
    assert "Name Weight\nHare 3 kg\nLynx 20 kg" in text.content
    assert "- moss and heather\n- berries" in text.content
    assert text.headings == ()


def test_pdf_running_heads_and_page_numbers_are_left_out_and_pages_joined(tmp_path: Path) -> None:
    pages = []
    for number in range(1, 5):
        animal = ("hare", "lynx", "heron", "otter")[number - 1]
        body = [f"The {animal} is seen on this page, and these words are as long", f"as a line of the {animal} can be;"]
        body += [f"and the {animal}'s last sentence goes on over the foot of the page to"]
        pages.append(
            [
                Text(f"{number}", 300, 30),  # the foot is drawn first, as many programs do
                Text("A Field Guide", 72, 760, 9),
                Text(f"Chapter {number}: Something else {number + 16}", 72, 745, 9),
                *paragraph([f"where it ends, after {'xyz'[number - 2]}."] if number > 1 else [], 720),
                *paragraph(body, 700),
            ]
        )
    text = read(write_pdf(tmp_path / "a.pdf", pages))
    assert "Field Guide" not in text.content
    assert "Chapter" not in text.content
    assert not any(line.strip().isdigit() for line in text.content.splitlines())
    for animal, word in zip(("hare", "lynx", "heron"), "xyz", strict=True):
        assert (
            f"the {animal}'s last sentence goes on over the foot of the page to where it ends, after {word}."
            in text.content
        )
    assert [number for number, _start in text.pages] == [1, 2, 3, 4]
    assert text.content[text.pages[1][1] :].startswith("where it ends, after x.")


def test_pdf_heads_of_a_document_of_two_pages_are_left_out(tmp_path: Path) -> None:
    pages = [[Text("Annual Report 1987", 72, 760, 9), *paragraph(lines, 700)] for lines in (RIDGE, LYNX)]
    text = read(write_pdf(tmp_path / "a.pdf", pages))
    assert "Annual Report" not in text.content
    assert "The ridge hare lives" in text.content


def test_pdf_of_pages_that_are_all_alike_keeps_them(tmp_path: Path) -> None:
    assert read(write_pdf(tmp_path / "a.pdf", [paragraph(["A poster."], 700)] * 3)).content.startswith("A poster.")


def test_pdf_broken_words_are_mended_by_the_words_of_the_document(tmp_path: Path) -> None:
    known = ["Processing is a word here. A large-scale map is another thing."]
    text = read(write_pdf(tmp_path / "a.pdf", [[*paragraph(known, 720), *paragraph(LYNX, 680)]]))
    assert "Its processing of a large-scale hunt takes hours." in text.content


def test_pdf_pages_that_one_engine_misreads_are_read_by_the_other(tmp_path: Path) -> None:
    for claimed in ("\ue0ab\ue0ac", "\ufffd"):
        page = [Text("The lamp burns rapeseed oil.", 72, 700, claimed=claimed)]
        text = read(write_pdf(tmp_path / "a.pdf", [page, paragraph(RIDGE, 700)]))
        assert "The lamp burns rapeseed oil." in text.content
        assert "ridge hare" in text.content


def test_pdf_with_a_password_is_refused_and_one_without_is_read_though_encrypted(tmp_path: Path) -> None:
    locked = encrypt(write_pdf(tmp_path / "locked.pdf", [paragraph(RIDGE, 700)]), "secret")
    assert "password" in refusal(locked)
    open_to_all = encrypt(write_pdf(tmp_path / "open.pdf", [paragraph(RIDGE, 700)]), "")
    assert "ridge hare" in read(open_to_all).content


def test_pdf_cut_off_anywhere_is_refused(tmp_path: Path) -> None:
    whole = write_pdf(tmp_path / "whole.pdf", [paragraph(RIDGE, 700), paragraph(LYNX, 700)]).read_bytes()
    cut = tmp_path / "cut.pdf"
    for size in (20, len(whole) // 3, len(whole) // 2, len(whole) - 200, len(whole) - 8):
        cut.write_bytes(whole[:size])
        assert "cut off" in refusal(cut)


def test_pdf_that_is_none_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.pdf"
    path.write_bytes(b"PK\x03\x04" + b"\0" * 2000)
    assert "not a PDF" in refusal(path)


def test_scanned_pdf_is_refused_and_a_scanned_page_among_others_is_named(tmp_path: Path) -> None:
    scan = write_pdf(tmp_path / "scan.pdf", [[], [Text("7", 300, 30)]], picture_pages=[0, 1])
    assert "OCR" in refusal(scan)
    mixed = write_pdf(tmp_path / "mixed.pdf", [paragraph(RIDGE, 700), [], []], picture_pages=[1, 2])
    document = read_document(mixed, lambda share: None)
    assert "2, 3" in document.warnings[0]
    assert "OCR" in document.warnings[0]
    assert "ridge hare" in clean(document).content


def test_pdf_without_any_content_and_one_without_letters_are_refused(tmp_path: Path) -> None:
    assert "no text" in refusal(write_pdf(tmp_path / "blank.pdf", [[], []]))
    coded = write_pdf(tmp_path / "coded.pdf", [paragraph(RIDGE, 700)], to_unicode="E0AB")
    assert "which letters" in refusal(coded)


# --- DOCX


def test_docx_keeps_the_order_of_its_body_and_leaves_headers_out(tmp_path: Path) -> None:
    document = docx.Document()
    document.sections[0].header.paragraphs[0].text = "Confidential draft"
    document.sections[0].footer.paragraphs[0].text = "Page 1"
    document.add_heading("Chronicle", 0)
    document.add_heading("The Mill", 1)
    document.add_paragraph("It was built in 1874.")
    document.add_paragraph("oak", style="List Bullet")
    document.add_paragraph("bog oak", style="List Bullet 2")
    document.add_paragraph("iron", style="List Bullet")
    table = document.add_table(2, 2)
    for cell, text in zip(
        (c for row in table.rows for c in row.cells), ("Part", "Count", "wheel|cog", "3"), strict=True
    ):
        cell.text = text
    document.add_paragraph("first", style="List Number")
    document.add_paragraph("inner", style="List Number 2")
    document.add_paragraph("second", style="List Number")
    document.add_heading("The Miller", 2)
    document.add_paragraph("Her name was Nell.")
    path = tmp_path / "a.docx"
    document.save(path)
    assert read(path).content == (
        "# Chronicle\n\n## The Mill\n\nIt was built in 1874.\n\n- oak\n  - bog oak\n- iron\n\n"
        "| Part | Count |\n| --- | --- |\n| wheel\\|cog | 3 |\n\n1. first\n  1. inner\n2. second\n\n"
        "### The Miller\n\nHer name was Nell."
    )


def test_docx_says_what_was_inserted_and_not_what_was_deleted(tmp_path: Path) -> None:
    document = docx.Document()
    space = nsdecls("w")
    paragraph_ = document.add_paragraph("The bridge has ")
    paragraph_._p.append(parse_xml(f"<w:del {space}><w:r><w:delText>nine</w:delText><w:t>nine</w:t></w:r></w:del>"))
    paragraph_._p.append(parse_xml(f"<w:ins {space}><w:r><w:t>ten</w:t></w:r></w:ins>"))
    paragraph_.add_run(" arches.")
    control = parse_xml(
        f"<w:sdt {space}><w:sdtContent><w:p><w:r><w:t>Inside a content control.</w:t></w:r></w:p></w:sdtContent></w:sdt>"
    )
    document.element.body.insert(1, control)
    path = tmp_path / "a.docx"
    document.save(path)
    assert read(path).content == "The bridge has ten arches.\n\nInside a content control."


def test_docx_that_is_none_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.docx"
    whole = docx.Document()
    whole.add_paragraph("text")
    whole.save(tmp_path / "whole.docx")
    data = (tmp_path / "whole.docx").read_bytes()
    import io
    import zipfile

    other_zip = io.BytesIO()
    with zipfile.ZipFile(other_zip, "w") as archive:
        archive.writestr("notes.txt", "not Word")
    for content in (b"plain text", data[: len(data) // 2], other_zip.getvalue(), b"PK\x03\x04garbage" * 50):
        path.write_bytes(content)
        assert "not a Word document" in refusal(path)
    path.write_bytes(bytes.fromhex("D0CF11E0A1B11AE1") + b"\0" * 600)
    assert "password" in refusal(path)


def test_docx_without_text_is_refused(tmp_path: Path) -> None:
    docx.Document().save(tmp_path / "a.docx")
    assert "no text" in refusal(tmp_path / "a.docx")


# --- text

GERMAN = (
    "Über den Hügeln läuft die Mühle seit 1874. Der Müller heißt Jörg Größe, und seine Töchter zählen die Zähne "
    "der Räder. Fünf Bäche fließen durch das schöne Tal."
)
JAPANESE = (
    "灯台の守り人は毎朝、灰色の雁に餌をやります。船の数を帳面に書き、夕方にはトランペットを吹きます。島の人々は彼女をよく知っています。"
    * 4
)
SHORT = ("Café", "Le garçon a mangé à l’hôtel.", "El niño comió piña.", "Smörgåsbord på ön", "“Quoted” – it’s 20 °C…")
CZECH = "Příliš žluťoučký kůň úpěl ďábelské ódy nad řekou."
POLISH = "Zażółć gęślą jaźń, ptak śpiewa nad wodą."
RUSSIAN = "Хранитель маяка каждое утро кормит серых гусей и записывает число кораблей в книгу. Остров невелик." * 3


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (GERMAN, "utf-8"), (GERMAN, "utf-8-sig"), (GERMAN, "latin-1"), (GERMAN, "cp1252"), (GERMAN, "utf-16"),
        (GERMAN, "utf-16-le"), (GERMAN, "utf-16-be"), (GERMAN, "utf-32"), (JAPANESE, "shift_jis"), (JAPANESE, "utf-8"),
        (JAPANESE, "utf-16"), (JAPANESE, "euc_jp"), (RUSSIAN, "cp1251"), (RUSSIAN, "koi8_r"), (RUSSIAN, "utf-16-le"),
        (CZECH, "cp1250"), (POLISH, "cp1250"), *((text, "cp1252") for text in SHORT),
    ],
)  # fmt: skip
def test_text_is_read_in_its_encoding(text: str, encoding: str, tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(text.encode(encoding))
    assert read(path).content == text


def test_text_line_ends_of_every_system_are_one(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"one\r\ntwo\rthree\n\n\n\nfour   \n")
    assert read(path).content == "one\ntwo\nthree\n\nfour"


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(bytes(range(256)) * 40)
    assert "not a text file" in refusal(path)
    path.write_bytes(b" \n\t\n")
    assert "no text" in refusal(path)


def test_markdown_headings_of_both_kinds_are_found_and_code_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    path.write_text(
        "Island\n======\n\nThe Mill\n--------\nText.\n\n### Wheels ###\n\n```sh\n# not a heading\nx  =  1\n```\n\n- item\n---\n",
        "utf-8",
    )
    text = read(path)
    assert [(level, title) for _start, level, title in text.headings] == [(1, "Island"), (2, "The Mill"), (3, "Wheels")]
    assert all(text.content[start:].startswith("#" * level + " ") for start, level, _title in text.headings)
    assert "# not a heading\nx  =  1" in text.content


# --- HTML

PAGE = """<!doctype html><html><head><title>Mill - Island Site</title><style>p {color: red}</style>
<script>var tracking = "tracked";</script></head>
<body class="has-cookie-consent"><header><a href="/">Island Site</a></header>
<nav><ul><li>Home</li><li>Contact us</li></ul></nav>
<div id="cookie-banner"><p>We use cookies. Accept all?</p><button>Accept</button></div>
<main><article><h1>The <em>old</em> Mill</h1>
<p>It was built in&nbsp;1874 by<br>Otto Brandell.   It has
48&nbsp;teeth.</p>
<h2>Parts</h2><ul><li>wheel<ul><li>cog</li></ul></li><li>stone</li></ul>
<table><tr><th>Part</th><th>Count</th></tr><tr><td>wheel</td><td>3</td></tr></table>
<pre>turn  (wheel)
stop</pre><p hidden>hidden words</p><aside>Subscribe now</aside></article></main>
<div role="dialog">Join our newsletter</div>
<footer>Copyright, imprint</footer></body></html>"""


def test_html_keeps_what_the_page_says_and_leaves_its_furniture_out(tmp_path: Path) -> None:
    path = tmp_path / "a.html"
    path.write_text(PAGE, "utf-8")
    assert read(path).content == (
        "# The old Mill\n\nIt was built in 1874 by\nOtto Brandell. It has 48 teeth.\n\n## Parts\n\n"
        "- wheel\n  - cog\n- stone\n\n| Part | Count |\n| --- | --- |\n| wheel | 3 |\n\n```\nturn  (wheel)\nstop\n```"
    )


def test_html_without_a_heading_takes_the_title_and_every_paragraph(tmp_path: Path) -> None:
    path = tmp_path / "a.htm"
    path.write_text(
        "<title>Notes</title><table><tr><td><p>First.</p><p>Second.</p></td></tr></table>loose <b>words</b>", "utf-8"
    )
    assert read(path).content == "# Notes\n\nFirst.\n\nSecond.\n\nloose words"


def test_html_is_decoded_as_it_declares(tmp_path: Path) -> None:
    path = tmp_path / "a.html"
    path.write_bytes(f'<meta charset="koi8-r"><p>{RUSSIAN}</p>'.encode("koi8_r"))
    assert read(path).content == RUSSIAN


def test_html_nested_without_end_is_read_and_html_without_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.html"
    path.write_text("<div>" * 20_000 + "deep" + "</div>" * 20_000, "utf-8")
    assert read(path).content == "deep"
    path.write_text("<html><nav>Home</nav><script>x</script></html>", "utf-8")
    assert "no text" in refusal(path)
