"""The jobs that fill the knowledge base: read files into chunks, and cut again what is in it.

Files are read by other processes (see ``reading``); this one decides which, and writes what comes of them.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections import ChainMap, Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from services import settings as declared
from services.documents.format import readable_kinds
from services.documents.page import Report, printable
from services.documents.piece import Pieces, sketches
from services.documents.reader import Cut, cut_and_assess, read_document
from services.documents.reading import Limits, Readers, Work
from services.documents.source import (
    Findings,
    Problem,
    SourceFile,
    extract,
    find_files,
    hash_file,
    is_there,
    name_source,
)
from services.documents.splitter import check_sizes
from services.documents.tokenizer import Tokenizer, chosen_tokenizer, load_tokenizer
from services.documents.watch import file_of
from services.errors import UserError
from services.jobs import Context
from services.knowledge_base.document import Kept
from services.knowledge_base.store import KnowledgeBase
from services.models.base import STARTER_NAME
from services.project import Project
from services.records import Document
from services.translation import _, ngettext

__all__ = ["read_document", "recut", "run"]

Fate = dict[str, Any]
"""source, state ("added", "replaced", "unchanged", "duplicate", "failed" or "recut"), reason, chunks."""

_CUTTING = 0.95  # of a document's work when it is cut again, after which it is stored
LEFT_OUT_FROM = 0.97  # of similarity: one word in two hundred differs, or none
_NUMBER = re.compile(r"\d+(?:[.,:/-]\d+)*")
_MOST_WORKERS = 4  # where nobody says how many


def run(settings: dict[str, Any], context: Context) -> dict[str, Any]:
    """Read files and folders into the knowledge base.

    Each file has a fate of its own: one that cannot be read is reported by name and the rest goes on. A file is
    stored in one transaction, so what an interrupted run has stored is complete and is not read again.

    Args:
        settings: project, paths (files and folders), and those of the phase "ingest".

    Returns:
        documents: one Fate per file; chunks: how many are in the knowledge base now; skipped: how many files in
        the folders are of kinds that cannot be read; repeats: how many new chunks say nearly the same as others.

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
            _("There is no document to read in {paths}. Readable are {kinds}.").format(
                paths=", ".join(paths) or _("an empty list"), kinds=readable_kinds()
            )
        )
    with project.lock(_("reading documents")), project.connect() as knowledge_base:
        fates = _Ingest(project, knowledge_base, values, context).read(findings)
        repeats = _mark_repeats(knowledge_base, values, context)
        chunk_count = knowledge_base.count_chunks()
    return {"documents": fates, "chunks": chunk_count, "skipped": findings.left_out.total(), "repeats": repeats}


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
        _mark_repeats(knowledge_base, values, context)
        chunk_count = knowledge_base.count_chunks()
    return {"documents": fates, "chunks": chunk_count}


