"""What this machine can do, what is missing, and the command that mends it."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from services.translation import _

if TYPE_CHECKING:
    from services.jobs import Context

# Nothing that we use may call home. Set before any library is imported.
QUIET_ENVIRONMENT = {
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "DO_NOT_TRACK": "1",
    "DISABLE_TELEMETRY": "1",
    "HF_HUB_DISABLE_XET": "1",  # the plain HTTP path can be resumed, cancelled and tested
    "LANGCHAIN_TRACING_V2": "false",
    "LANGSMITH_TRACING": "false",
    "WANDB_MODE": "disabled",
    "TRANSFORMERS_NO_ADVISORY_WARNINGS": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "OMP_WAIT_POLICY": "PASSIVE",  # spinning threads make two busy processes ten times slower
    "PYTORCH_ENABLE_MPS_FALLBACK": "1",
}

_NEEDED = (
    "torch", "transformers", "peft", "trl", "accelerate", "datasets", "langchain-text-splitters", "pypdf", "pypdfium2",
    "python-docx", "python-pptx", "openpyxl", "lxml", "requests", "gguf", "xllamacpp", "cyllama", "PySide6-Essentials", "pyqtgraph", "keyring", "psutil",
)  # fmt: skip


def be_quiet() -> None:
    """Switch off the telemetry of every library; what the person has set themselves stays."""
    for name, value in QUIET_ENVIRONMENT.items():
        os.environ.setdefault(name, value)


def is_offline() -> bool:
    """Whether the person asked for no network at all."""
    return any(os.environ.get(name, "").upper() in ("1", "ON", "YES", "TRUE") for name in ("HF_HUB_OFFLINE", "WISSENSWERK_OFFLINE"))


def lower_priority() -> None:
    """Let everything else go first, as far as the system allows: the window answers while this process works."""
    if sys.platform == "win32":
        import psutil

        with contextlib.suppress(psutil.Error, OSError):
            psutil.Process().nice(psutil.BELOW_NORMAL_PRIORITY_CLASS)
        return
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, 0, 10)
    with contextlib.suppress(OSError, AttributeError):
        # Linux may share the cores out between sessions first; then the priority of ours counts, if it is ours alone.
        if os.getsid(0) == os.getpid():
            Path("/proc/self/autogroup").write_text("10")


def end_first() -> None:
    """Where memory ends, let the system end this process before the window: the window can start it again with less."""
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("600")


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the doctor's report; ``mend`` is the command or step that helps, empty where all is well."""

    subject: str
    state: str  # "ok", "note" or "missing"
    text: str
    mend: str = ""


def examine(folder: Path | None = None) -> list[Finding]:
    """Look at the machine without loading a model; torch is imported."""
    findings = [_python(), _memory(), _disk(folder or Path.cwd())]
    findings += [_package(name) for name in _NEEDED]
    findings += [_accelerator(), _llama_cpp(), _keyring(), _text_recognition(), _starter_model(), _network()]
    return findings


def run(settings: dict[str, Any], context: Context) -> dict[str, Any]:
    """The job: what ``doctor`` prints, for the window."""
    findings = examine(Path(settings["project"]) if settings.get("project") else None)
    return {"findings": [asdict(finding) for finding in findings], "summary": summary()}


def summary() -> str:
    """The machine in one line, without importing anything heavy."""
    import platform

    import psutil

    memory = psutil.virtual_memory().total / 2**30
    name = platform.processor() or platform.machine()
    if sys.platform == "darwin" and platform.machine() == "arm64":
        name = "Apple silicon"
    text = _("{cores} cores, {memory:.0f} GB").format(cores=os.cpu_count() or 1, memory=memory)
    return " · ".join(filter(None, [name if len(name) < 40 else "", text, _("offline") if is_offline() else ""]))


def _python() -> Finding:
    import platform

    version = platform.python_version()
    if (3, 11) <= sys.version_info[:2] <= (3, 14):
        return Finding("Python", "ok", version)
    return Finding("Python", "missing", _("{version}: 3.11 to 3.14 are supported").format(version=version),
                   _("Install Python 3.11 to 3.14 and set up again."))


