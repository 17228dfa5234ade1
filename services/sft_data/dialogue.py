"""Conversations of several turns in a model's reply."""

from __future__ import annotations

import re
from typing import Any

TURN_KEYS = ("turns", "messages", "conversation", "conversations", "dialogue", "dialog", "exchange")
_LEARNER = ("learner", "student", "user", "human", "l", "s", "lernende", "schüler", "schülerin")
_TUTOR = ("tutor", "teacher", "assistant", "gpt", "t", "lehrer", "lehrerin")
_TAG = re.compile(
    r"^[ \t>#*-]*(?P<speaker>Learner|Student|Tutor|Teacher|Lehrer(?:in)?|Schüler(?:in)?|L|S|T)[ \t]*\d*[ \t]*:[ \t]*",
    re.MULTILINE | re.IGNORECASE,
)
_RULE = re.compile(r"^[ \t]*(?:-{3,}|\*{3,}|={3,}|#{3,})[ \t]*$", re.MULTILINE)


def turns_of(item: dict[str, Any]) -> list[str] | None:
    """What is said in an object that holds a conversation, from the learner's first words to the tutor's last.

    None where it holds none, or an unfinished one.
    """
    rows = next((item[key] for key in TURN_KEYS if isinstance(item.get(key), list)), None)
    if rows is None:
        return None
    said = []
    for row in rows:
        if not isinstance(row, dict):
            return None
        speaker = str(row.get("speaker") or row.get("role") or row.get("from") or "").strip().lower()
        text = row.get("text") or row.get("content") or row.get("value") or row.get("message")
        if isinstance(text, str) and text.strip():
            said.append((speaker, text.encode("utf-8", "replace").decode().strip()))
    return _in_turns(said)


def tagged_dialogues(text: str, is_cut: bool) -> list[list[str]]:
    """The conversations in lines that begin with L: and T:; the last words of a cut reply are left out."""
    found = []
    parts = _RULE.split(text)
    for number, part in enumerate(parts, 1):
        tags = list(_TAG.finditer(part))
        ends = [tag.start() for tag in tags[1:]] + [len(part)]
        said = [
            (tag["speaker"].lower(), part[tag.end() : end].strip()) for tag, end in zip(tags, ends, strict=False)
        ]
        if is_cut and number == len(parts):
            said = said[:-1]
        if turns := _in_turns(said):
            found.append(turns)
    return found


def _in_turns(said: list[tuple[str, str]]) -> list[str] | None:
    """Learner and tutor by turns; what one says twice running is joined. None where there is no exchange."""
    turns: list[str] = []
    for speaker, text in said:
        is_tutor = speaker in _TUTOR
        if not text or not (is_tutor or speaker in _LEARNER) or (not turns and is_tutor):
            continue
        if is_tutor == (len(turns) % 2 == 1):
            turns.append(text)
        else:
            turns[-1] = f"{turns[-1]}\n{text}"
    turns = turns[: len(turns) // 2 * 2]  # the tutor speaks last
    return turns or None
