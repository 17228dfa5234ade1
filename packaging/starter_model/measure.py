"""What the network can do on text it was not trained on: loss by kind of text, and answered questions."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import world
from chat import END, format_chat
from stream import public_entities
from textbook import Textbooks

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase, Qwen2ForCausalLM

SEED = 991


def answer_questions(
    network: Qwen2ForCausalLM, tokenizer: PreTrainedTokenizerBase, questions: list[str], *, at_most: int = 48, batch: int = 32
) -> list[str]:
    """Greedy answers to the questions, each a whole user message."""
    import torch

    tokenizer.padding_side = "left"
    replies: list[str] = []
    with torch.inference_mode():
        for start in range(0, len(questions), batch):
            texts = [
                tokenizer.apply_chat_template([{"role": "user", "content": q}], tokenize=False, add_generation_prompt=True)
                for q in questions[start:start + batch]
            ]
            rows = tokenizer(texts, return_tensors="pt", padding=True, add_special_tokens=False)
            made = network.generate(
                input_ids=rows["input_ids"], attention_mask=rows["attention_mask"], max_new_tokens=at_most, do_sample=False, use_cache=True
            )
            replies += [text.strip() for text in tokenizer.batch_decode(made[:, rows["input_ids"].shape[1]:], skip_special_tokens=True)]
    return replies


def token_loss(network: Qwen2ForCausalLM, tokenizer: PreTrainedTokenizerBase, texts: list[str], length: int = 512) -> float:
    """Mean loss per token in nats; every text on its own, cut at `length` tokens."""
    import torch

    total, count = 0.0, 0
    with torch.inference_mode():
        for text in texts:
            ids = torch.tensor([tokenizer(text + END, add_special_tokens=False)["input_ids"][:length]])
            logits = network(input_ids=ids, use_cache=False).logits[0, :-1]
            total += torch.nn.functional.cross_entropy(logits, ids[0, 1:], reduction="sum").item()
            count += ids.shape[1] - 1
    return total / max(count, 1)


def measure(network: Qwen2ForCausalLM, tokenizer: PreTrainedTokenizerBase, books: Textbooks, questions: int = 100) -> dict[str, float]:
    """Held-out losses, and the part of questions whose answer contains the value: asked in training, never asked, text given."""
    network.eval()
    rng = random.Random(SEED)
    public = public_entities()
    result = {
        "loss_prose": token_loss(network, tokenizer, books.held_out_paragraphs[:60]),
        "loss_textbook_questions": token_loss(network, tokenizer, [format_chat([pair]) for pair in books.held_out_exchanges[:60]]),
        "loss_new_world_text": token_loss(network, tokenizer, [world.document(world.invent_entity(rng), rng) for _ in range(40)]),
    }
    groups: dict[str, list[tuple[str, str]]] = {"asked": [], "never_asked": [], "open_book": []}
    while len(groups["open_book"]) < questions:
        entity = rng.choice(public)
        for name, is_asked in (("asked", True), ("never_asked", False)):
            indices = [i for i in range(len(entity.facts)) if (i in entity.asked) == is_asked]
            fact = entity.facts[rng.choice(indices)] if indices else entity.facts[0]
            groups[name].append((world.fill(rng.choice(fact.relation.questions), entity.subject(fact), fact.value), fact.value))
        fresh = world.invent_entity(rng)
        fact = rng.choice(fresh.facts)
        question = world.fill(rng.choice(fact.relation.questions), fresh.subject(fact), fact.value)
        groups["open_book"].append((f"{world.paragraph(fresh, list(fresh.facts), rng)}\n\n{question}", fact.value))
    for name, pairs in groups.items():
        replies = answer_questions(network, tokenizer, [question for question, _ in pairs])
        hits = sum(value.lower() in reply.lower() for (_, value), reply in zip(pairs, replies, strict=True))
        result[f"answered_{name}"] = hits / len(pairs)
    network.train()
    return {key: round(value, 3) for key, value in result.items()}