class _Ingest:
    """One run over a list of files."""

    def __init__(
        self, project: Project, knowledge_base: KnowledgeBase, values: dict[str, Any], context: Context
    ) -> None:
        self._project, self._knowledge_base, self._values, self._context = project, knowledge_base, values, context
        documents = knowledge_base.documents()
        self._by_source = {document.source: document for document in documents}
        self._by_path = {document.path: document for document in documents if document.path}
        self._fates: dict[int, Fate] = {}
        self._columns: dict[int, dict[str, Any]] = {}  # of the files that are being read
        self._sources: dict[int, str] = {}
        self._reading: dict[str, int] = {}  # hash -> the file with this content that is being read
        self._claims: dict[str, Document] = {}  # names of this run's files, which need not be stored yet
        self._twins: list[int] = []  # files with the content of one that is being read

    def read(self, findings: Findings) -> list[Fate]:
        problems = [self._note_problem(problem) for problem in findings.problems]
        self._forget_mended(findings)
        self._files = findings.files
        # A byte more for each file: an empty one is work too.
        self._total = sum(file.size_bytes + 1 for file in findings.files)
        self._done, self._shares, self._current = 0, {}, ""
        count = min(self._values["workers"] or min(os.cpu_count() or 1, _MOST_WORKERS), max(1, len(self._files)))
        how = self._cut(None)
        limits = Limits(self._values["file_timeout_s"], self._values["file_memory_mb"])
        self._say_progress()
        with (
            tempfile.TemporaryDirectory(prefix="wissenswerk-", ignore_cleanup_errors=True) as folder,
            Readers(count, chosen_tokenizer(self._project, self._values["tokenizer"]), how, limits) as readers,
        ):
            self._folder = Path(folder)
            if any(map(self._looks_new, self._files)):
                readers.start()
                _load_numpy()
            self._tokenizer = _tokenizer(self._project, self._values["tokenizer"], self._context)
            readers.tokenizer = self._tokenizer.name
            for number, file in enumerate(self._files):
                source = name_source(file, self._by_path, ChainMap(self._claims, self._by_source))
                self._sources[number], self._claims[source] = source, _claim(source, file)
            # The largest first: at the end no process reads on alone for long.
            order = sorted(range(len(self._files)), key=lambda number: -self._files[number].size_bytes)
            for numbers in (order, self._twins):
                for work, outcome in readers.read(self._works(numbers), self._context.check, self._report):
                    if isinstance(outcome, str):
                        self._end(work.key, self._fail(self._sources[work.key], outcome, self._columns[work.key]))
                    else:
                        self._end(work.key, self._store(work.key, outcome))
                    self._drop_copy(work.path)
        self._context.progress(self._total, self._total)
        self._say_left_out(findings)
        return [*problems, *(self._fates[number] for number in sorted(self._fates))]

    def _note_problem(self, problem: Problem) -> Fate:
        """What cannot be looked into is listed, like a file that cannot be read, if there is such a thing."""
        if not problem.location:
            self._context.warning(problem.name, problem.reason)
            return _fate(problem.name, "failed", problem.reason)
        path = Path(problem.location)
        columns: dict[str, Any] = {"path": problem.location, "size_bytes": 0, "modified_at": 0.0}
        with suppress(OSError):
            status = (file_of(path) or path).stat()
            columns |= {"size_bytes": status.st_size, "modified_at": status.st_mtime}
        source = name_source(SourceFile(path, problem.name, 0), self._by_path, self._by_source)
        return self._fail(source, problem.reason, columns)

    def _forget_mended(self, findings: Findings) -> None:
        """An archive that is listed because it could not be opened, and now can be: what is in it is listed instead."""
        for path in {str(file.path) for file in findings.files if file.member}:
            known = self._by_path.get(path)
            if known is not None and known.state == "failed":
                self._knowledge_base.remove_document(known.id)
                del self._by_path[path], self._by_source[known.source]

    def _looks_new(self, file: SourceFile) -> bool:
        known = self._by_path.get(file.location)
        return known is None or known.size_bytes != file.size_bytes

    def _works(self, numbers: Sequence[int]) -> Iterator[Work]:
        """The files of which something is new, as they are asked for; the fate of the others is decided here."""
        for number in numbers:
            file, source = self._files[number], self._sources[number]
            self._current = source
            self._say_progress()
            columns: dict[str, Any] = {"path": file.location, "size_bytes": file.size_bytes}
            self._columns[number] = columns
            try:
                columns["modified_at"] = file.path.stat().st_mtime
                path = extract(file, self._folder)
                columns["sha256"] = hash_file(path)
            except OSError as error:
                reason = _("It cannot be opened: {reason}.").format(reason=error.strerror or error)
                self._end(number, self._fail(source, reason, columns))
                continue
            except UserError as error:
                self._end(number, self._fail(source, printable(error), columns))
                continue
            if fate := self._known_fate(source, columns):
                self._drop_copy(path)
                self._end(number, fate)
            elif self._reading.setdefault(columns["sha256"], number) != number and number not in self._twins:
                self._drop_copy(path)
                self._twins.append(number)
            else:
                yield Work(number, path, Path(source).name, self._cut(self._by_source.get(source)))

    def _cut(self, known: Document | None) -> Cut:
        """As the settings say; a document that is here already is cut as it was, which may be its own way."""
        values = self._values
        if known is not None and known.state == "ready" and known.chunk_size:
            return Cut(known.chunk_size, known.chunk_overlap, values["splitter"])
        return Cut(values["chunk_size"], values["chunk_overlap"], values["splitter"])

    def _drop_copy(self, path: Path) -> None:
        """Nothing happens to a file of the person's; what was copied out of an archive is needed no more."""
        if path.is_relative_to(self._folder):
            path.unlink(missing_ok=True)

    def _known_fate(self, source: str, columns: dict[str, Any]) -> Fate | None:
        """What becomes of a file whose content is known; None if it is to be read."""
        known = self._by_source.get(source)
        is_in = known is not None and known.state == "ready"
        if known and is_in and known.sha256 == columns["sha256"]:
            self._note_file(source, columns)
            return _fate(source, "unchanged", self._other_cut(known), known.chunk_count)
        twin = None if is_in else self._knowledge_base.document_by_hash(columns["sha256"])
        if twin is None:
            return None
        if not is_there(Path(twin.path)):
            self._note_file(twin.source, columns)
            reason = _("It is known as {source}; the file was moved.").format(source=twin.source)
            return _fate(twin.source, "unchanged", reason, twin.chunk_count)
        reason = _("It has the same content as {source}.").format(source=twin.source)
        self._record(source, "duplicate", reason, columns)
        return _fate(source, "duplicate", reason)

    def _store(self, number: int, pieces: Pieces) -> Fate:
        source = self._sources[number]
        known = self._by_source.get(source)
        for warning in pieces.warnings:
            self._context.warning(source, warning)
        how = self._cut(known)
        _id, kept = self._knowledge_base.replace_document(
            source=source, text=pieces.texts(), chunks=pieces.chunks(), count_tokens=self._tokenizer.count,
            removed=pieces.removed, reason=" ".join(pieces.warnings), format=pieces.format, page_count=pieces.page_count,
            **_cut_columns(self._tokenizer, how), **self._columns[number],
        )  # fmt: skip
        self._remember(source)
        self._context.changed("document", "chunk")
        other_cut = self._other_cut(self._by_source[source])
        reasons = [*pieces.warnings, *_kept_sentences(kept), *([other_cut] if other_cut else [])]
        state = "replaced" if known is not None and known.state == "ready" else "added"
        return _fate(source, state, " ".join(reasons), self._by_source[source].chunk_count)

    def _fail(self, source: str, reason: str, columns: dict[str, Any]) -> Fate:
        known = self._by_source.get(source)
        self._context.warning(source, reason)
        if known and known.state == "ready":
            if "modified_at" in columns:
                self._note_file(source, columns)
            reason += " " + _("What was read from it before is still there.")
            return _fate(source, "failed", reason, known.chunk_count)
        self._record(source, "failed", reason, columns)
        return _fate(source, "failed", reason)

    def _record(self, source: str, state: str, reason: str, columns: dict[str, Any]) -> None:
        self._knowledge_base.record_fate(source, state, reason, **columns)
        self._remember(source)
        self._context.changed("document")

    def _note_file(self, source: str, columns: dict[str, Any]) -> None:
        """The file was looked at: it counts as changed again when it looks otherwise."""
        known = self._by_source.get(source)
        if known and all(getattr(known, key) == columns[key] for key in ("path", "size_bytes", "modified_at")):
            return
        self._knowledge_base.note_file(source, columns["path"], columns["size_bytes"], columns["modified_at"])
        self._remember(source)

    def _remember(self, source: str) -> None:
        if document := self._knowledge_base.document_by_source(source):
            self._by_source[source] = self._by_path[document.path] = document

    def _end(self, number: int, fate: Fate) -> None:
        self._fates[number] = fate
        self._shares.pop(number, None)
        self._done += self._files[number].size_bytes + 1
        self._say_progress()

    def _report(self, work: Work, share: float) -> None:
        self._shares[work.key] = share
        self._say_progress()

    def _say_progress(self) -> None:
        self._context.check()
        begun = sum(share * self._files[number].size_bytes for number, share in self._shares.items())
        self._context.progress(self._done + int(begun), self._total, self._current)

    def _say_left_out(self, findings: Findings) -> None:
        if findings.left_out:
            count = findings.left_out.total()
            kinds = ", ".join(kind for kind, _count in findings.left_out.most_common(8))
            self._context.warning(
                ngettext("{count} file left out", "{count} files left out", count).format(count=count),
                _("These kinds cannot be read: {kinds}.").format(kinds=kinds),
            )

    def _other_cut(self, known: Document) -> str:
        """Settings that a known document was not cut with are offered, never applied unasked."""
        now = _cut_columns(self._tokenizer, self._cut(None))
        if all(getattr(known, key) == value for key, value in now.items()):
            return ""
        return _("It was cut into {size} tokens with {overlap} overlap, counted as {tokenizer}. Cut it again to "
                 "change that.").format(
            size=known.chunk_size, overlap=known.chunk_overlap, tokenizer=known.tokenizer
        )  # fmt: skip


