"""Fetching a model from the Hugging Face hub: only what is needed, paused and resumed at any byte, checked, with room.

The files lie in the hub's own cache, as every program of that family expects them. A file on its way is
``blobs/CHECKSUM.part``; which commit it belongs to stands in ``download.json`` beside, so that a download that goes on
weeks later brings the model that it began with.
"""

from __future__ import annotations

import hashlib
import os
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from services.errors import Cancelled, UserError
from services.models.cache import PART, Unfinished, cached_model, hold_model, storage_of
from services.models.hub import TIMEOUT_S, TOKEN_OWNER, in_thread, patiently, refuse_offline
from services.models.room import check_room, writing
from services.translation import _

if TYPE_CHECKING:
    from services.jobs import Context

_NEEDED_ENDINGS = (".safetensors", ".json", ".jinja", ".model", ".txt")
_NEEDED_NAMES = ("README.md", "LICENSE", "LICENSE.md", "LICENSE.txt", "NOTICE", "NOTICE.md")
_SPARE_BYTES = 500_000_000  # a disk filled to the last byte breaks more than a download
_RATE_OVER_S = 8.0
_SAY_EVERY_S = 0.25


@dataclass(frozen=True, slots=True)
class HubFile:
    """checksum: SHA-256 of a large file, git's SHA-1 of a small one; the name of its blob in the cache."""

    name: str
    size: int
    checksum: str


def download_model(name: str, context: Context) -> Path:
    """Downloads a model into the Hugging Face cache and returns its folder.

    What an earlier, interrupted download left is used. HF_ENDPOINT, HF_TOKEN and HF_HUB_OFFLINE are respected.

    Raises:
        UserError: no such model, not allowed, offline, hub not reached, no room, damaged on the way, being downloaded
            by another program, or nothing in it that can be trained.
        Cancelled: at once; what has arrived stays for the next time.
    """
    refuse_offline(
        _("The model {name} is not on this computer, and the program is offline. Download it while online, or choose a "
          "model from the list.").format(name=name)
    )  # fmt: skip
    context.progress(0, 0, _("Looking for {name}").format(name=name))
    storage = storage_of(name)
    with writing(_("the model"), storage), hold_model(storage):
        transfer = Transfer(name, context)
        commit, files = transfer.look()
        total = sum(file.size for file in files)
        here = sum(_bytes_here(storage, commit, file) for file in files)
        check_room(storage, total - here + _SPARE_BYTES, name, _(", or set HF_HOME to a folder on a larger disk"))
        Unfinished(commit, total).write(storage)
        transfer.fetch(storage, commit, files, total, here)
        _put_in_place(storage, commit, files)
        Unfinished.remove(storage)
    context.progress(total, total, _("{name} is here").format(name=name))
    return cached_model(name) or storage / "snapshots" / commit


def needed_files(name: str, files: dict[str, int]) -> list[str]:
    """Those files of a repository that loading and training need; only from its top folder.

    Args:
        files: path in the repository to size in bytes.

    Raises:
        UserError: there are no weights that can be trained safely.
    """
    top = [file for file in files if "/" not in file]
    if not any(file.endswith(".safetensors") for file in top):
        if any(file.endswith(".gguf") for file in files):
            raise UserError(
                _("{name} offers only GGUF files. That format is for chatting and cannot be trained. Choose the original "
                  "model; the page of {name} usually names it.").format(name=name)
            )  # fmt: skip
        if any(file.endswith((".bin", ".pt", ".pth", ".ckpt")) for file in top):
            raise UserError(
                _("{name} has its weights only in the old pickle format, which can run code when it is opened. Choose a "
                  "model with .safetensors files.").format(name=name)
            )  # fmt: skip
        raise UserError(_("{name} holds no weights, so it cannot be trained. Choose another model.").format(name=name))
    if "config.json" not in top:
        raise UserError(
            _("{name} is not a whole model (it has no config.json). If it is an adapter, choose its base model.").format(
                name=name)
        )  # fmt: skip
    needed = [file for file in top if file.endswith(_NEEDED_ENDINGS) or file in _NEEDED_NAMES]
    if any(file.startswith("model") and file.endswith(".safetensors") for file in needed):
        # Some repositories hold the same weights twice, in the form of another program.
        needed = [file for file in needed if not file.endswith(".safetensors") or file.startswith("model")]
    return needed


