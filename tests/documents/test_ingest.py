"""Files into the knowledge base: every file has its own fate, and what is stored is whole, once, and stays."""

import json
import os
import shutil
import sqlite3
import threading
import zipfile
from pathlib import Path
from typing import Any

import docx
import psutil
import pytest

from services.documents import ingest
from services.errors import Cancelled, UserError
from services.jobs import Child, ChildDied, Context
from services.knowledge_base.store import KnowledgeBase
from services.project import Project
from services.records import Document
from tests.documents.pdf_file import encrypt, paragraph, write_pdf
from tests.tiny_models import SENTENCES, make_tiny_tokenizer

MILL = "# The Mill\n\nThe mill was built in 1874 by Otto Brandell. It is red."
FERRY = "The Grey Duchess carries nine people and, on Fridays, the post."


def run(project: Project, *paths: Path, context: Context | None = None, **settings: Any) -> dict[str, Any]:
    settings |= {"project": str(project.folder), "paths": [str(path) for path in paths]}
    return ingest.run(settings, context or Context())


def states(result: dict[str, Any]) -> dict[str, str]:
    return {document["source"]: document["state"] for document in result["documents"]}


def reasons(result: dict[str, Any]) -> dict[str, str]:
    return {document["source"]: document["reason"] for document in result["documents"]}


def documents(project: Project) -> dict[str, Document]:
    with project.connect(is_read_only=True) as knowledge_base:
        return {document.source: document for document in knowledge_base.documents()}


def corpus(project: Project) -> dict[str, str]:
    with project.connect(is_read_only=True) as knowledge_base:
        return dict(knowledge_base.corpus())


