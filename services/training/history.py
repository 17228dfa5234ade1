"""The metrics of an old run, read back from its events."""

from __future__ import annotations

from pathlib import Path

from services.jobs import read_events


def history(run_folder: Path) -> dict[str, tuple[list[int], list[float]]]:
    """Steps and values of every metric: ``{"loss": ([1, 2], [3.1, 2.9]), ...}``.

    Where a run went back to a checkpoint after a crash, the steps that were lost are left out.
    """
    metrics: dict[str, tuple[list[int], list[float]]] = {}
    for event in read_events(run_folder):
        if event["type"] != "metric" or not isinstance(event.get("step"), int):
            continue
        for name, value in event.items():
            if name in ("type", "step", "at") or isinstance(value, bool) or not isinstance(value, (int, float)):
                continue
            steps, values = metrics.setdefault(name, ([], []))
            while steps and steps[-1] >= event["step"]:
                steps.pop()
                values.pop()
            steps.append(event["step"])
            values.append(float(value))
    return metrics
