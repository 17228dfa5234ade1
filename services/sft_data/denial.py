"""Answers that say that there is none, that the documents do not say it, or that a question takes something wrong for granted."""

from __future__ import annotations

import re

_NO_ANSWER = re.compile(
    r"""
    \b(?:not|never|n['’]t)\s+(?:explicitly\s+|directly\s+)?(?:mentioned|specified|stated)\b
  | \b(?:cannot|can['’]t|can\ not)\s+be\s+(?:answered|determined\s+from)
  | \bi\s+(?:do\s+not|don['’]t|cannot|can['’]t)\s+(?:know|answer|help)
  | \b(?:no|insufficient)\s+information\b
  | \bas\s+an?\s+(?:ai|language\s+model)\b
  | \b(?:nicht\s+(?:erwähnt|angegeben)|keine\s+(?:information|angabe)en)\b
    """,
    re.IGNORECASE | re.VERBOSE,
)
_REFUSAL = re.compile(
    r"""
    \b(?:do|does|did)\s*(?:not|n['’]t)\s+(?:say|state|mention|tell|specify|give|explain|describe|contain|include|reveal)
  | \b(?:is|are|was|were)\s*(?:not|n['’]t)\s+(?:mentioned|stated|specified|given|said|described|documented|recorded)
  | \b(?:no|without)\s+(?:information|mention|details?|statement)\b
  | \b(?:sagen|nennen|erwähnen|enthalten|verraten|beschreiben|geben)\b.*?\b(?:nicht|nichts|keine?n?)\b
  | \b(?:nicht\s+(?:erwähnt|angegeben|genannt|gesagt)|keine\s+(?:information|angabe)(?:en)?)\b
  | \bne\s+(?:disent|mentionnent|précisent|contiennent)\s+(?:pas|rien)
  | \bno\s+(?:dicen|mencionan|indican|especifican)
  | \bnon\s+(?:dicono|menzionano|indicano|specificano)
    """,
    re.IGNORECASE | re.VERBOSE | re.DOTALL,
)
_DENIAL = re.compile(
    r"""
    \b(?:not|no|never|none|nobody|nor|wrong|incorrect|mistaken|false|untrue|actually|rather|instead|in\ fact|however)\b
  | n['’]t\b
  | \b(?:nicht|nie|niemals|nein|niemand|kein\w*|falsch|irrtum|irrtümlich|sondern|vielmehr|tatsächlich|stattdessen|doch)\b
  | \b(?:pas|non|faux|jamais|plutôt|ningún|nunca|falso|sino|mai|errato|bensì)\b
    """,
    re.IGNORECASE | re.VERBOSE,
)


def has_no_answer(answer: str) -> bool:
    """Whether an answer says that it cannot answer."""
    return bool(_NO_ANSWER.search(answer))


def is_refusal(answer: str) -> bool:
    """Whether an answer says that the documents do not say it."""
    return bool(_REFUSAL.search(answer))


def contradicts(answer: str) -> bool:
    """Whether an answer says that something is not so."""
    return bool(_DENIAL.search(answer))
