"""How each part of a clause is asked for: the question word, and what of the clause stays in the question."""

import re
from collections.abc import Callable, Iterator

from services.sft_data.clause import Clause
from services.sft_data.fact import ABOUT, COUNT, MEASURE, is_colour
from services.sft_data.noun_phrase import head_of
from services.sft_data.part import Part
from services.sft_data.vocabulary import (
    APPROXIMATELY,
    MONTHS,
    NUMBER,
    WEEKDAYS,
    YEAR,
    is_person_noun,
    is_plural,
    word_set,
)

Asked = Iterator[tuple[str, str, str, str]]

_ALWAYS_KEPT = (
    "complement",
    "infinitive",
    "object",
    "particle",
    "result",
    "other",
    "purpose",
    "occasion",
    "extent",
    "material",
)


def kept(clause: Clause, *without: str) -> str:
    return " ".join(part.text for part in clause.parts if part.role in _ALWAYS_KEPT and part.role not in without)


def _ask_time(clause: Clause, part: Part) -> Asked:
    rest = kept(clause)
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
    rest = kept(clause)
    if re.search(rf"every (?:{WEEKDAYS}|spring|summer|autumn|winter|morning|evening|night|fall)", part.text):
        yield "When", rest, "time", part.text
    yield "How often", rest, "time", part.text


def _ask_duration(clause: Clause, part: Part) -> Asked:
    rest = kept(clause)
    yield "How long", rest, "quantity", part.value
    yield "For how long", rest, "quantity", part.value
    if found := re.fullmatch(rf"{APPROXIMATELY}{NUMBER} (\w+)", part.value):
        yield f"For how many {plural_unit(found[1])}", rest, "quantity", part.value


def plural_unit(unit: str) -> str:
    return unit if is_plural(unit) or unit == "feet" else f"{unit}s"


def _ask_place(clause: Clause, part: Part) -> Asked:
    since = clause.part("time")
    rest = f"{kept(clause)} {since.text if since and since.preposition == 'since' else ''}"
    yield "Where", rest, "place", part.text
    if found := re.fullmatch(
        rf"({APPROXIMATELY}{NUMBER} \w+) ((?:north|south|east|west|away) (?:of|from) .+)", part.text
    ):
        yield f"How far {found[2]}", rest, "quantity", found[1]


def _ask_agent(clause: Clause, part: Part) -> Asked:
    # "Who built X?" asks with the active verb: built here by hand, because the subject changes its place.
    preposition = "By whom" if part.role == "agent" else "By what"
    yield preposition, kept(clause), "agent", part.value
    if not kept(clause):
        yield "Who" if part.role == "agent" else "What", "by", "agent", part.value


def _ask_material(clause: Clause, part: Part) -> Asked:
    yield "What", f"{kept(clause, 'material')} {part.preposition}", "property", part.value
    yield f"{part.preposition.capitalize()} what", kept(clause, "material"), "property", part.value
    yield "What material", f"{kept(clause, 'material')} {part.preposition}", "property", part.value


def _ask_purpose(clause: Clause, part: Part) -> Asked:
    yield "What", f"{kept(clause, 'purpose')} for", "purpose", part.value
    yield "For what", kept(clause, "purpose"), "purpose", part.value
    if part.value.split()[0].endswith("ing"):
        yield "For what purpose", kept(clause, "purpose"), "purpose", part.value


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
    if found := re.match(
        rf"an? (height|length|width|depth|weight|age|size|speed|distance) of ({APPROXIMATELY}{NUMBER} \w+)", text
    ):
        yield f"What {found[1]}", others, "quantity", found[2]
        return
    if lemma == "have":
        yield from _ask_possession(text, others, attached)
        return
    has_owner = text.split()[0] in {"its", "his", "her", "their"}
    if (
        lemma in {"spend", "help", "let", "remain", "seem", "appear", "stay"}
        or (lemma in {"hold", "make"} and has_owner)
        or clause.part("result")
    ):
        return
    if text in {"each other", "one another"}:
        return
    if is_person_noun(head_of(text.split())) or (text[0].isupper() and not clause.subject.is_person):
        return
    yield "What", others, "action", value


