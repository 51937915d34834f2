"""The build's own temporary folder, and the files beside their destination that are not finished yet."""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import tempfile
import threading
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, NoReturn

if TYPE_CHECKING:
    from collections.abc import Iterator

_PREFIX = "hatch-envpack-"
_LOCK = ".lock"


@contextmanager
def workspace() -> Iterator[Path]:
    """Make a temporary folder, and remove it at the end, also on Ctrl-C and on ``SIGTERM``.

    A build that was killed leaves its folder behind; the next one removes it. A folder in use is held by a lock,
    which the kernel gives back when its process is gone, so that no living build ever loses its folder.
    """
    parent = Path(tempfile.gettempdir())
    _remove_abandoned(parent)
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=parent)).resolve()
    with (folder / _LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        try:
            with _terminated_as_interrupt():
                yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _remove_abandoned(parent: Path) -> None:
    for folder in parent.glob(f"{_PREFIX}*"):
        with suppress(OSError), (folder / _LOCK).open("r+") as lock:
            if folder.stat().st_uid == os.getuid():
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _terminated_as_interrupt() -> Iterator[None]:
    """Let ``SIGTERM`` end the build as Ctrl-C does, so that what it made is removed."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(number: int, _frame: object) -> NoReturn:
        raise SystemExit(128 + number)

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


class Partial:
    """A file under a temporary name in the folder of its destination.

    Used as a context manager: unless `keep` was called, nothing is left.
    """

    def __init__(self, folder: Path) -> None:
        """Create the file. Raises `OSError` when the folder cannot be written to."""
        for stale in folder.glob(f".{_PREFIX}*.partial"):
            _unlink_unlocked(stale)
        self.path, self.stream = _locked_file(folder)

    def __enter__(self) -> Partial:
        return self

    def __exit__(self, *_: object) -> None:
        # closing flushes, which fails on a full disk: what matters then is that the file goes away
        with suppress(OSError):
            self.stream.close()
        self.path.unlink(missing_ok=True)

    def keep(self, destination: Path) -> None:
        """Give the file its final name, in one step, replacing what had it."""
        self.stream.flush()
        os.fchmod(self.stream.fileno(), 0o666 & ~_umask())
        os.fsync(self.stream.fileno())
        self.path.replace(destination)


def _locked_file(folder: Path) -> tuple[Path, BinaryIO]:
    while True:
        descriptor, name = tempfile.mkstemp(prefix=f".{_PREFIX}", suffix=".partial", dir=folder)
        stream = os.fdopen(descriptor, "w+b")
        fcntl.flock(stream, fcntl.LOCK_EX)
        if os.fstat(descriptor).st_nlink:
            return Path(name), stream
        # another build took the file for an abandoned one in the moment before it was locked
        stream.close()


def _unlink_unlocked(path: Path) -> None:
    with suppress(OSError), path.open("r+b") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        path.unlink()


def _umask() -> int:
    current = os.umask(0o022)
    os.umask(current)
    return current
