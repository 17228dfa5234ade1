"""What came of reading or cutting documents, in a sentence or two."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from services.translation import ngettext


@dataclass(frozen=True, slots=True)
class IngestNews:
    """text: to be shown. failed: sources that could not be read. other_cut: said where a known document was cut otherwise.

    repeat_count: how many of the new chunks repeat others.
    """

    text: str
    failed: tuple[str, ...] = ()
    other_cut: str = ""
    repeat_count: int = 0


def tell_result(result: dict[str, Any]) -> IngestNews:
    """The result of the job "ingest" or "recut", as it is told."""
    documents = result.get("documents", [])
    by_state = Counter(document["state"] for document in documents)
    done = by_state["added"] + by_state["replaced"] + by_state["recut"]
    here = by_state["unchanged"] + by_state["duplicate"]
    failed = tuple(document["source"] for document in documents if document["state"] == "failed")
    chunks = sum(document["chunks"] for document in documents if document["state"] in ("added", "replaced", "recut"))
    parts = []
    if done:
        text = ngettext("{n:,} document read: {chunks:,} chunks.", "{n:,} documents read: {chunks:,} chunks.", done)
        parts.append(text.format(n=done, chunks=chunks))
    if here:
        parts.append(ngettext("{n:,} was here already.", "{n:,} were here already.", here).format(n=here))
    if result.get("repeats"):
        text = ngettext("{n:,} chunk repeats another.", "{n:,} chunks repeat others.", result["repeats"])
        parts.append(text.format(n=result["repeats"]))
    if result.get("skipped"):
        text = ngettext("{n:,} file of another kind was left out.", "{n:,} files of other kinds were left out.", result["skipped"])
        parts.append(text.format(n=result["skipped"]))
    if failed:
        parts.append(ngettext("{n:,} could not be read.", "{n:,} could not be read.", len(failed)).format(n=len(failed)))
    other_cut = next((one["reason"] for one in documents if one["state"] == "unchanged" and one["reason"]), "")
    if other_cut and not failed:
        parts.append(other_cut)
    return IngestNews(" ".join(parts), failed, "" if failed else other_cut, result.get("repeats", 0))
