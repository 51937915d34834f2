"""The formats of a pack by name, and the levels of compression that each has."""

from __future__ import annotations

FOLDER = "dir"
"""The format that is no file: what the others unpack to."""

LEVELS = {
    "tar.zst": range(1, 23),
    "tar.gz": range(1, 13),
    "tar": range(0),
    "zip": range(1, 13),
    FOLDER: range(1, 23),
}
"""zstd's own levels, and libdeflate's; a plain ``tar`` has none and takes any, since it is not compressed.

A folder is made of the frames of ``tar.zst``, so that both cost what one does.
"""

DEFAULT_FORMAT = "tar.zst"


def ending(name: str) -> str:
    """Return how the name of a pack in this format ends."""
    return ".envpack" if name == FOLDER else f".envpack.{name}"
