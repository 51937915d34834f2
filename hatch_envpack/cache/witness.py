"""Witnesses: files that something was made from. While all of them stand as they did, it need not be made again.

Run as a program, it prints the digest of a tree. So it imports nothing but the standard library.
"""

from __future__ import annotations

import hashlib
import os
import stat
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_SKIPPED = frozenset({"__pycache__"})


def stamp_digest(paths: Iterable[str]) -> str:
    """Return a digest of how the files and folders stand: kind, size, time of change, inode; none is opened.

    A folder's time tells that something was added to it or taken away.
    """
    return digest_of(look_at(paths))


def look_at(paths: Iterable[str]) -> dict[str, os.stat_result | None]:
    """Return the states of files and folders; None for one that is not there. No link is followed."""
    found: dict[str, os.stat_result | None] = {}
    lstat = os.lstat
    for path in paths:
        try:
            found[path] = lstat(path)
        except OSError:
            found[path] = None
    return found


def digest_of(seen: Mapping[str, os.stat_result | None]) -> str:
    """Return what `stamp_digest` returns of what was looked at."""
    lines = []
    for status in seen.values():
        if status is None:
            lines.append("-")
            continue
        size = 0 if stat.S_ISDIR(status.st_mode) else status.st_size
        lines.append(f"{status.st_mode} {size} {status.st_mtime_ns} {status.st_ino}")
    return hashlib.sha256("\n".join(lines).encode("ascii")).hexdigest()


def tree_paths(folder: str) -> list[str]:
    """Return the folder and everything below it, but bytecode caches, which are made anew anyway."""
    return sorted([folder, *(entry.path for entry, _ in _below(folder))])


def tree_digest(folder: str) -> str:
    """Return a digest of every name below a folder, and of how the files stand, bytecode caches left aside.

    The times of folders are no part of it: what was put into one and taken away again leaves no trace.
    """
    lines = []
    for entry, is_folder in _below(folder):
        if is_folder:
            lines.append(entry.path)
            continue
        status = entry.stat(follow_symlinks=False)
        stamp = f"{status.st_mode} {status.st_size} {status.st_mtime_ns} {status.st_ino}"
        lines.append(f"{entry.path}\0{stamp}")
    return hashlib.sha256("\n".join(sorted(lines)).encode("utf-8", "surrogateescape")).hexdigest()


def with_folders(paths: Iterable[str]) -> list[str]:
    """Return the paths and the folders that they lie in."""
    wanted = set(paths)
    return sorted(wanted | {os.path.dirname(path) for path in wanted})  # noqa: PTH120 - thousands of them


def _below(folder: str) -> Iterator[tuple[os.DirEntry[str], bool]]:
    """Yield all but bytecode caches, and whether each is a folder; what cannot be listed is taken for empty."""
    waiting = [folder]
    while waiting:
        try:
            entries = list(os.scandir(waiting.pop()))
        except OSError:
            continue
        for entry in entries:
            if entry.name in _SKIPPED:
                continue
            is_folder = entry.is_dir(follow_symlinks=False)
            if is_folder:
                waiting.append(entry.path)
            yield entry, is_folder


if __name__ == "__main__":
    sys.stdout.write(tree_digest(sys.argv[1]))
