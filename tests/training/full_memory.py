"""Trains a small model in a process of its own whose memory is limited by the system, and says how that went.

Usage: full_memory.py FOLDER REQUEST, where the request is JSON: "settings" of phase 2; "limit_mb", what the process may
have beyond what it has when the training begins (RLIMIT_DATA), 0 for no limit; "above_mb", the same for the setting
“Memory to use”. Prints a JSON object: losses, texts (warnings), error, peak_mb (held more than at the beginning), at_once.
"""

import json
import os
import resource
import sys
from pathlib import Path

os.environ.setdefault("HF_HUB_OFFLINE", "1")
sys.path.insert(0, str(Path(__file__).parents[2]))

import torch

from services import settings
from services.errors import UserError
from services.jobs import Context
from services.training import fit, trainer
from services.training.device import Device
from tests.tiny_models import make_tiny_tokenizer
from tests.training.test_fit import make, make_rows

LAYERS, LONGEST, BATCH = 6, 256, 8
SHAPE = {"hidden_size": 256, "intermediate_size": 1024, "num_hidden_layers": LAYERS}
STATUS = Path("/proc/self/status")


def status(name: str) -> int:
    """A line of this process's status, in bytes."""
    return 1024 * int(next(line.split()[1] for line in STATUS.read_text().splitlines() if line.startswith(name + ":")))


def main(folder: Path, request: dict) -> dict:
    torch.manual_seed(0)
    model, _shape = make("qwen2", SHAPE, 4)
    fit.BUSY_TOKENS["cpu"] = BATCH * LONGEST
    trainer._trainer_class()
    events: list[dict] = []
    began, error = status("VmRSS"), ""
    small = {
        "epochs": 1, "batch_size": BATCH, "max_seq_length": LONGEST, "validation_share": 0.0, "watch_forgetting": False,
        "device": "cpu", "memory_limit_gb": (began / 2**20 + request["above_mb"]) / 1024 if request.get("above_mb") else 0,
    }  # fmt: skip
    values = settings.check("cpt", {**small, **request.get("settings", {})})
    if request.get("limit_mb"):
        resource.setrlimit(resource.RLIMIT_DATA, (status("VmData") + request["limit_mb"] * 2**20, resource.RLIM_INFINITY))
    Path("/proc/self/clear_refs").write_text("5")
    try:
        trainer.train(
            model, make_tiny_tokenizer("qwen2"), make_rows(2 * BATCH, LONGEST), [], values, Device("cpu", "float32"),
            folder, Context(events.append), log_every_s=0,
        )  # fmt: skip
    except UserError as refused:
        error = str(refused)
    remembered = folder / "at_once.json"
    return {
        "losses": [event["loss"] for event in events if "loss" in event],
        "texts": [event["text"] for event in events if event["type"] == "warning"],
        "error": error,
        "peak_mb": (status("VmHWM") - began) / 2**20,
        "at_once": json.loads(remembered.read_text()) if remembered.exists() else {},
    }


if __name__ == "__main__":
    print(json.dumps(main(Path(sys.argv[1]), json.loads(sys.argv[2]))))
