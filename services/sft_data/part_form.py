"""Other ways of saying what one part of a clause says: "X has a height of 52 metres", "The height of X is ..."."""

import re
from collections.abc import Callable, Iterator

from services.sft_data.clause import Clause
from services.sft_data.fact import COUNT, is_colour
from services.sft_data.noun_phrase import head_of
from services.sft_data.part import Part
from services.sft_data.question import active_verb
from services.sft_data.vocabulary import (
    APPROXIMATELY,
    BY_BASE,
    DIMENSIONS,
    NUMBER,
    YEAR,
    is_person_noun,
    is_plural,
    word_set,
)

_PASSIVES = word_set(
    """build write paint invent discover found design plan eat hunt drink visit burn use pump carry protect end destroy
    teach create open buy serve pollinate cross own compose publish describe introduce cause produce cover
    determine influence show win steal repair draw sell store organize celebrate measure support sing"""
)

_TWO_MEASURES = "{0} and {0}".format(rf"({APPROXIMATELY}{NUMBER} \w+) ({'|'.join(DIMENSIONS)})")


def _complement_forms(clause: Clause, part: Part) -> Iterator[str]:
    subject, verb, text = clause.subject.text, clause.verb, part.text
    be = verb.finite
    if found := re.fullmatch(_TWO_MEASURES, text):
        first, second = (
            f"the {DIMENSIONS[found[2]]} of {subject} is {found[1]}",
            f"the {DIMENSIONS[found[4]]} of {subject} is {found[3]}",
        )
        yield f"{first}, and {second}"
        yield f"{second}, and {first}"
        yield f"{subject} {be} {found[3]} {found[4]} and {found[1]} {found[2]}"
        if be == "is":
            yield f"{subject} has a {DIMENSIONS[found[2]]} of {found[1]} and a {DIMENSIONS[found[4]]} of {found[3]}"
            yield f"{subject} measures {found[1]} in {DIMENSIONS[found[2]]} and {found[3]} in {DIMENSIONS[found[4]]}"
    elif found := re.fullmatch(
        rf"({APPROXIMATELY}{NUMBER} \w+) ({'|'.join(DIMENSIONS)})(| (?:at|in|from|on) .+)", text
    ):
        noun = DIMENSIONS[found[2]]
        singular = "was" if verb.is_past else "is"
        yield f"The {noun} of {subject} {singular} {found[1]}{found[3]}"
        if verb.voice == "copula" and verb.auxiliary in {"is", "are", "was", "were"}:
            has = {"is": "has", "are": "have"}.get(verb.auxiliary, "had")
            measures = {"is": "measures", "are": "measure"}.get(verb.auxiliary, "measured")
            article = "an" if noun[0] in "aeiou" else "a"
            yield f"{subject} {has} {article} {noun} of {found[1]}{found[3]}"
            if noun not in {"age", "weight"}:
                yield f"{subject} {measures} {found[1]} in {noun}{found[3]}"
        yield f"{found[1]}: that {singular} the {noun} of {subject}"
    elif is_colour(text):
        singular = "was" if verb.is_past else "is"
        yield f"The colour of {subject} {singular} {text}"
        yield f"{subject} {be} {text} in colour"
        yield f"{text} {singular} the colour of {subject}"
        yield (
            f"{subject} {'have' if clause.subject.is_plural else 'has'} a {text} colour"
            if not verb.is_past and text[0] not in "aeiou"
            else ""
        )
    elif (
        (text.startswith("the ") or text[0].isupper())
        and not clause.subject.is_plural
        and verb.auxiliary in {"is", "was"}
    ):
        is_name = subject[0].isupper() or subject.startswith("the ")
        if is_name:
            yield f"{text} {be} {subject}"
        if text[0].isupper() and subject.startswith("the "):
            yield f"The name of {subject} {be} {text}"
            yield f"{text} {be} the name of {subject}"
            if not clause.subject.is_person:
                yield f"{subject} {be} called {text}"
    elif found := re.fullmatch(r"famous for (.+)", text):
        yield f"{subject} {be} known for {found[1]}"
        yield f"People know {subject} for {found[1]}" if not verb.is_past else ""
    elif re.match(r"an? ", text) and not clause.subject.is_plural and verb.auxiliary in {"is", "was"}:
        yield f"{text}: that {be} {subject}"
        if clause.subject.is_person and len(text.split()) == 2 and verb.is_past and is_person_noun(text.split()[1]):
            yield f"{subject} worked as {text}"
            yield f"{subject} earned a living as {text}"
            yield f"The profession of {subject} was that of {text}"
        if not verb.is_past and clause.subject.is_person is False and " of " not in subject:
            yield f"There is {text} that is called {subject}"
            yield f"{subject} can be described as {text}"
            yield f"Think of {subject} as {text}"


