"""What became of what was asked for a dataset: the last run, the bill, what did not pass, what came to nothing."""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from datetime import datetime

from services.knowledge_base.store import KnowledgeBase
from services.knowledge_base.work_item import CostRow
from services.project import Project
from services.records import RunRecord
from services.sft_data.task import FACTS, PAIRS, VERDICT

KINDS = (FACTS, PAIRS, VERDICT)  # of requests; others have their own


@dataclass(frozen=True, slots=True)
class Report:
    """run: the last one for this dataset, if there was one; seconds: that it took, None where it is not known.

    bill: by model and kind, of all runs. rejected: gate to number of pairs. failed: requests, the newest first.
    unjudged: pairs that wait for the judge. made: pairs of a run that did not come to its end; None where it is not known.
    """

    run: RunRecord | None
    seconds: float | None
    bill: list[CostRow]
    rejected: dict[str, int]
    failed: array[int]
    unjudged: int
    made: int | None = None

    @property
    def is_empty(self) -> bool:
        return self.run is None and not self.bill and not self.rejected


def make_report(project: Project, store: KnowledgeBase, dataset: str) -> Report:
    """Everything that can be said of the runs for this dataset."""
    runs = (run for run in project.runs("generate") if run.settings.get("dataset", "sft_data") == dataset)
    run = next(runs, None)
    return Report(
        run, _seconds(run) if run else None,
        [row for row in store.cost_report(dataset) if row.kind in KINDS], store.rejections(dataset),
        store.failed_ids(dataset), len(store.unjudged_pairs(dataset)),
        store.count_passed_since(dataset, run.started_at) if run and "pairs" not in run.result else None,
    )  # fmt: skip


def retry_style(store: KnowledgeBase, dataset: str, style: str) -> str:
    """The style in which what failed can be asked again: this one where it is among them, else that of the most."""
    styles: dict[str, int] = {}
    for failure in store.failures(dataset):
        if failure.kind != VERDICT:
            styles[failure.style] = styles.get(failure.style, 0) + 1
    named = {name: count for name, count in styles.items() if name}
    return style if style in named or not named else max(named, key=lambda name: named[name])


def _seconds(run: RunRecord) -> float | None:
    """From its start to its last word."""
    try:
        started = datetime.fromisoformat(run.started_at).timestamp()
        return max(0.0, (run.folder / "events.jsonl").stat().st_mtime - started)
    except (OSError, ValueError):
        return None
