"""Where pairs come from: a language model that is asked, or the text's own statements."""

from __future__ import annotations

from typing import Any, Protocol

from services.jobs import Context
from services.records import Chunk
from services.sft_data.parse import Candidate, Parsed, parse
from services.sft_data.prompt import Prompt
from services.sft_data.provider import Options, Provider, make_provider
from services.sft_data.style import find_style
from services.translation import _


class Source(Protocol):
    """What the job asks for pairs.

    model: recorded with every pair. provider: None where nothing outside is asked. most_at_once: requests side by side.
    is_repeatable: asking again may bring something else.
    """

    model: str
    provider: Provider | None
    most_at_once: int
    is_repeatable: bool

    def ask(self, chunk: Chunk, count: int, seen: set[tuple[str, str]], known: list[str], attempt: int) -> Parsed:
        """Pairs about one chunk, at least ``count`` where it goes well.

        Args:
            seen: (question, answer) that came from this chunk before, whatever became of them.
            known: questions about this chunk that are in use.
            attempt: how often this chunk was asked before, in this run.

        Raises:
            RequestFailed: the provider could not answer.
            Cancelled: the person stopped the work meanwhile.
        """

    def close(self) -> None:
        """Free what it holds."""


class ModelSource:
    is_repeatable = True

    def __init__(self, settings: dict[str, Any], context: Context) -> None:
        """Raises: UserError: the provider is not there, lacks the model, or the prompt is not one."""
        self.provider: Provider = make_provider(settings, context)
        self._prompt = Prompt.from_settings(settings, self.provider.has_schema)
        self.provider.check()
        self.model: str = getattr(self.provider, "model", settings["model"])
        self.most_at_once: int = settings["workers"] if self.provider.can_share else 1
        self._settings = settings

    def ask(self, chunk: Chunk, count: int, seen: set[tuple[str, str]], known: list[str], attempt: int) -> Parsed:
        settings = self._settings
        options = Options(
            settings["temperature"], settings["context_tokens"], settings["answer_tokens"], settings["seed"] + attempt
        )
        reply = self.provider.complete(self._prompt.messages(chunk, count, known), self._prompt.schema(), options)
        return parse(reply.text, reply.is_cut)

    def close(self) -> None:
        self.provider.close()


class BuiltInSource:
    model = ""
    provider = None
    most_at_once = 1
    is_repeatable = False

    def __init__(self, settings: dict[str, Any]) -> None:
        self._style, self._seed = find_style(settings["style"]).key, settings["seed"]

    def ask(self, chunk: Chunk, count: int, seen: set[tuple[str, str]], known: list[str], attempt: int) -> Parsed:
        """Raises: UserError: the style needs a model that can write."""
        from services.sft_data.built_in import make_pairs

        headings = list(chunk.metadata.get("headings") or ())
        made = make_pairs(chunk.content, headings, self._style, count + len(seen), self._seed)
        new = [
            Candidate(pair.instruction, pair.output, (pair.evidence_start, pair.evidence_end))
            for pair in made
            if (pair.instruction, pair.output) not in seen
        ]
        if not new:
            return Parsed(fault=_("It has no further statement that the built-in provider can ask about."))
        return Parsed(new)

    def close(self) -> None:
        pass


def make_source(settings: dict[str, Any], context: Context) -> Source:
    """What the settings of "generate" ask for, ready to work.

    Raises:
        UserError: the provider is not there, lacks the key or the model, or a setting does not fit it.
    """
    return BuiltInSource(settings) if settings["provider"] == "built-in" else ModelSource(settings, context)
