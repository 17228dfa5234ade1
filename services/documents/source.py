"""Which files are meant by the paths that a person gives, and what each is called in the knowledge base."""

from __future__ import annotations

import hashlib
import os
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from services.documents.format import format_of, suffixes
from services.documents.page import printable
from services.records import Document
from services.translation import _

_DATABASE = Path("data", "rag_db.sqlite")


@dataclass(frozen=True, slots=True)
class SourceFile:
    """path: absolute. source: relative to the folder that was given, or the file's name; ``/`` on every system."""

    path: Path
    source: str
    size_bytes: int


@dataclass(slots=True)
class Findings:
    """files: in the order of the paths, folders sorted by name. problems: ``(name, reason)``.

    left_out: how many files of each suffix in the folders cannot be read.
    """

    files: list[SourceFile] = field(default_factory=list)
    problems: list[tuple[str, str]] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)


def find_files(paths: Iterable[str | Path]) -> Findings:
    """Every readable file among the paths and, for folders, in them and below.

    Hidden files, the lock files of office programs, and folders that are projects of ours are passed over. A file that is
    given twice is found once.
    """
    findings = Findings()
    seen: set[Path] = set()
    for given in paths:
        path = Path(given).expanduser()
        try:
            path = path.resolve() if path.is_dir() else path.parent.resolve() / path.name
            problem = _find(path, seen, findings)
        except OSError as error:
            problem = _("It cannot be opened: {reason}.").format(reason=error.strerror or error)
        if problem:
            findings.problems.append((printable(path.name or path), problem))
    return findings


def why_not_readable(path: Path) -> str:
    """The sentence for a file whose suffix no format has."""
    return _("Files of this kind ({suffix}) cannot be read. Readable are {suffixes}.").format(
        suffix=path.suffix or path.name, suffixes=", ".join(suffixes())
    )


def name_source(file: SourceFile, by_path: Mapping[str, Document], by_source: Mapping[str, Document]) -> str:
    """What a file is called in the knowledge base.

    A file that is known keeps its name. Where another file that still exists has the name, as many parent folders
    are put before it as it takes. A name whose file is gone is free: the file was moved.
    """
    path = printable(file.path)
    if path in by_path:
        return by_path[path].source
    parts = file.path.parts
    depth = len(Path(file.source).parts)
    for count in range(depth, len(parts) + 1):
        source = file.source if count == depth else printable(Path(*parts[-count:]).as_posix())
        holder = by_source.get(source)
        if holder is None or not holder.path or not is_there(Path(holder.path)):
            return source
    return path


def hash_file(path: Path) -> str:
    """SHA-256 of a file's bytes, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _find(path: Path, seen: set[Path], findings: Findings) -> str:
    """Add what a path means; returns the sentence that says why it means nothing, or an empty one."""
    if path.is_dir():
        for file in _walk(path, findings):
            if format_of(file) is None:
                findings.left_out[file.suffix.lower() or file.name] += 1
            else:
                _add(file, file.relative_to(path).as_posix(), seen, findings)
        return ""
    if not path.exists():
        return _("There is no such file or folder (any more). Check the path: {path}").format(path=printable(path))
    if format_of(path) is None:
        return why_not_readable(path)
    _add(path, path.name, seen, findings)
    return ""


def _walk(folder: Path, findings: Findings) -> Iterable[Path]:
    def note(error: OSError) -> None:
        reason = _("The folder cannot be opened: {reason}.").format(reason=error.strerror or error)
        findings.problems.append((printable(Path(error.filename or folder).name), reason))

    for parent, folders, names in os.walk(folder, onerror=note):
        here = Path(parent)
        folders[:] = sorted(
            name for name in folders if not name.startswith(".") and not is_there(here / name / _DATABASE)
        )
        yield from (here / name for name in sorted(names) if not name.startswith((".", "~$")))


def _add(path: Path, source: str, seen: set[Path], findings: Findings) -> None:
    try:
        real = path.resolve()
        size_bytes = path.stat().st_size
    except OSError as error:
        reason = _("It cannot be opened: {reason}.").format(reason=error.strerror or error)
        findings.problems.append((printable(source), reason))
        return
    if real not in seen:
        seen.add(real)
        findings.files.append(SourceFile(path, printable(source), size_bytes))


def is_there(path: Path) -> bool:
    """Whether a file is there; one that we may not ask about is."""
    try:
        return path.exists()
    except OSError:
        return True
