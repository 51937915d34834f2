"""The tar stream inside a file that is read from its beginning to its end."""

from __future__ import annotations

import zlib
from contextlib import contextmanager
from queue import Queue
from threading import Event, Thread
from typing import TYPE_CHECKING

import zstandard

from hatch_envpack.errors import ArchiveError
from hatch_envpack.extract.tar import is_header

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

_CHUNK = 1 << 20
_SMALL_CHUNK = 1 << 15
_GZIP_CHUNK = 1 << 17
"""What is left of a piece is copied at the end of each gzip member, of which there may be many."""
_QUEUE = 8
_MAX_WINDOW = 128 << 20
"""What the command ``zstd`` accepts without being asked to."""

_GZIP = b"\x1f\x8b"
_GZIP_WINDOW = 16 + zlib.MAX_WBITS
_ZSTD = b"\x28\xb5\x2f\xfd"
_ZSTD_SKIPPABLE = tuple(bytes([0x50 + low]) + b"\x2a\x4d\x18" for low in range(16))
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")


def is_zip(head: bytes) -> bool:
    """Whether a file begins as a zip does."""
    return head.startswith(_ZIP)


def is_zstd(head: bytes) -> bool:
    """Whether a file begins with a zstd frame."""
    return head.startswith((_ZSTD, *_ZSTD_SKIPPABLE))


@contextmanager
def tar_stream(stream: BinaryIO, head: bytes, *, ahead: bool = True) -> Iterator[Iterator[bytes]]:
    """Give the tar stream of a file in pieces of bounded size; ``head`` is how it begins.

    ``ahead`` is for who wants all of it: more of the file is read than what was asked for.

    The iterator raises `ArchiveError` for damage, and this function for what is no archive.
    """
    if is_zstd(head):
        pieces = _from_zstd(stream, _CHUNK if ahead else _SMALL_CHUNK)
    elif head.startswith(_GZIP):
        pieces = _from_gzip(stream, _GZIP_CHUNK if ahead else _SMALL_CHUNK)
    elif is_header(head):
        yield _pieces(stream, _CHUNK if ahead else _SMALL_CHUNK)
        return
    else:
        raise ArchiveError("it is damaged or is no archive: none of .tar.zst, .tar.gz, .tar and .zip")
    if not ahead:
        yield pieces
        return
    with _ahead(pieces) as taken:
        yield taken


def _pieces(stream: BinaryIO, size: int) -> Iterator[bytes]:
    try:
        while piece := stream.read(size):
            yield piece
    except OSError as error:
        raise ArchiveError(f"the pack cannot be read: {error.strerror}") from error


def _from_zstd(stream: BinaryIO, size: int) -> Iterator[bytes]:
    decompressor = zstandard.ZstdDecompressor(max_window_size=_MAX_WINDOW)
    try:
        with decompressor.stream_reader(stream, read_size=size, read_across_frames=True, closefd=False) as reader:
            while piece := reader.read(size):
                yield piece
    except zstandard.ZstdError as error:
        raise ArchiveError(f"the pack is damaged: {error}") from error
    except OSError as error:
        raise ArchiveError(f"the pack cannot be read: {error.strerror}") from error


def _from_gzip(stream: BinaryIO, size: int) -> Iterator[bytes]:
    """Yield the content of all members, each with its checksum compared; zeros behind the last are padding."""
    decompressor = zlib.decompressobj(_GZIP_WINDOW)
    waiting = b""
    begun = False
    for piece in _pieces(stream, size):
        waiting += piece
        while waiting:
            if decompressor.eof:
                waiting = waiting.lstrip(b"\0")
                if not waiting:
                    break
                decompressor, begun = zlib.decompressobj(_GZIP_WINDOW), False
            try:
                content = decompressor.decompress(waiting, _CHUNK)
            except zlib.error as error:
                raise ArchiveError(f"the pack is damaged: {error}") from error
            begun = True
            waiting = decompressor.unused_data if decompressor.eof else decompressor.unconsumed_tail
            if content:
                yield content
    if begun and not decompressor.eof:
        raise ArchiveError("the pack is damaged: it ends too early")


@contextmanager
def _ahead(pieces: Iterator[bytes]) -> Iterator[Iterator[bytes]]:
    """Let another thread be some pieces ahead: decompressing and writing are done at once."""
    queue: Queue[bytes | Exception | None] = Queue(_QUEUE)
    stopped = Event()

    def fill() -> None:
        last: Exception | None = None
        try:
            for piece in pieces:
                if stopped.is_set():
                    return
                queue.put(piece)
        except Exception as error:  # noqa: BLE001 - it is raised where the pieces are read
            last = error
        queue.put(last)

    def read() -> Iterator[bytes]:
        while isinstance(item := queue.get(), bytes):
            yield item
        if item is not None:
            raise item

    thread = Thread(target=fill, daemon=True)
    thread.start()
    try:
        yield read()
    finally:
        stopped.set()
        while thread.is_alive():
            # it may wait for room
            while not queue.empty():
                queue.get_nowait()
            thread.join(0.01)
