"""An invented world: entities, their facts, texts about them in many wordings, and questions with full-sentence answers."""

from __future__ import annotations

import random
import re
from dataclasses import dataclass, field

import vocabulary as words
from free_relation import free_relation
from kind import KINDS, Kind
from naming import invent_place
from relation import Relation

ITS_FORM = re.compile(r"^The ((?!name)[\w ]+?) of \{s\} (is|was|dates|amounts|takes|consists|has|comes|goes|took)\b")
LETTERS = "ABCD"


@dataclass(frozen=True)
class Fact:
    """One relation of one entity with its value."""

    relation: Relation
    value: str
    part: str = ""
    """The part of the entity that the fact is about: 'roof'; '' for the entity itself."""


@dataclass(frozen=True)
class Entity:
    """A thing of the world: its name as used inside a sentence, its kind, what it is, and its facts."""

    name: str
    kind: Kind
    facts: tuple[Fact, ...]
    asked: frozenset[int] = field(default_factory=frozenset)
    """Indices of the facts that training asks about; the others are held out for measuring."""

    @property
    def title(self) -> str:
        """The name as a heading has it."""
        return upper_first(self.name.removeprefix("the "))

    def subject(self, fact: Fact) -> str:
        """What the fact is about: the entity or a part of it."""
        return f"the {fact.part} of {self.name}" if fact.part else self.name

    @property
    def is_person(self) -> bool:
        return self.kind.pronouns[0] != "It"


def upper_first(text: str) -> str:
    """The text with its first letter as a capital."""
    return text[:1].upper() + text[1:]


def with_article(noun: str) -> str:
    """'a mill', 'an inn'."""
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"


def _definition(kind: Kind) -> Relation:
    def draw(rng: random.Random) -> str:
        adjective = f"{rng.choice(words.ADJECTIVES)} " if rng.random() < 0.6 else ""
        tail = f" {rng.choice(('in', 'near', 'of', 'from'))} {invent_place(rng)}" if rng.random() < 0.5 else ""
        return with_article(f"{adjective}{kind.noun}") + tail
    return Relation("Kind", ("is {v}",), ("By the name of {s}, people know {v}.", "{S}: this is the name of {v}.", "{V} bears the name of {s}."),
                    ("What is {s}?", "What is meant by {s}?", "Can you explain what {s} is?", "What do you know about {s}?",
                     "What kind of thing is {s}?"), "Is {s} {v}?", draw)


