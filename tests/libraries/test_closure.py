"""Which libraries come along, and which files change: with real files, made by the compiler."""

from __future__ import annotations

import subprocess
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

import pytest

from hatch_envpack.elf.edit import set_search_path
from hatch_envpack.elf.model import SearchPath
from hatch_envpack.entry import Entry
from hatch_envpack.errors import LibraryError, RelocationError
from hatch_envpack.libraries.policy import is_of_the_host, is_on_every_target, is_system_library
from tests.conftest import find_pyenv
from tests.libraries.machines import SITE, Machine

if TYPE_CHECKING:
    from hatch_envpack.libraries.plan import LibraryPlan


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """Return a machine for this test."""
    return Machine(tmp_path)


def test_n5_closure_is_copied(machine: Machine) -> None:
    """A needed library comes with what it needs in turn; glibc stays behind; each finds the next beside it."""
    module = machine.add("lib/python3.12/lib-dynload/m.so", machine.compile("m.so", needs=[machine.system]))
    plan = machine.plan()
    assert [(str(entry.path), entry.source) for entry in plan.copied] == [
        ("lib/libbelow.so.1", machine.below),
        ("lib/libsystem.so.1", machine.system),
    ]
    assert plan.expected == {"libc.so.6"}
    assert plan.search_paths[module].entries == ("$ORIGIN/../..",)
    assert plan.search_paths[PurePosixPath("lib/libsystem.so.1")].entries == ("$ORIGIN",)
    assert plan.search_paths[PurePosixPath("lib/libbelow.so.1")].entries == ()


def test_n5_needed_by_its_place(machine: Machine) -> None:
    """python-build-standalone names its libpython by a path: it is in the pack, or missing, and not looked for."""
    named = machine.compile("named.so", "-Wl,-soname,$ORIGIN/../lib/libnamed.so.1")
    needing = machine.compile("m.so", needs=[named])
    machine.add("lib/libnamed.so.1", named)
    machine.add("bin/inside.so", needing)
    outside = machine.add("lib/python3.12/lib-dynload/m.so", needing)
    plan = machine.plan()
    assert plan.copied == ()
    assert plan.missing == {outside: ("$ORIGIN/../lib/libnamed.so.1",)}


def test_n2_wheel_that_is_right_is_not_touched(machine: Machine) -> None:
    """A wheel's file that finds its own library, or inherits the way to a copied one, is left as it is."""
    inner = machine.compile("w/libinner.so", "-Wl,-soname,libinner.so", "-Wl,-rpath,$ORIGIN")
    machine.add(str(SITE / "w.libs/libinner.so"), inner)
    own = machine.compile("own.so", "-Wl,-rpath,$ORIGIN/../w.libs", needs=[inner])
    machine.add(str(SITE / "w/own.so"), own)
    plan = machine.plan()
    assert plan.search_paths == {}
    assert plan.copied == ()
    assert set(plan.elves) == {SITE / "w.libs/libinner.so", SITE / "w/own.so"}


def test_d3_terminals_come_with_curses(machine: Machine) -> None:
    """Also where the library for terminals is within the program, so that none is copied."""
    assert machine.plan().copied == ()
    machine.add("lib/python3.12/curses/__init__.py", machine.folder / "source.c")
    assert PurePosixPath("share/terminfo/x/xterm") in {entry.path for entry in machine.plan().copied}


def test_n13_libraries_that_lie_in_another_distribution(machine: Machine) -> None:
    """What a wheel loads by hand from another wheel's folder is neither copied nor missing, and stays where it is."""
    other = machine.compile("x/libcublas.so.12", "-Wl,-soname,libcublas.so.12", "-Wl,-rpath,$ORIGIN")
    machine.add(str(SITE / "nvidia/cublas/lib/libcublas.so.12"), other)
    module = machine.add(str(SITE / "torch/_C.so"), machine.compile("_C.so", "-Wl,-rpath,$ORIGIN", needs=[other]))
    other.rename(machine.folder / "gone")
    machine.entries[0] = Entry(machine.entries[0].path, source=machine.folder / "gone", executable=True)
    plan = machine.plan()
    assert (plan.copied, plan.missing, plan.search_paths) == ((), {}, {})
    assert module in plan.elves


