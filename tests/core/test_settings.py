"""Settings: the recipe's defaults, limits with a sentence, and one declaration for every way in."""

import argparse

import pytest

from services import settings
from services.errors import UserError

EVERY = [(phase, setting) for phase, group in settings.PHASES.items() for setting in group]


def test_the_recipe_is_the_default():
    ingest, cpt, sft = (settings.defaults(phase) for phase in ("ingest", "cpt", "sft"))
    assert (ingest["chunk_size"], ingest["chunk_overlap"]) == (500, 50)
    assert [cpt[key] for key in ("lora_rank", "learning_rate", "epochs", "batch_size", "max_seq_length")] == [32, 3e-4, 3, 4, 2048]
    assert [sft[key] for key in ("lora_rank", "learning_rate", "epochs", "gradient_checkpointing")] == [16, 2e-4, 2, True]
    assert (cpt["wordings"], cpt["replay_share"]) == (1, 0)


@pytest.mark.parametrize(("phase", "setting"), EVERY, ids=lambda value: getattr(value, "key", value))
def test_every_setting_has_words_and_a_default_within_its_limits(phase, setting):
    assert setting.label and setting.help.endswith(".") and len(setting.help) > 20
    assert setting.read(setting.default) == setting.default
    assert setting.key == setting.key.lower() and settings.declared(phase, setting.key) is setting


@pytest.mark.parametrize(("phase", "setting"), EVERY, ids=lambda value: getattr(value, "key", value))
def test_every_setting_is_an_option_that_reads_its_own_default(phase, setting):
    parser = argparse.ArgumentParser()
    settings.add_options(parser, phase)
    if setting.kind == "bool":
        words = [setting.option if setting.default else f"--no-{setting.option[2:]}"]
    else:
        words = [f"{setting.option}={setting.default}"]
    assert settings.from_options(phase, parser.parse_args(words))[setting.key] == setting.default


@pytest.mark.parametrize("value", ["many", 0, -1, 1.5, 10**9, float("nan"), float("inf"), True])
def test_a_value_that_cannot_be_names_the_setting(value):
    with pytest.raises(UserError, match="^Epochs"):
        settings.check("cpt", {"epochs": value})


def test_an_overlap_as_large_as_the_chunk_is_refused():
    with pytest.raises(UserError, match="overlap"):
        settings.check("ingest", {"chunk_size": 50, "chunk_overlap": 50})


def test_a_choice_lists_what_there_is():
    with pytest.raises(UserError, match="ollama, openrouter"):
        settings.check("generate", {"provider": "oracle"})


def test_numbers_may_come_as_text_and_other_keys_are_left_out():
    checked = settings.check("cpt", {"epochs": "5", "learning_rate": "5e-4", "project": "/x"})
    assert checked["epochs"] == 5 and checked["learning_rate"] == 5e-4 and "project" not in checked


def test_the_page_of_settings_is_up_to_date():
    import runpy
    from pathlib import Path

    root = Path(__file__).resolve().parents[2]
    page = runpy.run_path(str(root / "packaging" / "write_settings.py"))["settings_page"]()
    assert (root / "docs" / "SETTINGS.md").read_text("utf-8") == page
