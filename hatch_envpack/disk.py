"""Getting onto the disk what was written."""

from __future__ import annotations

import os
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_PAUSE = 0.25
"""Seconds between two times that all is written; what takes less than that is written at its end alone."""


def sync(folder: Path) -> None:
    """Write what was changed on the file system of a folder to its disk. Raises `OSError`.

    One call for all files: an ``fsync`` for each takes a disk's round trip for each. Where the C library has no
    ``syncfs``, all file systems are written.
    """
    import ctypes  # noqa: PLC0415 - nothing else needs it

    call = getattr(ctypes.CDLL(None, use_errno=True), "syncfs", None)
    if call is None:
        os.sync()
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        if call(descriptor):
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))
    finally:
        os.close(descriptor)


@contextmanager
def syncing(folder: Path) -> Iterator[None]:
    """Let the disk write while there is more to come, so that less is left for the `sync` that has to follow.

    Raises `OSError` at the end for what could not be written meanwhile: the kernel tells of it once, and not again to
    who asks later.
    """
    ended = threading.Event()
    errors: list[OSError] = []

    def write() -> None:
        while not errors and not ended.wait(_PAUSE):
            try:
                sync(folder)
            except OSError as error:
                errors.append(error)

    thread = threading.Thread(target=write, name="sync")
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()
    if errors:
        raise errors[0]


def fsync_folder(folder: Path) -> None:
    """Write which names are in a folder, and which are not any more. Raises `OSError`."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
