"""Questions about a clause: for every part that can be asked for, in several wordings, directly and inside a sentence."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from services.sft_data.clause import Clause, Part, as_sentence
from services.sft_data.fact import COUNT, MEASURE, is_colour
from services.sft_data.noun_phrase import head_of
from services.sft_data.vocabulary import (
    APPROXIMATELY,
    BY_BASE,
    BY_PARTICIPLE,
    COLOURS,
    DIMENSIONS,
    MONTHS,
    NUMBER,
    WEEKDAYS,
    YEAR,
    is_person_noun,
    is_plural,
)


@dataclass(frozen=True)
class Question:
    """A question, the same inside another sentence ("when the lighthouse was built"), and the value that answers it.

    `rank` 0 is the plain question for a part, 1 another wording of it, 2 a question for the subject of the clause.
    """

    text: str
    indirect: str
    kind: str
    value: str
    rank: int


_MOST_WORDS = 18


def ask(clause: Clause) -> list[Question]:
    """Return the questions that `clause` answers, plainest first, without doubles."""
    found: dict[str, Question] = {}
    for question in [*_ask_parts(clause), *_ask_reason(clause), *_ask_subject(clause)]:
        if len(question.text.split()) <= _MOST_WORDS and "," not in question.text:
            found.setdefault(question.text, question)
    return sorted(found.values(), key=lambda question: question.rank)


def _ask_parts(clause: Clause) -> Iterator[Question]:
    askers = {
        "complement": _ask_complement, "time": _ask_time, "frequency": _ask_frequency, "duration": _ask_duration,
        "place": _ask_place, "agent": _ask_agent, "cause": _ask_agent, "material": _ask_material, "purpose": _ask_purpose,
        "object": _ask_object, "measure": _ask_measure, "extent": _ask_extent, "distance": _ask_distance,
        "result": _ask_result, "other": _ask_other, "condition": _ask_condition,
        "particle": _ask_particle,
    }  # fmt: skip
    if re.match(rf"{APPROXIMATELY}{NUMBER} ", clause.subject.text) and not clause.subject.text.startswith("one "):
        return
    for part in clause.parts:
        if part.role in askers and clause.part(part.role):
            for rank, (wh, rest, kind, value) in enumerate(askers[part.role](clause, part)):
                yield _question(clause, wh, rest, kind, value, min(rank, 1))
        if part.role in {"complement", "measure", "result", "object"}:
            yield from _ask_by_name(clause, part)


def _question(clause: Clause, wh: str, rest: str, kind: str, value: str, rank: int) -> Question:
    verb = clause.verb
    direct = f"{wh} {verb.auxiliary} {clause.subject.text} {verb.remainder} {rest}"
    finite = verb.finite if verb.remainder or not verb.finite.startswith(verb.auxiliary) else verb.auxiliary
    indirect = " ".join(f"{wh} {clause.subject.text} {finite} {rest}".split())
    return Question(as_sentence(direct, "?"), indirect[:1].lower() + indirect[1:], kind, value, rank)


def _noun_question(clause: Clause, wh: str, noun_phrase: str, kind: str, value: str, is_plural_noun: bool = False) -> Question:
    """Ask "What is the height of the tower?": `noun_phrase` with "be" in the tense of the clause."""
    be = ("were" if is_plural_noun else "was") if clause.verb.is_past else ("are" if is_plural_noun else "is")
    indirect = f"{wh[:1].lower()}{wh[1:]} {noun_phrase} {be}"
    return Question(as_sentence(f"{wh} {be} {noun_phrase}", "?"), indirect, kind, value, 1)


Asked = Iterator[tuple[str, str, str, str]]
_ALWAYS_KEPT = ("complement", "infinitive", "object", "particle", "result", "other", "purpose", "occasion", "extent", "material")


def _kept(clause: Clause, *without: str) -> str:
    return " ".join(part.text for part in clause.parts if part.role in _ALWAYS_KEPT and part.role not in without)


def _ask_time(clause: Clause, part: Part) -> Asked:
    rest = _kept(clause)
    if part.preposition.lower() == "since":
        place = clause.part("place")
        yield "Since when", f"{rest} {place.text if place else ''}", "time", part.value
        return
    yield "When", rest, "time", _year_or_all(part)
    if re.fullmatch(rf"in (?:the year )?(?:{YEAR})", part.text):
        yield "In which year", rest, "time", part.value
        yield "In what year", rest, "time", part.value
    elif re.fullmatch(rf"in (?:{MONTHS})", part.text):
        yield "In which month", rest, "time", part.value
    elif re.fullmatch(rf"on (?:{WEEKDAYS})", part.text):
        yield "On which day of the week", rest, "time", part.value
    elif re.fullmatch(rf"on \d\d? (?:{MONTHS})", part.text):
        yield "On which day", rest, "time", part.value
    elif re.match(r"at (?:\d|six|seven|eight|nine|ten|eleven|twelve|one|two|three|four|five)", part.text):
        yield "At what time", rest, "time", part.value


def _year_or_all(part: Part) -> str:
    return part.value if part.preposition.lower() in {"in", "on"} else part.text


def _ask_frequency(clause: Clause, part: Part) -> Asked:
    rest = _kept(clause)
    if re.search(rf"every (?:{WEEKDAYS}|spring|summer|autumn|winter|morning|evening|night|fall)", part.text):
        yield "When", rest, "time", part.text
    yield "How often", rest, "time", part.text


def _ask_duration(clause: Clause, part: Part) -> Asked:
    rest = _kept(clause)
    yield "How long", rest, "quantity", part.value
    yield "For how long", rest, "quantity", part.value
    if found := re.fullmatch(rf"{APPROXIMATELY}{NUMBER} (\w+)", part.value):
        yield f"For how many {_plural_unit(found[1])}", rest, "quantity", part.value


def _plural_unit(unit: str) -> str:
    return unit if is_plural(unit) or unit == "feet" else f"{unit}s"


def _ask_place(clause: Clause, part: Part) -> Asked:
    since = clause.part("time")
    rest = f"{_kept(clause)} {since.text if since and since.preposition == 'since' else ''}"
    yield "Where", rest, "place", part.text
    if found := re.fullmatch(rf"({APPROXIMATELY}{NUMBER} \w+) ((?:north|south|east|west|away) (?:of|from) .+)", part.text):
        yield f"How far {found[2]}", rest, "quantity", found[1]


def _ask_agent(clause: Clause, part: Part) -> Asked:
    # "Who built X?" asks with the active verb: built here by hand, because the subject changes its place.
    preposition = "By whom" if part.role == "agent" else "By what"
    yield preposition, _kept(clause), "agent", part.value
    if not _kept(clause):
        yield "Who" if part.role == "agent" else "What", "by", "agent", part.value


def _ask_material(clause: Clause, part: Part) -> Asked:
    yield "What", f"{_kept(clause, 'material')} {part.preposition}", "property", part.value
    yield f"{part.preposition.capitalize()} what", _kept(clause, "material"), "property", part.value
    yield "What material", f"{_kept(clause, 'material')} {part.preposition}", "property", part.value


def _ask_purpose(clause: Clause, part: Part) -> Asked:
    yield "What", f"{_kept(clause, 'purpose')} for", "purpose", part.value
    yield "For what", _kept(clause, "purpose"), "purpose", part.value
    if part.value.split()[0].endswith("ing"):
        yield "For what purpose", _kept(clause, "purpose"), "purpose", part.value


def _ask_object(clause: Clause, part: Part) -> Asked:
    text = part.text
    lemma = clause.verb.lemma
    following = [other for other in clause.parts if other.role not in {"object", "frequency", "condition", "extent"}]
    if clause.part("infinitive"):
        return
    attached, others = _object_tail(following)
    if others is None:
        return
    value = f"{text} {attached}".strip()
    if found := COUNT.match(text):
        counted = found["counted"]
        if not re.search(r",| and | or | more ", counted) and is_plural(head_of(counted.split())):
            rest = " ".join(other.text for other in following if other.role not in {"agent"})
            yield f"How many {counted}", rest, "quantity", found["number"]
            return
    if found := re.match(rf"an? (height|length|width|depth|weight|age|size|speed|distance) of ({APPROXIMATELY}{NUMBER} \w+)", text):
        yield f"What {found[1]}", others, "quantity", found[2]
        return
    if lemma == "have":
        located = re.fullmatch(r"(on|in|at|around|under) (its|their|his|her) \w+", attached)
        if located:
            yield "What", attached, "property", text
        if (kind := re.fullmatch(r"(an? )?((?:[a-z-]+ ){1,2})([a-z]+)", text)) and not re.match(NUMBER, kind[2]) and not located:
            if not re.search(r"\b(?:and|of|many|more|no|the|other|same|great|very|few|much|all)\b", kind[2]) and (kind[1] or is_plural(kind[3])):
                yield f"What kind of {kind[3]}", f"{others} {attached}", "property", text
        return
    has_owner = text.split()[0] in {"its", "his", "her", "their"}
    if lemma in {"spend", "help", "let", "remain", "seem", "appear", "stay"} or (lemma in {"hold", "make"} and has_owner) or clause.part("result"):
        return
    if is_person_noun(head_of(text.split())) or (text[0].isupper() and not clause.subject.is_person):
        return
    yield "What", others, "action", value


def _object_tail(following: list[Part]) -> tuple[str, str | None]:
    """Divide what follows an object into what may belong to it and what stays in the question; None where mixed."""
    attached: list[str] = []
    kept: list[str] = []
    for part in following:
        stays = part.role in {"place", "occasion", "time", "particle", "duration", "distance"} or part.preposition in {"to", "into", "onto", "against", "at"}
        if not stays and kept:
            return "", None
        (kept if stays else attached).append(part.text)
    return " ".join(attached), " ".join(kept)


def _ask_measure(clause: Clause, part: Part) -> Asked:
    rest = _kept(clause)
    lemma = clause.verb.lemma
    wh = {"cost": "How much", "weigh": "How much", "last": "How long", "take": "How long"}.get(lemma)
    if wh:
        yield wh, rest, "quantity", part.text
    if found := re.fullmatch(rf"{APPROXIMATELY}{NUMBER} ([a-z]+)", part.text):
        yield f"How many {_plural_unit(found[1])}", rest, "quantity", part.text


def _ask_extent(clause: Clause, part: Part) -> Asked:
    found = re.match(r"to an? (\w+) of (.+)", part.text)
    if not found:
        return
    rest = _kept(clause, "extent")
    adjective = {"depth": "deep", "height": "high"}.get(found[1])
    if adjective:
        yield f"How {adjective}", rest, "quantity", found[2]
    yield f"To what {found[1]}", rest, "quantity", found[2]


def _ask_distance(clause: Clause, part: Part) -> Asked:
    value = part.text.removeprefix("from a distance of ")
    yield "From what distance", _kept(clause), "quantity", value
    yield "From how far away", _kept(clause), "quantity", value


def _ask_result(clause: Clause, part: Part) -> Asked:
    lemma = clause.verb.lemma
    rest = _kept(clause, "result")
    if is_colour(part.text):
        after = " ".join(other.text for other in clause.parts if other.role == "time")
        yield "What colour", f"{rest} {after}", "property", part.text
        if clause.verb.voice == "passive":
            yield "In what colour", rest, "property", part.text
    elif lemma in {"call", "name"}:
        yield "What", rest, "name", part.text


def _ask_other(clause: Clause, part: Part) -> Asked:
    prep = part.preposition.lower()
    if clause.part("object") or not prep or clause.part("result") or clause.part("infinitive"):
        return
    before = " ".join(other.text for other in clause.parts if other.role in {"particle", "result"})
    after = " ".join(other.text for other in clause.parts if other.role == "occasion" or other.text.startswith("at "))
    if prep == "to" and clause.verb.lemma in {"travel", "go", "come", "move", "migrate", "fly", "sail", "walk", "return", "swim", "run"}:
        yield "Where", before, "place", part.text
    elif prep in {"with", "on", "of", "for", "from", "into", "like", "as", "against", "through", "over", "to", "under"}:
        if is_person_noun(head_of(part.value.split())) or (part.value[0].isupper() and prep in {"to", "with", "for", "from"}):
            return
        if clause.verb.voice == "active" and prep in {"to", "as", "for", "from"} and clause.verb.lemma not in {"lead", "belong", "refer", "serve", "differ"}:
            return
        yield "What", f"{before} {prep} {after}", "action", part.value
        if prep in {"with", "of", "from", "into", "on"}:
            yield f"{prep.capitalize()} what", f"{before} {after}", "action", part.value


def _ask_particle(clause: Clause, part: Part) -> Asked:
    if part.text in {"forwards", "backwards", "sideways"}:
        yield "In which direction", _kept(clause, "particle"), "property", part.text


def _ask_condition(clause: Clause, part: Part) -> Asked:
    if part.text.startswith("when "):
        yield "When", _kept(clause), "time", part.text


def _ask_complement(clause: Clause, part: Part) -> Asked:
    text = part.text
    subject = clause.subject
    if clause.verb.remainder:
        return
    if re.match(MEASURE, text):
        for found in re.finditer(MEASURE.pattern.replace("(?P<rest>.*)", ""), text):
            yield f"How {found['adjective']}", "", "quantity", f"{found['number']} {found['unit']}"
            yield f"How many {_plural_unit(found['unit'])} {found['adjective']}", "", "quantity", f"{found['number']} {found['unit']}"
    elif found := re.match(r"as (\w+) as .+", text):
        yield f"How {found[1]}", "", "property", text
    elif is_colour(text):
        yield "What colour", "", "property", text
    elif found := re.fullmatch(r"(famous|known|afraid|full|rich|responsible|named|similar|open|worth|deaf|home|proud|fond|free|typical|capable|equal|related|native|important) (for|of|in|to|from|as) (.+)", text):
        if found[1] not in {"open", "deaf", "free"}:
            yield "What", f"{found[1]} {found[2]}", "property", found[3]
            if found[1] == "famous":
                yield "For what", "famous", "property", found[3]
    elif found := re.fullmatch(r"((?:\w+er|more \w+|less \w+) than) (.+)", text):
        yield "What", found[1], "property", found[2]
    elif found := re.fullmatch(r"worth (.+)", text):
        yield "What", "worth", "property", found[1]
    elif re.fullmatch(r"[a-z]+", text) and " of " in subject.text and (text.endswith(_ADJECTIVE_ENDINGS) or text in _ADJECTIVES):
        yield "What", "like", "property", text
    elif re.match(r"(?:on|in|at|near|beside|under|beneath|behind|between) ", text):
        if any(word[0].isupper() for word in text.split()):
            yield "Where", "", "place", text
    elif _is_naming(text) or (" " not in text and (re.match(r"the (?:national|favourite|favorite|\w+est|official) ", subject.text) or is_person_noun(text))):
        wh = "Who" if _asks_for_person(clause, text) else "What"
        if wh == "Who" or subject.is_person is not True:
            yield wh, "", "definition" if text[0].islower() else "name", text


_ADJECTIVE_ENDINGS = ("less", "ous", "ful", "able", "ible", "ive", "ical", "ary")
_ADJECTIVES = frozenset("hard soft sweet sour bitter salty rare common cheap expensive heavy light warm cold hot dry wet shy tame".split())


def _is_naming(text: str) -> bool:
    return text[0].isupper() or bool(re.match(r"(?:an?|the|one of the) ", text))


def _asks_for_person(clause: Clause, complement: str) -> bool:
    if clause.subject.is_person:
        return True
    return clause.subject.is_person is None and is_person_noun(head_of(complement.split()))


def _ask_by_name(clause: Clause, part: Part) -> Iterator[Question]:
    """Ask with a noun for what the clause says with a verb or an adjective: "What is the height of the tower?"."""
    subject, text = clause.subject.text, part.text
    if part.role == "complement":
        for found in re.finditer(MEASURE.pattern.replace("(?P<rest>.*)", ""), text):
            yield _noun_question(clause, "What", f"the {DIMENSIONS[found['adjective']]} of {subject}", "quantity", f"{found['number']} {found['unit']}")
        if is_colour(text):
            yield _noun_question(clause, "What", f"the colour of {subject}", "property", text)
        if (found := re.fullmatch(r"the (most \w+|\w+est|first|oldest|largest) (\w+) (of|in|on) (.+)", subject)) and text[0].isupper():
            if not is_person_noun(found[2]) and not clause.subject.is_plural:
                be = clause.verb.auxiliary
                ordinal = "" if found[1] != "first" else " one"
                text_ = f"Which {found[2]} {found[3]} {found[4]} {be} the {found[1]}{ordinal}"
                yield Question(as_sentence(text_, "?"), text_[:1].lower() + text_[1:], "name", text, 1)
        if clause.subject.is_person and not clause.subject.is_plural and (found := re.fullmatch(r"an? ([a-z]+)", text)) and is_person_noun(found[1]):
            yield _noun_question(clause, "What", f"the profession of {subject}", "definition", text)
        if text[0].isupper() and clause.subject.is_plural is False and subject.startswith("the "):
            yield _noun_question(clause, "What", f"the name of {subject}", "name", text)
    elif part.role == "measure":
        noun = {"cost": "price", "weigh": "weight"}.get(clause.verb.lemma)
        if noun:
            yield _noun_question(clause, "What", f"the {noun} of {subject}", "quantity", text)
    elif part.role == "result" and clause.verb.finite in {"is called", "was called"} and subject.startswith("the "):
        yield _noun_question(clause, "What", f"the name of {subject}", "name", text)
    elif part.role == "result" and is_colour(text) and clause.verb.voice == "passive":
        yield _noun_question(clause, "What", f"the colour of {subject}", "property", text)
    elif part.role == "object" and clause.verb.lemma == "have" and len(clause.parts) == 1:
        found = re.fullmatch(r"(an? )?(?:[a-z]+ )?([a-z]+) ([a-z]+)", text)
        if found and found[2] in COLOURS and (found[1] or is_plural(found[3])):
            yield _noun_question(clause, "What colour", f"the {found[3]} of {subject}", "property", found[2], is_plural_noun=not found[1])


def _ask_reason(clause: Clause) -> Iterator[Question]:
    if clause.reason:
        rest = " ".join(part.text for part in clause.parts)
        yield _question(clause, "Why", rest, "reason", clause.reason.removeprefix("because "), 0)


def _ask_subject(clause: Clause) -> Iterator[Question]:
    """Ask for the subject: "Who invented the Tide Engine?", "Who built the lighthouse?" (from the passive)."""
    subject, verb = clause.subject, clause.verb
    agent = clause.part("agent") or clause.part("cause")
    if agent and (active := active_verb(clause, agent)):
        wh = "Who" if agent.role == "agent" else "What"
        text = " ".join(f"{active} {subject.text} {_kept(clause)}".split())
        yield Question(as_sentence(f"{wh} {text}", "?"), f"{wh.lower()} {text}", "agent", agent.value, 0)
    counted = re.match(rf"{APPROXIMATELY}(?P<number>{NUMBER}) (?P<noun>.+)", subject.text)
    if counted and " of the " not in f" {counted['noun']}" and is_plural(head_of(counted["noun"].split())):
        text = f"How many {counted['noun']} {clause.predicate}"
        yield Question(f"{text}?", text[0].lower() + text[1:], "quantity", counted["number"], 0)
        return
    if subject.is_person is None or subject.text.split()[0] in {"a", "an", "one", "every", "about"}:
        return
    if re.search(r"\b(?:its|his|her|their|himself|itself)\b", clause.predicate):
        return
    wh = "Who" if subject.is_person else f"Which {subject.noun}" if subject.noun else "What"
    complement = clause.part("complement")
    if verb.voice == "copula":
        wh = "What" if wh.startswith("Which") else wh
        if complement and complement.text.startswith("the ") and not subject.is_plural:
            yield Question(f"{wh} {verb.auxiliary} {complement.text}?", f"{wh[0].lower()}{wh[1:]} {complement.text} {verb.auxiliary}", "subject", subject.text, 2)
        return
    if subject.is_plural and not (verb.auxiliary in {"did", "had"}):
        return
    if len(clause.predicate.split()) > 2 and any(part.role in {"object", "other", "place", "time", "cause", "agent"} for part in clause.parts):
        yield Question(f"{wh} {clause.predicate}?", f"{wh[0].lower()}{wh[1:]} {clause.predicate}", "subject", subject.text, 2)


def active_verb(clause: Clause, agent: Part) -> str:
    """Return the active form of a passive verb for `agent` as its subject, or nothing where it is not known."""
    verb = clause.verb
    if verb.voice != "passive" or " " in verb.remainder or verb.lemma in {"bear", "know"} or clause.part("particle"):
        return ""
    known = BY_PARTICIPLE.get(verb.remainder)
    if verb.auxiliary in {"was", "were"}:
        return known.past if known else verb.remainder
    if verb.auxiliary in {"is", "are"} and known and known.base in BY_BASE:
        return known.third
    return ""
