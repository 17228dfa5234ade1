"""Working with local models asks no network for anything, and opens no port, even where nobody said "offline"."""

import os
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from services.models.gguf import write_gguf
from services.models.llama_cpp import GgufModel
from services.project import Project
from tests.models.conftest import make_adapter

MAIN = Path(__file__).parents[2]

SCRIPT = """
import socket, sys
from pathlib import Path

asked = []
def listen(event, arguments):
    if event == "socket.getaddrinfo" or event == "socket.connect" and arguments[0].family != socket.AF_UNIX:
        asked.append((event, str(arguments[1:])))
sys.addaudithook(listen)

from services.machine import be_quiet
be_quiet()
from services.jobs import Context
from services.models.chat import answer
from services.models.export import run
from services.models.merge import merge_final
from services.project import Project

project, sft, out = map(Path, sys.argv[1:])
merge_final(Path(sys.argv[2]).parent / "base", None, sft, out)
for which in ("base", "cpt", "final"):
    answer(Project.open(project), which, "Who?", answer_tokens=3)
for format in ("safetensors", "gguf"):
    run({"project": str(project), "format": format, "to": str(out.with_name(format))}, Context())
print(asked)
"""


def test_no_network_is_asked(trained: Project, tmp_path: Path) -> None:
    base = trained.folder.parent / "base"
    (tmp_path / "base").symlink_to(base, target_is_directory=True)
    sft = make_adapter(base, tmp_path / "sft", 3)
    environment = {name: value for name, value in os.environ.items() if not name.endswith("_OFFLINE")}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, trained.folder, sft, tmp_path / "out"],
        cwd=MAIN, env=environment, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.stdout.splitlines()[-1:] == ["[]"], done.stdout + done.stderr


@pytest.mark.skipif(
    sys.platform == "win32", reason="Windows has no socket files: there it is a loopback port with a key"
)
def test_no_port_is_open(trained: Project, tmp_path: Path) -> None:
    def ports() -> set[int]:
        connections = psutil.Process().net_connections("inet")
        return {connection.laddr.port for connection in connections if connection.status == psutil.CONN_LISTEN}

    before = ports()
    with GgufModel(write_gguf(trained.model_folder(), tmp_path / "final.gguf", "F32")) as model:
        assert model.chat([{"role": "user", "content": "Who?"}], None, {"answer_tokens": 3}) is not None
        assert ports() == before
