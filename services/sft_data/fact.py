"""What kinds of facts a clause gives, and the value of each."""

import re
from collections.abc import Iterator

from services.sft_data.clause import Clause
from services.sft_data.vocabulary import APPROXIMATELY, COLOURS, DIMENSIONS, NUMBER, SHADES, UNIT

_KINDS = {
    "time": "time", "frequency": "time", "duration": "quantity", "measure": "quantity", "extent": "quantity",
    "distance": "quantity", "place": "place", "agent": "agent", "cause": "agent", "material": "property",
    "purpose": "purpose", "other": "action", "result": "property",
    "object": "action", "condition": "time",
}  # fmt: skip
_WITH_PREPOSITION = frozenset({"place", "condition", "frequency"})
MEASURE = re.compile(
    rf"(?P<about>{APPROXIMATELY})(?P<number>{NUMBER}) (?P<unit>{UNIT}) (?P<adjective>{'|'.join(DIMENSIONS)})\b"
)
# "famous for its blankets": the adjective asks, what follows its preposition answers.
ABOUT = (
    r"(?P<adjective>famous|known|afraid|full|rich|responsible|named|similar|home|proud|fond|typical|capable|equal|related"
    r"|native|important) (?P<preposition>for|of|in|to|from|as) (?P<of>.+)"
)
COUNT = re.compile(rf"(?P<only>{APPROXIMATELY})(?P<number>{NUMBER}) (?P<counted>[a-z].*)")


def is_colour(text: str) -> bool:
    """Return whether `text` is a colour, with or without a shade: "violet", "dark red"."""
    words = text.lower().replace("-", " ").split()
    return bool(words) and len(words) <= 3 and words[-1] in COLOURS and all(word in COLOURS | SHADES for word in words)


def facts_of(clause: Clause) -> Iterator[tuple[str, str]]:
    """Yield (kind, value) for every part of the clause that can be asked for."""
    for part in clause.parts:
        if part.role == "complement":
            yield _complement(part.text)
        elif part.role == "object" and (found := COUNT.match(part.text)):
            yield "quantity", found["number"]
        elif part.role in _KINDS:
            yield _KINDS[part.role], part.text if part.role in _WITH_PREPOSITION else _trimmed(part.value)
    if clause.reason:
        yield "reason", clause.reason.removeprefix("because ")


def _trimmed(value: str) -> str:
    return value.removeprefix("every ") if value.startswith("every ") else value


def _complement(text: str) -> tuple[str, str]:
    if found := MEASURE.match(text):
        return "quantity", f"{found['number']} {found['unit']}"
    if is_colour(text):
        return "property", text
    if found := re.fullmatch(ABOUT, text):
        return "property", found["of"]
    if re.match(r"(?:an?|one of|the) ", text):
        return "definition", text
    if text[0].isupper():
        return "name", text
    return "property", text
