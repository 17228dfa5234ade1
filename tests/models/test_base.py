"""Base models: found, described, refused with a sentence, and fetched from a process that answers as the hub does."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

import pytest

from services.errors import UserError
from services.models.base import cached_model, describe, find_base_model, local_models
from services.models.download import needed_files
from tests.tiny_models import make_tiny_model

HERE = Path(__file__).parent
MAIN = HERE.parents[1]
PIECE = 256 * 1024  # what is written at once


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = make_tiny_model(tmp_path_factory.mktemp("models") / "tiny", "qwen2", hidden_size=256)
    (folder / "README.md").write_text("---\ntags: [a]\nlicense: apache-2.0\n---\n# Tiny\n", encoding="utf-8")
    return folder


def sentence(name: str | Path) -> str:
    with pytest.raises(UserError) as caught:
        find_base_model(name)
    return str(caught.value)


def test_a_folder_is_described_without_loading(tiny: Path) -> None:
    from transformers import AutoModelForCausalLM

    info = describe(tiny)
    assert info.parameters == AutoModelForCausalLM.from_pretrained(tiny).num_parameters()
    assert (info.architecture, info.licence, info.has_chat_template) == ("Qwen2ForCausalLM", "apache-2.0", True)
    assert info.is_trainable and not info.why_not
    assert info.size_bytes > info.parameters * 4
    assert find_base_model(tiny) == tiny


def test_what_is_not_a_model_is_named_with_the_way_out(tiny: Path, tmp_path: Path) -> None:
    assert "no folder" in sentence(tmp_path / "nowhere")
    (tmp_path / "notes.txt").write_text("hello")
    assert "is a file" in sentence(tmp_path / "notes.txt")
    assert "config.json" in sentence(tmp_path)
    assert "cannot be trained" in sentence("some-model.Q4_K_M.gguf")
    assert "not on this computer" in sentence("nobody/at-home")
    assert "No base model" in sentence("  ")

    gguf = tmp_path / "gguf"
    gguf.mkdir()
    (gguf / "model.Q4_K_M.gguf").write_bytes(b"GGUF")
    assert "cannot be trained" in sentence(gguf)

    adapter = tmp_path / "adapter"
    adapter.mkdir()
    (adapter / "adapter_config.json").write_text('{"base_model_name_or_path": "author/base"}')
    assert "author/base" in sentence(adapter)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda folder: (folder / "model.safetensors").unlink(), "no weights"),
        (lambda folder: (folder / "model.safetensors").rename(folder / "pytorch_model.bin"), "pickle"),
        (lambda folder: (folder / "tokenizer.json").unlink(), "no tokenizer"),
        (lambda folder: os.truncate(folder / "model.safetensors", 100_000), "damaged"),
        (lambda folder: (folder / "model.safetensors").write_bytes(b"x" * 50), "damaged"),
        (lambda folder: (folder / "config.json").write_text("{"), "config.json"),
        (lambda folder: change_config(folder, quantization_config={"quant_method": "gptq"}), "already quantized"),
        (lambda folder: change_config(folder, architectures=["BertModel"]), "BertModel"),
        (lambda folder: change_config(folder, architectures=["OwnForCausalLM"], auto_map={}), "program code"),
        (lambda folder: write_index(folder, "model-00002-of-00002.safetensors"), "model-00002-of-00002"),
    ],
)
def test_a_spoilt_model_is_refused(tiny: Path, tmp_path: Path, spoil: Any, words: str) -> None:
    folder = tmp_path / "spoilt"
    shutil.copytree(tiny, folder)
    spoil(folder)
    assert words in sentence(folder)


def change_config(folder: Path, **values: Any) -> None:
    path = folder / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **values}))


def write_index(folder: Path, file: str) -> None:
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": {"lm_head.weight": file}}))


def test_only_needed_files_are_chosen() -> None:
    files = dict.fromkeys(
        ["config.json", "model.safetensors", "consolidated.safetensors", "pytorch_model.bin", "tokenizer.json"], 1
    )
    files |= dict.fromkeys(["onnx/model.onnx", "original/params.json", "README.md", "x.png", "chat_template.jinja"], 1)
    expected = ["config.json", "model.safetensors", "tokenizer.json", "README.md", "chat_template.jinja"]
    assert needed_files("a/b", files) == expected
    for only, words in {
        "b.bin": "pickle",
        "b.gguf": "GGUF",
        "README.md": "no weights",
        "a.safetensors": "adapter",
    }.items():
        with pytest.raises(UserError, match=words):
            needed_files("a/b", {only: 1})


class Hub:
    """The server process, its repositories, and a client process whose cache is its own."""

    def __init__(self, root: Path, cache: Path) -> None:
        self.root, self.cache = root, cache
        self.server = subprocess.Popen(
            [sys.executable, HERE / "hub_server.py", root], stdout=subprocess.PIPE, text=True
        )
        assert self.server.stdout
        self.port = int(self.server.stdout.readline())

    def add(self, name: str, model: Path, behaviour: str = "") -> None:
        shutil.copytree(model, self.root / name)
        (self.root / name / "pytorch_model.bin").write_bytes(b"not wanted")
        (self.root / name / ".behaviour").write_text(behaviour)

    def requests(self) -> list[str]:
        log = self.root / "requests.log"
        return log.read_text().splitlines() if log.exists() else []

    def start(self, name: str, **environment: str) -> "subprocess.Popen[str]":
        """The download job in a process of its own: events as lines, a line on its input stops it."""
        script = (
            "import json, sys, threading\n"
            "from services.errors import Cancelled, UserError\n"
            "from services.jobs import Context\n"
            "from services.models.base import run\n"
            "say = lambda event: print(json.dumps(event), flush=True)\n"
            "context = Context(say)\n"
            "threading.Thread(target=lambda: sys.stdin.readline() and context.cancelled.set(), daemon=True).start()\n"
            "try:\n"
            "    say({'type': 'result', **run({'model': sys.argv[1]}, context)})\n"
            "except UserError as error:\n"
            "    say({'type': 'failed', 'text': str(error)})\n"
            "except Cancelled:\n"
            "    say({'type': 'cancelled'})\n"
        )
        return subprocess.Popen(
            [sys.executable, "-c", script, name],
            cwd=MAIN,
            env={
                **{key: value for key, value in os.environ.items() if key not in ("HF_HUB_OFFLINE", "HF_TOKEN")},
                "HF_ENDPOINT": f"http://127.0.0.1:{self.port}",
                "HF_HOME": str(self.cache),
                "NO_PROXY": "127.0.0.1",
                **environment,
            },
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def download(self, name: str, **environment: str) -> list[dict[str, Any]]:
        with self.start(name, **environment) as process:
            assert process.stdout
            return [json.loads(line) for line in process.stdout]


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    (tmp_path / "hub").mkdir()
    hub = Hub(tmp_path / "hub", tmp_path / "cache")
    yield hub
    hub.server.kill()
    hub.server.communicate()


def test_a_download_brings_what_is_needed_and_the_second_asks_nobody(
    hub: Hub, tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.add("author/tiny", tiny)
    events = hub.download("author/tiny")
    assert events[-1]["type"] == "result", events
    folder = Path(events[-1]["folder"])
    assert (folder / "model.safetensors").read_bytes() == (tiny / "model.safetensors").read_bytes()
    assert not (folder / "pytorch_model.bin").exists()
    assert events[-2]["done"] == events[-2]["total"] > (tiny / "model.safetensors").stat().st_size

    asked = hub.requests()
    assert hub.download("author/tiny")[-1] == events[-1]
    assert hub.requests() == asked

    monkeypatch.setenv("HF_HOME", str(hub.cache))
    assert cached_model("author/tiny") == find_base_model("author/tiny") == folder
    assert "author/tiny" in [info.name for info in local_models([tiny.parent])]
    assert "tiny" in [info.name for info in local_models([tiny.parent])]


def test_a_cut_connection_is_taken_up_where_it_broke(hub: Hub, tiny: Path) -> None:
    hub.add("author/cut", tiny, "cut")
    folder = Path(hub.download("author/cut")[-1]["folder"])
    assert (folder / "model.safetensors").read_bytes() == (tiny / "model.safetensors").read_bytes()
    assert any("model.safetensors bytes=" in line for line in hub.requests())


def test_a_stopped_download_goes_on_where_it_was(hub: Hub, tiny: Path) -> None:
    hub.add("author/held", tiny, "hold")
    with hub.start("author/held") as process:
        stdin, stdout = _pipes(process)
        size = (tiny / "model.safetensors").stat().st_size
        for line in stdout:
            event = json.loads(line)
            if event["type"] == "progress" and event["done"] > size * 0.4:
                stdin.write("stop\n")
                stdin.flush()
                break
        rest = [json.loads(line) for line in stdout]
    assert rest[-1]["type"] == "cancelled"

    events = hub.download("author/held")
    assert events[-1]["type"] == "result", events
    assert not list(hub.cache.rglob("*.part"))
    started = size // 2 // PIECE * PIECE
    content = (Path(events[-1]["folder"]) / "model.safetensors").read_bytes()
    assert content == (tiny / "model.safetensors").read_bytes()
    assert [line.split()[-1] for line in hub.requests() if "GET" in line and "model.safetensors" in line] == [
        "-",
        f"bytes={int(started)}-",
    ]


def _pipes(process: "subprocess.Popen[str]") -> tuple[IO[str], IO[str]]:
    assert process.stdin and process.stdout
    return process.stdin, process.stdout


def test_what_goes_wrong_at_the_hub_is_said_in_a_sentence(hub: Hub, tiny: Path) -> None:
    hub.add("author/gated", tiny, "gated")
    hub.add("author/broken", tiny, "broken")
    hub.add("author/huge", tiny, "huge")
    assert "no room for author/huge" in hub.download("author/huge")[-1]["text"]
    assert "no model author/absent" in hub.download("author/absent")[-1]["text"]
    assert "accept" in hub.download("author/gated")[-1]["text"]
    assert "500" in hub.download("author/broken")[-1]["text"]
    asked = hub.requests()
    assert "offline" in hub.download("author/other", HF_HUB_OFFLINE="1")[-1]["text"]
    assert hub.requests() == asked
    assert "could not be reached" in hub.download("author/other", HF_ENDPOINT="http://127.0.0.1:9")[-1]["text"]
