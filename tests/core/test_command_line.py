"""The command line as a person uses it: results on stdout, sentences on stderr, exit codes."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from services.command_line import main
from services.project import Project

ROOT = Path(__file__).resolve().parents[2]


def said(capsys, *words: str) -> dict:
    """The JSON result of a command that must succeed."""
    code = main([*words, "--json"])
    out, err = capsys.readouterr()
    assert code == 0, err
    return json.loads(out)


def refused(capsys, *words: str) -> str:
    """The sentence of a command that must be refused."""
    code = main(list(words))
    out, err = capsys.readouterr()
    assert code == 1 and not out and "Traceback" not in err
    return err.strip().splitlines()[-1]


@pytest.fixture
def documents(tmp_path: Path) -> Path:
    folder = tmp_path / "documents"
    folder.mkdir()
    (folder / "mill.md").write_text("# The mill\n\nThe Orvel mill was built in 1874. The Orvel mill is 12 metres tall.\n")
    (folder / "broken.pdf").write_bytes(b"not a pdf")
    return folder


@pytest.fixture
def filled(project: Project, documents: Path, capsys) -> str:
    said(capsys, "ingest", str(project.folder), str(documents))
    return str(project.folder)


def test_from_documents_to_pairs(tmp_path: Path, documents: Path, capsys):
    project = str(tmp_path / "p")
    assert said(capsys, "new", project)["name"] == "p"
    result = said(capsys, "ingest", project, str(documents))
    fates = {Path(document["source"]).name: document for document in result["documents"]}
    assert fates["mill.md"]["chunks"] == 1 == result["chunks"] and not fates["mill.md"]["reason"]
    assert fates["broken.pdf"]["state"] == "failed" and "broken.pdf" in fates["broken.pdf"]["source"]
    assert fates["broken.pdf"]["reason"]
    found = said(capsys, "chunks", project, "--search", "orvel mill", "--limit", "5")
    assert found["total"] == 1 and set(found["chunks"][0]) == {"id", "content", "source", "chunk_index", "metadata"}
    made = said(capsys, "generate", project, "--provider", "built-in", "--style", "factual", "--pairs", "3")
    assert made["dataset"] == "sft_data" and 1 <= made["pairs"] <= 3 and made["failed"] == []
    assert said(capsys, "pairs", project)["pairs"] == made["pairs"]
    lines = (Path(project) / "data" / "sft_data.jsonl").read_text("utf-8").splitlines()
    assert len(lines) == made["pairs"] and all(set(json.loads(line)) == {"instruction", "output"} for line in lines)


def test_pairs_go_out_and_come_in(filled: str, tmp_path: Path, capsys):
    file = tmp_path / "mine.jsonl"
    file.write_text('{"instruction": "Who?", "output": "I."}\nnonsense\n{"question": "Why?", "answer": "So."}\n')
    result = said(capsys, "pairs", filled, "--dataset", "mine", "--import", str(file), "--export", str(tmp_path / "out.jsonl"))
    assert result["pairs"] == 2 and len(result["skipped"]) == 1 and "2" in result["skipped"][0]
    rows = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert rows == [{"instruction": "Who?", "output": "I."}, {"instruction": "Why?", "output": "So."}]


def test_what_is_not_there_yet_says_so(filled: str, capsys):
    assert "not there yet" in refused(capsys, "exam", filled)
    assert "not there yet" in refused(capsys, "chat", filled, "--rag")
    assert "not there yet" in refused(capsys, "export", filled, "--format", "gguf", "--ollama", "x")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["chunks", "nowhere/at/all"], "is not a project"),
        (["ingest", "{project}", "{project}/data", "--chunk-size", "many"], "Chunk size"),
        (["ingest", "{project}", "{project}/data", "--chunk-overlap", "600"], "smaller than the chunk size"),
        (["cpt", "{project}", "--base-model", "{project}"], "not a model"),
        (["cpt", "{project}", "--base-model", "nobody/nothing"], "nobody/nothing"),
        (["cpt", "{project}", "--base-model", "starter", "--epochs", "0"], "Epochs"),
        (["sft", "{project}"], ""),
        (["sft", "{project}", "--name", "../evil"], "cannot be the name"),
        (["export", "{project}", "--format", "gguf"], ""),
        (["chat", "{project}", "--prompt", "Hello?", "--model", "nobody"], "nobody"),
        (["generate", "{project}", "--provider", "ollama", "--style", "factual", "--url", "http://127.0.0.1:9"], "127.0.0.1:9"),
        (["generate", "{project}", "--provider", "built-in", "--style", "socratic"], "Ollama"),
        (["pairs", "{project}", "--import", "/vanished.jsonl"], "vanished.jsonl"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_bad_input_gets_one_sentence(filled: str, words: list[str], sentence: str, capsys):
    words = [word.format(project=filled) for word in words]
    assert sentence in refused(capsys, *words)


def test_an_ingest_of_which_nothing_could_be_read_is_a_failure_and_says_why(filled: str, documents: Path, capsys):
    """A script that goes on to train must not take it for done."""
    (documents / "other.pdf").write_bytes(b"nor this")
    for words, names in (
        (["/vanished/file.pdf"], ["file.pdf"]),
        ([str(documents / "broken.pdf"), str(documents / "other.pdf")], ["broken.pdf", "other.pdf"]),
    ):
        code = main(["ingest", filled, *words, "--json"])
        out, err = capsys.readouterr()
        fates = json.loads(out)["documents"]
        assert code == 1 and " be read: mend what is said of " in err and "Traceback" not in err
        assert sorted(Path(fate["source"]).name for fate in fates) == names
        assert all(fate["state"] == "failed" and fate["reason"] for fate in fates)
        assert main(["ingest", filled, *words]) == 1
        out, _err = capsys.readouterr()
        assert all(f"{name}: " in out for name in names), "a person sees the reasons too"
    assert main(["ingest", filled, str(documents / "mill.md"), str(documents / "broken.pdf")]) == 0


def test_wrong_usage_is_two(capsys):
    with pytest.raises(SystemExit) as left:
        main(["ingest"])
    assert left.value.code == 2


def test_a_bug_is_seventy(filled: str, monkeypatch, capsys):
    monkeypatch.setattr("services.project.Project.start_run", lambda *_: 1 / 0)
    assert main(["ingest", filled, filled]) == 70
    assert "ZeroDivisionError" in capsys.readouterr().err


@pytest.mark.skipif(os.name == "nt", reason="signals")
def test_ctrl_c_stops_with_130(project: Project, tmp_path: Path):
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(400):
        (folder / f"{number}.txt").write_text(f"Text number {number}. " * 400)
    command = [sys.executable, "main.py", "ingest", str(project.folder), str(folder)]
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True) as process:
        process.stderr.readline()  # it says something: it has begun
        process.send_signal(signal.SIGINT)
        process.stderr.read()
    assert process.returncode == 130
    assert project.runs("ingest")[0].state == "stopped"


def test_the_doctor_names_what_is_there():
    done = subprocess.run([sys.executable, "main.py", "doctor", "--json"], cwd=ROOT, capture_output=True, text=True, check=True)
    findings = {finding["subject"]: finding for finding in json.loads(done.stdout)["findings"]}
    assert findings["Python"]["state"] == "ok" and findings["torch"]["text"].startswith("2.13.0")
    assert all(finding["mend"] for finding in findings.values() if finding["state"] != "ok")
