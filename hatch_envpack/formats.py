"""The formats of a pack by name, and the levels of compression that each has."""

from __future__ import annotations

LEVELS: dict[str, range | None] = {
    "tar.zst": range(1, 23),
    "tar.gz": range(1, 13),
    "tar": None,
    "zip": range(1, 13),
}
"""zstd's own levels, and libdeflate's; a plain ``tar`` is not compressed."""

DEFAULT_FORMAT = "tar.zst"