def _ask_possession(text: str, others: str, attached: str) -> Asked:
    """Ask for what something has: "What does the deer have on its nose?", "What kind of leg does he have?"."""
    if re.fullmatch(r"(on|in|at|around|under) (its|their|his|her) \w+", attached):
        yield "What", attached, "property", text
        return
    found = re.fullmatch(r"(an? )?((?:[a-z-]+ ){1,2})([a-z]+)", text)
    if not found or re.match(NUMBER, found[2]) or not (found[1] or is_plural(found[3])):
        return
    if not re.search(r"\b(?:and|of|many|more|no|the|other|same|great|very|few|several|various|much|all)\b", found[2]):
        yield f"What kind of {found[3]}", f"{others} {attached}", "property", text


def _object_tail(following: list[Part]) -> tuple[str, str | None]:
    """Divide what follows an object into what may belong to it and what stays in the question; None where mixed."""
    attached: list[str] = []
    kept: list[str] = []
    for part in following:
        stays = part.role in {"place", "occasion", "time", "particle", "duration", "distance"} or part.preposition in {
            "to",
            "into",
            "onto",
            "against",
            "at",
        }
        if not stays and kept:
            return "", None
        (kept if stays else attached).append(part.text)
    return " ".join(attached), " ".join(kept)


def _ask_measure(clause: Clause, part: Part) -> Asked:
    rest = kept(clause)
    lemma = clause.verb.lemma
    wh = {"cost": "How much", "weigh": "How much", "last": "How long", "take": "How long"}.get(lemma)
    if wh:
        yield wh, rest, "quantity", part.text
    if found := re.fullmatch(rf"{APPROXIMATELY}{NUMBER} ([a-z]+)", part.text):
        yield f"How many {plural_unit(found[1])}", rest, "quantity", part.text


def _ask_extent(clause: Clause, part: Part) -> Asked:
    found = re.match(r"to an? (\w+) of (.+)", part.text)
    if not found:
        return
    rest = kept(clause, "extent")
    adjective = {"depth": "deep", "height": "high"}.get(found[1])
    if adjective:
        yield f"How {adjective}", rest, "quantity", found[2]
    yield f"To what {found[1]}", rest, "quantity", found[2]


def _ask_distance(clause: Clause, part: Part) -> Asked:
    value = part.text.removeprefix("from a distance of ")
    yield "From what distance", kept(clause), "quantity", value
    yield "From how far away", kept(clause), "quantity", value


def _ask_result(clause: Clause, part: Part) -> Asked:
    lemma = clause.verb.lemma
    rest = kept(clause, "result")
    if is_colour(part.text):
        after = " ".join(other.text for other in clause.parts if other.role == "time")
        yield "What colour", f"{rest} {after}", "property", part.text
        if clause.verb.voice == "passive":
            yield "In what colour", rest, "property", part.text
    elif lemma in {"call", "name"}:
        yield "What", rest, "name", part.text


def _ask_other(clause: Clause, part: Part) -> Asked:
    prep = part.preposition.lower()
    has_more = any(clause.part(role) for role in ("object", "result", "infinitive"))
    if has_more or not prep or clause.verb.lemma in {"take", "get", "put", "go", "come", "make", "carry"}:
        return
    before = " ".join(other.text for other in clause.parts if other.role in {"particle", "result"})
    after = " ".join(other.text for other in clause.parts if other.role == "occasion" or other.text.startswith("at "))
    if prep == "to" and clause.verb.lemma in {
        "travel",
        "go",
        "come",
        "move",
        "migrate",
        "fly",
        "sail",
        "walk",
        "return",
        "swim",
        "run",
    }:
        yield "Where", before, "place", part.text
    elif prep in {"with", "on", "of", "for", "from", "into", "like", "as", "against", "through", "over", "to", "under"}:
        if is_person_noun(head_of(part.value.split())) or (
            part.value[0].isupper() and prep in {"to", "with", "for", "from"}
        ):
            return
        if (
            clause.verb.voice == "active"
            and prep in {"to", "as", "for", "from"}
            and clause.verb.lemma not in {"lead", "belong", "refer", "serve", "differ"}
        ):
            return
        yield "What", f"{before} {prep} {after}", "action", part.value
        if prep in {"with", "of", "from", "into", "on"}:
            yield f"{prep.capitalize()} what", f"{before} {after}", "action", part.value


