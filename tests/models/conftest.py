"""Adapters with random weights, and a project whose models were made with them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from services.models.merge import merge_final
from services.models.provenance import write_provenance
from services.project import Project
from tests.models.hub import Hub
from tests.tiny_models import make_tiny_model


def make_adapter(base: Path, folder: Path, seed: int, targets: Any = "all-linear", rank: int = 4) -> Path:
    """A LoRA adapter as training leaves one, with both halves random, so that merging it changes every layer."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM, AutoTokenizer

    torch.manual_seed(seed)
    model = AutoModelForCausalLM.from_pretrained(base)
    adapted = get_peft_model(
        model, LoraConfig(r=rank, lora_alpha=2 * rank, target_modules=targets, task_type="CAUSAL_LM")
    )
    with torch.no_grad():
        for name, weight in adapted.named_parameters():
            if "lora_" in name:
                weight.normal_(0.0, 0.1)
    adapted.save_pretrained(folder)
    AutoTokenizer.from_pretrained(base).save_pretrained(folder)
    return folder


@pytest.fixture(scope="session")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project with a tiny Qwen2 base, a knowledge adapter and a final model. Read only."""
    place = tmp_path_factory.mktemp("trained")
    base = make_tiny_model(place / "base", "qwen2", has_chat_template=False)
    project = Project.create(place / "project")
    make_adapter(base, project.cpt_model_folder, seed=1)
    write_provenance(project.cpt_model_folder, kind="cpt", base_model=str(base), run=1)
    sft = make_adapter(base, place / "sft", seed=2)
    for name in ("final", "casual"):
        values = {"kind": "final", "base_model": str(base), "cpt_run": 1}
        merge_final(base, project.cpt_model_folder, sft, project.model_folder(name), values)
    return project


@pytest.fixture(scope="session")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of a few megabytes with a card, large enough to be stopped halfway. Read only."""
    folder = make_tiny_model(tmp_path_factory.mktemp("models") / "tiny", "qwen2", hidden_size=256)
    card = "---\ntags: [a]\nlanguage:\n- de\n- en\nlicense: apache-2.0\n---\n# Tiny\n"
    (folder / "README.md").write_text(card, encoding="utf-8")
    return folder


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[Hub]:
    hub = Hub(tmp_path / "hub", tmp_path / "cache")
    yield hub
    hub.close()
