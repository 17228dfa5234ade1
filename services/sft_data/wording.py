"""Whole texts told again and again, each time in another order and in other forms.

A model learns a fact from the number of forms in which it meets it, not from the number of times it reads one form.
"""

import random
import re
from collections.abc import Sequence

from services.sft_data.clause import Clause, as_sentence
from services.sft_data.form import question_forms, reason_of, reword, with_reason
from services.sft_data.statement import Reading, read_text

_ANAPHORS = re.compile(
    r"\b(?:it|its|he|him|his|she|her|they|them|their|this|these|those|such|here|there|then|also|however|you|your|we|our"
    r"|i|one|another|others?|former|latter|please|instead|therefore|thus)\b", re.I
)  # fmt: skip


def make_wordings(text: str, headings: Sequence[str], count: int, seed: int = 0) -> list[str]:
    """Tell the whole text again in `count` different ways; fewer where it does not give so many.

    All statements of the text are in each of them, in another order and another form; sentences that cannot be read
    stand as they are if they can be understood alone. A text without any statement gives nothing.
    """
    rng = random.Random(seed)
    readings = read_text(text, headings)
    clauses = [clause for reading in readings for clause in reading.clauses]
    if not clauses:
        return []
    forms = {clause: _shuffled_forms(clause, rng) for clause in clauses}
    wordings: dict[str, None] = {}
    for attempt in range(4 * count):
        if len(wordings) == count:
            break
        wordings.setdefault(_retell(readings, forms, attempt, rng))
    return list(wordings)


def _shuffled_forms(clause: Clause, rng: random.Random) -> list[str]:
    """Mix statements and questions evenly, so that neither crowds out the other."""
    statements, questions = reword(clause), question_forms(clause)
    rng.shuffle(statements)
    rng.shuffle(questions)
    mixed = []
    while statements or questions:
        mixed += statements[:2] + questions[:1]
        statements, questions = statements[2:], questions[1:]
    start = rng.randrange(len(mixed))
    return mixed[start:] + mixed[:start]


def _retell(readings: Sequence[Reading], forms: dict[Clause, list[str]], turn: int, rng: random.Random) -> str:
    groups: dict[str, list[Clause]] = {}
    alone: dict[str, list[str]] = {}
    last = ""
    for reading in readings:
        for clause in reading.clauses:
            last = clause.subject.text
            groups.setdefault(last, []).append(clause)
        if not reading.clauses and not _ANAPHORS.search(reading.source.text):
            alone.setdefault(last, []).append(reading.source.text)
    subjects = list(dict.fromkeys([*alone, *groups]))
    rng.shuffle(subjects)
    paragraphs = []
    for subject in subjects:
        members = groups.get(subject, [])
        rng.shuffle(members)
        if len(members) > 1 and turn % 4 == 3:
            told = [_as_list(members)]
        elif len(members) > 1 and turn % 4 == 1:
            told = [
                _joined(members[0], members[1]),
                *(forms[clause][turn % len(forms[clause])] for clause in members[2:]),
            ]
        else:
            told = [forms[clause][turn % len(forms[clause])] for clause in members]
        paragraphs.append(" ".join([*told, *alone.get(subject, [])]))
    return "\n".join(paragraphs)


def _as_list(clauses: Sequence[Clause]) -> str:
    subject = clauses[0].subject.text
    return as_sentence(f"{subject}: " + "; ".join(f"{clause.predicate}{reason_of(clause)}" for clause in clauses))


def _joined(first: Clause, second: Clause) -> str:
    """Return two clauses with a common subject as one sentence."""
    subject = first.subject
    has_tail = first.reason or second.reason or "," in first.predicate or len(first.predicate.split()) > 12
    is_definite = subject.text.startswith("the ") or subject.text[0].isupper()
    if has_tail or not is_definite or re.search(r"\bits?\b", f"{first.predicate} {second.predicate}"):
        return f"{with_reason(first, first.sentence)} {with_reason(second, second.sentence)}"
    if subject.is_person is None or " of " in subject.text:
        return as_sentence(f"{subject.text} {first.predicate} and {second.predicate}")
    return as_sentence(
        f"{subject.text}, {'who' if subject.is_person else 'which'} {first.predicate}, {second.predicate}"
    )
