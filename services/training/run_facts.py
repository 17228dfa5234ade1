"""What is known of a run: how it went, what it ran on, its settings; and in what several runs differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.records import RunRecord
from services.settings import PHASES, Setting, plain
from services.training.history import MetricHistory
from services.translation import _


@dataclass(frozen=True, slots=True)
class Fact:
    """One line. values: one for each run; is_marked: worth the eye, such as a setting that is not the default."""

    label: str
    values: tuple[str, ...]
    is_marked: bool = False


Group = tuple[str, list[Fact]]
_DTYPES = {"bfloat16": "BF16", "float16": "F16", "float32": "F32"}


def origin(run: RunRecord) -> str:
    """What was trained on what, in short: the base model's name, or dataset and model."""
    settings = run.settings
    if run.kind == "sft":
        return f"{settings.get('dataset', '')} → {settings.get('name', 'final')}"
    return str(settings.get("base_model", "")).rstrip("/").rsplit("/", 1)[-1]


def short_name(run: RunRecord) -> str:
    """What a legend calls it: “0004 Qwen3-1.7B”, “0006 formal”."""
    name = str(run.settings.get("name") or "final") if run.kind == "sft" else origin(run)
    return f"{run.number:04d} {name}".strip()


def facts(run: RunRecord, history: MetricHistory | None = None) -> list[Group]:
    """Everything that is known of one run, in groups."""
    settings = [Fact(label(each), (_shown(each, run),), _value(each, run) != each.default) for each in PHASES[run.kind]]
    groups = [
        (_("How it went"), _results([run], [history] if history else [])),
        (_("What it ran on"), _origins([run])),
        (_("Settings"), settings),
    ]
    return [(title, shown) for title, shown in groups if shown]


def differences(runs: Sequence[RunRecord], histories: Sequence[MetricHistory] = ()) -> list[Group]:
    """In what several runs of one phase differ, and how each went."""
    settings = [Fact(label(each), tuple(_shown(each, run) for run in runs)) for each in PHASES[runs[0].kind]]
    differing = [fact for fact in [*_origins(runs), *settings] if len(set(fact.values)) > 1]
    groups = [
        (_("How they went"), _results(runs, histories)),
        (_("Where they differ"), differing or [Fact(_("Settings"), tuple(_("the same") for _run in runs))]),
    ]
    return [(title, shown) for title, shown in groups if shown]


def runs_of(run: RunRecord, runs: Sequence[RunRecord]) -> list[RunRecord]:
    """The runs that are one training together with this one: those that were stopped and it went on from, and itself."""
    first = run.settings.get("continues")
    if not first:
        return [run]
    before = [
        other for other in runs
        if other.number < run.number and other.kind == run.kind and first in (other.number, other.settings.get("continues"))
    ]  # fmt: skip
    return [*sorted(before, key=lambda other: other.number), run]


def label(setting: Setting) -> str:
    return setting.label.partition(" (")[0]


def _value(setting: Setting, run: RunRecord) -> Any:
    """What an old run was run with; a setting that did not exist then had the effect of its default."""
    value = run.settings.get(setting.key)
    return setting.default if value is None else value


def _shown(setting: Setting, run: RunRecord) -> str:
    return plain(_value(setting, run))


