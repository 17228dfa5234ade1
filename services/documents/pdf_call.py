"""Calls into pdfium that cost less."""

from __future__ import annotations

import ctypes
from functools import cache
from typing import Any


class Handle(ctypes.c_void_p):
    """What pdfium gives to be given back to it; false where it gave nothing."""


@cache
def quick(name: str) -> Any:
    """The function of pdfium with this name, to be called with handles, ``byref`` of buffers, and small integers.

    Most of a short call is the conversion of its arguments, and a page needs hundreds of calls. So nothing is converted
    here and nothing checked: a whole number is a C int, and anything else must be a ctypes object. The interpreter's
    lock is kept, which is dear to let go of for a microsecond.
    """
    import pypdfium2.raw as pdfium

    function = getattr(pdfium, name)
    address = ctypes.cast(function, ctypes.c_void_p).value
    is_handle = hasattr(function.restype, "contents")
    return ctypes.PYFUNCTYPE(Handle if is_handle else function.restype)(address)


def handle(pointer: Any) -> Handle:
    """The handle that a function of pypdfium2 gave, for the functions of ``quick``."""
    return Handle(ctypes.cast(pointer, ctypes.c_void_p).value)
