"""Does the starter model learn new documents? CPT with LoRA, then SFT with LoRA, then questions without the text.

    python packaging/starter_model/evaluate.py --model resources/starter_model --wordings 8 --passes 5

The documents are about new entities of the invented world, or those of --documents. Questions, in groups (see exam.py), are asked of the
base, the CPT and the final model.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from exam import Exam, invent_exam, read_exam
from measure import answer_questions

if TYPE_CHECKING:
    import torch
    from transformers import PreTrainedTokenizerBase

Row = tuple[list[int], list[int]]
"""Token ids and labels; -100 where no loss is taken."""


def sample_replay(model: Any, tokenizer: PreTrainedTokenizerBase, tokens: int, length: int) -> list[list[int]]:
    """Texts that the model writes itself, started from the end token, of about `tokens` tokens in all."""
    import torch

    made: list[list[int]] = []
    while sum(map(len, made)) < tokens:
        start = torch.full((48, 1), tokenizer.eos_token_id)
        out = model.generate(input_ids=start, attention_mask=torch.ones_like(start), do_sample=True, max_new_tokens=length, use_cache=True)
        for row in out[:, 1:].tolist():
            ids = row[:row.index(tokenizer.eos_token_id)] if tokenizer.eos_token_id in row else row
            if len(ids) > 8:
                made.append([*ids, tokenizer.eos_token_id])
    return made


def chat_row(tokenizer: PreTrainedTokenizerBase, question: str, reply: str) -> Row:
    """A question and its answer with loss on the answer and the end of turn."""
    messages = [{"role": "user", "content": question}, {"role": "assistant", "content": reply}]
    made = tokenizer.apply_chat_template(messages, return_assistant_tokens_mask=True, return_dict=True)
    return made["input_ids"], [i if m else -100 for i, m in zip(made["input_ids"], made["assistant_masks"], strict=True)]


def cut_rows(tokenizer: PreTrainedTokenizerBase, texts: list[str], length: int) -> list[Row]:
    """Texts as rows of at most `length` tokens: whole paragraphs, as many as fit."""
    rows: list[Row] = []
    for text in texts:
        parts: list[int] = []
        for paragraph in filter(str.strip, text.split("\n")):
            ids = tokenizer(("\n" if parts else "") + paragraph, add_special_tokens=False)["input_ids"]
            if parts and len(parts) + len(ids) + 1 > length:
                rows.append(_with_end(parts, tokenizer))
                ids = tokenizer(paragraph, add_special_tokens=False)["input_ids"]
                parts = []
            parts = parts + ids
            while len(parts) > length - 1:
                rows.append((parts[:length], parts[:length]))
                parts = parts[length - 1:]
        rows.append(_with_end(parts, tokenizer))
    return rows


def _with_end(ids: list[int], tokenizer: PreTrainedTokenizerBase) -> Row:
    return ([*ids, tokenizer.eos_token_id],) * 2


def train_adapter(model: Any, batches: list[list[Row]], rank: int, alpha: int, rate: float) -> Any:
    """Train a LoRA on all linear layers over the batches and merge it; the learning rate is warmed up and falls as a cosine."""
    import math

    import torch
    from peft import LoraConfig, get_peft_model

    wrapped = get_peft_model(model, LoraConfig(r=rank, lora_alpha=alpha, target_modules="all-linear", task_type="CAUSAL_LM"))
    optimizer = torch.optim.AdamW([p for p in wrapped.parameters() if p.requires_grad], lr=rate, weight_decay=0.01, betas=(0.9, 0.99))
    wrapped.train()
    for step, batch in enumerate(batches):
        part = (step + 1) / len(batches)
        for group in optimizer.param_groups:
            group["lr"] = rate * min(part / 0.05, 0.5 * (1 + math.cos(math.pi * part)) * 0.95 + 0.05)
        ids, labels = _pad(batch)
        loss = wrapped(input_ids=ids, labels=labels, use_cache=False).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(wrapped.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
    return wrapped.merge_and_unload().eval()


def _pad(batch: list[Row]) -> tuple[torch.Tensor, torch.Tensor]:
    import torch

    length = max(len(ids) for ids, _ in batch)
    ids = torch.tensor([ids + [0] * (length - len(ids)) for ids, _ in batch])
    labels = torch.tensor([labels + [-100] * (length - len(labels)) for _, labels in batch])
    return ids, labels


def grade(model: Any, tokenizer: PreTrainedTokenizerBase, exam: Exam, at_most: int) -> dict[str, float]:
    """The part of the answers that contain the value, for each group of questions."""
    from services.evaluation.match import is_right

    result = {}
    for group, pairs in exam.questions.items():
        asked = pairs[:at_most]
        replies = answer_questions(model, tokenizer, [question for question, _ in asked])
        result[group] = round(sum(is_right(r, v) for (_, v), r in zip(asked, replies, strict=True)) / max(len(asked), 1), 3)
    return result


def batches_of(rows: Sequence[Row], size: int, passes: int, seed: int) -> list[list[Row]]:
    """All rows in batches of `size`, in the order in which the program takes them."""
    from services.training.row import epoch_order

    lengths = [len(ids) for ids, _ in rows]
    batches: list[list[Row]] = []
    for number in range(passes):
        order = epoch_order(lengths, size, seed, number)
        batches += [[rows[at] for at in order[i:i + size]] for i in range(0, len(order), size)]
    return batches


def main() -> None:
    """Run one trial and print one line of JSON."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    parser = argparse.ArgumentParser(description="Teach the starter model new documents and ask it.")
    parser.add_argument("--model", type=Path, required=True)
    parser.add_argument("--documents", type=Path, help="folder of documents with questions.jsonl, instead of invented entities")
    parser.add_argument("--entities", type=int, default=60)
    parser.add_argument("--wordings", type=int, default=8)
    parser.add_argument("--passes", type=int, default=5, help="over all wordings")
    parser.add_argument("--rate", type=float, default=1.5e-3)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--row", type=int, default=128, help="tokens of a row, at most")
    parser.add_argument("--replay", type=float, default=0.3, help="share of the CPT tokens")
    parser.add_argument("--sft-passes", type=int, default=3)
    parser.add_argument("--sft-batch", type=int, default=8)
    parser.add_argument("--sft-rate", type=float, default=5e-4)
    parser.add_argument("--ask", type=int, default=80, help="questions of each group")
    parser.add_argument("--seed", type=int, default=5150)
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(arguments.seed)
    tokenizer = AutoTokenizer.from_pretrained(arguments.model)
    model = AutoModelForCausalLM.from_pretrained(arguments.model, dtype=torch.float32).eval()
    if arguments.documents:
        exam = read_exam(arguments.documents, arguments.model, arguments.wordings, arguments.seed)
    else:
        exam = invent_exam(arguments.entities, arguments.wordings, arguments.seed)
    result: dict[str, Any] = {**{k: str(v) for k, v in vars(arguments).items()}, "base": grade(model, tokenizer, exam, arguments.ask)}
    began = time.process_time()
    rows = cut_rows(tokenizer, exam.originals + exam.retold, arguments.row)
    own = sum(len(ids) for ids, _ in rows)
    replayed = [(ids, ids) for ids in sample_replay(model, tokenizer, int(own * arguments.replay / (1 - arguments.replay)), arguments.row)] if arguments.replay else []
    result["replay_cpu_s"] = round(time.process_time() - began, 1)
    batches = batches_of(rows + replayed, arguments.batch, arguments.passes, arguments.seed)
    model = train_adapter(model, batches, 32, 64, arguments.rate)
    result |= {"tokens_of_documents": sum(len(tokenizer(text)["input_ids"]) for text in exam.originals), "cpt_rows": len(rows), "replay_rows": len(replayed), "cpt_steps": len(batches), "cpt_cpu_s": round(time.process_time() - began, 1)}
    result["cpt"] = grade(model, tokenizer, exam, arguments.ask)
    began = time.process_time()
    chats = [chat_row(tokenizer, q, a) for q, a in exam.exchanges]
    batches = batches_of(chats, arguments.sft_batch, arguments.sft_passes, arguments.seed)
    model = train_adapter(model, batches, 16, 32, arguments.sft_rate)
    result |= {"sft_steps": len(batches), "sft_cpu_s": round(time.process_time() - began, 1)}
    result["final"] = grade(model, tokenizer, exam, arguments.ask)
    print(json.dumps(result), flush=True)


if __name__ == "__main__":
    main()
