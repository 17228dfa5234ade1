"""The provider that needs no model: pairs made from the text's statements, each answered by a sentence of the text."""

import random
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from services.errors import UserError
from services.sft_data.question import Question, ask
from services.sft_data.sentence import Sentence
from services.sft_data.statement import Statement, find_statements, read_text
from services.sft_data.vocabulary import NUMBER_WORDS, YEAR
from services.sft_data.wording import make_wordings
from services.translation import _

__all__ = ["BuiltInPair", "Statement", "find_facts", "find_statements", "make_pairs", "make_wordings"]


@dataclass(frozen=True)
class BuiltInPair:
    """A question and its answer; the evidence is the source sentence, as character offsets in the text.

    statement: the fact that it asks for, one of those of ``find_facts``.
    """

    instruction: str
    output: str
    evidence_start: int
    evidence_end: int
    statement: str = ""


@dataclass(frozen=True)
class _Fact:
    """A question that one sentence of the text answers."""

    question: Question
    subject: str
    lemma: str
    answer: str
    source: Sentence


_WRITTEN = ("factual", "conversational", "multiple-choice")  # styles


def check_style(style: str) -> None:
    """Raises: UserError: the style needs a model that can write."""
    if style not in _WRITTEN:
        raise UserError(
            _(
                "The built-in provider has no model, so it cannot make pairs in the style “{style}”. Choose Ollama, "
                "OpenRouter, an OpenAI-compatible server or a GGUF file for it, or one of the styles factual, "
                "conversational, multiple-choice."
            ).format(style=style)
        )


def make_pairs(text: str, headings: Sequence[str], style: str, count: int, seed: int = 0) -> list[BuiltInPair]:
    """Make at most `count` pairs from `text`, all different, the first ones spread over all its statements.

    The same arguments give the same pairs, and a larger `count` only adds to them. Styles: "factual", "conversational",
    "multiple-choice".

    Raises:
        UserError: the style needs a model that can write.
    """
    check_style(style)
    writers = {"factual": _factual, "conversational": _conversational, "multiple-choice": _multiple_choice}
    rng = random.Random(seed)
    facts = _find_facts(text, headings)
    pairs: dict[str, BuiltInPair] = {}
    for fact in _in_turns(facts, rng):
        if len(pairs) >= count:
            break
        written = writers[style](fact, facts, random.Random(f"{seed} {fact.question.text}"))
        if written:
            pairs.setdefault(written[0], BuiltInPair(*written, fact.source.start, fact.source.end, fact.answer))
    return list(pairs.values())


def find_facts(text: str, headings: Sequence[str]) -> list[tuple[str, int, int]]:
    """What the text states and can be asked for: (statement, start, end of the sentence that says so)."""
    found = {fact.answer: (fact.answer, fact.source.start, fact.source.end) for fact in _find_facts(text, headings)}
    return list(found.values())


def _find_facts(text: str, headings: Sequence[str]) -> list[_Fact]:
    """Return every question with its answer; a question with several answers keeps the plainest, or none."""
    facts: list[_Fact] = []
    for reading in read_text(text, headings):
        for clause in reading.clauses:
            reason = f", {clause.reason}." if clause.reason else "."
            answer = clause.sentence.removesuffix(".") + reason
            facts += [
                _Fact(question, clause.subject.text, clause.verb.lemma, answer, reading.source)
                for question in ask(clause)
            ]
    subjects: dict[str, set[str]] = {}
    for fact in facts:
        subjects.setdefault(fact.question.text, set()).add(fact.subject)
    plainest: dict[str, _Fact] = {}
    for fact in facts:
        held = plainest.get(fact.question.text)
        if held is None or fact.question.rank < held.question.rank:
            plainest[fact.question.text] = fact
    return [fact for fact in plainest.values() if fact.question.rank < 2 or len(subjects[fact.question.text]) == 1]


def _in_turns(facts: Sequence[_Fact], rng: random.Random) -> Iterator[_Fact]:
    """Yield one question of every sentence, then another of every sentence, and so on; plain ones tend to lead."""
    by_answer: dict[str, list[_Fact]] = {}
    for fact in facts:
        by_answer.setdefault(fact.answer, []).append(fact)
    queues = list(by_answer.values())
    rng.shuffle(queues)
    for queue in queues:
        queue.sort(key=lambda fact: 0.4 * fact.question.rank + rng.random())
    for turn in range(max(map(len, queues), default=0)):
        yield from (queue[turn] for queue in queues if turn < len(queue))


def _factual(fact: _Fact, _facts: Sequence[_Fact], _rng: random.Random) -> tuple[str, str] | None:
    return fact.question.text, fact.answer


