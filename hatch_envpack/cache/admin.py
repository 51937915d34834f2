"""Where the cache is, what it holds, and how it is kept small, beside builds that use it."""

from __future__ import annotations

import os
import shutil
import time
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING

from hatch_envpack.cache.entries import KINDS, Entry, entries, leftovers
from hatch_envpack.cache.files import TEMPORARY
from hatch_envpack.cache.lock import lock_path, taken
from hatch_envpack.cache.tag import is_tagged
from hatch_envpack.errors import CacheError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import timedelta

VARIABLE = "HATCH_ENVPACK_CACHE_DIR"
_ABANDONED = 3600
"""Seconds after which an unfinished file is one of a writer that was killed."""


@dataclass(frozen=True, slots=True)
class Usage:
    """What one kind of entries takes."""

    kind: str
    count: int
    size: int
    """In bytes."""


@dataclass(frozen=True, slots=True)
class Pruned:
    """What was removed, and what is left."""

    removed: int
    removed_size: int
    """In bytes."""
    kept: int
    kept_size: int
    in_use: int
    """How many of the kept ones were to go, and were in use."""


def cache_folder() -> Path:
    """Return the cache's folder, which need not exist: ``HATCH_ENVPACK_CACHE_DIR``, else the user's cache."""
    if named := os.environ.get(VARIABLE):
        return Path(named).absolute()
    from platformdirs import user_cache_path  # noqa: PLC0415 - not needed, and not loaded, when the variable is set

    return user_cache_path("hatch-envpack", appauthor=False).absolute()


def usage(root: Path) -> tuple[Usage, ...]:
    """Count what the cache holds, kind by kind. Raises `CacheError` when it cannot be read."""
    found = []
    with _explained(root, "read"):
        for kind in KINDS:
            sizes = [entry.size for entry in entries(root, kind)]
            found.append(Usage(kind, len(sizes), sum(sizes)))
    return tuple(found)


def prune(root: Path, older_than: timedelta | None, max_size: int | None) -> Pruned:
    """Remove what nobody used for ``older_than``, then the longest unused entries until ``max_size`` bytes are left.

    What is in use stays. Raises `CacheError` for a folder that is not the cache's, or in which nothing can be removed.
    """
    now = time.time()
    age = None if older_than is None else older_than.total_seconds()

    def is_due(entry: Entry, left: int) -> bool:
        return (age is not None and entry.used < now - age) or (max_size is not None and left > max_size)

    with _explained(root, "pruned"):
        return _remove_due(root, is_due, now)


def clean(root: Path) -> Pruned:
    """Remove every entry that is not in use. Raises `CacheError` as `prune`."""
    with _explained(root, "emptied"):
        return _remove_due(root, lambda _entry, _left: True, time.time())


def _remove_due(root: Path, is_due: Callable[[Entry, int], bool], now: float) -> Pruned:
    """Ask for each entry, the longest unused first, whether it is to go when so many bytes are left."""
    _check(root)
    found = sorted((entry for kind in KINDS for entry in entries(root, kind)), key=lambda entry: entry.used)
    size = left = sum(entry.size for entry in found)
    removed = in_use = 0
    for entry in found:
        if is_due(entry, left):
            if _remove(entry):
                removed += 1
                left -= entry.size
            else:
                in_use += 1
    _sweep(root, now)
    return Pruned(removed, size - left, len(found) - removed, left, in_use)


def _check(root: Path) -> None:
    # a cache that was never used has nothing to remove
    if root.exists() and not is_tagged(root):
        raise CacheError(
            f"{root} is not a cache of hatch-envpack (it has no CACHEDIR.TAG of its own), so nothing is removed from "
            f"it: set {VARIABLE} to the cache's folder"
        )


@contextmanager
def _explained(root: Path, done: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        where = error.filename or root
        raise CacheError(f"the cache {root} cannot be {done}: {where}: {error.strerror}") from error


def _remove(entry: Entry) -> bool:
    """Remove an entry in one step, as its readers see it: it is there, or it is not. False when it is in use."""
    aside = None
    needs_lock = entry.is_folder or lock_path(entry.path).exists()
    with taken(entry.path) if needs_lock else nullcontext(enter_result=True) as alone:
        if not alone:
            return False
        with suppress(FileNotFoundError):
            if entry.path.lstat().st_mtime != entry.used:
                return False  # somebody used it since it was looked at
            if entry.is_folder:
                aside = _put_aside(entry.path)
            else:
                entry.path.unlink()
    if aside:
        _remove_tree(aside)
    return True


def _put_aside(path: Path) -> Path:
    # into a folder of its own, because another build may make the entry anew, and that may go as well
    aside = Path(mkdtemp(prefix=TEMPORARY, dir=path.parent))
    with suppress(FileNotFoundError):
        path.chmod(0o700)  # a folder that cannot be written to cannot be moved either
        path.rename(aside / path.name)
    return aside


def _sweep(root: Path, now: float) -> None:
    """Remove what killed writers left unfinished."""
    for path, changed in leftovers(root):
        if changed < now - _ABANDONED:
            if path.is_dir() and not path.is_symlink():
                _remove_tree(path)
            else:
                path.unlink(missing_ok=True)


def _remove_tree(path: Path) -> None:
    # an entry may hold folders without write permission; another build may be removing the same tree
    for folder, _, _ in os.walk(path):
        with suppress(FileNotFoundError):
            os.chmod(folder, 0o700)  # noqa: PTH101 - a name, not a path
    with suppress(FileNotFoundError):
        shutil.rmtree(path)
