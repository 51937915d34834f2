"""The bytes of a zip archive, without any input or output.

The format is PKWARE's: https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT; the numbers in comments are its
sections. Modes, links and times are written as Info-ZIP does (its ``proginfo/extrafld.txt``), which all readers on Unix
follow.
"""

from __future__ import annotations

import stat
import struct
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hatch_envpack.archive.layout import FILE_MODE, PROGRAM_MODE

if TYPE_CHECKING:
    from collections.abc import Iterator

FIELD_MAX, COUNT_MAX = 0xFFFF_FFFF, 0xFFFF
"""In a field of 32 or 16 bits these say that the number stands in a Zip64 record (4.4.1.4)."""

STORED, DEFLATED = 0, 8

_LOCAL = struct.Struct("<IHHHHHIIIHH")
"""signature, version needed, flags, method, time, date, CRC-32, two sizes, lengths of name and extra field (4.3.7)."""
_DESCRIPTOR, _DESCRIPTOR64 = struct.Struct("<IIII"), struct.Struct("<IIQQ")
"""signature, CRC-32, compressed size, size (4.3.9)."""
_CENTRAL = struct.Struct("<IHHHHHHIIIHHHHHII")
"""As the local header with the version made by before, and at the end lengths of name, extra field and comment, disk,
internal and external attributes, offset (4.3.12)."""
_END64 = struct.Struct("<IQHHIIQQQQ")
"""signature, bytes that follow, versions made by and needed, disks, records on this disk and in all, size and offset of
the directory (4.3.14)."""
_LOCATOR = struct.Struct("<IIQI")
"""signature, disk, offset of the record above, number of disks (4.3.15)."""
_END = struct.Struct("<IHHHHIIH")
"""signature, disks, records on this disk and in all, size and offset of the directory, length of comment (4.3.16)."""
_EXTRA = struct.Struct("<HH")
_TIME = struct.Struct("<HHBi")

_UNIX = 3 << 8  # 4.4.2.2: the external attributes hold a Unix mode in their upper half
_FOLDER_ATTRIBUTE = 0x10  # what MS-DOS calls a directory, in their lower half
_VERSION, _VERSION64 = 20, 45  # 4.4.3.2
_STREAMED, _UTF8 = 1 << 3, 1 << 11  # 4.4.4
_ZIP64_EXTRA, _TIME_EXTRA = 0x0001, 0x5455
_HAS_MTIME = 1
_TIME_MAX = 2**31 - 1
_FIRST_YEAR = 1980
FIRST_TIME, LAST_TIME = 315532800, 4354819198
"""1980-01-01 00:00:00 and 2107-12-31 23:59:58 UTC: what the header's own time can say."""

_NAME_LENGTH, _SIZES = 10, slice(8, 10)
"""Which fields of a record of the directory they are."""
_UINT32 = struct.Struct("<I")
_OFFSET_AT = _CENTRAL.size - _UINT32.size


@dataclass(frozen=True, slots=True)
class Head:
    """What the local header and the directory say of a member besides its content."""

    name: bytes
    mode: int
    """With the type of the file."""
    method: int
    mtime: int

    @property
    def flags(self) -> int:
        """Tell that the name is UTF-8 where that matters; other bytes are left to the reader."""
        return _UTF8 if not self.name.isascii() and _is_utf8(self.name) else 0

    @property
    def extra(self) -> bytes:
        """The time in UTC and to the second, where it fits: the header's own is a clock on the wall, in even seconds.

        It has the same floor, so that all readers see the same time.
        """
        if self.mtime > _TIME_MAX:
            return b""
        return _TIME.pack(_TIME_EXTRA, 5, _HAS_MTIME, max(self.mtime, FIRST_TIME))


@dataclass(frozen=True, slots=True)
class Sizes:
    """What is known of a member's content when it was compressed."""

    checksum: int
    """CRC-32."""
    compressed: int
    size: int


def file_head(path: str, *, executable: bool, method: int, mtime: int) -> Head:
    """Return the head of a regular file; ``mtime`` in seconds since 1970."""
    return Head(_name(path), stat.S_IFREG | (PROGRAM_MODE if executable else FILE_MODE), method, mtime)


def folder_head(path: str, *, mtime: int) -> Head:
    """Return the head of a folder, which has no content."""
    return Head(_name(path) + b"/", stat.S_IFDIR | PROGRAM_MODE, STORED, mtime)


def link_head(path: str, *, mtime: int) -> Head:
    """Return the head of a symbolic link, whose content is its target."""
    return Head(_name(path), stat.S_IFLNK | 0o777, STORED, mtime)


def local_header(head: Head, sizes: Sizes) -> bytes:
    """Return what stands before the content when all of it is known."""
    extra = head.extra
    compressed, size = sizes.compressed, sizes.size
    large = is_large(compressed, size)
    if large:
        # 4.5.3: here both must be there
        extra += _EXTRA.pack(_ZIP64_EXTRA, 16) + struct.pack("<QQ", size, compressed)
        compressed = size = FIELD_MAX
    return _local(head, head.flags, Sizes(sizes.checksum, compressed, size), extra, large=large)