def _load_numpy() -> None:
    """Load what repeats are found with now, while the readers load too.

    Its BLAS starts a thread for each core as it is loaded, which takes as long again, and nothing here multiplies matrices.
    """
    name = "OPENBLAS_NUM_THREADS"
    before = os.environ.get(name)
    os.environ.setdefault(name, "1")
    try:
        import services.documents.likeness  # noqa: F401
    finally:
        if before is None:
            del os.environ[name]


def _claim(source: str, file: SourceFile) -> Document:
    """A document that is to be: it holds a name against other files."""
    values = dict.fromkeys(Document.__dataclass_fields__, 0)
    return Document(**{**values, "source": source, "path": file.location, "state": "reading"})


def _mark_repeats(knowledge_base: KnowledgeBase, values: dict[str, Any], context: Context) -> int:
    """Find what the chunks since the last look repeat, edited ones too, of each other and of all before; how many."""
    from services.documents.likeness import find_repeats

    new_from = knowledge_base.compared_through()
    context.check()
    last = knowledge_base.highest_chunk_id()
    edited = knowledge_base.edited_since_compared()
    if last <= new_from and not edited:
        return 0
    rows = find_repeats(knowledge_base.sketches(), lambda chunk_id: chunk_id > new_from or chunk_id in edited)
    left_out = [] if values["keep_repeats"] else _says_nothing_new(knowledge_base, rows)
    knowledge_base.set_repeats(rows, left_out=left_out, compared_through=last)
    if rows:
        context.changed("chunk")
    return len(rows)


