"""The rows that cross a border: plain, frozen, without behaviour worth a test."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class DocumentText:
    """The cleaned text of one document.

    pages: ``(page number, start offset)`` in reading order; empty for formats without pages.
    headings: ``(start offset, level 1 to 6, title)``.
    listings: ``(start, end, kind)`` of tables of contents ("contents") and indexes ("index"), in order and apart.
    """

    content: str
    pages: tuple[tuple[int, int], ...] = ()
    headings: tuple[tuple[int, int, str], ...] = ()
    listings: tuple[tuple[int, int, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Removal:
    """Text of a file that was left out, so that a person can see it.

    kind: a key of ``services.documents.page.REMOVALS``. page: where it stood first. count: how often it stood there.
    """

    kind: str
    text: str
    page: int | None = None
    count: int = 1


@dataclass(frozen=True, slots=True)
class CutChunk:
    """A chunk as the splitter cuts it: ``content == text[start:end]``.

    It owns the text from ``start`` to ``owned_end``, where the next chunk starts; what follows up to ``end``
    is the overlap.
    """

    start: int
    owned_end: int
    end: int
    content: str
    token_count: int
    page: int | None = None
    headings: tuple[str, ...] = ()
    kind: str = ""  # "contents" or "index": a listing, left out of training and generation by default
    quality: int = 100  # 0 (useless) to 100
    problem: str = ""  # a key of services.documents.quality.PROBLEMS
    sketch: bytes = b""  # services.documents.likeness.sketch of the content


@dataclass(frozen=True, slots=True)
class Document:
    id: int
    source: str
    path: str
    sha256: str
    size_bytes: int
    modified_at: float
    format: str
    state: str  # "ready", "failed" or "duplicate"
    reason: str  # of "failed" and "duplicate"; of "ready" why a part of the file is missing, or empty
    tokenizer: str
    chunk_size: int
    chunk_overlap: int
    page_count: int
    token_count: int
    chunk_count: int
    added_at: str
    removed_count: int = 0  # passages that were left out when it was read


@dataclass(frozen=True, slots=True)
class Chunk:
    id: int
    content: str
    source: str
    chunk_index: int
    metadata: dict[str, Any] = field(default_factory=dict)
    token_count: int = 0
    is_excluded: bool = False
    is_deleted: bool = False
    is_edited: bool = False
    kind: str = ""  # "contents" or "index"
    cause: str = ""  # of an exclusion: "contents", "index", "duplicate"; "person" once a person has decided either way
    quality: int = 100
    problem: str = ""
    duplicate_of: int | None = None  # the chunk that it repeats
    similarity: float = 0.0  # to that chunk, 1.0 for the same words


@dataclass(frozen=True, slots=True)
class Pair:
    id: int
    dataset: str
    chunk_id: int | None
    style: str
    state: str  # "new", "accepted", "edited", "rejected" by the person, "failed" at a gate
    reason: str
    provider: str
    model: str
    is_stale: bool
    instruction: str
    output: str
    source: str = ""
    chunk_index: int | None = None
    evidence: tuple[int, int] | None = None
    created_at: str = ""
    fact_id: int | None = None  # what it asks for
    item_id: int | None = None  # the request that brought it
    verdict: str = ""  # what the judge said of it
    score: int | None = None  # what the judge gave: 100 where the chunk says so, 0 where not, None where it was not asked
    turns: tuple[str, ...] = ()  # said between question and answer: tutor, learner, tutor, learner ...
    system: str = ""  # what an imported chat tells its model beforehand; goes along into chat messages, is not trained on
    has_original: bool = False  # it was edited, and can say again what it said at first


@dataclass(frozen=True, slots=True)
class RunRecord:
    """One folder under ``runs/``, read back.

    origin: of a training, what it ran on, see ``services.training.origin``.
    """

    number: int
    kind: str
    folder: Path
    started_at: str
    state: str  # "running", "finished", "stopped", "failed" or "interrupted"
    settings: dict[str, Any]
    metric: dict[str, Any]
    result: dict[str, Any]
    reason: str = ""
    origin: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ModelState:
    """A model of the project: does it exist, and does it still agree with what it was made from?"""

    name: str
    exists: bool
    is_stale: bool = False
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ProjectStatus:
    """The line of descent, and the next thing to do (``next_step`` is ingest, cpt, generate, sft or chat)."""

    document_count: int
    chunk_count: int
    pair_count: int
    stale_pair_count: int
    cpt: ModelState
    finals: tuple[ModelState, ...]
    next_step: str
