"""The training text: sources drawn by shares that change from stage to stage, packed into full rows of tokens."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field

import world
from chat import END, format_chat, maybe_system, talk
from retelling import Retold, draw_style, question, question_prose, retell
from textbook import Textbooks

PUBLIC_ENTITIES = 160
PUBLIC_SEED = 7

SHARES: tuple[tuple[float, dict[str, float]], ...] = (
    (0.12, {"prose": 0.75, "public_text": 0.15, "fresh_text": 0.10}),
    (0.70, {"prose": 0.22, "public_text": 0.30, "fresh_text": 0.05, "open_book": 0.24, "public_questions": 0.13,
            "textbook_questions": 0.04, "everyday": 0.02}),
    (1.01, {"prose": 0.12, "public_text": 0.22, "fresh_text": 0.03, "open_book": 0.29, "public_questions": 0.25,
            "textbook_questions": 0.06, "everyday": 0.03}),
)
"""(end of the stage as a part of the training, share of the tokens of each source)."""


def public_entities() -> list[world.Entity]:
    """The entities that training tells about again and again, so that they can be asked for without their text."""
    rng = random.Random(PUBLIC_SEED)
    return [world.invent_entity(rng) for _ in range(PUBLIC_ENTITIES)]


@dataclass
class TextSource:
    """Draws training texts; every text is one document or one conversation without its end token."""

    books: Textbooks
    public: list[world.Entity]
    rng: random.Random
    retold: Retold = field(init=False)
    prose_exchanges: list[tuple[str, str]] = field(init=False)

    def __post_init__(self) -> None:
        self.retold = Retold(self.public)
        held_out = {reply for _, reply in self.books.held_out_exchanges}
        self.prose_exchanges = [pair for pair in question_prose(self.books.paragraphs) if pair[1] not in held_out]

    def prose(self) -> str:
        """A part of a textbook section."""
        section = self.rng.choice(self.books.paragraphs)
        heading, _, body = section.partition("\n\n")
        lines = body.split("\n")
        start = self.rng.randrange(len(lines))
        text = "\n".join(lines[start:start + 4])
        return f"{heading}\n\n{text}" if start == 0 else text

    def public_text(self) -> str:
        """A text about a public entity."""
        if self.rng.random() < 0.5:
            return self.rng.choice(self.rng.choice(self.retold.wordings) or [""])
        return world.document(self.rng.choice(self.public), self.rng)

    def fresh_text(self) -> str:
        """A text, at times a longer guide, about entities that never come again."""
        if self.rng.random() < 0.15:
            return world.guide([world.invent_entity(self.rng) for _ in range(self.rng.randint(2, 6))], self.rng)
        entity = world.invent_entity(self.rng)
        if self.rng.random() < 0.4:
            return " ".join(retell(entity, list(entity.facts), self.rng))
        return world.document(entity, self.rng)

    def open_book(self) -> str:
        """A text about a new entity, and questions about it: after the text, or with the text inside the question."""
        rng = self.rng
        entity = world.invent_entity(rng)
        facts = rng.sample(entity.facts, rng.randint(1, min(5, len(entity.facts))))
        is_retold = rng.random() < 0.4
        text = world.paragraph(entity, facts, rng) if rng.random() < 0.7 else " ".join(retell(entity, facts, rng))
        if rng.random() < 0.3:
            text = f"## {entity.title}\n\n{text}"
        asked = rng.sample(facts, rng.randint(1, min(3, len(facts))))
        pairs = [world.ask(entity, fact, rng) for fact in asked]
        if is_retold:
            pairs = question(entity, facts, rng, draw_style(rng), len(asked)) or pairs
        draw = rng.random()
        if draw < 0.70:
            return f"{text}{END}{format_chat(pairs, maybe_system(rng))}"
        asking, reply = pairs[0]
        form = rng.choice(("{t}\n\n{q}", "{t}\n\nQuestion: {q}", "Context:\n{t}\n\nQuestion: {q}", "Use this text to answer.\n\n{t}\n\n{q}"))
        return format_chat([(form.format(t=text, q=asking), reply), *pairs[1:]], maybe_system(rng))

    def public_questions(self) -> str:
        """One to three questions about one or several public entities, without their text."""
        rng = self.rng
        pairs = []
        index = rng.randrange(len(self.public))
        for _ in range(rng.choice((1, 1, 2, 3))):
            entity = self.public[index]
            if rng.random() < 0.5 and self.retold.exchanges[index]:
                pairs.append(rng.choice(self.retold.exchanges[index]))
            else:
                pairs.append(world.ask(entity, entity.facts[rng.choice(sorted(entity.asked))], rng))
            index = index if rng.random() < 0.5 else rng.randrange(len(self.public))
        return format_chat(pairs, maybe_system(rng))

    def textbook_questions(self) -> str:
        """A question that a textbook prints or whose answer it states, with the answer."""
        exchanges = self.books.exchanges if self.rng.random() < 0.6 else self.prose_exchanges
        return format_chat([self.rng.choice(exchanges)], maybe_system(self.rng))

    def everyday(self) -> str:
        """Greetings and the like."""
        return format_chat(talk(self.rng), maybe_system(self.rng))


class RowStream:
    """Packs texts into rows of tokens; every row starts with the start of a text and every text ends with the end token."""

    def __init__(self, source: TextSource, encode: Callable[[str], list[int]], end_id: int) -> None:
        self._source = source
        self._encode = encode
        self._end_id = end_id
        self._used: dict[str, int] = {}
        self._shares: dict[str, float] = {}

    def draw_rows(self, progress: float, rows: int, length: int) -> list[list[int]]:
        """`rows` rows of `length` tokens for a moment of the training; progress runs from 0 to 1."""
        shares = next(shares for end, shares in SHARES if progress < end)
        if shares is not self._shares:
            self._shares, self._used = shares, {}
        return [self._fill_row(shares, length) for _ in range(rows)]

    def _fill_row(self, shares: dict[str, float], length: int) -> list[int]:
        row: list[int] = []
        while len(row) < length:
            total = sum(self._used.get(name, 0) for name in shares) + 1
            name = max(shares, key=lambda n: shares[n] - self._used.get(n, 0) / total + self._source.rng.random() * 0.02)
            ids = [*self._encode(getattr(self._source, name)()), self._end_id][:length - len(row)]
            self._used[name] = self._used.get(name, 0) + len(ids)
            row += ids
        return row
