"""The arguments of TRL's trainer: what it is left to do, and what is done elsewhere and so switched off."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from services.training.device import Device

_SCHEDULERS = {
    "cosine": ("cosine_with_min_lr", {"min_lr_rate": 0.1}),
    "linear": ("linear", {}),
    "constant": ("constant_with_warmup", {}),
}


def training_arguments(settings: dict[str, Any], device: Device, folder: Path, max_steps: int) -> Any:
    """An SFTConfig for the settings that both phases share."""
    from trl import SFTConfig

    scheduler, more = _SCHEDULERS[settings["scheduler"]]
    return SFTConfig(
        output_dir=str(folder),
        num_train_epochs=settings["epochs"],
        learning_rate=settings["learning_rate"],
        lr_scheduler_type=scheduler,
        lr_scheduler_kwargs=more,
        warmup_steps=round(settings["warmup_share"] * max_steps),
        weight_decay=settings["weight_decay"],
        # A step is cut into batches in schedule.py, which knows the lengths of its rows.
        per_device_train_batch_size=settings["batch_size"] * settings["gradient_accumulation"],
        gradient_accumulation_steps=1,
        seed=settings["seed"],
        use_cpu=device.name == "cpu",
        # The weights are in BF16 already, and autocast would only cast activations back and forth.
        bf16=False,
        fp16=device.dtype == "float16",
        # Two names of one thing; which layers, is decided in memory.py.
        gradient_checkpointing=False,
        activation_checkpointing=False,
        # When to log, measure and save is decided in pace.py.
        logging_strategy="no",
        eval_strategy="no",
        save_strategy="no",
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
