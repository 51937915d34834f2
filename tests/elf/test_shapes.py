"""ELF files of every shape that linkers make: edited, loaded (N8, N14), and asked what they need (N6, N7)."""

from __future__ import annotations

import io
import re
import shutil
import subprocess
import sys
from pathlib import Path, PurePosixPath

import pytest

from hatch_envpack.elf.edit import set_search_path
from hatch_envpack.elf.model import SearchPath
from hatch_envpack.elf.read import PT_LOAD, read_elf, read_shape
from hatch_envpack.elf.strip import strip_debug
from hatch_envpack.libraries.plan import LibraryPlan
from hatch_envpack.manifest.needs import measure_needs
from tests.conftest import missing

LONG = "/build/a/very/long/path/of/the/build/machine/lib"

SHAPES = {
    "64k-pages": ["-Wl,-z,max-page-size=65536"],
    "64k-pages-common": ["-Wl,-z,max-page-size=65536", "-Wl,-z,common-page-size=65536"],
    "2m-pages": ["-Wl,-z,max-page-size=0x200000"],
    "relr": ["-Wl,-z,pack-relative-relocs"],
    "gnu-hash": ["-Wl,--hash-style=gnu"],
    "sysv-hash": ["-Wl,--hash-style=sysv"],
    "separate-code": ["-Wl,-z,separate-code"],
    "noseparate-code": ["-Wl,-z,noseparate-code"],
    "no-relro": ["-Wl,-z,norelro"],
    "now": ["-Wl,-z,relro,-z,now"],
    "no-build-id": ["-Wl,--build-id=none"],
    "no-spare-entries": ["-Wl,--spare-dynamic-tags=0"],
}

_SOURCE = """
#include <stdio.h>
#include <math.h>
int inner(void);
static int one(void) { return 1; }
static int two(void) { return 2; }
static int (*const table[])(void) = {one, two, inner};  /* relative relocations */
__thread int each = 7;
static char zeros[200000];
__attribute__((constructor)) static void begin(void) { zeros[199999] = 32; }
int answer(void) { return table[0]() + table[1]() + table[2]() + each + zeros[199999] + (zeros[0] != 0); }
double root(double x) { return sqrt(x); }
"""

_MAIN = """
#include <dlfcn.h>
#include <stdio.h>
int main(int count, char **words) {
    void *it = dlopen(words[1], RTLD_NOW);
    if (!it) { puts(dlerror()); return 1; }
    printf("%d\\n", ((int (*)(void))dlsym(it, "answer"))());
    return 0;
}
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a library of each shape, with a search path and without; all need another library."""
    if shutil.which("gcc") is None:
        missing("gcc is not installed")
    made = tmp_path_factory.mktemp("shapes")
    (made / "inner.c").write_text("int inner(void) { return 0; }\n")
    (made / "outer.c").write_text(_SOURCE)
    (made / "main.c").write_text(_MAIN)
    (made / "lib").mkdir()
    _gcc("-shared", "-fPIC", "-Wl,-soname,libinner.so.1", "-o", made / "lib/libinner.so.1", made / "inner.c")
    _gcc("-o", made / "main", made / "main.c", "-ldl")
    for name, flags in SHAPES.items():
        for path, more in (("long", [f"-Wl,-rpath,{LONG}"]), ("none", [])):
            words: list[str | Path] = [
                *flags,
                *more,
                "-o",
                made / f"{name}-{path}.so",
                made / "outer.c",
                made / "lib/libinner.so.1",
                "-lm",
            ]
            _gcc("-shared", "-fPIC", "-g", *words)
    return made


def _gcc(*words: str | Path) -> None:
    subprocess.run(["gcc", *words], check=True)


def _load(folder: Path, data: bytes, tmp_path: Path) -> str:
    """Load a library beside a copy of what it needs; return what it answers, or why it cannot be loaded."""
    place = tmp_path / "a b"
    shutil.copytree(folder / "lib", place / "lib")
    (place / "mod").mkdir()
    (place / "mod/outer.so").write_bytes(data)
    command = [folder / "main", place / "mod/outer.so"]
    return subprocess.run(command, env={}, capture_output=True, text=True, check=False).stdout


