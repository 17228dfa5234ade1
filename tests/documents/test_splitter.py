"""The promise of both splitters, over many texts and sizes: never above the limit, nothing lost, offsets right."""

import random
from pathlib import Path

import pytest

from services.documents import markdown
from services.documents.splitter import SPLITTERS, cut
from services.documents.tokenizer import Tokenizer, load_tokenizer
from services.errors import UserError
from services.records import CutChunk, DocumentText
from tests.tiny_models import SENTENCES, make_tiny_tokenizer

CHINESE = "灯塔的守护人每天早晨喂灰色的大雁，并在书中记下船的数量。她的名字叫内尔，岛上的人都认识她！"
EMOJI = "👩‍👩‍👧‍👦🇩🇪👍🏽é̂"


@pytest.fixture(scope="module", params=["llama3", "spm"])
def tokenizer(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Tokenizer:
    """Byte-level BPE, where a letter may be several tokens, and BPE over "▁" with byte fallback."""
    folder = tmp_path_factory.mktemp(request.param)
    make_tiny_tokenizer(request.param).backend_tokenizer.save(str(folder / "tokenizer.json"))
    return load_tokenizer(folder)


@pytest.fixture(scope="module")
def starter(starter_model: Path) -> Tokenizer:
    return load_tokenizer(starter_model)


def document(text: str, pages: tuple[tuple[int, int], ...] = ()) -> DocumentText:
    return DocumentText(text, pages, tuple(markdown.headings(text)))


def prose(chooser: random.Random, paragraphs: int) -> str:
    return "\n\n".join(" ".join(chooser.choices(SENTENCES, k=chooser.randint(1, 7))) for _ in range(paragraphs))


def mixed(chooser: random.Random) -> str:
    """A text as awkward as a document can be: sections, tables, code, lists, scripts without blanks, base64."""
    parts = [
        lambda: f"{'#' * chooser.randint(1, 4)} Section {chooser.randint(1, 99)}",
        lambda: prose(chooser, chooser.randint(1, 3)),
        lambda: markdown.table([[f"row {row}", SENTENCES[row % 6]] for row in range(chooser.randint(1, 12))]),
        lambda: "```\n# no heading\n" + "x = call(1, 2)\n\n" * chooser.randint(1, 30) + "```",
        lambda: "\n".join(f"- item {item}" for item in range(chooser.randint(1, 30))),
        lambda: CHINESE * chooser.randint(1, 6),
        lambda: "QmFzZTY0" * chooser.randint(1, 200),
        lambda: EMOJI * chooser.randint(1, 30),
        lambda: "a " * chooser.randint(1, 300),
        lambda: "same line\n" * chooser.randint(1, 60),
    ]
    return "\n\n".join(chooser.choice(parts)() for _ in range(chooser.randint(3, 14))).strip()


def check_promise(text: str, chunks: list[CutChunk], tokenizer: Tokenizer, size: int) -> None:
    assert chunks[0].start == 0
    assert chunks[-1].owned_end == len(text)
    for chunk, following in zip(chunks, [*chunks[1:], None], strict=True):
        assert chunk.content == text[chunk.start : chunk.end]
        assert chunk.content.strip()
        assert chunk.token_count == tokenizer.count(chunk.content) <= size
        if following:
            assert chunk.owned_end == following.start > chunk.start
            assert following.end > chunk.end
        assert not text[chunk.end : chunk.owned_end].strip(), "only white space is owned without being in the chunk"


@pytest.mark.parametrize("splitter", SPLITTERS)
@pytest.mark.parametrize("seed", range(12))
def test_promise_over_varied_texts_and_sizes(seed: int, splitter: str, tokenizer: Tokenizer) -> None:
    chooser = random.Random(seed)
    text = mixed(chooser)
    for size in (16, chooser.randint(17, 90), 200, 500):
        overlap = chooser.choice([0, 1, size // 10, size // 2, size - 1])
        check_promise(text, cut(document(text), tokenizer, size, overlap, splitter), tokenizer, size)


@pytest.mark.parametrize("splitter", SPLITTERS)
@pytest.mark.parametrize(
    "text", ["x", "word", CHINESE * 40, "A" * 5000, EMOJI * 60, "\u0301" * 300 + "a", "| a | b |\n" * 300]
)
def test_promise_over_texts_without_pauses(text: str, splitter: str, tokenizer: Tokenizer) -> None:
    check_promise(text, cut(document(text), tokenizer, 40, 10, splitter), tokenizer, 40)


def test_an_overlap_repeats_what_it_may_and_starts_at_a_pause(starter: Tokenizer) -> None:
    text = prose(random.Random(1), 30)
    chunks = cut(document(text), starter, 120, 30)
    repeated = [text[after.start : chunk.end] for chunk, after in zip(chunks, chunks[1:], strict=False)]
    assert all(0 < starter.count(piece) <= 30 for piece in repeated)
    assert all(text[chunk.start - 1].isspace() for chunk in chunks[1:])
    assert sum(piece[0].isupper() for piece in repeated) > len(repeated) / 2, "most start with a sentence"
    without = cut(document(text), starter, 120, 0)
    assert all(after.start >= chunk.end for chunk, after in zip(without, without[1:], strict=False))


def test_chunks_end_at_the_best_pause_that_the_window_offers(starter: Tokenizer) -> None:
    text = prose(random.Random(2), 40)
    for chunk in cut(document(text), starter, 200, 20):
        assert chunk.content[-1] in '.?"!', "a sentence or a paragraph ends here"
    paragraphs = "\n\n".join(" ".join(SENTENCES[index % 6].split()[:9]) for index in range(80))
    for chunk in cut(document(paragraphs), starter, 100, 0)[:-1]:
        assert text_after(paragraphs, chunk).startswith("\n\n")


def text_after(text: str, chunk: CutChunk) -> str:
    return text[chunk.end :]


def test_chunks_are_well_filled(starter: Tokenizer) -> None:
    chunks = cut(document(prose(random.Random(3), 60)), starter, 300, 0)
    assert all(chunk.token_count >= 0.55 * 300 for chunk in chunks[:-1])


def test_a_heading_starts_a_chunk_and_never_ends_one(starter: Tokenizer) -> None:
    chooser = random.Random(4)
    text = "# Island\n\n" + "\n\n".join(
        f"## Part {number}\n\n### Sub {number}\n\n{prose(chooser, 2)}" for number in range(20)
    )
    chunks = cut(document(text), starter, 150, 20)
    for chunk in chunks:
        assert not chunk.content.splitlines()[-1].startswith("#")
    starting = [chunk for chunk in chunks if chunk.content.startswith("## Part")]
    assert len(starting) > 6
    for chunk in starting:
        assert chunk.headings == ("Island", f"Part {chunk.content.split()[2]}")


def test_heading_path_and_page_are_those_of_the_new_text(starter: Tokenizer) -> None:
    first, second = prose(random.Random(5), 6), prose(random.Random(6), 6)
    text = f"# One\n\n{first}\n\n# Two\n\n## Inner\n\n{second}"
    page_two = text.index("# Two")
    chunks = cut(document(text, ((1, 0), (2, page_two))), starter, 100, 30)
    for before, chunk in zip([None, *chunks], chunks, strict=False):
        fresh = max(chunk.start, before.end if before else 0)
        fresh += len(text[fresh:]) - len(text[fresh:].lstrip())
        assert chunk.page == (1 if fresh < page_two else 2)
        assert chunk.headings[0] == ("One" if fresh < page_two else "Two")
        if fresh > text.index("## Inner"):
            assert chunk.headings == ("Two", "Inner")


def test_rows_and_code_blocks_stay_whole_where_they_fit(starter: Tokenizer) -> None:
    row = [f"{word} " * 6 for word in ("wheel", "mill")]
    table = markdown.table([row] * 40)
    lines = set(table.splitlines())
    for chunk in cut(document(table), starter, 120, 30):
        assert set(chunk.content.splitlines()) <= lines
    code = "```\n" + "value = measure(3)\n\n" * 5 + "```"
    text = "\n\n".join(f"{prose(random.Random(number), 1)}\n\n{code}" for number in range(12))
    for chunk in cut(document(text), starter, 150, 20):
        assert chunk.content.count("```") % 2 == 0


@pytest.mark.parametrize(("size", "overlap"), [(50, 50), (50, 80), (0, 0), (50, -1)])
def test_sizes_that_make_no_sense_are_refused(size: int, overlap: int, starter: Tokenizer) -> None:
    with pytest.raises(UserError):
        cut(document("text"), starter, size, overlap)


def test_a_tokenizer_counts_all_tokens_of_its_file_and_keeps_its_name(tmp_path: Path, starter: Tokenizer) -> None:
    import tokenizers

    assert starter.name == "starter"
    backend = tokenizers.Tokenizer.from_str(starter.backend.to_str())
    backend.enable_truncation(8)
    backend.enable_padding(length=64)
    backend.save(str(tmp_path / "tokenizer.json"))
    text = prose(random.Random(7), 4)
    assert load_tokenizer(tmp_path).count(text) == starter.count(text) > 64
    assert load_tokenizer(tmp_path / "tokenizer.json").count("word") == load_tokenizer("starter").count("word") > 0


def test_a_folder_without_a_tokenizer_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "tokenizer.json").write_text("{", "utf-8")
    for name in (str(tmp_path / "empty"), str(tmp_path / "broken"), "nobody/no-such-model"):
        with pytest.raises(UserError, match=Path(name).name):
            load_tokenizer(name)
