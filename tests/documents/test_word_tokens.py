import random

import pytest
import tokenizers
from tokenizers import AddedToken, Regex, decoders, models, normalizers, pre_tokenizers

from services.documents.tokenizer import load_tokenizer
from services.documents.word_tokens import word_tokens
from tests.tiny_models import SENTENCES, make_tiny_tokenizer

ODD = (
    "", " ", "a", " a", "a ", "  two  blanks  ", "tab\tand  \n newline \n\n\n end", "\u00a0 no-break \u00a0blank",
    "it's they'LL 'S don't' ''", "12,345.67 + 8½² = 1٣ - x86_64", "naïve café e\u0301 \u0301x \u200d y", "漢字 と かな 한국어 ไทย",
    "<|endoftext|> x<|im_end|>y <|im_start|>", "\\section{A}[b]|c| ~d~ `e` ***", "😀 😀😀 a😀b", "-- --- ----- ____ ....",
    "A\rB \r\n C\x0bD \x0c E\x1cF", "x\u180e y \u3000z\u3000 \u2028 w", "µ ﬁ ﬂ Å \u212b",
    "    def indented(code):\n\treturn  1\n" * 3,
)  # fmt: skip
ALPHABET = [*"abcXYZ019 '.,-_(|\n", "  ", "é", "ß", "漢", "e\u0301", "½", "\t", "😀", "<|im_end|>", "'s", "\u00a0", " the", "ing "]


def whole_count(backend: tokenizers.Tokenizer, text: str) -> int:
    return len(backend.encode(text, add_special_tokens=False))


@pytest.fixture(scope="module", params=("starter", "gpt2", "llama3", "qwen2", "spm"))
def backend(request: pytest.FixtureRequest) -> tokenizers.Tokenizer:
    if request.param == "starter":
        return load_tokenizer("starter").backend
    return make_tiny_tokenizer(request.param).backend_tokenizer


def test_words_are_counted_as_the_whole_text_is(backend: tokenizers.Tokenizer) -> None:
    words = word_tokens(backend)
    assert words is not None
    chooser = random.Random(3)
    odd = ["".join(chooser.choices(ALPHABET, k=chooser.randint(1, 60))) for _ in range(2000)]
    for text in [*ODD, *SENTENCES, "\n".join(SENTENCES), *odd, *ODD]:
        assert words.count(text) == whole_count(backend, text), repr(text)


def test_every_letter_and_sign_of_european_languages_is_counted_as_in_the_whole_text(
    backend: tokenizers.Tokenizer,
) -> None:
    words = word_tokens(backend)
    assert words is not None
    chooser = random.Random(5)
    characters = [chr(code) for span in ((0xA1, 0x530), (0x2010, 0x205F), (0x20A0, 0x20C0)) for code in range(*span)]
    for character in characters:
        for text in (f"a{character}b {character}{character} 1{character}", f"it{character}s '{character} ({character})"):
            assert words.count(text) == whole_count(backend, text), repr(text)
    mixed = ["".join(chooser.choices([*characters, *"aA1 '.,-  "], k=40)) for _ in range(1000)]
    for text in mixed:
        assert words.count(text) == whole_count(backend, text), repr(text)


def test_any_piece_of_a_text_is_counted_as_it_is_by_itself(backend: tokenizers.Tokenizer) -> None:
    words = word_tokens(backend)
    assert words is not None
    chooser = random.Random(4)
    texts = [" ".join(SENTENCES), "\n".join(ODD[:-2]), "".join(chooser.choices(ALPHABET, k=300)), "word", ""]
    for text in texts:
        count = words.counter(text)
        for _attempt in range(400):
            start, end = sorted(chooser.choices(range(len(text) + 1), k=2))
            assert count(start, end) == whole_count(backend, text[start:end]), repr(text[start:end])


def bpe(merges: list[tuple[str, str]], mark: str) -> tokenizers.Tokenizer:
    """A tokenizer of single letters and of what the merges make of them."""
    letters = sorted({*pre_tokenizers.ByteLevel.alphabet(), *map(chr, range(32, 127)), mark, "▁"})
    vocabulary = {word: id_ for id_, word in enumerate([*letters, *("".join(pair) for pair in merges)])}
    return tokenizers.Tokenizer(models.BPE(vocab=vocabulary, merges=merges, unk_token="?"))


def crossing() -> tokenizers.Tokenizer:
    """Its words may hold blanks, as those of a "superword" tokenizer do."""
    made = bpe([("o", "f"), ("of", "Ġ"), ("ofĠ", "t")], "Ġ")
    made.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Split(Regex(r"[a-z ]+|."), "isolated"), pre_tokenizers.ByteLevel(False, use_regex=False)]
    )
    made.decoder = decoders.ByteLevel()
    return made


def crossing_marks() -> tokenizers.Tokenizer:
    made = bpe([("a", "▁"), ("a▁", "b")], "▁")
    made.normalizer = normalizers.Replace(" ", "▁")
    return made


def stripping() -> tokenizers.Tokenizer:
    """Its added word swallows the blank after it."""
    made = make_tiny_tokenizer("llama3").backend_tokenizer
    made.add_tokens([AddedToken("<end>", rstrip=True)])
    return made


def random_merges() -> tokenizers.Tokenizer:
    made = make_tiny_tokenizer("gpt2").backend_tokenizer
    made.model.dropout = 0.5
    return made


@pytest.mark.parametrize("make", (crossing, crossing_marks, stripping, random_merges))
def test_a_tokenizer_that_looks_over_blanks_counts_whole_texts(make) -> None:
    assert word_tokens(make()) is None
