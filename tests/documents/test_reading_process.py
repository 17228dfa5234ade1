"""Files are read in processes of their own: what goes wrong with one costs that one, and is said."""

import contextlib
import os
import queue
import threading
import time
from pathlib import Path

import psutil
import pytest

from services.documents.ingest import run
from services.documents.piece import Pieces
from services.documents.reader import Cut
from services.documents.reading import Limits, PagePictures, Readers, Work
from services.errors import Cancelled, UserError
from services.jobs import Context
from services.project import Project
from tests.documents.pdf_file import paragraph, write_pdf

HOW = Cut(100, 10)


def works(*paths: Path) -> list[Work]:
    return [Work(number, path, path.name) for number, path in enumerate(paths)]


def read_all(readers: Readers, *paths: Path) -> dict[str, Pieces | str]:
    return {work.name: outcome for work, outcome in readers.read(works(*paths), lambda: None, lambda work, share: None)}


def small_files(folder: Path, count: int) -> list[Path]:
    paths = [folder / f"small-{number}.txt" for number in range(count)]
    for number, path in enumerate(paths):
        path.write_text(f"The lighthouse number {number} burns rapeseed oil.", "utf-8")
    return paths


def long_file(folder: Path, sentences: int = 250_000) -> Path:
    """A text that takes seconds to read on any machine."""
    path = folder / "long.txt"
    path.write_text("\n\n".join(f"Sentence {number} is about the sea and its tides." for number in range(sentences)), "utf-8")
    return path


def readers_of(pid: int) -> list[psutil.Process]:
    readers = []
    for child in psutil.Process(pid).children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):  # any other one, that has just ended
            if "--reader" in child.cmdline():
                readers.append(child)
    return readers


def test_files_come_back_whole_from_several_processes(tmp_path: Path) -> None:
    paths = small_files(tmp_path, 12)
    with Readers(2, "starter", HOW, Limits()) as readers:
        outcomes = read_all(readers, *paths)
        assert len(readers_of(psutil.Process().pid)) == 2
    for number, path in enumerate(paths):
        pieces = outcomes[path.name]
        assert isinstance(pieces, Pieces)
        said = f"The lighthouse number {number} burns rapeseed oil."
        assert [text.content for text in pieces.texts()] == [chunk.content for chunk in pieces.chunks()] == [said]
        assert pieces.format == "text"
    assert not readers_of(psutil.Process().pid)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="named pipes")
def test_a_file_that_gets_no_further_is_given_up_and_the_rest_is_read(tmp_path: Path) -> None:
    hanging, *others = tmp_path / "hanging.txt", *small_files(tmp_path, 3)
    os.mkfifo(hanging)  # whoever opens it to read waits for a writer
    with Readers(1, "starter", HOW, Limits(timeout_s=3.0)) as readers:
        outcomes = read_all(readers, others[0], hanging, *others[1:])
    assert "hanging.txt was given up: nothing of it could be read for 3 seconds" in str(outcomes["hanging.txt"])
    assert all(isinstance(outcomes[path.name], Pieces) for path in others)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="named pipes")
def test_a_pipe_in_a_folder_is_named_and_not_opened(project: Project, tmp_path: Path) -> None:
    folder = tmp_path / "documents"
    folder.mkdir()
    small_files(folder, 1)
    os.mkfifo(folder / "pipe.txt")
    fates = {fate["source"]: fate for fate in run({"project": str(project.folder), "paths": [str(folder)]}, Context())["documents"]}
    assert fates["small-0.txt"]["state"] == "added"
    assert fates["pipe.txt"]["state"] == "failed" and "pipe" in fates["pipe.txt"]["reason"]


def test_a_file_that_needs_too_much_memory_is_given_up_and_the_rest_is_read(tmp_path: Path) -> None:
    greedy, *others = long_file(tmp_path, 700_000), *small_files(tmp_path, 3)
    with Readers(1, "starter", HOW, Limits(memory_mb=120)) as readers:
        outcomes = read_all(readers, greedy, *others)
    assert "more than 120 MB of memory" in str(outcomes["long.txt"])
    assert all(isinstance(outcomes[path.name], Pieces) for path in others)