@pytest.mark.parametrize("stripped", [False, True], ids=["whole", "stripped"])
@pytest.mark.parametrize("path", ["long", "none"])
@pytest.mark.parametrize("shape", SHAPES)
def test_n8_n14_every_shape_loads(folder: Path, tmp_path: Path, shape: str, path: str, stripped: bool) -> None:  # noqa: FBT001
    """Edited in place where there is room and by a segment more where there is none, also after our strip, it works."""
    data = (folder / f"{shape}-{path}.so").read_bytes()
    assert "libinner.so.1: cannot open" in _load(folder, data, tmp_path / "before")
    if stripped:
        data = strip_debug(data)
    edited = set_search_path(data, SearchPath(("$ORIGIN/../lib",), inherited=False))
    assert (len(edited) == len(data)) == (path == "long")
    assert _load(folder, edited, tmp_path / "after") == "42\n"


@pytest.mark.parametrize("shape", sorted(SHAPES.keys() - {"no-spare-entries"}))
def test_n8_segment_more_needs_no_lief(
    folder: Path, monkeypatch: pytest.MonkeyPatch, shape: str, tmp_path: Path
) -> None:
    """LIEF, whose import takes longer than planning most packs, is left to what has no room; all tools agree."""
    monkeypatch.setitem(sys.modules, "lief", None)
    path = tmp_path / "edited.so"
    path.write_bytes(
        set_search_path((folder / f"{shape}-none.so").read_bytes(), SearchPath(("$ORIGIN",), inherited=True))
    )
    done = subprocess.run(["readelf", "-aW", path], capture_output=True, text=True, check=True)
    assert "Library rpath: [$ORIGIN]" in done.stdout
    assert done.stderr == ""
    assert subprocess.run(["nm", "-D", path], capture_output=True, text=True, check=True).stdout == (
        subprocess.run(["nm", "-D", folder / f"{shape}-none.so"], capture_output=True, text=True, check=True).stdout
    )


