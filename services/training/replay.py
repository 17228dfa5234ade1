"""Text that the base model writes itself: trained on beside the new text, it keeps what the model could do.

Sampled at temperature 1 without any cut, which is the model's own distribution: at the start of the training this text
pulls it nowhere. Where the model has a chat template, half of it are exchanges: the model is given the opening of a
person's turn, writes the question, and then answers it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any

from services.errors import UserError
from services.translation import _

if TYPE_CHECKING:
    from services.jobs import Context

_BATCH_WEIGHTS = 2**31  # rows of a batch times weights of the model: a small model needs many rows to be busy
_ROWS = (16, 256)
_CROWDED = 0.8  # of the rows: with fewer left, the batch is made smaller
_TOKENS = 512  # of one document, at most
_MARK = "wissenswerk"
_EMPTY_BATCHES = 4  # in a row, before the model counts as one that writes nothing


def sample_replay(
    model: Any,
    tokenizer: Any,
    token_count: int,
    count_tokens: Callable[[Sequence[str]], list[int]],
    *,
    longest: int,
    seed: int,
    cache: Path,
    context: Context,
) -> list[str]:
    """Documents by the base model, about ``token_count`` tokens of them in all.

    Args:
        count_tokens: the number of tokens of each document in the training.
        longest: tokens of one document, at most.
        cache: a file of this base model; what was sampled before is taken from it, what is new is added.

    Raises:
        UserError: the model writes nothing but ends.
        Cancelled: the work is to stop; what was sampled so far is in the cache.
    """
    documents: list[str] = []
    total = 0
    for batch in _batches(model, tokenizer, min(longest, _TOKENS), seed, cache, context):
        for document, tokens in zip(batch, count_tokens(batch) if batch else [], strict=True):
            if total >= token_count:
                break
            documents.append(document)
            total += tokens
        context.progress(min(total, token_count), token_count, _("The base model writes text to remember by"))
        if total >= token_count:
            break
    return documents


def _batches(
    model: Any, tokenizer: Any, longest: int, seed: int, cache: Path, context: Context
) -> Iterator[list[str]]:
    """First what the cache has, then batch after batch of new text, endlessly."""
    import torch

    cached = _read(cache)
    yield [document for batch in cached for document in batch]
    cache.parent.mkdir(parents=True, exist_ok=True)
    writer = _Writer(model, tokenizer, longest, context)
    fewest, most = _ROWS
    rows = min(most, max(fewest, _BATCH_WEIGHTS // model.num_parameters()))
    empty = 0
    with torch.random.fork_rng(devices=[model.device] if model.device.type == "cuda" else []):
        for number in range(len(cached), 1_000_000):
            context.check()
            torch.manual_seed(seed * 1_000_003 + number)
            batch = writer.write(rows)
            with open(cache, "a", encoding="utf-8") as file:
                file.write(json.dumps(batch, ensure_ascii=False) + "\n")
            empty = 0 if batch else empty + 1
            if empty == _EMPTY_BATCHES:
                raise UserError(_("The base model writes no text by itself. Set the replay share to 0."))
            yield batch


class _Writer:
    """Samples from a model, a batch at a time."""

    def __init__(self, model: Any, tokenizer: Any, longest: int, context: Context) -> None:
        from services.models.chat_template import prepare_chat

        self.model, self.tokenizer, self.longest, self.context = model, tokenizer, longest, context
        self.chat = prepare_chat(tokenizer, model.config, model.generation_config)
        specials = {id for id, token in tokenizer.added_tokens_decoder.items() if token.special}
        self._specials = sorted((specials | set(tokenizer.all_special_ids)) - set(self.chat.stop_token_ids))

    def write(self, count: int) -> list[str]:
        """About so many documents; where there is a chat template, texts and exchanges in turns."""
        if not self.tokenizer.chat_template:
            return self.texts(count)
        pairs = zip_longest(self.texts(count // 2), self.exchanges(count // 2))
        return [document for pair in pairs for document in pair if document]

    def texts(self, count: int) -> list[str]:
        """Plain documents, from both ways in which one can begin."""
        bos, newline = self.tokenizer.bos_token_id, self.tokenizer("\n", add_special_tokens=False)["input_ids"][-1:]
        starts = [[self.tokenizer.eos_token_id], newline] if bos is None else [[bos], [bos, *newline]]
        prompts = [starts[number % 2] for number in range(count)]
        return self._cleaned(self._sample(prompts, self.longest - 2))

    def exchanges(self, count: int) -> list[str]:
        """Questions by the model, each with its answer, as its template has them."""
        opening = self._opening()
        room = self.longest // 2
        questions = self._cleaned(self._sample([opening] * count, room))
        if not questions:
            return []
        from services.models.chat_template import encode_chat

        turns = [[{"role": "user", "content": question}] for question in questions]
        prompts = [encode_chat(self.tokenizer, turn, self.chat) for turn in turns]
        replies = self._sample(prompts, room)
        texts = []
        for turn, reply in zip(turns, replies, strict=True):
            if answer := self.tokenizer.decode(reply, skip_special_tokens=True).strip():
                exchange = [*turn, {"role": "assistant", "content": answer}]
                text = self.tokenizer.apply_chat_template(exchange, chat_template=self.chat.template, tokenize=False)
                texts.append(text.rstrip())
        return texts

    def _opening(self) -> list[int]:
        """Everything that stands before the first word of a question."""
        text = self.tokenizer.apply_chat_template(
            [{"role": "user", "content": _MARK}], chat_template=self.chat.template, tokenize=False
        )
        return self.tokenizer(text.partition(_MARK)[0], add_special_tokens=False)["input_ids"]

    def _sample(self, prompts: list[list[int]], tokens: int) -> list[list[int]]:
        """What the model writes after each prompt, up to the first end.

        Rows that have ended leave the batch; transformers' own loop computes them to the end of the longest.
        """
        import torch
        from transformers import DynamicCache

        width, device, stops = max(map(len, prompts)), self.model.device, set(self.chat.stop_token_ids)
        pad = self.chat.stop_token_ids[0]
        feed = torch.tensor([[pad] * (width - len(prompt)) + prompt for prompt in prompts], device=device)
        mask = torch.tensor([[0] * (width - len(prompt)) + [1] * len(prompt) for prompt in prompts], device=device)
        positions = (mask.cumsum(-1) - 1).clamp(min=0)
        cache = DynamicCache(config=self.model.config)
        written: list[list[int]] = [[] for _ in prompts]
        rows, ended = list(range(len(prompts))), set()
        for _step in range(max(1, tokens)):
            self.context.check()
            with torch.no_grad():
                logits = self.model(
                    input_ids=feed, attention_mask=mask, position_ids=positions, past_key_values=cache,
                    use_cache=True, logits_to_keep=1,
                ).logits[:, -1].float()  # fmt: skip
            logits[:, self._specials] = -torch.inf
            # The largest logit after Gumbel noise is a sample of their softmax, for much less than torch.multinomial.
            chosen = (logits - torch.empty_like(logits).exponential_().log()).argmax(-1)
            for row, token in zip(rows, chosen.tolist(), strict=True):
                if token in stops:
                    ended.add(row)
                elif row not in ended:
                    written[row].append(token)
            alive = [at for at, row in enumerate(rows) if row not in ended]
            if not alive:
                break
            feed, positions = chosen[:, None], positions[:, -1:] + 1
            mask = torch.cat([mask, torch.ones_like(feed)], dim=1)
            if len(alive) < _CROWDED * len(rows):
                kept = torch.tensor(alive, device=device)
                rows = [rows[at] for at in alive]
                feed, positions, mask = feed[kept], positions[kept], mask[kept]
                cache.batch_select_indices(kept)
        return written

    def _cleaned(self, rows: list[list[int]]) -> list[str]:
        texts = (self.tokenizer.decode(row, skip_special_tokens=True).strip() for row in rows)
        return [text for text in texts if text]


def _read(cache: Path) -> list[list[str]]:
    """The batches in a cache file; a last line cut by a crash is taken out of it."""
    if not cache.exists():
        return []
    text = cache.read_text("utf-8", errors="replace")
    whole = text[: text.rfind("\n") + 1]
    if whole != text:
        cache.write_text(whole, "utf-8")
    return [json.loads(line) for line in whole.split("\n") if line]
