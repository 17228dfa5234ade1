"""Token counts word by word: each word is given to the tokenizer once, and a text is the sum of its words.

That is exact where no token can reach over the blank before a word, which is so for nearly every tokenizer of a language
model: its split of a text into words stops there, or its vocabulary has no such token. Both are looked at when the
tokenizer is loaded; where neither holds, or something unusual is switched on, texts are counted as a whole.
"""

from __future__ import annotations

import json
import re
import unicodedata
from bisect import bisect_left
from collections.abc import Callable, Iterable
from functools import cache
from itertools import accumulate
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import tokenizers

_MOST_WORDS = 200_000  # kept; a text of many pages has some ten thousand
_LONGEST_WORD = 100  # characters
_NORMALIZERS = ("NFC", "Prepend", "Replace")  # that treat a word alike wherever it stands
_MODELS = ("BPE", "Unigram")
_BLANK = re.compile(r"(?<=\S) (?=\S)")
_CLASS = re.compile(r"\[[^\]]*\]")
# What European languages are written with, as ranges of a pattern: letters, and these with signs. Left out are digits and
# marks above letters, white space, and ſ, which some tokenizers take for an s.
_LETTERS = "A-Za-zªµºÀ-ÖØ-öø-žƀ-ɏΆΈ-ΊΌΎ-ΡΣ-ϵϷ-ϿЀ-ҁҊ-ԯ"
_UNUSUAL = re.compile(rf"[^\x00-\x7f¡-±´-¸»¿×÷‐-‧‰-⁞€{_LETTERS}]")
_GPT2_SPLIT = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
# What may stand on either side of a blank: letters of several kinds, digits, marks, accents, signs.
_EDGES = "aZé漢ا1½.'-(/<_|+\u0301\u200d😀"


def word_tokens(backend: tokenizers.Tokenizer) -> WordTokens | None:
    """What counts the tokens of a text by its words; None where that would not be exact."""
    probe = " ".join(f"{one} {other}" for one in _EDGES for other in _EDGES) + " don't stop_here, (it's) 12,345.67--x86\n\ty"
    if not _is_usual(backend) or not (_parts_words(backend, probe) or _has_no_token_over_blanks(backend)):
        return None
    whole = _ids(backend, [probe])
    for before in (" ", ""):  # where the tokenizer adds the blank itself, none is put before a word
        words = WordTokens(backend, before)
        if _ids(backend, words.given(probe)) == whole and words.count(probe) == len(whole):
            return words
    return None


class _NoWord(Exception):
    """What stands between two blanks is none, or begins or ends with white space of another kind."""


class WordTokens(dict[str, int]):
    """The tokens of each word with the blank before it.

    before: what is put before a word for that.
    """

    def __init__(self, backend: tokenizers.Tokenizer, before: str) -> None:
        self._before = before
        self._wholes = _Counts(lambda text: len(backend.encode_batch_fast([text], add_special_tokens=False)[0]))
        self._split = _plain_split(backend)
        model = backend.model  # a new object each time it is asked for
        self._parts = _Counts(lambda part: _count_bytes(backend, model, part))
        added = [token.content for token in backend.get_added_tokens_decoder().values()]
        self._added = re.compile("|".join(map(re.escape, added))) if added else None
        is_one_part = self._split is not None and self._split(before + "letters") == [before + "letters"]
        self._letters_are_one_part = is_one_part and not any(map(str.isalpha, added))

    def count(self, text: str) -> int:
        return sum(self._counts(text)[1])

    def counter(self, text: str) -> Callable[[int, int], int]:
        """A function that counts the tokens of ``text[start:end]`` by itself, any number of times."""
        words, counts = self._counts(text)
        blanks = _Blanks(text) if len(words) == text.count(" ") + 1 else _PartingBlanks(words)
        totals = list(accumulate(counts, initial=0))

        def count(start: int, end: int) -> int:
            first, last = blanks.before(start), blanks.before(end) - 1
            if first > last or text[start] == " " or text[end - 1] == " ":
                return self.count(text[start:end])
            head, tail = text[start : blanks.first(start, first)], text[blanks.last(end, last) + 1 : end]
            return self._count(head) + totals[last + 1] - totals[first + 1] + self._count(self._before + tail)

        return count

    def _counts(self, text: str) -> tuple[list[str], list[int]]:
        """The words of a text, with one blank between each two, and the tokens of each."""
        if not text:
            return [""], [0]
        if not self._before and self._added and self._added.search(text):
            return [text], [self._wholes.count(text)]  # after such a word the tokenizer adds a blank
        words = text.split(" ")
        try:
            if not words[0] or words[0][-1].isspace():
                raise _NoWord
            return words, [self._count(words[0]), *map(self.__getitem__, words[1:])]
        except _NoWord:
            words = _BLANK.split(text)
            ends = [self._count(self._before + word) for word in words[1:][-1:]]  # white space may stand at its end
            return words, [self._count(words[0]), *map(self.__getitem__, words[1:-1]), *ends]

    def given(self, text: str) -> list[str]:
        """What the tokenizer is given of a text whose words are all new, in order."""
        first, *others = _BLANK.split(text)
        words = [first, *(self._before + word for word in others)]
        return [part for word in words for part in (self._parts_of(word) or [word])]

    def __missing__(self, word: str) -> int:
        if not word or word.strip() != word:
            raise _NoWord
        given = self._before + word
        if self._letters_are_one_part and word.isascii() and word.isalpha():
            count = self._parts[given]
        else:
            count = self._count(given)
        if len(word) <= _LONGEST_WORD:
            if len(self) >= _MOST_WORDS:
                self.clear()
            self[word] = count
        return count

    def _count(self, word: str) -> int:
        if parts := self._parts_of(word):
            return sum(map(self._parts.__getitem__, parts))
        return self._wholes[word]

    def _parts_of(self, word: str) -> list[str]:
        """The parts of a word that the tokenizer takes one by one; none where they are not known."""
        if self._split is None or (self._added and self._added.search(word)):
            return []
        if not word.isascii() and (_UNUSUAL.search(word) or not unicodedata.is_normalized("NFC", word)):
            return []
        return self._split(word)


