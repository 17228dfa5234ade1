"""What is said between the question and the answer of a conversation, in one text field."""

from __future__ import annotations

import re
from collections.abc import Sequence

from services.translation import _

TURNS_LABEL = _("Tutor and learner in turn, --- between")
TURNS_UNEVEN = _("Tutor and learner speak in turn: between question and answer stands an even number of texts.")
_RULE = re.compile(r"^[ \t]*---[ \t]*$", re.MULTILINE)


def joined(turns: Sequence[str]) -> str:
    """The turns with a line between; what looks like such a line inside a turn is written so that it still is a rule."""
    return "\n---\n".join(_RULE.sub("- - -", turn) for turn in turns)


def parted(text: str) -> tuple[str, ...]:
    """The turns that stand in the field."""
    return tuple(turn.strip() for turn in _RULE.split(text) if turn.strip())
