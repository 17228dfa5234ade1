"""One set-up for both trainings: TRL's SFTTrainer teaches a LoRA adapter from rows of tokens."""

from __future__ import annotations

import contextlib
import functools
import time
import warnings
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from services.errors import Cancelled, UserError
from services.training import checkpoint
from services.training.device import Device
from services.training.loss import has_plain_head, summed_loss
from services.training.pace import Pace
from services.training.plan import count_steps
from services.training.row import Row, RowSampler, collate, pad_id
from services.training.session import from_first, process_count
from services.translation import _

if TYPE_CHECKING:
    from services.jobs import Context

_LOG_EVERY_S = 0.5
_CHECKPOINTS_KEPT = 2


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a training came to.

    loss: mean of the last tenth of the steps; validation_loss: at the end; best_step: where it was lowest.
    tokens: learnt in all, every epoch counted; seconds: of this session.
    """

    steps: int
    loss: float
    validation_loss: float | None
    best_step: int | None
    best_validation_loss: float | None
    tokens: int
    seconds: float


def train(
    model: Any,
    tokenizer: Any,
    rows: Sequence[Row],
    held_out: Sequence[Row],
    settings: dict[str, Any],
    device: Device,
    folder: Path,
    context: Context,
    *,
    resume_from: Path | None = None,
    log_every_s: float = _LOG_EVERY_S,
) -> tuple[Any, Outcome]:
    """Teach a fresh adapter; returns the PeftModel and what the training came to.

    Args:
        model: a causal language model of transformers with its weights in the device's dtype.
        rows, held_out: to learn from, and to measure on; both of at most ``settings["max_seq_length"]`` tokens.
        settings: those that both phases share, see ``services.settings``.
        folder: where this run's checkpoints are.
        resume_from: a complete checkpoint in there. Going on from it gives the same adapter as not having stopped.

    Raises:
        UserError: no room in memory or on the disk, or the loss is no longer a number.
        Cancelled: stopped, with a checkpoint saved.
    """
    from peft import LoraConfig

    epoch_steps, max_steps = count_steps(len(rows), settings, process_count())
    pace = Pace(context, max_steps, epoch_steps, 60 * settings["save_every_minutes"], log_every_s)
    started = time.monotonic()
    adapter = LoraConfig(
        r=settings["lora_rank"],
        lora_alpha=settings["lora_alpha"],
        lora_dropout=settings["lora_dropout"],
        target_modules="all-linear",
        task_type="CAUSAL_LM",
    )
    with explain_memory(settings), warnings.catch_warnings():
        # WORKAROUND PEFT 0.21 asks models by a name that transformers 5.23 is giving up, once for every training.
        warnings.filterwarnings("ignore", ".*is_gradient_checkpointing.*", FutureWarning)
        trainer = _trainer_class()(
            model=model,
            args=_arguments(settings, device, folder, max_steps),
            processing_class=tokenizer,
            peft_config=adapter,
            rows=rows,
            held_out=held_out,
            pace=pace,
            epoch_steps=epoch_steps,
        )
        trainer.train(resume_from_checkpoint=str(resume_from) if resume_from else None)
    if pace.is_stopped:
        raise Cancelled
    best = min(pace.validation, key=lambda point: point[1], default=(None, None))
    outcome = Outcome(
        steps=trainer.state.global_step,
        loss=pace.final_loss,
        validation_loss=pace.validation[-1][1] if pace.validation else None,
        best_step=best[0],
        best_validation_loss=best[1],
        tokens=settings["epochs"] * sum(row.token_count for row in rows),
        seconds=time.monotonic() - started,
    )
    return trainer.accelerator.unwrap_model(trainer.model), outcome


@contextlib.contextmanager
def explain_memory(settings: dict[str, Any]) -> Iterator[None]:
    """Turn a full memory into a sentence that names what to change.

    Raises:
        UserError: in place of the many exceptions that say so.
    """
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        words = ("out of memory", "can't allocate memory", "not enough memory", "CUBLAS_STATUS_ALLOC_FAILED")
        if not isinstance(error, MemoryError) and not any(word in str(error) for word in words):
            raise
        batch, tokens = settings["batch_size"], settings["max_seq_length"]
        ways = []
        if batch > 1:
            ways.append(_("lower “Batch” from {value} to {half}").format(value=batch, half=batch // 2))
        if not settings["gradient_checkpointing"]:
            ways.append(_("switch on “Save memory by computing twice”"))
        ways.append(_("lower “Longest text” from {value} to {half}").format(value=tokens, half=tokens // 2))
        ways.append(_("choose a smaller base model"))
        raise UserError(
            _("The memory is full. You can {way}, or {other}; then start again.").format(way=ways[0], other=ways[1])
        ) from error


def save_adapter(model: Any, tokenizer: Any, folder: Path, base_model: str) -> None:
    """Write a trained adapter and its tokenizer.

    Args:
        base_model: the name or folder by which others find the model that the adapter belongs to.
    """
    for adapter in model.peft_config.values():
        adapter.base_model_name_or_path = base_model
    # Asked to find out by itself, PEFT looks the base model up on the network.
    model.save_pretrained(str(folder), save_embedding_layers=False)
    tokenizer.save_pretrained(str(folder))


def _arguments(settings: dict[str, Any], device: Device, folder: Path, max_steps: int) -> Any:
    from trl import SFTConfig

    return SFTConfig(
        output_dir=str(folder),
        num_train_epochs=settings["epochs"],
        learning_rate=settings["learning_rate"],
        lr_scheduler_type="cosine_with_min_lr",
        lr_scheduler_kwargs={"min_lr_rate": 0.1},
        warmup_steps=round(settings["warmup_share"] * max_steps),
        weight_decay=settings["weight_decay"],
        per_device_train_batch_size=settings["batch_size"],
        gradient_accumulation_steps=settings["gradient_accumulation"],
        seed=settings["seed"],
        use_cpu=device.name == "cpu",
        bf16=device.dtype == "bfloat16",
        fp16=device.dtype == "float16",
        # Two names of one thing; TRL still switches the old one on by itself.
        gradient_checkpointing=False,
        activation_checkpointing=settings["gradient_checkpointing"],
        # When to log, measure and save is decided in pace.py.
        logging_strategy="no",
        eval_strategy="no",
        save_strategy="no",
        save_total_limit=_CHECKPOINTS_KEPT,
        # It would put the last average in place of a loss that is not a number.
        logging_nan_inf_filter=False,
        # The rows are cut already: nothing is packed, truncated or mapped.
        dataset_kwargs={"skip_prepare_dataset": True},
        max_length=None,
        remove_unused_columns=False,
        dataloader_pin_memory=device.name == "cuda",
        ddp_find_unused_parameters=False,
        report_to="none",
        disable_tqdm=True,
    )


@functools.cache
def _trainer_class() -> type:
    """The trainer, made when it is first needed: importing TRL takes seconds."""
    import torch
    from datasets import Dataset
    from transformers import PrinterCallback, TrainerCallback
    from trl import SFTTrainer

    class PaceCallback(TrainerCallback):
        """Asks the pace what to do after every step; under several processes the first one decides for all."""

        def __init__(self, trainer: LoraTrainer) -> None:
            self.trainer, self.pace = trainer, trainer.pace

        def on_train_begin(self, _args: Any, state: Any, _control: Any, **_more: Any) -> None:
            self.pace.restore(state.log_history)
            self.pace.context.progress(state.global_step, self.pace.max_steps, _("Training"))

        def on_step_begin(self, *_arguments: Any, **_more: Any) -> None:
            self.pace.begin_step()

        def on_step_end(self, _args: Any, state: Any, control: Any, **_more: Any) -> Any:
            decision = self.pace.decide(state.global_step)
            flags = [decision.log, decision.measure, decision.save, decision.stop]
            if self.trainer.accelerator.num_processes > 1:
                flags = from_first(flags)
            control.should_log, control.should_evaluate, control.should_save, self.pace.is_stopped = flags
            control.should_training_stop = control.should_training_stop or self.pace.is_stopped
            return control

        def on_epoch_end(self, _args: Any, _state: Any, control: Any, **_more: Any) -> Any:
            # The last step of an epoch has done what was due; the trainer would do it again here.
            control.should_log = control.should_evaluate = control.should_save = False
            return control

        def on_log(self, _args: Any, state: Any, _control: Any, logs: dict[str, Any], **_more: Any) -> None:
            if "loss" in logs:
                memory = memory_use(self.trainer.args.device)
                self.pace.logged(
                    state.global_step, logs["loss"], logs["learning_rate"], logs.get("grad_norm", 0.0), memory
                )

        def on_save(self, *_arguments: Any, **_more: Any) -> None:
            self.pace.saved()

    class LoraTrainer(SFTTrainer):
        """SFTTrainer over rows that are cut already, with checkpoints that are whole or not there.

        The loss is TRL's where it is fused (Triton) or spread over processes; elsewhere TRL projects every token
        through the vocabulary twice, prompt and padding included, so there our own is used.
        """

        def __init__(
            self, rows: Sequence[Row], held_out: Sequence[Row], pace: Pace, epoch_steps: int, **arguments: Any
        ) -> None:
            self.rows, self.held_out, self.pace, self._epoch_steps = rows, held_out, pace, epoch_steps
            self._pad_id = pad_id(arguments["processing_class"])
            self._batch_tokens: deque[int] = deque()  # of the batches that are made and not yet trained on
            # What TRL passes around are numbers of rows; the collator knows the rows.
            super().__init__(
                train_dataset=Dataset.from_dict({"row": list(range(len(rows)))}),
                data_collator=self._collate,
                **arguments,
            )
            self.remove_callback(PrinterCallback)
            self.add_callback(PaceCallback(self))
            self._network = self.accelerator.unwrap_model(self.model).get_base_model()
            self._has_own_loss = (
                self.accelerator.num_processes == 1
                and self.args.device.type != "cuda"
                and has_plain_head(self._network.config)
            )

        def _collate(self, items: list[dict[str, int]]) -> dict[str, Any]:
            batch = [self.rows[item["row"]] for item in items]
            self._batch_tokens.append(sum(row.token_count for row in batch))
            return collate(batch, self._pad_id)

        def training_step(self, *arguments: Any, **more: Any) -> Any:
            self.pace.tokens += self._batch_tokens.popleft() * self.accelerator.num_processes
            return super().training_step(*arguments, **more)

        def _get_train_sampler(self, *_arguments: Any) -> RowSampler:
            processes = self.accelerator.num_processes
            size = self.args.per_device_train_batch_size * self.args.gradient_accumulation_steps * processes
            return RowSampler(
                self.rows, size, self.args.seed, lambda: self.state.global_step // self._epoch_steps
            )

        def compute_loss(
            self, model: Any, inputs: Any, return_outputs: bool = False, num_items_in_batch: Any = None
        ) -> Any:
            if not self._has_own_loss or return_outputs:
                return super().compute_loss(model, inputs, return_outputs, num_items_in_batch)
            with self.accelerator.autocast():
                return summed_loss(self._network, inputs) / num_items_in_batch

        def floating_point_ops(self, inputs: Any) -> int:
            return 0  # a number that nobody reads, for a walk over all modules at every step

        def evaluate(self, *_arguments: Any, **_more: Any) -> dict[str, float]:
            """The loss per token on the rows kept aside. TRL's own would average batches, whatever their length."""
            if not self.held_out:
                return {}
            self.model.eval()
            size, processes = self.args.per_device_train_batch_size, self.accelerator.num_processes
            total = torch.zeros(2, device=self.args.device)
            for start in range(size * self.accelerator.process_index, len(self.held_out), size * processes):
                if processes == 1 and self.pace.context.cancelled.is_set():
                    return {}
                batch = self._prepare_inputs(collate(self.held_out[start : start + size], self._pad_id))
                with torch.no_grad(), self.accelerator.autocast():
                    total[0] += summed_loss(self._network, batch)
                total[1] += (batch["labels"][:, 1:] != -100).sum()
            loss_sum, tokens = self.accelerator.reduce(total, "sum").tolist()
            self.pace.measured(self.state.global_step, loss_sum / tokens)
            self.state.log_history.append({"step": self.state.global_step, "validation_loss": loss_sum / tokens})
            return {"eval_loss": loss_sum / tokens}

        def create_model_card(self, *_arguments: Any, **_more: Any) -> None:
            pass  # a checkpoint is not for publishing

        def _save_checkpoint(self, model: Any, trial: Any) -> None:
            folder = Path(self.args.output_dir) / f"checkpoint-{self.state.global_step}"
            trained = sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)
            with checkpoint.saving(folder, trained):
                super()._save_checkpoint(model, trial)
                self.accelerator.wait_for_everyone()
                if self.is_world_process_zero():
                    checkpoint.seal(folder)

    return LoraTrainer


def memory_use(device: Any) -> dict[str, float]:
    """What the training takes now and what there is, in bytes."""
    import torch

    if device.type == "cuda":
        total = torch.cuda.get_device_properties(device).total_memory
        return {"memory_bytes": torch.cuda.max_memory_reserved(device), "memory_total_bytes": total}
    if device.type == "mps":
        return {
            "memory_bytes": torch.mps.driver_allocated_memory(),
            "memory_total_bytes": torch.mps.recommended_max_memory(),
        }
    import psutil

    return {"memory_bytes": psutil.Process().memory_info().rss, "memory_total_bytes": psutil.virtual_memory().total}
