"""Damaged ELF files: an `ElfError` or a result, never anything else, and soon."""

from __future__ import annotations

import io
import struct
from contextlib import suppress
from functools import cache
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hatch_envpack.elf.edit import set_search_path
from hatch_envpack.elf.model import SearchPath
from hatch_envpack.elf.read import ElfError, read_elf, read_shape
from hatch_envpack.elf.strip import strip_debug
from hatch_envpack.entry import Entry
from hatch_envpack.errors import RelocationError
from hatch_envpack.libraries.closure import plan_libraries
from tests.conftest import find_pyenv
from tests.relocate.contexts import context

if TYPE_CHECKING:
    from collections.abc import Callable

_SITE = "lib/python3.12/site-packages"
_EDITS = st.lists(st.tuples(st.integers(0, 1 << 16), st.binary(min_size=1, max_size=8)), max_size=6)
_CUT = st.none() | st.integers(0, 1 << 15)


@cache
def _module() -> bytes:
    """Return a small real extension module that asks for symbol versions."""
    folder = find_pyenv("3.12").parent.parent / "lib/python3.12/lib-dynload"
    return next(data for path in sorted(folder.glob("*.so"), key=_size) if _versions(data := path.read_bytes()))


def _size(path: Path) -> int:
    return path.stat().st_size


def _versions(data: bytes) -> bool:
    elf = read_elf(io.BytesIO(data))
    return elf is not None and bool(elf.versions)


def _damaged(data: bytes, edits: list[tuple[int, bytes]], cut: int | None) -> bytes:
    """Change some bytes, most of them where the tables are, and perhaps cut off the end; the magic stays."""
    damaged = bytearray(data)
    for place, new in edits:
        # half of all edits hit the header and the program headers
        start = 4 + (place % 700 if place % 2 else place % (len(damaged) - 16))
        damaged[start : start + len(new)] = new
    return bytes(damaged[: None if cut is None else 4 + cut])


@settings(max_examples=400, deadline=1000)
@given(_EDITS, _CUT)
@example([(43, b"\x80")], None)  # the section headers begin behind the end of every file
def test_n8_any_damage(edits: list[tuple[int, bytes]], cut: int | None) -> None:
    """Reading, stripping and looking for the place of a path end with a result or an `ElfError`."""
    data = _damaged(_module(), edits, cut)
    for use in (lambda: read_elf(io.BytesIO(data)), lambda: strip_debug(data)):
        with suppress(ElfError):
            use()


@settings(max_examples=25)
@given(_EDITS, _CUT)
def test_n8_any_damage_in_a_plan(
    tmp_path_factory: pytest.TempPathFactory, edits: list[tuple[int, bytes]], cut: int | None
) -> None:
    """A wheel's file is told to be damaged, or planned with; one of the interpreter's is an error that names it."""
    source = tmp_path_factory.mktemp("elf") / "x.so"
    source.write_bytes(_damaged(_module(), edits, cut))
    own = Entry(PurePosixPath("lib/python3.12/lib-dynload/x.so"), source=source)
    wheels = Entry(PurePosixPath(_SITE, "x.so"), source=source)
    c = context()
    plan = plan_libraries([wheels], c.layout, c.interpreter, c.site_packages)
    assert (wheels.path in plan.damaged) != (wheels.path in plan.elves)
    words = ""
    try:
        plan_libraries([own], c.layout, c.interpreter, c.site_packages)
    except RelocationError as error:
        words = str(error)
    assert words.startswith("lib/python3.12/lib-dynload/x.so is damaged: " if plan.damaged else "")
    assert bool(words) == bool(plan.damaged)


def _dynamic(data: bytes, change: Callable[[int, int], tuple[int, int]]) -> bytes:
    """Return the file with the entries of its dynamic section changed."""
    shape = read_shape(io.BytesIO(data))
    assert shape is not None
    changed = bytearray(data)
    for index, entry in enumerate(shape.dynamic):
        struct.pack_into("<QQ", changed, shape.dynamic_offset + index * 16, *change(*entry))
    return bytes(changed)


def test_n8_symbol_versions_without_end() -> None:
    """A table whose parts each name 65535 versions, in a chain, is refused instead of followed for hours."""
    shape = read_shape(io.BytesIO(_module()))
    assert shape is not None
    # the first segment becomes the whole file; each row of the table is read as a library and as one of its versions
    start = len(_module()) + -len(_module()) % 16
    data = bytearray(_module().ljust(start, b"\0")) + struct.pack("<IHHII", 0xFFFF0001, 1, 0, 16, 16) * (1 << 16)
    index = next(n for n, segment in enumerate(shape.segments) if segment.kind == 1)
    header = struct.unpack_from("<Q", data, 32)[0] + index * 56
    struct.pack_into("<QQQQQ", data, header + 8, 0, 0, 0, len(data), len(data))
    values = {0x6FFFFFFE: start, 0x6FFFFFFF: 1 << 30}
    endless = _dynamic(bytes(data), lambda tag, value: (tag, values.get(tag, value)))
    with pytest.raises(ElfError, match="the table of symbol versions has no end"):
        read_elf(io.BytesIO(endless))


@pytest.mark.parametrize(
    "soname",
    ["/usr/lib/x86_64-linux-gnu/libz.so.1", "../x.so", "lib**.so", "libz.so.*", "[a.so", "a\\1.so", "", "x" * 300],
)
def test_n5_strange_names_of_needed_libraries(tmp_path: Path, soname: str) -> None:
    """A path, a pattern, an escape, nothing, a name too long: told to be missing, and never looked for elsewhere."""
    shape = read_shape(io.BytesIO(_module()))
    assert shape is not None
    # a string table of its own, at the end of the file, where the last segment is made to reach
    place = len(_module()) + -len(_module()) % 4096
    strings = b"\0" + soname.encode() + b"\0$ORIGIN/libs\0"
    data = bytearray(_module().ljust(place, b"\0") + strings)
    index = next(n for n, segment in enumerate(shape.segments) if segment.kind == 1)
    header = struct.unpack_from("<Q", data, 32)[0] + index * 56
    struct.pack_into("<QQQQQ", data, header + 8, 0, 0, 0, len(data), len(data))
    kept = {5: place, 10: len(strings), 1: 1, 29: len(soname) + 2}
    file = _dynamic(bytes(data), lambda tag, value: (tag, kept[tag]) if tag in kept else (0x6FFFFEF5, value))
    folder = tmp_path / "a\\d folder"
    folder.mkdir()
    source = folder / "x.so"
    source.write_bytes(file)
    c = context()
    path = PurePosixPath(_SITE, "a\\d", "x.so")
    plan = plan_libraries([Entry(path, source=source)], c.layout, c.interpreter, c.site_packages)
    assert plan.missing == {path: (soname,)}


def test_n8_damage_is_not_edited() -> None:
    """A file that LIEF cannot read either is an `ElfError`."""
    with pytest.raises(ElfError):
        set_search_path(_module()[:600], SearchPath(("$ORIGIN",), inherited=False))