def test_n2_wheel_inherits_the_way_to_copied_libraries(tmp_path: Path) -> None:
    """A wheel's file without a search path that needs ``libstdc++`` is not touched: it is copied, and found."""
    machine = Machine(tmp_path)
    source = tmp_path / "x.so"
    command: list[str | Path] = [
        "gcc",
        "-shared",
        "-fPIC",
        "-o",
        source,
        tmp_path / "source.c",
        "-Wl,--no-as-needed",
        "-lstdc++",
    ]
    subprocess.run(command, check=True)
    path = machine.add(str(SITE / "x.so"), source)
    plan = machine.plan()
    assert path not in plan.search_paths
    assert "lib/libstdc++.so.6" in {str(entry.path) for entry in plan.copied}
    assert "libgcc_s.so.1" in plan.expected


def test_n2_wheel_with_a_runpath_gets_links(machine: Machine, tmp_path: Path) -> None:
    """A file that looks only beside itself finds links to the copies there, is not touched, and loads."""
    source = machine.compile("own.so", "-Wl,-rpath,$ORIGIN", "-Wl,--no-as-needed", "-l:libssl.so.3")
    path = machine.add(str(SITE / "w/own.so"), source)
    plan = machine.plan()
    assert path not in plan.search_paths
    links = {str(entry.path): entry.link for entry in plan.copied if entry.link}
    assert links == {f"{SITE}/w/{name}": f"../../../{name}" for name in ("libcrypto.so.3", "libssl.so.3")}
    place = _place(plan, machine, tmp_path / "place")
    code = "import ctypes, sys; ctypes.CDLL(sys.argv[1]); print(open('/proc/self/maps').read())"
    done = subprocess.run([find_pyenv("3.12"), "-c", code, place / path], capture_output=True, text=True, check=False)
    for name in ("libssl.so.3", "libcrypto.so.3"):
        assert f"{place}/lib/{name}\n" in done.stdout, done.stderr
        assert f"-linux-gnu/{name}" not in done.stdout


def test_n3_program_of_a_wheel_inherits_from_nobody(machine: Machine, tmp_path: Path) -> None:
    """A wheel's program that needs a copy, or loads a library that does, gets a way that it hands down, and runs."""
    (tmp_path / "main.c").write_text("int main(void) { return 0; }\n")
    direct, inner = tmp_path / "direct", machine.compile("w.libs/libinner.so", "-Wl,-rpath,$ORIGIN", needs=[])
    plain = machine.folder / "w.libs/libplain.so"
    base: list[str | Path] = ["gcc", "-Wl,--no-as-needed"]
    command: list[str | Path] = ["-shared", "-Wl,-soname,libplain.so", "-o", plain, machine.folder / "source.c"]
    subprocess.run([*base, *command, "-l:libssl.so.3"], check=True)
    subprocess.run([*base, "-o", direct, tmp_path / "main.c", "-l:libssl.so.3"], check=True)
    for name, library in (("right", inner), ("outer", plain)):
        path_flags = ["-Wl,-rpath,$ORIGIN/../w.libs", f"-Wl,-rpath-link,{library.parent}"]
        subprocess.run([*base, *path_flags, "-o", tmp_path / name, tmp_path / "main.c", library], check=True)
        machine.add(str(SITE / "w.libs" / library.name), library)
    for name in ("direct", "outer", "right"):
        machine.add(str(SITE / "w" / name), tmp_path / name)
    machine.add(str(SITE / "PyInstaller/bootloader/run"), direct)  # copied to begin other programs with, never run here
    plan = machine.plan()
    way = "$ORIGIN/../../.."
    assert {path.name: (wanted.entries, wanted.inherited) for path, wanted in plan.search_paths.items()
            if path.is_relative_to(SITE)} == {
        "direct": ((way,), True),
        "outer": (("$ORIGIN/../w.libs", way), True),
    }  # fmt: skip
    place = _place(plan, machine, tmp_path / "place")
    for name in ("direct", "outer", "right"):
        done = subprocess.run(["ldd", place / SITE / "w" / name], capture_output=True, text=True, check=True)
        assert "-linux-gnu/libssl" not in done.stdout
        assert (f"{place}/" in done.stdout and "/libssl.so.3 (" in done.stdout) == (name != "right"), done.stdout


