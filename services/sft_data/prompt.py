"""What a model is asked about one chunk."""

from __future__ import annotations

import re
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

PLACES = ("chunk", "count", "audience", "language", "headings", "source", "known")

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
    def from_settings(cls, settings: dict[str, Any], has_schema: bool) -> Prompt:
        """Raises: UserError: the person's own prompt has no place for the text, or places that do not exist."""
        style = find_style(settings["style"])
        template = settings["prompt"].strip() or style.prompt
        check_template(template)
        return cls(
            style,
            template,
            settings["system_prompt"].strip() or SYSTEM_PROMPT,
            settings["audience"].strip() or "anybody who is interested",
            settings["language"].strip() or "the language of the text",
            has_schema,
        )

    def messages(self, chunk: Chunk, count: int, known: list[str]) -> list[Message]:
        """The conversation to send: what stays the same stands first, so that servers can keep it in their cache.

        known: questions about this chunk that exist already and are not to be asked again.
        """
        values = {
            "chunk": chunk.content.strip(),
            "count": str(count),
            "audience": self.audience,
            "language": self.language,
            "headings": " > ".join(chunk.metadata.get("headings") or ()) or "-",
            "source": chunk.source,
            "known": _known_questions(known),
        }
        content = _PLACE.sub(lambda place: values.get(place[1], place[0]), self.template)
        return [
            {"role": "system", "content": f"{self.system}\n\n{self._format()}"},
            {"role": "user", "content": content.strip()},
        ]

    def schema(self) -> dict[str, Any] | None:
        """The JSON schema of a reply, or None where tagged lines are asked for.

        Every object names all its keys as required and allows no others, which strict servers insist on; lengths are
        left out for the same reason.
        """
        if not self.has_schema:
            return None
        properties: dict[str, Any] = {"question": {"type": "string"}}
        if self.style.has_options:
            properties["options"] = {"type": "array", "items": {"type": "string"}}
        properties["answer"] = {"type": "string"}
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

    def _format(self) -> str:
        options = self.style.has_options
        if self.has_schema:
            pair = (
                '{"question": "...", "options": ["...", "...", "...", "..."], "answer": "..."}'
                if options
                else ('{"question": "...", "answer": "..."}')
            )
            closing = " The answer repeats the right option word for word." if options else ""
            return f'Reply with JSON only, in this form: {{"pairs": [{pair}]}}.{closing}'
        lines = "Q: the question\n" + (
            "A) first option\nB) second option\nC) third option\nD) fourth option\n"
            "ANSWER: the letter of the right option"
            if options
            else "A: the answer"
        )
        return f"Reply in exactly this form and write nothing else, with an empty line between pairs:\n{lines}"


def check_template(template: str) -> None:
    """Raises: UserError: the prompt has no place for the text, or places that do not exist."""
    places = _PLACE.findall(template)
    if unknown := [place for place in places if place not in PLACES]:
        raise UserError(
            _("The prompt uses {{{name}}}, which stands for nothing. Use {known}.").format(
                name=unknown[0], known=", ".join(f"{{{place}}}" for place in PLACES)
            )
        )
    if "chunk" not in places:
        raise UserError(
            _("The prompt has no {chunk}, so the model would not see the text. Put {chunk} where the text goes.")
        )


def _known_questions(known: list[str]) -> str:
    if not known:
        return ""
    lines = "\n".join(f"- {question.splitlines()[0]}" for question in known[-20:] if question.strip())
    return f"\n\nThese questions exist already; ask about other things:\n{lines}"
