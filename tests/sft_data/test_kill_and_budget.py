"""Nothing lost, nothing twice, nothing paid twice: children killed at random moments, and a limit of what may be spent."""

import hashlib
import importlib.util
import json
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests
from places import add_chunks

from services.errors import UserError
from services.jobs import Context
from services.project import Project
from services.sft_data.budget import Budget
from services.sft_data.generate import run
from services.sft_data.prompt import prompt_hash

ROOT = Path(__file__).resolve().parents[2]
Settings = Callable[..., dict[str, Any]]
Serve = Callable[..., Any]


def kill_when(settings: dict[str, Any], folder: Path, server: Any, count: int, delay_s: float) -> bool:
    """Run the job in a child and kill it a moment after so many more requests. Returns whether it was still running."""
    file = folder / "job.json"
    file.write_text(json.dumps(settings), "utf-8")
    before = len(server.requests())
    with subprocess.Popen(
        [sys.executable, str(ROOT / "main.py"), "--job", "generate", str(file)], cwd=folder, stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    ) as process:  # fmt: skip
        while process.poll() is None and len(server.requests()) < before + count:
            time.sleep(0.005)
        time.sleep(delay_s)
        is_running = process.poll() is None
        process.send_signal(signal.SIGKILL)
    return is_running


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("is_judged", [False, True])
def test_killed_at_random_moments_every_reply_is_paid_once(
    project: Project, settings: Settings, serve: Serve, tmp_path: Path, seed: int, is_judged: bool
) -> None:
    add_chunks(project, 20, per_chunk=3)
    server = serve("ollama", "slow")
    values = settings(server.url, pairs=20, facts_first=True, workers=4, pairs_per_chunk=2, judge=is_judged)
    rng = random.Random(seed)
    assert any([kill_when(values, tmp_path, server, rng.randint(1, 9), rng.random() * 0.08) for _kill in range(3)])
    result = run(values, Context())
    assert result["pairs"] >= 20 and result["missing"] == {}

    asked = Counter(prompt_hash(each["body"]["messages"], each["body"].get("format")) for each in server.requests())
    with project.connect() as knowledge_base:
        sql = knowledge_base.connection.execute
        assert sql("PRAGMA integrity_check").fetchone()[0] == "ok"
        items = sql("SELECT kind, prompt_hash, state, error, raw FROM work_item JOIN work_reply ON item_id = id").fetchall()
        assert {item["state"] for item in items} <= {"done", "failed", "replaced"}
        assert all(item["error"] for item in items if item["state"] == "failed")
        # A reply that was stored was paid, and is not asked for again; every request has its row.
        stored = Counter((item["kind"], item["prompt_hash"]) for item in items if item["raw"] is not None)
        assert set(stored.values()) == {1}
        begun = Counter(item["prompt_hash"] for item in items)
        assert all(count <= begun[each] for each, count in asked.items())
        kept = {item["prompt_hash"] for item in items if item["raw"] is not None}
        assert sum(count - (each in kept) for each, count in asked.items()) <= 3 * 4  # on their way at the three kills
        usable = sql("SELECT count(*), count(DISTINCT instruction) FROM pair JOIN pair_text ON pair_id = id"
                     " WHERE state = 'new'").fetchone()  # fmt: skip
    lines = [json.loads(line)["instruction"] for line in project.dataset_path().read_text("utf-8").splitlines()]
    assert tuple(usable) == (len(lines), len(lines)) and len(set(lines)) == len(lines)


def bill(server: Any) -> float:
    return requests.get(f"{server.url}/bill", timeout=10).json()["spent"]


def priced(settings: Settings, server: Any, **changes: Any) -> dict[str, Any]:
    return settings(server.url, "openrouter", **{"model": "priced/large", "workers": 16, **changes})


