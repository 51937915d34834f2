"""Writing and reading the cache's files: never half of one, whoever else is at work."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

TEMPORARY = ".tmp-"
"""How the name of a file begins that is being written."""

CODE_LENGTH = 2
"""Entries lie in folders by the first digits of their names: some file systems are slow with large folders."""


def place(root: Path, kind: str, name: str) -> Path:
    """Return where an entry lies."""
    return root / kind / name[:CODE_LENGTH] / name


def write_aside(path: Path, parts: Iterable[bytes]) -> None:
    """Write a file beside its place and rename it. Raises `OSError`, and then leaves nothing behind.

    It is not synced: a crash of the machine can damage it, which whoever reads it notices.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(prefix=TEMPORARY, dir=path.parent)
    try:
        with os.fdopen(descriptor, "wb") as stream:
            stream.writelines(parts)
        Path(name).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(name).unlink()
        raise


def touch(path: Path) -> None:
    """Note that an entry was used, for whoever prunes by age."""
    with suppress(OSError):
        os.utime(path)
