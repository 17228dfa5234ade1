"""A GGUF file, read by llama.cpp in this process."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from services.errors import UserError
from services.jobs import Context
from services.sft_data.prompt import Message
from services.sft_data.provider import Options, Reply
from services.translation import _

if TYPE_CHECKING:
    from services.models.llama_cpp import GgufModel


class LlamaCppProvider:
    name = "llama.cpp"
    is_local = True
    has_schema = False  # small models, which these mostly are, write tagged lines more reliably than JSON
    can_share = False

    def __init__(self, settings: dict[str, Any], context: Context) -> None:
        self.path = Path(settings["model"].strip()).expanduser()
        self.address = str(self.path)
        self._context_tokens: int = settings["context_tokens"]
        self._context = context
        self._model: GgufModel | None = None

    def models(self) -> list[str]:
        """The GGUF files beside the one chosen."""
        folder = self.path if self.path.is_dir() else self.path.parent
        return sorted(str(path) for path in folder.glob("*.gguf"))

    def check(self) -> None:
        if not str(self.path.name):
            raise UserError(_("Choose a GGUF file."))
        if not self.path.is_file():
            raise UserError(_("There is no file {path}. Choose a GGUF file.").format(path=self.path))
        try:
            with self.path.open("rb") as file:
                is_gguf = file.read(4) == b"GGUF"
        except OSError as error:
            raise UserError(
                _("{path} cannot be read: {reason}.").format(path=self.path, reason=error.strerror)
            ) from error
        if not is_gguf:
            raise UserError(_("{path} is not a GGUF file. Choose a file that ends in .gguf.").format(path=self.path))
