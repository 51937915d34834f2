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
def held(entry: Path, *, shared: bool = False) -> Iterator[None]:
    """Keep ``entry`` from being removed, or from being used by others who hold it alone; waits for them.

    The entry need not exist yet; the folder that it is to lie in must. Raises `OSError` when that cannot be written to.
    """
    descriptor = _lock(lock_path(entry), fcntl.LOCK_SH if shared else fcntl.LOCK_EX)
    try:
        yield
    finally:
        os.close(descriptor)


@contextmanager
def taken(entry: Path) -> Iterator[bool]:
    """Hold ``entry`` alone, without waiting: false when it is in use. The lock's file is gone afterwards.

    Raises `OSError` as `held`.
    """
    path = lock_path(entry)
    try:
        descriptor = _lock(path, fcntl.LOCK_EX | fcntl.LOCK_NB)
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


def _lock(path: Path, how: int) -> int:
    while True:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            fcntl.flock(descriptor, how)
            # whoever had the lock may have removed its file: the next one would then lock another
            if os.fstat(descriptor).st_nlink:
                return descriptor
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)
