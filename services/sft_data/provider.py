"""Who writes pairs: one row per provider, and what all of them can do."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from services.errors import UserError
from services.jobs import Context
from services.sft_data.prompt import Message
from services.translation import _


class RequestFailed(UserError):
    """One request brought nothing; its text says why and what to do.

    is_final: no other request would fare better (a wrong key, no credit, a model that is not there).
    is_server: the server or the way to it failed, rather than this one question.
    may_cost: it was on its way to an answer, which may be billed although nothing came.
    """

    def __init__(self, text: str, *, is_final: bool = False, is_server: bool = True, may_cost: bool = False) -> None:
        super().__init__(text)
        self.is_final, self.is_server, self.may_cost = is_final, is_server, may_cost


@dataclass(frozen=True, slots=True)
class Options:
    """How one reply is to be written. seed: servers that know none ignore it."""

    temperature: float = 0.7
    context_tokens: int = 8192
    answer_tokens: int = 1024
    seed: int = 42


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back. Token counts are None where the server does not say; is_cut: it ran into ``answer_tokens``.

    cost: in US dollars, where the server says it.
    """

    text: str
    prompt_tokens: int | None = None
    answer_tokens: int | None = None
    is_cut: bool = False
    cost: float | None = None


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars for one token that is read, and for one that is written."""

    prompt: float
    answer: float

    def of(self, tokens_in: float, tokens_out: float) -> float:
        return tokens_in * self.prompt + tokens_out * self.answer


@dataclass(frozen=True, slots=True)
class Offer:
    """A model that a provider has, as far as the provider tells.

    price: None where it is not said. context_tokens, size_bytes: 0 where it is not said. keeps_form: whether its
        replies can be held to a JSON schema; None where it is not said.
    """

    name: str
    price: Price | None = None
    context_tokens: int = 0
    size_bytes: int = 0
    keeps_form: bool | None = None


class Provider(Protocol):
    """A language model somewhere.

    name: for sentences. address: the host that reads the chunks. is_local: they do not leave this machine.
    has_schema: replies can be held to a JSON schema. can_share: several requests may run side by side.
    price: None where it costs nothing, or nobody knows.
    """

    name: str
    address: str
    is_local: bool
    has_schema: bool
    can_share: bool
    price: Price | None

    def listen(self, refused: Callable[[int, float | None], None]) -> None:
        """Be told, from any thread, whenever the server refuses (status) or times out (0), with its Retry-After."""

    def check(self) -> None:
        """Raises: UserError: it is not there, lets nobody in, or lacks the model."""

    def offers(self) -> list[Offer]:
        """Its models. Raises: UserError: it cannot be asked."""

    def complete(self, messages: list[Message], schema: dict[str, Any] | None, options: Options) -> Reply:
        """One reply. Raises: RequestFailed; Cancelled."""

    def close(self) -> None:
        """Free what it holds."""


@dataclass(frozen=True, slots=True)
class ProviderKind:
    """A row of the registry: what a form must ask for, and where the code is.

    key_variable: the environment variable of its key; empty where it takes none.
    place: "module:function" that makes it from (settings, context); empty for the provider that needs no model.
    """

    key: str
    label: str
    help: str
    place: str = ""
    needs_model: bool = True
    has_url: bool = False
    default_url: str = ""
    key_variable: str = ""
    needs_key: bool = False


PROVIDERS: dict[str, ProviderKind] = {
    kind.key: kind
    for kind in (
        ProviderKind(
            "ollama",
            "Ollama",
            _("Models on this machine, or on one in your network, that runs Ollama."),
            "services.sft_data.ollama:Ollama",
            has_url=True,
            default_url="http://127.0.0.1:11434",
        ),
        ProviderKind(
            "openrouter",
            "OpenRouter",
            _("Large models in the cloud. The chunks are sent there, and it costs money."),
            "services.sft_data.openrouter:OpenRouter",
            has_url=True,
            default_url="https://openrouter.ai/api/v1",
            key_variable="OPENROUTER_API_KEY",
            needs_key=True,
        ),
        ProviderKind(
            "openai-compatible",
            _("OpenAI-compatible server"),
            _("LM Studio, llama-server, vLLM and every other server that speaks OpenAI's language."),
            "services.sft_data.openai_compatible:OpenAICompatible",
            has_url=True,
            default_url="http://127.0.0.1:1234/v1",
            key_variable="OPENAI_COMPATIBLE_API_KEY",
        ),
        ProviderKind(
            "llama-cpp",
            _("GGUF file"),
            _("A model file on this machine; no server needed."),
            "services.sft_data.llama_cpp_provider:LlamaCppProvider",
        ),
        ProviderKind(
            "built-in",
            _("Built-in"),
            _("Needs no model: takes questions and answers from the text's own statements. Plain, fast and grounded."),
            needs_model=False,
        ),
    )
}


def find_provider(key: str) -> ProviderKind:
    """Raises: UserError: there is no such provider."""
    try:
        return PROVIDERS[key]
    except KeyError:
        raise UserError(
            _("There is no provider “{name}”. Choose one of {known}.").format(name=key, known=", ".join(PROVIDERS))
        ) from None


def make_provider(settings: dict[str, Any], context: Context) -> Provider:
    """The provider that the settings of "generate" name, not yet asked for anything.

    Raises:
        UserError: an address that is none, a key that is missing, a file that is not there.
    """
    module, name = find_provider(settings["provider"]).place.split(":")
    make: Callable[[dict[str, Any], Context], Provider] = getattr(importlib.import_module(module), name)
    return make(settings, context)


def privacy_sentence(provider: Provider) -> str:
    """What to tell the person about where the chunks go; empty where they stay on this machine."""
    if provider.is_local:
        return ""
    return _("The text of the chunks is sent to {address}.").format(address=provider.address)