class Transfer:
    """The requests of one download, with its progress."""

    def __init__(self, name: str, context: Context) -> None:
        self.name, self._context = name, context
        self._token: str | None = None  # None: what the library finds by itself
        self._done = self._total = 0
        self._pace = Pace()
        self._wait = self._subject = ""
        self._said_at = 0.0

    def look(self) -> tuple[str, list[HubFile]]:
        """The commit to fetch and the files of it that are needed.

        Raises:
            UserError, Cancelled: see download_model.
        """
        unfinished = Unfinished.read(storage_of(self.name))
        commit = unfinished.commit if unfinished else None
        info = in_thread(lambda: self._with_token(lambda: self._info(commit)), self.name, self._context, self._report)
        files = {
            file.rfilename: HubFile(file.rfilename, file.size or 0, file.lfs.sha256 if file.lfs else file.blob_id or "")
            for file in info.siblings or []
        }
        return info.sha, [files[each] for each in needed_files(self.name, {key: file.size for key, file in files.items()})]

    def fetch(self, storage: Path, commit: str, files: list[HubFile], total: int, here: int) -> None:
        """Bring what is missing into the cache's blobs, each file checked.

        Raises:
            UserError, Cancelled: see download_model.
        """
        self._total, self._done = total, here
        (storage / "blobs").mkdir(parents=True, exist_ok=True)

        def work() -> None:
            for file in files:
                if not _is_here(storage, commit, file):
                    self._fetch_file(storage / "blobs" / file.checksum, commit, file)

        in_thread(lambda: self._with_token(work), self.name, self._context, self._report)

    def _info(self, commit: str | None) -> Any:
        from huggingface_hub import HfApi, errors

        def ask(revision: str | None) -> Any:
            return HfApi(token=self._token).model_info(
                self.name, revision=revision, files_metadata=True, timeout=TIMEOUT_S
            )

        try:
            return patiently(lambda: ask(commit), self._context.cancelled, lambda: 0, self._say)
        except errors.RevisionNotFoundError:  # the commit that was begun with is gone from the hub
            return ask(None)

    def _with_token(self, work: Callable[[], Any]) -> Any:
        """A public model is fetched without asking the keyring, which may want to be unlocked."""
        from huggingface_hub import errors, get_token

        try:
            return work()
        except (errors.GatedRepoError, errors.RepositoryNotFoundError):
            from services.sft_data.key import find_key

            if self._token is None and (token := find_key(TOKEN_OWNER)) and token != get_token():
                self._token = token
                return work()
            raise

    def _fetch_file(self, blob: Path, commit: str, file: HubFile) -> None:
        part = blob.with_name(blob.name + PART)
        self._subject = ""
        for _attempt in range(2):  # what arrived damaged is fetched once more
            patiently(lambda: self._receive(part, commit, file), self._context.cancelled, lambda: _size(part), self._say)
            self._subject = _("Checking {file}").format(file=file.name)
            if _checksum(part, file.checksum, self._context.cancelled) == file.checksum:
                part.replace(blob)
                return
            self._subject = ""
            self._done -= _size(part)
            part.unlink()
        raise UserError(
            _("{file} of {name} arrived damaged twice: what came is not what the hub says it is. Start the download again "
              "later, or from another network.").format(file=file.name, name=self.name)
        )  # fmt: skip

    def _receive(self, part: Path, commit: str, file: HubFile) -> None:
        """One request for what is missing of a file; what comes is appended."""
        from huggingface_hub import hf_hub_url
        from huggingface_hub.utils import build_hf_headers, get_session, hf_raise_for_status

        with part.open("ab") as out:
            if out.tell() > file.size:
                self._restart(out)
            if out.tell() == file.size:
                return
            # Compressed pieces could not be counted, nor taken up again in the middle.
            headers = {**build_hf_headers(token=self._token), "Accept-Encoding": "identity"}
            if out.tell():
                headers["Range"] = f"bytes={out.tell()}-"
            url = hf_hub_url(self.name, file.name, revision=commit)
            with get_session().stream("GET", url, headers=headers, timeout=TIMEOUT_S) as response:
                hf_raise_for_status(response)
                if out.tell() and response.status_code == 200:  # the server sends all of it again
                    self._restart(out)
                for piece in response.iter_bytes():
                    if self._context.cancelled.is_set():
                        raise Cancelled
                    out.write(piece)
                    self._done += len(piece)
            out.flush()
            os.fsync(out.fileno())

    def _restart(self, out: Any) -> None:
        self._done -= out.tell()
        out.truncate(0)
        out.seek(0)

    def _say(self, wait: str) -> None:
        self._wait = wait

    def _report(self) -> None:
        now = time.monotonic()
        if now - self._said_at < _SAY_EVERY_S:
            return
        self._said_at = now
        if not self._total:
            if self._wait:
                self._context.progress(0, 0, self._wait)
            return
        done = min(self._done, self._total)
        rate = self._pace.add(done, now)
        unit, size = (_("GB"), 2**30) if self._total >= 2**30 else (_("MB"), 2**20)
        text = _("Downloading {name} · {done} of {total} {unit}").format(
            name=self.name, done=f"{done / size:.1f}", total=f"{self._total / size:.1f}", unit=unit
        )
        if self._wait or self._subject:
            text += f" · {self._wait or self._subject}"
        elif rate:
            text += " · " + _("{rate:.1f} MB/s").format(rate=rate / 2**20)
        self._context.progress(done, self._total, text)


