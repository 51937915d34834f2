"""What lies in the cache's folder."""

from __future__ import annotations

import os
import re
import stat
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hatch_envpack.cache.files import CODE_LENGTH, TEMPORARY
from hatch_envpack.cache.lock import SUFFIX

if TYPE_CHECKING:
    from collections.abc import Iterator

KINDS = (
    "frames", "segments", "bytecode", "environments", "proofs", "plans", "interpreters", "libraries", "trees",
    "folders",
)  # fmt: skip
"""The folders of the cache; nothing outside of them is ever counted or removed."""

_SHARD = re.compile(f"[0-9a-f]{{{CODE_LENGTH}}}")


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that is kept, and that is found, used and removed as a whole."""

    path: Path
    is_folder: bool
    size: int
    """Bytes of the file, or of all files in the folder."""
    used: float
    """When it was used last, in seconds since 1970."""


def entries(root: Path, kind: str) -> Iterator[Entry]:
    """Yield the entries of one kind: ``frames/abcdef…`` or ``frames/ab/abcdef…``. No link is followed.

    What vanishes meanwhile is left out: other builds use the cache too.
    """
    for found in _scan_kind(root, kind):
        if not found.name.endswith(SUFFIX) and not found.name.startswith(TEMPORARY):
            with suppress(FileNotFoundError):
                own, *inner = _tree(found)
                size = sum(each.st_size for each in (own, *inner) if not stat.S_ISDIR(each.st_mode))
                yield Entry(Path(found.path), stat.S_ISDIR(own.st_mode), size, own.st_mtime)


def leftovers(root: Path) -> Iterator[tuple[Path, float]]:
    """Yield what is unfinished, of builds that run as well, with the time at which something last changed in it."""
    for found in (*_scan(root), *(found for kind in KINDS for found in _scan_kind(root, kind))):
        if found.name.startswith(TEMPORARY):
            with suppress(FileNotFoundError):
                yield Path(found.path), max(each.st_mtime for each in _tree(found))


def _scan_kind(root: Path, kind: str) -> Iterator[os.DirEntry[str]]:
    if (root / kind).is_symlink():
        return
    for found in _scan(root / kind):
        if _SHARD.fullmatch(found.name) and found.is_dir(follow_symlinks=False):
            yield from _scan(found.path)
        else:
            yield found


def _tree(found: os.DirEntry[str]) -> Iterator[os.stat_result]:
    """Yield what the system says of a file or folder, and then of all that is in it."""
    yield found.stat(follow_symlinks=False)
    if found.is_dir(follow_symlinks=False):
        for inner in _scan(found.path):
            with suppress(FileNotFoundError):
                yield from _tree(inner)


def _scan(folder: str | Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as found:
            return list(found)
    except (FileNotFoundError, NotADirectoryError):
        return []
