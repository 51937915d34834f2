"""Editing an ELF file: the shortest edit that does it (N8), and none at all to a file that is right (N2).

In place where the new string fits into the old one's room; by a segment more where it does not; with LIEF where the
linker left no room for that either.
"""

from __future__ import annotations

import io
import re
import struct
from dataclasses import replace
from typing import TYPE_CHECKING

from hatch_envpack.elf.grow import page_size, with_string
from hatch_envpack.elf.model import SearchPath
from hatch_envpack.elf.read import (
    DT_NEEDED,
    DT_RPATH,
    DT_RUNPATH,
    DT_SONAME,
    PT_INTERP,
    ElfError,
    Shape,
    read_elf,
    read_shape,
    string_at,
    version_needs,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hatch_envpack.elf.model import Elf

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
_PATH_TAGS = (DT_RPATH, DT_RUNPATH)

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
        result = _grown(data, shape, path)
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
    found = [(index, value) for index, (tag, value) in enumerate(shape.dynamic) if tag in _PATH_TAGS]
    if not found:
        return data if not path.entries else None
    edited = bytearray(data)
    strings = data[shape.strings_offset : shape.strings_offset + shape.strings_size]
    new = ":".join(path.entries).encode()
    for index, offset in found:
        old = string_at(strings, offset).encode("utf-8", "surrogateescape")
        own = _own_part(data, shape, strings, offset, len(old))
        if path.entries and (own < len(old) or len(new) > len(old)):
            return None
        start = shape.strings_offset + offset
        edited[start : start + own] = new.ljust(own, b"\0")
        if path.entries:
            tag = struct.pack(shape.order + shape.word, _tag(path))
            place = shape.dynamic_offset + index * shape.entry_size
            edited[place : place + len(tag)] = tag
    # of two tags one is enough, and of no path none
    for index, _ in reversed(found[1:] if path.entries else found):
        _remove_entry(edited, shape, index)
    return bytes(edited)


def _grown(data: bytes, shape: Shape, path: SearchPath) -> bytes | None:
    """Return the file with a segment more, or None when the linker left no room for one."""
    without = _in_place(data, shape, SearchPath((), inherited=False))
    shape_without = read_shape(io.BytesIO(without or data))
    if without is None or shape_without is None:
        return None
    return with_string(without, shape_without, _tag(path), ":".join(path.entries).encode())


def _tag(path: SearchPath) -> int:
    return DT_RPATH if path.inherited else DT_RUNPATH


def _remove_entry(data: bytearray, shape: Shape, index: int) -> None:
    """Move the entries behind up by one; the ``DT_NULL`` that ends the section moves with them."""
    start = shape.dynamic_offset + index * shape.entry_size
    end = shape.dynamic_offset + (len(shape.dynamic) + 1) * shape.entry_size
    data[start:end] = data[start + shape.entry_size : end] + bytes(shape.entry_size)


def _own_part(data: bytes, shape: Shape, strings: bytes, offset: int, length: int) -> int:
    """Return how many bytes of a search path are of no other string: linkers let ``lib`` be the end of ``/opt/lib``."""
    if offset == 0 or strings[offset - 1] != 0:
        return 0
    references = [place for place in _references(data, shape) if offset <= place <= offset + length]
    for tag, value in shape.dynamic:
        if tag in _PATH_TAGS and value == offset:
            references.remove(offset)
    return min(references, default=offset + length) - offset


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
    options.page_size = page_size(shape)
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


def _check(result: bytes, wanted: Elf) -> None:
    after = read_elf(io.BytesIO(result))
    if after != wanted:
        raise ElfError(f"the edited file does not read back as it was asked: {after} instead of {wanted}")
