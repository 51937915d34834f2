"""What a pack says that it needs."""

from __future__ import annotations

from pathlib import PurePosixPath

from hypothesis import given
from hypothesis import strategies as st

from hatch_envpack.elf.model import Elf
from hatch_envpack.libraries.plan import LibraryPlan
from hatch_envpack.manifest.needs import measure_needs


def _elf(*symbols: str, library: str = "libc.so.6", isa: int = 0) -> Elf:
    return Elf(62, 64, 3, None, (library,), None, None, None, ((library, symbols),), isa)


def _plan(**elves: Elf) -> LibraryPlan:
    return LibraryPlan(elves={PurePosixPath(f"lib/{name}.so"): elf for name, elf in elves.items()})


def test_n6_the_files_that_ask_for_the_newest_glibc_are_named() -> None:
    """Only these: they are the ones to replace when an older target is wanted."""
    plan = _plan(a=_elf("GLIBC_2.34"), b=_elf("GLIBC_2.9"), c=_elf("GLIBC_2.34", "GLIBC_2.2.5"))
    needs = measure_needs(plan, "x86_64", [])
    assert needs.to_dict()["glibc"] == {"version": "2.34", "files": ["lib/a.so", "lib/c.so"]}


def test_n6_newest_version_of_each_family_of_libstdcxx() -> None:
    """Compared as numbers, of that library alone; whether the pack brings it is told."""
    plan = _plan(
        a=_elf("GLIBCXX_3.4.9", "GLIBCXX_3.4.30", "CXXABI_1.3.9", "CXXABI_1.3", library="libstdc++.so.6"),
        b=_elf("GLIBCXX_3.4.99", library="libother.so.1"),
    )
    needs = measure_needs(plan, "x86_64", [])
    assert needs.to_dict()["libstdc++"] == {"GLIBCXX": "3.4.30", "CXXABI": "1.3.9", "packed": False}
    elves = {**plan.elves, PurePosixPath("lib/libstdc++.so.6"): _elf()}
    assert measure_needs(LibraryPlan(elves=elves), "x86_64", []).libstdcxx_packed


def test_n6_without_libstdcxx() -> None:
    """Nothing is said of a library that nothing uses."""
    assert measure_needs(_plan(a=_elf("GLIBC_2.9")), "x86_64", []).to_dict()["libstdc++"] is None


def test_n7_highest_cpu_level_with_its_files() -> None:
    """The bits are those of the psABI; other machines' files do not say."""
    plan = _plan(a=_elf(isa=1), b=_elf(isa=1 | 2 | 4), c=_elf(isa=2))
    assert measure_needs(plan, "x86_64", []).to_dict()["cpu"] == {"level": "x86-64-v3", "files": ["lib/b.so"]}
    assert measure_needs(_plan(a=_elf()), "x86_64", []).to_dict()["cpu"] == {"level": "x86-64", "files": []}
    assert measure_needs(plan, "aarch64", []).to_dict()["cpu"] is None


def test_n5_libraries_of_the_target_and_those_that_nobody_has() -> None:
    """Both are named, sorted, each once."""
    plan = LibraryPlan(
        expected=frozenset({"libc.so.6", "libGL.so.1"}),
        missing={PurePosixPath("a.so"): ("libpq.so.5", "liba.so"), PurePosixPath("b.so"): ("libpq.so.5",)},
    )
    document = measure_needs(plan, "x86_64", []).to_dict()
    assert document["libraries"] == ["libGL.so.1", "libc.so.6"]
    assert document["missing_libraries"] == ["liba.so", "libpq.so.5"]


def test_a5_longest_path_is_counted_in_bytes() -> None:
    """As the file system counts; a name that is not UTF-8 counts too."""
    document = measure_needs(LibraryPlan(), "x86_64", ["lib/abcde", "lib/äöü", "b/\udcff"]).to_dict()
    assert document["longest_path"] == {"bytes": 10, "path": "lib/äöü"}
    assert measure_needs(LibraryPlan(), "x86_64", ["b/\udcff"]).to_dict()["longest_path"]["bytes"] == 3


def test_a4_names_that_differ_only_in_case() -> None:
    """Files and the folders above them."""
    document = measure_needs(LibraryPlan(), "x86_64", ["Lib/x", "lib/y", "a/B", "a/b", "c"]).to_dict()
    assert document["case_collisions"] == [["Lib", "lib"], ["a/B", "a/b"]]


@given(st.sets(st.text("aAbB/", min_size=1, max_size=6).map(lambda text: text.strip("/") or "a")))
def test_a4_any_names(names: set[str]) -> None:
    """There is a collision exactly where folding makes two of all files and folders one."""
    paths = [PurePosixPath(name) for name in names]
    all_of_them = {str(each) for path in paths for each in (path, *path.parents) if each.parts}
    document = measure_needs(LibraryPlan(), "x86_64", map(str, paths)).to_dict()
    assert bool(document["case_collisions"]) == (len({name.lower() for name in all_of_them}) < len(all_of_them))
