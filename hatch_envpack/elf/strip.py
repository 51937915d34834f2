"""Dropping debug sections, in effect ``strip --strip-debug``.

Debug sections belong to no segment: they stand behind all that is loaded. What is loaded is not moved by a byte.
"""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass

from hatch_envpack.elf.read import ElfError, read_shape

_DEBUG = (b".debug", b".zdebug", b".gdb_index", b".gnu.debuglto")
_SHF_ALLOC, _SHF_INFO_LINK = 0x2, 0x40
_SHT_SYMTAB, _SHT_RELA, _SHT_NOBITS, _SHT_REL = 2, 4, 8, 9
_SHN_LORESERVE = 0xFF00


@dataclass(slots=True)
class _Section:
    name: int
    kind: int
    flags: int
    address: int
    offset: int
    size: int
    link: int
    info: int
    alignment: int
    entry: int


@dataclass(frozen=True, slots=True)
class _Format:
    """The differences between the two classes of ELF."""

    header: struct.Struct
    """Of a section."""
    table_at: int
    word: str
    sizes_at: int
    """``e_shentsize``, ``e_shnum``, ``e_shstrndx``."""
    symbol: int
    symbol_section_at: int


def strip_debug(data: bytes) -> bytes:
    """Return the file without debug sections; the same bytes when it has none. Raises `ElfError`."""
    shape = read_shape(io.BytesIO(data))
    if shape is None:
        return data
    form = _format(shape.order, shape.bits)
    (table,) = struct.unpack_from(shape.order + form.word, data, form.table_at)
    size, count, names_index = struct.unpack_from(shape.order + "HHH", data, form.sizes_at)
    if not count or size != form.header.size:
        return data
    try:
        sections = [_Section(*form.header.unpack_from(data, table + size * index)) for index in range(count)]
        names = sections[names_index]
        kept = [index for index in range(count) if not _is_debug(sections[index], data, names.offset)]
    except (struct.error, IndexError, OverflowError):
        raise ElfError("the section headers are damaged") from None
    loaded = [(segment.offset, segment.size) for segment in shape.segments]
    loaded += [(s.offset, s.size) for s in sections if s.flags & _SHF_ALLOC and s.kind != _SHT_NOBITS]
    end = max((offset + length for offset, length in loaded), default=0)
    if len(kept) == count or any(s.size and s.offset < end for s in sections if _is_debug(s, data, names.offset)):
        return data
    return _rebuild(data, sections, kept, end, form, shape.order, names_index)


def _rebuild(
    data: bytes, sections: list[_Section], kept: list[int], end: int, form: _Format, order: str, names_index: int
) -> bytes:
    numbers = {old: new for new, old in enumerate(kept)}
    result = bytearray(data[:end])
    for section in (sections[index] for index in kept):
        if section.offset < end or section.kind == _SHT_NOBITS:
            continue
        content = data[section.offset : section.offset + section.size]
        if section.kind == _SHT_SYMTAB:
            content = _renumber_symbols(content, numbers, form, order)
        result += bytes(-len(result) % max(section.alignment, 1))
        section.offset = len(result)
        result += content
    result += bytes(-len(result) % 8)
    start = len(result)
    for section in (sections[index] for index in kept):
        section.link = numbers.get(section.link, 0)
        if section.flags & _SHF_INFO_LINK or section.kind in (_SHT_REL, _SHT_RELA):
            section.info = numbers.get(section.info, 0)
        result += form.header.pack(
            section.name, section.kind, section.flags, section.address, section.offset, section.size,
            section.link, section.info, section.alignment, section.entry,
        )  # fmt: skip
    struct.pack_into(order + form.word, result, form.table_at, start)
    struct.pack_into(order + "HH", result, form.sizes_at + 2, len(kept), numbers[names_index])
    return bytes(result)


def _renumber_symbols(content: bytes, numbers: dict[int, int], form: _Format, order: str) -> bytes:
    symbols = bytearray(content)
    for place in range(form.symbol_section_at, len(symbols) - 1, form.symbol):
        (old,) = struct.unpack_from(order + "H", symbols, place)
        if 0 < old < _SHN_LORESERVE:
            struct.pack_into(order + "H", symbols, place, numbers.get(old, 0))
    return bytes(symbols)


def _is_debug(section: _Section, data: bytes, names: int) -> bool:
    return not section.flags & _SHF_ALLOC and data.startswith(_DEBUG, names + section.name)


def _format(order: str, bits: int) -> _Format:
    if bits == 64:  # noqa: PLR2004 - the two classes of ELF
        return _Format(struct.Struct(order + "IIQQQQIIQQ"), 40, "Q", 58, 24, 6)
    return _Format(struct.Struct(order + "IIIIIIIIII"), 32, "I", 46, 16, 14)