def _agent_forms(clause: Clause, part: Part) -> Iterator[str]:
    subject, verb = clause.subject.text, clause.verb
    others = " ".join(other.text for other in clause.parts if other is not part)
    be = "was" if verb.is_past else "is"
    pronoun = "who" if part.role == "agent" else "that"
    if active := active_verb(clause, part):
        head = head_of(part.value.split())
        is_many = " and " in part.value or is_plural(head) and head.islower()
        if not is_many or verb.is_past:
            yield f"{part.value} {active} {subject} {others}"
        yield f"It {be} {part.value} {pronoun} {active} {subject} {others}"
        if part.role == "agent" and not is_many:
            yield f"The person who {active} {subject} {others} {be} {part.value}"
    yield f"It {be} by {part.value} that {subject} {verb.finite} {others}"
    front = clause.part("time")
    if front:
        rest = clause.text_without("time")
        yield f"{front.text}, {subject} {verb.finite} {rest}"
        if active:
            rest = clause.text_without("time", part.role)
            yield f"{front.text}, {part.value} {active} {subject} {rest}"


def _time_forms(clause: Clause, part: Part) -> Iterator[str]:
    subject, verb = clause.subject.text, clause.verb
    others = " ".join(other.text for other in clause.parts if other is not part)
    if re.fullmatch(rf"in (?:{YEAR})", part.text):
        yield f"The year in which {subject} {verb.finite} {others} was {part.value}"
        yield f"{part.value} was the year in which {subject} {verb.finite} {others}"
        if verb.lemma == "bear" and verb.voice == "passive":
            yield f"{subject} came into the world {part.text} {others}"
        if verb.lemma == "die":
            yield f"The year of {subject}'s death was {part.value}"
            yield f"The life of {subject} ended {part.text} {others}"
        if (
            verb.voice == "passive"
            and verb.auxiliary == "was"
            and not others
            and verb.lemma in {"build", "open", "found", "finish", "close"}
        ):
            state = {"open": "open", "close": "closed"}.get(verb.lemma)
            yield f"{subject} has been {state} since {part.value}" if state else f"{subject} dates from {part.value}"
    elif part.preposition.lower() in {"in", "on", "at", "from", "before", "after"}:
        shown = part.value if part.preposition.lower() in {"in", "on", "at"} else part.text
        yield f"The time when {subject} {verb.finite} {others} is {shown}" if not verb.is_past else ""


def _place_forms(clause: Clause, part: Part) -> Iterator[str]:
    subject, verb = clause.subject.text, clause.verb
    if (
        len(clause.parts) > 1
        or verb.voice != "active"
        or verb.finite.split()[0] in {"can", "must", "has"}
        or re.match(r"\d|about", part.text)
    ):
        return
    plain = {"stand", "lie", "live", "grow", "hang", "nest", "breed", "sit"}
    if verb.lemma in plain and not verb.is_past:
        yield f"{part.text} {verb.finite} {subject}"
        yield f"{subject} can be found {part.text}"
        yield f"You can find {subject} {part.text}"
        yield f"People find {subject} {part.text}"
        if verb.lemma == "live":
            yield f"The home of {subject} is {part.text}"
            yield (
                f"{subject} {'have their' if clause.subject.is_plural else 'has its'} home {part.text}"
                if clause.subject.is_person is False
                else ""
            )
        if verb.lemma in {"stand", "lie", "hang"}:
            yield f"{subject} {'are' if clause.subject.is_plural else 'is'} {part.text}"


