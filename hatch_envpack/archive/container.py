"""The seam between the pipeline and a format: how members become frames, and frames a file."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from hatch_envpack.archive.member import Member
    from hatch_envpack.frame.frame import FrameRecord, Work

MANIFEST, SUMS, FOLDERS, END = "manifest", "sums", "folders", "end"
"""The groups of frames that come before those of the segments, and after them."""

Groups: TypeAlias = "Sequence[tuple[str, Sequence[FrameRecord]]]"
"""All frames of an archive, by name, in the order of the file."""


class Container(Protocol):
    """A format. An archive is the frames of all groups laid end to end, and a tail."""

    @property
    def fingerprint(self) -> str:
        """Everything that the bytes of a frame depend on, besides its members: format, parameters, time stamp."""
        ...

    def works(self, members: Iterable[Member]) -> Iterator[Work]:
        """Yield the work for each frame of a group, in order. No frame holds members of two groups."""
        ...

    def tail(self, groups: Groups) -> bytes:
        """Return what closes the archive. ``groups`` are all frames before it."""
        ...
