"""One set-up for both trainings: TRL's SFTTrainer teaches a LoRA adapter from rows of tokens."""

from __future__ import annotations

import contextlib
import functools
import time
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from services.errors import Cancelled, UserError
from services.models.room import check_room
from services.training import checkpoint, compiled, gauge, lora, memory, spread
from services.training.adapter import adapter_config
from services.training.arguments import training_arguments
from services.training.at_once import AtOnce
from services.training.attention import documents_apart
from services.training.device import Device
from services.training.fit import BUSY_TOKENS
from services.training.layout import lay_flat, lay_padded
from services.training.loss import find_head, summed_loss
from services.training.measurement import Measuring
from services.training.memory_words import explain_memory, say_less, too_little
from services.training.outcome import Outcome, came_apart, outcome_of
from services.training.pace import CameApart, Pace
from services.training.plan import count_steps
from services.training.row import Row, pad_id, some_rows
from services.training.schedule import Schedule
from services.training.session import from_first, is_first_process
from services.translation import _

if TYPE_CHECKING:
    from services.jobs import Context

_LOG_EVERY_S = 0.5
_START_TOKENS, _START_SHARE = 2048, 0.05  # to know the loss before the first step: this share of what is learnt, at most


class _AlreadyDone(Exception):
    """The checkpoint is of a training that had come to its end."""


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
    recomputed_layers: int | None = None,
    log_every_s: float = _LOG_EVERY_S,
    result_bytes: float = 0,
) -> tuple[Any, Outcome]:
    """Teach a fresh adapter; returns the PeftModel and what the training came to.

    Args:
        model: a causal language model of transformers with its weights in the device's dtype.
        rows, held_out: to learn from, and to measure on; both of at most ``settings["max_seq_length"]`` tokens.
        settings: those that both phases share, see ``services.settings``; with a true "compile" the layers go through
            ``torch.compile``, which can pay on a graphics card.
        folder: where this run's checkpoints are.
        resume_from: a complete checkpoint in there. Going on from it gives the same adapter as not having stopped.
        recomputed_layers: whose activations are computed twice to save memory; None: none of them, or, with
            ``settings["gradient_checkpointing"]``, as many as the free memory asks for.
        result_bytes: what is written of the result later, for which there must be room beside the checkpoints.

    Raises:
        UserError: no room in memory or on the disk, or the training comes apart.
        Cancelled: stopped, with a checkpoint saved.
    """
    epoch_steps, max_steps = count_steps(len(rows), settings)
    pace = Pace(context, max_steps, epoch_steps, settings, log_every_s)
    started = time.monotonic()
    learnt = settings["epochs"] * sum(row.token_count for row in rows)
    looked_at = min(_START_TOKENS, int(_START_SHARE * learnt))
    measured_on = {"start_loss": some_rows(rows, looked_at, settings["seed"]), "validation_loss": held_out}
    if settings["watch_forgetting"]:
        measured_on["general_loss"] = gauge.general_rows(
            tokenizer, settings["max_seq_length"], learnt / pace.measurements, context
        )
    with explain_memory(settings), warnings.catch_warnings():
        # WORKAROUND PEFT 0.21 asks models by a name that transformers 5.23 is giving up, once for every training.
        warnings.filterwarnings("ignore", ".*is_gradient_checkpointing.*", FutureWarning)
        trainer = _trainer_class()(
            model=model,
            args=training_arguments(settings, device, folder, max_steps),
            processing_class=tokenizer,
            peft_config=adapter_config(model, settings),
            rows=rows,
            measured_on=measured_on,
            pace=pace,
            settings=settings,
        )
        is_best_kept = settings["keep_best"] and bool(held_out)
        needed = checkpoint.total_bytes(folder, trainer.trained_values, is_best_kept)
        check_room(folder, needed + result_bytes, _("this training, its checkpoints and its result"))
        with trainer.at_its_best(recomputed_layers):
            try:
                trainer.train(resume_from_checkpoint=str(resume_from) if resume_from else None)
            except _AlreadyDone:
                pass
            except CameApart as error:
                raise came_apart(error, settings["learning_rate"], folder) from error
            if pace.is_stopped:
                raise Cancelled
            steps = trainer.state.global_step
            taken = trainer.take_best() if is_best_kept else steps
            tokens = trainer.tokens_until(steps)
    return trainer.accelerator.unwrap_model(trainer.model), outcome_of(
        pace, settings, steps, taken, tokens, time.monotonic() - started
    )


