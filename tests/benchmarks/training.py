"""How fast and in how much memory our training learns, beside TRL's, on the same data in the same minutes.

    OMP_NUM_THREADS=1 python tests/benchmarks/training.py [--layers 4] [--rows 16] [--repeats 2] [--json FILE]

The model has the widths and the vocabulary of Qwen2.5-0.5B (896, 14 heads, 2 of keys, 4864, 151936 tokens), random
weights, and as many layers as asked for: 24 would be the real one, a few fit into minutes. Rows have lengths as
question and answer pairs have them, half of each is only read. Every variant trains one epoch of the same rows in a
process of its own, the variants take turns, and the best of the repeats counts. Useful tokens are those of the rows,
not padding; time is CPU time of the process, from the loaded model to the trained adapter; memory is the peak above
what the loaded model takes. TRL's default computes in BF16 on every processor, ours where a product in it is clearly faster. The machine's rate in a plain F32 product stands beside it: no method can beat
4 operations a weight and token.

Before that, the loss alone (output matrix and cross entropy, forward and backward), all tokens learnt and 60 % only read.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import warnings
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

import numpy as np

VARIANTS = {
    "ours": "as the program trains: in the number format that its probe of this processor chooses",
    "ours F32": "the same in F32",
    "TRL default": "BF16 autocast, recomputing, random batches of 4",
    "TRL packed": "F32, nothing recomputed, packing",
    "TRL grouped": "F32, nothing recomputed, group_by_length",
}
WIDTH, HEADS, KEY_HEADS, INNER, VOCABULARY = 896, 14, 2, 4864, 151_936
LONGEST, BATCH = 1024, 4


def draw_rows(count: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """(ids, labels) of rows with log-normal lengths; the first half of each is not learnt."""
    rng = np.random.default_rng(0)
    rows = []
    for length in np.clip(rng.lognormal(5.3, 0.6, count).astype(int), 32, LONGEST):
        ids = rng.integers(1000, VOCABULARY, length).astype(np.int32)
        labels = ids.copy()
        labels[: length // 2] = -100
        rows.append((ids, labels))
    return rows


def make_model(layers: int) -> Any:
    import torch
    from transformers import Qwen2Config, Qwen2ForCausalLM

    config = Qwen2Config(
        vocab_size=VOCABULARY, hidden_size=WIDTH, intermediate_size=INNER, num_hidden_layers=layers,
        num_attention_heads=HEADS, num_key_value_heads=KEY_HEADS, tie_word_embeddings=True, use_cache=False,
    )  # fmt: skip
    torch.manual_seed(0)
    return Qwen2ForCausalLM(config)


def peak_bytes(*, is_reset: bool = False) -> int:
    """The most memory that this process has held, since the last reset where the system can do that."""
    if is_reset and Path("/proc/self/clear_refs").exists():
        Path("/proc/self/clear_refs").write_text("5")
    status = Path("/proc/self/status")
    if status.exists():
        return 1024 * int(next(line.split()[1] for line in status.read_text().splitlines() if line.startswith("VmHWM")))
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def train_one(variant: str, layers: int, count: int) -> dict[str, float]:
    """Train one variant in this process."""
    warnings.simplefilter("ignore")
    from tests.tiny_models import make_tiny_tokenizer

    rows, tokenizer, model = draw_rows(count), make_tiny_tokenizer("qwen2"), make_model(layers)
    import peft  # noqa: F401  imported before the clock starts, as everything else
    import torch
    import trl  # noqa: F401

    from services.training import trainer

    trainer._trainer_class()
    device = _device(variant)
    if variant.startswith("ours"):
        model.to(getattr(torch, device.dtype))  # as it would have been loaded
    with tempfile.TemporaryDirectory() as folder:
        before, began, clock = peak_bytes(is_reset=True), time.perf_counter(), time.process_time()
        if variant.startswith("ours"):
            loss = _ours(device, model, tokenizer, rows, Path(folder))
        else:
            loss = _trl(variant, model, tokenizer, rows, Path(folder))
        seconds, wall = time.process_time() - clock, time.perf_counter() - began
    return {
        "tokens": sum(len(ids) for ids, _labels in rows), "cpu_s": seconds, "wall_s": wall, "loss": loss,
        "memory_bytes": peak_bytes() - before, "gemm_flops": gemm_rate(), "dtype": device.dtype,
    }  # fmt: skip


def _device(variant: str) -> Any:
    from services.training.device import Device, training_device

    return training_device("cpu") if variant == "ours" else Device("cpu", "float32")


def _ours(device: Any, model: Any, tokenizer: Any, rows: list[Any], folder: Path) -> float:
    from services import settings
    from services.jobs import Context
    from services.training.row import Row
    from services.training.trainer import train

    values = settings.check(
        "sft",
        {"epochs": 1, "batch_size": BATCH, "max_seq_length": LONGEST, "gradient_checkpointing": False,
         "learning_rate": 2e-4, "warmup_share": 0.0, "lora_rank": 16, "lora_alpha": 32, "device": "cpu",
         "watch_forgetting": False},
    )  # fmt: skip
    losses: list[float] = []
    context = Context(lambda event: losses.append(event["loss"]) if "loss" in event else None)
    train(
        model.eval(), tokenizer, [Row(*row) for row in rows], [], values, device, folder, context,
        log_every_s=0,
    )  # fmt: skip
    return sum(losses) / len(losses)


def _trl(variant: str, model: Any, tokenizer: Any, rows: list[Any], folder: Path) -> float:
    from datasets import Dataset
    from peft import LoraConfig
    from trl import SFTConfig, SFTTrainer

    tuned = {"bf16": False, "gradient_checkpointing": False}
    more: dict[str, Any] = {
        "TRL default": {},
        # A packed row holds about as many of the rows as a batch of the others.
        "TRL packed": {**tuned, "packing": True, "per_device_train_batch_size": 1},
        "TRL grouped": {**tuned, "train_sampling_strategy": "group_by_length"},
    }[variant]
    arguments = SFTConfig(
        output_dir=str(folder), use_cpu=True, max_length=LONGEST, num_train_epochs=1, learning_rate=2e-4,
        logging_steps=1, save_strategy="no", disable_tqdm=True, report_to="none",
        **{"per_device_train_batch_size": BATCH, **more},
    )  # fmt: skip
    made = SFTTrainer(
        model=model, args=arguments, processing_class=tokenizer,
        train_dataset=Dataset.from_list([{"input_ids": ids.tolist(), "labels": labels.tolist()} for ids, labels in rows]),
        peft_config=LoraConfig(r=16, lora_alpha=32, target_modules="all-linear", task_type="CAUSAL_LM"),
    )  # fmt: skip
    made.train()
    losses = [entry["loss"] for entry in made.state.log_history if "loss" in entry]
    return sum(losses) / len(losses)


def gemm_rate() -> float:
    """Operations a CPU second of a plain F32 product of the model's shapes."""
    import torch

    left, right = torch.randn(1024, WIDTH), torch.randn(INNER, WIDTH)
    best = float("inf")
    for _ in range(3):
        clock = time.process_time()
        for _ in range(3):
            left @ right.T
        best = min(best, (time.process_time() - clock) / 3)
    return 2 * 1024 * WIDTH * INNER / best


