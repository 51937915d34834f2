"""Cutting a segment's tar slice into frames.

Frames are cut by content alone, so that one core and sixty-four give the same bytes. A segment always begins a new
frame: what changes in one does not touch the frames of another.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

FRAME_SIZE = 4 << 20
"""A frame ends with the first chunk that brings it to this many uncompressed bytes.

Small enough to share the work between cores and to read one distribution out of a large pack; large enough that
starting a new frame costs nothing in size (level 3 looks back over 2 MiB)."""


def cut(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the uncompressed content of each frame."""
    parts: list[bytes] = []
    size = 0
    for chunk in chunks:
        parts.append(chunk)
        size += len(chunk)
        if size >= FRAME_SIZE:
            yield b"".join(parts)
            parts, size = [], 0
    if parts:
        yield b"".join(parts)
