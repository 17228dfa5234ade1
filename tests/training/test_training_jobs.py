"""Both jobs from text to model, with a tiny base: what they write, refuse, and how they go on after a kill."""

import json
import shutil
import threading
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from services.errors import Cancelled, UserError
from services.jobs import Child, ChildDied, Context, run_here
from services.knowledge_base.pairs import NewPair
from services.models.merge import load_merged
from services.models.provenance import read_provenance
from services.models.removal import delete, restore
from services.models.renaming import rename
from services.models.stored import stored
from services.project import Project
from services.sft_data.dataset import delete_dataset, rename_dataset
from services.sft_data.jsonl import write_dataset
from services.training.checkpoint import fingerprint_model
from services.training.corpus import hash_file, read_corpus
from services.training.history import MetricHistory
from services.training.session import resumable_step
from tests.training.conftest import SAMPLE, TEXT, add_document, quick, write_pairs


def run(project: Project, phase: str, emit: Any = None, cancelled: Any = None, **settings: Any) -> dict[str, Any]:
    """Run a job as a command does, with a folder of its own."""
    values = {"project": str(project.folder), **settings}
    return run_here(
        phase, values, emit or (lambda event: None), cancelled or threading.Event(), project.start_run(phase, values)
    )


def test_from_text_to_two_variants(text_project: Project, tiny_model: Path) -> None:
    project = text_project
    with pytest.raises(UserError, match="no CPT model yet"):
        write_pairs(project, 20)
        run(project, "sft", **quick("sft"))

    result = run(project, "cpt", base_model=str(tiny_model), **quick("cpt", epochs=3))

    assert set(result) >= {"run", "model", "steps", "loss", "validation_loss", "tokens", "seconds"}
    assert Path(result["model"]) == project.cpt_model_folder
    assert {"adapter_model.safetensors", "adapter_config.json", "tokenizer.json"} <= {
        path.name for path in project.cpt_model_folder.iterdir()
    }
    made = read_provenance(project.cpt_model_folder)
    assert made["kind"] == "cpt" and made["run"] == result["run"] and made["base_model"] == str(tiny_model)
    adapter = json.loads((project.cpt_model_folder / "adapter_config.json").read_text())
    assert adapter["base_model_name_or_path"] == str(tiny_model) and adapter["r"] == 4
    layers = {name.rpartition(".")[2] for name in adapter["target_modules"]}
    assert layers == {"q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"}
    assert project.status().cpt.exists and not project.status().cpt.is_stale
    assert read_corpus(project.cpt_data_path, "<|im_end|>") == [TEXT]
    record = project.runs("cpt")[0]
    assert record.state == "finished" and record.result == result
    steps, losses = MetricHistory.read(record.folder).points("loss")
    assert steps[0] == 1 and steps[-1] == result["steps"] and losses[-1] < losses[0]

    first = run(project, "sft", **quick("sft", epochs=3))
    write_pairs(project, 12, "formal")
    second = run(project, "sft", dataset="formal", name="formal", **quick("sft"))

    assert first["name"] == "final" and first["pairs"] == 20 and first["left_out"] == 0
    assert second["dataset"] == "formal" and Path(second["model"]) == project.model_folder("formal")
    assert project.final_models() == ["final", "formal"]
    made = read_provenance(project.model_folder("final"))
    assert made["kind"] == "final" and made["cpt_run"] == result["run"] and made["dataset"] == "sft_data"
    assert (project.model_folder("final") / "sft_adapter" / "adapter_model.safetensors").exists()
    assert not any(final.is_stale for final in project.status().finals)
    assert not list(project.checkpoints_folder.glob("*-0*"))