def loss_alone(repeats: int) -> dict[str, Any]:
    """CPU seconds of output matrix and loss for 512 tokens: TRL's, and ours."""
    import torch
    from trl.kernels.chunked_logprob import ChunkedLogProbFunction

    from services.training.linear_loss import linear_cross_entropy

    torch.manual_seed(0)
    hidden, weight = torch.randn(512, WIDTH), 0.02 * torch.randn(VOCABULARY, WIDTH)
    goals = torch.randint(0, VOCABULARY, (512,))

    def theirs(states: Any, is_learnt: Any) -> Any:
        # As its trainer calls it where there is no Triton: every token is projected, and masked afterwards.
        log_probs = ChunkedLogProbFunction.apply(
            states, weight, None, goals, 1.0, 32768, None, 1.0, ("log_probs", "entropy", "is_top1")
        )[0]
        return -log_probs.masked_fill(~is_learnt, 0).sum()

    def ours(states: Any, is_learnt: Any) -> Any:
        return linear_cross_entropy(states[is_learnt], weight, goals[is_learnt])

    results: dict[str, Any] = {}
    for masked in (0.0, 0.6):
        is_learnt = torch.arange(512) >= 512 * masked
        seconds: dict[str, float] = {}
        losses, gradients = [], []
        for _ in range(repeats):
            for name, function in (("ours", ours), ("TRL", theirs)):
                states = hidden.clone().requires_grad_()
                clock = time.process_time()
                loss = function(states, is_learnt)
                loss.backward()
                seconds[name] = min(seconds.get(name, float("inf")), time.process_time() - clock)
                losses.append(loss.item())
                gradients.append(states.grad)
        error = float((gradients[0] - gradients[1]).norm() / gradients[1].norm())
        results[f"{masked:.0%} only read"] = {
            **seconds, "ratio": seconds["TRL"] / seconds["ours"], "loss difference": abs(losses[0] / losses[1] - 1),
            "gradient difference": error,
        }  # fmt: skip
    return results


