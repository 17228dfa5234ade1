"""The job from chunks to JSONL, with real databases, files, servers and processes."""

import json
import os
import queue
import random
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from places import add_chunks

from services.errors import Cancelled, UserError
from services.jobs import Context
from services.project import Project
from services.sft_data.gate import REASONS
from services.sft_data.generate import run
from services.sft_data.jsonl import edited_by_hand

ROOT = Path(__file__).resolve().parents[2]
Settings = Callable[..., dict[str, Any]]
Serve = Callable[..., Any]


def rows(project: Project, dataset: str = "sft_data") -> list[dict[str, str]]:
    return [json.loads(line) for line in project.dataset_path(dataset).read_text("utf-8").splitlines()]


@pytest.mark.parametrize("style", ["factual", "conversational", "multiple-choice"])
def test_the_number_asked_for_is_delivered_and_written(
    project: Project, settings: Settings, serve: Serve, style: str
) -> None:
    add_chunks(project, 10, per_chunk=3)
    events: list[dict[str, Any]] = []
    result = run(settings(serve("ollama", "good").url, pairs=40, style=style), Context(events.append))
    assert result == {"dataset": "sft_data", "pairs": 40, "asked": 40, "rejected": {}, "failed": [], "missing": {}}
    written = rows(project)
    assert len(written) == 40 and all(list(row) == ["instruction", "output"] for row in written)
    assert len({row["instruction"] for row in written}) == 40
    assert {"type": "changed", "tables": ["pair"]} in events
    assert [event for event in events if event["type"] == "progress"][-1]["done"] == 40
    assert not [event for event in events if event["type"] == "warning"]
    with project.connect() as knowledge_base:
        [pair] = knowledge_base.pairs(knowledge_base.pair_ids("sft_data")[:1])
        assert (pair.style, pair.state, pair.provider, pair.model) == (style, "new", "ollama", "llama3.1:8b")
        assert pair.source == "places.md"


def test_25_pairs_over_100_chunks_reach_the_last(project: Project, settings: Settings, serve: Serve) -> None:
    ids = add_chunks(project, 100)
    run(settings(serve("ollama", "good").url, pairs=25), Context())
    with project.connect() as knowledge_base:
        covered = knowledge_base.coverage("sft_data")
    places = sorted(ids.index(chunk_id) for chunk_id in covered)
    assert len(places) == 25 and places[0] == 0 and places[-1] == 99
    assert max(after - before for before, after in zip(places, places[1:])) <= 5


def test_a_second_run_goes_on_with_the_least_covered(project: Project, settings: Settings, serve: Serve) -> None:
    add_chunks(project, 20)
    url = serve("ollama", "good").url
    run(settings(url, pairs=15), Context())
    run(settings(url, pairs=25), Context())
    with project.connect() as knowledge_base:
        assert Counter(knowledge_base.coverage("sft_data").values()) == {2: 20}
    assert len({row["instruction"] for row in rows(project)}) == 40


def test_several_requests_at_once(project: Project, settings: Settings, serve: Serve) -> None:
    add_chunks(project, 30)
    result = run(settings(serve("ollama", "slow").url, pairs=60, workers=6), Context())
    assert result["pairs"] == 60 and result["failed"] == []
    assert len({row["instruction"] for row in rows(project)}) == 60


def test_only_the_chosen_chunks_are_asked(project: Project, settings: Settings, serve: Serve) -> None:
    ids = add_chunks(project, 10)
    server = serve("ollama", "good")
    run(settings(server.url, pairs=4, chunk_ids=[ids[7], ids[2]]), Context())
    with project.connect() as knowledge_base:
        assert knowledge_base.coverage("sft_data") == {ids[2]: 2, ids[7]: 2}
        knowledge_base.set_excluded([ids[2]], True)
    assert len(rows(project)) == 4
    with pytest.raises(UserError, match="excluded"):
        run(settings(server.url, chunk_ids=[ids[2]]), Context())


def test_when_the_chunks_have_no_more_the_shortfall_is_listed(
    project: Project, settings: Settings, serve: Serve
) -> None:
    ids = add_chunks(project, 3)
    server = serve("ollama", "good")
    result = run(settings(server.url, pairs=50), Context())
    assert result["pairs"] == 6 and result["asked"] == 50
    assert len(server.requests()) <= 3 * 5
    again = run(settings(server.url, pairs=50), Context())
    assert again["pairs"] == 0 and [failure["chunk"] for failure in again["failed"]] == ids


