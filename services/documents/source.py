"""Which files are meant by the paths that a person gives, and what each is called in the knowledge base."""

from __future__ import annotations

import hashlib
import os
import re
import stat
import tempfile
import zipfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from services.documents.archive import BROKEN, check_sizes, copy_member
from services.documents.format import ARCHIVE_SUFFIX, format_of, has_way_out, why_not_readable
from services.documents.page import printable, refuse_empty
from services.errors import UserError
from services.records import Document
from services.translation import _

_DATABASE = Path("data", "rag_db.sqlite")
_PASSED_OVER = {"node_modules", "__pycache__", "__MACOSX"}  # folders of programs' files
_ENCRYPTED_FLAG = 0x1
_NOT_IN_NAMES = re.compile(r'[\x00-\x1f<>:"|?*\\/]')  # on some system
_DEVICE = re.compile(r"con|prn|aux|nul|com\d|lpt\d", re.IGNORECASE)  # on Windows not names of files
_LONGEST_NAME = 120


@dataclass(frozen=True, slots=True)
class SourceFile:
    """path: absolute. source: relative to the folder that was given, or the file's name; ``/`` on every system.

    member: for a file in a ZIP archive its name there, as the archive spells it; the path is the archive's, and
    the source goes on with the name: ``archive.zip/inner/file.pdf``. size_bytes: of the file, not the archive.
    """

    path: Path
    source: str
    size_bytes: int
    member: str = ""

    @property
    def location(self) -> str:
        """What tells this file from every other: its path, and for a member of an archive its name after it."""
        return printable(f"{self.path}/{self.member}" if self.member else self.path)


class Problem(NamedTuple):
    """What cannot be read, by name, and why. location: as that of a SourceFile; empty where there is nothing at all."""

    name: str
    reason: str
    location: str = ""


@dataclass(slots=True)
class Findings:
    """files: in the order of the paths, folders sorted by name. problems: what is not looked into any further.

    left_out: how many files of each suffix in the folders cannot be read.
    """

    files: list[SourceFile] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)


def find_files(paths: Iterable[str | Path]) -> Findings:
    """Every readable file among the paths and, for folders, in them and below.

    So is every readable file in a ZIP archive. Hidden files, the lock files of office programs, and folders that are
    projects of ours are passed over. A file that is given twice is found once.
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
            findings.problems.append(_problem(path, path.name or path, problem))
    return findings


def extract(file: SourceFile, folder: Path) -> Path:
    """Where a file's bytes can be read: its own path, or that of a copy for a member of an archive.

    The copy has the member's name, and a new folder of its own in ``folder``, which is the caller's to remove.

    Raises:
        UserError: the member is gone, protected by a password, damaged, or inflates beyond all measure.
        OSError: the archive cannot be opened, or the copy not written.
    """
    if not file.member:
        return file.path
    name = _inside(_spelled(file.member)).name
    target = Path(tempfile.mkdtemp(dir=folder)) / _safe_name(name)
    try:
        with zipfile.ZipFile(file.path) as archive, target.open("wb") as copy:
            member = archive.getinfo(file.member)
            if member.flag_bits & _ENCRYPTED_FLAG:
                raise UserError(
                    _(
                        "{name} is protected by a password in its ZIP archive. Unpack it, and add the file itself."
                    ).format(name=name)
                )
            copy_member(archive, member, copy, name)
    except BROKEN as error:
        raise UserError(
            _("{name} cannot be unpacked: the ZIP archive {archive} is damaged. Copy or download it again.").format(
                name=name, archive=file.path.name
            )
        ) from error
    return target


def name_source(file: SourceFile, by_path: Mapping[str, Document], by_source: Mapping[str, Document]) -> str:
    """What a file is called in the knowledge base.

    A file that is known keeps its name. Where another file that still exists has the name, as many parent folders
    are put before it as it takes. A name whose file is gone is free: the file was moved.
    """
    if file.location in by_path:
        return by_path[file.location].source
    parts = (*file.path.parts, *_inside(_spelled(file.member)).parts)
    depth = len(Path(file.source).parts)
    for count in range(depth, len(parts) + 1):
        source = file.source if count == depth else printable(Path(*parts[-count:]).as_posix())
        holder = by_source.get(source)
        if holder is None or not holder.path or not is_there(Path(holder.path)):
            return source
    return file.location


def hash_file(path: Path) -> str:
    """SHA-256 of a file's bytes, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _find(path: Path, seen: set[Path], findings: Findings) -> str:
    """Add what a path means; returns the sentence that says why it means nothing, or an empty one."""
    if path.is_dir():
        for file in _walk(path, findings):
            source = file.relative_to(path).as_posix()
            if file.suffix.lower() == ARCHIVE_SUFFIX:
                if problem := _add_members(file, source, seen, findings):
                    findings.problems.append(_problem(file, source, problem))
            elif has_way_out(file):
                findings.problems.append(_problem(file, source, why_not_readable(file)))
            elif format_of(file) is None:
                findings.left_out[file.suffix.lower() or file.name] += 1
            else:
                _add(file, source, seen, findings)
        return ""
    if not path.exists():
        return _("There is no such file or folder (any more). Check the path: {path}").format(path=printable(path))
    if path.suffix.lower() == ARCHIVE_SUFFIX:
        return _add_members(path, path.name, seen, findings)
    if format_of(path) is None:
        return why_not_readable(path)
    _add(path, path.name, seen, findings)
    return ""


