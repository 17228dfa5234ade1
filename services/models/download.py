"""Fetching a model from the Hugging Face hub: only what is needed, resumable, cancellable, with room checked."""

from __future__ import annotations

import errno
import hashlib
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from services.errors import Cancelled, UserError
from services.machine import be_quiet, is_offline
from services.models.base import cached_model
from services.models.room import check_room
from services.translation import _

if TYPE_CHECKING:
    from services.jobs import Context

_NEEDED_ENDINGS = (".safetensors", ".json", ".jinja", ".model", ".txt")
_NEEDED_NAMES = ("README.md", "LICENSE", "LICENSE.md", "NOTICE")
_SPARE_BYTES = 500_000_000  # a disk filled to the last byte breaks more than a download
_POLL_S = 0.1
_PART = ".part"


def download_model(name: str, context: Context) -> Path:
    """Downloads a model into the Hugging Face cache and returns its folder.

    What an earlier, interrupted download left is used. HF_ENDPOINT, HF_TOKEN and HF_HUB_OFFLINE are respected.

    Raises:
        UserError: no such model, not allowed, offline, hub not reached, no room, or nothing in it that can be trained.
        Cancelled: at once; what has arrived stays for the next time.
    """
    be_quiet()  # before the library is imported: that is when it reads the environment
    from huggingface_hub import HfApi, constants

    if is_offline() or constants.is_offline_mode():
        raise UserError(
            _(
                "The model {name} is not on this computer, and the program is offline. Download it while "
                "online, or choose a model from the list."
            ).format(name=name)
        )
    context.progress(0, 0, _("Looking for {name}").format(name=name))
    info = _in_thread(lambda: HfApi().model_info(name, files_metadata=True), name, context)
    files = {file.rfilename: file.size or 0 for file in info.siblings or []}
    needed = needed_files(name, files)

    storage = Path(constants.HF_HUB_CACHE) / f"models--{name.replace('/', '--')}"
    total = sum(files[file] for file in needed)
    here = sum(_stored_bytes(storage / "snapshots" / info.sha / file) for file in needed)
    partial = sum(path.stat().st_size for path in (storage / "blobs").glob(f"*{_PART}"))
    needed_bytes = total - here - partial + _SPARE_BYTES
    check_room(storage, needed_bytes, name, _(", or set HF_HOME to a folder on a larger disk"))

    bar_class, arrived = _counting_bar(context.cancelled)
    text = _("Downloading {name}").format(name=name)
    folder = _in_thread(
        lambda: _fetch(name, info.sha, needed, storage, bar_class),
        name,
        context,
        lambda: context.progress(min(here + arrived(), total), total, text),
    )
    context.progress(total, total, text)
    return cached_model(name) or Path(folder)


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
                _(
                    "{name} offers only GGUF files. That format is for chatting and cannot be trained. Choose the "
                    "original "
                    "model; the page of {name} usually names it."
                ).format(name=name)
            )
        if any(file.endswith((".bin", ".pt", ".pth", ".ckpt")) for file in top):
            raise UserError(
                _(
                    "{name} has its weights only in the old pickle format, which can run code when it is opened. "
                    "Choose a "
                    "model with .safetensors files."
                ).format(name=name)
            )
        raise UserError(_("{name} holds no weights, so it cannot be trained. Choose another model.").format(name=name))
    if "config.json" not in top:
        raise UserError(
            _(
                "{name} is not a whole model (it has no config.json). If it is an adapter, choose its base model."
            ).format(name=name)
        )
    needed = [file for file in top if file.endswith(_NEEDED_ENDINGS) or file in _NEEDED_NAMES]
    if any(file.startswith("model") and file.endswith(".safetensors") for file in needed):
        # Some repositories hold the same weights twice, in the form of another program.
        needed = [file for file in needed if not file.endswith(".safetensors") or file.startswith("model")]
    return needed


def _fetch(name: str, commit: str, files: list[str], storage: Path, bar_class: type) -> str:
    from huggingface_hub import constants, hf_hub_download, snapshot_download

    # A stop is noticed, and a bar moved, once per piece: 10 MB, the library's default, take minutes on a slow line.
    constants.DOWNLOAD_CHUNK_SIZE = 256 * 1024
    # One by one in this thread: the pool of snapshot_download would hold the process until a stalled read times out.
    for file in files:
        if file.endswith(".safetensors"):
            _fetch_weights(name, commit, file, storage / "blobs", bar_class)
        hf_hub_download(name, file, revision=commit, tqdm_class=bar_class)
    # Nothing is left to fetch; this notes what "main" is, so that every program finds the model by its name.
    return snapshot_download(name, allow_patterns=files, tqdm_class=bar_class)


