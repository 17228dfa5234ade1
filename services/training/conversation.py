"""Question and answer pairs as rows: the answer and its end are learnt, the question is only read."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from services.errors import UserError
from services.training.row import IGNORED, Row
from services.translation import _

if TYPE_CHECKING:
    from services.models.chat_template import ChatFormat

Messages = list[dict[str, str]]

_ROLES = ("system", "user", "assistant")


def read_conversations(path: Path) -> list[Messages]:
    """The conversations of a JSONL file: one ``{"instruction", "output"}`` or one ``{"messages"}`` a line.

    Raises:
        UserError: there is no such file, it is empty, or a line is not what it should be.
    """
    try:
        lines = path.read_text("utf-8-sig").split("\n")  # JSON may hold the other line ends as they are
    except OSError as error:
        raise UserError(
            _("There is no dataset {path}. Generate pairs in SFT Data first, or choose another dataset.")
            .format(path=path)
        ) from error
    except UnicodeDecodeError as error:
        raise UserError(_("{path} is not a text file in UTF-8. Save it as UTF-8.").format(path=path)) from error
    conversations = []
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                conversations.append(_conversation(json.loads(line)))
            except (ValueError, KeyError, TypeError) as error:
                reason = _("it is not JSON") if isinstance(error, json.JSONDecodeError) else str(error).strip("'\"")
                raise UserError(
                    _("Line {number} of {path} cannot be used: {reason}. Mend the line or remove it.").format(
                        number=number, path=path, reason=reason
                    )
                ) from error
    if not conversations:
        raise UserError(_("The dataset {path} is empty. Generate pairs in SFT Data first.").format(path=path))
    return conversations


def encode_conversation(tokenizer: Any, messages: Messages, chat: ChatFormat) -> list[Row]:
    """A conversation as one row, or as one row for each answer where the template writes earlier turns differently.

    The tokens of each answer are learnt with the token that ends it; everything else is only read.
    """
    whole = _render(tokenizer, messages, chat)
    answers = [index for index, message in enumerate(messages) if message["role"] == "assistant"]
    spans = []
    for index in answers:
        before = _render(tokenizer, messages[:index], chat, is_open=True)
        through = _render(tokenizer, messages[: index + 1], chat)
        spans.append((through, _answer_span(before, through, chat.eos_token)))
    if all(whole.startswith(through[:end]) for through, (_start, end) in spans):
        return [_encode(tokenizer, whole[: spans[-1][1][1]], [span for _text, span in spans], chat)]
    return [_encode(tokenizer, through[: span[1]], [span], chat) for through, span in spans]


def encode_conversations(
    tokenizer: Any, conversations: Sequence[Messages], chat: ChatFormat, longest: int
) -> tuple[list[Row], list[int]]:
    """The rows that fit, and the lengths of those that do not: cut off, an answer would have no end to learn."""
    rows = [row for messages in conversations for row in encode_conversation(tokenizer, messages, chat)]
    too_long = [len(row.input_ids) for row in rows if len(row.input_ids) > longest]
    return [row for row in rows if len(row.input_ids) <= longest], too_long


def _conversation(value: Any) -> Messages:
    """
    Raises:
        ValueError: with the reason.
    """
    if not isinstance(value, dict):
        raise ValueError(_("it is not an object"))
    if "messages" not in value:
        question, answer = (_text(value, key) for key in ("instruction", "output"))
        return [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]
    messages = value["messages"]
    if not isinstance(messages, list) or not all(isinstance(message, dict) for message in messages):
        raise ValueError(_("“messages” is not a list of turns"))
    turns = [{"role": _text(message, "role"), "content": _text(message, "content")} for message in messages]
    if unknown := {turn["role"] for turn in turns} - set(_ROLES):
        raise ValueError(_("“{role}” is not one of {roles}").format(role=unknown.pop(), roles=", ".join(_ROLES)))
    while turns and turns[-1]["role"] != "assistant":
        turns.pop()  # nothing is learnt from a question without an answer
    if len(turns) < 2 or turns[0]["role"] == "assistant":
        raise ValueError(_("it has no question with an answer"))
    return turns


def _text(value: dict[str, Any], key: str) -> str:
    text = value.get(key)
    if not isinstance(text, str) or not text.strip():
        raise ValueError(_("it has no “{key}”").format(key=key))
    return text


def _render(tokenizer: Any, messages: Messages, chat: ChatFormat, is_open: bool = False) -> str:
    """The text of a conversation; open, up to where the next answer begins."""

    def render(turns: Messages) -> str:
        return tokenizer.apply_chat_template(
            turns, chat_template=chat.template, tokenize=False, add_generation_prompt=is_open
        )

    try:
        return render(messages)
    except Exception as error:  # jinja2's TemplateError, raised by a template that knows no system role
        if "jinja2" not in type(error).__module__ or messages[0]["role"] != "system" or len(messages) < 2:
            raise
        system, question, *rest = messages
        return render([{"role": "user", "content": f"{system['content']}\n\n{question['content']}"}, *rest])


def _answer_span(before: str, through: str, end: str) -> tuple[int, int]:
    """Where the last answer of a text begins, and where the token that ends it ends."""
    start = len(before)
    if not through.startswith(before):
        # The template opens a turn in another way than it tells of one that is over (an empty thought, for instance).
        start = next((at for at, (a, b) in enumerate(zip(before, through)) if a != b), min(len(before), len(through)))
    found = through.rfind(end, start)
    return start, found + len(end) if found >= 0 else len(through.rstrip())


def _encode(tokenizer: Any, text: str, spans: Sequence[tuple[int, int]], chat: ChatFormat) -> Row:
    encoded = tokenizer(
        text, add_special_tokens=False, return_offsets_mapping=True, return_attention_mask=False, verbose=False
    )
    ids = list(encoded["input_ids"])
    labels = [
        id if any(first <= start and end <= last and end > start for first, last in spans) else IGNORED
        for id, (start, end) in zip(ids, encoded["offset_mapping"], strict=True)
    ]
    if ids[-1] not in chat.stop_token_ids:  # the template ends its answers with plain text
        ids.append(chat.stop_token_ids[0])
        labels.append(chat.stop_token_ids[0])
    return Row(np.array(ids, dtype=np.int32), np.array(labels, dtype=np.int32))