class Pace:
    """How fast bytes arrive, over the last seconds."""

    def __init__(self) -> None:
        self._seen: deque[tuple[float, int]] = deque()

    def add(self, done: int, now: float) -> float:
        """Bytes per second; 0 while there is nothing to measure by.

        Args:
            done: bytes so far.
            now: seconds of a monotonic clock.
        """
        self._seen.append((now, done))
        while now - self._seen[0][0] > _RATE_OVER_S:
            self._seen.popleft()
        then, before = self._seen[0]
        passed = now - then
        return max(0.0, (done - before) / passed) if passed >= 1.0 else 0.0


def _is_here(storage: Path, commit: str, file: HubFile) -> bool:
    places = (storage / "blobs" / file.checksum, storage / "snapshots" / commit / file.name)
    return any(_size(place) == file.size for place in places)


def _bytes_here(storage: Path, commit: str, file: HubFile) -> int:
    if _is_here(storage, commit, file):
        return file.size
    return min(max(0, _size(storage / "blobs" / f"{file.checksum}{PART}")), file.size)


def _put_in_place(storage: Path, commit: str, files: list[HubFile]) -> None:
    """Give the files their names in the commit's folder, and note it as the one that is meant by the model's name."""
    from huggingface_hub.file_download import _create_symlink

    snapshot = storage / "snapshots" / commit
    snapshot.mkdir(parents=True, exist_ok=True)
    # Without config.json it is no model: ended by a kill in between, it is not taken for one.
    for file in sorted(files, key=lambda file: file.name == "config.json"):
        if _size(snapshot / file.name) != file.size:
            # Where links are not allowed, as on some Windows, the file itself moves there.
            _create_symlink(str(storage / "blobs" / file.checksum), str(snapshot / file.name), new_blob=True)
    (storage / "refs").mkdir(exist_ok=True)
    (storage / "refs" / "main").write_text(commit, encoding="utf-8")


def _checksum(path: Path, expected: str, cancelled: threading.Event) -> str:
    """In the manner of the expected one: SHA-256 of a large file, git's SHA-1 of a small one."""
    is_git = len(expected) == 40
    digest = hashlib.sha1(f"blob {path.stat().st_size}\0".encode()) if is_git else hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(2**22):
            if cancelled.is_set():
                raise Cancelled
            digest.update(piece)
    return digest.hexdigest()


def _size(path: Path) -> int:
    """In bytes; -1 where there is no such file."""
    try:
        return path.stat().st_size
    except OSError:
        return -1