@pytest.mark.parametrize(
    "mode",
    [
        "prose",
        "empty",
        "wrong-schema",
        "only-think",
        "cut-prompt",
        "cut-stream",
        "stream-error",
        "500",
        "html",
        "429-long",
        "drop",
    ],
)
@pytest.mark.parametrize("is_first", [True, False])
def test_one_bad_answer_costs_nothing(
    project: Project, settings: Settings, serve: Serve, mode: str, is_first: bool
) -> None:
    add_chunks(project, 6)
    modes = [mode, "good"] if is_first else ["good", mode, mode, "good"]
    result = run(settings(serve("ollama", *modes).url, pairs=12), Context())
    assert (result["pairs"], result["failed"]) == (12, [])


@pytest.mark.parametrize("mode", ["prose", "empty", "wrong-schema", "only-think", "cut-prompt"])
def test_every_chunk_that_gave_nothing_is_listed_with_its_reason(
    project: Project, settings: Settings, serve: Serve, mode: str
) -> None:
    ids = add_chunks(project, 4)
    events: list[dict[str, Any]] = []
    result = run(settings(serve("ollama", mode).url, pairs=8), Context(events.append))
    assert result["pairs"] == 0
    assert [failure["chunk"] for failure in result["failed"]] == ids
    assert all(failure["reason"] for failure in result["failed"])
    warned = [event["subject"] for event in events if event["type"] == "warning"]
    assert warned == [f"places.md [{number}]" for number in range(1, 5)]


@pytest.mark.parametrize("workers", [1, 5])
def test_a_storm_of_faults_leaves_no_chunk_without_an_end(
    project: Project, settings: Settings, serve: Serve, workers: int
) -> None:
    faults = ["prose", "empty", "wrong-schema", "only-think", "cut", "cut-prompt", "cut-stream", "stream-error"]
    faults += ["429", "500", "html", "drop", "invent"]
    weather = random.Random(workers).choices([*faults, *["good"] * 12], k=400)
    # Two bad answers of the server in a row at the most, or it would rightly count as gone.
    modes = [mode for number, mode in enumerate(weather) if "good" in weather[max(0, number - 2) : number + 1]]
    ids = add_chunks(project, 40)
    server = serve("ollama", *modes, "good")
    result = run(settings(server.url, pairs=80, workers=workers), Context())
    with project.connect() as knowledge_base:
        covered = knowledge_base.coverage("sft_data")
        failed_rows = len(knowledge_base.pair_ids("sft_data", "failed"))
    assert set(covered) | {failure["chunk"] for failure in result["failed"]} == set(ids)
    assert sum(covered.values()) == result["pairs"] == len(rows(project))
    assert failed_rows == sum(result["rejected"].values())
    assert len({row["instruction"] for row in rows(project)}) == result["pairs"]


def test_pairs_that_fail_at_a_gate_are_kept_with_the_reason(project: Project, settings: Settings, serve: Serve) -> None:
    ids = add_chunks(project, 2)
    result = run(settings(serve("ollama", "invent", "good").url, pairs=4), Context())
    assert result["pairs"] == 4 and result["rejected"] == {"number": 1, "not-alone": 1}
    with project.connect() as knowledge_base:
        failed = knowledge_base.pairs(knowledge_base.pair_ids("sft_data", "failed"))
        assert [(pair.chunk_id, pair.reason) for pair in failed] == [(ids[0], "number"), (ids[0], "not-alone")]
        assert all(pair.reason in REASONS for pair in failed)
        assert knowledge_base.rejections("sft_data") == {"number": 1, "not-alone": 1}
        assert len(rows(project)) == 4
        knowledge_base.set_pair_state([failed[0].id], "accepted")  # rescued by the person
        assert knowledge_base.write_jsonl("sft_data", project.dataset_path()) == 5


def test_a_model_that_cannot_do_it_is_told_off_soon(project: Project, settings: Settings, serve: Serve) -> None:
    add_chunks(project, 60)
    server = serve("ollama", "prose")
    with pytest.raises(UserError, match="larger model"):
        run(settings(server.url, pairs=200), Context())
    assert len(server.requests()) == 20


