"""tar as a container: frames that each hold a run of the archive's bytes."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

from hatch_envpack.archive import layout
from hatch_envpack.archive.container import END
from hatch_envpack.archive.index import FrameRecord as IndexRecord
from hatch_envpack.archive.index import Group, encode_trailer
from hatch_envpack.frame.frame import FRAME_SIZE, Frame

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from hatch_envpack.archive.container import Groups
    from hatch_envpack.archive.member import Member
    from hatch_envpack.frame.frame import Codec, FrameRecord


@dataclass(frozen=True, slots=True)
class Tar:
    """A tar archive under a codec that lets frames be laid end to end, as zstd and gzip do."""

    codec: Codec
    mtime: int
    """The time stamp of every member, in seconds since 1970."""
    indexed: bool = False
    """Whether an index follows, which is for zstd alone: its decoders step over what is no frame of theirs."""

    @property
    def fingerprint(self) -> str:
        """What a frame's bytes depend on."""
        return f"tar {self.mtime} {FRAME_SIZE} {self.codec.fingerprint}"

    def works(self, members: Iterable[Member]) -> Iterator[TarWork]:
        """Yield the work for each frame."""
        parts: list[bytes] = []
        size = 0
        for member in members:
            header = _header(member, self.mtime)
            if member.size > FRAME_SIZE:
                if parts:
                    yield TarWork(parts, None, self.codec)
                    parts, size = [], 0
                yield from self._pieces(member, header)
                continue
            parts += (header, *member.chunks, layout.padding(member.size))
            size += len(header) + member.size
            if size >= FRAME_SIZE:
                yield TarWork(parts, None, self.codec)
                parts, size = [], 0
        if parts:
            yield TarWork(parts, None, self.codec)

    def _pieces(self, member: Member, header: bytes) -> Iterator[TarWork]:
        """Cut a large file: it shares no frame with another member."""
        parts, size, inner = [header], 0, None
        for chunk in member.chunks:
            parts.append(chunk)
            size += len(chunk)
            if size >= FRAME_SIZE:
                yield TarWork(parts, inner if inner is None else size, self.codec)
                parts, size, inner = [], 0, 0
        rest = layout.padding(member.size)
        if size or rest:
            yield TarWork([*parts, rest], size, self.codec)

    def tail(self, groups: Groups) -> bytes:
        """Return the end of the archive, and the index."""
        end = self.codec.compress(layout.END)
        if not self.indexed:
            return end
        last = Group(END, (IndexRecord(len(end), len(layout.END), sha256(end).hexdigest(), None),))
        return end + encode_trailer([*(Group(name, tuple(map(_indexed, frames))) for name, frames in groups), last])


def _header(member: Member, mtime: int) -> bytes:
    if member.folder:
        return layout.folder_header(member.path, mtime=mtime)
    if member.link is not None:
        return layout.link_header(member.path, member.link, mtime=mtime)
    return layout.file_header(member.path, member.size, executable=member.executable, mtime=mtime)


def _indexed(frame: FrameRecord) -> IndexRecord:
    return IndexRecord(frame.compressed, frame.raw, frame.digest, frame.inner)


@dataclass(frozen=True, slots=True)
class TarWork:
    """One frame of a tar archive in the making."""

    parts: list[bytes]
    inner: int | None
    codec: Codec
    waits: bool = False

    def run(self) -> Frame:
        """Compress."""
        content = b"".join(self.parts)
        self.parts.clear()  # they are in memory twice otherwise
        return Frame(self.codec.compress(content), len(content), self.inner)
