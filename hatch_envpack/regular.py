"""Opening a file that must be a regular one, whatever lies in its place."""

from __future__ import annotations

import errno
import os
import stat
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from io import BufferedReader
    from pathlib import Path


def open_regular(path: Path) -> BufferedReader:
    """Open a file for reading. Raises `OSError`, also for everything that is no regular file."""
    descriptor, _ = open_descriptor(path)
    return os.fdopen(descriptor, "rb")


def open_descriptor(path: Path) -> tuple[int, os.stat_result]:
    """Do the same, and return what the system has: the descriptor, and the file's state.

    It never waits: for a FIFO without a writer a plain ``open`` would do so for ever.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    status = os.fstat(descriptor)
    if stat.S_ISREG(status.st_mode):
        return descriptor, status
    os.close(descriptor)
    raise OSError(errno.EINVAL, "not a regular file")
