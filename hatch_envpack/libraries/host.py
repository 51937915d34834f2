"""Where a library lies on the build machine: the places in which its loader looks.

https://man7.org/linux/man-pages/man8/ld.so.8.html
"""

from __future__ import annotations

import glob
import re
import shutil
import subprocess
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from hatch_envpack.elf.read import ElfError, read_elf

if TYPE_CHECKING:
    from collections.abc import Iterator

    from hatch_envpack.elf.model import Elf

_DEFAULT_FOLDERS = ("/lib64", "/usr/lib64", "/lib", "/usr/lib", "/usr/local/lib")
_PARENTS = ("/lib", "/usr/lib")


def search_folders() -> list[str]:
    """Return the folders that a library of the machine may be found in, besides those that a file itself names."""
    triplets = (str(path) for parent in _PARENTS for path in sorted(Path(parent).glob("*-linux-gnu*")))
    return [*_DEFAULT_FOLDERS, *triplets]


@dataclass(frozen=True)
class Host:
    """The build machine's libraries."""

    _found: dict[tuple[object, ...], Path | None] = field(default_factory=dict)

    def find(self, soname: str, elf: Elf, source: Path) -> Path | None:
        """Return the file that the loader would take for ``soname``, asked for by the file ``source``."""
        own = (elf.rpath, elf.runpath, source.parent) if elf.rpath or elf.runpath else ()
        asked = (soname, elf.machine, elf.bits, *own)
        if asked not in self._found:
            candidates = (each for each in self._candidates(soname, elf, source) if _fits(each, elf))
            first = next(candidates, None)
            self._found[asked] = first.resolve() if first is not None else None
        return self._found[asked]

    def _candidates(self, soname: str, elf: Elf, source: Path) -> Iterator[Path]:
        for entry in (*(elf.rpath or ()), *(elf.runpath or ())):
            folder = re.sub(r"\$\{?ORIGIN\}?", lambda _: str(source.parent), entry)
            if folder.startswith("/"):
                yield Path(folder, soname)
        yield from self._cache.get(soname, ())
        for folder in _DEFAULT_FOLDERS:
            yield Path(folder, soname)
        # Debian's loader knows the folders of its triplets; without a cache, as in a container, they are looked for
        for parent in _PARENTS:
            yield from sorted(Path(parent).glob(f"*-linux-gnu*/{glob.escape(soname)}"))

    @cached_property
    def _cache(self) -> dict[str, list[Path]]:
        """What ``ldconfig -p`` prints: ``libz.so.1 (libc6,x86-64) => /lib/x86_64-linux-gnu/libz.so.1``."""
        program = shutil.which("ldconfig", path="/sbin:/usr/sbin:/bin:/usr/bin")
        if program is None:
            return {}
        done = subprocess.run([program, "-p"], capture_output=True, text=True, errors="surrogateescape", check=False)  # noqa: S603
        found: dict[str, list[Path]] = {}
        for line in done.stdout.splitlines():
            if match := re.fullmatch(r"\s+(\S+) \(.*\) => (/.*)", line):
                found.setdefault(match[1], []).append(Path(match[2]))
        return found


def _fits(path: Path, elf: Elf) -> bool:
    """Whether the file is a library for the same machine."""
    try:
        with path.open("rb") as stream:
            found = read_elf(stream)
    except (OSError, ElfError):
        return False
    return found is not None and (found.machine, found.bits) == (elf.machine, elf.bits)
