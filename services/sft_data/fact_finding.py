"""What a chunk states, fact by fact, each with the place that says so; pairs grow from these."""

from __future__ import annotations

import re
from typing import Any

from services.records import Chunk
from services.sft_data.evidence import find_evidence
from services.sft_data.number import has_numbers_of
from services.sft_data.parse import json_values, without_thinking
from services.sft_data.prompt import Message
from services.sft_data.sentence import split_sentences
from services.sft_data.unit import keeps_dates
from services.translation import _

FoundFact = tuple[str, int, int]

MOST_FACTS = 40
PLACES = ("chunk", "most", "source", "headings")
PROMPT = (
    "List every fact that the text below states and that somebody could be asked about: names, numbers, dates, places, "
    "causes, purposes, definitions, steps. One fact is one short sentence that makes sense without the text: it names "
    "what it speaks of. For every fact give the words of the text that say so, copied letter for letter. Write the facts "
    "in the language of the text. At most {most}; none where the text states nothing.\n\n"
    "The text comes from {source}, section: {headings}\n\n<text>\n{chunk}\n</text>"
)
_SYSTEM = (
    "You read documents closely and add nothing of your own. Reply with JSON only, in this form: "
    '{"facts": [{"fact": "...", "evidence": "..."}]}.'
)
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {
        "facts": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"fact": {"type": "string"}, "evidence": {"type": "string"}},
                "required": ["fact", "evidence"],
                "additionalProperties": False,
            },
        }
    },
    "required": ["facts"],
    "additionalProperties": False,
}
_FACT_KEYS, _EVIDENCE_KEYS = ("fact", "statement", "claim", "fakt"), ("evidence", "quote", "span", "beleg", "source")
_TAGGED = re.compile(
    r"^[ \t>*-]*(?:\d+[.)][ \t]*)?(?:F|Fact|Fakt)[ \t]*\d*:[ \t]*(?P<fact>.+?)\s*\n[ \t>*-]*(?:E|Evidence|Beleg)[ \t]*\d*:[ \t]*(?P<evidence>.+)$",
    re.MULTILINE | re.IGNORECASE,
)


def fact_messages(chunk: Chunk, prompt: str = "") -> list[Message]:
    """What is asked to find the facts of a chunk.

    prompt: instead of ours.
    """
    values = {
        "most": str(MOST_FACTS), "source": chunk.source, "chunk": chunk.content.strip(),
        "headings": " > ".join(chunk.metadata.get("headings") or ()) or "-",
    }  # fmt: skip
    content = re.sub(rf"\{{({'|'.join(PLACES)})\}}", lambda place: values[place[1]], prompt or PROMPT)
    return [{"role": "system", "content": _SYSTEM}, {"role": "user", "content": content}]


def read_facts(reply: str, content: str) -> tuple[list[FoundFact], str]:
    """The facts of a reply whose evidence stands in the chunk, and why there are none, if there are none.

    A fact with a number that its evidence lacks is left out too. An empty list from the model is no fault.
    """
    said, is_list = _said(reply)
    found: dict[str, FoundFact] = {}
    for statement, quotation in said[:MOST_FACTS]:
        place = find_evidence(content, quotation) or find_evidence(content, statement)
        if place and has_numbers_of(quoted := content[slice(*place)], statement) and keeps_dates(quoted, statement):
            found.setdefault(statement.casefold(), (statement, *place))
    if found or (is_list and not said):
        return list(found.values()), ""
    if said:
        return [], _("None of the {count} facts that the model named stands in the text.").format(count=len(said))
    spoken = without_thinking(reply)
    if not spoken:
        return [], _("The reply was empty, or the model only thought aloud.")
    return [], _("The reply held no facts: “{start}…”").format(start=" ".join(spoken.split())[:80])


def sentence_facts(content: str) -> list[FoundFact]:
    """The sentences of a chunk as its facts: for models that are too small to find any, and in every language."""
    return [
        (sentence.text, sentence.start, sentence.end)
        for sentence in split_sentences(content)
        if 4 <= len(sentence.text.split()) <= 60 and not sentence.text.endswith("?")
    ]


def _said(reply: str) -> tuple[list[tuple[str, str]], bool]:
    """(fact, evidence) of every fact in a reply, and whether it was a list, be it an empty one."""
    is_list = False
    for value in json_values(reply):
        rows = value.get("facts") if isinstance(value, dict) else value
        if isinstance(rows, dict):
            rows = [rows]
        if not isinstance(rows, list):
            continue
        rows = [inner for row in rows for inner in (row["facts"] if _is_nest(row) else [row])]
        is_list = is_list or isinstance(value, dict)
        if pairs := [pair for row in rows if (pair := _pair(row))]:
            return pairs, True
    spoken = without_thinking(reply)
    return [(match["fact"].strip(), match["evidence"].strip()) for match in _TAGGED.finditer(spoken)], is_list


def _is_nest(row: Any) -> bool:
    return isinstance(row, dict) and isinstance(row.get("facts"), list)


def _pair(row: Any) -> tuple[str, str] | None:
    if isinstance(row, str):
        return (row.strip(), row.strip()) if row.strip() else None
    if not isinstance(row, dict):
        return None
    keys = {str(key).strip().lower(): value for key, value in row.items()}
    fact = next((keys[key] for key in _FACT_KEYS if isinstance(keys.get(key), str)), "")
    evidence = next((keys[key] for key in _EVIDENCE_KEYS if isinstance(keys.get(key), str)), fact)
    fact = fact.encode("utf-8", "replace").decode().strip()
    return (fact, evidence.strip()) if fact else None
