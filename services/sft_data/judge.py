"""A judge that sees the chunk: a model that says of a pair whether the chunk says so, and why."""

from __future__ import annotations

import re

from services.records import Chunk
from services.sft_data.parse import without_thinking
from services.sft_data.prompt import Message

PROMPT = (
    "You check whether an answer is true to a text. Say YES if everything in the answer follows from the text and it "
    "answers the question; otherwise say NO."
)
_FORM = "Begin with YES or NO, then give the reason in one sentence. Write nothing else."
_VERDICT = re.compile(r"\b(yes|no|ja|nein|oui|non|sí|si)\b", re.IGNORECASE)
_YES = frozenset({"yes", "ja", "oui", "sí", "si"})


def verdict_messages(content: str, question: str, answer: str, partner: Chunk | None = None, prompt: str = "") -> list[Message]:
    """What the judge is asked about one pair.

    prompt: instead of ours.
    """
    text = content.strip() if partner is None else f"{content.strip()}\n\n{partner.content.strip()}"
    asked = f"<text>\n{text}\n</text>\n\nQuestion: {question}\n\nAnswer: {answer}"
    return [{"role": "system", "content": f"{prompt or PROMPT} {_FORM}"}, {"role": "user", "content": asked}]


def read_verdict(reply: str) -> tuple[bool, str] | None:
    """Whether the judge agrees, and the reason; None where the reply says neither yes nor no at its start."""
    spoken = " ".join(without_thinking(reply).strip("*# \n").split())
    found = _VERDICT.search(spoken[:40])
    if not found:
        return None
    return found[1].lower() in _YES, spoken[found.end() :].lstrip(" .,:;*-–—")[:500]
