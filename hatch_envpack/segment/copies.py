"""Copies in the place of symbolic links, for what unpacks archives and knows no links."""

from __future__ import annotations

from dataclasses import replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from hatch_envpack.errors import ArchiveError
from hatch_envpack.segment.folders import folders_above
from hatch_envpack.segment.links import follow

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
    tree = _Tree(segments)
    return [
        replace(segment, entries=tuple(copy for entry in segment.entries for copy in tree.copies(entry)))
        for segment in segments
    ]


class _Tree:
    def __init__(self, segments: Sequence[Segment]) -> None:
        self._entries = {entry.path: entry for segment in segments for entry in segment.entries}
        self._links = {path: entry for path, entry in self._entries.items() if entry.link is not None}
        folders = {PurePosixPath(), *map(PurePosixPath, folders_above(map(str, self._entries)))}
        self._known = folders | self._entries.keys()

    def copies(self, entry: Entry) -> Iterator[Entry]:
        if entry.link is None:
            yield entry
            return
        for inner, file in self._files(entry.path, entry, frozenset()):
            # who is to be told that a file is not as RECORD has it is told of the file itself
            yield replace(entry, path=entry.path / inner, copy_of=replace(file, digest="", size=""))

    def _files(
        self, path: PurePosixPath, asked: Entry, above: frozenset[PurePosixPath]
    ) -> Iterator[tuple[PurePosixPath, Entry]]:
        """Yield each file at or below a path, by its path from there; ``above`` are the folders that led there."""
        if path in self._links:
            path = follow(self._links[path], self._links, self._known)
        if path in self._entries:
            yield PurePosixPath(), self._entries[path]
            return
        if path in above:
            raise ArchiveError(
                f"{asked.path} is a link to {asked.link}, a folder that it lies in, and cannot become a copy of that: "
                "leave the link out with `exclude`"
            )
        for each in sorted(other for other in self._entries if path in other.parents):
            for inner, file in self._files(each, asked, above | {path}):
                yield each.relative_to(path) / inner, file