def _place(plan: LibraryPlan, machine: Machine, place: Path) -> Path:
    """Lay out what a plan says."""
    for entry in (*plan.copied, *machine.entries):
        (place / entry.path).parent.mkdir(parents=True, exist_ok=True)
        if entry.link:
            (place / entry.path).symlink_to(entry.link)
        else:
            wanted = plan.search_paths.get(entry.path)
            data = entry.read()
            (place / entry.path).write_bytes(set_search_path(data, wanted) if wanted else data)
            (place / entry.path).chmod(0o755)
    return place


def test_n1_absolute_paths(machine: Machine) -> None:
    """A path into the tree becomes relative, one outside is dropped."""
    inside, outside = machine.folder / "prefix/lib/deep", "/somewhere/else"
    machine.compile("prefix/lib/deep/libdeep.so", "-Wl,-soname,libdeep.so", "-Wl,-rpath,$ORIGIN")
    machine.add("lib/deep/libdeep.so", inside / "libdeep.so")
    source = machine.compile("m.so", f"-Wl,-rpath,{outside}:{inside}", needs=[inside / "libdeep.so"])
    path = machine.add(str(SITE / "p/m.so"), source)
    assert machine.plan().search_paths == {path: SearchPath(("$ORIGIN/../../../deep",), inherited=False)}


def test_n3_kind_of_tag_is_kept(machine: Machine) -> None:
    """``DT_RPATH`` stays ``DT_RPATH``."""
    flags = ("-Wl,--disable-new-dtags", f"-Wl,-rpath,{machine.folder / 'prefix/lib'}")
    path = machine.add("lib/python3.12/lib-dynload/m.so", machine.compile("m.so", *flags))
    assert machine.plan().search_paths == {path: SearchPath(("$ORIGIN/../..",), inherited=True)}


def test_n4_empty_and_relative_elements_are_dropped(machine: Machine) -> None:
    """An empty element means the working directory, where anybody may put a library."""
    path = machine.add(str(SITE / "m.so"), machine.compile("m.so", "-Wl,-rpath,:relative:$ORIGIN/x:"))
    assert machine.plan().search_paths == {path: SearchPath(("$ORIGIN/x",), inherited=False)}


def test_the_program_hands_its_path_down(machine: Machine) -> None:
    """The interpreter gets a path that what it loads inherits."""
    program = machine.add("bin/python3.12", find_pyenv("3.12").resolve())
    assert machine.plan().search_paths[program] == SearchPath(("$ORIGIN/../lib",), inherited=True)


def test_n5_library_that_is_nowhere_is_named(machine: Machine) -> None:
    """The plan names the library and the file that needs it; without what the program needs there is no pack."""
    machine.add("lib/python3.12/lib-dynload/m.so", machine.compile("m.so", needs=[machine.below]))
    machine.below.unlink()
    missing = machine.plan().missing
    assert missing == {PurePosixPath("lib/python3.12/lib-dynload/m.so"): ("libbelow.so.1",)}


def test_n5_library_of_the_program_that_is_nowhere(machine: Machine) -> None:
    """Without a library of `libpython` itself nothing would start."""
    machine.add("lib/libpython3.12.so.1.0", machine.compile("libpython3.12.so.1.0", needs=[machine.below]))
    machine.below.unlink()
    with pytest.raises(LibraryError, match=r"libpython3\.12\.so\.1\.0 needs the library libbelow\.so\.1, which is not"):
        machine.plan()


