"""Files of pairs, whatever program wrote them, read piece by piece: JSON lines, JSON, CSV and TSV."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple, TextIO

from services.errors import UserError
from services.sft_data.import_entry import Entry, read_entry
from services.sft_data.import_table import find_header, read_rows
from services.sft_data.import_text import Encoding, find_encoding, open_text
from services.translation import _

_LOOKED_AT = 50  # lines from which the format is told
_TOLD_AFTER = 100  # entries
_PIECE = 1 << 20  # characters of a JSON file read at once
_LONGEST_VALUE = 1 << 24  # characters
_GAP = re.compile(r"[\s,\ufeff]*")
_LOOSE = re.compile(r"[^,{\[\]\n]+")  # between the values
# A string that is not closed ends with its line, so that it does not take the rest of the file along.
_NESTING = re.compile(r'"[^"\\\n]*(?:\\.[^"\\\n]*)*"?|[{}\[\]]')
_DECODER = json.JSONDecoder(strict=False)
_FIRST_KEY = re.compile(r'\{\s*("[^"\n]*")\s*:')


class Found(NamedTuple):
    """place: where it stands, "Line 3" or "Entry 3". entry: None where nothing can be made of it, for this reason."""

    place: str
    entry: Entry | None
    reason: str = ""


def read_pairs(path: Path, tell: Callable[[float], None] | None = None) -> Iterator[Found]:
    """Every entry of a file, in its order; the format is told from what is in it, not from its name.

    tell: hears now and then which share of the file is read, 0 to 1.

    Raises:
        UserError: it cannot be read, or is in no format with pairs.
    """
    try:
        encoding = find_encoding(path)
        with open_text(path, encoding) as file:
            head = [line for line in itertools.islice(file, _LOOKED_AT) if line.strip()]
        if not head:
            return
        first = head[0].lstrip("\ufeff \t")
        with open_text(path, encoding) as file:
            if first.startswith("[") or first.strip() == "{":
                entries = _values(file, encoding)
            elif any(isinstance(_json(line), dict) for line in head):
                entries = _json_lines(file, encoding)
            else:
                entries = _table(file, encoding)
            size = max(1, path.stat().st_size)
            for number, found in enumerate(entries):
                if tell is not None and number % _TOLD_AFTER == 0:
                    tell(min(1.0, file.buffer.tell() / size))  # the text layer does not say while it is iterated
                yield found
    except OSError as error:
        raise UserError(_("{path} cannot be read: {reason}.").format(path=path, reason=error.strerror)) from error


def _line(number: int) -> str:
    return _("Line {number}").format(number=number)


def _not_text(encoding: Encoding) -> str:
    return _("it is not text in {encoding}.").format(encoding=encoding.name.upper().removesuffix("-SIG"))


def _json(text: str) -> Any:
    """A JSON value, or None."""
    try:
        return json.loads(text.strip("\ufeff \t\r\n"), strict=False)
    except (ValueError, RecursionError):
        return None


def _found(place: str, row: Any) -> Found:
    try:
        return Found(place, read_entry(row))
    except ValueError as error:
        return Found(place, None, str(error))


def _json_lines(file: TextIO, encoding: Encoding) -> Iterator[Found]:
    for number, line in enumerate(file, 1):
        if not line.strip():
            continue
        if encoding.is_broken(line):
            yield Found(_line(number), None, _not_text(encoding))
        elif (value := _json(line)) is None:
            yield Found(_line(number), None, _("it is not JSON."))
        else:
            yield _found(_line(number), value)


def _table(file: TextIO, encoding: Encoding) -> Iterator[Found]:
    lines = ((number, line) for number, line in enumerate(file, 1) if number > 1 or not line.startswith("sep="))
    first = next(((number, line) for number, line in lines if line.strip("\ufeff \t\r\n")), (1, ""))
    header = find_header(first[1])
    if header is None:
        yield Found(_line(first[0]), None, _("it is neither JSON nor the names of columns such as “question” and “answer”."))
        return
    for number, row, reason in read_rows(lines, header):
        if row is None:
            yield Found(_line(number), None, reason)
        elif any(map(encoding.is_broken, row.values())):
            yield Found(_line(number), None, _not_text(encoding))
        else:
            yield _found(_line(number), row)


def _values(file: TextIO, encoding: Encoding) -> Iterator[Found]:
    """The members of a JSON list, or objects one after the other over many lines; a broken one is left out alone."""
    text, step, number = file.read(_PIECE), _PIECE, 1
    at = _GAP.match(text).end()
    at += text.startswith("[", at)
    is_all = False
    while True:
        at = _GAP.match(text, at).end()
        end, value = _next_value(text, at, is_all or len(text) - at > _LONGEST_VALUE)
        if end < 0 and not is_all:
            more = file.read(step)
            text, at, is_all = text[at:] + more, 0, not more
            step = max(_PIECE, len(text))  # what is long is not looked at again and again
            continue
        if at == len(text):
            return
        if text[at] != "]":
            place = _("Entry {number}").format(number=number)
            number += 1
            if end < 0:
                yield Found(place, None, _("the file ends in the middle of it."))
                return
            if encoding.is_broken(text[at:end]):
                yield Found(place, None, _not_text(encoding))
            elif value is None:
                yield Found(place, None, _("it is not JSON."))
            else:
                yield _found(place, value)
        at = end


def _next_value(text: str, at: int, is_last: bool) -> tuple[int, Any]:
    """Where the value at a place ends, and the value, None for a broken one; -1 where the end is not in the text.

    is_last: no more text comes.
    """
    if at == len(text):
        return -1, None
    if text[at] == "]":
        return at + 1, None
    try:
        value, end = _DECODER.raw_decode(text, at)
    except (ValueError, RecursionError):
        pass
    else:
        return (end, value) if end < len(text) or is_last or isinstance(value, dict) else (-1, None)
    depth = 0
    if text[at] not in "{[":
        end = _LOOSE.match(text, at).end()
        return (end, None) if end < len(text) or is_last else (-1, None)
    stop = -1
    for part in _NESTING.finditer(text, at):
        depth += {"{": 1, "[": 1, "}": -1, "]": -1}.get(part[0], 0)
        if not depth:
            stop = part.end()
            break
    if stop < 0 and not is_last:
        return -1, None
    # A quotation mark too many turns the others inside out: the next entry most likely begins like this one.
    first = _FIRST_KEY.match(text, at)
    following = re.compile(rf"\{{\s*{re.escape(first[1])}\s*:").search(text, at + 1, max(stop, 0) or len(text)) if first else None
    return (following.start() if following else stop), None
