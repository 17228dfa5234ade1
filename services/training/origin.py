"""What a run ran on: ``run.json`` in its folder, enough to tell two runs apart and to do one again.

``base_model`` {name, folder, revision (the hub's commit, or empty), fingerprint}, ``starts_from`` (the fingerprint of the
model that is trained: the base in phase 2, the CPT model in phase 4), ``data`` {file, sha256, ...}, ``settings``, ``seed`` and
``sessions``: one for every start of the run, with {started_at, step, versions, machine, device, dtype, processes}.
"""

from __future__ import annotations

import contextlib
import importlib.metadata
import json
import os
import platform
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from services import __version__
from services.models.cache import commit_of
from services.training.checkpoint import TrainingRecord, fingerprint_model, write_json
from services.training.device import Device

FILE_NAME = "run.json"
_PACKAGES = ("torch", "transformers", "trl", "peft", "accelerate", "datasets", "tokenizers", "safetensors")


def write_origin(
    folder: Path, record: TrainingRecord, base_folder: Path, data: Path, device: Device, step: int, processes: int
) -> None:
    """Write what a run begins with; a run that goes on in the same folder gets one more session.

    Args:
        folder: of the run.
        data: the file that is learnt from; its fingerprint stands in the record.
        step: from which this session goes on; 0 at the start.
    """
    session = {
        "started_at": datetime.now(UTC).isoformat(timespec="seconds"), "step": step, "versions": versions(),
        "machine": machine(device), "device": device.name, "dtype": device.dtype, "processes": processes,
    }  # fmt: skip
    details = {key: value for key, value in record.details.items() if key != "computed_on"}  # it stands in the session
    write_json(
        folder / FILE_NAME,
        {
            "phase": record.phase,
            "base_model": {
                "name": record.base_model, "folder": str(base_folder), "revision": commit_of(base_folder),
                "fingerprint": fingerprint_model(base_folder),
            },
            "starts_from": record.base,
            "data": {"file": data.name, "sha256": record.data, **details},
            "settings": record.settings,
            "seed": record.settings["seed"],
            "sessions": [*read_origin(folder).get("sessions", []), session],
        },
    )  # fmt: skip


def read_origin(folder: Path) -> dict[str, Any]:
    """What ``run.json`` of a run says; empty where there is none."""
    with contextlib.suppress(OSError, ValueError):
        value = json.loads((folder / FILE_NAME).read_text("utf-8"))
        if isinstance(value, dict):
            return value
    return {}


def versions() -> dict[str, str]:
    """Of this program, Python and the libraries that decide a training."""
    found = {"wissenswerk": __version__, "python": platform.python_version()}
    for name in _PACKAGES:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            found[name] = importlib.metadata.version(name)
    return found


def machine(device: Device) -> dict[str, Any]:
    """system, processor, cores, memory_bytes; with a graphics card also card and card_memory_bytes."""
    import psutil

    found: dict[str, Any] = {
        "system": platform.platform(), "processor": _processor(), "cores": os.cpu_count() or 1,
        "memory_bytes": psutil.virtual_memory().total,
    }  # fmt: skip
    if device.name == "cuda":
        import torch

        card = torch.cuda.get_device_properties(torch.cuda.current_device())
        found |= {"card": card.name, "card_memory_bytes": card.total_memory, "cuda": torch.version.cuda}
    return found


def _processor() -> str:
    """The processor's name as its maker sells it, where the system tells."""
    if sys.platform.startswith("linux"):
        with contextlib.suppress(OSError), open("/proc/cpuinfo", encoding="utf-8", errors="replace") as lines:
            for line in lines:
                if line.startswith(("model name", "Model")):
                    return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()
