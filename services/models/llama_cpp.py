"""Chatting with a GGUF file through llama.cpp, behind one small interface.

Two packages bring llama.cpp: xllamacpp, whose wheels need no compiler, and llama-cpp-python, which takes over where it
is installed. Both run inside this process; no port is open to others.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import secrets
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from services.errors import UserError
from services.translation import _

Message = Mapping[str, str]
OnToken = Callable[[str], Any]

DEFAULT_CONTEXT_TOKENS = 4096
_LONGEST_ANSWER_TOKENS = 1024
_LONGEST_SOCKET_PATH = 100  # bytes; the systems allow 104 to 108


def thread_count() -> int:
    """How many threads to compute with: OMP_NUM_THREADS, or all cores but one."""
    return int(os.environ.get("OMP_NUM_THREADS") or max(1, (os.cpu_count() or 2) - 1))


def engines() -> list[str]:
    """The installed packages, the one that is used first."""
    found = []
    # Another package, of llama.cpp's sources, has the same import name and no binding in it.
    if importlib.util.find_spec("llama_cpp") and importlib.util.find_spec("llama_cpp.llama"):
        found.append("llama_cpp")
    if importlib.util.find_spec("xllamacpp"):
        found.append("xllamacpp")
    return found


class GgufModel:
    """A GGUF file, loaded. Use it as a context manager, or call close().

    Args:
        path: the file.
        context_tokens: room for question and answer together.
        engine: "xllamacpp" or "llama_cpp"; empty takes the first of engines().

    Raises:
        UserError: no such file, not a GGUF, damaged, of a kind that is not known, or too large.
    """

    def __init__(self, path: str | Path, context_tokens: int = DEFAULT_CONTEXT_TOKENS, engine: str = "") -> None:
        self.path = Path(path).expanduser()
        self.context_tokens = context_tokens
        self.token_count = 0  # of the last answer
        _check_start(self.path)
        if not (engine or engines()):
            raise UserError(_("No llama.cpp is installed. Install it with: pip install xllamacpp"))
        make = _LlamaCppPython if (engine or engines()[0]) == "llama_cpp" else _Xllamacpp
        try:
            self._engine: Any = make(self.path, context_tokens)
        except (RuntimeError, ValueError, AssertionError) as error:
            raise UserError(_why_not_loaded(self.path)) from error

    def __enter__(self) -> GgufModel:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def chat(
        self, messages: Sequence[Message], on_token: OnToken | None = None, options: Mapping[str, Any] | None = None
    ) -> str:
        """The answer to a conversation, written through the template in the file.

        Args:
            messages: {"role", "content"}, the last one from the user.
            on_token: called with each piece of text as it comes, and with "" while the question is read; returning
                True ends the answer there. An exception from it ends the answer too and is raised here.
            options: temperature (0), answer_tokens (1024), seed (0), schema (a JSON schema for the answer), stop
                (list of strings).

        Raises:
            UserError: the conversation is longer than the context.
        """
        options = options or {}
        body: dict[str, Any] = {
            "messages": [dict(message) for message in messages],
            "temperature": options.get("temperature", 0.0),
            "max_tokens": options.get("answer_tokens", _LONGEST_ANSWER_TOKENS),
            "seed": options.get("seed", 0),
        }
        if options.get("stop"):
            body["stop"] = list(options["stop"])
        pieces: list[str] = []
        self.token_count = 0
        with contextlib.closing(self._engine.stream(body, options.get("schema"), self._count)) as stream:
            for piece in stream:
                pieces.append(piece)
                if on_token is not None and on_token(piece) is True:
                    break
        return "".join(pieces)

    def count_prompt_tokens(self, text: str) -> int:
        """The number of tokens that a plain text has for this model, its start token included."""
        return int(self._engine.count_prompt_tokens(text))

    def close(self) -> None:
        """Frees the memory; the object cannot be used afterwards."""
        self._engine.close()

    def _count(self, tokens: int) -> None:
        self.token_count = tokens


class _Xllamacpp:
    """llama.cpp's own server, called in this process; its listening socket is private to this person."""

    def __init__(self, path: Path, context_tokens: int) -> None:
        import xllamacpp

        self._folder = Path(tempfile.mkdtemp(prefix="llama-"))  # readable by nobody else
        params = xllamacpp.CommonParams()
        params.model.path = str(path)
        params.n_ctx = context_tokens
        params.n_parallel = 1
        params.n_batch = 512  # a stop while a long question is read takes effect after so many tokens
        params.ui = False
        params.warmup = False
        params.verbosity = 0
        params.cache_ram_mib = 0  # one conversation needs no store of old ones, 8 GB by default
        for threads in (params.cpuparams, params.cpuparams_batch):
            threads.n_threads = thread_count()
            threads.poll = 0  # waiting threads sleep: spinning ones starve every other program
        # The server always listens somewhere. A socket file is no port; Windows has none, so there a secret guards it.
        socket = str(self._folder / "s.sock")
        has_socket = sys.platform != "win32" and len(os.fsencode(socket)) < _LONGEST_SOCKET_PATH
        params.hostnames = [socket if has_socket else "127.0.0.1"]
        params.port = 0
        params.api_keys = [secrets.token_hex(16)]
        try:
            self._server = xllamacpp.Server(params)
        except BaseException:
            shutil.rmtree(self._folder, ignore_errors=True)
            raise

    def stream(self, body: dict[str, Any], schema: Any, count: Callable[[int], None]) -> Iterator[str]:
        if schema:
            body["response_format"] = {"type": "json_schema", "json_schema": {"schema": schema}}
        body |= {"stream": True, "return_progress": True, "chat_template_kwargs": {"enable_thinking": False}}
        return _from_callback(lambda callback: self._server.handle_chat_completions(body, callback), self._read(count))

    def count_prompt_tokens(self, text: str) -> int:
        answers: list[dict[str, Any]] = []
        self._server.handle_completions({"prompt": text, "max_tokens": 1}, answers.append)
        _raise_error(answers[0])
        return int(answers[0]["usage"]["prompt_tokens"])

    def close(self) -> None:
        self._server = None
        shutil.rmtree(self._folder, ignore_errors=True)

    @staticmethod
    def _read(count: Callable[[int], None]) -> Callable[[Any], str]:
        def read(chunk: Any) -> str:
            _raise_error(chunk)
            count(int(chunk.get("timings", {}).get("predicted_n", 0)))
            return "".join(choice.get("delta", {}).get("content") or "" for choice in chunk.get("choices", []))

        return read


