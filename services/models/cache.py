"""The Hugging Face cache of this computer: what lies in it, how large, used by whom, and how to be rid of it.

Read and written without the hub's library and without any network call. The layout is the library's: per model a
folder ``models--AUTHOR--NAME`` with ``blobs``, ``snapshots/COMMIT`` (names that point to blobs) and ``refs``.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from services.errors import UserError
from services.models.provenance import read_provenance
from services.translation import _

PART = ".part"
HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*(/[A-Za-z0-9][\w.-]*)?")
_RECORD = "download.json"
_UNFINISHED_ENDINGS = (PART, ".incomplete")  # ours, and the library's


@dataclass(frozen=True, slots=True)
class CachedModel:
    """One model of the cache.

    storage: its folder in the cache. snapshot: that of its newest complete commit; None: it is unfinished.
    size_bytes: on the disk, with what is unfinished.
    total_bytes: of an unfinished download; 0 where nobody noted it.
    used_at: when a file of it was last read, in seconds since 1970; some systems note that once a day.
    """

    name: str
    storage: Path
    snapshot: Path | None
    size_bytes: int
    total_bytes: int
    used_at: float


@dataclass(frozen=True, slots=True)
class Unfinished:
    """A download that was begun: commit, and the bytes of the whole."""

    commit: str
    total_bytes: int

    @classmethod
    def read(cls, storage: Path) -> Self | None:
        """What was noted in a model's folder; None where nothing was, or nothing that can be read."""
        try:
            values = json.loads((storage / _RECORD).read_text(encoding="utf-8"))
            return cls(str(values["commit"]), int(values["total_bytes"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def write(self, storage: Path) -> None:
        storage.mkdir(parents=True, exist_ok=True)
        new = storage / f"{_RECORD}.new"
        new.write_text(json.dumps({"commit": self.commit, "total_bytes": self.total_bytes}), encoding="utf-8")
        new.replace(storage / _RECORD)

    @staticmethod
    def remove(storage: Path) -> None:
        (storage / _RECORD).unlink(missing_ok=True)


def hub_cache() -> Path:
    """Where huggingface_hub keeps models, without importing it (HF_HUB_CACHE, HF_HOME, XDG_CACHE_HOME)."""
    home = os.environ.get("HF_HOME") or Path(os.environ.get("XDG_CACHE_HOME") or "~/.cache") / "huggingface"
    return Path(os.environ.get("HF_HUB_CACHE") or Path(home) / "hub").expanduser()


def storage_of(name: str) -> Path:
    """The folder that a model has, or would have, in the cache."""
    return hub_cache() / f"models--{name.replace('/', '--')}"


def cached_model(name: str) -> Path | None:
    """The complete snapshot of a Hugging Face model in this computer's cache; no network call is made."""
    from services.models.base import why_not_a_model

    storage = storage_of(name)
    if not HUB_ID.fullmatch(name) or not storage.is_dir():
        return None
    try:
        commits = [(storage / "refs" / "main").read_text(encoding="utf-8").strip()]
    except OSError:  # fetched by commit, or by a tag
        commits = []
    snapshots = [path for path in (storage / "snapshots").glob("*") if path.is_dir()]
    newest = sorted(snapshots, key=lambda path: path.stat().st_mtime, reverse=True)
    for folder in [storage / "snapshots" / commit for commit in commits] + newest:
        if folder.is_dir() and not why_not_a_model(folder):
            return folder
    return None


def commit_of(folder: Path) -> str:
    """The commit of the hub that a model folder is; empty for one that is not from the cache."""
    return folder.name if folder.parent.name == "snapshots" and re.fullmatch("[0-9a-f]{40}", folder.name) else ""


def cached_models() -> list[CachedModel]:
    """Every model in the cache that is complete, or that a download of models began; by name."""
    found = []
    for storage in sorted(hub_cache().glob("models--*")):
        name = storage.name.removeprefix("models--").replace("--", "/")
        snapshot, unfinished = cached_model(name), Unfinished.read(storage)
        files = [path for path in storage.rglob("*") if path.is_file() and not path.is_symlink()]
        is_begun = unfinished is not None or any(path.name.endswith(_UNFINISHED_ENDINGS) for path in files)
        if snapshot is None and not is_begun:
            continue
        states = [path.stat() for path in files]
        found.append(
            CachedModel(
                name, storage, snapshot, sum(state.st_size for state in states),
                unfinished.total_bytes if unfinished and snapshot is None else 0,
                max((max(state.st_atime, state.st_mtime) for state in states), default=0.0),
            )
        )  # fmt: skip
    return found


def delete_model(name: str) -> int:
    """Remove a model, complete or not, from the cache; returns the bytes that are free now.

    Raises:
        UserError: it is being downloaded, or the system does not let go of a file.
    """
    storage = storage_of(name)
    with hold_model(storage):
        size = sum(path.stat().st_size for path in storage.rglob("*") if path.is_file() and not path.is_symlink())
        try:
            # First what makes it a model: ended in between, the rest is not taken for one.
            for part in ("refs", "snapshots", ""):
                if (storage / part).exists():
                    shutil.rmtree(storage / part)
        except OSError as error:
            raise UserError(
                _("{name} could not be removed: {reason}. Close the programs that use it, and try again.").format(
                    name=name, reason=error.strerror or error)
            ) from error  # fmt: skip
    return size


def projects_using(name: str, folders: Iterable[Path]) -> list[Path]:
    """Those of some projects whose models were made from this base model and need it to be loaded or merged."""

    def is_used(project: Path) -> bool:
        models = project / "models"
        trained = (read_provenance(path).get("base_model") == name for path in models.glob("*") if path.is_dir())
        return any(trained) or any(_is_begun_on(name, record) for record in models.glob("checkpoints/*/run.json"))

    return [folder for folder in folders if is_used(folder)]


def _is_begun_on(name: str, record: Path) -> bool:
    try:
        return json.loads(record.read_text(encoding="utf-8")).get("base_model") == name
    except (OSError, ValueError, AttributeError):
        return False


@contextlib.contextmanager
def hold_model(storage: Path) -> Iterator[None]:
    """Keep other programs of ours away from a model's folder while it is filled or removed.

    Raises:
        UserError: another one is at it.
    """
    import filelock

    place = storage.parent / ".locks" / storage.name
    place.mkdir(parents=True, exist_ok=True)
    lock = filelock.FileLock(place / "wissenswerk.lock")
    try:
        lock.acquire(timeout=0)
    except filelock.Timeout:
        name = storage.name.removeprefix("models--").replace("--", "/")
        raise UserError(
            _("{name} is being downloaded by another window or program. Wait until it is done.").format(name=name)
        ) from None
    except NotImplementedError:  # a file system without locks
        yield
        return
    try:
        yield
    finally:
        lock.release()
