"""Freeze Wissenswerk for the system that this runs on, and try the result: the window opens, and jobs run in it.

    python packaging/freeze.py [--only-try]

Takes about ten minutes and 1.5 GB in dist/Wissenswerk.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUNDLE = ROOT / "dist" / "Wissenswerk"
SUFFIX = ".exe" if os.name == "nt" else ""


def freeze() -> None:
    """Run PyInstaller."""
    command = [
        sys.executable, "-m", "PyInstaller", "--noconfirm", "--log-level", "WARN", "--distpath", str(ROOT / "dist"),
        "--workpath", str(ROOT / "build"), str(ROOT / "packaging" / "wissenswerk.spec"),
    ]  # fmt: skip
    subprocess.run(command, cwd=ROOT, check=True)


def attempt() -> None:
    """Use the frozen program as a person would; raises where it fails."""
    console, window = BUNDLE / f"wissenswerk-console{SUFFIX}", BUNDLE / f"Wissenswerk{SUFFIX}"
    # Nothing of this Python may help: an empty environment but for what a system needs to start a process.
    environment = {name: os.environ[name] for name in ("SYSTEMROOT", "TEMP", "TMP", "HOME", "DISPLAY") if name in os.environ}
    environment |= {"HF_HUB_OFFLINE": "1", "WISSENSWERK_CLOSE_AFTER_S": "5"}
    if sys.platform.startswith("linux") and "DISPLAY" not in environment:
        environment["QT_QPA_PLATFORM"] = "offscreen"

    def run(*words: str) -> dict:
        done = subprocess.run([str(console), *words, "--json"], env=environment, capture_output=True, text=True, timeout=900)
        if done.returncode:
            raise SystemExit(f"{' '.join(words)} ended with {done.returncode}:\n{done.stderr[-3000:]}")
        print("works:", words[0], flush=True)
        return json.loads(done.stdout)

    with tempfile.TemporaryDirectory() as folder:
        project, sample = str(Path(folder) / "tried"), str(ROOT / "resources" / "sample")
        run("new", project)
        assert run("ingest", project, sample)["chunks"] > 0
        run("cpt", project, "--base-model", "starter", "--epochs", "1", "--max-seq-length", "128")
        assert run("generate", project, "--provider", "built-in", "--style", "factual", "--pairs", "10")["pairs"] > 0
        run("sft", project, "--epochs", "1")
        run("export", project, "--format", "gguf", "--quantization", "Q8_0")
        assert run("chat", project, "--prompt", "Who are you?")["answer"]
        settings = Path(folder) / "job.json"
        settings.write_text(json.dumps({"project": project, "paths": [sample]}))
        job = subprocess.run(
            [str(console), "--job", "ingest", str(settings)], env=environment, capture_output=True,
            text=True, timeout=300, input="",
        )  # fmt: skip
        last = json.loads(job.stdout.splitlines()[-1])
        assert last["type"] in ("result", "cancelled"), last
        print("works: a job in a child", flush=True)
        subprocess.run([str(window), project], env=environment, check=True, timeout=120)
        print("works: the window", flush=True)


if __name__ == "__main__":
    if "--only-try" not in sys.argv:
        freeze()
    attempt()
