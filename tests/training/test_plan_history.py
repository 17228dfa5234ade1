"""What a training will do."""

from services.jobs import Context
from services.project import Project
from services.training.plan import more_steps, plan, run
from tests.training.conftest import add_document, quick, write_pairs


def test_the_plan_of_a_cpt_is_close_to_what_is_trained(text_project: Project) -> None:
    made = plan(text_project, "cpt", quick("cpt", epochs=3, validation_share=0.0))

    with text_project.connect() as base:
        ((_source, text),) = base.corpus()
    assert abs(made["tokens"] - len(text) / 4) < 0.05 * made["tokens"]
    assert made["rows"] == -(-(made["tokens"] - 1) // 63)
    assert made["steps"] == 3 * made["epoch_steps"] == 3 * -(-made["rows"] // 4)
    assert made["text"].endswith(f" tokens, {made['steps']} steps")
    assert made["warnings"] and f"only {made['steps']} steps" in made["warnings"][0]


def test_wordings_and_replay_count(text_project: Project) -> None:
    plain = plan(text_project, "cpt", quick("cpt"))
    told = plan(text_project, "cpt", quick("cpt", wordings=4))
    replayed = plan(text_project, "cpt", quick("cpt", replay_share=0.5))

    assert abs(told["tokens"] / plain["tokens"] - 4) < 0.1
    assert abs(replayed["tokens"] / plain["tokens"] - 2) < 0.1
    assert told["steps"] > 3 * plain["steps"]


def test_the_plan_of_an_sft_counts_pairs(project: Project) -> None:
    write_pairs(project, 40, "formal")

    made = run({"project": str(project.folder), "phase": "sft", "dataset": "formal", "epochs": 2}, Context())

    assert made["rows"] == 36 and made["held_out"] == 4 and made["steps"] == 18
    assert plan(project, "sft", {})["rows"] == 0


def test_an_empty_project_has_an_empty_plan(project: Project) -> None:
    made = plan(project, "cpt", {})

    assert made["tokens"] == made["rows"] == made["steps"] == 0 and made["warnings"] == []


def test_enough_steps_need_no_warning(project: Project) -> None:
    add_document(project, "long.md", "The ferry lands at the northern pier. " * 2000)

    assert plan(project, "cpt", quick("cpt", epochs=10))["warnings"] == []


def test_little_text_gets_settings_that_make_enough_steps() -> None:
    assert more_steps(3, {"epochs": 3, "wordings": 1, "batch_size": 4}) == {"wordings": 8, "batch_size": 2, "epochs": 10}
    assert more_steps(60, {"epochs": 2, "batch_size": 4}) == {"batch_size": 2, "epochs": 3}
    assert more_steps(200, {"epochs": 3, "wordings": 1, "batch_size": 16}) == {"batch_size": 10}
    assert more_steps(400, {"epochs": 3, "wordings": 1, "batch_size": 4}) == {}
    assert more_steps(0, {}) == {}
