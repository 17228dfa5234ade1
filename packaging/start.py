#!/usr/bin/env python3
"""Set up Wissenswerk in ``.venv`` and run it: the only thing that has to work on a bare machine.

    python3 packaging/start.py                 the window
    python3 packaging/start.py demo            all four phases on the sample documents
    python3 packaging/start.py test            the tests
    python3 packaging/start.py COMMAND ...     any command of main.py

Uses nothing but the standard library. What is set up already is not set up again.
"""

from __future__ import annotations

import ctypes
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ENVIRONMENT = ROOT / ".venv"
CONSTRAINTS = ROOT / "packaging" / "constraints.txt"
PYTHON = ENVIRONMENT / ("Scripts/python.exe" if os.name == "nt" else "bin/python")

# Where torch comes from, if not from where pip takes everything else.
TORCH_INDEX = {"cpu": "https://download.pytorch.org/whl/cpu", "cuda": "https://download.pytorch.org/whl/cu130"}

# What a bare Debian lacks: library -> package. Qt needs all but the last even without a screen.
DEBIAN = {
    "libGL.so.1": "libgl1",
    "libEGL.so.1": "libegl1",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libdbus-1.so.3": "libdbus-1-3",
    "libfontconfig.so.1": "libfontconfig1",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libgomp.so.1": "libgomp1",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libxcb-shape.so.0": "libxcb-shape0",
}


def main(arguments: list[str]) -> int:
    if not (3, 11) <= sys.version_info[:2] <= (3, 14):
        return fail(f"Python {sys.version.split()[0]} is too old or too new: install Python 3.11 to 3.14.")
    build = "auto"
    if "--torch" in arguments:
        at = arguments.index("--torch")
        build = arguments[at + 1] if at + 1 < len(arguments) else ""
        del arguments[at : at + 2]
        if build not in TORCH_INDEX:
            return fail("--torch takes cpu or cuda.")
    if code := install_system_packages():
        return code
    is_test = arguments[:1] == ["test"]
    if code := install(is_test, build):
        return code
    command = [str(PYTHON), "-m", "pytest", *arguments[1:]] if is_test else [str(PYTHON), "main.py", *arguments]
    try:
        return subprocess.call(command, cwd=ROOT)
    except KeyboardInterrupt:
        return 130


def fail(text: str) -> int:
    print(text, file=sys.stderr)
    return 1


def install_system_packages() -> int:
    """Install what Debian and its relatives lack, or print the line that does; other systems bring it all."""
    if not sys.platform.startswith("linux") or not shutil.which("apt-get"):
        return 0
    missing = [package for library, package in DEBIAN.items() if not has_library(library)]
    if importlib.util.find_spec("ensurepip") is None:
        missing.append(f"python{sys.version_info[0]}.{sys.version_info[1]}-venv")
    if not missing:
        return 0
    install = ["apt-get", "install", "-y", "--no-install-recommends", *missing]
    if os.geteuid() != 0:
        return fail(f"Some system packages are missing. Run this line, then try again:\n  sudo {' '.join(install)}")
    print("Installing system packages:", " ".join(missing), file=sys.stderr)
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in (["apt-get", "update", "-q"], install):
        if subprocess.call(command, stdout=sys.stderr, env=quiet):
            return fail("The system packages could not be installed. Is there a network?")
    return 0


def has_library(name: str) -> bool:
    try:
        ctypes.CDLL(name)
    except OSError:
        return False
    return True


def install(is_test: bool, build: str) -> int:
    """Make ``.venv`` and put the pinned packages in it."""
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    wanted = [*project["dependencies"], *(project["optional-dependencies"]["test"] if is_test else [])]
    text = "\n".join([*wanted, build, CONSTRAINTS.read_text("utf-8"), sys.version])
    stamp = ENVIRONMENT / ("installed-test" if is_test else "installed")
    digest = hashlib.sha256(text.encode()).hexdigest()
    if PYTHON.exists() and stamp.exists() and stamp.read_text() == digest:
        return 0
    print("Setting up in .venv: about 2 GB, a few minutes.", file=sys.stderr)
    if not PYTHON.exists():
        venv.create(ENVIRONMENT, with_pip=True, clear=True)
    pip = [str(PYTHON), "-m", "pip", "install", "--disable-pip-version-check", "-q", "-c", str(CONSTRAINTS)]
    if build == "auto" and os.name == "nt" and shutil.which("nvidia-smi"):
        build = "cuda"
    steps = [[*pip, "--index-url", TORCH_INDEX[build], "--force-reinstall", "--no-deps", "torch"]] if build in TORCH_INDEX else []
    for step in [*steps, [*pip, *wanted]]:
        if subprocess.call(step, stdout=sys.stderr):
            return fail("The packages could not be installed: see above. Is there a network, and 3 GB of free disk?")
    stamp.write_text(digest)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
