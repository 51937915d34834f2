"""Reading the files that are packed: most are small, and with each call of the system other threads get their turn."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from hatch_envpack.entry import Stamp
from hatch_envpack.regular import open_descriptor

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

    from hatch_envpack.entry import Entry


class Reading:
    """The source of an entry, while it is read."""

    __slots__ = ("_descriptor", "_entry", "before")

    def __init__(self, entry: Entry, source: Path) -> None:
        """Open it. Raises `ArchiveError`, also when it is not what it was when it was found (A3)."""
        try:
            self._descriptor, status = open_descriptor(source)
        except OSError as error:
            raise entry.unreadable(error) from error
        self._entry = entry
        self.before = Stamp.of(status)
        """The file when it was opened."""
        if entry.stamp is not None and entry.stamp != self.before:
            os.close(self._descriptor)
            raise entry.changed()

    def __enter__(self) -> Reading:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self._descriptor)

    def read(self, size: int) -> bytes:
        """Return the next bytes; fewer only at the end. Raises `ArchiveError`."""
        try:
            data = os.read(self._descriptor, size)
            while len(data) < size and (more := os.read(self._descriptor, size - len(data))):
                data += more
        except OSError as error:
            raise self._entry.unreadable(error) from error
        return data

    def check(self, size: int) -> None:
        """Raise `ArchiveError` when the file, of which ``size`` bytes were read, is not what it was (A3)."""
        if size != self.before.size or Stamp.of(os.fstat(self._descriptor)) != self.before:
            raise self._entry.changed()
