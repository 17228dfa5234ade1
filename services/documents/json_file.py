"""JSON and JSON Lines in words: ``key: value`` lines, objects under headings, records one after the other."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from services.documents import markdown
from services.documents.page import ReadDocument, Report, ignore, refuse_empty
from services.documents.text import decode, title_of, whole_document
from services.errors import UserError
from services.translation import _, ngettext

_DEEPEST_HEADING = 4  # objects further in are told in the paths of their lines: ``address / city: Rome``
_LONGEST_LIST_LINE = 200
_TURN_KEYS = ({"role", "content"}, {"from", "value"})  # of conversations, as language models are taught with


def read_json(path: Path, report: Report = ignore) -> ReadDocument:
    """Read what a JSON file says. One with an object on each line is read as JSON Lines.

    Raises:
        UserError: the file is empty, is not valid JSON, is nested too deeply, or holds no words.
    """
    text = _decoded(path)
    try:
        value = _parse(text, path)
    except json.JSONDecodeError as error:
        if error.msg == "Extra data":
            return _read_lines(path, text, report)
        raise UserError(
            _("{name} is not valid JSON: {reason} in line {line}. Save it again in the program that made it.").format(
                name=path.name, reason=error.msg, line=error.lineno
            )
        ) from error
    report(0.5)
    try:
        body = "\n\n".join(_blocks(value, 2))
    except RecursionError as error:
        raise _refuse_depth(path) from error
    report(1.0)
    return whole_document(path, body, "json", title=title_of(path))


def read_json_lines(path: Path, report: Report = ignore) -> ReadDocument:
    """Read a file with a JSON value on each line. Lines that are none are left out with a warning.

    Raises:
        UserError: the file is empty, no line is valid JSON, or it holds no words.
    """
    return _read_lines(path, _decoded(path), report)


def _read_lines(path: Path, text: str, report: Report) -> ReadDocument:
    lines = [line for line in text.split("\n") if line.strip()]
    blocks: list[str] = []
    broken: list[int] = []
    for number, line in enumerate(lines, 1):
        try:
            blocks += _records([json.loads(line)])
        except (json.JSONDecodeError, RecursionError):
            broken.append(number)
        if number % 1000 == 0:
            report(number / len(lines))
    if len(broken) == len(lines):
        raise UserError(
            _("{name} is not valid JSON Lines: no line of it is a JSON value. Check that it is the right file.").format(
                name=path.name
            )
        )
    warnings = ()
    if broken:
        warnings = (
            ngettext(
                "{count} line is not valid JSON and was left out: {lines}.",
                "{count} lines are not valid JSON and were left out: {lines}.",
                len(broken),
            ).format(count=len(broken), lines=", ".join(map(str, broken[:10])) + ("…" if len(broken) > 10 else "")),
        )
    report(1.0)
    return whole_document(path, "\n\n".join(blocks), "jsonl", title=title_of(path), warnings=warnings)


def _decoded(path: Path) -> str:
    data = path.read_bytes()
    if not data:
        raise refuse_empty(path)
    return decode(data, path)


def _parse(text: str, path: Path) -> Any:
    try:
        return json.loads(text)
    except RecursionError as error:
        raise _refuse_depth(path) from error


def _refuse_depth(path: Path) -> UserError:
    return UserError(
        _("{name} cannot be read: its values are nested too deeply, as harmful files are.").format(name=path.name)
    )


def _blocks(value: Any, level: int, path: str = "") -> Iterator[str]:
    """The paragraphs of a value; objects in objects stand under headings, down to the deepest."""
    if isinstance(value, list):
        yield from _records(value)
    elif not isinstance(value, dict):
        yield _said(value)
    else:
        sections = {key: inner for key, inner in value.items() if _is_section(inner) and level <= _DEEPEST_HEADING}
        # Plain values first: after a section they would seem to belong to it.
        lines = [line for key, inner in value.items() if key not in sections for line in _lines(key, inner)]
        if lines:
            yield "\n".join(lines)
        for key, inner in sections.items():
            if blocks := [block for block in _blocks(inner, level + 1) if block]:
                yield markdown.heading(level, key)
                yield from blocks


def _is_section(value: Any) -> bool:
    """Objects, and lists with objects in them."""
    return isinstance(value, dict) or (isinstance(value, list) and any(isinstance(item, dict) for item in value))


def _records(values: list[Any]) -> Iterator[str]:
    """One paragraph for each object of a list; plain values are the items of one list."""
    items: list[str] = []
    for value in values:
        if isinstance(value, (dict, list)):
            if items:
                yield "\n".join(items)
                items = []
            lines = [line for key, inner in value.items() for line in _lines(key, inner)] if isinstance(
                value, dict
            ) else _lines("", value)  # fmt: skip
            yield "\n".join(lines)
        elif said := _said(value):
            items.append(f"- {said}")
    if items:
        yield "\n".join(items)


def _lines(path: str, value: Any) -> list[str]:
    """``path: value``, or a line for every value inside."""
    if isinstance(value, dict):
        return [line for key, inner in value.items() for line in _lines(_joined(path, key), inner)]
    if not isinstance(value, list):
        said = _said(value)
        if not said:
            return []
        return [f"{path}:\n{said}" if "\n" in said and path else f"{path}: {said}" if path else said]
    if any(isinstance(item, dict) and set(item) in _TURN_KEYS for item in value):
        return [line for item in value for line in _turn(item)]
    if any(isinstance(item, (dict, list)) for item in value):
        is_alone = len(value) == 1
        return [
            line
            for number, item in enumerate(value, 1)
            for line in _lines(path if is_alone else _joined(path, str(number)), item)
        ]
    said = [text for item in value if (text := _said(item))]
    if not said:
        return []
    if sum(map(len, said)) <= _LONGEST_LIST_LINE and not any("\n" in text for text in said):
        return [f"{path}: {', '.join(said)}" if path else ", ".join(said)]
    return [*([f"{path}:"] if path else []), *(f"- {text}" for text in said)]


def _turn(item: Any) -> list[str]:
    """``user: What is a mill?``"""
    if isinstance(item, dict) and set(item) in _TURN_KEYS:
        who, what = item.values() if next(iter(item)) in ("role", "from") else reversed(item.values())
        return _lines(_said(who), what)
    return _lines("", item)


def _joined(path: str, key: str) -> str:
    return f"{path} / {key}" if path else key


def _said(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (dict, list)):  # only as the name of a turn's speaker, which is none
        return json.dumps(value, ensure_ascii=False)
    return str(value).strip()
