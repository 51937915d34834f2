"""Packing segments: their members become frames, with ``RECORD`` last."""

from __future__ import annotations

import heapq
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hatch_envpack.archive.members import Slicer
from hatch_envpack.finding import Finding
from hatch_envpack.frame.frame import FrameRecord
from hatch_envpack.frame.pool import make_frames
from hatch_envpack.segment.record import record_entry
from hatch_envpack.sums.sums import sums_text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import PurePosixPath

    from hatch_envpack.archive.container import Container
    from hatch_envpack.archive.member import Member
    from hatch_envpack.cache.frames import FrameStore
    from hatch_envpack.entry import Entry
    from hatch_envpack.frame.frame import Work
    from hatch_envpack.relocate.chain import Chain
    from hatch_envpack.relocate.leaks import LeakScanner
    from hatch_envpack.segment.model import Segment

LARGEST = 20
"""How many of the largest files are told."""


@dataclass(frozen=True, slots=True)
class PackedSegment:
    """A segment as it lies in the pack."""

    name: str
    files: int
    frames: tuple[FrameRecord, ...]
    bytecode: tuple[str, ...]
    """The paths of what was compiled; as texts, since there are thousands that nobody takes apart."""
    findings: tuple[Finding, ...]
    largest: tuple[tuple[str, int], ...] = ()
    """Its largest files and their bytes, the largest first."""
    sums: str = ""
    """The lines of its files in the pack's list of digests."""

    @property
    def size(self) -> int:
        """Bytes before compression."""
        return sum(frame.raw for frame in self.frames)

    def to_dict(self) -> dict[str, Any]:
        """Return what `from_dict` reads."""
        return {
            "name": self.name,
            "files": self.files,
            "frames": [[f.digest, f.compressed, f.raw, f.inner, f.directory.hex()] for f in self.frames],
            "bytecode": self.bytecode,
            "findings": [finding.to_dict() for finding in self.findings],
            "largest": self.largest,
            "sums": self.sums,
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> PackedSegment:
        """Return the segment of a document that `to_dict` made."""
        return cls(
            data["name"],
            data["files"],
            tuple(
                FrameRecord(digest, compressed, raw, inner, bytes.fromhex(directory))
                for digest, compressed, raw, inner, directory in data["frames"]
            ),
            tuple(data["bytecode"]),
            tuple(Finding(**finding) for finding in data["findings"]),
            tuple((path, size) for path, size in data["largest"]),
            data["sums"],
        )


@dataclass(frozen=True, slots=True)
class Packable:
    """A segment that is to be packed."""

    segment: Segment
    bytecode: Callable[[], tuple[Entry, ...]]
    """Gives its bytecode; called when it is to be packed, since all of a pack's would fill the memory."""
    scanner: LeakScanner
    """One of its own: what it finds is the segment's."""


def pack_segments(
    waiting: Sequence[Packable],
    chain: Chain,
    site_packages: PurePosixPath,
    container: Container,
    store: FrameStore,
    progress: Callable[[int], None],
    *,
    workers: int | None = None,
) -> Iterator[PackedSegment]:
    """Yield each segment as it is done, in order; ``progress`` is told the bytes before compression as they are packed.

    Raises `ArchiveError`, `RelocationError`.
    """
    sources = [_Source(each, Slicer(chain, each.scanner)) for each in waiting]
    counts: deque[_Source] = deque()

    def works() -> Iterator[Work]:
        for source in sources:
            for work in container.works(source.members(site_packages)):
                counts.append(source)
                yield work

    done = 0
    records: dict[str, list[FrameRecord]] = {source.name: [] for source in sources}
    for record in make_frames(works(), store.put, workers):
        source = counts.popleft()
        while sources[done] is not source:
            # the works of a later segment begin when all members of those before it were taken
            yield sources[done].packed(records[sources[done].name])
            done += 1
        records[source.name].append(record)
        progress(record.raw)
    for source in sources[done:]:
        yield source.packed(records[source.name])


class _Source:
    def __init__(self, packable: Packable, slicer: Slicer) -> None:
        self._packable = packable
        self._slicer = slicer
        self._bytecode: tuple[PurePosixPath, ...] = ()
        self._largest: list[tuple[int, str]] = []

    @property
    def name(self) -> str:
        return self._packable.segment.name

    def members(self, site_packages: PurePosixPath) -> Iterator[Member]:
        segment, bytecode = self._packable.segment, self._packable.bytecode()
        self._bytecode = tuple(entry.path for entry in bytecode)
        for member in self._slicer.members((*segment.entries, *bytecode)):
            self._weigh(member)
            yield member
        if segment.distribution is not None:
            packed = [entry.path for entry in segment.entries]
            yield from self._slicer.members(
                [record_entry(segment.distribution, site_packages, packed, self._slicer.changed, self._bytecode)]
            )

    def _weigh(self, member: Member) -> None:
        if len(self._largest) < LARGEST:
            heapq.heappush(self._largest, (member.size, member.path))
        else:
            heapq.heappushpop(self._largest, (member.size, member.path))

    def packed(self, records: Sequence[FrameRecord]) -> PackedSegment:
        segment = self._packable.segment
        return PackedSegment(
            segment.name,
            len(segment.entries) + len(self._bytecode) + (segment.distribution is not None),
            tuple(records),
            tuple(map(str, self._bytecode)),
            (*self._packable.scanner.findings(), *self._slicer.findings()),
            tuple((path, size) for size, path in sorted(self._largest, reverse=True)),
            sums_text(self._slicer.sums),
        )
