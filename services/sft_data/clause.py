"""One clause of English read into subject, verb group and parts, for sentences plain enough to be read with certainty.

A sentence that does not fit is not read at all: everything made from a clause depends on its borders being right.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from services.sft_data.noun_phrase import Subject, TextWords, head_of, is_person_phrase, is_standalone, read_subject
from services.sft_data.vocabulary import (
    ADVERBS,
    APPROXIMATELY,
    BY_BASE,
    BY_PARTICIPLE,
    BY_PAST,
    BY_THIRD,
    MODALS,
    MONTHS,
    NEGATIONS,
    NUMBER,
    PLACE_PREPOSITIONS,
    PREPOSITIONS,
    SUBORDINATORS,
    TIME_UNIT,
    WEEKDAYS,
    YEAR,
    is_participle,
    is_person_noun,
)


@dataclass(frozen=True)
class VerbGroup:
    """A finite verb group. In a question `auxiliary` goes before the subject and `remainder` after it.

    `finite` is "was built", "stands", "can be heard"; `auxiliary` "was", "does", "can"; `remainder` "built", "stand",
    "be heard", and nothing where "be" is the whole verb. `lemma` is the base form of the last verb, or the verb itself
    where the base is not known (regular participles).
    """

    finite: str
    auxiliary: str
    remainder: str
    lemma: str
    voice: str  # "active", "passive" or "copula"
    is_past: bool = False


@dataclass(frozen=True)
class Part:
    """A piece of what follows the verb: `text` with its preposition, `value` without it."""

    role: str
    text: str
    preposition: str = ""

    @property
    def value(self) -> str:
        return self.text[len(self.preposition) :].strip()


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


_PARENTHESIS = re.compile(r" \([^()]*\)")
# Formulas, quotations, dashes, and sentences about the document itself.
_UNREADABLE = re.compile(
    r"[\[\](){}<>“”\"=+→−×÷|*#@/…$%&]|http|--|—| – |\b(?:chapters?|sections?|figures?|tables?|textbooks?|appendix|exercises?"
    r"|key terms?|learning objectives?)\b|\b(?:the|this) (?:text|passage|author|reader|book)\b|\blet[’']s\b|[a-z]n[’']t\b", re.I
)
_LOOSE_END = re.compile(r", (?:(?!including\b)(?P<ing>\w+ing)|based on|pursuant to|according to|compared (?:to|with)|and then|and thus|as well as) .*$")
_TAIL = re.compile(
    r"(?:, (?P<joint>and|but|so|yet|or|although|though|while|whereas|which|where|who)|;|:| although| whereas) (?P<rest>.+)$"
)
_REASON = re.compile(r",? because (?!of )(?P<reason>[^,]+)(?:,.*)?$")
_FRONTED = re.compile(r"(?P<front>(?:In|On|At|Since|From|Between|For|During|After|Before|Until|By) [^,]{2,45}), (?P<rest>.+)$")
_SHORT_FRONT = re.compile(
    rf"(?P<front>In (?:{YEAR})|On \d\d? (?:{MONTHS})|For {NUMBER} {TIME_UNIT}|Since (?:{YEAR})) (?P<rest>.+)$"
)
_MARKER = re.compile(
    r"(?:However|Moreover|Furthermore|In addition|In fact|Similarly|Today|Of course|Indeed|Also|Nowadays|Now),? ", re.I
)
_PRONOUNS = frozenset(
    """i me my mine we us our ours you your yours it they them he him she hers himself herself itself themselves this these
    those there here such former latter others ones thus therefore hence""".split()
)
_TENSELESS = frozenset("say think tell know believe mean suggest argue claim let make".split())
_FINITE = frozenset("is are was were has have had can could may might must should will would does did do".split())
_BE = frozenset("is are was were".split())
_HAVE = {"has": "does", "have": "do", "had": "did"}
_OPENERS = frozenset("the a an on in at by for to he she it they we you some many most few visitors people".split())
# Verbs that are also nouns without an article: "eats fish" has an object.
_BARE_NOUNS = frozenset(
    """fish water work trade rent honour smoke paint dye heat sound light change support help play sleep fruit mine
    close open clean free live complete own separate works results plays names plants flowers houses rings sounds costs shapes forms""".split()
)
_WITH_OF = frozenset("smells smell tastes taste consists consist dreams dream died dies think speaks speak tells".split())
_PHRASAL = {("take", "place"), ("give", "birth"), ("take", "part"), ("come", "true"), ("catch", "fire"), ("break", "out")}
# Verbs whose following words are no object unless a determiner says so.
_INTRANSITIVE = frozenset(
    """live lie sleep walk go come stay remain become seem appear turn grow look feel sit stand rise fall shine taste smell
    sound begin end work travel arrive happen fly swim last weigh cost measure run range vary differ occur emerge exist function depend consist move breed nest""".split()
)
_TRANSITIVE = frozenset(
    """find build make found discover invent use provide contain include give create produce call name own carry bring design
    need protect propose require charge involve demand publish hold put""".split()
)
LOCATIVE = frozenset(
    """stand lie live grow nest breed hang sit sleep stay appear end work dwell rise burrow hold locate situate find
    bear bury keep bring up sign perform settle occur meet mine station house shelter display store bathe rest begin
    build ride spend forbid allow prohibit winter hibernate swim hide hunt serve produce plant""".split()
)


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
        token in _FINITE or (index and (token in BY_THIRD or token in BY_PAST or token in BY_BASE))
        for index, token in enumerate(token.strip(",") for token in tokens)
    )


def _fits_reason(reason: str, subject: Subject) -> bool:
    """Return whether every pronoun of "because it swallows every echo" means the subject."""
    own = {"they", "them"} if subject.is_plural else {"he", "she", "him", "her"} if subject.is_person else {"it"}
    return reason.split()[1] != "that" and not set(reason.lower().split()) & ((_PRONOUNS | {"his", "its", "their"}) - own)


def _front_part(front: str, words: TextWords) -> Part | None:
    preposition, value = front.split(" ", 1)
    preposition = preposition.lower()
    role = _role(preposition, value, "", "active")
    if role == "other" and not (len(value.split()) <= 6 and any(word[0].isupper() for word in value.split())):
        return None
    if not is_standalone(value.split(), words):
        return None
    return Part("occasion" if role in {"other", "place"} else role, f"{preposition} {value}", preposition)


def _read_second(text: str, first: Subject, words: TextWords) -> list[Clause]:
    """Read ", and it rests at night" after a main clause whose subject is `first`."""
    pronoun, _, rest = text.partition(" ")
    fits = {"it": first.is_person is False and not first.is_plural, "they": first.is_plural,
            "he": first.is_person is True and not first.is_plural, "she": first.is_person is True and not first.is_plural}  # fmt: skip
    if not fits.get(pronoun.lower(), False):
        return []
    return _read_predicates(first, rest.split(), words)


def _read_main(text: str, words: TextWords) -> list[Clause]:
    tokens = text.split()
    for index in range(1, min(len(tokens), 14)):
        verb = verb_group_at(tokens, index)
        if verb is None:
            if tokens[index] in _FINITE:
                return []
            continue
        group, used, number = verb
        if group.voice == "active" and _is_noun_instead(tokens, index, used):
            continue
        subject = read_subject(tokens[:index], number, group.is_past, words)
        if subject is None:
            # A noun that looks like a verb ("the bell rings") is passed over; a real auxiliary ends the search.
            if tokens[index].lower() in _FINITE:
                return []
            continue
        return _read_predicates(subject, tokens[index:], words)
    return []


def _is_noun_instead(tokens: Sequence[str], index: int, used: int) -> bool:
    """Return whether what looks like a verb must be a noun, because a verb follows: "contingency plans identify"."""
    following = tokens[used].lower() if used < len(tokens) else ""
    if following in {particle for _, particle in _PHRASAL}:
        return False
    is_verb = following in BY_BASE.keys() | BY_THIRD.keys() | _FINITE and following not in _BARE_NOUNS
    return tokens[index] not in _HAVE and tokens[index] not in MODALS and (is_verb or following in {"and", "or", "of"} and tokens[index] not in _WITH_OF)


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
            is_auxiliary = rest[index + 1].lower() in _FINITE
            agrees = second[2] == number and second[0].is_past == group.is_past
            if agrees and (is_auxiliary or (group.voice != "copula" and number is not True)):
                later = _read_predicates(subject, rest[index + 1 :], words)
                clause = _clause(subject, group, rest[:index], words)
                return [clause, *later] if clause and later else []
    clause = _clause(subject, group, rest, words)
    return [clause] if clause else []


def _clause(subject: Subject, verb: VerbGroup, rest: Sequence[str], words: TextWords) -> Clause | None:
    lowered = [token.strip(",").lower() for token in rest]
    if set(lowered) & (_PRONOUNS | NEGATIONS) or (verb.lemma in _TENSELESS and verb.voice == "active"):
        return None
    if "its" in lowered and (subject.is_plural or subject.is_person) or "their" in lowered and not subject.is_plural:
        return None
    if {"his", "her"} & set(lowered) and not subject.is_person:
        return None
    condition = _condition_index(lowered)
    main, tail = rest[:condition], rest[condition:]
    if "than" in lowered and (verb.voice != "copula" or _has_finite_verb(rest)) and not re.search(rf"(?:more|less|fewer) than {NUMBER}", " ".join(rest)):
        return None
    plain = lowered[:condition]
    has_relative = bool({"that", "which", "who", "whose", "where"} & set(plain))
    if not has_relative and any(token in _FINITE for token in main):
        return None
    if set(plain) & {"if", "because", "although", "whether", "what", "how", "why", "except", "whereas", "while", "following", "whom"}:
        return None
    if verb.voice != "copula" and has_relative:
        return None
    if main and main[0] in {"and", "or"} or _joins_verbs(main):
        return None
    if not _is_plain_list(" ".join(main)) or any(token.endswith(":") for token in main):
        return None
    if verb.voice == "active" and verb.lemma not in {"have", "take"} and main and _is_finite_noise(verb, main, subject):
        return None
    if not main and verb.voice == "copula":
        return None
    if verb.voice == "active" and verb.lemma in _TRANSITIVE and (not main or main[0].lower() in PREPOSITIONS):
        return None
    if main and main[-1].lower() in PREPOSITIONS | {"and", "or", "the", "a", "to", "of"}:
        main_last = main[-1].lower()
        if main_last not in ADVERBS:
            return None
    if verb.voice == "copula":
        parts = [Part("complement", " ".join(main))]
        if is_person_noun(head_of(main)) and (subject.is_plural or main[0] in {"a", "an", "the"}):
            subject = replace(subject, is_person=True)
    else:
        split = _split_parts(main, verb, words)
        if split is None:
            return None
        is_present = not verb.is_past and verb.auxiliary in {"is", "are", "do", "does"}
        # "describes the growth of radio in the 1980s": in the present tense, a year belongs to the noun.
        parts = [replace(part, role="other") if is_present and part.role == "time" and re.search(r"\d{4}", part.text) else part for part in split]
    if tail:
        if not _plain_condition(tail, words):
            return None
        parts.append(Part("condition", " ".join(tail)))
    return Clause(subject, verb, tuple(parts))


def _joins_verbs(tokens: Sequence[str]) -> bool:
    """Return whether "and" joins a second verb that could not be split off: "use wood and craft their arrows"."""
    for before, word, after in zip(tokens, tokens[1:], [*tokens[2:], ""], strict=False):
        if before in {"and", "or"} and word not in PREPOSITIONS and word not in _BARE_NOUNS:
            if word in BY_THIRD or word == "be" or (word.islower() and after in {"the", "a", "an", "their", "its", "his", "her", "one’s"}):
                return word not in {"all", "both", "half", "even", "sometimes", "then", "just"}
    return False


def _is_plain_list(text: str) -> bool:
    """Return whether the commas in `text`, if any, only part the members of one list."""
    if ", " not in text:
        return True
    *_, last = segments = text.split(", ")
    return (
        all(len(segment.split()) <= 4 and segment.split()[0].lower() not in PREPOSITIONS for segment in segments[1:-1])
        and len(last.split()) <= 9
        and bool(re.match(r"(?:and|or) ", last) or re.search(r"^(?:\S+ ){1,4}(?:and|or) ", last))
    )


def _is_finite_noise(verb: VerbGroup, rest: Sequence[str], subject: Subject) -> bool:
    """Return whether a seeming past tense is a participle ("the price charged customers is ...")."""
    first = rest[0].lower()
    if first in BY_THIRD and first not in {"results", "works", "plays", "names"} or (first == "by" and verb.is_past and verb.lemma not in _INTRANSITIVE):
        return True
    is_regular_past = verb.is_past and verb.finite.endswith("ed")
    if not is_regular_past or subject.is_person or subject.text.lower() != subject.text:
        return False
    is_open = first in PREPOSITIONS | ADVERBS | {"the", "a", "an", "its", "their", "his", "her"} or re.match(NUMBER, first)
    return not (is_open or rest[0][0].isupper()) or any(token in BY_THIRD for token in rest)


def _condition_index(lowered: Sequence[str]) -> int:
    for index, token in enumerate(lowered):
        if token in {"when", "if", "unless", "until"} and _has_finite_verb(lowered[index + 1 :]):
            return index
    return len(lowered)


def _plain_condition(tail: Sequence[str], words: TextWords) -> bool:
    return len(tail) <= 9 and is_standalone([token for token in tail[1:]], words, is_loose=True)


def verb_group_at(tokens: Sequence[str], index: int) -> tuple[VerbGroup, int, bool | None] | None:
    """Read a verb group at `index`: (group, index after it, is plural; None where the form does not say)."""
    start = index
    adverb = ""
    if index + 1 < len(tokens) and tokens[index] in ADVERBS | NEGATIONS:
        adverb, index = tokens[index], index + 1
    if index >= len(tokens) or adverb in NEGATIONS:
        return None
    word = tokens[index]
    if word in _BE or word in _HAVE or word in MODALS:
        return _auxiliary_group(tokens, start, index)
    verb, is_past, is_plural, auxiliary = None, False, None, ""
    if word in BY_THIRD:
        verb, is_plural, auxiliary = BY_THIRD[word], False, "does"
    elif word in BY_BASE and BY_BASE[word].past != word:
        verb, is_plural, auxiliary = BY_BASE[word], True, "do"
    elif word in BY_PAST:
        verb, is_past, auxiliary = BY_PAST[word], True, "did"
    if verb is None:
        return None
    kept = f"{adverb} " if adverb in {"usually", "often", "always", "first", "originally", "mainly", "mostly"} else ""
    finite = " ".join(tokens[start : index + 1])
    return VerbGroup(finite, auxiliary, kept + verb.base, verb.base, "active", is_past), index + 1, is_plural


def _auxiliary_group(tokens: Sequence[str], start: int, index: int) -> tuple[VerbGroup, int, bool | None] | None:
    word = tokens[index]
    is_past = word in {"was", "were", "had", "could", "would"}
    is_plural = None if word in MODALS or word == "had" else word in {"are", "were", "have"}
    position = index + 1
    adverbs: list[str] = []
    while position < len(tokens) - 1 and (tokens[position] in ADVERBS | NEGATIONS or tokens[position].endswith("ly")):
        if tokens[position] in {"almost", "nearly", "about", "only", "around", "far", "even", "just", "early", "late"}:
            break
        adverbs.append(tokens[position])
        position += 1
    if set(adverbs) & NEGATIONS or position >= len(tokens):
        return None
    following = tokens[position].strip(",").lower()
    kept = "".join(f"{adverb} " for adverb in adverbs if adverb not in {"also", "still", "even", "then", "now", "already"})

    def group(end: int, remainder: str, lemma: str, voice: str, auxiliary: str = word) -> tuple[VerbGroup, int, bool | None]:
        return VerbGroup(" ".join(tokens[start:end]), auxiliary, remainder, lemma, voice, is_past), end, is_plural

    if word in _BE:
        if following == "being" or (following.endswith("ing")):
            return None
        if is_participle(following) and not tokens[position].endswith(","):
            return group(position + 1, kept + following, _lemma(following), "passive")
        return group(index + 1, "", "be", "copula") if not adverbs else group(position, "", "be", "copula")
    if word in _HAVE:
        if following == "been" and position + 1 < len(tokens) and is_participle(tokens[position + 1].lower()):
            participle = tokens[position + 1].lower()
            return group(position + 2, f"{kept}been {participle}", _lemma(participle), "passive")
        if following == "to" or following == "been":
            return None
        is_perfect = following in BY_PARTICIPLE and position + 1 < len(tokens)
        if not is_perfect and is_participle(following):
            return None
        if is_perfect:
            return group(position + 1, kept + following, _lemma(following), "active")
        return group(position, kept + "have", "have", "active", _HAVE[word])
    if following == "be" and position + 1 < len(tokens):
        after = position + 1
        if tokens[after] in ADVERBS and after + 1 < len(tokens) and is_participle(tokens[after + 1]):
            after += 1
        if is_participle(tokens[after].lower()):
            participle = tokens[after].lower()
            return group(after + 1, " ".join(tokens[position:after] + [participle]), _lemma(participle), "passive")
        return group(position + 1, kept + "be", "be", "copula")
    if following in BY_BASE:
        return group(position + 1, kept + following, following, "active")
    return None


def _lemma(participle: str) -> str:
    return BY_PARTICIPLE[participle].base if participle in BY_PARTICIPLE else participle


def _split_parts(tokens: Sequence[str], verb: VerbGroup, words: TextWords) -> list[Part] | None:
    """Cut what follows the verb at its prepositions, and name the role of each piece."""
    chunks: list[list[str]] = [[]]
    for index, token in enumerate(tokens):
        word = token.lower()
        previous = tokens[index - 1].lower() if index else ""
        following = tokens[index + 1].lower() if index + 1 < len(tokens) else ""
        starts = (word in PREPOSITIONS or (word == "of" and not index)) and not (
            (word in {"about", "around", "over"} and re.match(NUMBER, following))
            or (previous in {"such", "next", "close", "due", "up", "more", "less", "as"} and word not in {"in", "on", "at"})
            or (word == "as" and following in {"well", "much", "many"})
            or (word == "to" and chunks[-1][:1] in (["from"], ["close"], ["next"]) and _is_range([*chunks[-1], *tokens[index:]]))
            or (word == "to" and re.fullmatch(NUMBER, previous) and re.fullmatch(NUMBER, following))
            or (previous == "out" and word == "of")
        )
        if word == "every" and (re.match(NUMBER, following) or re.fullmatch(f"{WEEKDAYS}|{TIME_UNIT}|{_SEASON}", following, re.I)):
            starts = True
        if word in {"next", "close", "due"} and following == "to":
            starts = True
        if chunks[-1][:1] == ["to"] and len(chunks[-1]) > 1 and _is_infinitive(*chunks[-1][1:2], token):
            starts = False
        if starts and chunks[-1]:
            chunks.append([])
        chunks[-1].append(token)
    parts: list[Part] = []
    for chunk in filter(None, chunks):
        text = " ".join(chunk)
        if len(chunk) == 1 and text in {"about", "around", "over", "nearly", "almost"}:
            return None
        is_use = verb.lemma == "use" and chunk[0] == "to"
        if chunk[0] == "to" and len(chunk) > 1 and (is_use or _is_infinitive(*chunk[1:3])):
            parts.append(Part("infinitive", text, "to"))
            continue
        preposition = _preposition(chunk)
        if parts and preposition and any(re.search(r"^[a-z]+(?:ed|ing)$", token) for token in parts[-1].text.split()[1:]):
            # "rules negotiated in the 1970s": the phrase may belong to the participle, not to the verb.
            parts[-1] = replace(parts[-1], text=f"{parts[-1].text} {text}")
            continue
        if not preposition:
            role = _bare_role(chunk, verb, bool(parts))
            if role == "object" and verb.lemma == "call" and (named := re.fullmatch(r"((?:the|an?) .+) ((?:the|an?) .+)", text)):
                parts += [Part("object", named[1]), Part("result", named[2])]
                continue
        else:
            role = _role(preposition, text[len(preposition) :].strip(), verb.lemma, verb.voice)
        if role == "agent":
            is_person = is_person_phrase(text[len(preposition) :].strip(), words)
            role = "agent" if is_person else "other" if is_person is None else "cause"
        if parts and (role == parts[-1].role in {"time", "place"} or (role == "other" and parts[-1].role in {"agent", "cause"})):
            parts[-1] = replace(parts[-1], text=f"{parts[-1].text} {text}")
            continue
        parts.append(Part(role, text, preposition))
    return parts


def _is_infinitive(word: str, following: str = "") -> bool:
    is_verb = word in BY_BASE or word in {"be", "do", "have"} or word.endswith("ly")
    return is_verb or (word.islower() and following in {"the", "a", "an", "their", "its", "his", "her"} and word not in {"all", "both"})


def _preposition(chunk: Sequence[str]) -> str:
    first = chunk[0].lower()
    if first in {"next", "close", "due"} and chunk[1:2] == ["to"]:
        return f"{chunk[0]} to"
    if first == "out" and chunk[1:2] == ["of"]:
        return f"{chunk[0]} of"
    if first == "up" and len(chunk) == 1:
        return ""
    return chunk[0] if first in PREPOSITIONS | {"of"} and len(chunk) > 1 else ""


def _bare_role(chunk: Sequence[str], verb: VerbGroup, is_later: bool) -> str:
    first = chunk[0].lower()
    text = " ".join(chunk)
    if first == "every":
        return "frequency"
    if (verb.lemma, first) in _PHRASAL and len(chunk) == 1:
        return "particle"
    if verb.lemma in {"cost", "weigh", "last", "take", "measure", "span", "grow"} and re.match(rf"{APPROXIMATELY}(?:{NUMBER}|an?) ", f"{text} "):
        return "measure"
    if re.match(rf"{APPROXIMATELY}{NUMBER} (?:miles|metres|kilometres|hours) (?:north|south|east|west|away|inland)", text):
        return "place"
    if verb.voice == "passive":
        return "particle" if len(chunk) == 1 and first in ADVERBS | PREPOSITIONS else "result"
    if re.match(rf"(?:only|almost|nearly|about|around) (?:{NUMBER}|an?) ", text):
        return "particle" if verb.lemma in _INTRANSITIVE else "object"
    if is_later or first in ADVERBS | {"either", "neither"} or first in PREPOSITIONS or first.endswith("ly"):
        return "particle"
    if verb.lemma in _INTRANSITIVE and first not in {"the", "a", "an"} and not re.match(NUMBER, first):
        return "result"
    return "object"


_SEASON = "spring|summer|autumn|winter|fall|morning|evening|afternoon|night|day|daytime"
_HOUR = r"night|noon|midnight|midday|sunrise|sunset|dawn|dusk|full moon|low tide|high tide|Christmas|Easter"
_TIME_VALUE = re.compile(
    rf"(?:the )?(?:(?:early|late|mid|end of|beginning of|first|last|second|third|same) )*(?:(?:day|week|month|half|year|{WEEKDAYS}) of )?"
    rf"(?:(?:{YEAR})(?:s|–\d+)?|(?:{MONTHS})(?: (?:{YEAR}|\d\d?(?:, {YEAR})?))?|\d\d? (?:{MONTHS})(?: (?:{YEAR}))?|(?:[a-z]+ )?(?:{WEEKDAYS})|{_SEASON}|{_HOUR}"
    rf"|(?:{_SEASON}) of .+|\w+(?:-\w+)? century|breeding season|Middle Ages|Stone Age|Bronze Age|Iron Age)",
)
_DURATION = re.compile(rf"{APPROXIMATELY}(?:{NUMBER}|an?|many|several|the first|the last)(?: \w+)? ?{TIME_UNIT}(?: .*)?")
_MANNER = frozenset("hand boat foot law train mistake post sea land accident chance nature horse bus car bicycle name weight".split())


def _is_range(tokens: Sequence[str]) -> bool:
    found = re.match(r"from (.+?) to (.+)", " ".join(tokens), re.I)
    return bool(found and _TIME_VALUE.fullmatch(found[1]) and _TIME_VALUE.match(found[2]))


def _role(preposition: str, value: str, lemma: str, voice: str) -> str:
    """Return what a prepositional phrase says: time, duration, place, agent, material, purpose, ... or "other"."""
    prep = preposition.lower()
    bare = value.rstrip(",")
    if prep == "every":
        return "frequency"
    if prep in {"in", "on", "at", "by", "around", "about"} and _TIME_VALUE.fullmatch(bare):
        return "time"
    if prep == "at" and re.fullmatch(rf"(?:{NUMBER}|\d\d?:\d\d)(?: o'clock)?(?: (?:am|pm))?", bare):
        return "time"
    if prep in {"since", "until"} and (_TIME_VALUE.fullmatch(bare) or prep == "until" and len(bare.split()) <= 4):
        return "time"
    if prep in {"before", "after"} and len(bare.split()) <= 4 and not bare.lower().endswith("ing"):
        return "time"
    if prep == "from" and _is_range(["from", *bare.split()]):
        return "time"
    if prep == "between" and re.fullmatch(rf"(?:{YEAR}) and (?:{YEAR})", bare):
        return "time"
    if prep in {"for", "within"} and _DURATION.fullmatch(bare):
        return "duration"
    if prep == "by" and voice == "passive":
        first = bare.split()[0].lower()
        return "other" if first in _MANNER or first.endswith("ing") else "agent"
    if prep in {"of", "from", "out of"} and lemma in {"make", "build", "weave", "carve", "cast", "cut", "form", "construct", "sew", "brew"}:
        return "material"
    if prep == "for" and lemma == "use" and voice == "passive":
        return "purpose"
    if prep in PLACE_PREPOSITIONS | {"next to", "close to"} and prep != "by":
        if re.search(rf"(?:^|\s){TIME_UNIT}$", bare):
            return "other"
        if lemma == "live" and prep == "on" and " " not in bare and not bare[0].isupper():
            return "other"
        is_named = bare.split()[-1][0].isupper() and not re.search(r"\b[a-z]+ing\b", bare) and prep not in {"over", "through", "across"}
        if lemma in LOCATIVE or (lemma == "build" and prep in {"on", "near"}) or is_named:
            return "place"
    if prep == "to" and re.match(rf"an? (?:depth|height|length|width|age|weight|size) of {APPROXIMATELY}{NUMBER}", bare):
        return "extent"
    if prep == "from" and re.match(rf"a distance of {APPROXIMATELY}{NUMBER}", bare):
        return "distance"
    return "other"
