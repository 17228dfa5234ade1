"""The cache of this computer: what lies in it, what is unfinished, what needs it, and removing."""

import json
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.errors import UserError
from services.models.base import describe, local_models
from services.models.cache import cached_model, cached_models, delete_model, hold_model, projects_using, storage_of
from services.models.provenance import write_provenance
from services.project import Project
from services.training.checkpoint import TrainingRecord, start_record
from tests.models.hub import Hub, events


@pytest.fixture
def filled(hub: Hub, tiny: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Hub]:
    """A cache with one model, and another that was begun."""
    for name, value in hub.environment(HF_HUB_OFFLINE="1").items():
        monkeypatch.setenv(name, value)
    hub.add("author/whole", tiny)
    hub.add("author/begun", tiny, "hold")
    hub.download("author/whole")
    with hub.start("author/begun") as process:
        next(event for event in events(process) if event["type"] == "progress" and event["done"] > 300_000)
        process.kill()
    yield hub


def test_what_lies_in_the_cache_is_listed_with_its_sizes(filled: Hub, tiny: Path) -> None:
    (storage_of("author/nothing") / "refs").mkdir(parents=True)  # as other programs leave it
    found = {model.name: model for model in cached_models()}
    assert set(found) == {"author/whole", "author/begun"}
    whole, begun = found["author/whole"], found["author/begun"]
    size = sum(path.stat().st_size for path in tiny.iterdir())
    assert whole.snapshot and size <= whole.size_bytes < size + 1000 and not whole.total_bytes
    assert describe(whole.snapshot).commit == whole.snapshot.name
    assert begun.snapshot is None and 300_000 < begun.size_bytes < begun.total_bytes == size
    os.utime(next((whole.storage / "blobs").iterdir()), (4_000_000_000, 1))
    assert {model.name: model.used_at for model in cached_models()}["author/whole"] == 4_000_000_000


@pytest.mark.parametrize("name", ["author/whole", "author/begun"])
def test_removing_frees_the_disk(filled: Hub, name: str) -> None:
    (size,) = [model.size_bytes for model in cached_models() if model.name == name]
    assert delete_model(name) == size
    assert not storage_of(name).exists() and name not in [model.name for model in cached_models()]
    assert len(cached_models()) == 1


def test_a_removal_that_was_cut_off_leaves_nothing_that_is_taken_for_a_model(filled: Hub) -> None:
    for blob in (storage_of("author/whole") / "blobs").iterdir():
        blob.unlink()
    assert cached_model("author/whole") is None
    assert "author/whole" not in [info.name for info in local_models()]


def test_what_is_being_fetched_is_not_removed(filled: Hub) -> None:
    refused: list[str] = []

    def remove() -> None:
        try:
            delete_model("author/whole")
        except UserError as error:
            refused.append(str(error))

    with hold_model(storage_of("author/whole")):
        thread = threading.Thread(target=remove)
        thread.start()
        thread.join()
    assert "author/whole is being downloaded" in refused[0] and cached_model("author/whole")


def test_the_projects_that_need_a_model_are_known(tmp_path: Path) -> None:
    trained, begun, other = (Project.create(tmp_path / name) for name in ("trained", "begun", "other"))
    trained.cpt_model_folder.mkdir()
    write_provenance(trained.cpt_model_folder, base_model="author/whole")
    start_record(begun.checkpoints_folder / "cpt-0001", TrainingRecord("cpt", 1, {}, "author/whole", "", ""))
    start_record(other.checkpoints_folder / "cpt-0001", TrainingRecord("cpt", 1, {}, "author/else", "", ""))
    (other.checkpoints_folder / "cpt-0001" / "run.json").with_name("torn").mkdir()
    folders = [project.folder for project in (trained, begun, other)] + [tmp_path / "gone"]
    assert projects_using("author/whole", folders) == [trained.folder, begun.folder]
    record = begun.checkpoints_folder / "cpt-0001" / "run.json"
    record.write_text(json.dumps([]))
    assert projects_using("author/whole", folders) == [trained.folder]
