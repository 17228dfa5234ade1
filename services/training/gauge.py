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
        return Verdict(
            "warning",
            _("The model begins to forget: general text has become {percent} harder for it. A replay share of 0.25 helps.")
            .format(percent=percent),
        )  # fmt: skip
    return Verdict(
        "error",
        _("The model forgets what it could do: general text has become {percent} harder for it. Set the replay share to "
          "0.25 to 0.5, or train for fewer epochs or with a lower learning rate.").format(percent=percent),
    )  # fmt: skip


def _about(rows: Sequence[Row], tokens: float) -> list[Row]:
    """Whole rows from all over the text, of at least so many tokens together where there are so many."""
    total = sum(row.token_count for row in rows)
    count = min(len(rows), max(1, round(len(rows) * tokens / total)))
    return [rows[number * len(rows) // count] for number in range(count)]
