"""Servers as processes, and a project whose chunks the servers can ask about."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from services.jobs import Context
from services.project import Project
from services.settings import defaults
from services.sft_data import key, server


@dataclass
class RunningServer:
    url: str
    log: Path
    process: subprocess.Popen[str]

    def requests(self) -> list[dict[str, Any]]:
        """Every chat request so far: path, mode, body, headers."""
        return [json.loads(line) for line in self.log.read_text("utf-8").splitlines()] if self.log.exists() else []


@pytest.fixture(scope="session")
def starter_gguf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The starter model, exported as a person would: read back in llama.cpp and compared before it is there."""
    from services.models.base import STARTER_NAME
    from services.models.export import run
    from services.models.provenance import write_provenance

    project = Project.create(tmp_path_factory.mktemp("starter") / "starter")
    project.cpt_model_folder.mkdir(parents=True)
    write_provenance(project.cpt_model_folder, base_model=STARTER_NAME)
    values = {"project": str(project.folder), "model": "base", "format": "gguf", "quantization": "Q8_0"}
    result = run(values, Context())
    assert "3 of 3 answers begin word for word" in result["verified"]
    return Path(result["path"])


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
        values.update(facts_first=False, workers=1)  # one request for each chunk, in order
        return {"project": str(project.folder), **values, **changes}

    return make