def test_damaged_file_is_named(machine: Machine) -> None:
    """A truncated library is named: an error where it is the interpreter's, for the report where it is a wheel's."""
    (machine.folder / "cut.so").write_bytes(machine.below.read_bytes()[:100])
    machine.add(str(SITE / "cut.so"), machine.folder / "cut.so")
    assert list(machine.plan().damaged) == [SITE / "cut.so"]
    machine.add("lib/python3.12/lib-dynload/cut.so", machine.folder / "cut.so")
    with pytest.raises(RelocationError, match=r"lib-dynload/cut\.so is damaged"):
        machine.plan()


@pytest.mark.parametrize(
    "name",
    [
        "libc.so.6",
        "libc-2.31.so",
        "ld-linux-x86-64.so.2",
        "ld-2.31.so",
        "libpthread.so.0",
        "libnsl.so.1",
        "libgcc_s.so.1",
    ],
)
def test_n5_every_target_has(name: str) -> None:
    """Glibc's parts and the unwinder, by soname and by the file names of older versions."""
    assert is_on_every_target(name)
    assert is_system_library(name)


@pytest.mark.parametrize(
    "name", ["libssl.so.3", "libstdc++.so.6", "libz.so.1", "libnsl.so.2", "libcrypt.so.1", "libcurl.so.4"]
)
def test_n5_not_every_target_has(name: str) -> None:
    """What bare machines lack is copied, whatever PEP 600 says of it."""
    assert not is_system_library(name)


@pytest.mark.parametrize("name", ["libGL.so.1", "libcuda.so.1", "libX11.so.6"])
def test_n5_of_the_host(name: str) -> None:
    """Drivers and the display are the target's."""
    assert is_of_the_host(name)
    assert not is_on_every_target(name)


def test_n2_target_hands_nothing_down(machine: Machine) -> None:
    """Without the interpreter each file of a wheel finds the copies itself, and goes on to inherit what it did."""
    pathless = "-Wl,-rpath-link,/"
    needing = ("-Wl,--no-as-needed", "-l:libz.so.1")
    plain = machine.add(str(SITE / "w/plain.so"), machine.compile("plain.so", pathless, *needing))
    old = ("-Wl,--disable-new-dtags,-rpath,$ORIGIN/../w.libs", *needing)
    own = machine.add(str(SITE / "w/own.so"), machine.compile("own.so", *old))
    machine.add(str(SITE / "w/right.so"), machine.compile("right.so", pathless))
    before, plan = machine.plan(), machine.plan(python=False)
    assert before.copied == plan.copied
    assert "lib/libz.so.1" in map(str, (entry.path for entry in plan.copied))
    assert before.search_paths == {}
    lib = "$ORIGIN/../../.."
    assert plan.search_paths == {
        plain: SearchPath((lib,), inherited=True),
        own: SearchPath(("$ORIGIN/../w.libs", lib), inherited=True),
    }


def test_libpython_is_the_targets(machine: Machine) -> None:
    """Without the interpreter it is not copied, whoever is linked to it: it would be a second Python."""
    libpython = machine.compile("system/libpython3.12.so.1.0", "-Wl,-soname,libpython3.12.so.1.0")
    module = machine.add(str(SITE / "w/m.so"), machine.compile("m.so", needs=[libpython]))
    plan = machine.plan(python=False)
    assert (plan.copied, plan.missing) == ((), {})
    assert "libpython3.12.so.1.0" in plan.expected
    assert plan.search_paths[module].entries == ()
    assert [entry.source for entry in machine.plan().copied] == [libpython]


def test_machine_of_an_interpreter_that_is_not_packed(machine: Machine, tmp_path: Path) -> None:
    """A file for another machine needs nothing of this one."""
    data = bytearray(machine.compile("m.so", needs=[machine.system]).read_bytes())
    data[18] = 0xB7  # e_machine: aarch64
    (tmp_path / "arm.so").write_bytes(data)
    machine.add(str(SITE / "w/arm.so"), tmp_path / "arm.so")
    assert machine.plan(python=False).elves == {}
