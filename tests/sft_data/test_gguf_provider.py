"""The starter model as a GGUF file: in this process, and read by a child of the command line."""

import json
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest
from places import add_chunks

from services.errors import Cancelled, UserError
from services.jobs import Context
from services.project import Project
from services.sft_data.provider import Options, RequestFailed, make_provider
from services.sft_data.teacher import is_small

Settings = Callable[..., dict[str, Any]]
MESSAGES = [{"role": "user", "content": "Who feeds the geese of Norrholm?"}]


def test_the_file_answers(starter_gguf: Path, settings: Settings) -> None:
    provider = make_provider(settings("", "llama-cpp", model=str(starter_gguf), context_tokens=512), Context())
    provider.check()
    try:
        reply = provider.complete(MESSAGES, None, Options(temperature=0.0, answer_tokens=4))
        assert reply.text and reply.is_cut and reply.answer_tokens == 4
        assert [offer.name for offer in provider.offers()] == [str(starter_gguf)] and provider.is_local
        assert is_small(settings("", "llama-cpp"), provider)
        with pytest.raises(RequestFailed) as raised:
            provider.complete([{"role": "user", "content": "geese " * 2000}], None, Options())
        assert not raised.value.is_server
    finally:
        provider.close()


def test_stopping_ends_the_answer(starter_gguf: Path, settings: Settings) -> None:
    cancelled = threading.Event()
    provider = make_provider(settings("", "llama-cpp", model=str(starter_gguf)), Context(cancelled=cancelled))
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


@pytest.mark.parametrize("size", ["off", "auto"])
def test_every_chunk_comes_to_an_end_with_a_file(
    starter_gguf: Path, project: Project, size: str
) -> None:
    """Of the command line, whose child reads the file; held to JSON, and free as the small model that it is."""
    ids = add_chunks(project, 3)
    words = ["generate", str(project.folder), "--provider", "llama-cpp", "--model", str(starter_gguf), "--style", "factual",
             "--pairs", "3", "--small-model", size, "--no-facts-first", "--answer-tokens", "64", "--json"]  # fmt: skip
    done = subprocess.run([sys.executable, "main.py", *words], capture_output=True, text=True, cwd=Path(__file__).parents[2])
    assert done.returncode == 0, done.stderr
    result = json.loads(done.stdout)
    assert [failure["chunk"] for failure in result["failed"]] == ids and all(f["reason"] for f in result["failed"])
    with project.connect(is_read_only=True) as knowledge_base:
        sql = "SELECT * FROM work_item JOIN work_reply ON item_id = id"
        items = [dict(item) for item in knowledge_base.connection.execute(sql)]
    assert {item["state"] for item in items} <= {"done", "failed", "replaced"}
    assert all(0 < item["tokens_out"] <= 64 and item["error"] for item in items)
    if size == "off":
        assert all(item["raw"].lstrip()[:1] in ("{", "") for item in items)


def test_a_crash_of_llama_cpp_costs_the_command_line_a_sentence(starter_gguf: Path, project: Project) -> None:
    """It is read by a child; one that dies in the middle of a reply leaves the sentence and what was made."""
    add_chunks(project, 90)
    words = ["generate", str(project.folder), "--provider", "llama-cpp", "--model", str(starter_gguf), "--pairs", "90",
             "--style", "factual", "--small-model", "off"]  # fmt: skip
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
        assert store.count_chunks() == 90
