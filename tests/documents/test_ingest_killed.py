"""An ingest of 200 files that is killed again and again: nothing lost, nothing twice, and it goes on where it was."""

import json
import random
import subprocess
import sys
import time
from pathlib import Path

import docx
import psutil
import pytest

from services.project import Project
from tests.documents.pdf_file import paragraph, write_pdf

MAIN = Path(__file__).resolve().parents[2] / "main.py"
FILES, KILLS = 200, 6


def write_files(folder: Path) -> None:
    folder.mkdir()
    for number in range(FILES):
        sentences = [f"Island {number} has {place} lighthouses and ferry {number * 31 + place}." for place in range(12)]
        if number % 10 == 0:
            write_pdf(folder / f"{number:03}.pdf", [paragraph(sentences[:6], 700), paragraph(sentences[6:], 700)])
        elif number % 10 == 1:
            document = docx.Document()
            for sentence in sentences:
                document.add_paragraph(sentence)
            document.save(folder / f"{number:03}.docx")
        elif number % 10 == 2:
            (folder / f"{number:03}.html").write_text("".join(f"<p>{sentence}</p>" for sentence in sentences), "utf-8")
        else:
            (folder / f"{number:03}.txt").write_text("\n\n".join(sentences), "utf-8")


def ingest(project: Project, folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, str(MAIN), "ingest", str(project.folder), str(folder), "--chunk-size", "60", "--chunk-overlap", "10",
         "--workers", "2", "--json"],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip


def contents(project: Project) -> dict[str, list[str]]:
    with project.connect(is_read_only=True) as knowledge_base:
        found: dict[str, list[str]] = {}
        for chunk in knowledge_base.chunks(knowledge_base.chunk_ids(order="source")):
            found.setdefault(chunk.source, []).append(chunk.content)
        return found


@pytest.mark.slow
def test_kill_9_at_random_points_loses_and_doubles_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "documents"
    write_files(folder)
    unbroken, broken = Project.create(tmp_path / "unbroken"), Project.create(tmp_path / "broken")
    random_ = random.Random(5)
    edited, texts = None, {}
    stored = 0
    for _kill in range(KILLS):
        with ingest(broken, folder) as process:
            with broken.connect() as knowledge_base:
                wanted = min(stored + random_.randrange(5, 30), FILES - 1)
                while knowledge_base.connection.execute("SELECT count(*) FROM document").fetchone()[0] < wanted:
                    assert process.poll() is None, "it ended before it could be killed"
                    time.sleep(0.001)
            time.sleep(random_.random() * 0.02)  # anywhere in the work on a file
            readers = psutil.Process(process.pid).children(recursive=True)
            process.kill()
        assert not psutil.wait_procs(readers, timeout=30)[1], "a reader lives on"
        with broken.connect() as knowledge_base:
            documents = knowledge_base.documents()
            assert len(documents) >= stored and all(document.state == "ready" for document in documents)
            stored = len(documents)
            if edited is None:
                edited = knowledge_base.chunk_ids()[0]
                knowledge_base.edit_chunk(edited, "A person corrected this.")
    with ingest(broken, folder) as process:
        result = json.loads(process.stdout.read())
    with ingest(unbroken, folder) as process:
        process.communicate()
    states = [fate["state"] for fate in result["documents"]]
    assert len(states) == FILES and set(states) == {"added", "unchanged"} and states.count("unchanged") == stored
    with broken.connect() as knowledge_base:
        chunk = knowledge_base.chunk(edited)
        assert chunk.content == "A person corrected this."
        knowledge_base.restore_chunk(edited)
        knowledge_base.connection.execute("INSERT INTO rag_chunks_fts (rag_chunks_fts, rank) VALUES ('integrity-check', 1)")
    texts = contents(broken)
    assert len(texts) == FILES
    assert texts == contents(unbroken)
