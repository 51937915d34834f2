"""Reading, editing and stripping ELF files: real ones, made by the compiler, and hostile ones."""

from __future__ import annotations

import io
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from hatch_envpack.elf.edit import replace_prefix, set_search_path
from hatch_envpack.elf.model import SearchPath
from hatch_envpack.elf.read import ElfError, read_elf
from hatch_envpack.elf.strip import strip_debug
from tests.conftest import find_debian, find_pyenv, missing

if TYPE_CHECKING:
    from hatch_envpack.elf.model import Elf

LONG = "/build/a/very/long/path/of/the/build/machine/lib"


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a library, and programs that need it by various search paths."""
    if shutil.which("gcc") is None:
        missing("gcc is not installed")
    folder = tmp_path_factory.mktemp("compiled")
    (folder / "lib").mkdir()
    (folder / "bin").mkdir()
    (folder / "answer.c").write_text("int answer(void) { return 42; }\n")
    (folder / "main.c").write_text(
        '#include <stdio.h>\nint answer(void);\nint main(void) { printf("%d\\n", answer()); return 0; }\n'
    )
    library = folder / "lib/libanswer.so.1"
    _gcc("-shared", "-fPIC", "-g", "-Wl,-soname,libanswer.so.1", "-o", library, folder / "answer.c")
    for name, flags in {
        "runpath": ["-Wl,--enable-new-dtags", f"-Wl,-rpath,{LONG}"],
        "rpath": ["-Wl,--disable-new-dtags", f"-Wl,-rpath,{LONG}"],
        "none": [],
        "fixed": ["-no-pie"],
        "short": ["-Wl,-rpath,/x"],
    }.items():
        _gcc("-g", *flags, "-o", folder / "bin" / name, folder / "main.c", library)
    return folder


def _gcc(*arguments: str | Path) -> None:
    subprocess.run(["gcc", *arguments], check=True)


def _read(data: bytes) -> Elf:
    elf = read_elf(io.BytesIO(data))
    assert elf is not None
    return elf


def _run(folder: Path, data: bytes, tmp_path: Path) -> str:
    """Run a program beside a copy of the library, in a path with a space."""
    place = tmp_path / "a b"
    shutil.copytree(folder / "lib", place / "lib")
    (place / "bin").mkdir()
    (place / "bin/program").write_bytes(data)
    (place / "bin/program").chmod(0o755)
    return subprocess.run([place / "bin/program"], env={}, capture_output=True, text=True, check=True).stdout


def test_reads_what_readelf_reads(compiled: Path) -> None:
    """Dependencies, name, search path and loader are those that the linker was told."""
    library = _read((compiled / "lib/libanswer.so.1").read_bytes())
    assert (library.soname, library.interpreter, library.rpath, library.runpath) == ("libanswer.so.1", None, None, None)
    program = _read((compiled / "bin/runpath").read_bytes())
    assert program.needed == ("libanswer.so.1", "libc.so.6")
    assert (program.rpath, program.runpath) == (None, (LONG,))
    assert "ld-linux" in str(program.interpreter)
    assert _read((compiled / "bin/rpath").read_bytes()).rpath == (LONG,)
    versions = dict(program.versions)["libc.so.6"]
    assert any(version.startswith("GLIBC_2.") for version in versions)


@pytest.mark.parametrize("name", ["runpath", "rpath", "none", "fixed", "short"])
@pytest.mark.parametrize("inherited", [True, False])
def test_n1_n3_n8_search_path(compiled: Path, tmp_path: Path, name: str, inherited: bool) -> None:  # noqa: FBT001
    """Whatever stood there, the asked path stands there afterwards, nothing else changed, and the program runs."""
    data = (compiled / "bin" / name).read_bytes()
    edited = set_search_path(data, SearchPath(("$ORIGIN/../lib",), inherited=inherited))
    tag = (
        {"rpath": ("$ORIGIN/../lib",), "runpath": None}
        if inherited
        else {"rpath": None, "runpath": ("$ORIGIN/../lib",)}
    )
    assert _read(edited) == replace(_read(data), **tag)  # type: ignore[arg-type]
    assert _run(compiled, edited, tmp_path) == "42\n"
    assert set_search_path(data, SearchPath(("$ORIGIN/../lib",), inherited=inherited)) == edited


@pytest.mark.parametrize("name", ["runpath", "rpath"])
def test_n8_in_place_where_it_fits(compiled: Path, name: str) -> None:
    """An edit that fits changes the string and the tag, and no other byte; the old path is gone."""
    data = (compiled / "bin" / name).read_bytes()
    edited = set_search_path(data, SearchPath(("$ORIGIN/../lib",), inherited=False))
    assert len(edited) == len(data)
    changed = [number for number, (one, other) in enumerate(zip(data, edited, strict=True)) if one != other]
    start = data.index(LONG.encode())
    outside = [number for number in changed if not start <= number < start + len(LONG)]
    assert len(outside) <= 8
    assert LONG.encode() not in edited


def test_n1_n4_path_is_removed(compiled: Path) -> None:
    """Without entries the tag goes, the other entries of the section stay."""
    data = (compiled / "bin/runpath").read_bytes()
    edited = set_search_path(data, SearchPath((), inherited=False))
    assert _read(edited) == replace(_read(data), runpath=None)
    assert LONG.encode() not in edited


def test_n8_string_that_is_shared_is_not_overwritten(tmp_path: Path) -> None:
    """Where a symbol's name is the end of the search path, the symbol keeps its name."""
    if shutil.which("gcc") is None:
        missing("gcc is not installed")
    (tmp_path / "x.c").write_text("int sharedname(void) { return 1; }\n")
    path = tmp_path / "x.so"
    _gcc("-shared", "-fPIC", "-Wl,-rpath,/build/lib/sharedname", "-o", path, tmp_path / "x.c")
    edited = set_search_path(path.read_bytes(), SearchPath(("$ORIGIN",), inherited=False))
    (tmp_path / "y.so").write_bytes(edited)
    symbols = subprocess.run(["nm", "-D", tmp_path / "y.so"], capture_output=True, text=True, check=True).stdout
    assert "sharedname" in symbols
    assert _read(edited).runpath == ("$ORIGIN",)


