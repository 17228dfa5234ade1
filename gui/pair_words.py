"""What is said of pairs: their states, styles and reasons, in a word for cells and in a sentence for reading."""

from __future__ import annotations

from services.records import Pair
from services.sft_data.gate import REASONS
from services.sft_data.style import STYLES
from services.translation import _

# What a state is called, its icon and its colour.
PAIR_STATES = {
    "new": (_("to review"), "question", "muted"),
    "accepted": (_("accepted"), "check", "success"),
    "edited": (_("edited"), "edit", "success"),
    "rejected": (_("rejected by you"), "close", "danger"),
    "failed": (_("did not pass"), "warning", "warning"),
}
# As a cell has room for them; the sentences are in services.sft_data.gate.
SHORT_REASONS = {
    "empty": _("empty"), "too-long": _("too long"), "language": _("language"), "not-alone": _("not alone"),
    "no-answer": _("no answer"), "answer": _("no refusal"), "answered": _("can be answered"), "evidence": _("no evidence"),
    "options": _("options"), "number": _("number"), "unit": _("unit"), "date": _("date"), "name": _("name"),
    "off-topic": _("off topic"), "duplicate": _("asked before"), "judge": _("judge says no"), "unjudged": _("not judged"),
    "merged": _("merged"), "replaced": _("made anew"),
}  # fmt: skip
_MERGED = _("It was merged into another pair.")
LONGEST_CELL = 200


def short_reason(key: str) -> str:
    """Why a pair is not in use, in a word or two."""
    return SHORT_REASONS.get(key, key)


def say_reason(key: str) -> str:
    """Why a pair is not in use, as a sentence."""
    return _MERGED if key == "merged" else REASONS.get(key, key)


def say_state(pair: Pair) -> str:
    """State, reason and whether its chunk has changed, in one line."""
    stale = _("its chunk has changed since") if pair.is_stale else ""
    return " · ".join(filter(None, [PAIR_STATES[pair.state][0], say_reason(pair.reason), stale]))


def say_judge(pair: Pair) -> str:
    """What the judge said of it; nothing where it was not asked."""
    if pair.score is None:
        return ""
    text = _("The judge agrees.") if pair.score >= 50 else _("The judge does not agree.")
    return f"{text} {pair.verdict}".strip()


def style_label(key: str) -> str:
    """The name of a style."""
    return STYLES[key].label if key in STYLES else key


def one_line(text: str) -> str:
    """The start of a text as a cell shows it."""
    return " ".join(text[:LONGEST_CELL].split())
