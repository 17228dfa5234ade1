"""Ollama, through its own interface: the only one that takes the size of the context window with the request.

Protocol: https://github.com/ollama/ollama/blob/main/docs/api.md
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from services.errors import UserError
from services.jobs import Context
from services.sft_data.prompt import Message
from services.sft_data.provider import PROVIDERS, Offer, Options, Price, Reply, RequestFailed
from services.sft_data.server import HttpError, Server
from services.translation import _


class Ollama:
    name = "Ollama"
    has_schema = True
    can_share = True
    price: Price | None = None
    parameter_size = ""  # as the server says it: "1.2B"

    def __init__(self, settings: dict[str, Any], context: Context) -> None:
        self.model = settings["model"].strip()
        self._server = Server(
            self.name,
            settings["url"] or PROVIDERS["ollama"].default_url,
            context,
            timeout_s=settings["timeout_s"],
            way_out=_("Start it (“ollama serve”, or its app), or set another address."),
        )
        # Models of Ollama's cloud are listed like local ones and marked by their tag.
        self.is_local = self._server.is_local and not self.model.endswith(("-cloud", ":cloud"))
        self.address = self._server.address if not self._server.is_local else "ollama.com"
        self._takes_think = True

    def listen(self, refused: Callable[[int, float | None], None]) -> None:
        self._server.refused = refused

    def pull(self, model: str, progress: Callable[[float, float, str], None]) -> None:
        """Get a model from Ollama's library; what was got before is not got again.

        progress: bytes that are there, bytes in all of the parts that are known (0 while nobody knows any), and what
            is being done, as Ollama says it.

        Raises:
            RequestFailed: there is no such model, no room, or the way to it broke; Cancelled.
        """
        parts: dict[str, tuple[int, int]] = {}
        try:
            for line in self._server.lines("/api/pull", {"model": model, "stream": True}):
                if not isinstance(line, dict):
                    continue
                if said := line.get("error"):
                    raise self._no_pull(model, str(said))
                if line.get("digest") and _count(line.get("total")):
                    parts[str(line["digest"])] = _count(line.get("completed")) or 0, line["total"]
                there, whole = (sum(sizes) for sizes in zip(*parts.values(), strict=True)) if parts else (0, 0)
                progress(there, whole, str(line.get("status") or ""))
                if line.get("status") == "success":
                    return
        except HttpError as error:
            raise self._no_pull(model, error.text) if error.status in (400, 404, 500) else self._failure(error) from error
        raise RequestFailed(_("Ollama broke off before “{model}” was there. Try again: it goes on.").format(model=model))

    def _no_pull(self, model: str, said: str) -> RequestFailed:
        """Why a model cannot be got, from Ollama's words, which are made for those who know what a manifest is."""
        said = self._server.without_key(said)
        low = said.lower()
        if "file does not exist" in low or "not found" in low or "invalid model name" in low:
            text = _("Ollama's library has no model “{model}”. Look for its name at ollama.com/library.")
        elif "no space" in low or "not enough space" in low or "disk full" in low:
            text = _("There is no room left on the disk where Ollama keeps its models. Make room, then go on with “{model}”.")
        elif any(sign in low for sign in ("no such host", "dial tcp", "network is unreachable", "timeout", "connection re")):
            text = _("Ollama does not reach its library: check the connection to the internet, then go on with “{model}”.")
        elif "newer version" in low:
            text = _("“{model}” needs a newer Ollama. Update Ollama, then try again.")
        else:
            text = _("Ollama could not get “{model}”: {text}")
        return RequestFailed(text.format(model=model, text=said))

    def offers(self) -> list[Offer]:
        return [
            Offer(str(row.get("model") or row.get("name")), size_bytes=_count(row.get("size")) or 0, keeps_form=True)
            for row in self._rows()
        ]

    def _rows(self) -> list[dict[str, Any]]:
        try:
            listed = self._server.get("/api/tags")
        except HttpError as error:
            raise self._failure(error) from error
        rows = listed.get("models") if isinstance(listed, dict) else None
        if not isinstance(rows, list):
            raise RequestFailed(_("What answers at {address} is not Ollama.").format(address=self._server.address))
        return [row for row in rows if isinstance(row, dict)]

    def check(self) -> None:
        details = {str(row.get("model") or row.get("name")): row.get("details") for row in self._rows()}
        installed = list(details)
        if not self.model:
            if not installed:
                raise UserError(_("Ollama has no model yet. Get one with “ollama pull llama3.1:8b”."))
            raise UserError(_("Choose a model of Ollama: {models}.").format(models=", ".join(sorted(installed)[:12])))
        if self.model not in installed and f"{self.model}:latest" not in installed:
            raise self._no_model()
        said = details.get(self.model) or details.get(f"{self.model}:latest")
        self.parameter_size = str(said.get("parameter_size") or "") if isinstance(said, dict) else ""

    def complete(self, messages: list[Message], schema: dict[str, Any] | None, options: Options) -> Reply:
        body: dict[str, Any] = {
            "model": self.model,
            "messages": messages,
            "stream": True,  # a slow machine then keeps talking, and only silence is a time-out
            "options": {
                "num_ctx": options.context_tokens,
                "num_predict": options.answer_tokens,
                "temperature": options.temperature,
                "seed": options.seed,
            },
        }
        if schema is not None:
            body["format"] = schema
        if self._takes_think:
            body["think"] = False
        try:
            lines = self._server.post_lines("/api/chat", body)
        except HttpError as error:
            if self._takes_think and error.status == 400 and "think" in error.text:
                self._takes_think = False  # this model thinks always, or not at all
                return self.complete(messages, schema, options)
            raise self._failure(error) from error
        return self._reply(lines, messages, options)

    def close(self) -> None:
        self._server.close()

    def _reply(self, lines: list[Any], messages: list[Message], options: Options) -> Reply:
        parts: list[str] = []
        last: dict[str, Any] = {}
        for line in lines:
            if not isinstance(line, dict):
                continue
            if said := line.get("error"):
                raise RequestFailed(_("Ollama failed: {text}").format(text=self._server.without_key(str(said))))
            message = line.get("message")
            if isinstance(message, dict) and isinstance(message.get("content"), str):
                parts.append(message["content"])
            last = line
        if not last.get("done"):
            raise RequestFailed(_("Ollama broke off in the middle of its answer."))
        prompt_tokens = _count(last.get("prompt_eval_count"))
        if prompt_tokens is not None and was_cut(prompt_tokens, messages, options.context_tokens):
            raise RequestFailed(
                _(
                    "{model} read only {read} tokens of the prompt: the rest was cut off. Raise “Context window”, choose "
                    "a model with a larger one, or make the chunks smaller."
                ).format(model=self.model, read=prompt_tokens),
                is_server=False,
            )
        return Reply("".join(parts), prompt_tokens, _count(last.get("eval_count")), last.get("done_reason") == "length")

    def _failure(self, error: HttpError) -> RequestFailed:
        if error.status == 404 and "model" in error.text:
            return self._no_model()
        return RequestFailed(
            _("Ollama at {address} reports error {status}: {text}").format(
                address=self._server.address, status=error.status, text=error.text
            ),
            is_final=error.status in (401, 403, 404), is_server=error.status >= 500,
        )  # fmt: skip

    def _no_model(self) -> RequestFailed:
        return RequestFailed(
            _("Ollama has no model “{model}”. Get it with “ollama pull {model}”.").format(model=self.model),
            is_final=True,
        )


def was_cut(prompt_tokens: int, messages: list[Message], context_tokens: int) -> bool:
    """Whether a server read less than it was sent, which Ollama does without a word.

    A word is at least one token in the tokenizers in use, and a script without spaces has at least one for every three
    characters; fewer tokens than that, or a window that is exactly full, mean that something is missing.
    """
    text = " ".join(message["content"] for message in messages)
    unspaced = sum("\u2e80" <= letter <= "\uffdc" for letter in text)
    return prompt_tokens < max(len(text.split()), unspaced // 3) * 0.9 or prompt_tokens >= context_tokens


def _count(value: Any) -> int | None:
    """A number; missing or zero means that the server does not know (a prompt in its cache)."""
    return value if isinstance(value, int) and value > 0 else None
