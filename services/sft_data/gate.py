"""What a pair must pass before it may teach a model: cheap tests, cheapest first, without a second model.

A pair that fails keeps its place in the table with the reason, so that a person can look at it and rescue it.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from services.records import Chunk
from services.sft_data.parse import Candidate
from services.sft_data.style import Style
from services.translation import _

REASONS: dict[str, str] = {
    "empty": _("Question or answer is empty or only a word without sense."),
    "too-long": _("The question or the answer is far too long."),
    "not-alone": _("It speaks of “the text” or points at something that the reader cannot see."),
    "no-answer": _("The answer says that there is no answer."),
    "options": _("It is not a question with options of which one is right."),
    "number": _("The answer has a number that is not in the chunk."),
    "name": _("The answer has a name that is not in the chunk."),
    "off-topic": _("It has next to nothing to do with the chunk."),
    "duplicate": _("The same question exists already."),
}

_LONGEST_QUESTION, _LONGEST_ANSWER = 2_000, 6_000  # characters
_SMALLEST_SHARE = 0.15  # of a pair's words that must occur in its chunk
_NEAR = 0.85  # Jaccard similarity of the words of two questions that count as the same

_WORK = r"(?:text|passage|excerpt|paragraph|snippet|section|chapter|document|article|author|chunk)(?!\ of\b|\s*\d)"
_WERK = r"(?:text|textes|abschnitt|abschnitts|absatz|auszug|dokument|artikel|autor|kapitel|textstelle)(?!\s*\d)"
_NOT_ALONE = re.compile(
    rf"""
    \b(?:according\ to|in|from|by|based\ on|does)\s+(?:the|this|that)\s+(?:above\ |following\ |given\ )?{_WORK}\b
  | \b(?:the|this)\s+(?:above\ |following\ |given\ )?(?:text|passage|excerpt|snippet|author)\b(?!\ of\b)
  | \b(?:mentioned|described|stated|listed|shown|given|discussed)\s+(?:above|below|earlier|here)\b
  | \bas\s+(?:mentioned|described|stated|shown|noted)\b(?!\s+(?:by|in)\s)
  | \b(?:see|in|from)\s+(?:the\s+)?(?:figure|fig\.|table)\s*\d
  | \b(?:laut|gemäß|nach|in|aus|im)\s+(?:dem\ |diesem\ |obigen\ |vorliegenden\ )?{_WERK}\b
  | \b(?:der|dieser|diesem|des)\s+(?:text|textes|textabschnitt|auszug|autor)\b
  | \b(?:oben|unten|hier)\s+(?:genannt|beschrieben|erwähnt|aufgeführt)
  | \b(?:abbildung|tabelle)\s*\d
    """,
    re.IGNORECASE | re.VERBOSE,
)
_LEANS_ON_BEFORE = re.compile(
    r"^(?:and|but|what about|und|aber)\b|^(?:\w+\s+){0,3}(?:he|she|it|they|this|these|those|er|dies(?:er|e|es))\?*$",
    re.IGNORECASE,
)
_NO_ANSWER = re.compile(
    r"""
    \b(?:not|never|n['’]t)\s+(?:explicitly\s+|directly\s+)?(?:mentioned|specified|stated)\b
  | \b(?:cannot|can['’]t|can\ not)\s+be\s+(?:answered|determined\s+from)
  | \bi\s+(?:do\s+not|don['’]t|cannot|can['’]t)\s+(?:know|answer|help)
  | \b(?:no|insufficient)\s+information\b
  | \bas\s+an?\s+(?:ai|language\s+model)\b
  | \b(?:nicht\s+(?:erwähnt|angegeben)|keine\s+(?:information|angabe)en)\b
    """,
    re.IGNORECASE | re.VERBOSE,
)

_SENTENCE_END = re.compile(r"(?<=[.!?:])[\"'”’)\]]*\s+|\n+")
_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*")
_NUMBER = re.compile(r"(?<![\w.,])\d+(?:[.,'’\u00a0\u202f]\d+)*|(?<=[^\W\d_])\d+")
_GROUPED = re.compile(r"\d{1,3}(?:\D\d{3})+")
_LIST_MARK = re.compile(r"^\s*(?:\(?\d{1,2}[.)]|step\s+\d+|schritt\s+\d+)[:\s]", re.MULTILINE | re.IGNORECASE)
_OPTION = re.compile(r"^\s*\(?([A-H])[).:]\s*(\S.*)$", re.MULTILINE)
_NUMBER_WORDS = {
    word: Decimal(value)
    for words in (
        "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
        "seventeen eighteen nineteen twenty",
        "null eins zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn fünfzehn sechzehn "
        "siebzehn achtzehn neunzehn zwanzig",
    )
    for value, word in enumerate(words.split())
} | {
    word: Decimal(value)
    for value, words in {
        1: "a an first once ein eine einen erste", 2: "second twice both half pair double zweite beide halb doppelt",
        3: "third thrice dritte", 4: "quarter fourth vierte viertel", 5: "fifth fünfte", 6: "sixth sechste",
        7: "seventh siebte", 8: "eighth achte", 9: "ninth neunte", 10: "tenth decade zehnte", 12: "dozen dutzend",
        30: "thirty dreißig", 40: "forty vierzig", 50: "fifty fünfzig", 60: "sixty sechzig", 70: "seventy siebzig",
        80: "eighty achtzig", 90: "ninety neunzig", 100: "hundred century hundert jahrhundert",
        1000: "thousand millennium tausend", 1_000_000: "million millionen",
    }.items()
    for word in words.split()
}
_PLAIN_CAPITALS = frozenset(
    "i i'm i'll i've i'd a the this that these those it its yes no and but so if in on at of to you your we they he "
    "she correct true false option answer step ja nein der die das ein eine".split()
)
_COMMON = frozenset(
    "about also because been does from have into that their them then there they this what when where which while will "
    "with would your aber auch dass dann dies eine einem einen einer haben nach nicht oder sich sind warum welche wenn "
    "werden wird wurde".split()
)


@dataclass(frozen=True, slots=True)
class Gate:
    """The tests for one style.

    is_translated: the pairs may be in another language than the chunk, so words and names cannot be compared.
    """

    style: Style
    is_translated: bool = False

    def reason(self, candidate: Candidate, chunk: Chunk) -> str:
        """The key in ``REASONS`` of the first test that the pair fails, or "" when it passes."""
        question, answer = candidate.instruction.strip(), candidate.output.strip()
        if len(question) < 5 or not answer or fold(question) == fold(answer):
            return "empty"
        if len(question) > _LONGEST_QUESTION or len(answer) > _LONGEST_ANSWER:
            return "too-long"
        if _NOT_ALONE.search(question) or _NOT_ALONE.search(answer) or _LEANS_ON_BEFORE.search(question):
            return "not-alone"
        if _NO_ANSWER.search(answer):
            return "no-answer"
        if self.style.has_options and not has_right_option(question, answer):
            return "options"
        support = " \n".join([chunk.content, *(chunk.metadata.get("headings") or ()), chunk.source])
        if self.style.has_own_numbers:
            support = f"{support}\n{question}"
        if not _are_numbers_in(answer, support, self.style.has_own_numbers):
            return "number"
        if self.is_translated:
            return ""
        if not _are_names_in(answer, support):
            return "name"
        return "" if _share_of_words(f"{question} {answer}", support) >= _SMALLEST_SHARE else "off-topic"


def has_right_option(question: str, answer: str) -> bool:
    """Whether the question lists different options and the answer is one of them, by its letter or its text."""
    options = {letter: fold(text) for letter, text in _OPTION.findall(question)}
    if len(options) < 2 or len(set(options.values())) < len(options):
        return False
    if said := _OPTION.match(answer):
        return options.get(said[1], "").startswith(fold(said[2])) or fold(said[2]).startswith(options.get(said[1], "\0"))
    return answer.strip(" ().") in options or fold(answer) in options.values()


def fold(text: str) -> str:
    """For comparing: no case, no accents, single spaces, no punctuation at the end."""
    decomposed = unicodedata.normalize("NFKD", text).casefold()
    return " ".join("".join(letter for letter in decomposed if not unicodedata.combining(letter)).split()).strip(" .?!")


def numbers(text: str) -> list[set[Decimal]]:
    """Every number written in digits, each with all it can mean: 1.930 is 1.93 or 1930."""
    return [{Decimal(one).normalize() for one in meanings} for match in _NUMBER.finditer(text)
            for meanings in _meanings(match[0])]


def _meanings(written: str) -> list[set[str]]:
    """The numbers in a run of digits and separators: mostly one, of a date or a version its parts."""
    marks = re.findall(r"\D", written)
    digits = re.sub(r"\D", "", written)
    if not marks:
        return [{written}]
    if marks[-1] in ".," and marks[-1] not in marks[:-1]:
        after = len(written) - written.rindex(marks[-1]) - 1
        decimal = f"{digits[:-after]}.{digits[-after:]}"
        return [{decimal, digits} if len(marks) == 1 and _GROUPED.fullmatch(written) else {decimal}]
    if _GROUPED.fullmatch(written):
        return [{digits}]
    return [{part} for part in re.split(r"\D", written)]


def _are_numbers_in(answer: str, support: str, is_computing: bool) -> bool:
    answer = _LIST_MARK.sub(" ", answer)
    known = set().union(*numbers(support), *numbers(_joined(support))) | {
        _NUMBER_WORDS[word].normalize() for word in fold_words(support) if word in _NUMBER_WORDS
    }
    return any(_hold(wanted, set(known), is_computing) for wanted in (numbers(answer), numbers(_joined(answer))))


def _hold(wanted: list[set[Decimal]], known: set[Decimal], is_computing: bool) -> bool:
    for values in wanted:
        if not values & known and not (is_computing and any(_follows(value, known) for value in values)):
            return False
        known |= values if is_computing else set()  # a later step may use the result of an earlier one
    return True


def _joined(text: str) -> str:
    """12 300 as 12300, which is what it can mean."""
    return re.sub(r"(?<=\d) (?=\d{3}\b)", "", text)


def _follows(value: Decimal, known: set[Decimal]) -> bool:
    """Whether one operation on two known numbers gives this one, to the places that it is written with."""
    slack = Decimal(1).scaleb(min(int(value.as_tuple().exponent), 0)) / 2
    return any(
        abs(result - value) <= slack
        for one in known
        for other in known
        for result in (one + other, one - other, one * other, one / other if other else one)
    )


def fold_words(text: str) -> list[str]:
    return _WORD.findall(fold(text))


def _are_names_in(answer: str, support: str) -> bool:
    stems = {_stem(word) for word in fold_words(support)}
    return all(
        _is_among(_stem(part), stems)
        for name in names(answer, only_codes=writes_nouns_large(support))
        for part in fold_words(name)
    )


def _is_among(stem: str, stems: set[str]) -> bool:
    return stem in stems or len(stem) > 3 and any(
        other.startswith(stem) or len(other) > 3 and stem.startswith(other) for other in stems
    )


def names(text: str, only_codes: bool = False) -> list[str]:
    """Words written with a capital that is not the sentence's own, and codes such as H2O."""
    found = []
    for sentence in _SENTENCE_END.split(text):
        words = _WORD.findall(_OPTION.sub(r"\2", sentence))
        has_own_capital = len(words) > 3  # "Marie Curie." has no capital of a sentence to hide behind
        for position, word in enumerate(words):
            is_name = word[0].isupper() and not (position == 0 and has_own_capital) and not only_codes
            if (is_name or _is_code(word)) and word.casefold().replace("’", "'") not in _PLAIN_CAPITALS:
                found.append(word)
    return found


def writes_nouns_large(text: str) -> bool:
    """Whether so many words have capitals that they cannot all be names: German, or a page of titles."""
    inside = [word for sentence in _SENTENCE_END.split(text) for word in _WORD.findall(sentence)[1:]]
    return sum(word[0].isupper() for word in inside) > 0.2 * len(inside)


def _is_code(word: str) -> bool:
    """An abbreviation, or letters with digits: NATO, H2O."""
    has_capital = any(letter.isupper() for letter in word)
    return len(word) > 1 and has_capital and (word.isupper() or any(letter.isdigit() for letter in word))


def _stem(word: str) -> str:
    """What stays the same of a word in most of its forms: mitochondrion's and mitochondria share theirs."""
    word = re.sub(r"['’]s?$", "", word)
    return word if len(word) < 5 else word[: max(4, len(word) - 3)][:6]


def _share_of_words(text: str, support: str) -> float:
    words = {_stem(word) for word in fold_words(text) if len(word) > 3 and word not in _COMMON}
    stems = {_stem(word) for word in fold_words(support)}
    return len(words & stems) / len(words) if words else 1.0


class KnownQuestions:
    """The questions of a dataset, for finding near-duplicates fast.

    Two questions of which each shares 85 % of the words can only be found through one of their rarest words, so only
    those are looked up (prefix filtering: Chaudhuri, Ganti and Kaushik 2006, https://doi.org/10.1109/ICDE.2006.9).
    """

    def __init__(self, questions: Iterable[str] = ()) -> None:
        self._questions: list[tuple[frozenset[str], frozenset[str]]] = []  # words without and with the options
        self._where: dict[str, list[int]] = {}
        for question in questions:
            self.add(question)

    def add(self, question: str) -> None:
        words = _content(_stem_of(question))
        for word in words:
            self._where.setdefault(word, []).append(len(self._questions))
        self._questions.append((words, _content(question)))

    def has_near(self, question: str) -> bool:
        """Whether the same question is known in the same or nearly the same words.

        Questions that differ in a number or a name are different, however long they are; so are those with other
        options.
        """
        words, all_words = _content(_stem_of(question)), _content(question)
        rarest = sorted(words, key=lambda word: len(self._where.get(word, ())))
        needed = len(words) - int(_NEAR * len(words)) + 1
        candidates = {index for word in rarest[:needed] for index in self._where.get(word, ())}
        return any(
            _is_near(words, known) and _is_near(all_words, all_known)
            for known, all_known in (self._questions[index] for index in candidates)
        )


def _is_near(words: frozenset[str], known: frozenset[str]) -> bool:
    if any(word[0].isupper() or word[0].isdigit() for word in words ^ known):
        return False
    return len(words & known) >= _NEAR * len(words | known)


def _stem_of(question: str) -> str:
    """The question without its options."""
    return _OPTION.split(question, maxsplit=1)[0].strip() or question


def _content(question: str) -> frozenset[str]:
    """The words of a question, folded; names and numbers keep a mark that they are such."""
    marked = {fold(name) for name in names(question)}
    words = (fold(word) for word in _WORD.findall(question))
    return frozenset(word.upper() if word in marked else word for word in words if word)
