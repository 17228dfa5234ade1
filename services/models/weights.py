"""What the headers of safetensors files say, read without loading a single weight."""

from __future__ import annotations

import json
import math
import struct
from dataclasses import dataclass
from pathlib import Path

from services.errors import UserError
from services.translation import _

_LONGEST_HEADER_BYTES = 100_000_000  # the limit of the format itself


@dataclass(frozen=True, slots=True)
class TensorHeader:
    """One tensor: the file it is in, its type as safetensors names it ("F32", "BF16", ...) and its shape."""

    path: Path
    dtype: str
    shape: tuple[int, ...]

    @property
    def size(self) -> int:
        """The number of values."""
        return math.prod(self.shape)


def weight_files(folder: Path) -> list[Path]:
    """The safetensors files of a model, in order: those its index names, or what is there.

    Raises:
        UserError: the index names a file that is missing, or cannot be read.
    """
    index = folder / "model.safetensors.index.json"
    if index.is_file():
        try:
            names = sorted(set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values()))
        except (ValueError, KeyError, AttributeError):
            raise UserError(_("{path} is damaged. Download the model again.").format(path=index)) from None
        missing = [name for name in names if not (folder / name).is_file()]
        if missing:
            raise UserError(
                _("The model in {folder} is incomplete: {file} is missing. Download it again.").format(
                    folder=folder, file=missing[0]
                )
            )
        return [folder / name for name in names]
    single = folder / "model.safetensors"
    return [single] if single.is_file() else sorted(folder.glob("*.safetensors"))


def read_headers(folder: Path) -> dict[str, TensorHeader]:
    """Tensor name to header, over all weight files of a model.

    Raises:
        UserError: a file is missing, cut short or not safetensors.
    """
    headers: dict[str, TensorHeader] = {}
    for path in weight_files(folder):
        headers |= _read_header(path)
    return headers


def _read_header(path: Path) -> dict[str, TensorHeader]:
    damaged = UserError(_("{path} is damaged or was not downloaded to its end. Download it again.").format(path=path))
    try:
        file = path.open("rb")
    except OSError:  # a name in the cache whose content was removed
        raise damaged from None
    with file:
        start = file.read(8)
        length = struct.unpack("<Q", start)[0] if len(start) == 8 else _LONGEST_HEADER_BYTES + 1
        if length > _LONGEST_HEADER_BYTES:
            raise damaged
        try:
            tensors = json.loads(file.read(length))
            tensors.pop("__metadata__", None)
            end = max((tensor["data_offsets"][1] for tensor in tensors.values()), default=0)
            headers = {
                name: TensorHeader(path, tensor["dtype"], tuple(tensor["shape"])) for name, tensor in tensors.items()
            }
        except (ValueError, KeyError, TypeError, AttributeError):
            raise damaged from None
    if path.stat().st_size < 8 + length + end:
        raise damaged
    return headers
