"""Calls into pdfium that cost less."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any


def with_addresses(function: Any) -> Callable[..., Any]:
    """The same function of pdfium, for callers that give the addresses of handles and results, not pointers to them.

    Most of a short call is the conversion of its pointers, and a page needs hundreds of calls.
    """
    plain = type(function)(ctypes.cast(function, ctypes.c_void_p).value)
    plain.argtypes = [ctypes.c_void_p if hasattr(kind, "contents") else kind for kind in function.argtypes]
    plain.restype = function.restype
    return plain
