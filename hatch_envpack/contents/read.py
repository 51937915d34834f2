"""Reading what is in a pack: its manifest, which is the first member, and its index, which is at the end."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from hatch_envpack.archive.container import MANIFEST
from hatch_envpack.archive.index import read_index
from hatch_envpack.archive.layout import BLOCK
from hatch_envpack.contents.contents import parse_contents
from hatch_envpack.contents.source import open_source
from hatch_envpack.errors import ArchiveError
from hatch_envpack.extract.blocks import Blocks
from hatch_envpack.extract.names import shown
from hatch_envpack.extract.sources import is_zip, is_zstd, tar_stream
from hatch_envpack.extract.tar import members
from hatch_envpack.manifest.model import PATH

if TYPE_CHECKING:
    from collections.abc import Iterable

    from hatch_envpack.contents.contents import Contents
    from hatch_envpack.contents.source import Source

_MAX_MANIFEST = 64 << 20
"""Bytes; what is larger is no manifest."""


def read_contents(pack: str) -> Contents:
    """Return what is in a pack of any format: a path of a file or folder, ``-`` for standard input, or a URL.

    Of a file on a web server that gives ranges, only the first and the last part are read. Raises `ArchiveError`.
    """
    is_folder = Path(pack).is_dir()
    with open_source(str(Path(pack, PATH)) if is_folder else pack) as source:
        try:
            if is_folder:
                return parse_contents(_limited(iter(lambda: source.stream.read(BLOCK), b"")), {}, None)
            return _read(source)
        except OSError as error:
            raise ArchiveError(f"{source.name} cannot be read: {error.strerror or error}") from error
        except ArchiveError as error:
            # what comes from a web server has its name already
            text = str(error)
            raise (error if source.name in text else ArchiveError(f"{source.name}: {text}")) from error


def _read(source: Source) -> Contents:
    stream, compressed = source.stream, dict[str, int]()
    if source.size is not None:
        stream.seek(0)
    head = _head(stream)
    if is_zip(head):
        return parse_contents(_from_zip(source), compressed, source.size)
    if is_zstd(head) and source.size is not None:
        groups = read_index(stream) or ()
        compressed = {group.name: sum(frame.compressed for frame in group.frames) for group in groups}
        stream.seek(len(head))
    # with an index it is known where the manifest ends, and nothing behind it is read
    with tar_stream(_Replayed(head, stream, compressed.get(MANIFEST)), head) as pieces:  # type: ignore[arg-type]
        blocks = Blocks(pieces)
        for member in members(blocks):
            if member.name != PATH.encode():
                raise ArchiveError(f"this is no pack: its first member is {shown(member.name)}, not {PATH}")
            return parse_contents(_limited(blocks.data()), compressed, source.size)
    if not blocks.ended:
        raise ArchiveError("the pack is damaged: it ends too early")
    raise ArchiveError(f"this is no pack: it is empty, and has no {PATH}")


def _from_zip(source: Source) -> bytes:
    from hatch_envpack.extract.zip import zip_members  # noqa: PLC0415 - what most packs do not need

    if source.size is None:
        raise ArchiveError("a zip says at its end what is in it, so that it must be a file: save it first")
    for member, data in zip_members(source.stream):
        if member.name == PATH.encode():
            return _limited(data)
    raise ArchiveError(f"this is no pack: it has no {PATH}")


def _head(stream: BinaryIO) -> bytes:
    head = b""
    while len(head) < BLOCK and (piece := stream.read(BLOCK - len(head))):
        head += piece
    return head


def _limited(pieces: Iterable[bytes | memoryview]) -> bytes:
    data = bytearray()
    for piece in pieces:
        data += piece
        if len(data) > _MAX_MANIFEST:
            raise ArchiveError(f"the pack is damaged: its {PATH} is too large")
    return bytes(data)


class _Replayed:
    """A stream of which the beginning was read already, and that may end early."""

    def __init__(self, head: bytes, stream: BinaryIO, end: int | None) -> None:
        self._head = head
        self._stream = stream
        self._left = end

    def read(self, size: int) -> bytes:
        if self._left is not None:
            size = min(size, self._left)
        piece, self._head = self._head[:size], self._head[size:]
        piece = piece or self._stream.read(size)
        if self._left is not None:
            self._left -= len(piece)
        return piece
