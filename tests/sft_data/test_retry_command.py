"""``generate --retry``: what came to nothing is asked again as it was asked, and nothing else is."""

import json
from typing import Any

import pytest
from places import add_chunks

from services.command_line import main
from services.project import Project


def test_what_failed_is_asked_again_and_nothing_else(project: Project, serve: Any, capsys: pytest.CaptureFixture[str]) -> None:
    add_chunks(project, 4)
    words = ["generate", str(project.folder), "--json"]
    bad = serve("ollama", "good", "prose", "good", "prose", "prose", "prose")
    how = ["--provider", "ollama", "--url", bad.url, "--model", "llama3.1:8b", "--pairs", "4", "--pairs-per-chunk", "1",
           "--style", "conversational", "--workers", "1", "--no-facts-first"]  # fmt: skip
    assert main([*words, *how]) == 0
    first = json.loads(capsys.readouterr().out)
    assert first["pairs"] == 2 and len(first["failed"]) == 2
    with project.connect() as store:
        failures = store.failures("sft_data")
        rest = [row for row in failures if row.chunk_id != failures[0].chunk_id]
        for change in (store.set_excluded, store.set_deleted):  # what is taken out cannot be asked, and does not stay listed
            change([failures[0].chunk_id], True)
            assert rest and store.failures("sft_data") == rest
            assert set(store.failed_ids("sft_data")) == {row.item_id for row in rest}
            change([failures[0].chunk_id], False)
        assert store.failures("sft_data") == failures
    good = serve("ollama", "good")
    assert main([*words, "--retry", "--url", good.url]) == 0  # the rest as the last time
    again = json.loads(capsys.readouterr().out)
    assert again["failed"] == [] and again["pairs"] == again["asked"] == len(failures) == len(good.requests())
    with project.connect() as store:
        assert store.failures("sft_data") == []
        assert {row.style for row in store.pairs(store.pair_ids("sft_data"))} == {"conversational"}
    assert main([*words, "--retry"]) == 1
    assert "nothing to ask again" in capsys.readouterr().err
