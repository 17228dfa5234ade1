"""What a person chooses a base model by, and what licences and kinds mean in plain words."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from services.models.base import STARTER_NAME, BaseModelInfo
from services.translation import _, ngettext

BASE, INSTRUCT = "base", "instruct"

_LICENCES = {
    "apache-2.0": _("Apache 2.0: free for any use, commercial too. Keep the licence's text with what you pass on."),
    "mit": _("MIT: free for any use, commercial too. Keep the copyright note with what you pass on."),
    "qwen-research": _("Qwen Research License: for research and other non-commercial use only."),
    "llama3.2": _("Llama 3.2 Community License: free for most uses, commercial too, under Meta's use policy. What you pass "
                  "on must say “Built with Llama” and have a name that begins with Llama."),
    "cc-by-4.0": _("CC BY 4.0: free for any use, commercial too. Name its makers in what you pass on."),
    "other": _("It has terms of its own: read them at the model's page before you pass anything on."),
    "gemma": _("Gemma terms: commercial use is allowed. Google's list of prohibited uses applies to you and to whom you "
               "pass the model on to."),
}  # fmt: skip
_LICENCE_NAMES = {
    "apache-2.0": "Apache 2.0", "mit": "MIT", "qwen-research": _("Qwen Research (non-commercial)"),
    "llama3.2": "Llama 3.2", "gemma": "Gemma", "cc-by-4.0": "CC BY 4.0", "other": _("its own terms"),
}  # fmt: skip
_LANGUAGES = {
    "ar": _("Arabic"), "cs": _("Czech"), "da": _("Danish"), "de": _("German"), "el": _("Greek"), "en": _("English"),
    "es": _("Spanish"), "fi": _("Finnish"), "fr": _("French"), "hi": _("Hindi"), "hu": _("Hungarian"), "it": _("Italian"),
    "ja": _("Japanese"), "ko": _("Korean"), "nl": _("Dutch"), "no": _("Norwegian"), "pl": _("Polish"),
    "pt": _("Portuguese"), "ru": _("Russian"), "sv": _("Swedish"), "th": _("Thai"), "tr": _("Turkish"),
    "uk": _("Ukrainian"), "vi": _("Vietnamese"), "zh": _("Chinese"),
}  # fmt: skip
_NAMED_LANGUAGES = 3
_INSTRUCT_WORDS = ("instruct", "chat", "it", "dpo", "sft")
_BASE_WORDS = ("base", "pt")


@dataclass(frozen=True, slots=True)
class Shape:
    """Of a decoder, by the names that configurations of transformers use; parameters: tied embeddings count once."""

    parameters: int
    num_hidden_layers: int
    hidden_size: int
    intermediate_size: int
    num_attention_heads: int
    num_key_value_heads: int
    head_dim: int
    vocab_size: int


@dataclass(frozen=True, slots=True)
class ModelCard:
    """One model of a list, wherever it is.

    name: at the hub, "starter", or a folder.
    kind: BASE or INSTRUCT.
    parameters, size_bytes, context_tokens: 0 where nobody says; size_bytes is what is fetched, or lies here.
    licence: as the hub names it. languages: in words; empty where nobody says.
    model_type: as transformers names the family.
    downloads: of the last month; changed: the day of the last change; of search results.
    why_not: the sentence that says why nothing can be trained on it.
    """

    name: str
    kind: str
    parameters: int = 0
    size_bytes: int = 0
    licence: str = ""
    languages: str = ""
    context_tokens: int = 0
    model_type: str = ""
    is_gated: bool = False
    downloads: int = 0
    changed: str = ""
    why_not: str = ""
    shape: Shape | None = None
    folder: Path | None = None

    @property
    def title(self) -> str:
        """The name without its author or folder."""
        return _("Starter model") if self.name == STARTER_NAME else self.name.rstrip("/\\").replace("\\", "/").rsplit("/", 1)[-1]

    @property
    def kind_sentence(self) -> str:
        """What base or instruct means for a person who trains it here."""
        if self.kind == BASE:
            return _("Base: learns your texts best. It can answer questions only after phase 4.")
        return _("Instruct: can chat already. While it reads your texts it may forget some of that.")

    @property
    def licence_name(self) -> str:
        return _LICENCE_NAMES.get(self.licence, self.licence or _("not named"))

    @property
    def licence_sentence(self) -> str:
        """What the licence means; not legal advice."""
        if not self.licence:
            return _("No licence is named. Ask its makers before you use it or pass anything on.")
        return _LICENCES.get(self.licence) or _("{licence}: read it at the model's page before you pass anything on.").format(
            licence=self.licence
        )


def kind_of(name: str, has_chat_template: bool) -> str:
    """Base or instruct: many base models bring a chat template along, so a name that says it counts more."""
    words = name.lower().replace("/", "-").replace("_", "-").split("-")
    if any(word in words for word in _BASE_WORDS) or name == STARTER_NAME:
        return BASE
    return INSTRUCT if has_chat_template or any(word in words for word in _INSTRUCT_WORDS) else BASE


def say_languages(codes: tuple[str, ...] | list[str]) -> str:
    """“German, English”; many are counted."""
    names = [_LANGUAGES.get(code, code) for code in codes]
    if len(names) <= _NAMED_LANGUAGES:
        return ", ".join(names)
    return ngettext("{count} language", "{count} languages", len(names)).format(count=len(names))


def card_of(info: BaseModelInfo, known: ModelCard | None = None) -> ModelCard:
    """The card of a model that is on this computer.

    Args:
        known: what the table of recommended models says of it.
    """
    from services.models.base import read_config

    config = read_config(info.folder)
    return ModelCard(
        name=info.name,
        kind=known.kind if known else kind_of(info.name, info.has_chat_template),
        parameters=info.parameters,
        size_bytes=info.size_bytes,
        licence=info.licence or (known.licence if known else ""),
        languages=(known.languages if known else "") or say_languages(info.languages),
        context_tokens=info.context_tokens,
        model_type=config.get("model_type", ""),
        is_gated=bool(known and known.is_gated),
        why_not=info.why_not,
        shape=shape_of(config, info.parameters),
        folder=info.folder,
    )


def shape_of(config: dict, parameters: int) -> Shape | None:
    """The shape that a config.json describes; None where it is told in another way."""
    try:
        width, heads = int(config["hidden_size"]), int(config["num_attention_heads"])
        return Shape(
            parameters, int(config["num_hidden_layers"]), width, int(config.get("intermediate_size") or 4 * width), heads,
            int(config.get("num_key_value_heads") or heads), int(config.get("head_dim") or width // heads),
            int(config["vocab_size"]),
        )  # fmt: skip
    except (KeyError, TypeError, ValueError, ZeroDivisionError):
        return None
