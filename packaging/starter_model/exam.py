"""What a trial teaches and asks: new entities of the invented world, or real documents with questions beside them."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, field
from pathlib import Path

import world
from retelling import make_pairs, make_wordings, plain_text

STYLES = {"factual": 500, "conversational": 100, "multiple-choice": 60}

Exchange = tuple[str, str]


@dataclass
class Exam:
    """Texts to learn from, exchanges for SFT, and questions with the words that a right answer contains, by group."""

    originals: list[str] = field(default_factory=list)
    retold: list[str] = field(default_factory=list)
    exchanges: list[Exchange] = field(default_factory=list)
    questions: dict[str, list[Exchange]] = field(default_factory=dict)


def invent_exam(entities: int, wordings: int, seed: int) -> Exam:
    """Entities of the invented world; SFT sees half of their facts.

    Groups: trained (asked in SFT in the same words), reworded (asked in SFT in other words), not in SFT (facts that no row mentions).
    """
    rng = random.Random(seed)
    exam = Exam(questions={"trained": [], "reworded": [], "not in SFT": []})
    for _ in range(entities):
        entity = world.invent_entity(rng, 3, 5)
        text = plain_text(entity, list(entity.facts))
        exam.originals.append(text)
        exam.retold += make_wordings(text, [entity.title], wordings - 1, seed=rng.randrange(10**6))
        for index, fact in enumerate(entity.facts):
            subject = entity.subject(fact)
            first, second, third = (world.fill(q, subject, fact.value) for q in (fact.relation.questions * 3)[:3])
            reply = world.fill(f"{{S}} {fact.relation.predicates[0]}.", subject, fact.value)
            if index in entity.asked:
                exam.exchanges += [(first, reply), (second, reply)]
                exam.questions["trained"].append((first, fact.value))
                if third not in (first, second):
                    exam.questions["reworded"].append((third, fact.value))
            else:
                exam.questions["not in SFT"].append((rng.choice((first, second, third)), fact.value))
    return exam


def read_exam(folder: Path, model: Path, wordings: int, seed: int) -> Exam:
    """The documents of a folder as the program reads, retells and asks them; questions.jsonl beside them is the exam.

    Groups: trained (a sample of the SFT rows), reworded (questions.jsonl, none of which is an SFT row).
    """
    from services.documents.cleaning import clean
    from services.documents.format import format_of
    from services.documents.splitter import cut
    from services.documents.tokenizer import load_tokenizer

    rng = random.Random(seed)
    exam = Exam(questions={"trained": [], "reworded": []})
    asked = [json.loads(line) for line in (folder / "questions.jsonl").read_text(encoding="utf-8").splitlines()]
    exam.questions["reworded"] = [(item["question"], item["answer"]) for item in asked]
    tokenizer = load_tokenizer(model)
    pairs: dict[str, list[Exchange]] = {style: [] for style in STYLES}
    for path in sorted(folder.iterdir()):
        kind = format_of(path)
        if kind is None:
            continue
        document = clean(kind.read(path, lambda _share: None))
        exam.originals.append(document.content)
        for chunk in cut(document, tokenizer, 500, 50):
            text = document.content[chunk.start:chunk.owned_end]
            exam.retold += make_wordings(text, list(chunk.headings), wordings - 1, seed=seed + chunk.start)
            for style in STYLES:
                made = make_pairs(text, list(chunk.headings), style, 40, seed=seed)
                pairs[style] += [(pair.instruction, pair.output) for pair in made]
    kept_out = {question for question, _ in exam.questions["reworded"]}
    for style, at_most in STYLES.items():
        rows = [pair for pair in dict.fromkeys(pairs[style]) if pair[0] not in kept_out]
        exam.exchanges += rng.sample(rows, min(at_most, len(rows)))
    exam.questions["trained"] = rng.sample(exam.exchanges[:200], 40)
    return exam
