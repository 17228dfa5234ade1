"""The job that gets a model for Ollama, which does the work; what has arrived stays when it is stopped."""

from __future__ import annotations

from typing import Any

from services.errors import UserError
from services.jobs import Context
from services.settings import defaults
from services.sft_data.ollama import Ollama
from services.translation import _

SILENCE_S = 600.0  # Ollama says nothing while it reads many gigabytes again to check them


def run(settings: dict[str, Any], context: Context) -> dict[str, Any]:
    """
    Args:
        settings: ``model``, its name in Ollama's library, and ``url``, where Ollama listens; empty for this machine.

    Returns:
        ``model``: the name under which Ollama has it now.

    Raises:
        UserError: there is no such model, no room, no Ollama, or the way to the library broke; Cancelled.
    """
    model = settings["model"].strip()
    if not model:
        raise UserError(_("Write down the name of a model, for instance “llama3.1:8b”."))
    asked = {**defaults("generate"), "model": model, "url": settings.get("url", "").strip(), "timeout_s": SILENCE_S}
    ollama = Ollama(asked, context)
    context.progress(0, 0, _("Looking for {model}").format(model=model))
    try:
        ollama.pull(model, lambda done, total, said: context.progress(done, total, _say(model, done, total, said)))
    finally:
        ollama.close()
    return {"model": model}


def _say(model: str, done: float, total: float, said: str) -> str:
    if said.startswith(("verifying", "writing", "removing", "success")):
        return _("Checking {model}").format(model=model)
    if not total:
        return _("Looking for {model}").format(model=model)
    unit, size = (_("GB"), 1e9) if total >= 1e9 else (_("MB"), 1e6)  # as Ollama and its library count
    return _("Getting {model}: {done:.1f} of {total:.1f} {unit}").format(model=model, done=done / size, total=total / size, unit=unit)