def test_a_reader_that_has_grown_makes_room_for_a_new_one_as_often_as_it_takes(tmp_path: Path) -> None:
    paths = small_files(tmp_path, 8)
    processes = set()

    def note(_work: Work, _share: float) -> None:
        processes.update(reader.pid for reader in readers_of(psutil.Process().pid))

    with Readers(1, "starter", HOW, Limits()) as readers:
        read_all(readers, paths[0])
        size_mb = readers_of(psutil.Process().pid)[0].memory_info().rss / 2**20
    with Readers(1, "starter", HOW, Limits(memory_mb=int(1.6 * size_mb))) as readers:
        outcomes = [outcome for _work, outcome in readers.read(works(*paths), lambda: None, note)]
    assert len(outcomes) == 8 and all(isinstance(outcome, Pieces) for outcome in outcomes)
    assert len(processes) > 3, "each is above half of its limit after one file"


def test_a_reader_that_crashes_costs_the_file_it_was_reading(tmp_path: Path) -> None:
    deadly, *others = long_file(tmp_path), *small_files(tmp_path, 3)
    outcomes: dict[str, Pieces | str] = {}
    with Readers(1, "starter", HOW, Limits()) as readers:
        has_begun = threading.Event()

        def kill_once(work: Work, share: float) -> None:
            if work.name == "long.txt" and not has_begun.is_set():
                has_begun.set()
                readers_of(psutil.Process().pid)[0].kill()

        for work, outcome in readers.read(works(deadly, *others), lambda: None, kill_once):
            outcomes[work.name] = outcome
    assert "long.txt is damaged: its reader crashed (SIGKILL)" in str(outcomes["long.txt"]) or "crashed" in str(outcomes["long.txt"])
    assert all(isinstance(outcomes[path.name], Pieces) for path in others)


def test_stopping_ends_the_readers_at_once(tmp_path: Path) -> None:
    slow = long_file(tmp_path)

    def stop() -> None:
        if readers_of(psutil.Process().pid):
            raise Cancelled

    with pytest.raises(Cancelled), Readers(2, "starter", HOW, Limits()) as readers:
        list(readers.read(works(slow), stop, lambda work, share: None))
    assert not readers_of(psutil.Process().pid)


def test_readers_end_with_their_parent(tmp_path: Path) -> None:
    import subprocess
    import sys

    slow = long_file(tmp_path)
    project = Project.create(tmp_path / "project")
    main = Path(__file__).resolve().parents[2] / "main.py"
    with subprocess.Popen([sys.executable, str(main), "ingest", str(project.folder), str(slow)], stderr=subprocess.DEVNULL) as parent:
        while not (readers := readers_of(parent.pid)):
            assert parent.poll() is None
            time.sleep(0.01)
        parent.kill()
    _gone, alive = psutil.wait_procs(readers, timeout=60)
    assert not alive


def test_hostile_files_in_an_ingest_are_named_with_their_reason(project: Project, tmp_path: Path) -> None:
    folder = tmp_path / "documents"
    folder.mkdir()
    long_file(folder, 700_000)
    small_files(folder, 2)
    warnings: list[dict] = []
    result = run(
        {"project": str(project.folder), "paths": [str(folder)], "workers": 2, "file_memory_mb": 128},
        Context(lambda event: warnings.append(event) if event["type"] == "warning" else None),
    )
    fates = {fate["source"]: fate for fate in result["documents"]}
    assert fates["long.txt"]["state"] == "failed" and "128 MB" in fates["long.txt"]["reason"]
    assert fates["small-0.txt"]["state"] == fates["small-1.txt"]["state"] == "added"
    assert [warning["subject"] for warning in warnings] == ["long.txt"]


def test_pages_are_drawn_with_the_passage_marked(tmp_path: Path) -> None:
    path = write_pdf(tmp_path / "guide.pdf", [paragraph(["The lamp burns oil.", "It is lit at dusk."], 700)])
    pictures = PagePictures()
    try:
        picture = pictures.picture(path, 1, 400, "It is lit at dusk.")
        assert picture.png.startswith(b"\x89PNG") and picture.width == 400 and picture.page_count == 1
        (left, top, right, bottom), *others = picture.marks
        assert not others and 0 < left < right < 1 and 0 < top < bottom < 1
        with pytest.raises(UserError):
            pictures.picture(tmp_path / "gone.pdf", 1, 400)
        assert pictures.picture(path, 1, 300).marks == ()
    finally:
        pictures.close()
    assert not readers_of(psutil.Process().pid)


def test_answers_are_bounded(tmp_path: Path) -> None:
    """A parent that is slow to store makes the readers wait, and does not collect what they say."""
    paths = small_files(tmp_path, 60)
    with Readers(2, "starter", HOW, Limits()) as readers:
        for _work, outcome in readers.read(works(*paths), lambda: None, lambda work, share: None):
            assert isinstance(outcome, Pieces)
            assert readers._answers.qsize() <= readers._answers.maxsize
        with pytest.raises(queue.Empty):
            readers._answers.get_nowait()
