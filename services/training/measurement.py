"""What a training measures beside its own loss, and what follows: the best moment is kept, and it ends in time."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from services.errors import Cancelled
from services.training import checkpoint
from services.training.layout import divide
from services.training.row import Row
from services.translation import _


class Measuring:
    """The measuring half of the trainer in trainer.py, which has everything that is used here."""

    def evaluate(self, *_arguments: Any, **_more: Any) -> dict[str, float]:
        """Measure what is to be measured at this step, and decide by it whether to save and to stop."""
        step, former = self.state.global_step, self.pace.best
        wanted = {name: rows for name, rows in self.measured_on.items() if rows and (name != "start_loss" or not step)}
        losses = {}
        for name, rows in wanted.items():
            losses[name] = self._mean_loss(rows)
            if losses[name] is None:  # it is to stop: what is owed is measured when it goes on
                if not step:
                    raise Cancelled
                self.control.should_save = self.control.should_training_stop = self.pace.is_stopped = True
                return {}
        self.pace.measured(step, losses)
        self.state.log_history.append({"step": step, **losses})
        is_new_best = self._settings["keep_best"] and self.pace.best != former
        self.control.should_save |= is_new_best or self.pace.is_exhausted
        self.control.should_training_stop |= self.pace.is_exhausted
        return {}

    def _mean_loss(self, rows: Sequence[Row]) -> float | None:
        """The loss per token; None where the training is to stop. TRL's own would average batches of any length."""
        import torch

        self.model.eval()
        processes = self.accelerator.num_processes
        groups = divide([len(row.input_ids) for row in rows], self._at_once.tokens, is_padded=self._pad_id is not None)
        total = torch.zeros(2, device=self.args.device, dtype=torch.float32)
        for first in range(0, len(groups), processes):
            if processes == 1 and self.pace.context.cancelled.is_set():
                return None
            # Processes that share out weights must go through the model together, as often as each other.
            number = first + self.accelerator.process_index
            batch = self._prepare_inputs(self._lay([rows[index] for index in groups[min(number, len(groups) - 1)]]))
            with torch.no_grad(), self.accelerator.autocast():
                loss = self.model(**batch)["loss"]
            if number < len(groups):
                total[0] += loss
                total[1] += len(batch["targets"])
        loss_sum, tokens = self.accelerator.reduce(total, "sum").tolist()
        return loss_sum / max(1.0, tokens)

    def take_best(self) -> int:
        """Put the adapter with the lowest held-out loss in place; returns its step, and says why."""
        last, (best, loss) = self.state.global_step, self.pace.best or (0, 0.0)
        if best in (0, last):
            return last
        folder = Path(self.args.output_dir) / f"checkpoint-{best}"
        if not checkpoint.is_complete(folder):
            self.pace.context.warning(
                _("Training"),
                _("The held-out loss was lowest at step {best}, but its checkpoint is gone: the last step is taken.")
                .format(best=best),
            )  # fmt: skip
            return last
        self._load_from_checkpoint(str(folder), self.model)
        text = (
            _("The held-out loss had not fallen for {count} measurements, so the training ended at step {last}.")
            .format(count=self._settings["early_stopping"], last=last) + " " if self.pace.is_exhausted else ""
        )  # fmt: skip
        self.pace.context.note(
            _("Training"),
            text + _("The adapter of step {best} is taken, where the held-out loss was lowest: {loss:.3f}.").format(
                best=best, loss=loss
            ),
        )
        return best
