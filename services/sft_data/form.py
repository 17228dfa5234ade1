"""One clause in many forms: other word orders, nouns for verbs, active for passive, questions with their answers.

Only forms that hold every value of their clause are given.
"""

import re
from collections.abc import Iterator

from services.sft_data.clause import Clause, as_sentence
from services.sft_data.fact import facts_of
from services.sft_data.part_form import WRITERS
from services.sft_data.question import ask

_FRONTED = {"time", "frequency", "occasion", "condition", "distance"}

_LEAST_FORMS = 7

_OPENINGS = (
    "It is known that {}", "Remember that {}", "One thing is certain: {}", "It is true that {}", "People say that {}",
    "You may remember that {}", "It should be noted that {}", "In fact, {}", "It is worth knowing that {}",
    "As is well known, {}",
)  # fmt: skip


def reword(clause: Clause) -> list[str]:
    """Return statements of what `clause` says: its own sentence first, all different, every value in each of them."""
    values = [value for _, value in facts_of(clause)]
    forms = [with_reason(clause, clause.sentence), *_rebuild(clause)]
    whole_ones = [form for form in forms[1:] if all(_core(value) in form.lower() for value in values)]
    kept = list(dict.fromkeys([forms[0], *whole_ones]))
    # Another opening is the poorest of all forms: it only fills up what grammar did not give.
    whole = kept[0][:-1].removeprefix(as_sentence(clause.subject.text, ""))
    first = sum(map(ord, kept[0]))
    openings = [_OPENINGS[(first + step) % len(_OPENINGS)] for step in range(max(1, _LEAST_FORMS - len(kept)))]
    return [*kept, *(as_sentence(opening.format(f"{clause.subject.text}{whole}")) for opening in openings)]


def question_forms(clause: Clause) -> list[str]:
    """Return the clause as short questions with their answers, such as "When was X built? X was built in 1874."."""
    values = [_core(value) for _, value in facts_of(clause)]
    full = with_reason(clause, clause.sentence)
    inverted = " ".join([clause.verb.auxiliary, clause.subject.text, clause.verb.remainder, clause.text_without()])
    forms = [f"{as_sentence(inverted, '?')} Yes, {clause.subject.text} {clause.predicate}{reason_of(clause)}."]
    for question in ask(clause):
        forms.append(f"{question.text} {full}")
        short = f"{question.text} {as_sentence(question.value)}"
        if question.rank < 2 and all(value in short.lower() for value in values):
            forms.append(short)
    return forms


def _core(value: str) -> str:
    return re.sub(r"^(?:when|because|every|its|their|his|her|a|an|the) ", "", value.lower())


def reason_of(clause: Clause) -> str:
    return f", {clause.reason}" if clause.reason else ""


def with_reason(clause: Clause, sentence: str) -> str:
    return as_sentence(f"{sentence.rstrip('.')}{reason_of(clause)}")


def _rebuild(clause: Clause) -> Iterator[str]:
    subject, verb = clause.subject.text, clause.verb
    be = "was" if verb.is_past else "is"
    if clause.reason:
        reason = clause.reason.removeprefix("because ")
        yield as_sentence(f"{clause.reason}, {subject} {clause.predicate}")
        yield as_sentence(f"The reason why {subject} {clause.predicate} is that {reason}")
        yield as_sentence(f"Why {verb.auxiliary} {subject} {verb.remainder} {clause.text_without()}? Because {reason}")
        return
    yield from _with_possessive(clause)
    for part in clause.parts:
        others = " ".join(other.text for other in clause.parts if other is not part)
        if part.role in _FRONTED or (part.role == "place" and verb.voice == "passive"):
            yield as_sentence(f"{part.text}, {subject} {verb.finite} {others}")
        if part.role in {"time", "place", "distance"} and not part.text.startswith("every"):
            yield as_sentence(f"It {be} {part.text} that {subject} {verb.finite} {others}")

    for part in clause.parts:
        if part.role in WRITERS and clause.part(part.role):
            for form in WRITERS[part.role](clause, part):
                yield as_sentence(form)
    yield from _subject_forms(clause)
    pronoun = "they" if clause.subject.is_plural else "it" if clause.subject.is_person is False else ""
    if pronoun and subject.split()[0] not in {"one", "every", "about", "each"} and not subject[0].isdigit():
        yield as_sentence(f"As for {subject}, {pronoun} {clause.predicate}")


_INSEPARABLE = r"(?:end|top|middle|side|young|number|rest|village|town|city|river|island) "


def _with_possessive(clause: Clause) -> Iterator[str]:
    """Say "the tower's keeper" for "the keeper of the tower"."""
    found = re.fullmatch(
        r"the ((?:[a-z-]+ ){1,3})of ((?:the )?[A-Za-z][\w'-]*(?: [A-Za-z][\w'-]*){0,2})", clause.subject.text
    )
    if not found or found[2].endswith("s") or re.search(r"\b(?:of|and|at|in|on|most)\b", f"{found[2]} {found[1]}"):
        return
    is_known = found[2][0].isupper() or found[2].startswith("the ")
    if is_known and not re.match(_INSEPARABLE, found[1]):
        yield as_sentence(f"{found[2]}'s {found[1]}{clause.predicate}")


def _subject_forms(clause: Clause) -> Iterator[str]:
    """Say "It was Idris Fenlow who invented ..." and the like, for a subject that does something."""
    subject, verb = clause.subject, clause.verb
    is_definite = subject.text.split()[0] not in {"a", "an", "every", "about"}
    if verb.voice != "active" or verb.lemma == "have" or not is_definite or subject.is_person is None:
        return
    if subject.is_plural and not verb.is_past:
        return
    pronoun = "who" if subject.is_person else "that"
    yield as_sentence(f"It {'was' if verb.is_past else 'is'} {subject.text} {pronoun} {clause.predicate}")
    if subject.is_person and not subject.is_plural and not re.search(r"\b(?:his|her)\b", clause.predicate):
        yield as_sentence(f"The person who {clause.predicate} {'was' if verb.is_past else 'is'} {subject.text}")
