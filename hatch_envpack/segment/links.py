"""Checking symbolic links: inside a pack each is relative and leads to something in the pack."""

from __future__ import annotations

import posixpath
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from hatch_envpack.errors import ArchiveError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hatch_envpack.segment.model import Segment


def check_links(segments: Iterable[Segment]) -> None:
    """Raise `ArchiveError` for a link that is absolute, leaves the pack, or leads to nothing (A1)."""
    entries = [entry for segment in segments for entry in segment.entries]
    known = {path for entry in entries for path in (entry.path, *entry.path.parents)}
    for entry in entries:
        if entry.link is None:
            continue
        target = PurePosixPath(posixpath.normpath(entry.path.parent / entry.link))
        if target.is_absolute() or target.parts[:1] == ("..",):
            raise ArchiveError(f"{entry.path} is a link to {entry.link}, which is outside of the pack: remove the link")
        if target not in known:
            raise ArchiveError(f"{entry.path} is a link to {entry.link}, which is not in the pack: remove the link")
