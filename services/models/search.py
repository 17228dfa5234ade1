"""Searching the hub for models to start from: one question, when the person asks it, bounded in time."""

from __future__ import annotations

import re
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from services.models.base import why_not_config
from services.models.card import ModelCard, kind_of, say_languages
from services.models.hub import TIMEOUT_S, in_thread, patiently, refuse_offline
from services.translation import _

if TYPE_CHECKING:
    from services.jobs import Context

MOST = 60
_LIMIT_S = 45.0
_ASKED_FOR = ("config", "downloads", "gated", "lastModified", "pipeline_tag", "safetensors", "tags")
_VALUE_BYTES = {"F64": 8, "I64": 8, "F32": 4, "I32": 4, "F16": 2, "BF16": 2, "I16": 2}  # others: 1


def run(settings: dict[str, Any], context: Context) -> dict[str, Any]:
    """The job: text models with safetensors weights whose name contains ``settings["query"]``, most downloaded first.

    Nothing of the person goes along but the words, and an access token where the environment has one.

    Returns:
        {"query", "models": [the fields of a ModelCard]}

    Raises:
        UserError: offline, or the hub cannot be reached or does not answer.
        Cancelled: at once.
    """
    refuse_offline(
        _("The program is offline, so the hub cannot be searched. What is on this computer can be used as it is.")
    )
    query = clean(str(settings["query"]))
    context.progress(0, 0, _("Searching for {query}").format(query=query))
    found = in_thread(
        lambda: patiently(lambda: _ask(query), context.cancelled, lambda: 0, lambda wait: context.progress(0, 0, wait)),
        "", context, limit_s=_LIMIT_S,
    )  # fmt: skip
    cards = [read_answer(entry) for entry in found if isinstance(entry, dict) and entry.get("id")]
    return {"query": query, "models": [asdict(card) for card in cards]}


def clean(query: str) -> str:
    """What the hub looks for: a part of a name, which has no spaces; an address of a model's page becomes its name."""
    query = re.sub(r"^(https?://)?(www\.)?(huggingface\.co|hf\.co)/", "", query.strip())
    return "-".join("/".join(query.split("/")[:2]).split())


def _ask(query: str) -> Any:
    # The library's own list_models waits for an answer for ever.
    from huggingface_hub import constants
    from huggingface_hub.utils import build_hf_headers, get_session, hf_raise_for_status

    parameters = {
        "search": query, "pipeline_tag": "text-generation", "filter": "safetensors", "sort": "downloads",
        "limit": str(MOST), "expand": list(_ASKED_FOR),
    }  # fmt: skip
    url = f"{constants.ENDPOINT}/api/models"
    response = get_session().get(url, params=parameters, headers=build_hf_headers(), timeout=TIMEOUT_S)
    hf_raise_for_status(response)
    return response.json()


def read_answer(entry: dict[str, Any]) -> ModelCard:
    """One model as the hub describes it; whatever is missing or odd in the answer is left out."""
    name, tags = str(entry["id"]), [tag for tag in entry.get("tags") or [] if isinstance(tag, str)]
    config = entry.get("config") or {}
    weights = entry.get("safetensors") or {}
    counts = weights.get("parameters") or {}
    has_template = bool((config.get("tokenizer_config") or {}).get("chat_template")) or "conversational" in tags
    licence = next((tag.removeprefix("license:") for tag in tags if tag.startswith("license:")), "")
    return ModelCard(
        name,
        kind_of(name, has_template),
        parameters=int(weights.get("total") or sum(counts.values())),
        size_bytes=sum(_VALUE_BYTES.get(dtype, 1) * count for dtype, count in counts.items()),
        licence=licence,
        languages=say_languages([tag for tag in tags if len(tag) == 2 and tag.isalpha() and tag.islower()]),
        model_type=str(config.get("model_type") or ""),
        is_gated=bool(entry.get("gated")),
        downloads=int(entry.get("downloads") or 0),
        changed=str(entry.get("lastModified") or "")[:10],
        why_not=why_not_config(config, name) if config.get("architectures") else "",
    )
