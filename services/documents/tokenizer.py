"""Counting tokens as a model counts them, without loading the model or torch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from services.documents.word_tokens import WordTokens, word_tokens
from services.errors import UserError
from services.models.base import STARTER_MODEL, STARTER_NAME
from services.models.cache import cached_model
from services.translation import _

if TYPE_CHECKING:
    import tokenizers

    from services.project import Project


@dataclass(frozen=True)
class Tokenizer:
    """name: as the person chose it; recorded with each document that was counted with it."""

    name: str
    backend: tokenizers.Tokenizer

    def count(self, text: str) -> int:
        """The tokens of a text by itself, without the special ones that a model adds around it."""
        if self._words is not None:
            return self._words.count(text)
        # Counting needs no offsets, and goes faster without them.
        return len(self.backend.encode_batch_fast([text], add_special_tokens=False)[0])

    def counter(self, text: str) -> Callable[[int, int], int]:
        """For many pieces of one text: a function that counts the tokens of ``text[start:end]`` by itself."""
        if self._words is not None:
            return self._words.counter(text)
        return lambda start, end: self.count(text[start:end])

    @cached_property
    def _words(self) -> WordTokens | None:
        return word_tokens(self.backend)


def load_tokenizer(name_or_folder: str | Path) -> Tokenizer:
    """The tokenizer of a model: a folder, "starter", or a Hugging Face name that is on this computer.

    Raises:
        UserError: there is no such model here, or its tokenizer cannot be read.
    """
    import tokenizers

    name = str(name_or_folder).strip() or STARTER_NAME
    folder = _folder(name)
    if folder.resolve() == STARTER_MODEL:
        name = STARTER_NAME
    path = folder / "tokenizer.json"
    if not path.is_file():
        return Tokenizer(name, _converted(name, folder))
    try:
        backend = tokenizers.Tokenizer.from_file(str(path))
    except Exception as error:  # the binding raises plain Exception for whatever is wrong with the file
        raise UserError(
            _("The tokenizer of {name} cannot be read: {path} is damaged. Download the model again, or choose "
              "another tokenizer.").format(name=name, path=path)
        ) from error  # fmt: skip
    backend.no_truncation()  # the file may carry the settings of its last use
    backend.no_padding()
    return Tokenizer(name, backend)


def chosen_tokenizer(project: Project, name: str = "") -> str:
    """The name of the tokenizer to count with: the one given, else the last base model's, else the starter's."""
    if name.strip():
        return name.strip()
    for run in project.runs("cpt"):
        if base_model := str(run.settings.get("base_model") or ""):
            return base_model
    return STARTER_NAME


def _folder(name: str) -> Path:
    folder = Path(name).expanduser()
    if folder.is_file() and folder.name == "tokenizer.json":
        return folder.parent
    if folder.is_dir():
        return folder
    if name == STARTER_NAME:
        return STARTER_MODEL
    if cached := cached_model(name):
        return cached
    raise UserError(
        _("The tokenizer {name} is not on this computer. Choose the folder of a model, download the model in phase 2, "
          "or leave the setting empty.").format(name=name)
    )  # fmt: skip


def _converted(name: str, folder: Path) -> tokenizers.Tokenizer:
    """Older models have only a sentencepiece or vocabulary file: transformers turns it into a tokenizer."""
    problem = UserError(
        _("{folder} has no tokenizer that can be read. Choose the folder of a model with a tokenizer.json.").format(
            folder=folder
        )
    )
    if not any((folder / file).is_file() for file in ("tokenizer.model", "vocab.json", "spiece.model", "vocab.txt")):
        raise problem
    import transformers

    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(
            str(folder), local_files_only=True, trust_remote_code=False
        )
        return tokenizer.backend_tokenizer
    except Exception as error:  # a dozen kinds of files, each with errors of its own
        raise problem from error
