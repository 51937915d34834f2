"""Reading the members of a zip, with the modes and links that Unix programs write into it.

https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT. The directory is read by `zipfile`; its members are read
here, since it takes several times as long to open one.
"""

from __future__ import annotations

import stat
import struct
import time
import zipfile
import zlib
from typing import TYPE_CHECKING

from hatch_envpack.errors import ArchiveError
from hatch_envpack.extract.names import checked, shown
from hatch_envpack.extract.tar import FILE, FOLDER, SYMLINK, Member
from hatch_envpack.sums.verify_envpack import MAX_DIRECTORY

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

_CHUNK = 1 << 20
_LOCAL = struct.Struct("<4s22xHH")
"""signature, length of the name, length of the extra field."""
_LOCAL_MAGIC = b"PK\x03\x04"
_UNIX = 3
_ENCRYPTED, _UTF8 = 0x1, 0x800
_TIMES = 0x5455
_HAS_MTIME = 1
_MAX_TARGET = 4096
_EXECUTABLE = 0o111
_SECOND = 1_000_000_000


def zip_members(stream: BinaryIO) -> Iterator[tuple[Member, Iterator[memoryview]]]:
    """Yield each member and its data. Raises `ArchiveError` for damage, and for members that are refused."""
    try:
        with zipfile.ZipFile(_Directory(stream)) as archive:
            infos = archive.infolist()
    except (zipfile.BadZipFile, NotImplementedError, struct.error, ValueError, OverflowError, OSError) as error:
        raise ArchiveError(f"the pack is damaged: {error}") from error
    for info in infos:
        name = _name(info)
        mode = info.external_attr >> 16 if info.create_system == _UNIX else 0
        kind = _kind(name, mode)
        member = Member(checked(name), kind, info.file_size, bool(mode & _EXECUTABLE), _mtime(info), b"")
        data = _data(stream, info, name)
        if kind == SYMLINK:
            if info.file_size > _MAX_TARGET:
                raise ArchiveError(f"the pack is damaged: the link {shown(name)} is too long")
            member = member._replace(target=b"".join(data))
        yield member, data


class _Directory:
    """A zip of which the directory alone is read, and at once, however large it says that it is."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def seek(self, offset: int, whence: int = 0, /) -> int:
        return self._stream.seek(offset, whence)

    def tell(self) -> int:
        return self._stream.tell()

    def read(self, size: int = -1, /) -> bytes:
        if size > MAX_DIRECTORY:
            raise ArchiveError("the zip has more names than any pack has: refused")
        return self._stream.read(size)


def _name(info: zipfile.ZipInfo) -> bytes:
    """Return the name as bytes: what Unix programs write without saying how is taken as it is."""
    if info.flag_bits & _UTF8:
        return info.orig_filename.encode("utf-8", "surrogateescape")
    if info.create_system == _UNIX:
        return info.orig_filename.encode("cp437", "surrogateescape")
    return info.orig_filename.encode()


def _kind(name: bytes, mode: int) -> bytes:
    if name.endswith(b"/") or stat.S_ISDIR(mode):
        return FOLDER
    if stat.S_ISLNK(mode):
        return SYMLINK
    if stat.S_IFMT(mode) not in (0, stat.S_IFREG):
        raise ArchiveError(f"the member {shown(name)} is neither file, folder nor link: refused")
    return FILE


def _mtime(info: zipfile.ZipInfo) -> int:
    """Return the time of the extra field that Unix programs write; else what a clock on the wall showed."""
    extra = info.extra
    while len(extra) >= struct.calcsize("<HH"):
        kind, size = struct.unpack_from("<HH", extra)
        content, extra = extra[4 : 4 + size], extra[4 + size :]
        if kind == _TIMES and len(content) >= struct.calcsize("<Bi") and content[0] & _HAS_MTIME:
            return int(struct.unpack_from("<i", content, 1)[0]) * _SECOND
    try:
        return int(time.mktime((*info.date_time, 0, 0, -1))) * _SECOND
    except (OverflowError, ValueError) as error:
        raise ArchiveError(f"the pack is damaged: {shown(_name(info))} has an impossible time") from error


def _data(stream: BinaryIO, info: zipfile.ZipInfo, name: bytes) -> Iterator[memoryview]:
    """Yield the content, which is as long as the directory says and has its checksum."""
    damaged = ArchiveError(f"the pack is damaged: the content of {shown(name)} is not what the directory says")
    size = checksum = 0
    for piece in _inflated(stream, info, name):
        size += len(piece)
        if size > info.file_size:
            raise damaged
        checksum = zlib.crc32(piece, checksum)
        yield memoryview(piece)
    if size != info.file_size or checksum != info.CRC:
        raise damaged


def _inflated(stream: BinaryIO, info: zipfile.ZipInfo, name: bytes) -> Iterator[bytes]:
    pieces = _compressed(stream, info, name)
    if info.flag_bits & _ENCRYPTED:
        raise ArchiveError(f"the member {shown(name)} is encrypted: refused")
    if info.compress_type == zipfile.ZIP_STORED:
        yield from pieces
        return
    if info.compress_type != zipfile.ZIP_DEFLATED:
        raise ArchiveError(f"the member {shown(name)} is compressed by a method other than deflate: refused")
    decompressor = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        for piece in pieces:
            content = decompressor.decompress(piece, _CHUNK)
            while content:
                yield content
                content = decompressor.decompress(decompressor.unconsumed_tail, _CHUNK)
        if not decompressor.eof:
            raise ArchiveError(f"the pack is damaged: the content of {shown(name)} ends too early")
    except zlib.error as error:
        raise ArchiveError(f"the pack is damaged: {shown(name)}: {error}") from error


def _compressed(stream: BinaryIO, info: zipfile.ZipInfo, name: bytes) -> Iterator[bytes]:
    try:
        stream.seek(info.header_offset)
        header = stream.read(_LOCAL.size)
        magic, name_length, extra_length = _LOCAL.unpack(header) if len(header) == _LOCAL.size else (b"", 0, 0)
        if magic != _LOCAL_MAGIC:
            raise ArchiveError(f"the pack is damaged: the member {shown(name)} is not where the directory says")
        stream.seek(name_length + extra_length, 1)
        left = info.compress_size
        while left:
            piece = stream.read(min(left, _CHUNK))
            if not piece:
                raise ArchiveError("the pack is damaged: it ends too early")
            left -= len(piece)
            yield piece
    except (OSError, ValueError, OverflowError) as error:
        raise ArchiveError(f"the pack is damaged or cannot be read: {error}") from error
