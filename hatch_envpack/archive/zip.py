"""zip as a container: frames that each hold whole members, or a piece of a large one."""

from __future__ import annotations

import os
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import deflate

from hatch_envpack.archive import zip_layout as layout
from hatch_envpack.frame.frame import FRAME_SIZE, Frame

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from hatch_envpack.archive.container import Groups
    from hatch_envpack.archive.member import Member
    from hatch_envpack.frame.frame import Work

_ZLIB_LEVELS = range(1, 10)


@dataclass(frozen=True, slots=True)
class Zip:
    """A zip archive with Unix modes, symbolic links as such, and Zip64 where it is needed.

    Members are compressed whole with libdeflate, their sizes known before their headers are written. A large one would
    have to lie in memory for that. It is cut into pieces that zlib compresses and ends at whole bytes (a sync flush,
    https://www.rfc-editor.org/rfc/rfc1951 3.2.4), which laid end to end are one content; its sizes follow it.
    """

    level: int
    """libdeflate's, 1 to 12."""
    mtime: int

    @property
    def fingerprint(self) -> str:
        """What a frame's bytes depend on."""
        libraries = f"libdeflate {deflate.__version__} zlib {zlib.ZLIB_RUNTIME_VERSION}"
        return f"zip {self.mtime} {FRAME_SIZE} {libraries} level {self.level}"

    def works(self, members: Iterable[Member]) -> Iterator[Work]:
        """Yield the work for each frame."""
        waiting: list[tuple[Member, bytes]] = []
        size = 0
        for member in members:
            if member.size > FRAME_SIZE:
                if waiting:
                    yield MembersWork(waiting, self.level, self.mtime)
                    waiting, size = [], 0
                yield from self._pieces(member)
                continue
            waiting.append((member, b"".join(member.chunks)))
            size += member.size
            if size >= FRAME_SIZE:
                yield MembersWork(waiting, self.level, self.mtime)
                waiting, size = [], 0
        if waiting:
            yield MembersWork(waiting, self.level, self.mtime)

    def _pieces(self, member: Member) -> Iterator[Work]:
        """Cut a large file: it shares no frame with another member."""
        head = layout.file_head(member.path, executable=member.executable, method=layout.DEFLATED, mtime=self.mtime)
        # deflate makes what cannot be compressed larger, but not by a hundredth
        large = layout.is_large(member.size + member.size // 100)
        begin = layout.streamed_header(head, large=large)
        # zlib's next level gives about the size that libdeflate's does
        level = min(self.level + 1, _ZLIB_LEVELS[-1])
        lengths: list[int] = []
        parts: list[bytes] = []
        size = checksum = done = 0
        for chunk in member.chunks:
            parts.append(chunk)
            size += len(chunk)
            checksum = deflate.crc32(chunk, checksum)
            if size >= FRAME_SIZE and done + size < member.size:
                yield PieceWork(begin, parts, level, lengths, is_last=False)
                done += size
                begin, parts, size = b"", [], 0
        yield PieceWork(begin, parts, level, lengths, is_last=True)
        yield EndWork(head, lengths, checksum, done + size, large=large)

    def tail(self, groups: Groups) -> bytes:
        """Return the directory."""
        records: list[bytes] = []
        offset = begin = 0
        for _, frames in groups:
            for frame in frames:
                if frame.inner is None:
                    begin = offset
                records += layout.relocated(frame.directory, begin)
                offset += frame.compressed
        directory = b"".join(records)
        return directory + layout.end_of_directory(len(records), len(directory), offset)


@dataclass(frozen=True, slots=True)
class MembersWork:
    """A frame of whole members."""

    members: Sequence[tuple[Member, bytes]]
    level: int
    mtime: int
    waits: bool = False

    def run(self) -> Frame:
        """Compress each; one that does not become smaller is stored."""
        parts: list[bytes] = []
        directory: list[bytes] = []
        offset = raw = 0
        for member, content in self.members:
            head, plain, data = self._compressed(member, content)
            sizes = layout.Sizes(deflate.crc32(plain), len(data), len(plain))
            header = layout.local_header(head, sizes)
            parts += (header, data)
            directory.append(layout.central_record(head, sizes, offset))
            offset += len(header) + len(data)
            raw += len(plain)
        return Frame(b"".join(parts), raw, None, b"".join(directory))

    def _compressed(self, member: Member, content: bytes) -> tuple[layout.Head, bytes, bytes]:
        """Return head, content and how it is written."""
        if member.folder:
            return layout.folder_head(member.path, mtime=self.mtime), b"", b""
        if member.link is not None:
            target = os.fsencode(member.link)
            return layout.link_head(member.path, mtime=self.mtime), target, target
        data = bytes(deflate.deflate_compress(content, self.level))
        smaller = len(data) < len(content)
        head = layout.file_head(
            member.path,
            executable=member.executable,
            method=layout.DEFLATED if smaller else layout.STORED,
            mtime=self.mtime,
        )
        return head, content, data if smaller else content


@dataclass(frozen=True, slots=True)
class PieceWork:
    """A frame of a piece of one large member."""

    begin: bytes
    """The member's header, before its first piece."""
    parts: Sequence[bytes]
    level: int
    lengths: list[int]
    """Every piece puts in how long it has become; `EndWork` needs their sum."""
    is_last: bool
    waits: bool = False

    def run(self) -> Frame:
        """Compress."""
        compressor = zlib.compressobj(self.level, zlib.DEFLATED, -zlib.MAX_WBITS)
        data = [compressor.compress(part) for part in self.parts]
        data.append(compressor.flush(zlib.Z_FINISH if self.is_last else zlib.Z_SYNC_FLUSH))
        self.lengths.append(sum(map(len, data)))
        raw = sum(map(len, self.parts))
        return Frame(b"".join((self.begin, *data)), raw, None if self.begin else raw)


@dataclass(frozen=True, slots=True)
class EndWork:
    """The frame that follows the pieces of a large member and says how long they are."""

    head: layout.Head
    lengths: Sequence[int]
    checksum: int
    size: int
    large: bool
    waits: bool = True

    def run(self) -> Frame:
        """Count."""
        sizes = layout.Sizes(self.checksum, sum(self.lengths), self.size)
        end = layout.descriptor(sizes, large=self.large)
        return Frame(end, 0, 0, layout.central_record(self.head, sizes, 0, streamed=True))