def _ask_particle(clause: Clause, part: Part) -> Asked:
    if part.text in {"forwards", "backwards", "sideways"}:
        yield "In which direction", kept(clause, "particle"), "property", part.text


def _ask_condition(clause: Clause, part: Part) -> Asked:
    if part.text.startswith("when "):
        yield "When", kept(clause), "time", part.text


def _ask_complement(clause: Clause, part: Part) -> Asked:
    text = part.text
    subject = clause.subject
    if clause.verb.remainder:
        return
    if MEASURE.match(text):
        for found in MEASURE.finditer(text):
            yield f"How {found['adjective']}", "", "quantity", f"{found['number']} {found['unit']}"
            yield (
                f"How many {plural_unit(found['unit'])} {found['adjective']}",
                "",
                "quantity",
                f"{found['number']} {found['unit']}",
            )
    elif found := re.match(r"as (\w+) as .+", text):
        yield f"How {found[1]}", "", "property", text
    elif is_colour(text):
        yield "What colour", "", "property", text
    elif found := re.fullmatch(ABOUT, text):
        yield "What", f"{found['adjective']} {found['preposition']}", "property", found["of"]
        if found["adjective"] == "famous":
            yield "For what", "famous", "property", found["of"]
    elif found := re.fullmatch(r"((?:\w+er|more \w+|less \w+) than) (.+)", text):
        yield "What", found[1], "property", found[2]
    elif found := re.fullmatch(r"worth (.+)", text):
        yield "What", "worth", "property", found[1]
    elif (
        re.fullmatch(r"[a-z]+", text)
        and " of " in subject.text
        and (text.endswith(_ADJECTIVE_ENDINGS) or text in _ADJECTIVES)
    ):
        yield "What", "like", "property", text
    elif re.match(r"(?:on|in|at|near|beside|under|beneath|behind|between) ", text):
        if any(word[0].isupper() for word in text.split()):
            yield "Where", "", "place", text
    elif re.fullmatch(r"the (?:reason|answer|key|goal|case|problem|same|result|point|company)", text):
        return
    elif _is_naming(text) or (
        " " not in text
        and (re.match(r"the (?:national|favourite|favorite|\w+est|official) ", subject.text) or is_person_noun(text))
    ):
        wh = "Who" if _asks_for_person(clause, text) else "What"
        if wh == "Who" or subject.is_person is not True:
            yield wh, "", "definition" if text[0].islower() else "name", text


_ADJECTIVE_ENDINGS = ("less", "ous", "ful", "able", "ible", "ive", "ical", "ary")

_ADJECTIVES = word_set(
    "hard soft sweet sour bitter salty rare common cheap expensive heavy light warm cold hot dry wet shy tame"
)


def _is_naming(text: str) -> bool:
    return text[0].isupper() or bool(re.match(r"(?:an?|the|one of the) ", text))


def _asks_for_person(clause: Clause, complement: str) -> bool:
    if clause.subject.is_person:
        return True
    return clause.subject.is_person is None and is_person_noun(head_of(complement.split()))


ASKERS: dict[str, Callable[[Clause, Part], Asked]] = {
    "complement": _ask_complement, "time": _ask_time, "frequency": _ask_frequency, "duration": _ask_duration,
    "place": _ask_place, "agent": _ask_agent, "cause": _ask_agent, "material": _ask_material, "purpose": _ask_purpose,
    "object": _ask_object, "measure": _ask_measure, "extent": _ask_extent, "distance": _ask_distance,
    "result": _ask_result, "other": _ask_other, "condition": _ask_condition,
    "particle": _ask_particle,
}  # fmt: skip
