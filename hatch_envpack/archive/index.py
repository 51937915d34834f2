"""The index of a ``.tar.zst`` pack: where each group of members lies, so that a part can be read without the rest.

A pack is a tar stream in zstd frames, and two skippable frames behind it, over which every decoder steps
(https://www.rfc-editor.org/rfc/rfc8878#name-skippable-frames): the index, and the seek table of the zstd seekable
format (https://github.com/facebook/zstd/blob/dev/contrib/seekable_format/zstd_seekable_compression_format.md), by which
other tools find their way. The last entry of the seek table is the index frame, of which nothing comes out.
"""

from __future__ import annotations

import json
import os
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, TypeGuard

import zstandard

from hatch_envpack.errors import ArchiveError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_VERSION = 1
_SIGNATURE = b"envpack\x01"
_SKIPPABLE = struct.Struct("<II")
INDEX_MAGIC = 0x184D2A5D
_TABLE_MAGIC = 0x184D2A5E
_ENTRY = struct.Struct("<II")
_FOOTER = struct.Struct("<IBI")
_FOOTER_MAGIC = 0x8F92EAB1
_CHECKSUMS = 0x80
"""The bit of the footer that says that entries have four bytes more."""

_MAX_SIZE = 64 << 20
"""What a seek table, or the JSON of an index, may take of memory: enough for packs of terabytes."""
_MAX_FRAME = 0xFFFFFFFF
_DIGEST_LENGTH = 64
_LEVEL = 9
_DAMAGED = "the pack is damaged: its index does not fit the file: fetch or build it again"


@dataclass(frozen=True, slots=True)
class FrameRecord:
    """One frame; its place follows from the sizes of those before it."""

    compressed: int
    """Bytes in the file."""
    raw: int
    """Bytes of the tar stream."""
    digest: str
    """SHA-256 of the compressed frame in hexadecimal digits."""
    inner: int | None
    """None when the frame begins with a member's header.

    Otherwise the bytes at its start that continue the file which the frame before has begun; after them comes the
    padding to the next block of the tar stream.
    """


@dataclass(frozen=True, slots=True)
class Group:
    """Frames that belong together: ``manifest``, ``folders``, ``interpreter``, ``distribution:numpy`` or ``end``."""

    name: str
    frames: tuple[FrameRecord, ...]


def encode_trailer(groups: Sequence[Group]) -> bytes:
    """Return the index frame and the seek table, which follow the last frame of the last group."""
    index = _encode_index(groups)
    sizes = [(frame.compressed, frame.raw) for group in groups for frame in group.frames]
    return index + _encode_table([*sizes, (len(index), 0)])


def read_index(stream: BinaryIO) -> tuple[Group, ...] | None:
    """Return the groups in the order of the file, or None when there is no index; the stream must be seekable.

    Raises `ArchiveError` for an index that is damaged or does not fit the file.
    """
    size = stream.seek(0, os.SEEK_END)
    entries = _read_table(stream, size)
    if not entries:
        return None
    index_size = entries[-1][0]
    start = size - index_size - _table_size(len(entries))
    # sizes of the last frame and of all before it must be those of the file
    if start != sum(compressed for compressed, _ in entries[:-1]):
        raise ArchiveError(_DAMAGED)
    text = _read_payload(_read_at(stream, start, index_size)) if index_size <= _MAX_SIZE else None
    if text is None:
        return None
    try:
        groups = _groups(json.loads(text))
    except (ValueError, RecursionError) as error:
        raise ArchiveError(_DAMAGED) from error
    frames = [frame for group in groups for frame in group.frames]
    if [(frame.compressed, frame.raw) for frame in frames] != entries[:-1] or (frames and frames[0].inner is not None):
        raise ArchiveError(_DAMAGED)
    return groups


