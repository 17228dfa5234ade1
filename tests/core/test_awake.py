"""The machine does not sleep while long work runs, and may again when that has ended, whatever ended it."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from services.jobs import Child
from services.project import Project

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the programs that hold off the sleep are shell scripts")

ROOT = Path(__file__).parents[2]
# As the real ones do: one runs a program and ends with it, the other one looks for a process.
INHIBIT = '#!/bin/sh\necho "start $*" >> "$AWAKE_LOG"\nfor last; do :; done\n"$last"\necho end >> "$AWAKE_LOG"\n'
CAFFEINATE = (
    '#!/bin/sh\necho "start $*" >> "$AWAKE_LOG"\ntrap \'echo end >> "$AWAKE_LOG"; exit\' TERM\n'
    'while kill -0 "$3" 2>/dev/null; do sleep 0.02; done\necho end >> "$AWAKE_LOG"\n'
)


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """One in which stand-ins come first; what they did is in ``tmp_path / "log"``."""
    programs = tmp_path / "bin"
    programs.mkdir()
    for name, text in (("systemd-inhibit", INHIBIT), ("caffeinate", CAFFEINATE)):
        (programs / name).write_text(text)
        (programs / name).chmod(0o755)
    path = os.pathsep.join([str(programs), os.environ["PATH"]])
    return {**os.environ, "PATH": path, "AWAKE_LOG": str(tmp_path / "log"), "PYTHONPATH": str(ROOT)}


def lines(tmp_path: Path, count: int) -> list[str]:
    """The lines of the log, once there are so many."""
    log, waiting = tmp_path / "log", threading.Event()
    for _try in range(1500):
        if log.exists() and len(found := log.read_text().splitlines()) >= count:
            return found
        waiting.wait(0.02)
    raise AssertionError("it never came")


@pytest.mark.parametrize("platform", ["linux", "darwin"])
@pytest.mark.parametrize("end", ["by itself", "killed"])
def test_it_stays_awake_until_the_work_ends(
    environment: dict[str, str], tmp_path: Path, platform: str, end: str
) -> None:
    script = f"from services.awake import awake\nwith awake({platform!r}):\n    input()\n"
    with subprocess.Popen([sys.executable, "-c", script], env=environment, stdin=subprocess.PIPE) as process:
        (start,) = lines(tmp_path, 1)
        assert (f"-i -w {process.pid}" if platform == "darwin" else "--what=sleep:idle") in start
        if end == "killed":
            process.kill()
        else:
            process.communicate(b"\n")
            assert process.returncode == 0
        process.wait()
    assert lines(tmp_path, 2)[1:] == ["end"]


def test_a_job_keeps_it_awake(environment: dict[str, str], tmp_path: Path, project: Project) -> None:
    (tmp_path / "a.txt").write_text("The ferry leaves at nine.")
    values = {"project": str(project.folder), "paths": [str(tmp_path / "a.txt")]}

    Child("ingest", values, environment=environment).run(lambda event: None, threading.Event())

    assert [line.split()[0] for line in lines(tmp_path, 2)] == ["start", "end"]


@pytest.mark.parametrize("platform", ["linux", "darwin"])
def test_where_there_is_no_such_program_nothing_happens(tmp_path: Path, platform: str) -> None:
    script = f"from services.awake import awake\nwith awake({platform!r}):\n    print('worked')\n"
    environment = {**os.environ, "PATH": str(tmp_path), "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True)
    assert done.stdout == "worked\n" and done.stderr == ""


def test_one_that_fails_does_no_harm(environment: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "bin" / "systemd-inhibit").write_text("#!/bin/sh\necho no bus >&2\nexit 1\n")
    script = "from services.awake import awake\nwith awake('linux'):\n    print('worked')\n"
    done = subprocess.run([sys.executable, "-W", "error", "-c", script], env=environment, capture_output=True, text=True)
    assert done.returncode == 0 and done.stdout == "worked\n" and done.stderr == ""