def test_n8_file_without_a_spare_entry_is_left_to_lief(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The one shape that has no room for an entry more, so that the test above is not true of every file."""
    monkeypatch.setitem(sys.modules, "lief", None)
    with pytest.raises(ImportError):
        set_search_path((folder / "no-spare-entries-none.so").read_bytes(), SearchPath(("$ORIGIN",), inherited=True))


def test_n8_large_pages_are_not_shared(folder: Path) -> None:
    """On a kernel with pages of 64 KiB, no page belongs to two segments: it would be mapped over."""
    data = (folder / "64k-pages-none.so").read_bytes()
    for whole in (data, set_search_path(data, SearchPath(("$ORIGIN/../lib",), inherited=False))):
        shape = read_shape(io.BytesIO(whole))
        assert shape is not None
        loaded = [segment for segment in shape.segments if segment.kind == PT_LOAD]
        assert all((segment.address - segment.offset) % 0x10000 == 0 for segment in loaded)
        pages = [
            page
            for segment in loaded
            for page in range(segment.address // 0x10000, (segment.address + segment.size - 1) // 0x10000 + 1)
        ]
        assert len(pages) == len(set(pages))


@pytest.mark.parametrize("how", ["--strip-all", "--strip-unneeded"])
@pytest.mark.parametrize("path", ["long", "none"])
@pytest.mark.parametrize("shape", ["64k-pages", "relr", "gnu-hash", "noseparate-code"])
def test_n14_files_that_were_stripped_before(folder: Path, tmp_path: Path, shape: str, path: str, how: str) -> None:
    """What ``strip`` of binutils left can be edited and loads; our own strip finds nothing more in it."""
    library = tmp_path / "library.so"
    subprocess.run(["strip", how, "-o", library, folder / f"{shape}-{path}.so"], check=True)
    data = library.read_bytes()
    assert strip_debug(data) == data
    edited = set_search_path(data, SearchPath(("$ORIGIN/../lib",), inherited=True))
    assert _load(folder, edited, tmp_path / "after") == "42\n"


def test_shapes_are_what_they_say(folder: Path) -> None:
    """The linker made what it was asked for: large pages, packed relocations, one hash table."""
    headers = {
        name: subprocess.run(
            ["readelf", "-lWd", folder / f"{name}-none.so"], capture_output=True, text=True, check=True
        ).stdout
        for name in SHAPES
    }
    assert "RELR" in headers["relr"]
    assert "0x10000\n" in headers["64k-pages"]
    assert "(GNU_HASH)" in headers["gnu-hash"]
    assert "(HASH)" not in headers["gnu-hash"]
    assert "(GNU_HASH)" not in headers["sysv-hash"]
    assert headers["separate-code"].count(" LOAD ") > headers["noseparate-code"].count(" LOAD ")


@pytest.mark.parametrize(
    ("flags", "level"),
    [
        ([], "x86-64"),
        (["-march=x86-64-v2", "-Wl,-z,x86-64-v2"], "x86-64-v2"),
        (["-march=x86-64-v3", "-Wl,-z,x86-64-v3"], "x86-64-v3"),
        (["-march=x86-64-v4", "-Wl,-z,x86-64-v4"], "x86-64-v4"),
        (["-march=x86-64-v3", "-Wl,-z,x86-64-v3", "-fcf-protection=full"], "x86-64-v3"),
    ],
    ids=["none", "v2", "v3", "v4", "v3-with-cet"],
)
def test_n7_cpu_level(tmp_path: Path, flags: list[str], level: str) -> None:
    """The level that the linker writes is the one that is read, as ``readelf`` reads it, and the file is named."""
    if shutil.which("gcc") is None:
        missing("gcc is not installed")
    (tmp_path / "x.c").write_text("int inner(void) { return 1; }\n")
    library = tmp_path / "x.so"
    _gcc("-shared", "-fPIC", *flags, "-o", library, tmp_path / "x.c")
    elf = read_elf(io.BytesIO(library.read_bytes()))
    assert elf is not None
    notes = subprocess.run(["readelf", "-nW", library], capture_output=True, text=True, check=True).stdout
    told = re.search(r"x86 ISA needed: ([^\n<]*)", notes)
    names = ["x86-64-baseline", "x86-64-v2", "x86-64-v3", "x86-64-v4"]
    assert [name for number, name in enumerate(names) if elf.isa >> number & 1] == (
        told[1].strip().split(", ") if told else []
    )
    assert bool(told) == (level != "x86-64")
    path = PurePosixPath("lib/x.so")
    needs = measure_needs(LibraryPlan(elves={path: elf}), "x86_64", [str(path)])
    assert (needs.cpu, needs.cpu_files) == (level, () if level == "x86-64" else ("lib/x.so",))


def test_n6_libstdcxx_versions_are_those_of_objdump(tmp_path: Path) -> None:
    """The newest ``GLIBCXX`` and ``CXXABI`` of a program in C++ are those that ``objdump`` lists."""
    if shutil.which("g++") is None:
        missing("g++ is not installed")
    (tmp_path / "x.cc").write_text(
        "#include <iostream>\n#include <filesystem>\n#include <string>\n"
        "int f() { try { throw std::string(std::filesystem::current_path().c_str()); }"
        " catch (std::string &s) { std::cout << s; } return 0; }\n"
    )
    library = tmp_path / "x.so"
    subprocess.run(["g++", "-std=c++17", "-shared", "-fPIC", "-o", library, tmp_path / "x.cc"], check=True)
    listed = subprocess.run(["objdump", "-p", library], capture_output=True, text=True, check=True).stdout
    wanted = {
        family: ".".join(map(str, max(tuple(map(int, found.split("."))) for found in versions)))
        for family in ("CXXABI", "GLIBCXX")
        if (versions := re.findall(rf"\b{family}_([\d.]+)$", listed, re.MULTILINE))
    }
    assert sorted(wanted) == ["CXXABI", "GLIBCXX"]
    elf = read_elf(io.BytesIO(library.read_bytes()))
    assert elf is not None
    needs = measure_needs(LibraryPlan(elves={PurePosixPath("x.so"): elf}), "x86_64", [])
    assert needs.libstdcxx == wanted
    assert needs.glibc == max(
        tuple(map(int, found.split(".")[:2])) for found in re.findall(r"\bGLIBC_([\d.]+)$", listed, re.MULTILINE)
    )
