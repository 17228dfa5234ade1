"""Words and names in text, compared without regard to case, accents and endings."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Set
from functools import lru_cache
from typing import NamedTuple

from services.documents.language import language_of

OPTION = re.compile(r"^\s*\(?([A-H])[).:]\s*(\S.*)$", re.MULTILINE)

_SENTENCE_END = re.compile(r"(?<=[.!?:])[\"'”’)\]]*\s+|\n+")
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_PLAIN_CAPITALS = _set(
    "i i'm i'll i've i'd a the this that these those it its yes no and but so if in on at of to you your we they he "
    "she correct true false option answer step ja nein der die das ein eine"
)
_GERMAN = _set("der die das und ist sind war wurde in im von vom mit zu zur den dem des ein eine einen nicht auf für aus sich auch")
_NOT_GERMAN = _set("the of and is are was were an to by with for from that on at it le la les et des un une el los de y il di che")
_BETWEEN = _set("of the and for in to on a an der die das und für von")
_MEASURING = _set(
    "liter meter kilometer gramm kilogramm tonnen prozent million millionen milliarden anfang mitte ende tasse tassen glas "
    "stück euro dollar grad ein eine der die das herr frau professor doktor dr"
)
# What asks for a name in German, and the word that the name follows in the answer.
_ASKED = re.compile(
    r"(?P<who>(?:von wem|durch wen|wer|wen|wem)\b(?: (?P<verb>\w+))?)|(?P<where>(?:wo|woher|wohin|in welche[rmn]?)\b)"
    r"|(?P<called>wie (?:hei(?:ß|ss)t|hie(?:ß|ss))\b)",
    re.IGNORECASE,
)
_BEFORE_NAMES = {"who": _set("von durch"), "where": _set("in nach aus bei"), "called": _set("heißt heisst hieß hiess")}
_OF_ONE = re.compile(r"(?:hat|ist|war|wird|wurde|[a-zäöüß]+te)\b")
# What begins a sentence with a capital and is no name.
_NO_NAMES = _set(
    "der die das den dem des ein eine einer einem einen er sie es man wir ihr ich dies diese dieser dieses niemand jemand keiner "
    "keine jeder jede alle alles viele einige manche mehrere beide wer was in im am an auf aus bei beim nach seit von vom vor zu "
    "zum zur mit durch für über unter um laut ja nein dort hier heute damals dann danach später früher zuerst zunächst anfangs "
    "seitdem nun jetzt ursprünglich eigentlich tatsächlich zuletzt schließlich etwa rund nur auch nicht"
)
_RUN = re.compile(r"\b[A-ZÄÖÜ][\w'’-]+(?: [A-ZÄÖÜ][\w'’-]+)*")
COMMON = _set(
    "about also because been does from have into that their them then there they this what when where which while will "
    "with would your aber auch dass dann dies eine einem einen einer haben nach nicht oder sich sind warum welche wenn "
    "werden wird wurde"
)


def words_of(text: str) -> list[str]:
    """The words as they are written, without what stands between them."""
    return _WORD.findall(text)


def fold(text: str) -> str:
    """For comparing: no case, no accents, single spaces, no punctuation at the end."""
    decomposed = unicodedata.normalize("NFKD", text).casefold().replace("’", "'")
    return " ".join("".join(letter for letter in decomposed if not unicodedata.combining(letter)).split()).strip(" .?!")


def plain_umlauts(text: str) -> str:
    """Folded, with "ae", "oe" and "ue" as "a", "o" and "u": Müller and Mueller are the same then."""
    return re.sub(r"([aou])e", r"\1", fold(text))


def fold_words(text: str) -> list[str]:
    """The words of the folded text."""
    return _WORD.findall(fold(text))


@lru_cache(maxsize=32)  # a chunk is looked at once for every pair
def stems_of(text: str) -> frozenset[str]:
    """The stems of all words of a text."""
    return frozenset(map(stem, fold_words(text)))


def is_among(stem: str, stems: Set[str]) -> bool:
    """Whether a stem is one of these, or a longer or shorter form of one: "amer" and "ameri"."""
    return (
        stem in stems
        or len(stem) > 3
        and any(other.startswith(stem) or len(other) > 3 and stem.startswith(other) for other in stems)
    )


def names(text: str, only_codes: bool = False) -> list[str]:
    """Words written with a capital that is not the sentence's own, and codes such as H2O; or the codes only."""
    found = []
    is_bare = len(words_of(text)) <= 3  # "Marie Curie." has no capital of a sentence to hide behind
    for sentence in _SENTENCE_END.split(text):
        words = _WORD.findall(OPTION.sub(r"\2", sentence))
        for position, word in enumerate(words):
            is_name = len(word) > 1 and word[0].isupper() and (position > 0 or is_bare) and not only_codes
            if (is_name or _is_code(word)) and word.casefold().replace("’", "'") not in _PLAIN_CAPITALS:
                found.append(word)
    return found


