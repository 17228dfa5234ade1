"""A transformers model that answers, token by token; the same interface as a GGUF file has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from services.errors import UserError
from services.models.chat_template import encode_chat, prepare_chat
from services.translation import _

_LONGEST_ANSWER_TOKENS = 1024
_UNFINISHED = "\ufffd"  # what half a character decodes to


class TorchModel:
    """A loaded model with its chat format.

    Args:
        model, tokenizer: of transformers, as load_base and load_merged return them.

    Attributes:
        token_count: of the last answer.
    """

    def __init__(self, model: Any, tokenizer: Any) -> None:
        self._model, self._tokenizer = model, tokenizer
        self._chat = prepare_chat(tokenizer, model.config, model.generation_config)
        self.context_tokens = int(getattr(model.config, "max_position_embeddings", 0) or 2048)
        self.token_count = 0

    def chat(
        self,
        messages: Sequence[Mapping[str, str]],
        on_token: Any = None,
        options: Mapping[str, Any] | None = None,
    ) -> str:
        """The answer to a conversation; see GgufModel.chat. Options: temperature, answer_tokens, seed.

        Raises:
            UserError: the conversation is longer than the context.
        """
        options = options or {}
        ids = encode_chat(self._tokenizer, [dict(message) for message in messages], self._chat)
        room = self.context_tokens - len(ids)
        if room < 1:
            raise UserError(
                _(
                    "The conversation is longer than the model's context ({tokens} tokens). Start a new one, or ask "
                    "with "
                    "less text at a time."
                ).format(tokens=self.context_tokens)
            )
        limit = min(room, int(options.get("answer_tokens", _LONGEST_ANSWER_TOKENS)))
        tokens = self._generate(ids, limit, float(options.get("temperature", 0.0)), int(options.get("seed", 0)))
        pieces: list[str] = []
        for piece in self._pieces(tokens):
            pieces.append(piece)
            if on_token is not None and on_token(piece) is True:
                break
        return "".join(pieces)

    def count_prompt_tokens(self, text: str) -> int:
        return len(self._tokenizer(text)["input_ids"])

    def close(self) -> None:
        """Frees the memory, that of a graphics card too."""
        import gc

        import torch

        self._model = None
        gc.collect()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()

    def _generate(self, ids: list[int], limit: int, temperature: float, seed: int) -> Iterator[int]:
        """At most ``limit`` tokens; ends before one that ends the answer. A temperature of 0 takes the likeliest."""
        import torch

        device = self._model.device
        chance = torch.Generator().manual_seed(seed)
        cache = None
        step = torch.tensor([ids], device=device)
        self.token_count = 0
        while self.token_count < limit:
            with torch.inference_mode():
                output = self._model(input_ids=step, past_key_values=cache, use_cache=True, logits_to_keep=1)
                cache, scores = output.past_key_values, output.logits[0, -1].float().cpu()
                if temperature > 0:
                    token = int(torch.multinomial((scores / temperature).softmax(-1), 1, generator=chance))
                else:
                    token = int(scores.argmax())
            if token in self._chat.stop_token_ids:
                return
            self.token_count += 1
            yield token
            step = torch.tensor([[token]], device=device)

    def _pieces(self, tokens: Iterator[int]) -> Iterator[str]:
        """Text as it becomes certain, one piece a token, empty while a character is incomplete.

        Decoding starts one step back: what a token says may depend on the one before it (blanks in SentencePiece).
        """
        ids: list[int] = []
        start = done = 0
        for token in tokens:
            ids.append(token)
            said, whole = self._decode(ids[start:done]), self._decode(ids[start:])
            if whole.endswith(_UNFINISHED):
                yield ""
                continue
            yield whole[len(said) :]
            start, done = done, len(ids)
        rest = self._decode(ids[start:])[len(self._decode(ids[start:done])) :]
        if rest:
            yield rest

    def _decode(self, ids: list[int]) -> str:
        return str(self._tokenizer.decode(ids, skip_special_tokens=True)) if ids else ""
