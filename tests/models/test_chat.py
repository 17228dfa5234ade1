"""Talking to the models of a project: streaming, interrupting, switching, and what is said when it cannot be."""

import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from services.errors import Cancelled, UserError
from services.jobs import Child, Context
from services.models.chat import Conversation, answer, answers, run
from services.models.chat_template import encode_chat, prepare_chat
from services.models.gguf import write_gguf
from services.models.llama_cpp import GgufModel, engines
from services.models.merge import load_merged
from services.models.torch_model import TorchModel
from services.project import Project
from tests.tiny_models import make_tiny_model

MAIN = Path(__file__).parents[2]
QUESTION = "Where do the ferries land?"


def generated(model: Any, tokenizer: Any, question: str, tokens: int) -> str:
    """The same answer from the library's own generation."""
    chat = prepare_chat(tokenizer, model.config, model.generation_config)
    ids = torch.tensor([encode_chat(tokenizer, [{"role": "user", "content": question}], chat)])
    whole = model.generate(
        ids,
        attention_mask=torch.ones_like(ids),
        max_new_tokens=tokens,
        do_sample=False,
        eos_token_id=list(chat.stop_token_ids),
        pad_token_id=chat.stop_token_ids[0],
    )
    return str(tokenizer.decode(whole[0, ids.shape[1] :], skip_special_tokens=True))


@pytest.mark.parametrize("which", ["base", "cpt", "final"])
def test_an_answer_is_the_one_that_the_library_generates(trained: Project, which: str) -> None:
    assert answer(trained, which, QUESTION, answer_tokens=40) == generated(*load_merged(trained, which), QUESTION, 40)


@pytest.mark.parametrize("family", ["llama", "mistral"])
def test_pieces_add_up_to_the_answer_however_characters_are_cut(tmp_path: Path, family: str) -> None:
    folder = make_tiny_model(tmp_path / "model", family, has_chat_template=False)
    model, tokenizer = AutoModelForCausalLM.from_pretrained(folder).eval(), AutoTokenizer.from_pretrained(folder)
    speaker = TorchModel(model, tokenizer)
    for seed in range(5):
        pieces: list[str] = []
        messages = [{"role": "user", "content": QUESTION}]
        options = {"answer_tokens": 50, "temperature": 1.5, "seed": seed}
        text = speaker.chat(messages, pieces.append, options)
        assert "".join(pieces) == text
        assert text == speaker.chat(messages, None, options)
        assert speaker.token_count <= 50


def test_several_questions_are_answered_each_for_itself(trained: Project) -> None:
    events: list[dict[str, Any]] = []
    questions = ["Who feeds the geese?", QUESTION, "What is it?"]
    given = answers(trained, "final", questions, Context(events.append), answer_tokens=12)
    assert given == [answer(trained, "final", question, answer_tokens=12) for question in questions]
    assert [event["done"] for event in events if event["type"] == "progress"] == [0, 1, 2, 3]


class Talk:
    """The chat job with a listener that reacts to its events, in this thread."""

    def __init__(self, project: Project, script: list[Any]) -> None:
        self.events: list[dict[str, Any]] = []
        self.script = script
        self.context = Context(self.hear)
        with pytest.raises(Cancelled):
            run({"project": str(project.folder), "model": "final", "answer_tokens": 30}, self.context)

    def hear(self, event: dict[str, Any]) -> None:
        self.events.append(event)
        if event["type"] in ("ready", "answered", "refused") and not (
            event["type"] == "ready" and len(self.of("ready")) > 1
        ):
            self.go_on()

    def go_on(self) -> None:
        if not self.script:
            self.context.cancelled.set()
            return
        for command in self.script.pop(0):
            self.context.commands.put(command)

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [event for event in self.events if event["type"] == kind]


def prompt(text: str, **wishes: Any) -> list[dict[str, Any]]:
    return [{"type": "prompt", "text": text, **wishes}]