def _fetch_weights(name: str, commit: str, file: str, blobs: Path, bar_class: type) -> None:
    """Puts one large file where the library looks for it, going on from what an earlier attempt left.

    The library itself starts every file anew: https://github.com/huggingface/huggingface_hub/pull/4228
    """
    from huggingface_hub import get_hf_file_metadata, hf_hub_url
    from huggingface_hub.file_download import http_get
    from huggingface_hub.utils import WeakFileLock, build_hf_headers

    url = hf_hub_url(name, file, revision=commit)
    metadata = get_hf_file_metadata(url)
    if not metadata.etag or (blobs / metadata.etag).exists():
        return
    blobs.mkdir(parents=True, exist_ok=True)
    part = blobs / f"{metadata.etag}{_PART}"
    with WeakFileLock(blobs / f"{metadata.etag}.lock"):
        with part.open("ab") as out:
            if metadata.size is not None and out.tell() > metadata.size:
                out.truncate(0)
            http_get(
                url,
                out,
                resume_size=out.tell(),
                headers=build_hf_headers(),
                expected_size=metadata.size,
                tqdm_class=bar_class,
            )
        # For large files the tag is the SHA-256 of the content.
        if len(metadata.etag) == 64 and _sha256(part) != metadata.etag:
            part.unlink()
            raise UserError(
                _("{file} of {name} arrived damaged. Start the download again.").format(file=file, name=name)
            )
        part.replace(blobs / metadata.etag)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _in_thread(work: Any, name: str, context: Context, report: Any = lambda: None) -> Any:
    """Runs a blocking network call so that a stop does not wait for the network. Errors become sentences."""
    outcome: dict[str, Any] = {}

    def run() -> None:
        try:
            outcome["value"] = work()
        except BaseException as error:
            outcome["error"] = error

    thread = threading.Thread(target=run, name="download", daemon=True)
    thread.start()
    while thread.is_alive():
        thread.join(_POLL_S)
        context.check()
        report()
    if "error" in outcome:
        raise _explain(name, outcome["error"]) from outcome["error"]
    return outcome["value"]


def _counting_bar(cancelled: threading.Event) -> tuple[type, Any]:
    """A stand-in for tqdm that counts bytes and ends the transfer once cancelled, and the function that reads it."""
    bars: list[Any] = []

    class Bar:
        format_dict: dict[str, Any] = {}

        def __init__(self, *_args: Any, **options: Any) -> None:
            self.n, self.total = options.get("initial") or 0, options.get("total")
            if options.get("unit") == "B":  # not the one that counts files
                bars.append(self)

        def __enter__(self) -> Bar:
            return self

        def __exit__(self, *_error: object) -> None:
            pass

        def update(self, n: float | None = 1) -> None:
            if cancelled.is_set():
                raise Cancelled
            self.n += n or 0

        def _ignore(self, *_args: Any, **_options: Any) -> None:
            pass

        refresh = close = set_description = set_description_str = set_postfix_str = _ignore

    return Bar, lambda: int(sum(bar.n for bar in bars))  # one a file; it starts at what was there


def _stored_bytes(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0


def _explain(name: str, error: BaseException) -> BaseException:
    """The sentence for what can go wrong between here and the hub; anything else is a bug and stays what it is."""
    from huggingface_hub import constants, errors

    if isinstance(error, (UserError, Cancelled)):
        return error
    if isinstance(error, errors.GatedRepoError):
        return UserError(
            _(
                "{name} is given only to people who accepted its terms. Open {url}, accept them, and then set "
                "HF_TOKEN to "
                "your access token."
            ).format(name=name, url=f"{constants.ENDPOINT}/{name}")
        )
    if isinstance(error, (errors.RepositoryNotFoundError, errors.RevisionNotFoundError, errors.HFValidationError)):
        return UserError(
            _(
                "There is no model {name} on Hugging Face, or it is private. Check the spelling (author/model); for a "
                "private one set HF_TOKEN."
            ).format(name=name)
        )
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return UserError(
            _("The disk is full. What has arrived of {name} is kept; make room and start again.").format(name=name)
        )
    if isinstance(error, errors.HfHubHTTPError) and error.response is not None:
        return UserError(
            _("Hugging Face answered with error {code} for {name}. Try again later; what has arrived is kept.").format(
                code=error.response.status_code, name=name
            )
        )
    if isinstance(error, (OSError, errors.LocalEntryNotFoundError)) or type(error).__module__.startswith("httpx"):
        return UserError(
            _(
                "The download of {name} was cut off, or Hugging Face could not be reached. Check the network and start "
                "again; what has arrived is kept."
            ).format(name=name)
        )
    return error
