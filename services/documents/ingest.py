"""The jobs that fill the knowledge base: read files into chunks, and cut again what is in it."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from services import settings as declared
from services.documents.cleaning import clean
from services.documents.format import format_of, suffixes
from services.documents.page import ReadDocument, Report, printable
from services.documents.source import Findings, SourceFile, find_files, hash_file, is_there, name_source
from services.documents.splitter import check_sizes, cut
from services.documents.tokenizer import Tokenizer, chosen_tokenizer, load_tokenizer
from services.errors import Cancelled, UserError
from services.jobs import Context
from services.knowledge_base.store import KnowledgeBase
from services.models.base import STARTER_NAME
from services.project import Project
from services.records import CutChunk, Document, DocumentText
from services.translation import _, ngettext

Fate = dict[str, Any]
"""source, state ("added", "replaced", "unchanged", "duplicate", "failed" or "recut"), reason, chunks."""

_READING, _CUTTING = 0.6, 0.95  # shares of a file's work after which it is read, and cut


def run(settings: dict[str, Any], context: Context) -> dict[str, Any]:
    """Read files and folders into the knowledge base.

    Each file has a fate of its own: one that cannot be read is reported by name and the rest goes on. A file is
    stored in one transaction, so what an interrupted run has stored is complete and is not read again.

    Args:
        settings: project, paths (files and folders), and those of the phase "ingest".

    Returns:
        documents: one Fate per file; chunks: how many are in the knowledge base now; skipped: how many files in
        the folders are of kinds that cannot be read.

    Raises:
        UserError: there is nothing to read, a setting is wrong, or the knowledge base cannot be written.
    """
    values = declared.check("ingest", settings)
    check_sizes(values["chunk_size"], values["chunk_overlap"])
    project = Project.open(Path(settings["project"]))
    paths = [str(path) for path in settings.get("paths") or []]
    findings = find_files(paths)
    if not findings.files and not findings.problems:
        raise UserError(
            _("There is no document to read in {paths}. Readable are {suffixes}.").format(
                paths=", ".join(paths) or _("an empty list"), suffixes=", ".join(suffixes())
            )
        )
    with project.lock(_("reading documents")), project.connect() as knowledge_base:
        tokenizer = _tokenizer(project, values["tokenizer"], context)
        fates = _Ingest(knowledge_base, tokenizer, values, context).read(findings)
        chunk_count = knowledge_base.count_chunks()
    return {"documents": fates, "chunks": chunk_count, "skipped": findings.left_out.total()}


def recut(settings: dict[str, Any], context: Context) -> dict[str, Any]:
    """Cut documents again from their kept text, without reading the files. Edited chunks stay.

    Args:
        settings: project, sources (a list, or None for all documents), and those of the phase "ingest".

    Returns:
        documents: one Fate per document; chunks: how many are in the knowledge base now.

    Raises:
        UserError: a setting is wrong, or the knowledge base cannot be written.
    """
    values = declared.check("ingest", settings)
    check_sizes(values["chunk_size"], values["chunk_overlap"])
    project = Project.open(Path(settings["project"]))
    with project.lock(_("cutting documents")), project.connect() as knowledge_base:
        tokenizer = _tokenizer(project, values["tokenizer"], context)
        fates = _recut_all(knowledge_base, tokenizer, values, settings.get("sources"), context)
        chunk_count = knowledge_base.count_chunks()
    return {"documents": fates, "chunks": chunk_count}


class _Ingest:
    """One run over a list of files."""

    def __init__(
        self, knowledge_base: KnowledgeBase, tokenizer: Tokenizer, values: dict[str, Any], context: Context
    ) -> None:
        self._knowledge_base, self._tokenizer, self._values, self._context = knowledge_base, tokenizer, values, context
        documents = knowledge_base.documents()
        self._by_source = {document.source: document for document in documents}
        self._by_path = {document.path: document for document in documents if document.path}

    def read(self, findings: Findings) -> list[Fate]:
        fates: list[Fate] = []
        for name, reason in findings.problems:
            self._context.warning(name, reason)
            fates.append(_fate(name, "failed", reason))
        # A byte more for each file: an empty one is work too.
        total = sum(file.size_bytes + 1 for file in findings.files)
        done = 0
        for file in findings.files:
            source = name_source(file, self._by_path, self._by_source)
            report = _reporter(self._context, done, file.size_bytes + 1, total, source)
            report(0.0)
            fates.append(self._read_file(file, source, report))
            done += file.size_bytes + 1
        self._context.progress(total, total)
        if findings.left_out:
            count = findings.left_out.total()
            kinds = ", ".join(kind for kind, _count in findings.left_out.most_common(8))
            self._context.warning(
                ngettext("{count} file left out", "{count} files left out", count).format(count=count),
                _("These kinds cannot be read: {kinds}.").format(kinds=kinds),
            )
        return fates

    def _read_file(self, file: SourceFile, source: str, report: Report) -> Fate:
        known = self._by_source.get(source)
        is_in = known is not None and known.state == "ready"
        columns: dict[str, Any] = {"path": printable(file.path), "size_bytes": file.size_bytes}
        try:
            columns |= {"modified_at": file.path.stat().st_mtime, "sha256": hash_file(file.path)}
            if known and is_in and known.sha256 == columns["sha256"]:
                return _fate(source, "unchanged", self._other_cut(known), known.chunk_count)
            twin = self._knowledge_base.document_by_hash(columns["sha256"])
            if twin and not is_in and not is_there(Path(twin.path)):
                reason = _("It is known as {source}; the file was moved.").format(source=twin.source)
                return _fate(twin.source, "unchanged", reason, twin.chunk_count)
            if twin and not is_in:
                reason = _("It has the same content as {source}.").format(source=twin.source)
                self._record(source, "duplicate", reason, columns)
                return _fate(source, "duplicate", reason)
            document, text, chunks = self._prepare(file.path, report)
        except OSError as error:
            return self._fail(
                source, _("It cannot be opened: {reason}.").format(reason=error.strerror or error), columns, known
            )
        except UserError as error:
            return self._fail(source, printable(error), columns, known)
        for warning in document.warnings:
            self._context.warning(source, warning)
        _id, kept = self._knowledge_base.replace_document(
            source=source, text=text, chunks=chunks, count_tokens=self._tokenizer.count,
            format=document.format, page_count=sum(page.number is not None for page in document.pages),
            **_cut_columns(self._tokenizer, self._values), **columns,
        )  # fmt: skip
        self._remember(source)
        self._context.changed("document", "chunk")
        reasons = [*document.warnings, *([_kept_sentence(kept)] if kept else [])]
        return _fate(source, "replaced" if is_in else "added", " ".join(reasons), self._by_source[source].chunk_count)

    def _prepare(self, path: Path, report: Report) -> tuple[ReadDocument, DocumentText, list[CutChunk]]:
        """Read, clean and cut one file; nothing is stored yet."""
        document = read_document(path, lambda share: report(_READING * share))
        text = clean(document)
        report(_READING)
        values = self._values
        chunks = cut(
            text, self._tokenizer, values["chunk_size"], values["chunk_overlap"], values["splitter"],
            lambda share: report(_READING + (_CUTTING - _READING) * share),
        )  # fmt: skip
        return document, text, chunks

    def _fail(self, source: str, reason: str, columns: dict[str, Any], known: Document | None) -> Fate:
        self._context.warning(source, reason)
        if known and known.state == "ready":
            reason += " " + _("What was read from it before is still there.")
            return _fate(source, "failed", reason, known.chunk_count)
        self._record(source, "failed", reason, columns)
        return _fate(source, "failed", reason)

    def _record(self, source: str, state: str, reason: str, columns: dict[str, Any]) -> None:
        self._knowledge_base.record_fate(source, state, reason, **columns)
        self._remember(source)
        self._context.changed("document")

    def _remember(self, source: str) -> None:
        if document := self._knowledge_base.document_by_source(source):
            self._by_source[source] = self._by_path[document.path] = document

    def _other_cut(self, known: Document) -> str:
        """Settings that a known document was not cut with are offered, never applied unasked."""
        now = _cut_columns(self._tokenizer, self._values)
        if all(getattr(known, key) == value for key, value in now.items()):
            return ""
        return _("It was cut into {size} tokens with {overlap} overlap, counted as {tokenizer}. Cut it again to "
                 "change that.").format(
            size=known.chunk_size, overlap=known.chunk_overlap, tokenizer=known.tokenizer
        )  # fmt: skip


def read_document(path: Path, report: Report) -> ReadDocument:
    """Read one file in the format that its suffix names.

    Raises:
        UserError: it cannot be read, for whatever reason.
    """
    format_ = format_of(path)
    assert format_ is not None, path
    try:
        return format_.read(path, report)
    except (UserError, Cancelled, OSError):
        raise
    except MemoryError as error:
        raise UserError(
            _("{name} is too large for this computer's memory. Divide it into parts.").format(name=path.name)
        ) from error
    except Exception as error:  # a broken file may make a parser fail in any way; it costs this file only
        traceback.print_exc(limit=-8, file=sys.stderr)
        raise UserError(
            _(
                "{name} cannot be read as a {format}: it is damaged, or of a kind not met before ({error}). Open it in "
                "the program that made it, and save it again."
            ).format(name=path.name, format=format_.label, error=type(error).__name__)  # fmt: skip
        ) from error


def _recut_all(
    knowledge_base: KnowledgeBase,
    tokenizer: Tokenizer,
    values: dict[str, Any],
    sources: Sequence[str] | None,
    context: Context,
) -> list[Fate]:
    ready = {document.source: document for document in knowledge_base.documents() if document.state == "ready"}
    fates = [
        _fate(source, "failed", _("It is not in the knowledge base."))
        for source in sources or []
        if source not in ready
    ]
    chosen = [document for source, document in ready.items() if sources is None or source in sources]
    total = sum(document.size_bytes + 1 for document in chosen)
    done = 0
    for document in chosen:
        report = _reporter(context, done, document.size_bytes + 1, total, document.source)
        report(0.0)
        fates.append(_recut_document(knowledge_base, document, tokenizer, values, report))
        if fates[-1]["state"] == "recut":
            context.changed("document", "chunk")
        done += document.size_bytes + 1
    context.progress(total, total)
    return fates


def _recut_document(
    knowledge_base: KnowledgeBase, document: Document, tokenizer: Tokenizer, values: dict[str, Any], report: Report
) -> Fate:
    text = knowledge_base.document_text(document.id)
    sizes = (values["chunk_size"], values["chunk_overlap"], values["splitter"])
    chunks = cut(text, tokenizer, *sizes, lambda share: report(_CUTTING * share))
    columns = {
        key: getattr(document, key)
        for key in ("path", "sha256", "size_bytes", "modified_at", "format", "page_count")
    } | _cut_columns(tokenizer, values)  # fmt: skip
    _id, kept = knowledge_base.replace_document(
        source=document.source, text=text, chunks=chunks, count_tokens=tokenizer.count, **columns
    )
    now = knowledge_base.document_by_source(document.source)
    return _fate(document.source, "recut", _kept_sentence(kept) if kept else "", now.chunk_count if now else 0)


def _tokenizer(project: Project, name: str, context: Context) -> Tokenizer:
    """The tokenizer asked for; the starter's where that of the last base model is not on this computer any more."""
    chosen = chosen_tokenizer(project, name)
    try:
        return load_tokenizer(chosen)
    except UserError as error:
        if name.strip() or chosen == STARTER_NAME:
            raise
        context.warning(chosen, _("{reason} Tokens are counted with the starter model's.").format(reason=error))
        return load_tokenizer(STARTER_NAME)


def _cut_columns(tokenizer: Tokenizer, values: dict[str, Any]) -> dict[str, Any]:
    return {
        "tokenizer": tokenizer.name, "chunk_size": values["chunk_size"], "chunk_overlap": values["chunk_overlap"],
    }  # fmt: skip


def _reporter(context: Context, done: int, size: int, total: int, source: str) -> Report:
    """Turns the share of one file into the progress of all, at most once per hundredth of the file."""
    last = -1

    def report(share: float) -> None:
        nonlocal last
        context.check()
        if int(100 * share) > last:
            last = int(100 * share)
            context.progress(done + int(share * size), total, source)

    return report


def _kept_sentence(kept: int) -> str:
    return ngettext("{count} edited chunk was kept.", "{count} edited chunks were kept.", kept).format(count=kept)


def _fate(source: str, state: str, reason: str = "", chunks: int = 0) -> Fate:
    return {"source": source, "state": state, "reason": reason, "chunks": chunks}
