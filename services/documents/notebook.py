"""Jupyter notebooks: the text as it is, the code in code blocks, and what it printed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from services.documents import markdown
from services.documents.page import ReadDocument, Report, ignore, refuse_empty
from services.documents.text import decode, whole_document
from services.errors import UserError
from services.translation import _

_LONGEST_OUTPUT = 2000
"""Characters of what one cell printed; logs of a training run are longer, and teach nothing."""


def read_notebook(path: Path, report: Report = ignore) -> ReadDocument:
    """
    Raises:
        UserError: the file is empty, is no notebook, or has no text.
    """
    data = path.read_bytes()
    if not data:
        raise refuse_empty(path)
    try:
        notebook = json.loads(decode(data, path))
        cells = notebook.get("cells") or [cell for sheet in notebook["worksheets"] for cell in sheet["cells"]]
        language = str(notebook.get("metadata", {}).get("language_info", {}).get("name", "python"))
        blocks = [block for cell in cells for block in _blocks(cell, language)]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise UserError(
            _("{name} is not a notebook, or it is damaged. Open it in Jupyter and save it again.").format(
                name=path.name
            )
        ) from error
    report(1.0)
    return whole_document(path, "\n\n".join(blocks), "notebook")


def _blocks(cell: dict[str, Any], language: str) -> list[str]:
    kind, text = cell["cell_type"], _joined(cell.get("source") or cell.get("input") or "").strip("\n")
    if not text.strip():
        return []
    if kind == "heading":  # of old notebooks
        return [markdown.heading(int(cell.get("level", 1)), text)]
    if kind != "code":
        return [text]
    outputs = [_joined(_printed(output)).strip("\n") for output in cell.get("outputs", [])]
    printed = "\n".join(output for output in outputs if output.strip())
    if len(printed) > _LONGEST_OUTPUT:
        printed = printed[: printed.rfind("\n", 0, _LONGEST_OUTPUT) + 1] + "…"
    return [markdown.fence(text, language), *([markdown.fence(printed)] if printed else [])]


def _printed(output: dict[str, Any]) -> str | list[str]:
    return output.get("text") or output.get("data", {}).get("text/plain") or ""


def _joined(lines: str | list[str]) -> str:
    return lines if isinstance(lines, str) else "".join(lines)