def test_a_conversation_streams_and_switches(trained: Project, tmp_path: Path) -> None:
    gguf = str(write_gguf(trained.model_folder(), tmp_path / "final.gguf", "F32"))
    script = [
        prompt(QUESTION),
        prompt(QUESTION, model="base"),
        prompt(QUESTION, model=gguf),
        prompt("Why?", model="casual"),
    ]
    talk = Talk(trained, script)
    said = talk.of("answered")
    assert [event["model"] for event in talk.of("ready")] == ["final", "base", gguf, "casual"]
    assert [event["model"] for event in said] == ["final", "base", gguf, "casual"]
    assert "".join(event["text"] for event in talk.of("token")) == "".join(event["text"] for event in said)
    assert said[0]["text"] == answer(trained, "final", QUESTION, answer_tokens=30)
    assert said[1]["text"] == answer(trained, "base", QUESTION, answer_tokens=30)
    assert all(0 < event["tokens"] <= 30 and not event["is_interrupted"] for event in said)


def test_a_conversation_is_remembered_until_it_is_reset(trained: Project) -> None:
    talk = Talk(trained, [prompt(QUESTION), prompt(QUESTION), [{"type": "reset"}, *prompt(QUESTION)]])
    first, second, third = (event["text"] for event in talk.of("answered"))
    assert first == third != second


def test_an_interrupt_takes_effect_within_a_token(trained: Project) -> None:
    heard: list[str] = []

    def hear(event: dict[str, Any]) -> None:
        if event["type"] == "token":
            heard.append(event["text"])
            if len(heard) == 3:
                context.commands.put({"type": "interrupt"})
                context.commands.put({"type": "reset"})
        elif event["type"] == "answered":
            heard.append(str(event["is_interrupted"]))

    context = Context(hear)
    conversation = Conversation(trained, {"model": "final", "answer_tokens": 200}, context)
    text = conversation.ask({"text": QUESTION})
    conversation.close()
    assert heard[-1] == "True"
    assert text == "".join(heard[:-1]) and len(heard) == 4
    assert answer(trained, "final", QUESTION, answer_tokens=200).startswith(text)


def test_a_stop_ends_an_answer(trained: Project) -> None:
    cancelled = threading.Event()
    context = Context(lambda event: cancelled.set() if event["type"] == "token" else None, cancelled)
    with pytest.raises(Cancelled):
        run({"project": str(trained.folder), "prompt": QUESTION, "answer_tokens": 500}, context)


def test_what_goes_wrong_is_said_and_the_conversation_goes_on(trained: Project, tmp_path: Path) -> None:
    long = "The lighthouse keeper of Norrholm feeds the grey geese. " * 200
    script = [
        prompt("?", model="formal"),
        prompt("?", model=str(tmp_path / "no.gguf")),
        prompt(long, model="base"),
        prompt("?"),
    ]
    talk = Talk(trained, script)
    refused = [event["text"] for event in talk.of("refused")]
    assert ["formal" in refused[0], "no.gguf" in refused[1], "longer than" in refused[2]] == [True] * 3
    assert [event["model"] for event in talk.of("answered")] == ["base"]  # the last that was loaded


def test_old_exchanges_are_forgotten_before_the_context_is_full(trained: Project) -> None:
    long = "The lighthouse keeper of Norrholm feeds the grey geese at noon. " * 20
    talk = Talk(trained, [prompt(f"{number} {long}") for number in range(8)])
    assert len(talk.of("answered")) == 8 and not talk.of("refused")


def test_one_question_gives_the_result_of_the_command(trained: Project) -> None:
    settings = {"project": str(trained.folder), "model": "cpt", "prompt": QUESTION, "answer_tokens": 10}
    expected = answer(trained, "cpt", QUESTION, answer_tokens=10)
    assert run(settings, Context()) == {"model": "cpt", "answer": expected, "sources": []}


