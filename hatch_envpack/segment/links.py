"""Symbolic links: inside a pack each is relative and leads to something in the pack (A1)."""

from __future__ import annotations

import posixpath
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from hatch_envpack.errors import ArchiveError
from hatch_envpack.segment.folders import folders_above

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from hatch_envpack.entry import Entry
    from hatch_envpack.segment.model import Segment

_MOST_STEPS = 40
"""How many links the kernel follows for one path: https://man7.org/linux/man-pages/man7/path_resolution.7.html."""


def inside(path: PurePosixPath, target: str, root: Path) -> str:
    """Return the target of a link at ``path`` as it is to stand in the pack: relative when it is below ``root``."""
    if not target.startswith("/"):
        return target
    plain = PurePosixPath("/", posixpath.normpath(target).lstrip("/"))
    for prefix in (root, root.resolve()):
        if plain.is_relative_to(prefix):
            return posixpath.relpath(plain.relative_to(prefix), path.parent)
    return target


def check_links(segments: Iterable[Segment], outside: Entry | None = None) -> None:
    """Raise `ArchiveError` for a link that is absolute, leaves the pack, leads to nothing, or runs in a circle.

    So it does for a file that lies behind a link: nothing could unpack it without following that. ``outside`` is the
    one link that may lead out.
    """
    tree = Tree(segments, outside)
    for path in sorted(path for path in tree.folders & tree.entries.keys() if tree.entries[path].link is not None):
        behind = min(other for other in tree.entries if path in other.parents)
        raise ArchiveError(
            f"{path} is a link to {tree.entries[path].link}, and {behind} lies behind it: put the folder in the link's "
            "place"
        )
    for entry in tree.links.values():
        tree.follow(entry)


class Tree:
    """All entries of a pack by their paths, and the folders that follow from these.

    The link ``outside`` is an end to all that lead to it, as a file is.
    """

    def __init__(self, segments: Iterable[Segment], outside: Entry | None = None) -> None:
        self.entries = {entry.path: entry for segment in segments for entry in segment.entries}
        links = {path: entry for path, entry in self.entries.items() if entry.link is not None}
        self.links = {path: entry for path, entry in links.items() if entry != outside}
        self.folders = {PurePosixPath(), *map(PurePosixPath, folders_above(map(str, self.entries)))}

    def follow(self, entry: Entry) -> PurePosixPath:
        """Follow a link as the kernel does: component by component, ``..`` from where the links before it led.

        Return the file or folder that it leads to. Raises `ArchiveError` when there is none.
        """
        here = entry.path.parent
        waiting = _parts(entry)
        steps = 1
        while waiting:
            part = waiting.pop()
            if part.startswith("/") or (part == ".." and not here.parts):
                raise _error(entry, "is outside of the pack: remove the link, or put what it leads to in its place")
            inside_folder = here in self.folders
            here = here.parent if part == ".." else here / part
            if not inside_folder or not (here in self.folders or here in self.entries):
                raise _error(entry, "is not in the pack: remove the link, or put what it leads to in its place")
            if here in self.links:
                steps += 1
                if steps > _MOST_STEPS:
                    raise _error(entry, "leads back to itself: remove the link")
                waiting += _parts(self.links[here])
                here = here.parent
        return here


def _parts(entry: Entry) -> list[str]:
    """Return the components of a link's target, the first one last; an absolute one begins with a slash."""
    link = entry.link or ""
    if link.startswith("/"):
        return [link]
    # also at its end, a slash or a dot asks for a folder
    return [part or "." for part in reversed(link.split("/"))]


def _error(entry: Entry, why: str) -> ArchiveError:
    return ArchiveError(f"{entry.path} is a link to {entry.link}, which {why}")
