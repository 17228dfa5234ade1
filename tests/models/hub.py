"""The hub of hub_server.py as a process, its repositories, and downloads in processes of their own."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

HERE = Path(__file__).parent

DOWNLOAD = """
import json, sys, threading
from services.errors import Cancelled, UserError
from services.jobs import Context
from services.models.base import run
say = lambda event: print(json.dumps(event), flush=True)
context = Context(say)
threading.Thread(target=lambda: sys.stdin.readline() and context.cancelled.set(), daemon=True).start()
try:
    say({"type": "result", **run({"model": sys.argv[1]}, context)})
except UserError as error:
    say({"type": "failed", "text": str(error)})
except Cancelled:
    say({"type": "cancelled"})
"""


class Hub:
    """The server process, its repositories, and a client whose cache is its own."""

    def __init__(self, root: Path, cache: Path) -> None:
        self.root, self.cache = root, cache
        root.mkdir(parents=True)
        self.server = subprocess.Popen(
            [sys.executable, HERE / "hub_server.py", root], stdout=subprocess.PIPE, text=True
        )
        assert self.server.stdout
        self.port, self.cdn_port = map(int, self.server.stdout.readline().split())

    def add(self, name: str, model: Path, behaviour: str = "", **card: Any) -> None:
        shutil.copytree(model, self.root / name)
        (self.root / name / "pytorch_model.bin").write_bytes(b"not wanted")
        self.behave(name, behaviour)
        if card:
            (self.root / name / ".card").write_text(json.dumps(card), encoding="utf-8")

    def behave(self, name: str, behaviour: str) -> None:
        (self.root / name / ".behaviour").write_text(behaviour)

    def requests(self) -> list[str]:
        log = self.root / "requests.log"
        return log.read_text().splitlines() if log.exists() else []

    def environment(self, **more: str) -> dict[str, str]:
        """What a client needs, and nothing of the person's own hub settings."""
        return {
            "HF_HUB_OFFLINE": "",
            "HF_TOKEN": "",
            "HF_ENDPOINT": f"http://127.0.0.1:{self.port}",
            "HF_HOME": str(self.cache),
            "HF_HUB_CACHE": str(self.cache / "hub"),
            "NO_PROXY": "127.0.0.1",
            **more,
        }

    def start(self, name: str, **environment: str) -> "subprocess.Popen[str]":
        """The download job in a process of its own: events as lines, a line on its input stops it."""
        return subprocess.Popen(
            [sys.executable, "-c", DOWNLOAD, name],
            cwd=HERE.parents[1],
            env={**os.environ, **self.environment(**environment)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def download(self, name: str, **environment: str) -> list[dict[str, Any]]:
        with self.start(name, **environment) as process:
            return list(events(process))

    def close(self) -> None:
        self.server.kill()
        self.server.wait()
        assert self.server.stdout
        self.server.stdout.close()


def events(process: "subprocess.Popen[str]") -> Iterator[dict[str, Any]]:
    assert process.stdout
    for line in process.stdout:
        yield json.loads(line)


def stdin(process: "subprocess.Popen[str]") -> IO[str]:
    assert process.stdin
    return process.stdin
