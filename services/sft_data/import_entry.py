"""What one entry of somebody's data set says: Alpaca, ShareGPT, chat messages, or two columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from services.translation import _

# Names of columns and keys, as people and programs write them; of each row, the first that is there counts.
QUESTIONS = (
    "instruction", "question", "prompt", "query", "user", "human", "frage", "anweisung", "aufgabe", "eingabe", "input",
)  # fmt: skip
ANSWERS = (
    "output", "answer", "response", "completion", "reply", "assistant", "target", "antwort", "ausgabe", "lösung", "loesung",
)  # fmt: skip
_CONTEXTS = ("input", "context", "eingabe", "kontext")
_CONVERSATIONS = ("messages", "conversations", "conversation")
_ROLES = {
    "user": "user", "human": "user", "prompter": "user",
    "assistant": "assistant", "gpt": "assistant", "chatgpt": "assistant", "model": "assistant", "bot": "assistant",
    "bing": "assistant", "bard": "assistant",
    "system": "system", "developer": "system",
}  # fmt: skip


class Entry(NamedTuple):
    """said: question and answer by turns, an even number, the question first. system: a system prompt, or empty."""

    said: tuple[str, ...]
    system: str = ""


def read_entry(row: Any) -> Entry:
    """What a JSON value, or a row of a table as ``{column: text}``, says.

    Raises:
        ValueError: it is no question with an answer; the reason, as a clause.
    """
    if not isinstance(row, dict):
        raise ValueError(_("it is not a JSON object."))
    for key in _CONVERSATIONS:
        if isinstance(row.get(key), list):
            return _conversation(row[key], row.get("system"))
    keys = {_plain(key): key for key in row}
    question, answer = find_column(keys, QUESTIONS), find_column(keys, ANSWERS)
    if question is None or answer is None:
        raise ValueError(_("it has no “instruction” and “output”."))
    asked, answered = row[keys[question]], row[keys[answer]]
    if not isinstance(asked, str) or not isinstance(answered, str):
        raise ValueError(_("its question or its answer is not a text."))
    context = find_column({key: name for key, name in keys.items() if key != question}, _CONTEXTS)
    extra = row[keys[context]] if context else None
    if isinstance(extra, str) and extra.strip():
        asked = f"{asked.strip()}\n\n{extra}" if asked.strip() else extra
    earlier = row.get("history")
    if isinstance(earlier, list) and all(isinstance(turn, list) and len(turn) == 2 for turn in earlier):
        return _checked([text for turn in earlier for text in turn] + [asked, answered], row.get("system"))
    return _checked([asked, answered], row.get("system"))


def find_column(names: Mapping[str, Any] | Sequence[str], wanted: Sequence[str]) -> str | None:
    """The first of the wanted names that is there."""
    return next((name for name in wanted if name in names), None)


def _plain(name: object) -> str:
    return str(name).strip().strip("\ufeff\"'").casefold()


def plain_names(names: Sequence[str]) -> list[str]:
    """Names of columns as they are compared: in small letters, without what is around them."""
    return [_plain(name) for name in names]


def _conversation(messages: list[Any], system: Any) -> Entry:
    """All turns from the first question to the last answer; what one says in a row is one turn."""
    said: list[str] = []
    prompts = [system] if isinstance(system, str) else []
    last = ""
    for message in messages:
        if not isinstance(message, dict):
            raise ValueError(_("one of its messages is not a JSON object."))
        name = str(message.get("role") or message.get("from") or "")
        role = _ROLES.get(name.strip().casefold())
        if role is None:
            raise ValueError(_("it has a message of “{role}”; only user, assistant and system are understood.").format(role=name))
        text = _text_of(message.get("content", message.get("value")))
        if role == "system":
            prompts.append(text)
        elif role == last:
            said[-1] = f"{said[-1]}\n\n{text}"
        elif said or role == "user":
            said.append(text)
            last = role
    if len(said) < 2:
        raise ValueError(_("its messages hold no question that is followed by an answer."))
    return _checked(said[: len(said) // 2 * 2], "\n\n".join(prompts))


def _text_of(content: Any) -> str:
    if isinstance(content, list) and all(isinstance(part, dict) and isinstance(part.get("text"), str) for part in content):
        return "\n\n".join(part["text"] for part in content)
    if not isinstance(content, str):
        raise ValueError(_("one of its messages is not a text."))
    return content


def _checked(said: Sequence[Any], system: Any) -> Entry:
    if not all(isinstance(text, str) and text.strip() for text in said):
        raise ValueError(_("its question or its answer is empty."))
    turns = tuple(text.strip() for text in said)
    try:
        "".join(turns).encode()
    except UnicodeEncodeError:
        raise ValueError(_("it has half a character, which no text can hold.")) from None
    return Entry(turns, system.strip() if isinstance(system, str) else "")