def _memory() -> Finding:
    import psutil

    memory = psutil.virtual_memory()
    text = _("{total:.0f} GB, {free:.0f} GB free").format(total=memory.total / 2**30, free=memory.available / 2**30)
    if memory.total < 7 * 2**30:
        return Finding(_("Memory"), "note", text, _("Choose base models below 0.6 billion parameters."))
    return Finding(_("Memory"), "ok", text)


def _disk(folder: Path) -> Finding:
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    text = _("{free:.0f} GB free at {folder}").format(free=free / 2**30, folder=folder)
    if free < 5 * 2**30:
        return Finding(_("Disk"), "note", text, _("Free some space: a merged model of 1.5 billion parameters needs 6 GB."))
    return Finding(_("Disk"), "ok", text)


def _package(name: str) -> Finding:
    import importlib.metadata

    try:
        return Finding(name, "ok", importlib.metadata.version(name))
    except importlib.metadata.PackageNotFoundError:
        return Finding(name, "missing", _("not installed"), "python packaging/start.py doctor")


def _accelerator() -> Finding:
    subject = _("Computes on")
    try:
        import torch
    except (ImportError, OSError) as error:
        return Finding(subject, "missing", _("torch cannot be loaded: {error}").format(error=error),
                       "python packaging/start.py doctor")
    if torch.cuda.is_available():
        card = torch.cuda.get_device_properties(0)
        return Finding(subject, "ok", f"CUDA, {card.name}, {card.total_memory / 2**30:.0f} GB")
    if torch.backends.mps.is_available():
        return Finding(subject, "ok", "MPS")
    threads = _("the processor, {threads} threads").format(threads=torch.get_num_threads())
    if shutil.which("nvidia-smi"):
        return Finding(
            subject, "note", _("{threads}; there is an NVIDIA card that this torch cannot use").format(threads=threads),
            "python packaging/start.py doctor --torch cuda",
        )
    return Finding(subject, "ok", threads)


def _llama_cpp() -> Finding:
    import importlib.metadata
    import importlib.util

    if importlib.util.find_spec("llama_cpp"):
        return Finding("llama.cpp", "ok", "llama-cpp-python " + importlib.metadata.version("llama-cpp-python"))
    try:
        import xllamacpp  # noqa: F401
    except (ImportError, OSError) as error:
        mend = "apt-get install libgomp1" if "libgomp" in str(error) else ""
        if sys.platform == "win32":
            mend = _("Install the Microsoft Visual C++ runtime.")
        return Finding("llama.cpp", "missing", str(error), mend)
    return Finding("llama.cpp", "ok", "xllamacpp " + importlib.metadata.version("xllamacpp"))


def _keyring() -> Finding:
    import keyring
    from keyring.backends import fail

    if isinstance(keyring.get_keyring(), fail.Keyring):
        return Finding(_("Keyring"), "note", _("none: keys of providers last until the program closes"),
                       _("Set OPENROUTER_API_KEY instead, or install a keyring such as gnome-keyring."))
    return Finding(_("Keyring"), "ok", keyring.get_keyring().name)


def _text_recognition() -> Finding:
    from services.documents import ocr

    if ocr.is_installed():
        return Finding(_("Text recognition"), "ok", _("scanned pages are read"))
    return Finding(_("Text recognition"), "note", _("not installed: scanned pages are named and left out"),
                   "" if getattr(sys, "frozen", False) else f"{sys.executable} -m pip install rapidocr onnxruntime")


def _starter_model() -> Finding:
    folder = Path(__file__).resolve().parent.parent / "resources" / "starter_model"
    if (folder / "config.json").exists():
        return Finding(_("Starter model"), "ok", str(folder))
    return Finding(_("Starter model"), "missing", _("not there"), _("Take resources/starter_model from the program again."))


def _network() -> Finding:
    if is_offline():
        return Finding(_("Network"), "ok", _("offline: nothing is fetched"))
    return Finding(_("Network"), "ok", _("used only to fetch a base model or to ask a provider, when you say so"))
