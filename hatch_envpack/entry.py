"""An entry: one member of the archive, before its bytes are read."""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from hatch_envpack.errors import ArchiveError
from hatch_envpack.regular import open_regular

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path, PurePosixPath

_SIZE_DIGITS = 18
"""``RECORD`` may hold anything, files have fewer bytes than a number of this length."""


class Stamp(NamedTuple):
    """What changes when a file does."""

    size: int
    mtime_ns: int
    inode: int
    """A file that was replaced by another one may have the time of its archive."""

    @classmethod
    def of(cls, status: os.stat_result) -> Stamp:
        """Return the stamp of a file."""
        return cls(status.st_size, status.st_mtime_ns, status.st_ino)


@dataclass(frozen=True, slots=True)
class Entry:
    """One file or symbolic link of the pack.

    Exactly one of ``source``, ``content`` and ``link`` is set. ``path`` is relative to the pack's root. Folders are
    not entries: they follow from the paths.
    """

    path: PurePosixPath
    source: Path | None = None
    """A file on the build machine; it is only ever read."""
    content: bytes | None = None
    """Bytes that this program made."""
    link: str | None = None
    """The target of a symbolic link, relative to the link's folder."""
    copy_of: Entry | None = None
    """What is written in the place of a link, where there are to be none: the file that it leads to."""
    executable: bool = False
    digest: str = ""
    """What ``RECORD`` says of the file (``sha256=…``); empty where it says nothing."""
    size: str = ""
    """The same for its size, as it is written there."""
    stamp: Stamp | None = None
    """The source when it was found, where that is known: it must still be the same when it is read (A3)."""

    @property
    def expected_size(self) -> int:
        """About how many bytes there are to be read, for people who wait; a file is looked at only where it must be."""
        if self.source is None:
            return len(self.content or b"")
        if self.stamp is not None:
            return self.stamp.size
        if self.size.isdecimal() and len(self.size) <= _SIZE_DIGITS:
            return int(self.size)
        try:
            return self.source.stat().st_size
        except OSError:
            return 0  # whoever reads it will say so

    def read(self) -> bytes:
        """Return the whole content; an empty string for a link. Raises `ArchiveError`."""
        with self.open() as stream:
            return stream.read()

    def head(self, size: int) -> bytes:
        """Return the first ``size`` bytes of the content. Raises `ArchiveError`."""
        with self.open() as stream:
            return stream.read(size)

    @contextmanager
    def open(self) -> Iterator[BinaryIO]:
        """Open the content for reading. Raises `ArchiveError`, also for what fails inside the ``with`` block."""
        if self.source is None:
            yield BytesIO(self.content or b"")
            return
        try:
            with open_regular(self.source) as stream:
                if self.stamp not in (None, Stamp.of(os.fstat(stream.fileno()))):
                    raise self.changed()
                yield stream
        except OSError as error:
            raise self.unreadable(error) from error

    def unreadable(self, error: OSError) -> ArchiveError:
        """Return the error that tells of a source that cannot be read."""
        return ArchiveError(f"{self.path}: {self.source} cannot be read: {error.strerror}")

    def changed(self) -> ArchiveError:
        """Return the error that tells of a source that does not hold still."""
        return ArchiveError(f"{self.path}: {self.source} changed while it was packed: build again")