class _LlamaCppPython:
    def __init__(self, path: Path, context_tokens: int) -> None:
        from llama_cpp import Llama

        self._model = Llama(str(path), n_ctx=context_tokens, n_threads=thread_count(), n_gpu_layers=-1, verbose=False)

    def stream(self, body: dict[str, Any], schema: Any, count: Callable[[int], None]) -> Iterator[str]:
        if schema:
            body["response_format"] = {"type": "json_object", "schema": schema}
        tokens = 0
        try:
            for chunk in self._model.create_chat_completion(**body, stream=True):
                tokens += 1
                count(tokens)
                yield chunk["choices"][0]["delta"].get("content") or ""
        except ValueError as error:
            if "context window" in str(error):
                raise _too_long() from error
            raise

    def count_prompt_tokens(self, text: str) -> int:
        return len(self._model.tokenize(text.encode("utf-8"), add_bos=True, special=True))

    def close(self) -> None:
        self._model.close()


def _from_callback(call: Callable[[Callable[[Any], bool]], Any], read: Callable[[Any], str]) -> Iterator[str]:
    """What a blocking call hands to its callback, as an iterator; closing the iterator ends the call.

    The call runs in a thread of its own and waits for each piece to be taken, so a stop takes effect at once.
    """
    import queue
    import threading

    pieces: queue.Queue[Any] = queue.Queue(maxsize=1)
    is_closed = threading.Event()
    end = object()

    def callback(chunk: Any) -> bool:
        while not is_closed.is_set():
            with contextlib.suppress(queue.Full):
                pieces.put(chunk, timeout=0.1)
                return False
        return True

    def run() -> None:
        try:
            call(callback)
            last: Any = end
        except BaseException as error:  # handed to the reader
            last = error
        while not is_closed.is_set():
            with contextlib.suppress(queue.Full):
                pieces.put(last, timeout=0.1)
                return

    thread = threading.Thread(target=run, name="llama.cpp", daemon=True)
    thread.start()
    try:
        while (chunk := pieces.get()) is not end:
            if isinstance(chunk, BaseException):
                raise chunk
            yield read(chunk)
    finally:
        is_closed.set()
        thread.join()


def _raise_error(chunk: Any) -> None:
    error = chunk.get("error") if isinstance(chunk, dict) else None
    if not error:
        return
    if error.get("type") == "exceed_context_size_error":
        raise _too_long()
    raise UserError(_("llama.cpp refused the question: {reason}").format(reason=error.get("message", error)))


def _too_long() -> UserError:
    return UserError(
        _("The conversation is longer than the model's context. Start a new one, or ask with less text at a time.")
    )


def _check_start(path: Path) -> None:
    if not path.is_file():
        raise UserError(_("There is no file {path}. Choose a GGUF file.").format(path=path))
    with path.open("rb") as file:
        if file.read(4) != b"GGUF":
            raise UserError(_("{path} is not a GGUF file. Choose a file that ends in .gguf.").format(path=path))


def _why_not_loaded(path: Path) -> str:
    """The sentence for a file that llama.cpp did not load: it says only that it failed."""
    import gguf

    try:
        tensors = gguf.GGUFReader(path).tensors
        is_whole = all(tensor.data_offset + tensor.n_bytes <= path.stat().st_size for tensor in tensors)
    except (ValueError, IndexError, KeyError, OSError):
        is_whole = False
    if not is_whole:
        return _("{path} is damaged or was not written to its end. Download or export it again.").format(path=path)
    return _(
        "llama.cpp could not load {path}: the model is of a kind that this version does not know, or needs more memory "
        "than is free. Choose another or a smaller one."
    ).format(path=path)