class _Blanks:
    """The blanks of a text of which each parts two words. They are counted from where one looked last."""

    def __init__(self, text: str) -> None:
        self._text, self._at, self._count = text, 0, 0

    def before(self, place: int) -> int:
        if place >= self._at:
            self._count += self._text.count(" ", self._at, place)
        else:
            self._count -= self._text.count(" ", place, self._at)
        self._at = place
        return self._count

    def first(self, start: int, _number: int) -> int:
        """Where the first one from there on is. number: how many are before it."""
        return self._text.find(" ", start)

    def last(self, end: int, _number: int) -> int:
        return self._text.rfind(" ", 0, end)


class _PartingBlanks:
    """The same where some blanks part nothing: those between words are kept."""

    def __init__(self, words: list[str]) -> None:
        self._places = [number + length for number, length in enumerate(accumulate(map(len, words[:-1])))]

    def before(self, place: int) -> int:
        return bisect_left(self._places, place)

    def first(self, _start: int, number: int) -> int:
        return self._places[number]

    def last(self, _end: int, number: int) -> int:
        return self._places[number]


class _Counts(dict[str, int]):
    """Tokens of short texts, which come again."""

    def __init__(self, count: Callable[[str], int]) -> None:
        self.count = count

    def __missing__(self, text: str) -> int:
        if len(text) > _LONGEST_WORD:
            return self.count(text)
        if len(self) >= _MOST_WORDS:
            self.clear()
        count = self[text] = self.count(text)
        return count


def _count_bytes(backend: tokenizers.Tokenizer, model: tokenizers.models.Model, part: str) -> int:
    """The tokens of what a byte-level tokenizer takes by itself. It has a letter of its own for every byte."""
    if part.isascii():
        letters = part.replace(" ", "Ġ").replace("\n", "Ċ")
        if not letters.isprintable():
            return len(backend.encode_batch_fast([part], add_special_tokens=False)[0])
    else:
        letters = part.encode("utf-8").decode("latin-1").translate(_letters_of_bytes())
    return len(model.tokenize(letters))


@cache
def _letters_of_bytes() -> dict[int, int]:
    """For bytes that are no visible character of Latin-1, in their order: the letters from 256 on (as GPT-2 has it)."""
    visible = {*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)}
    return {byte: 256 + number for number, byte in enumerate(sorted({*range(256)} - visible))}


def _is_usual(backend: tokenizers.Tokenizer) -> bool:
    model = backend.model
    return (
        type(model).__name__ in _MODELS
        and not getattr(model, "dropout", None)
        and all(kind["type"] in _NORMALIZERS for kind in _members(backend.normalizer, "normalizers"))
        and not any(
            token.rstrip or token.single_word or re.search(r"\S ", token.content)
            for token in backend.get_added_tokens_decoder().values()
        )
    )


def _members(part: Any, key: str) -> list[dict[str, Any]]:
    """The steps of a part of a tokenizer, as its file has them."""
    if part is None:
        return []
    state = json.loads(part.__getstate__())
    return state[key] if state["type"] == "Sequence" else [state]


def _parts_words(backend: tokenizers.Tokenizer, probe: str) -> bool:
    """Whether the tokenizer parts a text before each blank, and looks for tokens only within the parts."""
    if backend.pre_tokenizer is None or _members(backend.normalizer, "normalizers")[1:]:
        return False
    blanks = {match.start() for match in _BLANK.finditer(probe)}
    return not any(
        blanks.intersection(range(start + 1, end))
        for _text, (start, end) in backend.pre_tokenizer.pre_tokenize_str(probe)
    )


def _has_no_token_over_blanks(backend: tokenizers.Tokenizer) -> bool:
    words = "\n".join(backend.get_vocab())
    return re.search(r"[^▁Ġ \n][▁Ġ ]", words) is None


def _ids(backend: tokenizers.Tokenizer, texts: Iterable[str]) -> list[int]:
    encodings = backend.encode_batch_fast(list(texts), add_special_tokens=False)
    return [id_ for encoding in encodings for id_ in encoding.ids]


def _plain_split(backend: tokenizers.Tokenizer) -> Callable[[str], list[str]] | None:
    """How a byte-level tokenizer parts a text without unusual characters, where that can be said in Python."""
    pattern = ""
    for step in _members(backend.pre_tokenizer, "pretokenizers"):
        if step["type"] == "ByteLevel" and not step["add_prefix_space"]:
            pattern = pattern or (_GPT2_SPLIT if step["use_regex"] else "")
        elif step["type"] == "Split" and not pattern and step["behavior"] == "Isolated" and not step["invert"]:
            pattern = step["pattern"].get("Regex", "")
        else:
            return None
    plain = _CLASS.sub(lambda found: found[0].replace(r"\p{L}", _LETTERS).replace(r"\p{N}", "0-9"), pattern)
    plain = plain.replace(r"\p{L}", f"[{_LETTERS}]").replace(r"\p{N}", "[0-9]")
    if not plain or r"\p" in plain or r"\P" in plain:
        return None
    try:
        return re.compile(plain, re.ASCII).findall
    except re.error:
        return None