def test_the_final_model_answers_as_it_was_trained(text_project: Project, tiny_model: Path) -> None:
    """The merged model on the disk is the model that was trained: it says what the pairs say, and ends."""
    from services.models.chat_template import encode_chat, prepare_chat
    from services.models.merge import load_merged

    project = text_project
    run(project, "cpt", base_model=str(tiny_model), **quick("cpt", epochs=1))
    write_pairs(project, 3)
    run(project, "sft", **quick("sft", epochs=60, batch_size=1, lora_rank=16, lora_alpha=32))

    model, tokenizer = load_merged(project, "final", "cpu", "float32")
    chat = prepare_chat(tokenizer, model.config, model.generation_config)
    import torch

    ids = torch.tensor([encode_chat(tokenizer, [{"role": "user", "content": "What is number 2?"}], chat)])
    written = model.generate(input_ids=ids, max_new_tokens=40, do_sample=False)[0, ids.shape[1] :]
    assert tokenizer.decode(written) == "Number 2 is the 2th ship.<|im_end|>"


def test_a_second_run_moves_the_first_aside(text_project: Project, tiny_model: Path) -> None:
    project = text_project
    first = run(project, "cpt", base_model=str(tiny_model), **quick("cpt", epochs=1))
    second = run(project, "cpt", base_model=str(tiny_model), **quick("cpt", epochs=1))

    kept = project.models_folder / f"cpt_model-{first['run']:04d}"
    assert read_provenance(kept)["run"] == first["run"]
    assert read_provenance(project.cpt_model_folder)["run"] == second["run"] != first["run"]


def test_the_base_model_writes_what_it_is_to_remember(text_project: Project, tiny_model: Path, tokenizer: Any) -> None:
    project = text_project
    settings = quick("cpt", epochs=1, replay_share=0.4, max_seq_length=48)
    run(project, "cpt", base_model=str(tiny_model), **settings)

    documents = read_corpus(project.cpt_data_path, "<|im_end|>")
    lengths = [len(tokenizer(document)["input_ids"]) + 1 for document in documents]
    assert documents[0] == TEXT
    assert sum(lengths[1:]) / sum(lengths) == pytest.approx(0.4, abs=0.05)
    exchanges = [document for document in documents[1:] if "<|im_start|>assistant\n" in document]
    assert 0.25 < len(exchanges) / len(documents[1:]) < 0.75
    assert all(text.startswith("<|im_start|>user\n") and text.endswith("<|im_end|>") for text in exchanges)
    ids = tokenizer(exchanges[0])["input_ids"]
    assert ids.count(tokenizer.convert_tokens_to_ids("<|im_start|>")) == 2

    (cache,) = project.checkpoints_folder.glob("replay-*.jsonl")
    before = cache.stat().st_mtime_ns, cache.read_bytes()
    run(project, "cpt", base_model=str(tiny_model), **settings)
    assert read_corpus(project.cpt_data_path, "<|im_end|>") == documents
    assert (cache.stat().st_mtime_ns, cache.read_bytes()) == before


