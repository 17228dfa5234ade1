"""Calls into pdfium that cost less."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from functools import cache
from typing import Any


@cache
def with_addresses(name: str) -> Callable[..., Any]:
    """The function of pdfium with this name, taking and giving addresses in place of pointers.

    Most of a short call is the conversion of its pointers, and a page needs hundreds of calls.
    """
    import pypdfium2.raw as pdfium

    function = getattr(pdfium, name)
    plain = type(function)(ctypes.cast(function, ctypes.c_void_p).value)
    plain.argtypes = [_plain(kind) for kind in function.argtypes]
    plain.restype = _plain(function.restype)
    return plain


def _plain(kind: Any) -> Any:
    return ctypes.c_void_p if hasattr(kind, "contents") else kind
