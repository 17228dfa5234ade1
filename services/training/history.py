"""The metrics of a run: kept while it runs, read back from its events, made smooth, thinned out, written as a table."""

from __future__ import annotations

import csv
from array import array
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np

from services.jobs import read_events

_NOT_METRICS = frozenset(("type", "step", "at"))
_NUMBERS = frozenset((int, float))
MOST_POINTS = 4000  # of a curve that is drawn: more than a screen has columns
_SMOOTH_POINTS = 1500  # of a smooth curve
_WIDER = 3.0  # times, the stretch that says how a curve goes on at its ends
_FIRST_COLUMNS = ("loss", "validation_loss", "general_loss", "learning_rate", "grad_norm", "tokens_per_second")

Curve = tuple[np.ndarray, np.ndarray]


class MetricHistory:
    """Every metric of one run by name: the steps at which it was reported and its values.

    Where a run went back to a checkpoint after a crash, the steps that were lost are left out.
    """

    def __init__(self) -> None:
        self._curves: dict[str, tuple[array[float], array[float]]] = {}

    @classmethod
    def read(cls, *run_folders: Path) -> Self:
        """The history of an old run, from its events; several folders, in order, are one run that was resumed."""
        read = cls()
        for folder in run_folders:
            for event in read_events(folder):
                read.add(event)
        return read

    def add(self, event: Mapping[str, Any]) -> None:
        """Take in one ``metric`` event; anything else, and values that are no numbers, are left out."""
        step = event.get("step")
        if event.get("type") != "metric" or not isinstance(step, int):
            return
        for name, value in event.items():
            if type(value) not in _NUMBERS or name in _NOT_METRICS:  # a bool is no number here
                continue
            if (curve := self._curves.get(name)) is None:
                curve = self._curves[name] = (array("d"), array("d"))
            steps, values = curve
            while steps and steps[-1] >= step:
                steps.pop()
                values.pop()
            steps.append(step)
            values.append(value)

    @property
    def names(self) -> list[str]:
        """The metrics that were reported, those that are known first."""
        others = sorted(name for name in self._curves if name not in _FIRST_COLUMNS)
        return [name for name in (*_FIRST_COLUMNS, *others) if name in self._curves]

    @property
    def step(self) -> int:
        """The last step of which something is known."""
        return int(max((steps[-1] for steps, _values in self._curves.values() if steps), default=0))

    def points(self, name: str) -> Curve:
        """Steps and values of one metric, both of shape (reports,)."""
        steps, values = self._curves.get(name, ((), ()))
        return np.array(steps, dtype=float), np.array(values, dtype=float)

    def last(self, name: str) -> float | None:
        _steps, values = self._curves.get(name, ((), ()))
        return values[-1] if values else None


def thinned(curve: Curve, most: int = MOST_POINTS) -> Curve:
    """A curve of at most that many points which looks the same: the lowest and the highest value of every stretch."""
    steps, values = curve
    if len(values) <= most:
        return curve
    length = -(-len(values) // (most // 2))
    whole = len(values) // length * length
    # A gap in the losses stays one: argmin and argmax point at the first value that is not a number.
    parts = values[:whole].reshape(-1, length)
    places = np.sort(np.stack([parts.argmin(1), parts.argmax(1)], 1), 1) + np.arange(len(parts))[:, None] * length
    kept = np.concatenate([places.ravel(), np.arange(whole, len(values))])
    return steps[kept], values[kept]


def smoothed(curve: Curve, width: float) -> Curve:
    """A curve without its noise: the mean around every point, weighted by a bell curve.

    Both sides of a point count, so that a falling curve is not drawn too high, as by a running average. At the ends,
    where one side is missing, the mean is moved along the slope of a wider stretch (as in local linear regression).

    Args:
        width: of the bell (its standard deviation), as a share of the whole curve; 0 gives the curve as it is.
    """
    steps, values = curve
    is_number = np.isfinite(values)
    steps, values = steps[is_number], values[is_number]
    if width <= 0 or len(values) < 3:
        return steps, values
    if len(values) > _SMOOTH_POINTS:
        edges = np.linspace(0, len(values), _SMOOTH_POINTS + 1).astype(int)[:-1]
        counts = np.diff([*edges, len(values)])
        steps, values = np.add.reduceat(steps, edges) / counts, np.add.reduceat(values, edges) / counts
    sigma, place = width * len(values), np.arange(float(len(values)))
    mean, middle, _slope = _local_line(values, sigma)
    return steps, mean + _local_line(values, _WIDER * sigma)[2] * (place - middle)


def _local_line(values: np.ndarray, sigma: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Around every point of a curve, weighted by a bell of that width in points: mean, mean place and slope."""
    reach = min(len(values) - 1, int(3 * sigma) + 1)
    away = np.arange(-reach, reach + 1.0)
    bell, inside = np.exp(-0.5 * (away / max(sigma, 1e-6)) ** 2), slice(reach, reach + len(values))

    def around(what: np.ndarray, power: int) -> np.ndarray:
        return np.convolve(what, bell * (-away) ** power)[inside]

    ones = np.ones_like(values)
    weight = around(ones, 0)
    mean, shift = around(values, 0) / weight, around(ones, 1) / weight
    spread = around(ones, 2) / weight - shift**2
    slope = (around(values, 1) / weight - mean * shift) / np.maximum(spread, 1e-9)
    return mean, np.arange(len(values)) + shift, slope


def write_csv(path: Path, runs: Sequence[tuple[str, MetricHistory]]) -> None:
    """Every metric of one or several runs as a table: a row for each step of each run.

    Args:
        runs: name and history of each.
    """
    names = list(dict.fromkeys(name for _run, history in runs for name in history.names))
    unfinished = path.with_name(path.name + ".part")
    with open(unfinished, "w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(["run", "step", *names])
        for run, history in runs:
            rows: defaultdict[int, dict[str, float]] = defaultdict(dict)
            for name in history.names:
                for step, value in zip(*(part.tolist() for part in history.points(name)), strict=True):
                    rows[int(step)][name] = value
            for step in sorted(rows):
                table.writerow([run, step, *(rows[step].get(name, "") for name in names)])
    unfinished.replace(path)
