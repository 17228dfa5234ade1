"""Talking to the models of a project: one question, a list of them, or a conversation that goes on.

The job keeps one model loaded and switches between base, knowledge model, final models and GGUF files. Each has its own
conversation: none is shown the answers of another.
"""

from __future__ import annotations

import queue
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from services.errors import Cancelled, UserError
from services.translation import _

if TYPE_CHECKING:
    from services.jobs import Context
    from services.project import Project

_POLL_S = 0.2
_ANSWER_TOKENS = 256
_GGUF_CONTEXT_TOKENS = 4096


class Speaker(Protocol):
    """What answers: TorchModel or GgufModel."""

    context_tokens: int
    token_count: int

    def chat(self, messages: Sequence[Any], on_token: Any = None, options: Any = None) -> str: ...

    def count_prompt_tokens(self, text: str) -> int: ...

    def close(self) -> None: ...


def load_speaker(project: Project, which: str) -> Speaker:
    """A model by name: "base", "cpt", "final", a variant, a GGUF file, or the folder or id of any base model.

    Raises:
        UserError: it does not exist or cannot be loaded.
    """
    # torch and llama.cpp are imported only here: a panel that is not used costs nothing.
    if which.endswith(".gguf"):
        from services.models.llama_cpp import GgufModel

        return GgufModel(which, _GGUF_CONTEXT_TOKENS)
    from services.models.merge import load_base, load_merged
    from services.models.torch_model import TorchModel

    if "/" in which or "\\" in which:
        from services.models.base import find_base_model

        return TorchModel(*load_base(find_base_model(which)))
    return TorchModel(*load_merged(project, which))


def answer(project: Project, which: str, prompt: str, **options: Any) -> str:
    """One question, one answer. Options as GgufModel.chat has them, and system_prompt."""
    return answers(project, which, [prompt], **options)[0]


def answers(
    project: Project, which: str, prompts: Sequence[str], context: Context | None = None, **options: Any
) -> list[str]:
    """The answer to each of several questions, each asked in a conversation of its own, in the order given.

    Raises:
        UserError: the model does not exist or cannot be loaded.
        Cancelled: within a token.
    """
    from services.jobs import Context

    context = context or Context()
    system_prompt = options.pop("system_prompt", "")
    context.progress(0, len(prompts), _("Loading {model}").format(model=which))
    speaker = load_speaker(project, which)
    given: list[str] = []
    try:
        for prompt in prompts:
            context.check()
            messages = _messages(system_prompt, [{"role": "user", "content": prompt}])
            given.append(
                speaker.chat(messages, lambda piece: context.check(), {"answer_tokens": _ANSWER_TOKENS, **options})
            )
            context.progress(len(given), len(prompts), _("Asking {model}").format(model=which))
    finally:
        speaker.close()
    return given


def run(settings: dict[str, Any], context: Context) -> dict[str, Any]:
    """The chat job. With "prompt" it answers that and ends; otherwise it listens until it is stopped.

    Settings: project, model ("final"), prompt, and those of the phase: system_prompt, temperature, answer_tokens, seed.
    Commands: {"type": "prompt", "text", "model"?, and any of those settings}, {"type": "interrupt"},
    {"type": "reset"} (forget the conversations), {"type": "load", "model"} (make it ready before the first question).
    Events: {"type": "ready", "model"} when a model is loaded, token {text}, {"type": "answered", "text", "tokens",
    "seconds", "model", "is_interrupted"}, {"type": "refused", "text", "model"} with the sentence of what went wrong.

    Returns:
        {"model", "answer", "sources": []}; the last answer where it listened.
    """
    from services.project import Project

    project = Project.open(Path(settings["project"]))
    conversation = Conversation(project, {"model": "final", **settings}, context)
    try:
        if settings.get("prompt"):
            text = conversation.ask({"text": settings["prompt"]})
            return {"model": conversation.options["model"], "answer": text, "sources": []}
        return conversation.listen()
    finally:
        conversation.close()


