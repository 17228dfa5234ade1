"""A project: a folder with one knowledge base, its models, and one folder per run."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from services.errors import UserError
from services.file_name import check_name as check_name
from services.file_name import name_key
from services.jobs import LAST_WORDS, read_events
from services.knowledge_base.store import KnowledgeBase
from services.records import ModelState, ProjectStatus, RunRecord
from services.translation import _

_END_BYTES = 2**18  # of a run's events, in which its state and its last metrics are


def projects_folder() -> Path:
    """Where projects live: beside the program when working from a checkout, else in the person's documents."""
    root = Path(__file__).resolve().parent.parent
    if not getattr(sys, "frozen", False) and (root / "pyproject.toml").exists():
        return root / "projects"
    import platformdirs

    return Path(platformdirs.user_documents_dir()) / "Wissenswerk"


class Project:
    """An open project. Passing it on passes the folder; connections are made where they are needed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder.resolve()
        self.name = self.folder.name

    @classmethod
    def find(cls, name_or_path: str) -> Path:
        """The folder that a word on the command line means: an existing path wins over a name under projects/."""
        path = Path(name_or_path).expanduser()
        is_name = not any(mark in name_or_path for mark in ("/", os.sep)) and name_or_path not in (".", "..", "")
        return projects_folder() / name_or_path if is_name and not path.exists() else path

    @classmethod
    def create(cls, folder: Path) -> Self:
        """Make a project in a new or empty folder; an existing project is opened.

        Raises:
            UserError: the folder cannot be written, is a file, or holds other things.
        """
        try:
            if folder.is_dir() and any(folder.iterdir()) and not (folder / "data" / "rag_db.sqlite").exists():
                raise UserError(
                    _("{folder} is not empty and not a project. Choose a new folder.").format(folder=folder)
                )
            for part in ("data", "models", "exports", "runs"):
                (folder / part).mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UserError(
                _("No project can be made at {folder}: {reason}.").format(folder=folder, reason=error.strerror)
            ) from error
        project = cls(folder)
        with project.connect():
            pass
        return project

    @classmethod
    def open(cls, folder: Path) -> Self:
        """
        Raises:
            UserError: there is no project in that folder, or its knowledge base cannot be read.
        """
        if not (folder / "data" / "rag_db.sqlite").exists():
            raise UserError(
                _("{folder} is not a project: it has no data/rag_db.sqlite. Make one with “new”.").format(folder=folder)
            )
        project = cls(folder)
        with project.connect() as knowledge_base:
            knowledge_base.check_index()
            has_open_moves = bool(knowledge_base.open_moves())
        if has_open_moves:
            from services.sft_data.dataset import follow

            with contextlib.suppress(UserError):  # a file in the way must not keep the project shut
                follow(project)
        if (project.models_folder / ".renaming.json").exists():
            from services.models.renaming import follow as follow_model

            with contextlib.suppress(UserError):
                follow_model(project)
        return project

    @property
    def database_path(self) -> Path:
        return self.folder / "data" / "rag_db.sqlite"

    @property
    def cpt_data_path(self) -> Path:
        return self.folder / "data" / "cpt_data.txt"

    def dataset_path(self, name: str = "sft_data") -> Path:
        return self.folder / "data" / f"{check_name(name, _('dataset'))}.jsonl"

    @property
    def models_folder(self) -> Path:
        return self.folder / "models"

    @property
    def cpt_model_folder(self) -> Path:
        return self.models_folder / "cpt_model"

    @property
    def checkpoints_folder(self) -> Path:
        return self.models_folder / "checkpoints"

    def model_folder(self, name: str = "final") -> Path:
        """The folder of a final model; "final" is the first, variants stand beside it."""
        if name in ("base", "cpt") or name.startswith(("cpt_model", "checkpoints")):
            raise UserError(_("“{name}” is taken: give the model another name.").format(name=name))
        return self.models_folder / check_name(name, _("model"))

    @property
    def exports_folder(self) -> Path:
        return self.folder / "exports"

    @property
    def runs_folder(self) -> Path:
        return self.folder / "runs"

    def connect(self, is_read_only: bool = False) -> KnowledgeBase:
        """A new connection: one per thread and process, closed by its owner."""
        self.database_path.parent.mkdir(parents=True, exist_ok=True)
        return KnowledgeBase(self.database_path, is_read_only=is_read_only)

    def final_models(self) -> list[str]:
        """The names of the final models, "final" first."""
        names = (
            path.parent.name
            for path in self.models_folder.glob("*/config.json")
            if not path.parent.name.startswith(("cpt_model", "checkpoints", "."))
        )
        return sorted(names, key=lambda name: (name != "final", name.lower()))

    def new_export_folder(self, format: str) -> Path:
        """``exports/FORMAT_YYYYMMDD``, with -2, -3 for a second and third that day; made here."""
        day = f"{format}_{time.strftime('%Y%m%d')}"
        self.exports_folder.mkdir(parents=True, exist_ok=True)
        for name in [day, *(f"{day}-{number}" for number in range(2, 1000))]:
            with contextlib.suppress(FileExistsError):
                (self.exports_folder / name).mkdir()
                return self.exports_folder / name
        raise UserError(_("{folder} holds a thousand exports of today. Remove some.").format(folder=self.exports_folder))

    def start_run(self, kind: str, settings: dict[str, Any]) -> Path:
        """A folder for a new run, ``runs/0007-cpt``, with its settings."""
        self.runs_folder.mkdir(parents=True, exist_ok=True)
        number = max((run_number(folder) for folder in self.runs_folder.iterdir()), default=0)
        while True:
            number += 1
            folder = self.runs_folder / f"{number:04d}-{kind}"
            if any(self.runs_folder.glob(f"{number:04d}-*")):
                continue
            with contextlib.suppress(FileExistsError):
                folder.mkdir()
                break
        record = {**settings, "started_at": datetime.now(UTC).isoformat(timespec="seconds")}
        (folder / "settings.json").write_text(json.dumps(record, ensure_ascii=False, indent=2), "utf-8")
        return folder

    def runs(self, kind: str | None = None) -> list[RunRecord]:
        """The runs, newest first, read from their folders."""
        if not self.runs_folder.is_dir():
            return []
        folders = [folder for folder in self.runs_folder.iterdir() if run_number(folder)]
        if kind:
            folders = [folder for folder in folders if folder.name.endswith(f"-{kind}")]
        return [_read_run(folder, self.is_locked()) for folder in sorted(folders, key=run_number, reverse=True)]

    @contextlib.contextmanager
    def lock(self, work: str) -> Iterator[None]:
        """Hold the project for a training or an ingest; the system frees it when the process ends.

        Raises:
            UserError: another process, or another job of this one, holds it.
        """
        with self._hold(".lock") as is_held:
            if not is_held:
                raise UserError(
                    _("Another training or ingest is running in “{project}”. Wait for it, or stop it, then start "
                      "{work} again.").format(project=self.name, work=work)
                )
            yield

    @contextlib.contextmanager
    def lock_dataset(self, name: str) -> Iterator[None]:
        """Hold one dataset while pairs come into it, or while its name changes; beside a training or an ingest.

        Raises:
            UserError: pairs come into it already.
        """
        digest = hashlib.sha256(name_key(name).encode()).hexdigest()[:16]
        with self._hold(f".dataset-{digest}.lock") as is_held:
            if not is_held:
                raise UserError(
                    _("Pairs are just being made for “{dataset}”, or read into it. Wait until that is done, or stop it.").format(
                        dataset=name
                    )
                )
            yield

    @contextlib.contextmanager
    def lock_deleted(self) -> Iterator[None]:
        """Hold what was deleted while some is moved there or back, or given up; always for moments, a training may go on.

        Raises:
            UserError: another process is at it.
        """
        with self._hold(".deleted.lock") as is_held:
            if not is_held:
                raise UserError(_("Another window is just deleting something in “{project}”. Try again.").format(project=self.name))
            yield

    @contextlib.contextmanager
    def _hold(self, file_name: str) -> Iterator[bool]:
        """Whether the lock of this name could be had; it is freed at the end, or by the system."""
        self.runs_folder.mkdir(parents=True, exist_ok=True)
        with open(self.runs_folder / file_name, "a+", encoding="utf-8") as file:
            for _attempt in range(20):  # reading the state of a run holds the lock for a moment
                if is_held := _try_lock(file.fileno()):
                    break
                time.sleep(0.02)
            try:
                yield is_held
            finally:
                if is_held:
                    _unlock(file.fileno())

    def is_locked(self) -> bool:
        """Whether a training or an ingest is at work in it, of whichever process."""
        lock = self.runs_folder / ".lock"
        if not lock.exists():
            return False
        with open(lock, "a+", encoding="utf-8") as file:
            if not _try_lock(file.fileno()):
                return True
            _unlock(file.fileno())
            return False

    def status(self) -> ProjectStatus:
        """What exists, what is stale and why, and what to do next."""
        from services.models.provenance import read_provenance

        with self.connect() as knowledge_base:
            documents = sum(document.state == "ready" for document in knowledge_base.documents())
            chunks, revision = knowledge_base.count_chunks(), knowledge_base.revision()
            pairs, stale_pairs = knowledge_base.pair_counts()
        cpt = ModelState("cpt", (self.cpt_model_folder / "adapter_config.json").exists())
        cpt_made = read_provenance(self.cpt_model_folder) if cpt.exists else {}
        if cpt.exists and cpt_made.get("revision") != revision:
            cpt = ModelState("cpt", True, True, _("The chunks have changed since this model read them."))
        finals = []
        for name in self.final_models():
            made = read_provenance(self.model_folder(name))
            if cpt.exists and made.get("cpt_run") != cpt_made.get("run"):
                finals.append(ModelState(name, True, True, _("It was made from an earlier CPT model.")))
            elif cpt.is_stale:
                finals.append(ModelState(name, True, True, _("Its CPT model is stale.")))
            else:
                finals.append(ModelState(name, True))
        if not chunks:
            step = "ingest"
        elif not cpt.exists or cpt.is_stale:
            step = "cpt"
        elif not pairs:
            step = "generate"
        else:
            step = "chat" if finals and not any(final.is_stale for final in finals) else "sft"
        return ProjectStatus(documents, chunks, pairs, stale_pairs, cpt, tuple(finals), step)


def run_number(folder: Path) -> int:
    """7 for ``0007-cpt``; 0 for anything that is not a run."""
    head = folder.name.split("-", 1)[0]
    return int(head) if head.isdigit() and "-" in folder.name else 0


def _read_run(folder: Path, is_project_busy: bool) -> RunRecord:
    from services.training.origin import read_origin

    settings: dict[str, Any] = {}
    with contextlib.suppress(OSError, ValueError):
        settings = json.loads((folder / "settings.json").read_text("utf-8"))
    metric: dict[str, Any] = {}
    last: dict[str, Any] = {}
    for event in read_events(folder, last_bytes=_END_BYTES):
        if event["type"] == "metric":
            metric |= event
        elif event["type"] in LAST_WORDS:
            last = event
        elif event["type"] == "progress":
            last = {}  # resumed after an earlier end
    states = {"result": "finished", "cancelled": "stopped", "failed": "failed", "bug": "failed"}
    state = states.get(last.get("type", ""), "running" if is_project_busy else "interrupted")
    return RunRecord(
        run_number(folder), folder.name.split("-", 1)[1], folder, settings.get("started_at", ""), state, settings,
        metric, last.get("value", {}) or {}, (last.get("text", "").strip().splitlines() or [""])[-1],
        read_origin(folder),
    )  # fmt: skip


if os.name == "nt":
    import msvcrt

    def _try_lock(descriptor: int) -> bool:
        try:
            os.lseek(descriptor, 0, os.SEEK_SET)
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

    def _unlock(descriptor: int) -> None:
        os.lseek(descriptor, 0, os.SEEK_SET)
        msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def _try_lock(descriptor: int) -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return False
        return True

    def _unlock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_UN)