def _measure_forms(clause: Clause, part: Part) -> Iterator[str]:
    subject, verb, text = clause.subject.text, clause.verb, part.text
    others = " ".join(other.text for other in clause.parts if other is not part)
    be = "was" if verb.is_past else "is"
    has = "had" if verb.is_past else "have" if clause.subject.is_plural else "has"
    noun = {"cost": "price", "weigh": "weight", "span": "span"}.get(verb.lemma)
    if noun and not others:
        yield f"The {noun} of {subject} {be} {text}"
        yield f"{text}: that {be} the {noun} of {subject}"
    if verb.lemma == "cost" and not verb.is_past:
        yield f"You pay {text} for {subject} {others}"
        yield f"For {subject} you must pay {text} {others}"
        yield f"Anyone can have {subject} for {text} {others}"
    elif verb.lemma == "weigh":
        yield f"{subject} {has} a weight of {text} {others}"
    elif verb.lemma == "last":
        goes = "went" if verb.is_past else "go" if clause.subject.is_plural else "goes"
        yield f"{subject} {goes} on for {text} {others}"
        yield f"{subject} {'took' if verb.is_past else 'take' if clause.subject.is_plural else 'takes'} {text} {others}"
        yield f"It {be} {text} that {subject} {verb.finite} {others}"
    elif verb.lemma == "take" and not verb.is_past:
        yield f"You need {text} for {subject} {others}"
        yield f"{subject} {'last' if clause.subject.is_plural else 'lasts'} {text} {others}"
    elif verb.lemma in {"measure", "span"}:
        yield f"{subject} {has} a span of {text} {others}" if "wings" in subject else ""


def _object_forms(clause: Clause, part: Part) -> Iterator[str]:
    subject, verb, text = clause.subject.text, clause.verb, part.text
    others = " ".join(other.text for other in clause.parts if other is not part)
    be = "was" if verb.is_past else "is"
    counted = COUNT.match(text)
    if counted and is_plural(head_of(counted["counted"].split())) and not re.search(r" and | or |, ", text):
        number = counted["number"]
        yield f"The number of {counted['counted']} that {subject} {verb.finite} {others} is {number}"
        yield f"{number} is the number of {counted['counted']} that {subject} {verb.finite} {others}"
        if verb.lemma == "have" and verb.finite in {"has", "have", "had"}:
            yield f"{subject} {verb.finite} a total of {number} {counted['counted']} {others}"
            possesses = {"has": "possesses", "have": "possess", "had": "possessed"}[verb.finite]
            yield f"{subject} {possesses} {number} {counted['counted']} {others}"
    if verb.lemma == "have" or clause.part("infinitive"):
        return
    if not counted and not clause.part("result") and verb.lemma not in {"spend", "take", "give"}:
        yield f"It {be} {text} that {subject} {verb.finite} {others}"
        yield f"What {subject} {verb.finite} {others} {be} {text}"
    if verb.lemma == "eat" and verb.finite in {"eat", "eats"} and not others:
        yield f"{subject} {'feed' if clause.subject.is_plural else 'feeds'} on {text}"
        yield f"{subject} {'live' if clause.subject.is_plural else 'lives'} on {text}"
        yield (
            f"The food of {subject} is {text}"
            if " and " not in text and not is_plural(text.split()[-1])
            else f"The diet of {subject} consists of {text}"
        )
    if verb.lemma == "contain" and verb.finite in {"contain", "contains"}:
        yield f"There is {text} in {subject} {others}" if re.match(r"an? ", text) else ""
        yield (
            f"{subject} {'are' if clause.subject.is_plural else 'is'} made with {text} {others}"
            if not re.match(r"an? ", text)
            else ""
        )
    yield from _passive(clause, part, others)
    if (
        (found := re.fullmatch(r"an? (height|length|width|depth|weight) of (.+)", text))
        and verb.lemma == "reach"
        and not others
    ):
        adjective = {noun: word for word, noun in reversed(DIMENSIONS.items())}[found[1]]
        yield (
            f"{subject} {'grow' if clause.subject.is_plural else 'grows'} {found[2]} {adjective}"
            if verb.finite in {"reach", "reaches"}
            else ""
        )
        yield f"The {found[1]} of {subject} is {found[2]}"
        yield f"{subject} can be {found[2]} {adjective}"


