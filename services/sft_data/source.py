"""The model that writes, with the prompts and the options of one job, and what it costs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.errors import UserError
from services.jobs import Context
from services.records import Chunk
from services.sft_data.fact_finding import SCHEMA, fact_messages
from services.sft_data.judge import verdict_messages
from services.sft_data.prompt import Message, Prompt, prompt_hash
from services.sft_data.prompt_text import FACTS_KEY, JUDGE_KEY, check_saved
from services.sft_data.provider import Options, Provider, Reply, make_provider
from services.sft_data.teacher import is_small
from services.translation import _

FACT_TOKENS = 2048  # the shortest limit of a reply that lists facts
VERDICT_TOKENS = 256
# Tokens at the most, of a letter as it is sent, for never going over a budget: digits may be a token each, and letters
# outside ASCII more than one.
TOKENS_PER_LETTER, TOKENS_PER_DIGIT, TOKENS_PER_OTHER = 1 / 3, 1.0, 1.5


@dataclass(frozen=True, slots=True)
class Request:
    """What is sent, complete. token_factor: how many times more tokens this provider was seen to count than was thought."""

    provider: Provider
    messages: list[Message]
    schema: dict[str, Any] | None
    options: Options
    token_factor: float = 1.0

    @property
    def hash(self) -> str:
        return prompt_hash(self.messages, self.schema)

    def send(self) -> Reply:
        """Raises: RequestFailed; Cancelled."""
        return self.provider.complete(self.messages, self.schema, self.options)

    def cost_at_most(self) -> float:
        """US dollars that it cannot go over; 0 where there is no price."""
        if self.provider.price is None:
            return 0.0
        return self.provider.price.of(self.tokens_at_most() * self.token_factor, self.options.answer_tokens)

    def tokens_at_most(self) -> float:
        """Of the prompt, by its letters."""
        text = json.dumps(self.schema) if self.schema else ""
        text += "".join(message["content"] for message in self.messages)
        digits, others = sum(map(str.isdecimal, text)), sum(letter > "\x7f" for letter in text)
        return 50 + TOKENS_PER_LETTER * len(text) + TOKENS_PER_DIGIT * digits + TOKENS_PER_OTHER * others


class ModelSource:
    """Makes the requests of one job.

    is_small: one fact and one question a request. judge: who reads every pair, or None.
    """

    def __init__(self, settings: dict[str, Any], context: Context, saved: Mapping[str, str] | None = None) -> None:
        """Raises: UserError: the provider is not there, lacks the model, or the prompt is not one."""
        self.provider: Provider = make_provider(settings, context)
        # A bad prompt is said before anything is asked.
        self._saved = saved or {}
        check_saved(self._saved, settings)
        Prompt.from_settings(settings, has_schema=False, saved=saved)
        self.provider.check()
        self.model: str = getattr(self.provider, "model", settings["model"])
        self.is_small = is_small(settings, self.provider)
        self._has_schema = self.provider.has_schema and not self.is_small
        self._prompt = Prompt.from_settings(settings, self._has_schema, saved)
        self._settings = settings
        self._token_factor = 1.0
        self.judge: Provider | None = None
        if settings["judge"]:
            self.judge = self._make_judge(settings, context)

    def _make_judge(self, settings: dict[str, Any], context: Context) -> Provider:
        if not settings["judge_model"].strip() or settings["judge_model"].strip() == self.model:
            return self.provider
        judge = make_provider({**settings, "model": settings["judge_model"]}, context)
        judge.check()
        return judge

    def providers(self) -> list[Provider]:
        return [self.provider, *([self.judge] if self.judge and self.judge is not self.provider else [])]

    def learn(self, request: Request, reply: Reply) -> None:
        """A provider that counts more tokens than was thought is thought to do so from now on; never fewer."""
        if reply.prompt_tokens:
            self._token_factor = max(self._token_factor, reply.prompt_tokens / request.tokens_at_most())

    def cost_of(self, provider: Provider, reply: Reply) -> float | None:
        """What a reply cost: as the server says, or by its price list."""
        if reply.cost is not None or provider.price is None:
            return reply.cost
        return provider.price.of(reply.prompt_tokens or 0, reply.answer_tokens or 0)

    def pairs_request(
        self, chunk: Chunk, count: int, known: list[str], facts: Sequence[str], partner: Chunk | None, audience: str, variant: int
    ) -> Request:
        """At least ``count`` pairs about a chunk, where it goes well. variant: how often it was asked before."""
        settings = self._settings
        messages = self._prompt.messages(chunk, count, known, facts, partner, audience)
        schema = self._prompt.schema(has_facts=bool(facts))
        options = self._options(settings["answer_tokens"], settings["seed"] + variant)
        return Request(self.provider, messages, schema, options, self._token_factor)

    def facts_request(self, chunk: Chunk) -> Request:
        tokens = max(FACT_TOKENS, self._settings["answer_tokens"])
        return Request(
            self.provider, fact_messages(chunk, self._saved.get(FACTS_KEY, "")), SCHEMA if self._has_schema else None,
            self._options(tokens, self._settings["seed"], temperature=0.0), self._token_factor,
        )  # fmt: skip

    def verdict_request(self, content: str, question: str, answer: str, partner: Chunk | None) -> Request:
        assert self.judge is not None
        options = self._options(VERDICT_TOKENS, self._settings["seed"], temperature=0.0)
        messages = verdict_messages(content, question, answer, partner, self._saved.get(JUDGE_KEY, ""))
        return Request(self.judge, messages, None, options, self._token_factor)

    def _options(self, tokens: int, seed: int, temperature: float | None = None) -> Options:
        settings = self._settings
        chosen = settings["temperature"] if temperature is None else temperature
        return Options(chosen, settings["context_tokens"], tokens, seed)

    def close(self) -> None:
        for provider in self.providers():
            provider.close()


def make_source(settings: dict[str, Any], context: Context, saved: Mapping[str, str] | None = None) -> ModelSource | None:
    """The model that the settings of "generate" ask for, ready to work; None for the built-in provider.

    Raises:
        UserError: the provider is not there, lacks the key or the model, or a setting does not fit it.
    """
    if settings["provider"] == "built-in":
        if settings["judge"]:
            raise UserError(_("The built-in provider has no model that could judge. Switch the judge off."))
        return None
    return ModelSource(settings, context, saved)