class Conversation:
    """One loaded model and what was said to each.

    Args:
        options: model and the settings of the chat, as run() has them.
    """

    def __init__(self, project: Project, options: dict[str, Any], context: Context) -> None:
        self.options = options
        self._project, self._context = project, context
        self._speaker: Speaker | None = None
        self._loaded = ""
        self._histories: dict[str, list[dict[str, str]]] = {}
        self._waiting: deque[dict[str, Any]] = deque()

    def listen(self) -> dict[str, Any]:
        """Answers until stopped. A sentence for the person (a model that is missing) does not end it.

        Raises:
            Cancelled: when stopped.
        """
        self._attempt({"type": "load", "model": self.options["model"]})
        while True:
            self._attempt(self._next_command())

    def ask(self, command: dict[str, Any]) -> str:
        """The answer to one question, which the conversation remembers.

        Raises:
            UserError: the model does not exist or cannot be loaded, or the question is too long for it.
            Cancelled: when stopped; the question is forgotten.
        """
        wishes = {**self.options, **{key: value for key, value in command.items() if value is not None}}
        speaker = self.load(wishes["model"])
        history = self._histories.setdefault(wishes["model"], [])
        asked = {"role": "user", "content": str(command["text"])}
        started, is_interrupted = time.monotonic(), False

        def on_token(piece: str) -> bool:
            nonlocal is_interrupted
            self._context.check()
            if piece:
                self._context.token(piece)
            is_interrupted = self._was_interrupted()
            return is_interrupted

        options = {key: wishes[key] for key in ("temperature", "answer_tokens", "seed") if key in wishes}
        self._shorten(history, speaker, asked, wishes)
        text = speaker.chat(_messages(wishes.get("system_prompt", ""), [*history, asked]), on_token, options)
        history += [asked, {"role": "assistant", "content": text}]
        self._context.said(
            {
                "type": "answered",
                "text": text,
                "tokens": speaker.token_count,
                "seconds": round(time.monotonic() - started, 3),
                "model": wishes["model"],
                "is_interrupted": is_interrupted,
            }
        )
        return text

    def close(self) -> None:
        if self._speaker is not None:
            self._speaker.close()
        self._speaker, self._loaded = None, ""

    def _attempt(self, command: dict[str, Any]) -> None:
        kind = command.get("type")
        try:
            if kind == "prompt":
                self.ask(command)
            elif kind == "load":
                self.load(command["model"])
            elif kind == "reset":
                self._histories.clear()
        except UserError as error:
            model = command.get("model") or self.options["model"]
            self._context.said({"type": "refused", "text": str(error), "model": model})

    def load(self, which: str) -> Speaker:
        """Makes a model the one that answers.

        Raises:
            UserError: it does not exist or cannot be loaded.
        """
        if self._speaker is None or which != self._loaded:
            self.close()  # first: two models at once may not fit
            self._context.progress(0, 0, _("Loading {model}").format(model=Path(which).name))
            self._speaker = load_speaker(self._project, which)
            self._loaded = which
            self.options["model"] = which
            self._context.said({"type": "ready", "model": which})
        return self._speaker

    def _shorten(self, history: list[dict[str, str]], speaker: Speaker, asked: dict[str, str], wishes: Any) -> None:
        """Forgets the oldest exchanges until the rest, the question and half an answer have room."""
        room = speaker.context_tokens - min(
            int(wishes.get("answer_tokens", _ANSWER_TOKENS)), speaker.context_tokens // 2
        )

        def tokens() -> int:  # the template adds a few to each turn
            turns = _messages(wishes.get("system_prompt", ""), [*history, asked])
            return sum(speaker.count_prompt_tokens(turn["content"]) + 8 for turn in turns)

        while history and tokens() > room:
            del history[:2]

    def _next_command(self) -> dict[str, Any]:
        while not self._waiting:
            self._context.check()
            try:
                self._waiting.append(self._context.commands.get(timeout=_POLL_S))
            except queue.Empty:
                continue
        return self._waiting.popleft()

    def _was_interrupted(self) -> bool:
        """Whether an interrupt has arrived; what else has, waits its turn."""
        is_interrupted = False
        while True:
            try:
                command = self._context.commands.get_nowait()
            except queue.Empty:
                return is_interrupted
            if command.get("type") == "interrupt":
                is_interrupted = True
            else:
                self._waiting.append(command)


def converse(project: Project, settings: dict[str, Any], cancelled: threading.Event) -> dict[str, Any]:
    """A conversation in the terminal; an empty line or the end of input ends it, Ctrl+C an answer.

    Returns:
        {"model", "answer", "sources"} of the last exchange.

    Raises:
        UserError: the model does not exist or cannot be loaded.
    """
    from services.jobs import Context

    def show(event: dict[str, Any]) -> None:
        if event["type"] == "token":
            print(event["text"], end="", flush=True)

    conversation = Conversation(project, {"model": "final", **settings}, Context(show, cancelled))
    text = ""
    try:
        conversation.load(conversation.options["model"])
        while question := _read_line():
            try:
                text = conversation.ask({"text": question})
            except UserError as error:
                print(error, file=sys.stderr)
            except Cancelled:  # Ctrl+C while it answers stops the answer, not the conversation
                cancelled.clear()
            print()
    finally:
        conversation.close()
    return {"model": conversation.options["model"], "answer": text, "sources": []}


def _read_line() -> str:
    """A line of the person's; empty at the end of input, and on Ctrl+C, which at the prompt ends the conversation."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return input("> ").strip()
    except (EOFError, KeyboardInterrupt):
        return ""
    finally:
        signal.signal(signal.SIGINT, before)


def _messages(system_prompt: str, turns: list[dict[str, str]]) -> list[dict[str, str]]:
    return [{"role": "system", "content": system_prompt}, *turns] if system_prompt.strip() else turns