def _passive(clause: Clause, part: Part, others: str) -> Iterator[str]:
    verb, text = clause.verb, part.text
    if verb.lemma not in _PASSIVES or " " in verb.finite or re.search(r"\b(?:its|his|her|their|only|about)\b", text):
        return
    head = head_of(text.split())
    is_many = (
        " and " in text
        or bool(re.match(rf"{NUMBER} ", text))
        or (is_plural(head) and (head.islower() or text[0].islower()))
    )
    if head[0].isupper() and is_many and not text.startswith("the "):
        return
    be = ("were" if is_many else "was") if verb.is_past else ("are" if is_many else "is")
    participle = BY_BASE[verb.lemma].participle if verb.lemma in BY_BASE else "founded"
    agent = clause.subject.text
    if verb.is_past or clause.subject.is_person or not others:
        yield f"{text} {be} {participle} by {agent} {others}"


def _material_forms(clause: Clause, part: Part) -> Iterator[str]:
    subject, verb = clause.subject.text, clause.verb
    others = " ".join(other.text for other in clause.parts if other is not part)
    be = "was" if verb.is_past else "is"
    if others or verb.voice != "passive":
        return
    if part.preposition == "of":
        yield f"The material of {subject} {be} {part.value}"
    if " and " not in part.value and not is_plural(part.value.split()[-1]):
        yield f"{part.value} {be} the material {part.preposition} which {subject} {verb.finite}"
    yield f"It {be} {part.text} that {subject} {verb.finite}"
    yield f"What {subject} {verb.finite} {part.preposition} {be} {part.value}"


def _purpose_forms(clause: Clause, part: Part) -> Iterator[str]:
    subject, verb = clause.subject.text, clause.verb
    if (
        len(clause.parts) > 1
        or verb.voice != "passive"
        or verb.lemma != "use"
        or verb.auxiliary not in {"is", "are", "was", "were"}
    ):
        return
    adverb = verb.remainder.removesuffix("used")
    use = f"{adverb}used" if verb.is_past else f"{adverb}use"
    yield f"People {use} {subject} for {part.value}"
    yield f"For {part.value}, people {use} {subject}"
    yield f"What {subject} {verb.finite} for {'was' if verb.is_past else 'is'} {part.value}"


def _result_forms(clause: Clause, part: Part) -> Iterator[str]:
    subject, verb, text = clause.subject.text, clause.verb, part.text
    others = " ".join(other.text for other in clause.parts if other is not part)
    be = "was" if verb.is_past else "is"
    name = re.sub(r"^(?:the|an?) ", "", text)
    if verb.lemma == "call" and verb.voice == "passive" and verb.auxiliary in {"is", "was"} and not others:
        yield f"The name of {subject} {be} {text}"
        yield f"{text} {be} the name of {subject}"
        yield f"{subject} {'bore' if verb.is_past else 'bears'} the name {name}"
        yield f"{subject} {'went' if verb.is_past else 'goes'} by the name of {name}"
        yield f"People {'called' if verb.is_past else 'call'} {subject} {text}"
        if subject.startswith("the ") and text[0].isupper() or text.startswith("the "):
            yield f"{text} {be} {subject}"
    elif is_colour(text) and verb.voice == "passive" and not others:
        yield f"The colour of {subject} {be} {text}"
        yield f"{text} {be} the colour of {subject}"
        yield f"People {verb.remainder} {subject} {text}" if verb.is_past else f"{subject} {verb.auxiliary} {text}"


