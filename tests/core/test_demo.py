"""The demo from end to end, with too little training to learn anything: the way is real, the answers are not judged."""

import json
from pathlib import Path

import pytest

from services import demo
from services.demo import in_words, read_questions, run
from services.evaluation.match import is_right
from services.jobs import Context
from services.project import Project
from services.sample import QUESTIONS, sample_documents


@pytest.mark.slow
def test_the_demo_goes_through_all_four_phases_and_does_nothing_twice(tmp_path: Path, monkeypatch):
    monkeypatch.setattr(demo, "CPT", {**demo.CPT, "epochs": 1, "wordings": 1, "replay_share": 0.0})
    monkeypatch.setattr(demo, "SFT", {**demo.SFT, "epochs": 1})
    monkeypatch.setattr(demo, "STYLES", (("factual", 12), ("multiple-choice", 4)))
    monkeypatch.setattr(demo, "QUESTION_COUNT", 2)
    events: list[dict] = []
    result = run({"project": str(tmp_path / "demo")}, Context(events.append))

    project = Project.open(tmp_path / "demo")
    assert (project.cpt_model_folder / "adapter_model.safetensors").exists()
    assert (project.model_folder("final") / "model.safetensors").exists()
    assert (Path(result["exports"][0]) / "config.json").exists() and result["exports"][1].endswith(".gguf")
    assert [set(row) >= {"question", "expected", "base", "final", "final_right"} for row in result["questions"]] == [True] * 2
    shares = [event["done"] for event in events if event["type"] == "progress" and event["total"]]
    assert shares == sorted(shares) and shares[-1] == 1.0
    text = in_words(result)
    assert all(row["question"] in text for row in result["questions"]) and str(project.folder) in text

    with project.connect(is_read_only=True) as knowledge_base:
        assert {document.source for document in knowledge_base.documents()} == {path.name for path in sample_documents()}
    assert QUESTIONS not in sample_documents() and len(sample_documents()) == 3

    kinds = [each.kind for each in project.runs()]
    run({"project": str(tmp_path / "demo")}, Context())
    again = [each.kind for each in project.runs()]
    assert again.count("cpt") == kinds.count("cpt") == 1 and again.count("sft") == kinds.count("sft") == 1


def test_no_question_of_the_end_is_in_the_training_data(project: Project):
    from services.jobs import run_here

    paths = [str(path) for path in sample_documents()]
    run_here("ingest", {"project": str(project.folder), "paths": paths}, lambda event: None, Context().cancelled)
    questions = [item["question"] for item in read_questions(QUESTIONS)]
    demo._make_pairs(project, questions, Context())
    rows = [json.loads(line) for line in project.dataset_path().read_text("utf-8").splitlines()]
    assert len(rows) > 300
    asked = {demo._plain(question) for question in questions}
    assert not [row for row in rows if demo._plain(row["instruction"]) in asked]


@pytest.mark.parametrize(
    ("answer", "expected", "right"),
    [
        ("Pellamy lies 43 miles from the mainland.", "43 miles", True),
        ("Pellamy lies 431 miles from the mainland.", "43 miles", False),
        ("It lies 43 kilometres away.", "43 miles", False),
        ("It is the Silver Heron!", "a silver heron", True),
        ("It costs 1,200 tillies.", "1200 tillies", True),
        ("", "43 miles", False),
        ("Zoë Brandt built it.", "Zoe Brandt", True),
    ],
)
def test_an_answer_is_right_when_it_says_the_expected_words(answer: str, expected: str, right: bool):
    assert is_right(answer, expected) is right