def test_the_job_in_a_process_of_its_own(trained: Project) -> None:
    cancelled = threading.Event()
    child = Child("chat", {"project": str(trained.folder), "model": "final", "answer_tokens": 20})
    events: list[dict[str, Any]] = []

    def hear(event: dict[str, Any]) -> None:
        events.append(event)
        if event["type"] == "ready":
            child.send({"type": "prompt", "text": QUESTION})
        if event["type"] == "answered":
            cancelled.set()

    with pytest.raises(Cancelled):
        child.run(hear, cancelled)
    assert [event["type"] for event in events if event["type"] in ("ready", "answered")] == ["ready", "answered"]


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_a_conversation_in_the_terminal(trained: Project) -> None:
    import pty

    own, theirs = pty.openpty()
    command = [sys.executable, "main.py", "chat", str(trained.folder), "--answer-tokens", "300"]
    with subprocess.Popen(
        command, cwd=MAIN, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True
    ) as chat:
        os.close(theirs)

        def say(text: str, until: str) -> str:
            os.write(own, text.encode())
            heard = b""
            while until.encode() not in heard:
                heard += os.read(own, 1024)
            return heard.decode("utf-8", "replace")

        assert say("", "> ")
        whole = say(f"{QUESTION}\n", "\n> ")
        assert answer(trained, "final", QUESTION, answer_tokens=5).split()[0] in whole
        assert "longer than" in say("x1 " * 1200 + "\n", "\n> ")
        os.write(own, b"\n")
        assert chat.wait(60) == 0
    os.close(own)


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("gguf")
    return write_gguf(make_tiny_model(place / "model", "qwen2"), place / "model.gguf", "F32")


@pytest.mark.parametrize("engine", ["xllamacpp", "llama_cpp"])
class TestGgufModel:
    """The same tests for every package that brings llama.cpp."""

    @pytest.fixture(autouse=True)
    def _needs_engine(self, engine: str) -> None:
        if engine not in engines():
            pytest.skip(f"{engine} is not installed")

    def test_it_answers_as_transformers_does(self, engine: str, path: Path) -> None:
        folder = path.parent / "model"
        expected = generated(
            AutoModelForCausalLM.from_pretrained(folder).eval(), AutoTokenizer.from_pretrained(folder), QUESTION, 12
        )
        pieces: list[str] = []
        with GgufModel(path, 512, engine) as model:
            text = model.chat([{"role": "user", "content": QUESTION}], pieces.append, {"answer_tokens": 12})
            assert 0 < model.token_count <= 12
            assert model.count_prompt_tokens(QUESTION) == len(
                AutoTokenizer.from_pretrained(folder)(QUESTION)["input_ids"]
            )
        assert text == "".join(pieces)
        assert text.strip(" \ufffd") == expected.strip(" \ufffd")

    def test_it_stops_when_told_and_goes_on_afterwards(self, engine: str, path: Path) -> None:
        messages = [{"role": "user", "content": QUESTION}]
        with GgufModel(path, 512, engine) as model:
            whole = model.chat(messages, None, {"answer_tokens": 30})
            heard: list[str] = []
            part = model.chat(
                messages, lambda piece: bool(piece and (heard.append(piece) or len(heard) == 3)), {"answer_tokens": 30}
            )
            assert len(heard) == 3 and whole.startswith(part) and part != whole

            def fail(piece: str) -> None:
                raise Cancelled

            with pytest.raises(Cancelled):
                model.chat(messages, fail, {"answer_tokens": 30})
            assert model.chat(messages, None, {"answer_tokens": 30}) == whole

    def test_a_schema_is_followed(self, engine: str, path: Path) -> None:
        schema = {
            "type": "object",
            "properties": {"a": {"enum": [1, 2]}},
            "required": ["a"],
            "additionalProperties": False,
        }
        with GgufModel(path, 512, engine) as model:
            text = model.chat(
                [{"role": "user", "content": "?"}], None, {"schema": schema, "answer_tokens": 400, "stop": ["}"]}
            )
        assert "".join(text.split()).rstrip("}") in ('{"a":1', '{"a":2')

    def test_what_cannot_be_loaded_is_a_sentence(self, engine: str, path: Path, tmp_path: Path) -> None:
        (tmp_path / "text.gguf").write_text("hello, this is not a model")
        (tmp_path / "cut.gguf").write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
        (tmp_path / "head.gguf").write_bytes(path.read_bytes()[:1000])
        for name, words in {
            "gone.gguf": "no file", "text.gguf": "not a GGUF", "cut.gguf": "damaged", "head.gguf": "damaged"
        }.items():  # fmt: skip
            with pytest.raises(UserError, match=words):
                GgufModel(tmp_path / name, 512, engine)

    def test_a_question_that_is_too_long_is_a_sentence(self, engine: str, path: Path) -> None:
        with GgufModel(path, 256, engine) as model:
            with pytest.raises(UserError, match="longer than"):
                model.chat([{"role": "user", "content": "geese " * 600}])
            assert model.chat([{"role": "user", "content": "geese"}], None, {"answer_tokens": 3})
