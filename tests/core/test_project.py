"""The folder of a project: made, found, locked, and read back."""

import subprocess
import sys
from pathlib import Path

import pytest

from services.errors import UserError
from services.project import Project, projects_folder

ROOT = Path(__file__).resolve().parents[2]


def test_a_new_project_has_its_knowledge_base(tmp_path: Path):
    project = Project.create(tmp_path / "a")
    assert (tmp_path / "a" / "data" / "rag_db.sqlite").exists()
    assert Project.open(tmp_path / "a").name == project.name == "a"


def test_a_folder_with_other_things_is_left_alone(tmp_path: Path):
    (tmp_path / "letter.txt").write_text("mine")
    with pytest.raises(UserError, match="not empty"):
        Project.create(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["letter.txt"]


@pytest.mark.parametrize("make", [lambda path: None, lambda path: path.mkdir(), lambda path: path.write_text("x")])
def test_what_is_no_project_is_refused_with_a_sentence(tmp_path: Path, make):
    make(tmp_path / "x")
    with pytest.raises(UserError, match="not a project"):
        Project.open(tmp_path / "x")


def test_an_existing_path_wins_over_a_name(tmp_path: Path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert Project.find("biology") == projects_folder() / "biology"
    (tmp_path / "biology").mkdir()
    assert Project.find("biology") == Path("biology")
    assert Project.find("./demo") == Path("demo")


@pytest.mark.parametrize("name", ["../evil", "a/b", "", ".hidden", "a\\b", "x.", "cpt", "base", "checkpoints", "a\nb"])
def test_a_name_cannot_leave_its_folder_or_take_a_place(project: Project, name: str):
    with pytest.raises(UserError):
        project.model_folder(name)


def test_runs_are_numbered_and_read_back(project: Project):
    first = project.start_run("cpt", {"epochs": 3})
    second = project.start_run("sft", {"epochs": 2})
    (first / "events.jsonl").write_text('{"type": "metric", "step": 5, "loss": 1.5}\n{"type": "result", "value": {"steps": 5}}\n')
    assert (first.name, second.name) == ("0001-cpt", "0002-sft")
    sft, cpt = project.runs()
    assert (cpt.state, cpt.metric["loss"], cpt.result["steps"], cpt.settings["epochs"]) == ("finished", 1.5, 5, 3)
    assert sft.state == "interrupted"
    with project.lock("a test"):
        assert project.runs("sft")[0].state == "running"


def test_one_job_at_a_time_and_death_frees_the_project(project: Project):
    script = (
        "import sys, time; from pathlib import Path; from services.project import Project\n"
        f"with Project(Path({str(project.folder)!r})).lock('it'):\n"
        "    print('held', flush=True); time.sleep(300)"
    )
    with subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(UserError, match="Another training or ingest"), project.lock("it"):
            pass
        holder.kill()
    with project.lock("it"), pytest.raises(UserError), project.lock("again"):
        pass


def test_a_second_export_of_a_day_gets_a_number(project: Project):
    first, second = project.new_export_folder("gguf"), project.new_export_folder("gguf")
    assert first.name.startswith("gguf_2") and second.name == f"{first.name}-2"


def test_the_status_of_an_empty_project_says_what_is_next(project: Project):
    status = project.status()
    assert (status.chunk_count, status.cpt.exists, status.next_step) == (0, False, "ingest")
