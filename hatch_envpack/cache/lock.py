"""The lock of a cache entry that is in use: a file beside it, which the kernel unlocks when its holder is gone."""

from __future__ import annotations

import fcntl
import os
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SUFFIX = ".lock"


def lock_path(entry: Path) -> Path:
    """Return the file that is locked while ``entry`` is in use."""
    return entry.with_name(entry.name + SUFFIX)


@contextmanager
def taken(entry: Path) -> Iterator[bool]:
    """Hold ``entry`` alone, without waiting: false when it is in use. The lock's file is gone afterwards.

    The entry need not exist yet; the folder that it is to lie in must. Raises `OSError` when that cannot be written to.
    """
    path = lock_path(entry)
    try:
        descriptor = _lock(path)
    except BlockingIOError:
        yield False
        return
    try:
        yield True
    finally:
        path.unlink(missing_ok=True)
        os.close(descriptor)


@contextmanager
def held_alone(folder: Path) -> Iterator[bool]:
    """Make ``folder`` if it is not there, and hold it as `taken` does; false also where the cache refuses it."""
    with ExitStack() as stack:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            free = stack.enter_context(taken(folder))
        except OSError:
            free = False
        yield free


def _lock(path: Path) -> int:
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # whoever had the lock may have removed its file: the next one would then lock another
            if os.fstat(descriptor).st_nlink:
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)
