"""How much of what it could do a model forgets: its loss on general text, before and during a training."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from services.training.row import Row, cut_rows, encode_documents
from services.translation import _

if TYPE_CHECKING:
    from services.jobs import Context

_TEXT = Path(__file__).resolve().parents[2] / "resources" / "general_text.txt"
_PARTING = "\n* * *\n"
_TOKENS = (1024, 8192)  # to measure on: within these limits a tenth of what is learnt between two measurements
_COST = 0.1
_YELLOW, _RED = 0.03, 0.10  # of the loss before the training
_REPLAY = (0.25, 0.5)  # shares of the training text that keep what a model could do


class Verdict(NamedTuple):
    """state: "success", "warning" or "error"; text: one sentence."""

    state: str
    text: str


def general_rows(tokenizer: Any, length: int, learnt_tokens: float, context: Context) -> list[Row]:
    """Rows of the text that comes with the program, in several languages and manners.

    Args:
        length: tokens of a row, at most.
        learnt_tokens: by the training between two measurements.
    """
    texts = [text.strip() for text in _TEXT.read_text("utf-8").split(_PARTING)]
    rows = [
        row for ids in encode_documents(tokenizer, texts, has_special_tokens=False, context=context)
        for row in cut_rows(ids, length)
    ]  # fmt: skip
    fewest, most = _TOKENS
    return _about(rows, min(most, max(fewest, _COST * learnt_tokens)))


def judge(before: float, now: float) -> Verdict:
    """What a loss on general text says, beside the one before the training; in nats per token, both of the same text."""
    if before <= 0:
        return Verdict("success", _("The model still does what it could do."))
    change = now / before - 1
    if change < _YELLOW:
        return Verdict("success", _("The model has kept what it could do."))
    percent = f"{100 * change:.0f} %"
    if change < _RED:
        text = _("The model begins to forget: general text has become {percent} harder for it.")
        return Verdict("warning", text.format(percent=percent))
    text = _("The model forgets what it could do: general text has become {percent} harder for it.")
    return Verdict("error", text.format(percent=percent))


def what_helps(settings: dict[str, Any]) -> str:
    """A sentence for a model that forgets."""
    share = settings.get("replay_share")
    if share is None:
        return _("Fewer epochs or a lower learning rate help.")
    if share < _REPLAY[0]:
        return _("A replay share of {share:g} helps, or fewer epochs or a lower learning rate.").format(share=_REPLAY[0])
    if share < _REPLAY[1]:
        return _("Raise the replay share from {share:g} to {more:g}, or train for fewer epochs or with a lower learning rate.").format(
            share=share, more=_REPLAY[1]
        )
    return _("Train for fewer epochs or with a lower learning rate.")


def _about(rows: Sequence[Row], tokens: float) -> list[Row]:
    """Whole rows from all over the text, of at least so many tokens together where there are so many."""
    total = sum(row.token_count for row in rows)
    count = min(len(rows), max(1, round(len(rows) * tokens / total)))
    return [rows[number * len(rows) // count] for number in range(count)]
