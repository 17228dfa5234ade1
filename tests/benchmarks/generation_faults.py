"""Two thousand faults of a provider's server, and what became of every request: done, or listed with its reason.

    python tests/benchmarks/generation_faults.py [--faults 2000]

The servers of tests/sft_data/servers.py speak Ollama's and OpenRouter's protocol in processes of their own; half of the
faults go to each. A run that stops because the server fails too often is started again, as a person would.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests" / "sft_data")]
FAULTS = (
    "429", "429-date", "429-bare", "500", "503", "slow", "html", "prose", "empty", "wrong-schema", "only-think", "cut",
    "drop", "error-200", "invent", "fenced", "commas", "think", "many", "not-json",
)  # fmt: skip
ONLY_OLLAMA = ("cut-prompt", "cut-stream", "stream-error")
RARE = ("hang", "429-long")  # each costs a time-out


def run_against(protocol: str, count: int, folder: Path) -> dict[str, Any]:
    from places import add_chunks

    from services.errors import UserError
    from services.jobs import Context
    from services.project import Project
    from services.settings import defaults
    from services.sft_data import server
    from services.sft_data.generate import run

    server.BACK_OFF_S = 0.01
    provider = "ollama" if protocol == "ollama" else "openrouter"
    rng = random.Random(protocol)
    kinds = [*FAULTS, *(ONLY_OLLAMA if protocol == "ollama" else ())]
    modes = [rng.choice(RARE) if rng.random() < 0.02 else rng.choice(kinds) for _ in range(count)]
    modes += ["good"] * (count // 2)
    rng.shuffle(modes)
    log = folder / f"{protocol}.jsonl"
    project = Project.create(folder / protocol)
    ids = add_chunks(project, 100, per_chunk=1)
    with subprocess.Popen(
        [sys.executable, str(ROOT / "tests/sft_data/servers.py"), protocol, str(log), *modes, "good"],
        stdout=subprocess.PIPE, text=True,
    ) as process:  # fmt: skip
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        model = "llama3.1:8b" if provider == "ollama" else "meta/llama-3.3-70b"
        values = {**defaults("generate"), "provider": provider, "model": model, "url": url, "timeout_s": 1.0, "workers": 8}
        starts = 0

        def seen() -> list[str]:
            return [json.loads(line)["mode"] for line in log.read_text("utf-8").splitlines()] if log.exists() else []

        while len(seen()) < len(modes) and starts < 400:
            starts += 1
            settings = {**values, "project": str(project.folder), "pairs": 200, "dataset": f"set{starts}"}
            try:
                run(settings, Context())
            except UserError as error:
                print(f"  stopped: {error}"[:150], file=sys.stderr)
        process.kill()
    injected = Counter(mode for mode in seen() if mode != "good")
    with project.connect() as knowledge_base:
        sql = knowledge_base.connection.execute
        states = dict(sql("SELECT state, count(*) FROM work_item GROUP BY 1").fetchall())
        unended = sum(count for state, count in states.items() if state not in ("done", "failed", "replaced"))
        silent = sql("SELECT count(*) FROM work_item WHERE state = 'failed' AND error = ''").fetchone()[0]
        pairs = sql("SELECT count(*), count(DISTINCT dataset || instruction) FROM pair JOIN pair_text ON pair_id = id"
                    " WHERE state = 'new'").fetchone()
    return {"faults": sum(injected.values()), "kinds": len(injected), "starts": starts, "chunks": len(ids), **states,
            "unended": unended, "without_reason": silent, "pairs": pairs[0], "twice": pairs[0] - pairs[1]}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--faults", type=int, default=2000)
    options = parser.parse_args()
    os.environ["OPENROUTER_API_KEY"] = "sk-or-good"
    with tempfile.TemporaryDirectory() as folder:
        for protocol in ("ollama", "openai"):
            counts = run_against(protocol, options.faults // 2, Path(folder))
            print(protocol, counts)
            assert counts["unended"] == counts["without_reason"] == counts["twice"] == 0


if __name__ == "__main__":
    main()
