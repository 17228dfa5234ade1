"""What making pairs will take, before anything is asked: requests, tokens, time and price."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from services.errors import UserError
from services.jobs import Context
from services.knowledge_base.store import KnowledgeBase
from services.settings import check
from services.sft_data.address import is_loopback
from services.sft_data.key import find_key
from services.sft_data.mix import parts_of
from services.sft_data.provider import Price, find_provider
from services.sft_data.style import find_style
from services.sft_data.task import FACTS, PAIRS, VERDICT
from services.sft_data.teacher import SMALL_BELOW, size_of

KEEP_PRICES_S = 900.0
# Tokens where nothing was measured: of a prompt without its chunk, and of one pair, of the facts of a chunk of the usual
# length, of a verdict.
_PROMPT_TOKENS = {FACTS: 180, PAIRS: 420, VERDICT: 160}
_PAIR_TOKENS, _FACTS_SHARE, _VERDICT_TOKENS = 90, 0.9, 40

_prices: dict[str, tuple[float, dict[str, Price]]] = {}  # by address: when they were read, and each model's


@dataclass(frozen=True, slots=True)
class Estimate:
    """pairs: how many will be asked for, of so many chunks. requests, tokens: in all. seconds, cost (US dollars): None
    where nobody knows. is_free: nothing is paid. is_measured: by earlier requests to the same model.
    """

    pairs: int
    chunks: int
    requests: int
    tokens: int
    seconds: float | None
    cost: float | None
    is_free: bool
    is_measured: bool


def estimate(store: KnowledgeBase, settings: dict[str, Any], chunk_ids: Sequence[int] = ()) -> Estimate:
    """What a run with these settings will take, as far as it can be told without asking anybody.

    Args:
        settings: of the phase "generate".
        chunk_ids: the chunks to ask about; empty: all.

    Raises:
        UserError: a setting is out of range.
    """
    values = check("generate", settings)
    if values["mix"]:
        if chunk_ids:
            values["pairs"] = min(values["pairs"], values["pairs_per_chunk"] * len(chunk_ids))
        each = [
            _estimate(store, {**values, "style": style, "pairs": pairs}, chunk_ids) for style, pairs in parts_of(values).items()
        ]
        return _sum(each, len(chunk_ids or store.training_chunk_ids()))
    return _estimate(store, values, chunk_ids)


def _sum(each: Sequence[Estimate], usable: int) -> Estimate:
    """Of the styles of a mix: later ones ask other chunks first."""
    seconds, costs = [one.seconds for one in each], [one.cost for one in each]
    return Estimate(
        sum(one.pairs for one in each), min(usable, sum(one.chunks for one in each)), sum(one.requests for one in each),
        sum(one.tokens for one in each), None if None in seconds else sum(seconds), None if None in costs else sum(costs),
        each[0].is_free, all(one.is_measured for one in each),
    )  # fmt: skip


def _estimate(store: KnowledgeBase, values: dict[str, Any], chunk_ids: Sequence[int]) -> Estimate:
    usable = chunk_ids or store.training_chunk_ids()
    wanted, per_request = values["pairs"], values["pairs_per_chunk"]
    if chunk_ids:
        wanted = min(wanted, per_request * len(chunk_ids))
    if not usable:
        return Estimate(wanted, 0, 0, 0, None, None, True, False)
    asked = min(len(usable), wanted)  # every chunk gets one before any gets two
    if values["provider"] == "built-in":
        pace = store.pace("built-in", "")
        return Estimate(wanted, asked, 0, 0, None if pace is None else pace * asked, None, True, pace is not None)
    requests = _requests(store, values, usable, wanted, asked)
    length = _mean_length(store, usable)
    price = known_price(values)
    pace = store.pace(values["provider"], values["model"])
    tokens, cost, is_measured, has_cost = 0.0, 0.0, True, True
    for kind, count in requests.items():
        if not count:
            continue
        used = store.usage(values["provider"], _model_of(values, kind), kind)
        tokens_in, tokens_out = used.tokens_in, used.tokens_out
        if tokens_in is None or tokens_out is None:
            is_measured = False
            tokens_in = _PROMPT_TOKENS[kind] + length
            tokens_out = {FACTS: _FACTS_SHARE * length, PAIRS: _PAIR_TOKENS * wanted / count, VERDICT: _VERDICT_TOKENS}[kind]
        each = price.of(tokens_in, tokens_out) if price else used.cost
        tokens += count * (tokens_in + tokens_out)
        cost += count * (each or 0.0)
        has_cost = has_cost and each is not None
    is_free, total = _is_free(values) and price is None, sum(requests.values())
    return Estimate(
        wanted, asked, total, round(tokens), None if pace is None else pace * total,
        cost if has_cost and not is_free else None, is_free, is_measured,
    )  # fmt: skip


def _requests(
    store: KnowledgeBase, values: dict[str, Any], usable: Sequence[int], wanted: int, asked: int
) -> dict[str, int]:
    is_small = _is_small(values)
    rounds = -(-wanted // (len(usable) * values["pairs_per_chunk"]))
    pairs = wanted if is_small else asked * max(1, rounds)
    facts = 0
    if values["facts_first"] and find_style(values["style"]).grows_from_facts and not is_small:
        facts = min(asked, store.count_without_facts(usable))
    return {FACTS: facts, PAIRS: pairs, VERDICT: wanted if values["judge"] else 0}


def _is_small(values: dict[str, Any]) -> bool:
    if values["small_model"] != "auto":
        return values["small_model"] == "on"
    size = size_of(values["model"])
    return size is not None and size < SMALL_BELOW


def _model_of(values: dict[str, Any], kind: str) -> str:
    return (values["judge_model"].strip() if kind == VERDICT else "") or values["model"]


def _mean_length(store: KnowledgeBase, chunk_ids: Sequence[int]) -> float:
    lengths = store.token_counts(chunk_ids)
    return sum(lengths.values()) / len(lengths) if lengths else 0.0


def _is_free(values: dict[str, Any]) -> bool:
    """Whether it runs on this machine; what another one asks for it is not known."""
    kind = find_provider(values["provider"])
    if not kind.has_url:
        return True
    try:
        is_here = is_loopback(values["url"] or kind.default_url)
    except UserError:
        return False
    return is_here and not values["model"].endswith(("-cloud", ":cloud"))


def known_price(values: dict[str, Any]) -> Price | None:
    """The price of the model by the list that was read last."""
    _when, prices = _prices.get(_address(values), (0.0, {}))
    return prices.get(values["model"]) or prices.get(values["model"].split(":")[0])


def lacks_prices(values: dict[str, Any]) -> bool:
    """Whether a price list could be read, and was not lately."""
    if values["provider"] != "openrouter" or not values["model"] or not find_key("openrouter"):
        return False
    return time.monotonic() - _prices.get(_address(values), (-KEEP_PRICES_S, {}))[0] >= KEEP_PRICES_S


def read_prices(values: dict[str, Any], context: Context) -> None:
    """Read OpenRouter's price list; one that cannot be read is not asked for again for a while."""
    from services.sft_data.openrouter import OpenRouter, price_of

    prices: dict[str, Price] = {}
    try:
        rows = OpenRouter(values, context).catalogue()
        prices = {str(row["id"]): price for row in rows if (price := price_of(row))}
    except UserError:
        pass  # the run will say what is wrong
    _prices[_address(values)] = (time.monotonic(), prices)


def _address(values: dict[str, Any]) -> str:
    return values["url"] or find_provider("openrouter").default_url
