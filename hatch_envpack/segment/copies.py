"""Copies in the place of symbolic links, for what unpacks archives and knows no links."""

from __future__ import annotations

from dataclasses import replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from hatch_envpack.errors import ArchiveError
from hatch_envpack.segment.links import Tree

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from hatch_envpack.entry import Entry
    from hatch_envpack.segment.model import Segment


def with_copies(segments: Sequence[Segment]) -> list[Segment]:
    """Return the segments with the file that a link leads to in the link's place, and all files of a folder.

    A copy has the bytes of what it is a copy of, edits included: to a library's search path ``$ORIGIN`` is the folder
    of the link as it is that of the copy. `check_links` must have passed. Raises `ArchiveError` for a link to a folder
    that it lies in itself, whose copy would have no end.
    """
    tree = Tree(segments)
    return [
        replace(segment, entries=tuple(copy for entry in segment.entries for copy in _copies(entry, tree)))
        for segment in segments
    ]


def _copies(entry: Entry, tree: Tree) -> Iterator[Entry]:
    if entry.link is None:
        yield entry
        return
    for inner, file in _files(entry.path, entry, tree, frozenset()):
        # who is to be told that a file is not as RECORD has it is told of the file itself
        yield replace(entry, path=entry.path / inner, copy_of=replace(file, digest="", size=""))


def _files(
    path: PurePosixPath, asked: Entry, tree: Tree, above: frozenset[PurePosixPath]
) -> Iterator[tuple[PurePosixPath, Entry]]:
    """Yield each file at or below a path, by its path from there; ``above`` are the folders that led there."""
    if path in tree.links:
        path = tree.follow(tree.links[path])
    if path in tree.entries:
        yield PurePosixPath(), tree.entries[path]
        return
    if path in above:
        raise ArchiveError(
            f"{asked.path} is a link to {asked.link}, a folder that it lies in, and cannot become a copy of that: "
            "leave the link out with `exclude`"
        )
    for each in sorted(other for other in tree.entries if path in other.parents):
        for inner, file in _files(each, asked, tree, above | {path}):
            yield each.relative_to(path) / inner, file
