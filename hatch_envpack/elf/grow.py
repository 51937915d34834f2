"""A string more in an ELF file that has no room for it: a new segment, behind all that is there.

Nothing that is loaded moves by a byte. The new segment holds a copy of the string table with the new string at its end,
and, since the program headers are one more now and would overwrite what stands behind them, these too; those of a
program are put into the padding at the end of its first segment, as kernels before 5.18 look for them there. The new
entry of the dynamic section takes one of the spare ``DT_NULL`` that linkers leave at its end for tools like this.

The format: https://refspecs.linuxfoundation.org/elf/gabi4+/contents.html
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from hatch_envpack.elf.read import DT_NULL, DT_STRSZ, DT_STRTAB, PT_DYNAMIC, PT_INTERP, PT_LOAD, ElfError

if TYPE_CHECKING:
    from hatch_envpack.elf.read import Segment, Shape

_PT_PHDR = 6
_PF_R = 4
_SHT_STRTAB = 3
_SMALLEST_PAGE, _LARGEST_PAGE = 0x1000, 0x10000
_WORD = 8


def with_string(data: bytes, shape: Shape, tag: int, text: bytes) -> bytes | None:
    """Return the file with one more entry, the first ``tag`` of its dynamic section; None where there is no room.

    Raises `ElfError` for a damaged file.
    """
    try:
        return _Growth(data, shape).with_string(tag, text)
    except (struct.error, IndexError, OverflowError):
        raise ElfError("a table lies outside of the file") from None


def page_size(shape: Shape) -> int:
    """Return the pages that what is added must not share with what is there, on kernels with large pages either."""
    largest = max((segment.alignment for segment in shape.segments if segment.kind == PT_LOAD), default=1)
    return min(max(largest, _SMALLEST_PAGE), _LARGEST_PAGE)


class _Growth:
    """One edit of one file; the numbers are places of fields in the two classes of ELF."""

    def __init__(self, data: bytes, shape: Shape) -> None:
        self._data = bytearray(data)
        self._shape = shape
        self._wide = shape.bits == 64  # noqa: PLR2004
        self._header = struct.Struct(shape.order + ("IIQQQQQQ" if self._wide else "IIIIIIII"))
        self._section = struct.Struct(shape.order + ("IIQQQQIIQQ" if self._wide else "IIIIIIIIII"))
        self._loaded = [segment for segment in shape.segments if segment.kind == PT_LOAD]

    def with_string(self, tag: int, text: bytes) -> bytes | None:
        shape, data = self._shape, self._data
        headers = self._headers()
        if not self._has_spare_entry() or not self._loaded or len(headers) != len(shape.segments):
            return None
        strings = bytes(data[shape.strings_offset :][: shape.strings_size])
        place = len(strings)
        strings += text + b"\0"
        table_size = (len(headers) + 1) * self._header.size
        gap = self._gap(table_size) if self._is_program() else 0
        if gap is None:
            return None
        data += bytes(-len(data) % _WORD)
        page = page_size(shape)
        offset = len(data)
        address = self._end() + -self._end() % page + offset % page
        head = 0 if gap else table_size
        size = head + len(strings)
        added = self._pack(PT_LOAD, _PF_R, offset, address, size, page)
        last = max(index for index, segment in enumerate(shape.segments) if segment.kind == PT_LOAD)
        headers.insert(last + 1, added)
        table, table_address = (gap, self._loaded[0].address + gap) if gap else (offset, address)
        for index, header in enumerate(headers):
            if self._kind(header) == _PT_PHDR:
                headers[index] = self._pack(_PT_PHDR, _PF_R, table, table_address, table_size, _WORD)
        if gap:
            first = next(index for index, header in enumerate(headers) if self._kind(header) == PT_LOAD)
            headers[first] = self._longer(headers[first], gap + table_size)
            data[gap : gap + table_size] = b"".join(headers)
        else:
            data += b"".join(headers)
        data += strings
        self._put(32 if self._wide else 28, shape.word, table)
        self._put(56 if self._wide else 44, "H", len(headers))
        self._move_strings(offset + head, address + head, len(strings))
        self._append(tag, place)
        return bytes(data)

    def _headers(self) -> list[bytes]:
        (table,) = struct.unpack_from(self._shape.order + self._shape.word, self._data, 32 if self._wide else 28)
        size, count = struct.unpack_from(self._shape.order + "HH", self._data, 54 if self._wide else 42)
        if size != self._header.size:
            return []
        return [bytes(self._data[table + size * index :][:size]) for index in range(count)]

    def _kind(self, header: bytes) -> int:
        return int(self._header.unpack(header)[0])

    def _pack(self, kind: int, flags: int, offset: int, address: int, size: int, alignment: int) -> bytes:
        if self._wide:
            return self._header.pack(kind, flags, offset, address, address, size, size, alignment)
        return self._header.pack(kind, offset, address, address, size, size, flags, alignment)

    def _longer(self, header: bytes, size: int) -> bytes:
        """Return the header of a segment that begins with the file and now has ``size`` bytes."""
        fields = list(self._header.unpack(header))
        where = 5 if self._wide else 4
        fields[where : where + 2] = [size, size]
        return self._header.pack(*fields)

    def _is_program(self) -> bool:
        return any(segment.kind == PT_INTERP for segment in self._shape.segments)

    def _gap(self, size: int) -> int | None:
        """Return where in the padding behind the first segment, whose beginning is the file's, so many bytes fit."""
        first, *others = self._loaded
        start = first.offset + first.size
        start += -start % _WORD
        end = start + size
        if first.offset or self._memory(first) != first.size or not others:
            return None
        limit = min(segment.address for segment in others)
        limit -= limit % page_size(self._shape)
        taken = min(place for place in self._places() if place >= first.offset + first.size)
        if first.address + end > limit or end > taken or any(self._data[start:end]):
            return None
        return start

    def _places(self) -> list[int]:
        """Return where anything begins in the file, and its end."""
        places = [segment.offset for segment in self._shape.segments if segment.size]
        places += [section[4] for _, section in self._sections() if section[5]]
        table = 40 if self._wide else 32
        (sections,) = struct.unpack_from(self._shape.order + self._shape.word, self._data, table)
        return [*places, *([sections] if sections else []), len(self._data)]

    def _memory(self, segment: Segment) -> int:
        """Return how many bytes a segment has in memory."""
        index = self._shape.segments.index(segment)
        return int(self._header.unpack(self._headers()[index])[6 if self._wide else 5])

    def _end(self) -> int:
        """Return the first address that is free."""
        return max(segment.address + self._memory(segment) for segment in self._loaded)

    def _has_spare_entry(self) -> bool:
        """Whether one ``DT_NULL`` is left when another is taken."""
        shape = self._shape
        place = shape.dynamic_offset + (len(shape.dynamic) + 1) * shape.entry_size
        size = next((segment.size for segment in shape.segments if segment.kind == PT_DYNAMIC), 0)
        if place + shape.entry_size > shape.dynamic_offset + size:
            return False
        (tag,) = struct.unpack_from(shape.order + shape.word, self._data, place)
        return bool(tag == DT_NULL)

    def _append(self, tag: int, value: int) -> None:
        shape = self._shape
        place = shape.dynamic_offset + len(shape.dynamic) * shape.entry_size
        self._put(place, shape.word * 2, tag, value)

    def _move_strings(self, offset: int, address: int, size: int) -> None:
        """Name the new string table wherever the old one was named."""
        shape = self._shape
        for index, (tag, value) in enumerate(shape.dynamic):
            new = {DT_STRTAB: address, DT_STRSZ: size}.get(tag, value)
            self._put(shape.dynamic_offset + index * shape.entry_size, shape.word * 2, tag, new)
        for place, fields in self._sections():
            if fields[1] == _SHT_STRTAB and fields[3] and fields[4] == shape.strings_offset:
                self._data[place : place + self._section.size] = self._section.pack(
                    *fields[:3], address, offset, size, *fields[6:]
                )

    def _sections(self) -> list[tuple[int, tuple[int, ...]]]:
        """Return place and fields of the section headers."""
        (table,) = struct.unpack_from(self._shape.order + self._shape.word, self._data, 40 if self._wide else 32)
        size, count = struct.unpack_from(self._shape.order + "HH", self._data, 58 if self._wide else 46)
        if size != self._section.size:
            return []
        places = range(table, table + size * count, size)
        return [(place, self._section.unpack_from(self._data, place)) for place in places]

    def _put(self, place: int, layout: str, *values: int) -> None:
        struct.pack_into(self._shape.order + layout, self._data, place, *values)
