"""Models fetched from a process that answers as the hub does: paused, killed, cut, damaged, gated, limited."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from services.models.base import find_base_model, local_models
from services.models.cache import cached_model
from tests.models.hub import HERE, Hub, events, stdin

PIECE = 256 * 1024  # some of it


def weights(folder: str | Path) -> bytes:
    return (Path(folder) / "model.safetensors").read_bytes()


def ranges(hub: Hub) -> list[str]:
    """Of the requests for weights, in order, as the other host got them."""
    return [line.split()[3] for line in hub.requests() if line.startswith("cdn GET") and "model.safetensors" in line]


def test_a_download_brings_what_is_needed_and_the_second_asks_nobody(
    hub: Hub, tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.add("author/tiny", tiny)
    said = hub.download("author/tiny")
    assert said[-1]["type"] == "result", said
    folder = Path(said[-1]["folder"])
    assert weights(folder) == weights(tiny)
    assert {path.name for path in folder.iterdir()} == {path.name for path in tiny.iterdir()}  # and no pickle
    assert said[-1]["commit"] == folder.name == "0123456789abcdef0123456789abcdef01234567"
    assert said[-2]["done"] == said[-2]["total"] > (tiny / "model.safetensors").stat().st_size

    asked = hub.requests()
    assert hub.download("author/tiny")[-1] == said[-1]
    assert hub.requests() == asked

    for name, value in hub.environment().items():
        monkeypatch.setenv(name, value)
    assert cached_model("author/tiny") == find_base_model("author/tiny") == folder
    assert "author/tiny" in [info.name for info in local_models([tiny.parent])]
    assert "tiny" in [info.name for info in local_models([tiny.parent])]


def test_the_librarys_own_programs_find_what_was_downloaded(hub: Hub, tiny: Path) -> None:
    hub.add("author/tiny", tiny)
    folder = hub.download("author/tiny")[-1]["folder"]
    script = "from huggingface_hub import snapshot_download; print(snapshot_download('author/tiny'))"
    environment = {**os.environ, **hub.environment(HF_HUB_OFFLINE="1")}
    found = subprocess.check_output([sys.executable, "-c", script], env=environment, text=True, stderr=subprocess.DEVNULL)
    assert found.strip() == folder


@pytest.mark.parametrize("behaviour", ["cut", "damaged", "busy", "cut whole", "busy cut damaged"])
def test_what_goes_wrong_once_is_made_good(hub: Hub, tiny: Path, behaviour: str) -> None:
    hub.add("author/tiny", tiny, behaviour)
    said = hub.download("author/tiny")
    assert said[-1]["type"] == "result", said
    assert weights(said[-1]["folder"]) == weights(tiny)
    asked, size = ranges(hub), len(weights(tiny))
    if "cut" in behaviour:
        assert asked[1] == f"bytes={size // 2}-"
    if behaviour == "damaged":
        assert asked == ["-", "-"]
    assert all(event["done"] <= event["total"] for event in said if event["type"] == "progress")


@pytest.mark.parametrize("how", ["pause", "kill"])
def test_a_download_goes_on_where_it_was(hub: Hub, tiny: Path, how: str) -> None:
    hub.add("author/held", tiny, "hold")
    size = len(weights(tiny))
    with hub.start("author/held") as process:
        for event in events(process):
            if event["type"] == "progress" and event["done"] > size * 0.4:
                break
        if how == "kill":
            os.kill(process.pid, signal.SIGKILL if hasattr(signal, "SIGKILL") else signal.SIGTERM)
            last = None
        else:
            stdin(process).write("stop\n")
            stdin(process).flush()
            last = list(events(process))[-1]
    assert how == "kill" or last == {"type": "cancelled"}
    (part,) = hub.cache.rglob("*.part")
    had = part.stat().st_size
    assert had >= PIECE

    said = hub.download("author/held")
    assert said[-1]["type"] == "result", said
    assert weights(said[-1]["folder"]) == weights(tiny)
    assert ranges(hub) == ["-", f"bytes={had}-"]
    assert not list(hub.cache.rglob("*.part"))


def test_what_is_kept_of_a_download_is_of_no_use_when_it_is_not_what_it_should_be(hub: Hub, tiny: Path) -> None:
    hub.add("author/tiny", tiny, "hold")
    with hub.start("author/tiny") as process:
        next(event for event in events(process) if event["type"] == "progress" and event["done"] > PIECE)
        process.kill()
    (part,) = hub.cache.rglob("*.part")
    part.write_bytes(b"x" * part.stat().st_size)  # as a power cut may leave it
    said = hub.download("author/tiny")
    assert said[-1]["type"] == "result", said
    assert weights(said[-1]["folder"]) == weights(tiny)


def test_a_file_that_is_always_damaged_is_named_and_not_kept(hub: Hub, tiny: Path) -> None:
    hub.add("author/tiny", tiny, "damaged-always")
    said = hub.download("author/tiny")
    assert said[-1]["type"] == "failed" and "model.safetensors of author/tiny" in said[-1]["text"]
    assert len(ranges(hub)) == 2
    assert not list(hub.cache.rglob("model.safetensors")) and not list(hub.cache.rglob("*.part"))


def test_a_download_brings_the_commit_that_it_began_with(hub: Hub, tiny: Path) -> None:
    hub.add("author/tiny", tiny, "hold")
    with hub.start("author/tiny") as process:
        next(event for event in events(process) if event["type"] == "progress" and event["done"] > PIECE)
        process.kill()
    (record,) = hub.cache.rglob("download.json")
    assert json.loads(record.read_text())["commit"] == "0123456789abcdef0123456789abcdef01234567"
    # The commit that was begun with is gone: the newest is taken, and nothing is stuck.
    record.write_text(json.dumps({"commit": "f" * 40, "total_bytes": 1}))
    assert hub.download("author/tiny")[-1]["commit"] == "0123456789abcdef0123456789abcdef01234567"
    assert [line.split()[2].split("?")[0] for line in hub.requests() if "/api/" in line][1:] == [
        f"/api/models/author/tiny/revision/{'f' * 40}",
        "/api/models/author/tiny",
    ]
    assert not list(hub.cache.rglob("download.json"))


def test_gated_models_are_for_those_who_may(hub: Hub, tiny: Path) -> None:
    hub.add("author/gated", tiny, "gated")
    without = hub.download("author/gated")[-1]
    assert without["type"] == "failed" and "Access token" in without["text"] and f"{hub.port}/author/gated" in without["text"]
    not_allowed = hub.download("author/gated", HF_TOKEN="hf_other")[-1]["text"]
    assert "accept" in not_allowed and "start again" in not_allowed
    wrong = hub.download("author/gated", HF_TOKEN="hf_stale")[-1]["text"]
    assert "does not take your access token" in wrong
    assert not any("hf_" in text for text in (without["text"], not_allowed, wrong))

    said = hub.download("author/gated", HF_TOKEN="hf_good")
    assert said[-1]["type"] == "result", said
    assert "hf_good" not in json.dumps(said)
    assert not any(b"hf_good" in path.read_bytes() for path in hub.cache.rglob("*") if path.is_file())
    # The hub's token is not for the hosts that it sends on to.
    assert {line.split()[-1] for line in hub.requests() if line.startswith("cdn")} == {"-"}
    assert {line.split()[-1] for line in hub.requests() if line.startswith("hub")} == {"-", "hf_other", "hf_stale", "hf_good"}


def test_the_token_of_the_keyring_is_asked_for_only_where_one_is_needed(hub: Hub, tiny: Path, tmp_path: Path) -> None:
    hub.add("author/public", tiny)
    hub.add("author/gated", tiny, "gated")
    (tmp_path / "ring.py").write_text(
        "import pathlib\nfrom keyring.backend import KeyringBackend\nclass Ring(KeyringBackend):\n"
        "    priority = 1\n    def set_password(self, *_): pass\n    def delete_password(self, *_): pass\n"
        "    def get_password(self, service, owner):\n"
        f"        pathlib.Path({str(tmp_path / 'asked')!r}).write_text(owner)\n        return 'hf_good'\n"
    )
    ring = {"PYTHON_KEYRING_BACKEND": "ring.Ring", "PYTHONPATH": f"{tmp_path}{os.pathsep}{HERE.parents[1]}"}
    assert hub.download("author/public", **ring)[-1]["type"] == "result"
    assert not (tmp_path / "asked").exists()
    assert hub.download("author/gated", **ring)[-1]["type"] == "result"
    assert (tmp_path / "asked").read_text() == "huggingface"


@pytest.mark.parametrize(
    ("behaviour", "words"), [("huge", "no room for author/it"), ("broken", "500"), ("absent", "no model author/it")]
)
def test_what_goes_wrong_at_the_hub_is_said_in_a_sentence(hub: Hub, tiny: Path, behaviour: str, words: str) -> None:
    if behaviour != "absent":
        hub.add("author/it", tiny, behaviour)
    assert words in hub.download("author/it")[-1]["text"]


def test_without_a_network_nothing_waits(hub: Hub, tiny: Path) -> None:
    hub.add("author/tiny", tiny)
    assert "offline" in hub.download("author/tiny", HF_HUB_OFFLINE="1")[-1]["text"]
    assert hub.requests() == []
    said = hub.download("author/tiny", HF_ENDPOINT="http://127.0.0.1:9")
    assert "could not be reached" in said[-1]["text"]


def test_a_server_that_says_nothing_can_be_left(hub: Hub, tiny: Path) -> None:
    hub.add("author/tiny", tiny, "silent")
    with hub.start("author/tiny") as process:
        next(events(process))
        stdin(process).write("stop\n")
        stdin(process).flush()
        assert list(events(process))[-1] == {"type": "cancelled"}


def test_two_programs_do_not_fetch_the_same_model(hub: Hub, tiny: Path) -> None:
    hub.add("author/held", tiny, "hold")
    with hub.start("author/held") as first:
        next(event for event in events(first) if event["type"] == "progress" and event["done"])
        assert "another window or program" in hub.download("author/held")[-1]["text"]
        first.kill()


def only_pickle(folder: Path) -> None:
    (folder / "model.safetensors").unlink()


def own_code(folder: Path) -> None:
    config = json.loads((folder / "config.json").read_text())
    config |= {
        "architectures": ["OwnForCausalLM"], "model_type": "own",
        "auto_map": {"AutoConfig": "own.Config", "AutoModelForCausalLM": "own.Model"},
    }  # fmt: skip
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "own.py").write_text("import pathlib\npathlib.Path(__file__).with_name('ran').touch()\n")


@pytest.mark.parametrize(("change", "words"), [(only_pickle, "pickle"), (own_code, "program code of its own")])
def test_neither_pickles_nor_code_are_fetched_or_run(hub: Hub, tiny: Path, change: Any, words: str) -> None:
    hub.add("author/it", tiny)
    change(hub.root / "author/it")
    said = hub.download("author/it")
    assert said[-1]["type"] == "failed" and words in said[-1]["text"], said
    assert not any(line.split()[2].endswith((".py", ".bin")) for line in hub.requests())
    assert not list(hub.root.rglob("ran")) and not list(hub.cache.rglob("*.py"))
