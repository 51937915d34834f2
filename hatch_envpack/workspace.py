"""The build's own temporary folder, and files and folders beside their destination that are not finished yet."""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import tempfile
import threading
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, NoReturn

from hatch_envpack.disk import fsync_folder, sync
from hatch_envpack.umask import umask

if TYPE_CHECKING:
    from collections.abc import Iterator

_PREFIX = "hatch-envpack-"
_LOCK = ".lock"
_WORK_SUFFIX = ".work"
_FOLDER_SUFFIX = ".folder"


@contextmanager
def workspace() -> Iterator[Path]:
    """Make a temporary folder, and remove it at the end, also on Ctrl-C and on ``SIGTERM``.

    A build that was killed leaves its folder behind; the next one removes it. A folder in use is held by a lock,
    which the kernel gives back when its process is gone, so that no living build ever loses its folder.
    """
    parent = Path(tempfile.gettempdir())
    for stale in parent.glob(f"{_PREFIX}*{_WORK_SUFFIX}"):
        _remove_unlocked(stale)
    folder, lock = _locked_folder(parent, prefix=_PREFIX, suffix=_WORK_SUFFIX)
    try:
        with _terminated_as_interrupt():
            yield folder.resolve()
    finally:
        _remove_locked(folder, lock)


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
        self.holds: object = None
        """What was written into it, for whoever might write the same again."""
        self._failure: OSError | None = None

    def __enter__(self) -> Partial:
        return self

    def __exit__(self, *_: object) -> None:
        # closing flushes, which fails on a full disk: what matters then is that the file goes away
        with suppress(OSError):
            self.stream.close()
        self.path.unlink(missing_ok=True)

    def sync(self) -> None:
        """Write the file to the disk. Raises `OSError`, and `keep` does so then too: the kernel tells it only once.

        https://man7.org/linux/man-pages/man2/fsync.2.html
        """
        try:
            self.stream.flush()
            os.fsync(self.stream.fileno())
        except OSError as error:
            self._failure = error
            raise

    def keep(self, destination: Path) -> None:
        """Give the file its final name, in one step, replacing what had it. Raises `OSError`."""
        os.fchmod(self.stream.fileno(), 0o666 & ~umask())
        self.sync()
        if self._failure is not None:
            raise self._failure
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


@dataclass(frozen=True, slots=True)
class PartialFolder:
    """A folder below a temporary name beside its destination, on the same file system."""

    path: Path
    destination: Path
    lock: int
    """A descriptor: the folder is in use as long as any process has it. Children may inherit it."""

    def keep(self, *, replace: bool = False) -> None:
        """Write all to the disk and give the folder its final name, in one step. Raises `OSError`.

        It takes the place of an empty folder; with ``replace``, that of any folder, which is removed with everything in
        it. A process that is killed then leaves the old one or the new one under the name, or neither: never a mixture.
        """
        sync(self.path)
        old = self.path.with_name("replaced")
        try:
            if replace:
                with suppress(FileNotFoundError):
                    self.destination.rename(old)
            self.path.rename(self.destination)
        except BaseException:
            with suppress(OSError):
                old.rename(self.destination)
            raise
        fsync_folder(self.destination.parent)


@contextmanager
def partial_folder(destination: Path) -> Iterator[PartialFolder]:
    """Make a folder beside ``destination``, and its parents; remove it at the end unless it was kept.

    That is so on Ctrl-C and on ``SIGTERM`` too. What a killed process has left, the next one removes. Raises `OSError`.
    """
    destination.parent.mkdir(parents=True, exist_ok=True)
    for stale in destination.parent.glob(f".{_PREFIX}*{_FOLDER_SUFFIX}"):
        _remove_unlocked(stale)
    outer, lock = _locked_folder(destination.parent, prefix=f".{_PREFIX}", suffix=_FOLDER_SUFFIX)
    try:
        with _terminated_as_interrupt():
            path = outer / "content"
            path.mkdir()
            yield PartialFolder(path, destination, lock)
    finally:
        _remove_locked(outer, lock)


def _locked_folder(parent: Path, *, prefix: str, suffix: str) -> tuple[Path, int]:
    while True:
        folder = Path(tempfile.mkdtemp(prefix=prefix, suffix=suffix, dir=parent))
        with suppress(FileNotFoundError):
            lock = os.open(folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            fcntl.flock(lock, fcntl.LOCK_EX)
            if os.fstat(lock).st_nlink:
                return folder, lock
            os.close(lock)
        # another process took the folder for an abandoned one in the moment before it was locked


def _remove_unlocked(folder: Path) -> None:
    with suppress(OSError):
        if folder.lstat().st_uid == os.getuid():
            # one without a lock was left in the moment after it was made or before it was gone, and is empty
            with suppress(OSError):
                folder.rmdir()
            lock = os.open(folder / _LOCK, os.O_RDWR | os.O_CLOEXEC)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BaseException:
                os.close(lock)
                raise
            _remove_locked(folder, lock)


def _remove_locked(folder: Path, lock: int) -> None:
    """Remove a folder, the lock last: as long as anything is left in it, it can be told to be abandoned."""
    try:
        for path in folder.iterdir():
            if path.name != _LOCK:
                shutil.rmtree(path, ignore_errors=True)
                path.unlink(missing_ok=True)
        (folder / _LOCK).unlink()
        folder.rmdir()
    except OSError:
        # what cannot be removed now is removed by the next process
        return
    finally:
        os.close(lock)