def _other_forms(clause: Clause, part: Part) -> Iterator[str]:
    subject, verb = clause.subject.text, clause.verb
    others = " ".join(other.text for other in clause.parts if other is not part)
    be = "was" if verb.is_past else "is"
    if others or not part.preposition:
        return
    prep = part.preposition
    if prep in {"with", "on", "of", "from", "into", "through", "against"}:
        yield f"It {be} {part.text} that {subject} {verb.finite}"
        yield f"What {subject} {verb.finite} {prep} {be} {part.value}"
    if verb.lemma == "feed" and prep == "on":
        yield f"{subject} {'eat' if clause.subject.is_plural else 'eats'} {part.value}" if not verb.is_past else ""
        yield f"The diet of {subject} consists of {part.value}" if not verb.is_past else ""
    if verb.lemma == "know" and prep == "for" and verb.auxiliary in {"is", "are"}:
        yield f"{subject} {verb.auxiliary} famous for {part.value}"
        yield f"People know {subject} for {part.value}"
    if verb.lemma in {"taste", "smell"} and prep == "of" and verb.finite.endswith("s"):
        yield f"{subject} has the {verb.lemma} of {part.value}"
        yield f"The {verb.lemma} of {subject} is that of {part.value}"
    if verb.voice == "passive" and verb.lemma == "cover" and prep == "with" and verb.auxiliary in {"is", "are"}:
        head = head_of(part.value.split())
        yield f"{part.value} {'cover' if is_plural(head) or ' and ' in part.value else 'covers'} {subject}"


def _duration_forms(clause: Clause, part: Part) -> Iterator[str]:
    subject, verb = clause.subject.text, clause.verb
    if len(clause.parts) == 1 and verb.lemma == "live" and not verb.is_past:
        yield (
            f"{subject} {'reach' if clause.subject.is_plural else 'reaches'} an age of {part.value}"
            if not re.match("only", part.value)
            else ""
        )
        yield f"The life of {subject} lasts {part.value}"
        yield f"{part.value}: that is how long {subject} {verb.finite}"
    elif not verb.is_past:
        others = " ".join(other.text for other in clause.parts if other is not part)
        yield f"{part.value}: that is how long {subject} {verb.finite} {others}"


def _extent_forms(clause: Clause, part: Part) -> Iterator[str]:
    subject, verb = clause.subject.text, clause.verb
    found = re.match(r"to an? (\w+) of (.+)", part.text)
    if not found or len(clause.parts) > 1:
        return
    yield f"It is {part.text} that {subject} {verb.finite}"
    if found[1] == "depth":
        yield f"{subject} {verb.finite} {found[2]} deep"
        yield f"{found[2]}: that is how deep {subject} {verb.finite}"
    elif verb.lemma == "grow":
        adjective = {"length": "long", "height": "high", "width": "wide"}.get(found[1])
        if adjective and not verb.is_past:
            yield f"{subject} {verb.finite} {found[2]} {adjective}"
            yield f"{subject} can be {found[2]} {adjective}"
            yield f"The {found[1]} of {subject} is {found[2]}"


WRITERS: dict[str, Callable[[Clause, Part], Iterator[str]]] = {
    "complement": _complement_forms, "agent": _agent_forms, "cause": _agent_forms, "time": _time_forms,
    "place": _place_forms,
    "measure": _measure_forms, "object": _object_forms, "material": _material_forms, "purpose": _purpose_forms,
    "result": _result_forms, "other": _other_forms, "duration": _duration_forms, "extent": _extent_forms,
}  # fmt: skip
