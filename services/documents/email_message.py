"""E-mail (EML) and saved web pages (MHTML): subject, who wrote to whom and when, and the text, once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import Message
from pathlib import Path

from services.documents import markdown
from services.documents.html import html_to_text
from services.documents.page import ReadDocument, Report, has_words, ignore, refuse_empty, refuse_without_text
from services.documents.paragraph import unwrap
from services.documents.removal import Removals
from services.documents.text import decode, whole_document
from services.errors import UserError
from services.translation import _

_DEEPEST = 10  # messages in messages
_LONGEST_NAMES = 300  # characters of a list of recipients
_QUOTED = re.compile(r"[ \t]*>(?:[ \t]?>)*[ \t]?")
_SHORTEST_REPEAT = 30
"""Characters: shorter lines, such as a greeting, may stand in a mail twice."""


def read_email(path: Path, report: Report = ignore) -> ReadDocument:
    """Read a message and those forwarded in it. The plain text is taken where there is one, else the HTML.

    Raises:
        UserError: the file is empty, is no message, or has no text.
    """
    data = path.read_bytes()
    if not data:
        raise refuse_empty(path)
    message = message_from_bytes(data.lstrip(b"\r\n\t "), policy=policy.default)
    if not message.keys():
        raise UserError(
            _("{name} is not an e-mail message. Save the message as EML in the mail program, and add that.").format(
                name=path.name
            )
        )
    removals = Removals()
    blocks = _message(message, path, 1, removals)
    report(1.0)
    if not has_words("".join(blocks)):
        raise refuse_without_text(path)
    return whole_document(path, "\n\n".join(block for block in blocks if block), "email", removed=removals.found())


def _message(message: Message, path: Path, level: int, removals: Removals) -> list[str]:
    # As browsers save web pages.
    saved_page = _header(message, "Snapshot-Content-Location") or "Saved by" in _header(message, "From")
    blocks = [_heading(message, level)] if not saved_page else []
    lines = [
        f"{label}: {text}"
        for label, name in ((_("From"), "From"), (_("To"), "To"), (_("Cc"), "Cc"), (_("Date"), "Date"))
        if (text := _shortened(_header(message, name)))
    ]
    if lines and not saved_page:
        blocks.append("\n".join(lines))
    if text := _text(message, path, removals, bool(saved_page)):
        blocks.append(_without_repeats(text))
    attachments: list[str] = []
    for part in _attached(message):
        if part.get_content_type() == "message/rfc822":
            inner = part.get_payload()
            if isinstance(inner, list) and inner and level < _DEEPEST:
                blocks += _message(inner[0], path, min(level + 1, 6), removals)
        elif name := part.get_filename():
            attachments.append(str(name))
    if attachments and not saved_page:
        blocks.insert(2 if lines else 1, _("Attachments: {names}").format(names=", ".join(attachments)))
    return blocks


def _heading(message: Message, level: int) -> str:
    subject = _header(message, "Subject")
    return markdown.heading(level, subject or _("Message without a subject"))


def _header(message: Message, name: str) -> str:
    try:
        value = message.get(name)
    except (ValueError, IndexError, TypeError, AttributeError):  # the parser stumbles over headers made up by spammers
        return ""
    return " ".join(str(value).split()) if value else ""


def _shortened(names: str) -> str:
    return names if len(names) <= _LONGEST_NAMES else names[: names.rfind(",", 0, _LONGEST_NAMES)] + ", …"


def _text(message: Message, path: Path, removals: Removals, is_page: bool) -> str:
    """The message's own text: of each place in it the plain version, else the HTML one."""
    content_type = message.get_content_type()
    if content_type == "message/rfc822" or _is_attachment(message):
        return ""
    if message.is_multipart():
        parts = [part for part in message.get_payload() if isinstance(part, Message)]
        texts = [(part.get_content_type(), _text(part, path, removals, is_page)) for part in parts]
        if content_type == "multipart/alternative":
            plain = [text for kind, text in texts if text and kind == "text/plain"]
            return (plain or [text for _kind, text in reversed(texts) if text] or [""])[0]
        return "\n\n".join(text for _kind, text in texts if text)
    if content_type == "text/html":
        return html_to_text(_decoded(message, path), removals, has_title=is_page)
    return _decoded(message, path).strip() if content_type == "text/plain" else ""


def _decoded(part: Message, path: Path) -> str:
    payload = part.get_payload(decode=True)
    if not isinstance(payload, bytes) or not payload:
        return ""
    text = decode(payload, path, part.get_content_charset())
    if str(part.get_param("format", "")).lower() == "flowed":
        text = re.sub(r"(?m)(?<!^--) \n(?![>\n])", " ", text)
    return text


def _is_attachment(part: Message) -> bool:
    return part.get_content_disposition() == "attachment" or (
        part.get_content_maintype() == "text" and bool(part.get_filename())
    )


def _attached(message: Message) -> list[Message]:
    """The messages and files in a message, not those in the messages in it."""
    found: list[Message] = []
    waiting = list(message.get_payload()) if message.get_content_maintype() == "multipart" else []
    while waiting:
        part = waiting.pop(0)
        if not isinstance(part, Message):
            continue
        if part.get_content_maintype() == "multipart":
            waiting = [*part.get_payload(), *waiting] if isinstance(part.get_payload(), list) else waiting
        else:
            found.append(part)
    return found


def _without_repeats(text: str) -> str:
    """The paragraphs, what is quoted once, however many replies quote it again."""
    seen: set[str] = set()  # lines and paragraphs: a reply to a reply may break them elsewhere
    kept: list[str] = []
    was_quoted = False
    for is_quoted, lines in _paragraphs(text):
        said = " ".join(" ".join(lines).split())
        if is_quoted:
            lines = [line for line in lines if line.strip() not in seen]
            if not lines or said in seen:
                continue
        seen.update(text for text in (said, *map(str.strip, lines)) if len(text) >= _SHORTEST_REPEAT)
        paragraph = unwrap("\n".join(lines))
        if kept:
            kept.append("\n>\n" if is_quoted and was_quoted else "\n\n")
        kept.append(re.sub("^", "> ", paragraph, flags=re.MULTILINE) if is_quoted else paragraph)
        was_quoted = is_quoted
    return "".join(kept)


def _paragraphs(text: str) -> Iterator[tuple[bool, list[str]]]:
    """``(is quoted, lines without the marks of quotation)``; a change in what is quoted ends a paragraph."""
    lines: list[str] = []
    depth = 0
    for line in [*text.split("\n"), ""]:
        mark = _QUOTED.match(line)
        said = line[mark.end() :] if mark else line
        now = mark[0].count(">") if mark else 0
        if lines and (now != depth or not said.strip()):
            yield bool(depth), lines
            lines = []
        depth = now
        if said.strip():
            lines.append(said)