def test_a_second_start_does_not_make_the_tokens_again(
    text_project: Project, tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from services.training import cpt, sft

    calls: list[str] = []
    for module, name in ((cpt, "cut_rows"), (sft, "encode_conversations")):
        make = getattr(module, name)
        monkeypatch.setattr(
            module, name, lambda *arguments, make=make, name=name, **more: calls.append(name) or make(*arguments, **more)
        )
    write_pairs(text_project, 12)
    for phase, base in (("cpt", {"base_model": str(tiny_model)}), ("sft", {})):
        first = run(text_project, phase, **base, **quick(phase, epochs=1))
        assert len(calls) == 1
        second = run(text_project, phase, **base, **quick(phase, epochs=1))
        assert len(calls) == 1
        assert first["loss"] == second["loss"] and first["tokens"] == second["tokens"]
        calls.clear()


def test_retellings_are_kept_aside_and_no_text_is(project: Project, tiny_model: Path, tokenizer: Any) -> None:
    from services.training import cpt
    from services.training.checkpoint import TrainingRecord

    add_document(project, "guide.md", SAMPLE, chunk_length=1000)
    settings = quick("cpt", wordings=4, validation_share=0.1)
    record = cpt._write_text(project, TrainingRecord("cpt", 1, settings, "", "", ""), None, tokenizer, Context())

    rows, held_out = cpt._rows(project, record, tokenizer, Context())

    documents = read_corpus(project.cpt_data_path, "<|im_end|>")
    tokens = sum(len(tokenizer(document)["input_ids"]) + 1 for document in documents)
    assert sum(row.token_count for row in [*rows, *held_out]) == tokens
    assert len(held_out) >= 2
    for row in held_out:
        text = tokenizer.decode(row.input_ids).removesuffix("<|im_end|>")
        assert any(text in wording for wording in documents[1:])
    assert documents[0] in "".join(tokenizer.decode(row.labels[row.labels >= 0]) for row in rows)


@pytest.mark.parametrize(
    ("phase", "settings", "sentence"),
    [
        ("cpt", {"base_model": ""}, "No base model"),
        ("cpt", {"base_model": "/no/such/folder"}, "no folder"),
        ("cpt", {"base_model": "starter", "epochs": 0}, "Epochs"),
        ("sft", {"name": "../evil"}, "cannot be the name"),
        ("sft", {"name": "base"}, "is taken"),
        ("sft", {"dataset": "../evil"}, "cannot be the name"),
    ],
)
def test_bad_settings_are_a_sentence(text_project: Project, phase: str, settings: dict, sentence: str) -> None:
    if phase == "sft":
        text_project.cpt_model_folder.mkdir(parents=True)
        (text_project.cpt_model_folder / "adapter_config.json").write_text("{}")
    with pytest.raises(UserError, match=sentence):
        run(text_project, phase, **settings)


def test_too_little_text_and_too_long_pairs_are_said(project: Project, tiny_model: Path) -> None:
    add_document(project, "a.md", "Hello.")
    with pytest.raises(UserError, match="only 8 tokens: too little|only . tokens: too little"):
        run(project, "cpt", base_model=str(tiny_model), **quick("cpt"))

    add_document(project, "b.md", TEXT)
    run(project, "cpt", base_model=str(tiny_model), **quick("cpt", epochs=1))
    path = write_pairs(project, 10)
    with pytest.raises(UserError, match="Every pair is longer than 16 tokens"):
        run(project, "sft", **quick("sft", max_seq_length=16))
    path.write_text(path.read_text() + json.dumps({"instruction": "Why?", "output": "ship " * 99}) + "\n")
    warnings: list[str] = []
    result = run(project, "sft", lambda event: warnings.append(event.get("text", "")), **quick("sft", epochs=1))
    assert result["left_out"] == 1 and any("1 pairs are longer than 64" in text for text in warnings)


def test_two_trainings_at_once_are_refused(text_project: Project, tiny_model: Path) -> None:
    with text_project.lock("an ingest"):
        with pytest.raises(UserError, match="Another training or ingest"):
            run(text_project, "cpt", base_model=str(tiny_model), **quick("cpt"))


def test_a_stopped_run_goes_on_and_not_with_something_else(text_project: Project, tiny_model: Path) -> None:
    project, cancelled = text_project, threading.Event()
    settings = quick("cpt", epochs=6)

    def stop(event: dict[str, Any]) -> None:
        if event["type"] == "metric":
            cancelled.set()

    with pytest.raises(Cancelled):
        run(project, "cpt", stop, cancelled, base_model=str(tiny_model), **settings)
    step = resumable_step(project, "cpt")
    assert step and not project.cpt_model_folder.exists() and project.runs("cpt")[0].state == "stopped"

    with pytest.raises(UserError, match="“Epochs” was 6 and is now 7"):
        run(project, "cpt", resume=True, base_model=str(tiny_model), **{**settings, "epochs": 7})
    former = project.cpt_data_path.read_bytes()
    project.cpt_data_path.write_bytes(former + b"more\n")
    with pytest.raises(UserError, match="text it learns from has changed"):
        run(project, "cpt", resume=True)
    project.cpt_data_path.write_bytes(former)

    result = run(project, "cpt", resume=True)  # everything else as it was

    record = project.runs("cpt")[0]
    assert MetricHistory.read(record.folder).points("loss")[0][0] == step + 1
    assert result["run"] == record.number and resumable_step(project, "cpt") is None
    assert read_provenance(project.cpt_model_folder)["settings"]["epochs"] == 6


def test_nothing_to_go_on_with_starts_anew(text_project: Project, tiny_model: Path) -> None:
    warnings: list[str] = []

    run(
        text_project, "cpt", lambda event: warnings.append(event.get("text", "")),
        base_model=str(tiny_model), resume=True, **quick("cpt", epochs=1),
    )  # fmt: skip

    assert any("starts anew" in text for text in warnings)


def test_killed_in_the_middle_it_goes_on(text_project: Project, tiny_model: Path) -> None:
    """kill -9 of the real process, once its first checkpoint is there."""
    project = text_project
    values = {"project": str(project.folder), "base_model": str(tiny_model),
              **quick("cpt", epochs=1000, save_every_minutes=0.05)}  # fmt: skip
    folder = project.start_run("cpt", values)
    child = Child("cpt", values, folder)
    seen: list[int] = []

    def kill_when_saved(event: dict[str, Any]) -> None:
        if event["type"] == "metric":
            seen.append(event["step"])
            if list(project.checkpoints_folder.glob("cpt-*/checkpoint-*/complete.json")):
                child.kill()

    with pytest.raises((Cancelled, ChildDied)):
        child.run(kill_when_saved, threading.Event())
    step = resumable_step(project, "cpt")
    assert step and step <= seen[-1] + 1
    half = next(project.checkpoints_folder.glob("cpt-*")) / f"checkpoint-{step + 500}"
    half.mkdir()
    (half / "adapter_model.safetensors").write_bytes(b"half")

    cancelled = threading.Event()
    first: list[int] = []

    def stop(event: dict[str, Any]) -> None:
        if event["type"] == "metric":
            first.append(event["step"])
            cancelled.set()

    with pytest.raises(Cancelled):
        run_here("cpt", {**values, "resume": True}, stop, cancelled, folder)

    assert first[0] == step + 1 and not half.exists()
    assert resumable_step(project, "cpt") > step
    steps = MetricHistory.read(folder).points("loss")[0].tolist()
    assert steps == sorted(set(steps)) and step + 1 in steps


def test_a_run_says_what_it_ran_on(text_project: Project, tiny_model: Path) -> None:
    project, cancelled = text_project, threading.Event()
    snapshot = project.folder / "cache" / "models--a--b" / "snapshots" / ("0a1b2c3d" * 5)
    shutil.copytree(tiny_model, snapshot)
    settings = quick("cpt", epochs=6, seed=7)

    def stop(event: dict[str, Any]) -> None:
        if event["type"] == "metric" and "loss" in event:
            cancelled.set()

    with pytest.raises(Cancelled):
        run(project, "cpt", stop, cancelled, base_model=str(snapshot), **settings)
    (first,) = project.runs("cpt")
    step = resumable_step(project, "cpt")
    run(project, "cpt", resume=True)

    origin = project.runs("cpt")[0].origin
    assert first.origin["settings"] == origin["settings"] == settings and origin["seed"] == 7
    assert origin["base_model"] == {
        "name": str(snapshot), "folder": str(snapshot), "revision": snapshot.name, "fingerprint": fingerprint_model(snapshot)
    }  # fmt: skip
    assert origin["data"]["sha256"] == hash_file(project.cpt_data_path) == first.origin["data"]["sha256"]
    (begun,), (session,) = first.origin["sessions"], origin["sessions"]
    assert (begun["step"], session["step"]) == (0, step)
    assert {"wissenswerk", "python", "torch", "transformers", "trl", "peft"} <= set(session["versions"])
    assert session["machine"]["processor"] and session["machine"]["memory_bytes"] > 2**28 and session["device"] == "cpu"
    assert session["dtype"] == begun["dtype"] in ("float32", "bfloat16") and datetime.fromisoformat(session["started_at"])

    write_pairs(project, 12)
    run(project, "sft", **quick("sft", epochs=1))
    taught = project.runs("sft")[0].origin
    assert taught["base_model"]["revision"] == snapshot.name and taught["data"]["cpt_run"] == project.runs("cpt")[0].number
    assert taught["starts_from"] == fingerprint_model(project.cpt_model_folder)


@pytest.mark.parametrize("phase", ["cpt", "sft"])
def test_a_disk_without_room_is_said_before_the_first_step(
    text_project: Project, tiny_model: Path, monkeypatch: pytest.MonkeyPatch, phase: str
) -> None:
    project = text_project
    if phase == "sft":
        run(project, "cpt", base_model=str(tiny_model), **quick("cpt", epochs=1))
        write_pairs(project, 12)
    usage = shutil.disk_usage(project.folder)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage._replace(free=2**26))
    events: list[dict[str, Any]] = []

    with pytest.raises(UserError, match="no room for this training, its checkpoints and its result: it needs 0.1 GB"):
        run(project, phase, events.append, base_model=str(tiny_model), **quick(phase))

    assert not [event for event in events if event["type"] == "metric"]


