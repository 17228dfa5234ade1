"""Train the starter model from scratch.

    python packaging/starter_model/train.py --data FOLDER --out resources/starter_model --minutes 75

FOLDER holds *.txt prose and *.qa.jsonl questions. The learning rate follows the time budget, so that a run ends where it should on
any machine. A checkpoint is written every few minutes into --work; the same command goes on from there.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from measure import measure
from network import build_network, save_network
from stream import RowStream, TextSource, public_entities
from textbook import Textbooks, read_textbooks
from tokenizer import train_tokenizer

if TYPE_CHECKING:
    import torch
    from transformers import Qwen2ForCausalLM

BATCH_TOKENS = 2048
ROW_LENGTHS = ((256, 0.90), (1024, 0.10))
PEAK_RATE = 2.2e-3
FLOOR = 0.03
WARM_UP = 0.02


def learning_rate(progress: float) -> float:
    """Linear warm-up, then a cosine down to 3 % of the peak; progress runs from 0 to 1."""
    if progress < WARM_UP:
        return PEAK_RATE * max(progress / WARM_UP, 0.01)
    angle = math.pi * (progress - WARM_UP) / (1 - WARM_UP)
    return PEAK_RATE * (FLOOR + (1 - FLOOR) * 0.5 * (1 + math.cos(min(angle, math.pi))))


def tokenizer_texts(books: Textbooks) -> list[str]:
    """The text the tokenizer learns from: all prose and a sample of the invented world."""
    source = TextSource(books, public_entities(), random.Random(3))
    return [*books.paragraphs, *(source.fresh_text() for _ in range(6000)), *(source.everyday() for _ in range(200))]


def backward(
    network: Qwen2ForCausalLM, rows: torch.Tensor, forward: Callable[..., Any] | None = None, chunk: int = 512
) -> float:
    """Add the gradients of the mean next-token loss of the rows (rows x length token ids); return the loss in nats.

    The logits are made for `chunk` positions at a time: whole, they would be the largest array by far and cost a third of the time.
    """
    from torch.nn.functional import cross_entropy

    hidden = (forward or network.model)(input_ids=rows, use_cache=False).last_hidden_state[:, :-1]
    flat = hidden.detach().reshape(-1, hidden.shape[-1])
    targets = rows[:, 1:].reshape(-1)
    gradient = flat.new_empty(flat.shape)
    total = 0.0
    for start in range(0, len(flat), chunk):
        part = flat[start:start + chunk].requires_grad_()
        loss = cross_entropy(network.lm_head(part), targets[start:start + chunk], reduction="sum") / len(targets)
        loss.backward()
        gradient[start:start + chunk] = part.grad
        total += loss.item()
    hidden.backward(gradient.view_as(hidden))
    return total


def train(arguments: argparse.Namespace) -> None:
    """Run the training until its time is up and save the result."""
    import torch
    from transformers import AutoTokenizer

    if arguments.threads:
        torch.set_num_threads(arguments.threads)
    torch.manual_seed(arguments.seed)
    books = read_textbooks(arguments.data)
    arguments.out.mkdir(parents=True, exist_ok=True)
    arguments.work.mkdir(parents=True, exist_ok=True)
    if not (arguments.out / "tokenizer.json").exists():
        train_tokenizer(tokenizer_texts(books), arguments.out)
    tokenizer = AutoTokenizer.from_pretrained(arguments.out)
    network = build_network(tokenizer, arguments.layers, arguments.intermediate)
    network.config.use_cache = False
    matrices = [p for p in network.parameters() if p.dim() > 1]
    vectors = [p for p in network.parameters() if p.dim() == 1]
    optimizer = torch.optim.AdamW(
        [{"params": matrices, "weight_decay": 0.1}, {"params": vectors, "weight_decay": 0.0}],
        lr=PEAK_RATE, betas=(0.9, 0.95), fused=True,
    )
    state = {"seconds": 0.0, "steps": 0, "tokens": 0}
    checkpoint = arguments.work / "checkpoint.pt"
    if checkpoint.exists():
        saved = torch.load(checkpoint, weights_only=True)
        network.load_state_dict(saved["network"])
        optimizer.load_state_dict(saved["optimizer"])
        state = saved["state"]
        print(f"resumed at {state}", flush=True)
    rng = random.Random(arguments.seed + state["steps"])
    backend = tokenizer.backend_tokenizer
    stream = RowStream(
        TextSource(books, public_entities(), rng), lambda text: backend.encode(text, add_special_tokens=False).ids, tokenizer.eos_token_id
    )
    forward = network.model.forward
    if arguments.compile:
        forward = torch.compile(network.model.forward, dynamic=False)
        for length, _ in ROW_LENGTHS:
            backward(network, torch.full((BATCH_TOKENS // length, length), tokenizer.eos_token_id), forward)
        optimizer.zero_grad()
    budget = arguments.minutes * 60
    before = state["seconds"]
    started = last_saved = last_shown = time.monotonic()
    running = 0.0
    while state["seconds"] < budget:
        progress = state["seconds"] / budget
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(progress)
        length = rng.choices([each for each, _ in ROW_LENGTHS], weights=[w for _, w in ROW_LENGTHS])[0]
        rows = torch.tensor(stream.draw_rows(progress, BATCH_TOKENS // length, length))
        loss = backward(network, rows, forward)
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        now = time.monotonic()
        state = {"seconds": before + now - started, "steps": state["steps"] + 1, "tokens": state["tokens"] + BATCH_TOKENS}
        running = loss if not running else 0.95 * running + 0.05 * loss
        if now - last_shown > 30:
            print(f"{state['seconds']:6.0f} s  step {state['steps']}  tokens {state['tokens']}  loss {running:.3f}  "
                  f"rate {optimizer.param_groups[0]['lr']:.5f}", flush=True)
            last_shown = now
        if now - last_saved > arguments.save_minutes * 60:
            _save_checkpoint(checkpoint, network, optimizer, state)
            print(json.dumps(measure(network, tokenizer, books, questions=48)), flush=True)
            last_saved = time.monotonic()
            before, started = state["seconds"], last_saved
    _save_checkpoint(checkpoint, network, optimizer, state)
    save_network(network, arguments.out)
    result = {**state, "parameters": sum(p.numel() for p in network.parameters()), **measure(network, tokenizer, books, questions=200)}
    (arguments.work / "result.json").write_text(json.dumps(result, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(result), flush=True)


def _save_checkpoint(path: Path, network: object, optimizer: object, state: dict[str, float]) -> None:
    import torch

    part = path.with_suffix(".part")
    torch.save({"network": network.state_dict(), "optimizer": optimizer.state_dict(), "state": state}, part)
    part.replace(path)


def main() -> None:
    """Read the command line and train."""
    parser = argparse.ArgumentParser(description="Train the starter model.")
    parser.add_argument("--data", type=Path, required=True, help="folder with *.txt and *.qa.jsonl")
    parser.add_argument("--out", type=Path, required=True, help="folder for the model")
    parser.add_argument("--work", type=Path, default=Path("build/starter_model"), help="folder for the checkpoint")
    parser.add_argument("--minutes", type=float, default=75.0, help="training time")
    parser.add_argument("--save-minutes", type=float, default=6.0, help="time between checkpoints")
    parser.add_argument("--threads", type=int, default=0, help="0: what torch chooses")
    parser.add_argument("--compile", action="store_true", help="a third faster where torch finds a C++ compiler")
    parser.add_argument("--layers", type=int, default=5)
    parser.add_argument("--intermediate", type=int, default=768)
    parser.add_argument("--seed", type=int, default=1)
    train(parser.parse_args())


if __name__ == "__main__":
    main()
