"""Reading the load commands of a Mach-O file, as carefully as the kernel does.

The formats: https://github.com/apple-oss-distributions/xnu/blob/main/EXTERNAL_HEADERS/mach-o/loader.h and
https://github.com/apple-oss-distributions/xnu/blob/main/EXTERNAL_HEADERS/mach-o/fat.h
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

from hatch_envpack.errors import RelocationError
from hatch_envpack.macho.model import (
    LC_CODE_SIGNATURE,
    LC_RPATH,
    LC_SEGMENT,
    LC_SEGMENT_64,
    PATHS,
    Command,
    FatEntry,
    Macho,
    Segment,
    Slice,
    arch_name,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

_THIN = {
    b"\xfe\xed\xfa\xce": (32, ">"),
    b"\xce\xfa\xed\xfe": (32, "<"),
    b"\xfe\xed\xfa\xcf": (64, ">"),
    b"\xcf\xfa\xed\xfe": (64, "<"),
}
_FAT, _FAT_64 = b"\xca\xfe\xba\xbe", b"\xca\xfe\xba\xbf"

_FIRST_JAVA_VERSION = 43
"""Class files of Java begin like fat files do; where these have a count, those have a version, which begins here.

https://github.com/llvm/llvm-project/blob/main/llvm/lib/BinaryFormat/Magic.cpp
"""

_ZEROFILL = frozenset({0x1, 0xC, 0x12})
"""``S_ZEROFILL``, ``S_GB_ZEROFILL`` and ``S_THREAD_LOCAL_ZEROFILL``: sections that are not in the file."""

_MAX_ALIGNMENT = 15
"""The kernel's own limit for slices of a fat file is a page; the linker's is 32 KiB."""


class MachoError(RelocationError):
    """The file begins like a Mach-O file and is none, or cannot be edited."""


def is_macho(head: bytes) -> bool:
    """Whether a file that begins so is Mach-O."""
    if head[:4] in (_FAT, _FAT_64):
        return 0 < int.from_bytes(head[4:8], "big") < _FIRST_JAVA_VERSION
    return head[:4] in _THIN


def read_macho(data: bytes) -> Macho | None:
    """Return what the file consists of, or None for one that is not Mach-O. Raises `MachoError` for a damaged one."""
    if not is_macho(data):
        return None
    if data[:4] in _THIN:
        return Macho((_slice(data, 0, len(data)),))
    fat = tuple(_fat(data))
    end = max(entry.at for entry in fat) + _fat_row(wide=fat[0].wide).size
    for entry in sorted(fat, key=lambda entry: entry.offset):
        if entry.offset < end or entry.offset + entry.size > len(data):
            raise MachoError("a slice of the fat file lies outside of it, or in another slice")
        end = entry.offset + entry.size
    return Macho(tuple(_fat_slices(data, fat)), fat)


def _fat_slices(data: bytes, fat: tuple[FatEntry, ...]) -> Iterator[Slice]:
    for entry in fat:
        if data[entry.offset : entry.offset + 4] in _THIN:
            try:
                yield _slice(data, entry.offset, entry.size)
            except MachoError as error:
                raise MachoError(f"its {arch_name(entry.cpu)} slice: {error}") from error


def _fat(data: bytes) -> Iterator[FatEntry]:
    wide = data[:4] == _FAT_64
    row = _fat_row(wide=wide)
    for number in range(int.from_bytes(data[4:8], "big")):
        at = 8 + number * row.size
        fields = _unpack(row, data, at)
        if fields[4] > _MAX_ALIGNMENT:
            raise MachoError("the table of the fat file is damaged")
        yield FatEntry(at, wide, fields[0], fields[2], fields[3], fields[4])


def _fat_row(*, wide: bool) -> struct.Struct:
    return struct.Struct(">IIQQII" if wide else ">IIIII")


def _slice(data: bytes, offset: int, size: int) -> Slice:
    bits, order = _THIN[data[offset : offset + 4]]
    head = struct.Struct(order + "IIIIII")
    if size < head.size + 8:
        raise MachoError("the file is truncated")
    _magic, cpu, _subtype, kind, count, commands_size = _unpack(head, data, offset)
    start = 32 if bits == 64 else 28  # noqa: PLR2004 - the two kinds of Mach-O
    if start + commands_size > size:
        raise MachoError("the load commands do not fit into the file")
    table = data[offset + start : offset + start + commands_size]
    commands = tuple(_commands(table, count, order))
    segments = []
    room = size
    signature = None
    for number, command in enumerate(commands):
        if command.kind in (LC_SEGMENT, LC_SEGMENT_64):
            segment, first = _segment(command, number, order)
            segments.append(segment)
            room = min(room, first)
        elif command.kind == LC_CODE_SIGNATURE:
            place, length = _unpack(struct.Struct(order + "II"), command.raw, 8)
            if place + length > size or place < start + commands_size:
                raise MachoError("the code signature lies outside of the file")
            signature = (place, length)
    return Slice(offset, size, bits, order, cpu, kind, commands, tuple(segments), room, signature)


def _commands(table: bytes, count: int, order: str) -> Iterator[Command]:
    head = struct.Struct(order + "II")
    place = 0
    for _ in range(count):
        kind, size = _unpack(head, table, place)
        raw = table[place : place + size]
        # at least its own head: a size of nothing would never end
        if size < head.size or len(raw) != size:
            raise MachoError("a load command does not fit among the others")
        yield _with_path(kind, raw, order) if kind in PATHS else Command(kind, raw)
        place += size


def _with_path(kind: int, raw: bytes, order: str) -> Command:
    (at,) = _unpack(struct.Struct(order + "I"), raw, 8)
    end = raw.find(b"\0", at)
    if at < (12 if kind == LC_RPATH else 24) or end < 0:
        raise MachoError("a path lies outside of its load command")
    return Command(kind, raw, raw[at:end].decode("utf-8", "surrogateescape"), at)


def _segment(command: Command, number: int, order: str) -> tuple[Segment, int]:
    """Return the segment, and where the first byte stands that it needs behind the load commands."""
    wide = command.kind == LC_SEGMENT_64
    head = struct.Struct(order + ("16sQQQQIIII" if wide else "16sIIIIIIII"))
    section = struct.Struct(order + ("16s16sQQIIIIIIII" if wide else "16s16sIIIIIIIII"))
    name, _address, memory, offset, size, _most, _first, sections, _flags = _unpack(head, command.raw, 8)
    starts = [offset] if offset and size else []
    for index in range(sections):
        fields = _unpack(section, command.raw, 8 + head.size + index * section.size)
        length, start, flags = fields[3], fields[4], fields[8]
        if start and length and flags & 0xFF not in _ZEROFILL:
            starts.append(start)
    return Segment(number, name.rstrip(b"\0"), offset, size, memory), min(starts, default=1 << 64)


def _unpack(layout: struct.Struct, data: bytes, offset: int) -> tuple[Any, ...]:
    try:
        return layout.unpack_from(data, offset)
    except struct.error:
        raise MachoError("the file is truncated") from None
