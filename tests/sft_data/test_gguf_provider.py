"""A real GGUF file: in this process, and behind llama.cpp's own server in another."""

import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from places import add_chunks

from services.errors import Cancelled, UserError
from services.jobs import Context
from services.project import Project
from services.sft_data.generate import run
from services.sft_data.provider import Options, RequestFailed, make_provider
from services.sft_data.teacher import is_small

pytest.importorskip("xllamacpp")

Settings = Callable[..., dict[str, Any]]
MESSAGES = [{"role": "user", "content": "Who feeds the geese of Norrholm?"}]
SERVER = """
import sys, threading, xllamacpp
params = xllamacpp.CommonParams()
params.model.path, params.n_ctx, params.hostnames, params.port = sys.argv[1], 1024, ["127.0.0.1"], 0
params.ui, params.warmup, params.verbosity = False, False, 0
for threads in (params.cpuparams, params.cpuparams_batch):
    threads.n_threads, threads.poll = 1, 0
server = xllamacpp.Server(params)
print(server.listening_address, flush=True)
threading.Event().wait()
"""


@pytest.fixture(scope="module")
def gguf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model with random weights: what it writes makes no sense, and has to come to a definite end."""
    from services.models.gguf import write_gguf
    from tests.tiny_models import make_tiny_model

    folder = tmp_path_factory.mktemp("gguf")
    return write_gguf(make_tiny_model(folder / "tiny"), folder / "tiny.gguf", "F32")


@pytest.fixture(scope="module")
def llama_server(gguf: Path) -> Iterator[str]:
    with subprocess.Popen(
        [sys.executable, "-c", SERVER, str(gguf)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None
        yield next(line for line in process.stdout if line.startswith("http")).strip()
        process.kill()


def test_the_file_answers(gguf: Path, settings: Settings) -> None:
    provider = make_provider(settings("", "llama-cpp", model=str(gguf), context_tokens=512), Context())
    provider.check()
    try:
        reply = provider.complete(MESSAGES, None, Options(temperature=1.0, answer_tokens=8, seed=3))
        assert reply.text and reply.is_cut and reply.answer_tokens == 8
        assert [offer.name for offer in provider.offers()] == [str(gguf)] and provider.is_local
        assert is_small(settings("", "llama-cpp"), provider)
        with pytest.raises(RequestFailed) as raised:
            provider.complete([{"role": "user", "content": "geese " * 2000}], None, Options())
        assert not raised.value.is_server
    finally:
        provider.close()


def test_stopping_ends_the_answer(gguf: Path, settings: Settings) -> None:
    cancelled = threading.Event()
    provider = make_provider(settings("", "llama-cpp", model=str(gguf)), Context(cancelled=cancelled))
    provider.check()
    cancelled.set()
    try:
        with pytest.raises(Cancelled):
            provider.complete(MESSAGES, None, Options(answer_tokens=5000))
    finally:
        provider.close()


@pytest.mark.parametrize("content", [None, b"PK\x03\x04 a zip", b"GGUF but nothing more"])
def test_a_file_that_is_not_one(settings: Settings, tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "model.gguf"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UserError, match="model.gguf"):
        make_provider(settings("", "llama-cpp", model=str(path)), Context()).check()
    with pytest.raises(UserError, match="Choose a GGUF file"):
        make_provider(settings("", "llama-cpp"), Context()).check()


def test_every_chunk_comes_to_an_end_with_a_file(gguf: Path, project: Project, settings: Settings) -> None:
    ids = add_chunks(project, 2)
    result = run(settings("", "llama-cpp", model=str(gguf), answer_tokens=16, pairs=2), Context())
    assert [failure["chunk"] for failure in result["failed"]] == ids and all(f["reason"] for f in result["failed"])


def test_every_chunk_comes_to_an_end_with_the_real_server(
    llama_server: str, project: Project, settings: Settings
) -> None:
    """Its grammar holds even this model to the schema, so the replies are JSON; the gates stop what they say."""
    ids = add_chunks(project, 2)
    asked = settings(llama_server, "openai-compatible", answer_tokens=64, pairs=2, workers=2, temperature=1.0)
    result = run(asked, Context())
    assert [failure["chunk"] for failure in result["failed"]] == ids and all(f["reason"] for f in result["failed"])
    provider = make_provider(asked, Context())
    provider.check()
    reply = provider.complete(MESSAGES, {"type": "object", "properties": {}}, Options(answer_tokens=32))
    assert reply.text.startswith("{") and reply.prompt_tokens and reply.answer_tokens


def test_a_crash_of_llama_cpp_costs_the_command_line_a_sentence(gguf: Path, project: Project) -> None:
    """It is read by a child; one that dies in the middle of a reply leaves the sentence and what was made."""
    add_chunks(project, 1)
    words = ["generate", str(project.folder), "--provider", "llama-cpp", "--model", str(gguf), "--pairs", "1",
             "--style", "factual", "--answer-tokens", "60000", "--context-tokens", "65536"]  # fmt: skip
    with subprocess.Popen(
        [sys.executable, "main.py", *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        cwd=Path(__file__).parents[2],
    ) as command:  # fmt: skip
        killed = False
        while command.poll() is None and not killed:
            for child in psutil.Process(command.pid).children():
                if any(project.folder.glob("runs/*/events.jsonl")) and "Asking about" in next(
                    project.folder.glob("runs/*/events.jsonl")
                ).read_text("utf-8"):
                    child.send_signal(signal.SIGSEGV)
                    killed = True
        _out, said = command.communicate()
    assert killed and command.returncode == 1, said
    assert "SIGSEGV" in said and "kept" in said and "Traceback" not in said
    with project.connect() as store:
        assert store.count_chunks() == 1
