"""Editing an ELF file: the shortest edit that does it (N8), and none at all to a file that is right (N2).

In place where the new string fits into the old one's room; with LIEF, which adds a segment, where it does not.
"""

from __future__ import annotations

import io
import re
import struct
from dataclasses import replace
from typing import TYPE_CHECKING

from hatch_envpack.elf.read import (
    DT_NEEDED,
    DT_RPATH,
    DT_RUNPATH,
    DT_SONAME,
    PT_INTERP,
    PT_LOAD,
    ElfError,
    Shape,
    read_elf,
    read_shape,
    string_at,
    version_needs,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hatch_envpack.elf.model import Elf, SearchPath

_DT_AUXILIARY, _DT_FILTER, _DT_CONFIG, _DT_DEPAUDIT, _DT_AUDIT = (
    0x7FFFFFFD,
    0x7FFFFFFF,
    0x6FFFFEFA,
    0x6FFFFEFB,
    0x6FFFFEFC,
)
_STRING_TAGS = frozenset(
    {DT_NEEDED, DT_SONAME, DT_RPATH, DT_RUNPATH, _DT_AUXILIARY, _DT_FILTER, _DT_CONFIG, _DT_DEPAUDIT, _DT_AUDIT}
)
_DT_VERDEF, _DT_VERDEFNUM = 0x6FFFFFFC, 0x6FFFFFFD
_SHT_DYNSYM = 11
_ET_DYN = 3
_SMALLEST_PAGE, _LARGEST_PAGE = 0x1000, 0x10000

_NOWHERE = b"/nonexistent"
"""A folder that exists on no machine: Debian's policy gives it to users without a home."""


def set_search_path(data: bytes, path: SearchPath) -> bytes:
    """Return the file with this library search path, and with no other.

    Raises `ElfError` when the result does not read back as asked, or when anything else changed with it.
    """
    shape = read_shape(io.BytesIO(data))
    before = read_elf(io.BytesIO(data))
    if shape is None or before is None:
        raise ElfError("not an ELF file")
    result = _in_place(data, shape, path)
    if result is None:
        result = _with_lief(data, shape, path)
    entries = path.entries or None
    wanted = replace(before, rpath=entries if path.inherited else None, runpath=None if path.inherited else entries)
    _check(result, wanted)
    return result


def replace_prefix(data: bytes, prefix: str) -> bytes:
    """Return the file with a compiled-in folder replaced by one of the same length that exists nowhere.

    CPython falls back to the prefix it was configured with when it does not find its library where it lies; at the
    target that folder is somebody else's.
    """
    old = prefix.encode("utf-8", "surrogateescape")
    parent, slash, name = old.rpartition(b"/")
    if not parent or old not in data:
        return data
    # The last component stays: linkers let one string be the end of another, and in a CPython installed in
    # …/versions/3.12.1 the version that it prints is the end of its prefix.
    new = _NOWHERE[: len(parent)].ljust(len(parent), b"/") + slash + name
    return re.sub(re.escape(old) + rb"(?![\w.-])", new, data)


def _in_place(data: bytes, shape: Shape, path: SearchPath) -> bytes | None:
    """Return the edited file, or None when the new path has no room."""
    found = [(index, value) for index, (tag, value) in enumerate(shape.dynamic) if tag in (DT_RPATH, DT_RUNPATH)]
    if not found:
        return data if not path.entries else None
    edited = bytearray(data)
    strings = data[shape.strings_offset : shape.strings_offset + shape.strings_size]
    for index, offset in found:
        old = string_at(strings, offset).encode("utf-8", "surrogateescape")
        new = ":".join(path.entries).encode()
        if len(new) > len(old) or _is_shared(data, shape, strings, offset, len(old)):
            return None
        start = shape.strings_offset + offset
        edited[start : start + len(old)] = new.ljust(len(old), b"\0")
        if path.entries:
            tag = struct.pack(shape.order + shape.word, DT_RPATH if path.inherited else DT_RUNPATH)
            place = shape.dynamic_offset + index * shape.entry_size
            edited[place : place + len(tag)] = tag
    # of two tags one is enough, and of no path none
    for index, _ in reversed(found[1:] if path.entries else found):
        _remove_entry(edited, shape, index)
    return bytes(edited)


def _remove_entry(data: bytearray, shape: Shape, index: int) -> None:
    """Move the entries behind up by one; the ``DT_NULL`` that ends the section moves with them."""
    start = shape.dynamic_offset + index * shape.entry_size
    end = shape.dynamic_offset + (len(shape.dynamic) + 1) * shape.entry_size
    data[start:end] = data[start + shape.entry_size : end] + bytes(shape.entry_size)


def _is_shared(data: bytes, shape: Shape, strings: bytes, offset: int, length: int) -> bool:
    """Whether another string ends inside this one: linkers let ``lib`` be the end of ``/opt/lib``."""
    if offset == 0 or strings[offset - 1] != 0:
        return True
    references = list(_references(data, shape))
    inside = sum(offset <= reference <= offset + length for reference in references)
    own = sum(tag in (DT_RPATH, DT_RUNPATH) and value == offset for tag, value in shape.dynamic)
    return inside != own


def _references(data: bytes, shape: Shape) -> Iterator[int]:
    """Yield the place of every string that anything in the file refers to."""
    stream = io.BytesIO(data)
    yield from (value for tag, value in shape.dynamic if tag in _STRING_TAGS)
    for name, symbols in version_needs(stream, shape):
        yield name
        yield from symbols
    yield from _version_definitions(data, shape)
    yield from _symbol_names(data, shape)


def _version_definitions(data: bytes, shape: Shape) -> Iterator[int]:
    address, count = shape.value(_DT_VERDEF), shape.value(_DT_VERDEFNUM)
    if address is None or count is None:
        return
    offset = shape.offset_of(address)
    for _ in range(count):
        _version, _flags, _index, names, _hash, first, following = _unpack(shape.order + "HHHHIII", data, offset)
        place = offset + first
        for _name in range(names):
            name, next_name = _unpack(shape.order + "II", data, place)
            yield name
            place += next_name
        offset += following


def _symbol_names(data: bytes, shape: Shape) -> Iterator[int]:
    wide = shape.bits == 64  # noqa: PLR2004 - the two classes of ELF
    (table,) = _unpack(shape.order + shape.word, data, 40 if wide else 32)
    size, count = _unpack(shape.order + "HH", data, 58 if wide else 46)
    if not count:
        yield from range(shape.strings_size)  # without section headers nothing can be ruled out
    for index in range(count):
        header = _unpack(shape.order + ("IIQQQQIIQQ" if wide else "IIIIIIIIII"), data, table + index * size)
        if header[1] == _SHT_DYNSYM:
            offset, length, entry = header[4], header[5], header[9]
            for place in range(offset, offset + length, entry or length):
                yield _unpack(shape.order + "I", data, place)[0]


def _unpack(layout: str, data: bytes, offset: int) -> tuple[int, ...]:
    try:
        return struct.unpack_from(layout, data, offset)
    except (struct.error, OverflowError):
        raise ElfError("a table lies outside of the file") from None


def _with_lief(data: bytes, shape: Shape, path: SearchPath) -> bytes:
    import lief  # noqa: PLC0415 - takes a third of a second, and most packs never come here

    lief.logging.disable()
    options = lief.ELF.ParserConfig()
    # what is added must not share a page with what is there, on kernels with large pages either
    options.page_size = min(max(_page_size(shape), _SMALLEST_PAGE), _LARGEST_PAGE)
    binary = lief.ELF.parse(io.BytesIO(data), options)
    if not isinstance(binary, lief.ELF.Binary):
        raise ElfError("LIEF cannot read the file")
    if shape.kind == _ET_DYN:
        # by default all that is loaded is moved up by a page, which breaks Debian's libpython; these two move nothing.
        # Kernels before 5.18 look for a program's headers where its first segment has them.
        where = lief.ELF.Binary.PHDR_RELOC
        is_program = any(segment.kind == PT_INTERP for segment in shape.segments)
        binary.relocate_phdr_table(where.SEGMENT_GAP if is_program else where.FILE_END)
    for tag in (lief.ELF.DynamicEntry.TAG.RPATH, lief.ELF.DynamicEntry.TAG.RUNPATH):
        while binary.has(tag):
            binary.remove(tag)
    text = ":".join(path.entries)
    binary.add(lief.ELF.DynamicEntryRpath(text) if path.inherited else lief.ELF.DynamicEntryRunPath(text))
    return bytes(binary.write_to_bytes())


def _page_size(shape: Shape) -> int:
    """Return the largest page that the file can be mapped with."""
    return max((segment.alignment for segment in shape.segments if segment.kind == PT_LOAD), default=1)


def _check(result: bytes, wanted: Elf) -> None:
    after = read_elf(io.BytesIO(result))
    if after != wanted:
        raise ElfError(f"the edited file does not read back as it was asked: {after} instead of {wanted}")
