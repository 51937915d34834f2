"""Searching large pieces of memory."""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_WORTH_A_CALL = 32 << 10
"""Bytes from which the C library's search is faster, its call included."""


def _find_memmem() -> Callable[[bytes, int, bytes, int], int | None] | None:
    """Return the search of the C library: twice as fast as Python's, and other threads may run meanwhile.

    https://man7.org/linux/man-pages/man3/memmem.3.html
    """
    try:
        memmem = ctypes.CDLL(None).memmem
    except (OSError, TypeError, AttributeError):
        return None  # not on this system
    memmem.restype = ctypes.c_void_p
    memmem.argtypes = (ctypes.c_char_p, ctypes.c_size_t, ctypes.c_char_p, ctypes.c_size_t)
    found: Callable[[bytes, int, bytes, int], int | None] = memmem
    return found


_MEMMEM = _find_memmem()


def holds(data: bytes, needle: bytes) -> bool:
    """Whether the needle is somewhere in the data."""
    if _MEMMEM is None or len(data) < _WORTH_A_CALL:
        return needle in data
    return _MEMMEM(data, len(data), needle, len(needle)) is not None