def test_a_limit_holds_with_many_requests_on_their_way(
    project: Project, settings: Settings, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every reply is as long as it may be, and 16 run side by side."""
    monkeypatch.setenv("OPENROUTER_API_KEY", "sk-or-good")
    add_chunks(project, 60)
    server = serve("openai", "dear")
    with pytest.raises(UserError, match="limit of 0.1 US dollars.* are kept"):
        run(priced(settings, server, pairs=60, budget=0.1, answer_tokens=256), Context())
    assert 0.05 < bill(server) <= 0.1
    with project.connect() as knowledge_base:
        [row] = knowledge_base.cost_report("sft_data")
        assert row.cost == pytest.approx(bill(server)) and row.requests - row.failed == len(server.requests())
        states = {item[0] for item in knowledge_base.connection.execute("SELECT state FROM work_item")}
        assert states <= {"done", "failed"}
        assert all("limit" in failure.reason for failure in knowledge_base.failures("sft_data"))
        made = knowledge_base.pair_counts()[0]
    assert made == len(project.dataset_path().read_text("utf-8").splitlines()) == len(server.requests())


@pytest.mark.parametrize("limit", [0.15, 0.17, 0.19])
def test_a_limit_holds_where_the_provider_counts_more_tokens_than_thought(
    project: Project, settings: Settings, serve: Serve, monkeypatch: pytest.MonkeyPatch, limit: float
) -> None:
    """Two tokens a letter: the first reply teaches it, and the last request still fits."""
    monkeypatch.setenv("OPENROUTER_API_KEY", "sk-or-good")
    add_chunks(project, 30)
    server = serve("openai", "many-tokens")
    with pytest.raises(UserError, match=f"limit of {limit} US dollars"):
        run(priced(settings, server, pairs=30, budget=limit, workers=1, answer_tokens=64), Context())
    assert 0.05 < bill(server) <= limit and len(server.requests()) > 2


def test_a_limit_waits_for_what_turns_out_cheaper(
    project: Project, settings: Settings, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each could cost 0.02 dollars and costs a tenth of it: all 20 fit into 0.06."""
    monkeypatch.setenv("OPENROUTER_API_KEY", "sk-or-good")
    add_chunks(project, 20)
    server = serve("openai", "slow")
    result = run(priced(settings, server, pairs=20, budget=0.1), Context())
    assert result["pairs"] == 20 and result["cost"] == pytest.approx(bill(server), abs=1e-6) and bill(server) < 0.1


def test_facts_and_verdicts_count_too(
    project: Project, settings: Settings, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENROUTER_API_KEY", "sk-or-good")
    add_chunks(project, 30)
    server = serve("openai", "dear")
    with pytest.raises(UserError, match="limit"):
        run(priced(settings, server, pairs=30, budget=0.3, answer_tokens=256, facts_first=True, judge=True), Context())
    assert 0.1 < bill(server) <= 0.3
    first = bill(server)
    with pytest.raises(UserError, match="limit"):  # what is paid is there, and goes on from there
        run(priced(settings, server, pairs=30, budget=0.1, answer_tokens=256, facts_first=True, judge=True), Context())
    assert bill(server) - first <= 0.1
    seen = Counter(hashlib.sha256(json.dumps(each["body"]["messages"]).encode()).hexdigest() for each in server.requests())
    assert set(seen.values()) == {1}


def test_what_was_never_answered_counts_as_paid(
    project: Project, settings: Settings, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that hangs may bill what it never sent: one such request uses up this limit."""
    monkeypatch.setenv("OPENROUTER_API_KEY", "sk-or-good")
    add_chunks(project, 10)
    server = serve("openai", "good", "hang", "good")
    with pytest.raises(UserError, match="never answered"):
        run(priced(settings, server, pairs=10, budget=0.045, workers=1, timeout_s=1.0), Context())
    assert bill(server) < 0.045 and 2 <= len(server.requests()) < 10


def test_a_budget_never_goes_over() -> None:
    rng, budget, running = random.Random(3), Budget(1.0), []
    for _step in range(2000):
        at_most = rng.uniform(0.001, 0.1)
        if rng.random() < 0.6 and budget.has_room(at_most):
            budget.reserve(at_most)
            running.append(at_most)
        elif running:
            at_most = running.pop(rng.randrange(len(running)))
            budget.release(at_most)
            budget.pay(at_most * rng.random())
        assert budget.spent + sum(running) <= 1.0 + 1e-9
    assert budget.spent > 0.9


@pytest.mark.parametrize("protocol", ["ollama", "openai"])
def test_every_request_has_an_end_among_faults(protocol: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A hundred of the faults of tests/benchmarks/generation_faults.py."""
    monkeypatch.setenv("OPENROUTER_API_KEY", "sk-or-good")
    spec = importlib.util.spec_from_file_location("generation_faults", ROOT / "tests/benchmarks/generation_faults.py")
    assert spec and spec.loader
    faults = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(faults)
    counts = faults.run_against(protocol, 100, tmp_path)
    assert counts["faults"] >= 100 and counts["kinds"] >= 15 and counts["twice"] == 0 and counts["pairs"] > 0
    assert counts["unended"] == counts["without_reason"] == 0