def long_text(name: str, sentences: int = 60) -> str:
    return "\n\n".join(f"{name} {number}: {SENTENCES[number % 6]}" for number in range(sentences))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder as people have them: several formats, a folder in it, and things that are no documents."""
    folder = tmp_path / "documents"
    (folder / "inner").mkdir(parents=True)
    (folder / ".hidden").mkdir()
    (folder / "mill.md").write_text(MILL, "utf-8")
    (folder / "inner" / "ferry.txt").write_bytes("Größe und Länge der Fähre sind geprüft.".encode("latin-1"))
    (folder / "page.html").write_text(f"<nav>Home</nav><p>{FERRY}</p>", "utf-8")
    write_pdf(folder / "guide.pdf", [paragraph(["The lamp burns rapeseed oil."], 700), paragraph(["Page two."], 700)])
    word = docx.Document()
    word.add_paragraph("The Salt War lasted eleven days.")
    word.save(folder / "war.docx")
    (folder / ".hidden" / "secret.txt").write_text("hidden", "utf-8")
    (folder / ".notes.txt").write_text("hidden", "utf-8")
    (folder / "~$war.docx").write_bytes(b"lock file")
    (folder / "photo.jpg").write_bytes(b"\xff\xd8\xff")
    return folder


def test_what_cannot_be_looked_into_is_listed_with_the_files_until_it_can(project: Project, folder: Path) -> None:
    (folder / "letter.doc").write_bytes(b"\xd0\xcf\x11\xe0")
    (folder / "papers.zip").write_bytes(b"cut off")
    result = run(project, folder, folder / "nowhere.txt")
    assert result["skipped"] == 1, "the photo"
    known = documents(project)
    assert "nowhere.txt" not in known and "nowhere.txt" in states(result)
    for name, said in (("letter.doc", "save it as DOCX"), ("papers.zip", "is damaged")):
        assert known[name].state == states(result)[name] == "failed" and said in known[name].reason
        assert Path(known[name].path) == folder / name
    with zipfile.ZipFile(folder / "papers.zip", "w") as archive:
        archive.writestr("eleven.txt", "The Salt War lasted eleven days, and twelve ships.")
    run(project, folder / "papers.zip")
    assert documents(project)["papers.zip/eleven.txt"].state == "ready" and "papers.zip" not in documents(project)
    other = folder.parent / "other"
    shutil.copytree(folder, other)
    assert states(run(project, other))["other/letter.doc"] == "failed"


def test_a_page_that_could_not_be_read_is_remembered_with_its_document(project: Project, tmp_path: Path) -> None:
    path = write_pdf(tmp_path / "half.pdf", [paragraph(["The lamp burns rapeseed oil."], 700), []], picture_pages=[1])
    assert "Page 2 is a scan" in reasons(run(project, path))["half.pdf"]
    assert "Page 2 is a scan" in documents(project)["half.pdf"].reason
    ingest.recut({"project": str(project.folder), "chunk_size": 100, "chunk_overlap": 10}, Context())
    assert "Page 2 is a scan" in documents(project)["half.pdf"].reason


def test_a_changed_file_is_cut_as_its_document_was(project: Project, tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text(long_text("First"), "utf-8")
    run(project, path, chunk_size=100, chunk_overlap=10)
    path.write_text(long_text("Second"), "utf-8")
    result = run(project, path, chunk_size=400, chunk_overlap=40)
    assert states(result) == {"a.txt": "replaced"} and "Cut it again to change that." in reasons(result)["a.txt"]
    known = documents(project)["a.txt"]
    assert (known.chunk_size, known.chunk_overlap) == (100, 10)
    with project.connect(is_read_only=True) as knowledge_base:
        chunks = knowledge_base.chunks(knowledge_base.chunk_ids())
    assert len(chunks) > 5 and max(chunk.token_count for chunk in chunks) <= 100


def test_a_folder_is_read_whole_and_what_is_no_document_left_out(project: Project, folder: Path) -> None:
    events: list[dict[str, Any]] = []
    result = run(project, folder, context=Context(events.append))
    assert states(result) == dict.fromkeys(
        ["guide.pdf", "inner/ferry.txt", "mill.md", "page.html", "war.docx"], "added"
    )
    assert result["skipped"] == 1
    assert result["chunks"] == sum(document["chunks"] for document in result["documents"])
    assert corpus(project) == {
        "guide.pdf": "The lamp burns rapeseed oil.\n\nPage two.",
        "inner/ferry.txt": "Größe und Länge der Fähre sind geprüft.",
        "mill.md": MILL,
        "page.html": FERRY,
        "war.docx": "The Salt War lasted eleven days.",
    }
    known = documents(project)["guide.pdf"]
    assert (known.page_count, known.format, known.tokenizer, known.chunk_size) == (2, "pdf", "starter", 500)
    assert Path(known.path) == folder / "guide.pdf"
    progress = [event for event in events if event["type"] == "progress"]
    assert [event["done"] for event in progress] == sorted(event["done"] for event in progress)
    assert progress[-1]["done"] == progress[-1]["total"]
    assert {event["text"] for event in progress} >= {"mill.md", "inner/ferry.txt"}
    assert [event["tables"] for event in events if event["type"] == "changed"] == [["document", "chunk"]] * 5
    assert json.loads(json.dumps(result)) == result


def test_chunks_say_where_they_come_from(project: Project, tmp_path: Path) -> None:
    lines = [[f"Line {page} {row}: {SENTENCES[row % 6][:60]}" for row in range(30)] for page in (1, 2)]
    path = write_pdf(tmp_path / "a.pdf", [paragraph(page, 750) for page in lines])
    run(project, path, chunk_size=100, chunk_overlap=20)
    with project.connect() as knowledge_base:
        text = knowledge_base.document_text(knowledge_base.documents()[0].id).content
        chunks = knowledge_base.chunks(knowledge_base.chunk_ids(order="chunk_index"))
    assert len(chunks) > 4
    assert [chunk.chunk_index for chunk in chunks] == list(range(len(chunks)))
    assert {chunk.metadata["page"] for chunk in chunks} == {1, 2}
    for chunk in chunks:
        assert chunk.content == text[chunk.metadata["start"] : chunk.metadata["end"]]
        assert chunk.metadata["tokens"] == chunk.token_count <= 100


def test_bad_files_are_named_with_their_reason_and_the_rest_goes_on(
    project: Project, folder: Path, tmp_path: Path
) -> None:
    encrypt(folder / "guide.pdf", "secret")
    (folder / "war.docx").write_text("no Word", "utf-8")
    (folder / "inner" / "ferry.txt").write_bytes(b"")
    events: list[dict[str, Any]] = []
    result = run(project, folder, tmp_path / "gone.pdf", folder / "photo.jpg", context=Context(events.append))
    assert states(result) == {
        "gone.pdf": "failed", "photo.jpg": "failed", "guide.pdf": "failed", "inner/ferry.txt": "failed",
        "war.docx": "failed", "mill.md": "added", "page.html": "added",
    }  # fmt: skip
    said = reasons(result)
    assert "password" in said["guide.pdf"] and "empty" in said["inner/ferry.txt"] and "Word" in said["war.docx"]
    assert str(tmp_path / "gone.pdf") in said["gone.pdf"] and ".jpg" in said["photo.jpg"]
    warnings = {event["subject"]: event["text"] for event in events if event["type"] == "warning"}
    assert {name: warnings[name] for name, reason in said.items() if reason} == {n: r for n, r in said.items() if r}
    assert documents(project)["guide.pdf"].state == "failed" and "password" in documents(project)["guide.pdf"].reason
    assert set(corpus(project)) == {"mill.md", "page.html"}


def test_a_file_that_failed_is_read_once_it_is_mended(project: Project, folder: Path) -> None:
    (folder / "mill.md").write_bytes(b"")
    run(project, folder / "mill.md")
    (folder / "mill.md").write_text(MILL, "utf-8")
    assert states(run(project, folder / "mill.md")) == {"mill.md": "added"}
    assert documents(project)["mill.md"].reason == ""


def test_nothing_to_read_is_said(project: Project, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match="empty"):
        run(project, tmp_path / "empty")
    with pytest.raises(UserError):
        run(project)
    with pytest.raises(UserError, match="overlap"):
        run(project, tmp_path, chunk_size=50, chunk_overlap=60)


def test_known_files_are_not_read_again_and_copies_are_named(project: Project, folder: Path, tmp_path: Path) -> None:
    first = run(project, folder)
    before = project.database_path.stat().st_size, documents(project)
    again = run(project, folder)
    assert set(states(again).values()) == {"unchanged"}
    assert again["chunks"] == first["chunks"]
    assert documents(project) == before[1]
    copy = shutil.copy(folder / "mill.md", tmp_path / "copy.md")
    result = run(project, Path(copy))
    assert states(result) == {"copy.md": "duplicate"} and "mill.md" in reasons(result)["copy.md"]
    assert result["chunks"] == first["chunks"]


def test_other_settings_are_offered_and_not_applied_to_known_files(project: Project, folder: Path) -> None:
    run(project, folder)
    result = run(project, folder / "mill.md", chunk_size=50, chunk_overlap=5)
    assert states(result) == {"mill.md": "unchanged"} and "500" in reasons(result)["mill.md"]
    assert documents(project)["mill.md"].chunk_size == 500


def test_new_content_replaces_the_old_and_edited_chunks_are_kept_and_reported(project: Project, tmp_path: Path) -> None:
    path = tmp_path / "log.txt"
    path.write_text(long_text("day"), "utf-8")
    run(project, path, chunk_size=100, chunk_overlap=10)
    with project.connect() as knowledge_base:
        edited = knowledge_base.chunk_ids(order="chunk_index")[3]
        knowledge_base.edit_chunk(edited, "Edited by hand.")
    path.write_text(long_text("day") + "\n\nA new last line.", "utf-8")
    result = run(project, path, chunk_size=100, chunk_overlap=10)
    assert states(result) == {"log.txt": "replaced"} and "1 edited chunk" in reasons(result)["log.txt"]
    text = corpus(project)["log.txt"]
    assert text.endswith("A new last line.") and text.count("Edited by hand.") == 1 and text.count("day 0:") == 1


def test_a_changed_file_that_cannot_be_read_loses_nothing(project: Project, folder: Path) -> None:
    run(project, folder)
    (folder / "guide.pdf").write_bytes(b"%PDF-1.4 cut off")
    result = run(project, folder)
    assert states(result)["guide.pdf"] == "failed" and "still there" in reasons(result)["guide.pdf"]
    assert corpus(project)["guide.pdf"].startswith("The lamp")
    assert documents(project)["guide.pdf"].state == "ready"


def test_files_of_one_name_from_two_folders_both_live_and_keep_their_names(project: Project, tmp_path: Path) -> None:
    for name, text in (("north", MILL), ("south", FERRY)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "notes.md").write_text(text, "utf-8")
    assert states(run(project, tmp_path / "north", tmp_path / "south")) == {
        "notes.md": "added",
        "south/notes.md": "added",
    }
    (tmp_path / "south" / "notes.md").write_text(FERRY + " It is slow.", "utf-8")
    assert states(run(project, tmp_path / "south")) == {"south/notes.md": "replaced"}
    assert states(run(project, tmp_path / "north")) == {"notes.md": "unchanged"}
    assert corpus(project) == {"notes.md": MILL, "south/notes.md": FERRY + " It is slow."}


def test_a_file_given_twice_is_read_once_and_a_moved_one_keeps_its_name(
    project: Project, folder: Path, tmp_path: Path
) -> None:
    assert states(run(project, folder / "mill.md", folder / "mill.md", folder / "inner" / ".." / "mill.md")) == {
        "mill.md": "added"
    }
    (tmp_path / "elsewhere").mkdir()
    shutil.move(folder / "mill.md", tmp_path / "elsewhere" / "mill.md")
    assert states(run(project, tmp_path / "elsewhere")) == {"mill.md": "unchanged"}
    (tmp_path / "elsewhere" / "mill.md").rename(tmp_path / "elsewhere" / "the_mill.md")
    assert states(run(project, tmp_path / "elsewhere")) == {"mill.md": "unchanged"}
    assert set(documents(project)) == {"mill.md"}


def test_a_project_in_the_folder_is_not_read(project: Project, tmp_path: Path) -> None:
    (tmp_path / "mill.md").write_text(MILL, "utf-8")
    project.cpt_data_path.write_text("training text", "utf-8")
    assert states(run(project, tmp_path)) == {"mill.md": "added"}


def test_tokens_are_counted_as_the_base_model_counts_them(project: Project, folder: Path, tmp_path: Path) -> None:
    model = tmp_path / "model"
    model.mkdir()
    make_tiny_tokenizer("gpt2").backend_tokenizer.save(str(model / "tokenizer.json"))
    project.start_run("cpt", {"base_model": str(model)})
    run(project, folder / "mill.md")
    assert documents(project)["mill.md"].tokenizer == str(model)
    run(project, folder / "war.docx", tokenizer="starter")
    assert documents(project)["war.docx"].tokenizer == "starter"
    shutil.rmtree(model)
    events: list[dict[str, Any]] = []
    assert states(run(project, folder / "page.html", context=Context(events.append))) == {"page.html": "added"}
    assert documents(project)["page.html"].tokenizer == "starter"
    assert any(str(model) in event["text"] for event in events if event["type"] == "warning")
    with pytest.raises(UserError, match="model"):
        run(project, folder, tokenizer=str(model))


def test_stop_keeps_what_is_read(project: Project, folder: Path) -> None:
    cancelled = threading.Event()
    context = Context(lambda event: event["type"] == "changed" and cancelled.set(), cancelled)
    with pytest.raises(Cancelled):
        run(project, folder, context=context)
    assert len(corpus(project)) == 1
    assert sorted(states(run(project, folder)).values()) == ["added"] * 4 + ["unchanged"]


def test_one_ingest_at_a_time(project: Project, folder: Path) -> None:
    with project.lock("a training"), pytest.raises(UserError, match="running"):
        run(project, folder)


def test_a_full_disk_is_said_and_nothing_is_lost(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(4):
        (tmp_path / f"{number}.txt").write_text(long_text(f"file {number}", 200), "utf-8")
    run(project, tmp_path / "0.txt")
    whole = corpus(project)
    connect = Project.connect

    def connect_to_small_disk(self: Project, is_read_only: bool = False) -> KnowledgeBase:
        knowledge_base = connect(self, is_read_only)
        pages = knowledge_base.connection.execute("PRAGMA page_count").fetchone()[0]
        knowledge_base.connection.execute(f"PRAGMA max_page_count = {pages + 2}")
        return knowledge_base

    with monkeypatch.context() as patched:
        patched.setattr(Project, "connect", connect_to_small_disk)
        with pytest.raises(UserError, match="no room"):
            run(project, *(tmp_path / f"{number}.txt" for number in range(4)))
    assert corpus(project) == whole
    assert sorted(states(run(project, *tmp_path.glob("*.txt"))).values()) == ["added"] * 3 + ["unchanged"]


def test_kill_9_in_the_middle_loses_nothing_and_doubles_nothing(project: Project, tmp_path: Path) -> None:
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(24):
        (folder / f"{number:02}.txt").write_text(long_text(f"file {number}", 40), "utf-8")
    settings = {"project": str(project.folder), "paths": [str(folder)], "chunk_size": 60, "chunk_overlap": 10}
    seen = 0
    for kills_at in (1, 5):  # stored files in this process
        child = Child("ingest", settings)
        stored = 0

        def emit(event: dict[str, Any], child: Child = child, kills_at: int = kills_at) -> None:
            nonlocal stored
            stored += event["type"] == "changed"
            if stored == kills_at and child._process is not None:
                psutil.Process(child._process.pid).kill()

        with pytest.raises(ChildDied):
            child.run(emit, threading.Event())
        known = documents(project)
        assert len(known) >= seen + kills_at and all(document.state == "ready" for document in known.values())
        seen = len(known)
    result = Child("ingest", settings).run(lambda event: None, threading.Event())
    assert len(result["documents"]) == 24 and set(states(result).values()) == {"added", "unchanged"}
    assert corpus(project) == {f"{number:02}.txt": long_text(f"file {number}", 40) for number in range(24)}
    with sqlite3.connect(project.database_path) as connection:
        rows, places = connection.execute(
            "SELECT count(*), count(DISTINCT source || ':' || chunk_index) FROM rag_chunks"
        ).fetchone()
        states_, indexed = (
            connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
            for table in ("chunk_state", "rag_chunks_fts_docsize")
        )
    connection.close()
    assert rows == places == states_ == indexed == result["chunks"]


@pytest.mark.skipif(os.name == "nt" or not hasattr(os, "geteuid") or os.geteuid() == 0, reason="rights of files")
def test_a_file_that_may_not_be_read_is_named(project: Project, folder: Path) -> None:
    (folder / "mill.md").chmod(0)
    assert "Permission" in reasons(run(project, folder))["mill.md"]


@pytest.mark.skipif(os.name == "nt", reason="file names of any bytes")
def test_a_file_name_that_is_no_text_is_read(project: Project, folder: Path) -> None:
    (folder / "mill.md").rename(os.fsdecode(os.fsencode(folder) + b"/m\xfchle.md"))
    (folder / "guide.pdf").rename(os.fsdecode(os.fsencode(folder) + b"/f\xfchrer.pdf"))
    result = run(project, folder)
    assert json.dumps(result, ensure_ascii=False).encode("utf-8")
    assert set(states(result).values()) == {"added"}
    assert MILL in corpus(project).values()
    assert set(states(run(project, folder)).values()) == {"unchanged"}


# --- cutting again


def test_recut_changes_the_cut_of_the_chosen_documents_only(project: Project, tmp_path: Path) -> None:
    for name in "ab":
        (tmp_path / f"{name}.txt").write_text(long_text(name), "utf-8")
    run(project, tmp_path / "a.txt", tmp_path / "b.txt")
    before, text = documents(project), corpus(project)
    (tmp_path / "a.txt").unlink()
    settings = {"project": str(project.folder), "sources": ["a.txt", "c.txt"], "chunk_size": 80, "chunk_overlap": 10}
    result = ingest.recut(settings, Context())
    assert states(result) == {"c.txt": "failed", "a.txt": "recut"}
    after = documents(project)
    assert after["b.txt"] == before["b.txt"]
    assert after["a.txt"].chunk_size == 80 and after["a.txt"].chunk_count > 2 * before["a.txt"].chunk_count
    assert (after["a.txt"].sha256, after["a.txt"].path) == (before["a.txt"].sha256, before["a.txt"].path)
    assert corpus(project) == text
    with project.connect() as knowledge_base:
        assert all(
            chunk.token_count <= 80 for chunk in knowledge_base.chunks(knowledge_base.chunk_ids(document="a.txt"))
        )
    everything = ingest.recut({**settings, "sources": None, "splitter": "langchain"}, Context())
    assert states(everything) == {"a.txt": "recut", "b.txt": "recut"}
    assert corpus(project) == text


def test_recut_keeps_and_reports_edited_chunks(project: Project, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(long_text("a"), "utf-8")
    run(project, tmp_path / "a.txt", chunk_size=100, chunk_overlap=10)
    with project.connect() as knowledge_base:
        edited = knowledge_base.chunk_ids(order="chunk_index")[2]
        knowledge_base.edit_chunk(edited, "Edited by hand.")
    result = ingest.recut({"project": str(project.folder), "chunk_size": 50, "chunk_overlap": 0}, Context())
    assert "1 edited chunk" in reasons(result)["a.txt"]
    with project.connect() as knowledge_base:
        kept = knowledge_base.chunk(edited)
    assert kept and kept.content == "Edited by hand." and kept.is_edited
    assert corpus(project)["a.txt"].count("Edited by hand.") == 1


def test_after_an_edit_repeats_are_those_of_what_the_chunk_says_now(project: Project, tmp_path: Path) -> None:
    said = "The keeper of the lighthouse trims the wick at dusk, fills the tank with rapeseed oil and winds the clockwork. "
    other = "Oysters are counted in dozens, packed in wet seaweed and sent to the market by the first ferry of the day. "
    paths = [tmp_path / f"{name}.txt" for name in "abc"]
    for path, text in zip(paths, (said, said + "So it is.", other), strict=True):
        path.write_text(text, "utf-8")
    assert [run(project, path, keep_repeats=True)["repeats"] for path in paths] == [0, 1, 0]
    with project.connect() as knowledge_base:
        a, b, c = (knowledge_base.chunk_ids(document=path.name)[0] for path in paths)
        assert knowledge_base.repeats_of(a) == [a, b]
        knowledge_base.edit_chunk(a, other + "Nobody knows why.")
        run(project, *paths, keep_repeats=True)
        assert knowledge_base.repeats_of(a) == [a, c] and knowledge_base.repeats_of(b) == [b]
        knowledge_base.restore_chunk(a)
        run(project, *paths, keep_repeats=True)
        assert knowledge_base.repeats_of(a) == [a, b] and knowledge_base.repeats_of(c) == [c]


def test_a_repeat_that_was_edited_into_something_else_comes_back(project: Project, tmp_path: Path) -> None:
    said = "The keeper of the lighthouse trims the wick at dusk, fills the tank with rapeseed oil and winds the clockwork. "
    (tmp_path / "a.txt").write_text(said, "utf-8")
    (tmp_path / "b.txt").write_text(said.upper(), "utf-8")
    paths = [tmp_path / "a.txt", tmp_path / "b.txt"]
    run(project, *paths)
    with project.connect() as knowledge_base:
        repeat = knowledge_base.chunk_ids(flag="duplicate")[0]
        assert knowledge_base.chunk(repeat).is_excluded
        knowledge_base.edit_chunk(repeat, "Oysters are counted in dozens and packed in wet seaweed.")
        run(project, *paths)
        assert not knowledge_base.chunk(repeat).is_excluded and knowledge_base.chunk(repeat).duplicate_of is None