def _results(runs: Sequence[RunRecord], histories: Sequence[MetricHistory]) -> list[Fact]:
    def row(name: str, form: str, *keys: str) -> Fact:
        values = []
        for run in runs:
            known = {**run.metric, **{key: value for key, value in run.result.items() if value is not None}}
            value = next((known[key] for key in keys if isinstance(known.get(key), (int, float))), None)
            values.append("–" if value is None else form.format(value))
        return Fact(name, tuple(values))

    rows = [
        row(_("Steps"), "{:,.0f}", "steps", "step"), row(_("Training loss"), "{:.3f}", "loss"),
        row(_("Validation loss"), "{:.3f}", "validation_loss"), row(_("Result is of step"), "{:,.0f}", "taken_step"),
        row(_("Loss on general text"), "{:.3f}", "general_loss"), row(_("Same, before"), "{:.3f}", "general_loss_before"),
        row(_("Tokens learnt"), "{:,.0f}", "tokens"),
        row(_("Tokens per second"), "{:,.0f}", "tokens_per_second"), row(_("Seconds"), "{:,.0f}", "seconds"),
    ]  # fmt: skip
    for history in histories[:1]:
        validation = history.points("validation_loss")
        if len(validation[0]) and len(runs) == 1:
            place = int(validation[1].argmin())
            text = _("{loss:.3f} at step {step:,}").format(loss=validation[1][place], step=int(validation[0][place]))
            rows.append(Fact(_("Lowest validation loss"), (text,)))
    reasons = tuple(run.reason for run in runs)
    if any(reasons):
        rows.append(Fact(_("Ended because"), reasons))
    return [fact for fact in rows if any(value not in ("–", "") for value in fact.values)]


def hardware(origin: Mapping[str, Any]) -> str:
    """What a run is computed on, as it is: “NVIDIA H200, 141 GB · BF16”; empty where nothing is known.

    Args:
        origin: see ``services.training.origin``.
    """
    sessions = origin.get("sessions") or [{}]
    session, machine = sessions[-1], sessions[-1].get("machine") or {}
    if not machine:
        return ""
    if session.get("device") == "cuda":
        name = f"{machine.get('card', 'CUDA')}, {machine.get('card_memory_bytes', 0) / 2**30:.0f} GB"
    else:
        chip = "Apple MPS" if session.get("device") == "mps" else machine.get("processor", "")
        name = _("{chip}, {cores} cores, {memory:.0f} GB").format(
            chip=chip, cores=machine.get("cores", 1), memory=machine.get("memory_bytes", 0) / 2**30
        )
    dtype = str(session.get("dtype", ""))
    parts = [name, _DTYPES.get(dtype, dtype)]
    if (processes := session.get("processes", 1)) > 1:
        parts.append(_("{count} processes").format(count=processes))
    return " · ".join(filter(None, parts))


def _origins(runs: Sequence[RunRecord]) -> list[Fact]:
    columns = [_origin_of(run) for run in runs]
    labels = dict.fromkeys(label for column in columns for label in column)
    return [Fact(label, tuple(column.get(label, "–") for column in columns)) for label in labels]


def _origin_of(run: RunRecord) -> dict[str, str]:
    """What one run ran on, from its folder; of a run of an older program only what its settings say."""
    settings, known = run.settings, run.origin
    base, data = known.get("base_model") or {}, known.get("data") or {}
    sessions = known.get("sessions") or [{}]
    versions, machine = sessions[-1].get("versions") or {}, sessions[-1].get("machine") or {}
    facts = {
        _("Base model"): base.get("name") or settings.get("base_model"),
        _("Its revision"): base.get("revision"),
        _("Its fingerprint"): _short(base.get("fingerprint")),
        _("CPT model"): _("of run {number:04d}").format(number=data["cpt_run"]) if data.get("cpt_run") else "",
        _("Dataset"): settings.get("dataset"),
        _("Model's name"): settings.get("name"),
        _("Learnt from"): data.get("file"),
        _("Its SHA-256"): _short(data.get("sha256")),
        _("Seed"): known.get("seed"),
        _("Computed on"): hardware(known),
        _("System"): machine.get("system"),
        _("Versions"): ", ".join(f"{name} {version}" for name, version in versions.items()),
        _("Went on at step"): ", ".join(f"{session['step']:,}" for session in sessions if session.get("step")),
    }  # fmt: skip
    return {name: str(value) for name, value in facts.items() if value not in (None, "")}


def _short(digest: Any) -> str:
    return str(digest)[:12] if digest else ""
