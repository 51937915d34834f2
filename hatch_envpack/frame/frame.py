"""A frame: a compressed run of an archive's bytes, and the work that makes it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

FRAME_SIZE = 4 << 20
"""Bytes. Small members are collected until a frame has this many; a larger one begins a frame and is cut into pieces.

Small enough to share the work between cores and to read one distribution out of a large pack; large enough that
starting a new frame costs nothing in size (level 3 looks back over 2 MiB).
"""


@dataclass(frozen=True, slots=True)
class Frame:
    """What is written, as it stands in the archive."""

    data: bytes
    raw: int
    """Bytes before compression."""
    inner: int | None = None
    """None when the frame begins with a member; else how many bytes continue the last member of the frame before."""
    directory: bytes = b""
    """What a format lists of the frame's members at the archive's end."""


@dataclass(frozen=True, slots=True)
class FrameRecord:
    """What is known of a frame without having it."""

    digest: str
    """SHA-256 of ``data``, hexadecimal: under this name the frame is kept."""
    compressed: int
    raw: int
    inner: int | None = None
    directory: bytes = b""


class Codec(Protocol):
    """Compresses one frame; may be called by many threads at once."""

    @property
    def name(self) -> str:
        """What follows ``tar`` in the name of an archive: ``zst``."""
        ...

    @property
    def fingerprint(self) -> str:
        """Everything that the bytes depend on: the format, its parameters, the version of the library."""
        ...

    def compress(self, content: bytes) -> bytes:
        """Return a frame that stands for itself; the same content gives the same bytes."""
        ...


class Work(Protocol):
    """The making of one frame."""

    @property
    def waits(self) -> bool:
        """Whether it can only be done when everything before it is."""
        ...

    def run(self) -> Frame:
        """Make the frame, in whichever thread."""
        ...
