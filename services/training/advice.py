"""What helps when a training goes badly, and which settings are recommended: shown where the trouble or the choice is.

One table for both phases; who adds a row here adds it to the window.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from services.settings import PHASES, plain
from services.translation import _

LONG_S = 2 * 3600.0  # a training that takes longer is worth a thought


@dataclass(frozen=True, slots=True)
class Remedy:
    """One thing that helps.

    key, better: the setting to change and its better value by its present one; without a key it is no setting.
    """

    text: str
    key: str = ""
    better: Callable[[Any], Any] = lambda value: value

    def change(self, settings: Mapping[str, Any]) -> dict[str, Any]:
        """The setting to change; empty where it is good already, or is none."""
        if self.key not in settings:
            return {}
        value = self.better(settings[self.key])
        return {self.key: value} if value != settings[self.key] else {}


def _at_most(limit: float) -> Callable[[Any], Any]:
    return lambda value: min(value, limit)


def _at_least(limit: float) -> Callable[[Any], Any]:
    return lambda value: max(value, limit)


def _half(value: Any) -> Any:
    return max(1, value // 2) if isinstance(value, int) else float(f"{value / 2:.2g}")


_LOWER_RATE = Remedy(_("Halve the learning rate."), "learning_rate", _half)
_SLOW = (
    Remedy(_("Shorter texts: 1024 tokens at once instead of 2048."), "max_seq_length", _at_most(1024)),
    Remedy(_("A smaller batch, where the memory is nearly full."), "batch_size", _half),
    Remedy(
        _("Gradient checkpointing, where the memory is nearly full: computing twice is faster than swapping."),
        "gradient_checkpointing", lambda _value: True,
    ),
)  # fmt: skip

# (situation, phase): see ``services.training.health`` for the situations; "slow" is a time left beyond LONG_S.
ADVICE: dict[tuple[str, str], tuple[Remedy, ...]] = {
    ("slow", "cpt"): (
        Remedy(_("A smaller base model: 1.5 to 3 billion parameters, Qwen2-1.5B instead of Llama-3-8B.")),
        *_SLOW,
    ),
    ("slow", "sft"): (*_SLOW, Remedy(_("A smaller base model, chosen in phase 2: 1.5 to 3 billion parameters."))),
    ("memorises", "cpt"): (
        Remedy(
            _("Fewer epochs: what came after the lowest point was learning by heart."), "epochs",
            lambda value: max(1, min(5, value - 1)),
        ),
        Remedy(_("A lower learning rate: 3e-4."), "learning_rate", _at_most(3e-4)),
        Remedy(_("Several wordings of every statement, so that not one of them is learnt by heart."), "wordings", _at_least(4)),
        Remedy(_("More documents on the same subject.")),
    ),
    ("memorises", "sft"): (
        Remedy(_("Fewer epochs: 1 to 2."), "epochs", lambda value: 2 if value > 2 else 1),
        Remedy(_("A lower learning rate: 1e-4 instead of 2e-4."), "learning_rate", _at_most(1e-4)),
        Remedy(_("More varied pairs: other styles, other chunks.")),
        Remedy(_("A tenth of the pairs kept aside, to see it in time."), "validation_share", _at_least(0.1)),
    ),
    ("jumps", "cpt"): (
        _LOWER_RATE,
        Remedy(_("A longer warm-up: a tenth of the steps."), "warmup_share", _at_least(0.1)),
    ),
    ("jumps", "sft"): (
        _LOWER_RATE,
        Remedy(_("A longer warm-up: a tenth of the steps."), "warmup_share", _at_least(0.1)),
    ),
    ("forgets", "cpt"): (
        Remedy(
            _("Replay: a quarter of the text written by the base model itself keeps what it could do."), "replay_share",
            _at_least(0.25),
        ),
        Remedy(_("A lower learning rate: 3e-4."), "learning_rate", _at_most(3e-4)),
        Remedy(_("Fewer epochs: 3 to 5 absorb knowledge."), "epochs", _at_most(3)),
    ),
    ("forgets", "sft"): (
        _LOWER_RATE,
        Remedy(_("Fewer epochs: 1 to 2."), "epochs", _at_most(2)),
        Remedy(_("Replay in phase 2: a quarter of the text written by the base model itself keeps what it could do.")),
    ),
    ("unfinished", "cpt"): (
        Remedy(_("More epochs: up to 5."), "epochs", lambda value: max(value, min(5, value + 2))),
        Remedy(_("A higher learning rate: 3e-4 to 5e-4."), "learning_rate", _at_least(3e-4)),
    ),
    ("unfinished", "sft"): (
        Remedy(_("One epoch more, up to 3."), "epochs", lambda value: max(value, min(3, value + 1))),
        Remedy(_("A higher learning rate: 2e-4 to 3e-4."), "learning_rate", _at_least(2e-4)),
    ),
    ("levelled", "cpt"): (
        Remedy(_("A higher learning rate: 3e-4 to 5e-4."), "learning_rate", _at_least(3e-4)),
        Remedy(_("Several wordings of every statement: a fact met in other words can be asked for."), "wordings", _at_least(4)),
        Remedy(_("More room for new things: LoRA rank 32."), "lora_rank", _at_least(32)),
    ),
    ("levelled", "sft"): (
        Remedy(_("Fewer epochs do as well: 1 to 2."), "epochs", _at_most(2)),
        Remedy(_("More varied pairs: other styles, other chunks.")),
        Remedy(_("Talk to the model: what it says counts more than its loss.")),
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Range:
    """Values that suit most, and what is said of others."""

    low: float
    high: float
    text: str


# What the recipe recommends, by phase and setting.
RECOMMENDED: dict[tuple[str, str], Range] = {
    ("cpt", "epochs"): Range(3, 10, _("3 to 5 absorb knowledge, up to 10 where there is little text.")),
    ("cpt", "learning_rate"): Range(3e-4, 5e-4, _("3e-4 to 5e-4 suit knowledge.")),
    ("cpt", "lora_rank"): Range(32, 256, _("32 gives knowledge the room it needs.")),
    ("cpt", "max_seq_length"): Range(128, 2048, _("1024 or 2048 suit most; longer is slower and needs more memory.")),
    ("sft", "epochs"): Range(1, 3, _("1 to 3 are enough; with more it repeats the pairs word for word.")),
    ("sft", "learning_rate"): Range(1e-4, 3e-4, _("2e-4 to 3e-4 suit behaviour, 1e-4 if it overfits.")),
    ("sft", "lora_rank"): Range(8, 32, _("16 is enough for behaviour.")),
    ("sft", "validation_share"): Range(0.02, 0.3, _("Without pairs kept aside nobody sees when it starts to memorise.")),
}  # fmt: skip


def advice(situation: str, phase: str) -> tuple[Remedy, ...]:
    """What helps in a situation; empty where nothing needs to."""
    return ADVICE.get((situation, phase), ())


def remark(phase: str, key: str, value: Any) -> str:
    """What is to be said of a setting's value; empty where it is one that suits most."""
    recommended = RECOMMENDED.get((phase, key))
    return "" if recommended is None or recommended.low <= value <= recommended.high else recommended.text


def say_change(phase: str, change: Mapping[str, Any]) -> str:
    """“Set Epochs to 2”: what a button says that makes the change."""
    labels = {setting.key: setting.label.partition(" (")[0] for setting in PHASES[phase]}
    parts = []
    for key, value in change.items():
        if isinstance(value, bool):
            parts.append(_("Switch on “{label}”").format(label=labels[key]))
        else:
            parts.append(_("Set {label} to {value}").format(label=labels[key], value=plain(value)))
    return ", ".join(parts)
