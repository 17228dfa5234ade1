"""What is new, changed or gone on the disk, found without reading a file."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path

import pytest

from services.documents.watch import Changes, find_changes
from services.errors import Cancelled
from services.knowledge_base.store import KnowledgeBase
from services.project import Project
from services.records import CutChunk, DocumentText


def know(store: KnowledgeBase, path: Path, state: str = "ready", *, location: str = "", source: str = "") -> None:
    """Put a file into the knowledge base as it is now."""
    found = (path if path.exists() else path.parent).stat()
    columns = {
        "path": location or str(path), "size_bytes": found.st_size, "modified_at": found.st_mtime, "sha256": str(path),
    }  # fmt: skip
    if state != "ready":
        store.record_fate(source or path.name, state, "why", **columns)
        return
    store.replace_document(
        source=source or path.name, text=DocumentText("text"), chunks=[CutChunk(0, 4, 4, "text", 1)], count_tokens=len,
        format="text", tokenizer="words", chunk_size=500, chunk_overlap=50, **columns,
    )  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "Contracts"
    made.mkdir()
    for name in ("a.txt", "b.txt", "c.txt"):
        (made / name).write_text(f"This is {name}.", "utf-8")
    return made


def test_nothing_has_changed(project: Project, folder: Path):
    with project.connect() as store:
        for path in folder.iterdir():
            know(store, path)
        assert not find_changes(store, [folder]) and not find_changes(store, [])


def test_new_changed_and_vanished_files_are_told_apart(project: Project, folder: Path):
    with project.connect() as store:
        for path in folder.iterdir():
            know(store, path)
        (folder / "a.txt").write_text("Longer than it was before.", "utf-8")
        (folder / "b.txt").unlink()
        (folder / "deep").mkdir()
        (folder / "deep" / "new.md").write_text("New.", "utf-8")
        (folder / "picture.xyz").write_text("cannot be read", "utf-8")
        (folder / ".hidden.txt").write_text("hidden", "utf-8")
        found = find_changes(store, [folder])
        assert found == Changes((folder / "deep" / "new.md",), (folder / "a.txt",), ("b.txt",))
        assert find_changes(store, []) == Changes((), (folder / "a.txt",), ("b.txt",)), "what was read is always looked at"


def test_a_file_of_the_same_size_has_changed_by_its_time(project: Project, folder: Path):
    path = folder / "a.txt"
    with project.connect() as store:
        know(store, path)
        os.utime(path, (1, 1_000_000_000))
        assert find_changes(store, []).changed == (path,)


def test_files_that_failed_or_repeat_are_known_until_they_change(project: Project, folder: Path):
    with project.connect() as store:
        know(store, folder / "a.txt", "failed")
        know(store, folder / "b.txt", "duplicate")
        assert find_changes(store, [folder]) == Changes((folder / "c.txt",))
        (folder / "b.txt").unlink()
        (folder / "a.txt").write_text("Now it can be read, perhaps.", "utf-8")
        assert find_changes(store, [folder]) == Changes((folder / "c.txt",), (folder / "a.txt",)), "nothing is lost with a repeat"


def test_a_folder_that_is_not_there_has_nothing_new(project: Project, tmp_path: Path):
    with project.connect() as store:
        assert not find_changes(store, [tmp_path / "unplugged"])


def test_members_of_an_archive_are_known_by_it(project: Project, tmp_path: Path):
    archive = tmp_path / "letters.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("one.txt", "The first letter.")
    with project.connect() as store:
        assert find_changes(store, [tmp_path]).new == (archive,)
        know(store, archive, location=f"{archive}/one.txt", source="letters.zip/one.txt")
        assert not find_changes(store, [tmp_path])
        os.utime(archive, (1, 1_000_000_000))
        assert find_changes(store, [tmp_path]) == Changes((), (archive,))
        archive.unlink()
        assert find_changes(store, [tmp_path]).gone == ("letters.zip/one.txt",)


def test_it_can_be_stopped(project: Project, folder: Path):
    def stop() -> None:
        raise Cancelled

    with project.connect() as store, pytest.raises(Cancelled):
        find_changes(store, [folder], stop)
