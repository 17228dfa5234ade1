"""A GGUF file, read by llama.cpp in this process."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from services.errors import UserError
from services.jobs import Context
from services.sft_data.prompt import Message
from services.sft_data.provider import Offer, Options, Reply, RequestFailed
from services.translation import _

if TYPE_CHECKING:
    from services.models.llama_cpp import GgufModel


class LlamaCppProvider:
    name = "llama.cpp"
    is_local = True
    has_schema = True
    can_share = False
    price = None

    def __init__(self, settings: dict[str, Any], context: Context) -> None:
        self.model = settings["model"].strip()
        self.path = Path(self.model).expanduser()
        self.address = str(self.path)
        self._context_tokens: int = settings["context_tokens"]
        self._context = context
        self._loaded: GgufModel | None = None

    def listen(self, refused: Callable[[int, float | None], None]) -> None:
        """It is asked one thing after the other, and refuses none."""

    def offers(self) -> list[Offer]:
        """The GGUF files beside the one chosen."""
        folder = self.path if self.path.is_dir() else self.path.parent
        return [Offer(str(path), size_bytes=path.stat().st_size) for path in sorted(folder.glob("*.gguf"))]

    def check(self) -> None:
        """Loads the model, so that a damaged or unknown file is said before any chunk is asked about."""
        from services.models.llama_cpp import GgufModel

        if not self.model:
            raise UserError(_("Choose a GGUF file."))
        self._loaded = GgufModel(self.path, self._context_tokens)

    def complete(self, messages: list[Message], schema: dict[str, Any] | None, options: Options) -> Reply:
        if self._loaded is None:
            self.check()
        assert self._loaded is not None
        asked = {
            "temperature": options.temperature,
            "answer_tokens": options.answer_tokens,
            "seed": options.seed,
            "schema": schema,
        }
        try:
            text = self._loaded.chat(messages, lambda _piece: self._context.check(), asked)
        except UserError as error:
            raise RequestFailed(str(error), is_server=False) from error
        tokens = self._loaded.token_count
        return Reply(text, None, tokens, is_cut=tokens >= options.answer_tokens)

    def close(self) -> None:
        if self._loaded is not None:
            self._loaded.close()
            self._loaded = None
