"""Copies of files that share their blocks with the original until one of both is written to.

btrfs and xfs can do that: https://man7.org/linux/man-pages/man2/ioctl_ficlonerange.2.html.
"""

from __future__ import annotations

import fcntl
import os
import stat
from contextlib import suppress
from dataclasses import dataclass, field
from tempfile import TemporaryFile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_FICLONE = 0x40049409
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def can_clone(source: Path, target: Path) -> bool:
    """Whether files of one folder can be cloned into the other."""
    with suppress(OSError), TemporaryFile(dir=source) as old, TemporaryFile(dir=target) as new:
        old.write(b"x")
        old.flush()
        fcntl.ioctl(new, _FICLONE, old.fileno())
        return True
    return False


@dataclass(slots=True)
class Cloning:
    """Lays clones of several trees over each other below ``target``. All methods raise `OSError`.

    Links are made when all files are there, so that nothing is written through one.
    """

    target: Path
    size: int = 0
    """Bytes of all files."""
    _links: list[tuple[str, str]] = field(default_factory=list)

    def add(self, source: Path) -> None:
        """Clone the files below ``source``, with modes and times."""
        for folder, folders, files in os.walk(source):
            place = os.path.join(self.target, os.path.relpath(folder, source))  # noqa: PTH118 - thousands of them
            for name in [*folders, *files]:
                old, new = os.path.join(folder, name), os.path.join(place, name)  # noqa: PTH118 - as above
                status = os.lstat(old)
                if stat.S_ISLNK(status.st_mode):
                    self._links.append((old, new))
                elif stat.S_ISDIR(status.st_mode):
                    _mkdir(new, stat.S_IMODE(status.st_mode))
                else:
                    _clone(old, new, status)
                    self.size += status.st_size

    def finish(self, times: Path) -> None:
        """Make the links; give each folder the time of the one below ``times``, and the outermost its mode too."""
        for old, new in self._links:
            os.symlink(os.readlink(old), new)  # noqa: PTH115, PTH211 - names
            _set_time(new, os.lstat(old))
        for folder, _, _ in os.walk(times):
            place = self.target / os.path.relpath(folder, times)
            _set_time(str(place), os.lstat(folder))
        self.target.chmod(stat.S_IMODE(times.stat().st_mode))


def _mkdir(path: str, mode: int) -> None:
    with suppress(FileExistsError):
        os.mkdir(path)  # noqa: PTH102 - a name
        os.chmod(path, mode)  # noqa: PTH101 - a name


def _clone(old: str, new: str, status: os.stat_result) -> None:
    source = os.open(old, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        target = os.open(new, _NEW, 0o600)
        try:
            if status.st_size:
                fcntl.ioctl(target, _FICLONE, source)
            os.fchmod(target, stat.S_IMODE(status.st_mode))
            os.utime(target, ns=(status.st_mtime_ns, status.st_mtime_ns))
        finally:
            os.close(target)
    finally:
        os.close(source)


def _set_time(path: str, status: os.stat_result) -> None:
    os.utime(path, ns=(status.st_mtime_ns, status.st_mtime_ns), follow_symlinks=False)
