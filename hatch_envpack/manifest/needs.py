"""What a pack needs of its target, measured from what is inside."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from hatch_envpack.manifest.names import case_collisions, windows_names
from hatch_envpack.manifest.platform import glibc_needs, min_glibc

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import PurePosixPath

    from hatch_envpack.elf.model import Elf
    from hatch_envpack.libraries.plan import LibraryPlan

_LEVELS = ((8, "x86-64-v4"), (4, "x86-64-v3"), (2, "x86-64-v2"))
"""https://gitlab.com/x86-psABIs/x86-64-ABI: micro-architecture levels."""

_STDCXX = "libstdc++.so.6"


@dataclass(frozen=True, slots=True)
class Needs:
    """What the target must have; the files that ask for the most are named."""

    glibc: tuple[int, int]
    glibc_files: tuple[str, ...]
    libstdcxx: dict[str, str]
    """The newest version of each of its symbol families (``GLIBCXX``, ``CXXABI``); empty where nothing uses it."""
    libstdcxx_packed: bool
    """Whether the pack brings a library that has them."""
    cpu: str
    """``x86-64`` or one of its levels; empty on other machines, whose files do not say."""
    cpu_files: tuple[str, ...]
    libraries: tuple[str, ...]
    """Sonames that the target must have."""
    missing: tuple[str, ...]
    """Sonames that the build machine lacks too; what needs them does not load."""
    longest_path: str
    case_collisions: tuple[tuple[str, ...], ...]
    """Names that a file system takes for one which knows neither upper and lower case nor two forms of an accent."""
    windows_names: tuple[str, ...]
    """Files and folders with a name that Windows cannot hold."""

    def to_dict(self) -> dict[str, Any]:
        """Return what stands in the manifest."""
        return {
            "glibc": {"version": f"{self.glibc[0]}.{self.glibc[1]}", "files": list(self.glibc_files)},
            "libstdc++": {**self.libstdcxx, "packed": self.libstdcxx_packed} if self.libstdcxx else None,
            "cpu": {"level": self.cpu, "files": list(self.cpu_files)} if self.cpu else None,
            "libraries": list(self.libraries),
            "missing_libraries": list(self.missing),
            "longest_path": {"bytes": _length(self.longest_path), "path": self.longest_path},
            "case_collisions": [list(names) for names in self.case_collisions],
            "windows_names": list(self.windows_names),
        }


def measure_needs(plan: LibraryPlan, machine: str, paths: Iterable[str]) -> Needs:
    """Return what the files of a pack need. ``paths`` are all of them."""
    glibc = min_glibc(plan.elves)
    names = sorted(paths)
    level, cpu_files = _cpu(plan.elves) if machine == "x86_64" else ("", ())
    return Needs(
        glibc=glibc,
        glibc_files=_named(path for path, need in glibc_needs(plan.elves).items() if need == glibc),
        libstdcxx=_libstdcxx(plan.elves),
        libstdcxx_packed=any(path.name == _STDCXX for path in plan.elves),
        cpu=level,
        cpu_files=cpu_files,
        libraries=tuple(sorted(plan.expected)),
        missing=tuple(sorted({soname for sonames in plan.missing.values() for soname in sonames})),
        longest_path=max(names, key=_length, default=""),
        case_collisions=case_collisions(names),
        windows_names=windows_names(names),
    )


def _length(path: str) -> int:
    return len(path.encode("utf-8", "surrogateescape"))


def _named(paths: Iterable[PurePosixPath]) -> tuple[str, ...]:
    return tuple(sorted(map(str, paths)))


def _libstdcxx(elves: Mapping[PurePosixPath, Elf]) -> dict[str, str]:
    found: dict[str, list[tuple[int, ...]]] = defaultdict(list)
    for elf in elves.values():
        for library, symbols in elf.versions:
            for symbol in symbols if library == _STDCXX else ():
                if match := re.fullmatch(r"(GLIBCXX|CXXABI)_(\d+(?:\.\d+)*)", symbol):
                    found[match[1]].append(tuple(map(int, match[2].split("."))))
    return {family: ".".join(map(str, max(versions))) for family, versions in sorted(found.items())}


def _cpu(elves: Mapping[PurePosixPath, Elf]) -> tuple[str, tuple[str, ...]]:
    for bit, level in _LEVELS:
        files = _named(path for path, elf in elves.items() if elf.isa & bit)
        if files:
            return level, files
    return "x86-64", ()
