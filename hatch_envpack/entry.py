"""An entry: one member of the archive, before its bytes are read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path, PurePosixPath


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
    executable: bool = False
    digest: str = ""
    """What ``RECORD`` says of the file (``sha256=…``); empty where it says nothing."""

    def read(self) -> bytes:
        """Return the whole content; an empty string for a link."""
        if self.source is not None:
            return self.source.read_bytes()
        return self.content or b""

    def head(self, size: int) -> bytes:
        """Return the first ``size`` bytes of the content."""
        if self.source is not None:
            with self.source.open("rb") as stream:
                return stream.read(size)
        return (self.content or b"")[:size]