@pytest.mark.parametrize(
    "library", ["libssl.so.3", "libcrypto.so.3", "libsqlite3.so.0", "libstdc++.so.6", "libreadline.so.8"]
)
def test_n8_system_libraries_load_after_an_edit(tmp_path: Path, library: str) -> None:
    """Real libraries without a search path get one and still load."""
    found = sorted(Path("/usr/lib").glob(f"*/{library}"))
    if not found:
        missing(f"{library} is not installed")
    path = tmp_path / library
    path.write_bytes(set_search_path(found[0].read_bytes(), SearchPath(("$ORIGIN", "$ORIGIN/../lib"), inherited=False)))
    code = "import ctypes, sys; ctypes.CDLL(sys.argv[1]); print(open('/proc/self/maps').read().count(sys.argv[1]) > 0)"
    done = subprocess.run([find_debian(), "-c", code, path], capture_output=True, text=True, check=False)
    assert done.stdout == "True\n", done.stderr


def test_n8_n12_libpython_of_debian_works_after_an_edit(tmp_path: Path) -> None:
    """It has no search path of its own and is large enough for whatever an edit moves: embedded, it runs."""
    version = find_debian().name.removeprefix("python")
    found = sorted(Path("/usr/lib").glob(f"*/libpython{version}.so.1.0"))
    if not found or shutil.which("gcc") is None:
        missing("Debian's libpython or gcc is not installed")
    library = tmp_path / found[0].name
    library.write_bytes(set_search_path(found[0].read_bytes(), SearchPath(("$ORIGIN",), inherited=False)))
    (tmp_path / "main.c").write_text(
        "void Py_Initialize(void); int PyRun_SimpleString(const char *);\n"
        'int main(void) { Py_Initialize(); return PyRun_SimpleString("import json, ssl, zlib"); }\n'
    )
    _gcc("-o", tmp_path / "main", tmp_path / "main.c", library, f"-Wl,-rpath,{tmp_path}")
    environment = {"PYTHONHOME": "/usr"}
    done = subprocess.run([tmp_path / "main"], env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_compiled_in_prefix_keeps_strings_that_end_in_it() -> None:
    """Only the part before the last folder is replaced, in the same length."""
    prefix = "/home/me/.pyenv/versions/3.12.1"
    data = b"\0" + prefix.encode() + b"\0" + prefix.encode() + b"/lib\0/home/me/.pyenv/versions/3.12.10\0"
    edited = replace_prefix(data, prefix)
    assert len(edited) == len(data)
    assert prefix.encode() + b"\0" not in edited
    assert edited.count(b"/3.12.1\0") == 1
    assert edited.endswith(b"/home/me/.pyenv/versions/3.12.10\0")
    assert edited.count(b"/nonexistent") == 2


def test_n14_strip_drops_debug_sections_and_nothing_that_is_loaded(compiled: Path, tmp_path: Path) -> None:
    """A stripped program runs, is smaller, keeps its symbols, and is not changed again."""
    data = (compiled / "bin/runpath").read_bytes()
    stripped = strip_debug(data)
    assert b".debug_info" in data
    (tmp_path / "s").write_bytes(stripped)
    sections = subprocess.run(["objdump", "-h", tmp_path / "s"], capture_output=True, text=True, check=True).stdout
    assert ".debug" not in sections
    symbols = [
        subprocess.run(["nm", path], capture_output=True, text=True, check=True).stdout.split()
        for path in (compiled / "bin/runpath", tmp_path / "s")
    ]
    assert symbols[0] == symbols[1]
    assert len(stripped) < len(data)
    assert _read(stripped) == _read(data)
    assert strip_debug(stripped) == stripped
    edited = set_search_path(stripped, SearchPath(("$ORIGIN/../lib",), inherited=True))
    assert _run(compiled, edited, tmp_path) == "42\n"


def test_n14_libpython_of_a_debug_build() -> None:
    """A real libpython loses most of its size."""
    interpreter = find_pyenv("3.12")
    (library,) = (interpreter.parent.parent / "lib").glob("libpython3.12.so.1.0")
    data = library.read_bytes()
    stripped = strip_debug(data)
    assert len(stripped) < len(data) / 2
    assert _read(stripped) == _read(data)


def _damage() -> st.SearchStrategy[tuple[int, bytes]]:
    return st.tuples(st.integers(0, 8000), st.binary(min_size=1, max_size=16))


@example([(45, b"\0\0\x80")], None)  # the section headers lie farther than a file can be long
@settings(max_examples=300)
@given(st.lists(_damage(), max_size=4), st.none() | st.integers(0, 20_000))
def test_damaged_files_are_errors(damage: list[tuple[int, bytes]], cut: int | None) -> None:
    """Any bytes give a description, None, or `ElfError`; nothing else, and no endless loop."""
    data = bytearray(_SAMPLE)
    for place, content in damage:
        data[place : place + len(content)] = content
    damaged = bytes(data[:cut])
    for use in (
        lambda: read_elf(io.BytesIO(damaged)),
        lambda: strip_debug(damaged),
        lambda: set_search_path(damaged, SearchPath(("$ORIGIN/../lib",), inherited=True)),
    ):
        try:
            use()
        except ElfError as error:
            assert str(error)  # noqa: PT017 - most examples raise nothing


_SAMPLE = Path("/bin/true").read_bytes()


def test_other_files_are_no_elf() -> None:
    """What does not begin with the magic is not looked into."""
    assert read_elf(io.BytesIO(b"#!/bin/sh\n")) is None
    assert read_elf(io.BytesIO(b"")) is None