def invent_entity(rng: random.Random, low: int = 4, high: int = 9) -> Entity:
    """An entity with between `low` and `high` facts, about half of them marked as asked about."""
    kind = rng.choice(KINDS)
    count = min(rng.randint(low, high), len(kind.relations))
    relations = rng.sample(kind.relations, count)
    if kind.pronouns[0] == "It":
        relations.append(_definition(kind))
    facts = tuple(Fact(relation, relation.draw(rng)) for relation in relations)
    free = [free_relation(rng) for _ in range(rng.choice((0, 1, 1, 2, 3)))]
    facts += tuple(Fact(relation, relation.draw(rng), part) for relation, part in free)
    asked = frozenset(rng.sample(range(len(facts)), (len(facts) + 1) // 2))
    return Entity(kind.name(rng), kind, facts, asked)


def fill(template: str, name: str, value: str) -> str:
    """A template with its slots filled: {s} and {S} the subject, {v} and {V} the value."""
    text = template.replace("{s}", name).replace("{S}", upper_first(name))
    return upper_first(text.replace("{v}", value).replace("{V}", upper_first(value)))


def state(entity: Entity, fact: Fact, rng: random.Random, *, with_pronoun: bool = False) -> str:
    """One sentence that states the fact in a wording drawn at random; with a pronoun where the wording allows it."""
    relation = fact.relation
    name = entity.subject(fact)
    if with_pronoun:
        pronoun, possessive = entity.kind.pronouns
        if fact.part:
            return f"{upper_first(possessive)} {fact.part} {fill_predicate(rng.choice(relation.predicates), fact.value)}."
        owned = [t for t in relation.sentences if ITS_FORM.match(t)]
        if owned and rng.random() < 0.5:
            template = ITS_FORM.sub(lambda m: f"{upper_first(possessive)} {m.group(1)} {m.group(2)}", rng.choice(owned))
            return fill(template, possessive, fact.value)
        return f"{pronoun} {fill_predicate(rng.choice(relation.predicates), fact.value)}."
    if rng.random() < 0.4:
        return fill(f"{{S}} {rng.choice(relation.predicates)}.", name, fact.value)
    return fill(rng.choice(relation.sentences), name, fact.value)


def fill_predicate(predicate: str, value: str) -> str:
    """A verb phrase with its value."""
    return predicate.replace("{v}", value)


def state_both(entity: Entity, first: Fact, second: Fact, rng: random.Random) -> str:
    """One sentence that states two facts."""
    one, two = (fill_predicate(rng.choice(fact.relation.predicates), fact.value) for fact in (first, second))
    who = "who" if entity.is_person else "which"
    subject = upper_first(entity.name)
    return rng.choice((f"{subject}, {who} {one}, {two}.", f"{subject} {one} and {two}.", f"{subject} {one}; {entity.kind.pronouns[0].lower()} {two}."))


def answer(entity: Entity, fact: Fact, rng: random.Random) -> str:
    """A full sentence that restates the fact: mostly the plain one, with the subject first."""
    draw = rng.random()
    if draw < 0.65:
        return fill(f"{{S}} {fact.relation.predicates[0]}.", entity.subject(fact), fact.value)
    if draw < 0.85:
        return fill(rng.choice(fact.relation.sentences[:4]), entity.subject(fact), fact.value)
    return state(entity, fact, rng)


def paragraph(entity: Entity, facts: list[Fact], rng: random.Random) -> str:
    """The facts in running text: full names and pronouns mixed, now and then two facts in a sentence."""
    sentences: list[str] = []
    rest = list(facts)
    while rest:
        if len(rest) > 1 and not rest[-1].part and not rest[-2].part and rng.random() < 0.15:
            sentences.append(state_both(entity, rest.pop(), rest.pop(), rng))
        else:
            sentences.append(state(entity, rest.pop(), rng, with_pronoun=bool(sentences) and rng.random() < 0.35))
    return " ".join(sentences)


def listing(entity: Entity, facts: list[Fact], rng: random.Random) -> str:
    """The facts as a list of labels and values."""
    mark = rng.choice(("- ", "* ", ""))
    return "\n".join(f"{mark}{fact.relation.label}{f' ({fact.part})' if fact.part else ''}: {fact.value}" for fact in facts)


def document(entity: Entity, rng: random.Random, *, at_most: int = 9) -> str:
    """A text about the entity: a paragraph, a section under a heading, loose sentences or a list."""
    facts = rng.sample(entity.facts, min(rng.randint(1, at_most), len(entity.facts)))
    draw = rng.random()
    if draw < 0.35:
        return paragraph(entity, facts, rng)
    if draw < 0.60:
        heading = rng.choice(("# ", "## ", "### ", "", "")) + entity.title
        return f"{heading}\n\n{paragraph(entity, facts, rng)}"
    if draw < 0.95:
        separator = rng.choice((" ", " ", "\n"))
        return separator.join(state(entity, fact, rng) for fact in facts)
    return f"{entity.title}\n{listing(entity, facts, rng)}"


def guide(entities: list[Entity], rng: random.Random) -> str:
    """A small guide: a title and a section for each entity."""
    place = invent_place(rng)
    title = rng.choice(("# A guide to {}", "# {}", "# What to see in {}", "# The book of {}", "# {}: people and places")).format(place)
    sections = [f"## {entity.title}\n\n{paragraph(entity, list(entity.facts), rng)}" for entity in entities]
    return "\n\n".join([title, *sections])


def ask(entity: Entity, fact: Fact, rng: random.Random) -> tuple[str, str]:
    """A question about the fact and its answer: open, yes or no, multiple choice, or the other way round."""
    relation = fact.relation
    name = entity.subject(fact)
    draw = rng.random()
    if draw < 0.76:
        return fill(rng.choice(relation.questions), name, fact.value), answer(entity, fact, rng)
    statement = f"{name} {fill_predicate(relation.predicates[0], fact.value)}."
    if draw < 0.84:
        is_right = rng.random() < 0.5
        shown = fact.value if is_right else relation.draw(rng)
        template = relation.check if rng.random() < 0.6 else f"Is it true that {{s}} {relation.predicates[0]}?"
        return fill(template, name, shown), f"{'Yes' if shown == fact.value else 'No'}, {statement}"
    if draw < 0.92 or (fact.part and not relation.reversed_questions):
        return choose(entity, fact, rng)
    if not fact.part and (draw < 0.96 or not relation.reversed_questions):
        return f"Which {entity.kind.noun} {fill_predicate(relation.predicates[0], fact.value)}?", answer(entity, fact, rng)
    return fill(rng.choice(relation.reversed_questions), name, fact.value), answer(entity, fact, rng)


def choose(entity: Entity, fact: Fact, rng: random.Random) -> tuple[str, str]:
    """A multiple-choice question with four options; the answer names the letter and the option."""
    options = {fact.value}
    while len(options) < 4:
        options.add(fact.relation.draw(rng))
    shown = sorted(options)
    rng.shuffle(shown)
    question = fill(rng.choice(fact.relation.questions), entity.subject(fact), fact.value)
    if rng.random() < 0.3:
        question = f"Which of these is right? {question}"
    lines = "\n".join(f"{letter}) {option}" for letter, option in zip(LETTERS, shown, strict=True))
    return f"{question}\n{lines}", f"{LETTERS[shown.index(fact.value)]}) {fact.value}"


def ask_all(entity: Entity, rng: random.Random) -> tuple[str, str]:
    """'Tell me about X.' with an answer of a few sentences."""
    facts = rng.sample(entity.facts, min(rng.randint(2, 3), len(entity.facts)))
    question = rng.choice(("Tell me about {s}.", "What do you know about {s}?", "Describe {s}.", "Give me some facts about {s}."))
    return fill(question, entity.name, ""), " ".join(state(entity, fact, rng) for fact in facts)
