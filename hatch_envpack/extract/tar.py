"""Reading the members of a tar stream: ustar, pax and GNU's long names, as any tar writes them.

https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html and https://www.gnu.org/software/tar/manual/html_node/Standard.html.
`tarfile` knows more, and takes ten times as long for each member.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, NamedTuple
from zlib import adler32

from hatch_envpack.archive.layout import BLOCK
from hatch_envpack.errors import ArchiveError
from hatch_envpack.extract.names import checked, shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hatch_envpack.extract.blocks import Blocks

FILE, HARD_LINK, SYMLINK, FOLDER = b"0", b"1", b"2", b"5"

_FIELDS = struct.Struct("100s8s16x12s12s8sc100s6s82x155s12x")
"""name, mode, size, mtime, checksum, type, link name, magic, prefix."""
_CHECKSUM = slice(148, 156)
_ADLER = 65521
_ZEROS = bytes(BLOCK)
_POSIX = b"ustar\0"
_FILES = (b"0", b"\0", b"7")
_PAX, _PAX_FOR_ALL = b"x", b"g"
_LONG = {b"L": b"path", b"K": b"linkpath"}
"""GNU's headers for what is too long, by the keys that pax has for the same."""
_KEYS = frozenset({b"path", b"linkpath", b"size", b"mtime"})
_MAX_EXTENSION = 1 << 20
_LENGTH_DIGITS = len(str(_MAX_EXTENSION))
_EXECUTABLE = 0o111
_BASE_256, _NEGATIVE = 0x80, 0xFF
_SECOND = 1_000_000_000
_MAX_TIME = (1 << 33) * _SECOND
_SPACE = 0x20


class Member(NamedTuple):
    """One member; names are bytes, as file systems have them."""

    name: bytes
    """Relative, without ``.`` and ``..``; empty for the folder itself that is unpacked into."""
    kind: bytes
    size: int
    executable: bool
    mtime: int
    """Nanoseconds since 1970."""
    target: bytes
    """Of a link."""


def members(blocks: Blocks) -> Iterator[Member]:
    """Yield each member, whose data is then `Blocks.data`; return at the end of the archive or of the stream.

    Raises `ArchiveError` for what is no tar stream, and for members that are neither files, folders nor links.
    """
    for_all: dict[bytes, bytes] = {}
    extended: dict[bytes, bytes] = {}
    while (header := blocks.header()) is not None:
        if header == _ZEROS:
            blocks.ended = True
            break
        fields = _fields(header)
        if fields.kind == _PAX_FOR_ALL:
            for_all |= _records(_extension(blocks, fields.size))
        elif fields.kind == _PAX:
            extended |= _records(_extension(blocks, fields.size))
        elif fields.kind in _LONG:
            extended[_LONG[fields.kind]] = _extension(blocks, fields.size).partition(b"\0")[0]
        else:
            member = _member(_overridden(fields, for_all | extended) if extended or for_all else fields)
            extended = {}
            blocks.begin(member.size)
            yield member
            blocks.end()
    if extended:
        raise ArchiveError("the pack is damaged: it ends before a member")


def is_header(block: bytes) -> bool:
    """Whether a file that begins so is a tar archive; an empty one begins with zeros."""
    if len(block) != BLOCK:
        return False
    return block == _ZEROS or _fits(block, block[_CHECKSUM])


def _fields(header: bytes) -> Member:
    """Return what a header says, unchecked."""
    name, mode, size, mtime, checksum, kind, target, magic, prefix = _FIELDS.unpack(header)
    if not _fits(header, checksum):
        raise ArchiveError("the pack is damaged or is no archive: the checksum of a member's header is wrong")
    name = name.partition(b"\0")[0]
    if magic == _POSIX and prefix[0]:
        name = prefix.partition(b"\0")[0] + b"/" + name
    executable = bool(_number(mode) & _EXECUTABLE)
    return Member(name, kind, _number(size), executable, _number(mtime) * _SECOND, target.partition(b"\0")[0])


def _fits(header: bytes, checksum: bytes) -> bool:
    """Whether the checksum is that of the header: the sum of all bytes, with spaces for itself.

    The lower half of Adler-32 is such a sum, and takes no time.
    """
    total = _number(checksum) + sum(checksum) - len(checksum) * _SPACE
    return adler32(header) & 0xFFFF == (total + 1) % _ADLER


def _member(fields: Member) -> Member:
    """Return the member with its name checked."""
    name, kind, size, executable, mtime, target = fields
    if kind in _FILES:
        kind = FOLDER if name.endswith(b"/") else FILE
    elif kind not in (FOLDER, SYMLINK, HARD_LINK):
        raise ArchiveError(f"the member {shown(name)} is neither file, folder nor link: refused")
    if size < 0 or abs(mtime) > _MAX_TIME:
        raise ArchiveError(f"the pack is damaged: the member {shown(name)} has an impossible size or time")
    return Member(checked(name), kind, size if kind == FILE else 0, executable, mtime, target)


def _number(field: bytes) -> int:
    if field[0] & _BASE_256:
        # GNU's way to say what has no room: two's complement behind a bit that says so
        return int.from_bytes(field, "big", signed=True) if field[0] == _NEGATIVE else int.from_bytes(field[1:], "big")
    try:
        return int(field.partition(b"\0")[0].strip() or b"0", 8)
    except ValueError as error:
        raise ArchiveError("the pack is damaged or is no archive: a member's header has letters for numbers") from error


def _extension(blocks: Blocks, size: int) -> bytes:
    if not 0 <= size <= _MAX_EXTENSION:
        raise ArchiveError("the pack is damaged: the extended header of a member is too large")
    blocks.begin(size)
    data = b"".join(blocks.data())
    blocks.end()
    return data


def _records(data: bytes) -> dict[bytes, bytes]:
    """Return the records of a pax header that say what is needed.

    A record is ``length key=value`` and a newline, the length that of all of it.
    """
    records = {}
    at, end = 0, len(data.rstrip(b"\0"))
    while at < end:
        length, _, _ = data[at : at + _LENGTH_DIGITS + 1].partition(b" ")
        size = int(length) if length.isdigit() and len(length) <= _LENGTH_DIGITS else 0
        key, equals, value = data[at + len(length) + 1 : at + size].partition(b"=")
        if at + size > len(data) or not equals or not value.endswith(b"\n"):
            raise ArchiveError("the pack is damaged: a member's extended header cannot be read")
        if key.startswith(b"GNU.sparse."):
            raise ArchiveError("the archive has sparse files: make it without `--sparse`")
        if key in _KEYS:
            records[key] = value[:-1]
        at += size
    return records


def _overridden(fields: Member, records: dict[bytes, bytes]) -> Member:
    """Return the fields with what the extended headers say instead."""
    # an empty value takes back what was said before
    name, target = records.get(b"path") or fields.name, records.get(b"linkpath") or fields.target
    size, mtime = fields.size, fields.mtime
    try:
        if records.get(b"size"):
            size = int(records[b"size"])
        if records.get(b"mtime"):
            seconds, _, fraction = records[b"mtime"].partition(b".")
            fraction_ns = int(fraction[:9].ljust(9, b"0"))
            mtime = int(seconds) * _SECOND + (-fraction_ns if seconds.startswith(b"-") else fraction_ns)
    except ValueError as error:
        raise ArchiveError("the pack is damaged: a member's extended header has letters for numbers") from error
    return fields._replace(name=name, target=target, size=size, mtime=mtime)
