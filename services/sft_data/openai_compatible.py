"""Any server with OpenAI's chat completions: LM Studio, llama-server, vLLM, and the cloud.

Protocol: https://platform.openai.com/docs/api-reference/chat
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from services.errors import UserError
from services.jobs import Context
from services.sft_data.address import check_url
from services.sft_data.key import find_key
from services.sft_data.prompt import Message
from services.sft_data.provider import Offer, Options, Price, Reply, RequestFailed, find_provider
from services.sft_data.server import HttpError, Server, error_text
from services.translation import _


class OpenAICompatible:
    kind = "openai-compatible"
    can_share = True
    has_schema = True
    price: Price | None = None

    def __init__(self, settings: dict[str, Any], context: Context) -> None:
        row = find_provider(self.kind)
        self.name = row.label
        self.model = settings["model"].strip()
        self._server = Server(
            self.name, api_root(settings["url"] or row.default_url), context, timeout_s=settings["timeout_s"],
            key=find_key(self.kind), way_out=self._way_out(),
        )  # fmt: skip
        self.is_local, self.address = self._server.is_local, self._server.address
        self.parameter_size = ""  # where the server says it; see teacher.py
        self._left_out: set[str] = set()  # fields that this server or model does not take

    def listen(self, refused: Callable[[int, float | None], None]) -> None:
        self._server.refused = refused

    def offers(self) -> list[Offer]:
        """Empty where the server does not list them."""
        return [self._offer(row) for row in self.catalogue()]

    def catalogue(self) -> list[dict[str, Any]]:
        """What the server says of each of its models; every row has an "id"."""
        try:
            listed = self._server.get("/models")
        except HttpError as error:
            if error.status in (404, 405, 500, 501):  # WORKAROUND `transformers serve` answers 500 without a cache
                return []
            raise self._failure(error) from error
        rows = listed.get("data") if isinstance(listed, dict) else listed
        if not isinstance(rows, list):
            raise RequestFailed(
                _("What answers at {address} does not speak OpenAI's protocol.").format(address=self.address)
            )
        return [row for row in rows if isinstance(row, dict) and row.get("id")]

    def check(self) -> None:
        rows = {str(row["id"]): row for row in self.catalogue()}
        if not self.model:
            if len(rows) != 1:
                raise UserError(
                    _("Choose a model: {models}.").format(models=", ".join(list(rows)[:12]))
                    if rows
                    else _("Write down the name of the model that {address} is to use.").format(address=self.address)
                )
            self.model = next(iter(rows))
        if parameters := _meta(rows.get(self.model, {}), "n_params"):
            self.parameter_size = f"{parameters / 1e9:.6f}B"

    def complete(self, messages: list[Message], schema: dict[str, Any] | None, options: Options) -> Reply:
        for _attempt in range(4):  # one for every field that can turn out to be unwelcome
            body = {
                key: value for key, value in self._body(messages, schema, options).items() if key not in self._left_out
            }
            try:
                answer = self._server.post("/chat/completions", body)
            except HttpError as error:
                if not self._leave_out(error, body):
                    raise self._failure(error) from error
            else:
                return self._reply(answer)
        raise RequestFailed(
            _("{name} at {address} refuses every form of the request.").format(name=self.name, address=self.address)
        )

    def _body(self, messages: list[Message], schema: dict[str, Any] | None, options: Options) -> dict[str, Any]:
        body: dict[str, Any] = {
            "model": self.model,
            "messages": messages,
            "temperature": options.temperature,
            "max_tokens": options.answer_tokens,
            "stream": False,
        }
        if "max_tokens" in self._left_out:
            body["max_completion_tokens"] = options.answer_tokens
        if schema is not None:
            body["response_format"] = {
                "type": "json_schema",
                "json_schema": {"name": "pairs", "strict": True, "schema": schema},
            }
        return body

    def _leave_out(self, error: HttpError, body: dict[str, Any]) -> bool:
        """Learn from a refusal which field the server does not take; whether there was something to learn."""
        if error.status not in (400, 404, 415, 422):
            return False
        said = error.text.lower()
        signs = {
            "response_format": ("response_format", "json_schema", "structured output", "guided", "grammar", "schema"),
            "max_tokens": ("max_tokens", "max_completion_tokens"),
            "temperature": ("temperature",),
        }
        for field, words in signs.items():
            if field in body and any(word in said for word in words):
                self._left_out.add(field)
                return True
        return False

    def close(self) -> None:
        self._server.close()

    def _reply(self, answer: Any) -> Reply:
        if isinstance(answer, dict) and answer.get("error"):
            raise self._failure(self._embedded(answer))
        try:
            choice = answer["choices"][0]
            if choice.get("error"):
                raise self._failure(self._embedded(choice))
            content = choice["message"]["content"]
        except (KeyError, IndexError, TypeError, AttributeError):
            raise RequestFailed(
                _("{name} at {address} answered, but not with a chat completion.").format(
                    name=self.name, address=self.address
                )
            ) from None
        if isinstance(content, list):  # some servers split the text into parts
            content = "".join(part.get("text", "") for part in content if isinstance(part, dict))
        usage = answer.get("usage") if isinstance(answer.get("usage"), dict) else {}
        cost = usage.get("cost")
        return Reply(
            content if isinstance(content, str) else "",
            usage.get("prompt_tokens"),
            usage.get("completion_tokens"),
            choice.get("finish_reason") == "length",
            float(cost) if isinstance(cost, int | float) else None,
        )

    def _embedded(self, answer: dict[str, Any]) -> HttpError:
        """An error that came with status 200, as OpenRouter sends it once a model has begun to work."""
        error = answer["error"]
        code = error.get("code") if isinstance(error, dict) else None
        return HttpError(code if isinstance(code, int) else 500, self._server.without_key(error_text(answer)))

    def _failure(self, error: HttpError) -> RequestFailed:
        if error.status in (401, 403):
            return RequestFailed(
                _("{address} does not accept the key: {text}. Enter the right one, or set {variable}.").format(
                    address=self.address, text=error.text.rstrip("."), variable=find_provider(self.kind).key_variable
                ),
                is_final=True,
            )
        if error.status == 404:
            return RequestFailed(
                _("{address} does not know the model “{model}”: {text}").format(
                    address=self.address, model=self.model, text=error.text
                ),
                is_final=True,
            )
        if error.status == 429:
            return RequestFailed(
                _(
                    "{address} allows no more requests for now: {text}. Wait a while, or use fewer requests at once."
                ).format(address=self.address, text=error.text.rstrip("."))
            )
        return RequestFailed(
            _("{address} reports error {status}: {text}").format(
                address=self.address, status=error.status, text=error.text
            ),
            is_server=error.status >= 500,
        )

    def _offer(self, row: dict[str, Any]) -> Offer:
        tokens = row.get("max_model_len")  # as vLLM has it
        return Offer(
            str(row["id"]), context_tokens=tokens if isinstance(tokens, int) else _meta(row, "n_ctx"),
            size_bytes=_meta(row, "size"),
        )  # fmt: skip

    def _way_out(self) -> str:
        return _("Start the server, or set another address.")


def _meta(row: dict[str, Any], name: str) -> int:
    """A number that llama.cpp's server says of a model; 0 where nothing is said."""
    meta = row.get("meta")
    number = meta.get(name) if isinstance(meta, dict) else None
    return number if isinstance(number, int) else 0


def api_root(url: str) -> str:
    """The address that ``/chat/completions`` is added to, from whatever form of it a person copied.

    Raises:
        UserError: it is not an address.
    """
    url = check_url(url)
    for ending in ("/chat/completions", "/completions", "/models"):
        url = url.removesuffix(ending).rstrip("/")
    return url if urlsplit(url).path else f"{url}/v1"