def test_a_reply_with_broken_letters_is_saved(project: Project, settings: Settings, serve: Serve) -> None:
    add_chunks(project, 1)
    run(settings(serve("ollama", "not-text", "good").url, pairs=2), Context())
    assert len(rows(project)) == 2


@pytest.mark.parametrize("mode", ["401", "no-model"])
def test_what_no_further_request_can_mend_stops_at_once(
    project: Project, settings: Settings, serve: Serve, mode: str
) -> None:
    add_chunks(project, 10)
    server = serve("ollama", "good", mode)
    with pytest.raises(UserError, match="The 1 pairs made until then are kept"):
        run(settings(server.url, pairs=10), Context())
    assert len(server.requests()) == 2 and len(rows(project)) == 1


def test_a_provider_that_is_down_is_said_before_anything_is_done(
    project: Project, settings: Settings, serve: Serve
) -> None:
    add_chunks(project, 3)
    server = serve("ollama", "good")
    server.process.kill()
    server.process.wait()
    with pytest.raises(UserError, match="ollama serve"):
        run(settings(server.url), Context())
    assert not project.dataset_path().exists()


def test_a_provider_that_dies_midway_keeps_what_was_made(project: Project, settings: Settings, serve: Serve) -> None:
    add_chunks(project, 30)
    with pytest.raises(UserError, match="does not answer.* The 4 pairs made until then are kept"):
        run(settings(serve("ollama", *["good"] * 4, "die").url, pairs=30), Context())
    assert len(rows(project)) == 4
    result = run(settings(serve("ollama", "good").url, pairs=26), Context())
    assert result["pairs"] == 26 and len({row["instruction"] for row in rows(project)}) == 30


def test_a_server_that_hangs_is_given_up(project: Project, settings: Settings, serve: Serve) -> None:
    add_chunks(project, 10)
    with pytest.raises(UserError, match="within 1 s"):
        run(settings(serve("ollama", "good", "hang").url, pairs=10, timeout_s=1.0, workers=3), Context())
    assert len(rows(project)) == 1


def test_stop_leaves_at_once_and_keeps_what_was_made(project: Project, settings: Settings, serve: Serve) -> None:
    add_chunks(project, 10)
    cancelled = threading.Event()

    def emit(event: dict[str, Any]) -> None:
        if event["type"] == "changed":
            cancelled.set()  # the second request is answered by nobody

    with pytest.raises(Cancelled):
        run(settings(serve("ollama", "good", "hang").url, pairs=10, timeout_s=600.0), Context(emit, cancelled))
    assert len(rows(project)) == 1


def test_a_chunk_that_the_person_excludes_meanwhile_is_left_out(
    project: Project, settings: Settings, serve: Serve
) -> None:
    ids = add_chunks(project, 4)

    def emit(event: dict[str, Any]) -> None:
        if event["type"] == "changed":
            with project.connect() as knowledge_base:
                knowledge_base.set_excluded(ids[2:], True)

    result = run(settings(serve("ollama", "good").url, pairs=8), Context(emit))
    assert result["pairs"] == 4 and len(rows(project)) == 4


def test_no_documents_and_bad_names_are_said(project: Project, settings: Settings) -> None:
    with pytest.raises(UserError, match="phase 1"):
        run(settings(), Context())
    with pytest.raises(UserError, match="dataset"):
        run(settings(dataset="../outside"), Context())
    with pytest.raises(UserError, match="project"):
        run({**settings(), "project": str(project.folder / "nowhere")}, Context())