def _encode_index(groups: Iterable[Group]) -> bytes:
    content = {
        "version": _VERSION,
        "groups": [
            {
                "name": group.name,
                "frames": [[frame.compressed, frame.raw, frame.digest, frame.inner] for frame in group.frames],
            }
            for group in groups
        ],
    }
    compressor = zstandard.ZstdCompressor(level=_LEVEL, write_content_size=True, write_checksum=True)
    payload = _SIGNATURE + compressor.compress(json.dumps(content, separators=(",", ":")).encode())
    return _SKIPPABLE.pack(INDEX_MAGIC, len(payload)) + payload


def _encode_table(sizes: Sequence[tuple[int, int]]) -> bytes:
    entries = b"".join(_ENTRY.pack(*pair) for pair in sizes)
    payload = entries + _FOOTER.pack(len(sizes), 0, _FOOTER_MAGIC)
    return _SKIPPABLE.pack(_TABLE_MAGIC, len(payload)) + payload


def _table_size(count: int) -> int:
    return _SKIPPABLE.size + count * _ENTRY.size + _FOOTER.size


def _read_table(stream: BinaryIO, size: int) -> list[tuple[int, int]]:
    """Return compressed and decompressed size of all frames; nothing when another tool, or none, wrote the table."""
    if size < _table_size(0):
        return []
    count, descriptor, magic = _FOOTER.unpack(_read_at(stream, size - _FOOTER.size, _FOOTER.size))
    if magic != _FOOTER_MAGIC or descriptor & _CHECKSUMS:
        return []
    table_size = _table_size(count)
    if table_size > min(size, _MAX_SIZE):
        raise ArchiveError(_DAMAGED)
    table = _read_at(stream, size - table_size, table_size)
    if descriptor or _SKIPPABLE.unpack_from(table) != (_TABLE_MAGIC, table_size - _SKIPPABLE.size):
        raise ArchiveError(_DAMAGED)
    return list(_ENTRY.iter_unpack(table[_SKIPPABLE.size : -_FOOTER.size]))


def _read_payload(frame: bytes) -> bytes | None:
    """Return the JSON inside the index frame; None for any other frame."""
    if len(frame) < _SKIPPABLE.size:
        raise ArchiveError(_DAMAGED)
    magic, size = _SKIPPABLE.unpack_from(frame)
    payload = frame[_SKIPPABLE.size :]
    if magic != INDEX_MAGIC or not payload.startswith(_SIGNATURE):
        return None
    compressed = payload[len(_SIGNATURE) :]
    try:
        parameters = zstandard.get_frame_parameters(compressed)
        # an unknown size is told as the largest number
        if size != len(payload) or not parameters.has_checksum or parameters.content_size > _MAX_SIZE:
            raise ArchiveError(_DAMAGED)
        return zstandard.ZstdDecompressor().decompress(compressed, allow_extra_data=False)
    except zstandard.ZstdError as error:
        raise ArchiveError(_DAMAGED) from error


def _read_at(stream: BinaryIO, offset: int, size: int) -> bytes:
    stream.seek(offset)
    data = stream.read(size)
    if len(data) != size:
        raise ArchiveError(_DAMAGED)
    return data


def _groups(content: object) -> tuple[Group, ...]:
    match content:
        case {"version": int(version), "groups": list(groups)} if version == _VERSION:
            return tuple(_group(group) for group in groups)
    raise ValueError


def _group(content: object) -> Group:
    match content:
        case {"name": str(name), "frames": list(frames)}:
            return Group(name, tuple(_frame(frame) for frame in frames))
    raise ValueError


def _frame(content: object) -> FrameRecord:
    match content:
        case [compressed, raw, str(digest), inner] if (
            _is_size(compressed) and _is_size(raw) and _is_digest(digest) and (inner is None or _is_size(inner))
        ):
            if compressed and (inner is None or inner <= raw):
                return FrameRecord(compressed, raw, digest, inner)
    raise ValueError


def _is_size(value: object) -> TypeGuard[int]:
    return type(value) is int and 0 <= value <= _MAX_FRAME


def _is_digest(text: str) -> bool:
    return len(text) == _DIGEST_LENGTH and set(text) <= set("0123456789abcdef")
