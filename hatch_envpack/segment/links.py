"""Symbolic links: inside a pack each is relative and leads to something in the pack (A1)."""

from __future__ import annotations

import posixpath
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from hatch_envpack.errors import ArchiveError
from hatch_envpack.finding import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from hatch_envpack.entry import Entry
    from hatch_envpack.segment.model import Segment


def inside(path: PurePosixPath, target: str, root: Path) -> str:
    """Return the target of a link at ``path`` as it is to stand in the pack: relative when it is below ``root``."""
    for prefix in (root, root.resolve()):
        if target == str(prefix) or target.startswith(f"{prefix}/"):
            return posixpath.relpath(posixpath.normpath(target)[len(str(prefix)) :].lstrip("/") or ".", path.parent)
    return target


def check_links(segments: Iterable[Segment]) -> None:
    """Raise `ArchiveError` for a link that is absolute, leaves the pack, leads to nothing, or runs in a circle."""
    entries = {entry.path: entry for segment in segments for entry in segment.entries}
    known = {folder for path in entries for folder in (path, *path.parents)}
    for entry in entries.values():
        if entry.link is None:
            continue
        target = _step(entry)
        if target.is_absolute() or target.parts[:1] == ("..",):
            raise _error(entry, "is outside of the pack: remove the link, or put what it leads to in its place")
        if _runs_in_a_circle(entry, entries):
            raise _error(entry, "leads back to itself: remove the link")
        if not _exists(target, entries, known):
            raise _error(entry, "is not in the pack: remove the link")


def _step(entry: Entry) -> PurePosixPath:
    return PurePosixPath(posixpath.normpath(entry.path.parent / (entry.link or "")))


def _exists(target: PurePosixPath, entries: Mapping[PurePosixPath, Entry], known: set[PurePosixPath]) -> bool:
    """Whether something lies there, perhaps behind a link to a folder."""
    for _ in range(len(entries)):
        if target in known:
            return True
        parent = next((each for each in target.parents if each in entries and entries[each].link is not None), None)
        if parent is None:
            return False
        target = PurePosixPath(posixpath.normpath(_step(entries[parent]) / target.relative_to(parent)))
    return False


def _runs_in_a_circle(entry: Entry, entries: Mapping[PurePosixPath, Entry]) -> bool:
    seen = {entry.path}
    following: Entry | None = entry
    while following is not None and following.link is not None:
        target = _step(following)
        if target in seen:
            return True
        seen.add(target)
        following = entries.get(target)
    return False


def _error(entry: Entry, why: str) -> ArchiveError:
    return ArchiveError(printable(f"{entry.path} is a link to {entry.link}, which {why}"))