def _walk(folder: Path, findings: Findings) -> Iterator[Path]:
    def note(error: OSError) -> None:
        reason = _("The folder cannot be opened: {reason}.").format(reason=error.strerror or error)
        place = Path(error.filename or folder)
        findings.problems.append(_problem(place, place.name, reason))

    for parent, folders, names in os.walk(folder, onerror=note):
        here = Path(parent)
        folders[:] = sorted(
            name
            for name in folders
            if not name.startswith(".") and name not in _PASSED_OVER and not is_there(here / name / _DATABASE)
        )
        yield from (here / name for name in sorted(names) if not name.startswith((".", "~$")))


def _add(path: Path, source: str, seen: set[Path], findings: Findings) -> None:
    try:
        real = path.resolve()
        status = path.stat()
    except OSError as error:
        reason = _("It cannot be opened: {reason}.").format(reason=error.strerror or error)
        findings.problems.append(_problem(path, source, reason))
        return
    if not stat.S_ISREG(status.st_mode):
        findings.problems.append(_problem(path, source, _("It is not a file but a pipe or a device, and is not opened.")))
    elif real not in seen:
        seen.add(real)
        findings.files.append(SourceFile(path, printable(source), status.st_size))


def _add_members(path: Path, source: str, seen: set[Path], findings: Findings) -> str:
    """Add what is in an archive; returns the sentence that says why nothing is, or an empty one."""
    real = path.resolve()
    if real in seen:
        return ""
    seen.add(real)
    try:
        if not path.stat().st_size:
            return str(refuse_empty(path))
        with zipfile.ZipFile(path) as archive:
            check_sizes(archive, path.name, most_bytes=None)
            members = {member.filename: member for member in archive.infolist() if not member.is_dir()}
    except OSError as error:
        return _("It cannot be opened: {reason}.").format(reason=error.strerror or error)
    except BROKEN:
        return _("{name} is not a ZIP archive, or it is damaged. Copy or download it again.").format(name=path.name)
    except UserError as error:
        return str(error)
    named = sorted(
        ((_inside(_spelled(member.filename)), member) for member in members.values()), key=lambda pair: pair[0]
    )
    count = 0
    for name, member in named:
        if any(part.startswith((".", "~$")) or part in _PASSED_OVER for part in name.parts) or not name.parts:
            continue
        if name.suffix.lower() == ARCHIVE_SUFFIX:
            problem = _("It is a ZIP archive in another one. Unpack the outer one, and add this one.")
            findings.problems.append(_problem(Path(f"{path}/{member.filename}"), f"{source}/{name}", problem))
        elif has_way_out(Path(name)):
            problem = why_not_readable(Path(name))
            findings.problems.append(_problem(Path(f"{path}/{member.filename}"), f"{source}/{name}", problem))
        elif format_of(Path(name)) is None:
            findings.left_out[name.suffix.lower() or name.name] += 1
        else:
            inner = printable(f"{source}/{name}")
            findings.files.append(SourceFile(path, inner, member.file_size, member.filename))
        count += 1
    return "" if count else _("{name} is an empty ZIP archive.").format(name=path.name)


def _problem(path: Path, name: str | Path, reason: str) -> Problem:
    is_nothing = not path.is_symlink() and not is_there(path)
    return Problem(printable(name), reason, "" if is_nothing else printable(path))


def _spelled(member: str) -> str:
    """A member's name in letters: older programs write UTF-8 without saying so, which zipfile reads as code page 437."""
    try:
        return member.encode("cp437").decode("utf-8")
    except UnicodeError:
        return member


def _inside(name: str) -> PurePosixPath:
    """A member's name as a path below the archive, whatever places outside of it the name points at."""
    parts = re.split(r"[\\/]+", name)
    return PurePosixPath(
        *(part for part in parts if part not in ("", ".", "..") and not re.fullmatch("[A-Za-z]:", part))
    )


def _safe_name(name: str) -> str:
    """A file name for every system: without signs that one of them refuses, of moderate length."""
    name = _NOT_IN_NAMES.sub("_", printable(name)).rstrip(". ")
    suffix = Path(name).suffix[:20]
    stem = name[: len(name) - len(suffix)][:_LONGEST_NAME]
    return f"{'' if stem and not _DEVICE.fullmatch(stem) else '_'}{stem}{suffix}"


def is_there(path: Path) -> bool:
    """Whether a file is there, or the archive that it is in; one that we may not ask about is."""
    try:
        return path.exists() or any(
            parent.suffix.lower() == ARCHIVE_SUFFIX and parent.is_file() for parent in path.parents
        )
    except OSError:
        return True
