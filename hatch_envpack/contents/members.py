"""The members of a pack that is open, whatever its format, in the order in which they lie in it."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, TypeAlias

from hatch_envpack.archive.index import INDEX_MAGIC, read_index
from hatch_envpack.archive.layout import BLOCK
from hatch_envpack.contents.frames import FrameWalk
from hatch_envpack.errors import ArchiveError
from hatch_envpack.extract.blocks import Blocks
from hatch_envpack.extract.sources import is_zip, is_zstd, tar_stream
from hatch_envpack.extract.tar import members
from hatch_envpack.sums.verify_envpack import MAX_PADDING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from hatch_envpack.archive.index import Group
    from hatch_envpack.contents.source import Source
    from hatch_envpack.extract.tar import Member

    Members: TypeAlias = Iterator[tuple[Member, Iterable[bytes | memoryview]]]

_ZEROS = bytes(BLOCK)


@dataclass(frozen=True, slots=True)
class Archive:
    """A pack that is no folder."""

    stream: _Replayed
    head: bytes
    groups: tuple[Group, ...]
    """Of its index; none where there is no index, or where it cannot be reached before the end."""
    is_file: bool
    """Whether its end can be reached at once."""

    @property
    def is_zip(self) -> bool:
        """Whether the manifest may be anywhere in it."""
        return is_zip(self.head)

    @property
    def position(self) -> int:
        """How many bytes of it were read."""
        return self.stream.whole.tell() if self.is_zip else self.stream.done

    @contextmanager
    def members(self, *, size: int | None = None, ahead: bool = True) -> Iterator[Members]:
        """Give each member and its data, which are to be read before the next one; ``size`` is where to stop.

        Nothing more of the file is read than is needed, unless ``ahead`` says that all will be.

        The iterator raises `ArchiveError` for damage, also at the end, where nothing may follow.
        """
        if self.is_zip:
            from hatch_envpack.extract.zip import zip_members  # noqa: PLC0415 - what most packs do not need

            yield zip_members(self.stream.whole)
            return
        self.stream.left = size
        # it is only read
        with tar_stream(self.stream, self.head, ahead=ahead) as pieces:  # type: ignore[arg-type]
            yield self._to_the_end(pieces)

    def _to_the_end(self, pieces: Iterator[bytes]) -> Members:
        yield from _tar_members(pieces)
        walk = self.stream.walk
        if walk is None:
            return
        if not walk.is_whole:
            raise ArchiveError("the pack is damaged: it ends too early")
        if self.is_file and INDEX_MAGIC in walk.skippable and not self.groups:
            raise ArchiveError("the pack is damaged: its index cannot be read")


def open_archive(source: Source) -> Archive:
    """Return what can be read from it. Raises `ArchiveError`, `OSError`."""
    stream = source.stream
    if source.size is not None:
        stream.seek(0)
    head = b""
    while len(head) < BLOCK and (piece := stream.read(BLOCK - len(head))):
        head += piece
    groups: tuple[Group, ...] = ()
    if source.size is None and is_zip(head):
        raise ArchiveError("a zip says at its end what is in it, so that it must be a file: save it first")
    if source.size is not None and is_zstd(head):
        groups = read_index(stream) or ()
        stream.seek(len(head))
    return Archive(_Replayed(head, stream), head, groups, source.size is not None)


def limited(pieces: Iterable[bytes | memoryview], limit: int, name: str) -> bytes:
    """Return the content of a member that has to lie in memory. Raises `ArchiveError` where it is larger."""
    data = bytearray()
    for piece in pieces:
        data += piece
        if len(data) > limit:
            raise ArchiveError(f"the pack is damaged: its {name} is too large")
    return bytes(data)


def _tar_members(pieces: Iterator[bytes]) -> Members:
    blocks = Blocks(pieces)
    for member in members(blocks):
        yield member, blocks.data()
    if not blocks.ended:
        raise ArchiveError("the pack is damaged: it ends too early")
    # what is behind the end has checksums too
    left = MAX_PADDING
    while (block := blocks.header()) is not None:
        left -= len(block)
        if left < 0 or block != _ZEROS:
            raise ArchiveError("the pack is damaged: something follows its end")


class _Replayed:
    """A stream of which the beginning was read already, and that may end early."""

    def __init__(self, head: bytes, stream: BinaryIO) -> None:
        self.whole = stream
        """The same from its beginning, where it can be read again."""
        self.left: int | None = None
        """Bytes to its end, if that is not the stream's."""
        self.done = 0
        """Bytes that were read."""
        self.walk = FrameWalk() if is_zstd(head) else None
        self._head = head

    def read(self, size: int) -> bytes:
        if self.left is not None:
            size = min(size, self.left)
        piece, self._head = self._head[:size], self._head[size:]
        piece = piece or self.whole.read(size)
        self.done += len(piece)
        if self.walk is not None:
            self.walk.feed(piece)
        if self.left is not None:
            self.left -= len(piece)
        return piece
