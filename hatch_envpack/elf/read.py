"""Reading what the loader reads of an ELF file, and no more: a library of 400 MB is never loaded.

The format: https://refspecs.linuxfoundation.org/elf/gabi4+/contents.html, symbol versions:
https://refspecs.linuxfoundation.org/LSB_5.0.0/LSB-Core-generic/LSB-Core-generic/symversion.html
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from hatch_envpack.elf.model import Elf
from hatch_envpack.errors import RelocationError

if TYPE_CHECKING:
    from collections.abc import Iterator

MAGIC = b"\x7fELF"

PT_LOAD, PT_DYNAMIC, PT_INTERP, PT_GNU_PROPERTY = 1, 2, 3, 0x6474E553
_NT_GNU_PROPERTY, _X86_ISA_NEEDED = 5, 0xC0008002
DT_NULL, DT_NEEDED, DT_STRTAB, DT_STRSZ, DT_SONAME = 0, 1, 5, 10, 14
DT_RPATH, DT_RUNPATH = 15, 29
DT_VERNEED, DT_VERNEEDNUM = 0x6FFFFFFE, 0x6FFFFFFF

_MAX_TABLE = 64 << 20
"""A table that claims to be larger than this is taken for damage: those of the largest known libraries are 20 MB."""

_MAX_DYNAMIC = 4096
_MAX_VERSIONS = 1 << 16
_MAX_STRING = 1 << 16
"""The same for the entries of the dynamic section, for symbol versions, and for a string: ten times what is known."""


class ElfError(RelocationError):
    """The file begins like an ELF file and is none."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A program header: ``size`` bytes at ``offset`` of the file come to lie at ``address``."""

    kind: int
    flags: int
    offset: int
    address: int
    size: int
    alignment: int


@dataclass(frozen=True, slots=True)
class Shape:
    """Where things stand in an ELF file."""

    bits: int
    order: str
    """``<`` or ``>``, as in `struct`."""
    kind: int
    machine: int
    segments: tuple[Segment, ...]
    dynamic: tuple[tuple[int, int], ...]
    """Tag and value of each entry up to, not including, ``DT_NULL``."""
    dynamic_offset: int
    strings_offset: int
    strings_size: int

    @property
    def entry_size(self) -> int:
        """Bytes of one entry of the dynamic section."""
        return 16 if self.bits == 64 else 8  # noqa: PLR2004 - the two classes of ELF

    @property
    def word(self) -> str:
        """The `struct` letter of an address."""
        return "Q" if self.bits == 64 else "I"  # noqa: PLR2004

    def offset_of(self, address: int) -> int:
        """Return the place in the file of an address. Raises `ElfError`."""
        for segment in self.segments:
            if segment.kind == PT_LOAD and segment.address <= address < segment.address + segment.size:
                return address - segment.address + segment.offset
        raise ElfError(f"no segment holds the address {address:#x}")

    def value(self, tag: int) -> int | None:
        """Return the value of the first entry with this tag."""
        return next((value for found, value in self.dynamic if found == tag), None)


def read_elf(stream: BinaryIO) -> Elf | None:
    """Return what the loader sees, or None for a file that is not ELF. Raises `ElfError` for a damaged one."""
    shape = read_shape(stream)
    if shape is None:
        return None
    strings = _read(stream, shape.strings_offset, shape.strings_size) if shape.strings_size else b""

    def text(offset: int) -> str:
        return string_at(strings, offset)

    def texts(tag: int) -> list[str]:
        return [text(value) for found, value in shape.dynamic if found == tag]

    rpath, runpath, soname = texts(DT_RPATH), texts(DT_RUNPATH), texts(DT_SONAME)
    return Elf(
        machine=shape.machine,
        bits=shape.bits,
        kind=shape.kind,
        soname=soname[0] if soname else None,
        needed=tuple(texts(DT_NEEDED)),
        rpath=tuple(rpath[0].split(":")) if rpath else None,
        runpath=tuple(runpath[0].split(":")) if runpath else None,
        interpreter=_interpreter(stream, shape),
        versions=tuple((text(name), tuple(map(text, symbols))) for name, symbols in version_needs(stream, shape)),
        isa=_isa(stream, shape),
    )


def read_shape(stream: BinaryIO) -> Shape | None:
    """Return where things stand, or None for a file that is not ELF. Raises `ElfError`."""
    stream.seek(0)
    ident = stream.read(16)
    if ident[:4] != MAGIC:
        return None
    if len(ident) < 16 or ident[4] not in (1, 2) or ident[5] not in (1, 2):  # noqa: PLR2004 - class and byte order
        raise ElfError("the ELF header is damaged")
    bits, order = 32 * ident[4], "<>"[ident[5] - 1]
    header = struct.Struct(order + ("HHIQQQIHHHHHH" if bits == 64 else "HHIIIIIHHHHHH"))  # noqa: PLR2004
    fields = header.unpack(_read(stream, 16, header.size))
    kind, machine, table, size, count = fields[0], fields[1], fields[4], fields[8], fields[9]
    segments = tuple(_segments(_read(stream, table, size * count), bits, order, size)) if count else ()
    shape = Shape(bits, order, kind, machine, segments, (), 0, 0, 0)
    found = next((segment for segment in segments if segment.kind == PT_DYNAMIC), None)
    if found is None or not found.size:
        return shape
    dynamic = tuple(_dynamic(_read(stream, found.offset, found.size), shape))
    shape = Shape(bits, order, kind, machine, segments, dynamic, found.offset, 0, 0)
    address, length = shape.value(DT_STRTAB), shape.value(DT_STRSZ)
    if address is None or length is None:
        raise ElfError("the dynamic section names no string table")
    return Shape(bits, order, kind, machine, segments, dynamic, found.offset, shape.offset_of(address), length)


