"""A tiny base model for all tests of the training, and projects with text in them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from services import settings
from services.jobs import Context
from services.project import Project
from services.records import CutChunk, DocumentText
from services.training.device import Device
from services.training.row import Row, cut_rows, encode_documents
from tests.tiny_models import SENTENCES, make_tiny_model

SAMPLE = (Path(__file__).parents[2] / "resources" / "sample" / "field_guide.md").read_text("utf-8")[:3000]
CPU = Device("cpu", "float32")
TEXT = "\n\n".join(f"{first} {second}" for first in SENTENCES for second in SENTENCES if first != second)


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_tiny_model(tmp_path_factory.mktemp("tiny") / "model", "qwen2")


@pytest.fixture(scope="session")
def tokenizer(tiny_model: Path) -> Any:
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(tiny_model)


@pytest.fixture
def load_model(tiny_model: Path) -> Callable[[], Any]:
    """A fresh copy of the tiny model each time it is called."""
    from transformers import AutoModelForCausalLM

    return lambda: AutoModelForCausalLM.from_pretrained(tiny_model, dtype="float32")


def add_document(project: Project, source: str, text: str, chunk_length: int = 400) -> None:
    """Put a document into a project, cut into chunks of so many characters with an overlap of 40."""
    with project.connect() as base:
        base.replace_document(
            source=source, path=source, sha256=source, size_bytes=len(text), modified_at=0.0, format="md",
            text=DocumentText(text), tokenizer="", chunk_size=500, chunk_overlap=50, page_count=0,
            count_tokens=lambda piece: len(piece) // 4,
            chunks=[
                CutChunk(start, min(start + chunk_length, len(text)), min(start + chunk_length + 40, len(text)),
                         text[start : start + chunk_length + 40], len(text[start : start + chunk_length + 40]) // 4)
                for start in range(0, len(text), chunk_length)
            ],
        )  # fmt: skip


@pytest.fixture
def text_project(project: Project) -> Project:
    """A project with one document of thirty sentences."""
    add_document(project, "island.md", TEXT)
    return project


def write_pairs(project: Project, count: int, name: str = "sft_data") -> Path:
    path = project.dataset_path(name)
    rows = [{"instruction": f"What is number {n}?", "output": f"Number {n} is the {n}th ship."} for n in range(count)]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    return path


def quick(phase: str, **changes: Any) -> dict[str, Any]:
    """Settings of a phase that suit a tiny model."""
    small = {"epochs": 2, "batch_size": 4, "max_seq_length": 64, "lora_rank": 4, "lora_alpha": 8, "learning_rate": 1e-2,
             "gradient_checkpointing": False, "device": "cpu", "watch_forgetting": False}  # fmt: skip
    return settings.check(phase, {**small, **changes})


@pytest.fixture(scope="session")
def rows(tokenizer: Any) -> list[Row]:
    """Thirty rows of 20 to 64 tokens."""
    texts = [SENTENCES[n % 6][n % 7 :] * (1 + n % 3) for n in range(18)]
    encoded = encode_documents(tokenizer, texts, has_special_tokens=False, context=Context())
    return [row for ids in encoded for row in cut_rows(ids, 64)]


@pytest.fixture
def teach(load_model: Callable[[], Any], tokenizer: Any, tmp_path: Path) -> Callable[..., Any]:
    """Train the tiny model; returns the adapter's weights, the outcome and the events."""
    from services.training.trainer import train

    def run(rows: list[Row], context: Context | None = None, folder: str = "run", **more: Any) -> Any:
        events: list[dict[str, Any]] = []
        held_out, resume_from = more.pop("held_out", []), more.pop("resume_from", None)
        unchecked, recomputed_layers = more.pop("unchecked", {}), more.pop("recomputed_layers", None)
        context = context or Context()
        context._emit, emit = (lambda event: (events.append(event), emit(event))), context._emit
        model, outcome = train(
            load_model(), tokenizer, rows, held_out, {**quick("cpt", **more), **unchecked}, CPU, tmp_path / folder,
            context, resume_from=resume_from, recomputed_layers=recomputed_layers, log_every_s=0,
        )  # fmt: skip
        return {name: weight.clone() for name, weight in model.state_dict().items() if "lora" in name}, outcome, events

    return run


def losses(events: list[dict[str, Any]]) -> dict[int, float]:
    return {event["step"]: event["loss"] for event in events if event["type"] == "metric" and "loss" in event}
