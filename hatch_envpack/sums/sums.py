"""``envpack.sha256``: the digest of every file, as ``sha256sum --check`` reads it.

It has the manifest too, which has the targets of the links, the files that can be run, and how many digests there are:
so every byte is covered but those of the list itself, of which no line can be lost or changed without a trace.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

MANIFEST, SUMS, PROGRAM = "envpack.json", "envpack.sha256", "verify_envpack.py"
"""As the program has them, which stands alone, and which nothing that packs imports: it knows every kind of archive."""

OWN_FILES = (MANIFEST, SUMS, PROGRAM)
"""What a pack has at its root besides the environment."""


def sums_text(files: Mapping[str, str]) -> str:
    """Return lines; ``files`` has a SHA-256 in hexadecimal digits for each path."""
    return "".join(_line(path, digest) for path, digest in files.items())


def program() -> bytes:
    """Return the program that compares an unpacked pack."""
    return Path(__file__).with_name(PROGRAM).read_bytes()


def _line(path: str, digest: str) -> str:
    escaped = path.replace("\\", r"\\").replace("\n", r"\n").replace("\r", r"\r")
    return f"{'' if escaped == path else chr(92)}{digest}  {escaped}\n"