def main() -> None:
    """Run everything and print it; or, with --variant, one variant as a line of JSON."""
    parser = argparse.ArgumentParser(description="Our training beside TRL's.")
    parser.add_argument("--layers", type=int, default=4)
    parser.add_argument("--rows", type=int, default=16)
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--only", nargs="+", choices=list(VARIANTS), default=list(VARIANTS))
    parser.add_argument("--json", type=Path)
    parser.add_argument("--variant", choices=list(VARIANTS), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.variant:
        print("\n" + json.dumps(train_one(options.variant, options.layers, options.rows)))
        return
    alone = loss_alone(max(2, options.repeats))
    print(f"Threads: {os.environ['OMP_NUM_THREADS']}. Loss alone, 512 tokens, CPU seconds:")
    for name, row in alone.items():
        print(f"  {name}: ours {row['ours']:.2f}, TRL {row['TRL']:.2f}, ratio {row['ratio']:.2f}", flush=True)
    best: dict[str, dict[str, float]] = {}
    for _ in range(options.repeats):
        for variant in options.only:
            command = [sys.executable, __file__, "--variant", variant, "--layers", str(options.layers),
                       "--rows", str(options.rows)]  # fmt: skip
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            if done.returncode:
                sys.exit(done.stderr)
            result = json.loads(done.stdout.splitlines()[-1])
            if variant not in best or result["cpu_s"] < best[variant]["cpu_s"]:
                best[variant] = result
    weights = options.layers * (2 * WIDTH * WIDTH + 2 * WIDTH * WIDTH * KEY_HEADS // HEADS + 3 * WIDTH * INNER)
    learnt = sum(int((labels[1:] >= 0).sum()) for _ids, labels in draw_rows(options.rows))
    print(f"{options.layers} layers, {options.rows} rows:")
    ours = best.get("ours")
    for variant, row in best.items():
        rate = row["tokens"] / row["cpu_s"]
        floor = 4 * (weights * row["tokens"] + WIDTH * VOCABULARY * learnt) / row["gemm_flops"]
        ratio = row["cpu_s"] / ours["cpu_s"] if ours else float("nan")
        print(
            f"  {variant:12} {rate:7.1f} tokens/CPU s  ours is {ratio:4.2f}x  memory +{row['memory_bytes'] / 2**30:.2f} GB"
            f"  loss {row['loss']:.3f}  wall {row['wall_s']:.0f} s  {floor / row['cpu_s']:.0%} of the F32 product rate"
            + (f"  in {row['dtype']}" if variant.startswith("ours") else "")
        )
    if options.json:
        options.json.write_text(json.dumps({"loss": alone, "training": best, "options": vars(options)}, default=str))


if __name__ == "__main__":
    main()
