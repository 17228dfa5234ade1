"""Several processes of this computer train together, one for each graphics card, started by accelerate's launcher.

``main.py --launch 4 --job cpt FILE`` stands between the window and them. The first process has the window's pipes and
speaks the protocol; the launcher only speaks where that one could not, and ends as they ended.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from services.translation import _

if TYPE_CHECKING:
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError

_CARDS = Path("/proc/driver/nvidia/gpus")


def graphics_card_count() -> int:
    """How many graphics cards can train together here; nothing heavy is imported.

    Only on Linux: PyTorch has no way for processes to talk to each other on Windows, and Macs have one card.
    """
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None:
        return len([each for each in visible.split(",") if each.strip() not in ("", "-1")]) if _CARDS.is_dir() else 0
    return len(list(_CARDS.iterdir())) if _CARDS.is_dir() else 0


def can_train_together() -> bool:
    """Whether several processes can train together on this system at all."""
    return sys.platform != "win32"


def accelerate_config(processes: int, *, is_sharded: bool = False, machines: int = 1, is_cpu: bool = False) -> str:
    """A configuration file of accelerate 1.15, for ``accelerate launch --config_file``.

    Args:
        processes: on all machines.
        is_sharded: the base model is spread over the processes (FSDP2), and not copied into each (DDP).
    """
    # “MULTI_GPU” is also how accelerate starts several processes on a processor; “MULTI_CPU” would start one.
    lines = {
        "compute_environment": "LOCAL_MACHINE", "distributed_type": "FSDP" if is_sharded else "MULTI_GPU",
        "num_machines": machines, "num_processes": processes, "machine_rank": 0, "gpu_ids": "all",
        "mixed_precision": "'no'", "use_cpu": "true" if is_cpu else "false", "debug": "false",
        "main_training_function": "main", "rdzv_backend": "static", "same_network": "true",
    }  # fmt: skip
    text = "".join(f"{key}: {value}\n" for key, value in lines.items())
    if is_sharded:
        text += "fsdp_config:\n  fsdp_version: 2\n  fsdp_reshard_after_forward: true\n"
    return text


def launch(processes: int, arguments: list[str]) -> int:
    """Run this program in several processes; returns when all have ended.

    Args:
        arguments: of the program, ``--job NAME FILE``.
    """
    if not can_train_together():
        text = _("On Windows, PyTorch cannot train in several processes. Set “Processes” to 1.")
        _speak({"type": "failed", "text": text}, arguments)
        return 1
    # accelerate would give each process one thread of the processor.
    os.environ.setdefault("OMP_NUM_THREADS", str(max(1, (os.cpu_count() or 1) // processes)))
    from accelerate.commands.launch import launch_command, launch_command_parser
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError

    program = [sys.executable]
    if not getattr(sys, "frozen", False):
        program.append(str(Path(__file__).resolve().parents[2] / "main.py"))
    with tempfile.TemporaryDirectory(prefix="wissenswerk-", ignore_cleanup_errors=True) as folder:
        # A file of our own, because accelerate would take what the person once set up for other programs.
        config = Path(folder) / "accelerate.yaml"
        config.write_text(accelerate_config(processes), "utf-8")
        options = ["--config_file", str(config), "--main_process_port", "0", "--no_python"]
        try:
            launch_command(launch_command_parser().parse_args([*options, *program, *arguments]))
        except ChildFailedError as error:
            return _end_alike(error, arguments)
    return 0


def _end_alike(error: ChildFailedError, arguments: list[str]) -> int:
    """Say what ended the processes where the first one did not, or die of what killed one of them."""
    said: dict[int, dict[str, Any]] = {
        rank: failure.message for rank, failure in error.failures.items() if isinstance(failure.message, dict)
    }
    causes = {rank: message for rank, message in said.items() if message.get("is_cause")}
    if any(message.get("is_memory_full") for message in causes.values()):
        # To the parent it is all the same whether the memory of a card or of the computer was full.
        _die_of(signal.SIGKILL)
    if 0 in causes:
        return 1
    for rank, message in sorted(causes.items()):
        text = message["message"]
        _speak({"type": "bug" if text.startswith("Traceback") else "failed", "text": text}, arguments)
        print(_("Process {number} of the training ended first.").format(number=rank + 1), file=sys.stderr)
        return 1
    # The launcher ends the others with SIGTERM, so that one says nothing of the cause.
    signals = [-each.exitcode for each in error.failures.values() if each.exitcode < 0]
    deadly = next((number for number in signals if number != signal.SIGTERM), None)
    if deadly:
        _die_of(deadly)
    return 1


def _die_of(number: int) -> None:
    sys.stdout.flush()
    sys.stderr.flush()
    if number != signal.SIGKILL:
        signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)


def _speak(event: dict[str, Any], arguments: list[str]) -> None:
    """The last word, on the protocol's stream and in the run's folder."""
    from services.jobs import archive_of

    with contextlib.suppress(OSError, IndexError):
        with archive_of(Path(arguments[2]).parent) as archive:
            archive(event)
    print(json.dumps(event, ensure_ascii=False), flush=True)
