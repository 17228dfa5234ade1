"""What a model is asked about one chunk."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.errors import UserError
from services.records import Chunk
from services.sft_data.style import Style, find_style
from services.translation import _

Message = dict[str, str]

SYSTEM_PROMPT = (
    "You write examples from which a language model learns to answer questions about documents. Use only what the text "
    "says: add no fact, number or name of your own. Every question makes sense to somebody who has never seen the "
    "text: it names what it asks about, and neither question nor answer mentions the text, the passage, a figure or "
    "the author. Every answer is complete and right by itself."
)

SYSTEM_KEY = "system"  # of the prompt that a person saved instead of SYSTEM_PROMPT
ANYBODY = "anybody who is interested"
PLACES = ("chunk", "count", "audience", "language", "headings", "source", "facts", "known", "partner", "partner_source")

_PLACE = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Prompt:
    """How chunks are turned into messages, for one job.

    has_schema: the provider holds the model to a JSON schema; otherwise tagged lines are asked for, which small
        models write far more reliably than JSON.
    """

    style: Style
    template: str
    system: str
    audience: str
    language: str
    has_schema: bool

    @classmethod
    def from_settings(
        cls, settings: dict[str, Any], has_schema: bool, saved: Mapping[str, str] | None = None
    ) -> Prompt:
        """The prompt that the settings bring, or else the one saved with the project, or else ours.

        Raises:
            UserError: the person's own prompt has no place for the text, or places that do not exist.
        """
        style, saved = find_style(settings["style"]), saved or {}
        template = settings["prompt"].strip() or saved.get(style.key) or style.prompt
        check_places(template, PLACES, style.needed_places)
        return cls(
            style,
            template,
            settings["system_prompt"].strip() or saved.get(SYSTEM_KEY) or SYSTEM_PROMPT,
            settings["audience"].strip() or ANYBODY,
            settings["language"].strip() or "the language of the text",
            has_schema,
        )

    def messages(
        self, chunk: Chunk, count: int, known: list[str], facts: Sequence[str] = (), partner: Chunk | None = None,
        audience: str = "",
    ) -> list[Message]:  # fmt: skip
        """The conversation to send: what stays the same stands first, so that servers can keep it in their cache.

        Args:
            known: questions about this chunk that exist already and are not to be asked again.
            facts: what is to be asked for, instead of anything in the text.
            partner: the second text, where the style has one.
            audience: instead of the prompt's own.
        """
        values = {
            "chunk": chunk.content.strip(),
            "count": str(count),
            "audience": audience or self.audience,
            "language": self.language,
            "headings": " > ".join(chunk.metadata.get("headings") or ()) or "-",
            "source": chunk.source,
            "facts": _listed_facts(facts, is_numbered=self.has_schema),
            "known": _known_questions(known),
            "partner": partner.content.strip() if partner else "",
            "partner_source": partner.source if partner else "",
        }
        content = _PLACE.sub(lambda place: values.get(place[1], place[0]), self.template)
        content += self._without_a_place(values, has_audience=(audience or self.audience) != ANYBODY)
        return [
            {"role": "system", "content": f"{self.system}\n\n{self._format(has_facts=bool(facts))}"},
            {"role": "user", "content": content.strip()},
        ]

    def _without_a_place(self, values: Mapping[str, str], *, has_audience: bool) -> str:
        """What a prompt of the person's own has no place for, and the model is to be told all the same."""
        has = {place: f"{{{place}}}" in self.template for place in PLACES}
        content = "" if has["audience"] or not has_audience else f"\n\nAudience: {values['audience']}."
        content += "" if has["language"] else f"\n\nWrite in {values['language']}."
        return content + "".join(values[place] for place in ("facts", "known") if not has[place])

    def schema(self, *, has_facts: bool = False) -> dict[str, Any] | None:
        """The JSON schema of a reply, or None where tagged lines are asked for.

        Every object names all its keys as required and allows no others, which strict servers insist on; lengths are
        left out for the same reason.
        """
        if not self.has_schema:
            return None
        text = {"type": "string"}
        properties: dict[str, Any] = {"fact": {"type": "integer"}} if has_facts else {}
        if self.style.has_turns:
            turn = {
                "type": "object",
                "properties": {"speaker": {"type": "string", "enum": ["learner", "tutor"]}, "text": text},
                "required": ["speaker", "text"],
                "additionalProperties": False,
            }
            properties["turns"] = {"type": "array", "items": turn}
        else:
            properties["question"] = text
            if self.style.has_options:
                properties["options"] = {"type": "array", "items": text}
            properties["answer"] = text
        pair = {
            "type": "object",
            "properties": properties,
            "required": list(properties),
            "additionalProperties": False,
        }
        return {
            "type": "object",
            "properties": {"pairs": {"type": "array", "items": pair}},
            "required": ["pairs"],
            "additionalProperties": False,
        }

    def _format(self, *, has_facts: bool = False) -> str:
        options = self.style.has_options
        if self.has_schema:
            pair = '"question": "...", "answer": "..."'
            if options:
                pair = '"question": "...", "options": ["...", "...", "...", "..."], "answer": "..."'
            if self.style.has_turns:
                pair = '"turns": [{"speaker": "learner", "text": "..."}, {"speaker": "tutor", "text": "..."}, ...]'
            closing = " The answer repeats the right option word for word." if options else ""
            if has_facts:
                pair = f'"fact": 1, {pair}'
                closing += " “fact” is the number of the fact that is asked for."
            return f'Reply with JSON only, in this form: {{"pairs": [{{{pair}}}]}}.{closing}'
        if self.style.has_turns:
            return (
                "Reply in exactly this form and write nothing else, with a line --- between conversations:\n"
                "L: what the learner says\nT: what the tutor says\nL: ...\nT: ..."
            )
        lines = "Q: the question\n" + (
            "A) first option\nB) second option\nC) third option\nD) fourth option\n"
            "ANSWER: the letter of the right option"
            if options
            else "A: the answer"
        )
        return f"Reply in exactly this form and write nothing else, with an empty line between pairs:\n{lines}"


def check_places(text: str, places: Sequence[str], needed: Sequence[str]) -> None:
    """Raises: UserError: a prompt names what stands for nothing, or lacks what it needs."""
    named = _PLACE.findall(text)
    if unknown := [place for place in named if place not in places]:
        known = ", ".join(f"{{{place}}}" for place in places)
        raise UserError(
            _("The prompt uses {{{name}}}, which stands for nothing. Use {known}.").format(name=unknown[0], known=known)
        )
    if missing := [place for place in needed if place not in named]:
        raise UserError(
            _("The prompt has no {{{name}}}, so the model would not see the text. Put {{{name}}} where the text goes.").format(
                name=missing[0]
            )
        )


def prompt_hash(messages: Sequence[Message], schema: Mapping[str, Any] | None) -> str:
    """What tells one request from another: all of its words."""
    return hashlib.sha256(json.dumps([list(messages), schema], sort_keys=True).encode()).hexdigest()[:32]


def _listed_facts(facts: Sequence[str], *, is_numbered: bool) -> str:
    if not facts:
        return ""
    lines = "\n".join(f"[{number}] {fact}" if is_numbered else f"- {fact}" for number, fact in enumerate(facts, 1))
    return f"\n\nAsk about these facts and no others, a different one each time:\n{lines}"


def _known_questions(known: list[str]) -> str:
    if not known:
        return ""
    lines = "\n".join(f"- {question.splitlines()[0]}" for question in known[-20:] if question.strip())
    return f"\n\nThese questions exist already; ask about other things:\n{lines}"