_OPENINGS = (
    "Can you tell me {indirect}?", "Could you please tell me {indirect}?", "Do you know {indirect}?",
    "I would like to know {indirect}.", "I was wondering {indirect}.", "I am curious: {inner}", "Hello! {direct}",
    "Hi there! {direct}", "Quick question: {inner}", "Please tell me {indirect}.", "Tell me, {inner}",
    "My friend wants to know {indirect}. Can you help?",
)  # fmt: skip
_ANSWERS = (
    "Sure! {answer}", "Of course. {answer}", "Good question! {answer}", "Gladly. {answer}", "Certainly. {answer}",
    "Yes, I can help with that. {answer}", "Happy to help! {answer}", "I can tell you that. {answer}",
    "That is easy. {answer}",
)  # fmt: skip


def _conversational(fact: _Fact, _facts: Sequence[_Fact], rng: random.Random) -> tuple[str, str] | None:
    direct = fact.question.text
    opening = rng.choice(_OPENINGS)
    question = opening.format(indirect=fact.question.indirect, direct=direct, inner=direct[0].lower() + direct[1:])
    return question, rng.choice(_ANSWERS).format(answer=fact.answer)


_OPTION_COUNT = 4
_LATEST_YEAR = 2025  # wrong years are not in the future


def _multiple_choice(fact: _Fact, facts: Sequence[_Fact], rng: random.Random) -> tuple[str, str] | None:
    value = fact.question.value
    wrong = _distractors(fact, facts, rng)
    if len(wrong) < 2 or fact.question.kind == "reason":
        return None
    options = [value, *wrong[: _OPTION_COUNT - 1]]
    rng.shuffle(options)
    letters = "ABCD"[: len(options)]
    listed = "\n".join(f"{letter}) {option}" for letter, option in zip(letters, options, strict=True))
    return f"{fact.question.text}\n{listed}", f"{letters[options.index(value)]}) {value}"


def _distractors(fact: _Fact, facts: Sequence[_Fact], rng: random.Random) -> list[str]:
    """Return wrong values of the same form: from other sentences of the text, for numbers also from nearby."""
    form = _form(fact)
    right = fact.question.value.lower()
    true_of_subject = {other.question.value.lower() for other in facts if other.subject == fact.subject}
    found: Counter[str] = Counter()
    for other in facts:
        value = other.question.value
        is_apart = value.lower() not in right and right not in value.lower() and value.lower() not in true_of_subject
        if (
            other.subject != fact.subject
            and is_apart
            and _form(other) == form
            and value.lower() != fact.subject.lower()
        ):
            found[value] += 1
    values = sorted(found)
    rng.shuffle(values)
    return values if len(values) >= 3 else [*values, *_neighbours(fact.question.value, rng, {right, *found})]


def _form(fact: _Fact) -> tuple[str, ...]:
    """Return what a value must have in common with the right one to be mistaken for it."""
    question, value = fact.question, fact.question.value
    if re.fullmatch(YEAR, value):
        return ("year",)
    if question.kind == "quantity":
        return ("quantity", "figure" if value[0].isdigit() else "word", " ".join(value.split()[1:]))
    if question.text.startswith("Which "):
        return ("which", question.text)
    if question.kind in {"name", "agent", "subject"}:
        is_name = value[:1].isupper() or value.startswith("the ") and value.lower() != value
        return ("name" if is_name else question.kind, question.text.split()[0] if question.kind != "agent" else "Who")
    if question.kind == "place":
        return ("place", "to" if value.startswith("to ") else "")
    if question.kind in {"time", "definition", "purpose"}:
        opening = (
            value.split()[0]
            if question.kind == "time"
            else question.text.split()[0]
            if question.kind == "definition"
            else ""
        )
        return (question.kind, opening)
    return (question.kind, fact.lemma)


def _neighbours(value: str, rng: random.Random, taken: set[str]) -> list[str]:
    """Return numbers near the one in `value`, written as it is written; nothing where it is no number."""
    first, _space, rest = value.partition(" ")
    words = {number: word for word, number in NUMBER_WORDS.items() if number > 1}
    if first.lower() in NUMBER_WORDS:
        number = NUMBER_WORDS[first.lower()]
        near = [words[other] for other in range(max(2, number - 5), number + 6) if other in words and other != number]
    elif re.fullmatch(r"\d{1,3}(?:,\d{3})*|\d+", first):
        number = int(first.replace(",", ""))
        step = 1 if number < 15 else 10 ** (len(str(number)) - 2)
        steps = range(-7, 8) if not re.fullmatch(YEAR, first) else (-41, -30, -12, -8, 9, 15, 26, 38)
        near_numbers = [number + (offset if re.fullmatch(YEAR, first) else offset * step) for offset in steps if offset]
        latest = _LATEST_YEAR if re.fullmatch(YEAR, first) else 10**12
        near = [f"{other:,}" if "," in first else str(other) for other in near_numbers if 1 < other <= latest]
    else:
        return []
    rng.shuffle(near)
    options = [f"{other} {rest}".strip() for other in near]
    return [option for option in options if option.lower() not in taken]