def has_initials(text: str, letters: str) -> bool:
    """Whether words that follow each other begin with these letters: "American Indian Movement" with AIM."""
    words = [word for word in fold_words(text) if word not in _BETWEEN]
    firsts = "".join(word[0] for word in words)
    return len(letters) > 1 and letters.casefold() in firsts


class NameRun(NamedTuple):
    """Words with capitals that follow each other. is_told: they are what the question asks for, so they are a name."""

    words: tuple[str, ...]
    is_told: bool


def name_runs(text: str, question: str) -> list[NameRun]:
    """Names in a language that writes all nouns large: two or more capitals running, "Peter Olsen", without a noun of
    measure before them; and what stands where the name stands that the question asks for: "in Wuppertal".
    """
    asked = _ASKED.match(question)
    kind, verb = (asked.lastgroup or "", asked["verb"]) if asked else ("", "")
    found = []
    is_bare = len(words_of(text)) <= 3
    for sentence in _SENTENCE_END.split(text):
        for run in _RUN.finditer(sentence):
            words = tuple(_WORD.findall(run[0]))
            before = sentence[: run.start()].split()
            if not before and words[0].casefold() in _NO_NAMES:
                before, words = [words[0]], words[1:]
            is_told = bool(kind and before and before[-1].casefold() in _BEFORE_NAMES[kind])
            if kind and not before:
                following = sentence[run.end() :].split()[:1]
                is_one = bool(following and _OF_ONE.match(following[0]))
                is_told = is_bare or (kind == "who" and is_one and (len(words) > 1 or following[0] == verb))
                if not is_told:
                    words = words[1:]  # the sentence's own capital
            elif not before and not is_bare:
                words = words[1:]
            if (len(words) > 1 and words[0].casefold() not in _MEASURING) or (words and is_told):
                found.append(NameRun(words, is_told))
    return found


@lru_cache(maxsize=32)
def writes_nouns_large(text: str) -> bool:
    """Whether a text is German: so many of its words have capitals that they cannot all be names."""
    if language := language_of(text):
        return language in ("de", "lb")
    words = text.casefold().split()
    german, other = sum(word in _GERMAN for word in words), sum(word in _NOT_GERMAN for word in words)
    if german != other:
        return german > other
    inside = [word for sentence in _SENTENCE_END.split(text) for word in _WORD.findall(sentence)[1:]]
    return sum(word[0].isupper() for word in inside) > 0.2 * len(inside)


def _is_code(word: str) -> bool:
    """An abbreviation, or letters with digits: NATO, H2O."""
    if len(word) < 2 or word.islower() or word.isdigit():
        return False
    return word.isupper() or any(letter.isdigit() for letter in word)


def stem(word: str) -> str:
    """What stays the same of a word in most of its forms: mitochondrion's and mitochondria share theirs."""
    word = re.sub(r"['’]s?$", "", word)
    return word if len(word) < 5 else word[: max(4, len(word) - 3)][:6]
