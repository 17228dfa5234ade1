"""Where a model came from: ``wissenswerk.json`` in every model folder that this program writes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

FILE_NAME = "wissenswerk.json"


def write_provenance(folder: Path, **values: Any) -> None:
    """Writes or replaces the file in one step: a reader never sees half of it.

    Args:
        folder: the model folder; must exist.
        values: what JSON can hold: kind, base_model, run, revision, dataset, cpt_run ...
    """
    path = Path(folder) / FILE_NAME
    unfinished = path.with_suffix(".json.part")
    unfinished.write_text(json.dumps(values, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    unfinished.replace(path)


def read_provenance(folder: Path) -> dict[str, Any]:
    """What stands in the file; empty where there is none, or none that can be read."""
    try:
        values = json.loads((Path(folder) / FILE_NAME).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return values if isinstance(values, dict) else {}
