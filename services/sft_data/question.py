"""Questions about a clause: for every part that can be asked for, in several wordings, direct and indirect."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from services.sft_data.asker import ASKERS, kept
from services.sft_data.clause import Clause, as_sentence
from services.sft_data.fact import MEASURE, is_colour
from services.sft_data.noun_phrase import head_of
from services.sft_data.part import Part
from services.sft_data.vocabulary import (
    APPROXIMATELY,
    BY_BASE,
    BY_PARTICIPLE,
    COLOURS,
    DIMENSIONS,
    NUMBER,
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

    if re.match(rf"{APPROXIMATELY}{NUMBER} ", clause.subject.text) and not clause.subject.text.startswith("one "):
        return
    for part in clause.parts:
        if part.role in ASKERS and clause.part(part.role):
            for rank, (wh, rest, kind, value) in enumerate(ASKERS[part.role](clause, part)):
                yield _question(clause, wh, rest, kind, value, min(rank, 1))
        if part.role in {"complement", "measure", "result", "object"}:
            yield from _ask_by_name(clause, part)


def _question(clause: Clause, wh: str, rest: str, kind: str, value: str, rank: int) -> Question:
    verb = clause.verb
    direct = f"{wh} {verb.auxiliary} {clause.subject.text} {verb.remainder} {rest}"
    finite = verb.finite if verb.remainder or not verb.finite.startswith(verb.auxiliary) else verb.auxiliary
    indirect = " ".join(f"{wh} {clause.subject.text} {finite} {rest}".split())
    return Question(as_sentence(direct, "?"), indirect[:1].lower() + indirect[1:], kind, value, rank)


def _noun_question(
    clause: Clause, wh: str, noun_phrase: str, kind: str, value: str, is_plural_noun: bool = False
) -> Question:
    """Ask "What is the height of the tower?": `noun_phrase` with "be" in the tense of the clause."""
    be = ("were" if is_plural_noun else "was") if clause.verb.is_past else ("are" if is_plural_noun else "is")
    indirect = f"{wh[:1].lower()}{wh[1:]} {noun_phrase} {be}"
    return Question(as_sentence(f"{wh} {be} {noun_phrase}", "?"), indirect, kind, value, 1)


def _ask_by_name(clause: Clause, part: Part) -> Iterator[Question]:
    """Ask with a noun for what the clause says with a verb or an adjective: "What is the height of the tower?"."""
    subject, text = clause.subject.text, part.text
    if part.role == "complement":
        yield from _ask_complement_by_name(clause, text)
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
            yield _noun_question(
                clause, "What colour", f"the {found[3]} of {subject}", "property", found[2], is_plural_noun=not found[1]
            )


def _ask_complement_by_name(clause: Clause, text: str) -> Iterator[Question]:
    subject = clause.subject.text
    for found in MEASURE.finditer(text):
        noun, value = DIMENSIONS[found["adjective"]], f"{found['number']} {found['unit']}"
        yield _noun_question(clause, "What", f"the {noun} of {subject}", "quantity", value)
    if is_colour(text):
        yield _noun_question(clause, "What", f"the colour of {subject}", "property", text)
    if clause.subject.is_plural:
        return
    if text[0].isupper() and (found := re.fullmatch(r"the (most \w+|\w+est|first) (\w+) ((?:of|in|on) .+)", subject)):
        best = "first one" if found[1] == "first" else found[1]
        asked = f"Which {found[2]} {found[3]} {clause.verb.auxiliary} the {best}"
        if not is_person_noun(found[2]):
            yield Question(f"{asked}?", f"w{asked[1:]}", "name", text, 1)
    if clause.subject.is_person and (found := re.fullmatch(r"an? ([a-z]+)", text)) and is_person_noun(found[1]):
        yield _noun_question(clause, "What", f"the profession of {subject}", "definition", text)
    if text[0].isupper() and subject.startswith("the "):
        yield _noun_question(clause, "What", f"the name of {subject}", "name", text)


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
        text = " ".join(f"{active} {subject.text} {kept(clause)}".split())
        yield Question(as_sentence(f"{wh} {text}", "?"), f"{wh.lower()} {text}", "agent", agent.value, 0)
    counted = re.match(rf"{APPROXIMATELY}(?P<number>{NUMBER}) (?P<noun>.+)", subject.text)
    is_naming = verb.voice == "copula" and bool(re.match("(?:the|an?) ", clause.text_without()))
    if (
        counted
        and not is_naming
        and " of the " not in f" {counted['noun']}"
        and is_plural(head_of(counted["noun"].split()))
    ):
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
        if verb.remainder:
            return
        wh = "What" if wh.startswith("Which") else wh
        # "What is the reverse process?" would ask about something that was named before.
        is_full = complement and (" of " in complement.text or complement.text.lower() != complement.text)
        if complement and is_full and complement.text.startswith("the ") and not subject.is_plural:
            yield Question(
                f"{wh} {verb.auxiliary} {complement.text}?",
                f"{wh[0].lower()}{wh[1:]} {complement.text} {verb.auxiliary}",
                "subject",
                subject.text,
                2,
            )
        return
    if subject.is_plural and verb.auxiliary not in {"did", "had"}:
        return
    if len(clause.predicate.split()) > 2 and any(
        part.role in {"object", "other", "place", "time", "cause", "agent"} for part in clause.parts
    ):
        yield Question(
            f"{wh} {clause.predicate}?", f"{wh[0].lower()}{wh[1:]} {clause.predicate}", "subject", subject.text, 2
        )


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