def test_a_stopped_training_goes_on_with_a_dataset_that_was_renamed(text_project: Project, tiny_model: Path) -> None:
    project, cancelled = text_project, threading.Event()
    run(project, "cpt", base_model=str(tiny_model), **quick("cpt", epochs=1))
    with project.connect() as store:
        store.add_pairs("formal", [NewPair(f"What is number {n}?", f"Number {n} is the {n}th ship.") for n in range(16)])
        write_dataset(project, store, "formal")

    def stop(event: dict[str, Any]) -> None:
        if event["type"] == "metric" and "loss" in event:
            cancelled.set()

    with pytest.raises(Cancelled):
        run(project, "sft", stop, cancelled, dataset="FORMAL", name="wise", **quick("sft", epochs=6))
    step = resumable_step(project, "sft", "wise")
    with pytest.raises(UserError, match="could not go on without it"):
        delete_dataset(project, "formal")

    rename_dataset(project, "formal", "strict")
    result = run(project, "sft", resume=True, name="wise")

    record = project.runs("sft")[0]
    assert step and MetricHistory.read(record.folder).points("loss")[0][0] == step + 1
    assert result["dataset"] == "strict" and resumable_step(project, "sft", "wise") is None
    delete_dataset(project, "strict")


def test_a_stopped_training_of_a_renamed_model_goes_on_and_the_cpt_model_can_come_back(
    text_project: Project, tiny_model: Path
) -> None:
    project, cancelled = text_project, threading.Event()
    run(project, "cpt", base_model=str(tiny_model), **quick("cpt", epochs=1))
    write_pairs(project, 16)
    run(project, "sft", name="wise", **quick("sft", epochs=1))

    def stop(event: dict[str, Any]) -> None:
        if event["type"] == "metric" and "loss" in event:
            cancelled.set()

    with pytest.raises(Cancelled):
        run(project, "sft", stop, cancelled, name="wise", **quick("sft", epochs=6))
    step = resumable_step(project, "sft", "wise")
    rename(project, "wise", "calm")
    cpt = next(each for each in stored(project) if each.kind == "cpt")
    key = delete(project, [cpt])[0]

    # As it was said: the final model is complete, and nothing can be trained.
    model, tokenizer = load_merged(project, "calm", "cpu")
    assert model.generate(**tokenizer("What is number 3?", return_tensors="pt"), max_new_tokens=2).shape[0] == 1
    assert load_merged(project, "base", "cpu")
    with pytest.raises(UserError, match="no CPT model yet"):
        run(project, "sft", resume=True, name="calm")

    restore(project, key)
    result = run(project, "sft", resume=True, name="calm")
    assert step and MetricHistory.read(project.runs("sft")[0].folder).points("loss")[0][0] == step + 1
    assert project.final_models() == ["calm"] and result["name"] == "calm" and resumable_step(project, "sft", "calm") is None
