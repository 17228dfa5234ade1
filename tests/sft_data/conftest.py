"""Servers as processes, and a project whose chunks the servers can ask about."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from services.project import Project
from services.records import CutChunk, DocumentText
from services.settings import defaults
from services.sft_data import key, server

PLACES = ("Abbeyford", "Brackmoor", "Calderwick", "Dunhaven", "Eastmere", "Fenwold", "Garrowby", "Hollin", "Ingleside", "Jarnsea")
THINGS = ("harbour", "mill", "bridge", "tower", "library", "station", "market", "theatre", "school", "wall")
NAMES = ("Anna Berg", "Boris Klee", "Clara Voss", "Daniel Orme", "Edda Falk", "Felix Graun", "Greta Moor", "Hugo Stern")


def sentence(number: int) -> str:
    """A statement that no other number has."""
    return (
        f"The {THINGS[number % 10]} of {PLACES[number // 10 % 10]} was built in {1500 + number} by "
        f"{NAMES[number % len(NAMES)]}."
    )


def add_chunks(project: Project, count: int, per_chunk: int = 1) -> list[int]:
    """One document of ``count`` chunks with ``per_chunk`` statements each; returns the chunk ids in order."""
    texts = [" ".join(sentence(chunk * per_chunk + part) for part in range(per_chunk)) for chunk in range(count)]
    chunks, start = [], 0
    for text in texts:
        chunks.append(CutChunk(start, start + len(text) + 1, start + len(text), text, len(text.split()), None, ("Places",)))
        start += len(text) + 1
    with project.connect() as knowledge_base:
        knowledge_base.replace_document("places.md", DocumentText("\n".join(texts)), chunks)
        return list(knowledge_base.training_chunk_ids())


@dataclass
class RunningServer:
    url: str
    log: Path
    process: subprocess.Popen[str]

    def requests(self) -> list[dict[str, Any]]:
        """Every chat request so far: path, mode, body, headers."""
        return [json.loads(line) for line in self.log.read_text("utf-8").splitlines()] if self.log.exists() else []


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., RunningServer]]:
    """Start a server: ``serve("ollama", "429", "good")``."""
    running: list[subprocess.Popen[str]] = []

    def start(protocol: str, *modes: str) -> RunningServer:
        log = tmp_path / f"requests-{len(running)}.jsonl"
        process = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("servers.py")), protocol, str(log), *modes],
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        running.append(process)
        assert process.stdout is not None
        return RunningServer(process.stdout.readline().strip(), log, process)

    yield start
    for process in running:
        process.kill()
        process.communicate()


@pytest.fixture(autouse=True)
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "BACK_OFF_S", 0.01)
    monkeypatch.setattr(key, "_until_close", {})
    monkeypatch.delenv("OPENAI_COMPATIBLE_API_KEY", raising=False)


@pytest.fixture
def settings(project: Project) -> Callable[..., dict[str, Any]]:
    """Settings of the job, with the server's address and model where they are given."""

    def make(url: str = "", provider: str = "ollama", **changes: Any) -> dict[str, Any]:
        model = {"ollama": "llama3.1:8b", "openrouter": "meta/llama-3.3-70b"}.get(provider, "")
        values = {**defaults("generate"), "provider": provider, "model": model, "url": url, "timeout_s": 20.0}
        return {"project": str(project.folder), **values, **changes}

    return make