def test_openrouter_keeps_its_key_out_of_everything(
    project: Project, settings: Settings, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENROUTER_API_KEY", "sk-or-good")
    add_chunks(project, 4)
    events: list[dict[str, Any]] = []
    result = run(
        settings(serve("openai", "429", "good", "error-200", "good").url, "openrouter", pairs=8), Context(events.append)
    )
    assert result["pairs"] == 8
    assert "sk-or-good" not in json.dumps(events)
    kept = b"".join(path.read_bytes() for path in project.folder.rglob("*") if path.is_file())
    assert b"sk-or-good" not in kept


def test_two_datasets_stand_beside_each_other(project: Project, settings: Settings, serve: Serve) -> None:
    add_chunks(project, 4)
    url = serve("ollama", "good").url
    run(settings(url, pairs=4, dataset="formal"), Context())
    run(settings(url, pairs=2, dataset="casual"), Context())
    assert (len(rows(project, "formal")), len(rows(project, "casual"))) == (4, 2)


def test_a_file_edited_by_hand_is_put_aside_and_said(project: Project, settings: Settings, serve: Serve) -> None:
    add_chunks(project, 4)
    url = serve("ollama", "good").url
    run(settings(url, pairs=2), Context())
    path = project.dataset_path()
    assert not edited_by_hand(project, "sft_data")
    path.write_text('{"instruction": "Mine?", "output": "Mine."}\n', "utf-8")
    assert edited_by_hand(project, "sft_data")
    events: list[dict[str, Any]] = []
    run(settings(url, pairs=2), Context(events.append))
    aside = path.with_name("sft_data.jsonl.edited")
    assert "Mine?" in aside.read_text("utf-8") and len(rows(project)) == 4
    assert [event for event in events if event["type"] == "warning" and str(aside) in event["text"]]


def job_process(settings: dict[str, Any], folder: Path) -> subprocess.Popen[str]:
    file = folder / "job.json"
    file.write_text(json.dumps(settings), "utf-8")
    return subprocess.Popen(
        [sys.executable, str(ROOT / "main.py"), "--job", "generate", str(file)], cwd=folder, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )  # fmt: skip


@pytest.mark.parametrize("after", [1, 7])
def test_kill_9_loses_nothing_and_repeats_nothing(
    project: Project, settings: Settings, serve: Serve, tmp_path: Path, after: int
) -> None:
    add_chunks(project, 20)
    server = serve("ollama", "slow")
    with job_process(settings(server.url, pairs=40), tmp_path) as process:
        assert process.stdout is not None
        saved = 0
        for line in process.stdout:
            saved += json.loads(line)["type"] == "changed"
            if saved == after:
                process.send_signal(signal.SIGKILL)
                break
    with project.connect() as knowledge_base:
        kept = knowledge_base.pair_counts()[0]
    assert kept >= after
    result = run(settings(server.url, pairs=40 - kept), Context())
    assert result["pairs"] == 40 - kept
    written = rows(project)
    assert len(written) == 40 and len({row["instruction"] for row in written}) == 40
    assert not edited_by_hand(project, "sft_data")


def test_a_closed_window_stops_the_job(project: Project, settings: Settings, serve: Serve, tmp_path: Path) -> None:
    add_chunks(project, 20)
    with job_process(settings(serve("ollama", "good", "hang").url, pairs=40), tmp_path) as process:
        events: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
        assert process.stdout is not None and process.stdin is not None
        for line in process.stdout:
            events.put(json.loads(line))
            if json.loads(line)["type"] == "changed":
                process.stdin.close()
    last = {}
    while not events.empty():
        last = events.get()
    assert last == {"type": "cancelled"}
    assert len(rows(project)) >= 1


class TestBuiltIn:
    def test_it_needs_no_model_and_keeps_the_evidence(self, project: Project, settings: Settings) -> None:
        add_chunks(project, 10, per_chunk=3)
        result = run(settings(provider="built-in", pairs=20), Context())
        assert result["pairs"] == 20
        with project.connect() as knowledge_base:
            for pair in knowledge_base.pairs(knowledge_base.pair_ids("sft_data", "new")):
                chunk = knowledge_base.chunk(pair.chunk_id or 0)
                assert chunk and pair.evidence and chunk.content[slice(*pair.evidence)].strip()

    def test_again_it_makes_others_until_there_are_no_more(self, project: Project, settings: Settings) -> None:
        add_chunks(project, 4, per_chunk=2)
        first = run(settings(provider="built-in", pairs=4), Context())
        rest = run(settings(provider="built-in", pairs=1000), Context())
        assert first["pairs"] == 4 and rest["pairs"] > 0
        assert len({(row["instruction"], row["output"]) for row in rows(project)}) == first["pairs"] + rest["pairs"]
        assert run(settings(provider="built-in", pairs=5), Context())["pairs"] == 0

    @pytest.mark.parametrize("style", ["socratic", "problem-solving"])
    def test_styles_that_need_a_writer_are_said(self, project: Project, settings: Settings, style: str) -> None:
        add_chunks(project, 2)
        with pytest.raises(UserError):
            run(settings(provider="built-in", style=style), Context())