def _largest(inputs: dict[str, Any]) -> int:
    """Tokens of the largest batch of a step, padding counted."""
    return max(part["input_ids"].numel() for part in inputs["parts"])


@functools.cache
def _trainer_class() -> type:
    """The trainer, made when it is first needed: importing TRL takes seconds."""
    import torch
    from datasets import Dataset
    from torch.utils.data import DataLoader
    from transformers import PrinterCallback, TrainerCallback
    from trl import SFTTrainer

    class PaceCallback(TrainerCallback):
        """Asks the pace what to do after every step; under several processes the first one decides for all."""

        def __init__(self, trainer: LoraTrainer) -> None:
            self.trainer, self.pace = trainer, trainer.pace

        def on_train_begin(self, _args: Any, state: Any, _control: Any, **_more: Any) -> None:
            self.pace.restore(state.log_history)
            self.trainer.apply_learning_rate()
            if self.pace.owes_measurement(state.global_step):
                self.pace.context.progress(state.global_step, self.pace.max_steps, _("Measuring"))
                self.trainer.evaluate()
            if self.pace.is_exhausted:
                raise _AlreadyDone
            self.pace.say_progress(state.global_step)

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
                used = memory.memory_use(self.trainer.args.device)
                self.pace.logged(
                    state.global_step, logs["loss"], logs["learning_rate"], logs.get("grad_norm", 0.0), used,
                    is_scaled=self.trainer.args.fp16,
                )  # fmt: skip

    class LoraTrainer(Measuring, SFTTrainer):
        """SFTTrainer over rows that are cut already, with checkpoints that are whole or not there.

        An item of its data loader is a whole optimizer step. How that is cut into batches, how these lie in memory,
        and how attention, adapters and loss are computed is ours; the sums are the same.
        """

        def __init__(
            self, rows: Sequence[Row], measured_on: dict[str, Sequence[Row]], pace: Pace, settings: dict[str, Any],
            **arguments: Any,
        ) -> None:  # fmt: skip
            self.measured_on, self.pace, self._is_spread = measured_on, pace, settings.get("spread_base", False)
            self._side: Path | None = None
            super().__init__(
                train_dataset=Dataset.from_dict({"row": list(range(len(rows)))}), data_collator=list, **arguments
            )
            self.remove_callback(PrinterCallback)
            self.add_callback(PaceCallback(self))
            self._network = self.accelerator.unwrap_model(self.model).get_base_model()
            self._pad_id: int | None = pad_id(arguments["processing_class"])
            self._settings, self._rows = settings, rows
            for parameter in self.model.parameters():
                # TRL has the adapter of a quantized model in BF16, which is too coarse for Adam's small steps.
                if parameter.requires_grad and parameter.dtype in (torch.bfloat16, torch.float16):
                    parameter.data = parameter.data.float()

        def _move_model_to_device(self, model: Any, device: Any) -> None:
            if not self._is_spread:  # then it goes there in parts
                super()._move_model_to_device(model, device)

        @contextlib.contextmanager
        def at_its_best(self, recomputed_layers: int | None) -> Iterator[None]:
            """Everything that is computed in another way than the libraries do, for as long as the training takes."""
            network, processes = self._network, self.accelerator.num_processes
            with contextlib.ExitStack() as stack:
                is_compiled = self._settings.get("compile", False) and not self._is_spread
                if stack.enter_context(documents_apart(network, is_compiled=is_compiled)):
                    self._pad_id = None
                if not self.args.fp16:
                    stack.enter_context(lora.fused(self.model))
                self._head = find_head(network)
                if self._is_spread:
                    spread.spread(self.model, memory.checkpointable_layers(network), self.args.device)
                self._at_once = self._choose(recomputed_layers)
                memory.recompute(network, self._at_once.recomputed)
                if is_compiled:
                    layers = memory.checkpointable_layers(network)[self._at_once.recomputed :]
                    if reason := stack.enter_context(compiled.compiled(layers, self._attempt)):
                        self.pace.context.warning(
                            _("Training"), _("It runs without the compiler: {reason}").format(reason=reason)
                        )
                self._schedule = Schedule(
                    self._rows, self._train_batch_size, self.args.seed, budget=self._at_once.tokens,
                    pad_id=self._pad_id, process=self.accelerator.process_index, processes=processes,
                )  # fmt: skip
                # The loss is made inside the model's forward, which is what DDP and FSDP see and prepare for.
                network.forward = self._forward
                stack.callback(delattr, network, "forward")
                yield

        def _choose(self, recomputed_layers: int | None) -> AtOnce:
            """How much goes through the model at once: what the memory holds, and no more than this run had before."""
            device, settings, lengths = self.args.device, self._settings, [len(row.input_ids) for row in self._rows]
            longest, layers = max(lengths, default=1), len(memory.checkpointable_layers(self._network))
            step_rows = settings["batch_size"] * settings["gradient_accumulation"]
            best = min(BUSY_TOKENS[device.type], sum(sorted(lengths)[-step_rows:]))
            if recomputed_layers is not None:
                return AtOnce(best, recomputed_layers, longest, layers)
            limit = int(settings["memory_limit_gb"] * 2**30)
            choice = memory.choose(self._network, max(best, longest), longest, settings, device, limit)
            chosen = AtOnce(min(best, choice.tokens), min(choice.recomputed, layers), longest, layers)
            chosen = chosen.at_most(AtOnce.read(Path(self.args.output_dir)))
            if self.accelerator.num_processes > 1:
                chosen = AtOnce(**from_first(asdict(chosen)))
            elif limit and not choice.fits:
                raise UserError(too_little(limit, choice.parts.total, settings))
            if is_first_process():
                chosen.write(Path(self.args.output_dir))
            return chosen

        def _attempt(self) -> tuple[float, Any]:
            """Loss and gradient of a few rows, to see whether another way of computing them is right."""
            rows = sorted(self._rows, key=lambda row: len(row.input_ids))[-2:]
            batch = self._prepare_inputs(self._lay(rows))
            with self.compute_loss_context_manager():
                loss = summed_loss(self._network.train(), batch, self._head)
            loss.backward()
            trained = [parameter for parameter in self._network.parameters() if parameter.grad is not None]
            gradient = torch.cat([parameter.grad.flatten().float() for parameter in trained])
            self._network.zero_grad()
            return loss.item(), gradient

        def _lay(self, rows: Sequence[Row]) -> dict[str, Any]:
            return lay_flat(rows) if self._pad_id is None else lay_padded(rows, self._pad_id)

        def _forward(self, **inputs: Any) -> dict[str, Any]:
            batch = {name: value for name, value in inputs.items() if value is not None}
            return {"loss": summed_loss(self._network, batch, self._head)}

        def get_train_dataloader(self) -> Any:
            # Every process walks through all steps and takes its part of each, so accelerate has nothing to share out.
            return DataLoader(
                range(self._schedule.epoch_steps), batch_size=1, collate_fn=self._take_step,
                pin_memory=self.args.device.type == "cuda",
            )  # fmt: skip

        def _take_step(self, place: list[int]) -> dict[str, Any]:
            epoch_steps = self._schedule.epoch_steps
            return self._schedule.step(self.state.global_step // epoch_steps * epoch_steps + place[0])

        def training_step(self, model: Any, inputs: dict[str, Any], num_items_in_batch: Any = None) -> Any:
            model.train()
            self.pace.tokens += inputs["learnt"]
            while (total := self._take_gradients(model, inputs)) is None:
                self._take_less(inputs)
                inputs = self._schedule.step(self.state.global_step)
            return total

        def _take_gradients(self, model: Any, inputs: dict[str, Any]) -> Any:
            """The loss of a step, whose gradients are in place then; None where the memory was full, and nothing is."""
            # DDP takes the mean over the processes, and this is the sum over all tokens by their number.
            share = self.accelerator.num_processes / max(1, inputs["targets"])
            total = torch.zeros((), device=self.args.device)
            try:
                for number, part in enumerate(inputs["parts"], 1):
                    batch = self._prepare_inputs(part)
                    is_last = number == len(inputs["parts"])
                    with contextlib.nullcontext() if is_last else self.accelerator.no_sync(model):
                        with self.compute_loss_context_manager():
                            loss = model(**batch)["loss"] * share
                        self.accelerator.backward(loss)
                    total += loss.detach()
                return total
            except (RuntimeError, MemoryError) as error:
                # The other processes wait where this one would have met them.
                if not memory.is_full(error) or self.accelerator.num_processes > 1:
                    raise
                if self._at_once.lowered(_largest(inputs)) is None:
                    raise
            # Here the exception is gone, and with it all that its frames held.
            loss = batch = None
            model.zero_grad(set_to_none=True)
            memory.release(self.args.device)
            return None

        def _take_less(self, inputs: dict[str, Any]) -> None:
            """Go on with half of what was at once, in the same steps, and say so."""
            before, self._at_once = self._at_once, self._at_once.lowered(_largest(inputs))
            self._schedule.budget = self._at_once.tokens
            memory.recompute(self._network, self._at_once.recomputed)
            self._at_once.write(Path(self.args.output_dir))
            self.pace.context.warning(_("Training"), say_less(before, self._at_once))

        def floating_point_ops(self, inputs: Any) -> int:
            return 0  # a number that nobody reads, for a walk over all modules at every step

        def tokens_until(self, step: int) -> int:
            return self._schedule.learnt_until(step)

        def apply_learning_rate(self) -> None:
            """Go on with the learning rate of the settings, where it is another than the checkpoint's."""
            scheduler = getattr(self.lr_scheduler, "scheduler", self.lr_scheduler)
            wanted = self.args.learning_rate
            if all(rate == wanted for rate in scheduler.base_lrs):
                return
            share = wanted / scheduler.base_lrs[0]
            scheduler.base_lrs = [wanted for _rate in scheduler.base_lrs]
            for group in self.optimizer.param_groups:
                group["lr"], group["initial_lr"] = group["lr"] * share, wanted
            scheduler._last_lr = [group["lr"] for group in self.optimizer.param_groups]

        def create_model_card(self, *_arguments: Any, **_more: Any) -> None:
            pass  # a checkpoint is not for publishing

        @property
        def trained_values(self) -> int:
            return sum(parameter.numel() for parameter in self.model.parameters() if parameter.requires_grad)

        def _get_output_dir(self, trial: Any) -> str:
            return str(self._side or self.args.output_dir)

        def _save_rng_state(self, output_dir: str) -> None:
            super()._save_rng_state(output_dir)
            if self.args.device.type == "mps":  # which transformers leaves out
                torch.save(torch.mps.get_rng_state(), Path(output_dir) / "rng_state_mps.pth")

        def _load_rng_state(self, checkpoint: str | None) -> None:
            super()._load_rng_state(checkpoint)
            if checkpoint and (path := Path(checkpoint) / "rng_state_mps.pth").is_file() and torch.backends.mps.is_available():
                torch.mps.set_rng_state(torch.load(path, weights_only=True))

        def _save_checkpoint(self, model: Any, trial: Any) -> None:
            if not self.pace.may_save(self.state.global_step):
                return
            step, folder = self.state.global_step, Path(self.args.output_dir)
            with checkpoint.saving(folder, self.trained_values) as self._side:
                super()._save_checkpoint(model, trial)
                self.accelerator.wait_for_everyone()
                if self.is_world_process_zero():
                    checkpoint.put_in_place(self._side, folder, step)
                # Whoever leaves now would have a launcher end the one that is still at it.
                self.accelerator.wait_for_everyone()
            self._side = None
            self.pace.saved()
            if self.is_world_process_zero():
                best = self.pace.best if self._settings["keep_best"] else None
                checkpoint.prune(folder, kept=best[0] if best else None)

    return LoraTrainer
