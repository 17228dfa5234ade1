"""Exporting a model, and proving that what was written is the model that was meant.

"Good in the program, nonsense elsewhere" is the usual complaint about exports. So every export is read back before it is
called done: safetensors weight by weight, GGUF by asking llama.cpp and the model itself the same questions.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from services import settings as declared
from services.errors import UserError
from services.models.provenance import FILE_NAME
from services.models.weights import read_headers
from services.translation import _

if TYPE_CHECKING:
    from services.jobs import Context
    from services.project import Project

_QUESTIONS = ("What is this text about?", "Who lives there?", "What happened in 1874?")
_CHECK_TOKENS = 16
_NEARLY_EXACT = ("F32", "F16", "BF16", "Q8_0")  # formats in which the words of an answer are expected to be the same


def run(settings: dict[str, Any], context: Context) -> dict[str, Any]:
    """The export job.

    Settings: project, model ("final", a variant, "cpt" or "base"), format, quantization, to (a folder; otherwise one under
    exports/ with today's date).

    Returns:
        {"path", "format", "quantization", "model", "size_bytes", "verified"}; verified is a sentence.

    Raises:
        UserError: the model does not exist, the format cannot hold it, no room, or what was written is not the model.
        Cancelled: nothing is left behind.
    """
    from services.project import Project

    project = Project.open(Path(settings["project"]))
    values = declared.check("export", settings)
    which = settings.get("model") or "final"
    format = values["format"]
    # What is merged in memory only is written down first; a final model is a folder already.
    folder = _new_folder(project, format, settings.get("to"))
    try:
        with _Source(project, which, folder.parent) as source:
            context.progress(0, 1, _("Writing {model} as {format}").format(model=which, format=format))
            if format == "safetensors":
                path, verified = _export_safetensors(source, folder, context), ""
                verified = _verify_safetensors(source, folder)
            else:
                path, verified = _export_gguf(source, which, folder, values["quantization"], context)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    context.progress(1, 1, verified)
    is_gguf = format == "gguf"
    return {
        "path": str(path),
        "format": format,
        "quantization": values["quantization"] if is_gguf else "",
        "model": which,
        "size_bytes": sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()),
        "verified": verified,
    }
