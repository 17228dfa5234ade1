"""Texts and questions as the program's own built-in provider makes them: the model meets in training what it will meet in use."""

from __future__ import annotations

import random
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path

import world

sys.path.append(str(Path(__file__).resolve().parents[2]))

from services.sft_data.built_in import make_pairs, make_wordings  # noqa: E402  (the path must be set first)

WORDINGS = 40
STYLES = {"factual": 30, "conversational": 8, "multiple-choice": 8}
"""Name of the style: how many pairs to make in it."""

Exchange = tuple[str, str]


def plain_text(entity: world.Entity, facts: list[world.Fact]) -> str:
    """The facts as plain sentences, the subject first."""
    return " ".join(world.fill(f"{{S}} {fact.relation.predicates[0]}.", entity.subject(fact), fact.value) for fact in facts)


def retell(entity: world.Entity, facts: list[world.Fact], rng: random.Random, count: int = 1) -> list[str]:
    """The facts in the provider's wordings."""
    return make_wordings(plain_text(entity, facts), [entity.title], count, seed=rng.randrange(10**6))


def question(entity: world.Entity, facts: list[world.Fact], rng: random.Random, styles: tuple[str, ...], count: int) -> list[Exchange]:
    """At most `count` questions about the facts in the provider's styles, in random order."""
    text = plain_text(entity, facts)
    made = [pair for style in styles for pair in make_pairs(text, [entity.title], style, STYLES[style], seed=rng.randrange(10**6))]
    rng.shuffle(made)
    return [(pair.instruction, pair.output) for pair in made[:count]]


def draw_style(rng: random.Random) -> tuple[str, ...]:
    """One of the provider's styles, mostly the factual one."""
    return (rng.choices(tuple(STYLES), weights=tuple(STYLES.values()))[0],)


def question_prose(sections: list[str]) -> list[Exchange]:
    """Questions about the statements of textbook sections, as many as the provider finds."""
    exchanges: list[Exchange] = []
    for section in sections:
        heading, _, body = section.partition("\n\n")
        text = re.sub(r"\s*,(\s*,)+", ",", body)  # quotations left out of the books leave ", ,"
        for pair in make_pairs(text, [heading.lstrip("# ")], "factual", 12):
            exchanges.append((pair.instruction, pair.output))
    return exchanges


@dataclass
class Retold:
    """Wordings and questions of entities, made once."""

    entities: list[world.Entity]
    seed: int = 11
    wordings: list[list[str]] = field(init=False)
    exchanges: list[list[Exchange]] = field(init=False)

    def __post_init__(self) -> None:
        rng = random.Random(self.seed)
        self.wordings = [retell(entity, list(entity.facts), rng, WORDINGS) for entity in self.entities]
        self.exchanges = [question(entity, [entity.facts[i] for i in sorted(entity.asked)], rng, tuple(STYLES), 60) for entity in self.entities]