def _says_nothing_new(knowledge_base: KnowledgeBase, rows: Sequence[tuple[int, int, float]]) -> list[int]:
    """The repeats that are left out unasked: of another document, in nearly the same words and with the same numbers.

    Within a document saying a thing twice may be its way; and a form with another amount in it is another fact.
    """
    close = [row for row in rows if row[2] >= LEFT_OUT_FROM]
    left_out = []
    for at in range(0, len(close), 500):
        some = close[at : at + 500]
        ids = {chunk_id for repeat, original, _similarity in some for chunk_id in (repeat, original)}
        chunks = {chunk.id: chunk for chunk in knowledge_base.chunks(sorted(ids))}
        for repeat, original, _similarity in some:
            mine, first = chunks.get(repeat), chunks.get(original)
            is_elsewhere = mine and first and mine.source != first.source
            if is_elsewhere and Counter(_NUMBER.findall(mine.content)) == Counter(_NUMBER.findall(first.content)):
                left_out.append(repeat)
    return left_out


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
    how = Cut(values["chunk_size"], values["chunk_overlap"], values["splitter"])
    chunks = cut_and_assess(text, tokenizer, how, lambda share: report(_CUTTING * share))
    alike = sketches(text.content, ((chunk.start, chunk.owned_end) for chunk in chunks))
    chunks = [replace(chunk, sketch=sketch) for chunk, sketch in zip(chunks, alike, strict=True)]
    columns = {
        key: getattr(document, key)
        for key in ("path", "sha256", "size_bytes", "modified_at", "format", "page_count", "reason")
    } | _cut_columns(tokenizer, how)  # fmt: skip
    _id, kept = knowledge_base.replace_document(
        source=document.source, text=text, chunks=chunks, count_tokens=tokenizer.count,
        removed=knowledge_base.removals(document.id), **columns,
    )  # fmt: skip
    now = knowledge_base.document_by_source(document.source)
    return _fate(document.source, "recut", " ".join(_kept_sentences(kept)), now.chunk_count if now else 0)


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


def _cut_columns(tokenizer: Tokenizer, how: Cut) -> dict[str, Any]:
    return {"tokenizer": tokenizer.name, "chunk_size": how.chunk_size, "chunk_overlap": how.chunk_overlap}


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


def _kept_sentences(kept: Kept) -> list[str]:
    sentences = (
        (kept.edited, ngettext("{count} edited chunk was kept.", "{count} edited chunks were kept.", kept.edited)),
        (kept.shaped, ngettext(
            "{count} chunk that you split or merged was kept.", "{count} chunks that you split or merged were kept.", kept.shaped,
        )),
        (kept.lost, ngettext(
            "{count} chunk that you split or merged was cut anew: its text is another one now.",
            "{count} chunks that you split or merged were cut anew: their text is another one now.", kept.lost,
        )),
    )  # fmt: skip
    return [sentence.format(count=count) for count, sentence in sentences if count]


def _fate(source: str, state: str, reason: str = "", chunks: int = 0) -> Fate:
    return {"source": source, "state": state, "reason": reason, "chunks": chunks}
