"""``cpt_data.txt``: written from the knowledge base at the start of a run, then read.

A document ends with the EOS text on a line of its own. A line of a document that looks like that end gets a backslash
in front; reading takes it away again.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from services.errors import UserError
from services.translation import _

if TYPE_CHECKING:
    from services.jobs import Context
    from services.knowledge_base.store import KnowledgeBase
    from services.project import Project
    from services.records import Chunk


_PAGE = 500  # chunks read at once


@dataclass(frozen=True, slots=True)
class CorpusRecord:
    """What a corpus file holds, in this order: documents as they are, retellings, text of the base model's own.

    revision: of the knowledge base that it was written from.
    """

    texts: int
    wordings: int
    replays: int
    revision: int
    sha256: str

    @property
    def kinds(self) -> list[str]:
        """The kind of every document in the file: "text", "wording" or "replay"."""
        return ["text"] * self.texts + ["wording"] * self.wordings + ["replay"] * self.replays


def write_corpus(
    project: Project,
    settings: dict[str, Any],
    eos_text: str,
    context: Context,
    *,
    count_tokens: Callable[[Sequence[str]], list[int]],
    replay: Callable[[list[str]], list[str]] | None = None,
    given: GivenText | None = None,
) -> CorpusRecord:
    """Write the training text of a project; the former file is replaced in one step.

    Args:
        settings: of phase 2; ``wordings``, ``max_seq_length`` and ``seed`` are read.
        eos_text: the text of the tokenizer's EOS token.
        count_tokens: the number of tokens of each text, its end included.
        replay: given the other documents, returns those that the base model writes.
        given: the documents; without, they are those of the knowledge base.

    Raises:
        UserError: there is no text, or no room on the disk.
        Cancelled: the work is to stop.
    """
    texts, wordings, revision = given or collect_text(project, settings, context, count_tokens)
    replays = replay([*texts, *wordings]) if replay else []
    sha256 = write_documents(project.cpt_data_path, [*texts, *wordings, *replays], eos_text)
    return CorpusRecord(len(texts), len(wordings), len(replays), revision, sha256)


class GivenText(NamedTuple):
    """Documents as they are, retellings of them, and the revision of the knowledge base that they are from."""

    texts: list[str]
    wordings: list[str]
    revision: int


def collect_text(
    project: Project, settings: dict[str, Any], context: Context, count_tokens: Callable[[Sequence[str]], list[int]]
) -> GivenText:
    """The documents of the knowledge base, and their retellings.

    Raises:
        UserError: there is no text.
        Cancelled: the work is to stop.
    """
    with project.connect(is_read_only=True) as base:
        texts = [text for _source, text in base.corpus()]
        if not texts:
            raise UserError(_why_empty(base))
        wordings = []
        if settings["wordings"] > 1:
            context.progress(0, 0, _("Retelling the text in other words"))
            retold = list(_retell(base, settings["wordings"] - 1, settings["seed"], context))
            wordings = _cut_paragraphs(retold, settings["max_seq_length"], count_tokens)
            if not wordings:
                context.warning(
                    _("Wordings"), _("The built-in provider could not retell this text; it is learnt as it stands.")
                )
        return GivenText(texts, wordings, base.revision())


def write_documents(path: Path, documents: list[str], eos_text: str) -> str:
    """Write documents so that ``read_corpus`` gives them back; returns the file's SHA-256.

    Raises:
        UserError: the disk is full.
    """
    looks_like_end = re.compile(rf"^(?=\\*{re.escape(eos_text)}$)", re.MULTILINE)
    digest = hashlib.sha256()
    unfinished = path.with_name(path.name + ".part")
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        with open(unfinished, "wb") as file:
            for document in documents:
                line = f"{looks_like_end.sub(lambda _start: chr(92), document)}\n{eos_text}\n".encode()
                digest.update(line)
                file.write(line)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    except OSError as error:
        unfinished.unlink(missing_ok=True)
        raise UserError(
            _("The training text cannot be written to {path}: {reason}. Free some space and start again.").format(
                path=path, reason=error.strerror or error
            )
        ) from error
    return digest.hexdigest()


def read_corpus(path: Path, eos_text: str) -> list[str]:
    """The documents of a corpus file; text after the last EOS line counts as one more.

    Raises:
        UserError: the file is missing or is not text.
    """
    try:
        text = path.read_bytes().decode()
    except OSError as error:
        raise UserError(
            _("The training text {path} cannot be read: {reason}. Start the training anew.").format(
                path=path, reason=error.strerror
            )
        ) from error
    except UnicodeDecodeError as error:
        raise UserError(_("{path} is not a text file in UTF-8. Start the training anew.").format(path=path)) from error
    *documents, rest = re.split(rf"\n{re.escape(eos_text)}\n", text)
    if rest.strip():
        documents.append(rest.rstrip("\n"))
    escaped = re.compile(rf"^\\(?=\\*{re.escape(eos_text)}$)", re.MULTILINE)
    return [escaped.sub("", document) for document in documents]


def hash_file(path: Path) -> str:
    """The SHA-256 of a file; empty if there is none."""
    if not path.is_file():
        return ""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def training_chunks(base: KnowledgeBase) -> Iterator[tuple[Chunk, str]]:
    """The chunks that are trained on, each with its text up to where the next one begins: overlaps count once."""
    ids = base.training_chunk_ids()
    before: Chunk | None = None
    for start in range(0, len(ids), _PAGE):
        for chunk in base.chunks(ids[start : start + _PAGE]):
            if before:
                yield before, _without_overlap(before, chunk)
            before = chunk
    if before:
        yield before, before.content


def _without_overlap(chunk: Chunk, following: Chunk) -> str:
    start, next_start = chunk.metadata.get("start"), following.metadata.get("start")
    if following.source != chunk.source or chunk.is_edited or start is None or next_start is None:
        return chunk.content
    owned = next_start - start
    return chunk.content[:owned] if 0 < owned < len(chunk.content) else chunk.content


def _retell(base: KnowledgeBase, count: int, seed: int, context: Context) -> Iterator[str]:
    """Every training chunk in ``count`` other wordings, chunk by chunk."""
    from services.sft_data.built_in import make_wordings

    total = len(base.training_chunk_ids())
    for number, (chunk, text) in enumerate(training_chunks(base)):
        context.check()
        context.progress(number, total, _("Retelling the text in other words"))
        yield from make_wordings(text, chunk.metadata.get("headings") or [], count, seed + chunk.id)


def _cut_paragraphs(
    texts: Sequence[str], limit: int, count_tokens: Callable[[Sequence[str]], list[int]]
) -> list[str]:
    """Texts as documents of whole paragraphs, as many together as fit into one row.

    Every paragraph of a retelling can be understood alone, so none needs to be torn apart between two rows.
    """
    documents = []
    for text in texts:
        paragraphs = [paragraph for paragraph in text.split("\n") if paragraph.strip()]
        group: list[str] = []
        room = 0
        for paragraph, tokens in zip(paragraphs, count_tokens(paragraphs), strict=True):
            if tokens > room and group:
                documents.append("\n".join(group))
                group = []
            room = (room if group else limit) - tokens
            group.append(paragraph)
        if group:
            documents.append("\n".join(group))
    return documents


def _why_empty(base: KnowledgeBase) -> str:
    if base.count_chunks():
        return _("All chunks are excluded, so there is nothing to train on. Include some in RAG Data.")
    return _("This project has no text yet. Add documents in RAG Data first.")
