"""Several styles in one run."""

import random
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
import requests
from places import add_chunks

from services.errors import UserError
from services.jobs import Context
from services.project import Project
from services.sft_data.estimate import estimate
from services.sft_data.generate import run
from services.sft_data.mix import parse_mix, share_out, write_mix
from services.sft_data.prompt_text import PROMPT_TEXTS
from services.sft_data.style import STYLES

Settings = Callable[..., dict[str, Any]]
Serve = Callable[..., Any]


def styles_of(project: Project) -> Counter[str]:
    with project.connect(is_read_only=True) as knowledge_base:
        return Counter(pair.style for pair in knowledge_base.pairs(knowledge_base.pair_ids("sft_data", ("new",))))


def test_a_mix_is_read_as_people_write_it() -> None:
    wanted = {"factual": 3, "multiple-choice": 1}
    for text in ("factual 3, multiple-choice 1", "factual=3;multiple-choice:1", " factual: 3 , multiple-choice 1,", "factual 3, socratic 0, multiple-choice 1"):
        assert parse_mix(text) == wanted
    assert parse_mix(write_mix(wanted)) == wanted and parse_mix(" ") == {}
    for text, reason in [
        ("factual", "no part of a mix"), ("factual 3 socratic 1", "no part of a mix"), ("factual -1", "no part of a mix"),
        ("poetic 3", "There is no style “poetic”"), ("factual 1, factual 2", "twice"), ("factual 0", "above 0"),
    ]:  # fmt: skip
        with pytest.raises(UserError, match=reason):
            parse_mix(text)


def test_shares_add_up() -> None:
    assert share_out({"factual": 3, "socratic": 1}, 100) == {"factual": 75, "socratic": 25}
    assert share_out({"factual": 1, "socratic": 1}, 1) == {"factual": 1}
    rng = random.Random(4)
    for _round in range(300):
        mix = {style: rng.randint(1, 20) for style in rng.sample(sorted(STYLES), rng.randint(1, 8))}
        pairs = rng.randint(1, 400)
        parts = share_out(mix, pairs)
        assert sum(parts.values()) == pairs
        assert all(abs(parts.get(style, 0) - pairs * share / sum(mix.values())) < 1 for style, share in mix.items())


def test_every_style_gets_its_share_spread_over_the_chunks(project: Project, settings: Settings, serve: Serve) -> None:
    add_chunks(project, 20, per_chunk=2)
    events: list[dict[str, Any]] = []
    values = settings(serve("ollama", "good").url, pairs=20, mix="factual 3, conversational 1, socratic 1", style="comparison")
    result = run(values, Context(events.append))
    assert (result["pairs"], result["asked"], result["missing"], result["failed"]) == (20, 20, {}, [])
    assert styles_of(project) == {"factual": 12, "conversational": 4, "socratic": 4}
    with project.connect(is_read_only=True) as knowledge_base:
        assert set(knowledge_base.coverage("sft_data").values()) == {1}, "one pair from each chunk, whatever its style"
        assert estimate(knowledge_base, values).pairs == 20
    shares = [event["done"] / event["total"] for event in events if event["type"] == "progress"]
    assert shares == sorted(shares) and shares[-1] == 1
    assert project.dataset_path().read_text("utf-8").count("\n") == 20


def test_a_style_that_falls_short_is_listed_and_the_others_are_made(
    project: Project, settings: Settings, serve: Serve
) -> None:
    ids = add_chunks(project, 1, per_chunk=4)  # nothing to compare with
    result = run(settings(serve("ollama", "good").url, pairs=4, mix="comparison 1, factual 1"), Context())
    assert (result["pairs"], result["missing"]) == (2, {"No other chunk speaks of the same.": 2})
    assert result["failed"] == [{"chunk": ids[0], "reason": "No other chunk speaks of the same."}]
    assert styles_of(project) == {"factual": 2}


def test_what_a_mix_needs_is_said_before_anything_is_made(project: Project, settings: Settings, serve: Serve) -> None:
    add_chunks(project, 4)
    server = serve("ollama", "good")
    with pytest.raises(UserError, match="goes with one style"):
        run(settings(server.url, mix="factual 1, socratic 1", prompt="Write {count} about {chunk}"), Context())
    with project.connect() as knowledge_base:
        knowledge_base.save_prompt_text("socratic", "without a place for the chunk")
    with pytest.raises(UserError, match=PROMPT_TEXTS["socratic"].label):
        run(settings(server.url, mix="factual 1, socratic 1"), Context())
    with pytest.raises(UserError, match="no model"):
        run(settings("", "built-in", mix="factual 1, socratic 1"), Context())
    assert not server.requests() and not styles_of(project)


def test_a_mix_has_one_limit_of_what_may_be_spent(
    project: Project, settings: Settings, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENROUTER_API_KEY", "sk-or-good")
    add_chunks(project, 40)
    server = serve("openai", "dear")
    values = settings(server.url, "openrouter", model="priced/large", pairs=40, budget=0.1, answer_tokens=256,
                      mix="factual 1, conversational 9", pairs_per_chunk=1)  # fmt: skip
    with pytest.raises(UserError, match=r"limit of 0.1 US dollars.* The (\d+) pairs made until then are kept"):
        run(values, Context())
    spent = requests.get(f"{server.url}/bill", timeout=10).json()["spent"]
    assert 0.05 < spent <= 0.1
    made = styles_of(project)
    assert made["factual"] == 4 and 0 < made["conversational"] < 36


def test_a_retry_and_a_renewal_know_their_style(project: Project, settings: Settings, serve: Serve) -> None:
    add_chunks(project, 3)
    run(settings(serve("ollama", "prose").url, pairs=3), Context())
    result = run(settings(serve("ollama", "good").url, pairs=50, mix="socratic 1, conversational 1", retry=True), Context())
    assert result["pairs"] == 3 and styles_of(project) == {"factual": 3}
