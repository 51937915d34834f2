"""The formats of a pack by name, and the levels of compression that each has."""

from __future__ import annotations

LEVELS = {
    "tar.zst": range(1, 23),
    "tar.gz": range(1, 13),
    "tar": range(0),
    "zip": range(1, 13),
}
"""zstd's own levels, and libdeflate's; a plain ``tar`` has none and takes any, since it is not compressed."""

DEFAULT_FORMAT = "tar.zst"
