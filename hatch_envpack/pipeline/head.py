"""What comes before the segments: manifest, digests of all files, the program that compares them, and folders."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from hatch_envpack.archive.container import FOLDERS, MANIFEST, SUMS
from hatch_envpack.archive.members import folder_members, member_of
from hatch_envpack.archive.segments import PackedSegment
from hatch_envpack.archive.writer import make_group
from hatch_envpack.sums.sums import MANIFEST as MANIFEST_PATH
from hatch_envpack.sums.sums import PROGRAM as PROGRAM_PATH
from hatch_envpack.sums.sums import SUMS as SUMS_PATH
from hatch_envpack.sums.sums import program, sums_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from hatch_envpack.archive.member import Member
    from hatch_envpack.manifest.model import Manifest
    from hatch_envpack.pipeline.session import Session

DESCRIBED = 2
"""How many files the list of digests has besides those of the segments: the manifest and the program."""


def folders_group(paths: Iterable[str], now: Session) -> PackedSegment:
    """Return the folders above all files."""
    return _group(FOLDERS, list(folder_members(paths)), now)


def head(
    manifest: Manifest, segments: Sequence[PackedSegment], folders: PackedSegment, now: Session
) -> tuple[PackedSegment, ...]:
    """Return all that comes before the segments."""
    own = {MANIFEST_PATH: manifest.to_bytes(), PROGRAM_PATH: program()}
    lines = sums_text({path: hashlib.sha256(data).hexdigest() for path, data in own.items()})
    text = "".join([lines, *(segment.sums for segment in segments)]).encode("utf-8", "surrogateescape")
    sums = [member_of(SUMS_PATH, text), member_of(PROGRAM_PATH, own[PROGRAM_PATH])]
    return (
        _group(MANIFEST, [member_of(MANIFEST_PATH, own[MANIFEST_PATH])], now),
        _group(SUMS, sums, now),
        folders,
    )


def _group(name: str, members: Sequence[Member], now: Session) -> PackedSegment:
    _, frames = make_group(name, members, now.container, now.cache.frames)
    return PackedSegment(name, len(members), frames, (), ())
