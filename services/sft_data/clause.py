"""One clause of English read into subject, verb group and parts, for sentences plain enough to be read with certainty.

A sentence that does not fit is not read at all: everything made from a clause depends on its borders being right.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from services.sft_data.noun_phrase import Subject, TextWords, head_of, is_standalone, read_subject
from services.sft_data.part import INTRANSITIVE, PHRASAL, Part, role_of, split_parts
from services.sft_data.verb_group import FINITE, HAVE, VerbGroup, verb_group_at
from services.sft_data.vocabulary import (
    ADVERBS,
    BY_BASE,
    BY_PAST,
    BY_THIRD,
    MODALS,
    MONTHS,
    NEGATIONS,
    NUMBER,
    PREPOSITIONS,
    TIME_UNIT,
    YEAR,
    is_person_noun,
    word_set,
)

_PARENTHESIS = re.compile(r" \([^()]*\)")
# Formulas, quotations, dashes, and sentences about the document itself.
_UNREADABLE = re.compile(
    r"[\[\](){}<>“”\"=+→−×÷|*#@/…$%&]|http|--|—| – |\b(?:chapters?|sections?|figures?|tables?|textbooks?|appendix"
    r"|exercises?|key terms?|learning objectives?)\b|\b(?:the|this) (?:text|passage|author|reader|book)\b"
    r"|\blet[’']s\b|[a-z]n[’']t\b|(?<!['’])\b(?-i:[b-z])\b",
    re.I,
)
_LOOSE_END = re.compile(
    r", (?:(?!including\b)(?P<ing>\w+ing)|based on|pursuant to|according to|compared (?:to|with)"
    r"|and then|and thus|as well as) .*$"
)
_TAIL = re.compile(
    r"(?:, (?P<joint>and|but|so|yet|or|although|though|while|whereas|which|where|who)|;|:| although| whereas)"
    r" (?P<rest>.+)$"
)
_REASON = re.compile(r",? because (?!of )(?P<reason>[^,]+)(?:,.*)?$")
_FRONTED = re.compile(
    r"(?P<front>(?:In|On|At|Since|From|Between|For|During|After|Before|Until|By|When) [^,]{2,45}), (?P<rest>.+)$"
)
_SHORT_FRONT = re.compile(
    rf"(?P<front>In (?:{YEAR})|On \d\d? (?:{MONTHS})|For {NUMBER} {TIME_UNIT}|Since (?:{YEAR})) (?P<rest>.+)$"
)
_MARKER = re.compile(
    r"(?:However|Moreover|Furthermore|In addition|In fact|Similarly|Today|Of course|Indeed|Also|Nowadays|Now),? ", re.I
)
_PRONOUNS = word_set(
    """i me my mine we us our ours you your yours it they them he him she hers himself herself itself themselves this
    these those there here such former latter others ones thus therefore hence"""
)
# Never nouns: after a verb that was read they show that this was none.
_SURE_VERBS = word_set(
    """include includes become becomes became provide provides remain remains require requires consist consists contain
    contains depend depends refer refers involve involves describes explains explain"""
)
_RELATIVES = word_set("that which who whose where")
_OTHER_CLAUSES = word_set("if because although whether what how why except whereas while following whom")
_AFTER_AND = word_set("all both half even sometimes then just")
_DETERMINERS = word_set("the a an their its his her one’s")
_TENSELESS = word_set("say think tell know believe mean suggest argue claim let")
_OPENERS = word_set("the a an on in at by for to he she it they we you some many most few visitors people")
# Verbs that are also nouns without an article: "eats fish" has an object.
_BARE_NOUNS = word_set(
    """fish water work trade rent honour smoke paint dye heat sound light change support help play sleep fruit mine
    close open clean free live complete own separate works results plays names plants flowers houses rings
    sounds costs shapes forms"""
)
_WITH_OF = word_set("smells smell tastes taste consists consist dreams dream died dies think speaks speak tells")
_TRANSITIVE = word_set(
    """find build make found discover invent use provide contain include give create produce call name own carry bring
    design need protect propose require charge involve demand publish hold put spend sell send show know lose"""
)


@dataclass(frozen=True)
class Clause:
    """A statement with one finite verb: subject, verb, parts in their order, and the reason given, if any."""

    subject: Subject
    verb: VerbGroup
    parts: tuple[Part, ...]
    reason: str = ""

    @property
    def predicate(self) -> str:
        return " ".join([self.verb.finite, *(part.text for part in self.parts)])

    @property
    def sentence(self) -> str:
        return as_sentence(f"{self.subject.text} {self.predicate}")

    def part(self, role: str) -> Part | None:
        """Return the only part with this role, or None."""
        found = [part for part in self.parts if part.role == role]
        return found[0] if len(found) == 1 else None

    def text_without(self, *roles: str) -> str:
        """Return the parts that have none of these roles, in order, as text."""
        return " ".join(part.text for part in self.parts if part.role not in roles)


def as_sentence(text: str, mark: str = ".") -> str:
    """Return `text` with a capital at the start, single spaces and one closing mark."""
    text = " ".join(text.split()).rstrip(".,;:")
    return text[:1].upper() + text[1:] + mark


def read_clauses(text: str, words: TextWords) -> list[Clause]:
    """Return the clauses of one sentence (one line, no pronoun as subject), or nothing where it is not plain enough."""
    text = _PARENTHESIS.sub("", text.strip())
    if text[-1:] != "." or _UNREADABLE.search(text) or len(text.split()) > 45:
        return []
    text = _MARKER.sub("", text.rstrip(". "), count=1)
    text = text[:1].upper() + text[1:]
    reason = ""
    if found := _REASON.search(text):
        reason, text = f"because {found['reason']}", text[: found.start()]
    if (end := _LOOSE_END.search(text)) and (not end["ing"] or _is_ing_form(end["ing"])):
        if "," in end[0][1:]:
            return []
        text = text[: end.start()]
    rest = ""
    for tail in _TAIL.finditer(text):
        is_pair = tail["joint"] in {"and", "or"} and text.count(",") == 1 and tail["rest"].split()[0] in _OPENERS
        if tail["joint"] == "so" or is_pair or _has_finite_verb(tail["rest"].split()):
            rest, text = (tail["rest"] if tail["joint"] in {"and", "but"} else ""), text[: tail.start()]
            break
    front: Part | None = None
    if found := _FRONTED.match(text) or _SHORT_FRONT.match(text):
        front = _front_part(found["front"], words)
        if front is None:
            return []
        text = found["rest"]
        text = text[:1].upper() + text[1:]
    clauses = _read_main(text, words)
    if front:
        clauses = [replace(clause, parts=(*clause.parts, front)) for clause in clauses[:1]]
    if clauses and rest:
        clauses += _read_second(rest, clauses[0].subject, words)
    if reason and len(clauses) == 1 and _fits_reason(reason, clauses[0].subject):
        clauses = [replace(clauses[0], reason=reason)]
    return clauses


def _is_ing_form(word: str) -> bool:
    stem = word.removesuffix("ing")
    return bool({stem, f"{stem}e", stem[:-1]} & BY_BASE.keys())


def _has_finite_verb(tokens: Sequence[str]) -> bool:
    return any(
        token in FINITE or (index and (token in BY_THIRD or token in BY_PAST or token in BY_BASE))
        for index, token in enumerate(token.strip(",") for token in tokens)
    )


def _fits_reason(reason: str, subject: Subject) -> bool:
    """Return whether every pronoun of "because it swallows every echo" means the subject."""
    own = {"they", "them"} if subject.is_plural else {"he", "she", "him", "her"} if subject.is_person else {"it"}
    return reason.split()[1] != "that" and not set(reason.lower().split()) & (
        (_PRONOUNS | {"his", "its", "their"}) - own
    )


def _front_part(front: str, words: TextWords) -> Part | None:
    preposition, value = front.split(" ", 1)
    preposition = preposition.lower()
    if preposition == "when":
        tokens = [preposition, *value.split()]
        is_clause = _condition_index(tokens) == 0 and _is_plain_condition(tokens, words)
        return Part("condition", " ".join(tokens)) if is_clause and not _PRONOUNS & set(tokens) else None
    role = role_of(preposition, value, "", "active")
    if role == "other" and not (len(value.split()) <= 6 and any(word[0].isupper() for word in value.split())):
        return None
    if not is_standalone(value.split(), words):
        return None
    return Part("occasion" if role in {"other", "place"} else role, f"{preposition} {value}", preposition)


def _read_second(text: str, first: Subject, words: TextWords) -> list[Clause]:
    """Read ", and it rests at night" after a main clause whose subject is `first`."""
    pronoun, _, rest = text.partition(" ")
    meaning = "they" if first.is_plural else {True: "he she", False: "it", None: ""}[first.is_person]
    if pronoun.lower() not in meaning.split():
        return []
    return _read_predicates(first, rest.split(), words)


def _read_main(text: str, words: TextWords) -> list[Clause]:
    tokens = text.split()
    for index in range(1, min(len(tokens), 14)):
        verb = verb_group_at(tokens, index)
        if verb is None:
            if tokens[index] in FINITE:
                return []
            continue
        group, used, number = verb
        if group.voice == "active" and _is_noun_instead(tokens, index, used):
            continue
        subject = read_subject(tokens[:index], number, group.is_past, words)
        if subject is None:
            # A noun that looks like a verb ("the bell rings") is passed over; a real auxiliary ends the search.
            if tokens[index].lower() in FINITE:
                return []
            continue
        return _read_predicates(subject, tokens[index:], words)
    return []


def _is_noun_instead(tokens: Sequence[str], index: int, used: int) -> bool:
    """Return whether what looks like a verb must be a noun, because a verb follows: "contingency plans identify"."""
    following = tokens[used].lower() if used < len(tokens) else ""
    if following in {particle for _, particle in PHRASAL}:
        return False
    is_verb = following not in _BARE_NOUNS and (following in BY_BASE or following in BY_THIRD or following in FINITE)
    return (
        tokens[index] not in HAVE
        and tokens[index] not in MODALS
        and (is_verb or following in {"and", "or", "of"} and tokens[used - 1] not in _WITH_OF)
    )


def _read_predicates(subject: Subject, tokens: Sequence[str], words: TextWords) -> list[Clause]:
    """Read one verb phrase, or two joined by "and", with a common subject."""
    found = verb_group_at(tokens, 0)
    if found is None:
        return []
    group, used, number = found
    if number is not None and number != subject.is_plural:
        return []
    rest = tokens[used:]
    for index in range(1, len(rest) - 2):
        if rest[index] == "and" and (second := verb_group_at(rest, index + 1)):
            is_auxiliary = rest[index + 1].lower() in FINITE
            agrees = second[2] == number and second[0].is_past == group.is_past
            if agrees and (is_auxiliary or (group.voice != "copula" and number is not True)):
                later = _read_predicates(subject, rest[index + 1 :], words)
                clause = _clause(subject, group, rest[:index], words)
                return [clause, *later] if clause and later else []
    clause = _clause(subject, group, rest, words)
    return [clause] if clause else []


def _clause(subject: Subject, verb: VerbGroup, rest: Sequence[str], words: TextWords) -> Clause | None:
    """Read what follows a verb, or nothing where it is more than one plain clause."""
    at = _condition_index([token.lower() for token in rest])
    main, condition = rest[:at], rest[at:]
    if not _has_own_pronouns(subject, rest) or not _is_plain(subject, verb, main):
        return None
    parts: list[Part] | None
    if verb.voice == "copula":
        parts = [Part("complement", " ".join(main))]
        if is_person_noun(head_of(main)) and (subject.is_plural or main[0] in {"a", "an", "the"}):
            subject = replace(subject, is_person=True)
    else:
        parts = split_parts(main, verb, words)
    if parts is None or (condition and not _is_plain_condition(condition, words)):
        return None
    if condition:
        parts.append(Part("condition", " ".join(condition)))
    return Clause(subject, verb, tuple(parts))


def _has_own_pronouns(subject: Subject, tokens: Sequence[str]) -> bool:
    """Return whether every pronoun in `tokens` can only mean the subject; negations count as pronouns that do not."""
    lowered = {token.strip(",").lower() for token in tokens}
    if lowered & (_PRONOUNS | NEGATIONS):
        return False
    if "its" in lowered and (subject.is_plural or subject.is_person):
        return False
    return not ("their" in lowered and not subject.is_plural) and not (
        {"his", "her"} & lowered and not subject.is_person
    )


def _is_plain(subject: Subject, verb: VerbGroup, main: Sequence[str]) -> bool:
    """Return whether the words after the verb hold no second clause, no loose end and no list that goes on."""
    lowered = [token.strip(",").lower() for token in main]
    text = " ".join(main)
    is_active = verb.voice == "active"
    if not main:
        return is_active and verb.lemma not in _TRANSITIVE or verb.voice == "passive"
    if (
        main[0] in {"and", "or"}
        or _joins_verbs(main)
        or not _is_plain_list(text)
        or ":" in text
        or " and then " in text
    ):
        return False
    if main[-1].lower() in (PREPOSITIONS | {"and", "or", "the", "a", "to", "of", "that", "which"}) - ADVERBS:
        return False
    if any(word in _SURE_VERBS and before not in {"to", "and", "or"} for before, word in pairwise(["", *lowered])):
        return False
    has_relative = bool(_RELATIVES & set(lowered))
    if set(lowered) & _OTHER_CLAUSES or (has_relative and verb.voice != "copula"):
        return False
    if not has_relative and any(token in FINITE for token in main):
        return False
    compares_clauses = verb.voice != "copula" or _has_finite_verb(main)
    if "than" in lowered and compares_clauses and not re.search(rf"(?:more|less|fewer) than {NUMBER}", text):
        return False
    if not is_active:
        return True
    if verb.lemma == "make" and not re.match(rf"(?:an?|{NUMBER}) ", text):
        return False
    if verb.lemma in _TENSELESS or (verb.lemma in _TRANSITIVE and lowered[0] in PREPOSITIONS):
        return False
    return verb.lemma in {"have", "take"} or not _is_participle_instead(verb, main, subject)


def _joins_verbs(tokens: Sequence[str]) -> bool:
    """Return whether "and" joins a second verb that could not be split off: "use wood and craft their arrows"."""
    for before, word, after in zip(tokens, tokens[1:], [*tokens[2:], ""], strict=False):
        if before not in {"and", "or"} or word in PREPOSITIONS | _BARE_NOUNS | _AFTER_AND:
            continue
        if word in BY_THIRD or word == "be" or (word.islower() and after in _DETERMINERS):
            return True
    return False


def _is_plain_list(text: str) -> bool:
    """Return whether the commas in `text`, if any, only part the members of one list."""
    if ", " not in text:
        return True
    *_, last = segments = text.split(", ")
    return (
        all(
            0 < len(segment.split()) <= 4 and segment.split()[0].lower() not in PREPOSITIONS for segment in segments[1:-1]
        )
        and len(last.split()) <= 9
        and bool(re.match(r"(?:and|or) ", last) or re.search(r"^(?:\S+ ){1,4}(?:and|or) ", last))
    )


def _is_participle_instead(verb: VerbGroup, rest: Sequence[str], subject: Subject) -> bool:
    """Return whether a seeming past tense is a participle ("the price charged customers is ...")."""
    first = rest[0].lower()
    if (
        first in BY_THIRD
        and first not in {"results", "works", "plays", "names"}
        or (first == "by" and verb.is_past and verb.lemma not in INTRANSITIVE)
    ):
        return True
    is_regular_past = verb.is_past and verb.finite.endswith("ed")
    if not is_regular_past or subject.is_person or subject.text.lower() != subject.text:
        return False
    is_open = first in PREPOSITIONS | ADVERBS | {"the", "a", "an", "its", "their", "his", "her"} or re.match(
        NUMBER, first
    )
    return not (is_open or rest[0][0].isupper()) or any(token in BY_THIRD for token in rest)


def _condition_index(lowered: Sequence[str]) -> int:
    for index, token in enumerate(lowered):
        if token in {"when", "if", "unless", "until"} and _has_finite_verb(lowered[index + 1 :]):
            return index
    return len(lowered)


def _is_plain_condition(tail: Sequence[str], words: TextWords) -> bool:
    return len(tail) <= 9 and is_standalone([token for token in tail[1:]], words, is_loose=True)
