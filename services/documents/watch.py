"""What has changed on the disk since documents were read: files that are new, changed or gone. Only looks, never reads."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from services.documents.source import find_files, is_there
from services.knowledge_base.store import KnowledgeBase

CLOCK_STEP_S = 2.0
"""Times that differ by less are the same: FAT keeps the time of a change in steps of two seconds."""


@dataclass(frozen=True, slots=True)
class Changes:
    """new: files in the watched folders that the knowledge base has not met, sorted.

    changed: files of documents whose size or time differs from what was read. gone: sources of documents that were read and
    whose file is not there.
    """

    new: tuple[Path, ...] = ()
    changed: tuple[Path, ...] = ()
    gone: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.new or self.changed or self.gone)


def find_changes(
    knowledge_base: KnowledgeBase, folders: Iterable[str | Path], check: Callable[[], None] = lambda: None
) -> Changes:
    """Compare the knowledge base with the disk, by names, sizes and times alone.

    A file that could not be read, or that repeats another, is known too: it comes up again when it changes. A watched
    folder that is not there, such as one on a drive that is unplugged, has no new files.

    Args:
        check: called with each file; may raise Cancelled.
    """
    changed: list[Path] = []
    gone: list[str] = []
    known: set[str] = set()
    for document in knowledge_base.documents():
        check()
        if not document.path:
            continue
        known.add(document.path)
        path = Path(document.path)
        file = file_of(path)
        if file is None:
            if document.state == "ready" and not is_there(path):
                gone.append(document.source)
            continue
        try:
            found = file.stat()
        except OSError:  # it vanished just now; the next look will say so
            continue
        is_same_size = file != path or found.st_size == document.size_bytes  # what is in an archive has its own size
        if not is_same_size or abs(found.st_mtime - document.modified_at) >= CLOCK_STEP_S:
            changed.append(file)
    new: list[Path] = []
    for folder in folders:
        if not Path(folder).is_dir():
            continue
        for file in find_files([folder]).files:
            check()
            if file.location not in known:
                new.append(file.path)
    return Changes(tuple(sorted(set(new) - set(changed))), tuple(sorted(set(changed))), tuple(gone))


def file_of(path: Path) -> Path | None:
    """The file that a document was read from: its path, or the archive around it; None when it is gone."""
    return next((file for file in (path, *path.parents) if file.is_file()), None)