def string_at(strings: bytes, offset: int) -> str:
    """Return the string that begins at ``offset`` of a string table. Raises `ElfError`."""
    end = strings.find(b"\0", offset, offset + _MAX_STRING)
    if not 0 <= offset < len(strings) or end < 0:
        raise ElfError("a string lies outside of the string table")
    return strings[offset:end].decode("utf-8", "surrogateescape")


def version_needs(stream: BinaryIO, shape: Shape) -> Iterator[tuple[int, list[int]]]:
    """Yield for each library that versions are asked of: its name and the versions, as places in the string table."""
    address, count = shape.value(DT_VERNEED), shape.value(DT_VERNEEDNUM)
    if address is None or count is None:
        return
    offset = shape.offset_of(address)
    need, aux = struct.Struct(shape.order + "HHIII"), struct.Struct(shape.order + "IHHII")
    left = _MAX_VERSIONS
    for _ in range(count):
        _version, symbols, name, first, following = need.unpack(_read(stream, offset, need.size))
        found: list[int] = []
        place = offset + first
        left -= 1 + symbols
        if left < 0:
            raise ElfError("the table of symbol versions has no end")
        for _symbol in range(symbols):
            *_, version_name, next_symbol = aux.unpack(_read(stream, place, aux.size))
            found.append(version_name)
            if not next_symbol:
                break
            place += next_symbol
        yield name, found
        if not following:
            return
        offset += following


def _read(stream: BinaryIO, offset: int, size: int) -> bytes:
    if size > _MAX_TABLE:
        raise ElfError(f"a table claims to have {size} bytes")
    try:
        stream.seek(offset)
    except (OSError, ValueError, OverflowError):
        raise ElfError("a table lies outside of the file") from None
    data = stream.read(size)
    if len(data) != size:
        raise ElfError("the file is truncated")
    return data


def _segments(table: bytes, bits: int, order: str, size: int) -> Iterator[Segment]:
    layout = struct.Struct(order + ("IIQQQQQQ" if bits == 64 else "IIIIIIII"))  # noqa: PLR2004
    if size < layout.size:
        raise ElfError("the program headers are too small")
    for start in range(0, len(table), size):
        fields = layout.unpack_from(table, start)
        if bits == 64:  # noqa: PLR2004
            kind, flags, offset, address, _physical, length, _memory, alignment = fields
        else:
            kind, offset, address, _physical, length, _memory, flags, alignment = fields
        yield Segment(kind, flags, offset, address, length, alignment)


def _dynamic(table: bytes, shape: Shape) -> Iterator[tuple[int, int]]:
    entry = struct.Struct(shape.order + shape.word * 2)
    for number, start in enumerate(range(0, len(table) - entry.size + 1, entry.size)):
        tag, value = entry.unpack_from(table, start)
        if tag == DT_NULL:
            return
        if number == _MAX_DYNAMIC:
            raise ElfError("the dynamic section has no end")
        yield tag, value


def _interpreter(stream: BinaryIO, shape: Shape) -> str | None:
    found = next((segment for segment in shape.segments if segment.kind == PT_INTERP), None)
    if found is None:
        return None
    if found.size > _MAX_STRING:
        raise ElfError("the name of the loader has no end")
    return _read(stream, found.offset, found.size).rstrip(b"\0").decode("utf-8", "surrogateescape")


def _isa(stream: BinaryIO, shape: Shape) -> int:
    """Return the needed instruction sets, from the note that the loader reads before it maps the file.

    https://gitlab.com/x86-psABIs/x86-64-ABI, section on program properties.
    """
    found = next((segment for segment in shape.segments if segment.kind == PT_GNU_PROPERTY), None)
    if found is None:
        return 0
    note = _read(stream, found.offset, found.size)
    head = struct.Struct(shape.order + "III4s")
    if len(note) < head.size:
        raise ElfError("a note is truncated")
    _name_size, size, kind, name = head.unpack_from(note)
    if kind != _NT_GNU_PROPERTY or name != b"GNU\0":
        return 0
    align = shape.bits // 8
    place, end = head.size, min(head.size + size, len(note))
    while place + 8 <= end:
        tag, length = struct.unpack_from(shape.order + "II", note, place)
        if tag == _X86_ISA_NEEDED and place + 12 <= end:
            return int(struct.unpack_from(shape.order + "I", note, place + 8)[0])
        place += 8 + length + -length % align
    return 0