def streamed_header(head: Head, *, large: bool) -> bytes:
    """Return what stands before content that a `descriptor` follows. ``large`` as `is_large` of it will be."""
    extra = head.extra
    if large:
        extra += _EXTRA.pack(_ZIP64_EXTRA, 16) + bytes(16)
    number = FIELD_MAX if large else 0
    return _local(head, head.flags | _STREAMED, Sizes(0, number, number), extra, large=large)


def descriptor(sizes: Sizes, *, large: bool) -> bytes:
    """Return what stands after content whose sizes were not known before it."""
    form = _DESCRIPTOR64 if large else _DESCRIPTOR
    return form.pack(0x08074B50, sizes.checksum, sizes.compressed, sizes.size)


def is_large(*numbers: int) -> bool:
    """Whether a number needs Zip64."""
    return max(numbers) >= FIELD_MAX


def central_record(head: Head, sizes: Sizes, offset: int, *, streamed: bool = False) -> bytes:
    """Return the member's record for the directory; ``offset`` is that of its local header, below 4 GiB."""
    extra = head.extra
    compressed, size = sizes.compressed, sizes.size
    large = is_large(compressed, size)
    if large:
        extra = _EXTRA.pack(_ZIP64_EXTRA, 16) + struct.pack("<QQ", size, compressed) + extra
        compressed = size = FIELD_MAX
    version = _VERSION64 if large else _VERSION
    flags = head.flags | (_STREAMED if streamed else 0)
    attributes = head.mode << 16 | (_FOLDER_ATTRIBUTE if stat.S_ISDIR(head.mode) else 0)
    return _CENTRAL.pack(
        0x02014B50, _UNIX | version, version, flags, head.method, *dos_time(head.mtime), sizes.checksum, compressed,
        size, len(head.name), len(extra), 0, 0, 0, attributes, offset,
    ) + head.name + extra  # fmt: skip


def relocated(directory: bytes, base: int) -> Iterator[bytes]:
    """Yield the records of a `central_record` or several, with ``base`` added to their offsets."""
    at = 0
    while at < len(directory):
        lengths = _CENTRAL.unpack_from(directory, at)[_NAME_LENGTH : _NAME_LENGTH + 3]
        end = at + _CENTRAL.size + sum(lengths)
        record = directory[at:end]
        (offset,) = _UINT32.unpack_from(record, _OFFSET_AT)
        yield _moved(record, lengths[0], base + offset)
        at = end


def _moved(record: bytes, name_length: int, offset: int) -> bytes:
    if not is_large(offset):
        return record[:_OFFSET_AT] + _UINT32.pack(offset) + record[_CENTRAL.size :]
    fields = list(_CENTRAL.unpack_from(record))
    name_end = _CENTRAL.size + name_length
    extra, numbers = record[name_end:], b""
    if is_large(*fields[_SIZES]):
        numbers, extra = extra[_EXTRA.size : _EXTRA.size + 16], extra[_EXTRA.size + 16 :]
    # 4.5.3: sizes before the offset
    numbers += struct.pack("<Q", offset)
    extra = _EXTRA.pack(_ZIP64_EXTRA, len(numbers)) + numbers + extra
    fields[1], fields[2] = _UNIX | _VERSION64, _VERSION64
    fields[_NAME_LENGTH + 1], fields[-1] = len(extra), FIELD_MAX
    return _CENTRAL.pack(*fields) + record[_CENTRAL.size : name_end] + extra


def end_of_directory(count: int, size: int, offset: int) -> bytes:
    """Return what closes the archive; ``size`` and ``offset`` are those of the directory, in bytes."""
    end64 = b""
    if is_large(size, offset) or count >= COUNT_MAX:
        made = _UNIX | _VERSION64
        end64 = _END64.pack(0x06064B50, _END64.size - 12, made, _VERSION64, 0, 0, count, count, size, offset)
        end64 += _LOCATOR.pack(0x07064B50, 0, offset + size, 1)
    counted = min(count, COUNT_MAX)
    return end64 + _END.pack(0x06054B50, 0, 0, counted, counted, min(size, FIELD_MAX), min(offset, FIELD_MAX), 0)


def dos_time(mtime: int) -> tuple[int, int]:
    """Return time and date as MS-DOS has them (4.4.6): in UTC, with even seconds, from 1980 to 2107."""
    moment = time.gmtime(min(max(mtime, FIRST_TIME), LAST_TIME))
    clock = moment.tm_hour << 11 | moment.tm_min << 5 | moment.tm_sec // 2
    return clock, (moment.tm_year - _FIRST_YEAR) << 9 | moment.tm_mon << 5 | moment.tm_mday


def _local(head: Head, flags: int, sizes: Sizes, extra: bytes, *, large: bool) -> bytes:
    version = _VERSION64 if large else _VERSION
    return _LOCAL.pack(
        0x04034B50, version, flags, head.method, *dos_time(head.mtime), sizes.checksum, sizes.compressed, sizes.size,
        len(head.name), len(extra),
    ) + head.name + extra  # fmt: skip


def _name(path: str) -> bytes:
    return path.encode("utf-8", "surrogateescape")


def _is_utf8(name: bytes) -> bool:
    try:
        name.decode()
    except UnicodeDecodeError:
        return False
    return True
